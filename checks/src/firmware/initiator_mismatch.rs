//! `ibft-initiator-mismatch`: the firmware and the root give the machine different names.

use crate::facts::Source;
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity, ShellCommand};

pub(crate) static CHECK: Check = Check {
    id: "ibft-initiator-mismatch",
    link: Link::Firmware,
    severity: Severity::Warning,
    scope: Scope::Machine,
    decided_by: &[Source::InitiatorName],
    title: "the iBFT and /etc/iscsi/initiatorname.iscsi name different initiators",
    doc: Doc {
        finds: "The initiator name of the iBFT differs from InitiatorName= in /etc/iscsi/initiatorname.iscsi of the \
                root, or from the one that the session of the root was made with.",
        breaks: "A target grants access by initiator name. A login by the iBFT uses the iBFT's name, so the \
                 machine boots; a later login by the root's own open-iscsi uses the other name and may be refused. \
                 Typical of a disk that was cloned from another instance and still carries that instance's name.",
        fix: "Write the iBFT's name to /etc/iscsi/initiatorname.iscsi, then rebuild the initramfs, which holds \
               a copy of that file.",
        references: &[
            "RFC 7143, section 4.2.7",
            "iscsid(8), /etc/iscsi/initiatorname.iscsi",
            "Debian open-iscsi, debian/extra/initramfs/hooks/iscsi",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let handoff = facts.handoff().ok_or_else(|| Outcome::not_applicable("no iBFT was read"))?;
    let protocol = handoff.protocol;
    let name =
        handoff.initiator.ok_or_else(|| Outcome::not_applicable(format!("the {protocol} names no initiator")))?;
    let here = || Evidence::new(handoff.source, format!("initiator-name {name}"));
    let mut findings = Vec::new();
    let own = facts.iscsi.initiator_name.as_ref();
    if let Some(own) = own.filter(|own| !own.value.eq_ignore_ascii_case(name)) {
        findings.push(
            Finding::warning(format!("/etc/iscsi/initiatorname.iscsi says {}, the {protocol} says {name}", own.value))
                .evidence(here())
                .evidence(Evidence::from(own))
                .remedy(
                    Remedy::new("Set the initiator name that the target grants the LUN to.").command(
                        ShellCommand::write_line("/etc/iscsi/initiatorname.iscsi", "InitiatorName={}", &[name]),
                    ),
                ),
        );
    }
    for session in facts.iscsi.sessions.known().into_iter().flatten() {
        let differs = session.initiator.as_deref().filter(|initiator| !initiator.eq_ignore_ascii_case(name));
        if let (Some(initiator), Some(true)) = (differs, session.holds_root) {
            findings.push(
                Finding::warning(format!("the root's session logged in as {initiator}, the {protocol} says {name}"))
                    .evidence(here())
                    .evidence(Evidence::new(
                        format!("/sys/class/iscsi_session/{}/initiatorname", session.name),
                        initiator,
                    ))
                    .remedy(Remedy::new("Find out which name the target grants the LUN to, and use it everywhere.")),
            );
        }
    }
    Ok(Outcome::from_findings(findings, || match own {
        Some(_) => format!("the {protocol} and the root agree on {name}"),
        None => format!("the {protocol} names {name}, and the root has no initiator name of its own"),
    }))
}
