//! Names and addresses, as the programs of this folder take them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The length from which on a name is too long for an interface (`IFNAMSIZ` in `linux/if.h`).
const NAME_SIZE: usize = 16;

/// Whether systemd takes a text for the name of an interface (`ifname_valid` in its `basic/socket-util.c`).
pub(super) fn is_interface(name: &str) -> bool {
    let sound = |byte: u8| (33..127).contains(&byte) && !matches!(byte, b':' | b'/' | b'%');
    !name.is_empty()
        && name.len() < NAME_SIZE
        && name.bytes().all(sound)
        && !name.bytes().all(|byte| byte.is_ascii_digit())
        && !matches!(name, "." | ".." | "all" | "default")
}

/// An address of the family, as inet_pton(3) takes it.
pub(super) fn address(text: &str, v6: bool) -> Option<IpAddr> {
    if v6 { text.parse::<Ipv6Addr>().ok().map(IpAddr::V6) } else { text.parse::<Ipv4Addr>().ok().map(IpAddr::V4) }
}

/// The bits of an address of this family.
pub(super) fn bits(v6: bool) -> u8 {
    if v6 { 128 } else { 32 }
}

/// A MAC address of Ethernet in lower case with colons, from pairs of hexadecimal digits between colons or hyphens.
pub(super) fn mac(text: &str) -> Option<String> {
    let separator = if text.contains('-') { '-' } else { ':' };
    let octets: Vec<&str> = text.split(separator).collect();
    let is_octet = |octet: &&str| matches!(octet.len(), 1 | 2) && octet.bytes().all(|byte| byte.is_ascii_hexdigit());
    (octets.len() == 6 && octets.iter().all(is_octet))
        .then(|| octets.iter().map(|octet| format!("{:0>2}", octet.to_ascii_lowercase())).collect::<Vec<_>>().join(":"))
}
