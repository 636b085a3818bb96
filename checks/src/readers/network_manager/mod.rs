//! nm-initrd-generator(8): profiles for NetworkManager. It stops at no word; what it does not take it makes a warning
//! of, or something else. Source: NetworkManager 1.42 to 1.52, `src/nm-initrd-generator/nmi-cmdline-reader.c` and
//! `nmi-ibft-reader.c`.

mod fields;
mod ip;
mod profile;

pub use profile::{Method, Of, Profile, Route};

use crate::facts::{Cmdline, IbftNic};
use fields::{boolean, hardware_address, is_of_ethernet, next_field, number, with_length};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The priority of a profile of the command line, and of one of the firmware.
const OF_WORDS: i32 = -100;
const OF_FIRMWARE: i32 = -200;

/// The profiles that it writes for these words, with the NICs of the iBFT; `mac_of` tells the MAC address that sysfs
/// has for an interface.
///
/// # Errors
/// Why it is not known what it writes.
pub fn profiles(
    line: &Cmdline,
    firmware: &[IbftNic],
    mac_of: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<Profile>, String> {
    let mut reader = Reader { firmware, mac_of, profiles: Vec::new() };
    let mut later = Later::default();
    for word in &line.words {
        let value = word.value.as_deref().unwrap_or_default();
        reader.read(&word.key, value, &mut later).ok_or_else(|| format!("it crashes at {word}"))?;
    }
    reader.finish(&later);
    if reader.profiles.iter().any(|profile| profile.name.is_empty()) {
        return Err("it may crash at a name that no interface can have".to_owned());
    }
    reader.profiles.retain(Profile::is_valid);
    Ok(reader.profiles)
}

/// What is looked at once every profile is there.
#[derive(Debug, Default)]
struct Later {
    routes: Vec<String>,
    servers: Vec<String>,
    vlan_parents: Vec<Option<String>>,
    bootif: Option<String>,
    ignores_bootif: bool,
    bootdev: Option<String>,
    neednet: bool,
}

struct Reader<'f> {
    firmware: &'f [IbftNic],
    mac_of: &'f dyn Fn(&str) -> Option<String>,
    profiles: Vec<Profile>,
}

/// The name of the profile for every NIC.
const DEFAULT: &str = "default_connection";

impl Reader<'_> {
    /// Takes a word; `None` where the program uses memory that it has freed, or none.
    fn read(&mut self, key: &str, value: &str, later: &mut Later) -> Option<()> {
        match key {
            "ip" => self.ip(value)?,
            "rd.route" => later.routes.push(value.to_owned()),
            "nameserver" => {
                let mut rest = value;
                later.servers.extend(next_field(&mut rest, '\0'));
            }
            "bridge" => self.ports(value, "bridge", "br0"),
            "bond" => self.ports(value, "bond", "bond0"),
            "team" => self.ports(value, "team", "team0"),
            "vlan" => self.vlan(value, later)?,
            "ib.pkey" => self.pkey(value),
            "bootdev" => later.bootdev = Some(value.to_owned()),
            "rd.iscsi.ibft" if boolean(value, true) => self.of_firmware()?,
            "rd.bootif" => later.ignores_bootif = !boolean(value, true),
            "rd.neednet" => later.neednet = boolean(value, true),
            "rd.ethtool" => {
                let mut rest = value;
                if let Some(name) = next_field(&mut rest, ':') {
                    self.profile(Some(&name), Some("ethernet"));
                }
            }
            key if key.eq_ignore_ascii_case("BOOTIF") => later.bootif = Some(value.to_owned()),
            _ => {}
        }
        Some(())
    }

    fn finish(&mut self, later: &Later) {
        for parent in &later.vlan_parents {
            let at = self.profile(parent.as_deref(), None);
            if let Some(profile) = self.profiles.get_mut(at).filter(|profile| !profile.explicit) {
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
        for server in later.servers.iter().filter_map(|server| server.parse::<IpAddr>().ok()) {
            for profile in &mut self.profiles {
                let method = if server.is_ipv6() { profile.method6 } else { profile.method };
                if matches!(method, Method::Auto | Method::Manual) {
                    profile.add_dns(server);
                }
            }
        }
    }

    /// Adds a profile, in the place of another one with its name.
    fn add(&mut self, profile: Profile) -> usize {
        if let Some(at) = self.profiles.iter().position(|other| other.name == profile.name) {
            self.profiles[at] = profile;
            return at;
        }
        self.profiles.push(profile);
        self.profiles.len() - 1
    }

    fn default_profile(&mut self) -> usize {
        let found = self.profiles.iter().position(|profile| profile.name == DEFAULT);
        found.unwrap_or_else(|| self.add(Profile::new(DEFAULT, Of::Any, "ethernet", OF_WORDS)))
    }

    /// The profile of an interface by name or MAC address, made where there is none; where neither is given, the first
    /// one of this kind, or the first that is no port.
    fn profile(&mut self, name: Option<&str>, kind: Option<&'static str>) -> usize {
        let of = name.and_then(interface);
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
        let kind = kind.unwrap_or(match &of {
            Some(Of::Name(name)) if name.starts_with("ib") => "infiniband",
            Some(Of::Mac(mac)) if mac.split(':').count() == 20 => "infiniband",
            _ => "ethernet",
        });
        let of = of.unwrap_or(Of::Any);
        self.add(Profile::new(&name_of(&of), of, kind, OF_WORDS))
    }

    fn first(&self, kind: Option<&str>) -> Option<usize> {
        let fits = |profile: &Profile| kind.map_or(profile.port_of.is_none(), |kind| profile.kind == kind);
        self.profiles.iter().position(fits)
    }

    /// The profiles of the firmware's NICs: by MAC address, over a VLAN where the firmware says so. Whether the
    /// firmware booted by a NIC is not asked. Behind a NIC that it leaves out the program keeps a pointer to freed
    /// memory, and uses it for the next NIC.
    fn of_firmware(&mut self) -> Option<()> {
        let mut nics: Vec<&IbftNic> = self.firmware.iter().collect();
        nics.sort_by(|one, other| one.mac.cmp(&other.mac));
        let mut nics = nics.into_iter();
        for nic in nics.by_ref() {
            let mut profile = Profile::new(&format!("ibft{}", nic.index), Of::Any, "ethernet", OF_FIRMWARE);
            if !profile.take_firmware(nic) || !profile.is_valid() {
                break;
            }
            self.add(profile);
        }
        nics.next().is_none().then_some(())
    }

    fn ports(&mut self, value: &str, kind: &'static str, default: &str) {
        let mut rest = value;
        let of = next_field(&mut rest, ':').unwrap_or_else(|| default.to_owned());
        let ports = next_field(&mut rest, ':').unwrap_or_default();
        let at = self.profile(Some(&of), Some(kind));
        let master = self.profiles[at].name.clone();
        if kind == "bond" {
            next_field(&mut rest, ':');
            let mtu = next_field(&mut rest, ':').and_then(|mtu| number(&mtu, u32::MAX));
            self.profiles[at].mtu = mtu.unwrap_or(self.profiles[at].mtu);
        }
        let mut ports = ports.as_str();
        loop {
            let port = next_field(&mut ports, ',').unwrap_or_else(|| "eth0".to_owned());
            let at = self.profile(Some(&port), None);
            self.profiles[at].port_of = Some(master.clone());
            if ports.is_empty() {
                break;
            }
        }
    }

    /// `NAME:PARENT`; the id stands in the digits at the end of the name.
    fn vlan(&mut self, value: &str, later: &mut Later) -> Option<()> {
        let mut rest = value;
        let name = next_field(&mut rest, ':')?;
        let parent = next_field(&mut rest, ':');
        let at = self.profile(Some(&name), Some("vlan"));
        let digits = name.trim_start_matches(name.trim_end_matches(|c: char| c.is_ascii_digit()));
        // What is no id of a VLAN is not set.
        let before = self.profiles[at].vlan.as_ref().map_or(0, |(_, id)| *id);
        let id = number(digits, u32::MAX).filter(|id| *id <= 4095).unwrap_or(before);
        self.profiles[at].vlan = Some((parent.clone(), id));
        if !later.vlan_parents.contains(&parent) {
            later.vlan_parents.push(parent);
        }
        Some(())
    }

    /// `PARENT.KEY`, of InfiniBand.
    fn pkey(&mut self, value: &str) {
        let mut rest = value;
        let Some(name) = next_field(&mut rest, ':') else { return };
        if name.split_once('.').is_some_and(|(_, key)| u16::from_str_radix(key, 16).is_ok()) {
            self.profile(Some(&name), Some("infiniband"));
        }
    }

    fn bootif(&mut self, bootif: &str) {
        let prefixed = ["01-", "01:", "00-", "00:"].iter().find_map(|prefix| bootif.strip_prefix(prefix));
        let is_own = is_of_ethernet(bootif);
        let written = prefixed.filter(|own| !is_own && is_of_ethernet(own)).unwrap_or(bootif);
        let own = hardware_address(written).unwrap_or_else(|| written.to_owned());
        let at = self.first(Some("ethernet")).unwrap_or_else(|| self.default_profile());
        match &self.profiles[at].of {
            Of::Any => self.profiles[at].of = Of::Mac(own),
            Of::Mac(mac) if *mac == own => {}
            _ => {
                self.add(Profile::new("bootif_connection", Of::Mac(own), "ethernet", OF_FIRMWARE));
            }
        }
    }

    /// `NET[/LEN]:GATEWAY[:INTERFACE]`.
    fn route(&mut self, value: &str, bootdev: Option<usize>) {
        let mut rest = value;
        let net = next_field(&mut rest, ':');
        let gateway = next_field(&mut rest, ':');
        let name = next_field(&mut rest, ':');
        let at = match name.as_deref() {
            Some(name) => self.profile(Some(name), None),
            None => bootdev.or_else(|| self.first(None)).unwrap_or_else(|| self.default_profile()),
        };
        let net = match net.as_deref().map(with_length) {
            Some(None) => return,
            net => net.flatten(),
        };
        let gateway = match gateway.as_deref().map(str::parse::<IpAddr>) {
            Some(Err(_)) => return,
            gateway => gateway.and_then(Result::ok),
        };
        let Some(v6) = net.map(|(net, _)| net).or(gateway).map(|address| address.is_ipv6()) else { return };
        if gateway.is_some_and(|gateway| gateway.is_ipv6() != v6) {
            return;
        }
        let (any, longest) = if v6 { (Ipv6Addr::UNSPECIFIED.into(), 128) } else { (Ipv4Addr::UNSPECIFIED.into(), 32) };
        let (net, length) = net.unwrap_or((any, None));
        let route = Route {
            destination: (net, length.unwrap_or(longest)),
            gateway: gateway.filter(|gateway| !gateway.is_unspecified()),
        };
        self.profiles[at].add_route(route);
    }
}

/// The name of the profile that words make for an interface.
fn name_of(of: &Of) -> String {
    match of {
        Of::Any => String::new(),
        Of::Name(name) => name.clone(),
        Of::Mac(mac) => mac.to_ascii_uppercase(),
    }
}

/// The name of an interface, or its hardware address.
fn interface(text: &str) -> Option<Of> {
    let sound = |c: char| !c.is_ascii_whitespace() && !matches!(c, '/' | ':');
    if (1..16).contains(&text.len()) && text.chars().all(sound) && !matches!(text, "." | "..") {
        return Some(Of::Name(text.to_owned()));
    }
    hardware_address(text).map(Of::Mac)
}
