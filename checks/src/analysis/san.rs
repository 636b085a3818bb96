//! What several checks ask of the way to the target: the SAN NIC, its leases, and the kernel's route
//! to each portal.

use super::Analysis;
use super::handoff::BootHandoff;
use crate::facts::{
    ClasslessRoute, Flow, ISCSI_PORT, Lease, Lookup, LookupAnswer, Mode, NetLink, OperState, Portal, Problem,
    RequestKind, Route, Session,
};
use crate::{Outcome, ShellCommand};
use ipnet::IpNet;
use std::net::IpAddr;

/// The main routing table (`RT_TABLE_MAIN`).
pub(crate) const MAIN_TABLE: u32 = 254;

/// The NIC that leads to the target, and how it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SanNic {
    /// Its name now.
    pub name: String,
    /// How it is known, as the end of a sentence.
    pub how: String,
}

/// The way to one portal.
#[derive(Debug)]
pub(crate) struct PortalRoute<'a> {
    /// The portal.
    pub portal: Portal,
    /// The NIC that should lead to it; `None` when only the routes themselves could say so.
    pub nic: Option<SanNic>,
    /// The prefix of the route that answered.
    pub matched: Option<IpNet>,
    /// Where the kernel's route leads.
    pub verdict: RouteVerdict<'a>,
    /// What the kernel was asked, as a command of iproute2.
    pub asked: String,
}

/// Where the kernel's route to a portal leads.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RouteVerdict<'a> {
    /// Out of the SAN NIC, or there is no other word for what the SAN NIC is.
    Sound(&'a Route),
    /// There is no route.
    Unreachable(&'a str),
    /// Only a default route answers, and it leads out of another NIC.
    OnlyDefault(&'a Route),
    /// A route of the portal's own leads out of another NIC.
    WrongNic(&'a Route),
    /// A route of several next hops, of which one leads out of another NIC: some connections go that way.
    WrongLeg(&'a Route, &'a str),
    /// A route by a nexthop object whose members the kernel does not tell (`net.ipv4.nexthop_compat_mode=0`).
    UnknownLegs(&'a Route, u32),
    /// The kernel did not answer.
    Failed(&'a Problem),
}

impl Analysis<'_> {
    /// The portals of the root: those that are known, each address once.
    pub fn root_portals(&self) -> Vec<Portal> {
        let mut portals: Vec<Portal> = Vec::new();
        for portal in self.portals() {
            let known = portals.iter().any(|other| other.ip == portal.ip);
            if !known && !portal.ip.is_unspecified() {
                portals.push(portal);
            }
        }
        if portals.is_empty() && self.scope.mode == Mode::Root {
            portals = self.requested_portals();
        }
        portals
    }

    /// The portals that the command line or the image of a mounted root asks for.
    fn requested_portals(&self) -> Vec<Portal> {
        let mut portals: Vec<Portal> = Vec::new();
        for request in self.requests() {
            let RequestKind::Target { portals: named, .. } = &request.kind else { continue };
            for ip in super::portal_addresses(named) {
                if !ip.is_unspecified() && !portals.iter().any(|other| other.ip == ip) {
                    portals.push(Portal { ip, port: ISCSI_PORT, source: request.evidence.source.clone() });
                }
            }
        }
        portals
    }

    /// The SAN NIC by `--san-nic` or by the firmware: never by the routes, so that routes can be held
    /// against it.
    pub(crate) fn firmware_nic(&self) -> Option<SanNic> {
        self.given_nic().or_else(|| self.nic_with_mac(self.san_mac()?))
    }

    /// The SAN NIC by every means, the routes too.
    pub(crate) fn any_nic(&self) -> Option<SanNic> {
        self.firmware_nic().or_else(|| self.san_nic().map(|(name, how)| SanNic { name, how }))
    }

    /// The NIC that the firmware names for a portal: where it names several, each target has its own.
    fn nic_for(&self, ip: IpAddr) -> Option<SanNic> {
        let of_target = || self.nic_with_mac(self.handoff()?.nic_to(ip)?.mac);
        self.given_nic().or_else(of_target).or_else(|| self.firmware_nic())
    }

    fn given_nic(&self) -> Option<SanNic> {
        if let Some(name) = self.scope.san_nic_name() {
            return Some(SanNic { name: name.to_owned(), how: "--san-nic names it".to_owned() });
        }
        let nic = self.nic_with_mac(&self.scope.san_nic_mac()?)?;
        Some(SanNic { how: "--san-nic names it".to_owned(), ..nic })
    }

    fn nic_with_mac(&self, mac: &str) -> Option<SanNic> {
        let hardware = || self.nics.known()?.iter().find(|nic| nic.physical && nic.mac == mac).map(|nic| &nic.name);
        let linked = || {
            let links = self.network.links.known()?;
            // A bond, bridge or VLAN carries the MAC address of the NIC below it.
            let bears = |link: &&NetLink| {
                (link.mac == mac || link.permanent_mac.as_deref() == Some(mac)) && !link.kind.lies_on_a_nic()
            };
            links.iter().find(bears).map(|link| &link.name)
        };
        let name = hardware().or_else(linked)?.clone();
        let by = self.handoff().map_or_else(|| "firmware".to_owned(), |handoff| handoff.protocol.to_string());
        Some(SanNic { name, how: format!("the {by} names its MAC address {mac}") })
    }

    /// The running kernel's interface with this name.
    pub(crate) fn link(&self, name: &str) -> Option<&NetLink> {
        self.network.links.known()?.iter().find(|link| link.name == name)
    }

    /// The SAN NIC when it is not up: then its routes are gone too, and only `san-nic-down` says so.
    pub(crate) fn nic_that_is_down(&self) -> Option<&NetLink> {
        let nic = self.firmware_nic()?;
        self.link(&nic.name).filter(|link| is_down(link))
    }
}

/// Whether an interface carries nothing: switched off, without carrier, or held down from below.
pub(crate) fn is_down(link: &NetLink) -> bool {
    !link.up
        || !link.carrier
        || matches!(
            link.oper_state,
            OperState::Down | OperState::LowerLayerDown | OperState::NotPresent | OperState::Dormant
        )
}

impl Analysis<'_> {
    /// The way to every portal of the root, or the outcome to return when that cannot be told.
    pub(crate) fn portal_routes(&self) -> Result<Vec<PortalRoute<'_>>, Outcome> {
        if let Some(link) = self.nic_that_is_down() {
            return Err(Outcome::not_applicable(format!(
                "not checked: {} is down and has lost its routes (see san-nic-down)",
                link.name
            )));
        }
        let portals = self.root_portals();
        if portals.is_empty() {
            return Err(Outcome::unknown("no portal is known; name one with --portal ADDRESS"));
        }
        let lookups = match &self.network.lookups {
            crate::facts::Fact::Known(lookups) => lookups,
            crate::facts::Fact::Unknown(problem) => return Err(Outcome::unread(problem)),
            crate::facts::Fact::NotApplicable(reason) => return Err(Outcome::not_applicable(reason.clone())),
        };
        let mut portal_routes = Vec::new();
        for portal in portals {
            let Some(lookup) = lookups.iter().find(|lookup| lookup.destination == portal.ip) else {
                return Err(Outcome::unknown(format!("the kernel was not asked for its route to {}", portal.ip)));
            };
            portal_routes.push(self.portal_route(portal, lookup));
        }
        Ok(portal_routes)
    }

    fn portal_route<'a>(&self, portal: Portal, lookup: &'a Lookup) -> PortalRoute<'a> {
        let nic = self.nic_for(portal.ip);
        let mut matched = None;
        let verdict = match &lookup.answer {
            LookupAnswer::Unreachable(words) => RouteVerdict::Unreachable(words),
            LookupAnswer::Failed(problem) => RouteVerdict::Failed(problem),
            LookupAnswer::Route(route) => {
                matched = lookup.matched.or_else(|| self.prefix_that_answered(portal.ip, route));
                let out = route.interface.as_deref();
                match &nic {
                    Some(nic) if !out.is_some_and(|out| self.leads_through(out, &nic.name)) => {
                        if matched.is_some_and(|prefix| prefix.prefix_len() == 0) {
                            RouteVerdict::OnlyDefault(route)
                        } else {
                            RouteVerdict::WrongNic(route)
                        }
                    }
                    Some(nic) => self.verdict_on_legs(route, &nic.name),
                    None => RouteVerdict::Sound(route),
                }
            }
        };
        let asked = lookup.flow.clone().unwrap_or_else(|| Flow::to(lookup.destination)).to_string();
        PortalRoute { portal, nic, matched, verdict, asked }
    }

    /// The next hop that is taken is the SAN NIC's: of several each must be, for the next connection may be given
    /// another one (`fib_select_multipath`).
    fn verdict_on_legs<'a>(&self, route: &'a Route, nic: &str) -> RouteVerdict<'a> {
        let wrong = |leg: &&'a Option<String>| !leg.as_deref().is_some_and(|out| self.leads_through(out, nic));
        if let Some(leg) = route.hop_interfaces.iter().find(wrong) {
            return RouteVerdict::WrongLeg(route, leg.as_deref().unwrap_or("an unnamed interface"));
        }
        match route.nexthop_id {
            Some(id) => RouteVerdict::UnknownLegs(route, id),
            None => RouteVerdict::Sound(route),
        }
    }

    /// Whether packets that leave by one interface leave by the NIC: it is the NIC, a VLAN on it, or the
    /// bond or bridge that the NIC is a port of.
    pub(crate) fn leads_through(&self, out: &str, nic: &str) -> bool {
        if out == nic {
            return true;
        }
        let (Some(mut upper), Some(nic)) = (self.link(out), self.link(nic)) else { return false };
        // A VLAN on a bond of NICs: two steps down. More is not built in practice, and a loop must end.
        for _ in 0..4 {
            if upper.index == nic.index || nic.master == Some(upper.index) {
                return true;
            }
            let below =
                upper.lower.and_then(|index| self.network.links.known()?.iter().find(|link| link.index == index));
            match below {
                Some(below) => upper = below,
                None => return false,
            }
        }
        false
    }

    /// The prefix of the route that gave an answer, found in the routing tables where the kernel does not
    /// say it.
    fn prefix_that_answered(&self, ip: IpAddr, answer: &Route) -> Option<IpNet> {
        let default = default_prefix(ip);
        self.network
            .routes
            .known()?
            .iter()
            .filter(|route| route.table != 255 && route.kind == "unicast" && route.ipv6 == ip.is_ipv6())
            .filter(|route| route.interface == answer.interface && route.gateway == answer.gateway)
            .map(|route| route.destination.unwrap_or(default))
            .filter(|prefix| prefix.contains(&ip))
            .max_by_key(IpNet::prefix_len)
    }
}

fn default_prefix(ip: IpAddr) -> IpNet {
    let unspecified = match ip {
        IpAddr::V4(_) => IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(std::net::Ipv6Addr::UNSPECIFIED),
    };
    IpNet::new_assert(unspecified, 0)
}

impl Analysis<'_> {
    /// Routes of the main table that forward packets of the family of an address.
    pub(crate) fn main_routes(&self, ipv6: bool) -> impl Iterator<Item = &Route> {
        self.network
            .routes
            .known()
            .into_iter()
            .flatten()
            .filter(move |route| route.table == MAIN_TABLE && route.kind == "unicast" && route.ipv6 == ipv6)
    }

    /// Default routes of the main table of IPv4 that forward packets.
    ///
    /// # Errors
    /// When they are not known.
    pub(crate) fn default_routes(&self) -> Result<impl Iterator<Item = &Route>, Outcome> {
        let routes = match &self.network.default_routes {
            Some(routes) => routes,
            None => self.network.routes.needed()?,
        };
        let forwards = |route: &&Route| route.table == MAIN_TABLE && route.kind == "unicast" && !route.ipv6;
        Ok(routes.iter().filter(forwards).filter(|route| route.destination.is_none_or(|to| to.prefix_len() == 0)))
    }

    /// Leases of an interface that are in force: not run out, and for an address that it has.
    pub(crate) fn leases_of(&self, interface: &str) -> impl Iterator<Item = &Lease> {
        let nic = self.nics.known().and_then(|nics| nics.iter().find(|nic| nic.name == interface));
        let index = self.link(interface).map(|link| link.index);
        self.dhcp.leases.iter().filter(move |lease| {
            let named = match (&lease.interface, &lease.mac, lease.index) {
                (Some(name), ..) => name == interface,
                (None, Some(mac), _) => nic.is_some_and(|nic| &nic.mac == mac),
                (None, None, lease_index) => lease_index.is_some() && lease_index == index,
            };
            let running = lease.expires.is_none_or(|end| end > self.scope.epoch_seconds);
            let held = self.scope.mode != Mode::Live
                || match (lease.address, self.network.addresses.known()) {
                    (Some(net), Some(addresses)) => addresses
                        .iter()
                        .any(|address| address.interface == interface && address.net.addr() == net.addr()),
                    _ => true,
                };
            named && running && held
        })
    }

    /// The route to an address that the SAN NIC's lease brings, or one by way of the firmware's gateway.
    pub(crate) fn route_wanted(&self, ip: IpAddr) -> Option<ClasslessRoute> {
        let leased = self.any_nic().and_then(|nic| {
            self.leases_of(&nic.name)
                .filter_map(|lease| lease.classless.as_deref())
                .flatten()
                .filter(|route| route.destination.contains(&ip))
                .max_by_key(|route| route.destination.prefix_len())
                .cloned()
        });
        leased.or_else(|| {
            let gateway = self.handoff()?.boot_nic()?.gateway?;
            let subnet = self.scope.san_subnets.iter().copied().find(|subnet| subnet.contains(&ip));
            Some(ClasslessRoute { destination: subnet.unwrap_or_else(|| IpNet::from(ip)), gateway })
        })
    }

    /// The command that puts a route to a portal in place, where its gateway and the NIC are known.
    pub(crate) fn route_command(&self, ip: IpAddr, nic: Option<&str>) -> Option<ShellCommand> {
        let route = self.route_wanted(ip)?;
        Some(replace_route(&route, nic?))
    }
}

/// The command that puts a route of a lease in place.
pub(crate) fn replace_route(route: &ClasslessRoute, nic: &str) -> ShellCommand {
    let command = ShellCommand::new(&["ip", "route", "replace"]).value(route.destination.to_string());
    // RFC 3442: a gateway of 0.0.0.0 stands for a network on the link.
    let via = Some(route.gateway).filter(|gateway| !gateway.is_unspecified());
    via_dev(command, via, Some(nic))
}

/// Adds the way of a route to a command of `ip route`.
pub(crate) fn via_dev(command: ShellCommand, gateway: Option<IpAddr>, dev: Option<&str>) -> ShellCommand {
    let command = match gateway {
        Some(gateway) => command.args(&["via"]).value(gateway.to_string()),
        None => command,
    };
    match dev {
        Some(dev) => command.args(&["dev"]).value(dev),
        None => command,
    }
}

/// A route as iproute2 writes it.
pub(crate) fn route_text(route: &Route) -> String {
    let mut text = route.destination.map_or_else(|| "default".to_owned(), |destination| destination.to_string());
    if let Some(gateway) = route.gateway {
        text.push_str(&format!(" via {gateway}"));
    }
    if let Some(interface) = &route.interface {
        text.push_str(&format!(" dev {interface}"));
    }
    if !route.protocol.is_empty() {
        text.push_str(&format!(" proto {}", route.protocol));
    }
    if route.metric != 0 {
        text.push_str(&format!(" metric {}", route.metric));
    }
    text
}

/// A route's destination and way, for the middle of a sentence.
pub(crate) fn route_short(route: &Route) -> String {
    let destination = route.destination.map_or_else(|| "default".to_owned(), |destination| destination.to_string());
    format!("{destination} {}", hop_text(route))
}

/// The way a route leads, for the middle of a sentence: `via 100.64.16.49 dev enp0s3`.
pub(crate) fn hop_text(route: &Route) -> String {
    let dev = route.interface.as_deref().unwrap_or("an unnamed interface");
    route.gateway.map_or_else(|| format!("on the link of {dev}"), |gateway| format!("via {gateway} dev {dev}"))
}

impl Analysis<'_> {
    /// The sessions that carry the root: those that are known to, else those to a target that the firmware booted from.
    pub(crate) fn root_sessions(&self) -> Vec<&Session> {
        let sessions = || self.iscsi.sessions.known().into_iter().flatten();
        let holding: Vec<_> = sessions().filter(|session| session.holds_root == Some(true)).collect();
        if !holding.is_empty() {
            return holding;
        }
        let targets = self.handoff().map(BootHandoff::boot_targets).unwrap_or_default();
        sessions()
            .filter(|session| session.holds_root.is_none())
            .filter(|session| targets.iter().any(|target| target.name == Some(session.target.as_str())))
            .collect()
    }
}
