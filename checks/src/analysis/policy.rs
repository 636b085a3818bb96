//! Policy rules, and the commands that take a route out of the way of a portal.

use super::san::{MAIN_TABLE, leads_through, main_routes, route_command, route_wanted, via_dev};
use crate::ShellCommand;
use crate::facts::{Facts, Route, Rule};
use ipnet::IpNet;
use std::net::IpAddr;

/// Actions of a rule, and kinds of a route, by which the kernel refuses to send.
const REFUSING: [&str; 3] = ["blackhole", "unreachable", "prohibit"];

fn rules_for(facts: &Facts, ip: IpAddr) -> impl Iterator<Item = &Rule> {
    let fits = move |rule: &&Rule| {
        // A rule for a source does not count: the portal was asked for without one.
        rule.ipv6 == ip.is_ipv6() && rule.from.is_none() && rule.to.is_none_or(|to| to.contains(&ip))
    };
    facts.network.rules.known().into_iter().flatten().filter(fits)
}

/// The rule that sends packets to an address to the table of a route; `None` where that is the main table.
pub fn rule_of<'a>(facts: &'a Facts, ip: IpAddr, route: &Route) -> Option<&'a Rule> {
    let other = route.table != MAIN_TABLE;
    rules_for(facts, ip)
        .filter(|rule| other && rule.action == "lookup" && rule.table == route.table)
        .min_by_key(|rule| rule.priority)
}

/// The rule that refuses packets to an address.
pub fn refusing_rule(facts: &Facts, ip: IpAddr) -> Option<&Rule> {
    rules_for(facts, ip).filter(|rule| REFUSING.contains(&rule.action.as_str())).min_by_key(|rule| rule.priority)
}

/// The route of the main table that refuses packets to an address: the most particular one.
pub fn refusing_route(facts: &Facts, ip: IpAddr) -> Option<&Route> {
    let routes = facts.network.routes.known().into_iter().flatten();
    routes
        .filter(|route| route.table == MAIN_TABLE && REFUSING.contains(&route.kind.as_str()))
        .filter(|route| route.destination.is_some_and(|destination| destination.contains(&ip)))
        .max_by_key(|route| route.destination.map(|destination| destination.prefix_len()))
}

/// A rule as `ip rule` writes it.
pub fn rule_text(rule: &Rule) -> String {
    let from = rule.from.map_or_else(|| "all".to_owned(), |from| from.to_string());
    let to = rule.to.map(|to| format!(" to {to}")).unwrap_or_default();
    let action = match rule.action.as_str() {
        "lookup" => format!("lookup {}", rule.table),
        other => other.to_owned(),
    };
    format!("{}: from {from}{to} {action}", rule.priority)
}

/// The command that has a network looked up in the main table before a rule is asked; `None` where nothing can
/// come before the rule.
pub fn before_rule(rule: &Rule, network: IpNet) -> Option<ShellCommand> {
    let priority = rule.priority.checked_sub(1).filter(|priority| *priority > 0)?;
    let command = ShellCommand::new(&["ip", "rule", "add", "to"]).value(network.to_string());
    Some(command.args(&["lookup", "main", "priority"]).value(priority.to_string()))
}

/// The destination of the route to a portal that stands in the main table and leads out of the SAN NIC.
pub fn prefix_that_stands(facts: &Facts, ip: IpAddr, nic: &str) -> Option<IpNet> {
    let fits = |route: &&Route| {
        route.destination.is_some_and(|to| to.prefix_len() > 0 && to.contains(&ip))
            && route.interface.as_deref().is_some_and(|out| leads_through(facts, out, nic))
    };
    main_routes(facts, ip.is_ipv6()).find(fits)?.destination
}

/// The commands after which a portal is looked up in the main table, and found there by the SAN NIC; none where
/// no route of the SAN NIC to it is known.
pub fn pass_rule(facts: &Facts, rule: &Rule, ip: IpAddr, nic: Option<&str>) -> Vec<ShellCommand> {
    let stands = nic.and_then(|nic| prefix_that_stands(facts, ip, nic));
    let (network, route) = match (stands, route_wanted(facts, ip)) {
        (Some(network), _) => (network, None),
        (None, Some(wanted)) => (wanted.destination, route_command(facts, ip, nic)),
        (None, None) => return Vec::new(),
    };
    let before = before_rule(rule, network);
    // One without the other would send the packets nowhere new.
    if before.is_none() || (stands.is_none() && route.is_none()) {
        return Vec::new();
    }
    route.into_iter().chain(before).collect()
}

/// The command that deletes a route; `prefix` is the destination that it stands in its table with. Of a route
/// with several next hops it takes them all.
pub fn delete_route(prefix: IpNet, route: &Route) -> ShellCommand {
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
