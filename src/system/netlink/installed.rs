//! Entries of the kernel's tables.

use super::names::Names;
use super::route;
use isctpl_checks::facts::Route;
use netlink_packet_route::route::{RouteAttribute, RouteMessage};

/// A route as the kernel told it, so that it can be installed again as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Installed {
    /// The route.
    pub(crate) route: Route,
    message: RouteMessage,
}

impl Installed {
    pub(super) fn of(message: RouteMessage, names: &Names) -> Self {
        Self { route: route::route(&message, names), message }
    }

    /// The kernel's message.
    pub(super) fn message(&self) -> &RouteMessage {
        &self.message
    }

    /// The same route through another interface, which has taken the place of the one that it led through.
    pub(crate) fn through(mut self, index: u32) -> Self {
        self.route.index = Some(index);
        for attribute in &mut self.message.attributes {
            if let RouteAttribute::Oif(oif) = attribute {
                *oif = index;
            }
        }
        self
    }

    /// The type of service that packets must have; 0 for any.
    pub(crate) fn tos(&self) -> u8 {
        self.message.header.tos
    }

    /// Whether this is the same entry of the kernel's table: what `ip route del` has to be told of it.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let (a, b) = (&self.route, &other.route);
        (a.destination, a.table, a.metric, a.ipv6, self.message.header.tos)
            == (b.destination, b.table, b.metric, b.ipv6, other.message.header.tos)
            && (a.index, a.gateway, a.nexthop_id, &a.kind, &a.next_hops)
                == (b.index, b.gateway, b.nexthop_id, &b.kind, &b.next_hops)
    }

    /// Whether a new route takes the place of this one: one with this destination, table and metric, and type of
    /// service, of which IPv4 has one alone unless it was appended.
    pub(crate) fn is_replaced_by(&self, other: &Self) -> bool {
        let (a, b) = (&self.route, &other.route);
        (a.destination, a.table, a.metric, a.ipv6, self.message.header.tos)
            == (b.destination, b.table, b.metric, b.ipv6, other.message.header.tos)
    }
}
