//! systemd-network-generator(8): `.network` files for systemd-networkd, in an initramfs and in the real root. It gives
//! up, and writes no file at all, at the first word that it does not take. Source: systemd 252 and 257,
//! `src/network/generator/network-generator.c`. The two read some words in different ways: what they make of those is
//! not told.

use super::fields::{address, bits, hardware_address, is_interface, number, size, with_colons};
use super::{Refused, Stop};
use crate::facts::{Cmdline, Word};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// The last id that a VLAN may have (`vlanid_is_valid` in systemd's `shared/vlan-util.h`).
const LAST_VLAN: u16 = 4094;

/// What it says of a word that it does not take.
const SAYS: &str = "Failed to parse kernel command line";

/// The files that it writes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Made {
    /// `.network` files by the name of their interface; the empty name stands for every NIC.
    pub networks: BTreeMap<String, Network>,
    /// `.netdev` files by the name of what they make.
    pub netdevs: BTreeMap<String, Netdev>,
    /// `.link` files: the hardware address to which `ifname=` gives this name.
    pub links: BTreeMap<String, String>,
    /// Hardware addresses for which `net.ifname-policy=` has a file; the empty one stands for every NIC.
    policies: Vec<String>,
    /// Whether it is read as systemd 257 does, and not as 252.
    is_newer: bool,
}

/// A virtual interface.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Netdev {
    /// `vlan`, `bridge` or `bond`.
    pub kind: &'static str,
    /// The VLAN's id.
    pub id: u16,
    /// `MTUBytes=`; 0 is none.
    pub mtu: u32,
}

/// What it writes for one interface.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Network {
    /// `DHCP=`; none where no `ip=` is for it, and networkd then runs no DHCP.
    pub dhcp: Option<&'static str>,
    /// Addresses with their prefix lengths.
    pub addresses: Vec<(IpAddr, u8)>,
    /// Routes.
    pub routes: Vec<Route>,
    /// Names of VLANs over it.
    pub vlans: Vec<String>,
    /// The bridge that it is a port of.
    pub bridge: Option<String>,
    /// The bond that it is a port of.
    pub bond: Option<String>,
    /// Name servers.
    pub dns: Vec<IpAddr>,
    /// `MTUBytes=`; 0 is none.
    pub mtu: u32,
    /// `MACAddress=`.
    pub mac: Option<String>,
}

/// A route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Destination; none for the default.
    pub destination: Option<(IpAddr, u8)>,
    /// Gateway.
    pub gateway: Option<IpAddr>,
}

impl Network {
    /// Whether it brings an address of any kind.
    pub fn has_address(&self) -> bool {
        self.has_static_address() || self.runs_dhcp()
    }

    /// Whether it sets an address; networkd does not take one with a prefix that is longer than the address.
    pub fn has_static_address(&self) -> bool {
        self.addresses.iter().any(|(address, length)| *length <= bits(address.is_ipv6()))
    }

    /// Whether it makes its interface a port of another one.
    pub fn is_port(&self) -> bool {
        self.bridge.is_some() || self.bond.is_some()
    }

    /// Whether it runs a DHCP client.
    pub fn runs_dhcp(&self) -> bool {
        self.dhcp.is_some_and(|dhcp| dhcp != "no")
    }
}

/// The networks by the name of their interface; the empty name stands for every NIC.
///
/// # Errors
/// The word at which it gives up, or of which it is not known what it makes.
pub fn networks(line: &Cmdline) -> Result<BTreeMap<String, Network>, Stop> {
    made(line).map(|made| made.networks)
}

/// The files that it writes.
///
/// # Errors
/// The word at which it gives up, or of which it is not known what it makes.
pub fn made(line: &Cmdline) -> Result<Made, Stop> {
    let (mut older, mut newer) = (Made::default(), Made { is_newer: true, ..Made::default() });
    for word in &line.words {
        match (older.read(word), newer.read(word)) {
            (Some(()), Some(())) => {}
            (None, None) => return Err(Stop::Refused(Refused::new(word, SAYS))),
            _ => return Err(Stop::Unclear(format!("systemd 252 and 257 read {word} in different ways"))),
        }
        newer.is_newer = false;
        if older != newer {
            return Err(Stop::Unclear(format!("systemd 252 and 257 make different files of {word}")));
        }
        newer.is_newer = true;
    }
    older.merge();
    Ok(older)
}

impl Made {
    /// Takes a word; `None` where the program gives up.
    fn read(&mut self, word: &Word) -> Option<()> {
        const KEYS: [&str; 8] =
            ["ip", "rd.route", "nameserver", "vlan", "bridge", "bond", "ifname", "net.ifname-policy"];
        let value = word.value.as_deref();
        if self.is_newer && value.is_none() && KEYS.contains(&word.key.as_str()) {
            return Some(());
        }
        match word.key.as_str() {
            "ip" if self.is_newer && value?.contains(':') && value?.ends_with(':') => None,
            "ip" => self.ip(value?),
            "rd.route" => self.route(value?),
            "nameserver" if self.is_newer && value?.is_empty() => Some(()),
            "nameserver" => {
                let server = value?.parse().ok()?;
                self.network("").map(|network| network.dns.push(server))
            }
            "rd.peerdns" => {
                value.is_none_or(is_boolean).then_some(())?;
                self.network("").map(drop)
            }
            "vlan" => self.vlan(value?),
            "bridge" => self.bridge(value?),
            "bond" => self.bond(value?),
            "ifname" => {
                let (name, address) = value?.split_once(':')?;
                let address = link_address(address)?;
                is_interface(name).then_some(())?;
                self.links.insert(name.to_owned(), address).is_none().then_some(())
            }
            "net.ifname-policy" => self.policy(value?),
            "net.ifname_policy" if self.is_newer => self.policy(value?),
            _ => Some(()),
        }
    }

    /// networkd's `DHCP=` for a word of dracut.cmdline(7).
    fn dhcp_of(&self, how: &str) -> Option<&'static str> {
        Some(match how {
            "on" | "any" => "yes",
            "dhcp" => "ipv4",
            "dhcp6" | "either6" => "ipv6",
            "none" | "off" | "ibft" | "auto6" | "link6" => "no",
            "link-local" if self.is_newer => "no",
            _ => return None,
        })
    }

    /// The network of an interface, made where there is none; `None` where that is no name.
    fn network(&mut self, name: &str) -> Option<&mut Network> {
        let sound = name.is_empty() || self.networks.contains_key(name) || is_interface(name);
        sound.then(|| self.networks.entry(name.to_owned()).or_default())
    }

    fn ip(&mut self, value: &str) -> Option<()> {
        if !value.contains(':') {
            let dhcp = self.dhcp_of(value)?;
            self.network("")?.dhcp = Some(dhcp);
            return Some(());
        }
        if value.starts_with('[') {
            return self.of_address(value, true);
        }
        self.of_address(value, false).or_else(|| self.of_interface(value))
    }

    /// `INTERFACE:HOW[:[MTU][:MAC]]`.
    fn of_interface(&mut self, value: &str) -> Option<()> {
        let (name, rest) = value.split_once(':')?;
        let (how, rest) = rest.split_once(':').map_or((rest, None), |(how, rest)| (how, Some(rest)));
        let dhcp = self.dhcp_of(how)?;
        (!name.is_empty() || !self.is_newer).then_some(())?;
        let network = self.network(name)?;
        network.dhcp = Some(dhcp);
        rest.is_none_or(|rest| network.takes_mtu_and_mac(rest)).then_some(())
    }

    /// `ADDRESS:PEER:GATEWAY:NETMASK:HOST:INTERFACE:HOW[:MTU:MAC|:DNS:DNS]`; all but the last may be empty.
    fn of_address(&mut self, value: &str, v6: bool) -> Option<()> {
        let mut rest = value;
        let own = next_address(&mut rest, v6)?;
        next_address(&mut rest, v6)?;
        let gateway = next_address(&mut rest, v6)?;
        let length = next_mask(&mut rest, v6)?;
        let (host, after) = rest.split_once(':')?;
        (host.is_empty() || is_hostname(host)).then_some(())?;
        let (name, after) = after.split_once(':')?;
        let (how, after) = after.split_once(':').map_or((after, None), |(how, after)| (how, Some(after)));
        let dhcp = self.dhcp_of(how)?;
        let is_newer = self.is_newer;
        let network = self.network(name)?;
        network.dhcp = Some(dhcp);
        network.addresses.extend(own.map(|address| (address, length)));
        network.routes.extend(gateway.map(|gateway| Route { destination: None, gateway: Some(gateway) }));
        let is_for_every = is_newer && name.is_empty();
        let takes =
            |after: &str| !is_for_every && network.takes_mtu_and_mac(after) || network.takes_servers(after, is_newer);
        after.is_none_or(takes).then_some(())
    }

    /// `NET/LEN:GATEWAY[:INTERFACE]`.
    fn route(&mut self, value: &str) -> Option<()> {
        let v6 = value.starts_with('[');
        let (net, rest) = if v6 { value[1..].split_once("]:")? } else { value.split_once(':')? };
        let (net, length) = match net.split_once('/') {
            Some((net, length)) => (net, octet(length).filter(|length| *length <= bits(v6))?),
            None => (net, bits(v6)),
        };
        let net = address(net, v6)?;
        let (gateway, name) = if self.is_newer { newer_gateway(rest, v6)? } else { older_gateway(rest, v6)? };
        let destination = (!net.is_unspecified()).then_some((net, length));
        if destination.is_some() || gateway.is_some() {
            self.network(name)?.routes.push(Route { destination, gateway });
        }
        Some(())
    }

    /// The virtual interface of a name, made where there is none: of which kind it is was said first.
    fn netdev(&mut self, name: &str, kind: &'static str) -> Option<&mut Netdev> {
        let sound = match self.netdevs.get(name) {
            Some(netdev) => netdev.kind == kind || !self.is_newer,
            None => is_interface(name),
        };
        sound.then(|| self.netdevs.entry(name.to_owned()).or_insert(Netdev { kind, ..Netdev::default() }))
    }

    /// `NAME:INTERFACE`; the id stands in the digits at the end of the name, behind its first character.
    fn vlan(&mut self, value: &str) -> Option<()> {
        let (name, below) = value.split_once(':').or((self.is_newer && !value.is_empty()).then_some((value, "")))?;
        let netdev = self.netdev(name, "vlan")?;
        let digits = name.len() - name.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        let id = number(name.get(name.len() - digits..)?).and_then(|id| u16::try_from(id).ok());
        netdev.id = id.filter(|id| *id <= LAST_VLAN)?;
        if !(self.is_newer && below.is_empty()) {
            self.network(below)?.vlans.push(name.to_owned());
        }
        Some(())
    }

    /// `NAME:PORT[,PORT...]`.
    fn bridge(&mut self, value: &str) -> Option<()> {
        let is_newer = self.is_newer;
        let (name, ports) = value.split_once(':').or((is_newer && !value.is_empty()).then_some((value, "")))?;
        self.netdev(name, "bridge")?;
        (!ports.is_empty() || is_newer).then_some(())?;
        self.ports(ports, |network| network.bridge = Some(name.to_owned()))
    }

    /// `NAME:PORT[,PORT...][:OPTIONS[:MTU]]`.
    fn bond(&mut self, value: &str) -> Option<()> {
        let is_newer = self.is_newer;
        let (name, rest) = value.split_once(':').or((is_newer && !value.is_empty()).then_some((value, "")))?;
        self.netdev(name, "bond")?;
        let mut fields = rest.splitn(3, ':');
        let ports = fields.next().filter(|ports| !ports.is_empty() || is_newer)?;
        self.ports(ports, |network| network.bond = Some(name.to_owned()))?;
        if let Some(mtu) = fields.nth(1).filter(|mtu| !(is_newer && mtu.is_empty())) {
            self.netdev(name, "bond")?.mtu = mtu_of(mtu)?;
        }
        Some(())
    }

    fn ports(&mut self, ports: &str, mark: impl Fn(&mut Network)) -> Option<()> {
        ports.split(',').filter(|port| !port.is_empty()).try_for_each(|port| self.network(port).map(&mark))
    }

    /// `POLICY[,POLICY...][,MAC]`.
    fn policy(&mut self, value: &str) -> Option<()> {
        const POLICIES: [&str; 7] = ["kernel", "keep", "database", "onboard", "slot", "path", "mac"];
        let mut words = value.split(',').filter(|word| !word.is_empty()).peekable();
        let mut named = 0;
        while words.next_if(|word| POLICIES.contains(word)).is_some() {
            named += 1;
        }
        let address = words.next().map_or(Some(String::new()), |word| {
            link_address(word).filter(|address| address.bytes().any(|byte| !matches!(byte, b'0' | b':')))
        })?;
        (named > 0 && words.next().is_none() && !self.policies.contains(&address)).then_some(())?;
        self.policies.push(address);
        Some(())
    }

    /// What is for every NIC goes into those that are named, all but `DHCP=`, and has no file of its own then.
    fn merge(&mut self) {
        if self.networks.len() > 1
            && let Some(all) = self.networks.remove("")
        {
            for network in self.networks.values_mut() {
                network.dns.extend(&all.dns);
                network.routes.extend(all.routes.iter().cloned());
            }
        }
    }
}

impl Network {
    /// `[MTU][:MAC]`; false where it is something else, of which the MTU stays.
    fn takes_mtu_and_mac(&mut self, text: &str) -> bool {
        let (mtu, mac) = text.split_once(':').unwrap_or((text, ""));
        if !mtu.is_empty() {
            let Some(mtu) = mtu_of(mtu) else { return false };
            self.mtu = mtu;
        }
        let address = hardware_address(mac, 6, |length| length == 6);
        if let Some(address) = &address {
            self.mac = Some(with_colons(address));
        }
        mac.is_empty() || address.is_some()
    }

    /// `[DNS][:DNS]`, of IPv6 in brackets; newer ones take an empty field.
    fn takes_servers(&mut self, text: &str, is_newer: bool) -> bool {
        let mut rest = text;
        for _ in 0..2 {
            if rest.is_empty() {
                return true;
            }
            let v6 = rest.starts_with('[');
            let (server, after) = match rest.strip_prefix('[').map(|inside| inside.split_once(']')) {
                Some(Some((_, after))) if !after.is_empty() && !after.starts_with(':') => return false,
                Some(Some(found)) => found,
                Some(None) => return false,
                None => rest.split_at(rest.find(':').unwrap_or(rest.len())),
            };
            match address(server, v6) {
                Some(server) => self.dns.push(server),
                None if is_newer && server.is_empty() => {}
                None => return false,
            }
            rest = after.strip_prefix(':').unwrap_or(after);
        }
        rest.is_empty()
    }
}

/// The next field where it is an address, `Some(None)` where it is empty or unspecified.
fn next_address(rest: &mut &str, v6: bool) -> Option<Option<IpAddr>> {
    if let Some(after) = rest.strip_prefix(':') {
        *rest = after;
        return Some(None);
    }
    let (field, after) = if v6 { rest.strip_prefix('[')?.split_once("]:")? } else { rest.split_once(':')? };
    let field = address(field, v6)?;
    *rest = after;
    Some(Some(field).filter(|field| !field.is_unspecified()))
}

/// `GATEWAY[:INTERFACE]` of `rd.route=`, as systemd 252 takes it: a colon must follow one of IPv6.
fn older_gateway(text: &str, v6: bool) -> Option<(Option<IpAddr>, &str)> {
    if !text.contains(':') {
        let gateway = if text.is_empty() { None } else { Some(address(text, v6)?) };
        return Some((gateway.filter(|gateway| !gateway.is_unspecified()), ""));
    }
    let mut rest = text;
    Some((next_address(&mut rest, v6)?, rest))
}

/// The same, as systemd 257 takes it: no gateway may be left out.
fn newer_gateway(text: &str, v6: bool) -> Option<(Option<IpAddr>, &str)> {
    let (gateway, name) = match text.strip_prefix('[') {
        Some(inside) => {
            let (gateway, after) = inside.split_once(']').filter(|_| v6)?;
            (gateway, if after.is_empty() { "" } else { after.strip_prefix(':')? })
        }
        None => text.split_once(':').unwrap_or((text, "")),
    };
    Some((Some(address(gateway, v6)?).filter(|gateway| !gateway.is_unspecified()), name))
}

/// The next field as a prefix length: of the whole address where it is empty. A mask's holes are not looked at.
fn next_mask(rest: &mut &str, v6: bool) -> Option<u8> {
    let (field, after) = if v6 && rest.starts_with('[') { return None } else { rest.split_once(':')? };
    let length = match (field, address(field, false).filter(|_| !v6)) {
        ("", _) => bits(v6),
        (_, Some(IpAddr::V4(mask))) => u8::try_from(32 - u32::from(mask).trailing_zeros()).ok()?,
        (length, _) => octet(length)?,
    };
    *rest = after;
    Some(length)
}

fn is_boolean(text: &str) -> bool {
    const WORDS: [&str; 12] = ["1", "yes", "y", "true", "t", "on", "0", "no", "n", "false", "f", "off"];
    WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

fn is_hostname(name: &str) -> bool {
    let sound = |label: &str| {
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !label.is_empty() && label.bytes().all(letter) && !label.starts_with('-') && !label.ends_with('-')
    };
    name.len() <= 64 && name.split('.').all(sound)
}

/// An MTU of any size.
fn mtu_of(text: &str) -> Option<u32> {
    u32::try_from(size(text)?).ok()
}

/// A number of eight bits.
fn octet(text: &str) -> Option<u8> {
    u8::try_from(number(text)?).ok()
}

/// The address by which a `.link` file knows a NIC: of Ethernet, of InfiniBand, or an IP address, which tunnels have.
fn link_address(text: &str) -> Option<String> {
    let octets = match text.parse() {
        Ok(IpAddr::V4(address)) => address.octets().to_vec(),
        Ok(IpAddr::V6(address)) => address.octets().to_vec(),
        Err(_) => hardware_address(text, 20, |length| matches!(length, 4 | 6 | 16 | 20))?,
    };
    Some(with_colons(&octets))
}
