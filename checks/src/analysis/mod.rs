//! What several checks ask of the facts: the SAN NIC, the portals, the image that will boot.

mod boot;
mod modules;
mod omits;
pub mod policy;
mod remedies;
mod request;
mod rootspec;
pub mod san;
mod sign;
mod stack;
mod static_routes;

pub use boot::*;
pub use modules::*;
pub use omits::*;
pub use remedies::*;
pub use request::*;
pub use rootspec::*;
pub use sign::*;
pub use stack::*;
pub use static_routes::*;

use crate::facts::{Facts, Initramfs, Kernel, Portal};
use std::net::IpAddr;

/// The image of the entry that will boot: the last initrd that could be found, since a loader may
/// load microcode first.
pub fn default_image(facts: &Facts) -> Option<&Initramfs> {
    let entry = facts.loader.default_entry()?;
    entry
        .initrds
        .iter()
        .rev()
        .filter_map(|initrd| initrd.path.as_deref())
        .find_map(|path| facts.images.iter().find(|image| image.path == path))
}

/// The kernel of the entry that will boot.
pub fn default_kernel(facts: &Facts) -> Option<&Kernel> {
    let path = facts.loader.default_entry()?.kernel.as_ref()?.path.as_deref()?;
    facts.kernels.iter().find(|kernel| kernel.path == path)
}

/// Every portal that is known, each once, and who says so: the command line's `--portal`, the iBFT,
/// sessions that hold the root, and node records that are started at boot.
pub fn portals(facts: &Facts) -> Vec<Portal> {
    let mut portals: Vec<Portal> = Vec::new();
    let mut add = |ip: IpAddr, port: u16, source: String| {
        if !portals.iter().any(|portal| portal.ip == ip && portal.port == port) {
            portals.push(Portal { ip, port, source });
        }
    };
    for address in &facts.scope.portals {
        add(address.ip(), address.port(), "--portal".to_owned());
    }
    if let Some(ibft) = facts.firmware.ibft() {
        for target in &ibft.targets {
            if let Some(ip) = target.ip {
                add(ip, target.port, format!("iBFT target{}", target.index));
            }
        }
    }
    for session in facts.iscsi.sessions.known().into_iter().flatten() {
        if let (Some(ip), Some(port)) = (session.address, session.port) {
            add(ip, port, format!("/sys/class/iscsi_session/{}", session.name));
        }
    }
    for node in &facts.iscsi.nodes {
        let at_boot = node.startup.as_ref().is_some_and(|startup| startup.value == "onboot");
        if let (Some(ip), true) = (node.address, at_boot) {
            add(ip, node.port, node.path.clone());
        }
    }
    portals
}

/// The name of the SAN NIC and how it is known: `--san-nic`, the iBFT's MAC among this machine's
/// NICs, or the interface by which the kernel reaches a portal.
pub fn san_nic(facts: &Facts) -> Option<(String, String)> {
    if let Some(name) = facts.scope.san_nic_name() {
        return Some((name.to_owned(), "--san-nic".to_owned()));
    }
    let with_mac = |mac: &str| facts.nics.known()?.iter().find(|nic| nic.mac == mac && nic.physical);
    if let Some(nic) = facts.scope.san_nic_mac().and_then(|mac| with_mac(&mac)) {
        return Some((nic.name.clone(), "--san-nic".to_owned()));
    }
    if let Some(mac) = san_mac(facts)
        && let Some(nic) = with_mac(mac)
    {
        return Some((nic.name.clone(), format!("the iBFT names its MAC address {mac}")));
    }
    let lookups = facts.network.lookups.known()?;
    lookups.iter().find_map(|lookup| match &lookup.answer {
        crate::facts::LookupAnswer::Route(route) => Some((
            route.interface.clone()?,
            format!("the kernel's route to {} goes out through it", lookup.destination),
        )),
        _ => None,
    })
}

/// The MAC address of the NIC that the firmware booted by.
pub fn san_mac(facts: &Facts) -> Option<&str> {
    let nics = &facts.firmware.ibft()?.nics;
    nics.iter()
        .find(|nic| nic.is_valid() && nic.is_boot())
        .or_else(|| nics.iter().find(|nic| nic.is_valid()))
        .map(|nic| nic.mac.as_str())
}
