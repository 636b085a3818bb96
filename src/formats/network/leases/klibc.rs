//! `/run/net-IF.conf` of klibc's ipconfig, which initramfs-tools leaves for the real root
//! (`usr/kinit/ipconfig/main.c`, `dump_device_config`).
//!
//! A shell script by form, with values that the DHCP server chose: it is parsed and never run.

use super::Builder;
use isctpl_checks::facts::{ClasslessRoute, Lease, LeaseClient, Location, Problem};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Reads one file. A file whose `PROTO` is not DHCP (`none`, `static`) holds no lease, and neither
/// does one whose `DHCPLEASETIME` is 0: that is `net-IF.conf.ibft`, in which open-iscsi puts down
/// what the iBFT says before anybody asked a server.
///
/// ipconfig writes `IPV4ROUTEnSUBNET` and `IPV4ROUTEnGATEWAY` when option 121 was given, and
/// `IPV4GATEWAY` only when it was not. Nothing tells when the lease ends: `UPTIME` is the time
/// since boot.
pub fn parse(text: &str, path: &str) -> (Vec<Lease>, Vec<Problem>) {
    let mut builder = Builder::new(LeaseClient::Klibc, Location::file(path));
    let mut values: BTreeMap<&str, String> = BTreeMap::new();
    for (number, line) in (1_u32..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match line.split_once('=').map(|(key, value)| (key, unquote(value))) {
            Some((key, Some(value))) => {
                values.insert(key, value);
            }
            _ => builder
                .problems
                .push(Problem::new(format!("{path}:{number}"), "is not an assignment of a quoted value")),
        }
    }
    let value = |key: &str| values.get(key).map(String::as_str).filter(|value| !value.is_empty());
    if value("PROTO") != Some("dhcp") || value("DHCPLEASETIME") == Some("0") {
        return (Vec::new(), builder.problems);
    }
    builder.lease.interface = value("DEVICE").map(str::to_owned);
    if let Some(ip) = value("IPV4ADDR") {
        builder.ip("IPV4ADDR", ip);
    }
    if let Some(mask) = value("IPV4NETMASK") {
        builder.mask("IPV4NETMASK", mask);
    }
    if let Some(gateway) = value("IPV4GATEWAY") {
        builder.routers("IPV4GATEWAY", gateway);
    }
    if let Some(seconds) = value("DHCPLEASETIME") {
        builder.lease_seconds("DHCPLEASETIME", seconds);
    }
    routes(&mut builder, value);
    let (lease, problems) = builder.finish();
    (lease.into_iter().collect(), problems)
}

fn routes<'a>(builder: &mut Builder, value: impl Fn(&str) -> Option<&'a str>) {
    for number in 0_u32.. {
        let key = format!("IPV4ROUTE{number}SUBNET");
        let Some(subnet) = value(&key) else { return };
        let gateway = value(&format!("IPV4ROUTE{number}GATEWAY")).unwrap_or("0.0.0.0");
        let route = match (subnet.parse::<ipnet::Ipv4Net>(), gateway.parse()) {
            (Ok(destination), Ok(gateway)) => {
                Some(ClasslessRoute { destination: destination.trunc().into(), gateway: IpAddr::V4(gateway) })
            }
            _ => None,
        };
        let known = builder.lease.classless.get_or_insert_default();
        match route {
            Some(route) => known.push(route),
            None => builder.problem(format!("the value of {key}, or of its gateway, is not valid")),
        }
    }
}

/// The value of a word in single quotes, as ipconfig writes it: a quote or an exclamation mark
/// within stands outside of the quotes with a backslash before it. A bare word is taken too.
fn unquote(word: &str) -> Option<String> {
    let mut value = String::with_capacity(word.len());
    let mut chars = word.chars();
    let mut quoted = false;
    while let Some(c) = chars.next() {
        match (quoted, c) {
            (_, '\'') => quoted = !quoted,
            (false, '\\') => value.push(chars.next()?),
            (false, c) if c.is_ascii_whitespace() || "\"$`;&|<>()".contains(c) => return None,
            (_, c) => value.push(c),
        }
    }
    (!quoted).then_some(value)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ROUTED: &str = "DEVICE='enp0s3'
PROTO='dhcp'
IPV4ADDR='100.64.16.54'
IPV4BROADCAST='100.64.16.55'
IPV4NETMASK='255.255.255.248'
IPV4ROUTE0SUBNET='100.97.0.0/16'
IPV4ROUTE0GATEWAY='100.64.16.49'
IPV4ROUTE1SUBNET='169.254.0.0/16'
IPV4ROUTE1GATEWAY='0.0.0.0'
IPV4DNS0='0.0.0.0'
HOSTNAME='it'\\''s'
ROOTSERVER='100.64.16.49'
ROOTPATH=''
UPTIME='22'
DHCPLEASETIME='3600'
";

    #[test]
    fn reads_a_lease_with_classless_routes() {
        let (leases, problems) = parse(ROUTED, "/run/net-enp0s3.conf");
        assert_eq!(problems, []);
        let [lease] = leases.as_slice() else { panic!("{leases:?}") };
        assert_eq!(lease.client, LeaseClient::Klibc);
        assert_eq!(lease.interface.as_deref(), Some("enp0s3"));
        assert_eq!(lease.address, Some("100.64.16.54/29".parse().unwrap()));
        assert!(lease.routers.is_empty());
        assert_eq!(lease.lease_seconds, Some(3600));
        assert_eq!(lease.expires, None);
        let routes: Vec<_> = lease.classless.iter().flatten().map(|r| (r.destination.to_string(), r.gateway)).collect();
        assert_eq!(
            routes,
            [
                ("100.97.0.0/16".to_owned(), "100.64.16.49".parse().unwrap()),
                ("169.254.0.0/16".to_owned(), "0.0.0.0".parse().unwrap())
            ]
        );
        assert_eq!(lease.at, Some(Location::file("/run/net-enp0s3.conf")));
    }

    #[test]
    fn reads_a_lease_with_a_router() {
        let text =
            "DEVICE='eth0'\nPROTO='dhcp'\nIPV4ADDR='10.0.0.5'\nIPV4NETMASK='255.255.255.0'\nIPV4GATEWAY='10.0.0.1'\n";
        let (leases, problems) = parse(text, "/run/net-eth0.conf");
        assert_eq!(problems, []);
        assert_eq!(leases[0].routers, ["10.0.0.1".parse::<IpAddr>().unwrap()]);
        assert_eq!(leases[0].classless, None);
    }

    #[test]
    fn an_address_set_by_hand_is_no_lease() {
        let text = "DEVICE='eth0'\nPROTO='none'\nIPV4ADDR='10.0.0.5'\nIPV4NETMASK='255.255.255.0'\n";
        assert_eq!(parse(text, "/run/net-eth0.conf"), (Vec::new(), Vec::new()));
    }

    #[test]
    fn what_the_ibft_said_is_no_lease() {
        let text = "DEVICE='eth0'\nPROTO='dhcp'\nIPV4ADDR='10.0.0.5'\nIPV4GATEWAY='10.0.0.1'\nDHCPLEASETIME='0'\n";
        assert_eq!(parse(text, "/run/net-eth0.conf.ibft"), (Vec::new(), Vec::new()));
    }

    #[test]
    fn tells_the_line_of_what_is_no_assignment() {
        let text = "DEVICE='eth0'\nPROTO='dhcp'\nIPV4ADDR=$(reboot)\nrm -rf /\n";
        let (leases, problems) = parse(text, "/run/net-eth0.conf");
        assert!(leases.is_empty());
        let places: Vec<_> = problems.iter().map(|problem| problem.place.as_str()).collect();
        assert_eq!(places, ["/run/net-eth0.conf:3", "/run/net-eth0.conf:4"]);
    }

    #[test]
    fn a_route_that_cannot_be_read_is_told() {
        let text = ROUTED.replace("100.97.0.0/16", "100.97.0.0/99");
        let (leases, problems) = parse(&text, "/run/net-enp0s3.conf");
        assert_eq!(leases[0].classless.as_ref().map(Vec::len), Some(1));
        assert_eq!(problems.len(), 1);
    }

    #[test]
    fn survives_a_cut_at_every_offset() {
        for cut in 0..ROUTED.len() {
            parse(&ROUTED[..cut], "/run/net-enp0s3.conf");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
            parse(&String::from_utf8_lossy(&bytes), "/run/net-x.conf");
        }
    }
}
