//! dhcpcd's configuration (dhcpcd.conf(5)). It takes every interface that it is not told to leave alone.

pub(crate) mod edit;

use crate::formats::text::net::classful_prefix;
use ipnet::IpNet;
use isctpl_checks::facts::{InterfaceConfig, Located, Location, Manager, Method, Problem};
use std::net::Ipv4Addr;

/// Option 121 (RFC 3442), by name and number.
const CLASSLESS: [&str; 2] = ["classless_static_routes", "121"];

/// The most `interface` blocks that are kept.
const BLOCK_LIMIT: usize = 1024;

/// The configurations of single interfaces first, since they win, then the one for all others. `path` is what places
/// name.
pub(crate) fn parse(text: &str, path: &str, problems: &mut Vec<Problem>) -> Vec<InterfaceConfig> {
    let mut general = InterfaceConfig::new(Manager::Dhcpcd, Location::file(path));
    general.method = Method::Dhcp;
    let mut blocks: Vec<InterfaceConfig> = Vec::new();
    let (mut in_profile, mut in_block) = (false, false);
    for (number, line) in (1u32..).zip(text.lines()) {
        let (word, rest) = word_of(line);
        let at = Location::line(path, number);
        match word {
            "" => {}
            "interface" if blocks.len() == BLOCK_LIMIT => {
                problems.push(Problem::new(
                    at.to_string(),
                    format!("there are more than {BLOCK_LIMIT} interface blocks; the rest is not read"),
                ));
                break;
            }
            "interface" => {
                (in_block, in_profile) = (true, false);
                // What stands before a block holds in it too.
                let mut block = general.clone();
                block.matches.names = names(rest).map(str::to_owned).collect();
                block.at = at;
                blocks.push(block);
            }
            // Blocks for one network name or one reply only.
            "profile" | "ssid" | "arping" => in_profile = true,
            _ if in_profile => {}
            "allowinterfaces" => general.matches.names.extend(names(rest).map(str::to_owned)),
            "denyinterfaces" => general.matches.names.extend(names(rest).map(|name| format!("!{name}"))),
            _ => match blocks.last_mut().filter(|_| in_block) {
                Some(block) => setting(word, rest, at, block, problems),
                None => setting(word, rest, at, &mut general, problems),
            },
        }
    }
    blocks.push(general);
    blocks
}

/// The first word of a line, and what follows it without a comment.
fn word_of(line: &str) -> (&str, &str) {
    let line = line.split('#').next().unwrap_or_default().trim();
    line.split_once(char::is_whitespace).map_or((line, ""), |(word, rest)| (word, rest.trim()))
}

/// The names of a list.
fn names(list: &str) -> impl Iterator<Item = &str> {
    list.split([' ', '\t', ',']).filter(|name| !name.is_empty())
}

fn setting(word: &str, rest: &str, at: Location, config: &mut InterfaceConfig, problems: &mut Vec<Problem>) {
    match word {
        "persistent" => config.keep = Some(Located::new(word.to_owned(), at)),
        "nogateway" => config.use_dhcp_gateway = Some(Located::new(false, at)),
        // What is refused is not asked for, wherever the lines stand.
        "nooption" | "nooptions" if names(rest).any(|name| CLASSLESS.contains(&name)) => {
            config.use_dhcp_routes = Some(Located::new(false, at));
        }
        "option" | "options" if names(rest).any(|name| CLASSLESS.contains(&name)) => {
            config.use_dhcp_routes.get_or_insert(Located::new(true, at));
        }
        "metric" => config.metric = rest.parse().ok().map(|metric| Located::new(metric, at)),
        "nodhcp" | "noipv4" => config.method = Method::Manual,
        "static" => {
            let (key, value) = rest.split_once('=').unwrap_or((rest, ""));
            match key {
                "ip_address" => match address(value) {
                    Some(net) => {
                        config.addresses.push(net);
                        config.method = Method::Static;
                    }
                    // A line that dhcpcd refuses is without effect (`parse_config_line()` of `read_config()`).
                    None if !value.starts_with(|first: char| first.is_ascii_digit()) => {}
                    None => problems.push(Problem::new(at.to_string(), "static ip_address= is not a valid address")),
                },
                "routers" => config.gateway = value.split_whitespace().next().and_then(|router| router.parse().ok()),
                _ => {}
            }
        }
        _ => {}
    }
}

/// An address; one without a prefix has that of its class (`parse_addr()` in dhcpcd's `src/if-options.c`).
fn address(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| {
        let ip: Ipv4Addr = text.parse().ok()?;
        IpNet::new(ip.into(), classful_prefix(ip)).ok()
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tells_single_interfaces_from_all_others() {
        let text = "persistent # keep\ndenyinterfaces veth* wlan0\nmetric 300\ninterface eth1\nstatic ip_address=192.0.2.5/24\nstatic routers=192.0.2.1\nnogateway\nssid home\npsk verysecret\n";
        let mut problems = Vec::new();
        let configs = parse(text, "/c", &mut problems);
        assert!(problems.is_empty());
        let [eth1, others] = configs.as_slice() else { panic!("{configs:?}") };
        assert_eq!((eth1.matches.names.as_slice(), eth1.method), (["eth1".to_owned()].as_slice(), Method::Static));
        assert!(!eth1.use_dhcp_gateway.as_ref().unwrap().value);
        assert_eq!(eth1.keep.as_ref().unwrap().at.line, 1);
        assert_eq!(others.matches.names, ["!veth*", "!wlan0"]);
        assert_eq!((others.method, others.metric.as_ref().unwrap().value), (Method::Dhcp, 300));
        assert!(!format!("{configs:?}").contains("verysecret"));
    }

    #[test]
    fn an_address_that_dhcpcd_refuses_is_without_effect() {
        let of = |value: &str| {
            let mut problems = Vec::new();
            let text = format!("interface eth0\nstatic ip_address={value}\n");
            let block = parse(&text, "/c", &mut problems).remove(0);
            (block.addresses.first().map(ToString::to_string), block.method, problems.len())
        };
        assert_eq!(of("192.0.2.5/26"), (Some("192.0.2.5/26".to_owned()), Method::Static, 0));
        assert_eq!(of("192.0.2.5"), (Some("192.0.2.5/24".to_owned()), Method::Static, 0));
        assert_eq!(of("10.0.0.5"), (Some("10.0.0.5/8".to_owned()), Method::Static, 0));
        for refused in ["<STATICIP>/24", "", "$ADDRESS", "none"] {
            assert_eq!(of(refused), (None, Method::Dhcp, 0), "{refused}");
        }
        // inet_aton() takes more than is read here.
        assert_eq!(of("0xC0.0.2.5/24"), (None, Method::Dhcp, 1));
    }

    #[test]
    fn option_121_is_asked_for_unless_it_is_refused() {
        let routes = |text: &str| {
            let general = parse(text, "/c", &mut Vec::new()).pop().unwrap();
            general.use_dhcp_routes.map(|routes| (routes.value, routes.at.line))
        };
        assert_eq!(routes("option domain_name\noption ntp_servers, classless_static_routes\n"), Some((true, 2)));
        assert_eq!(routes("option 121\n"), Some((true, 1)));
        assert_eq!(routes("nooption 121\noption 121\n"), Some((false, 1)));
        assert_eq!(routes("option 121\nnooption classless_static_routes\n"), Some((false, 2)));
        assert_eq!(routes("nooption ms_classless_static_routes\n"), None, "that is option 249");
        assert_eq!(routes("ssid home\noption classless_static_routes\n"), None, "asked for in one network only");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..1024)) {
            parse(&String::from_utf8_lossy(&bytes), "/c", &mut Vec::new());
        }
    }
}
