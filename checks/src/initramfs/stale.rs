//! `initramfs-stale`: the image holds an older state of files that decide the login.

use crate::facts::{Facts, Initramfs, RequestKind};
use crate::{Check, Doc, Evidence, Finding, Link, Outcome, Scope, Severity, view};

pub(crate) static CHECK: Check = Check {
    id: "initramfs-stale",
    link: Link::Initramfs,
    severity: Severity::Warning,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the initramfs was built from an older iSCSI configuration",
    doc: Doc {
        finds: "/etc/iscsi/iscsi.initramfs asks for another login than the copy of it in the image: ISCSI_AUTO was \
                set or taken out, or the target is another one. What the files say is compared, and not their times, \
                which a copy of the disk does not keep.",
        breaks: "What counts at boot is the copy in the image. An edit of the file has no effect until the image is \
                 built anew, and then the machine boots in another way than the one that was tried.",
        fix: "Build the image anew, and try the boot.",
        references: &["Debian open-iscsi, README.Debian", "update-initramfs(8)"],
    },
    judge,
};

fn judge(facts: &Facts) -> Outcome {
    let image = match view::judged_image(facts) {
        Ok(image) => image,
        Err(outcome) => return outcome,
    };
    if view::family(image) != view::Family::InitramfsTools {
        return Outcome::not_applicable("the image keeps no copy of /etc/iscsi/iscsi.initramfs");
    }
    // Without open-iscsi in it the image is not older than the file: it was kept out, and that is worse.
    if view::program(image, "iscsistart").is_none() {
        return match view::incomplete(image) {
            Some(outcome) => outcome,
            None => Outcome::not_applicable("open-iscsi is not in the image: initramfs-login-tool-missing says so"),
        };
    }
    let Some(conf) = &facts.iscsi.initramfs_conf else {
        if let Some(outcome) = view::unread(&facts.iscsi.problems, "/etc/iscsi/iscsi.initramfs") {
            return outcome;
        }
        return match copy_of_request(image) {
            None => Outcome::not_applicable("neither the root nor the image has an iscsi.initramfs"),
            Some(copy) => warn(
                facts,
                "the image has an iscsi.initramfs, and the root has none any more",
                vec![
                    Evidence::at(copy, "the copy in the image"),
                    Evidence::new("/etc/iscsi/iscsi.initramfs", "does not exist"),
                ],
            ),
        };
    };
    if let Some(outcome) = view::incomplete(image) {
        return outcome;
    }
    let inside_auto = image.requests.iter().find(|request| request.kind == RequestKind::Firmware);
    match (&conf.auto, inside_auto) {
        (Some(auto), None) => {
            return warn(
                facts,
                "ISCSI_AUTO is set in the root, and not in the image",
                vec![
                    Evidence::at(auto, "ISCSI_AUTO"),
                    Evidence::new(format!("{}!etc/iscsi.initramfs", image.path), "no ISCSI_AUTO"),
                ],
            );
        }
        (None, Some(inside)) => {
            return warn(
                facts,
                "ISCSI_AUTO is set in the image, and not in the root any more",
                vec![Evidence::at(&inside.at, "ISCSI_AUTO"), Evidence::new(&conf.path, "no ISCSI_AUTO")],
            );
        }
        _ => {}
    }
    let inside = image.requests.iter().find_map(|request| match &request.kind {
        RequestKind::Target { name: Some(name), .. } => Some((request, name)),
        _ => None,
    });
    match (&conf.target_name, inside) {
        (Some(name), Some((request, other))) if !name.value.eq_ignore_ascii_case(other) => warn(
            facts,
            &format!("the image logs in to {other}, and the root's file says {}", name.value),
            vec![Evidence::from(name), Evidence::at(&request.at, other.clone())],
        ),
        (Some(name), None) => warn(
            facts,
            &format!("the root's file names the target {}, the image does not", name.value),
            vec![
                Evidence::from(name),
                Evidence::new(format!("{}!etc/iscsi.initramfs", image.path), "no ISCSI_TARGET_NAME"),
            ],
        ),
        _ => Outcome::pass(format!("{} says the same in the root and in {}", conf.path, super::name(image))),
    }
}

fn copy_of_request(image: &Initramfs) -> Option<&crate::facts::Place> {
    image.requests.iter().map(|request| &request.at).find(|at| at.path.ends_with("iscsi.initramfs"))
}

fn warn(facts: &Facts, summary: &str, evidence: Vec<Evidence>) -> Outcome {
    Finding::warning(summary)
        .evidences(evidence)
        .remedy(view::rebuild(facts, "Build the image anew, and try the boot."))
        .into()
}
