//! The real root's network configuration: every manager's files, who starts, what renames, what filters.

mod cloud_init;
pub(super) mod dhcpcd;
mod firewall;
mod generated;
mod ifcfg_files;
mod ifupdown;
mod managers;
mod netplan;
mod network_generator;
pub(super) mod networkd;
mod networkmanager;
mod others;
mod redhat;
mod sysctl;
#[cfg(test)]
mod tests;
mod udev;
mod version;
mod wicked;

use super::files::Reader;
use super::units::startup::Startup;
use crate::system::Root;
use isctpl_checks::facts::{Cmdline, NetConfig, Source};
use std::net::IpAddr;

/// Reads the network configuration of a root. What could not be read is in `problems`, the units that say which
/// managers and firewalls start included.
///
/// Configurations stand manager by manager, each in the order in which its manager reads them; for
/// networkd the first one that matches an interface is the one that holds. Firewalls are followed for the portals of
/// the root, as far as they are known. `words` is the command line of a root that is to boot: what will be made of it
/// there is part of the configuration.
pub(crate) fn read(root: &Root, startup: &Startup<'_>, portals: &[IpAddr], words: Option<&Cmdline>) -> NetConfig {
    let files = Reader::new(root);
    let mut facts = NetConfig::default();
    let udev = udev::read(&files);
    facts.renames = udev.renames;
    facts.iscsi_nic_guard = udev.iscsi_nic_guard;
    Source::LinkFiles.name(&mut files.problems());
    facts.systemd_version = version::of_systemd(&files);
    facts.rp_filter = sysctl::rp_filter(&files);
    Source::Other.name(&mut files.problems());
    managers::read(&files, startup, &mut facts);
    others::read(&files, startup, &mut facts);
    cloud_init::read(&files, startup, words, &mut facts);
    if let Some(words) = words {
        network_generator::read(&files, startup, words, &mut facts);
    }
    facts.firewalls = firewall::read(&files, startup, portals);
    Source::Firewall.name(&mut files.problems());
    // Any manager or firewall may be among the units that were not read, or not followed.
    let services: Vec<&str> = managers::services().chain(firewall::SERVICES).collect();
    files.problems().extend(startup.problems_about(&services));
    files.problems().extend(startup.cut_short());
    facts.problems = files.into_problems();
    facts
}
