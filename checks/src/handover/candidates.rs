//! The NICs that can be the SAN NIC where nothing settles which one it is.

use super::identity::SanIdentity;
use super::managers::in_force;
use super::nic_match::{self, example, is_wide};
use crate::Analysis;
use crate::facts::{Facts, InterfaceConfig, Method, Nic, Supposed};
use std::collections::BTreeSet;

/// More than these are not tried one by one; a machine has a dozen NICs at most.
const LIMIT: usize = 64;

/// A NIC that can be the SAN NIC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// What it would be.
    pub(crate) nic: Supposed,
    /// What is called the SAN NIC then, as the subject of a sentence.
    pub(crate) subject: String,
    /// The rest of that sentence.
    pub(crate) predicate: String,
    /// What the others are the exceptions to: the NIC that no configuration bears, or the one by this host's name.
    usual: bool,
}

impl Candidate {
    /// `enp0s4 is the SAN NIC`
    pub(crate) fn sentence(&self) -> String {
        format!("{} {}", self.subject, self.predicate)
    }

    /// Whether the others are exceptions to it: it is the NIC that no configuration bears, or the one by this
    /// host's name for it.
    pub(crate) fn is_usual(&self) -> bool {
        self.usual
    }
}

/// Every NIC that can be the SAN NIC, as far as configurations of the real root tell NICs apart. Empty when it is
/// known; the one that no configuration bears comes last.
pub(crate) fn candidates(facts: &Analysis<'_>) -> Vec<Candidate> {
    let known = SanIdentity::of(facts);
    let host_differs = known.name_of_host && !of_another_host(facts, &known).is_empty();
    if known.settled || (known.name.is_some() && known.mac.is_some() && !host_differs) {
        return Vec::new();
    }
    let physical: Vec<&Nic> = facts.nics.known().into_iter().flatten().filter(|nic| nic.physical).collect();
    let mut found =
        if physical.is_empty() { of_configurations(facts, &known) } else { of_hardware(facts, &known, &physical) };
    found.truncate(LIMIT);
    if physical.is_empty() {
        found.push(unnamed(&known));
    }
    found
}

/// Configurations of the real root that may be for a NIC of hardware, and are put into force.
fn configurations(facts: &Facts) -> impl Iterator<Item = &InterfaceConfig> {
    let all = || facts.netconfig.interfaces.iter();
    let stacked = all().filter(|config| !config.lower.is_empty() || config.vlan.is_some());
    let mut made: BTreeSet<&str> = stacked.flat_map(|config| config.matches.names.iter().map(String::as_str)).collect();
    made.extend(all().filter_map(|config| Some(config.port_of.as_ref()?.value.as_str())));
    facts.netconfig.interfaces.iter().filter(move |config| {
        config.method != Method::Loopback
            && in_force(facts, config)
            && nic_match::may_be_hardware(&config.matches)
            && !config.matches.names.iter().any(|name| made.contains(name.as_str()))
    })
}

/// Names that configurations bear and that the SAN NIC may have, with the pattern where it is one.
fn names(facts: &Analysis<'_>, known: &SanIdentity) -> Vec<(String, String)> {
    let ports = facts.netconfig.interfaces.iter().flat_map(|config| &config.lower);
    let named = configurations(facts).flat_map(|config| &config.matches.names);
    let others = known.mac.as_ref().map(|mac| names_of_others(facts, mac)).unwrap_or_default();
    let mut found: Vec<(String, String)> = Vec::new();
    let mut tried = BTreeSet::new();
    for pattern in named.chain(ports).filter(|name| may_be_hardware(name) && !is_wide(name, known.kernel_names)) {
        if let Some(name) = example(pattern)
            && !others.contains(name.as_str())
            && tried.insert(name.clone())
        {
            found.push((name, pattern.clone()));
        }
    }
    found
}

/// Whether a configuration is for one NIC, by its name or its MAC address.
pub(super) fn tells_nics_apart(facts: &Analysis<'_>) -> bool {
    names(facts, &SanIdentity::default()).iter().any(|(name, pattern)| name == pattern) || !macs(facts).is_empty()
}

/// Names that go with MAC addresses, and none of them with this one: what bears one is another NIC.
fn names_of_others<'a>(facts: &'a Analysis<'_>, mac: &str) -> BTreeSet<&'a str> {
    let interfaces = facts.netconfig.interfaces.iter();
    let by_configs = interfaces.flat_map(|config| {
        let given = config.set_name.as_ref().map(|name| name.value.as_str());
        given.into_iter().chain(config.matches.only_name()).map(|name| (name, &config.matches))
    });
    let by_rules = facts.netconfig.renames.iter().map(|rename| (rename.name.as_str(), &rename.matches));
    let bound = by_configs.chain(by_rules).filter(|(_, of)| !of.macs.is_empty());
    let (own, others): (Vec<_>, Vec<_>) =
        bound.partition(|(_, of)| of.macs.iter().any(|wanted| wanted.eq_ignore_ascii_case(mac)));
    let is_own = |name: &str| own.iter().any(|(known, _)| *known == name);
    others.into_iter().map(|(name, _)| name).filter(|name| !is_own(name)).collect()
}

/// Whether a firmware can have booted by a NIC of this name: no wireless one, no tunnel, no VLAN, no alias.
fn may_be_hardware(name: &str) -> bool {
    let made = ["lo", "wl", "ww", "ppp", "tun", "tap", "wg", "br", "virbr", "docker", "veth", "bond", "team", "dummy"];
    let rest_is_number = |rest: &str| rest.trim_start_matches('-').chars().all(|c| c.is_ascii_digit() || c == '*');
    !name.is_empty()
        && !name.starts_with('!')
        && !name.contains(['.', ':', '/'])
        && !made
            .iter()
            .any(|kind| name.strip_prefix(kind).is_some_and(|rest| kind.starts_with('w') || rest_is_number(rest)))
}

/// MAC addresses that configurations bear.
fn macs(facts: &Analysis<'_>) -> BTreeSet<String> {
    let conditions = |config: &InterfaceConfig| -> Vec<String> {
        let permanent = config.matches.other.iter().filter_map(|other| other.strip_prefix("PermanentMACAddress="));
        permanent.flat_map(str::split_whitespace).map(|mac| mac.trim_start_matches('!').to_owned()).collect()
    };
    configurations(facts)
        .flat_map(|config| config.matches.macs.iter().cloned().chain(conditions(config)))
        .map(|mac| mac.to_ascii_lowercase())
        .collect()
}

fn of_configurations(facts: &Analysis<'_>, known: &SanIdentity) -> Vec<Candidate> {
    let mut found = Vec::new();
    if known.name.is_none() {
        for (name, pattern) in names(facts, known).into_iter().take(LIMIT) {
            let both = configurations(facts).find(|config| config.matches.names.contains(&pattern));
            let mac = known.mac.clone().or_else(|| both?.matches.macs.first().cloned());
            let subject = if name == pattern { name.clone() } else { format!("one of {pattern}") };
            found.push(candidate(known, Supposed { name: Some(name), mac, driver: known.driver.clone() }, subject));
        }
    }
    if known.mac.is_none() {
        let tried: Vec<Option<String>> = found.iter().map(|candidate| candidate.nic.mac.clone()).collect();
        for mac in macs(facts).into_iter().filter(|mac| !tried.contains(&Some(mac.clone()))).take(LIMIT) {
            let nic = Supposed { name: known.name.clone(), mac: Some(mac.clone()), driver: known.driver.clone() };
            found.push(candidate(known, nic, mac));
        }
    }
    found
}

fn candidate(known: &SanIdentity, nic: Supposed, subject: String) -> Candidate {
    let predicate = match (&known.name, &known.mac) {
        (Some(name), None) => format!("is the MAC address of the SAN NIC {name}"),
        (None, Some(mac)) => format!("is the SAN NIC ({mac})"),
        _ => "is the SAN NIC".to_owned(),
    };
    Candidate { nic, subject, predicate, usual: false }
}

/// The NIC that no configuration bears.
fn unnamed(known: &SanIdentity) -> Candidate {
    Candidate {
        nic: Supposed { name: known.name.clone(), mac: known.mac.clone(), driver: known.driver.clone() },
        subject: "no network configuration".to_owned(),
        predicate: "is for the SAN NIC".to_owned(),
        usual: true,
    }
}

/// Names that configurations bear and no NIC of this host, which may be what the real root calls the SAN NIC.
/// None where its name is borne by a configuration: then both systems name their NICs alike.
fn of_another_host(facts: &Analysis<'_>, known: &SanIdentity) -> Vec<String> {
    let named = names(facts, known);
    if named.iter().any(|(name, _)| Some(name) == known.name.as_ref()) {
        return Vec::new();
    }
    let here = |name: &String| facts.nics.known().into_iter().flatten().any(|nic| &nic.name == name);
    named.into_iter().filter(|(name, pattern)| name == pattern && !here(name)).map(|(name, _)| name).collect()
}

/// The instance's own NICs, each by its name here and by those names of the real root that no NIC has here.
fn of_hardware(facts: &Analysis<'_>, known: &SanIdentity, physical: &[&Nic]) -> Vec<Candidate> {
    let mut found = Vec::new();
    let elsewhere = if known.name.is_none() || known.name_of_host { of_another_host(facts, known) } else { Vec::new() };
    for nic in physical.iter().filter(|nic| known.mac.as_ref().is_none_or(|mac| mac == &nic.mac)) {
        let supposed = |name: &str| Supposed {
            name: Some(name.to_owned()),
            mac: Some(nic.mac.clone()),
            driver: nic.driver.clone(),
        };
        let fixed = known.name.as_ref().filter(|_| !known.name_of_host);
        let own = fixed.unwrap_or(&nic.name);
        for name in &elsewhere {
            let predicate = format!("is what the root calls the SAN NIC {}", nic.name);
            found.push(Candidate { nic: supposed(name), subject: name.clone(), predicate, usual: false });
        }
        let own = candidate(known, supposed(own), nic.name.clone());
        found.push(Candidate { usual: known.name_of_host, ..own });
    }
    found
}
