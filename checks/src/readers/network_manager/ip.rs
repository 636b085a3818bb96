//! `ip=`, and what the firmware says of a NIC.

use super::fields::{
    default_length, hardware_address, how, is_of_ethernet, length_of, next_field, number, with_length,
};
use super::{Method, OF_FIRMWARE, Of, Profile, Reader, Route};
use crate::facts::IbftNic;
use std::net::IpAddr;

/// `ip=` with its fields.
#[derive(Debug, Default)]
struct Ip {
    address: Option<(IpAddr, Option<u8>)>,
    gateway: Option<String>,
    mask: Option<String>,
    interface: Option<String>,
    how: &'static str,
    dns: Vec<IpAddr>,
    mtu: Option<String>,
    mac: String,
}

impl Ip {
    /// `HOW`, `INTERFACE:HOW[:TAIL]` or `ADDRESS:PEER:GATEWAY:NETMASK:HOST:INTERFACE:HOW[:TAIL]`; `None` where the word
    /// is left out.
    fn read(value: &str) -> Option<Self> {
        let mut ip = Self::default();
        let mut rest = value;
        let first = next_field(&mut rest, ':');
        if rest.is_empty() {
            ip.how = how(first.as_deref()).unwrap_or("auto");
            return Some(ip);
        }
        let second = next_field(&mut rest, ':');
        if let Some(how) = second.as_deref().and_then(|second| how(Some(second))) {
            (ip.interface, ip.how) = (first, how);
        } else {
            if let Some(address) = first {
                ip.address = Some(with_length(&address)?);
            }
            ip.gateway = next_field(&mut rest, ':');
            ip.mask = next_field(&mut rest, ':');
            next_field(&mut rest, ':');
            ip.interface = next_field(&mut rest, ':');
            ip.how = how(next_field(&mut rest, ':').as_deref()).unwrap_or("auto");
        }
        ip.tail(rest);
        Some(ip)
    }

    /// `DNS[:DNS]` or `[MTU][:MAC]`.
    fn tail(&mut self, tail: &str) {
        let mut rest = tail;
        let first = next_field(&mut rest, ':');
        match first.as_deref().map(str::parse) {
            Some(Ok(server)) => {
                self.dns.push(server);
                self.dns.extend(next_field(&mut rest, ':').and_then(|server| server.parse::<IpAddr>().ok()));
            }
            _ => {
                self.mtu = first;
                rest.clone_into(&mut self.mac);
            }
        }
    }
}

impl Reader<'_> {
    pub(super) fn ip(&mut self, value: &str) -> Option<()> {
        let Some(ip) = Some(value).filter(|value| !value.is_empty()).and_then(Ip::read) else { return Some(()) };
        if ip.interface.is_none() && ip.how == "ibft" {
            return self.of_firmware();
        }
        let at = match ip.interface.as_deref() {
            Some(interface) => self.profile(Some(interface), None),
            None => self.default_profile(),
        };
        self.profiles[at].take(&ip);
        if ip.how == "ibft" {
            self.merge_firmware(at);
        }
        self.profiles[at].take_rest(&ip);
        Some(())
    }

    /// `ip=INTERFACE:ibft`: what the firmware says of that NIC goes into the profile.
    fn merge_firmware(&mut self, at: usize) {
        let of = match &self.profiles[at].of {
            Of::Mac(mac) => Some(mac.clone()),
            Of::Name(name) => (self.mac_of)(name),
            Of::Any => None,
        };
        if let Some(nic) = self.firmware.iter().find(|nic| of.as_deref() == Some(nic.mac.as_str())) {
            self.profiles[at].take_firmware(nic);
        }
    }
}

impl Profile {
    /// Takes the address, and how to come to one.
    fn take(&mut self, ip: &Ip) {
        self.explicit = true;
        if let Some((address, written)) = ip.address {
            let mask = ip.mask.as_deref().and_then(|mask| length_of(mask, Some(address)));
            let length = mask.or(written).unwrap_or_else(|| default_length(address));
            self.add_address(address, length);
            *(if address.is_ipv4() { &mut self.method } else { &mut self.method6 }) = Method::Manual;
        }
        let (v4, v6) = (self.has_static(false), self.has_static(true));
        let or_off = |method: Method, has: bool| if has { method } else { Method::Disabled };
        match ip.how {
            "none" => (self.method, self.method6) = (or_off(self.method, v4), or_off(self.method6, v6)),
            "dhcp" => (self.method, self.method6) = (Method::Auto, if v6 { self.method6 } else { Method::Auto }),
            "dhcp6" => (self.method, self.method6) = (or_off(self.method, v4), Method::Auto),
            "link6" => (self.method, self.method6) = (or_off(self.method, v4), Method::LinkLocal),
            _ => {}
        }
    }

    /// Takes what stands beside the address.
    fn take_rest(&mut self, ip: &Ip) {
        if let Some(gateway) = ip.gateway.as_deref().and_then(|gateway| gateway.parse().ok()) {
            self.set_gateway(gateway);
        }
        ip.dns.iter().for_each(|server| self.add_dns(*server));
        if let Some(mtu) = &ip.mtu {
            self.mtu = number(mtu, u32::MAX).unwrap_or(self.mtu);
        }
        if !ip.mac.is_empty() {
            self.cloned_mac = Some(hardware_address(&ip.mac).unwrap_or_else(|| ip.mac.clone()));
        }
    }

    /// Takes what the firmware says of a NIC; false, with what it has taken until then, where that is not enough.
    pub(super) fn take_firmware(&mut self, nic: &IbftNic) -> bool {
        if nic.vlan != 0 {
            self.vlan = Some((self.vlan.take().and_then(|(parent, _)| parent), nic.vlan.into()));
        }
        if !is_of_ethernet(&nic.mac) {
            return false;
        }
        self.of = Of::Mac(nic.mac.clone());
        let Some(family) = nic.ip.or(nic.gateway) else { return false };
        let method = if matches!(nic.origin, 3 | 4) { Method::Auto } else { Method::Manual };
        let (own, other) = match family {
            IpAddr::V4(_) => (&mut self.method, &mut self.method6),
            IpAddr::V6(_) => (&mut self.method6, &mut self.method),
        };
        (*own, *other) = (method, Method::Disabled);
        let fits = |address: &IpAddr| address.is_ipv6() == family.is_ipv6();
        if !nic.gateway.iter().chain(&nic.dns).all(fits) {
            return false;
        }
        if let Some(address) = nic.ip {
            self.add_address(address, nic.prefix_len);
            self.gateways.retain(|gateway| !fits(gateway));
            self.gateways.extend(nic.gateway);
        }
        nic.dns.iter().for_each(|server| self.add_dns(*server));
        self.kind = if nic.vlan == 0 { "ethernet" } else { "vlan" };
        self.priority = OF_FIRMWARE;
        true
    }

    /// Adds a route, once.
    pub(super) fn add_route(&mut self, route: Route) {
        if !self.routes.contains(&route) {
            self.routes.push(route);
        }
    }
}
