//! The one room that knows rtnetlink: plain routes, links, addresses and rules come out.
//!
//! The interface is blocking, and everything has to be over within [`TIME_LIMIT`]. The network
//! namespace is that of the calling thread.

mod asker;
mod connection;
mod datagram;
mod follower;
mod installed;
mod link;
mod names;
mod route;
mod rule;
mod runtime;
#[cfg(test)]
mod tests;

pub(crate) use asker::Asker;
pub(crate) use follower::{Change, Fate, Follower, Lost};
pub(crate) use installed::Installed;
pub(crate) use names::Names;
pub(crate) use runtime::Runtime;

use connection::{Connection, Dump, MOST_MESSAGES};
use isctpl_checks::facts::{Address, Fact, Flow, Lookup, NetLink, Problem, Route, Rule};
use netlink_packet_route::address::AddressMessage;
use netlink_packet_route::link::LinkMessage;
use netlink_packet_route::route::{RouteHeader, RouteMessage};
use netlink_packet_route::rule::RuleMessage;
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use nix::errno::Errno;
use std::net::IpAddr;

/// A kernel that has one of them switched off answers for every family it has (`rtnl_dump_all`): what
/// comes is to be held against what was asked for.
const FAMILIES: [AddressFamily; 2] = [AddressFamily::Inet, AddressFamily::Inet6];

/// The most routes of a family that are read. What decides is the kernel's answer for a portal, which costs the same
/// among any number of routes; the routes beside it are told as evidence, and a router's full table is no server's.
const MOST_ROUTES: usize = 10_000;

/// What the kernel said.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Interfaces, by index.
    pub links: Fact<Vec<NetLink>>,
    /// Addresses of IPv4, then of IPv6.
    pub addresses: Fact<Vec<Address>>,
    /// Routes of every table, of IPv4, then of IPv6.
    pub routes: Fact<Vec<Route>>,
    /// The default routes of the table main of IPv4, where there are too many routes to read them all.
    pub default_routes: Option<Vec<Route>>,
    /// Policy rules of IPv4, then of IPv6.
    pub rules: Fact<Vec<Rule>>,
    /// An answer for each flow, in their order.
    pub lookups: Fact<Vec<Lookup>>,
    /// Single messages that could not be understood.
    pub problems: Vec<Problem>,
}

impl Snapshot {
    /// Nothing, for this reason.
    pub(crate) fn unknown(problem: &Problem) -> Self {
        Self {
            links: Fact::Unknown(problem.clone()),
            addresses: Fact::Unknown(problem.clone()),
            routes: Fact::Unknown(problem.clone()),
            default_routes: None,
            rules: Fact::Unknown(problem.clone()),
            lookups: Fact::Unknown(problem.clone()),
            problems: Vec::new(),
        }
    }
}

/// Reads the network of the calling thread's namespace, and asks the kernel for the way of each flow. What could not be
/// asked is unknown; the rest is given.
pub fn snapshot(flows: &[Flow]) -> Snapshot {
    match Runtime::new() {
        Ok(runtime) => snapshot_on(&runtime, flows),
        Err(problem) => Snapshot::unknown(&problem),
    }
}

/// The same on what was made for it before.
pub(crate) fn snapshot_on(runtime: &Runtime, flows: &[Flow]) -> Snapshot {
    let answer = runtime.converse(false, async |connection| {
        let mut snapshot = Snapshot::default();
        take(&connection, flows, &mut snapshot).await;
        snapshot
    });
    match answer {
        Ok(mut snapshot) => {
            take_routes(runtime, &mut snapshot);
            snapshot
        }
        Err(problem) => Snapshot::unknown(&problem),
    }
}

/// Asks the kernel for its way to one destination, as `ip route get` does.
///
/// # Errors
/// When the kernel could not be asked at all. A destination without a way is an answer.
pub fn lookup(destination: IpAddr) -> Result<Lookup, Problem> {
    Runtime::new()?.converse(false, async |connection| {
        let mut problems = Vec::new();
        let links = links(&connection, &mut problems).await?;
        Ok(route::look_up(&connection, Flow::to(destination), &names_of(&links)).await)
    })?
}

/// All but the routes beside those that the answers tell.
async fn take(connection: &Connection, flows: &[Flow], snapshot: &mut Snapshot) {
    let problems = &mut snapshot.problems;
    snapshot.links = links(connection, problems).await.into();
    let names = snapshot.links.known().map(|links| names_of(links)).unwrap_or_default();
    snapshot.addresses = addresses(connection, &names, problems).await.into();
    snapshot.rules = rules(connection, problems).await.into();
    let mut lookups = Vec::with_capacity(flows.len());
    for flow in flows {
        let mut flow = flow.clone();
        // The kernel knows no way from an address that is not its own, and says EINVAL, as for a route that drops.
        let has = |source: &IpAddr| {
            let own = snapshot.addresses.known().into_iter().flatten();
            own.into_iter().any(|address| address.net.addr() == *source)
        };
        flow.source = flow.source.filter(has);
        lookups.push(route::look_up(connection, flow, &names).await);
    }
    snapshot.lookups = Fact::Known(lookups);
}

/// The routes, as far as they are few.
fn take_routes(runtime: &Runtime, snapshot: &mut Snapshot) {
    let names = snapshot.links.known().map(|links| names_of(links)).unwrap_or_default();
    let problems = &mut snapshot.problems;
    let mut all = Vec::new();
    for family in FAMILIES {
        // A socket of which a dump was not read to its end gives no other answer.
        let told = runtime.converse(false, async |connection| routes(&connection, family, &names, problems).await);
        match told.flatten() {
            Ok(found) => all.extend(found),
            Err(problem) => {
                snapshot.routes = Fact::Unknown(problem);
                snapshot.default_routes = match family {
                    // Where not even those are told, there is a problem for all routes already.
                    AddressFamily::Inet => {
                        let told = runtime.converse(true, async |connection| default_routes(&connection, &names).await);
                        told.flatten().ok()
                    }
                    _ => Some(all.into_iter().filter(is_default_of_main).collect()),
                };
                return;
            }
        }
    }
    snapshot.routes = Fact::Known(all);
}

fn is_default_of_main(route: &Route) -> bool {
    route.destination.is_none_or(|prefix| prefix.prefix_len() == 0)
        && route.table == u32::from(RouteHeader::RT_TABLE_MAIN)
}

/// The interfaces' names by their index.
pub(crate) fn names_of(links: &[NetLink]) -> Names {
    links.iter().map(|link| (link.index, link.name.clone())).collect()
}

async fn links(connection: &Connection, problems: &mut Vec<Problem>) -> Result<Vec<NetLink>, Problem> {
    let request = RouteNetlinkMessage::GetLink(LinkMessage::default());
    let mut links =
        collect(connection.dump(request, "links", MOST_MESSAGES).await?, problems, |message| match message {
            RouteNetlinkMessage::NewLink(message) => Some(link::link(&message)),
            _ => None,
        });
    links.sort_by_key(|link| link.index);
    Ok(links)
}

async fn addresses(
    connection: &Connection,
    names: &Names,
    problems: &mut Vec<Problem>,
) -> Result<Vec<Address>, Problem> {
    let mut addresses = Vec::new();
    for family in FAMILIES {
        let mut request = AddressMessage::default();
        request.header.family = family;
        let answer = connection.dump(RouteNetlinkMessage::GetAddress(request), "addresses", MOST_MESSAGES).await?;
        addresses.extend(collect(answer, problems, |message| match message {
            RouteNetlinkMessage::NewAddress(message) if message.header.family == family => {
                link::address(&message, names)
            }
            _ => None,
        }));
    }
    Ok(addresses)
}

async fn routes(
    connection: &Connection,
    family: AddressFamily,
    names: &Names,
    problems: &mut Vec<Problem>,
) -> Result<Vec<Route>, Problem> {
    let mut request = RouteMessage::default();
    request.header.address_family = family;
    let answer = connection.dump(RouteNetlinkMessage::GetRoute(request), "routes", MOST_ROUTES).await?;
    Ok(collect(answer, problems, |message| match message {
        // Cached exceptions of routes, such as a learnt path MTU, come along and are no routes.
        RouteNetlinkMessage::NewRoute(message)
            if message.header.address_family == family && !route::is_cached(&message) =>
        {
            Some(route::route(&message, names))
        }
        _ => None,
    }))
}

/// The default routes of the table main of IPv4, and no other is read: the kernel tells a table's routes by address
/// (`fib_table_dump` of `net/ipv4/fib_trie.c` walks its trie from the lowest key on), and where it holds to what it is
/// asked for, tells those of one table.
async fn default_routes(connection: &Connection, names: &Names) -> Result<Vec<Route>, Problem> {
    const SUBJECT: &str = "default routes";
    let mut request = RouteMessage::default();
    request.header.address_family = AddressFamily::Inet;
    request.header.table = RouteHeader::RT_TABLE_MAIN;
    let behind = |message: &RouteNetlinkMessage| match message {
        RouteNetlinkMessage::NewRoute(message) => !route::is_from_zero(message),
        _ => false,
    };
    let dump = connection.dump_until(RouteNetlinkMessage::GetRoute(request), SUBJECT, MOST_ROUTES, behind).await?;
    if let Some(problem) = dump.problems.into_iter().next() {
        return Err(problem);
    }
    let kept = |message| match message {
        RouteNetlinkMessage::NewRoute(message) if message.header.destination_prefix_length == 0 => {
            Some(route::route(&message, names))
        }
        _ => None,
    };
    Ok(dump.messages.into_iter().filter_map(kept).collect())
}

async fn rules(connection: &Connection, problems: &mut Vec<Problem>) -> Result<Vec<Rule>, Problem> {
    let mut rules = Vec::new();
    for family in FAMILIES {
        let mut request = RuleMessage::default();
        request.header.family = family;
        match connection.dump(RouteNetlinkMessage::GetRule(request), "rules", MOST_MESSAGES).await {
            Ok(answer) => rules.extend(collect(answer, problems, |message| match message {
                RouteNetlinkMessage::NewRule(message) if message.header.family == family => Some(rule::rule(&message)),
                _ => None,
            })),
            // A kernel without policy routing (CONFIG_IP_MULTIPLE_TABLES) has no rules to tell.
            Err(refusal) if refusal.errno == Some(Errno::EOPNOTSUPP) => {}
            Err(refusal) => return Err(refusal.into()),
        }
    }
    Ok(rules)
}

fn collect<T>(dump: Dump, problems: &mut Vec<Problem>, kept: impl FnMut(RouteNetlinkMessage) -> Option<T>) -> Vec<T> {
    problems.extend(dump.problems);
    dump.messages.into_iter().filter_map(kept).collect()
}
