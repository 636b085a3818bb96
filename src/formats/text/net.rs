//! Addresses, netmasks and MAC addresses as files of every network manager write them.

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use isctpl_checks::facts::{HIDDEN, Located, StaticRoute};
use std::net::{IpAddr, Ipv4Addr};

/// A MAC address as `aa:bb:cc:dd:ee:ff`, from this form, with hyphens, or as Cisco writes it
/// (`aabb.ccdd.eeff`), with the wildcards of udev.
pub(crate) fn normal_mac(text: &str) -> String {
    let lower = text.to_ascii_lowercase().replace('-', ":");
    // What can be no address matches none, whatever it is.
    if !lower.chars().all(|c| c.is_ascii_hexdigit() || ":.*?[]!".contains(c)) {
        return HIDDEN.to_owned();
    }
    let digits: String = lower.chars().filter(|c| *c != '.').collect();
    if lower.contains('.') && digits.len() == 12 && digits.chars().all(|c| c.is_ascii_hexdigit()) {
        let pairs: Vec<String> =
            digits.chars().collect::<Vec<_>>().chunks(2).map(|pair| pair.iter().collect()).collect();
        return pairs.join(":");
    }
    lower
}

/// A prefix length from a netmask written with dots or as a length.
pub(crate) fn prefix(text: &str) -> Option<u8> {
    match text.trim().trim_start_matches('/').parse::<u8>() {
        Ok(length) => (length <= 32).then_some(length),
        Err(_) => ipnet::ipv4_mask_to_prefix(text.trim().parse::<Ipv4Addr>().ok()?).ok(),
    }
}

/// The prefix length of an address without a netmask, by its class, as ifupdown's `compute_v4_mask`.
pub(crate) fn classful_prefix(ip: Ipv4Addr) -> u8 {
    match ip.octets()[0] {
        0..128 => 8,
        128..192 => 16,
        _ => 24,
    }
}

/// The destination of a default route.
pub(crate) fn everywhere(ipv6: bool) -> IpNet {
    if ipv6 { Ipv6Net::default().into() } else { Ipv4Net::default().into() }
}

/// The gateway of the first IPv4 default route among routes.
pub(crate) fn default_gateway(routes: &[Located<StaticRoute>]) -> Option<IpAddr> {
    routes
        .iter()
        .map(|route| &route.value)
        .find(|route| route.destination.prefix_len() == 0 && route.destination.addr().is_ipv4())
        .and_then(|route| route.gateway)
}
