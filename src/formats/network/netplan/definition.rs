//! One definition of netplan: an interface, or a bond, bridge, VLAN on top of others.

use super::keys::{Shape, needed};
use super::refusals::{Told, number, takes, truth};
use crate::formats::text::harmless::{plain, wrong_value};
use crate::formats::text::net::{default_gateway, everywhere, normal_mac};
use crate::formats::text::yaml::Node;
use ipnet::IpNet;
use isctpl_checks::facts::{InterfaceConfig, Located, Location, Manager, Method, NicMatch, StaticRoute};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// The most addresses, routes or lower interfaces of one definition.
const LIST_LIMIT: usize = 4096;

/// Groups whose definitions are for hardware and may have a `match:`.
const HARDWARE: [&str; 3] = ["ethernets", "wifis", "modems"];

/// A definition as far as the files laid over each other say.
#[derive(Debug)]
pub(super) struct Definition {
    /// `ethernets`, `bonds`, `vlans` …
    pub(super) group: String,
    id: String,
    config: InterfaceConfig,
    dhcp4: bool,
    dhcp6: bool,
    /// `dhcp4-overrides` and `dhcp6-overrides`, as written.
    overrides: [BTreeMap<String, String>; 2],
    /// It says something that NetworkManager cannot be told.
    not_for_network_manager: bool,
    has_match: bool,
    /// What its routes go by: netplan takes one that is there already for the same, whatever its type.
    routes: BTreeSet<String>,
    /// The keys that it must have and has.
    has: BTreeSet<&'static str>,
    vlan: Option<u32>,
}

impl Definition {
    /// One that is seen for the first time; `renderer` is what its group has been told by then, which is for what comes
    /// behind it.
    pub(super) fn new(group: &str, id: &str, at: Location, renderer: Option<&str>) -> Self {
        let mut config = InterfaceConfig::new(Manager::Netplan, at);
        config.renderer = renderer.map(str::to_owned);
        Self {
            group: group.to_owned(),
            id: id.to_owned(),
            config,
            dhcp4: false,
            dhcp6: false,
            overrides: Default::default(),
            not_for_network_manager: false,
            has_match: false,
            routes: BTreeSet::new(),
            has: BTreeSet::new(),
            vlan: None,
        }
    }

    /// By what its interface is known for certain: the name of `set-name`, a plain name to match, or the id, and the MAC
    /// address where that alone is matched.
    pub(super) fn known_by(&self) -> Option<String> {
        let matches = &self.config.matches;
        let is_by_mac = matches.names.is_empty() && matches.drivers.is_empty();
        match &self.config.set_name {
            Some(name) => Some(name.value.clone()),
            None if !self.has_match => Some(self.id.clone()),
            None if is_by_mac => matches.only_mac().map(str::to_owned),
            None => matches.only_name().map(str::to_owned),
        }
    }

    /// Whether what it names below loses its address or its routes to it: a bond, a bridge or a VRF, and no VLAN.
    pub(super) fn has_ports(&self) -> bool {
        matches!(self.group.as_str(), "bonds" | "bridges" | "vrfs")
    }

    /// Why netplan refuses it as the files so far leave it.
    pub(super) fn refused(&self) -> Option<String> {
        if self.config.set_name.is_some() && !self.has_match {
            return Some("`set-name:` stands there without `match:`".to_owned());
        }
        if let Some(key) = needed(&self.group).find(|key| !self.has.contains(key)) {
            return Some(format!("one of {} has no `{key}:`", plain(&self.group)));
        }
        self.vlan.filter(|id| *id > 4094).map(|id| format!("{id} is not the id of a VLAN"))
    }

    /// Where the generator ends half way, with some of the files written, or writes what is not taken.
    pub(super) fn in_doubt(&self, renderer: Option<&str>) -> Option<&'static str> {
        let [of_ipv4, of_ipv6] = &self.overrides;
        match self.config.renderer.as_deref().or(renderer) == Some("NetworkManager") {
            true if self.not_for_network_manager || !self.config.matches.drivers.is_empty() => {
                Some("netplan's generator ends with an error where NetworkManager cannot do what is asked for")
            }
            false if self.dhcp4 && self.dhcp6 && of_ipv4 != of_ipv6 => {
                Some("netplan's generator ends with an error where `dhcp4-overrides` and `dhcp6-overrides` differ")
            }
            false if self.has_match && self.config.matches == NicMatch::default() => {
                Some("netplan 0.106 writes an empty [Match] section for it, which networkd does not take")
            }
            _ => None,
        }
    }

    /// The ids of what lies below.
    pub(super) fn lower(&self) -> &[String] {
        &self.config.lower
    }

    /// Its id, and where it stands.
    pub(super) fn located_id(&self) -> Located<String> {
        Located::new(plain(&self.id).to_owned(), self.config.at.clone())
    }

    /// The finished configuration; `renderer` is that of all.
    pub(super) fn finish(mut self, renderer: Option<String>) -> InterfaceConfig {
        if !self.has_match {
            self.config.matches.names = vec![self.id];
        }
        let mut config = self.config;
        // They are of the table of the VRF.
        if self.group == "vrfs" {
            config.routes.clear();
        }
        config.renderer = config.renderer.or(renderer).or_else(|| Some("networkd".to_owned()));
        config.method = if self.dhcp4 {
            Method::Dhcp
        } else if config.addresses.iter().any(|net| net.addr().is_ipv4()) {
            Method::Static
        } else {
            Method::Manual
        };
        if config.gateway.is_none() {
            config.gateway = default_gateway(&config.routes);
        }
        config
    }

    /// Lays one more file's words over what is there.
    pub(super) fn lay_over(&mut self, body: Node<'_>, at: &Location, generated_by: Option<&str>, told: &mut Told) {
        if *at != self.config.at && !self.config.also.contains(at) && self.config.also.len() < LIST_LIMIT {
            self.config.also.push(at.clone());
        }
        if let Some(program) = generated_by {
            self.config.generated_by = Some(program.to_owned());
        }
        let mut reader = Reader { path: &at.path, told };
        for (key, _, value) in body.entries() {
            self.has.extend(needed(&self.group).find(|needed| *needed == key));
            self.key(key, value, &mut reader);
        }
        // A name stays, whatever is to be matched beside it by a later file.
        let is_named = !HARDWARE.contains(&self.group.as_str()) || self.has_match;
        if !is_named && self.config.matches.names.is_empty() {
            self.config.matches.names = vec![self.id.clone()];
        }
    }

    fn key(&mut self, key: &str, value: Node<'_>, reader: &mut Reader<'_>) {
        let config = &mut self.config;
        match key {
            "dhcp4" => self.dhcp4 = reader.boolean(value).is_some_and(|dhcp| dhcp.value),
            "dhcp6" => self.dhcp6 = reader.boolean(value).is_some_and(|dhcp| dhcp.value),
            "addresses" => {
                for item in value.items() {
                    if !reader.has_room(config.addresses.len(), item) {
                        break;
                    }
                    // An address with options is a mapping of one key.
                    let (text, node, shape) = match item.entries().first() {
                        Some(&(text, node, _)) => (Some(text), node, Shape::Net),
                        None => (item.text(), item, Shape::Address),
                    };
                    self.not_for_network_manager |= item.is_mapping();
                    match text.map(str::parse::<IpNet>) {
                        Some(Ok(net)) if config.addresses.contains(&net) => {}
                        Some(Ok(net)) => config.addresses.push(net),
                        _ => reader.odd(node, &shape, "is not an address with a prefix length"),
                    }
                }
            }
            "gateway4" => {
                let gateway = value.text().and_then(|text| text.parse().ok());
                if config.gateway.is_some_and(|first| gateway.is_some_and(|gateway| gateway != first)) {
                    let at = reader.at(value);
                    reader.told.refuse(at, "another `gateway4:` stands there already, at which netplan 0.106 ends");
                }
                config.gateway = config.gateway.or(gateway);
            }
            "routes" => {
                for item in value.items() {
                    if !reader.has_room(config.routes.len(), item) {
                        break;
                    }
                    let kind = item.entries().into_iter().find(|(key, ..)| *key == "type");
                    let kind = kind.and_then(|(.., value)| value.scalar());
                    self.not_for_network_manager |= kind.is_some_and(|kind| !kind.eq_ignore_ascii_case("unicast"));
                    if self.routes.insert(identity(item))
                        && let Some(route) = reader.route(item)
                        && !config.routes.iter().any(|known| known.value == route.value)
                    {
                        config.routes.push(route);
                    }
                }
            }
            "critical" => {
                config.keep =
                    reader.boolean(value).map(|critical| Located::new(critical.value.to_string(), critical.at));
            }
            "dhcp6-overrides" => {
                let [_, overrides] = &mut self.overrides;
                overrides.extend(value.entries().into_iter().filter_map(override_of));
            }
            "dhcp4-overrides" => {
                let [overrides, _] = &mut self.overrides;
                overrides.extend(value.entries().into_iter().filter_map(override_of));
                for (key, _, value) in value.entries() {
                    match key {
                        "use-routes" => {
                            config.use_dhcp_routes = reader.boolean(value);
                            // networkd takes the router along with the routes, NetworkManager with never-default.
                            config.use_dhcp_gateway = config.use_dhcp_routes.clone().filter(|routes| !routes.value);
                        }
                        "route-metric" => config.metric = reader.number(value),
                        _ => {}
                    }
                }
            }
            "mtu" => config.mtu = reader.number(value).filter(|mtu| mtu.value > 0),
            "optional" => config.optional = reader.boolean(value).is_some_and(|optional| optional.value),
            "renderer" => config.renderer = value.scalar().map(str::to_owned),
            "set-name" if HARDWARE.contains(&self.group.as_str()) => {
                config.set_name = value.scalar().map(|name| Located::new(name.to_owned(), reader.at(value)));
            }
            "activation-mode" => {
                config.at_boot = !matches!(value.text(), Some("manual" | "off"));
                self.not_for_network_manager = true;
            }
            "ipv6-mtu" => self.not_for_network_manager = true,
            "match" if HARDWARE.contains(&self.group.as_str()) => {
                self.has_match = true;
                nic_match(&mut config.matches, value);
            }
            "interfaces" | "link" => {
                for item in value.items_or_self() {
                    if !reader.has_room(config.lower.len(), item) {
                        break;
                    }
                    if let Some(name) = item.text()
                        && !config.lower.iter().any(|known| known == name)
                    {
                        config.lower.push(name.to_owned());
                    }
                }
            }
            "id" if self.group == "vlans" => {
                self.vlan = reader.number(value).map(|id| id.value);
                config.vlan = self.vlan.and_then(|id| u16::try_from(id).ok());
            }
            _ => {}
        }
    }
}

/// What netplan compares routes by (`is_route_present`).
fn identity(route: Node<'_>) -> String {
    let entries = route.entries();
    let get = |name: &str| entries.iter().rev().find(|(key, ..)| *key == name).and_then(|(.., value)| value.scalar());
    let to = get("to").filter(|to| !to.ends_with("/0")).unwrap_or("default");
    let numbers = ["table", "metric"].map(|name| get(name).and_then(number));
    format!("{to} {:?} {:?} {numbers:?}", get("from"), get("via"))
}

fn override_of((key, _, value): (&str, Node<'_>, Node<'_>)) -> Option<(String, String)> {
    Some((key.to_owned(), value.scalar()?.to_owned()))
}

/// `match:`; each of its keys replaces what was there.
fn nic_match(matches: &mut NicMatch, value: Node<'_>) {
    for (key, _, value) in value.entries() {
        let words = value.items_or_self().into_iter().filter_map(Node::text);
        match key {
            "name" => matches.names = words.map(str::to_owned).collect(),
            "macaddress" => matches.macs = words.map(normal_mac).collect(),
            "driver" => matches.drivers = words.map(str::to_owned).collect(),
            other => matches.other.extend(words.map(|word| format!("{other}={word}"))),
        }
    }
}

/// Reads values of one file. What netplan refuses is told by who looks at the whole of the file.
struct Reader<'a> {
    path: &'a str,
    told: &'a mut Told,
}

impl Reader<'_> {
    fn at(&self, node: Node<'_>) -> Location {
        Location::line(self.path, node.line())
    }

    /// Whether a list takes another item; otherwise that is told of the item, and the rest is not read.
    fn has_room(&mut self, length: usize, item: Node<'_>) -> bool {
        if length == LIST_LIMIT {
            let at = self.at(item);
            self.told.cut(&at, format!("the list has more than {LIST_LIMIT} items; the rest is not read"));
        }
        length < LIST_LIMIT
    }

    /// Tells of a text that netplan hands on and isctpl does not read.
    fn odd(&mut self, node: Node<'_>, shape: &Shape, what: &str) {
        if let Some(text) = node.scalar().filter(|text| takes(shape, text)) {
            let at = self.at(node);
            self.told.doubt(&at, format!("`{}` {what}", wrong_value(text)));
        }
    }

    fn boolean(&mut self, node: Node<'_>) -> Option<Located<bool>> {
        Some(Located::new(truth(node.scalar()?)?, self.at(node)))
    }

    fn number(&mut self, node: Node<'_>) -> Option<Located<u32>> {
        Some(Located::new(number(node.scalar()?)?, self.at(node)))
    }

    /// A route of the main table; others serve only what policy rules send there.
    fn route(&mut self, node: Node<'_>) -> Option<Located<StaticRoute>> {
        let (mut to, mut via, mut metric) = (None, None, None);
        for (key, _, value) in node.entries() {
            match (key, value.text()) {
                ("to", Some(text)) => to = Some((text, value)),
                ("via", Some(text)) => match text.parse::<IpAddr>() {
                    Ok(gateway) => via = Some(gateway),
                    Err(_) => self.odd(value, &Shape::Net, "is not an address"),
                },
                ("metric", _) => metric = self.number(value).map(|metric| metric.value),
                ("type", Some(kind)) if !kind.eq_ignore_ascii_case("unicast") => return None,
                ("table", Some(table)) if !matches!(number(table), Some(254)) => return None,
                _ => {}
            }
        }
        let (text, value) = to?;
        let destination = match text {
            "default" => everywhere(via.is_some_and(|gateway| gateway.is_ipv6())),
            text => match text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)) {
                Ok(net) => net.trunc(),
                Err(_) => {
                    self.odd(value, &Shape::Destination, "is not a destination");
                    return None;
                }
            },
        };
        Some(Located::new(StaticRoute { destination, gateway: via, metric }, self.at(node)))
    }
}
