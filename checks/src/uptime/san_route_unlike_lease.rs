//! `san-route-unlike-lease`

use crate::analysis::san::{self, PortalRoute, RouteVerdict};
use crate::facts::{ClasslessRoute, Lease, Route, Source};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity};
use std::net::IpAddr;

pub(crate) static CHECK: Check = Check {
    id: "san-route-unlike-lease",
    link: Link::Uptime,
    severity: Severity::Warning,
    scope: Scope::Live,
    decided_by: &[Source::Leases],
    title: "a route of the SAN NIC's lease is not in the kernel",
    doc: Doc {
        finds: "A route that the current lease of the SAN NIC brings by DHCP option 121 and that is not in the \
                kernel's tables with that destination and gateway. The default route is left out (see \
                default-route-via-san), and so is a route to a portal that cannot be reached at all (see \
                san-route-missing).",
        breaks: "The kernel does not use the route that the network announces. Debian's exit hook of dhclient adds \
                 these routes only on BOUND and REBOOT and suppresses its errors, so a lease that was renewed with \
                 another gateway leaves the old route in place until that gateway is switched off.",
        fix: "Add the route of the lease, and use a DHCP client that updates routes at renewals.",
        references: &[
            "RFC 3442",
            "Debian /etc/dhcp/dhclient-exit-hooks.d/rfc3442-classless-routes",
            "dracut modules.d/35network-legacy/dhclient-script.sh (RENEW)",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    if let Some(link) = facts.nic_that_is_down() {
        return Err(Outcome::not_applicable(format!(
            "not checked: {} is down and has lost its routes (see san-nic-down)",
            link.name
        )));
    }
    let Some(nic) = facts.any_nic() else {
        return Err(Outcome::not_applicable("not checked: the SAN NIC is not known (--san-nic NAME names it)"));
    };
    let paths = facts.portal_routes().unwrap_or_default();
    let lost: Vec<IpAddr> = paths
        .iter()
        .filter(|path| !matches!(path.verdict, RouteVerdict::Sound(_) | RouteVerdict::UnknownLegs(..)))
        .map(|path| path.portal.ip)
        .collect();
    let mut findings = Vec::new();
    let mut seen = Vec::new();
    for lease in facts.leases_of(&nic.name) {
        for route in lease.classless.iter().flatten().filter(|route| route.destination.prefix_len() > 0) {
            let told_elsewhere = lost.iter().any(|ip| route.destination.contains(ip));
            if stands(facts, &paths, route) {
                seen.push(format!("{} via {}", route.destination, route.gateway));
            } else if !told_elsewhere {
                facts.network.routes.needed()?;
                findings.push(finding(&nic.name, lease, route));
            }
        }
    }
    if findings.is_empty() && seen.is_empty() {
        return Err(Outcome::not_applicable(format!(
            "not checked: no current lease of {} brings routes by option 121",
            nic.name
        )));
    }
    Ok(Outcome::from_findings(findings, || {
        format!("the kernel has the routes of the lease of {}: {}", nic.name, seen.join(", "))
    }))
}

/// Whether the kernel has a route, which it may tell of a portal where there are too many to read them all.
fn stands(facts: &Analysis<'_>, paths: &[PortalRoute<'_>], wanted: &ClasslessRoute) -> bool {
    let gateway = Some(wanted.gateway).filter(|gateway| !gateway.is_unspecified());
    let destination = Some(wanted.destination.trunc());
    let leads = |route: &Route| route.kind == "unicast" && route.gateway == gateway;
    let takes = |path: &PortalRoute<'_>| matches!(path.verdict, RouteVerdict::Sound(route) if path.matched == destination && leads(route));
    let mut routes = facts.network.routes.known().into_iter().flatten();
    routes.any(|route| route.destination == destination && leads(route)) || paths.iter().any(takes)
}

fn finding(nic: &str, lease: &Lease, route: &ClasslessRoute) -> Finding {
    let text = if route.gateway.is_unspecified() {
        format!("{} on-link", route.destination)
    } else {
        format!("{} via {}", route.destination, route.gateway)
    };
    let place = lease.at.as_ref().map_or_else(|| format!("lease of {nic}"), ToString::to_string);
    Finding::warning(format!("the lease of {nic} brings the route {text}, but the kernel does not have it"))
        .evidence(Evidence::new(place, format!("option 121: {text}")))
        .evidence(Evidence::new("ip route show table all", format!("no route {text}")))
        .remedy(Remedy::new("Add the route of the lease").command(san::replace_route(route, nic)))
}
