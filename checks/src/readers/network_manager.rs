//! nm-initrd-generator(8): profiles for NetworkManager. It stops at no word; what it does not take it makes a warning
//! of, or something else. Source: NetworkManager 1.42 to 1.52, `src/nm-initrd-generator/nmi-cmdline-reader.c` and
//! `nmi-ibft-reader.c`.

use super::fields::mac;
use crate::facts::{Cmdline, IbftNic};
use std::net::IpAddr;

/// The priority of a profile of the command line, and of one of the firmware.
const OF_WORDS: i32 = -100;
const OF_FIRMWARE: i32 = -200;

/// A profile, as far as IPv4 and static addresses are concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// The interfaces that it is for.
    pub of: Of,
    /// `ethernet`, `vlan`, `bridge`, `bond`, `team`.
    pub kind: &'static str,
    /// `autoconnect-priority`: of the profiles that fit an interface the highest one is taken.
    pub priority: i32,
    /// `ipv4.method`.
    pub method: Method,
    /// `ipv6.method`.
    pub method6: Method,
    /// Addresses that it sets.
    pub addresses: Vec<IpAddr>,
    /// `ipv4.routes`, as they stand on the line.
    pub routes: Vec<String>,
    /// Whether it makes its interface a port of another one.
    pub port: bool,
    /// Whether an `ip=` is for it.
    explicit: bool,
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

/// The profiles that it writes for these words, with the NICs of the iBFT.
pub fn profiles(line: &Cmdline, firmware: &[IbftNic]) -> Vec<Profile> {
    let mut reader = Reader { firmware, profiles: Vec::new() };
    let mut later = Later::default();
    for word in &line.words {
        reader.read(&word.key, word.value.as_deref().unwrap_or_default(), &mut later);
    }
    reader.finish(&later);
    reader.profiles
}

/// What is looked at once every profile is there.
#[derive(Debug, Default)]
struct Later {
    routes: Vec<String>,
    vlan_parents: Vec<String>,
    bootif: Option<String>,
    ignores_bootif: bool,
    bootdev: Option<String>,
    neednet: bool,
}

struct Reader<'f> {
    firmware: &'f [IbftNic],
    profiles: Vec<Profile>,
}

/// The name of the profile for every NIC.
const DEFAULT: &str = "default_connection";

impl Reader<'_> {
    fn read(&mut self, key: &str, value: &str, later: &mut Later) {
        match key {
            "ip" => self.ip(value),
            "rd.route" => later.routes.push(value.to_owned()),
            "bridge" => self.ports(value, "bridge", "br0"),
            "bond" => self.ports(value, "bond", "bond0"),
            "team" => self.ports(value, "team", "team0"),
            "vlan" => self.vlan(value, later),
            "bootdev" => later.bootdev = Some(value.to_owned()),
            "rd.iscsi.ibft" if boolean(value, true) => self.of_firmware(),
            "rd.bootif" => later.ignores_bootif = !boolean(value, true),
            "rd.neednet" => later.neednet = boolean(value, true),
            "rd.ethtool" => {
                let mut rest = value;
                if let Some(name) = next_field(&mut rest, ':').filter(|_| !rest.is_empty()) {
                    self.profile(Some(&name), Some("ethernet"));
                }
            }
            key if key.eq_ignore_ascii_case("BOOTIF") => later.bootif = Some(value.to_owned()),
            _ => {}
        }
    }

    fn finish(&mut self, later: &Later) {
        for parent in &later.vlan_parents {
            let at = self.profile(Some(parent), None);
            let profile = &mut self.profiles[at];
            if !profile.explicit {
                (profile.method, profile.method6) = (Method::Disabled, Method::Disabled);
            }
        }
        if let Some(bootif) = later.bootif.as_deref().filter(|_| !later.ignores_bootif) {
            self.bootif(bootif);
        }
        let bootdev = later.bootdev.as_deref().map(|name| self.profile(Some(name), None));
        if later.neednet && self.profiles.is_empty() {
            self.default_profile();
        }
        for route in &later.routes {
            self.route(route, bootdev);
        }
    }

    fn add(&mut self, name: &str, of: Of, kind: &'static str, priority: i32) -> usize {
        let profile = Profile {
            name: name.to_owned(),
            of,
            kind,
            priority,
            method: Method::Auto,
            method6: Method::Auto,
            addresses: Vec::new(),
            routes: Vec::new(),
            port: false,
            explicit: false,
        };
        if let Some(at) = self.profiles.iter().position(|other| other.name == name) {
            self.profiles[at] = profile;
            return at;
        }
        self.profiles.push(profile);
        self.profiles.len() - 1
    }

    fn default_profile(&mut self) -> usize {
        let found = self.profiles.iter().position(|profile| profile.name == DEFAULT);
        found.unwrap_or_else(|| self.add(DEFAULT, Of::Any, "ethernet", OF_WORDS))
    }

    /// The profile of an interface by name or MAC address, made where there is none; where neither is given, the first
    /// one of this kind, or the first that is no port.
    fn profile(&mut self, interface: Option<&str>, kind: Option<&'static str>) -> usize {
        let of = interface.and_then(of_interface);
        let found = match &of {
            Some(of) => self.profiles.iter().position(|profile| profile.name == name_of(of)),
            None => self.first(kind),
        };
        if let Some(at) = found {
            if let Some(kind) = kind {
                self.profiles[at].kind = kind;
            }
            return at;
        }
        let kind = kind.unwrap_or("ethernet");
        match of {
            Some(of) => self.add(&name_of(&of), of.clone(), kind, OF_WORDS),
            None => self.add("", Of::Any, kind, OF_WORDS),
        }
    }

    fn first(&self, kind: Option<&str>) -> Option<usize> {
        self.profiles.iter().position(|profile| kind.map_or(!profile.port, |kind| profile.kind == kind))
    }

    /// The profiles of the firmware's NICs: by MAC address, over a VLAN where the firmware says so. Whether the
    /// firmware booted by a NIC is not asked.
    fn of_firmware(&mut self) {
        for nic in self.firmware {
            let Some(profile) = firmware_profile(nic) else { continue };
            let at = self.add(&profile.name, profile.of.clone(), profile.kind, OF_FIRMWARE);
            self.profiles[at] = profile;
        }
    }

    fn ip(&mut self, value: &str) {
        if value.is_empty() {
            return;
        }
        let mut rest = value;
        let first = next_field(&mut rest, ':');
        let mut ip = IpFields::default();
        if rest.is_empty() {
            ip.how = how(first.as_deref()).unwrap_or("auto");
        } else if !ip.read(first, &mut rest) {
            return;
        }
        if ip.interface.is_none() && ip.how == "ibft" {
            self.of_firmware();
            return;
        }
        let at = match ip.interface.as_deref() {
            Some(interface) => self.profile(Some(interface), None),
            None => self.default_profile(),
        };
        self.profiles[at].take(&ip);
        if ip.how == "ibft" {
            self.merge_firmware(at);
        }
    }

    /// `ip=INTERFACE:ibft` by a MAC address: what the firmware says of that NIC takes the place of the profile.
    fn merge_firmware(&mut self, at: usize) {
        let Of::Mac(of) = &self.profiles[at].of else { return };
        let nic = self.firmware.iter().find(|nic| nic.mac == *of);
        if let Some(profile) = nic.and_then(firmware_profile) {
            let name = std::mem::take(&mut self.profiles[at].name);
            self.profiles[at] = Profile { name, explicit: true, ..profile };
        }
    }

    fn ports(&mut self, value: &str, kind: &'static str, default: &str) {
        let mut rest = value;
        let of = next_field(&mut rest, ':').unwrap_or_else(|| default.to_owned());
        let ports = next_field(&mut rest, ':').unwrap_or_default();
        self.profile(Some(&of), Some(kind));
        let mut ports = ports.as_str();
        loop {
            let port = next_field(&mut ports, ',').unwrap_or_else(|| "eth0".to_owned());
            let at = self.profile(Some(&port), None);
            self.profiles[at].port = true;
            if ports.is_empty() {
                break;
            }
        }
    }

    fn vlan(&mut self, value: &str, later: &mut Later) {
        let mut rest = value;
        let Some(name) = next_field(&mut rest, ':') else { return };
        let parent = next_field(&mut rest, ':');
        self.profile(Some(&name), Some("vlan"));
        later.vlan_parents.extend(parent);
    }

    fn bootif(&mut self, bootif: &str) {
        let prefixed = ["01-", "01:", "00-", "00:"].iter().find_map(|prefix| bootif.strip_prefix(prefix));
        let Some(own) = mac(bootif).or_else(|| prefixed.and_then(mac)) else { return };
        let at = self.first(Some("ethernet")).unwrap_or_else(|| self.default_profile());
        let profile = &mut self.profiles[at];
        match &profile.of {
            Of::Any => profile.of = Of::Mac(own),
            Of::Mac(other) if *other == own => {}
            _ => {
                self.add("bootif_connection", Of::Mac(own), "ethernet", OF_WORDS);
            }
        }
    }

    /// `NET:GATEWAY[:INTERFACE]`: without an interface, for bootdev= or the first profile that is no port.
    fn route(&mut self, value: &str, bootdev: Option<usize>) {
        let mut rest = value;
        let net = next_field(&mut rest, ':');
        let gateway = next_field(&mut rest, ':');
        let interface = next_field(&mut rest, ':');
        let at = match interface.as_deref() {
            Some(interface) => self.profile(Some(interface), None),
            None => bootdev.or_else(|| self.first(None)).unwrap_or_else(|| self.default_profile()),
        };
        let (net, gateway) = (net.unwrap_or_default(), gateway.unwrap_or_default());
        let is_v4 = |text: &str| text.split('/').next().unwrap_or_default().parse::<std::net::Ipv4Addr>().is_ok();
        if (is_v4(&net) && (gateway.is_empty() || is_v4(&gateway))) || (net.is_empty() && is_v4(&gateway)) {
            self.profiles[at].routes.push(format!("{net} {gateway}"));
        }
    }
}

/// `ip=` with more than one field.
#[derive(Debug, Default)]
struct IpFields {
    address: Option<IpAddr>,
    interface: Option<String>,
    how: &'static str,
}

impl IpFields {
    /// `INTERFACE:HOW…` or `ADDRESS:PEER:GATEWAY:NETMASK:HOST:INTERFACE:HOW…`; false where the word is left out.
    fn read(&mut self, first: Option<String>, rest: &mut &str) -> bool {
        let second = next_field(rest, ':');
        if let Some(how) = second.as_deref().and_then(|second| how(Some(second))) {
            (self.interface, self.how) = (first, how);
            return true;
        }
        if let Some(address) = first {
            let own = address.split('/').next().and_then(|own| own.parse().ok());
            if own.is_none() {
                return false;
            }
            self.address = own;
        }
        let mut fields = (0..3).map(|_| next_field(rest, ':')).collect::<Vec<_>>();
        fields.clear();
        self.interface = next_field(rest, ':');
        self.how = how(next_field(rest, ':').as_deref()).unwrap_or("auto");
        true
    }
}

impl Profile {
    /// Takes what an `ip=` says.
    fn take(&mut self, ip: &IpFields) {
        self.explicit = true;
        if let Some(address) = ip.address {
            self.addresses.push(address);
            *(if address.is_ipv4() { &mut self.method } else { &mut self.method6 }) = Method::Manual;
        }
        let has = |profile: &Self, v4: bool| profile.addresses.iter().any(|address| address.is_ipv4() == v4);
        let (v4, v6) = (has(self, true), has(self, false));
        let or_off = |method: Method, has: bool| if has { method } else { Method::Disabled };
        match ip.how {
            "none" => (self.method, self.method6) = (or_off(self.method, v4), or_off(self.method6, v6)),
            "dhcp" => (self.method, self.method6) = (Method::Auto, if v6 { self.method6 } else { Method::Auto }),
            "dhcp6" => (self.method, self.method6) = (or_off(self.method, v4), Method::Auto),
            "link6" => (self.method, self.method6) = (or_off(self.method, v4), Method::LinkLocal),
            _ => {}
        }
    }

    /// Whether it brings an address of any kind.
    pub fn has_address(&self) -> bool {
        !self.port && (!self.addresses.is_empty() || self.runs_dhcp())
    }

    /// Whether it asks DHCP for an address of IPv4.
    pub fn runs_dhcp(&self) -> bool {
        self.method == Method::Auto
    }
}

/// What the firmware says of a NIC as a profile; `None` where the generator leaves it out.
fn firmware_profile(nic: &IbftNic) -> Option<Profile> {
    let family = nic.ip.or(nic.gateway)?;
    let by_dhcp = matches!(nic.origin, 3 | 4);
    let method = if by_dhcp { Method::Auto } else { Method::Manual };
    let v4 = family.is_ipv4();
    Some(Profile {
        name: format!("ibft{}", nic.index),
        of: Of::Mac(nic.mac.clone()),
        kind: if nic.vlan == 0 { "ethernet" } else { "vlan" },
        priority: OF_FIRMWARE,
        method: if v4 { method } else { Method::Disabled },
        method6: if v4 { Method::Disabled } else { method },
        addresses: nic.ip.into_iter().collect(),
        routes: Vec::new(),
        port: false,
        explicit: false,
    })
}

fn of_interface(text: &str) -> Option<Of> {
    let sound = |c: char| !c.is_whitespace() && !matches!(c, '/' | ':');
    let reserved = matches!(text, "." | ".." | "all" | "default" | "bonding_masters");
    if !text.is_empty() && text.len() < 16 && text.chars().all(sound) && !reserved {
        return Some(Of::Name(text.to_owned()));
    }
    mac(text).map(Of::Mac)
}

/// The name of the profile that words make for an interface.
fn name_of(of: &Of) -> String {
    match of {
        Of::Any => DEFAULT.to_owned(),
        Of::Name(name) => name.clone(),
        Of::Mac(mac) => mac.to_ascii_uppercase(),
    }
}

/// A field up to the separator, which counts not inside brackets; `None` where it is empty. What follows a bracket up
/// to the separator is lost.
fn next_field(rest: &mut &str, separator: char) -> Option<String> {
    let (field, after) = match rest.strip_prefix('[').map(|inside| inside.split_once(']')) {
        Some(Some((field, after))) => (field, after.split_once(separator).map_or("", |(_, after)| after)),
        Some(None) => (&rest[1..], ""),
        None => rest.split_once(separator).unwrap_or((rest, "")),
    };
    let field = (!field.is_empty()).then(|| field.to_owned());
    *rest = after;
    field
}

/// How an interface comes to its address, in the generator's words; `None` for a word that it does not know.
fn how(word: Option<&str>) -> Option<&'static str> {
    Some(match word.map(str::trim).unwrap_or_default() {
        "" | "on" | "any" | "auto" => "auto",
        "none" | "off" => "none",
        "dhcp" | "single-dhcp" => "dhcp",
        "dhcp6" | "auto6" => "dhcp6",
        "link6" => "link6",
        "ibft" | "fw" => "ibft",
        list if list.contains(',') => return of_list(list),
        _ => return None,
    })
}

/// Several ways between commas, of which not every one goes with every other.
fn of_list(list: &str) -> Option<&'static str> {
    let mut ways = list.split(',').map(|word| how(Some(word))).collect::<Option<Vec<_>>>()?;
    ways.sort_unstable();
    ways.dedup();
    if ways.contains(&"auto") {
        ways.retain(|way| *way != "dhcp6");
    }
    match ways.as_slice() {
        [only] => Some(only),
        ["dhcp", "dhcp6"] => Some("auto"),
        _ => None,
    }
}

/// A switch: what is no word for yes or no leaves the default.
fn boolean(value: &str, default: bool) -> bool {
    match value.trim().to_ascii_lowercase().as_str() {
        "yes" | "y" | "true" | "t" | "on" | "1" => true,
        "no" | "n" | "false" | "f" | "off" | "0" => false,
        _ => default,
    }
}
