//! Firewalls that start with the system, and what they do with traffic to a portal.

#[cfg(test)]
mod tests;

use crate::formats::firewall::iptables::FilterTable;
use crate::formats::firewall::nftables::RuleSet;
use crate::formats::firewall::rules::{Outcome, Packet, follow};
use crate::formats::shell::{Shell, Variables};
use crate::probes::files::Reader;
use crate::probes::units::startup::Startup;
use isctpl_checks::facts::{Firewall, Located, Location};

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

/// Every firewall that starts at boot.
pub(super) fn read(files: &Reader<'_>, startup: &Startup<'_>) -> Vec<Firewall> {
    let kinds: [fn(&Reader<'_>, &Startup<'_>) -> Option<Firewall>; 4] = [ufw, nftables, saved_rules, firewalld];
    let firewall = |read: fn(&Reader<'_>, &Startup<'_>) -> Option<Firewall>| {
        let noted = files.problems().len();
        let mut firewall = read(files, startup)?;
        // A rule that was not read may accept what the others drop.
        firewall.unclear.extend(files.problems().iter().skip(noted).map(ToString::to_string));
        Some(firewall)
    };
    kinds.into_iter().filter_map(firewall).collect()
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
fn ufw(files: &Reader<'_>, startup: &Startup<'_>) -> Option<Firewall> {
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
    let request = follow(&table.chains, "OUTPUT", output, Packet::Request);
    let reply = follow(&table.chains, "INPUT", input, Packet::Reply);
    let mut firewall = firewall("ufw", enabled.at.clone(), policies, request, reply);
    firewall.unclear.extend(table.unclear);
    Some(firewall)
}

fn nftables(files: &Reader<'_>, startup: &Startup<'_>) -> Option<Firewall> {
    let service = startup.service(NFTABLES).filter(|service| service.enabled)?;
    let mut set = RuleSet::default();
    for path in ["/etc/nftables.conf", "/etc/sysconfig/nftables.conf"] {
        add_nft(files, &mut set, path, INCLUDE_DEPTH);
    }
    let follow_hook = |hook: &str, packet: Packet| -> (bool, Outcome) {
        let mut policy = true;
        let mut total = Outcome { accepted: true, ..Outcome::default() };
        for base in set.bases.iter().filter(|base| base.hook == hook) {
            policy &= base.policy.0;
            let outcome = follow(&set.chains, &base.name, base.policy.clone(), packet);
            total.unclear.extend(outcome.unclear);
            // Every chain of a hook has its say; one that drops is enough.
            if total.deciding.is_none() || (total.accepted && !outcome.accepted) {
                total.deciding = outcome.deciding;
            }
            total.accepted &= outcome.accepted;
        }
        (policy, total)
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

fn saved_rules(files: &Reader<'_>, startup: &Startup<'_>) -> Option<Firewall> {
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
        let request = follow(&table.chains, "OUTPUT", output, Packet::Request);
        let reply = follow(&table.chains, "INPUT", input, Packet::Reply);
        let mut firewall = firewall("iptables", Location::file(path), policies, request, reply);
        firewall.unclear.extend(table.unclear);
        return Some(firewall);
    }
    None
}

/// firewalld lets replies in and filters nothing that leaves, unless a policy or a direct rule of the
/// administrator does.
fn firewalld(files: &Reader<'_>, startup: &Startup<'_>) -> Option<Firewall> {
    let service = startup.service(FIREWALLD).filter(|service| service.enabled)?;
    let mut unclear = Vec::new();
    if files.is_file("/etc/firewalld/direct.xml") {
        unclear.push("/etc/firewalld/direct.xml: direct rules are not understood".to_owned());
    }
    for name in files.names("/etc/firewalld/policies").into_iter().filter(|name| name.ends_with(".xml")) {
        unclear.push(format!("/etc/firewalld/policies/{name}: policies are not understood"));
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
