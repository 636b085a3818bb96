//! Stanzas to configurations of interfaces.

use super::file::{Iface, IfaceOption, Stanza};
use super::ports;
use super::refusals::{doubt, gives_up, with_length};
use super::routes::routes_of;
use crate::formats::text::glob::glob_matches;
use crate::formats::text::harmless::command::redact_command_line;
use crate::formats::text::harmless::{plain, wrong_value};
use crate::formats::text::net::{classful_prefix, prefix};
use ipnet::{IpNet, Ipv4Net};
use isctpl_checks::facts::{InterfaceConfig, Located, Location, Manager, Method, NicMatch, Problem, Rename};
use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

/// How deep `inherits` is followed.
const INHERIT_DEPTH: usize = 8;

/// How much stanzas may be given by mappings and `inherits`, all together and in bytes: every option and every name
/// counts [`ITEM`] bytes more than it has. A host with four thousand VLANs that inherit five options has some 2 MB.
const WEIGHT_LIMIT: usize = 4 << 20;

/// What an option or a name weighs beside its own bytes.
const ITEM: usize = 64;

/// The most globs that stand in one list, or for one logical name.
const GLOB_LIMIT: usize = 64;

/// The configurations that stanzas of every file together make, in their order, and the renames.
/// Stanzas of families other than IPv4 are left out. `strict` is for ifupdown itself, which gives up on a stanza that
/// ifupdown2 and ifupdown-ng make something of.
pub(crate) fn interfaces(
    stanzas: &[Stanza],
    strict: bool,
    problems: &mut Vec<Problem>,
) -> (Vec<InterfaceConfig>, Vec<Rename>) {
    let known = Known::of(stanzas, problems);
    let mut configs: Vec<InterfaceConfig> = Vec::new();
    let mut renames = Vec::new();
    // Interfaces that ifupdown has given up on: it passes over their further stanzas.
    let mut given_up: HashMap<&str, Located<String>> = HashMap::new();
    for stanza in stanzas {
        if let Stanza::Iface(iface) = stanza
            && let Some(what) = doubt(iface).filter(|_| strict)
        {
            problems.push(Problem::new(iface.at.to_string(), what));
        }
        match stanza {
            Stanza::Iface(iface) if !iface.template && is_ipv4(iface) => {
                let was_told = known.weight.get() > WEIGHT_LIMIT;
                let mut config = convert(iface, &known, strict, problems);
                config.given_up = config.given_up.or_else(|| given_up.get(iface.name.as_str()).cloned());
                if let Some(why) = &config.given_up {
                    given_up.insert(&iface.name, why.clone());
                }
                configs.push(config);
                if !was_told && known.weight.get() > WEIGHT_LIMIT {
                    let what = "mappings and `inherits` give the stanzas more than isctpl reads; from this one on, \
                                only what a stanza says itself was read";
                    problems.push(Problem::new(iface.at.to_string(), what));
                }
            }
            // Of what is no IPv4 it counts alone whether ifupdown goes on behind it.
            Stanza::Iface(iface) if strict && lacks_address_of_ipv6(iface) => {
                let why = Located::new("the stanza has no address".to_owned(), iface.at.clone());
                given_up.entry(&iface.name).or_insert(why);
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

fn lacks_address_of_ipv6(iface: &Iface) -> bool {
    let kind = (iface.family.as_deref(), iface.method.as_deref());
    let has_address = || iface.options.iter().any(|option| option.name == "address");
    kind == (Some("inet6"), Some("static")) && iface.inherits.is_empty() && !has_address()
}

pub(super) fn is_ipv4(iface: &Iface) -> bool {
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
    /// Adds a name; whether there was room for it.
    fn add(&mut self, name: &'a str) -> bool {
        if !name.contains(['*', '?', '[', '/']) {
            self.plain.insert(name);
            return true;
        }
        push_within(&mut self.globs, name.trim_start_matches('/'))
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
    physical: HashMap<&'a str, Vec<Physical<'a>>>,
    by_name: HashMap<&'a str, Vec<&'a Iface>>,
    /// What the configurations hold so far: names may refer to each other in every direction.
    weight: Cell<usize>,
}

/// What gives a logical name to interfaces.
enum Physical<'a> {
    /// `auto GLOB=NAME`.
    Glob(&'a str),
    /// A mapping, by its globs and its place.
    Mapping(&'a [String], &'a Location),
}

/// Adds to a list of globs; whether there was room for it.
fn push_within<T>(globs: &mut Vec<T>, glob: T) -> bool {
    let fits = globs.len() < GLOB_LIMIT;
    if fits {
        globs.push(glob);
    }
    fits
}

fn too_many_globs(at: &Location) -> Problem {
    Problem::new(at.to_string(), format!("there are more than {GLOB_LIMIT} globs for the same; the rest is not read"))
}

impl<'a> Known<'a> {
    fn of(stanzas: &'a [Stanza], problems: &mut Vec<Problem>) -> Self {
        let mut known = Self {
            auto: Names::default(),
            hotplug: Names::default(),
            left_up: Vec::new(),
            physical: HashMap::new(),
            by_name: HashMap::new(),
            weight: Cell::new(0),
        };
        for stanza in stanzas {
            match stanza {
                Stanza::Allow { class, names, at } if class == "no-auto-down" => {
                    let mut globs = names.iter().map(|name| name.trim_start_matches('/'));
                    if !globs.all(|glob| push_within(&mut known.left_up, glob)) {
                        problems.push(too_many_globs(at));
                    }
                }
                Stanza::Allow { class, names, at } => {
                    let mut fits = true;
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
                            let physical = Physical::Glob(glob.trim_start_matches('/'));
                            fits &= push_within(known.physical.entry(logical).or_default(), physical);
                        }
                        if let Some(class) = &mut class {
                            fits &= class.add(logical.unwrap_or(glob));
                        }
                    }
                    problems.extend((!fits).then(|| too_many_globs(at)));
                }
                Stanza::Mapping { globs, logical, at } => {
                    let mut fits = true;
                    for name in logical {
                        let physical = Physical::Mapping(globs, at);
                        fits &= push_within(known.physical.entry(name).or_default(), physical);
                    }
                    problems.extend((!fits).then(|| too_many_globs(at)));
                }
                Stanza::Iface(iface) => known.by_name.entry(&iface.name).or_default().push(iface),
                Stanza::Rename { .. } => {}
            }
        }
        known
    }

    /// Whether this much more may be held.
    fn spend(&self, weight: usize) -> bool {
        self.weight.set(self.weight.get().saturating_add(weight));
        self.weight.get() <= WEIGHT_LIMIT
    }

    fn options(&self, iface: &'a Iface, depth: usize) -> Vec<&'a IfaceOption> {
        let mut options = Vec::new();
        for name in &iface.inherits {
            if depth > 0 && self.spend(ITEM) {
                let parents = self.by_name.get(name.as_str()).into_iter().flatten();
                let same = |parent: &&&Iface| iface.family.is_none() || parent.family == iface.family;
                if let Some(parent) = parents.filter(same).find(|parent| !std::ptr::eq(**parent, iface)) {
                    options.extend(self.options(parent, depth - 1));
                }
            }
        }
        options.extend(
            iface.options.iter().take_while(|option| depth == INHERIT_DEPTH || self.spend(ITEM + option.value.len())),
        );
        options
    }

    /// Whether all that a stanza inherits is among its options: each parent is there, of its own family, and inherits
    /// nothing itself.
    fn is_whole(&self, iface: &Iface) -> bool {
        iface.inherits.iter().all(|name| {
            let parents = self.by_name.get(name.as_str()).into_iter().flatten();
            let mut parents = parents.filter(|parent| !std::ptr::eq(**parent, iface));
            parents.next().is_some_and(|first| {
                first.inherits.is_empty()
                    && first.family.is_some()
                    && first.family == iface.family
                    && parents.next().is_none()
            })
        })
    }

    fn method(&self, iface: &'a Iface, depth: usize) -> Option<&'a str> {
        let own = iface.method.as_deref();
        let inherited = || {
            let parents = iface.inherits.iter().filter_map(|name| self.by_name.get(name.as_str())?.first());
            parents.filter(|_| depth > 0 && self.spend(ITEM)).find_map(|parent| self.method(parent, depth - 1))
        };
        own.or_else(inherited)
    }

    /// The globs of the interfaces that have a stanza's name as a logical one, and where a mapping says so.
    fn physical_of(&self, iface: &Iface, problems: &mut Vec<Problem>) -> Option<Vec<(&'a str, Option<&'a Location>)>> {
        let globs = self.physical.get(iface.name.as_str())?.iter().flat_map(|physical| {
            let (globs, one, at) = match physical {
                Physical::Glob(glob) => (&[][..], Some(*glob), None),
                Physical::Mapping(globs, at) => (*globs, None, Some(*at)),
            };
            globs.iter().map(String::as_str).chain(one).map(move |glob| (glob, at))
        });
        if globs.clone().nth(GLOB_LIMIT).is_some() {
            problems.push(too_many_globs(&iface.at));
        }
        Some(globs.take(GLOB_LIMIT).take_while(|(glob, _)| self.spend(ITEM + glob.len())).collect())
    }

    /// Whether one of the names is in a list, which is work for each glob in it.
    fn lists(&self, names: &Names<'_>, called: &[&str]) -> bool {
        called
            .iter()
            .enumerate()
            .any(|(index, name)| (index == 0 || self.spend(ITEM * names.globs.len() / 4)) && names.has(name))
    }
}

fn convert<'a>(iface: &'a Iface, known: &Known<'a>, strict: bool, problems: &mut Vec<Problem>) -> InterfaceConfig {
    let mut config = InterfaceConfig::new(Manager::Ifupdown, iface.at.clone());
    let mut called = vec![iface.name.as_str()];
    match known.physical_of(iface, problems) {
        Some(globs) => {
            for (glob, mapping) in globs {
                called.push(glob);
                config.matches.names.push(glob.to_owned());
                config.matches.other.extend(mapping.map(|at| format!("the mapping at {at} selects it")));
            }
            config.matches.other.dedup();
        }
        None => config.matches.names.push(iface.name.trim_start_matches('/').to_owned()),
    }
    config.optional = !known.lists(&known.auto, &called);
    config.at_boot = !config.optional || known.lists(&known.hotplug, &called);
    config.left_up = known.left_up.iter().any(|glob| *glob == iface.name || glob_matches(glob, &iface.name));
    let options = known.options(iface, INHERIT_DEPTH);
    let method = known.method(iface, INHERIT_DEPTH);
    if strict && method == Some("static") && known.weight.get() <= WEIGHT_LIMIT {
        let is_whole = known.is_whole(iface);
        config.given_up = gives_up(iface, &options, is_whole);
        if !is_whole && !options.iter().any(|option| option.name == "address") {
            let what = "inherits more than isctpl follows, so whether it has an address is not known";
            problems.push(Problem::new(iface.at.to_string(), what));
        }
    }
    // What stands in a stanza that nothing is done for matters to nobody.
    let mut unheeded = Vec::new();
    let problems = if config.given_up.is_some() { &mut unheeded } else { problems };
    let mut use_dhcp = false;
    let mut netmask = None;
    for option in &options {
        match option.name.as_str() {
            "netmask" => netmask = Some(*option),
            "use" => use_dhcp |= option.value == "dhcp",
            _ => apply(option, &mut config, problems),
        }
    }
    let cut = with_length(&options).filter(|_| strict && method == Some("static") && netmask.is_none());
    match cut {
        Some(net) => config.addresses.push(net.into()),
        None => {
            let addresses = options.iter().filter(|option| option.name == "address");
            // To ifupdown itself further ones are lines of the first.
            let addresses = addresses.take(if strict { 1 } else { usize::MAX });
            addresses.for_each(|option| address(option, netmask, strict, &mut config, problems));
        }
    }
    by_name(&iface.name, &mut config);
    config.method = match method {
        Some("dhcp" | "bootp") => Method::Dhcp,
        Some("static" | "ppp" | "tunnel" | "wvdial" | "ipv4ll") => Method::Static,
        Some("manual") => Method::Manual,
        Some("loopback") => Method::Loopback,
        _ if use_dhcp => Method::Dhcp,
        _ if !config.addresses.is_empty() => Method::Static,
        _ => Method::Manual,
    };
    // A VLAN leaves the NIC below it as it is.
    let stacked = config.port_of.is_some() || (config.vlan.is_none() && !config.lower.is_empty());
    config.unmanaged =
        config.method == Method::Manual && !stacked && config.addresses.is_empty() && config.commands.is_empty();
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
        "vlan-raw-device" => config.lower.extend(words()),
        "bond-slaves" | "slaves" | "bridge-ports" | "bond-members" | "ovs-ports" => {
            let (ports, read) = ports::names(&option.value, option.name == "bridge-ports");
            config.lower.extend(ports);
            if !read {
                wrong(option, "chooses the ports; what it fits is not known", problems);
            }
        }
        // ifenslave, ifupdown2's addon for VRFs, Open vSwitch.
        "bond-master" | "vrf" | "ovs-bridge" => {
            let upper = option.value.split_whitespace().next().filter(|word| *word != "none");
            config.port_of = upper.map(|upper| Located::new(plain(upper).to_owned(), option.at.clone()));
        }
        "vlan-id" => config.vlan = option.value.parse().ok(),
        "pre-up" | "up" | "post-up" | "down" | "pre-down" | "post-down" => {
            let text = format!("{} {}", option.name, redact_command_line(&option.value));
            config.commands.push(Located::new(text, option.at.clone()));
            if !option.name.contains("down") {
                let (routes, unread) = routes_of(&option.value);
                config.routes.extend(routes.into_iter().map(|route| Located::new(route, option.at.clone())));
                problems.extend(unread.map(|(_, what)| Problem::new(option.at.to_string(), what)));
            }
        }
        _ => {}
    }
}

/// ifupdown itself goes by `netmask` where there is one, whatever stands behind the address (0.8.41, `compute_v4_mask`).
fn address(
    option: &IfaceOption,
    netmask: Option<&IfaceOption>,
    strict: bool,
    config: &mut InterfaceConfig,
    problems: &mut Vec<Problem>,
) {
    let text = option.value.split_whitespace().next().unwrap_or_default();
    let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
    let net = match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => {
            let netmask = netmask.filter(|_| strict || length.is_none());
            let length = match (netmask, length) {
                (Some(netmask), _) => prefix(&netmask.value),
                (None, Some(length)) => prefix(length),
                (None, None) => Some(classful_prefix(ip)),
            };
            let net = length.and_then(|length| Ipv4Net::new(ip, length).ok()).map(IpNet::from);
            if let Some(netmask) = netmask.filter(|_| net.is_none()) {
                return wrong(netmask, "is not a netmask", problems);
            }
            net
        }
        Ok(IpAddr::V6(_)) if length.is_none() => return,
        _ => text.parse().ok(),
    };
    match net {
        Some(net) => config.addresses.push(net),
        None => wrong(option, "is not an address", problems),
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
