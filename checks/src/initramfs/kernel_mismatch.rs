//! `initramfs-kernel-mismatch`: the image holds modules of another kernel.

use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "initramfs-kernel-mismatch",
    link: Link::Initramfs,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the initramfs has modules of another kernel only",
    doc: Doc {
        finds: "All modules in the initramfs are below lib/modules/ of other versions than the version that the \
                kernel of the same loader entry states.",
        breaks: "A kernel looks for modules only in the directory of its own version. It finds none, loads neither \
                 the NIC driver nor iscsi_tcp, and cannot log in.",
        fix: "Rebuild the initramfs for the version of the kernel that boots.",
        references: &["modprobe(8)", "update-initramfs(8), -k", "dracut(8), --kver"],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let image = facts.judged_image()?;
    let Some(kernel) = facts.default_kernel() else {
        return Err(Outcome::not_applicable("not checked: it is not known which kernel boots this initramfs"));
    };
    let version = kernel.version.needed()?;
    if !image.is_of_other_version(version) {
        return Ok(Outcome::pass(match image.module_versions.is_empty() {
            true => format!("{} has no modules", image.name()),
            false => format!("{} has modules of {version}", image.name()),
        }));
    }
    image.whole()?;
    let versions: Vec<_> = image.module_versions.iter().map(String::as_str).collect();
    let source = if kernel.version_from_image { "states version" } else { "has a file name with version" };
    Finding::critical(format!(
        "{} has modules of {} only, but boots with kernel {version}",
        image.path,
        versions.join(" and ")
    ))
    .evidence(Evidence::new(&kernel.path, format!("{source} {version}")))
    .evidences(versions.iter().map(|version| Evidence::new(format!("{}!lib/modules", image.path), *version)))
    .remedy(facts.rebuild("Rebuild the initramfs for the kernel that boots."))
    .into()
}
