//! `login-target-mismatch`: the image logs in to another target than the one that holds the root.

use crate::facts::RequestKind;
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Scope, Severity, analysis};

pub(crate) static CHECK: Check = Check {
    id: "login-target-mismatch",
    link: Link::Login,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the initramfs logs in to another target than the root's",
    doc: Doc {
        finds: "The kernel command line or a file in the initramfs names a target other than the target of the root's \
                session or, if no session is known, other than the targets of the iBFT. It is a warning if only the \
                portal differs, since a target may have several, or if the initramfs logs in with the iBFT as well.",
        breaks: "The kernel is loaded from one disk, but the initramfs looks for the root on another disk, or finds \
                 none. This happens after a disk was cloned together with its command line, and with an initramfs \
                 that dracut built with hostonly_cmdline=yes, which contains the target of the building host.",
        fix: "Correct the target, or remove it and log in with the iBFT.",
        references: &["dracut.conf(5), hostonly_cmdline", "dracut.cmdline(7), netroot=iscsi", "RFC 4173, section 5"],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    if let Err(outcome) = facts.image_that_logs_in() {
        return Ok(outcome);
    }
    let requests = facts.effective_requests();
    let truth = known_targets(facts);
    let by_firmware = requests.iter().any(|request| request.kind == RequestKind::Firmware);
    let mut findings = Vec::new();
    let mut agreed = None;
    for request in &requests {
        let RequestKind::Target { name: Some(name), portals, .. } = &request.kind else { continue };
        if truth.is_empty() {
            return Err(Outcome::not_applicable(format!(
                "not checked: no session or iBFT is known to compare {name} with"
            )));
        }
        let against = || truth.iter().map(|known| Evidence::new(&known.source, known.name.clone()));
        let remedy =
            || {
                facts.update_loader(
                "Correct the target on the kernel command line or in the file that the initramfs copied, or log \
                 in with the iBFT.",
            ).repairs_by(facts.request_login())
            };
        let Some(known) = truth.iter().find(|known| known.name.eq_ignore_ascii_case(name)) else {
            let other = truth.first().map_or("", |known| known.name.as_str());
            let summary = format!("the initramfs logs in to {name}, but the root's target is {other}");
            let finding = if by_firmware { Finding::warning(summary) } else { Finding::critical(summary) };
            findings.push(finding.evidence(request.evidence.clone()).evidences(against()).remedy(remedy()));
            continue;
        };
        agreed = Some(name.clone());
        let addresses = analysis::portal_addresses(portals);
        let differs = !addresses.is_empty() && known.address.is_some_and(|address| !addresses.contains(&address));
        if differs {
            findings.push(
                Finding::warning(format!(
                    "the initramfs logs in to {name} at {}, but the root's portal is another",
                    portals.join(", ")
                ))
                .evidence(request.evidence.clone())
                .evidence(Evidence::new(&known.source, known.address.map(|ip| ip.to_string()).unwrap_or_default()))
                .remedy(remedy()),
            );
        }
    }
    Ok(Outcome::from_findings(findings, || match agreed {
        Some(name) => format!("the initramfs logs in to {name}, which the root's session or the iBFT names too"),
        None => "the initramfs logs in to the target of the iBFT".to_owned(),
    }))
}

/// A target that is known to be the root's.
struct KnownTarget {
    name: String,
    address: Option<std::net::IpAddr>,
    source: String,
}

/// The target of the root's session; else those of the iBFT.
fn known_targets(facts: &Analysis<'_>) -> Vec<KnownTarget> {
    let sessions: Vec<_> = facts
        .iscsi
        .sessions
        .known()
        .into_iter()
        .flatten()
        .filter(|session| session.holds_root == Some(true))
        .map(|session| KnownTarget {
            name: session.target.clone(),
            address: session.address,
            source: format!("/sys/class/iscsi_session/{}", session.name),
        })
        .collect();
    if !sessions.is_empty() {
        return sessions;
    }
    let Some(handoff) = facts.handoff() else { return Vec::new() };
    handoff
        .targets
        .iter()
        .filter_map(|target| {
            Some(KnownTarget { name: target.name?.to_owned(), address: target.ip, source: handoff.source.to_owned() })
        })
        .collect()
}
