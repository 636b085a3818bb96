//! The portals of the instance, and its SAN NIC as far as the firmware and the kernel tell.

use super::Analysis;
use super::request::portal_addresses;
use crate::facts::{Portal, RequestKind, Startup};
use std::net::IpAddr;

impl Analysis<'_> {
    /// Every portal that is known, each once, and who says so: the command line's `--portal`, the firmware,
    /// sessions but those that are known to carry something else, and node records that are started at boot.
    pub fn portals(&self) -> Vec<Portal> {
        let mut portals: Vec<Portal> = Vec::new();
        let mut add = |ip: IpAddr, port: u16, source: String| {
            if !portals.iter().any(|portal| portal.ip == ip && portal.port == port) {
                portals.push(Portal { ip, port, source });
            }
        };
        for address in &self.scope.portals {
            add(address.ip(), address.port(), "--portal".to_owned());
        }
        for target in self.handoff().into_iter().flat_map(|handoff| &handoff.targets) {
            if let Some(ip) = target.ip {
                add(ip, target.port, target.title.clone());
            }
        }
        let sessions = self.iscsi.sessions.known().into_iter().flatten();
        for session in sessions.filter(|session| session.holds_root != Some(false)) {
            if let (Some(ip), Some(port)) = (session.address, session.port) {
                add(ip, port, format!("/sys/class/iscsi_session/{}", session.name));
            }
        }
        for node in &self.iscsi.nodes {
            let at_boot = node.startup.as_ref().is_some_and(|startup| startup.value == Startup::Onboot);
            if let (Some(ip), true) = (node.address, at_boot) {
                add(ip, node.port, node.path.clone());
            }
        }
        portals
    }

    /// The portals that the image logs in to, each once: the firmware's valid targets where it asks for them, and those
    /// that its requests name; where none of these is known, every portal that is. The way to another one, such as that
    /// of multipath's second path, is left to what logs in to it after the boot.
    pub(crate) fn login_portals(&self) -> Vec<IpAddr> {
        let targets = || self.handoff().into_iter().flat_map(|handoff| &handoff.targets);
        let asked = self.effective_requests().into_iter().flat_map(|request| match &request.kind {
            RequestKind::Firmware => targets().filter_map(|target| target.ip).collect(),
            RequestKind::Target { portals, .. } => portal_addresses(portals),
        });
        let mut portals: Vec<IpAddr> = Vec::new();
        let mut add = |portal: IpAddr| {
            if !portals.contains(&portal) {
                portals.push(portal);
            }
        };
        asked.for_each(&mut add);
        if portals.is_empty() { self.portals().iter().map(|portal| portal.ip).collect() } else { portals }
    }

    /// The name of the SAN NIC and how it is known: `--san-nic`, the firmware's MAC among this machine's
    /// NICs, or the interface by which the kernel reaches a portal.
    pub fn san_nic(&self) -> Option<(String, String)> {
        if let Some(name) = self.scope.san_nic_name() {
            return Some((name.to_owned(), "--san-nic".to_owned()));
        }
        let with_mac = |mac: &str| self.nics.known()?.iter().find(|nic| nic.mac == mac && nic.physical);
        if let Some(nic) = self.scope.san_nic_mac().and_then(|mac| with_mac(&mac)) {
            return Some((nic.name.clone(), "--san-nic".to_owned()));
        }
        if let Some(handoff) = self.handoff()
            && let Some(mac) = self.san_mac()
            && let Some(nic) = with_mac(mac)
        {
            return Some((nic.name.clone(), format!("the {} names its MAC address {mac}", handoff.protocol)));
        }
        let lookups = self.network.lookups.known()?;
        lookups.iter().find_map(|lookup| match &lookup.answer {
            crate::facts::LookupAnswer::Route(route) => Some((
                route.interface.clone()?,
                format!("the kernel's route to {} goes out through it", lookup.destination),
            )),
            _ => None,
        })
    }

    /// The MAC address of the NIC that the firmware booted by.
    pub(crate) fn san_mac(&self) -> Option<&str> {
        Some(self.handoff()?.boot_nic()?.mac)
    }
}
