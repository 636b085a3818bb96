//! `initramfs-kernel-mismatch`: the image holds modules of another kernel.

use crate::facts::Facts;
use crate::{Check, Doc, Evidence, Finding, Link, Outcome, Scope, Severity, known, view};

pub(crate) static CHECK: Check = Check {
    id: "initramfs-kernel-mismatch",
    link: Link::Initramfs,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the initramfs holds modules of another kernel",
    doc: Doc {
        finds: "The modules in the image lie below lib/modules/ of other versions only than the one that the kernel \
                of the same loader entry states.",
        breaks: "A kernel looks for modules below the directory of its own version. It finds none, so neither the NIC \
                 nor iscsi_tcp is loaded, and no login is possible.",
        fix: "Build the image for the version of the kernel that boots.",
        references: &["modprobe(8)", "update-initramfs(8), -k", "dracut(8), --kver"],
    },
    judge,
};

fn judge(facts: &Facts) -> Outcome {
    let image = match view::judged_image(facts) {
        Ok(image) => image,
        Err(outcome) => return outcome,
    };
    let Some(kernel) = view::default_kernel(facts) else {
        return Outcome::not_applicable("it is not known which kernel boots this image");
    };
    let version = known!(kernel.version);
    if !super::is_of_other_version(image, version) {
        return Outcome::pass(match image.module_versions.is_empty() {
            true => format!("{} holds no modules", super::name(image)),
            false => format!("{} holds modules of {version}", super::name(image)),
        });
    }
    if let Some(outcome) = view::incomplete(image) {
        return outcome;
    }
    let versions: Vec<_> = image.module_versions.iter().map(String::as_str).collect();
    let source = if kernel.version_from_image { "states version" } else { "is named for version" };
    Finding::critical(format!("{} holds modules of {}, and boots with {version}", image.path, versions.join(" and ")))
        .evidence(Evidence::new(&kernel.path, format!("{source} {version}")))
        .evidences(versions.iter().map(|version| Evidence::new(format!("{}!lib/modules", image.path), *version)))
        .remedy(view::rebuild(facts, "Build the image for the kernel that boots."))
        .into()
}
