#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use isctpl_checks::facts::Method;
use proptest::prelude::*;

const CLOUD: &str = r#"# This file is generated from information provided by the datasource.
network:
    version: 2
    ethernets:
        san:
            match:
                macaddress: "52:54:00:AA:BB:01"
            set-name: enp0s3
            dhcp4: true
            critical: true
            dhcp4-overrides: {use-routes: false, route-metric: 200}
            optional: yes
            mtu: 9000
            routes:
                - to: 100.97.0.0/16
                  via: 100.64.16.49
                - {to: default, via: 192.0.2.1, metric: 5}
                - {to: 10.0.0.0/8, via: 192.0.2.9, table: 100}
        all-en:
            match: {name: "en*", driver: [virtio_net, e1000]}
            addresses: [192.0.2.5/24, {192.0.2.6/24: {label: "x:1"}}]
            gateway4: 192.0.2.1
    vlans:
        san47: {id: 47, link: san, addresses: [100.64.16.50/29]}
    wifis:
        wlan0:
            access-points: {"home": {password: "verysecret"}}
"#;

fn read(files: &[(&str, &str)]) -> (Vec<InterfaceConfig>, Vec<Problem>) {
    read_as(files, false)
}

fn read_as(files: &[(&str, &str)], strict: bool) -> (Vec<InterfaceConfig>, Vec<Problem>) {
    let mut netplan = Netplan::default();
    for (path, text) in files {
        netplan.add(text, path, None);
    }
    netplan.finish(strict)
}

#[test]
fn items_past_the_limit_of_a_list_are_told() {
    let list = |count: usize, item: &dyn Fn(usize) -> String| (0..count).map(item).collect::<Vec<_>>().join(", ");
    let address = |number: usize| format!("10.{}.{}.1/24", number / 250, number % 250);
    let route = |number: usize| format!("{{to: {}, via: 10.0.0.1}}", address(number));
    for (group, key, item) in [
        ("ethernets", "addresses", &address as &dyn Fn(usize) -> String),
        ("ethernets", "routes", &route),
        ("bonds", "interfaces", &|number| format!("e{number}")),
    ] {
        let problems = |count: usize| {
            let text = format!("network: {{{group}: {{e: {{{key}: [{}]}}}}}}\n", list(count, item));
            let told = read(&[("/n", &text)]).1.iter().map(ToString::to_string).collect::<Vec<_>>();
            // The members of the bond are defined nowhere.
            told.into_iter().filter(|problem| !problem.ends_with("is not defined")).collect::<Vec<_>>()
        };
        assert_eq!(problems(4096), [""; 0], "{key}");
        assert_eq!(problems(4200), ["/n:1: the list has more than 4096 items; the rest is not read"], "{key}");
    }
}

#[test]
fn reads_what_decides_the_handover() {
    let (interfaces, problems) = read(&[("/n.yaml", CLOUD)]);
    assert!(problems.is_empty(), "{problems:?}");
    let names: Vec<_> = interfaces.iter().map(|config| config.at.line).collect();
    assert_eq!(names, [19, 5, 24, 26], "sorted by id: all-en, san, san47, wlan0");
    let san = &interfaces[1];
    assert_eq!(san.matches.macs, ["52:54:00:aa:bb:01"]);
    assert!(san.matches.names.is_empty());
    assert_eq!(san.set_name.as_ref().unwrap().value, "enp0s3");
    assert_eq!(san.method, Method::Dhcp);
    assert_eq!(
        san.keep.as_ref().unwrap(),
        &isctpl_checks::facts::Located::new("true".into(), Location::line("/n.yaml", 10))
    );
    assert!(!san.use_dhcp_routes.as_ref().unwrap().value);
    assert_eq!(san.metric.as_ref().unwrap().value, 200);
    assert_eq!(san.mtu.as_ref().unwrap().value, 9000);
    assert!(san.optional);
    assert_eq!(san.routes.len(), 2, "the one of table 100 is none of the main table");
    assert_eq!(san.routes[0].at.line, 15);
    assert_eq!(san.routes[1].value.destination.to_string(), "0.0.0.0/0");
    assert_eq!(san.gateway.unwrap().to_string(), "192.0.2.1");
    assert_eq!(san.renderer.as_deref(), Some("networkd"));
    let all = &interfaces[0];
    assert_eq!(all.matches.names, ["en*"]);
    assert_eq!(all.matches.drivers, ["virtio_net", "e1000"]);
    assert_eq!(all.addresses.len(), 2);
    assert_eq!(all.method, Method::Static);
    let vlan = &interfaces[2];
    assert_eq!((vlan.vlan, vlan.lower.as_slice()), (Some(47), ["enp0s3".to_owned()].as_slice()));
    assert!(!format!("{interfaces:?}").contains("verysecret"));
}

#[test]
fn later_files_lie_over_earlier_ones() {
    let (interfaces, problems) = read(&[
        (
            "/10.yaml",
            "network:\n  renderer: NetworkManager\n  ethernets:\n    a: {dhcp4: true, addresses: [192.0.2.1/24], critical: true}\n",
        ),
        (
            "/20.yaml",
            "network:\n  ethernets:\n    renderer: networkd\n    a:\n      dhcp4: no\n      addresses: [192.0.2.2/24]\n      critical: false\n",
        ),
    ]);
    assert!(problems.is_empty(), "{problems:?}");
    let a = &interfaces[0];
    assert_eq!(a.method, Method::Static);
    assert_eq!(a.addresses.len(), 2, "lists grow");
    assert_eq!(a.keep.as_ref().unwrap().value, "false");
    assert_eq!(a.renderer.as_deref(), Some("NetworkManager"), "a group's renderer is for what comes behind it");
    assert_eq!(a.also, [Location::line("/20.yaml", 4)]);
}

#[test]
fn what_netplan_refuses_is_a_problem_with_its_line() {
    let (_, problems) = read(&[
        ("/1.yaml", "network:\n  ethernets:\n\t  a: 1\n"),
        (
            "/2.yaml",
            "network:\n  ethernets:\n    a:\n      dhcp4: perhaps\n      mtu: big\n      routes: [{via: 1.2.3.4}]\n",
        ),
        ("/3.yaml", "network:\n  bonds:\n    a: {}\n"),
        ("/4.yaml", "ethernets: {}\n"),
        ("/5.yaml", "network: [1]\n"),
        ("/6.yaml", ""),
        ("/7.yaml", "# only a comment\n"),
    ]);
    let places: Vec<_> = problems.iter().map(|problem| problem.place.as_str()).collect();
    assert_eq!(places, ["/1.yaml:3", "/2.yaml:4", "/2.yaml:5", "/2.yaml:6", "/3.yaml:3", "/4.yaml:1", "/5.yaml:1"]);
    let (configs, problems) = read_as(&[("/0.yaml", CLOUD), ("/4.yaml", "ethernets: {}\n")], true);
    assert!(problems.is_empty() && configs.iter().all(|config| config.given_up.is_some()), "{problems:?}");
    let (configs, problems) = read_as(&[("/0.yaml", CLOUD)], true);
    assert!(problems.is_empty() && configs.iter().all(|config| config.given_up.is_none()), "{problems:?}");
}

#[test]
fn aliases_are_followed() {
    let (interfaces, _) = read(&[("/n", "network:\n  ethernets:\n    a: &b {dhcp4: true}\n    c: *b\n")]);
    assert_eq!(interfaces[1].method, Method::Dhcp);
}

#[test]
fn a_truncation_anywhere_is_read() {
    for end in 0..CLOUD.len() {
        read(&[("/n", CLOUD.get(..end).unwrap())]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..1024), at in 0..CLOUD.len()) {
        let noise = String::from_utf8_lossy(&bytes);
        read(&[("/n", &noise), ("/m", &format!("{}{noise}", CLOUD.get(..at).unwrap_or_default()))]);
    }
}

/// What netplan's generator writes for networkd (src/networkd.c): `Bridge=` and its kin in the file of the NIC, which it
/// finds by the definition's id.
#[test]
fn a_port_is_known_by_its_name_or_its_address_and_else_told_to_be_one() {
    let ports = |upper: &str, san: &str| {
        let text = format!(
            "network:\n  ethernets:\n    san: {san}\n    enp0s4: {{}}\n  {upper}: {{x0: {{interfaces: [san, enp0s4]}}}}\n"
        );
        let (configs, _) = read(&[("/etc/netplan/1.yaml", &text)]);
        let own = configs.iter().filter_map(|config| config.port_of.clone()).map(|upper| (upper.value, upper.at.line));
        let lower = configs.iter().find(|config| !config.lower.is_empty()).map(|config| config.lower.join(" "));
        (own.collect::<Vec<_>>(), lower.unwrap())
    };
    let mac = "52:54:00:aa:bb:01";
    for upper in ["bridges", "bonds", "vrfs"] {
        let by = |of_san: &str| ports(upper, &format!("{{match: {{macaddress: \"{mac}\"}}{of_san}}}"));
        assert_eq!(by(""), (vec![], format!("{mac} enp0s4")), "{upper}");
        assert_eq!(by(", set-name: san0"), (vec![], "san0 enp0s4".to_owned()), "{upper}");
        let told = (vec![("x0".to_owned(), 5)], "san enp0s4".to_owned());
        assert_eq!(ports(upper, "{match: {driver: virtio_net}}"), told, "{upper}");
        assert_eq!(ports(upper, &format!("{{match: {{name: \"en*\", macaddress: \"{mac}\"}}}}")), told, "{upper}");
    }
    let (vlan, _) = read(&[(
        "/etc/netplan/1.yaml",
        "network:\n  ethernets:\n    san: {match: {driver: virtio_net}}\n  vlans: {v: {id: 4, link: san}}\n",
    )]);
    assert!(vlan.iter().all(|config| config.port_of.is_none()));
}

/// netplan 0.106 of Debian 12, `netplan generate`: "unknown key", "is not defined", "Only version 2 is supported"; it
/// writes nothing then.
#[test]
fn a_key_that_its_group_does_not_have_is_refused() {
    let of = |text: &str| read(&[("/n", text)]).1.iter().map(|problem| problem.place.clone()).collect::<Vec<_>>();
    let ethernet = "network:\n  ethernets:\n    enp0s3: {}\n";
    for (group, key) in [
        ("bridges", "match: {macaddress: \"52:54:00:aa:bb:01\"}"),
        ("bonds", "set-name: x"),
        ("vlans", "wakeonlan: true"),
        ("bridges", "dhcp: true"),
        ("vrfs", "parameters: {}"),
    ] {
        let places = of(&format!("{ethernet}  {group}:\n    x0:\n      {key}\n"));
        assert_eq!(places.first().map(String::as_str), Some("/n:6"), "{group} {key}");
    }
    for (group, keys) in [
        ("bridges", "interfaces: [enp0s3]\n      parameters: {stp: false}\n      openvswitch: {}"),
        ("bonds", "interfaces: [enp0s3]\n      parameters: {mode: active-backup}\n      dhcp-identifier: mac"),
        ("vlans", "id: 4\n      link: enp0s3\n      accept-ra: no"),
        ("tunnels", "mode: gre\n      local: 192.0.2.1"),
        ("dummy-devices", "addresses: [192.0.2.1/24]"),
    ] {
        assert_eq!(of(&format!("{ethernet}  {group}:\n    x0:\n      {keys}\n")), [""; 0], "{group}");
    }
    let all = "match: {name: en*}, set-name: san0, wakeonlan: true, emit-lldp: true, tcp-segmentation-offload: false, \
               virtual-function-count: 2, optional: true, macaddress: \"52:54:00:aa:bb:01\", link-local: []";
    assert_eq!(of(&format!("network:\n  version: 2\n  ethernets:\n    a: {{{all}}}\n")), [""; 0]);
    assert_eq!(of("network:\n  bridges:\n    br0:\n      interfaces: [eth9]\n"), ["/n:3"]);
    assert_eq!(of("network:\n  openvswitch: {}\n  bridges:\n    br0:\n      interfaces: [patch0-1]\n"), [""; 0]);
    assert_eq!(of("network:\n  version: 1\n  ethernets: {}\n"), ["/n:2"]);
}

/// netplan 0.106 run on each: "unknown key", "expected mapping", "invalid boolean value" and more; it writes nothing then.
#[test]
fn a_value_that_netplan_refuses_has_nothing_written() {
    let of = |definition: &str| {
        let text = format!("network:\n  ethernets:\n    lan: {{}}\n    san: {definition}\n");
        let (configs, problems) = read_as(&[("/n", &text)], true);
        (configs.iter().all(|config| config.given_up.is_some()), problems.len())
    };
    for refused in [
        "",
        "{dhcp4: }",
        "{dhcp4: ~}",
        "{mtu: ~}",
        "{mtu: -1}",
        "{addresses: 192.0.2.5/24}",
        "{addresses: [192.0.2.5]}",
        "{addresses: [192.0.2.5/0]}",
        "{addresses: [192.0.2.5/33]}",
        "{addresses: [192.0.2.5/24: {name: x}]}",
        "{gateway4: \"2001:db8::1\"}",
        "{routes: {}}",
        "{routes: [x]}",
        "{routes: [{via: 192.0.2.1}]}",
        "{routes: [{to: 0/0, via: 192.0.2.1}]}",
        "{routes: [{to: 10.0.0.0/8, via: \"2001:db8::1\"}]}",
        "{routes: [{to: 10.0.0.0/8, scope: global}]}",
        "{routes: [{to: 10.0.0.0/8, via: 192.0.2.1, weight: 1}]}",
        "{set-name: lan0}",
        "{match: }",
        "{match: {mac: \"52:54:00:12:34:56\"}}",
        "{match: {macaddress: 52-54-00-12-34-56}}",
        "{match: {name: [en*]}}",
        "{renderer: network-manager}",
        "{nameservers: {addresses: [dns.example]}}",
        "{nameservers: {address: [192.0.2.53]}}",
        "{dhcp4-overrides: {use-route: false}}",
        "{dhcp4-overrides: {use-routes: }}",
        "{link-local: ipv4}",
        "{activation-mode: up}",
        "{routing-policy: [{table: 5}]}",
    ] {
        assert_eq!(of(refused), (true, 0), "{refused}");
    }
    for taken in [
        "{}",
        "{mtu: }",
        "{dhcp4: Yes, dhcp6: n}",
        "{addresses: []}",
        "{addresses: [192.0.2.5/24: {label: \"x:1\", lifetime: 0}]}",
        "{routes: [{to: 10.0.0.0/8}]}",
        "{routes: [{to: default, via: \"2001:db8::1\", metric: }]}",
        "{set-name: lan0, match: {name: en*}}",
        "{match: {driver: [a, b]}}",
        "{routing-policy: [{from: 192.0.2.5}]}",
    ] {
        assert_eq!(of(taken), (false, 0), "{taken}");
    }
    // Where its generator ends half way, and where a later one may know more.
    for doubtful in [
        "{routes: [{to: default}]}",
        "{addresses: [{}]}",
        "{dhcp4: true, dhcp6: true, dhcp4-overrides: {use-routes: false}}",
        "{renderer: NetworkManager, match: {driver: virtio_net}}",
        "{hairpin: true}",
        "{match: {}}",
        "{addresses: [192.0.2.5/24x]}",
    ] {
        assert_eq!(of(doubtful), (false, 1), "{doubtful}");
    }
}

/// The same program: an interface belongs to one bond or bridge, what a definition names stands in its file or one before
/// it, and a VLAN has both link and id.
#[test]
fn definitions_that_do_not_fit_each_other_have_nothing_written() {
    let of = |files: &[(&str, &str)]| read_as(files, true).0.iter().any(|config| config.given_up.is_some());
    let one = |text: &str| of(&[("/n", &format!("network:\n  ethernets: {{eth0: {{}}}}\n{text}"))]);
    assert!(one("  bonds: {a: {interfaces: [eth0]}, b: {interfaces: [eth0]}}\n"));
    assert!(one("  bonds: {a: {interfaces: [eth0]}}\n  bridges: {b: {interfaces: [eth0]}}\n"));
    assert!(!one("  bonds: {a: {interfaces: [eth0, eth0]}}\n  vrfs: {b: {table: 5, interfaces: [eth0]}}\n"));
    assert!(one("  vrfs: {b: {interfaces: [eth0]}}\n"));
    assert!(one("  vlans: {v: {id: 5}}\n") && one("  vlans: {v: {link: eth0}}\n"));
    assert!(one("  vlans: {v: {id: 4095, link: eth0}}\n"));
    assert!(!one("  vlans: {v: {id: , link: eth0}}\n"));
    let bridge = ("/a", "network: {bridges: {br0: {interfaces: [eth0]}}}\n");
    let ethernet = ("/b", "network: {ethernets: {eth0: {}}}\n");
    assert!(of(&[bridge, ethernet]) && !of(&[ethernet, bridge]));
    let renamed = ("/a", "network: {ethernets: {eth0: {set-name: san0}}}\n");
    let matched = ("/b", "network: {ethernets: {eth0: {match: {name: en*}}}}\n");
    assert!(of(&[renamed, matched]) && !of(&[matched, renamed]));
}

/// netplan 0.106 ends by an assertion at a second `gateway4` that is not the first one, before anything is written; a name
/// that a definition has had without `match:` stays beside what is matched later.
#[test]
fn what_files_laid_over_each_other_leave() {
    let of = |one: &str, other: &str| {
        let text = |body: &str| format!("network: {{ethernets: {{eth0: {body}}}}}\n");
        read_as(&[("/a", &text(one)), ("/b", &text(other))], true).0.remove(0)
    };
    assert!(of("{gateway4: 192.0.2.1}", "{gateway4: 192.0.2.2}").given_up.is_some());
    let same = of("{gateway4: 192.0.2.1}", "{gateway4: 192.0.2.1}");
    assert_eq!((same.gateway.unwrap().to_string().as_str(), same.given_up), ("192.0.2.1", None));
    let both = of("{}", "{match: {macaddress: \"52:54:00:12:34:56\"}}").matches;
    assert_eq!((both.names, both.macs), (vec!["eth0".to_owned()], vec!["52:54:00:12:34:56".to_owned()]));
    assert_eq!(of("{}", "{match: {name: en*}}").matches.names, ["en*"]);
}
