//! Routes, and the kernel's way to a destination.

use super::connection::{Connection, PLACE, Refusal};
use super::names::{self, Names};
use crate::system::errno::in_words;
use ipnet::IpNet;
use isctpl_checks::facts::{Flow, Lookup, LookupAnswer, Problem, Route};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteFlags, RouteMessage, RouteMetric, RouteNextHop, RouteType, RouteVia,
};
use netlink_packet_route::{AddressFamily, IpProtocol, RouteNetlinkMessage};
use nix::errno::Errno;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether a message tells a cached entry and no route of a table.
pub(super) fn is_cached(message: &RouteMessage) -> bool {
    message.header.flags.contains(RouteFlags::Cloned)
}

/// Whether a route's destination begins at 0.0.0.0 or ::, or is everything.
pub(super) fn is_from_zero(message: &RouteMessage) -> bool {
    destination(message).is_none_or(|ip| ip.is_unspecified())
}

pub(super) fn route(message: &RouteMessage, names: &Names) -> Route {
    let header = &message.header;
    let mut route = Route {
        table: u32::from(header.table),
        protocol: names::protocol(header.protocol),
        kind: names::kind(header.kind),
        scope: names::scope(header.scope),
        ipv6: header.address_family == AddressFamily::Inet6,
        ..Route::default()
    };
    for attribute in &message.attributes {
        match attribute {
            RouteAttribute::Destination(to) => {
                route.destination = ip(to).and_then(|ip| IpNet::new(ip, header.destination_prefix_length).ok());
            }
            RouteAttribute::Gateway(gateway) => route.gateway = ip(gateway),
            RouteAttribute::Via(via) => route.gateway = via_ip(via),
            RouteAttribute::Oif(index) => route.index = Some(*index),
            RouteAttribute::PrefSource(source) => route.source = ip(source),
            RouteAttribute::Priority(metric) => route.metric = *metric,
            RouteAttribute::Table(table) => route.table = *table,
            RouteAttribute::Metrics(metrics) => {
                route.mtu = metrics.iter().find_map(|metric| match metric {
                    RouteMetric::Mtu(mtu) => Some(*mtu),
                    _ => None,
                });
            }
            RouteAttribute::MultiPath(hops) => {
                route.next_hops = hops.iter().map(|hop| next_hop(hop, names)).collect();
                route.hop_interfaces = hops.iter().map(|hop| names.get(&hop.interface_index).cloned()).collect();
            }
            RouteAttribute::NhId(id) => route.nexthop_id = Some(*id),
            _ => {}
        }
    }
    // With net.ipv4.nexthop_compat_mode=1, the default, the members come along.
    route.nexthop_id = route.nexthop_id.filter(|_| route.index.is_none() && route.next_hops.is_empty());
    route.interface = route.index.and_then(|index| names.get(&index).cloned());
    // Length 0 with an address is how some kernels tell the default route of IPv6.
    route.destination = route.destination.filter(|to| to.prefix_len() != 0);
    route
}

/// `GATEWAY dev INTERFACE`, or `dev INTERFACE` for one on the link.
fn next_hop(hop: &RouteNextHop, names: &Names) -> String {
    let gateway = hop.attributes.iter().find_map(|attribute| match attribute {
        RouteAttribute::Gateway(gateway) => ip(gateway),
        RouteAttribute::Via(via) => via_ip(via),
        _ => None,
    });
    let device = names.get(&hop.interface_index).map_or_else(|| hop.interface_index.to_string(), Clone::clone);
    match gateway {
        Some(gateway) => format!("{gateway} dev {device}"),
        None => format!("dev {device}"),
    }
}

fn ip(address: &RouteAddress) -> Option<IpAddr> {
    match address {
        RouteAddress::Inet(ip) => Some(IpAddr::V4(*ip)),
        RouteAddress::Inet6(ip) => Some(IpAddr::V6(*ip)),
        _ => None,
    }
}

fn via_ip(via: &RouteVia) -> Option<IpAddr> {
    match via {
        RouteVia::Inet(ip) => Some(IpAddr::V4(*ip)),
        RouteVia::Inet6(ip) => Some(IpAddr::V6(*ip)),
        _ => None,
    }
}

/// Asks for the way of a flow: once for the next hop that is taken, and once for the route of the tables that gave it
/// (`RTM_F_FIB_MATCH`), whose prefix the first answer does not tell.
pub(super) async fn look_up(connection: &Connection, flow: Flow, names: &Names) -> Lookup {
    let (answer, matched) = match get(connection, &flow, RouteFlags::empty(), names).await {
        Err(refusal) => (refused(refusal), None),
        Ok(taken) => match refusing(taken.header.kind) {
            // IPv6 answers with the route that refuses, IPv4 with an error.
            Some(why) => (LookupAnswer::Unreachable(why.to_owned()), None),
            None => with_match(connection, &flow, route(&taken, names), names).await,
        },
    };
    let destination = flow.destination;
    Lookup { destination, answer, matched, flow: Some(flow).filter(|flow| *flow != Flow::to(destination)) }
}

async fn with_match(
    connection: &Connection,
    flow: &Flow,
    taken: Route,
    names: &Names,
) -> (LookupAnswer, Option<IpNet>) {
    let found = get(connection, flow, RouteFlags::FibMatch, names).await.ok();
    taken_by(flow.destination, taken, found.as_ref(), names)
}

/// The next hop that is taken, with the route of the tables that gave it, where the kernel tells that.
pub(super) fn taken_by(
    destination: IpAddr,
    taken: Route,
    found: Option<&RouteMessage>,
    names: &Names,
) -> (LookupAnswer, Option<IpNet>) {
    // A kernel that does not know the flag answers the same as before.
    let Some(found) = found.filter(|message| !is_cached(message)) else { return (LookupAnswer::Route(taken), None) };
    let found = route(found, names);
    let matched = found.destination.unwrap_or_else(|| everything(destination));
    let route = Route {
        // Of a route with several next hops only the first answer tells the one that is taken.
        gateway: taken.gateway,
        index: taken.index,
        interface: taken.interface,
        source: taken.source.or(found.source),
        mtu: found.mtu.or(taken.mtu),
        ..found
    };
    (LookupAnswer::Route(route), Some(matched))
}

/// The question for the way of a flow.
pub(super) struct Request(pub(super) RouteMessage);

impl Request {
    pub(super) fn of(flow: &Flow, flags: RouteFlags, names: &Names) -> Self {
        let mut request = RouteMessage::default();
        let (family, width) = match flow.destination {
            IpAddr::V4(_) => (AddressFamily::Inet, 32),
            IpAddr::V6(_) => (AddressFamily::Inet6, 128),
        };
        request.header.address_family = family;
        request.header.destination_prefix_length = width;
        // Without this flag the kernel says that every route is of the table main.
        request.header.flags = flags | RouteFlags::LookupTable;
        request.attributes.push(RouteAttribute::Destination(flow.destination.into()));
        if let Some(source) = flow.source {
            request.header.source_prefix_length = width;
            request.attributes.push(RouteAttribute::Source(source.into()));
        }
        if let Some(port) = flow.port {
            request.attributes.push(RouteAttribute::IpProto(IpProtocol::Tcp.into()));
            request.attributes.extend(flow.source_port.map(RouteAttribute::Sport));
            request.attributes.push(RouteAttribute::Dport(port));
        }
        let index = |name: &String| names.iter().find(|(_, other)| *other == name).map(|(index, _)| *index);
        request.attributes.extend(flow.bound_to.as_ref().and_then(index).map(RouteAttribute::Oif));
        Self(request)
    }
}

async fn get(connection: &Connection, flow: &Flow, flags: RouteFlags, names: &Names) -> Result<RouteMessage, Refusal> {
    let Request(request) = Request::of(flow, flags, names);
    match connection.ask(RouteNetlinkMessage::GetRoute(request), "route").await? {
        RouteNetlinkMessage::NewRoute(message) => Ok(message),
        _ => Err(Refusal::unexpected("route")),
    }
}

/// What an attribute of a route that the kernel told sets, where the same is asked for again. The rest tells of its
/// state: how long it lives, and how often it was used.
pub(super) fn is_setting(attribute: &RouteAttribute) -> bool {
    matches!(
        attribute,
        RouteAttribute::Destination(_)
            | RouteAttribute::Gateway(_)
            | RouteAttribute::Via(_)
            | RouteAttribute::Oif(_)
            | RouteAttribute::PrefSource(_)
            | RouteAttribute::Priority(_)
            | RouteAttribute::Table(_)
            | RouteAttribute::Metrics(_)
            | RouteAttribute::MultiPath(_)
            | RouteAttribute::NhId(_)
            | RouteAttribute::Preference(_)
    )
}

/// Whether a route's destination holds an address.
pub(super) fn leads_to(message: &RouteMessage, portal: IpAddr) -> bool {
    if portal.is_ipv6() != (message.header.address_family == AddressFamily::Inet6) {
        return false;
    }
    let length = message.header.destination_prefix_length;
    length == 0
        || destination(message)
            .and_then(|ip| IpNet::new(ip, length).ok())
            .is_some_and(|network| network.contains(&portal))
}

/// The address of a route's destination.
fn destination(message: &RouteMessage) -> Option<IpAddr> {
    message.attributes.iter().find_map(|attribute| match attribute {
        RouteAttribute::Destination(to) => ip(to),
        _ => None,
    })
}

/// The errors by which the kernel says that there is no way (`fib_props` of
/// `net/ipv4/fib_semantics.c`), apart from those by which it does not answer.
fn refused(refusal: Refusal) -> LookupAnswer {
    match refusal.errno {
        Some(errno) => refused_by(errno),
        None => failed(Problem::from(refusal)),
    }
}

/// What the kernel says by this error in place of a route.
pub(super) fn refused_by(errno: Errno) -> LookupAnswer {
    let why = match errno {
        Errno::ENETUNREACH => "the kernel has no route to it",
        Errno::EHOSTUNREACH => UNREACHABLE,
        Errno::EACCES => PROHIBIT,
        Errno::EINVAL => BLACKHOLE,
        Errno::EOPNOTSUPP | Errno::EAFNOSUPPORT => "the kernel does not support its protocol",
        _ => return failed(Problem::new(PLACE, format!("the kernel does not report its route: {}", in_words(errno)))),
    };
    LookupAnswer::Unreachable(why.to_owned())
}

const UNREACHABLE: &str = "a route or rule of type unreachable refuses it";
const PROHIBIT: &str = "a route or rule of type prohibit refuses it";
const BLACKHOLE: &str = "a route or rule of type blackhole drops it";

pub(super) fn refusing(kind: RouteType) -> Option<&'static str> {
    match kind {
        RouteType::Unreachable => Some(UNREACHABLE),
        RouteType::Prohibit => Some(PROHIBIT),
        RouteType::BlackHole => Some(BLACKHOLE),
        RouteType::Throw => Some("a route of type throw ends the search"),
        _ => None,
    }
}

/// The prefix of a default route.
fn everything(destination: IpAddr) -> IpNet {
    match destination {
        IpAddr::V4(_) => IpNet::V4(ipnet::Ipv4Net::new_assert(Ipv4Addr::UNSPECIFIED, 0)),
        IpAddr::V6(_) => IpNet::V6(ipnet::Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 0)),
    }
}

/// What stands for an answer that did not come.
fn failed(problem: impl Into<Problem>) -> LookupAnswer {
    LookupAnswer::Failed(problem.into())
}
