//! Ways to the target that the command line brings: `rd.route=`, and the NIC of the firmware.

use super::ip_word::split_fields;
use super::{Analysis, BootHandoff};
use crate::Outcome;
use crate::facts::{Cmdline, Initramfs, NetworkKind, StaticRoute, Word};
use ipnet::IpNet;
use std::net::IpAddr;

/// One `rd.route=NET/LEN:GATEWAY[:INTERFACE]` (dracut.cmdline(7)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RouteWord {
    /// As written, without `rd.route=`.
    pub text: String,
    /// Destination.
    pub destination: IpNet,
    /// Gateway.
    pub gateway: Option<IpAddr>,
    /// Interface.
    pub interface: Option<String>,
}

impl RouteWord {
    /// Whether a portal lies in its destination.
    pub(crate) fn leads_to(&self, portal: IpAddr) -> bool {
        self.destination.contains(&portal)
    }
}

impl Cmdline {
    /// Every `rd.route=` of a command line that can be understood.
    pub(crate) fn route_words(&self) -> Vec<RouteWord> {
        self.all("rd.route")
            .filter_map(|text| {
                let fields = split_fields(text);
                let first = fields.first()?;
                let destination = if first == "default" {
                    "0.0.0.0/0".parse().ok()?
                } else {
                    first.parse::<IpNet>().ok().or_else(|| first.parse::<IpAddr>().ok().map(IpNet::from))?
                };
                let interface = fields.get(2).filter(|field| !field.is_empty()).cloned();
                let gateway = fields.get(1).and_then(|gateway| gateway.parse().ok());
                Some(RouteWord { text: text.to_owned(), destination, gateway, interface })
            })
            .collect()
    }

    /// The routes that the image sets, none where nothing in it reads them: network-legacy renames the NIC of the iBFT
    /// to `ibft0` when it is told to read that, unless ifname= names it, and leaves out a route for an interface that
    /// it does not set up (dracut `net-lib.sh`, `set_ifname` and `setup_net`).
    ///
    /// # Errors
    /// The outcome to return where what decides it may be in a part of the image that was not read.
    pub(crate) fn routes_set(&self, image: &Initramfs) -> Result<Vec<RouteWord>, Outcome> {
        let mut routes = self.route_words();
        if routes.is_empty() {
            return Ok(routes);
        }
        if !image.reads_routes() {
            image.whole()?;
            return Ok(Vec::new());
        }
        let ips = self.ip_words(Some(image));
        let named = |route: &RouteWord| {
            route.interface.as_deref().is_none_or(|name| {
                name.starts_with("ibft")
                    || self.all("ifname").any(|value| value.split(':').next() == Some(name))
                    || ips.iter().any(|ip| ip.interface.as_deref() == Some(name))
            })
        };
        if !routes.iter().all(named) && self.renames_firmware_nic(image)? {
            routes.retain(named);
        }
        Ok(routes)
    }

    /// The words by which dracut takes its NIC from the iBFT: `rd.iscsi.ibft` where it is on, and every `ip=ibft`.
    pub(crate) fn firmware_nic_words(&self) -> impl Iterator<Item = &Word> {
        self.words.iter().filter(|word| match word.key.as_str() {
            "rd.iscsi.ibft" => self.is_on("rd.iscsi.ibft"),
            "ip" => word.value.as_deref() == Some("ibft"),
            _ => false,
        })
    }

    /// Whether the image takes its NIC from the iBFT for these words.
    ///
    /// # Errors
    /// The outcome to return where what reads them may be in a part of the image that was not read.
    pub(crate) fn takes_firmware_nic(&self, image: &Initramfs) -> Result<bool, Outcome> {
        let mut words = self.firmware_nic_words().peekable();
        if words.peek().is_none() {
            return Ok(false);
        }
        let read = |word: &Word| image.reads_firmware_nic(if word.key == "ip" { "ip=ibft" } else { "rd.iscsi.ibft" });
        if words.any(read) {
            return Ok(true);
        }
        image.whole()?;
        Ok(false)
    }

    /// Whether the image gives the NIC of the iBFT the name `ibft0`.
    ///
    /// # Errors
    /// The outcome to return where what does so may be in a part of the image that was not read.
    pub(crate) fn renames_firmware_nic(&self, image: &Initramfs) -> Result<bool, Outcome> {
        if !self.takes_firmware_nic(image)? {
            return Ok(false);
        }
        let renames = image.has_network(NetworkKind::DracutLegacy);
        if !renames {
            image.whole()?;
        }
        Ok(renames)
    }
}

impl Analysis<'_> {
    /// The route that leads to the first portal of the login, where these routes lead to each of them; the first
    /// route when no portal is known.
    pub(crate) fn route_to_portals<'a>(&self, routes: &'a [RouteWord]) -> Option<&'a RouteWord> {
        let portals = self.login_portals();
        let led = portals.iter().map(|portal| routes.iter().find(|route| route.leads_to(*portal)));
        if portals.is_empty() { routes.first() } else { led.collect::<Option<Vec<_>>>()?.first().copied() }
    }

    /// Whether a portal is reached without a route of DHCP: by one of these routes, or in the subnet of the NIC by
    /// which the firmware says that it is reached, of any of the firmware's NICs where it does not say so.
    pub(crate) fn has_way(&self, portal: IpAddr, routes: &[RouteWord]) -> bool {
        let is_on_link = |handoff: &BootHandoff<'_>| match handoff.nic_to(portal) {
            Some(nic) => nic.network.is_some_and(|network| network.contains(&portal)),
            None => handoff.is_on_link(portal),
        };
        routes.iter().any(|route| route.leads_to(portal)) || self.handoff().is_some_and(is_on_link)
    }

    /// The first route that the image leaves out although it reads such words, and without which it has no way to
    /// a portal of the login.
    ///
    /// # Errors
    /// The outcome to return where it is not known which routes the image sets.
    pub(crate) fn route_left_out(&self, image: &Initramfs) -> Result<Option<RouteWord>, Outcome> {
        let words = self.boot_words();
        let set = words.routes_set(image)?;
        let portals = self.login_portals();
        let is_needed = |route: &RouteWord| match portals.is_empty() {
            true => set.is_empty(),
            false => portals.iter().any(|portal| route.leads_to(*portal) && !self.has_way(*portal, &set)),
        };
        let mut routes = words.route_words().into_iter();
        Ok(routes.find(|route| image.reads_routes() && !set.contains(route) && is_needed(route)))
    }
}

impl StaticRoute {
    /// It as `rd.route=`, through an interface; `None` without a gateway.
    pub(crate) fn as_word(&self, interface: Option<&str>) -> Option<String> {
        let bracketed = |text: String| if text.contains(':') { format!("[{text}]") } else { text };
        let through = interface.map(|interface| format!(":{interface}")).unwrap_or_default();
        let (to, by) = (bracketed(self.destination.to_string()), bracketed(self.gateway?.to_string()));
        Some(format!("rd.route={to}:{by}{through}"))
    }
}

/// Whether a destination has the portal in it, or may have it where none is known. A default route is no route to the
/// SAN.
pub(super) fn leads_to(destination: IpNet, portal: Option<IpAddr>) -> bool {
    destination.prefix_len() > 0 && portal.is_none_or(|portal| destination.contains(&portal))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_nic_of_the_firmware_is_asked_for_by_any_ip_and_by_the_last_switch() {
        let asks = |words: &[(&str, &str)]| {
            let word = |(key, value): &(&str, &str)| Word {
                key: (*key).to_owned(),
                value: Some((*value).to_owned()),
                ..Default::default()
            };
            Cmdline { at: None, words: words.iter().map(word).collect() }.firmware_nic_words().next().is_some()
        };
        assert!(asks(&[("ip", "ibft"), ("ip", "enp0s4:dhcp")]));
        assert!(asks(&[("rd.iscsi.ibft", "1")]));
        assert!(!asks(&[("rd.iscsi.ibft", "1"), ("rd.iscsi.ibft", "0")]));
        assert!(!asks(&[("ip", "dhcp")]));
    }

    #[test]
    fn reads_routes() {
        let mut words = Cmdline::default();
        for value in ["100.97.0.0/16:100.64.16.49:ibft0", "nonsense", "[2001:db8::/32]:[fe80::1]"] {
            words.words.push(crate::facts::Word {
                key: "rd.route".to_owned(),
                value: Some(value.to_owned()),
                ..Default::default()
            });
        }
        let routes = words.route_words();
        assert_eq!(routes.len(), 2);
        assert_eq!(routes[0].interface.as_deref(), Some("ibft0"));
        assert_eq!(routes[1].destination, "2001:db8::/32".parse().unwrap());
    }
}
