//! `initramfs-module-missing`: a module that the login or the root needs is not in the image.

use crate::facts::Facts;
use crate::{Check, Doc, Evidence, Finding, Link, Outcome, Scope, Severity, view};
use std::collections::BTreeSet;

pub(crate) static CHECK: Check = Check {
    id: "initramfs-module-missing",
    link: Link::Initramfs,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the initramfs lacks a kernel module that the login or the root needs",
    doc: Doc {
        finds: "The image lacks iscsi_tcp, sd_mod, or, where the login goes by the iBFT, iscsi_ibft, or, where the \
                root is a logical volume, dm_mod; or something that one of these depends on by modules.dep of the \
                same kernel. What is built into the kernel counts as there. No module is asked for by habit: \
                libcrc32c, for one, is gone from newer kernels.",
        breaks: "The module cannot be loaded before the root is mounted, and without it there is no session, no disk, \
                 or no volume. The seed's step that appends iscsi_tcp and iscsi_ibft to /etc/initramfs-tools/modules \
                 is there for this.",
        fix: "initramfs-tools: append the modules to /etc/initramfs-tools/modules, or create \
               /etc/iscsi/iscsi.initramfs, for which open-iscsi's hook adds them. dracut: build with the module iscsi \
               and not for the present host only.",
        references: &[
            "initramfs-tools(7), /etc/initramfs-tools/modules",
            "dracut(8), --add, --no-hostonly",
            "modules.dep(5)",
        ],
    },
    judge,
};

fn judge(facts: &Facts) -> Outcome {
    let (image, kernel) = match super::image_and_kernel(facts) {
        Ok(found) => found,
        Err(outcome) => return outcome,
    };
    let mut needed = vec!["iscsi_tcp", "sd_mod"];
    if view::wants_firmware(facts) {
        needed.push("iscsi_ibft");
    }
    if view::root_volume(facts).is_some() {
        needed.push("dm_mod");
    }
    let mut missing: BTreeSet<&str> = BTreeSet::new();
    let mut evidence = Vec::new();
    let mut held: BTreeSet<&str> = BTreeSet::new();
    for module in needed {
        held.extend(view::closure(kernel, module));
        match super::missing_of(image, kernel, module) {
            Ok(lacking) => {
                for lacking in lacking.into_iter().filter(|lacking| missing.insert(lacking)) {
                    let why = if lacking == module {
                        format!("no module {module}, and the kernel does not have it built in")
                    } else {
                        format!("no module {lacking}, which {module} depends on")
                    };
                    evidence.push(Evidence::new(&image.path, why));
                }
            }
            Err(outcome) => return outcome,
        }
    }
    if missing.is_empty() {
        let files = held.iter().filter(|module| image.modules.contains_key(**module)).count();
        return Outcome::pass(format!(
            "{} has iscsi_tcp and all it needs: {} for iSCSI of {} in all",
            super::name(image),
            super::count(files, "module"),
            image.modules.len()
        ));
    }
    let names: Vec<_> = missing.iter().copied().collect();
    let remedy = view::rebuild_with(facts, image, &names, "Have the modules put into the image, and build it anew.");
    Finding::critical(format!("{} lacks {}", image.path, names.join(", ")))
        .evidences(evidence)
        .evidences(view::omitting(facts, &names))
        .remedy(remedy)
        .into()
}
