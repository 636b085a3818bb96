//! What the three checks on the takeover of the SAN NIC have in common.

use super::config_match::{config_matches, config_text, unread_manager};
use super::disruption::{Disruption, DisruptionKind};
use super::identity::SanIdentity;
use super::takeover::disruptions;
use crate::analysis::TargetNetwork;
use crate::facts::{InterfaceConfig, Manager, Problem, Source};
use crate::{Analysis, Finding, Outcome, Remedy, Repair};

/// Fails on each disruption of a kind; passes with a reason made of the configuration that takes the SAN
/// NIC over, if one does.
pub(super) fn judge(
    facts: &Analysis<'_>,
    kind: DisruptionKind,
    pass: impl FnOnce(&SanIdentity, Option<&InterfaceConfig>) -> String,
) -> Result<Outcome, Outcome> {
    let san = SanIdentity::of(facts);
    let config_matches = config_matches(facts, &san);
    let mut findings = Vec::new();
    let mut open: Vec<Disruption> = Vec::new();
    let mut needless: Option<Outcome> = None;
    let target = facts.target_network();
    let mut in_doubt: Option<Problem> = None;
    for found in &config_matches {
        for mut disruption in
            disruptions(facts, found.config, &san).into_iter().filter(|disruption| disruption.kind == kind)
        {
            disruption.in_doubt = disruption.in_doubt.or_else(|| refused(facts, found.config).cloned());
            let bears_on = disruption.of_route && !disruption.dormant;
            if bears_on && let Some(outcome) = target.without_route(&disruption.what, disruption.evidence()) {
                needless = needless.filter(|other| matches!(other, Outcome::Unknown { .. })).or(Some(outcome));
            } else if disruption.in_doubt.is_some() {
                in_doubt = in_doubt.or(disruption.in_doubt);
            } else if found.certain {
                findings.push(finding(&san, &target, found.config, disruption));
            } else if !disruption.dormant {
                open.push(disruption);
            }
        }
    }
    if !findings.is_empty() {
        // A configuration is told by what it does not say, and the rest of it may not have been read.
        facts.was_read(Source::Root)?;
        return Ok(Outcome::Fail(findings));
    }
    if let Some(disruption) = open.first() {
        return Ok(undecided(&san, disruption));
    }
    if let Some(problem) = in_doubt.as_ref().or(unread_manager(facts)) {
        return Err(Outcome::unread(problem));
    }
    if let Some(outcome) = needless {
        return Ok(outcome);
    }
    Ok(match config_matches.first() {
        Some(found) if !config_matches.iter().any(|found| found.certain) => Outcome::pass(format!(
            "{} ({}) takes nothing away from {}, whether or not it matches this NIC",
            found.config.at,
            config_text(found.config),
            san.title()
        )),
        _ => Outcome::pass(pass(&san, config_matches.first().map(|found| found.config))),
    })
}

/// What may make netplan refuse a configuration: a word that it does not take, anywhere. Its generator then writes
/// nothing at all, or, told to ignore errors as later ones are, leaves that definition out.
fn refused<'a>(facts: &'a Analysis<'_>, config: &InterfaceConfig) -> Option<&'a Problem> {
    let by_netplan = |problem: &&Problem| problem.source == Source::Manager(Manager::Netplan);
    facts.netconfig.problems.iter().find(by_netplan).filter(|_| config.manager == Manager::Netplan)
}

fn finding(san: &SanIdentity, target: &TargetNetwork, config: &InterfaceConfig, disruption: Disruption) -> Finding {
    let place = disruption.at.first().map(|(place, _)| format!(" ({place})")).unwrap_or_default();
    let shown = disruption.of_route.then(|| target.shown()).flatten();
    let evidence = disruption.evidence().into_iter().chain(shown);
    let need = disruption.need.filter(|_| !is_replaced_by_cloud_init(config));
    let repair = need.and_then(|need| Repair::of_san_nic(config, need));
    let remedy = Remedy::new(disruption.fix).commands(disruption.commands).repairs_by(repair);
    let finding = match disruption.dormant {
        true => Finding::warning(format!("{}: when its profile is activated, {}{place}", san.title(), disruption.what)),
        false => Finding::critical(format!("{}: {}{place}", san.title(), disruption.what)),
    };
    finding.evidences(evidence).remedy(remedy)
}

/// Whether cloud-init writes the file anew on every new instance, with nothing beside it that could amend it.
fn is_replaced_by_cloud_init(config: &InterfaceConfig) -> bool {
    config.generated_by.as_deref() == Some("cloud-init")
        && matches!(config.manager, Manager::Ifupdown | Manager::NetworkManager | Manager::Ifcfg)
}

fn undecided(san: &SanIdentity, disruption: &Disruption) -> Outcome {
    let (place, text) = match disruption.at.first() {
        Some((place, text)) => (place.to_string(), text.clone()),
        None => (String::new(), String::new()),
    };
    let reason = format!(
        "isctpl cannot tell whether {place} ({text}) matches {}; use --same-machine if this host is the instance",
        san.title()
    );
    Outcome::Unknown { reason, evidence: disruption.evidence() }
}
