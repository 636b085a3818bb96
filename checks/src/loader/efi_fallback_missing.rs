//! `loader-efi-fallback-missing`: a SAN boot finds no loader on the EFI system partition.

use crate::facts::{Facts, Mode};
use crate::{Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity, ShellCommand, known};

pub(crate) static CHECK: Check = Check {
    id: "loader-efi-fallback-missing",
    link: Link::Loader,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the EFI system partition has no fallback loader",
    doc: Doc {
        finds: "The EFI system partition can be read and holds loaders, but none at the path for removable media: \
                EFI/BOOT/BOOTX64.EFI, or the name for another architecture. A partition that is not mounted is an \
                empty directory and says nothing. On an instance that runs, this is a warning: this boot has found \
                another way.",
        breaks: "A network boot firmware attaches the LUN and has no boot variable for it, so it starts the fallback \
                 path: iPXE's sanboot tries EFI/BOOT/BOOTX64.EFI unless --filename names another. A distribution's \
                 own path, such as EFI/debian, is found only through a variable in the machine's flash, and a \
                 template goes to other machines.",
        fix: "Install the loader to the fallback path as well: grub-install --removable, or copy shim and GRUB there.",
        references: &[
            "UEFI Specification, section 3.5.1.1 (removable media boot behavior)",
            "https://github.com/ipxe/ipxe/issues/996",
            "https://github.com/ipxe/ipxe/issues/1430",
            "grub-install(8), --removable",
        ],
    },
    judge,
};

fn judge(facts: &Facts) -> Outcome {
    let esp = known!(facts.loader.esp);
    if facts.firmware.efi == Some(false) {
        return Outcome::not_applicable("this machine was started by a BIOS");
    }
    let Some(mount_point) = &esp.mount_point else {
        return Outcome::not_applicable("there is no sign of an EFI system partition");
    };
    if let Some(fallback) = esp.fallback.first() {
        return Outcome::pass(format!("{mount_point}/{fallback} is there for a SAN boot"));
    }
    if !esp.visible {
        return Outcome::not_applicable(format!("the EFI system partition is not mounted at {mount_point}"));
    }
    let summary = format!("{mount_point} has no EFI/BOOT/BOOT*.EFI, the loader that a SAN boot starts");
    let finding = if facts.scope.mode == Mode::Live { Finding::warning(summary) } else { Finding::critical(summary) };
    let loaders = if esp.loaders.is_empty() { "no loader below EFI/".to_owned() } else { esp.loaders.join(", ") };
    finding
        .evidence(Evidence::new(mount_point, loaders))
        .remedy(
            Remedy::new("Install the loader to the fallback path as well.").command(
                ShellCommand::new(&["grub-install", "--target=x86_64-efi"])
                    .value(format!("--efi-directory={mount_point}"))
                    .args(&["--removable"]),
            ),
        )
        .into()
}
