//! systemd-network-generator(8): `.network` files for systemd-networkd, in an initramfs and in the real root. It gives
//! up, and writes no file at all, at the first word that it does not take. Source: systemd 252 to 257,
//! `src/network/generator/network-generator.c`.

use super::Refused;
use super::fields::{address, bits, is_interface, mac};
use crate::facts::{Cmdline, Word};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// What it says of a word that it does not take.
const SAYS: &str = "Failed to parse kernel command line";

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
    /// The bridge or bond that it is a port of.
    pub port_of: Option<String>,
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
        !self.addresses.is_empty() || self.runs_dhcp()
    }

    /// Whether it runs a DHCP client.
    pub fn runs_dhcp(&self) -> bool {
        self.dhcp.is_some_and(|dhcp| dhcp != "no")
    }
}

/// The networks by the name of their interface; the empty name stands for every NIC.
///
/// # Errors
/// The word at which it gives up.
pub fn networks(line: &Cmdline) -> Result<BTreeMap<String, Network>, Refused> {
    let mut made = Made::default();
    for word in &line.words {
        made.read(word).ok_or_else(|| Refused::new(word, SAYS))?;
    }
    Ok(made.merged())
}

#[derive(Debug, Default)]
struct Made {
    networks: BTreeMap<String, Network>,
    links: BTreeSet<String>,
}

impl Made {
    /// Takes a word; `None` where the program gives up.
    fn read(&mut self, word: &Word) -> Option<()> {
        let value = word.value.as_deref();
        match word.key.as_str() {
            "ip" => self.ip(value?),
            "rd.route" => self.route(value?),
            "nameserver" => {
                value?.parse::<IpAddr>().ok()?;
                self.network("").map(drop)
            }
            "rd.peerdns" => {
                value.is_none_or(is_boolean).then_some(())?;
                self.network("").map(drop)
            }
            "vlan" => self.vlan(value?),
            "bridge" => {
                let (name, ports) = value?.split_once(':')?;
                is_interface(name).then_some(())?;
                self.ports(name, ports)
            }
            "bond" => {
                let (name, rest) = value?.split_once(':')?;
                is_interface(name).then_some(())?;
                let mut fields = rest.splitn(3, ':');
                self.ports(name, fields.next()?)?;
                fields.nth(1).is_none_or(is_mtu).then_some(())
            }
            "ifname" => {
                let (name, address) = value?.split_once(':')?;
                mac(address)?;
                (is_interface(name) && self.links.insert(name.to_owned())).then_some(())
            }
            _ => Some(()),
        }
    }

    /// The network of an interface, made where there is none; `None` where that is no name.
    fn network(&mut self, name: &str) -> Option<&mut Network> {
        let sound = name.is_empty() || self.networks.contains_key(name) || is_interface(name);
        sound.then(|| self.networks.entry(name.to_owned()).or_default())
    }

    fn ip(&mut self, value: &str) -> Option<()> {
        if !value.contains(':') {
            self.network("")?.dhcp = Some(dhcp_of(value)?);
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
        let dhcp = dhcp_of(how)?;
        self.network(name)?.dhcp = Some(dhcp);
        rest.is_none_or(is_mtu_and_mac).then_some(())
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
        let dhcp = dhcp_of(how)?;
        let network = self.network(name)?;
        network.dhcp = Some(dhcp);
        network.addresses.extend(own.map(|address| (address, length)));
        network.routes.extend(gateway.map(|gateway| Route { destination: None, gateway: Some(gateway) }));
        after.is_none_or(|after| is_mtu_and_mac(after) || are_servers(after)).then_some(())
    }

    /// `NET/LEN:GATEWAY[:INTERFACE]`.
    fn route(&mut self, value: &str) -> Option<()> {
        let v6 = value.starts_with('[');
        let (net, rest) = if v6 { value[1..].split_once("]:")? } else { value.split_once(':')? };
        let (net, length) = match net.split_once('/') {
            Some((net, length)) => (net, length.parse().ok().filter(|length| *length <= bits(v6))?),
            None => (net, bits(v6)),
        };
        let net = address(net, v6)?;
        let with_end = format!("{rest}:");
        let mut rest = if rest.contains(':') { rest } else { &with_end };
        let gateway = next_address(&mut rest, v6)?;
        let destination = (!net.is_unspecified()).then_some((net, length));
        if destination.is_some() || gateway.is_some() {
            self.network(rest)?.routes.push(Route { destination, gateway });
        }
        Some(())
    }

    /// `NAME:INTERFACE`; the id stands in the digits at the end of the name.
    fn vlan(&mut self, value: &str) -> Option<()> {
        let (name, below) = value.split_once(':')?;
        is_interface(name).then_some(())?;
        let id = &name[name.trim_end_matches(|c: char| c.is_ascii_digit()).len()..];
        id.parse::<u16>().ok().filter(|id| *id < 4095)?;
        self.network(below)?.vlans.push(name.to_owned());
        Some(())
    }

    fn ports(&mut self, of: &str, ports: &str) -> Option<()> {
        let mut ports = ports.split(',').filter(|port| !port.is_empty()).peekable();
        ports.peek()?;
        ports.try_for_each(|port| {
            self.network(port)?.port_of = Some(of.to_owned());
            Some(())
        })
    }

    /// What is for every NIC goes into those that are named, all but `DHCP=`, and has no file of its own then.
    fn merged(mut self) -> BTreeMap<String, Network> {
        if self.networks.len() > 1
            && let Some(all) = self.networks.remove("")
        {
            for network in self.networks.values_mut() {
                network.routes.extend(all.routes.iter().cloned());
            }
        }
        self.networks
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

/// The next field as a prefix length: of the whole address where it is empty. A mask's holes are not looked at.
fn next_mask(rest: &mut &str, v6: bool) -> Option<u8> {
    let (field, after) = if v6 && rest.starts_with('[') { return None } else { rest.split_once(':')? };
    let length = match (field, address(field, false).filter(|_| !v6)) {
        ("", _) => bits(v6),
        (_, Some(IpAddr::V4(mask))) => u8::try_from(32 - u32::from(mask).trailing_zeros()).ok()?,
        (length, _) => length.parse().ok()?,
    };
    *rest = after;
    Some(length)
}

/// networkd's `DHCP=` for a word of dracut.cmdline(7).
fn dhcp_of(how: &str) -> Option<&'static str> {
    Some(match how {
        "on" | "any" => "yes",
        "dhcp" => "ipv4",
        "dhcp6" | "either6" => "ipv6",
        "none" | "off" | "ibft" | "auto6" | "link6" | "link-local" => "no",
        _ => return None,
    })
}

fn is_boolean(text: &str) -> bool {
    const WORDS: [&str; 12] = ["1", "yes", "y", "true", "t", "on", "0", "no", "n", "false", "f", "off"];
    WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

fn is_hostname(name: &str) -> bool {
    let sound = |label: &str| {
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        !label.is_empty() && label.bytes().all(letter) && !label.starts_with('-') && !label.ends_with('-')
    };
    name.len() <= 64 && name.split('.').all(sound)
}

fn is_mtu(text: &str) -> bool {
    text.is_empty() || text.parse::<u32>().is_ok()
}

/// `[MTU][:MAC]`.
fn is_mtu_and_mac(text: &str) -> bool {
    let (mtu, address) = text.split_once(':').unwrap_or((text, ""));
    is_mtu(mtu) && (address.is_empty() || mac(address).is_some())
}

/// `[DNS][:DNS]`, of IPv6 in brackets.
fn are_servers(text: &str) -> bool {
    let mut rest = text;
    for _ in 0..2 {
        if rest.is_empty() {
            return true;
        }
        let v6 = rest.starts_with('[');
        let (server, after) = if v6 {
            let Some((server, after)) = rest[1..].split_once(']') else { return false };
            (server, after)
        } else {
            rest.split_at(rest.find(':').unwrap_or(rest.len()))
        };
        if address(server, v6).is_none() {
            return false;
        }
        rest = after.strip_prefix(':').unwrap_or(after);
    }
    rest.is_empty()
}
