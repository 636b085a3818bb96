//! The names that rules give to NICs when these appear.
//!
//! A rule is held against what every NIC of hardware has: it is added, it is of the subsystem `net`, of Ethernet's type,
//! and has no driver itself (its parent has). What is left of its conditions says for which NICs it is.

use super::rules::{Rule, rules};
use super::tokens::Pair;
use crate::formats::text::glob::glob_matches;
use crate::formats::text::harmless::is_plain;
use isctpl_checks::facts::{HIDDEN, NicMatch, Problem, Rename, Source};
use std::collections::{HashMap, HashSet};

/// The most rules that name NICs; real ones have a line for each NIC.
const RENAME_LIMIT: usize = 1024;

/// What has been read so far.
#[derive(Default)]
pub(crate) struct Names {
    renames: Vec<Rename>,
    /// Those by `:=`: no later one counts.
    finals: Vec<Rename>,
    /// Whether a rule that is not among these may have given a name.
    may_have_other: bool,
    is_full: bool,
    problems: Vec<Problem>,
}

/// What is left of a rule's conditions.
#[derive(Default, Clone, PartialEq, Eq)]
struct Left {
    matches: NicMatch,
    /// Only for those NICs that no earlier rule has named.
    has_no_name: bool,
}

/// Whether a NIC of hardware meets a condition.
enum Holds {
    Always,
    Never,
    /// For those NICs.
    For,
    Unknown,
}

impl Names {
    /// Reads a file after those whose names sort before it. `other` is given every rule, too.
    pub(crate) fn read(&mut self, text: &str, path: &str, other: &mut dyn FnMut(&Rule)) {
        let mut jumps = Jumps::of(text, path);
        for rule in rules(text, path) {
            match rule {
                Ok(rule) => {
                    other(&rule);
                    self.rule(&rule, &mut jumps);
                }
                Err(problem) => self.ignored(problem),
            }
        }
    }

    /// The names in order: of those for one NIC the last one holds. And what was not read.
    pub(crate) fn finish(mut self) -> (Vec<Rename>, Vec<Problem>) {
        self.finals.reverse();
        self.renames.append(&mut self.finals);
        (self.renames, self.problems)
    }

    /// A line that udev ignores, told once: it is no doubt, since udev goes by the rest.
    fn ignored(&mut self, mut problem: Problem) {
        if !self.problems.iter().any(|told| told.source == Source::Other) {
            problem.source = Source::Other;
            self.problems.push(problem);
        }
    }

    fn rule(&mut self, rule: &Rule, jumps: &mut Jumps) {
        jumps.arrive(rule);
        if jumps.is_over() {
            return;
        }
        let mut names = rule.pairs.iter().filter(|pair| pair.key == "NAME" && !pair.is_match());
        let is_final = |pair: &&Pair| pair.operator == ":=";
        let assigned = names.clone().find(is_final).or_else(|| names.next_back());
        let goto = rule.pairs.iter().find(|pair| pair.key == "GOTO");
        if assigned.is_none() && goto.is_none() {
            return;
        }
        let mut left = Left::default();
        if !self.conditions(rule, &mut left) {
            return;
        }
        if jumps.may_be_over() {
            left.matches.other.push("GOTO".to_owned());
        }
        if let Some(named) = assigned {
            self.rename(rule, named, left.clone());
        }
        if let Some(goto) = goto {
            jumps.jump(&goto.value, left == Left::default());
        }
    }

    fn rename(&mut self, rule: &Rule, named: &Pair, left: Left) {
        let Left { mut matches, has_no_name } = left;
        // What udev puts together of its own properties are the names of `.link` files.
        if named.value.contains("ID_NET_") {
            self.may_have_other = true;
            return;
        }
        if self.renames.len() + self.finals.len() == RENAME_LIMIT {
            if !self.is_full {
                let what = format!("more than {RENAME_LIMIT} rules of udev name NICs; the rest is not read");
                self.problems.push(Problem::new(rule.at.to_string(), what));
            }
            (self.is_full, self.may_have_other) = (true, true);
            return;
        }
        let is_name = |name: &str| {
            name.len() < 16 && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'@'))
        };
        let name = if is_name(&named.value) {
            named.value.clone()
        } else {
            let is_shown = is_plain(&named.value.replace(['$', '%', '{', '}'], ""));
            let name = format!("NAME={}", if is_shown { &named.value } else { HIDDEN });
            matches.other.push(name.clone());
            name
        };
        match (named.operator, has_no_name) {
            (":=", true) => {
                matches.other.push("NAME==".to_owned());
                self.finals.push(Rename { at: rule.at.clone(), matches, name });
            }
            (":=", false) => self.finals.push(Rename { at: rule.at.clone(), matches, name }),
            // Any earlier one that fits goes before it.
            (_, true) => self.renames.insert(0, Rename { at: rule.at.clone(), matches, name }),
            (_, false) => self.renames.push(Rename { at: rule.at.clone(), matches, name }),
        }
    }

    /// What is left of a rule's conditions; `false` where no NIC of hardware meets them.
    fn conditions(&self, rule: &Rule, left: &mut Left) -> bool {
        let is_of_parents = |key: &str| matches!(key, "KERNELS" | "SUBSYSTEMS" | "DRIVERS" | "ATTRS" | "TAGS");
        let (of_parents, own): (Vec<&Pair>, Vec<&Pair>) = rule.pairs.iter().partition(|pair| is_of_parents(&pair.key));
        for pair in own {
            match self.own(pair, left) {
                Holds::Always | Holds::For => {}
                Holds::Never => return false,
                Holds::Unknown => left.matches.other.push(as_written(pair)),
            }
        }
        let matches = &mut left.matches;
        match parents(&of_parents, matches) {
            Holds::Always | Holds::For => {}
            Holds::Never => return false,
            Holds::Unknown => matches.other.extend(of_parents.iter().map(|pair| as_written(pair))),
        }
        true
    }

    /// A condition on the NIC itself.
    fn own(&self, pair: &Pair, left: &mut Left) -> Holds {
        let matches = &mut left.matches;
        let attribute = pair.attribute.as_deref();
        match (pair.key.as_str(), attribute) {
            // These run something, and go by whether that works, however they are written.
            ("PROGRAM" | "IMPORT" | "WAIT_FOR" | "WAIT_FOR_SYSFS", _) => Holds::Unknown,
            _ if !pair.is_match() => Holds::Always,
            _ if pair.ignores_case => Holds::Unknown,
            ("ACTION", _) | ("ENV", Some("ACTION")) => is(pair, "add"),
            ("SUBSYSTEM", _) if matches!(pair.value.as_str(), "subsystem" | "bus" | "class") => {
                if pair.operator == "==" { Holds::Never } else { Holds::Always }
            }
            ("SUBSYSTEM", _) | ("ENV", Some("SUBSYSTEM")) => is(pair, "net"),
            ("DRIVER", _) | ("ENV", Some("DEVTYPE")) => is(pair, ""),
            ("NAME", _) if self.may_have_other => Holds::Unknown,
            ("NAME", _) if self.renames.is_empty() && self.finals.is_empty() => is(pair, ""),
            ("NAME", _) if matches!((pair.operator, pair.value.as_str()), ("==", "") | ("!=", "?*")) => {
                left.has_no_name = true;
                Holds::For
            }
            ("KERNEL", _) | ("ENV", Some("INTERFACE")) => names(pair, matches),
            ("ATTR", Some("address")) => address(pair, matches),
            ("ATTR", Some("type")) => is(pair, "1"),
            // What a NIC with one port has.
            ("ATTR", Some("dev_id")) => likely(pair, "0x0"),
            ("ATTR", Some("dev_port")) => likely(pair, "0"),
            _ => Holds::Unknown,
        }
    }
}

/// Conditions that have to hold together for the NIC or for one device above it.
fn parents(pairs: &[&Pair], matches: &mut NicMatch) -> Holds {
    let of_itself = |pair: &&&Pair| match pair.key.as_str() {
        _ if pair.ignores_case => false,
        "DRIVERS" => fits(pair, ""),
        "SUBSYSTEMS" => fits(pair, "net"),
        _ => false,
    };
    if pairs.iter().all(|pair| of_itself(&pair)) {
        return Holds::Always;
    }
    match pairs {
        [pair] if pair.ignores_case => Holds::Unknown,
        // The devices above have no address.
        [pair] if pair.key == "ATTRS" && pair.attribute.as_deref() == Some("address") => address(pair, matches),
        [pair] if pair.key == "DRIVERS" && pair.operator == "==" => {
            matches.drivers = if pair.value == "?*" { vec!["?*".to_owned()] } else { alternatives(pair) };
            Holds::For
        }
        _ => Holds::Unknown,
    }
}

/// The alternatives of a value that are not empty.
fn alternatives(pair: &Pair) -> Vec<String> {
    pair.value.split('|').filter(|one| !one.is_empty()).map(str::to_owned).collect()
}

/// Whether a text is what a pair wants (`token_match_string`).
fn fits(pair: &Pair, text: &str) -> bool {
    let value = pair.value.as_str();
    let is_pattern = value.contains(['*', '?', '[']);
    let matched = match value {
        "" => text.is_empty(),
        "?*" => !text.is_empty(),
        value if text.is_empty() && value.split('|').any(str::is_empty) => true,
        value => value.split('|').filter(|one| !one.is_empty()).any(|one| match is_pattern {
            true => glob_matches(one, text),
            false => one == text,
        }),
    };
    matched == (pair.operator == "==")
}

fn is(pair: &Pair, text: &str) -> Holds {
    if fits(pair, text) { Holds::Always } else { Holds::Never }
}

fn likely(pair: &Pair, text: &str) -> Holds {
    if fits(pair, text) { Holds::Always } else { Holds::Unknown }
}

/// The kernel's name of the NIC.
fn names(pair: &Pair, matches: &mut NicMatch) -> Holds {
    let is_wanted = pair.operator == "==";
    match pair.value.as_str() {
        "" => return if is_wanted { Holds::Never } else { Holds::Always },
        "?*" => return if is_wanted { Holds::Always } else { Holds::Never },
        // No NIC of hardware.
        "lo" => return if is_wanted { Holds::Never } else { Holds::Always },
        // In a plain text a `\` is one, in a pattern it is not; a `!` would say the opposite.
        value if value.contains(['\\', '!']) => return Holds::Unknown,
        _ => {}
    }
    let has_wanted = matches.names.iter().any(|name| !name.starts_with('!'));
    match is_wanted {
        true if has_wanted => Holds::Unknown,
        true => {
            matches.names.extend(alternatives(pair));
            if matches.names.is_empty() { Holds::Never } else { Holds::For }
        }
        false => {
            matches.names.extend(alternatives(pair).into_iter().map(|name| format!("!{name}")));
            Holds::For
        }
    }
}

/// The MAC address. The kernel writes it in small letters and with colons; nothing else is ever the same.
fn address(pair: &Pair, matches: &mut NicMatch) -> Holds {
    let mut can_be = alternatives(pair);
    let is_pattern = pair.value.contains(['*', '?', '[']);
    can_be.retain(|one| is_pattern || one.len() == 17 && one.bytes().all(is_of_address));
    match (pair.value.as_str(), pair.operator) {
        ("", "==") | ("?*", "!=") => Holds::Never,
        ("", _) | ("?*", _) => Holds::Always,
        (_, "==") if can_be.is_empty() => Holds::Never,
        _ if can_be.is_empty() => Holds::Always,
        (_, "==") if !is_pattern && matches.macs.is_empty() => {
            matches.macs = can_be;
            Holds::For
        }
        _ => Holds::Unknown,
    }
}

fn is_of_address(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte) || byte == b':'
}

/// The condition, with what it compares where that is an id of hardware or its place. Others may be anything that
/// somebody has put into the environment.
fn as_written(pair: &Pair) -> String {
    let of_hardware = matches!(
        pair.key.as_str(),
        "ATTR" | "ATTRS" | "KERNELS" | "SUBSYSTEMS" | "DEVPATH" | "KERNEL" | "DRIVERS" | "DRIVER"
    );
    let value = pair.value.as_str();
    let is_shown = of_hardware && is_plain(&value.replace(['|', '?'], "")) || matches!(value, "" | "?*" | "0" | "1");
    format!("{}{}", pair.head(), if is_shown { value } else { HIDDEN })
}

/// Where a file jumps to.
struct Jumps {
    /// How many lines have each label, from here on.
    labels: HashMap<String, usize>,
    /// The label up to which nothing counts.
    over: Option<String>,
    /// Those up to which nothing may count.
    maybe: HashSet<String>,
}

impl Jumps {
    fn of(text: &str, path: &str) -> Self {
        let mut labels: HashMap<String, usize> = HashMap::new();
        // Most files have none, and need not be read twice.
        if text.contains("GOTO") {
            for rule in rules(text, path).filter_map(Result::ok) {
                if let Some(label) = label(&rule) {
                    *labels.entry(label.to_owned()).or_default() += 1;
                }
            }
        }
        Self { labels, over: None, maybe: HashSet::new() }
    }

    /// At a rule, which may have a label.
    fn arrive(&mut self, rule: &Rule) {
        let Some(label) = label(rule) else { return };
        if let Some(left) = self.labels.get_mut(label) {
            *left = left.saturating_sub(1);
        }
        self.maybe.remove(label);
        if self.over.as_deref() == Some(label) {
            self.over = None;
        }
    }

    fn is_over(&self) -> bool {
        self.over.is_some()
    }

    fn may_be_over(&self) -> bool {
        !self.maybe.is_empty()
    }

    /// To the next line with a label, if there is one.
    fn jump(&mut self, label: &str, always: bool) {
        if self.labels.get(label).is_none_or(|left| *left == 0) {
            return;
        }
        match always {
            true => self.over = Some(label.to_owned()),
            false => drop(self.maybe.insert(label.to_owned())),
        }
    }
}

/// The label of a rule: its last one.
fn label(rule: &Rule) -> Option<&str> {
    rule.pairs.iter().rev().find(|pair| pair.key == "LABEL").map(|pair| pair.value.as_str())
}
