//! SUSE's `ifcfg-NAME` files, as wicked reads them (ifcfg(5); client/suse/compat-suse.c in wicked).

use crate::formats::text::net::{classful_prefix, prefix};
use ipnet::Ipv4Net;
use isctpl_checks::facts::{InterfaceConfig, Location, Manager, Method, Problem};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// The settings of a file, the last one of a name, with their lines: `NAME=VALUE`, without the quotes
/// (ni_sysconfig_read()). What is no such line is passed over.
struct Settings<'t> {
    lines: BTreeMap<&'t str, (&'t str, u32)>,
}

impl<'t> Settings<'t> {
    fn of(text: &'t str) -> Self {
        let lines = (1u32..).zip(text.lines());
        let found = lines.filter_map(|(number, line)| setting(line).map(|(name, value)| (name, (value, number))));
        Self { lines: found.collect() }
    }

    fn get(&self, key: &str) -> Option<&'t str> {
        self.lines.get(key).map(|(value, _)| *value).filter(|value| !value.is_empty())
    }

    /// `KEY`, `KEY_any` and `KEY0`, which are one setting after the other: name, value and line.
    fn every(&self, key: &str) -> Vec<(&'t str, &'t str, u32)> {
        let goes_on = |c: char| c == '_' || c.is_ascii_digit();
        let is_one =
            |name: &str| name.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with(goes_on));
        let found = self.lines.iter().filter(|(name, _)| is_one(name));
        found.map(|(name, (value, line))| (*name, *value, *line)).collect()
    }
}

fn setting(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.trim_start().split_once('=')?;
    let quoted = |quote: char| value.strip_prefix(quote)?.split(quote).next();
    let bare = || value.split(char::is_whitespace).next().unwrap_or_default();
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then(|| (name, quoted('"').or_else(|| quoted('\'')).unwrap_or_else(bare)))
}

/// What a file says of the interface that it is named for.
pub(crate) fn read(text: &str, path: &str, name: &str, problems: &mut Vec<Problem>) -> InterfaceConfig {
    let known = Settings::of(text);
    let at = known.lines.get("STARTMODE").map_or_else(|| Location::file(path), |(_, line)| Location::line(path, *line));
    let mut config = InterfaceConfig::new(Manager::Wicked, at);
    config.matches.names.push(name.to_owned());
    let mode = known.get("STARTMODE").unwrap_or("manual");
    config.at_boot = matches!(mode, "auto" | "boot" | "onboot" | "on" | "hotplug" | "ifplugd" | "nfsroot");
    config.optional = matches!(mode, "hotplug" | "ifplugd");
    // Such an interface is persistent: `wicked ifdown` passes over it (__ni_suse_startmode()).
    config.left_up = mode == "nfsroot";
    addresses(&known, path, &mut config, problems);
    config.method = match known.get("BOOTPROTO").unwrap_or("static") {
        "dhcp" | "dhcp4" | "dhcp+autoip" | "dhcp4+autoip" => Method::Dhcp,
        _ if name == "lo" => Method::Loopback,
        _ if config.addresses.is_empty() => Method::Manual,
        _ => Method::Static,
    };
    lower(&known, name, &mut config);
    config
}

/// `IPADDR`, `IPADDR_any` … with a prefix length behind the address, or in `PREFIXLEN` or `NETMASK` of the same ending.
fn addresses(known: &Settings<'_>, path: &str, config: &mut InterfaceConfig, problems: &mut Vec<Problem>) {
    for (key, value, line) in known.every("IPADDR") {
        let suffix = key.trim_start_matches("IPADDR");
        let (ip, own) = value.split_once('/').map_or((value, None), |(ip, length)| (ip, Some(length)));
        let Ok(ip) = ip.parse::<Ipv4Addr>() else { continue };
        let mask = own.or_else(|| ["PREFIXLEN", "NETMASK"].iter().find_map(|key| known.get(&format!("{key}{suffix}"))));
        match mask.map_or(Some(classful_prefix(ip)), prefix).and_then(|length| Ipv4Net::new(ip, length).ok()) {
            Some(net) => config.addresses.push(net.into()),
            None => {
                problems.push(Problem::new(Location::line(path, line).to_string(), "the address has no valid netmask"));
            }
        }
    }
}

/// What a bond, bridge, team, virtual switch or VLAN is made of.
fn lower(known: &Settings<'_>, name: &str, config: &mut InterfaceConfig) {
    let switched = [("BONDING_MASTER", "BONDING_SLAVE"), ("BRIDGE", "BRIDGE_PORTS")];
    let mut keys: Vec<&str> =
        switched.into_iter().filter(|(switch, _)| known.get(switch) == Some("yes")).map(|(_, ports)| ports).collect();
    keys.extend(["TEAM_PORT_DEVICE", "OVS_BRIDGE_PORT_DEVICE"]);
    for (_, value, _) in keys.into_iter().flat_map(|key| known.every(key)) {
        config.lower.extend(value.split_whitespace().map(str::to_owned));
    }
    if let Some(lower) = known.get("ETHERDEVICE") {
        let digits = name.trim_start_matches(|c: char| !c.is_ascii_digit());
        let in_name = name.rsplit_once('.').map_or(digits, |(_, id)| id);
        config.vlan = known.get("VLAN_ID").unwrap_or(in_name).parse().ok().or(Some(0));
        config.lower = vec![lower.to_owned()];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, text: &str) -> InterfaceConfig {
        read(text, "/etc/sysconfig/network/ifcfg-x", name, &mut Vec::new())
    }

    /// __ni_suse_startmode() of compat-suse.c: `manual` where nothing is said; `nfsroot` alone is persistent.
    #[test]
    fn the_mode_says_whether_it_starts_and_whether_it_stays_up() {
        for (mode, at_boot, left_up) in [
            ("STARTMODE='auto'", true, false),
            ("STARTMODE=\"onboot\"", true, false),
            ("STARTMODE=hotplug # x", true, false),
            ("STARTMODE=nfsroot", true, true),
            ("STARTMODE=manual", false, false),
            ("STARTMODE=off", false, false),
            ("STARTMODE=Auto", false, false),
            ("#STARTMODE=auto", false, false),
        ] {
            let config = of("eth0", mode);
            assert_eq!((config.at_boot, config.left_up), (at_boot, left_up), "{mode}");
        }
    }

    #[test]
    fn addresses_ports_and_vlans() {
        let text =
            "STARTMODE=auto\nBOOTPROTO=static\nIPADDR='192.0.2.5/24'\nIPADDR_1=198.51.100.5\nNETMASK_1=255.255.255.0\n";
        let config = of("eth0", text);
        let nets: Vec<String> = config.addresses.iter().map(ToString::to_string).collect();
        assert_eq!(
            (config.method, nets),
            (Method::Static, vec!["192.0.2.5/24".to_owned(), "198.51.100.5/24".to_owned()])
        );
        assert_eq!(of("eth0", "BOOTPROTO='dhcp4'\n").method, Method::Dhcp);
        assert_eq!(of("eth0", "BOOTPROTO=none\n").method, Method::Manual);
        let bond =
            of("bond0", "BONDING_MASTER=yes\nBONDING_SLAVE0=eth0\nBONDING_SLAVE_1=eth1\nBONDING_MODULE_OPTS=x\n");
        assert_eq!(bond.lower, ["eth0", "eth1"]);
        assert_eq!(of("br0", "BRIDGE=yes\nBRIDGE_PORTS='eth0 eth1'\n").lower, ["eth0", "eth1"]);
        assert!(of("br0", "BRIDGE=no\nBRIDGE_PORTS='eth0'\n").lower.is_empty());
        let vlan = of("vlan47", "ETHERDEVICE=eth0\n");
        assert_eq!((vlan.vlan, vlan.lower), (Some(47), vec!["eth0".to_owned()]));
        assert_eq!(of("san", "ETHERDEVICE=eth0\nVLAN_ID=48\n").vlan, Some(48));
    }
}
