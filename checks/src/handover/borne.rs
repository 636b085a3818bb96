//! Whether anything bears what `--san-nic` names.

use super::candidates::tells_nics_apart;
use super::config_match::san_configs;
use super::evidence::{DRACUT_FIRMWARE_NIC, is_named_by_dracut};
use super::nic_match::any_pattern;
use crate::Analysis;
use crate::facts::{Facts, Manager, Problem, Source, UNCONFIGURED};
use std::collections::BTreeSet;

/// What is wrong with `--san-nic` where no NIC, no configuration and nothing else that was read bears it: a name
/// that is mistyped would be taken for that of a NIC which nobody configures.
pub fn unborne_san_nic(facts: &Facts) -> Option<Problem> {
    let facts = &Analysis::of(facts);
    let scope = &facts.scope;
    let given = scope.san_nic.as_deref()?;
    // What could not be read may bear it.
    let mut sources = Manager::ALL.into_iter().map(Source::Manager).chain([Source::LinkFiles]);
    if facts.nics.problem().is_some() || sources.any(|source| facts.unread(source).is_some()) {
        return None;
    }
    let nics_are_known = facts.nics.known().is_some();
    let problem = |what: String| Problem::new(place_of(given), what);
    if scope.san_nic_is_unconfigured() {
        return nics_are_known.then(|| {
            problem(format!(
                "is only for a root that is read without its machine; name the SAN NIC ({})",
                there_are(facts)
            ))
        });
    }
    let borne = match (scope.san_nic_mac(), scope.san_nic_name()) {
        (Some(mac), _) => macs(facts).contains(&mac),
        (None, Some(name)) => names(facts).contains(name) || patterns_take(facts, name),
        (None, None) => false,
    };
    if borne || !nics_are_known && takes_any(facts) {
        return None;
    }
    let hint = match nics_are_known {
        true => String::new(),
        false => format!("; if no configuration is for the SAN NIC, give --san-nic {UNCONFIGURED}"),
    };
    Some(problem(format!("no NIC or network configuration has it ({}){hint}", there_are(facts))))
}

/// Whether a problem is what [`unborne_san_nic`] says of this name.
pub fn is_unborne_san_nic(problem: &Problem, given: &str) -> bool {
    problem.place == place_of(given)
}

fn place_of(given: &str) -> String {
    format!("--san-nic {given}")
}

/// Whether a configuration takes the NIC as it takes every other, and none is for single ones: who mistypes the name is
/// told the same.
fn takes_any(facts: &Analysis<'_>) -> bool {
    facts.scope.san_nic_name().is_none_or(is_name) && !san_configs(facts).is_empty() && !tells_nics_apart(facts)
}

fn there_are(facts: &Analysis<'_>) -> String {
    let names: Vec<&str> = names(facts).into_iter().filter(|name| *name != "lo").collect();
    if names.is_empty() { "no NIC name is known".to_owned() } else { format!("known: {}", names.join(", ")) }
}

/// Names of NICs: those of the hardware, and those that a configuration, a rule, a lease, a record or the command
/// line has.
fn names<'a>(facts: &'a Analysis<'_>) -> BTreeSet<&'a str> {
    let mut found: BTreeSet<&str> = BTreeSet::new();
    found.extend(facts.nics.known().into_iter().flatten().map(|nic| nic.name.as_str()));
    found.extend(facts.network.links.known().into_iter().flatten().map(|link| link.name.as_str()));
    for config in &facts.netconfig.interfaces {
        found.extend(config.matches.names.iter().chain(&config.lower).map(String::as_str));
        found.extend(config.set_name.iter().map(|name| name.value.as_str()));
    }
    found.extend(facts.netconfig.renames.iter().map(|rename| rename.name.as_str()));
    found.extend(facts.dhcp.leases.iter().filter_map(|lease| lease.interface.as_deref()));
    found.extend(facts.dhcp.dhclient.iter().flat_map(|conf| &conf.interfaces).map(|block| block.name.as_str()));
    found.extend(facts.iscsi.nodes.iter().filter_map(|node| node.net_interface.as_deref()));
    found.extend(words(facts).into_iter().filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic())));
    if is_named_by_dracut(facts, facts.boot_words()) {
        found.insert(DRACUT_FIRMWARE_NIC);
    }
    found.retain(|name| is_name(name));
    found
}

/// Whether a text can be an interface's name, and is neither a pattern nor a policy.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() < 16
        && !text.contains(['*', '?', '[', '!', '/', '='])
        && !text.contains(char::is_whitespace)
}

/// The interfaces that the command line names: parts of `ip=`, `rd.route=`, `ifname=`.
fn words<'a>(facts: &'a Analysis<'_>) -> Vec<&'a str> {
    let of_entries = facts.loader.default_entry().into_iter().flat_map(|entry| &entry.cmdline.words);
    let of_image = facts.default_image().into_iter().flat_map(|image| &image.own_cmdline);
    of_entries
        .chain(of_image.flat_map(|own| &own.value.words))
        .filter(|word| matches!(word.key.as_str(), "ip" | "rd.route" | "ifname" | "bootdev" | "BOOTIF"))
        .filter_map(|word| word.value.as_deref())
        .flat_map(|value| value.split(':'))
        .filter(|part| {
            !matches!(*part, "dhcp" | "dhcp6" | "on" | "any" | "none" | "off" | "both" | "static" | "auto6" | "ibft")
        })
        .collect()
}

fn patterns_take(facts: &Analysis<'_>, name: &str) -> bool {
    let mut configs = facts.netconfig.interfaces.iter().map(|config| &config.matches.names);
    // A pattern that takes any name bears none.
    configs.any(|names| {
        let narrow: Vec<String> = names
            .iter()
            .filter(|name| !super::nic_match::is_wide(name, false) && !name.starts_with('!'))
            .cloned()
            .collect();
        !narrow.is_empty() && any_pattern(&narrow, name)
    })
}

fn macs(facts: &Analysis<'_>) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = BTreeSet::new();
    found.extend(facts.nics.known().into_iter().flatten().map(|nic| nic.mac.clone()));
    for link in facts.network.links.known().into_iter().flatten() {
        found.extend(link.permanent_mac.iter().chain([&link.mac]).cloned());
    }
    let matches = facts.netconfig.interfaces.iter().map(|config| &config.matches);
    for of in matches.chain(facts.netconfig.renames.iter().map(|rename| &rename.matches)) {
        found.extend(of.macs.iter().cloned());
        let permanent = of.other.iter().filter_map(|other| other.strip_prefix("PermanentMACAddress="));
        found.extend(permanent.flat_map(str::split_whitespace).map(str::to_owned));
    }
    found.extend(facts.handoff().into_iter().flat_map(|handoff| &handoff.nics).map(|nic| nic.mac.to_owned()));
    found.extend(facts.dhcp.leases.iter().filter_map(|lease| lease.mac.clone()));
    found.extend(facts.iscsi.nodes.iter().filter_map(|node| node.hardware_address.clone()));
    // `ifname=NAME:MAC` and `BOOTIF=01-MAC` have colons or hyphens between the octets.
    let cmdline = facts.loader.default_entry().into_iter().flat_map(|entry| &entry.cmdline.words);
    for value in cmdline.filter_map(|word| word.value.as_deref()) {
        let value = value.to_ascii_lowercase().replace('-', ":");
        let octets: Vec<&str> = value.split(':').collect();
        found.extend(octets.windows(6).map(|six| six.join(":")));
    }
    found.into_iter().map(|mac| mac.to_ascii_lowercase()).collect()
}
