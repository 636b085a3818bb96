//! What the three checks on the takeover of the SAN NIC have in common.

use super::hazard::{Hazard, HazardKind, hazards, noted};
use super::nic_match::SanIdentity;
use super::takeover::{Claim, claims, config_text, unread};
use crate::facts::{Facts, InterfaceConfig, Manager, Method};
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
    let mut open: Vec<(Hazard, bool)> = Vec::new();
    for claim in &claims {
        for hazard in hazards(facts, claim.config, &san).into_iter().filter(|hazard| hazard.kind == kind) {
            if claim.certain {
                findings.push(finding(&san, hazard));
            } else if !hazard.dormant && may_be_the_san(facts, claim, &san) {
                open.push((hazard, !claim.config.matches.macs.is_empty()));
            }
        }
    }
    if !findings.is_empty() {
        return Outcome::Fail(findings);
    }
    if let Some((hazard, by_mac)) = open.first() {
        return undecided(&san, hazard, *by_mac);
    }
    if let Some(problem) = unread(facts) {
        return Outcome::unread(problem);
    }
    let claims: Vec<_> =
        claims.into_iter().filter(|claim| claim.certain || may_be_the_san(facts, claim, &san)).collect();
    match claims.first() {
        Some(claim) if !claims.iter().any(|claim| claim.certain) => Outcome::pass(format!(
            "whether or not {} ({}) is for {}, it takes nothing away",
            claim.config.at,
            config_text(claim.config),
            san.title()
        )),
        _ => Outcome::pass(pass(&san, claims.first().map(|claim| claim.config))),
    }
}

/// Where the SAN NIC is not known whole, a NIC that is given a static address is not it: the SAN NIC
/// has its address and its route to the target from DHCP, as long as nothing says otherwise. Nor is one that
/// ifupdown has by its name, where the image has brought the SAN NIC up and ifupdown needs no stanza for it.
fn may_be_the_san(facts: &Facts, claim: &Claim<'_>, san: &SanIdentity) -> bool {
    if claim.config.manager == Manager::Ifupdown && noted(facts).is_some() {
        return false;
    }
    san.mac.is_some() || claim.config.method == Method::Dhcp || claim.config.manager == Manager::Dhcpcd
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

fn undecided(san: &SanIdentity, hazard: &Hazard, by_mac: bool) -> Outcome {
    let (place, text) = match hazard.at.first() {
        Some((place, text)) => (place.to_string(), text.clone()),
        None => (String::new(), String::new()),
    };
    let reason = if san.mac.is_none() {
        format!(
            "whether {place} ({text}) is for {} cannot be told: --san-nic {} or --same-machine settles it",
            san.title(),
            if by_mac { "MAC" } else { "NAME" }
        )
    } else {
        format!("whether {place} ({text}) is for {} cannot be told from its conditions", san.title())
    };
    let evidence = hazard.at.iter().map(|(place, text)| Evidence::at(place, text.clone())).collect();
    Outcome::Unknown { reason, evidence }
}
