#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::file::InterfacesFile;
use super::routes::routes_of;
use super::*;
use isctpl_checks::facts::{InterfaceConfig, Method, Problem, Rename};
use proptest::prelude::*;

const ENI: &str = "# a comment\nsource /etc/network/interfaces.d/*\nsource-directory parts\n\nauto lo enp0s3\nallow-hotplug /ens*\niface lo inet loopback\n\niface enp0s3 inet dhcp\n    mtu 9000\n    metric 50\n    up ip route add 100.97.0.0/16 \\\n        via 100.64.16.49 dev $IFACE || true\n    post-up /sbin/route add -net 10.0.0.0 netmask 255.0.0.0 gw 10.1.1.1; echo done\n    down ip route del 100.97.0.0/16\n\niface enp0s3 inet6 auto\n\niface ens7 inet static\n    address 192.0.2.5\n    netmask 255.255.255.0\n    gateway 192.0.2.1\n    wpa-psk verysecret\n\niface enp0s8.47 inet manual\n";

fn stanzas_of(file: InterfacesFile) -> Vec<Stanza> {
    let stanza = |item| match item {
        Item::Stanza(stanza) => Some(stanza),
        Item::Include(_) => None,
    };
    file.items.into_iter().filter_map(stanza).collect()
}

fn read(text: &str) -> (Vec<InterfaceConfig>, Vec<Rename>, Vec<Problem>) {
    let mut file = parse(text, "/i");
    let mut problems = std::mem::take(&mut file.problems);
    let stanzas = stanzas_of(file);
    let (configs, renames) = interfaces(&stanzas, false, &mut problems);
    (configs, renames, problems)
}

#[test]
fn no_auto_down_is_for_the_interfaces_that_it_names() {
    let (configs, _, problems) =
        read("auto a b c1\nno-auto-down a /c*\niface a inet manual\niface b inet manual\niface c1 inet dhcp\n");
    assert!(problems.is_empty(), "{problems:?}");
    let left_up: Vec<bool> = configs.iter().map(|config| config.left_up).collect();
    assert_eq!(left_up, [true, false, true]);
    assert!(configs.iter().all(|config| config.at_boot));
}

#[test]
fn reads_what_decides_the_handover() {
    let (configs, _, problems) = read(ENI);
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(configs.len(), 4);
    let san = &configs[1];
    assert_eq!(san.matches.names, ["enp0s3"]);
    assert_eq!(san.method, Method::Dhcp);
    assert!(san.at_boot && !san.unmanaged);
    assert_eq!(san.mtu.as_ref().unwrap().value, 9000);
    assert_eq!(san.metric.as_ref().unwrap().value, 50);
    let routes: Vec<_> = san
        .routes
        .iter()
        .map(|route| (route.value.destination.to_string(), route.value.gateway.unwrap().to_string(), route.at.line))
        .collect();
    assert_eq!(
        routes,
        [
            ("100.97.0.0/16".to_owned(), "100.64.16.49".to_owned(), 12),
            ("10.0.0.0/8".to_owned(), "10.1.1.1".to_owned(), 14)
        ]
    );
    assert_eq!(san.commands.len(), 3);
    let wan = &configs[2];
    assert!(wan.at_boot && wan.optional, "by allow-hotplug /ens*");
    assert!(!san.optional, "by auto");
    assert_eq!(wan.addresses[0].to_string(), "192.0.2.5/24");
    assert_eq!(wan.gateway.unwrap().to_string(), "192.0.2.1");
    assert!(!format!("{configs:?}").contains("verysecret"));
    let vlan = &configs[3];
    assert_eq!((vlan.vlan, vlan.lower.as_slice()), (Some(47), ["enp0s8".to_owned()].as_slice()));
    assert!(vlan.unmanaged && !vlan.at_boot);
}

#[test]
fn asks_for_other_files_in_order() {
    let includes: Vec<_> = parse(ENI, "/i")
        .items
        .into_iter()
        .filter_map(|item| match item {
            Item::Include(include) => Some((include.pattern, include.directory, include.at.line)),
            Item::Stanza(_) => None,
        })
        .collect();
    assert_eq!(includes, [("/etc/network/interfaces.d/*".to_owned(), false, 2), ("parts".to_owned(), true, 3)]);
}

#[test]
fn inherits_maps_and_renames() {
    let (configs, renames, _) = read(
        "template base\n  mtu 9000\niface common inet dhcp\n  up ip r a 100.97/16 via 100.64.16.49\niface eth0 inherits common\niface a inherits b\niface b inherits a\nauto /en*=home\niface home inet dhcp\nmapping eth*\n  script /bin/which\n  map HOME work\niface work inet manual\nrename mac/52:54:00:AA:BB:01=san0 /eth*=lan0\n",
    );
    assert_eq!(configs[1].method, Method::Dhcp);
    assert_eq!(configs[1].routes[0].value.destination.to_string(), "100.97.0.0/16");
    let home = configs.iter().find(|config| config.matches.names == ["en*"]).unwrap();
    assert!(home.at_boot);
    let work = configs.iter().find(|config| config.matches.names == ["eth*"]).unwrap();
    assert_eq!(work.matches.other, ["the mapping at /i:10 selects it"]);
    assert_eq!(renames[0].matches.macs, ["52:54:00:aa:bb:01"]);
    assert_eq!(renames[1].matches.names, ["eth*"]);
}

#[test]
fn inheriting_in_every_direction_ends() {
    let all = "inherits a inherits b inherits c inherits d ".repeat(50);
    let text: String = ["a", "b", "c", "d"].iter().map(|name| format!("iface {name} {all}\n mtu 1500\n")).collect();
    assert_eq!(read(&text).0.len(), 4);
}

#[test]
fn reads_ifupdown2_and_ng() {
    let (configs, ..) = read(
        "auto swp1\niface swp1\n  address 192.0.2.1/24\n  address 192.0.2.2/24\nauto e\niface e\n  use dhcp\niface br0\n  bridge-ports swp1 none\n",
    );
    assert_eq!(configs[0].method, Method::Static);
    assert_eq!(configs[0].addresses.len(), 2);
    assert_eq!(configs[1].method, Method::Dhcp);
    assert_eq!(configs[2].lower, ["swp1"]);
}

#[test]
fn routes_are_found_in_commands() {
    let text = |command: &str| -> Vec<String> {
        routes_of(command).0.iter().map(|it| format!("{} {:?} {:?}", it.destination, it.gateway, it.metric)).collect()
    };
    assert_eq!(text("ip -4 route replace default via 192.0.2.1 metric 7"), ["0.0.0.0/0 Some(192.0.2.1) Some(7)"]);
    assert_eq!(text("/sbin/ip ro add 192.0.2.8 dev eth0"), ["192.0.2.8/32 None None"]);
    assert_eq!(text("route add default gw 192.0.2.1"), ["0.0.0.0/0 Some(192.0.2.1) None"]);
    assert_eq!(text("route add -host 192.0.2.8 gw 192.0.2.1"), ["192.0.2.8/32 Some(192.0.2.1) None"]);
    assert_eq!(text("ip route add 10.0.0.0/8 via $GW"), Vec::<String>::new());
    assert_eq!(text("ip route add 10.0.0.0/8 via 1.2.3.4 table 7"), Vec::<String>::new());
    assert_eq!(text("ip route del 10.0.0.0/8; ip link set up dev x"), Vec::<String>::new());
    // The reader that there was before cut commands within quotes, and kept comments.
    assert_eq!(text("echo 'a; ip route add 10.0.0.0/8 via 1.2.3.4'"), Vec::<String>::new());
    assert_eq!(text("true # ip route add 10.0.0.0/8 via 1.2.3.4"), Vec::<String>::new());
    assert_eq!(text("(ip route add \\\n10.0.0.0/8 via '1.2.3.4')"), ["10.0.0.0/8 Some(1.2.3.4) None"]);
    assert_eq!(text("ip route add table main 10.0.0.0/8 via 1.2.3.4"), ["10.0.0.0/8 Some(1.2.3.4) None"]);
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    let (_, _, problems) =
        read("  mtu 1\niface\niface a inet static\n address 1.2.3\n netmask x\n address 1.2.3.4\n gateway y\n mtu z\n");
    let places: Vec<_> = problems.iter().map(|problem| problem.place.as_str()).collect();
    assert_eq!(places, ["/i:1", "/i:2", "/i:7", "/i:8", "/i:4", "/i:5"]);
}

#[test]
fn globs_past_the_limit_are_told() {
    let globs = |count: usize, suffix: &str| (0..count).map(|n| format!(" /e{n}*{suffix}")).collect::<String>();
    let maps = |count: usize| (0..count).map(|n| format!("mapping e{n}\n map x\n")).collect::<String>();
    for (what, text) in [
        ("auto", &(|count| format!("auto{}\niface x inet dhcp\n", globs(count, ""))) as &dyn Fn(usize) -> String),
        ("allow-hotplug", &|count| format!("allow-hotplug{}\niface x inet dhcp\n", globs(count, ""))),
        ("no-auto-down", &|count| format!("no-auto-down{}\niface x inet dhcp\n", globs(count, ""))),
        ("a logical name", &|count| format!("auto{}\niface x inet dhcp\n", globs(count, "=x"))),
        ("a mapping", &|count| format!("mapping{}\n map x\niface x inet dhcp\n", globs(count, ""))),
        ("mappings", &|count| format!("{}iface x inet dhcp\n", maps(count))),
    ] {
        assert_eq!(read(&text(64)).2, [], "{what}");
        let (_, _, problems) = read(&text(65));
        assert!(matches!(problems.as_slice(), [problem] if problem.what.contains("more than 64 globs")), "{what}");
    }
}

#[test]
fn a_truncation_anywhere_is_read() {
    for end in 0..ENI.len() {
        read(ENI.get(..end).unwrap());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..1024), words in "(iface|auto|source|up ip route add|up route add -net|inherits|inet|dhcp|[a-c/=.0-9]{1,6}| |\n){0,60}") {
        read(&String::from_utf8_lossy(&bytes));
        read(&words);
        routes_of(&words);
    }
}

/// ifupdown 0.8.41 of Debian 12, run by `ifquery --list` and in a network namespace: each of these ends the reading of
/// the file at its line.
#[test]
fn a_line_that_ifupdown_refuses_ends_its_reading() {
    for (text, line, items) in [
        ("auto eth0\niface eth0 inet\nauto wlan0\n", 2, 1),
        ("iface\n", 1, 0),
        ("iface eth0\n  address 192.0.2.5/24\n", 1, 0),
        ("iface eth0 inet dhcp inherits\n", 1, 0),
        ("iface eth0 inet static\n  address 192.0.2.5/24\n  ...\n  gateway 192.0.2.1\n", 3, 1),
        ("iface eth0 inet dhcp\nauto eth0\n  mtu 9000\n", 3, 2),
        ("iface eth0 inet dhcp\nsource x\n  mtu 9000\n", 3, 2),
        ("address 192.0.2.5\n", 1, 0),
        ("mapping eth*\n  script x\n  maps a\n", 3, 1),
    ] {
        let refused = parse(text, "/i").refused.unwrap_or_else(|| panic!("{text}"));
        assert_eq!((refused.what.at.line, refused.items), (line, items), "{text}: {}", refused.what.value);
    }
    for text in [
        ENI,
        "iface eth0 inet dhcp\n  auto\n  mtu 9000\n",
        "iface eth0 inherits base\n",
        "iface eth0 inet static # the SAN\n  address 192.0.2.5/24\n",
        "mapping eth*\n  script x\n  map a b\n",
        "# auto\n\nauto\n",
        "",
    ] {
        assert_eq!(parse(text, "/i").refused, None, "{text}");
    }
    let (configs, ..) = read("iface eth0 inet dhcp\n  auto\niface eth1 inet dhcp\n");
    assert_eq!(configs.iter().map(|config| config.at_boot).collect::<Vec<_>>(), [true, false]);
    // Two such words are both for the stanza, and one behind a line that ends it is for none.
    let (configs, ..) = read("iface eth0 inet dhcp\n  allow-hotplug\n  auto\n");
    assert!(configs[0].at_boot);
    let (configs, ..) = read("iface eth0 inet dhcp\nno-scripts x\nauto\n");
    assert!(!configs[0].at_boot);
}

/// The same program in a network namespace, on a NIC that was up with another address: `ifup` fails, and `ifdown -a`
/// leaves the NIC as it is. What only a shell could tell stays a problem.
#[test]
fn ifup_gives_up_on_a_static_address_that_ip_refuses() {
    let read = |options: &str, strict: bool| {
        let text = format!("auto eth0\niface eth0 inet static\n{options}");
        let stanzas = stanzas_of(parse(&text, "/i"));
        let mut problems = Vec::new();
        let (configs, _) = interfaces(&stanzas, strict, &mut problems);
        (configs[0].given_up.as_ref().map(|why| why.at.line), problems.len())
    };
    for (options, line) in [
        // The letters are the input, which a template leaves for a person to fill in: an X counts only behind a 0.
        (" address 172.22.2.XXX\n netmask 255.255.252.0\n gateway 172.22.2.24\n", 3),
        (" address 172.16.1.\n", 3),
        (" address 192.0.2.5 # it's the SAN\n netmask 255.255.255.0 # its mask\n", 3),
        (" address 192.0.2.5\n netmask 255.255.255.0 # its mask\n", 4),
        (" address 192.0.2.5\n netmask none\n", 4),
        (" address 192.0.2.5/24\n gateway 192.0.2.\n", 4),
        (" address 192.0.2.5/24\n mtu big\n", 4),
        (" netmask 255.255.255.0\n", 2),
        // Values of an option that stands there twice are lines of the command.
        (" address 192.0.2.5\n address 192.0.2.6\n", 4),
        (" address 192.0.2.5\n address 192.0.2.6/24\n", 4),
        (" address 192.0.2.5/mask\n", 3),
        (" address 192.0.2.5/24\n gateway 192.0.2.1\n gateway 192.0.2.2\n", 5),
        (" address 192.0.2.5\n netmask /24\n", 4),
    ] {
        assert_eq!(read(options, true), (Some(line), 0), "{options}");
    }
    // What `ip` takes (seen with 6.1.0): octets of another base, fewer than four, a mask in place of a length.
    for options in [
        " address 192.168.001.005/24\n",
        " address 10.1/24\n",
        " address 192.0.2.5/255.255.255.0\n",
        " address 192.0.2.5/24\n mtu 0x5dc\n",
    ] {
        assert_eq!(read(options, true).0, None, "{options}");
    }
    for options in [
        " address 192.0.2.5/24\n gateway 192.0.2.1 # the router\n",
        " address 192.0.2.5/24 # the SAN\n",
        " address 192.0.2.5/24\n address 192.0.2.6/24\n",
        " address 192.0.2.5\n netmask 24\n mtu 9000\n",
        " address 192.0.2.5\n",
    ] {
        assert_eq!(read(options, true), (None, 0), "{options}");
    }
    assert_eq!(read(" address $(san-address)\n", true), (None, 1));
    assert_eq!(read(" address 172.16.1.\n", false), (None, 1), "ifupdown2 goes on");
}

/// `ifup -n` printed `ip addr add 10.0.0.5/255.255.255.0` and `10.1.2.3/255.255.0.0`; ifupdown2 heeds a netmask only where
/// the address has no length.
#[test]
fn a_netmask_counts_more_than_a_length_to_ifupdown_itself() {
    let read = |options: &str, strict: bool| {
        let stanzas = stanzas_of(parse(&format!("auto eth0\niface eth0 inet static\n{options}"), "/i"));
        let (configs, _) = interfaces(&stanzas, strict, &mut Vec::new());
        configs[0].addresses.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let both = " address 10.0.0.5/14\n netmask 255.255.255.0\n";
    assert_eq!(read(both, true), ["10.0.0.5/24"]);
    assert_eq!(read(both, false), ["10.0.0.5/14"]);
    assert_eq!(read(" address 10.1.2.3/255.255.0.0\n", true), ["10.1.2.3/16"]);
    // It cuts all values of `address` at the first `/`.
    let two = " address 192.0.2.5/24\n address 192.0.2.6/25\n";
    assert_eq!(read(two, true), ["192.0.2.5/24"]);
    assert_eq!(read(two, false), ["192.0.2.5/24", "192.0.2.6/25"]);
    assert_eq!(read(&format!("{two} netmask 255.255.0.0\n"), true), ["192.0.2.5/16"]);
    for (address, net) in [("192.0.2.5/24x", "192.0.2.5/24"), ("192.0.2.5/33", "192.0.2.5/0")] {
        assert_eq!(read(&format!(" address {address}\n"), true), [net]);
    }
}

#[test]
fn what_only_a_later_ifupdown_may_know_is_a_doubt() {
    for head in
        ["iface eth0 inet nothing", "iface eth0 inet9 static", "iface eth0 inet6 bootp", "template base inet static"]
    {
        let stanzas = stanzas_of(parse(&format!("{head}\n mtu 1500\n"), "/i"));
        let doubts = |strict: bool| {
            let mut problems = Vec::new();
            interfaces(&stanzas, strict, &mut problems);
            problems.len()
        };
        assert_eq!((doubts(true), doubts(false)), (1, 0), "{head}");
    }
}

/// ifupdown 0.8.41, main.c: a stanza that fails ends the work on its interface.
#[test]
fn what_follows_a_stanza_that_ifup_gives_up_on_is_passed_over() {
    let text =
        "iface eth0 inet dhcp\niface eth0 inet static\n address 192.0.2.\niface eth0 inet dhcp\niface eth1 inet dhcp\n";
    let stanzas = stanzas_of(parse(text, "/i"));
    let given_up = |strict: bool| {
        let (configs, _) = interfaces(&stanzas, strict, &mut Vec::new());
        configs.iter().map(|config| config.given_up.is_some()).collect::<Vec<_>>()
    };
    assert_eq!(given_up(true), [false, true, true, false]);
    assert_eq!(given_up(false), [false; 4]);
    let heir = "iface base inet static\niface eth0 inet static inherits base\n gateway 192.0.2.1\n";
    let (configs, _) = interfaces(&stanzas_of(parse(heir, "/i")), true, &mut Vec::new());
    assert!(configs.iter().all(|config| config.given_up.is_some()), "there is no address to inherit");
    let text = "iface eth0 inet6 static\niface eth0 inet dhcp\niface eth1 inet6 auto\niface eth1 inet dhcp\n";
    let (configs, _) = interfaces(&stanzas_of(parse(text, "/i")), true, &mut Vec::new());
    assert_eq!(configs.iter().map(|config| config.given_up.is_some()).collect::<Vec<_>>(), [true, false]);
}
