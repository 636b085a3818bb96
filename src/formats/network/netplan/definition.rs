//! One definition of netplan: an interface, or a bond, bridge, VLAN on top of others.

use crate::formats::text::harmless::{plain, wrong_value};
use crate::formats::text::net::{default_gateway, everywhere, normal_mac};
use crate::formats::text::yaml::Node;
use ipnet::IpNet;
use isctpl_checks::facts::{InterfaceConfig, Located, Location, Manager, Method, NicMatch, Problem, StaticRoute};
use std::net::IpAddr;

/// The most addresses, routes or lower interfaces of one definition.
const LIST_LIMIT: usize = 4096;

/// Groups whose definitions are for hardware and may have a `match:`.
const HARDWARE: [&str; 3] = ["ethernets", "wifis", "modems"];

/// Keys that netplan takes in every group (COMMON_LINK_HANDLERS and COMMON_BACKEND_HANDLERS in its parse.c, to 1.2).
const COMMON: [&str; 31] = [
    "accept-ra",
    "activation-mode",
    "addresses",
    "critical",
    "dhcp-identifier",
    "dhcp4",
    "dhcp4-overrides",
    "dhcp6",
    "dhcp6-overrides",
    "gateway4",
    "gateway6",
    "hairpin",
    "ignore-carrier",
    "ipv6-address-generation",
    "ipv6-address-token",
    "ipv6-mtu",
    "ipv6-privacy",
    "link-local",
    "macaddress",
    "mtu",
    "nameservers",
    "neigh-suppress",
    "networkmanager",
    "openvswitch",
    "optional",
    "optional-addresses",
    "port-mac-learning",
    "ra-overrides",
    "renderer",
    "routes",
    "routing-policy",
];

/// Keys of hardware (PHYSICAL_LINK_HANDLERS) and of `ethernets:` alone.
const OF_ETHERNETS: [&str; 18] = [
    "auth",
    "delay-virtual-functions-rebind",
    "embedded-switch-mode",
    "emit-lldp",
    "generic-receive-offload",
    "generic-segmentation-offload",
    "infiniband-mode",
    "large-receive-offload",
    "link",
    "match",
    "receive-checksum-offload",
    "set-name",
    "tcp-segmentation-offload",
    "tcp6-segmentation-offload",
    "transmit-checksum-offload",
    "virtual-function-count",
    "wakeonlan",
    "wakeonwlan",
];

/// Whether netplan takes a key in a group, as far as the groups matter here.
fn is_taken(group: &str, key: &str) -> bool {
    COMMON.contains(&key)
        || match group {
            "ethernets" => OF_ETHERNETS.contains(&key),
            "bonds" | "bridges" => matches!(key, "interfaces" | "parameters"),
            "vlans" => matches!(key, "id" | "link"),
            "vrfs" => matches!(key, "interfaces" | "table"),
            _ => true,
        }
}

/// A definition as far as the files laid over each other say.
#[derive(Debug)]
pub(super) struct Definition {
    /// `ethernets`, `bonds`, `vlans` …
    pub(super) group: String,
    id: String,
    config: InterfaceConfig,
    dhcp4: bool,
    has_match: bool,
}

impl Definition {
    pub(super) fn new(group: &str, id: &str, at: Location) -> Self {
        Self {
            group: group.to_owned(),
            id: id.to_owned(),
            config: InterfaceConfig::new(Manager::Netplan, at),
            dhcp4: false,
            has_match: false,
        }
    }

    /// The name of its interface, where that is certain: `set-name`, a plain name to match, or the id.
    pub(super) fn called(&self) -> Option<String> {
        if let Some(name) = &self.config.set_name {
            return Some(name.value.clone());
        }
        match self.config.matches.names.as_slice() {
            _ if !self.has_match => Some(self.id.clone()),
            [name] if !name.contains(['*', '?', '[', '!']) => Some(name.clone()),
            _ => None,
        }
    }

    /// Whether what it names below loses its address or its routes to it: a bond, a bridge or a VRF, and no VLAN.
    pub(super) fn has_ports(&self) -> bool {
        matches!(self.group.as_str(), "bonds" | "bridges" | "vrfs")
    }

    /// Whether what it names below has to be defined, too.
    pub(super) fn names_definitions(&self) -> bool {
        matches!(self.group.as_str(), "bonds" | "bridges" | "vrfs" | "vlans")
    }

    /// The ids of what lies below.
    pub(super) fn lower(&self) -> &[String] {
        &self.config.lower
    }

    /// Its id, and where it stands.
    pub(super) fn located_id(&self) -> Located<String> {
        Located::new(plain(&self.id).to_owned(), self.config.at.clone())
    }

    /// The finished configuration; `renderer` is that of its group or of all.
    pub(super) fn finish(mut self, renderer: Option<String>) -> InterfaceConfig {
        if !self.has_match {
            self.config.matches.names = vec![self.id];
        }
        let mut config = self.config;
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
    pub(super) fn lay_over(
        &mut self,
        body: Node<'_>,
        at: &Location,
        generated_by: Option<&str>,
        problems: &mut Vec<Problem>,
    ) {
        if *at != self.config.at && !self.config.also.contains(at) && self.config.also.len() < LIST_LIMIT {
            self.config.also.push(at.clone());
        }
        if let Some(program) = generated_by {
            self.config.generated_by = Some(program.to_owned());
        }
        let mut reader = Reader { path: &at.path, problems };
        for (key, node, value) in body.entries() {
            if !is_taken(&self.group, key) {
                let what = format!(
                    "`{}` is no key of {} that isctpl knows, and netplan refuses what it does not know",
                    wrong_value(key),
                    plain(&self.group)
                );
                reader.problems.push(Problem::new(reader.at(node).to_string(), what));
            }
            self.key(key, value, &mut reader);
        }
    }

    fn key(&mut self, key: &str, value: Node<'_>, reader: &mut Reader<'_>) {
        let config = &mut self.config;
        match key {
            "dhcp4" => self.dhcp4 = reader.boolean(value).is_some_and(|dhcp| dhcp.value),
            "addresses" => {
                for item in value.items() {
                    if !reader.has_room(config.addresses.len(), item) {
                        break;
                    }
                    // An address with options is a mapping of one key.
                    let (text, node) = match item.entries().first() {
                        Some(&(text, node, _)) => (Some(text), node),
                        None => (item.text(), item),
                    };
                    match text.map(str::parse::<IpNet>) {
                        Some(Ok(net)) if config.addresses.contains(&net) => {}
                        Some(Ok(net)) => config.addresses.push(net),
                        _ => reader.wrong(node, "is not an address with a prefix length"),
                    }
                }
            }
            "gateway4" => match value.text().map(str::parse) {
                Some(Ok(gateway)) => config.gateway = Some(gateway),
                _ => reader.wrong(value, "is not an address"),
            },
            "routes" => {
                for item in value.items() {
                    if !reader.has_room(config.routes.len(), item) {
                        break;
                    }
                    if let Some(route) = reader.route(item)
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
            "dhcp4-overrides" => {
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
            "mtu" => config.mtu = reader.number(value),
            "optional" => config.optional = reader.boolean(value).is_some_and(|optional| optional.value),
            "renderer" => config.renderer = value.text().map(str::to_owned),
            "set-name" => {
                config.set_name = value.text().map(|name| Located::new(name.to_owned(), reader.at(value)));
            }
            "activation-mode" => config.at_boot = !matches!(value.text(), Some("manual" | "off")),
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
                config.vlan = reader.number(value).and_then(|id| u16::try_from(id.value).ok());
            }
            _ => {}
        }
    }
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

/// Reads values of one file and notes those that netplan would refuse.
struct Reader<'a> {
    path: &'a str,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn at(&self, node: Node<'_>) -> Location {
        Location::line(self.path, node.line())
    }

    /// Whether a list takes another item; otherwise that is told of the item, and the rest is not read.
    fn has_room(&mut self, length: usize, item: Node<'_>) -> bool {
        if length == LIST_LIMIT {
            let what = format!("the list has more than {LIST_LIMIT} items; the rest is not read");
            self.problems.push(Problem::new(self.at(item).to_string(), what));
        }
        length < LIST_LIMIT
    }

    fn wrong(&mut self, node: Node<'_>, what: &str) {
        let shown = wrong_value(node.text().unwrap_or("the value"));
        self.problems.push(Problem::new(self.at(node).to_string(), format!("`{shown}` {what}")));
    }

    /// A boolean in any of YAML 1.1's words, which netplan takes.
    fn boolean(&mut self, node: Node<'_>) -> Option<Located<bool>> {
        if node.is_null() {
            return None;
        }
        let value = match node.text().map(str::to_ascii_lowercase).as_deref() {
            Some("true" | "on" | "yes" | "y") => true,
            Some("false" | "off" | "no" | "n") => false,
            _ => {
                self.wrong(node, "is neither true nor false");
                return None;
            }
        };
        Some(Located::new(value, self.at(node)))
    }

    fn number(&mut self, node: Node<'_>) -> Option<Located<u32>> {
        if node.is_null() {
            return None;
        }
        match node.text().map(str::parse) {
            Some(Ok(value)) => Some(Located::new(value, self.at(node))),
            _ => {
                self.wrong(node, "is not a whole number");
                None
            }
        }
    }

    /// A route of the main table; others serve only what policy rules send there.
    fn route(&mut self, node: Node<'_>) -> Option<Located<StaticRoute>> {
        let (mut to, mut via, mut metric) = (None, None, None);
        for (key, _, value) in node.entries() {
            match (key, value.text()) {
                ("to", Some(text)) => to = Some((text, value)),
                ("via", Some(text)) => match text.parse::<IpAddr>() {
                    Ok(gateway) => via = Some(gateway),
                    Err(_) => self.wrong(value, "is not an address"),
                },
                ("metric", _) => metric = self.number(value).map(|metric| metric.value),
                ("type", Some(kind)) if kind != "unicast" => return None,
                ("table", Some(table)) if !matches!(table, "main" | "254") => return None,
                _ => {}
            }
        }
        let Some((text, value)) = to else {
            self.wrong(node, "is a route without `to:`");
            return None;
        };
        let destination = match text {
            "default" => everywhere(via.is_some_and(|gateway| gateway.is_ipv6())),
            "0/0" => everywhere(false),
            text => match text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)) {
                Ok(net) => net.trunc(),
                Err(_) => {
                    self.wrong(value, "is not a destination");
                    return None;
                }
            },
        };
        Some(Located::new(StaticRoute { destination, gateway: via, metric }, self.at(node)))
    }
}
