//! The static route by which the SAN NIC reaches the target, as far as anything tells it.

use super::Analysis;
use super::static_routes::{RouteWord, leads_to};
use super::target_network::TargetNetwork;
use crate::facts::{ClasslessRoute, InterfaceConfig, Lease, StaticRoute};
use ipnet::IpNet;
use std::net::IpAddr;

impl Analysis<'_> {
    /// The route to the target's subnet that the SAN NIC needs where no lease brings it, for a configuration or the
    /// command line. In order: what the user told, option 121 of the SAN NIC's lease, an `rd.route=` or a configuration that leads to the
    /// portal already, the firmware's gateway, the gateway of any `rd.route=`. Where nothing names a subnet with the
    /// portal in it, the route is to the portal alone. `None` where the portal needs no route or no gateway is known.
    pub fn san_route(&self) -> Option<StaticRoute> {
        if !self.may_need_route() {
            return None;
        }
        let portal = self.routed_portal();
        let leads = |destination: IpNet| leads_to(destination, portal);
        self.told_route(portal)
            .or_else(|| self.leased_route(portal))
            .or_else(|| self.routes_of_words().find(|route| leads(route.destination)))
            .or_else(|| self.route_of_configuration(portal))
            .or_else(|| self.route_by_gateway(portal))
    }

    /// Whether a portal may lie beyond the SAN NIC's link.
    pub(crate) fn may_need_route(&self) -> bool {
        let may_be_routed = self.routed_portal().is_some() || self.login_portals().is_empty();
        may_be_routed && !matches!(self.target_network(), TargetNetwork::OnLink(_))
    }

    /// The route that the user named: `--san-subnet` by `--san-gateway`.
    fn told_route(&self, portal: Option<IpAddr>) -> Option<StaticRoute> {
        let gateway = self.scope.san_gateway?;
        let destination = self.scope.san_subnets.iter().copied().find(|subnet| leads_to(*subnet, portal))?;
        Some(StaticRoute { destination, gateway: Some(gateway), metric: None })
    }

    /// The first portal that the SAN NIC does not have on its link.
    fn routed_portal(&self) -> Option<IpAddr> {
        let on_link = |portal: &IpAddr| self.handoff().is_some_and(|handoff| handoff.is_on_link(*portal));
        self.login_portals().into_iter().find(|portal| !on_link(portal))
    }

    /// The route of option 121, of a lease that is the SAN NIC's: by its name or MAC address, or by what it brings.
    pub(super) fn leased_route(&self, portal: Option<IpAddr>) -> Option<StaticRoute> {
        let nic = self.any_nic().map(|nic| nic.name);
        let of_san = |lease: &&Lease| match (portal, &lease.mac) {
            (Some(_), _) => true,
            (None, Some(mac)) if self.san_mac().is_some() => self.san_mac() == Some(mac),
            (None, _) => nic.is_some() && lease.interface == nic,
        };
        let routes = self.dhcp.leases.iter().filter(of_san).filter_map(|lease| lease.classless.as_deref()).flatten();
        let fits = |route: &&ClasslessRoute| leads_to(route.destination, portal) && !route.gateway.is_unspecified();
        routes.filter(fits).max_by_key(|route| route.destination.prefix_len()).map(|route| StaticRoute {
            destination: route.destination,
            gateway: Some(route.gateway),
            metric: None,
        })
    }

    /// The routes of the command line that have a gateway.
    fn routes_of_words(&self) -> impl Iterator<Item = StaticRoute> {
        let with_gateway = |route: RouteWord| {
            let gateway = route.gateway?;
            Some(StaticRoute { destination: route.destination, gateway: Some(gateway), metric: None })
        };
        self.boot_words().route_words().into_iter().filter_map(with_gateway)
    }

    /// A route with a gateway that a configuration has: one that leads to the portal, or else to a subnet that the
    /// user named, or of the SAN NIC by its name.
    fn route_of_configuration(&self, portal: Option<IpAddr>) -> Option<StaticRoute> {
        let nic = self.any_nic().map(|nic| nic.name);
        let is_named = |config: &InterfaceConfig| nic.as_ref().is_some_and(|nic| config.matches.names.contains(nic));
        let fits = |config: &InterfaceConfig, route: &StaticRoute| {
            let to_subnet = || self.scope.san_subnets.iter().any(|subnet| subnet.contains(&route.destination));
            route.gateway.is_some()
                && leads_to(route.destination, portal)
                && (portal.is_some() || to_subnet() || is_named(config))
        };
        let of = |config: &InterfaceConfig| {
            config.routes.iter().map(|route| &route.value).find(|route| fits(config, route)).cloned()
        };
        self.netconfig.interfaces.iter().find_map(of).map(|route| StaticRoute { metric: None, ..route })
    }

    /// A route by a gateway that is known: to the subnet that the user named, else to the portal alone.
    fn route_by_gateway(&self, portal: Option<IpAddr>) -> Option<StaticRoute> {
        let named = self.scope.san_subnets.iter().copied().find(|subnet| leads_to(*subnet, portal));
        let destination = named.or_else(|| portal.map(IpNet::from))?;
        let of_firmware = || self.handoff()?.boot_nic()?.gateway.filter(|gateway| !gateway.is_unspecified());
        let of_words = || self.routes_of_words().find_map(|route| route.gateway);
        let gateway = of_firmware().or_else(of_words).filter(|gateway| gateway.is_ipv6() == is_ipv6(destination))?;
        Some(StaticRoute { destination, gateway: Some(gateway), metric: None })
    }
}

fn is_ipv6(network: IpNet) -> bool {
    network.addr().is_ipv6()
}
