//! `initramfs-module-missing`: a module that the login or the root needs is not in the image.

use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Scope, Severity};
use std::collections::BTreeSet;

pub(crate) static CHECK: Check = Check {
    id: "initramfs-module-missing",
    link: Link::Initramfs,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the initramfs lacks a kernel module that the login or the root needs",
    doc: Doc {
        finds: "The initramfs lacks iscsi_tcp or sd_mod; iscsi_ibft, if the login uses the iBFT; dm_mod, if the root \
                is a logical volume; or a module that one of these depends on by modules.dep of the same kernel. A \
                module that is built into the kernel is not missing. Only what modules.dep lists is required: newer \
                kernels, for example, have no libcrc32c.",
        breaks: "The module cannot be loaded before the root is mounted; without it there is no session, no disk, or \
                 no volume. Template builds append iscsi_tcp and iscsi_ibft to /etc/initramfs-tools/modules for this \
                 reason.",
        fix: "initramfs-tools: append the modules to /etc/initramfs-tools/modules, or create \
              /etc/iscsi/iscsi.initramfs, so that open-iscsi's hook adds them. dracut: build with --no-hostonly --add \
              iscsi.",
        references: &[
            "initramfs-tools(7), /etc/initramfs-tools/modules",
            "dracut(8), --add, --no-hostonly",
            "modules.dep(5)",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let (image, kernel) = match facts.image_and_kernel() {
        Ok(found) => found,
        Err(outcome) => return Ok(outcome),
    };
    let mut needed = vec!["iscsi_tcp", "sd_mod"];
    if facts.wants_firmware() {
        needed.push("iscsi_ibft");
    }
    if facts.root_volume().is_some() {
        needed.push("dm_mod");
    }
    let mut missing: BTreeSet<&str> = BTreeSet::new();
    let mut evidence = Vec::new();
    let mut held: BTreeSet<&str> = BTreeSet::new();
    for module in needed {
        held.extend(kernel.closure(module));
        match kernel.missing_in(image, module) {
            Ok(lacking) => {
                for lacking in lacking.into_iter().filter(|lacking| missing.insert(lacking)) {
                    let why = if lacking == module {
                        format!("no module {module}, and it is not built into the kernel")
                    } else {
                        format!("no module {lacking}, which {module} depends on")
                    };
                    evidence.push(Evidence::new(&image.path, why));
                }
            }
            Err(outcome) => return Ok(outcome),
        }
    }
    if missing.is_empty() {
        let files = held.iter().filter(|module| image.modules.contains_key(**module)).count();
        return Ok(Outcome::pass(format!(
            "{} has iscsi_tcp and every module that it needs ({} of its {} modules)",
            image.name(),
            files,
            image.modules.len()
        )));
    }
    let names: Vec<_> = missing.iter().copied().collect();
    let remedy = facts.rebuild_with(image, &names, "Add the modules to the initramfs, and rebuild it.");
    Finding::critical(format!("{} lacks {}", image.path, names.join(", ")))
        .evidences(evidence)
        .evidences(facts.omitting(&names))
        .remedy(remedy)
        .into()
}
