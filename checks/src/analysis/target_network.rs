//! Whether the target lies behind a gateway: what most clouds do, and a flat network does not.

use super::Analysis;
use super::static_routes::{RouteWord, leads_to};
use crate::facts::{InterfaceConfig, LookupAnswer, StaticRoute};
use crate::{Evidence, Outcome};
use ipnet::IpNet;
use std::net::IpAddr;

/// Where the target lies, as the SAN NIC sees it.
#[derive(Debug)]
pub(crate) enum TargetNetwork {
    /// In the SAN NIC's own network, so that no route is needed; why, as a sentence.
    OnLink(String),
    /// Behind a gateway; what shows it.
    Routed(Evidence),
    /// Nothing says so, and nothing says the contrary.
    NotKnown,
}

/// What an outcome depends on while [`TargetNetwork::NotKnown`] holds.
const CONDITION: &str = "fails unless the target is in the SAN NIC's own network";

impl TargetNetwork {
    /// What shows that the target is behind a gateway.
    pub(crate) fn shown(&self) -> Option<Evidence> {
        match self {
            Self::Routed(evidence) => Some(evidence.clone()),
            Self::OnLink(_) | Self::NotKnown => None,
        }
    }

    /// A way to the target is lost: this is what comes of it, told by a sentence and shown by evidence. `None` where
    /// the target is known to be behind a gateway, so that the way is needed.
    pub(crate) fn without_route(&self, what: &str, evidence: Vec<Evidence>) -> Option<Outcome> {
        match self {
            Self::OnLink(why) => Some(Outcome::pass(format!("no route to the target is needed: {why}"))),
            Self::Routed(_) => None,
            Self::NotKnown => Some(Outcome::Unknown {
                reason: format!(
                    "{CONDITION}: {what} (--san-on-link says that it is; a lease, --portal with the iBFT, or \
                     --san-subnet shows where it is)"
                ),
                evidence,
            }),
        }
    }
}

/// A network that the SAN NIC is in, and who says so.
struct OwnNetwork {
    network: IpNet,
    source: String,
}

impl Analysis<'_> {
    /// Whether the target lies behind a gateway. A known portal is held against the networks that the SAN NIC is in;
    /// where that decides nothing, a route by a gateway shows that there is one to pass.
    pub(crate) fn target_network(&self) -> TargetNetwork {
        if self.scope.san_on_link {
            return TargetNetwork::OnLink(
                "--san-on-link says that the target is in the SAN NIC's own network".to_owned(),
            );
        }
        let portals = self.login_portals();
        let mut own = Vec::new();
        let mut beyond = None;
        for portal in &portals {
            own = self.own_networks(Some(*portal));
            if !own.iter().any(|own| own.network.contains(portal)) {
                beyond = Some(*portal);
                break;
            }
        }
        match (portals.first(), beyond, own.first()) {
            (Some(portal), None, _) => {
                return TargetNetwork::OnLink(format!("{portal} is in the SAN NIC's own network"));
            }
            (_, Some(portal), Some(own)) => {
                let text = format!("the SAN NIC is in {}, and the target {portal} is not", own.network);
                return TargetNetwork::Routed(Evidence::new(&own.source, text));
            }
            (None, ..) => own = self.own_networks(None),
            _ => {}
        }
        let shown = self.route_by_gateway_shown(beyond).or_else(|| self.subnet_beyond(&own));
        shown.map_or(TargetNetwork::NotKnown, TargetNetwork::Routed)
    }

    /// The networks that the SAN NIC is in: by the firmware, its lease, its addresses now, and its configuration. Where
    /// the firmware names the NIC that leads to a portal, another NIC's network is none of them.
    fn own_networks(&self, portal: Option<IpAddr>) -> Vec<OwnNetwork> {
        let mut own = Vec::new();
        let mut add = |network: IpNet, source: &str| {
            // A lease or an address without its prefix says nothing of the network.
            if network.prefix_len() < network.max_prefix_len() {
                own.push(OwnNetwork { network: network.trunc(), source: source.to_owned() });
            }
        };
        if let Some(handoff) = self.handoff() {
            let leading = portal.and_then(|portal| handoff.nic_to(portal));
            let nics = handoff.nics.iter().filter(|nic| leading.is_none_or(|leading| leading.index == nic.index));
            nics.filter_map(|nic| nic.network).for_each(|network| add(network, handoff.source));
        }
        let nic = self.any_nic().map(|nic| nic.name);
        let mac = self.san_mac().map(str::to_owned).or_else(|| self.scope.san_nic_mac());
        for lease in &self.dhcp.leases {
            let by_mac = lease.mac.is_some() && lease.mac == mac;
            let by_name = nic.is_some() && lease.interface == nic && (lease.mac.is_none() || mac.is_none());
            if let (true, Some(address)) = (by_mac || by_name, lease.address) {
                add(address, &lease.at.as_ref().map_or_else(|| "lease".to_owned(), ToString::to_string));
            }
        }
        let addresses = self.network.addresses.known().into_iter().flatten();
        for address in addresses.filter(|address| nic.as_deref() == Some(&address.interface)) {
            add(address.net, &address.interface);
        }
        let named = |config: &&InterfaceConfig| {
            let by_name = nic.as_ref().is_some_and(|nic| config.matches.names.contains(nic));
            by_name || mac.as_ref().is_some_and(|mac| config.matches.macs.contains(mac))
        };
        for config in self.netconfig.interfaces.iter().filter(named) {
            config.addresses.iter().for_each(|address| add(*address, &config.at.to_string()));
        }
        own
    }

    /// A route by a gateway that shows where the target is: one that leads to the portal, or, where none is known, to
    /// a network that is not the NIC's own.
    fn route_by_gateway_shown(&self, portal: Option<IpAddr>) -> Option<Evidence> {
        let told = |gateway: IpAddr| Evidence::new("--san-gateway", gateway.to_string());
        self.scope
            .san_gateway
            .map(told)
            .or_else(|| self.route_of_kernel(portal?))
            .or_else(|| self.route_of_lease(portal))
            .or_else(|| self.route_of_words(portal))
            .or_else(|| self.route_configured(portal))
    }

    fn route_of_kernel(&self, portal: IpAddr) -> Option<Evidence> {
        let lookup = self.network.lookups.known()?.iter().find(|lookup| lookup.destination == portal)?;
        let LookupAnswer::Route(route) = &lookup.answer else { return None };
        let gateway = route.gateway?;
        Some(Evidence::new("kernel's route", format!("{portal} via {gateway}")))
    }

    fn route_of_lease(&self, portal: Option<IpAddr>) -> Option<Evidence> {
        let route = self.leased_route(portal)?;
        let gateway = route.gateway?;
        let of = |lease: &&crate::facts::Lease| {
            let routes = lease.classless.iter().flatten();
            routes.clone().any(|leased| leased.destination == route.destination && leased.gateway == gateway)
        };
        let at = self.dhcp.leases.iter().find(of).and_then(|lease| lease.at.as_ref());
        let text = format!("option 121: {} via {gateway}", route.destination);
        Some(Evidence::new(at.map_or_else(|| "lease".to_owned(), ToString::to_string), text))
    }

    fn route_of_words(&self, portal: Option<IpAddr>) -> Option<Evidence> {
        let words = self.boot_words();
        let fits = |route: &RouteWord| route.gateway.is_some() && leads_to(route.destination, portal);
        let route = words.route_words().into_iter().find(fits)?;
        let source = words.at.as_ref().map_or_else(|| "kernel command line".to_owned(), ToString::to_string);
        Some(Evidence::new(source, format!("rd.route={}", route.text)))
    }

    fn route_configured(&self, portal: Option<IpAddr>) -> Option<Evidence> {
        let portal = Some(portal?);
        let fits = |route: &StaticRoute| route.gateway.is_some() && leads_to(route.destination, portal);
        self.netconfig.interfaces.iter().flat_map(|config| &config.routes).find(|route| fits(&route.value)).map(
            |route| {
                let gateway = route.value.gateway.map(|gateway| format!(" via {gateway}")).unwrap_or_default();
                Evidence::at(&route.at, format!("{}{gateway}", route.value.destination))
            },
        )
    }

    /// A `--san-subnet` that lies outside of every network of the SAN NIC.
    fn subnet_beyond(&self, own: &[OwnNetwork]) -> Option<Evidence> {
        let first = own.first()?;
        let apart =
            |subnet: &IpNet| !own.iter().any(|own| own.network.contains(subnet) || subnet.contains(&own.network));
        let subnet = self.scope.san_subnets.iter().find(|subnet| apart(subnet))?;
        let text = format!("{subnet}, and the SAN NIC is in {} ({})", first.network, first.source);
        Some(Evidence::new("--san-subnet", text))
    }
}
