//! `initramfs-initiator-mismatch`: the image would present another initiator name than the root.

use crate::facts::{RequestKind, Source};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "initramfs-initiator-mismatch",
    link: Link::Initramfs,
    severity: Severity::Warning,
    scope: Scope::Everywhere,
    decided_by: &[Source::InitiatorName],
    title: "the initramfs presents another initiator name than the root",
    doc: Doc {
        finds: "The initramfs logs in to a target that it names itself, and the initiator name that it presents \
                differs from the one in the root's /etc/iscsi/initiatorname.iscsi, or is not generated yet \
                (GenerateName=yes). A login with the iBFT takes the initiator name from the iBFT, so the copy in the \
                initramfs does not matter then, and nothing is reported.",
        breaks: "Targets grant access by initiator name. The initramfs gets its copy when it is built; on a cloned \
                 disk that copy is the name of the machine that the template was built on. Two instances that present \
                 the same name end each other's sessions.",
        fix: "Set the name in the root, and rebuild the initramfs.",
        references: &[
            "RFC 7143, section 6.3.5 (session reinstatement)",
            "Debian open-iscsi, debian/extra/initramfs/hooks/iscsi",
            "https://bugs.launchpad.net/bugs/1057635",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let image = facts.judged_image()?;
    let requests = facts.effective_requests();
    let named = requests.iter().find_map(|request| match &request.kind {
        RequestKind::Target { initiator, .. } => Some((request, initiator)),
        RequestKind::Firmware => None,
    });
    let by_firmware = requests.iter().any(|request| request.kind == RequestKind::Firmware);
    let Some((request, initiator)) = named else {
        return Ok(match by_firmware {
            true => Outcome::pass("the login takes the initiator name from the iBFT"),
            false => Outcome::not_applicable("the initramfs logs in to no target"),
        });
    };
    let rebuild = || {
        let remedy = facts.rebuild("Set InitiatorName= in /etc/iscsi/initiatorname.iscsi, and rebuild the initramfs.");
        // A new image copies the root's name, and leaves the command line's.
        let copied = initiator.is_none() && facts.iscsi.initiator_name.is_some();
        if copied { remedy } else { remedy.without_repairs() }
    };
    if initiator.is_none() && image.initiator_generated {
        return Finding::warning(
            "the initramfs has GenerateName=yes instead of an initiator name, and nothing in it generates one",
        )
        .evidence(Evidence::new(format!("{}!etc/initiatorname.iscsi", image.path), "GenerateName=yes"))
        .remedy(rebuild())
        .into();
    }
    let (name, source) = match (initiator, &image.initiator_name) {
        (Some(initiator), _) => (initiator.as_str(), request.evidence.clone()),
        (None, Some(copy)) => (copy.value.as_str(), Evidence::from(copy)),
        (None, None) => {
            image.whole()?;
            return Err(Outcome::not_applicable("the initramfs has no initiator name"));
        }
    };
    let Some(own) = &facts.iscsi.initiator_name else {
        facts.was_read(Source::InitiatorName)?;
        return Err(Outcome::not_applicable("not checked: the root has no initiator name to compare with"));
    };
    if own.value.eq_ignore_ascii_case(name) {
        return Ok(Outcome::pass(format!("the initramfs and the root use the same initiator name, {name}")));
    }
    Finding::warning(format!(
        "the initramfs logs in as initiator {name}, but the root's initiator name is {}",
        own.value
    ))
    .evidence(source)
    .evidence(Evidence::from(own))
    .remedy(rebuild())
    .into()
}
