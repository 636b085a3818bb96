//! `initramfs-stale`: the image holds an older state of files that decide the login.

use crate::facts::{Initramfs, RequestKind, Source};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Scope, Severity, analysis};

pub(crate) static CHECK: Check = Check {
    id: "initramfs-stale",
    link: Link::Initramfs,
    severity: Severity::Warning,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the initramfs was built from an older iSCSI configuration",
    doc: Doc {
        finds: "/etc/iscsi/iscsi.initramfs requests another login than its copy in the initramfs: ISCSI_AUTO was \
                added or removed, or the target differs. The contents are compared, not the times, which a copied \
                disk does not keep.",
        breaks: "The boot uses the copy in the initramfs. An edit of the file has no effect until the initramfs is \
                 rebuilt; after that, the machine boots in a way that nobody has tried.",
        fix: "Rebuild the initramfs, and test the boot.",
        references: &["Debian open-iscsi, README.Debian", "update-initramfs(8)"],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let image = facts.judged_image()?;
    if image.family() != analysis::Family::InitramfsTools {
        return Err(Outcome::not_applicable(
            "the initramfs was not built by initramfs-tools, so it has no copy of /etc/iscsi/iscsi.initramfs",
        ));
    }
    // Without open-iscsi in it the image is not older than the file: it was kept out, and that is worse.
    if image.program("iscsistart").is_none() {
        image.whole()?;
        return Err(Outcome::not_applicable(
            "not checked: open-iscsi is not in the initramfs (see initramfs-login-tool-missing)",
        ));
    }
    facts.was_read(Source::IscsiInitramfs)?;
    let Some(conf) = &facts.iscsi.initramfs_conf else {
        return Ok(match copy_of_request(image) {
            None => Outcome::not_applicable("neither the root nor the initramfs has an iscsi.initramfs"),
            Some(copy) => warn(
                facts,
                "the initramfs has an iscsi.initramfs, but the root no longer has one",
                vec![
                    Evidence::at(copy, "the copy in the initramfs"),
                    Evidence::new("/etc/iscsi/iscsi.initramfs", "does not exist"),
                ],
            ),
        });
    };
    image.whole()?;
    image.was_read(Source::IscsiInitramfs)?;
    let inside_auto = image.requests.iter().find(|request| request.kind == RequestKind::Firmware);
    match (&conf.auto, inside_auto) {
        (Some(auto), None) => {
            return Ok(warn(
                facts,
                "ISCSI_AUTO is set in the root, but not in the initramfs",
                vec![
                    Evidence::at(auto, "ISCSI_AUTO"),
                    Evidence::new(format!("{}!etc/iscsi.initramfs", image.path), "no ISCSI_AUTO"),
                ],
            ));
        }
        (None, Some(inside)) => {
            return Ok(warn(
                facts,
                "ISCSI_AUTO is set in the initramfs, but no longer in the root",
                vec![Evidence::at(&inside.at, "ISCSI_AUTO"), Evidence::new(&conf.path, "no ISCSI_AUTO")],
            ));
        }
        _ => {}
    }
    let inside = image.requests.iter().find_map(|request| match &request.kind {
        RequestKind::Target { name: Some(name), .. } => Some((request, name)),
        _ => None,
    });
    Ok(match (&conf.target_name, inside) {
        (Some(name), Some((request, other))) if !name.value.eq_ignore_ascii_case(other) => warn(
            facts,
            &format!("the initramfs logs in to {other}, but the root's iscsi.initramfs names {}", name.value),
            vec![Evidence::from(name), Evidence::at(&request.at, other.clone())],
        ),
        (Some(name), None) => warn(
            facts,
            &format!("the root's iscsi.initramfs names the target {}, but the initramfs names none", name.value),
            vec![
                Evidence::from(name),
                Evidence::new(format!("{}!etc/iscsi.initramfs", image.path), "no ISCSI_TARGET_NAME"),
            ],
        ),
        _ => Outcome::pass(format!("{} requests the same login in the root and in {}", conf.path, image.name())),
    })
}

fn copy_of_request(image: &Initramfs) -> Option<&crate::facts::Location> {
    image.requests.iter().map(|request| &request.at).find(|at| at.path.ends_with("iscsi.initramfs"))
}

fn warn(facts: &Analysis<'_>, summary: &str, evidence: Vec<Evidence>) -> Outcome {
    Finding::warning(summary)
        .evidences(evidence)
        .remedy(facts.rebuild("Rebuild the initramfs, and test the boot."))
        .into()
}
