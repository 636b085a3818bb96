//! `/var/lib/dhcpcd/IF.lease` of dhcpcd: the server's DHCP message as it came (RFC 2131).

use super::Builder;
use crate::formats::network::classless_routes::decode;
use isctpl_checks::facts::{Lease, LeaseClient, Location, Problem};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

const YIADDR: usize = 16;
const CHADDR: usize = 28;
const SNAME: std::ops::Range<usize> = 44..108;
const FILE: std::ops::Range<usize> = 108..236;
const COOKIE: usize = 236;
const OPTIONS: usize = 240;
const MAGIC: [u8; 4] = [99, 130, 83, 99];

/// Reads one file. Nothing in it tells when the lease ends: dhcpcd itself counts `lease_seconds` from
/// the file's modification time, and so can the caller.
pub fn parse(bytes: &[u8], path: &str, interface: Option<&str>) -> (Vec<Lease>, Vec<Problem>) {
    let mut builder = Builder::new(LeaseClient::Dhcpcd, Location::file(path));
    if bytes.get(COOKIE..OPTIONS) != Some(&MAGIC) {
        builder.problem("is not a DHCP message: the magic cookie is missing");
        return (Vec::new(), builder.problems);
    }
    builder.lease.interface = interface.map(str::to_owned);
    builder.ip = quad(bytes.get(YIADDR..).unwrap_or_default()).map(Ipv4Addr::from);
    // Ethernet, as nearly every NIC: hardware type 1 with six octets.
    if let Some([_, 1, 6, ..]) = bytes.first_chunk::<3>()
        && let Some(mac) = bytes.get(CHADDR..CHADDR + 6)
    {
        builder.lease.mac = Some(mac.iter().map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().join(":"));
    }
    fill(&mut builder, &options(bytes));
    let (lease, problems) = builder.finish();
    (lease.into_iter().collect(), problems)
}

fn fill(builder: &mut Builder, options: &Options) {
    if options.cut {
        builder.problem("its options are cut short");
    }
    let value = |code: u8| options.values.get(&code).map(Vec::as_slice);
    let address = |builder: &mut Builder, key: &str, octets: &[u8]| {
        builder.misread(key, quad(octets).filter(|_| octets.len() == 4).map(Ipv4Addr::from))
    };
    if let Some(octets) = value(1) {
        builder.mask = address(builder, "the subnet mask (option 1)", octets);
    }
    if let Some(octets) = value(3) {
        let (routers, rest) = octets.as_chunks::<4>();
        if !rest.is_empty() {
            builder.problem("the routers (option 3) are cut short");
        }
        let routers = routers.iter().copied().map(IpAddr::from).filter(|ip| !ip.is_unspecified());
        builder.lease.routers = routers.collect();
    }
    if let Some(octets) = value(26) {
        let mtu = <[u8; 2]>::try_from(octets).ok().map(|octets| u32::from(u16::from_be_bytes(octets)));
        builder.lease.mtu = builder.misread("the MTU (option 26)", mtu);
    }
    if let Some(octets) = value(51) {
        let seconds = quad(octets).map(|octets| u64::from(u32::from_be_bytes(octets)));
        let seconds = builder.misread("the lease time (option 51)", seconds);
        builder.lease.lease_seconds = seconds.filter(|&seconds| seconds != super::ENDLESS);
    }
    if let Some(octets) = value(54) {
        builder.lease.server = address(builder, "the server (option 54)", octets).map(IpAddr::V4);
    }
    if let Some(octets) = value(121) {
        builder.classless("option 121", decode(octets));
    } else if let Some(octets) = value(249) {
        builder.classless("option 249", decode(octets));
    }
}

fn quad(octets: &[u8]) -> Option<[u8; 4]> {
    octets.first_chunk::<4>().copied()
}

/// The options of a message. One that came in several pieces is put together (RFC 3396).
#[derive(Default)]
struct Options {
    values: BTreeMap<u8, Vec<u8>>,
    cut: bool,
}

fn options(bytes: &[u8]) -> Options {
    let mut options = Options::default();
    options.read(bytes.get(OPTIONS..).unwrap_or_default());
    // Option 52: more options stand in the fields `file` (bit 0), then `sname` (bit 1).
    let overload = options.values.get(&52).and_then(|value| value.first()).copied().unwrap_or(0);
    for (bit, field) in [(1, FILE), (2, SNAME)] {
        if overload & bit != 0 {
            options.read(bytes.get(field).unwrap_or_default());
        }
    }
    options
}

impl Options {
    fn read(&mut self, mut field: &[u8]) {
        while let Some((&code, rest)) = field.split_first() {
            match code {
                0 => field = rest,
                255 => return,
                code => {
                    let Some((value, rest)) =
                        rest.split_first().and_then(|(&length, rest)| rest.split_at_checked(usize::from(length)))
                    else {
                        self.cut = true;
                        return;
                    };
                    self.values.entry(code).or_default().extend_from_slice(value);
                    field = rest;
                }
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PATH: &str = "/var/lib/dhcpcd/enp0s3.lease";

    fn message(options: &[u8]) -> Vec<u8> {
        let mut message = vec![0; OPTIONS];
        message[..3].copy_from_slice(&[2, 1, 6]);
        message[YIADDR..YIADDR + 4].copy_from_slice(&[100, 64, 16, 54]);
        message[CHADDR..CHADDR + 6].copy_from_slice(&[0x52, 0x54, 0, 0, 0, 1]);
        message[COOKIE..OPTIONS].copy_from_slice(&MAGIC);
        message.extend_from_slice(options);
        message
    }

    fn sample() -> Vec<u8> {
        message(&[
            53, 1, 5, 54, 4, 100, 64, 16, 49, 51, 4, 0, 0, 14, 16, 1, 4, 255, 255, 255, 248, 3, 4, 100, 64, 16, 49, 26,
            2, 0x23, 0x28, 0, 121, 7, 16, 100, 97, 100, 64, 16, 49, 255, 0, 0,
        ])
    }

    #[test]
    fn reads_a_message() {
        let (leases, problems) = parse(&sample(), PATH, Some("enp0s3"));
        assert_eq!(problems, []);
        let lease = &leases[0];
        assert_eq!(lease.interface.as_deref(), Some("enp0s3"));
        assert_eq!(lease.mac.as_deref(), Some("52:54:00:00:00:01"));
        assert_eq!(lease.address, Some("100.64.16.54/29".parse().unwrap()));
        assert_eq!(lease.routers, ["100.64.16.49".parse::<IpAddr>().unwrap()]);
        assert_eq!(lease.server, Some("100.64.16.49".parse().unwrap()));
        assert_eq!((lease.mtu, lease.lease_seconds), (Some(9000), Some(3600)));
        assert_eq!(lease.classless.as_ref().unwrap()[0].destination, "100.97.0.0/16".parse().unwrap());
    }

    #[test]
    fn puts_pieces_of_an_option_together() {
        let (leases, problems) = parse(&message(&[121, 3, 16, 100, 97, 121, 4, 100, 64, 16, 49, 255]), PATH, None);
        assert_eq!(problems, []);
        assert_eq!(leases[0].classless.as_ref().unwrap().len(), 1);
    }

    #[test]
    fn reads_options_in_the_file_and_sname_fields() {
        let mut bytes = message(&[52, 1, 3, 121, 3, 16, 100, 97, 255]);
        bytes[FILE.start..FILE.start + 5].copy_from_slice(&[121, 2, 100, 64, 255]);
        bytes[SNAME.start..SNAME.start + 5].copy_from_slice(&[121, 2, 16, 49, 255]);
        let (leases, problems) = parse(&bytes, PATH, None);
        assert_eq!(problems, []);
        assert_eq!(leases[0].classless.as_ref().unwrap()[0].gateway, "100.64.16.49".parse::<IpAddr>().unwrap());
    }

    #[test]
    fn a_text_file_is_no_message() {
        let (leases, problems) = parse(b"lease { }", PATH, None);
        assert!(leases.is_empty());
        assert_eq!(problems.len(), 1);
    }

    #[test]
    fn faults_are_told_and_the_rest_kept() {
        let (leases, problems) =
            parse(&message(&[1, 2, 255, 255, 121, 2, 45, 10, 3, 5, 1, 2, 3, 4, 5, 51, 9]), PATH, None);
        assert_eq!(leases[0].routers.len(), 1);
        assert_eq!(problems.len(), 4, "{problems:?}");
    }

    #[test]
    fn survives_a_cut_at_every_offset() {
        let sample = sample();
        for cut in 0..sample.len() {
            parse(&sample[..cut], PATH, None);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
            parse(&bytes, PATH, None);
            parse(&message(&bytes), PATH, None);
        }
    }
}
