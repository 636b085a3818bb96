//! `initramfs-initiator-mismatch`: the image would present another initiator name than the root.

use crate::facts::{Facts, RequestKind};
use crate::{Check, Doc, Evidence, Finding, Link, Outcome, Scope, Severity, view};

pub(crate) static CHECK: Check = Check {
    id: "initramfs-initiator-mismatch",
    link: Link::Initramfs,
    severity: Severity::Warning,
    scope: Scope::Everywhere,
    decided_by: &["/etc/iscsi/initiatorname.iscsi"],
    title: "the initramfs carries another initiator name than the root",
    doc: Doc {
        finds: "The image logs in to a target that it names itself, and the initiator name it presents differs from \
                the one in /etc/iscsi/initiatorname.iscsi of the root, or is still to be generated \
                (GenerateName=yes). A login by the iBFT takes the name from there, so the copy in the image does not \
                matter, and nothing is reported.",
        breaks: "Targets grant access by initiator name. The copy in the image is made when the image is built; on a \
                 disk that was cloned it is the name of the machine the template was made on, and two instances that \
                 present one name are thrown out of each other's sessions.",
        fix: "Set the name in the root and build the image anew.",
        references: &[
            "RFC 7143, section 6.3.5 (session reinstatement)",
            "Debian open-iscsi, debian/extra/initramfs/hooks/iscsi",
            "https://bugs.launchpad.net/bugs/1057635",
        ],
    },
    judge,
};

fn judge(facts: &Facts) -> Outcome {
    let image = match view::judged_image(facts) {
        Ok(image) => image,
        Err(outcome) => return outcome,
    };
    let requests = view::honoured_requests(facts);
    let named = requests.iter().find_map(|request| match &request.kind {
        RequestKind::Target { initiator, .. } => Some((request, initiator)),
        RequestKind::Firmware => None,
    });
    let by_firmware = requests.iter().any(|request| request.kind == RequestKind::Firmware);
    let Some((request, initiator)) = named else {
        return match by_firmware {
            true => Outcome::pass("the login takes the initiator's name from the iBFT"),
            false => Outcome::not_applicable("the image logs in to no target"),
        };
    };
    let rebuild =
        || view::rebuild(facts, "Set InitiatorName= in /etc/iscsi/initiatorname.iscsi, and build the image anew.");
    if initiator.is_none() && image.initiator_generated {
        return Finding::warning("the initiator name in the image is still to be generated, and nothing there does it")
            .evidence(Evidence::new(format!("{}!etc/initiatorname.iscsi", image.path), "GenerateName=yes"))
            .remedy(rebuild())
            .into();
    }
    let (name, source) = match (initiator, &image.initiator_name) {
        (Some(initiator), _) => (initiator.as_str(), request.evidence.clone()),
        (None, Some(copy)) => (copy.value.as_str(), Evidence::from(copy)),
        (None, None) => return Outcome::not_applicable("the image carries no initiator name"),
    };
    let Some(own) = &facts.iscsi.initiator_name else {
        return Outcome::not_applicable("the root has no initiator name to compare with");
    };
    if own.value.eq_ignore_ascii_case(name) {
        return Outcome::pass(format!("the image and the root both call the initiator {name}"));
    }
    Finding::warning(format!("the image presents itself as {name}, the root as {}", own.value))
        .evidence(source)
        .evidence(Evidence::from(own))
        .remedy(rebuild())
        .into()
}
