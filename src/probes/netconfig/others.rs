//! Services that may configure interfaces, and whose configuration is not read.

use super::redhat::{is_script, is_unit};
use crate::formats::systemd::interface_commands::leave_interfaces_alone;
use crate::formats::text::harmless::title;
use crate::probes::files::Reader;
use crate::probes::units::load::Unit;
use crate::probes::units::startup::Startup;
use isctpl_checks::facts::{Location, Manager, ManagerState, NetConfig, Problem, Source};

/// Services that are ordered before `network.target`, or that a script provides `$network` with, and that are read as a
/// manager's, or that give no interface an address, a route or a state: firewalls, resolvers, what wireless NICs and
/// Linux' own daemons need. A `*` stands for the rest of a name.
const KNOWN: [&str; 42] = [
    "NetworkManager*",
    "arptables",
    "bluetooth",
    "cloud-*",
    "dbus*",
    "dhcpcd",
    "dhcpcd5",
    "ebtables",
    "ferm",
    "firewalld",
    "hostapd",
    "ifup@*",
    "ifupdown-*",
    "ip6tables",
    "ipset",
    "iptables",
    "iscsi*",
    "iwd",
    "netfilter-persistent",
    "netplan-*",
    "network-manager",
    "networking",
    "nftables",
    "open-iscsi",
    "rdma*",
    "resolvconf*",
    "rpcbind",
    "shorewall*",
    "ModemManager",
    "sysctl",
    "systemd-network-generator",
    "systemd-networkd*",
    "systemd-resolved*",
    "systemd-sysctl",
    "systemd-udev*",
    "systemd-modules-load",
    "ufw",
    "udev*",
    "wicked*",
    "wpa_supplicant*",
    "loopback",
    "apparmor",
];

/// Adds the services that start and may configure the SAN NIC, as problems: what they do to it is not known.
pub(super) fn read(files: &Reader<'_>, startup: &Startup<'_>, facts: &mut NetConfig) {
    let found = units(startup).into_iter().chain(scripts(files, startup)).chain(openrc(files));
    for (name, at) in found.collect::<Vec<_>>() {
        let what = format!("{name} starts and may configure interfaces; what it does to the SAN NIC is not known");
        files.note(Problem::new(at.to_string(), what).of(Source::Manager(Manager::Unread)));
        facts.managers.push(ManagerState { manager: Manager::Unread, enabled: true, at: Some(at) });
    }
}

/// Units that are the network by their order or by their name, and are none of the managers that are read.
fn units(startup: &Startup<'_>) -> Vec<(String, Location)> {
    let mut found = Vec::new();
    for name in startup.started.keys() {
        if name.strip_suffix(".service").is_none_or(is_known) {
            continue;
        }
        let Some(unit) = startup.units.load(name) else { continue };
        if let Some(at) = unit.fragment.clone()
            && (is_before_network(&unit) || startup.units.is_called(name, "network.service"))
            && !is_unit(&unit)
            && !leave_interfaces_alone(&unit.file)
        {
            found.push((title(name), at));
        }
    }
    found
}

/// systemd.special(7): what manages the network is ordered before `network.target`.
fn is_before_network(unit: &Unit) -> bool {
    unit.file.words("Unit", "Before").iter().any(|word| word.value == "network.target")
}

/// Scripts of System V init that provide `$network` (systemd-sysv-generator(8) orders them before `network.target`).
fn scripts(files: &Reader<'_>, startup: &Startup<'_>) -> Vec<(String, Location)> {
    let mut found = Vec::new();
    for name in files.names("/etc/init.d") {
        let unit = format!("{}.service", name.trim_end_matches(".sh"));
        if is_known(&name) || startup.units.own_name(&unit).is_some() || is_script(files, &name) {
            continue;
        }
        let script = format!("/etc/init.d/{name}");
        if startup.service(&unit).is_some_and(|service| service.enabled)
            && (name == "network" || files.text(&script).is_some_and(|text| provides_network(&text)))
        {
            found.push((title(&script), files.location(&script)));
        }
    }
    found
}

fn provides_network(script: &str) -> bool {
    let lines = script.lines().take_while(|line| !line.starts_with("### END INIT INFO"));
    let mut provided = lines.filter_map(|line| line.trim_start_matches(['#', ' ', '\t']).strip_prefix("Provides:"));
    provided.any(|names| names.split_whitespace().any(|name| name == "$network"))
}

/// netifrc's scripts in the runlevels of OpenRC, one an interface.
fn openrc(files: &Reader<'_>) -> Vec<(String, Location)> {
    let levels = ["boot", "default", "sysinit"].map(|level| format!("/etc/runlevels/{level}"));
    let of_interface = |name: &String| name.starts_with("net.") && name != "net.lo";
    let links = levels.iter().flat_map(|level| {
        files.names(level).into_iter().filter(of_interface).map(move |name| format!("{level}/{name}"))
    });
    links.map(|link| (title(&link), files.location(&link))).collect()
}

fn is_known(stem: &str) -> bool {
    KNOWN.iter().any(|known| match known.strip_suffix('*') {
        Some(beginning) => stem.starts_with(beginning),
        None => stem == *known,
    })
}
