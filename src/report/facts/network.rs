//! Routes as `ip route` prints them, and network interfaces.

use super::page::Page;
use isctpl_checks::Analysis;
use isctpl_checks::facts::{Fact, Facts, LinkKind, Lookup, LookupAnswer, NetLink, Network, Nic, Route, Rule};
use std::collections::BTreeSet;

/// The kernel's table of its own addresses, which says nothing of the way to a target.
const LOCAL: u32 = 255;

/// Routes, rules and the answer for each portal.
pub(super) fn routes(network: &Network, page: &mut Page<'_>) {
    page.heading("Route to each portal (ip route get)");
    match &network.lookups {
        Fact::Known(lookups) if lookups.is_empty() => page.line("no portal is known; name one with --portal ADDR"),
        Fact::Known(lookups) => lookups.iter().for_each(|lookup| page.line(&answer(lookup))),
        unread => page.unread(unread),
    }
    match &network.routes {
        Fact::Known(routes) => {
            let tables: BTreeSet<u32> =
                routes.iter().map(|route| route.table).filter(|table| *table != LOCAL).collect();
            for table in tables.iter().rev() {
                page.heading(&format!("Routes of table {} (ip route)", table_name(*table)));
                let of_table = routes.iter().filter(|route| route.table == *table);
                of_table.for_each(|route| page.line(&route_text(route)));
            }
            if tables.is_empty() {
                page.heading("Routes (ip route)");
                page.line("none");
            }
        }
        // The portals' routes are not read for the same reason.
        Fact::NotApplicable(_) => {}
        unread => {
            page.heading("Routes (ip route)");
            page.unread(unread);
            for route in network.default_routes.iter().flatten() {
                page.line(&route_text(route));
            }
        }
    }
    match &network.rules {
        Fact::Known(rules) => {
            page.heading("Policy rules (ip rule)");
            rules.iter().for_each(|rule| page.line(&rule_text(rule)));
        }
        Fact::NotApplicable(_) => {}
        unread => {
            page.heading("Policy rules (ip rule)");
            page.unread(unread);
        }
    }
    if !network.rp_filter.is_empty() {
        page.heading("Reverse-path filter (the larger of all and the NIC's own holds)");
        let rows = network.rp_filter.iter().map(|filter| {
            let word = match filter.effective() {
                0 => "off",
                1 => "strict",
                _ => "loose",
            };
            vec![filter.interface.clone(), format!("{word} (all {}, own {})", filter.all, filter.own)]
        });
        page.rows(rows.collect());
    }
    page.problems(&network.problems);
}

fn answer(lookup: &Lookup) -> String {
    match &lookup.answer {
        LookupAnswer::Route(route) => {
            let matched = lookup.matched.map(|net| format!(" (by the route {net})")).unwrap_or_default();
            format!("{} {}{matched}", lookup.destination, way(route))
        }
        LookupAnswer::Unreachable(why) => format!("{} has no route: {why}", lookup.destination),
        LookupAnswer::Failed(problem) => format!("{}: {problem}", lookup.destination),
    }
}

fn route_text(route: &Route) -> String {
    let to = route.destination.map_or_else(|| "default".to_owned(), |net| net.to_string());
    let kind = if matches!(route.kind.as_str(), "" | "unicast") { String::new() } else { format!("{} ", route.kind) };
    format!("{kind}{to} {}", way(route)).trim_end().to_owned()
}

/// In the order of `ip route`.
fn way(route: &Route) -> String {
    let mut words = Vec::new();
    words.extend(route.gateway.map(|gateway| format!("via {gateway}")));
    words.extend(route.interface.as_ref().map(|name| format!("dev {name}")));
    words.extend((!route.protocol.is_empty()).then(|| format!("proto {}", route.protocol)));
    let scoped = !route.ipv6 && !matches!(route.scope.as_str(), "" | "global");
    words.extend(scoped.then(|| format!("scope {}", route.scope)));
    words.extend(route.source.map(|source| format!("src {source}")));
    words.extend((route.metric > 0).then(|| format!("metric {}", route.metric)));
    words.extend(route.mtu.map(|mtu| format!("mtu {mtu}")));
    words.extend(route.next_hops.iter().map(|hop| format!("nexthop via {hop}")));
    words.join(" ")
}

fn rule_text(rule: &Rule) -> String {
    let action =
        if rule.action == "lookup" { format!("lookup {}", table_name(rule.table)) } else { rule.action.clone() };
    let family = if rule.ipv6 { " (IPv6)" } else { "" };
    format!("{}: {} {action}{family}", rule.priority, rule.selection())
}

fn table_name(table: u32) -> String {
    match table {
        253 => "default".to_owned(),
        254 => "main".to_owned(),
        LOCAL => "local".to_owned(),
        other => other.to_string(),
    }
}

/// Interfaces, a row each.
pub(super) fn nics(facts: &Facts, page: &mut Page<'_>) {
    let nics = match &facts.nics {
        Fact::Known(nics) => nics,
        unread => {
            page.heading("Network interfaces");
            return page.unread(unread);
        }
    };
    page.heading("Network interfaces");
    page.rows(nics.iter().map(|nic| row(nic, facts)).collect());
    page.unread(&facts.network.links);
    if let Some((name, why)) = Analysis::of(facts).san_nic() {
        page.heading("SAN NIC");
        page.line(&format!("{name}: {why}"));
    }
}

fn row(nic: &Nic, facts: &Facts) -> Vec<String> {
    let links = facts.network.links.known();
    let link = links.and_then(|links| links.iter().find(|link| link.name == nic.name));
    let addresses = facts.network.addresses.known().into_iter().flatten();
    let addresses = addresses.filter(|address| address.interface == nic.name).map(|address| address.net.to_string());
    let mut rest: Vec<String> = link.map(|link| format!("mtu {}", link.mtu)).into_iter().collect();
    rest.extend(link.and_then(|link| upper(link, links.map_or(&[], Vec::as_slice))));
    rest.extend(addresses);
    let driver = nic.driver.clone().or_else(|| link.and_then(kind));
    let none = if nic.physical { "no driver" } else { "-" };
    vec![
        nic.name.clone(),
        link.map(|link| link.oper_state.as_str().to_uppercase()).unwrap_or_default(),
        nic.mac.clone(),
        driver.unwrap_or_else(|| none.to_owned()),
        rest.join(" "),
    ]
}

fn kind(link: &NetLink) -> Option<String> {
    let vlan = link.vlan.map(|id| format!(" {id}")).unwrap_or_default();
    (link.kind != LinkKind::Hardware).then(|| format!("{}{vlan}", link.kind))
}

fn upper(link: &NetLink, links: &[NetLink]) -> Option<String> {
    let upper = links.iter().find(|other| Some(other.index) == link.master)?;
    Some(format!("master {}", upper.name))
}
