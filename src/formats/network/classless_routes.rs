//! DHCP option 121, classless static routes (RFC 3442), and Microsoft's option 249 of the same form.
//!
//! The option is a row of descriptors: the width of a prefix in bits, as many octets of the
//! destination as that width needs, and four octets of the next hop. Each DHCP client writes it down
//! in a form of its own; [`parse`] reads all of them.

use ipnet::{IpNet, Ipv4Net};
use isctpl_checks::facts::ClasslessRoute;
use std::net::{IpAddr, Ipv4Addr};
use thiserror::Error;

/// What is wrong with an option 121. Offsets and positions count from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum Fault {
    /// A prefix wider than an IPv4 address.
    #[error("the prefix width {width} at octet {offset} is larger than 32")]
    Width {
        /// The width that was written.
        width: u8,
        /// Offset of the descriptor in the option.
        offset: usize,
    },
    /// The option ends inside a descriptor.
    #[error("the route at octet {offset} is cut short")]
    Short {
        /// Offset of the descriptor in the option.
        offset: usize,
    },
    /// A word of a text form that is none of its kind.
    #[error("word {position} is not part of a classless route")]
    Word {
        /// Number of the word.
        position: usize,
    },
    /// Text that ends with a destination and no gateway.
    #[error("the last destination has no gateway")]
    NoGateway,
}

/// The routes of an option 121: those before the fault, when there is one.
///
/// RFC 3442 does not say what a client does with the routes before a fault; some install them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Decoded {
    /// Routes, in the order of the option.
    pub routes: Vec<ClasslessRoute>,
    /// What stopped the decoding.
    pub fault: Option<Fault>,
}

/// Decodes the octets of the option. An option that was sent in several pieces is to be put
/// together first (RFC 3396), as [`crate::formats::network::leases::dhcpcd`] does.
pub(crate) fn decode(octets: &[u8]) -> Decoded {
    let mut routes = Vec::new();
    let mut rest = octets;
    while let Some((&width, tail)) = rest.split_first() {
        let offset = octets.len() - rest.len();
        if width > 32 {
            return Decoded { routes, fault: Some(Fault::Width { width, offset }) };
        }
        let significant = usize::from(width.div_ceil(8));
        let Some((destination, tail)) = tail.split_at_checked(significant) else {
            return Decoded { routes, fault: Some(Fault::Short { offset }) };
        };
        let Some((gateway, tail)) = tail.split_first_chunk::<4>() else {
            return Decoded { routes, fault: Some(Fault::Short { offset }) };
        };
        routes.extend(route(widen(destination), width, Ipv4Addr::from(*gateway)));
        rest = tail;
    }
    Decoded { routes, fault: None }
}

/// Reads the option in whichever text form a client wrote it:
///
/// - octets in decimal, `24,192,168,10,192,168,1,1` or with spaces (ISC dhclient, option declared as
///   an array of 8-bit integers);
/// - octets in hexadecimal with colons, `18:c0:a8:a:c0:a8:1:1`, or as a quoted string (ISC dhclient,
///   option not declared);
/// - pairs of descriptor and gateway, `24.192.168.10 192.168.1.1` (dhclient with the option built in,
///   as Fedora's);
/// - pairs of prefix and gateway, `192.168.10.0/24 192.168.1.1` (NetworkManager) or
///   `192.168.10.0/24,192.168.1.1` (systemd-networkd).
pub(crate) fn parse(text: &str) -> Decoded {
    let text = text.trim();
    if let Some(quoted) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        return decode(&unescape(quoted));
    }
    let words: Vec<&str> =
        text.split(|c: char| c == ',' || c.is_ascii_whitespace()).filter(|word| !word.is_empty()).collect();
    if words.iter().any(|word| word.contains('/')) {
        return pairs(&words, prefix);
    }
    if words.iter().any(|word| word.contains('.')) {
        return pairs(&words, descriptor);
    }
    let octets: Result<Vec<u8>, usize> = match words.as_slice() {
        [word] if word.contains(':') => numbers(word.split(':'), 16),
        words => numbers(words.iter().copied(), 10),
    };
    match octets {
        Ok(octets) => decode(&octets),
        Err(position) => Decoded { routes: Vec::new(), fault: Some(Fault::Word { position }) },
    }
}

fn numbers<'a>(words: impl Iterator<Item = &'a str>, radix: u32) -> Result<Vec<u8>, usize> {
    words.enumerate().map(|(position, word)| u8::from_str_radix(word, radix).map_err(|_| position)).collect()
}

fn pairs(words: &[&str], destination: fn(&str) -> Option<(Ipv4Addr, u8)>) -> Decoded {
    let mut routes = Vec::new();
    for (number, pair) in words.chunks(2).enumerate() {
        let position = number * 2;
        let [to, gateway] = pair else { return Decoded { routes, fault: Some(Fault::NoGateway) } };
        let Some((address, width)) = destination(to) else {
            return Decoded { routes, fault: Some(Fault::Word { position }) };
        };
        let Ok(gateway) = gateway.parse() else {
            return Decoded { routes, fault: Some(Fault::Word { position: position + 1 }) };
        };
        routes.extend(route(address, width, gateway));
    }
    Decoded { routes, fault: None }
}

/// `192.168.10.0/24`
fn prefix(word: &str) -> Option<(Ipv4Addr, u8)> {
    let net: Ipv4Net = word.parse().ok()?;
    Some((net.addr(), net.prefix_len()))
}

/// `24.192.168.10`: the width, and the octets that it needs.
fn descriptor(word: &str) -> Option<(Ipv4Addr, u8)> {
    let octets = numbers(word.split('.'), 10).ok()?;
    let (&width, destination) = octets.split_first()?;
    let fits = width <= 32 && destination.len() == usize::from(width.div_ceil(8));
    fits.then(|| (widen(destination), width))
}

/// An address of its first octets, at most four.
fn widen(octets: &[u8]) -> Ipv4Addr {
    let mut whole = [0; 4];
    for (to, from) in whole.iter_mut().zip(octets) {
        *to = *from;
    }
    Ipv4Addr::from(whole)
}

/// `None` only for a width above 32, which every caller has refused before.
fn route(destination: Ipv4Addr, width: u8, gateway: Ipv4Addr) -> Option<ClasslessRoute> {
    // Host bits are to be cleared by the client (RFC 3442, "Local Subnet Routes" and its errata).
    let destination = IpNet::V4(Ipv4Net::new(destination, width).ok()?.trunc());
    Some(ClasslessRoute { destination, gateway: IpAddr::V4(gateway) })
}

/// The octets of a string of ISC dhclient: `\ooo` in octal, and a backslash before any other
/// character stands for that character.
fn unescape(quoted: &str) -> Vec<u8> {
    let mut octets = Vec::with_capacity(quoted.len());
    let mut bytes = quoted.bytes().peekable();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            octets.push(byte);
            continue;
        }
        let mut value = 0_u32;
        let mut digits = 0;
        while digits < 3
            && let Some(digit @ b'0'..=b'7') = bytes.peek().copied()
        {
            value = value * 8 + u32::from(digit - b'0');
            digits += 1;
            bytes.next();
        }
        match digits {
            0 => octets.extend(bytes.next()),
            _ => octets.push(u8::try_from(value & 0xff).unwrap_or_default()),
        }
    }
    octets
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(decoded: &Decoded) -> Vec<String> {
        decoded.routes.iter().map(|route| format!("{} via {}", route.destination, route.gateway)).collect()
    }

    #[test]
    fn decodes_two_routes() {
        let decoded = decode(&[24, 192, 168, 10, 192, 168, 1, 1, 8, 10, 10, 17, 66, 41]);
        assert_eq!(shown(&decoded), ["192.168.10.0/24 via 192.168.1.1", "10.0.0.0/8 via 10.17.66.41"]);
        assert_eq!(decoded.fault, None);
    }

    #[test]
    fn decodes_default_on_link_and_host_routes() {
        let decoded = decode(&[0, 10, 0, 0, 1, 32, 169, 254, 169, 254, 0, 0, 0, 0]);
        assert_eq!(shown(&decoded), ["0.0.0.0/0 via 10.0.0.1", "169.254.169.254/32 via 0.0.0.0"]);
    }

    #[test]
    fn clears_host_bits() {
        let decoded = decode(&[25, 129, 210, 177, 132, 192, 168, 0, 113, 7, 2, 10, 34, 255, 6]);
        assert_eq!(shown(&decoded), ["129.210.177.128/25 via 192.168.0.113", "2.0.0.0/7 via 10.34.255.6"]);
    }

    #[test]
    fn a_width_above_32_keeps_what_came_before() {
        let decoded = decode(&[24, 192, 168, 10, 192, 168, 1, 1, 45, 10, 17, 66, 41]);
        assert_eq!(shown(&decoded), ["192.168.10.0/24 via 192.168.1.1"]);
        assert_eq!(decoded.fault, Some(Fault::Width { width: 45, offset: 8 }));
    }

    #[test]
    fn a_short_tail_is_a_fault() {
        for cut in 1..8 {
            let decoded = decode(&[24, 192, 168, 10, 192, 168, 1, 1][..cut]);
            assert_eq!(decoded, Decoded { routes: Vec::new(), fault: Some(Fault::Short { offset: 0 }) });
        }
    }

    #[test]
    fn reads_every_text_form() {
        for text in [
            "16,100,97,100,64,16,49",
            "16 100 97 100 64 16 49",
            "16, 100, 97, 100, 64, 16, 49",
            "10:64:61:64:40:10:31",
            "\"\\020dad@\\0201\"",
            "16.100.97 100.64.16.49",
            "100.97.0.0/16 100.64.16.49",
            "100.97.0.0/16,100.64.16.49",
        ] {
            let decoded = parse(text);
            assert_eq!(shown(&decoded), ["100.97.0.0/16 via 100.64.16.49"], "{text}");
            assert_eq!(decoded.fault, None, "{text}");
        }
        assert_eq!(parse(""), Decoded::default());
    }

    #[test]
    fn reads_pairs_of_descriptor_and_gateway() {
        let decoded = parse("0 192.168.0.113, 25.129.210.177.132 192.168.0.113, 7.2 10.34.255.6");
        assert_eq!(
            shown(&decoded),
            ["0.0.0.0/0 via 192.168.0.113", "129.210.177.128/25 via 192.168.0.113", "2.0.0.0/7 via 10.34.255.6"]
        );
    }

    #[test]
    fn faults_of_text_name_the_word() {
        assert_eq!(parse("24 192 x").fault, Some(Fault::Word { position: 2 }));
        assert_eq!(parse("24 300").fault, Some(Fault::Word { position: 1 }));
        assert_eq!(parse("10.0.0.0/8 gateway").fault, Some(Fault::Word { position: 1 }));
        assert_eq!(parse("10.0.0.0/8 10.0.0.1 10.1.0.0/16").fault, Some(Fault::NoGateway));
        assert_eq!(parse("45.10.17.66.41 10.0.0.1").fault, Some(Fault::Word { position: 0 }));
        assert_eq!(parse("10.0.0.0/64 10.0.0.1").fault, Some(Fault::Word { position: 0 }));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn never_panics_on_octets(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
            let decoded = decode(&octets);
            prop_assert!(decoded.routes.len() * 5 <= octets.len());
        }

        #[test]
        fn never_panics_on_text(text in "[0-9a-f.,/: \"\\\\x]{0,80}") {
            parse(&text);
        }

        #[test]
        fn never_panics_on_any_text(text in "\\PC{0,80}") {
            parse(&text);
        }
    }
}
