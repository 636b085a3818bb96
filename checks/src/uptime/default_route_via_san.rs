//! `default-route-via-san`

use crate::analysis::{policy, san};
use crate::facts::{Lease, Route, Source};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity, ShellCommand};
use ipnet::IpNet;
use std::net::IpAddr;

pub(crate) static CHECK: Check = Check {
    id: "default-route-via-san",
    link: Link::Uptime,
    severity: Severity::Warning,
    scope: Scope::Live,
    decided_by: &[],
    title: "the default route goes out through the SAN NIC",
    doc: Doc {
        finds: "A default route with the lowest metric that goes out through the SAN NIC although another NIC has a \
                way out: a default route with a higher metric, or a router named by its lease or configuration. Where \
                no other way out is known, the route may be intended and is not reported: many clouds give an instance \
                one network for both. If the SAN NIC's lease brings routes by option 121 but no default route among \
                them, the check reports this as information.",
        breaks: "The instance sends everything outside its own subnets into the storage network, which leads nowhere \
                 else. Name servers and package mirrors cannot be reached, and answers to clients of the WAN NIC are \
                 lost. The default route also masks a missing route to the target. `iscsistart -N` and `ipconfig` make \
                 this route from the gateway in the iBFT.",
        fix: "If another default route exists, delete the one through the SAN NIC; otherwise add one through the other \
              NIC first. If the route comes back at each boot, do not send option 3 to the operating system on the SAN \
              segment: RFC 3442 has clients ignore option 3 when option 121 is present.",
        references: &[
            "RFC 3442, DHCP Client Behavior (option 3 is ignored when option 121 is present)",
            "open-iscsi usr/iscsi_net_util.c, net_setup_netdev_ipv4",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let defaults = facts.default_routes()?;
    let Some(nic) = facts.any_nic() else {
        return Err(Outcome::not_applicable("not checked: the SAN NIC is not known (--san-nic NAME names it)"));
    };
    let Some(default) = defaults.min_by_key(|route| route.metric) else {
        return Ok(Outcome::pass("no default route exists, so none goes out through the SAN NIC"));
    };
    let out = default.interface.as_deref().unwrap_or_default();
    if !facts.leads_through(out, &nic.name) {
        return Ok(Outcome::pass(format!("the default route goes out {}", san::hop_text(default))));
    }
    if let Some(lease) = lease_that_brings(facts, &nic.name, default) {
        return Ok(Outcome::pass(format!(
            "the default route goes out through the SAN NIC {}; it comes from {}",
            nic.name,
            place(lease, &nic.name)
        )));
    }
    facts.was_read(Source::Leases)?;
    let finding = || {
        Finding::warning(format!("the default route goes out through the SAN NIC: {}", san::hop_text(default)))
            .evidence(Evidence::new("ip route show default", san::route_text(default)))
    };
    if let Some(other) = other_route(facts, &nic.name)? {
        let text = "Delete the default route through the SAN NIC; the other one takes over at once, and the route to \
                    the target stays. This cuts an SSH login that came in through the SAN NIC's gateway";
        return finding()
            .evidence(Evidence::new(
                "ip route show default",
                format!("the other default route: {}", san::route_text(other)),
            ))
            .remedy(Remedy::new(text).command(policy::delete_route(everything(), default)))
            .into();
    }
    if let Some(way) = other_gateway(facts, &nic.name) {
        let text = "Add a default route through the other NIC; it replaces or precedes the one through the SAN NIC, \
                    and the route to the target stays. This cuts an SSH login that came in through the SAN NIC's \
                    gateway";
        let replace = san::via_dev(
            ShellCommand::new(&["ip", "route", "replace", "default"]),
            Some(way.gateway),
            Some(way.interface),
        );
        return finding().evidence(way.evidence).remedy(Remedy::new(text).command(replace)).into();
    }
    let lease = facts.leases_of(&nic.name).find(|lease| {
        lease.classless.as_ref().is_some_and(|routes| routes.iter().all(|route| route.destination.prefix_len() > 0))
    });
    let Some(lease) = lease else {
        return Ok(Outcome::pass(format!(
            "the default route goes out through the SAN NIC {}, and no other way out is known",
            nic.name
        )));
    };
    let summary = format!(
        "the only default route that is known goes out through the SAN NIC, and its lease did not bring it: {}",
        san::hop_text(default)
    );
    Finding::info(summary)
        .evidence(Evidence::new("ip route show default", san::route_text(default)))
        .evidence(Evidence::new(place(lease, &nic.name), "option 121 brings no default route"))
        .remedy(Remedy::new(
            "The boot does not depend on it. Do not delete the route while it is the only one: first give the WAN NIC \
             an address and a default route of its own, then run isctpl doctor again",
        ))
        .into()
}

fn place(lease: &Lease, nic: &str) -> String {
    lease.at.as_ref().map_or_else(|| format!("the lease of {nic}"), ToString::to_string)
}

/// The lease of the SAN NIC that makes the default route one of its own: by option 121, or by option 3 where there
/// is no option 121 (RFC 3442).
fn lease_that_brings<'a>(facts: &'a Analysis<'_>, san: &'a str, default: &Route) -> Option<&'a Lease> {
    let gateway = default.gateway?;
    facts.leases_of(san).find(|lease| match &lease.classless {
        Some(routes) => routes.iter().any(|it| it.destination.prefix_len() == 0 && it.gateway == gateway),
        None => lease.routers.contains(&gateway),
    })
}

fn everything() -> IpNet {
    IpNet::new_assert(std::net::Ipv4Addr::UNSPECIFIED.into(), 0)
}

/// Whether an interface is up and leads out by another NIC.
fn leads_elsewhere(facts: &Analysis<'_>, interface: &str, san: &str) -> bool {
    facts.link(interface).is_some_and(|link| !san::is_down(link)) && !facts.leads_through(interface, san)
}

/// The default route that answers once the one through the SAN NIC is gone.
fn other_route<'a>(facts: &'a Analysis<'_>, san: &str) -> Result<Option<&'a Route>, Outcome> {
    let elsewhere = facts
        .default_routes()?
        .filter(|route| route.interface.as_deref().is_some_and(|name| leads_elsewhere(facts, name, san)));
    Ok(elsewhere.min_by_key(|route| route.metric))
}

/// A way out that the network or a configuration names, and that has no route.
struct OtherWay<'a> {
    gateway: IpAddr,
    interface: &'a str,
    evidence: Evidence,
}

/// A gateway on the link of another NIC: the router of its lease, or one that a configuration names.
fn other_gateway<'a>(facts: &'a Analysis<'_>, san: &str) -> Option<OtherWay<'a>> {
    let addresses: Vec<_> = facts.network.addresses.known()?.iter().filter(|it| it.net.addr().is_ipv4()).collect();
    let way = |gateway: IpAddr, place: String, words: &str| {
        let on_link = addresses.iter().filter(|address| address.net.contains(&gateway));
        let address = on_link.into_iter().find(|address| leads_elsewhere(facts, &address.interface, san))?;
        let evidence = Evidence::new(place, format!("{words} {gateway}, on the link of {}", address.interface));
        Some(OtherWay { gateway, interface: &address.interface, evidence })
    };
    let leased = facts.dhcp.leases.iter().filter(|lease| {
        let held = |net: IpNet| addresses.iter().any(|address| address.net.addr() == net.addr());
        lease.expires.is_none_or(|end| end > facts.scope.epoch_seconds) && lease.address.is_some_and(held)
    });
    let of_lease = leased.flat_map(|lease| lease.routers.iter().map(move |router| (lease, *router))).find_map(
        |(lease, router)| {
            let place = lease.at.as_ref().map_or_else(|| "a current lease".to_owned(), ToString::to_string);
            way(router, place, "option 3:")
        },
    );
    of_lease.or_else(|| {
        let configured = facts.netconfig.interfaces.iter();
        configured
            .filter_map(|config| Some((config, config.gateway?)))
            .find_map(|(config, gateway)| way(gateway, config.at.to_string(), "the default gateway is"))
    })
}
