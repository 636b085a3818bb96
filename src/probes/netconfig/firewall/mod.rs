//! Firewalls that start with the system, and what they do with traffic to a portal.

#[cfg(test)]
mod tests;

use crate::formats::firewall::iptables::Table;
use crate::formats::firewall::nftables::{BaseChain, RuleSet};
use crate::formats::firewall::rules::{self, Chains, Outcome, Packet};
use crate::formats::shell::{Shell, Variables};
use crate::probes::files::Reader;
use crate::probes::units::startup::Startup;
use isctpl_checks::facts::{Firewall, Located, Location};
use std::borrow::Cow;
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
        total.untracked.extend(outcome.untracked);
    }
    total
}

fn policy_word(accept: bool) -> String {
    if accept { "accept" } else { "drop" }.to_owned()
}

/// The text of a file of rules, and its name.
type RulesFile<'a> = (Cow<'a, str>, &'a str);

/// The tables of iptables beside `filter`, and the chains that the request and the reply pass there (`nf_hook_entries` in
/// the order of `enum nf_ip_hook_priorities`). The reply is of a connection that stands, which the table nat does not see.
const OTHER_TABLES: [(&str, &[&str], &[&str]); 4] = [
    ("raw", &["OUTPUT"], &["PREROUTING"]),
    ("mangle", &["OUTPUT", "POSTROUTING"], &["PREROUTING", "INPUT"]),
    ("nat", &["OUTPUT", "POSTROUTING"], &[]),
    ("security", &["OUTPUT"], &["INPUT"]),
];

/// What the other tables of iptables' files do with both packets, after what the table filter does.
fn with_other_tables(
    files: &[RulesFile<'_>],
    ends: [Outcome; 2],
    portals: &[IpAddr],
    unclear: &mut Vec<String>,
) -> [Outcome; 2] {
    let [mut request, mut reply] = ends;
    for (name, of_request, of_reply) in OTHER_TABLES {
        let mut table = Table::named(name);
        files.iter().for_each(|(text, path)| table.add(text, path));
        let through = |chains: &[&str], packet: Packet| -> Vec<Outcome> {
            let policy = |chain| table.policies.get(chain).cloned().unwrap_or_else(|| without_policy(chain, files));
            chains.iter().map(|chain| follow(&table.chains, chain, &policy(*chain), packet, portals)).collect()
        };
        request = all(std::iter::once(request).chain(through(of_request, Packet::Request)));
        reply = all(std::iter::once(reply).chain(through(of_reply, Packet::Reply)));
        unclear.append(&mut table.unclear);
    }
    [request, reply]
}

/// A built-in chain that no line gives a policy lets pass what comes to its end.
fn without_policy(chain: &str, files: &[RulesFile<'_>]) -> (bool, Located<String>) {
    let path = files.first().map_or("", |(_, path)| path);
    (true, Located::new(format!("{chain} has no policy"), Location::file(path)))
}

/// Puts the fate of both packets into a firewall. What decides is the rule that stops one, if any.
fn firewall(kind: &str, at: Location, policies: (bool, bool), request: Outcome, reply: Outcome) -> Firewall {
    let untracked: Vec<String> = [&request, &reply]
        .into_iter()
        .filter(|outcome| outcome.is_by_state())
        .flat_map(|outcome| outcome.untracked.clone())
        .collect();
    let deciding = match (request.accepted, reply.accepted) {
        (true, false) => reply.deciding,
        _ => request.deciding,
    };
    let mut unclear = request.unclear;
    unclear.extend(untracked);
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
    let mut table = Table::default();
    let mut texts = Vec::new();
    for path in ["/etc/ufw/before.rules", "/etc/ufw/user.rules", "/etc/ufw/after.rules"] {
        // Older releases keep the user's rules elsewhere.
        let text = files.text(path).or_else(|| files.text(&path.replace("/etc/ufw/user", "/lib/ufw/user")));
        texts.push((text.unwrap_or_default(), path));
    }
    texts.iter().for_each(|(text, path)| table.add(text, path));
    // ufw itself strings these chains together, in this order.
    let strung = |table: &Table, direction: &str| {
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
    let [request, reply] = with_other_tables(&texts, [request, reply], portals, &mut table.unclear);
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
    let request = follow_hooks(&set, Packet::Request, portals);
    let reply = follow_hooks(&set, Packet::Reply, portals);
    let accepts = |hook: &str| set.bases.iter().filter(|base| base.hook == hook).all(|base| base.policy.0);
    let policies = (accepts("output"), accepts("input"));
    let mut firewall = firewall("nftables", service.at, policies, request, reply);
    firewall.unclear.extend(set.refused());
    firewall.unclear.extend(set.unclear);
    Some(firewall)
}

/// Every chain of every hook on the way has its say. Chains of one device are for the SAN NIC's packets, or are not; the
/// type nat sees only the first packet of a connection.
fn follow_hooks(set: &RuleSet, packet: Packet, portals: &[IpAddr]) -> Outcome {
    let hooks = match packet {
        Packet::Request => ["output", "postrouting", "egress"],
        Packet::Reply => ["ingress", "prerouting", "input"],
    };
    let seen =
        |base: &&BaseChain| hooks.contains(&base.hook.as_str()) && !(packet == Packet::Reply && base.kind == "nat");
    let outcomes = set.bases.iter().filter(seen).map(|base| {
        let mut outcome = follow(&set.chains, &base.name, &base.policy, packet, portals);
        let of_device = matches!(base.hook.as_str(), "ingress" | "egress");
        if of_device && !outcome.accepted {
            let by = outcome.deciding.take().map(|by| format!("{}: {}", by.at, by.value));
            outcome = Outcome { accepted: true, unclear: by.into_iter().collect(), ..outcome };
        }
        outcome
    });
    all(outcomes)
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
        let mut table = Table::default();
        table.add(&text, path);
        let texts = [(text, path)];
        let policy = |chain: &str| table.policies.get(chain).cloned().unwrap_or_else(|| without_policy(chain, &texts));
        let (output, input) = (policy("OUTPUT"), policy("INPUT"));
        let policies = (output.0, input.0);
        let request = follow(&table.chains, "OUTPUT", &output, Packet::Request, portals);
        let reply = follow(&table.chains, "INPUT", &input, Packet::Reply, portals);
        let [request, reply] = with_other_tables(&texts, [request, reply], portals, &mut table.unclear);
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
