//! What the disk itself says of the SAN NIC: the command line, routes, leases, records.

use super::managers::{in_force, keeps};
use crate::Analysis;
use crate::facts::{Cmdline, InterfaceConfig, Lease, Startup};
use ipnet::IpNet;
use std::net::IpAddr;

/// The name that dracut's network-legacy gives the NIC of an iBFT (`net-lib.sh`, `ibft_to_cmdline`).
pub(super) const DRACUT_FIRMWARE_NIC: &str = "ibft0";

/// What was found; all that was found agrees.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// The SAN NIC's name on the real root.
    pub(super) name: Option<String>,
    /// Its MAC address.
    pub(super) mac: Option<String>,
}

/// What the disk says of the SAN NIC. The name that the initramfs gives it goes before all others: an interface
/// that is up is not renamed. Where the rest disagrees, nothing of it counts, nor where something surer than the
/// disk has told which NIC it is.
pub(super) fn on_disk(facts: &Analysis<'_>, words: &Cmdline, told: bool) -> Found {
    let by_initramfs = name_by_initramfs(facts, words);
    if told {
        return Found { name: by_initramfs, mac: None };
    }
    let pieces: Vec<Found> = by_configuration(facts).chain(by_leases(facts)).chain(by_records(facts)).collect();
    let name = agreed(pieces.iter().filter_map(|piece| piece.name.as_ref()));
    let mac = agreed(pieces.iter().filter_map(|piece| piece.mac.as_ref()));
    match (name, mac) {
        (Ok(name), Ok(mac)) => Found { name: by_initramfs.or(name), mac },
        _ => Found { name: by_initramfs, mac: None },
    }
}

/// The one value that all have; an error where there are two.
fn agreed<'a>(mut values: impl Iterator<Item = &'a String>) -> Result<Option<String>, ()> {
    let Some(first) = values.next() else { return Ok(None) };
    if values.all(|value| value == first) { Ok(Some(first.clone())) } else { Err(()) }
}

/// The name that the NIC has in the initramfs, and that stays.
fn name_by_initramfs(facts: &Analysis<'_>, words: &Cmdline) -> Option<String> {
    if is_named_by_dracut(facts, words) {
        return Some(DRACUT_FIRMWARE_NIC.to_owned());
    }
    let by_route = words.route_words().into_iter().find_map(|route| route.interface);
    // Several ip= may name several NICs, and then none of them says which is the SAN NIC.
    let by_address = || match words.ip_words(facts.default_image()).as_slice() {
        [only] => only.interface.clone(),
        _ => None,
    };
    by_route.or_else(by_address)
}

/// Whether the image gives the NIC of the iBFT a name of its own.
pub(super) fn is_named_by_dracut(facts: &Analysis<'_>, words: &Cmdline) -> bool {
    facts.default_image().is_some_and(|image| words.renames_firmware_nic(image).is_ok_and(|renames| renames))
}

/// Configurations that say by themselves that their NIC carries the root: a route to the SAN, an address in it,
/// or the word to keep what is there.
fn by_configuration(facts: &Analysis<'_>) -> impl Iterator<Item = Found> {
    let portals: Vec<IpAddr> = facts.root_portals().iter().map(|portal| portal.ip).collect();
    let says_so = move |config: &&InterfaceConfig| {
        let leads = |net: &IpNet| {
            net.prefix_len() > 0
                && (portals.iter().any(|ip| net.contains(ip))
                    || facts.scope.san_subnets.iter().any(|subnet| net.contains(subnet)))
        };
        in_force(facts, config)
            && config.lower.is_empty()
            && (config.routes.iter().any(|route| leads(&route.value.destination))
                || config.addresses.iter().any(leads)
                || keeps(config)
                || config.left_up)
    };
    facts.netconfig.interfaces.iter().filter(says_so).map(|config| Found {
        name: config.matches.only_name().map(str::to_owned),
        mac: config.matches.only_mac().map(str::to_owned),
    })
}

/// Leases with the mark of a SAN: option 121 without a default route, or with a route to a portal.
fn by_leases(facts: &Analysis<'_>) -> impl Iterator<Item = Found> {
    let portals: Vec<IpAddr> = facts.root_portals().iter().map(|portal| portal.ip).collect();
    let of_san = move |lease: &&Lease| {
        let routes = lease.classless.as_deref().unwrap_or_default();
        let specific = || routes.iter().filter(|route| route.destination.prefix_len() > 0);
        let leads = || specific().any(|route| portals.iter().any(|ip| route.destination.contains(ip)));
        (specific().count() == routes.len() && !routes.is_empty()) || leads()
    };
    let leases = facts.dhcp.leases.iter().filter(of_san);
    leases.map(|lease| Found { name: lease.interface.clone(), mac: lease.mac.clone() })
}

/// Node records that are bound to a NIC and are for the root's target.
fn by_records(facts: &Analysis<'_>) -> impl Iterator<Item = Found> {
    let targets = crate::shutdown::boot_target_names(facts);
    let of_root = facts.iscsi.nodes.iter().filter(move |node| {
        node.startup.as_ref().is_some_and(|startup| startup.value == Startup::Onboot) || targets.contains(&node.target)
    });
    of_root.map(|node| Found { name: node.net_interface.clone(), mac: node.hardware_address.clone() })
}
