//! `loader-kernel-missing`: a loader entry names a kernel that is not there.

use crate::facts::{BootEntry, Start};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity, ShellCommand};

pub(crate) static CHECK: Check = Check {
    id: "loader-kernel-missing",
    link: Link::Loader,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the loader entry names a kernel that does not exist",
    doc: Doc {
        finds: "The loader entry that will boot names no kernel, an empty file, or a file that does not exist in the root or \
                on its /boot; or GRUB's configuration was read completely and defines no entry, because it is empty or \
                ends inside a block; or the entry that boots by itself restarts the machine, switches it off, or enters the \
                firmware's setup. For any other Linux entry of the menu a kernel that is missing is a warning.",
        breaks: "GRUB prints `file not found` and returns to its menu or its shell; nothing of the system has run, so \
                 there is no log. It happens when a kernel package is removed and the loader's configuration \
                 is not regenerated, and when /boot was not mounted while it was generated.",
        fix: "Mount /boot, install the kernel, and regenerate the loader's configuration.",
        references: &[
            "GRUB manual, command linux",
            "https://uapi-group.org/specifications/specs/boot_loader_specification/",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    if let Some(none) = &facts.loader.no_entries {
        return Finding::critical(format!("GRUB finds nothing to boot: {} {}", none.at.path, none.value))
            .evidence(Evidence::at(&none.at, none.value.clone()))
            .remedy(rewrite(facts, "Regenerate GRUB's configuration from inside the root."))
            .into();
    }
    if let Some(entry) = facts.loader.default_entry()
        && entry.starts.is_some_and(Start::boots_nothing)
    {
        return not_by_itself(facts, entry).into();
    }
    let default = match facts.booting_entry() {
        Ok(entry) => entry,
        Err(outcome) => return Ok(outcome),
    };
    if let Some(problem) = default.kernel.as_ref().and_then(|kernel| kernel.problem.as_ref()) {
        return Err(Outcome::unread(problem));
    }
    let findings: Vec<Finding> =
        facts.loader.entries.iter().filter(|entry| entry.linux).filter_map(|entry| missing(facts, entry)).collect();
    Ok(Outcome::from_findings(findings, || {
        let kernel = default.kernel.as_ref().and_then(|kernel| kernel.path.as_deref()).unwrap_or_default();
        let initrds: Vec<_> = default.initrds.iter().filter_map(|initrd| initrd.path.as_deref()).collect();
        match initrds.as_slice() {
            [] => format!("{:?} boots {kernel}", default.title),
            initrds => format!("{:?} boots {kernel} with {}", default.title, initrds.join(" and ")),
        }
    }))
}

/// The entry that boots by itself starts no system at all.
fn not_by_itself(facts: &Analysis<'_>, entry: &BootEntry) -> Finding {
    let chosen = facts.loader.chosen.known();
    let why = chosen.and_then(|chosen| Some(Evidence::at(chosen.at.as_ref()?, chosen.because.clone())));
    let text = "Choose an entry that boots this root: set GRUB_DEFAULT in /etc/default/grub and regenerate the loader's \
                configuration, or, where GRUB_DEFAULT is \"saved\", set the entry that grubenv names.";
    Finding::critical(facts.no_linux(entry))
        .evidence(super::entry::place(entry))
        .evidences(why)
        .remedy(Remedy::new(text))
}

fn missing(facts: &Analysis<'_>, entry: &BootEntry) -> Option<Finding> {
    let severity = super::entry::severity_of(facts, entry);
    let remedy = || {
        let text = "Mount /boot if it is a separate filesystem, check what it holds, and regenerate the loader's configuration.";
        rewrite(facts, text).first(ShellCommand::new(&["ls", "-l", "/boot"]))
    };
    let Some(kernel) = &entry.kernel else {
        return Some(
            super::entry::finding(severity, format!("the loader entry {:?} names no kernel", entry.title))
                .evidence(super::entry::place(entry))
                .remedy(remedy()),
        );
    };
    let what = match &kernel.path {
        None if kernel.problem.is_none() => "which does not exist",
        Some(_) if kernel.size == 0 => "which is empty",
        _ => return None,
    };
    Some(
        super::entry::finding(severity, format!("the loader entry {:?} boots {}, {what}", entry.title, kernel.written))
            .evidence(super::entry::named(entry, "linux", kernel))
            .remedy(remedy()),
    )
}

/// The loader's configuration is written again: that helps where the disk has a kernel with its modules and an image.
fn rewrite(facts: &Analysis<'_>, text: &str) -> Remedy {
    if facts.has_bootable_kernel() { facts.write_loader(text) } else { facts.update_loader(text) }
}
