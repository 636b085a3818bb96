//! `san-route-host-override`

use crate::analysis::policy;
use crate::analysis::san::{self, PortalRoute, RouteVerdict};
use crate::facts::{Fact, Route};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity};
use std::cmp::Reverse;

pub(crate) static CHECK: Check = Check {
    id: "san-route-host-override",
    link: Link::Uptime,
    severity: Severity::Warning,
    scope: Scope::Live,
    decided_by: &[],
    title: "a host route overrides the route to the target's subnet",
    doc: Doc {
        finds: "A route to one portal alone (/32 or /128) that overrides a wider route to the target's subnet and uses \
                another gateway of the SAN NIC. A host route through the same gateway and NIC, which `iscsistart -N` \
                leaves behind, passes, and so does one without which another NIC would be taken. For a host route \
                through another NIC, see san-route-wrong-nic.",
        breaks: "`iscsistart -N` makes its host route from the gateway in the iBFT. That is the gateway of the boot \
                 firmware (option 3), which may not be the one that leads to the target (option 121). The kernel uses \
                 the longest match, so the correct route is in the table but is never used.",
        fix: "Delete the host route; the wider route takes over at once. If it comes back at each boot, correct the \
              gateway that DHCP gives the boot firmware.",
        references: &[
            "open-iscsi usr/iscsi_net_util.c, net_setup_netdev_ipv4",
            "iPXE src/drivers/block/ibft.c (the iBFT gateway is option 3)",
            "RFC 3442",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let portal_routes = facts.portal_routes()?;
    let mut findings = Vec::new();
    let mut agreeing = Vec::new();
    for path in &portal_routes {
        let RouteVerdict::Sound(route) = path.verdict else { continue };
        let ip = path.portal.ip;
        if path.matched.is_some_and(|prefix| prefix.prefix_len() != prefix.max_prefix_len()) {
            continue;
        }
        // A kernel that tells no prefix leaves that to these, too.
        if let Fact::Unknown(problem) = &facts.network.routes {
            return Err(Outcome::unread(problem));
        }
        if path.matched.is_none() {
            continue;
        }
        match hidden(facts, path) {
            // Several next hops, or one without a name.
            Some(wider) if wider.interface.is_none() => {
                return Err(Outcome::unknown(format!(
                    "whether {}, which the host route to {ip} overrides, leads out of the SAN NIC is not known",
                    san::route_short(wider)
                )));
            }
            Some(wider) if wider.interface != route.interface => {
                agreeing.push(format!(
                    "the host route to {ip} keeps it on the SAN NIC, which {} leaves",
                    san::route_short(wider)
                ));
            }
            Some(wider) if wider.gateway == route.gateway => {
                agreeing.push(format!(
                    "the host route to {ip} uses the same gateway and NIC as {}",
                    san::route_short(wider)
                ));
            }
            Some(wider) => findings.push(finding(path, route, wider)),
            None => {}
        }
    }
    Ok(Outcome::from_findings(findings, || {
        if agreeing.is_empty() {
            "no host route overrides the route to a portal".to_owned()
        } else {
            agreeing.join("; ")
        }
    }))
}

/// The route that would answer if the host route were not there: of equal ones the kernel takes the first.
fn hidden<'a>(facts: &'a Analysis<'_>, path: &PortalRoute<'_>) -> Option<&'a Route> {
    facts
        .main_routes(path.portal.ip.is_ipv6())
        .filter_map(|route| Some((route.destination?, route)))
        .filter(|(prefix, _)| {
            prefix.contains(&path.portal.ip) && prefix.prefix_len() > 0 && prefix.prefix_len() < prefix.max_prefix_len()
        })
        .min_by_key(|(prefix, route)| (Reverse(prefix.prefix_len()), route.metric))
        .map(|(_, route)| route)
}

fn finding(path: &PortalRoute<'_>, route: &Route, wider: &Route) -> Finding {
    let ip = path.portal.ip;
    Finding::warning(format!(
        "a host route sends {ip} {} and overrides {}",
        san::hop_text(route),
        san::route_short(wider)
    ))
    .evidence(Evidence::new(format!("ip route get {ip}"), san::route_text(route)))
    .evidence(Evidence::new("ip route show table main", san::route_text(wider)))
    .remedy(
        Remedy::new("Delete the host route; the route to the subnet takes over at once")
            .command(policy::delete_route(path.matched.unwrap_or_else(|| ip.into()), route)),
    )
}
