//! `loader-initrd-missing`: a loader entry has no initramfs, or one that is not there.

use crate::facts::BootEntry;
use crate::{
    Analysis, Check, Doc, Finding, ImageContents, Link, Outcome, Remedy, Repair, Scope, Severity, ShellCommand,
};

pub(crate) static CHECK: Check = Check {
    id: "loader-initrd-missing",
    link: Link::Loader,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the loader entry has no initramfs, or names one that does not exist",
    doc: Doc {
        finds: "The loader entry that will boot has no initrd line, or one of the images that it names does not exist or is \
                empty. For any other Linux entry of the menu this is a warning.",
        breaks: "The kernel cannot log in to a target on its own: programs in the initramfs do. \
                 Without one it prints `VFS: Unable to mount root fs` and panics. An image is missing when building it \
                 failed, for instance because /boot was full, or when it was built while /boot was not mounted.",
        fix: "Build the initramfs and regenerate the loader's configuration.",
        references: &["GRUB manual, command initrd", "update-initramfs(8)", "dracut(8)"],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let default = match facts.booting_entry() {
        Ok(entry) => entry,
        Err(outcome) => return Ok(outcome),
    };
    if let Some(problem) = default.initrds.iter().find_map(|initrd| initrd.problem.as_ref()) {
        return Err(Outcome::unread(problem));
    }
    let findings: Vec<Finding> =
        facts.loader.entries.iter().filter(|entry| entry.linux).flat_map(|entry| missing(facts, entry)).collect();
    Ok(Outcome::from_findings(findings, || {
        let found: Vec<_> = default.initrds.iter().filter_map(|initrd| initrd.path.as_deref()).collect();
        format!("{:?} loads {}", default.title, found.join(" and "))
    }))
}

fn missing(facts: &Analysis<'_>, entry: &BootEntry) -> Vec<Finding> {
    let severity = super::entry::severity_of(facts, entry);
    let remedy = || {
        let remedy = facts.update_loader(
            "Build the initramfs, then regenerate the loader's configuration so that it names the image.",
        );
        let build = facts.create_image(entry);
        // Of another entry's kernel no image is built; its own may be there by another name.
        let repair = match severity {
            Severity::Critical => facts.build_image(ImageContents::default(), &[]),
            _ => None,
        };
        let rewrite = || facts.loader_can_be_written().then_some(Repair::WriteLoader);
        let remedy = match repair {
            Some(repair) => remedy.repair(repair).repairs_by(rewrite()),
            None => remedy,
        };
        build.into_iter().chain([ShellCommand::new(&["df", "-h", "/boot"])]).fold(remedy, Remedy::first)
    };
    if entry.initrds.is_empty() {
        return vec![
            super::entry::finding(severity, format!("the loader entry {:?} loads no initramfs", entry.title))
                .evidence(super::entry::place(entry))
                .remedy(remedy()),
        ];
    }
    entry
        .initrds
        .iter()
        .filter_map(|initrd| {
            let what = match &initrd.path {
                None if initrd.problem.is_none() => "which does not exist",
                Some(_) if initrd.size == 0 => "which is empty",
                _ => return None,
            };
            Some(
                super::entry::finding(
                    severity,
                    format!("the loader entry {:?} loads {}, {what}", entry.title, initrd.written),
                )
                .evidence(super::entry::named(entry, "initrd", initrd))
                .remedy(remedy()),
            )
        })
        .collect()
}
