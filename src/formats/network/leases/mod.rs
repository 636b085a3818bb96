//! DHCP leases, as each client writes them down. One file a client.
//!
//! Every parser gives the leases that it could read and what was wrong with the file. Everything in
//! a lease was chosen by the DHCP server: nothing is evaluated, and no length is trusted.

pub mod dhclient;
pub mod dhcpcd;
pub mod klibc;
pub mod networkd;
pub mod networkmanager;

use crate::formats::network::classless_routes::{Decoded, parse};
use ipnet::IpNet;
use isctpl_checks::facts::{Lease, LeaseClient, Location, Problem};
use std::net::{IpAddr, Ipv4Addr};

/// Collects a lease and what is wrong with it.
struct Builder {
    lease: Lease,
    ip: Option<Ipv4Addr>,
    mask: Option<Ipv4Addr>,
    problems: Vec<Problem>,
}

impl Builder {
    fn new(client: LeaseClient, at: Location) -> Self {
        let lease = Lease { at: Some(at), client, ..Lease::default() };
        Self { lease, ip: None, mask: None, problems: Vec::new() }
    }

    fn problem(&mut self, what: impl Into<String>) {
        let place = self.lease.at.as_ref().map(ToString::to_string).unwrap_or_default();
        self.problems.push(Problem::new(place, what));
    }

    fn misread<T>(&mut self, key: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.problem(format!("the value of {key} is not valid"));
        }
        value
    }

    fn ip(&mut self, key: &str, value: &str) {
        self.ip = self.misread(key, value.parse().ok());
    }

    fn mask(&mut self, key: &str, value: &str) {
        self.mask = self.misread(key, value.parse().ok());
    }

    fn server(&mut self, key: &str, value: &str) {
        self.lease.server = self.misread(key, value.parse().ok());
    }

    fn mtu(&mut self, key: &str, value: &str) {
        self.lease.mtu = self.misread(key, value.parse().ok());
    }

    /// Routers, with commas or spaces between them. 0.0.0.0 stands for none.
    fn routers(&mut self, key: &str, value: &str) {
        for word in value.split(|c: char| c == ',' || c.is_ascii_whitespace()).filter(|word| !word.is_empty()) {
            if let Some(router) = self.misread(key, word.parse::<IpAddr>().ok()).filter(|ip| !ip.is_unspecified()) {
                self.lease.routers.push(router);
            }
        }
    }

    fn lease_seconds(&mut self, key: &str, value: &str) {
        // 0xffffffff is endless (RFC 2131, section 3.3).
        self.lease.lease_seconds = self.misread(key, value.parse::<u64>().ok()).filter(|&seconds| seconds != ENDLESS);
    }

    fn classless_text(&mut self, key: &str, value: &str) {
        self.classless(key, parse(value));
    }

    fn classless(&mut self, key: &str, decoded: Decoded) {
        if let Some(fault) = decoded.fault {
            self.problem(format!("{key}: {fault}"));
        }
        self.lease.classless = Some(decoded.routes);
    }

    /// The lease, when it gave an address; one without is no lease.
    fn finish(mut self) -> (Option<Lease>, Vec<Problem>) {
        let Some(ip) = self.ip.filter(|ip| !ip.is_unspecified()) else { return (None, self.problems) };
        self.lease.address = match self.mask {
            Some(mask) => {
                let net = IpNet::with_netmask(IpAddr::V4(ip), IpAddr::V4(mask)).ok();
                self.misread("the subnet mask", net)
            }
            None => None,
        }
        .or_else(|| IpNet::new(IpAddr::V4(ip), width_without_mask(&self.lease.client, ip)).ok());
        (Some(self.lease), self.problems)
    }
}

/// Seconds of a lease without end.
const ENDLESS: u64 = 0xffff_ffff;

/// The prefix length that a client takes for an address that came without a mask: that of its class. dhclient's script
/// hands the address alone to iproute2, which makes it the only one of its network.
fn width_without_mask(client: &LeaseClient, ip: Ipv4Addr) -> u8 {
    match ip.octets() {
        _ if *client == LeaseClient::Dhclient => 32,
        [0..=127, ..] => 8,
        [128..=191, ..] => 16,
        [192..=223, ..] => 24,
        _ => 32,
    }
}
