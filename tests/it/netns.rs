//! What the kernel says of real links, addresses, routes and rules, in network namespaces.

use crate::support::netns;

use isctpl::probes;
use isctpl::system::{Root, netlink};
use isctpl_checks::facts::{Flow, Lookup, LookupAnswer, NetLink, Network, Route};
use netns::{Namespace, PORTAL, SAN_MAC, instance};
use std::net::IpAddr;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn network(namespace: &Namespace, portals: &[&str]) -> Network {
    asked(namespace, &portals.iter().map(|portal| Flow::to(ip(portal))).collect::<Vec<_>>())
}

fn asked(namespace: &Namespace, flows: &[Flow]) -> Network {
    let network = namespace.run(|| {
        let root = Root::running().unwrap();
        probes::network::read(&root, flows)
    });
    assert_eq!(network.problems, []);
    network
}

/// The packets of a session that comes from the SAN NIC's address.
fn session() -> Flow {
    Flow { port: Some(3260), source: Some(ip("100.64.16.54")), source_port: Some(41000), ..Flow::to(ip(PORTAL)) }
}

fn lookup(namespace: &Namespace, destination: &str) -> Lookup {
    let destination = ip(destination);
    namespace.run(|| netlink::lookup(destination)).unwrap()
}

/// `100.97.0.0/16: via 100.64.16.49 dev san`
fn way(lookup: &Lookup) -> String {
    match &lookup.answer {
        LookupAnswer::Route(route) => {
            let matched = lookup.matched.map(|net| net.to_string()).unwrap_or_default();
            let via = route.gateway.map(|gateway| format!(" via {gateway}")).unwrap_or_default();
            format!("{matched}:{via} dev {}", route.interface.as_deref().unwrap_or("?"))
        }
        LookupAnswer::Unreachable(why) => format!("unreachable: {why}"),
        LookupAnswer::Failed(problem) => panic!("{problem}"),
    }
}

fn link(network: &Network, name: &str) -> NetLink {
    network.links.known().unwrap().iter().find(|link| link.name == name).unwrap().clone()
}

fn route(network: &Network, destination: &str) -> Route {
    let destination = (destination != "default").then(|| destination.parse().unwrap());
    let mut routes = network.routes.known().unwrap().iter();
    routes.find(|route| route.destination == destination && route.table == 254 && !route.ipv6).unwrap().clone()
}

#[test]
fn an_instance_as_it_should_be() {
    let Some(namespace) = instance("sound") else { return };
    let network = network(&namespace, &[PORTAL, "8.8.8.8", "100.64.16.49", "100.64.16.54"]);

    let san = link(&network, "san");
    assert_eq!((san.mac.as_str(), san.kind.as_str(), san.mtu), (SAN_MAC, "veth", 1500));
    assert!(san.up && san.carrier && san.lower.is_none());
    assert_eq!(san.oper_state.as_str(), "up");

    let addresses = network.addresses.known().unwrap();
    let find = |net: &str| addresses.iter().find(|address| address.net == net.parse().unwrap()).unwrap();
    let leased = find("100.64.16.54/29");
    assert_eq!((leased.interface.as_str(), leased.index), ("san", san.index));
    assert!((3500..=3600).contains(&leased.valid_seconds.unwrap()), "{leased:?}");
    assert_eq!(find("192.0.2.10/24").valid_seconds, None);
    assert_eq!(find("::1/128").interface, "lo");

    let targets = route(&network, "100.97.0.0/16");
    assert_eq!((targets.gateway, targets.interface.as_deref()), (Some(ip("100.64.16.49")), Some("san")));
    assert_eq!(
        (targets.protocol.as_str(), targets.kind.as_str(), targets.scope.as_str()),
        ("boot", "unicast", "global")
    );
    let subnet = route(&network, "100.64.16.48/29");
    assert_eq!((subnet.protocol.as_str(), subnet.scope.as_str()), ("kernel", "link"));
    assert_eq!(subnet.source, Some(ip("100.64.16.54")));
    assert_eq!(route(&network, "default").interface.as_deref(), Some("wan"));

    let rules = network.rules.known().unwrap();
    let plain: Vec<_> = rules.iter().filter(|rule| !rule.ipv6).map(|rule| (rule.priority, rule.table)).collect();
    assert_eq!(plain, [(0, 255), (32766, 254), (32767, 253)]);
    assert!(rules.iter().all(|rule| rule.action == "lookup" && rule.from.is_none()));

    let ways: Vec<_> = network.lookups.known().unwrap().iter().map(way).collect();
    assert_eq!(
        ways,
        [
            "100.97.0.0/16: via 100.64.16.49 dev san",
            "0.0.0.0/0: via 192.0.2.1 dev wan",
            "100.64.16.48/29: dev san",
            "100.64.16.54/32: dev lo",
        ]
    );
    let LookupAnswer::Route(taken) = &network.lookups.known().unwrap()[0].answer else { panic!() };
    assert_eq!((taken.table, taken.source), (254, Some(ip("100.64.16.54"))));
}

#[test]
fn says_what_iproute2_says() {
    let Some(namespace) = instance("iproute2") else { return };
    namespace.ip("route add 10.1.0.0/16 dev san metric 50 proto dhcp scope link src 100.64.16.54 mtu 1400");
    namespace.ip("route add 10.2.0.0/16 via 192.0.2.1 table 100 proto static");
    namespace.ip("route add blackhole 10.3.0.0/16 proto 77");
    namespace.ip("-6 addr add 2001:db8::54/64 dev san nodad");
    namespace.ip("-6 route add 2001:db8:1::/48 via 2001:db8::1 proto ra metric 1024");
    namespace.ip("-6 route add unreachable 2001:db8:2::/48");
    let network = network(&namespace, &[]);
    let ours = network.routes.known().unwrap();
    let mut seen = 0;
    for (family, ipv6) in [("-4", false), ("-6", true)] {
        let text = namespace.ip(&format!("-j -d {family} route show table all"));
        let theirs: serde_json::Value = serde_json::from_str(&text).unwrap();
        for route in theirs.as_array().unwrap() {
            let field = |name: &str| route.get(name).and_then(serde_json::Value::as_str);
            let table = match field("table").unwrap_or("main") {
                "main" => 254,
                "local" => 255,
                number => number.parse().unwrap(),
            };
            let width = if ipv6 { "128" } else { "32" };
            let destination = field("dst").filter(|to| *to != "default").map(|to| {
                if to.contains('/') { to.parse().unwrap() } else { format!("{to}/{width}").parse().unwrap() }
            });
            let found = ours.iter().any(|ours| {
                ours.ipv6 == ipv6
                    && ours.destination == destination
                    && ours.table == table
                    && Some(ours.kind.as_str()) == field("type")
                    && Some(ours.protocol.as_str()) == field("protocol")
                    && Some(ours.scope.as_str()) == field("scope")
                    && ours.interface.as_deref() == field("dev")
                    && ours.gateway == field("gateway").map(ip)
                    && ours.source == field("prefsrc").map(ip)
                    && u64::from(ours.metric) == route.get("metric").and_then(serde_json::Value::as_u64).unwrap_or(0)
            });
            assert!(found, "{route} is not among {ours:#?}");
            seen += 1;
        }
    }
    assert_eq!(seen, ours.len());
    assert_eq!(route(&network, "10.1.0.0/16").mtu, Some(1400));
    assert_eq!(route(&network, "10.3.0.0/16").protocol, "77");
}

#[test]
fn a_host_route_hides_the_prefix() {
    let Some(namespace) = instance("hostroute") else { return };
    namespace.ip("route add 100.97.0.10/32 via 100.64.16.49 dev san");
    assert_eq!(way(&lookup(&namespace, PORTAL)), "100.97.0.10/32: via 100.64.16.49 dev san");
    namespace.ip("route replace 100.97.0.10/32 via 192.0.2.1 dev wan");
    assert_eq!(way(&lookup(&namespace, PORTAL)), "100.97.0.10/32: via 192.0.2.1 dev wan");
    assert_eq!(way(&lookup(&namespace, "100.97.0.11")), "100.97.0.0/16: via 100.64.16.49 dev san");
}

#[test]
fn without_its_route_the_target_is_unreachable() {
    let Some(namespace) = instance("lost") else { return };
    namespace.ip("route del 100.97.0.0/16");
    assert_eq!(way(&lookup(&namespace, PORTAL)), "0.0.0.0/0: via 192.0.2.1 dev wan");
    namespace.ip("route del default");
    assert_eq!(way(&lookup(&namespace, PORTAL)), "unreachable: the kernel has no route to it");
    assert_eq!(way(&lookup(&namespace, "2001:db8::1")), "unreachable: the kernel has no route to it");
}

#[test]
fn routes_that_refuse() {
    let Some(namespace) = instance("refuse") else { return };
    for (kind, why) in [
        ("unreachable", "a route or rule of type unreachable refuses it"),
        ("prohibit", "a route or rule of type prohibit refuses it"),
        ("blackhole", "a route or rule of type blackhole drops it"),
    ] {
        namespace.ip(&format!("route replace {kind} 100.97.0.0/16"));
        assert_eq!(way(&lookup(&namespace, PORTAL)), format!("unreachable: {why}"));
        namespace.ip(&format!("-6 route replace {kind} 2001:db8:1::/48"));
        let answer = lookup(&namespace, "2001:db8:1::1").answer;
        assert!(matches!(answer, LookupAnswer::Unreachable(_)), "{kind}: {answer:?}");
    }
}

#[test]
fn a_nic_that_is_down_loses_its_routes() {
    let Some(namespace) = instance("down") else { return };
    namespace.ip("link set san down");
    let network = network(&namespace, &[PORTAL]);
    let san = link(&network, "san");
    assert!(!san.up && !san.carrier);
    assert_eq!(san.oper_state.as_str(), "down");
    assert_eq!(way(&network.lookups.known().unwrap()[0]), "0.0.0.0/0: via 192.0.2.1 dev wan");
}

#[test]
fn a_nic_without_carrier_keeps_its_routes() {
    let Some(namespace) = instance("carrier") else { return };
    namespace.ip("link set san-peer down");
    let network = network(&namespace, &[PORTAL]);
    let san = link(&network, "san");
    assert!(san.up && !san.carrier);
    assert_eq!(san.oper_state.as_str(), "lowerlayerdown");
    assert_eq!(way(&network.lookups.known().unwrap()[0]), "100.97.0.0/16: via 100.64.16.49 dev san");
}

#[test]
fn policy_rules_are_told_and_obeyed() {
    let Some(namespace) = instance("rules") else { return };
    namespace.ip("rule add from 10.0.0.0/8 to 100.97.0.0/16 table 1000 priority 100");
    namespace.ip("rule add to 203.0.113.0/24 prohibit priority 200");
    namespace.ip("rule add to 100.97.0.10 table 100 priority 300");
    namespace.ip("route add default via 192.0.2.1 dev wan table 100");
    let network = network(&namespace, &[PORTAL, "203.0.113.1"]);
    let rules = network.rules.known().unwrap();
    let rule = |priority: u32| rules.iter().find(|rule| rule.priority == priority && !rule.ipv6).unwrap();
    assert_eq!(
        (rule(100).from, rule(100).to),
        (Some("10.0.0.0/8".parse().unwrap()), Some("100.97.0.0/16".parse().unwrap()))
    );
    assert_eq!((rule(100).table, rule(100).action.as_str()), (1000, "lookup"));
    assert_eq!(rule(200).action, "prohibit");
    let lookups = network.lookups.known().unwrap();
    assert_eq!(way(&lookups[0]), "0.0.0.0/0: via 192.0.2.1 dev wan");
    let LookupAnswer::Route(taken) = &lookups[0].answer else { panic!() };
    assert_eq!(taken.table, 100);
    assert_eq!(way(&lookups[1]), "unreachable: a route or rule of type prohibit refuses it");
}

/// Each rule leaves alone what goes to the same address by other means: asked by the destination, all is well.
#[test]
fn a_rule_chooses_the_session_by_what_its_packets_have() {
    let Some(namespace) = instance("selectors") else { return };
    namespace.ip("route add default via 192.0.2.1 dev wan table 100");
    let dropped = "unreachable: a route or rule of type blackhole drops it";
    let prohibited = "unreachable: a route or rule of type prohibit refuses it";
    let wan = "0.0.0.0/0: via 192.0.2.1 dev wan";
    let sound = "100.97.0.0/16: via 100.64.16.49 dev san";
    for (rule, text, way_of_session) in [
        ("ipproto tcp dport 3260 blackhole", "blackhole", dropped),
        ("ipproto tcp prohibit", "prohibit", prohibited),
        ("from 100.64.16.54 lookup 100", "lookup", wan),
        ("sport 40000-42000 ipproto tcp lookup 100", "lookup", wan),
        ("from 100.64.16.54 ipproto tcp dport 3000-4000 lookup 100", "lookup", wan),
        ("ipproto udp blackhole", "blackhole", sound),
        ("ipproto tcp dport 3261 blackhole", "blackhole", sound),
        ("from 192.0.2.10 blackhole", "blackhole", sound),
        ("fwmark 0x1 blackhole", "blackhole", sound),
        ("not fwmark 0xca6c lookup 100", "lookup", wan),
    ] {
        namespace.ip(&format!("rule add priority 1000 {rule}"));
        let network = asked(&namespace, &[session(), Flow::to(ip(PORTAL))]);
        let lookups = network.lookups.known().unwrap();
        assert_eq!(way(&lookups[0]), way_of_session, "{rule}");
        assert_eq!(lookups[0].flow, Some(session()), "{rule}");
        let rules = network.rules.known().unwrap();
        let told = rules.iter().find(|told| told.priority == 1000).unwrap();
        assert_eq!(told.action, text, "{rule}");
        for selector in ["ipproto", "dport", "sport", "fwmark", "not"] {
            let has = told.selectors.iter().any(|told| told.split(' ').next() == Some(selector));
            assert_eq!(has, rule.split(' ').any(|word| word == selector), "{rule}: {:?}", told.selectors);
        }
        namespace.ip("rule del priority 1000");
    }
    // An address that the machine has lost is no source: the kernel would say EINVAL, as of a blackhole.
    let lost = Flow { source: Some(ip("100.64.16.99")), ..session() };
    let network = asked(&namespace, &[lost]);
    assert_eq!(way(&network.lookups.known().unwrap()[0]), sound);
}

#[test]
fn a_bound_session_is_asked_for_by_its_interface() {
    let Some(namespace) = instance("bound") else { return };
    let bound = |name: &str| Flow { bound_to: Some(name.to_owned()), ..session() };
    let network = asked(&namespace, &[bound("san"), Flow { source: None, ..bound("wan") }]);
    let lookups = network.lookups.known().unwrap();
    assert_eq!(way(&lookups[0]), "100.97.0.0/16: via 100.64.16.49 dev san");
    assert_eq!(way(&lookups[1]), "0.0.0.0/0: via 192.0.2.1 dev wan");
}

#[test]
fn a_nexthop_object_tells_its_members_or_that_it_does_not() {
    let Some(namespace) = instance("nexthop") else { return };
    let made = namespace.try_ip("nexthop add id 1 via 100.64.16.49 dev san");
    if !made.status.success() {
        crate::support::kernel_cannot("nexthop", String::from_utf8_lossy(&made.stderr).trim());
        return;
    }
    namespace.ip("nexthop add id 2 via 192.0.2.1 dev wan");
    namespace.ip("nexthop add id 10 group 1/2");
    namespace.ip("route replace 100.97.0.0/16 nhid 10");
    let taken = |namespace: &Namespace| match &asked(namespace, &[session()]).lookups.known().unwrap()[0].answer {
        LookupAnswer::Route(route) => route.clone(),
        other => panic!("{other:?}"),
    };
    let told = taken(&namespace);
    assert_eq!(told.hop_interfaces, [Some("san".to_owned()), Some("wan".to_owned())]);
    assert_eq!(told.nexthop_id, None);
    let set = |value: &str| {
        let path = "/proc/sys/net/ipv4/nexthop_compat_mode";
        namespace.run(|| std::fs::write(path, value)).unwrap();
    };
    set("0");
    let untold = taken(&namespace);
    assert_eq!((untold.nexthop_id, untold.hop_interfaces.len()), (Some(10), 0));
    assert!(untold.interface.is_some() && untold.gateway.is_some(), "{untold:?}");
    namespace.ip("nexthop add id 3 blackhole");
    namespace.ip("route replace 100.97.0.0/16 nhid 3");
    let network = asked(&namespace, &[session()]);
    assert!(way(&network.lookups.known().unwrap()[0]).starts_with("unreachable: "), "{network:?}");
}

#[test]
fn a_route_of_several_next_hops() {
    let Some(namespace) = instance("multipath") else { return };
    namespace.ip("route replace 100.97.0.0/16 nexthop via 100.64.16.49 dev san nexthop via 192.0.2.1 dev wan");
    let network = network(&namespace, &[PORTAL]);
    assert_eq!(route(&network, "100.97.0.0/16").next_hops, ["100.64.16.49 dev san", "192.0.2.1 dev wan"]);
    let LookupAnswer::Route(taken) = &network.lookups.known().unwrap()[0].answer else { panic!() };
    assert!(taken.interface.is_some() && taken.gateway.is_some());
    assert_eq!(taken.next_hops.len(), 2);
    assert_eq!(taken.hop_interfaces, [Some("san".to_owned()), Some("wan".to_owned())]);
}

#[test]
fn ipv6_portals() {
    let Some(namespace) = instance("ipv6") else { return };
    namespace.ip("-6 addr add 2001:db8::54/64 dev san nodad");
    namespace.ip("-6 route add 2001:db8:97::/48 via 2001:db8::1 dev san");
    assert_eq!(way(&lookup(&namespace, "2001:db8:97::10")), "2001:db8:97::/48: via 2001:db8::1 dev san");
    namespace.ip("-6 route add default via 2001:db8::2 dev san");
    assert_eq!(way(&lookup(&namespace, "2001:db8:98::10")), "::/0: via 2001:db8::2 dev san");
}

#[test]
fn a_vlan_tells_its_id_and_what_is_below() {
    let Some(namespace) = instance("vlan") else { return };
    let made = namespace.try_ip("link add link san name san.7 type vlan id 7");
    if !made.status.success() {
        crate::support::kernel_cannot("vlan", String::from_utf8_lossy(&made.stderr).trim());
        return;
    }
    let network = network(&namespace, &[]);
    let vlan = link(&network, "san.7");
    assert_eq!((vlan.kind.as_str(), vlan.vlan, vlan.lower), ("vlan", Some(7), Some(link(&network, "san").index)));
}

#[test]
fn the_reverse_path_filter_is_the_namespaces_own() {
    let Some(namespace) = instance("rpfilter") else { return };
    let set = |value: &str| {
        let path = "/proc/sys/net/ipv4/conf/san/rp_filter";
        namespace.run(|| std::fs::write(path, value)).unwrap();
    };
    for (text, expected) in [("1", 1), ("2", 2), ("0", 0)] {
        set(text);
        let network = network(&namespace, &[]);
        let filter = network.rp_filter.iter().find(|filter| filter.interface == "san").unwrap();
        assert_eq!(filter.own, expected);
    }
}

/// Has iproute2 do all of this in a namespace.
fn batch(namespace: &Namespace, family: &str, lines: impl Iterator<Item = String>) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), lines.collect::<String>()).unwrap();
    namespace.ip(&format!("{family} -batch {}", file.path().display()));
}

#[test]
fn many_routes_come_whole() {
    let Some(namespace) = instance("many") else { return };
    batch(&namespace, "-4", (0..3000).map(|n| format!("route add 10.{}.{}.0/24 dev san\n", n / 250, n % 250)));
    let network = network(&namespace, &[]);
    let added = network.routes.known().unwrap().iter().filter(|route| {
        route.destination.is_some_and(|net| net.prefix_len() == 24 && net.addr().to_string().starts_with("10."))
    });
    assert_eq!(added.count(), 3000);
}

/// Among more routes than are read the kernel's answer is the same, and so is what decides beside it.
#[test]
fn too_many_routes_hide_neither_the_answer_nor_the_default_routes() {
    let Some(namespace) = instance("too-many") else { return };
    namespace.ip("route add default via 100.64.16.49 dev san metric 700");
    let few = network(&namespace, &[PORTAL]);
    batch(&namespace, "-4", (0..12_000).map(|n| format!("route add 10.{}.{}.0/24 dev san\n", n / 250, n % 250)));
    // What begins at 0.0.0.0 and is no default route stands between those that are.
    namespace.ip("route add unreachable 0.0.0.0/8");
    namespace.ip("route add default via 192.0.2.2 dev wan table 100");
    let many = network(&namespace, &[PORTAL]);
    assert_eq!(many.lookups, few.lookups);
    let unread = format!("{:?}", many.routes);
    assert!(unread.contains("there are more than 10000 routes"), "{unread}");
    let defaults = many.default_routes.unwrap();
    let told: Vec<_> = defaults.iter().map(|route| (route.interface.as_deref().unwrap(), route.metric)).collect();
    assert_eq!(told, [("wan", 0), ("san", 700)]);
    assert!(few.default_routes.is_none());
}

#[test]
fn too_many_routes_of_ipv6_do_not_hide_the_default_routes_of_ipv4() {
    let Some(namespace) = instance("too-many-of-ipv6") else { return };
    batch(&namespace, "-6", (0..12_000).map(|n| format!("route add 2001:db8:{n:x}::/48 dev san\n")));
    namespace.ip("route add default via 192.0.2.2 dev wan table 100");
    let many = network(&namespace, &[PORTAL]);
    let unread = format!("{:?}", many.routes);
    assert!(unread.contains("there are more than 10000 routes"), "{unread}");
    let defaults = many.default_routes.unwrap();
    let told: Vec<_> = defaults.iter().map(|route| (route.interface.as_deref().unwrap(), route.table)).collect();
    assert_eq!(told, [("wan", 254)]);
}
