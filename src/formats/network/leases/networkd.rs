//! `/run/systemd/netif/leases/IFINDEX` of systemd-networkd (`sd-dhcp-lease.c`, `dhcp_lease_save`).
//!
//! Older releases write assignments, one a line; newer ones a JSON object. Which of both it is shows
//! in the first character.

use super::Builder;
use crate::formats::network::classless_routes::{Decoded, Fault};
use isctpl_checks::facts::{ClasslessRoute, Lease, LeaseClient, Location, Problem};
use serde_json::{Map, Value};
use std::net::{IpAddr, Ipv4Addr};

/// Reads one lease file of either form. `index` is the interface's, which the file's name gives.
pub fn parse(text: &str, path: &str, index: Option<u32>) -> (Vec<Lease>, Vec<Problem>) {
    let mut builder = Builder::new(LeaseClient::Networkd, Location::file(path));
    builder.lease.index = index;
    if text.trim_start().starts_with('{') {
        match serde_json::from_str::<Map<String, Value>>(text) {
            Ok(object) => fill_from_json(&mut builder, &object),
            Err(error) => {
                let place = format!("{path}:{}", error.line());
                return (Vec::new(), vec![Problem::new(place, "is not valid JSON")]);
            }
        }
    } else {
        fill_from_assignments(&mut builder, text);
    }
    let (lease, problems) = builder.finish();
    (lease.into_iter().collect(), problems)
}

/// Fills a lease from the older form. NetworkManager's internal client writes it as well.
pub(super) fn fill_from_assignments(builder: &mut Builder, text: &str) {
    for line in text.lines().map(str::trim) {
        let Some((key, value)) = line.split_once('=') else { continue };
        let value = unquote(value);
        match key {
            _ if line.starts_with('#') || value.is_empty() => {}
            "ADDRESS" => builder.ip(key, value),
            "NETMASK" => builder.mask(key, value),
            "ROUTER" => builder.routers(key, value),
            "SERVER_ADDRESS" => builder.server(key, value),
            "MTU" => builder.mtu(key, value),
            "LIFETIME" => lifetime(builder, key, value),
            "CLASSLESS_ROUTES" => builder.classless_text(key, value),
            // Before systemd 250 one list held options 33 and 121. A route of option 33 has a
            // classful prefix and so reads the same.
            "ROUTES" => builder.classless_text(key, value),
            _ => {}
        }
    }
}

fn unquote(value: &str) -> &str {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
}

fn lifetime(builder: &mut Builder, key: &str, value: &str) {
    if value != "infinity" {
        let seconds = builder.misread(key, timespan(value));
        builder.lease.lease_seconds = seconds.filter(|&seconds| seconds != super::ENDLESS);
    }
}

/// Seconds of a number, or of a time span as systemd prints it: `1d 2h 30min`.
fn timespan(text: &str) -> Option<u64> {
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    let mut total = 0_u64;
    for part in text.split_ascii_whitespace() {
        let (amount, unit) = part.split_at(part.find(|c: char| !c.is_ascii_digit())?);
        let seconds = match unit {
            "s" => 1,
            "min" => 60,
            "h" => 3600,
            "d" => 86_400,
            "w" => 604_800,
            // systemd's month and year: 30.44 and 365.25 days.
            "month" => 2_629_800,
            "y" => 31_557_600,
            _ => return None,
        };
        total = total.checked_add(amount.parse::<u64>().ok()?.checked_mul(seconds)?)?;
    }
    (!text.is_empty()).then_some(total)
}

fn fill_from_json(builder: &mut Builder, object: &Map<String, Value>) {
    builder.ip = octets_of(builder, object, "Address");
    builder.mask = octets_of(builder, object, "Netmask");
    builder.lease.server = octets_of(builder, object, "Server_Address").map(IpAddr::V4);
    for router in object.get("Router").and_then(Value::as_array).into_iter().flatten() {
        if let Some(router) = builder.misread("Router", address(router)).filter(|ip| !ip.is_unspecified()) {
            builder.lease.routers.push(IpAddr::V4(router));
        }
    }
    if let Some(mtu) = object.get("MTU") {
        let mtu = mtu.as_u64().and_then(|mtu| u32::try_from(mtu).ok());
        builder.lease.mtu = builder.misread("MTU", mtu);
    }
    match object.get("Lifetime") {
        Some(Value::String(text)) => lifetime(builder, "Lifetime", text),
        Some(value) => {
            builder.lease.lease_seconds = builder.misread("Lifetime", value.as_u64());
        }
        None => {}
    }
    if let Some(routes) = object.get("Classless_Routes") {
        let decoded = match routes.as_array() {
            Some(routes) => classless(routes),
            None => Decoded { routes: Vec::new(), fault: Some(Fault::Word { position: 0 }) },
        };
        builder.classless("Classless_Routes", decoded);
    }
}

fn octets_of(builder: &mut Builder, object: &Map<String, Value>, key: &str) -> Option<Ipv4Addr> {
    let value = object.get(key)?;
    builder.misread(key, address(value))
}

/// An address, as an array of four numbers or as text.
fn address(value: &Value) -> Option<Ipv4Addr> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Array(numbers) => {
            let octets: Vec<u8> =
                numbers.iter().map(|n| n.as_u64().and_then(|n| u8::try_from(n).ok())).collect::<Option<_>>()?;
            <[u8; 4]>::try_from(octets).ok().map(Ipv4Addr::from)
        }
        _ => None,
    }
}

fn classless(routes: &[Value]) -> Decoded {
    let mut decoded = Decoded::default();
    for (position, route) in routes.iter().enumerate() {
        match classless_route(route) {
            Some(route) => decoded.routes.push(route),
            None => {
                decoded.fault.get_or_insert(Fault::Word { position });
            }
        }
    }
    decoded
}

fn classless_route(route: &Value) -> Option<ClasslessRoute> {
    let destination = address(route.get("Destination")?)?;
    let width = u8::try_from(route.get("DestinationPrefixLength")?.as_u64()?).ok()?;
    // A gateway of 0.0.0.0 is left out.
    let gateway = route.get("Gateway").map_or(Some(Ipv4Addr::UNSPECIFIED), address)?;
    let destination = ipnet::Ipv4Net::new(destination, width).ok()?.trunc().into();
    Some(ClasslessRoute { destination, gateway: IpAddr::V4(gateway) })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PATH: &str = "/run/systemd/netif/leases/2";
    const ASSIGNMENTS: &str = "# This is private data. Do not parse.
ADDRESS=100.64.16.54
NETMASK=255.255.255.248
ROUTER=100.64.16.49 100.64.16.50
SERVER_ADDRESS=100.64.16.49
MTU=9000
T1=1800
T2=3150
LIFETIME=3600
DNS=100.64.16.49
CLASSLESS_ROUTES=100.97.0.0/16,100.64.16.49 169.254.169.254/32,0.0.0.0
CLIENTID=ffb6220feb00020000ab11c0c1b4a5b8a0f0a1
";
    const JSON: &str = r#"{
	"Address" : [100, 64, 16, 54], "AddressString" : "100.64.16.54",
	"Netmask" : [255, 255, 255, 248], "NetmaskString" : "255.255.255.248",
	"Router" : [[100, 64, 16, 49], [100, 64, 16, 50]],
	"Server_Address" : [100, 64, 16, 49],
	"MTU" : 9000,
	"T1" : "30min", "T2" : "52min 30s", "Lifetime" : "1h",
	"Servers" : {"DNS" : [[100, 64, 16, 49]]},
	"Classless_Routes" : [
		{"Destination" : [100, 97, 0, 0], "DestinationString" : "100.97.0.0",
		 "Gateway" : [100, 64, 16, 49], "GatewayString" : "100.64.16.49", "DestinationPrefixLength" : 16},
		{"Destination" : [169, 254, 169, 254], "DestinationPrefixLength" : 32}
	]
}"#;

    #[test]
    fn both_forms_say_the_same() {
        let (from_assignments, problems) = parse(ASSIGNMENTS, PATH, Some(2));
        assert_eq!(problems, []);
        let (from_json, problems) = parse(JSON, PATH, Some(2));
        assert_eq!(problems, []);
        assert_eq!(from_assignments, from_json);
        let lease = &from_json[0];
        assert_eq!((&lease.client, lease.index), (&LeaseClient::Networkd, Some(2)));
        assert_eq!(lease.address, Some("100.64.16.54/29".parse().unwrap()));
        assert_eq!(lease.routers.len(), 2);
        assert_eq!(lease.server, Some("100.64.16.49".parse().unwrap()));
        assert_eq!((lease.mtu, lease.lease_seconds), (Some(9000), Some(3600)));
        let routes: Vec<_> =
            lease.classless.iter().flatten().map(|r| format!("{} {}", r.destination, r.gateway)).collect();
        assert_eq!(routes, ["100.97.0.0/16 100.64.16.49", "169.254.169.254/32 0.0.0.0"]);
    }

    #[test]
    fn reads_the_list_of_older_releases() {
        let (leases, problems) = parse("ADDRESS=10.0.0.5\nNETMASK=255.0.0.0\nROUTES=0.0.0.0/0,10.0.0.1\n", PATH, None);
        assert_eq!(problems, []);
        assert_eq!(leases[0].classless.as_ref().unwrap()[0].destination, "0.0.0.0/0".parse().unwrap());
    }

    #[test]
    fn reads_time_spans() {
        for (text, seconds) in [
            ("3600", Some(3600)),
            ("1h", Some(3600)),
            ("1d 2h 3min 4s", Some(93_784)),
            ("1w", Some(604_800)),
            ("99999999999999999999h", None),
            ("1fortnight", None),
            ("h", None),
            ("", None),
        ] {
            assert_eq!(timespan(text), seconds, "{text}");
        }
    }

    #[test]
    fn an_endless_lease_has_no_length() {
        for text in ["ADDRESS=10.0.0.5\nLIFETIME=4294967295\n", "ADDRESS=10.0.0.5\nLIFETIME=infinity\n"] {
            let (leases, problems) = parse(text, PATH, None);
            assert_eq!(problems, []);
            assert_eq!(leases[0].lease_seconds, None);
        }
    }

    #[test]
    fn what_is_wrong_is_told_and_the_rest_kept() {
        let text =
            "ADDRESS=10.0.0.5\nNETMASK=255.0.0.0\nROUTER=ten\nCLASSLESS_ROUTES=10.0.0.0/8,10.0.0.1 10.1.0.0/77,x\n";
        let (leases, problems) = parse(text, PATH, None);
        assert_eq!(leases[0].classless.as_ref().map(Vec::len), Some(1));
        assert_eq!(problems.len(), 2);
        let json = r#"{"Address":[10,0,0,5],"Router":[[1,2]],"MTU":-1,"Classless_Routes":[{"Destination":[1]},{}]}"#;
        let (leases, problems) = parse(json, PATH, None);
        assert_eq!(leases[0].classless, Some(Vec::new()));
        assert_eq!(problems.len(), 3);
    }

    #[test]
    fn survives_a_cut_at_every_offset() {
        for sample in [ASSIGNMENTS, JSON] {
            for cut in 0..sample.len() {
                parse(&sample[..cut], PATH, None);
            }
        }
        let (leases, problems) = parse(&JSON[..JSON.len() - 1], PATH, None);
        assert!(leases.is_empty());
        assert_eq!(problems.len(), 1);
    }

    #[test]
    fn deep_nesting_is_refused() {
        let text = format!("{{\"a\":{}", "[".repeat(100_000));
        assert_eq!(parse(&text, PATH, None).1.len(), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
            let text = String::from_utf8_lossy(&bytes);
            parse(&text, PATH, None);
            parse(&format!("{{{text}"), PATH, None);
            parse(&format!("ADDRESS=10.0.0.1\nCLASSLESS_ROUTES={text}"), PATH, None);
        }
    }
}
