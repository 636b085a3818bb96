//! `loader-efi-fallback-missing`: a SAN boot finds no loader on the EFI system partition.

use crate::facts::{Esp, Mode, Source};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Repair, Scope, Severity, ShellCommand};

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
                empty directory and proves nothing. On a running instance this is a warning: this boot found \
                another way.",
        breaks: "Network boot firmware attaches the LUN and has no boot variable for it, so it starts the fallback \
                 path: iPXE's sanboot tries EFI/BOOT/BOOTX64.EFI unless --filename names another. A distribution's \
                 own path, such as EFI/debian, is found only through a variable in the machine's NVRAM, and a \
                 template is deployed to other machines.",
        fix: "Also install the loader at the fallback path: grub-install --removable, or copy shim and GRUB there.",
        references: &[
            "UEFI Specification, section 3.5.1.1 (removable media boot behavior)",
            "https://github.com/ipxe/ipxe/issues/996",
            "https://github.com/ipxe/ipxe/issues/1430",
            "grub-install(8), --removable",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let esp = facts.loader.esp.needed()?;
    if facts.firmware.efi == Some(false) {
        return Err(Outcome::not_applicable("this machine was booted by a BIOS"));
    }
    let Some(mount_point) = &esp.mount_point else {
        return Err(Outcome::not_applicable("no EFI system partition was found"));
    };
    if let Some(fallback) = esp.fallback.first() {
        return Ok(Outcome::pass(format!("{mount_point}/{fallback} exists for a SAN boot")));
    }
    if !esp.visible {
        return Err(Outcome::not_applicable(format!(
            "not checked: the EFI system partition is not mounted at {mount_point}"
        )));
    }
    facts.was_read(Source::Root)?;
    let summary = format!("{mount_point} has no EFI/BOOT/BOOT*.EFI, the loader that a SAN boot starts");
    let finding = if facts.scope.mode == Mode::Live { Finding::warning(summary) } else { Finding::critical(summary) };
    let loaders = if esp.loaders.is_empty() { "no loader in EFI/".to_owned() } else { esp.loaders.join(", ") };
    finding
        .evidence(Evidence::new(mount_point, loaders))
        .remedy(
            Remedy::new("Also install the loader at the fallback path.")
                .command(
                    ShellCommand::new(&["grub-install", "--target=x86_64-efi"])
                        .value(format!("--efi-directory={mount_point}"))
                        .args(&["--removable"]),
                )
                .repairs_by(fallback_of(esp).map(|from| Repair::InstallFallbackLoader { from })),
        )
        .into()
}

/// The loader that can stand at the fallback path, as a path in the root: GRUB, else systemd-boot, else the first.
/// shim alone would find nothing beside it to start, and its helpers start no system.
fn fallback_of(esp: &Esp) -> Option<String> {
    let is_a = |loader: &&String, kind: &str| {
        loader.rsplit('/').next().is_some_and(|name| name.to_ascii_lowercase().starts_with(kind))
    };
    let of = |kind: &str| esp.loaders.iter().find(|loader| is_a(loader, kind));
    let helper = |loader: &&String| ["shim", "mm", "fb", "fwup"].iter().any(|kind| is_a(loader, kind));
    let other = || esp.loaders.iter().find(|loader| !helper(loader));
    let loader = of("grub").or_else(|| of("systemd-boot")).or_else(other)?;
    Some(format!("{}/{loader}", esp.mount_point.as_ref()?.trim_end_matches('/')))
}
