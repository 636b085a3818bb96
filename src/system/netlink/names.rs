//! The kernel's numbers as iproute2 prints them (`lib/rt_names.c`, `/etc/iproute2/rt_protos`).

use netlink_packet_route::link::State;
use netlink_packet_route::route::{RouteProtocol, RouteScope, RouteType};
use netlink_packet_route::rule::RuleAction;
use std::collections::BTreeMap;

/// Interface names by index.
pub(crate) type Names = BTreeMap<u32, String>;

/// `boot`, `kernel`, `dhcp` …; a number that has no name stays one.
pub(super) fn protocol(protocol: RouteProtocol) -> String {
    let name = match protocol {
        RouteProtocol::Unspec => "unspec",
        RouteProtocol::IcmpRedirect => "redirect",
        RouteProtocol::Kernel => "kernel",
        RouteProtocol::Boot => "boot",
        RouteProtocol::Static => "static",
        RouteProtocol::Gated => "gated",
        RouteProtocol::Ra => "ra",
        RouteProtocol::Mrt => "mrt",
        RouteProtocol::Zebra => "zebra",
        RouteProtocol::Bird => "bird",
        RouteProtocol::DnRouted => "dnrouted",
        RouteProtocol::Xorp => "xorp",
        RouteProtocol::Ntk => "ntk",
        RouteProtocol::Dhcp => "dhcp",
        RouteProtocol::KeepAlived => "keepalived",
        RouteProtocol::Babel => "babel",
        RouteProtocol::Bgp => "bgp",
        RouteProtocol::Isis => "isis",
        RouteProtocol::Ospf => "ospf",
        RouteProtocol::Rip => "rip",
        RouteProtocol::Eigrp => "eigrp",
        other => return u8::from(other).to_string(),
    };
    name.to_owned()
}

/// `global`, `link`, `host` …
pub(super) fn scope(scope: RouteScope) -> String {
    let name = match scope {
        RouteScope::Universe => "global",
        RouteScope::Site => "site",
        RouteScope::Link => "link",
        RouteScope::Host => "host",
        RouteScope::NoWhere => "nowhere",
        other => return u8::from(other).to_string(),
    };
    name.to_owned()
}

/// `unicast`, `local`, `blackhole` …
pub(super) fn kind(kind: RouteType) -> String {
    let name = match kind {
        RouteType::Unspec => "none",
        RouteType::Unicast => "unicast",
        RouteType::Local => "local",
        RouteType::Broadcast => "broadcast",
        RouteType::Anycast => "anycast",
        RouteType::Multicast => "multicast",
        RouteType::BlackHole => "blackhole",
        RouteType::Unreachable => "unreachable",
        RouteType::Prohibit => "prohibit",
        RouteType::Throw => "throw",
        RouteType::Nat => "nat",
        RouteType::ExternalResolve => "xresolve",
        other => return u8::from(other).to_string(),
    };
    name.to_owned()
}

/// `lookup`, `blackhole` …
pub(super) fn action(action: RuleAction) -> String {
    let name = match action {
        RuleAction::Unspec => "none",
        RuleAction::ToTable => "lookup",
        RuleAction::Goto => "goto",
        RuleAction::Nop => "nop",
        RuleAction::Blackhole => "blackhole",
        RuleAction::Unreachable => "unreachable",
        RuleAction::Prohibit => "prohibit",
        other => return u8::from(other).to_string(),
    };
    name.to_owned()
}

/// `up`, `down`, `lowerlayerdown` … (RFC 2863), in lower case.
pub(super) fn oper_state(state: State) -> String {
    let name = match state {
        State::Unknown => "unknown",
        State::NotPresent => "notpresent",
        State::Down => "down",
        State::LowerLayerDown => "lowerlayerdown",
        State::Testing => "testing",
        State::Dormant => "dormant",
        State::Up => "up",
        other => return u8::from(other).to_string(),
    };
    name.to_owned()
}
