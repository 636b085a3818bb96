//! One rule of nft(8): what it asks of the two packets, and what it does with them.

use super::super::rules::{Action, Addresses, Fit, Rule, is_portal_port, local_port_fit};
use crate::formats::text::harmless::firewall;
use isctpl_checks::facts::Location;

/// The words of a set `{ a, b }` or the one word that stands in its place; none where several keys are asked together
/// (`tcp dport . ip daddr`).
pub(super) fn operand<'a>(words: &mut std::slice::Iter<'_, &'a str>) -> (bool, Vec<&'a str>) {
    let mut negated = false;
    loop {
        match words.next() {
            Some(&"!=") => negated = true,
            Some(&"==" | &"&" | &"eq") => {}
            Some(&".") | None => return (negated, Vec::new()),
            Some(&"{") => {
                let inside = words.by_ref().take_while(|word| **word != "}");
                let list: Vec<&str> = inside.copied().filter(|word| *word != ",").collect();
                return (negated, if list.contains(&".") { Vec::new() } else { list });
            }
            // Without braces commas join flags: `ct state established,related`.
            Some(&first) => {
                let mut list = vec![first];
                while words.as_slice().first() == Some(&",") {
                    words.next();
                    list.extend(words.next().copied());
                }
                return (negated, list);
            }
        }
    }
}

/// Keys of one word; others have two, as `tcp dport`.
const SHORT_KEYS: [&str; 7] = ["iif", "iifname", "oif", "oifname", "mark", "skuid", "priority"];

/// Where the key begins that stands before a word, with those that it is joined to.
fn key_before(words: &[&str], end: usize) -> usize {
    let mut start = end;
    loop {
        let behind = |count: usize| start.checked_sub(count).and_then(|at| words.get(at)).copied();
        let is_short = behind(2) != Some("meta") && behind(1).is_some_and(|word| SHORT_KEYS.contains(&word));
        start = start.saturating_sub(if is_short { 1 } else { 2 });
        match start.checked_sub(1) {
            Some(joint) if words.get(joint) == Some(&".") => start = joint,
            _ => return start,
        }
    }
}

/// A map of verdicts: it does one thing or another with packets that fit what stands before its key, and have such a key.
fn verdict_map(words: &[&str], map: usize, table: &str, rule: Rule) -> Rule {
    let start = key_before(words, map);
    let key = words.get(start..map).unwrap_or_default();
    let before = rule_of(words.get(..start).unwrap_or_default(), table, rule.at.clone());
    let (request, reply) = match key.first().copied().unwrap_or_default() {
        header if OTHER_HEADERS.contains(&header) => (Fit::No, Fit::No),
        "iif" | "iifname" => (Fit::No, Fit::Maybe),
        "oif" | "oifname" => (Fit::Maybe, Fit::No),
        _ => (Fit::Maybe, Fit::Maybe),
    };
    let (request, reply) = (before.request.min(request), before.reply.min(reply));
    Rule { request, reply, text: rule.text, action: Action::Unknown, ..before }
}

/// Headers that the session's packets do not have.
const OTHER_HEADERS: [&str; 10] = ["udp", "icmp", "icmpv6", "ip6", "igmp", "sctp", "dccp", "arp", "esp", "ah"];

/// What the words of a rule ask for and do. `table` is where its jumps lead: the family and the name.
pub(crate) fn rule_of(words: &[&str], table: &str, at: Location) -> Rule {
    let text = firewall::rule(words);
    let mut rule = Rule::new(text, at);
    if let Some(map) = words.iter().position(|word| *word == "vmap")
        && !words.get(..map).is_some_and(|before| before.ends_with(&["ct", "state"]))
    {
        return verdict_map(words, map, table, rule);
    }
    let mut words = words.iter();
    while let Some(&word) = words.next() {
        let (request, reply) = match word {
            "accept" => return Rule { action: Action::Accept, ..rule },
            "drop" | "reject" => return Rule { action: Action::Drop, ..rule },
            "return" => return Rule { action: Action::Return, ..rule },
            "jump" | "goto" => {
                let target = format!("{table}/{}", words.next().copied().unwrap_or_default());
                let action = if word == "jump" { Action::Jump(target) } else { Action::Goto(target) };
                return Rule { action, ..rule };
            }
            "queue" | "dup" | "fwd" | "tproxy" | "redirect" | "dnat" | "synproxy" => {
                return Rule { action: Action::Unknown, ..rule };
            }
            // They change the near end alone, and end the chain.
            "snat" | "masquerade" => return Rule { action: Action::Accept, ..rule },
            "notrack" => return Rule { action: Action::Untrack, ..rule },
            "counter" => (Fit::Yes, Fit::Yes),
            // Objects of `counter`, words of `log` and `comment`.
            "packets" | "bytes" | "prefix" | "level" | "group" | "comment" | "flags" | "name" => {
                words.next();
                (Fit::Yes, Fit::Yes)
            }
            "log" | "all" => (Fit::Yes, Fit::Yes),
            "ct" if words.as_slice().first() == Some(&"state") => {
                words.next();
                if words.as_slice().first() == Some(&"vmap") {
                    return state_map(words.as_slice(), rule);
                }
                state_fits(&mut words)
            }
            "iif" | "iifname" => {
                let (negated, names) = operand(&mut words);
                (no_interface_fit(negated), interface_fit(negated, &names))
            }
            "oif" | "oifname" => {
                let (negated, names) = operand(&mut words);
                (interface_fit(negated, &names), no_interface_fit(negated))
            }
            "tcp" | "th" => match words.next().copied() {
                Some("dport") => port_fits(&mut words, true),
                Some("sport") => port_fits(&mut words, false),
                // Flags of single packets: what drops odd ones leaves a stream alone.
                _ => {
                    operand(&mut words);
                    (Fit::Maybe, Fit::Maybe)
                }
            },
            "meta" if matches!(words.as_slice().first(), Some(&"l4proto" | &"nfproto" | &"protocol")) => {
                words.next();
                protocol_fits(&mut words)
            }
            "ip" if words.as_slice().first() == Some(&"protocol") => {
                words.next();
                protocol_fits(&mut words)
            }
            "ip" => {
                let field = words.next().copied();
                let is_masked = words.as_slice().first() == Some(&"&");
                let (negated, list) = operand(&mut words);
                match (field, Addresses::parse(list, negated)) {
                    (Some("saddr"), Some(addresses)) if !is_masked => rule.sources.push(addresses),
                    (Some("daddr"), Some(addresses)) if !is_masked => rule.destinations.push(addresses),
                    _ => (rule.request, rule.reply) = (rule.request.min(Fit::Maybe), rule.reply.min(Fit::Maybe)),
                }
                (Fit::Yes, Fit::Yes)
            }
            other if OTHER_HEADERS.contains(&other) => (Fit::No, Fit::No),
            _ => (Fit::Maybe, Fit::Maybe),
        };
        rule.request = rule.request.min(request);
        rule.reply = rule.reply.min(reply);
        if (rule.request, rule.reply) == (Fit::No, Fit::No) {
            break;
        }
    }
    rule
}

/// A packet that leaves has not come in by any interface, and one that comes in leaves by none: the name is empty, and so
/// none of those that are named. Before Linux 5.4 a rule that asks for it takes no such packet at all (nft_meta.c).
fn no_interface_fit(negated: bool) -> Fit {
    if negated { Fit::Maybe } else { Fit::No }
}

fn interface_fit(negated: bool, names: &[&str]) -> Fit {
    if names.is_empty() {
        return Fit::Maybe;
    }
    let fit = if names.iter().all(|name| *name == "lo") { Fit::No } else { Fit::Maybe };
    fit.turned(negated)
}

fn protocol_fits(words: &mut std::slice::Iter<'_, &str>) -> (Fit, Fit) {
    let (negated, list) = operand(words);
    if list.is_empty() {
        return (Fit::Maybe, Fit::Maybe);
    }
    let known = |word: &&str| matches!(*word, "tcp" | "6" | "ipv4" | "ip");
    let fit = if list.iter().any(known) { Fit::Yes } else { Fit::No }.turned(negated);
    (fit, fit)
}

fn state_fits(words: &mut std::slice::Iter<'_, &str>) -> (Fit, Fit) {
    let (negated, list) = operand(words);
    if list.is_empty() {
        return (Fit::Maybe, Fit::Maybe);
    }
    let has = |state: &str| list.contains(&state);
    let request = match (has("new"), has("established")) {
        (true, true) => Fit::Yes,
        (false, false) => Fit::No,
        _ => Fit::Maybe,
    };
    let reply = if has("established") { Fit::Yes } else { Fit::No };
    (request.turned(negated), reply.turned(negated))
}

/// `ct state vmap { established : accept, … }`: one rule that does different things; what it does with
/// connections that stand is what counts for the reply.
fn state_map(words: &[&str], rule: Rule) -> Rule {
    let joined = words.join(" ").replace(':', " : ");
    let verdict = |state: &str| {
        let inside = joined.split(['{', '}']).nth(1)?;
        inside.split(',').filter_map(|pair| pair.split_once(':')).find_map(|(states, verdict)| {
            states.split_whitespace().any(|word| word == state).then(|| verdict.trim().to_owned())
        })
    };
    let fit = |state: &str, found: Option<String>| match found.as_deref() {
        Some("accept") if state == "established" => rule.reply,
        Some(_) => Fit::Maybe,
        None => Fit::No,
    };
    let reply = fit("established", verdict("established"));
    let request = match (verdict("new").as_deref(), verdict("established").as_deref()) {
        (Some("accept"), Some("accept")) => rule.request,
        (None, None) => Fit::No,
        _ => Fit::Maybe,
    };
    Rule { request, reply, action: Action::Accept, ..rule }
}

fn port_fits(words: &mut std::slice::Iter<'_, &str>, destination: bool) -> (Fit, Fit) {
    let (negated, list) = operand(words);
    let far = list.iter().map(|port| match is_portal_port(port) {
        Some(true) => Fit::Yes,
        Some(false) => Fit::No,
        None => Fit::Maybe,
    });
    let far = far.max().unwrap_or(Fit::Maybe).turned(negated);
    let near = list.iter().map(|port| local_port_fit(port)).max().unwrap_or(Fit::Maybe).turned(negated);
    if destination { (far, near) } else { (near, far) }
}
