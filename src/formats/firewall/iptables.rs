//! Rule sets as iptables-save(8) writes them: `rules.v4`, and ufw's files.

use super::rules::{Action, Addresses, Chains, Fit, Packet, Rule, is_portal_port, local_port_fit};
use crate::formats::systemd::split_words;
use crate::formats::text::harmless::firewall;
use isctpl_checks::facts::{Located, Location};
use std::collections::HashMap;

/// The most rules of one rule set.
const RULE_LIMIT: usize = 20_000;

/// The name of the table that filters.
const FILTER: &str = "filter";

/// One table of one or more files.
#[derive(Debug)]
pub(crate) struct Table {
    name: &'static str,
    pub(crate) chains: Chains,
    /// Policies of built-in chains: whether packets pass, and the line that says so.
    pub(crate) policies: HashMap<String, (bool, Located<String>)>,
    count: usize,
    /// Lines of the table that are none of iptables-save's.
    pub(crate) unclear: Vec<String>,
}

impl Default for Table {
    fn default() -> Self {
        Self::named(FILTER)
    }
}

impl Table {
    /// The table of this name: `raw`, `mangle`, `nat`, `filter`, `security`.
    pub(crate) fn named(name: &'static str) -> Self {
        Self { name, chains: Chains::new(), policies: HashMap::new(), count: 0, unclear: Vec::new() }
    }

    /// Adds a file's part for this table. A file without any `*` line is the table `filter`.
    pub(crate) fn add(&mut self, text: &str, path: &str) {
        let has_tables = text.lines().any(|line| line.starts_with('*'));
        let mut in_table = !has_tables && self.name == FILTER;
        for (number, line) in (1u32..).zip(text.lines()) {
            let line = line.trim();
            let at = Location::line(path, number);
            match line.chars().next() {
                None | Some('#') => {}
                Some('*') => in_table = line.get(1..).map(str::trim) == Some(self.name),
                Some(_) if !in_table || line == "COMMIT" => {}
                Some(':') => self.chain(line, at),
                Some(_) if self.count >= RULE_LIMIT => {}
                Some(_) => self.rule(line, at),
            }
        }
        if self.count >= RULE_LIMIT {
            self.unclear.push(format!("{path}: more than {RULE_LIMIT} rules"));
        }
    }

    /// `:CHAIN POLICY [packets:bytes]`; chains of one's own have `-` for a policy.
    fn chain(&mut self, line: &str, at: Location) {
        let mut words = line.trim_start_matches(':').split_whitespace();
        let Some(name) = words.next() else { return };
        self.chains.entry(name.to_owned()).or_default();
        if let Some(policy @ ("ACCEPT" | "DROP")) = words.next() {
            self.policies
                .insert(name.to_owned(), (policy == "ACCEPT", Located::new(firewall::rule(&split_words(line)), at)));
        }
    }

    /// `-A CHAIN …` and `-I CHAIN [N] …`.
    fn rule(&mut self, line: &str, at: Location) {
        self.count += 1;
        let words = split_words(line);
        let mut words = words.iter().map(String::as_str).skip_while(|word| word.starts_with('['));
        let (command, chain) = (words.next(), words.next());
        let insert = match (command, chain) {
            (Some("-A" | "--append"), Some(_)) => false,
            (Some("-I" | "--insert"), Some(_)) => true,
            (Some("-P" | "--policy"), Some(chain)) => {
                let accept = words.next() == Some("ACCEPT");
                self.policies.insert(chain.to_owned(), (accept, Located::new(firewall::rule(&split_words(line)), at)));
                return;
            }
            (Some("-N" | "-F" | "-X" | "-Z"), _) => return,
            _ => {
                self.unclear.push(format!("{at}: {}", firewall::rule(&split_words(line))));
                return;
            }
        };
        let rest: Vec<&str> = words.collect();
        let rule = rule_of(&rest, Rule::new(firewall::rule(&split_words(line)), at));
        let chain = self.chains.entry(chain.unwrap_or_default().to_owned()).or_default();
        if insert {
            chain.insert(0, rule);
        } else {
            chain.push(rule);
        }
    }
}

/// What a rule's words ask for and do.
fn rule_of(words: &[&str], mut rule: Rule) -> Rule {
    let mut fits = [Fit::Yes; 2];
    let mut narrow = |fit: [Fit; 2], negated: bool| {
        for (have, fit) in fits.iter_mut().zip(fit) {
            *have = (*have).min(fit.turned(negated));
        }
    };
    let both = |fit: Fit| [fit, fit];
    let mut negated = false;
    let mut words = words.iter().copied();
    while let Some(word) = words.next() {
        if word == "!" {
            negated = true;
            continue;
        }
        let was_negated = std::mem::take(&mut negated);
        match word {
            "-j" | "--jump" => {
                let name = words.next().unwrap_or_default();
                let untracked = name == "NOTRACK" || (name == "CT" && words.by_ref().any(|word| word == "--notrack"));
                rule.action = if untracked { Action::Untrack } else { target(name) };
                // What follows are options of the target.
                break;
            }
            "-g" | "--goto" => rule.action = Action::Goto(words.next().unwrap_or_default().to_owned()),
            "-p" | "--protocol" => {
                let tcp = matches!(words.next(), Some("tcp" | "6" | "all" | "0"));
                narrow(both(if tcp { Fit::Yes } else { Fit::No }), was_negated);
            }
            "-i" | "--in-interface" => {
                narrow([Fit::No, interface_fit(words.next())], was_negated);
            }
            "-o" | "--out-interface" => {
                narrow([interface_fit(words.next()), Fit::No], was_negated);
            }
            "--dport" | "--dports" | "--destination-port" | "--destination-ports" => {
                let list = words.next().unwrap_or_default();
                narrow([ports(list, Packet::Request), ports(list, Packet::Reply)], was_negated);
            }
            "--sport" | "--sports" | "--source-port" | "--source-ports" => {
                let list = words.next().unwrap_or_default();
                narrow([ports(list, Packet::Reply), ports(list, Packet::Request)], was_negated);
            }
            "--ctstate" | "--state" => {
                let states = words.next().unwrap_or_default();
                // The request may be the first that connection tracking sees, or one of many.
                let has = |state: &str| states.split(',').any(|it| it.eq_ignore_ascii_case(state));
                let request = match (has("NEW"), has("ESTABLISHED")) {
                    (true, true) => Fit::Yes,
                    (true, false) | (false, true) => Fit::Maybe,
                    (false, false) => Fit::No,
                };
                narrow([request, if has("ESTABLISHED") { Fit::Yes } else { Fit::No }], was_negated);
            }
            "-m" | "--match" => match words.next() {
                Some("conntrack" | "state" | "tcp" | "comment" | "multiport" | "owner") => {}
                _ => narrow(both(Fit::Maybe), false),
            },
            "--comment" => {
                words.next();
            }
            // `--syn`: the first packet of a connection only.
            "--syn" => narrow([Fit::Maybe, Fit::No], was_negated),
            "-s" | "-d" | "--source" | "--src" | "--destination" | "--dst" => {
                let is_source = matches!(word, "-s" | "--source" | "--src");
                match Addresses::parse(words.next().unwrap_or_default().split(','), was_negated) {
                    Some(addresses) if is_source => rule.sources.push(addresses),
                    Some(addresses) => rule.destinations.push(addresses),
                    None => narrow(both(Fit::Maybe), false),
                }
            }
            // The socket of the session is iscsid's, and packets that arrive have none yet.
            "--uid-owner" => {
                let fit = match words.next() {
                    Some("0" | "root") => Fit::Yes,
                    Some(uid) if uid.bytes().all(|byte| byte.is_ascii_digit()) => Fit::No,
                    _ => Fit::Maybe,
                };
                narrow([fit, Fit::No], was_negated);
            }
            word if word.starts_with('-') => narrow(both(Fit::Maybe), false),
            _ => {}
        }
    }
    [rule.request, rule.reply] = fits;
    rule
}

fn interface_fit(name: Option<&str>) -> Fit {
    match name {
        Some("lo") => Fit::No,
        Some("+") => Fit::Yes,
        _ => Fit::Maybe,
    }
}

/// Whether one of a list of ports fits: the portal's for the far end of the packet, any other for the near end.
fn ports(list: &str, far_end_of: Packet) -> Fit {
    let fit = |port: &str| match far_end_of {
        Packet::Request => match is_portal_port(port) {
            Some(true) => Fit::Yes,
            Some(false) => Fit::No,
            None => Fit::Maybe,
        },
        Packet::Reply => local_port_fit(port),
    };
    list.split(',').map(fit).max().unwrap_or(Fit::Maybe)
}

/// Targets after which the next rule is asked (iptables-extensions(8)).
const GOES_ON: [&str; 24] = [
    "LOG",
    "NFLOG",
    "ULOG",
    "AUDIT",
    "TRACE",
    "MARK",
    "CONNMARK",
    "SECMARK",
    "CONNSECMARK",
    "HMARK",
    "TCPMSS",
    "TCPOPTSTRIP",
    "TOS",
    "DSCP",
    "ECN",
    "TTL",
    "HL",
    "CLASSIFY",
    "CHECKSUM",
    "SET",
    "RATEEST",
    "IDLETIMER",
    "LED",
    "TEE",
];

/// Targets that send the packet elsewhere, change an end of it, or leave it to a program.
const TURNS: [&str; 11] =
    ["QUEUE", "NFQUEUE", "DNAT", "REDIRECT", "NETMAP", "TPROXY", "SYNPROXY", "TARPIT", "STEAL", "MIRROR", "RAWDNAT"];

fn target(name: &str) -> Action {
    match name {
        "ACCEPT" => Action::Accept,
        "DROP" | "REJECT" => Action::Drop,
        "RETURN" => Action::Return,
        // They change the near end alone, and end the table nat.
        "SNAT" | "MASQUERADE" => Action::Accept,
        "CT" => Action::Next,
        name if GOES_ON.contains(&name) => Action::Next,
        name if TURNS.contains(&name) => Action::Unknown,
        name => Action::Jump(name.to_owned()),
    }
}
