//! `handover-default-route-beaten`

use super::config_match::{san_config_matches, unread_manager};
use super::default_route::{gives_default, metric, nic_of};
use super::identity::SanIdentity;
use super::managers::in_force;
use super::nic_match::{Matches, matches, may_be_hardware};
use crate::analysis::Family;
use crate::facts::{InterfaceConfig, Method, NetworkKind, Source};
use crate::login::{made_by_network_manager, san_profiles, settled_profile};
use crate::readers::network_manager::Profile;
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity};
use std::net::IpAddr;

/// `NetworkManager` gives a default route of the first Ethernet interface this metric (`nm_device_get_route_metric_default`).
const OF_NETWORK_MANAGER: u32 = 100;

pub(crate) static CHECK: Check = Check {
    id: "handover-default-route-beaten",
    link: Link::Handover,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the WAN's default route goes before the one that leads to the target",
    doc: Doc {
        finds: "NetworkManager brings up the network of the initramfs from a static address, of the iBFT or of ip=, and \
                the target is behind the gateway of that: the session's only way is a default route of metric 100. On \
                the real root another NIC gets a default route of a lower metric: ifupdown and dhclient add theirs \
                without one, which is 0, and so does Gateway= of networkd. A lease of networkd has 1024, and \
                NetworkManager's own second NIC more than 100: they come behind.",
        breaks: "The kernel takes the route with the lowest metric. From that moment the session's packets go out \
                 through the WAN NIC, and the root is lost while the system comes up (seen in a boot of Debian 13).",
        fix: "Give the SAN a route of its own: rd.route=SUBNET:GATEWAY:ibft0 on the command line, which \
              nm-initrd-generator puts into the iBFT's profile.",
        references: &[
            "NetworkManager src/core/devices/nm-device.c (nm_device_get_route_metric_default)",
            "NetworkManager src/nm-initrd-generator/nmi-ibft-reader.c",
            "ISC dhclient-script (debian/dhclient-script.linux: IF_METRIC)",
            "systemd.network(5), Gateway=, RouteMetric=",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    facts.was_read(Source::Root)?;
    let ahead = match ahead(facts) {
        Ok(Some(wan)) => Ok(wan),
        Err(open) => Err(open),
        Ok(None) => {
            return Ok(Outcome::pass(format!(
                "no other NIC gets a default route that goes before one of NetworkManager, of metric \
                 {OF_NETWORK_MANAGER}"
            )));
        }
    };
    let image = facts.image_that_logs_in()?;
    let by_network_manager = image.has_network(NetworkKind::NetworkManager);
    if image.has_network(NetworkKind::DracutLegacy) || !by_network_manager || image.family() != Family::Dracut {
        image.whole()?;
        return Err(Outcome::not_applicable("NetworkManager does not bring up the network of the initramfs"));
    }
    if facts.effective_requests().is_empty() {
        return Err(Outcome::not_applicable("not checked: nothing requests a login (see login-not-requested)"));
    }
    let (line, made) = made_by_network_manager(facts)?;
    let fitting = san_profiles(facts, &line, &made);
    let settled = settled_profile(facts, &fitting);
    let Some((profile, gateway)) = settled.and_then(|profile| Some((profile, static_gateway(profile)?))) else {
        return Err(Outcome::not_applicable("NetworkManager has no static gateway from the firmware or from ip="));
    };
    let portals = facts.login_portals();
    let by_default = |portal: &&IpAddr| portal.is_ipv4() && !has_own_route(profile, **portal);
    let Some(portal) = portals.iter().find(by_default) else {
        return Ok(Outcome::pass("the target is on the SAN NIC's link, or has a route of its own"));
    };
    let configured = san_config_matches(facts);
    let routed = configured.iter().flat_map(|found| found.config.routes.iter().map(move |route| (found, route)));
    let mut routed = routed.filter(|(_, route)| route.value.destination.contains(portal));
    if let Some((found, route)) = routed.find(|(_, route)| route.value.destination.prefix_len() > 0) {
        return match found.certain {
            true => Ok(Outcome::pass(format!("{} has a route to the target", route.at))),
            false => Err(Outcome::unknown(format!(
                "{} has a route to the target, and may be for another NIC than the SAN NIC",
                route.at
            ))),
        };
    }
    if let Some(leased) = configured.iter().find(|found| found.config.method == Method::Dhcp) {
        return Err(Outcome::not_applicable(format!("not checked: {} asks a server for routes", leased.config.at)));
    }
    finding(facts, ahead?, *portal, gateway).into()
}

/// The gateway of IPv4 that a profile sets.
fn static_gateway(profile: &Profile) -> Option<IpAddr> {
    let gateways = || profile.gateways.iter().copied();
    if profile.runs_dhcp() { None } else { gateways().find(IpAddr::is_ipv4) }
}

/// Whether a profile reaches an address otherwise than by its default route.
fn has_own_route(profile: &Profile, portal: IpAddr) -> bool {
    let networks = profile.addresses.iter().copied();
    let routes = profile.routes.iter().map(|route| route.destination).filter(|(_, length)| *length > 0);
    networks
        .chain(routes)
        .any(|(address, length)| ipnet::IpNet::new(address, length).is_ok_and(|network| network.contains(&portal)))
}

/// The configuration of another NIC whose default route goes before NetworkManager's.
fn ahead<'a>(facts: &'a Analysis<'_>) -> Result<Option<&'a InterfaceConfig>, Outcome> {
    let san = SanIdentity::of(facts);
    let mut open = unread_manager(facts).map(Outcome::unread);
    for config in &facts.netconfig.interfaces {
        let starts = config.at_boot && !config.unmanaged && in_force(facts, config);
        let fits = matches(&config.matches, &san);
        let other = fits != Matches::Yes && config.method != Method::Loopback && may_be_hardware(&config.matches);
        if !starts || !other || !gives_default(config) {
            continue;
        }
        let why = match metric(facts, config) {
            Some(metric) if metric >= OF_NETWORK_MANAGER => continue,
            Some(_) if fits == Matches::No => return Ok(Some(config)),
            Some(_) => format!(
                "{} may be for another NIC than the SAN NIC, whose default route then goes before NetworkManager's",
                config.at
            ),
            None => format!("the metric of the default route is not known that {} makes", config.at),
        };
        open.get_or_insert_with(|| Outcome::unknown(why));
    }
    open.map_or(Ok(None), Err)
}

fn finding(facts: &Analysis<'_>, wan: &InterfaceConfig, portal: IpAddr, gateway: IpAddr) -> Finding {
    let word = facts.san_route().and_then(|route| route.as_word(Some("ibft0")));
    let remedy = match word {
        Some(word) => facts.edit_words(format!("Add {word} to GRUB_CMDLINE_LINUX."), &[], &[&word]),
        None => Remedy::new("Add a route to the target's subnet to GRUB_CMDLINE_LINUX: rd.route=SUBNET:GATEWAY:ibft0."),
    };
    Finding::critical(format!(
        "{} gets a default route of a lower metric than the one by {gateway}, the session's only way to {portal}",
        nic_of(facts, wan)
    ))
    .evidence(Evidence::at(&wan.at, format!("{}: a default route", nic_of(facts, wan))))
    .evidences(facts.handoff().map(|handoff| Evidence::new(handoff.source, format!("gateway {gateway}"))))
    .remedy(remedy)
}
