//! `handover-wan-before-san`

use super::config_match::{config_matches, unread_manager};
use super::disruption::covered;
use super::identity::SanIdentity;
use super::managers::{in_force, keeps_all, leaves_foreign_routes, renderer};
use super::nic_match::{Matches, matches};
use crate::facts::{InterfaceConfig, Manager, Method, Source};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Repair, SanNicNeed, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "handover-wan-before-san",
    link: Link::Handover,
    severity: Severity::Warning,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the WAN NIC may get its default route before the SAN NIC gets its route",
    doc: Doc {
        finds: "DHCP by networkd on the SAN NIC, without a static route to the target, while another NIC gets a \
                default route at the same time. When networkd starts, it removes the routes of the initramfs, and adds \
                those of the lease later. dhclient, which ifupdown runs, keeps them until it has the lease.",
        breaks: "Until the SAN NIC has its route from option 121, the WAN NIC's default route sends the packets of the \
                 session out through the WAN NIC. For that moment the target cannot be reached, and the system freezes \
                 if what would add the route has to be read from the root.",
        fix: "Set KeepConfiguration=yes on the SAN NIC (critical: true with netplan), so that the routes of the \
              initramfs stay, or add a static route to the target, which exists before any lease arrives.",
        references: &[
            "RFC 3442",
            "systemd src/network/networkd-route.c (foreign routes)",
            "ISC dhclient-script, PREINIT (an interface is brought up, and its addresses and routes stay)",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    facts.was_read(Source::Root)?;
    match (race(facts), unread_manager(facts)) {
        (Outcome::Pass(_), Some(problem)) => Err(Outcome::unread(problem)),
        (outcome, _) => Ok(outcome),
    }
}

/// Whether the WAN NIC may be first, by what was read.
fn race(facts: &Analysis<'_>) -> Outcome {
    let san = SanIdentity::of(facts);
    let config_matches = config_matches(facts, &san);
    // A bond or bridge over the SAN NIC is a matter of handover-san-nic-reconfigured.
    let runs_dhcp =
        |config: &InterfaceConfig| config.method == Method::Dhcp && matches(&config.matches, &san) == Matches::Yes;
    let Some(own) = config_matches.iter().find(|found| found.certain && runs_dhcp(found.config)) else {
        return Outcome::pass(
            "no configuration of the real root runs DHCP on the SAN NIC, so its route does not wait for a lease",
        );
    };
    let own = own.config;
    if covered(facts, own) {
        return Outcome::pass(format!("with {}, the route to the target does not wait for a lease", own.at));
    }
    let manager = renderer(own);
    if manager != Manager::Networkd || keeps_routes(facts, own) {
        return Outcome::pass(format!("{} keeps the routes of the SAN NIC until it has the lease", manager.name()));
    }
    let Some(wan) = other_with_default(facts, own, &san) else {
        return Outcome::pass("no other NIC gets a default route before the SAN NIC has its route");
    };
    let wan_name = name(facts, wan);
    Finding::warning(format!(
        "networkd configures {wan_name} and {} at the same time, and removes the routes of the SAN NIC first",
        san.title()
    ))
    .evidence(Evidence::at(&wan.at, format!("{wan_name}: a default route")))
    .evidence(Evidence::at(&own.at, format!("{}: DHCP, no static route to the target", name(facts, own))))
    .remedy(
        Remedy::new(
            "Have networkd keep the routes of the initramfs (KeepConfiguration=yes; with netplan, critical: true), or \
             add a static route to the target's subnet to the configuration of the SAN NIC",
        )
        .repairs_by(Repair::of_san_nic(own, SanNicNeed::Keep)),
    )
    .into()
}

/// networkd removes the initramfs' routes (protocol `boot`) when it starts, unless it is told to keep
/// everything or to let foreign routes alone.
fn keeps_routes(facts: &Analysis<'_>, own: &InterfaceConfig) -> bool {
    keeps_all(own) || leaves_foreign_routes(facts)
}

/// Another NIC that gets a default route.
fn other_with_default<'a>(
    facts: &'a Analysis<'_>,
    own: &InterfaceConfig,
    san: &SanIdentity,
) -> Option<&'a InterfaceConfig> {
    facts
        .netconfig
        .interfaces
        .iter()
        .filter(|config| config.at_boot && !config.unmanaged && in_force(facts, config))
        .filter(|config| matches(&config.matches, san) == Matches::No && config.method != Method::Loopback)
        .filter(|config| !hides(facts, own, config))
        .find(|config| {
            let leased = config.method == Method::Dhcp
                && config.use_dhcp_gateway.as_ref().is_none_or(|gateway| gateway.value)
                && config.use_dhcp_routes.as_ref().is_none_or(|routes| routes.value);
            leased || config.gateway.is_some()
        })
}

/// Whether networkd never comes to a file, because another that goes before it is for the same NIC.
fn hides(facts: &Analysis<'_>, own: &InterfaceConfig, other: &InterfaceConfig) -> bool {
    let of_networkd = |config: &&InterfaceConfig| config.manager == Manager::Networkd;
    let first = facts.netconfig.interfaces.iter().filter(of_networkd).find(|config| {
        config.at == other.at || matches(&config.matches, &SanIdentity::of_another(&other.matches)) == Matches::Yes
    });
    of_networkd(&other) && first.is_some_and(|first| first.at == own.at)
}

fn name(facts: &Analysis<'_>, config: &InterfaceConfig) -> String {
    let of = &config.matches;
    let by_mac = || {
        let mac = of.macs.first()?;
        let nic = facts.nics.known().and_then(|nics| nics.iter().find(|nic| &nic.mac == mac));
        Some(nic.map_or(mac, |nic| &nic.name))
    };
    of.names.first().or_else(by_mac).cloned().unwrap_or_else(|| "another NIC".to_owned())
}
