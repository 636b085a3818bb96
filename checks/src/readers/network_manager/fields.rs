//! The fields of a word, as nm-initrd-generator takes them.

use std::net::IpAddr;

/// The most octets of a hardware address (`NM_UTILS_HWADDR_LEN_MAX`).
const LONGEST: usize = 20;

/// A field up to the separator, which counts not inside brackets; `None` where it is empty. What follows a bracket up
/// to the separator is lost.
pub(super) fn next_field(rest: &mut &str, separator: char) -> Option<String> {
    let (field, after) = match rest.strip_prefix('[').map(|inside| inside.split_once(']')) {
        Some(Some((field, after))) => (field, after.split_once(separator).map_or("", |(_, after)| after)),
        Some(None) => (&rest[1..], ""),
        None => rest.split_once(separator).unwrap_or((rest, "")),
    };
    let field = (!field.is_empty()).then(|| field.to_owned());
    *rest = after;
    field
}

/// How an interface comes to its address, in the generator's words; `None` for a word that it does not know.
pub(super) fn how(word: Option<&str>) -> Option<&'static str> {
    Some(match word.map(str::trim).unwrap_or_default() {
        "" | "on" | "any" | "auto" => "auto",
        "none" | "off" => "none",
        "dhcp" | "single-dhcp" => "dhcp",
        "dhcp6" | "auto6" => "dhcp6",
        "link6" => "link6",
        "ibft" | "fw" => "ibft",
        list if list.contains(',') => return of_list(list),
        _ => return None,
    })
}

/// Several ways between commas, of which not every one goes with every other.
fn of_list(list: &str) -> Option<&'static str> {
    let words = list.split(',').map(str::trim).filter(|word| !word.is_empty());
    let mut ways = words.map(|word| how(Some(word))).collect::<Option<Vec<_>>>()?;
    ways.sort_unstable();
    ways.dedup();
    if ways.contains(&"auto") {
        ways.retain(|way| *way != "dhcp6");
    }
    match ways.as_slice() {
        [only] => Some(only),
        ["dhcp", "dhcp6"] => Some("auto"),
        _ => None,
    }
}

/// A switch: what is no word for yes or no leaves the default.
pub(super) fn boolean(value: &str, default: bool) -> bool {
    match value.trim().to_ascii_lowercase().as_str() {
        "yes" | "y" | "true" | "t" | "on" | "1" => true,
        "no" | "n" | "false" | "f" | "off" | "0" => false,
        _ => default,
    }
}

/// A number that is not greater than another one.
pub(super) fn number(text: &str, most: u32) -> Option<u32> {
    let text = text.trim();
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let sound = digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.parse().ok().filter(|number| sound && *number <= most)?;
    (number == 0 || !text.starts_with('-')).then_some(number)
}

/// An address with the length that may stand behind it.
pub(super) fn with_length(text: &str) -> Option<(IpAddr, Option<u8>)> {
    let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
    let address: IpAddr = address.parse().ok().filter(|address: &IpAddr| address.is_ipv6() == text.contains(':'))?;
    let most = if address.is_ipv6() { 128 } else { 32 };
    let length = length.map(|length| number(length, most).and_then(|length| u8::try_from(length).ok()).ok_or(()));
    Some((address, length.transpose().ok()?))
}

/// The length of a mask, whose holes are not looked at.
pub(super) fn length_of(mask: &str, address: Option<IpAddr>) -> Option<u8> {
    let v4 = address.is_some_and(|address| address.is_ipv4());
    match mask.parse() {
        Ok(IpAddr::V4(mask)) if v4 => u8::try_from(32 - u32::from(mask).trailing_zeros()).ok(),
        _ => u8::try_from(number(mask, if v4 { 32 } else { 128 })?).ok(),
    }
}

/// The length that an address has where none is written: that of its class.
pub(super) fn default_length(address: IpAddr) -> u8 {
    match address {
        IpAddr::V6(_) => 64,
        IpAddr::V4(address) => match address.octets()[0] {
            0..=127 => 8,
            128..=191 => 16,
            _ => 24,
        },
    }
}

/// A hardware address of any length in lower case with colons: octets of one or two digits between colons or hyphens.
pub(super) fn hardware_address(text: &str) -> Option<String> {
    let separator = if text.contains('-') { '-' } else { ':' };
    let octets: Vec<&str> = text.split(separator).collect();
    let is_octet = |octet: &&str| matches!(octet.len(), 1 | 2) && octet.bytes().all(|byte| byte.is_ascii_hexdigit());
    ((2..=LONGEST).contains(&octets.len()) && octets.iter().all(is_octet))
        .then(|| octets.iter().map(|octet| format!("{:0>2}", octet.to_ascii_lowercase())).collect::<Vec<_>>().join(":"))
}

/// Whether a hardware address is one of Ethernet.
pub(super) fn is_of_ethernet(address: &str) -> bool {
    hardware_address(address).is_some_and(|address| address.split(':').count() == 6)
}
