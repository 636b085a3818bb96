//! Stanzas to configurations of interfaces.

use super::routes::routes_of;
use super::stanzas::{Iface, IfaceOption, Stanza};
use crate::formats::shell::SCRIPT_LIMIT;
use crate::formats::text::glob::glob_matches;
use crate::formats::text::harmless::command::redact_command_line;
use crate::formats::text::harmless::wrong_value;
use crate::formats::text::net::{classful_prefix, prefix};
use ipnet::{IpNet, Ipv4Net};
use isctpl_checks::facts::{InterfaceConfig, Located, Manager, Method, NicMatch, Problem, Rename};
use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

/// How deep `inherits` is followed.
const INHERIT_DEPTH: usize = 8;

/// The most options that a stanza has with those it inherits.
const OPTION_LIMIT: usize = 4096;

/// The most stanzas that are looked at for the sake of `inherits`, all stanzas together.
const INHERIT_LIMIT: usize = 20_000;

/// The most globs that one logical name stands for.
const GLOB_LIMIT: usize = 64;

/// The configurations that stanzas of every file together make, in their order, and the renames.
/// Stanzas of families other than IPv4 are left out.
pub fn interfaces(stanzas: &[Stanza], problems: &mut Vec<Problem>) -> (Vec<InterfaceConfig>, Vec<Rename>) {
    let known = Known::of(stanzas);
    let mut configs = Vec::new();
    let mut renames = Vec::new();
    for stanza in stanzas {
        match stanza {
            Stanza::Iface(iface) if !iface.template && is_ipv4(iface) => {
                configs.push(convert(iface, &known, problems));
            }
            Stanza::Rename { pairs, at } => renames.extend(pairs.iter().map(|(from, to)| Rename {
                at: at.clone(),
                matches: rename_match(from),
                name: to.clone(),
            })),
            _ => {}
        }
    }
    (configs, renames)
}

fn is_ipv4(iface: &Iface) -> bool {
    iface.family.as_deref().is_none_or(|family| family == "inet")
}

/// `GLOB`, `/GLOB` or `mac/ADDRESS`.
fn rename_match(from: &str) -> NicMatch {
    let mut matches = NicMatch::default();
    match from.strip_prefix("mac/") {
        Some(mac) => matches.macs.push(mac.to_ascii_lowercase()),
        None => matches.names.push(from.trim_start_matches('/').to_owned()),
    }
    matches
}

/// Names, and globs of names.
#[derive(Default)]
struct Names<'a> {
    plain: HashSet<&'a str>,
    globs: Vec<&'a str>,
}

impl<'a> Names<'a> {
    fn add(&mut self, name: &'a str) {
        if !name.contains(['*', '?', '[', '/']) {
            self.plain.insert(name);
        } else if self.globs.len() < GLOB_LIMIT {
            self.globs.push(name.trim_start_matches('/'));
        }
    }

    fn has(&self, name: &str) -> bool {
        self.plain.contains(name) || self.globs.iter().any(|glob| *glob == name || glob_matches(glob, name))
    }
}

/// What the stanzas say of names.
struct Known<'a> {
    /// What `ifup -a` brings up, which the boot waits for.
    auto: Names<'a>,
    /// What is brought up when it appears, and nobody waits for.
    hotplug: Names<'a>,
    /// Names, and globs of names, that `ifdown -a` leaves up.
    left_up: Vec<&'a str>,
    /// Globs of interfaces for a logical name, from `auto GLOB=NAME` and mappings.
    physical: HashMap<&'a str, Vec<(String, Option<String>)>>,
    by_name: HashMap<&'a str, Vec<&'a Iface>>,
    /// Stanzas looked at for `inherits`: names may refer to each other in every direction.
    inherited: Cell<usize>,
}

impl<'a> Known<'a> {
    fn of(stanzas: &'a [Stanza]) -> Self {
        let mut known = Self {
            auto: Names::default(),
            hotplug: Names::default(),
            left_up: Vec::new(),
            physical: HashMap::new(),
            by_name: HashMap::new(),
            inherited: Cell::new(0),
        };
        for stanza in stanzas {
            match stanza {
                Stanza::Allow { class, names } if class == "no-auto-down" => {
                    let room = GLOB_LIMIT.saturating_sub(known.left_up.len());
                    known.left_up.extend(names.iter().take(room).map(|name| name.trim_start_matches('/')));
                }
                Stanza::Allow { class, names } => {
                    let mut class = match class.as_str() {
                        "auto" | "boot" => Some(&mut known.auto),
                        "hotplug" => Some(&mut known.hotplug),
                        _ => None,
                    };
                    for name in names {
                        let (glob, logical) = match name.split_once('=') {
                            Some((glob, logical)) => (glob, Some(logical)),
                            None => (name.as_str(), None),
                        };
                        if let Some(logical) = logical {
                            let glob = glob.trim_start_matches('/').to_owned();
                            let globs = known.physical.entry(logical).or_default();
                            if globs.len() < GLOB_LIMIT {
                                globs.push((glob, None));
                            }
                        }
                        if let Some(class) = &mut class {
                            class.add(logical.unwrap_or(glob));
                        }
                    }
                }
                Stanza::Mapping { globs, logical, at } => {
                    for name in logical {
                        let by = format!("the mapping at {at} selects it");
                        let entry = known.physical.entry(name).or_default();
                        let room = GLOB_LIMIT.saturating_sub(entry.len());
                        entry.extend(globs.iter().take(room).map(|glob| (glob.clone(), Some(by.clone()))));
                    }
                }
                Stanza::Iface(iface) => known.by_name.entry(&iface.name).or_default().push(iface),
                Stanza::Rename { .. } => {}
            }
        }
        known
    }

    /// Whether one more stanza may be looked at.
    fn may_inherit(&self, depth: usize) -> bool {
        self.inherited.set(self.inherited.get().saturating_add(1));
        depth > 0 && self.inherited.get() <= INHERIT_LIMIT
    }

    fn options(&self, iface: &'a Iface, depth: usize) -> Vec<&'a IfaceOption> {
        let mut options = Vec::new();
        for name in &iface.inherits {
            if self.may_inherit(depth) {
                let parents = self.by_name.get(name.as_str()).into_iter().flatten();
                let same = |parent: &&&Iface| iface.family.is_none() || parent.family == iface.family;
                if let Some(parent) = parents.filter(same).find(|parent| !std::ptr::eq(**parent, iface)) {
                    options.extend(self.options(parent, depth - 1));
                }
            }
        }
        options.extend(&iface.options);
        options.truncate(OPTION_LIMIT);
        options
    }

    fn method(&self, iface: &'a Iface, depth: usize) -> Option<&'a str> {
        let own = iface.method.as_deref();
        let inherited = || {
            let parents = iface.inherits.iter().filter_map(|name| self.by_name.get(name.as_str())?.first());
            parents.filter(|_| self.may_inherit(depth)).find_map(|parent| self.method(parent, depth - 1))
        };
        own.or_else(inherited)
    }
}

fn convert<'a>(iface: &'a Iface, known: &Known<'a>, problems: &mut Vec<Problem>) -> InterfaceConfig {
    let mut config = InterfaceConfig::new(Manager::Ifupdown, iface.at.clone());
    let mut called = vec![iface.name.as_str()];
    match known.physical.get(iface.name.as_str()) {
        Some(globs) => {
            for (glob, other) in globs {
                called.push(glob);
                config.matches.names.push(glob.clone());
                config.matches.other.extend(other.clone());
            }
            config.matches.other.dedup();
        }
        None => config.matches.names.push(iface.name.trim_start_matches('/').to_owned()),
    }
    config.optional = !called.iter().any(|name| known.auto.has(name));
    config.at_boot = !config.optional || called.iter().any(|name| known.hotplug.has(name));
    config.left_up = known.left_up.iter().any(|glob| *glob == iface.name || glob_matches(glob, &iface.name));
    let options = known.options(iface, INHERIT_DEPTH);
    let mut use_dhcp = false;
    let mut netmask = None;
    for option in &options {
        match option.name.as_str() {
            "netmask" => netmask = Some(*option),
            "use" => use_dhcp |= option.value == "dhcp",
            _ => apply(option, &mut config, problems),
        }
    }
    for option in options.iter().filter(|option| option.name == "address") {
        address(option, netmask, &mut config, problems);
    }
    by_name(&iface.name, &mut config);
    config.method = match known.method(iface, INHERIT_DEPTH) {
        Some("dhcp" | "bootp") => Method::Dhcp,
        Some("static" | "ppp" | "tunnel" | "wvdial" | "ipv4ll") => Method::Static,
        Some("manual") => Method::Manual,
        Some("loopback") => Method::Loopback,
        _ if use_dhcp => Method::Dhcp,
        _ if !config.addresses.is_empty() => Method::Static,
        _ => Method::Manual,
    };
    config.unmanaged = config.method == Method::Manual && config.addresses.is_empty() && config.commands.is_empty();
    config
}

fn apply(option: &IfaceOption, config: &mut InterfaceConfig, problems: &mut Vec<Problem>) {
    let words = || option.value.split_whitespace().map(str::to_owned);
    match option.name.as_str() {
        "gateway" => match option.value.split_whitespace().next().map(str::parse::<IpAddr>) {
            Some(Ok(gateway)) => config.gateway = config.gateway.or(Some(gateway)),
            // ifupdown2 and some hooks take `none`.
            _ if option.value == "none" => {}
            _ => wrong(option, "is not an address", problems),
        },
        "mtu" => match option.value.parse() {
            Ok(mtu) => config.mtu = Some(Located::new(mtu, option.at.clone())),
            Err(_) => wrong(option, "is not an MTU", problems),
        },
        "metric" => {
            config.metric = option.value.parse().ok().map(|metric| Located::new(metric, option.at.clone()));
        }
        "vlan-raw-device" | "bond-slaves" | "slaves" | "bridge-ports" | "bond-members" => {
            config.lower.extend(words().filter(|word| word != "none"));
        }
        "vlan-id" => config.vlan = option.value.parse().ok(),
        "pre-up" | "up" | "post-up" | "down" | "pre-down" | "post-down" => {
            let text = format!("{} {}", option.name, redact_command_line(&option.value));
            config.commands.push(Located::new(text, option.at.clone()));
            if option.value.len() > SCRIPT_LIMIT {
                problems.push(Problem::new(option.at.to_string(), format!("is longer than {SCRIPT_LIMIT} bytes")));
            } else if !option.name.contains("down") {
                config
                    .routes
                    .extend(routes_of(&option.value).into_iter().map(|route| Located::new(route, option.at.clone())));
            }
        }
        _ => {}
    }
}

fn address(
    option: &IfaceOption,
    netmask: Option<&IfaceOption>,
    config: &mut InterfaceConfig,
    problems: &mut Vec<Problem>,
) {
    let text = option.value.split_whitespace().next().unwrap_or_default();
    if let Ok(net) = text.parse::<IpNet>() {
        config.addresses.push(net);
        return;
    }
    let Ok(ip) = text.parse::<IpAddr>() else {
        wrong(option, "is not an address", problems);
        return;
    };
    let net = match (ip, netmask) {
        (IpAddr::V4(ip), Some(netmask)) => prefix(&netmask.value).and_then(|prefix| Ipv4Net::new(ip, prefix).ok()),
        (IpAddr::V4(ip), None) => Ipv4Net::new(ip, classful_prefix(ip)).ok(),
        (IpAddr::V6(_), _) => return,
    };
    match (net, netmask) {
        (Some(net), _) => config.addresses.push(net.into()),
        (None, Some(netmask)) => wrong(netmask, "is not a netmask", problems),
        (None, None) => {}
    }
}

/// `eth0.47` and `vlan47` say a VLAN's id by their names, the former also what lies below.
fn by_name(name: &str, config: &mut InterfaceConfig) {
    let (lower, id) = match name.split_once('.') {
        Some((lower, id)) => (Some(lower), id),
        None => (None, name.strip_prefix("vlan").unwrap_or_default()),
    };
    if let Ok(id) = id.parse::<u16>() {
        config.vlan = config.vlan.or(Some(id));
        if let Some(lower) = lower.filter(|_| config.lower.is_empty()) {
            config.lower.push(lower.to_owned());
        }
    }
}

fn wrong(option: &IfaceOption, what: &str, problems: &mut Vec<Problem>) {
    problems.push(Problem::new(option.at.to_string(), format!("`{}` {what}", wrong_value(&option.value))));
}
