//! Policy rules, and the commands that take a route out of the way of a portal.

use super::Analysis;
use super::san::{MAIN_TABLE, via_dev};
use crate::ShellCommand;
use crate::facts::{Flow, Route, Rule};
use ipnet::IpNet;
use std::net::IpAddr;

/// Actions of a rule, and kinds of a route, by which the kernel refuses to send.
const REFUSING: [&str; 3] = ["blackhole", "unreachable", "prohibit"];

impl Analysis<'_> {
    /// The rules that the packets for which the kernel was asked fall under.
    fn rules_for(&self, ip: IpAddr) -> impl Iterator<Item = &Rule> {
        let lookups = self.network.lookups.known().into_iter().flatten();
        let flow = lookups.filter(|lookup| lookup.destination == ip).find_map(|lookup| lookup.flow.clone());
        let flow = flow.unwrap_or_else(|| Flow::to(ip));
        self.network.rules.known().into_iter().flatten().filter(move |rule| rule.takes(&flow))
    }

    /// The rule that sends packets to an address to the table of a route; `None` where that is the main table.
    pub(crate) fn rule_of(&self, ip: IpAddr, route: &Route) -> Option<&Rule> {
        let other = route.table != MAIN_TABLE;
        self.rules_for(ip)
            .filter(|rule| other && rule.action == "lookup" && rule.table == route.table)
            .min_by_key(|rule| rule.priority)
    }

    /// The rule that refuses packets to an address.
    pub(crate) fn refusing_rule(&self, ip: IpAddr) -> Option<&Rule> {
        self.rules_for(ip).filter(|rule| REFUSING.contains(&rule.action.as_str())).min_by_key(|rule| rule.priority)
    }

    /// The route of the main table that refuses packets to an address: the most particular one.
    pub(crate) fn refusing_route(&self, ip: IpAddr) -> Option<&Route> {
        let routes = self.network.routes.known().into_iter().flatten();
        routes
            .filter(|route| route.table == MAIN_TABLE && REFUSING.contains(&route.kind.as_str()))
            .filter(|route| route.destination.is_some_and(|destination| destination.contains(&ip)))
            .max_by_key(|route| route.destination.map(|destination| destination.prefix_len()))
    }
}

/// The command that has a network looked up in the main table before a rule is asked; `None` where nothing can
/// come before the rule.
pub(crate) fn before_rule(rule: &Rule, network: IpNet) -> Option<ShellCommand> {
    let priority = rule.priority.checked_sub(1).filter(|priority| *priority > 0)?;
    let command = ShellCommand::new(&["ip", "rule", "add", "to"]).value(network.to_string());
    Some(command.args(&["lookup", "main", "priority"]).value(priority.to_string()))
}

impl Analysis<'_> {
    /// The destination of the route to a portal that stands in the main table and leads out of the SAN NIC.
    pub(crate) fn prefix_that_stands(&self, ip: IpAddr, nic: &str) -> Option<IpNet> {
        let fits = |route: &&Route| {
            route.destination.is_some_and(|to| to.prefix_len() > 0 && to.contains(&ip))
                && route.interface.as_deref().is_some_and(|out| self.leads_through(out, nic))
        };
        self.main_routes(ip.is_ipv6()).find(fits)?.destination
    }

    /// The commands after which a portal is looked up in the main table, and found there by the SAN NIC; none where
    /// no route of the SAN NIC to it is known.
    pub(crate) fn pass_rule(&self, rule: &Rule, ip: IpAddr, nic: Option<&str>) -> Vec<ShellCommand> {
        let stands = nic.and_then(|nic| self.prefix_that_stands(ip, nic));
        let (network, route) = match (stands, self.route_wanted(ip)) {
            (Some(network), _) => (network, None),
            (None, Some(wanted)) => (wanted.destination, self.route_command(ip, nic)),
            (None, None) => return Vec::new(),
        };
        let before = before_rule(rule, network);
        // One without the other would send the packets nowhere new.
        if before.is_none() || (stands.is_none() && route.is_none()) {
            return Vec::new();
        }
        route.into_iter().chain(before).collect()
    }
}
/// The command that deletes a route; `prefix` is the destination that it stands in its table with. Of a route
/// with several next hops it takes them all.
pub(crate) fn delete_route(prefix: IpNet, route: &Route) -> ShellCommand {
    let mut command = ShellCommand::new(&["ip", "route", "del"]);
    if REFUSING.contains(&route.kind.as_str()) {
        command = command.value(route.kind.clone());
    }
    command = match (prefix.prefix_len(), prefix.addr().is_ipv6()) {
        (0, false) => command.args(&["default"]),
        _ => command.value(prefix.to_string()),
    };
    if route.next_hops.is_empty() {
        command = via_dev(command, route.gateway, route.interface.as_deref());
    }
    if route.metric != 0 {
        command = command.args(&["metric"]).value(route.metric.to_string());
    }
    if route.table == MAIN_TABLE { command } else { command.args(&["table"]).value(route.table.to_string()) }
}
