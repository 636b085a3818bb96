//! `handover-wan-before-san`

use super::config_match::{config_matches, unread_manager};
use super::default_route::{gives_default, nic_of};
use super::disruption::covered;
use super::identity::SanIdentity;
use super::managers::{in_force, keeps_all, leaves_foreign_routes, renderer};
use super::nic_match::{Matches, matches, may_be_hardware};
use crate::analysis::Family;
use crate::facts::{InterfaceConfig, Manager, Method, Nic, Source};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Repair, SanNicNeed, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "handover-wan-before-san",
    link: Link::Handover,
    severity: Severity::Warning,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the WAN NIC may get its default route before the SAN NIC gets its route",
    doc: Doc {
        finds: "DHCP by networkd on the SAN NIC while another NIC gets a default route at the same time, by its own file \
                or by the same one. When networkd starts, it removes the routes of the initramfs, and adds those of the lease later. A static route of \
                the configuration is there at once, and of use only with an address: KeepConfiguration=dhcp keeps the \
                address of a lease and removes the one of initramfs-tools, which has no lifetime (seen in the lab: the \
                route was of no use for 3.4 s); KeepConfiguration=static keeps that one. dhclient, which ifupdown runs, \
                keeps address and routes until it has the lease.",
        breaks: "Until the SAN NIC has its address and its route, the WAN NIC's default route sends the packets of the \
                 session out through the WAN NIC. For that moment the target cannot be reached, and the system freezes \
                 if what would add the route has to be read from the root.",
        fix: "Set KeepConfiguration=yes on the SAN NIC (critical: true with netplan), so that the address and the \
              routes of the initramfs stay.",
        references: &[
            "RFC 3442",
            "systemd src/network/networkd-route.c (foreign routes), networkd-address.c (link_drop_foreign_addresses)",
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
    let manager = renderer(own);
    if manager != Manager::Networkd || keeps_all(own) {
        return Outcome::pass(format!("{} keeps the routes of the SAN NIC until it has the lease", manager.name()));
    }
    // A route is of use only with an address.
    let is_routed = covered(facts, own);
    if is_routed || leaves_foreign_routes(facts) {
        match has_address(facts, own) {
            Some(true) => {
                return Outcome::pass(format!("with {}, the route to the target does not wait for a lease", own.at));
            }
            Some(false) => {}
            None => {
                return Outcome::unknown(format!(
                    "{} keeps the address of the initramfs or removes it, by whether that is a lease, which is not known",
                    own.at
                ));
            }
        }
    }
    let beside = || other_with_default(facts, own, &san).map(|wan| (wan, nic_of(facts, wan)));
    let of_the_same = || match facts.nics.known() {
        Some(nics) => Ok(of_the_same(facts, own, &san, nics).map(|name| (own, name))),
        None if gives_default(own) && !own.matches.is_for_one() => Err(Outcome::unknown(format!(
            "{} may be for the WAN NIC too: which NICs the machine has is not known",
            own.at
        ))),
        None => Ok(None),
    };
    let (wan, wan_name) = match beside().map_or_else(of_the_same, |wan| Ok(Some(wan))) {
        Ok(Some(wan)) => wan,
        Ok(None) => return Outcome::pass("no other NIC gets a default route before the SAN NIC has its route"),
        Err(unknown) => return unknown,
    };
    let (removed, lacks) = match is_routed {
        true => ("address", "its address comes from the lease alone, and the static route to the target needs it"),
        false => ("routes", "no static route to the target"),
    };
    Finding::warning(format!(
        "networkd configures {wan_name} and {} at the same time, and removes the {removed} of the SAN NIC first",
        san.title()
    ))
    .evidences((wan.at != own.at).then(|| Evidence::at(&wan.at, format!("{wan_name}: a default route"))))
    .evidence(Evidence::at(&own.at, format!("{}: DHCP, {lacks}", nic_of(facts, own))))
    .remedy(
        Remedy::new(
            "Have networkd keep the address and the routes of the initramfs (KeepConfiguration=yes; with netplan, \
             critical: true)",
        )
        .repairs_by(Repair::of_san_nic(own, SanNicNeed::Keep)),
    )
    .into()
}

/// Whether the SAN NIC has an address from networkd's start to the lease: one of the configuration, or that of the
/// initramfs. Of those networkd keeps the ones with a lifetime as leases (`KeepConfiguration=dhcp`), and those without as
/// static. `None` where it is not known which one the initramfs sets.
fn has_address(facts: &Analysis<'_>, own: &InterfaceConfig) -> Option<bool> {
    if !own.addresses.is_empty() {
        return Some(true);
    }
    match own.keep.as_ref().map(|keep| keep.value.to_ascii_lowercase()).as_deref() {
        Some("static") => is_lease(facts).map(|is_lease| !is_lease),
        Some("dhcp" | "dynamic") => is_lease(facts),
        _ => Some(false),
    }
}

/// Whether the address that the initramfs sets has a lifetime. ipconfig, which initramfs-tools runs, sets none; dracut's
/// DHCP clients do, and its static addresses have none.
fn is_lease(facts: &Analysis<'_>) -> Option<bool> {
    match facts.default_image()?.family() {
        Family::InitramfsTools => Some(false),
        Family::Dracut => match facts.boot_words().last("ip") {
            None | Some("ibft") => Some(facts.handoff()?.boot_nic()?.by_dhcp),
            Some(word) => word.split(':').any(|field| matches!(field, "dhcp" | "on" | "any")).then_some(true),
        },
        Family::Other => None,
    }
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
        // networkd ships files for tunnels and containers, which are for no NIC of a machine.
        .filter(|config| may_be_hardware(&config.matches))
        .filter(|config| !hides(facts, own, config))
        .find(|config| gives_default(config))
}

/// Another NIC of the machine that the SAN NIC's own file is for as well, and gives a default route.
fn of_the_same(facts: &Analysis<'_>, own: &InterfaceConfig, san: &SanIdentity, nics: &[Nic]) -> Option<String> {
    if !gives_default(own) || own.matches.is_for_one() {
        return None;
    }
    let before = || facts.netconfig.interfaces.iter().take_while(|config| config.at != own.at);
    let is_san = |nic: &&Nic| san.name.as_ref() == Some(&nic.name) || san.mac.as_ref() == Some(&nic.mac);
    // Where nothing tells the SAN NIC from the others, one of those that the file takes is it.
    let unknown = usize::from(san.name.is_none() && san.mac.is_none());
    let others = nics.iter().filter(|nic| nic.physical && !is_san(nic));
    let takes = |config: &InterfaceConfig, nic: &Nic| {
        let other = SanIdentity {
            name: Some(nic.name.clone()),
            mac: Some(nic.mac.clone()),
            driver: nic.driver.clone(),
            ..SanIdentity::default()
        };
        matches(&config.matches, &other) == Matches::Yes
    };
    let hidden = |nic: &Nic| before().any(|config| config.manager == own.manager && takes(config, nic));
    others.filter(|nic| takes(own, nic) && !hidden(nic)).map(|nic| nic.name.clone()).nth(unknown)
}

/// Whether networkd never comes to a file, because another that goes before it is for the same NIC.
fn hides(facts: &Analysis<'_>, own: &InterfaceConfig, other: &InterfaceConfig) -> bool {
    let of_networkd = |config: &&InterfaceConfig| config.manager == Manager::Networkd;
    let first = facts.netconfig.interfaces.iter().filter(of_networkd).find(|config| {
        config.at == other.at || matches(&config.matches, &SanIdentity::of_another(&other.matches)) == Matches::Yes
    });
    of_networkd(&other) && first.is_some_and(|first| first.at == own.at)
}
