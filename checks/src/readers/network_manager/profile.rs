//! What a profile holds, and whether NetworkManager's library lets it be one: what it refuses is not written, and the
//! generator says no more about it. Source: NetworkManager 1.42, `verify` in `src/libnm-core-impl/nm-setting-*.c`.

use super::fields::is_of_ethernet;
use std::net::IpAddr;

/// A profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// The interfaces that it is for.
    pub of: Of,
    /// `ethernet`, `infiniband`, `vlan`, `bridge`, `bond`, `team`.
    pub kind: &'static str,
    /// `autoconnect-priority`: of the profiles that fit an interface the highest one is taken.
    pub priority: i32,
    /// `ipv4.method`.
    pub method: Method,
    /// `ipv6.method`.
    pub method6: Method,
    /// Addresses that it sets, with the lengths of their prefixes.
    pub addresses: Vec<(IpAddr, u8)>,
    /// `ipv4.gateway` and `ipv6.gateway`.
    pub gateways: Vec<IpAddr>,
    /// Routes.
    pub routes: Vec<Route>,
    /// Name servers.
    pub dns: Vec<IpAddr>,
    /// The profile of which it makes its interface a port.
    pub port_of: Option<String>,
    /// The VLAN's parent and id.
    pub vlan: Option<(Option<String>, u32)>,
    /// `mtu`; 0 is none.
    pub mtu: u32,
    /// The MAC address that it gives to its interface.
    pub cloned_mac: Option<String>,
    /// Whether an `ip=` is for it.
    pub(super) explicit: bool,
}

/// A route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Destination.
    pub destination: (IpAddr, u8),
    /// Gateway.
    pub gateway: Option<IpAddr>,
}

/// The interfaces that a profile is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Of {
    /// Any NIC.
    Any,
    /// The one with this name.
    Name(String),
    /// The one with this MAC address, lower case with colons.
    Mac(String),
}

/// How a profile comes to its addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// DHCP, or router advertisements.
    Auto,
    /// Those that it sets.
    Manual,
    /// The link's own address.
    LinkLocal,
    /// None.
    Disabled,
}

/// Words that stand for a MAC address to give to an interface.
const CLONED: [&str; 4] = ["preserve", "permanent", "random", "stable"];

impl Profile {
    /// A profile as the generator begins one: DHCP and router advertisements.
    pub(super) fn new(name: &str, of: Of, kind: &'static str, priority: i32) -> Self {
        Self {
            name: name.to_owned(),
            of,
            kind,
            priority,
            method: Method::Auto,
            method6: Method::Auto,
            addresses: Vec::new(),
            gateways: Vec::new(),
            routes: Vec::new(),
            dns: Vec::new(),
            port_of: None,
            vlan: None,
            mtu: 0,
            cloned_mac: None,
            explicit: false,
        }
    }

    /// Whether it brings an address of any kind.
    pub fn has_address(&self) -> bool {
        self.port_of.is_none() && (!self.addresses.is_empty() || self.runs_dhcp())
    }

    /// Whether it asks DHCP for an address of IPv4.
    pub fn runs_dhcp(&self) -> bool {
        self.method == Method::Auto
    }

    /// Whether it sets an address of a family.
    pub(super) fn has_static(&self, v6: bool) -> bool {
        self.addresses.iter().any(|(address, _)| address.is_ipv6() == v6)
    }

    /// Sets an address, once.
    pub(super) fn add_address(&mut self, address: IpAddr, length: u8) {
        if !self.addresses.contains(&(address, length)) {
            self.addresses.push((address, length));
        }
    }

    /// Sets the gateway of its family; an unspecified one is none.
    pub(super) fn set_gateway(&mut self, gateway: IpAddr) {
        self.gateways.retain(|other| other.is_ipv6() != gateway.is_ipv6());
        self.gateways.extend(Some(gateway).filter(|gateway| !gateway.is_unspecified()));
    }

    /// Adds a name server, once.
    pub(super) fn add_dns(&mut self, server: IpAddr) {
        if !self.dns.contains(&server) {
            self.dns.push(server);
        }
    }

    /// Whether the library takes it.
    pub(super) fn is_valid(&self) -> bool {
        self.is_valid_of(false, self.method)
            && self.is_valid_of(true, self.method6)
            && self.vlan.as_ref().is_none_or(|vlan| self.is_valid_vlan(vlan))
            && self.cloned_mac.as_deref().is_none_or(|mac| CLONED.contains(&mac) || is_of_ethernet(mac))
            && self.is_valid_interface()
    }

    fn is_valid_of(&self, v6: bool, method: Method) -> bool {
        let has = self.has_static(v6);
        let asks = |list: &[IpAddr]| list.iter().any(|address| address.is_ipv6() == v6);
        match method {
            Method::Auto => has || !asks(&self.gateways),
            Method::Manual => has,
            Method::LinkLocal | Method::Disabled => !has && !asks(&self.gateways) && !asks(&self.dns),
        }
    }

    fn is_valid_vlan(&self, (parent, id): &(Option<String>, u32)) -> bool {
        let sound = |c: char| !c.is_ascii_whitespace() && !matches!(c, '/' | ':');
        let parent = match parent {
            Some(parent) => (1..16).contains(&parent.len()) && parent.chars().all(sound),
            None => matches!(self.of, Of::Mac(_)),
        };
        parent && *id < 4095
    }

    fn is_valid_interface(&self) -> bool {
        match &self.of {
            Of::Name(name) => !matches!(name.as_str(), "all" | "default" | "bonding_masters") && !name.contains('%'),
            Of::Mac(mac) => self.kind == "infiniband" || is_of_ethernet(mac),
            Of::Any => !matches!(self.kind, "bridge" | "bond" | "team"),
        }
    }
}
