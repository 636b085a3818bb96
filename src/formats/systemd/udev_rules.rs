//! udev rules (udev(7)), as far as they name network interfaces or run a program for them.

use crate::formats::text::harmless::is_plain;
use crate::formats::text::net::normal_mac;
use isctpl_checks::facts::{HIDDEN, Location, NicMatch, Rename};

/// Where rules lie, the directory of the highest priority first.
pub(crate) const DIRECTORIES: [&str; 5] = [
    "/etc/udev/rules.d",
    "/run/udev/rules.d",
    "/usr/local/lib/udev/rules.d",
    "/usr/lib/udev/rules.d",
    "/lib/udev/rules.d",
];

/// One `KEY{attribute} operator "value"` of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    /// Key, such as `ATTR`.
    pub key: String,
    /// What stands in braces, such as `address`.
    pub attribute: Option<String>,
    /// `==`, `!=`, `=`, `+=`, `-=` or `:=`.
    pub operator: String,
    /// Value without its quotes.
    pub value: String,
}

/// A rule: one line, continuations joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    /// The line on which it begins.
    pub at: Location,
    /// Its pairs in order. What follows something that is none is left out.
    pub pairs: Vec<Pair>,
}

/// The rules of a file in order.
pub(crate) fn parse(text: &str, path: &str) -> Vec<Rule> {
    let mut rules = Vec::new();
    let mut open: Option<(u32, String)> = None;
    for (number, raw) in (1u32..).zip(text.lines()) {
        let trimmed = raw.trim();
        if trimmed.starts_with('#') {
            continue;
        }
        let (start, mut joined) = open.take().unwrap_or((number, String::new()));
        match trimmed.strip_suffix('\\') {
            Some(piece) => {
                joined.push_str(piece);
                open = Some((start, joined));
            }
            None => {
                joined.push_str(trimmed);
                push(&mut rules, path, start, &joined);
            }
        }
    }
    if let Some((start, joined)) = open {
        push(&mut rules, path, start, &joined);
    }
    rules
}

fn push(rules: &mut Vec<Rule>, path: &str, line: u32, text: &str) {
    let mut pairs = Vec::new();
    let mut rest = text;
    while let Some((pair, after)) = next_pair(rest) {
        pairs.push(pair);
        rest = after;
    }
    if !pairs.is_empty() {
        rules.push(Rule { at: Location::line(path, line), pairs });
    }
}

fn next_pair(text: &str) -> Option<(Pair, &str)> {
    let text = text.trim_start_matches([' ', '\t', ',']);
    let key_end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))?;
    let (key, mut rest) = (text.get(..key_end)?, text.get(key_end..)?);
    let mut attribute = None;
    if let Some(inside) = rest.strip_prefix('{') {
        let (name, after) = inside.split_once('}')?;
        attribute = Some(name.to_owned());
        rest = after;
    }
    let rest = rest.trim_start();
    let operator = ["==", "!=", "+=", "-=", ":=", "="].into_iter().find(|operator| rest.starts_with(operator))?;
    let value = rest.get(operator.len()..)?.trim_start();
    // `e"…"` may hold escapes, `i"…"` ignores case.
    let value = value.strip_prefix(['e', 'i']).unwrap_or(value).strip_prefix('"')?;
    let mut end = None;
    let mut escaped = false;
    for (at, c) in value.char_indices() {
        match c {
            '"' if !escaped => {
                end = Some(at);
                break;
            }
            c => escaped = c == '\\' && !escaped,
        }
    }
    let end = end?;
    let pair = Pair {
        key: key.to_owned(),
        attribute,
        operator: operator.to_owned(),
        value: value.get(..end)?.replace("\\\"", "\""),
    };
    Some((pair, value.get(end + 1..)?))
}

/// The new name that a rule gives a network interface: `SUBSYSTEM=="net"`, `NAME="…"`. Names that are
/// put together by udev (`$env{ID_NET_NAME}`, `%k`) are those of `.link` files and are left out.
pub(crate) fn rename(rule: &Rule) -> Option<Rename> {
    let is_net = rule.pairs.iter().any(|pair| pair.key == "SUBSYSTEM" && pair.operator == "==" && pair.value == "net");
    let named =
        rule.pairs.iter().rev().find(|pair| pair.key == "NAME" && matches!(pair.operator.as_str(), "=" | ":="))?;
    if !is_net || named.value.is_empty() || named.value.contains(['$', '%']) {
        return None;
    }
    let mut matches = NicMatch::default();
    for pair in rule.pairs.iter().filter(|pair| matches!(pair.operator.as_str(), "==" | "!=")) {
        let list = match (pair.key.as_str(), pair.attribute.as_deref(), pair.operator.as_str()) {
            ("SUBSYSTEM" | "ACTION", ..) => continue,
            // What every Ethernet interface has.
            ("DRIVERS", _, "==") if pair.value == "?*" => continue,
            ("ATTR", Some("dev_id" | "type" | "dev_port"), "==") => continue,
            ("ATTR", Some("address"), "==") => {
                matches.macs.extend(pair.value.split('|').map(normal_mac));
                continue;
            }
            ("KERNEL", _, "==") => &mut matches.names,
            ("DRIVERS" | "DRIVER", _, "==") => &mut matches.drivers,
            (key, attribute, operator) => {
                let attribute = attribute.map(|name| format!("{{{name}}}")).unwrap_or_default();
                matches.other.push(format!("{key}{attribute}{operator}{}", attribute_value(key, &pair.value)));
                continue;
            }
        };
        list.extend(pair.value.split('|').map(str::to_owned));
    }
    Some(Rename { at: rule.at.clone(), matches, name: named.value.clone() })
}

/// The value that a rule compares a device's attribute with: an id of its hardware or its place. Others may be
/// anything that somebody has put into the environment.
fn attribute_value<'a>(key: &str, value: &'a str) -> &'a str {
    let of_hardware =
        matches!(key, "ATTR" | "ATTRS" | "KERNELS" | "SUBSYSTEMS" | "DEVPATH" | "KERNEL" | "DRIVERS" | "DRIVER");
    if of_hardware && is_plain(&value.replace(['|', '?'], "")) || matches!(value, "" | "?*" | "0" | "1") {
        value
    } else {
        HIDDEN
    }
}

/// The programs that a rule runs for network interfaces: `RUN+=` and `PROGRAM=`, with arguments.
pub(crate) fn programs(rule: &Rule) -> Vec<&str> {
    rule.pairs
        .iter()
        .filter(|pair| matches!(pair.key.as_str(), "RUN" | "PROGRAM" | "IMPORT"))
        .map(|pair| pair.value.as_str())
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RULES: &str = "# PCI device\nSUBSYSTEM==\"net\", ACTION==\"add\", DRIVERS==\"?*\", \\\n ATTR{address}==\"52:54:00:AA:bb:01\", ATTR{type}==\"1\", KERNEL==\"eth*\", NAME=\"eth0\"\nSUBSYSTEM==\"net\", ACTION==\"add\", RUN+=\"/lib/open-iscsi/net-interface-handler start\"\nSUBSYSTEM==\"net\", NAME==\"\", ENV{ID_NET_NAME}!=\"\", NAME=\"$env{ID_NET_NAME}\"\nKERNEL==\"sda\", NAME=\"disk\"\nnonsense\n";

    #[test]
    fn finds_fixed_names_only() {
        let rules = parse(RULES, "/r");
        assert_eq!(rules.len(), 4);
        let renames: Vec<_> = rules.iter().filter_map(rename).collect();
        assert_eq!(renames.len(), 1);
        assert_eq!(renames[0].name, "eth0");
        assert_eq!(renames[0].at, Location::line("/r", 2));
        assert_eq!(renames[0].matches.macs, ["52:54:00:aa:bb:01"]);
        assert_eq!(renames[0].matches.names, ["eth*"]);
        assert!(renames[0].matches.other.is_empty());
        assert_eq!(programs(&rules[1]), ["/lib/open-iscsi/net-interface-handler start"]);
    }

    #[test]
    fn a_truncation_anywhere_is_read() {
        for end in 0..RULES.len() {
            parse(RULES.get(..end).unwrap(), "/r").iter().for_each(|rule| drop(rename(rule)));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]
        #[test]
        fn never_panics(text in "[A-Z{}=!+:\"\\\\ ,a-c\n]{0,200}", bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
            parse(&text, "/r").iter().for_each(|rule| drop(rename(rule)));
            parse(&String::from_utf8_lossy(&bytes), "/r");
        }
    }
}
