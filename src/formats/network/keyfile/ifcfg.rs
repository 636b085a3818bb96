//! Red Hat's `ifcfg-*` and `route-*` files (nm-settings-ifcfg-rh(5), initscripts' sysconfig.txt).

use crate::formats::network::ifupdown::routes::added;
use crate::formats::shell::{Shell, Variables};
use crate::formats::text::harmless::{plain, wrong_value};
use crate::formats::text::net::{classful_prefix, normal_mac, prefix};
use ipnet::{IpNet, Ipv4Net};
use isctpl_checks::facts::{InterfaceConfig, Located, Location, Manager, Method, Problem, StaticRoute};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

/// Values of BOOTPROTO: initscripts' sysconfig.txt and NetworkManager's nm-settings-ifcfg-rh(5). `ibft`, of older ones,
/// takes the address from the firmware's table, and neither reads it any more.
const PROTOCOLS: [&str; 7] = ["", "none", "static", "dhcp", "bootp", "autoip", "shared"];

/// Settings that are looked at, without the number that some end in.
const KEYS: [&str; 29] = [
    "ADDRESS",
    "AUTOCONNECT_SLAVES",
    "BOOTPROTO",
    "BRIDGE",
    "BRIDGE_UUID",
    "DEFROUTE",
    "DEVICE",
    "DEVICETYPE",
    "GATEWAY",
    "HWADDR",
    "IPADDR",
    "IPV4_ROUTE_METRIC",
    "MASTER",
    "MASTER_UUID",
    "METRIC",
    "MTU",
    "NETMASK",
    "NM_CONTROLLED",
    "ONBOOT",
    "OVS_BRIDGE",
    "PEERROUTES",
    "PHYSDEV",
    "PREFIX",
    "SLAVE",
    "TEAM_MASTER",
    "TEAM_MASTER_UUID",
    "VLAN",
    "VLAN_ID",
    "VRF",
];

/// Settings that make the NIC a port: of a bond, a bridge, a team, Open vSwitch, a VRF. NetworkManager asks the UUID
/// before the name, and heeds `TEAM_MASTER` only with `DEVICETYPE=TeamPort` (check_if_team_slave() in
/// nms-ifcfg-rh-reader.c); initscripts' ifup-eth heeds `MASTER` only with `SLAVE=yes`.
const PORTS: [&str; 8] =
    ["MASTER_UUID", "MASTER", "BRIDGE_UUID", "BRIDGE", "TEAM_MASTER_UUID", "TEAM_MASTER", "OVS_BRIDGE", "VRF"];

/// The settings of a file, the last one of a name.
///
/// initscripts' ifup reads it with bash's `.`, NetworkManager with a parser of its own: svUnescape() in its
/// `src/core/settings/plugins/ifcfg-rh/shvar.c` knows bash's quotes, but neither variables nor values that go on in
/// the next line. What the two read differently is not known.
fn settings(text: &str, path: &str, problems: &mut Vec<Problem>) -> BTreeMap<String, Located<String>> {
    let mut variables = Variables::default();
    let mut trouble = variables.read(text, path, Shell::Bash);
    let matters = |name: &&str| KEYS.contains(&name.trim_end_matches(|c: char| c.is_ascii_digit()));
    let mut known = BTreeMap::new();
    for name in variables.names().filter(matters) {
        match variables.certain(name) {
            Ok(Some(setting)) if setting.literal => {
                known.insert(name.to_owned(), Located::new(setting.value.clone(), setting.at.clone()));
            }
            Ok(None) => {}
            Ok(Some(setting)) => {
                let why = "bash puts in variables and joins lines, and NetworkManager does neither";
                let what = format!("the value of {name} is not known: {why}");
                trouble.push(Problem::new(setting.at.to_string(), what));
            }
            Err(problem) if trouble.contains(&problem) => {}
            Err(problem) => trouble.push(problem),
        }
    }
    if trouble.is_empty() {
        // What a file that is read in may set.
        trouble.extend(KEYS.iter().find_map(|key| variables.certain(key).err()));
    }
    problems.append(&mut trouble);
    known
}

/// What an `ifcfg-NAME` file says. `name` is what follows `ifcfg-`, which stands for a missing `DEVICE`.
pub(crate) fn read(text: &str, path: &str, name: &str, problems: &mut Vec<Problem>) -> InterfaceConfig {
    let known = settings(text, path, problems);
    let get = |key: &str| known.get(key).filter(|value| !value.value.is_empty());
    let is = |key: &str, word: &str| get(key).is_some_and(|value| value.value.eq_ignore_ascii_case(word));
    let says = |key: &str| -> Option<Located<bool>> {
        let value = get(key)?;
        Some(Located::new(crate::formats::systemd::boolean(&value.value)?, value.at.clone()))
    };
    let number = |key: &str| -> Option<Located<u32>> {
        let value = get(key)?;
        Some(Located::new(value.value.parse().ok()?, value.at.clone()))
    };
    let mut config = InterfaceConfig::new(Manager::Ifcfg, Location::file(path));
    match (get("DEVICE"), get("HWADDR")) {
        (Some(device), _) => config.matches.names.push(device.value.clone()),
        (None, None) => config.matches.names.push(name.to_owned()),
        (None, Some(_)) => {}
    }
    config.matches.macs.extend(get("HWADDR").map(|mac| normal_mac(&mac.value)));
    config.at_boot = !is("ONBOOT", "no");
    config.by_initscripts = says("NM_CONTROLLED").is_some_and(|by_others| !by_others.value);
    addresses(&known, &mut config, problems);
    if let Some(gateway) = get("GATEWAY") {
        match gateway.value.parse::<IpAddr>() {
            Ok(ip) => config.gateway = Some(ip),
            Err(_) => wrong(gateway, "is not an address", problems),
        }
    }
    config.use_dhcp_routes = says("PEERROUTES").filter(|routes| !routes.value);
    config.use_dhcp_gateway = says("DEFROUTE").filter(|gateway| !gateway.value);
    config.metric = number("IPV4_ROUTE_METRIC").or_else(|| number("METRIC"));
    config.mtu = number("MTU");
    if is("VLAN", "yes") || get("VLAN_ID").is_some() {
        config.lower.extend(get("PHYSDEV").map(|device| device.value.clone()));
        config.vlan = get("VLAN_ID").and_then(|id| id.value.parse().ok());
        // `vlan43` has its id in its name, and what lies below it in PHYSDEV (initscripts' sysconfig.txt).
        let by_name = get("DEVICE").and_then(|device| device.value.strip_prefix("vlan")?.parse().ok());
        config.vlan = config.vlan.or(by_name);
        if let Some((lower, id)) = get("DEVICE").and_then(|device| device.value.split_once('.')) {
            config.vlan = config.vlan.or(id.parse().ok());
            if config.lower.is_empty() {
                config.lower.push(lower.to_owned());
            }
        }
    }
    config.port_of = PORTS
        .iter()
        .filter(|key| match key.strip_suffix("_UUID").unwrap_or(key) {
            "MASTER" => is("SLAVE", "yes"),
            "TEAM_MASTER" => is("DEVICETYPE", "TeamPort"),
            _ => true,
        })
        .find_map(|key| get(key))
        .map(|upper| Located::new(plain(&upper.value).to_owned(), upper.at.clone()));
    config.brings_ports_up = says("AUTOCONNECT_SLAVES").is_some_and(|brings| brings.value);
    if let Some(protocol) = get("BOOTPROTO")
        && !PROTOCOLS.contains(&protocol.value.to_ascii_lowercase().as_str())
    {
        wrong(protocol, "is no BOOTPROTO that isctpl knows", problems);
    }
    config.method = match get("BOOTPROTO").map(|protocol| protocol.value.to_ascii_lowercase()).as_deref() {
        Some("dhcp" | "bootp") => Method::Dhcp,
        _ if config.addresses.iter().any(|net| net.addr().is_loopback()) => Method::Loopback,
        _ if !config.addresses.is_empty() => Method::Static,
        _ => Method::Manual,
    };
    config
}

/// `IPADDR`, `IPADDR0` … with `PREFIX`, `PREFIX0` … or `NETMASK`, `NETMASK0` ….
fn addresses(known: &BTreeMap<String, Located<String>>, config: &mut InterfaceConfig, problems: &mut Vec<Problem>) {
    for (key, value) in known.range("IPADDR".to_owned()..) {
        let Some(number) = key.strip_prefix("IPADDR") else { break };
        if value.value.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        let Ok(ip) = value.value.parse::<Ipv4Addr>() else {
            wrong(value, "is not an address", problems);
            continue;
        };
        let mask = ["PREFIX", "NETMASK"].iter().find_map(|key| known.get(&format!("{key}{number}")));
        let length = match mask {
            Some(mask) => prefix(&mask.value),
            None => Some(classful_prefix(ip)),
        };
        match length.and_then(|length| Ipv4Net::new(ip, length).ok()) {
            Some(net) => config.addresses.push(net.into()),
            None => wrong(mask.unwrap_or(value), "is not a netmask", problems),
        }
    }
}

/// The routes of a `route-NAME` file: `ADDRESS0=…` with `NETMASK0` and `GATEWAY0`, or arguments of
/// `ip route add`, one route a line.
pub(crate) fn routes(text: &str, path: &str, problems: &mut Vec<Problem>) -> Vec<Located<StaticRoute>> {
    let known = settings(text, path, problems);
    let mut routes = Vec::new();
    for (key, value) in known.range("ADDRESS".to_owned()..) {
        let Some(number) = key.strip_prefix("ADDRESS") else { break };
        let field = |name: &str| known.get(&format!("{name}{number}")).map(|value| value.value.as_str());
        let length = field("NETMASK").map_or(Some(32), prefix);
        let net = value.value.parse::<IpAddr>().ok().zip(length).and_then(|(ip, length)| IpNet::new(ip, length).ok());
        if let Some(net) = net {
            let gateway = field("GATEWAY").and_then(|gateway| gateway.parse().ok());
            let metric = field("METRIC").and_then(|metric| metric.parse().ok());
            routes.push(Located::new(StaticRoute { destination: net.trunc(), gateway, metric }, value.at.clone()));
        }
    }
    for (number, line) in (1u32..).zip(text.lines()) {
        let line = line.trim();
        if !line.is_empty() && !line.starts_with('#') && !line.contains('=') {
            let found = added(line.split_whitespace());
            routes.extend(found.map(|route| Located::new(route, Location::line(path, number))));
        }
    }
    routes
}

fn wrong(value: &Located<String>, what: &str, problems: &mut Vec<Problem>) {
    problems.push(Problem::new(value.at.to_string(), format!("`{}` {what}", wrong_value(&value.value))));
}
