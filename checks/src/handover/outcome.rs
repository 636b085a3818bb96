//! What the three checks on the takeover of the SAN NIC have in common.

use super::config_match::{claims, config_text, unread};
use super::disruption::{Hazard, HazardKind, hazards};
use super::identity::SanIdentity;
use crate::facts::{Facts, InterfaceConfig};
use crate::{Evidence, Finding, Outcome, Remedy};

/// Fails on each hazard of a kind; passes with a reason made of the configuration that takes the SAN
/// NIC over, if one does.
pub(super) fn judge(
    facts: &Facts,
    kind: HazardKind,
    pass: impl FnOnce(&SanIdentity, Option<&InterfaceConfig>) -> String,
) -> Outcome {
    let san = SanIdentity::of(facts);
    let claims = claims(facts, &san);
    let mut findings = Vec::new();
    let mut open: Vec<Hazard> = Vec::new();
    for claim in &claims {
        for hazard in hazards(facts, claim.config, &san).into_iter().filter(|hazard| hazard.kind == kind) {
            if claim.certain {
                findings.push(finding(&san, hazard));
            } else if !hazard.dormant {
                open.push(hazard);
            }
        }
    }
    if !findings.is_empty() {
        return Outcome::Fail(findings);
    }
    if let Some(hazard) = open.first() {
        return undecided(&san, hazard);
    }
    if let Some(problem) = unread(facts) {
        return Outcome::unread(problem);
    }
    match claims.first() {
        Some(claim) if !claims.iter().any(|claim| claim.certain) => Outcome::pass(format!(
            "{} ({}) takes nothing away from {}, whether or not it matches this NIC",
            claim.config.at,
            config_text(claim.config),
            san.title()
        )),
        _ => Outcome::pass(pass(&san, claims.first().map(|claim| claim.config))),
    }
}

fn finding(san: &SanIdentity, hazard: Hazard) -> Finding {
    let place = hazard.at.first().map(|(place, _)| format!(" ({place})")).unwrap_or_default();
    let remedy = Remedy::new(hazard.fix).commands(hazard.commands);
    let finding = match hazard.dormant {
        true => Finding::warning(format!("{}: when its profile is activated, {}{place}", san.title(), hazard.what)),
        false => Finding::critical(format!("{}: {}{place}", san.title(), hazard.what)),
    };
    finding.evidences(hazard.at.into_iter().map(|(place, text)| Evidence::at(&place, text))).remedy(remedy)
}

fn undecided(san: &SanIdentity, hazard: &Hazard) -> Outcome {
    let (place, text) = match hazard.at.first() {
        Some((place, text)) => (place.to_string(), text.clone()),
        None => (String::new(), String::new()),
    };
    let reason = format!(
        "isctpl cannot tell whether {place} ({text}) matches {}; use --same-machine if this host is the instance",
        san.title()
    );
    let evidence = hazard.at.iter().map(|(place, text)| Evidence::at(place, text.clone())).collect();
    Outcome::Unknown { reason, evidence }
}
