//! `login-target-mismatch`: the image logs in to another target than the one that holds the root.

use crate::facts::{IbftTarget, Lun, RequestKind};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity, analysis};

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
                portal differs, since a target may have several, or if the initramfs logs in with the iBFT as well. Or root= is a path in \
                /dev/disk/by-path to another target, portal or LUN than those of the iBFT.",
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
    findings.extend(root_of_another_unit(facts)?);
    Ok(Outcome::from_findings(findings, || match agreed {
        Some(name) => format!("the initramfs logs in to {name}, which the root's session or the iBFT names too"),
        None => "the initramfs logs in to the target of the iBFT".to_owned(),
    }))
}

/// What `root=/dev/disk/by-path/ip-ADDRESS:PORT-iscsi-TARGET-lun-N` names (udev's path_id, src/udev/udev-builtin-path_id.c).
struct PathSpec<'a> {
    portal: &'a str,
    target: &'a str,
    lun: Option<u64>,
}

fn path_spec(text: &str) -> Option<PathSpec<'_>> {
    let (portal, rest) = text.strip_prefix("/dev/disk/by-path/ip-")?.split_once("-iscsi-")?;
    let (target, rest) = rest.rsplit_once("-lun-")?;
    let number = rest.split('-').next().unwrap_or_default();
    let lun = match number.strip_prefix("0x") {
        // From 256 on the eight bytes of the LUN are written, the first two of them by flat addressing.
        Some(bytes) => u64::from_str_radix(bytes.get(..4).unwrap_or_default(), 16).ok().map(|lun| lun & 0x3fff),
        None => number.parse().ok(),
    };
    Some(PathSpec { portal, target, lun })
}

/// That `root=` is a path to another target, portal or unit than those that the firmware names.
fn root_of_another_unit(facts: &Analysis<'_>) -> Result<Option<Finding>, Outcome> {
    let Some(entry) = facts.loader.default_entry() else { return Ok(None) };
    let Some(spec) = entry.cmdline.last("root").and_then(path_spec) else { return Ok(None) };
    let Some(ibft) = facts.firmware.ibft().filter(|ibft| ibft.targets.iter().any(IbftTarget::is_valid)) else {
        return Err(Outcome::unknown(format!(
            "root= is a path to LUN {} of {}, and no iBFT is known to compare it with",
            spec.lun.map_or("?".to_owned(), |lun| lun.to_string()),
            spec.target
        )));
    };
    let is_it = |target: &IbftTarget| {
        let portal = target.ip.map(|ip| format!("{ip}:{}", target.port));
        let lun = match (&target.lun, spec.lun) {
            (Lun::Number(number), Some(lun)) => *number == lun,
            (Lun::Ambiguous { candidates, .. }, Some(lun)) => candidates.contains(&lun),
            _ => true,
        };
        target.name.as_deref() == Some(spec.target) && portal.is_none_or(|portal| portal == spec.portal) && lun
    };
    let valid = || ibft.targets.iter().filter(|target| target.is_valid());
    if valid().any(is_it) {
        return Ok(None);
    }
    let shown = |target: &IbftTarget| {
        let ip = target.ip.map(|ip| ip.to_string()).unwrap_or_default();
        let lun = match &target.lun {
            Lun::Number(number) => number.to_string(),
            Lun::Ambiguous { text, .. } | Lun::Invalid(text) => text.clone(),
        };
        Evidence::new(
            &ibft.source,
            format!("{} at {ip}:{}, LUN {lun}", target.name.as_deref().unwrap_or("?"), target.port),
        )
    };
    let summary = format!("root= is a path to {} at {}, which the iBFT does not name so", spec.target, spec.portal);
    Ok(Some(
        Finding::critical(summary).evidence(entry.root_evidence()).evidences(valid().map(shown)).remedy(Remedy::new(
            "Name the root by its UUID or its volume in root=, and write the loader's entries anew.",
        )),
    ))
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
