//! Names, addresses and numbers, as the programs of this folder take them.

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

/// A hardware address, as systemd takes it (`parse_hw_addr_full` in its `basic/ether-addr-util.c`): octets between
/// colons or hyphens, or pairs of them between dots; of the lengths that `takes` allows.
pub(super) fn hardware_address(text: &str, longest: usize, takes: impl Fn(usize) -> bool) -> Option<Vec<u8>> {
    let separator = text.chars().find(|c| !c.is_ascii_hexdigit()).filter(|c| matches!(c, '.' | ':' | '-'))?;
    let width = if separator == '.' { 2 } else { 1 };
    let mut octets = Vec::new();
    for field in text.split(separator) {
        let sound = (1..=width * 2).contains(&field.len()) && field.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = u16::from_str_radix(field, 16).ok().filter(|_| sound)?;
        octets.extend(number.to_be_bytes().into_iter().skip(2 - width));
    }
    (octets.len() <= longest && takes(octets.len())).then_some(octets)
}

/// Octets as systemd writes them: lower case with colons.
pub(super) fn with_colons(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().join(":")
}

/// A number, as systemd takes it (`safe_atou_full` in its `basic/parse-util.c`): decimal, or by its prefix
/// hexadecimal, octal or binary.
pub(super) fn number(text: &str) -> Option<u32> {
    let text = text.trim_start_matches([' ', '\t', '\n', '\r']);
    let of_base = |prefixes: [&str; 2]| prefixes.iter().find_map(|prefix| text.strip_prefix(prefix));
    let (digits, base) = if let Some(digits) = of_base(["0b", "0B"]) {
        (digits, 2)
    } else if let Some(digits) = of_base(["0o", "0O"]) {
        (digits, 8)
    } else {
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        match unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0X")) {
            Some(digits) => (digits, 16),
            None if unsigned.len() > 1 && unsigned.starts_with('0') => (unsigned, 8),
            None => (unsigned, 10),
        }
    };
    let sound = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = u32::from_str_radix(digits, base).ok().filter(|_| sound)?;
    (number == 0 || !text.starts_with('-')).then_some(number)
}

/// A size in bytes, as systemd takes it (`parse_size` in its `basic/parse-util.c`), with suffixes of 1024; no fraction.
pub(super) fn size(text: &str) -> Option<u64> {
    const SUFFIXES: [(&str, u32); 8] =
        [("E", 60), ("P", 50), ("T", 40), ("G", 30), ("M", 20), ("K", 10), ("B", 0), ("", 0)];
    let mut left = SUFFIXES.iter();
    let mut rest = text;
    let mut sum = 0_u64;
    loop {
        rest = rest.strip_prefix('+').unwrap_or(rest);
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number: u64 = rest.get(..digits)?.parse().ok()?;
        rest = rest.get(digits..)?;
        let (suffix, shift) = left.find(|(suffix, _)| rest.starts_with(suffix))?;
        sum = sum.checked_add(number.checked_mul(1 << shift)?)?;
        rest = rest.strip_prefix(suffix)?;
        if rest.is_empty() {
            return Some(sum);
        }
    }
}
