//! What the configuration that takes the SAN NIC over does to its address and routes.

use super::config_match::config_text;
use super::managers::{activated_by_hand, initscripts_apply, keeps, keeps_all, leaves_foreign_routes, renderer};
use crate::facts::{InterfaceConfig, Location, Manager, Method, Problem};
use crate::{Analysis, Evidence, SanNicNeed, ShellCommand};
use ipnet::IpNet;
use std::net::IpAddr;

/// What goes wrong when a configuration takes the SAN NIC over.
#[derive(Debug)]
pub(crate) struct Disruption {
    /// The kind, one a check.
    pub(crate) kind: DisruptionKind,
    /// What happens to the NIC (`this NIC`), as a sentence.
    pub(crate) what: String,
    /// It does not happen at boot, and waits for somebody to activate the configuration.
    pub(crate) dormant: bool,
    /// It takes the route to the target alone: no harm where the target is in the NIC's own network.
    pub(crate) of_route: bool,
    /// What to do about it.
    pub(crate) fix: &'static str,
    /// Commands that do it, where they can be written down.
    pub(crate) commands: Vec<ShellCommand>,
    /// The lines that show it.
    pub(crate) at: Vec<(Location, String)>,
    /// What was not read, and may show the contrary.
    pub(crate) in_doubt: Option<Problem>,
    /// What the configuration lacks; `None` where it is not for `isctpl prepare` to change.
    pub(crate) need: Option<SanNicNeed>,
}

impl Disruption {
    /// The lines that show it, as evidence.
    pub(super) fn evidence(&self) -> Vec<Evidence> {
        self.at.iter().map(|(place, text)| Evidence::at(place, text.clone())).collect()
    }
}

/// Kinds of disruptions, one a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DisruptionKind {
    /// `handover-san-nic-reconfigured`
    Reconfigured,
    /// `handover-san-route-not-kept`
    RouteNotKept,
    /// `handover-classless-routes-ignored`
    ClasslessIgnored,
}

pub(super) fn networkd(facts: &Analysis<'_>, config: &InterfaceConfig) -> Vec<Disruption> {
    match config.method {
        Method::Dhcp => {
            // The routes of the initramfs are the way to the target for as long as networkd leaves them there.
            if !keeps_all(config)
                && !leaves_foreign_routes(facts)
                && let Some(disruption) = dhcp_without_routes(facts, config)
            {
                return vec![disruption];
            }
            if keeps(config) {
                return Vec::new();
            }
            let mut disruption = reconfigured(
                config,
                "networkd removes the address and routes of the initramfs, and releases its lease when it stops"
                    .to_owned(),
                "Set KeepConfiguration=yes in the .network file, or critical: true in netplan",
            );
            if let Some(keep) = &config.keep {
                disruption.at.push((keep.at.clone(), format!("KeepConfiguration={}", keep.value)));
            }
            disruption.commands = keep_commands(config);
            vec![disruption]
        }
        _ => without_dhcp(facts, config),
    }
}

/// NetworkManager, its ifcfg files, and dhcpcd.
pub(super) fn profile(facts: &Analysis<'_>, config: &InterfaceConfig) -> Vec<Disruption> {
    let mut disruptions: Vec<Disruption> = match config.method {
        Method::Dhcp => dhcp_without_routes(facts, config).into_iter().collect(),
        Method::Unset if config.addresses.is_empty() => dhcp_without_routes(facts, config).into_iter().collect(),
        // They set the link up, and add the addresses that are not there yet (ifup-eth): what the initramfs left stays.
        _ if initscripts_apply(facts, config) => Vec::new(),
        _ => without_dhcp(facts, config),
    };
    disruptions.iter_mut().for_each(|disruption| disruption.dormant = activated_by_hand(facts, config));
    disruptions
}

fn dhcp_without_routes(facts: &Analysis<'_>, config: &InterfaceConfig) -> Option<Disruption> {
    let refused = config.use_dhcp_routes.as_ref().filter(|routes| !routes.value)?;
    if covered(facts, config) {
        return None;
    }
    Some(Disruption {
        kind: DisruptionKind::ClasslessIgnored,
        what: format!("{} runs DHCP on this NIC and ignores the routes of the lease", renderer(config).name()),
        dormant: false,
        of_route: true,
        fix: "Use the routes of the lease, or add a static route to the target",
        commands: Vec::new(),
        at: vec![(refused.at.clone(), "the routes of the lease are not used".to_owned())],
        in_doubt: None,
        need: Some(SanNicNeed::LeaseRoutes),
    })
}

/// An address without DHCP needs the route to the target beside it: networkd removes routes that it
/// did not make when it takes an interface over (those of the initramfs have protocol `boot`, which
/// only KeepConfiguration=yes keeps), and the others bring what they were told and no more.
fn without_dhcp(facts: &Analysis<'_>, config: &InterfaceConfig) -> Vec<Disruption> {
    let manager = renderer(config).name();
    let networkd = renderer(config) == Manager::Networkd;
    if networkd && keeps_all(config) {
        return Vec::new();
    }
    let addressed = !config.addresses.is_empty() || (networkd && keeps(config));
    let routed = covered(facts, config) || (networkd && leaves_foreign_routes(facts));
    if addressed && routed {
        return Vec::new();
    }
    let what = if addressed {
        format!("{manager} keeps an address on this NIC but no route to {}", destination(facts))
    } else {
        format!("{manager} gives this NIC neither an IPv4 address nor DHCP")
    };
    vec![Disruption {
        kind: DisruptionKind::RouteNotKept,
        what,
        dormant: false,
        of_route: addressed,
        fix: "Add a static route to the target, or use DHCP with the routes of the lease",
        commands: Vec::new(),
        at: vec![(config.at.clone(), config_text(config))],
        in_doubt: None,
        need: route_or_keep(facts, config, addressed),
    }]
}

/// A static route where one is known and the NIC has an address for it; networkd alone can be told to keep the one that
/// is there. dhcpcd takes no static route.
fn route_or_keep(facts: &Analysis<'_>, config: &InterfaceConfig, addressed: bool) -> Option<SanNicNeed> {
    let takes_routes = addressed && config.manager != Manager::Dhcpcd;
    let route = facts.san_route().filter(|_| takes_routes).map(SanNicNeed::Route);
    route.or((renderer(config) == Manager::Networkd).then_some(SanNicNeed::Keep))
}

/// Whether a configuration itself says how each portal is reached.
pub(super) fn covered(facts: &Analysis<'_>, config: &InterfaceConfig) -> bool {
    let portals: Vec<IpAddr> = facts.root_portals().iter().map(|portal| portal.ip).collect();
    let by_command = |test: &dyn Fn(&str) -> bool| {
        config
            .commands
            .iter()
            .any(|command| command.value.contains("route") && command.value.split_whitespace().any(test))
    };
    if portals.is_empty() {
        // The target lies behind a gateway: any route through one that leads out of the NIC's own network may be the way.
        let leads_out = |to: &IpNet| !config.addresses.iter().any(|own| own.contains(to));
        let mut routes = config.routes.iter().map(|route| &route.value);
        return config.gateway.is_some()
            || routes.any(|route| route.gateway.is_some() && leads_out(&route.destination))
            || by_command(&|word| word == "via" || word == "gw");
    }
    portals.iter().all(|ip| {
        config.gateway.is_some()
            || facts.handoff().is_some_and(|handoff| handoff.is_on_link(*ip))
            || config.addresses.iter().any(|net| net.contains(ip))
            || config.routes.iter().any(|route| route.value.destination.contains(ip))
            || by_command(&|word| match word.parse::<IpNet>() {
                Ok(net) => net.contains(ip),
                Err(_) => word.parse::<IpAddr>() == Ok(*ip),
            })
    })
}

/// Commands that make networkd keep what is on the NIC.
fn keep_commands(config: &InterfaceConfig) -> Vec<ShellCommand> {
    match (config.manager, config.matches.only_name()) {
        (Manager::Networkd, _) => {
            let file = config.at.path.rsplit('/').next().unwrap_or_default();
            let folder = format!("/etc/systemd/network/{file}.d");
            vec![
                ShellCommand::new(&["mkdir", "-p"]).path(&folder),
                ShellCommand::write_lines(&format!("{folder}/keep.conf"), &["[Network]", "KeepConfiguration=yes"]),
            ]
        }
        (Manager::Netplan, Some(name)) => {
            vec![ShellCommand::new(&["netplan", "set"]).operand(format!("ethernets.{name}.critical=true"))]
        }
        _ => Vec::new(),
    }
}

fn destination(facts: &Analysis<'_>) -> String {
    let portals = facts.root_portals();
    portals.first().map_or_else(|| "the target".to_owned(), |portal| portal.ip.to_string())
}

pub(super) fn reconfigured(config: &InterfaceConfig, what: String, fix: &'static str) -> Disruption {
    Disruption {
        kind: DisruptionKind::Reconfigured,
        what,
        dormant: false,
        of_route: false,
        fix,
        commands: Vec::new(),
        at: vec![(config.at.clone(), config_text(config))],
        in_doubt: None,
        need: Some(SanNicNeed::Keep),
    }
}
