//! networkd's `.network` files (systemd.network(5)).

use super::condition::condition;
use crate::formats::systemd::{Section, UnitFile, boolean, split_words};
use crate::formats::text::harmless::{plain, wrong_value};
use crate::formats::text::net::{default_gateway, everywhere, normal_mac};
use ipnet::IpNet;
use isctpl_checks::facts::{InterfaceConfig, Located, Location, Manager, Method, NicMatch, Problem, StaticRoute};
use std::net::IpAddr;

/// What a `.network` file with its drop-ins says; `None` when networkd ignores the file because its
/// `[Match]` says nothing. Values that networkd would ignore are listed in `problems`.
pub(crate) fn read(file: &UnitFile, path: &str, problems: &mut Vec<Problem>) -> Option<InterfaceConfig> {
    let mut config = InterfaceConfig::new(Manager::Networkd, Location::file(path));
    config.matches = nic_match(file, "Name");
    if config.matches == NicMatch::default() {
        problems.push(Problem::new(path, "its [Match] section is empty, so networkd ignores the file"));
        return None;
    }
    link_section(file, &mut config, problems);
    network_section(file, &mut config, problems);
    dhcp_section(file, &mut config);
    for section in file.named("Route") {
        route(section, &mut config, problems);
    }
    if config.gateway.is_none() {
        config.gateway = default_gateway(&config.routes);
    }
    Some(config)
}

/// The conditions of a `[Match]` section. `name_key` is `Name` in `.network` and `OriginalName` in
/// `.link` files. `!` before a list turns the whole list round (systemd.network(5)), so it is put
/// before each of its words.
pub(crate) fn nic_match(file: &UnitFile, name_key: &str) -> NicMatch {
    let list = |key: &str| -> Vec<String> {
        let mut words: Vec<String> = file.words("Match", key).into_iter().map(|word| word.value).collect();
        if let Some(first) = words.first_mut()
            && let Some(rest) = first.strip_prefix('!')
        {
            *first = rest.to_owned();
            words.iter_mut().for_each(|word| word.insert(0, '!'));
        }
        words.retain(|word| !word.is_empty() && word != "!");
        words
    };
    let macs = |key: &str| -> Vec<String> { list(key).iter().map(|mac| normal_mac(mac)).collect() };
    let mut matches = NicMatch {
        names: list(name_key),
        macs: macs("MACAddress"),
        drivers: list("Driver"),
        types: list("Type"),
        other: Vec::new(),
    };
    let known: &[&str] = if matches.macs.is_empty() {
        matches.macs = macs("PermanentMACAddress");
        &["MACAddress", "PermanentMACAddress", "Driver", "Type"]
    } else {
        &["MACAddress", "Driver", "Type"]
    };
    let mut seen: Vec<&str> = Vec::new();
    for entry in file.sections.iter().filter(|section| section.name == "Match").flat_map(|section| &section.entries) {
        if entry.key == name_key || known.contains(&entry.key.as_str()) || seen.contains(&entry.key.as_str()) {
            continue;
        }
        seen.push(&entry.key);
        matches.other.extend(file.list("Match", &entry.key).iter().map(|held| condition(&held.key, &held.value)));
    }
    matches
}

fn link_section(file: &UnitFile, config: &mut InterfaceConfig, problems: &mut Vec<Problem>) {
    config.unmanaged = file.boolean("Link", "Unmanaged").is_some_and(|unmanaged| unmanaged.value);
    // An operational state in place of a boolean means that the interface is waited for.
    config.optional = file.boolean("Link", "RequiredForOnline").is_some_and(|required| !required.value);
    if let Some(policy) = file.last("Link", "ActivationPolicy") {
        config.at_boot = !matches!(policy.value.as_str(), "manual" | "always-down" | "down");
    }
    if let Some(entry) = file.last("Link", "MTUBytes") {
        match bytes(&entry.value) {
            Some(mtu) => config.mtu = Some(Located::new(mtu, entry.at.clone())),
            None => problems
                .push(Problem::new(entry.at.to_string(), format!("`{}` is not an MTU", wrong_value(&entry.value)))),
        }
    }
}

/// A number of bytes with systemd's suffixes to the base of 1024.
fn bytes(text: &str) -> Option<u32> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor: u32 = match text.get(digits.len()..).unwrap_or_default() {
        "" | "B" => 1,
        "K" => 1 << 10,
        "M" => 1 << 20,
        _ => return None,
    };
    digits.trim().parse::<u32>().ok()?.checked_mul(factor)
}

fn network_section(file: &UnitFile, config: &mut InterfaceConfig, problems: &mut Vec<Problem>) {
    let dhcp4 = file
        .last("Network", "DHCP")
        .is_some_and(|entry| boolean(&entry.value).unwrap_or(matches!(entry.value.as_str(), "ipv4" | "v4" | "both")));
    let sections: Vec<_> = file.list("Network", "Address");
    let own = file.sections.iter().filter(|section| section.name == "Address").filter_map(|it| it.last("Address"));
    for entry in sections.into_iter().chain(own) {
        match address(&entry.value) {
            Some(net) => config.addresses.push(net),
            None => problems
                .push(Problem::new(entry.at.to_string(), format!("`{}` is not an address", wrong_value(&entry.value)))),
        }
    }
    for entry in file.list("Network", "Gateway") {
        // Other words stand for the router that DHCP or a router advertisement names.
        if config.gateway.is_none_or(|known| known.is_ipv6())
            && let Ok(gateway) = entry.value.parse()
        {
            config.gateway = Some(gateway);
        }
    }
    config.method = if dhcp4 {
        Method::Dhcp
    } else if config.addresses.iter().any(|net| net.addr().is_ipv4()) {
        Method::Static
    } else {
        Method::Manual
    };
    // A VLAN, MACVLAN or tunnel leaves the NIC below it as it is.
    config.port_of = ["Bridge", "Bond", "VRF", "BatmanAdvanced"]
        .into_iter()
        .find_map(|key| file.last("Network", key))
        .filter(|upper| !upper.value.is_empty())
        .map(|upper| Located::new(plain(&upper.value).to_owned(), upper.at.clone()));
    config.keep = file.last("Network", "KeepConfiguration").map(crate::formats::systemd::Entry::located);
}

/// An address with its prefix length; without one it stands for itself alone, as networkd takes it
/// for IPv4 of no class and for IPv6.
fn address(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// `[DHCPv4]`, which was `[DHCP]` until systemd 243.
fn dhcp_section(file: &UnitFile, config: &mut InterfaceConfig) {
    for section in ["DHCP", "DHCPv4"] {
        let set = |slot: &mut Option<Located<bool>>, key: &str| {
            if let Some(value) = file.boolean(section, key) {
                *slot = Some(value);
            }
        };
        set(&mut config.use_dhcp_routes, "UseRoutes");
        set(&mut config.use_dhcp_gateway, "UseGateway");
        if let Some(metric) = file.number(section, "RouteMetric") {
            config.metric = Some(metric);
        }
        // The older name of KeepConfiguration=; where both are given this one is ignored.
        if config.keep.is_none()
            && let Some(critical) = file.boolean(section, "CriticalConnection")
        {
            let word = if critical.value { "yes" } else { "no" };
            config.keep = Some(Located::new(word.to_owned(), critical.at));
        }
    }
    // UseGateway= follows UseRoutes= where it is not set (systemd.network(5)).
    if config.use_dhcp_gateway.is_none() {
        config.use_dhcp_gateway = config.use_dhcp_routes.clone().filter(|routes| !routes.value);
    }
}

fn route(section: &Section, config: &mut InterfaceConfig, problems: &mut Vec<Problem>) {
    let value = |key: &str| section.last(key).filter(|entry| !entry.value.is_empty());
    let unicast = value("Type").is_none_or(|entry| entry.value == "unicast");
    let main = value("Table").is_none_or(|entry| matches!(entry.value.as_str(), "main" | "254"));
    if !unicast || !main {
        return;
    }
    let gateway = value("Gateway").and_then(|entry| entry.value.parse::<IpAddr>().ok());
    let destination = match value("Destination") {
        Some(entry) => match address(&entry.value) {
            Some(net) => net.trunc(),
            None => {
                let what = format!("`{}` is not a destination", wrong_value(&entry.value));
                problems.push(Problem::new(entry.at.to_string(), what));
                return;
            }
        },
        None if value("Gateway").is_some() => everywhere(gateway.is_some_and(|gateway| gateway.is_ipv6())),
        None => return,
    };
    let metric = value("Metric").and_then(|entry| entry.value.parse().ok());
    config.routes.push(Located::new(StaticRoute { destination, gateway, metric }, section.at.clone()));
}

/// The VLANs, bonds and bridges that a `.network` file puts on its interface: names of `.netdev`s.
pub(crate) fn uppers(file: &UnitFile) -> Vec<(&'static str, String)> {
    ["VLAN", "Bond", "Bridge"]
        .into_iter()
        .flat_map(|key| {
            file.list("Network", key)
                .into_iter()
                .flat_map(move |entry| split_words(&entry.value).into_iter().map(move |name| (key, name)))
        })
        .collect()
}

/// What a `.netdev` file makes: name, kind, and the id of a VLAN (systemd.netdev(5)).
pub(crate) fn netdev(file: &UnitFile) -> Option<(String, String, Option<u16>)> {
    let name = file.last("NetDev", "Name")?.value.clone();
    let kind = file.last("NetDev", "Kind")?.value.clone();
    let id = file.last("VLAN", "Id").and_then(|entry| entry.value.parse().ok());
    Some((name, kind, id))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::formats::systemd::parse;
    use proptest::prelude::*;

    const SAN: &str = "[Match]\nMACAddress=52-54-00-AA-BB-01\nName=en* eth0\nKernelCommandLine=ip\n\n[Link]\nRequiredForOnline=no\nMTUBytes=9K\n\n[Network]\nDHCP=ipv4\nKeepConfiguration=dhcp-on-stop\nVLAN=san.47\n\n[DHCPv4]\nUseRoutes=false\nRouteMetric=200\n\n[Route]\nDestination=100.97.0.0/16\nGateway=100.64.16.49\n\n[Route]\nGateway=192.0.2.1\nMetric=5\n\n[Route]\nDestination=10.0.0.0/8\nType=unreachable\n";

    fn read_text(text: &str) -> (Option<InterfaceConfig>, Vec<Problem>) {
        let mut problems = Vec::new();
        let config = read(&parse(text, "/n.network"), "/n.network", &mut problems);
        (config, problems)
    }

    #[test]
    fn reads_what_keeps_the_san_route() {
        let (config, problems) = read_text(SAN);
        let config = config.unwrap();
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(config.matches.macs, ["52:54:00:aa:bb:01"]);
        assert_eq!(config.matches.names, ["en*", "eth0"]);
        assert_eq!(config.matches.other, ["KernelCommandLine=ip"]);
        assert_eq!(config.method, Method::Dhcp);
        assert_eq!(config.mtu.unwrap().value, 9216);
        assert!(config.optional && !config.unmanaged);
        assert_eq!(config.keep.unwrap(), Located::new("dhcp-on-stop".to_owned(), Location::line("/n.network", 12)));
        assert!(!config.use_dhcp_routes.unwrap().value);
        assert!(!config.use_dhcp_gateway.unwrap().value);
        assert_eq!(config.metric.unwrap().value, 200);
        assert_eq!(config.routes.len(), 2);
        assert_eq!(config.routes[0].at.line, 19);
        assert_eq!(config.routes[1].value.destination.to_string(), "0.0.0.0/0");
        assert_eq!(config.gateway.unwrap().to_string(), "192.0.2.1");
        assert_eq!(uppers(&parse(SAN, "/n")), [("VLAN", "san.47".to_owned())]);
    }

    #[test]
    fn an_inverted_list_inverts_every_word() {
        let (config, _) = read_text("[Match]\nName=!eth0 wl*\n[Network]\nAddress=192.0.2.7/24\n");
        let config = config.unwrap();
        assert_eq!(config.matches.names, ["!eth0", "!wl*"]);
        assert_eq!(config.method, Method::Static);
    }

    #[test]
    fn both_kinds_of_mac_are_kept() {
        let (config, _) = read_text("[Match]\nMACAddress=aabb.ccdd.ee01\nPermanentMACAddress=aa:bb:cc:dd:ee:02\n");
        let matches = config.unwrap().matches;
        assert_eq!(matches.macs, ["aa:bb:cc:dd:ee:01"]);
        assert_eq!(matches.other, ["PermanentMACAddress=aa:bb:cc:dd:ee:02"]);
    }

    #[test]
    fn a_file_that_matches_nothing_is_ignored() {
        let (config, problems) = read_text("[Network]\nDHCP=yes\n");
        assert!(config.is_none());
        assert_eq!(problems.len(), 1);
    }

    #[test]
    fn the_old_name_of_keep_configuration_counts() {
        let (config, _) = read_text("[Match]\nName=*\n[DHCP]\nCriticalConnection=true\n[Network]\nDHCP=both\n");
        let config = config.unwrap();
        assert_eq!(config.keep.unwrap().value, "yes");
        assert_eq!(config.method, Method::Dhcp);
    }

    #[test]
    fn wrong_values_are_told_with_their_line() {
        let (config, problems) = read_text(
            "[Match]\nName=*\n[Network]\nAddress=300.1.1.1/24\n[Link]\nMTUBytes=big\n[Route]\nDestination=x\n",
        );
        assert!(config.unwrap().addresses.is_empty());
        let places: Vec<_> = problems.iter().map(|problem| problem.place.as_str()).collect();
        assert_eq!(places, ["/n.network:6", "/n.network:4", "/n.network:8"]);
    }

    #[test]
    fn a_nic_says_itself_that_it_is_a_port() {
        let upper = |line: &str| {
            let (config, _) = read_text(&format!("[Match]\nName=eth0\n[Network]\n{line}\n"));
            config.unwrap().port_of.map(|upper| (upper.value, upper.at.line))
        };
        for (line, name) in [("Bridge=br0", "br0"), ("Bond=bond0", "bond0"), ("VRF=san", "san")] {
            assert_eq!(upper(line), Some((name.to_owned(), 4)), "{line}");
        }
        for line in ["VLAN=san.47", "MACVLAN=mac0", "Bridge=", "DHCP=yes"] {
            assert_eq!(upper(line), None, "{line}");
        }
    }

    #[test]
    fn reads_a_vlan() {
        let file = parse("[NetDev]\nName=san\nKind=vlan\n[VLAN]\nId=47\n", "/n");
        assert_eq!(netdev(&file), Some(("san".to_owned(), "vlan".to_owned(), Some(47))));
    }

    #[test]
    fn a_truncation_anywhere_is_read() {
        for end in 0..SAN.len() {
            read_text(SAN.get(..end).unwrap());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..1024)) {
            let text = format!("[Match]\nName=*\n[Route]\nDestination={0}\n[Link]\nMTUBytes={0}", String::from_utf8_lossy(&bytes));
            read_text(&text);
            normal_mac(&text);
        }
    }
}
