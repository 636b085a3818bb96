//! `kernel-modules-missing`: the kernel's modules are not on the disk, or are of another version.

use crate::facts::{Facts, Kernel};
use crate::{Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity, view};

pub(crate) static CHECK: Check = Check {
    id: "kernel-modules-missing",
    link: Link::Kernel,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &["/lib/modules/", "/usr/lib/modules/"],
    title: "the kernel's modules are missing or of another version",
    doc: Doc {
        finds: "There is no modules directory for exactly the version that the kernel image states; or modules.dep \
                names iscsi_tcp, iscsi_ibft or something they need, and the file is not there; or a module was built \
                for another version (vermagic). Modules that are built in need no file.",
        breaks: "A kernel loads modules of its own version only. Without the directory no image can be built for \
                 this kernel, and after the boot nothing can be loaded from the disk: no further NIC, no firewall, \
                 no filesystem. A kernel and modules of different versions are the mark of an upgrade that was \
                 broken off, or of a /boot that was not mounted while it ran.",
        mend: "Install the kernel's package again with /boot mounted, so that image, modules and initramfs are of one \
               version.",
        references: &["modprobe(8)", "depmod(8)", "Linux kernel/module/main.c (check_modinfo, vermagic)"],
    },
    judge,
};

fn judge(facts: &Facts) -> Outcome {
    let kernel = match super::booted(facts) {
        Ok(kernel) => kernel,
        Err(outcome) => return outcome,
    };
    let version = match &kernel.version {
        crate::facts::Read::Known(version) => version,
        crate::facts::Read::Unknown(problem) => return Outcome::unread(problem),
        crate::facts::Read::NotApplicable(reason) => return Outcome::not_applicable(reason.clone()),
    };
    let remedy = || {
        Remedy::new("Install the package of this kernel again, with /boot mounted, then build its image.")
            .command(format!(
                "apt-get install --reinstall linux-image-{version} || dnf reinstall kernel-core-{version}"
            ))
            .command(format!("depmod -a {version}"))
    };
    let Some(directory) = &kernel.modules_dir else {
        let configured = super::needed(facts).iter().all(|module| view::config_of(kernel, module) == Some("y"));
        if configured {
            return Outcome::pass(format!("{} has what it needs built in", super::name(kernel)));
        }
        return Finding::critical(format!(
            "there are no modules for {version}, the version of {}",
            super::name(kernel)
        ))
        .evidence(Evidence::new(format!("/lib/modules/{version}"), "does not exist"))
        .evidences(kernel.version_from_image.then(|| Evidence::new(&kernel.path, format!("states version {version}"))))
        .remedy(remedy())
        .into();
    };
    let mut absent = Vec::new();
    let mut foreign = Vec::new();
    let needed = super::needed(facts);
    let files = needed.iter().flat_map(|module| view::closure(kernel, module));
    let mut count = 0;
    for module in files.collect::<std::collections::BTreeSet<_>>() {
        let Some(file) = kernel.modules.get(module).filter(|_| view::is_builtin(kernel, module) != Some(true)) else {
            continue;
        };
        count += 1;
        if !file.present {
            absent.push(file);
        } else if built_for(file.vermagic.as_deref()).is_some_and(|built_for| built_for != version) {
            foreign.push(file);
        }
    }
    let mut findings = Vec::new();
    if let Some(first) = absent.first() {
        findings.push(
            Finding::critical(format!(
                "{} of {count} modules for iSCSI are not on the disk: {} …",
                absent.len(),
                first.name
            ))
            .evidences(absent.iter().map(|file| Evidence::new(&file.path, "is named in modules.dep and is not there")))
            .remedy(remedy()),
        );
    }
    if let Some(first) = foreign.first() {
        let other = built_for(first.vermagic.as_deref()).unwrap_or_default();
        findings.push(
            Finding::critical(format!("{} was built for {other}, and the kernel is {version}", first.name))
                .evidences(foreign.iter().filter_map(|file| {
                    Some(Evidence::new(&file.path, format!("vermagic: {}", file.vermagic.as_deref()?)))
                }))
                .remedy(remedy()),
        );
    }
    Outcome::from_findings(findings, || pass_reason(kernel, directory, count))
}

fn pass_reason(kernel: &Kernel, directory: &str, count: usize) -> String {
    if count == 0 {
        format!("{directory} exists, and {} needs no module from it for iSCSI", super::name(kernel))
    } else {
        format!("all {count} modules for iSCSI are in {directory}")
    }
}

/// The version that a module was built for: the first word of its vermagic.
fn built_for(vermagic: Option<&str>) -> Option<&str> {
    vermagic?.split_whitespace().next()
}
