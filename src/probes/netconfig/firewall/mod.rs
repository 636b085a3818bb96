//! Firewalls that start with the system, and what they do with traffic to a portal.

#[cfg(test)]
mod tests;

use crate::formats::firewall::iptables::FilterTable;
use crate::formats::firewall::nftables::RuleSet;
use crate::formats::firewall::rules::{self, Chains, Outcome, Packet};
use crate::formats::shell::{Shell, Variables};
use crate::probes::files::Reader;
use crate::probes::units::startup::Startup;
use isctpl_checks::facts::{Firewall, Located, Location};
use std::net::IpAddr;

/// Where iptables-persistent and initscripts keep the rules that they restore, with their services.
const SAVED_RULES: [(&str, &[&str]); 2] = [
    ("/etc/iptables/rules.v4", &[NETFILTER_PERSISTENT, IPTABLES_PERSISTENT, IPTABLES]),
    ("/etc/sysconfig/iptables", &[IPTABLES]),
];

/// The services that start firewalls.
pub(super) const SERVICES: [&str; 6] = [UFW, NFTABLES, FIREWALLD, NETFILTER_PERSISTENT, IPTABLES_PERSISTENT, IPTABLES];

const UFW: &str = "ufw.service";
const NFTABLES: &str = "nftables.service";
const FIREWALLD: &str = "firewalld.service";
const NETFILTER_PERSISTENT: &str = "netfilter-persistent.service";
const IPTABLES_PERSISTENT: &str = "iptables-persistent.service";
const IPTABLES: &str = "iptables.service";

/// How deep nftables' files may include files.
const INCLUDE_DEPTH: usize = 4;

type Read = fn(&Reader<'_>, &Startup<'_>, &[IpAddr]) -> Option<Firewall>;

/// Every firewall that starts at boot, and what it does with packets to and from these portals.
pub(super) fn read(files: &Reader<'_>, startup: &Startup<'_>, portals: &[IpAddr]) -> Vec<Firewall> {
    let kinds: [Read; 4] = [ufw, nftables, saved_rules, firewalld];
    let firewall = |read: Read| {
        let noted = files.problems().len();
        let mut firewall = read(files, startup, portals)?;
        // A rule that was not read may accept what the others drop.
        firewall.unclear.extend(files.problems().iter().skip(noted).map(ToString::to_string));
        Some(firewall)
    };
    kinds.into_iter().filter_map(firewall).collect()
}

/// Follows a packet of each portal through a base chain; of one whose address is not known, where none is. One portal
/// that is cut off is enough.
fn follow(
    chains: &Chains,
    start: &str,
    policy: &(bool, Located<String>),
    packet: Packet,
    portals: &[IpAddr],
) -> Outcome {
    let known = portals.iter().copied().map(Some);
    let ends = known.chain(portals.is_empty().then_some(None));
    all(ends.map(|portal| rules::follow(chains, start, policy.clone(), packet, portal)))
}

/// What becomes of a packet that meets all of these: one that stops it is enough.
fn all(outcomes: impl Iterator<Item = Outcome>) -> Outcome {
    let mut total = Outcome { accepted: true, ..Outcome::default() };
    for outcome in outcomes {
        let new = outcome.unclear.into_iter().filter(|text| !total.unclear.contains(text)).collect::<Vec<_>>();
        total.unclear.extend(new);
        if total.deciding.is_none() || (total.accepted && !outcome.accepted) {
            total.deciding = outcome.deciding;
        }
        total.accepted &= outcome.accepted;
    }
    total
}

fn policy_word(accept: bool) -> String {
    if accept { "accept" } else { "drop" }.to_owned()
}

/// Puts the fate of both packets into a firewall. What decides is the rule that stops one, if any.
fn firewall(kind: &str, at: Location, policies: (bool, bool), request: Outcome, reply: Outcome) -> Firewall {
    let deciding = match (request.accepted, reply.accepted) {
        (true, false) => reply.deciding,
        _ => request.deciding,
    };
    let mut unclear = request.unclear;
    unclear.extend(reply.unclear.into_iter().filter(|text| !unclear.contains(text)).collect::<Vec<_>>());
    Firewall {
        kind: kind.to_owned(),
        at,
        output_policy: policy_word(policies.0),
        input_policy: policy_word(policies.1),
        established_in: reply.accepted,
        portal_out: request.accepted,
        deciding,
        unclear,
    }
}

/// ufw: `ENABLED=yes`, policies in its defaults, rules in its own files.
fn ufw(files: &Reader<'_>, startup: &Startup<'_>, portals: &[IpAddr]) -> Option<Firewall> {
    const CONF: &str = "/etc/ufw/ufw.conf";
    const DEFAULTS: &str = "/etc/default/ufw";
    let conf = files.text(CONF)?;
    // The setting alone starts nothing.
    if !startup.service(UFW).is_some_and(|service| service.enabled) {
        return None;
    }
    // Its start-up script reads both files with the shell's `.`.
    let mut variables = Variables::default();
    variables.read(&conf, CONF, Shell::Any);
    variables.read(&files.text(DEFAULTS).unwrap_or_default(), DEFAULTS, Shell::Any);
    let setting = |key: &str| variables.setting(key).map_err(|problem| files.problems().push(problem)).ok();
    let enabled = setting("ENABLED")?.filter(|enabled| enabled.value.eq_ignore_ascii_case("yes"))?;
    let policy = |key: &str, otherwise: &str| -> Option<(bool, Located<String>)> {
        let value = setting(key)?.unwrap_or_else(|| Located::new(otherwise.to_owned(), Location::file(DEFAULTS)));
        let accept = value.value.eq_ignore_ascii_case("ACCEPT");
        Some((accept, Located::new(format!("{key}={}", value.value), value.at)))
    };
    let (output, input) = (policy("DEFAULT_OUTPUT_POLICY", "ACCEPT")?, policy("DEFAULT_INPUT_POLICY", "DROP")?);
    let mut table = FilterTable::default();
    for path in ["/etc/ufw/before.rules", "/etc/ufw/user.rules", "/etc/ufw/after.rules"] {
        // Older releases keep the user's rules elsewhere.
        let text = files.text(path).or_else(|| files.text(&path.replace("/etc/ufw/user", "/lib/ufw/user")));
        table.add(&text.unwrap_or_default(), path);
    }
    // ufw itself strings these chains together, in this order.
    let strung = |table: &FilterTable, direction: &str| {
        let mut rules = Vec::new();
        for part in ["before", "user", "after"] {
            let name = if part == "user" { format!("ufw-user-{direction}") } else { format!("ufw-{part}-{direction}") };
            rules.extend(table.chains.get(&name).cloned().unwrap_or_default());
        }
        rules
    };
    for (name, direction) in [("OUTPUT", "output"), ("INPUT", "input")] {
        let rules = strung(&table, direction);
        table.chains.insert(name.to_owned(), rules);
    }
    let policies = (output.0, input.0);
    let request = follow(&table.chains, "OUTPUT", &output, Packet::Request, portals);
    let reply = follow(&table.chains, "INPUT", &input, Packet::Reply, portals);
    let mut firewall = firewall("ufw", enabled.at.clone(), policies, request, reply);
    firewall.unclear.extend(table.unclear);
    Some(firewall)
}

fn nftables(files: &Reader<'_>, startup: &Startup<'_>, portals: &[IpAddr]) -> Option<Firewall> {
    let service = startup.service(NFTABLES).filter(|service| service.enabled)?;
    let mut set = RuleSet::default();
    for path in ["/etc/nftables.conf", "/etc/sysconfig/nftables.conf"] {
        add_nft(files, &mut set, path, INCLUDE_DEPTH);
    }
    let follow_hook = |hook: &str, packet: Packet| -> (bool, Outcome) {
        // Every chain of a hook has its say.
        let bases = || set.bases.iter().filter(|base| base.hook == hook);
        let outcomes = bases().map(|base| follow(&set.chains, &base.name, &base.policy, packet, portals));
        (bases().all(|base| base.policy.0), all(outcomes))
    };
    let (output, request) = follow_hook("output", Packet::Request);
    let (input, reply) = follow_hook("input", Packet::Reply);
    let mut firewall = firewall("nftables", service.at, (output, input), request, reply);
    firewall.unclear.extend(set.unclear);
    Some(firewall)
}

/// A file of nftables and what it includes; names that are not absolute lie in /etc.
fn add_nft(files: &Reader<'_>, set: &mut RuleSet, path: &str, depth: usize) {
    let Some(text) = files.text(path) else { return };
    set.add(&text, path);
    for include in std::mem::take(&mut set.includes) {
        if depth == 0 {
            set.unclear.push(format!("{}: is included too deep; not read", include.at));
            continue;
        }
        let name = include.value.trim_start_matches("./");
        let pattern = if name.starts_with('/') { name.to_owned() } else { format!("/etc/{name}") };
        for path in files.glob(&pattern) {
            if files.is_file(&path) {
                add_nft(files, set, &path, depth - 1);
            }
        }
    }
}

fn saved_rules(files: &Reader<'_>, startup: &Startup<'_>, portals: &[IpAddr]) -> Option<Firewall> {
    for (path, services) in SAVED_RULES {
        if !services.iter().any(|unit| startup.service(unit).is_some_and(|service| service.enabled)) {
            continue;
        }
        let Some(text) = files.text(path) else { continue };
        let mut table = FilterTable::default();
        table.add(&text, path);
        let policy = |chain: &str| {
            let otherwise = || (true, Located::new(format!("{chain} has no policy"), Location::file(path)));
            table.policies.get(chain).cloned().unwrap_or_else(otherwise)
        };
        let (output, input) = (policy("OUTPUT"), policy("INPUT"));
        let policies = (output.0, input.0);
        let request = follow(&table.chains, "OUTPUT", &output, Packet::Request, portals);
        let reply = follow(&table.chains, "INPUT", &input, Packet::Reply, portals);
        let mut firewall = firewall("iptables", Location::file(path), policies, request, reply);
        firewall.unclear.extend(table.unclear);
        return Some(firewall);
    }
    None
}

/// firewalld lets replies in and filters nothing that leaves, unless a policy or a direct rule of the
/// administrator does.
fn firewalld(files: &Reader<'_>, startup: &Startup<'_>, _: &[IpAddr]) -> Option<Firewall> {
    let service = startup.service(FIREWALLD).filter(|service| service.enabled)?;
    let mut unclear = Vec::new();
    let holds =
        |path: &str, words: &[&str]| files.text(path).is_some_and(|text| words.iter().any(|word| text.contains(word)));
    if holds("/etc/firewalld/direct.xml", &["<rule", "<passthrough"]) {
        unclear.push("/etc/firewalld/direct.xml: direct rules are not understood".to_owned());
    }
    for name in files.names("/etc/firewalld/policies").into_iter().filter(|name| name.ends_with(".xml")) {
        // A policy between two other zones, such as Docker's, is for what this host forwards (firewalld.policy(5)).
        let path = format!("/etc/firewalld/policies/{name}");
        if holds(&path, &["HOST"]) {
            unclear.push(format!("{path}: policies are not understood"));
        }
    }
    Some(Firewall {
        kind: "firewalld".to_owned(),
        at: service.at,
        output_policy: policy_word(true),
        input_policy: "reject".to_owned(),
        established_in: true,
        portal_out: true,
        deciding: None,
        unclear,
    })
}
