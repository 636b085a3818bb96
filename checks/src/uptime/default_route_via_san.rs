//! `default-route-via-san`

use crate::facts::Facts;
use crate::view::san;
use crate::{Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity, ShellCommand};

pub(crate) static CHECK: Check = Check {
    id: "default-route-via-san",
    link: Link::Uptime,
    severity: Severity::Warning,
    scope: Scope::Live,
    decided_by: &[],
    title: "the default route leaves by the SAN NIC",
    doc: Doc {
        finds: "A default route with the lowest metric that leaves by the SAN NIC, although another NIC is up, or \
                although the lease of the SAN NIC brings routes by option 121 and no default route among them.",
        breaks: "The instance sends everything that is not on a link of its own into the storage network, which leads \
                 nowhere else: no name servers, no package mirrors, no answers to clients that come in by the WAN \
                 NIC. It also hides a missing route to the target. `iscsistart -N` and `ipconfig` make this route out \
                 of the gateway in the iBFT.",
        fix: "Delete the default route of the SAN NIC and give the WAN NIC its own. If it comes back at each boot, \
               do not send option 3 on the SAN segment to the operating system: RFC 3442 has clients ignore it beside \
               option 121.",
        references: &[
            "RFC 3442, DHCP Client Behavior (option 3 is ignored beside option 121)",
            "open-iscsi usr/iscsi_net_util.c, net_setup_netdev_ipv4",
        ],
    },
    judge,
};

fn judge(facts: &Facts) -> Outcome {
    crate::known!(facts.network.routes);
    let Some(nic) = san::any_nic(facts) else {
        return Outcome::not_applicable("which NIC is the SAN NIC is not known: --san-nic NAME settles it");
    };
    let default = san::main_routes(facts, false)
        .filter(|route| route.destination.is_none_or(|prefix| prefix.prefix_len() == 0))
        .min_by_key(|route| route.metric);
    let Some(default) = default else {
        return Outcome::pass("there is no default route, so none leaves by the SAN NIC");
    };
    let out = default.interface.as_deref().unwrap_or_default();
    if !san::leads_through(facts, out, &nic.name) {
        return Outcome::pass(format!("the default route leaves {}", san::hop_text(default)));
    }
    let other = other_nic_up(facts, &nic.name);
    let lease = san::leases_of(facts, &nic.name).find(|lease| {
        lease.classless.as_ref().is_some_and(|routes| routes.iter().all(|route| route.destination.prefix_len() > 0))
    });
    if other.is_none() && lease.is_none() {
        return Outcome::pass(format!("the default route leaves by the SAN NIC {}, the only NIC that is up", nic.name));
    }
    let mut finding = Finding::warning(format!("the default route leaves by the SAN NIC: {}", san::hop_text(default)))
        .evidence(Evidence::new("ip route show default", san::route_text(default)));
    if let Some(other) = other {
        finding = finding.evidence(Evidence::new("ip link", format!("{other} is up too")));
    }
    if let Some(lease) = lease {
        let place = lease.at.as_ref().map_or_else(|| format!("lease of {}", nic.name), ToString::to_string);
        finding = finding.evidence(Evidence::new(place, "option 121 brings no default route"));
    }
    finding
        .remedy(
            Remedy::new(
                "Give the WAN NIC the default route, and delete the one through the SAN; the route to the target \
                 itself stays",
            )
            .command(san::via_dev(
                ShellCommand::new(&["ip", "route", "del", "default"]),
                default.gateway,
                Some(out),
            )),
        )
        .into()
}

/// Kinds of interfaces that stand for a way out of their own. A bridge or a tunnel does not: it is
/// there for guests, or leads out by another NIC.
const WAYS_OUT: [&str; 7] = ["", "bond", "vlan", "macvlan", "ipvlan", "veth", "dummy"];

/// Another NIC that is up and could lead out: hardware with carrier, or an interface with an address
/// that stands in its place.
fn other_nic_up<'a>(facts: &'a Facts, san: &str) -> Option<&'a str> {
    let hardware = facts.nics.known().into_iter().flatten().filter(|nic| nic.physical).map(|nic| nic.name.as_str());
    let hardware: Vec<&str> = hardware.collect();
    let addressed = |name: &str| {
        facts.network.addresses.known().into_iter().flatten().any(|address| {
            address.interface == name && !address.net.addr().is_loopback() && address.net.addr().is_ipv4()
        })
    };
    let links = facts.network.links.known()?;
    links
        .iter()
        .filter(|link| link.name != san && link.up && link.carrier && link.master.is_none())
        .find(|link| {
            let stands_in = WAYS_OUT.contains(&link.kind.as_str()) && addressed(&link.name);
            hardware.contains(&link.name.as_str()) || stands_in
        })
        .map(|link| link.name.as_str())
}
