//! The running kernel's network, from netlink and `/proc/sys/net`.

use super::{Fact, ISCSI_PORT, LinkKind, OperState, Problem, Timeline};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};

/// The running kernel's network.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Network {
    /// Interfaces.
    pub links: Fact<Vec<NetLink>>,
    /// Addresses.
    pub addresses: Fact<Vec<Address>>,
    /// Routes of every table.
    pub routes: Fact<Vec<Route>>,
    /// The default routes of the table main of IPv4, where there are too many routes for all of them to be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_routes: Option<Vec<Route>>,
    /// Policy rules.
    pub rules: Fact<Vec<Rule>>,
    /// What the kernel answers for each portal (RTM_GETROUTE).
    pub lookups: Fact<Vec<Lookup>>,
    /// What `isctpl watch --since-boot` has seen since the machine started; `None` where it does not run.
    pub timeline: Fact<Option<Timeline>>,
    /// Effective reverse-path filter for an interface: the larger of `conf/all` and `conf/IF`.
    pub rp_filter: Vec<RpFilter>,
    /// Things that could not be read.
    pub problems: Vec<Problem>,
}

/// An interface.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetLink {
    /// Kernel index.
    pub index: u32,
    /// Name.
    pub name: String,
    /// MAC address, lower case with colons.
    pub mac: String,
    /// Permanent MAC address, where the kernel tells.
    pub permanent_mac: Option<String>,
    /// Administratively up (IFF_UP).
    pub up: bool,
    /// Carrier (IFF_LOWER_UP).
    pub carrier: bool,
    /// Operational state (RFC 2863), lower case: `up`, `down`, `unknown`, `lowerlayerdown` …
    pub oper_state: OperState,
    /// Maximum transmission unit in bytes.
    pub mtu: u32,
    /// The bond, bridge or other interface that owns it.
    pub master: Option<u32>,
    /// The interface below, of a VLAN or macvlan.
    pub lower: Option<u32>,
    /// Kind: `vlan`, `bond`, `bridge`, `veth` …; empty for hardware.
    pub kind: LinkKind,
    /// VLAN id of a `vlan`.
    pub vlan: Option<u16>,
}

/// An address of an interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// Interface index.
    pub index: u32,
    /// Interface name.
    pub interface: String,
    /// Address with prefix length.
    pub net: IpNet,
    /// Seconds until the kernel removes it; `None` is forever.
    pub valid_seconds: Option<u32>,
}

/// A route.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Route {
    /// Destination; `None` is the default route.
    pub destination: Option<IpNet>,
    /// Next hop.
    pub gateway: Option<IpAddr>,
    /// Output interface's index.
    pub index: Option<u32>,
    /// Output interface's name.
    pub interface: Option<String>,
    /// Preferred source address.
    pub source: Option<IpAddr>,
    /// Metric.
    pub metric: u32,
    /// Table; 254 is main, 255 local.
    pub table: u32,
    /// Who made it: `kernel`, `boot`, `static`, `dhcp`, `ra` …, as iproute2 names them.
    pub protocol: String,
    /// Type: `unicast`, `blackhole`, `unreachable`, `prohibit`, `local` …
    pub kind: String,
    /// Scope: `global`, `link`, `host`.
    pub scope: String,
    /// Route MTU.
    pub mtu: Option<u32>,
    /// Whether the destination is IPv6.
    pub ipv6: bool,
    /// Every next hop of a multipath route, as `gateway dev interface`.
    pub next_hops: Vec<String>,
    /// The interfaces of these next hops, in their order; `None` for one that has no name any more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hop_interfaces: Vec<Option<String>>,
    /// The nexthop object that the route names (`RTA_NH_ID`), where the kernel does not tell the object's members.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nexthop_id: Option<u32>,
}

/// A policy rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rule {
    /// Priority.
    pub priority: u32,
    /// Source prefix.
    pub from: Option<IpNet>,
    /// Destination prefix.
    pub to: Option<IpNet>,
    /// Table looked up.
    pub table: u32,
    /// Action: `lookup`, `blackhole`, `unreachable`, `prohibit` …
    pub action: String,
    /// Whether the rule is for IPv6.
    pub ipv6: bool,
    /// What else the packets must have, in the words of ip-rule(8): `ipproto tcp`, `dport 3260`, `fwmark 0x1` …
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub selectors: Vec<String>,
}

impl Rule {
    /// Whether the packets of a flow fall under a rule (`fib_rule_match` of `net/core/fib_rules.c`). The sockets of
    /// sessions are root's, and have no mark.
    pub fn takes(&self, flow: &Flow) -> bool {
        if self.ipv6 != flow.destination.is_ipv6() {
            return false;
        }
        let from = self.from.is_none_or(|from| flow.source.is_some_and(|source| from.contains(&source)));
        let to = self.to.is_none_or(|to| to.contains(&flow.destination));
        let in_range = |range: &str, port: Option<u16>| {
            let (start, end) = range.split_once('-').unwrap_or((range, range));
            let bounds = start.parse::<u16>().ok().zip(end.parse::<u16>().ok());
            port.zip(bounds).is_some_and(|(port, (start, end))| (start..=end).contains(&port))
        };
        let chosen = |selector: &&String| match selector.split_once(' ').unwrap_or((selector, "")) {
            ("ipproto", protocol) => protocol == "tcp" && flow.port.is_some(),
            ("dport", range) => in_range(range, flow.port),
            ("sport", range) => in_range(range, flow.source_port),
            ("oif", name) => flow.bound_to.as_deref() == Some(name),
            ("iif", name) => name == "lo",
            ("fwmark", mark) => is_of_no_mark(mark),
            ("uidrange", range) => range.starts_with("0-"),
            // It passes over routes, and not over packets.
            ("suppress_prefixlength", _) => true,
            _ => false,
        };
        let inverted = |selector: &&String| *selector == "not";
        let all = from && to && self.selectors.iter().filter(|selector| !inverted(selector)).all(|s| chosen(&s));
        all != self.selectors.iter().any(|selector| inverted(&selector))
    }

    /// What it asks of a packet, in the words of ip-rule(8): `not from all fwmark 0xca6c`.
    pub fn selection(&self) -> String {
        let (nots, others): (Vec<_>, Vec<_>) = self.selectors.iter().partition(|selector| *selector == "not");
        let mut words: Vec<String> = nots.into_iter().cloned().collect();
        words.push(self.from.map_or_else(|| "from all".to_owned(), |from| format!("from {from}")));
        words.extend(self.to.map(|to| format!("to {to}")));
        words.extend(others.into_iter().cloned());
        words.join(" ")
    }
}

/// Packets for which the kernel is asked the way: those of an iSCSI session, or of one that is to be set up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// Where they go: a portal's address.
    pub destination: IpAddr,
    /// The portal's TCP port. `None` asks by the destination alone.
    pub port: Option<u16>,
    /// The address that the session's socket has.
    pub source: Option<IpAddr>,
    /// The TCP port that the session's socket has.
    pub source_port: Option<u16>,
    /// The interface that the socket is bound to (`iface.net_ifacename`, SO_BINDTODEVICE).
    pub bound_to: Option<String>,
}

impl Flow {
    /// Packets of which nothing but the destination is known.
    pub fn to(destination: IpAddr) -> Self {
        Self { destination, port: None, source: None, source_port: None, bound_to: None }
    }

    /// The portal that they go to; where no port is known, iSCSI's.
    pub fn portal(&self) -> SocketAddr {
        SocketAddr::new(self.destination, self.port.unwrap_or(ISCSI_PORT))
    }
}

/// Whether packets without a mark have this one: `VALUE`, or `VALUE/MASK` of which the mask leaves nothing.
fn is_of_no_mark(mark: &str) -> bool {
    let (value, mask) = mark.split_once('/').unwrap_or((mark, "0xffffffff"));
    let number = |text: &str| u32::from_str_radix(text.trim_start_matches("0x"), 16).ok();
    number(value).zip(number(mask)).is_some_and(|(value, mask)| value & mask == 0)
}

impl std::fmt::Display for Rule {
    /// As `ip rule` writes it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} {}", self.priority, self.selection(), self.action)?;
        if self.action == "lookup" { write!(f, " {}", self.table) } else { Ok(()) }
    }
}

impl std::fmt::Display for Flow {
    /// The question as ip-route(8) puts it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ip route get {}", self.destination)?;
        if let Some(source) = self.source {
            write!(f, " from {source}")?;
        }
        if let Some(bound_to) = &self.bound_to {
            write!(f, " oif {bound_to}")?;
        }
        if let Some(port) = self.port {
            f.write_str(" ipproto tcp")?;
            if let Some(source_port) = self.source_port {
                write!(f, " sport {source_port}")?;
            }
            write!(f, " dport {port}")?;
        }
        Ok(())
    }
}

/// The kernel's answer for one destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lookup {
    /// The destination asked for: a portal's address.
    pub destination: IpAddr,
    /// The answer.
    pub answer: LookupAnswer,
    /// The prefix of the route that answered (RTM_F_FIB_MATCH), where the kernel tells.
    pub matched: Option<IpNet>,
    /// The packets that it was asked for, where more than the destination was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<Flow>,
}

/// What RTM_GETROUTE said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LookupAnswer {
    /// By this way.
    Route(Route),
    /// No way: ENETUNREACH, EHOSTUNREACH or EACCES, in words.
    Unreachable(String),
    /// The kernel did not answer.
    Failed(Problem),
}

/// Reverse-path filtering of one interface.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RpFilter {
    /// Interface.
    pub interface: String,
    /// `net.ipv4.conf.all.rp_filter`.
    pub all: u8,
    /// `net.ipv4.conf.IF.rp_filter`.
    pub own: u8,
}

impl RpFilter {
    /// The value in force: the larger of both (kernel `Documentation/networking/ip-sysctl.rst`).
    pub fn effective(&self) -> u8 {
        self.all.max(self.own)
    }
}
