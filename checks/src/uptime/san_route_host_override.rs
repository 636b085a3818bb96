//! `san-route-host-override`

use crate::facts::{Facts, Route};
use crate::view::policy;
use crate::view::san::{self, Stand, Way};
use crate::{Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "san-route-host-override",
    link: Link::Uptime,
    severity: Severity::Warning,
    scope: Scope::Live,
    decided_by: &[],
    title: "a host route hides the route to the target's subnet and differs from it",
    doc: Doc {
        finds: "A route to one portal alone (/32, or /128) that hides a wider route to the target's subnet and leads \
                another way: by another gateway of the SAN NIC. A host route through the same gateway and NIC is what \
                `iscsistart -N` leaves behind, and is sound. One that leads out of another NIC is \
                san-route-wrong-nic.",
        breaks: "`iscsistart -N` makes its host route from the gateway in the iBFT, and that gateway is the one the \
                 boot firmware knew (option 3), which need not be the one that leads to the target (option 121). By \
                 longest match the host route wins, so the right route stands in the table and is never used.",
        fix: "Delete the host route: the wider one takes over at once. If it comes back at each boot, correct the \
               gateway that the boot firmware is given.",
        references: &[
            "open-iscsi usr/iscsi_net_util.c, net_setup_netdev_ipv4",
            "iPXE src/drivers/block/ibft.c (the iBFT gateway is option 3)",
            "RFC 3442",
        ],
    },
    judge,
};

fn judge(facts: &Facts) -> Outcome {
    let ways = match san::ways(facts) {
        Ok(ways) => ways,
        Err(outcome) => return outcome,
    };
    if let crate::facts::Read::Unknown(problem) = &facts.network.routes {
        return Outcome::unread(problem);
    }
    let mut findings = Vec::new();
    let mut agreeing = Vec::new();
    for way in &ways {
        let Stand::Sound(route) = way.stand else { continue };
        let ip = way.portal.ip;
        if way.matched.is_none_or(|prefix| prefix.prefix_len() != prefix.max_prefix_len()) {
            continue;
        }
        match hidden(facts, way) {
            Some(wider) if wider.gateway == route.gateway && wider.interface == route.interface => {
                agreeing.push(format!("the host route to {ip} leads the same way as {}", san::route_short(wider)));
            }
            Some(wider) => findings.push(finding(way, route, wider)),
            None => {}
        }
    }
    Outcome::from_findings(findings, || {
        if agreeing.is_empty() { "no host route hides the way to a portal".to_owned() } else { agreeing.join("; ") }
    })
}

/// The widest-but-specific route that would answer if the host route were not there.
fn hidden<'a>(facts: &'a Facts, way: &Way<'_>) -> Option<&'a Route> {
    san::main_routes(facts, way.portal.ip.is_ipv6())
        .filter_map(|route| Some((route.destination?, route)))
        .filter(|(prefix, _)| {
            prefix.contains(&way.portal.ip) && prefix.prefix_len() > 0 && prefix.prefix_len() < prefix.max_prefix_len()
        })
        .max_by_key(|(prefix, route)| (prefix.prefix_len(), std::cmp::Reverse(route.metric)))
        .map(|(_, route)| route)
}

fn finding(way: &Way<'_>, route: &Route, wider: &Route) -> Finding {
    let ip = way.portal.ip;
    Finding::warning(format!("a host route sends {ip} {} and hides {}", san::hop_text(route), san::route_short(wider)))
        .evidence(Evidence::new(format!("ip route get {ip}"), san::route_text(route)))
        .evidence(Evidence::new("ip route show table main", san::route_text(wider)))
        .remedy(
            Remedy::new("Delete the host route; the route to the subnet answers from then on")
                .command(policy::delete_route(way.matched.unwrap_or_else(|| ip.into()), route)),
        )
}
