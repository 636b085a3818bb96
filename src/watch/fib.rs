//! The kernel's choice of a route for a few destinations, followed change by change: between two looks at the kernel a
//! route may go and come back.
//!
//! It holds the routes that lead to the portals, every rule, the interfaces and the addresses. What it cannot follow,
//! such as a nexthop object or several next hops, it says, and the kernel is asked.

use super::ledger::same_way;
use crate::system::netlink::{Change, Fate, Installed, Names};
use ipnet::IpNet;
use isctpl_checks::facts::{Address, Flow, NetLink, Route, Rule};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Which way the packets of a flow go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    /// By this route.
    By(Box<Route>),
    /// By none, for this reason.
    None(String),
    /// The kernel has to be asked.
    Unsure,
}

/// What a change does to the choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing.
    None,
    /// It may have changed as followed here.
    Followed,
    /// The kernel may have removed routes without a word, as it does when an interface or address goes.
    Silent,
}

/// The part of the kernel's tables that decides.
#[derive(Debug, Default)]
pub(super) struct Fib {
    routes: Vec<Installed>,
    rules: Vec<Rule>,
    links: BTreeMap<u32, NetLink>,
    addresses: Vec<Address>,
    names: Names,
}

impl Fib {
    /// As the kernel told it just now. The routes stand in the order of their dump.
    pub(super) fn new(
        links: Vec<NetLink>,
        names: Names,
        addresses: Vec<Address>,
        rules: Vec<Rule>,
        routes: Vec<Installed>,
    ) -> Self {
        let links = links.into_iter().map(|link| (link.index, link)).collect();
        Self { routes, rules, links, addresses, names }
    }

    /// The interfaces' names.
    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    /// The whole entry behind a route that was chosen.
    pub(super) fn entry(&self, chosen: &Route) -> Option<&Installed> {
        self.routes.iter().find(|installed| same_way(&installed.route, chosen))
    }

    /// Whether an interface can take packets.
    pub(super) fn is_up(&self, index: Option<u32>) -> bool {
        index.and_then(|index| self.links.get(&index)).is_some_and(|link| link.up)
    }

    /// The interface that has taken the place of the one that a route led through, which is gone: it has its name, is up,
    /// and its network has the route's gateway.
    pub(super) fn successor(&self, route: &Route) -> Option<u32> {
        if route.index.is_some_and(|index| self.links.contains_key(&index)) {
            return None;
        }
        let link = self.links.values().find(|link| route.interface.as_ref() == Some(&link.name) && link.up)?;
        let mut own = self.addresses.iter().filter(|address| address.index == link.index);
        let leads = route.gateway.is_none_or(|gateway| own.any(|address| address.net.contains(&gateway)));
        leads.then_some(link.index)
    }

    /// Takes a change in.
    pub(super) fn apply(&mut self, change: &Change) -> Effect {
        match change {
            Change::OtherRoute => Effect::None,
            Change::Nexthop | Change::Unreadable => Effect::Silent,
            Change::Route { fate, route } => {
                self.take_route(*fate, route);
                Effect::Followed
            }
            Change::Rule { gone, rule } => {
                self.take_rule(*gone, rule);
                Effect::Followed
            }
            Change::Link { gone, link } => self.take_link(*gone, link),
            Change::Address { gone, address } => self.take_address(*gone, address),
        }
    }

    fn take_route(&mut self, fate: Fate, route: &Installed) {
        let same_key = |other: &Installed| other.is_replaced_by(route);
        // A message from before the look at the tables tells of a route that is there already.
        if matches!(fate, Fate::Added | Fate::Appended) {
            self.routes.retain(|other| !other.is_same(route));
        }
        match fate {
            Fate::Removed => {
                if let Some(at) = self.routes.iter().position(|other| other.is_same(route)) {
                    self.routes.remove(at);
                }
            }
            Fate::Replaced => match self.routes.iter_mut().find(|other| same_key(other)) {
                Some(other) => *other = route.clone(),
                None => self.routes.push(route.clone()),
            },
            Fate::Added => {
                let at = self.routes.iter().position(same_key).unwrap_or(self.routes.len());
                self.routes.insert(at, route.clone());
            }
            Fate::Appended => {
                let at = self.routes.iter().rposition(same_key).map_or(self.routes.len(), |last| last + 1);
                self.routes.insert(at, route.clone());
            }
        }
    }

    fn take_rule(&mut self, gone: bool, rule: &Rule) {
        if gone {
            if let Some(at) = self.rules.iter().position(|other| other == rule) {
                self.rules.remove(at);
            }
            return;
        }
        self.rules.retain(|other| other != rule);
        // The kernel puts it behind those with its priority (`fib_nl_newrule`).
        let at = self.rules.iter().position(|other| other.priority > rule.priority).unwrap_or(self.rules.len());
        self.rules.insert(at, rule.clone());
    }

    fn take_link(&mut self, gone: bool, link: &NetLink) -> Effect {
        let (was_up, is_up) = (self.is_up(Some(link.index)), !gone && link.up);
        let is_used = self.routes.iter().any(|installed| installed.route.index.is_none_or(|index| index == link.index));
        let mut is_renamed = false;
        if gone {
            self.links.remove(&link.index);
            self.names.remove(&link.index);
        } else {
            self.links.insert(link.index, link.clone());
            is_renamed = self.names.insert(link.index, link.name.clone()).is_some_and(|old| old != link.name);
        }
        if !is_up {
            // They go with it, those of IPv4 without a word (`fib_disable_ip` of net/ipv4/fib_frontend.c).
            self.routes.retain(|installed| installed.route.index != Some(link.index));
        }
        match is_used || is_renamed {
            true => Effect::Silent,
            false if was_up != is_up => Effect::Followed,
            false => Effect::None,
        }
    }

    fn take_address(&mut self, gone: bool, address: &Address) -> Effect {
        let same = |other: &Address| other.index == address.index && other.net == address.net;
        match (gone, self.addresses.iter().position(same)) {
            (true, Some(at)) => {
                self.addresses.remove(at);
                Effect::Silent
            }
            (true, None) => Effect::Silent,
            // A lifetime that begins anew.
            (false, Some(_)) => Effect::None,
            (false, None) => {
                self.addresses.push(address.clone());
                Effect::Followed
            }
        }
    }

    /// Whether an address is this machine's.
    pub(super) fn has_address(&self, ip: IpAddr) -> bool {
        self.addresses.iter().any(|address| address.net.addr() == ip)
    }

    /// The way of a flow: the first rule that takes its packets and whose table has a route decides
    /// (`fib_rules_lookup` of `net/core/fib_rules.c`).
    pub(super) fn way(&self, flow: &Flow) -> Way {
        if let Some(source) = flow.source
            && !self.has_address(source)
        {
            return Way::None(format!("the session's address {source} is gone"));
        }
        for rule in self.rules.iter().filter(|rule| rule.takes(flow)) {
            match rule.action.as_str() {
                "lookup" => {}
                "nop" => continue,
                "blackhole" | "unreachable" | "prohibit" => {
                    return Way::None(format!("the rule {} of type {} refuses it", rule.priority, rule.action));
                }
                _ => return Way::Unsure,
            }
            if rule.selectors.iter().any(|selector| selector == "l3mdev") {
                return Way::Unsure;
            }
            match self.in_table(rule, flow) {
                Found::Nothing => {}
                Found::Way(way) => return way,
            }
        }
        Way::None("the kernel has no route to it".to_owned())
    }

    /// What a rule's table has for a flow.
    fn in_table(&self, rule: &Rule, flow: &Flow) -> Found {
        let usable = |installed: &&Installed| {
            let route = &installed.route;
            route.table == rule.table
                && route.ipv6 == flow.destination.is_ipv6()
                && installed.tos() == 0
                && holds(route, flow.destination)
                && self.is_alive(route)
                && flow
                    .bound_to
                    .as_ref()
                    .is_none_or(|name| route.index.is_none() || route.interface.as_ref() == Some(name))
        };
        // The longest prefix, then the lowest metric, then the first in the table.
        let best = self
            .routes
            .iter()
            .filter(usable)
            .min_by_key(|installed| (std::cmp::Reverse(length(&installed.route)), installed.route.metric));
        let Some(Installed { route, .. }) = best else { return Found::Nothing };
        let suppressed = rule.selectors.iter().filter_map(|selector| selector.strip_prefix("suppress_prefixlength "));
        if suppressed.filter_map(|longest| longest.parse().ok()).any(|longest: u8| length(route) <= longest) {
            return Found::Nothing;
        }
        Found::Way(match route.kind.as_str() {
            "throw" => return Found::Nothing,
            kind @ ("blackhole" | "unreachable" | "prohibit") => {
                Way::None(format!("a route of type {kind} refuses it"))
            }
            _ if route.index.is_none() || self.has_siblings(route, flow) => Way::Unsure,
            _ => Way::By(Box::new(route.clone())),
        })
    }

    /// IPv6 spreads over routes that differ in their next hop alone.
    fn has_siblings(&self, route: &Route, flow: &Flow) -> bool {
        let is_sibling = |other: &&Installed| {
            let other = &other.route;
            (other.table, other.metric, other.destination) == (route.table, route.metric, route.destination)
                && other.ipv6
        };
        flow.destination.is_ipv6() && self.routes.iter().filter(is_sibling).count() > 1
    }

    /// Whether the kernel uses a route: not one of an interface that is down.
    fn is_alive(&self, route: &Route) -> bool {
        route.index.is_none_or(|index| self.links.get(&index).is_some_and(|link| link.up))
    }
}

enum Found {
    Nothing,
    Way(Way),
}

fn length(route: &Route) -> u8 {
    route.destination.map_or(0, |destination| destination.prefix_len())
}

fn holds(route: &Route, ip: IpAddr) -> bool {
    route.destination.is_none_or(|destination: IpNet| destination.contains(&ip))
}
