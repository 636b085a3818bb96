//! A connection profile of NetworkManager (nm-settings-keyfile(5)).

use super::KeyFile;
use crate::formats::network::condition::condition;
use crate::formats::text::harmless::{plain, wrong_value};
use crate::formats::text::net::{default_gateway, normal_mac};
use ipnet::IpNet;
use isctpl_checks::facts::{InterfaceConfig, Located, Location, Manager, Method, Problem, StaticRoute};
use std::net::IpAddr;

const ETHERNET: [&str; 2] = ["ethernet", "802-3-ethernet"];

/// What a profile says; `None` when it is none: a file without `[connection]`.
pub(crate) fn read(file: &KeyFile, path: &str, problems: &mut Vec<Problem>) -> Option<InterfaceConfig> {
    let kind = file.get("connection", "type").map(|kind| kind.value.as_str());
    if kind.is_none() && file.get("connection", "uuid").is_none() && file.get("connection", "id").is_none() {
        return None;
    }
    let mut config = InterfaceConfig::new(Manager::NetworkManager, Location::file(path));
    matches(file, kind, &mut config);
    config.at_boot = file.boolean("connection", "autoconnect").is_none_or(|autoconnect| autoconnect.value);
    config.mtu = file.get_in(&ETHERNET, "mtu").and_then(located_number).filter(|mtu| mtu.value != 0);
    config.vlan = file.get("vlan", "id").and_then(|id| id.value.parse().ok());
    config.lower.extend(file.get("vlan", "parent").map(|parent| parent.value.clone()));
    // `controller` is the later word for `master`; whatever its type, a port has no address of its own.
    config.port_of = ["controller", "master"]
        .iter()
        .filter_map(|key| file.get("connection", key))
        .find(|upper| !upper.value.is_empty())
        .map(|upper| Located::new(plain(&upper.value).to_owned(), upper.at.clone()));
    config.brings_ports_up = ["autoconnect-ports", "autoconnect-slaves"]
        .iter()
        .find_map(|key| file.get("connection", key))
        .is_some_and(|brings| matches!(brings.value.as_str(), "1" | "true" | "yes"));
    ipv4(file, config.port_of.is_some(), &mut config, problems);
    Some(config)
}

fn located_number(value: &Located<String>) -> Option<Located<u32>> {
    Some(Located::new(value.value.parse().ok()?, value.at.clone()))
}

fn matches(file: &KeyFile, kind: Option<&str>, config: &mut InterfaceConfig) {
    let to = &mut config.matches;
    to.names.extend(file.get("connection", "interface-name").map(|name| name.value.clone()));
    if to.names.is_empty() {
        // `&` makes a word mandatory, which a list that must hold altogether is already.
        to.names.extend(
            file.list("match", "interface-name").into_iter().map(|word| word.trim_start_matches(['|', '&']).to_owned()),
        );
    }
    to.drivers.extend(file.list("match", "driver"));
    to.macs.extend(file.get_in(&ETHERNET, "mac-address").map(|mac| normal_mac(&mac.value)));
    for key in ["kernel-command-line", "path"] {
        to.other.extend(file.get("match", key).map(|value| condition(key, &value.value)));
    }
    match kind {
        Some("ethernet" | "802-3-ethernet") => to.types.push("ether".to_owned()),
        Some("wifi" | "802-11-wireless") => to.types.push("wlan".to_owned()),
        Some("infiniband" | "vlan" | "bond" | "bridge" | "team" | "loopback") => {
            to.types.extend(kind.map(str::to_owned));
        }
        Some(kind) => to.other.push(format!("type={kind}")),
        None => {}
    }
}

fn ipv4(file: &KeyFile, is_port: bool, config: &mut InterfaceConfig, problems: &mut Vec<Problem>) {
    for (key, value) in file.beginning("ipv4", "address") {
        if key == "address-data" || key.contains('-') {
            continue;
        }
        addresses(key, value, config, problems);
    }
    if let Some(gateway) = file.get("ipv4", "gateway") {
        match gateway.value.parse::<IpAddr>() {
            Ok(ip) => config.gateway = Some(ip),
            Err(_) => wrong(gateway, "is not an address", problems),
        }
    }
    for (key, value) in file.beginning("ipv4", "route") {
        let digits = key.trim_start_matches("routes").trim_start_matches("route");
        if digits.is_empty() || digits.bytes().all(|byte| byte.is_ascii_digit()) {
            let options = file.get("ipv4", &format!("{key}_options")).map_or("", |options| options.value.as_str());
            route(value, options, config, problems);
        }
    }
    config.metric = file.get("ipv4", "route-metric").and_then(located_number);
    let off = |key: &str| -> Option<Located<bool>> {
        file.boolean("ipv4", key).map(|value| Located::new(!value.value, value.at))
    };
    config.use_dhcp_routes = off("ignore-auto-routes");
    // never-default, and ignore-auto-routes too, keep the router away.
    config.use_dhcp_gateway = off("never-default")
        .filter(|gateway| !gateway.value)
        .or_else(|| config.use_dhcp_routes.clone().filter(|routes| !routes.value))
        .or_else(|| off("never-default"));
    config.method = match file.get("ipv4", "method").map(|method| method.value.as_str()) {
        Some("auto") => Method::Dhcp,
        Some("manual" | "shared") => Method::Static,
        Some("disabled") => Method::Disabled,
        Some(_) => Method::Manual,
        // NetworkManager fills in what is missing.
        None if is_port => Method::Disabled,
        None if !config.addresses.is_empty() => Method::Static,
        None => Method::Dhcp,
    };
    if config.gateway.is_none() {
        config.gateway = default_gateway(&config.routes);
    }
}

/// `addressN=ADDRESS/PREFIX[,GATEWAY]`, or several joined by `;` in the older `addresses`.
fn addresses(key: &str, value: &Located<String>, config: &mut InterfaceConfig, problems: &mut Vec<Problem>) {
    let several = key == "addresses";
    for part in value.value.split(';').filter(|part| !part.trim().is_empty()) {
        let mut words = part.split([',', ' ']).map(str::trim).filter(|word| !word.is_empty());
        match words.next().map(str::parse::<IpNet>) {
            Some(Ok(net)) => config.addresses.push(net),
            // `addresses` once held numbers in place of addresses.
            _ if several => continue,
            _ => {
                wrong(value, "is not an address with a prefix length", problems);
                continue;
            }
        }
        if let Some(Ok(gateway)) = words.next().map(str::parse::<IpAddr>)
            && !gateway.is_unspecified()
        {
            config.gateway = config.gateway.or(Some(gateway));
        }
    }
}

/// `routeN=DESTINATION/PREFIX[,GATEWAY[,METRIC]]`, with options such as `table=100` in `routeN_options`.
fn route(value: &Located<String>, options: &str, config: &mut InterfaceConfig, problems: &mut Vec<Problem>) {
    let option = |name: &str| {
        options.split(',').filter_map(|option| option.split_once('=')).find(|(key, _)| *key == name).map(|it| it.1)
    };
    if option("table").is_some_and(|table| !matches!(table, "254" | "0"))
        || option("type").is_some_and(|kind| kind != "unicast")
    {
        return;
    }
    for part in value.value.split(';').filter(|part| !part.trim().is_empty()) {
        let mut words = part.split(',').map(str::trim);
        let destination = words.next().unwrap_or_default();
        let parsed = destination.parse::<IpNet>().or_else(|_| destination.parse::<IpAddr>().map(IpNet::from));
        let Ok(destination) = parsed else {
            wrong(value, "is not a route", problems);
            continue;
        };
        let gateway = words.next().and_then(|word| word.parse::<IpAddr>().ok()).filter(|ip| !ip.is_unspecified());
        let metric = words.next().and_then(|word| word.parse().ok());
        let route = StaticRoute { destination: destination.trunc(), gateway, metric };
        config.routes.push(Located::new(route, value.at.clone()));
    }
}

fn wrong(value: &Located<String>, what: &str, problems: &mut Vec<Problem>) {
    problems.push(Problem::new(value.at.to_string(), format!("`{}` {what}", wrong_value(&value.value))));
}
