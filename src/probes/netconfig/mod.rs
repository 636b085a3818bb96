//! The real root's network configuration: every manager's files, who starts, what renames, what filters.

mod dhcpcd;
mod firewall;
mod generated;
mod ifupdown;
mod managers;
mod networkd;
mod networkmanager;
mod redhat;
mod sysctl;
#[cfg(test)]
mod tests;
mod udev;

use super::files::{self, Files};
use crate::formats::network::netplan::Netplan;
use crate::system::Root;
use isctpl_checks::facts::{InterfaceConfig, Manager, NetConfig, Source};

/// Where netplan looks, the directory of the highest priority first.
const NETPLAN: [&str; 4] = ["/run/netplan", "/etc/netplan", "/usr/lib/netplan", "/lib/netplan"];

/// Reads the network configuration of a root. What could not be read is in `problems`.
///
/// Configurations stand manager by manager, each in the order in which its manager reads them; for
/// networkd the first one that matches an interface is the one that holds.
pub fn read(root: &Root) -> NetConfig {
    let mut files = Files::new(root);
    let mut facts = NetConfig::default();
    let (ifupdown, ifupdown_renames) = ifupdown::read(&mut files);
    Source::Manager(Manager::Ifupdown).name(&mut files.problems);
    let netplan = netplan(&mut files);
    Source::Manager(Manager::Netplan).name(&mut files.problems);
    let networkd = networkd::read(&mut files);
    Source::Manager(Manager::Networkd).name(&mut files.problems);
    let networkmanager = networkmanager::read(&mut files, &ifupdown);
    Source::Manager(Manager::NetworkManager).name(&mut files.problems);
    let dhcpcd = dhcpcd::read(&mut files);
    Source::Manager(Manager::Dhcpcd).name(&mut files.problems);
    let redhat = redhat::read(&mut files);
    Source::Manager(Manager::Ifcfg).name(&mut files.problems);
    facts.managers = managers::read(&mut files, &netplan);
    for group in [ifupdown, netplan, networkd.interfaces, networkmanager, redhat, dhcpcd] {
        facts.interfaces.extend(group);
    }
    facts.manage_foreign_routes = networkd.manage_foreign_routes;
    let udev = udev::read(&mut files);
    facts.renames = udev.renames;
    facts.renames.extend(networkd.renames);
    facts.renames.extend(ifupdown_renames);
    facts.iscsi_nic_guard = udev.iscsi_nic_guard;
    facts.systemd_version = managers::systemd_version(&mut files);
    facts.rp_filter = sysctl::rp_filter(&mut files);
    Source::Other.name(&mut files.problems);
    facts.firewalls = firewall::read(&mut files);
    Source::Firewall.name(&mut files.problems);
    facts.problems = files.into_problems();
    facts
}

fn netplan(files: &mut Files<'_>) -> Vec<InterfaceConfig> {
    let mut netplan = Netplan::default();
    for path in files.conf_files(&NETPLAN, ".yaml") {
        if let Some(text) = files.text(&path) {
            netplan.add(&text, &path, generated::by(&text).as_deref());
        }
    }
    let (interfaces, problems) = netplan.finish();
    files.problems.extend(problems);
    interfaces
}
