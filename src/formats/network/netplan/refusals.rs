//! What netplan refuses, and what it stops at half way (0.106: src/parse.c, src/validation.c, src/networkd.c, and its
//! generator run).
//!
//! A null is no more than the scalar that stands there: `mtu:` is 0, `dhcp4:` is refused.

use super::keys::{self, Known, Shape};
use crate::formats::text::harmless::{plain, wrong_value};
use crate::formats::text::yaml::Node;
use isctpl_checks::facts::{Located, Location, Problem};
use std::net::{Ipv4Addr, Ipv6Addr};

/// What is told of files.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// What netplan refuses, as the rest of a sentence, and where. It then writes nothing.
    pub(super) refused: Vec<Located<String>>,
    /// What only later versions than 0.106 take.
    pub(super) later: Vec<Problem>,
    /// What is not understood, whatever the version.
    pub(super) doubts: Vec<Problem>,
    /// Something was left out, so that what seems to be missing may be there.
    pub(super) is_cut: bool,
}

impl Told {
    pub(super) fn refuse(&mut self, at: Location, what: impl Into<String>) {
        self.refused.push(Located::new(what.into(), at));
    }

    pub(super) fn doubt(&mut self, at: &Location, what: impl Into<String>) {
        self.doubts.push(Problem::new(at.to_string(), what));
    }

    /// Tells of what was left out, by a limit of isctpl's own.
    pub(super) fn cut(&mut self, at: &Location, what: impl Into<String>) {
        self.is_cut = true;
        self.doubt(at, what);
    }

    fn later(&mut self, at: &Location, what: impl Into<String>) {
        self.later.push(Problem::new(at.to_string(), what));
    }
}

/// A boolean in any of YAML 1.1's words.
pub(super) fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "on" | "yes" | "y" => Some(true),
        "false" | "off" | "no" | "n" => Some(false),
        _ => None,
    }
}

/// A number as strtoull(3) reads it; nothing is 0.
pub(super) fn number(text: &str) -> Option<u32> {
    if text.is_empty() {
        return Some(0);
    }
    let text = text.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '\x0b');
    let digits = text.strip_prefix('+').unwrap_or(text);
    // It would turn the sign of any other number round.
    if digits.strip_prefix('-').is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|digit| digit == b'0')) {
        return Some(0);
    }
    digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

/// Whether what stands before the last `/` is an address, and of which family: 4 or 6.
fn family(text: &str) -> Option<u8> {
    let address = text.rsplit_once('/').map_or(text, |(address, _)| address);
    if address.parse::<Ipv4Addr>().is_ok() {
        return Some(4);
    }
    address.parse::<Ipv6Addr>().is_ok().then_some(6)
}

/// Why an address of an interface is refused. Of the length only the digits at its beginning are looked at.
fn address(text: &str) -> Option<&'static str> {
    let Some((_, length)) = text.rsplit_once('/') else { return Some("has no length of its prefix") };
    let most = match family(text) {
        Some(4) => 32,
        Some(_) => 128,
        None => return Some("is not an address"),
    };
    let length = length.get(..length.find(|c: char| !c.is_ascii_digit()).unwrap_or(length.len())).unwrap_or_default();
    let fits = length.parse::<u32>().is_ok_and(|length| (1..=most).contains(&length));
    (!fits).then_some("has a length that its prefix cannot have")
}

fn is_mac(text: &str) -> bool {
    let pairs: Vec<&str> = text.split(':').collect();
    let is_pair = |pair: &&str| pair.len() == 2 && pair.bytes().all(|digit| digit.is_ascii_hexdigit());
    matches!(pairs.len(), 6 | 20) && pairs.iter().all(is_pair)
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Why the text of a scalar is refused.
fn scalar(shape: &Shape, text: &str) -> Option<&'static str> {
    let (fits, what) = match shape {
        Shape::Truth => (truth(text).is_some(), "is neither true nor false"),
        Shape::Number => (number(text).is_some(), "is not a whole number"),
        Shape::Of(words) => (words.contains(&text), "is no word that netplan knows here"),
        Shape::Like(words) => {
            (words.iter().any(|word| word.eq_ignore_ascii_case(text)), "is no word that netplan knows here")
        }
        Shape::Id => (is_id(text), "is not a name"),
        Shape::Mac => (is_mac(text), "is not a MAC address"),
        Shape::Ip4 => (text.parse::<Ipv4Addr>().is_ok(), "is not an address of IPv4"),
        Shape::Ip6 => (text.parse::<Ipv6Addr>().is_ok(), "is not an address of IPv6"),
        Shape::Ip => (!text.contains('/') && family(text).is_some(), "is not an address"),
        Shape::Net => (family(text).is_some(), "is not an address"),
        Shape::Destination => (text == "default" || family(text).is_some(), "is not a destination"),
        Shape::Address => return address(text),
        Shape::Drivers => (!text.contains(' '), "is not the name of a driver"),
        _ => return None,
    };
    (!fits).then_some(what)
}

/// Whether netplan takes the text of a scalar.
pub(super) fn takes(shape: &Shape, text: &str) -> bool {
    scalar(shape, text).is_none()
}

/// Looks at the whole of one file.
pub(super) struct Check<'a> {
    pub(super) path: &'a str,
    pub(super) told: &'a mut Told,
}

impl Check<'_> {
    fn at(&self, node: Node<'_>) -> Location {
        Location::line(self.path, node.line())
    }

    fn refuse(&mut self, node: Node<'_>, what: impl Into<String>) {
        self.told.refuse(self.at(node), what);
    }

    pub(super) fn file(&mut self, root: Node<'_>) {
        if !root.is_mapping() {
            return self.refuse(root, "the file is not a mapping");
        }
        for (key, node, network) in root.entries() {
            if key != "network" {
                self.refuse(node, format!("`{}` is no key that netplan takes beside `network`", wrong_value(key)));
            } else if !network.is_mapping() {
                self.refuse(network, "`network:` is not a mapping");
            } else {
                network.entries().into_iter().for_each(|(key, node, value)| self.group(key, node, value));
            }
        }
    }

    fn group(&mut self, group: &str, node: Node<'_>, value: Node<'_>) {
        match group {
            "version" => {
                let digits = |text: &str| text.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u32>().ok();
                if value.scalar().and_then(digits) != Some(2) {
                    self.refuse(value, "netplan takes version 2 only");
                }
            }
            "renderer" => self.value(&keys::RENDERERS, value),
            "openvswitch" => {}
            _ => {
                let shown = wrong_value(group);
                match keys::group(group) {
                    Known::All => {}
                    Known::Later => {
                        let at = self.at(node);
                        self.told.later(&at, format!("netplan 0.106 does not know `{shown}:`"));
                    }
                    Known::None => return self.refuse(node, format!("`{shown}` is no key of `network:`")),
                }
                if !value.is_mapping() {
                    return self.refuse(value, format!("`{shown}:` is not a mapping"));
                }
                for (id, key, body) in value.entries() {
                    if id == "renderer" {
                        self.value(&keys::RENDERERS, body);
                    } else {
                        self.definition(group, id, key, body);
                    }
                }
            }
        }
    }

    fn definition(&mut self, group: &str, id: &str, key: Node<'_>, body: Node<'_>) {
        if !is_id(id) || id.contains(['*', '[', ']', '?']) {
            self.refuse(key, format!("`{}` is not a name", wrong_value(id)));
        }
        if !body.is_mapping() {
            return self.refuse(key, format!("`{}:` is not a mapping", wrong_value(id)));
        }
        for (key, node, value) in body.entries() {
            match keys::shape(group, key) {
                // The VLAN filter of a NIC that is shared among machines.
                Some(_) if (group, key, value.scalar()) == ("vlans", "renderer", Some("sriov")) => {}
                Some(shape) => self.entry(shape, key, node, value),
                None => {
                    let what = format!(
                        "`{}` is no key of {} that isctpl knows, and netplan refuses what it does not know",
                        wrong_value(key),
                        plain(group)
                    );
                    self.refuse(node, what);
                }
            }
            if key == "routes" {
                value.items().into_iter().for_each(|route| self.route(route));
            }
            if key == "routing-policy" {
                value.items().into_iter().for_each(|rule| self.rule(rule));
            }
        }
    }

    /// A value, whose key later versions alone may have.
    fn entry(&mut self, shape: &Shape, key: &str, node: Node<'_>, value: Node<'_>) {
        match shape {
            Shape::Later => {
                let at = self.at(node);
                self.told.later(&at, format!("netplan 0.106 does not know `{}`", wrong_value(key)));
            }
            _ => self.value(shape, value),
        }
    }

    fn value(&mut self, shape: &Shape, value: Node<'_>) {
        match shape {
            Shape::Any | Shape::Later => {}
            Shape::Mapping => {
                if !value.is_mapping() {
                    self.refuse(value, "the value is not a mapping");
                }
            }
            Shape::List(of) => match value.is_sequence() {
                true => value.items().into_iter().for_each(|item| self.value(of, item)),
                false => self.refuse(value, "the value is not a list"),
            },
            Shape::Drivers if value.is_sequence() => {
                value.items().into_iter().for_each(|item| self.value(&Shape::Drivers, item));
            }
            Shape::Address if value.is_mapping() => self.address_with_options(value),
            Shape::Map(keys) => {
                if !value.is_mapping() {
                    return self.refuse(value, "the value is not a mapping");
                }
                for (key, node, value) in value.entries() {
                    match keys.iter().find(|(known, _)| *known == key) {
                        Some((_, shape)) => self.entry(shape, key, node, value),
                        None => self.refuse(node, format!("`{}` is no key that netplan takes here", wrong_value(key))),
                    }
                }
            }
            _ => match value.scalar() {
                Some(text) => {
                    if let Some(what) = scalar(shape, text) {
                        self.refuse(value, format!("`{}` {what}", wrong_value(text)));
                    }
                }
                None => self.refuse(value, "the value is not a single one"),
            },
        }
    }

    /// An address with options: a mapping, of which the first key counts. The length of its prefix is not looked at.
    fn address_with_options(&mut self, value: Node<'_>) {
        let entries = value.entries();
        let Some(&(text, node, options)) = entries.first() else {
            let at = self.at(value);
            return self.told.doubt(&at, "netplan 0.106 ends by a signal at an address that is an empty mapping");
        };
        if !text.contains('/') || family(text).is_none() {
            self.refuse(node, format!("`{}` is not an address with a prefix length", wrong_value(text)));
        }
        self.value(&keys::ADDRESS_OPTIONS, options);
    }

    /// What a route must have beside values that are right each by itself.
    fn route(&mut self, route: Node<'_>) {
        let entries = route.entries();
        let get =
            |name: &str| entries.iter().rev().find(|(key, ..)| *key == name).and_then(|(.., value)| value.scalar());
        let is = |name: &str, words: &[&str]| {
            get(name).is_some_and(|text| words.iter().any(|word| word.eq_ignore_ascii_case(text)))
        };
        let mut families = ["to", "from", "via"].into_iter().filter_map(|name| family(get(name)?));
        let first = families.next();
        if families.any(|family| Some(family) != first) {
            return self.refuse(route, "the addresses of the route are of two families");
        }
        let unicast = get("type").is_none() || is("type", &["unicast"]);
        match (get("to"), get("via")) {
            _ if !route.is_mapping() => {}
            (None, _) => self.refuse(route, "the route has no `to:`"),
            (Some(_), None) if unicast && is("scope", &["global"]) => self.refuse(route, "the route has no `via:`"),
            (Some("default"), None) if first.is_none() => {
                let at = self.at(route);
                self.told.doubt(&at, "netplan 0.106 ends by a signal at a default route without `via:`");
            }
            _ => {}
        }
    }

    /// What a rule must have.
    fn rule(&mut self, rule: Node<'_>) {
        let entries = rule.entries();
        let get = |name: &str| entries.iter().find(|(key, ..)| *key == name).and_then(|(.., value)| value.scalar());
        let families: Vec<u8> = ["to", "from"].into_iter().filter_map(|name| family(get(name)?)).collect();
        match families.as_slice() {
            _ if !rule.is_mapping() => {}
            [] => self.refuse(rule, "the rule has neither `from:` nor `to:`"),
            [one, other] if one != other => self.refuse(rule, "the addresses of the rule are of two families"),
            _ if get("type-of-service").and_then(number).is_some_and(|tos| tos > 255) => {
                self.refuse(rule, "the rule has a type of service past 255");
            }
            _ => {}
        }
    }
}
