//! What network managers and DHCP clients read and write.

use super::target::{Target, text, two};
use crate::formats::network::dhclient_conf::Included;
use crate::formats::network::ifupdown::{self, Item};
use crate::formats::network::keyfile::{self, ifcfg, nm_conf::NmConf, profile};
use crate::formats::network::netplan::{self, Netplan};
use crate::formats::network::{
    classless_routes, cloud_init, dhclient_conf, dhcpcd_conf, leases, link, networkd, networkd_edit, wicked,
};
use crate::formats::systemd;
use isctpl_checks::facts::StaticRoute;
use std::hint::black_box;

pub(super) const TARGETS: &[Target] = &[
    Target::new("ifupdown", &["network/ifupdown/"], interfaces),
    Target::new("netplan", &["network/netplan/"], netplan),
    Target::new("nm-profile", &["network/keyfile/mod.rs", "network/keyfile/profile.rs", "network/keyfile/edit.rs"], nm),
    Target::new("nm-conf", &["network/keyfile/nm_conf.rs", "network/condition.rs"], nm_conf),
    Target::new("ifcfg", &["network/keyfile/ifcfg.rs"], |input| {
        let (first, second) = two(input);
        black_box(ifcfg::read(&first, "/i", "eth0", &mut Vec::new()));
        black_box(ifcfg::routes(&second, "/r", &mut Vec::new()));
    }),
    Target::new("wicked", &["network/wicked.rs"], |input| {
        black_box(wicked::read(&text(input), "/i", "eth0", &mut Vec::new()));
    }),
    Target::new("networkd", &["network/networkd.rs", "network/networkd_edit.rs", "network/condition.rs"], networkd),
    Target::new("link", &["network/link.rs"], |input| {
        black_box(link::read(&systemd::parse(&text(input), "/u"), "/u"));
    }),
    Target::new("cloud-init", &["network/cloud_init.rs"], |input| drop(cloud_init::network(&text(input)))),
    Target::new("dhclient-conf", &["network/dhclient_conf/"], dhclient_conf),
    Target::new("dhcpcd-conf", &["network/dhcpcd_conf/"], dhcpcd_conf),
    Target::new("lease-dhclient", &["network/leases/dhclient.rs", "network/leases/mod.rs"], |input| {
        black_box(leases::dhclient::parse(&text(input), "/l"));
    }),
    Target::new("lease-dhcpcd", &["network/leases/dhcpcd.rs"], |input| {
        black_box(leases::dhcpcd::parse(input, "/l", Some("eth0")));
    }),
    Target::new("lease-klibc", &["network/leases/klibc.rs"], |input| {
        black_box(leases::klibc::parse(&text(input), "/l"));
    }),
    Target::new("lease-networkd", &["network/leases/networkd.rs"], |input| {
        black_box(leases::networkd::parse(&text(input), "/l", Some(2)));
    }),
    Target::new("lease-networkmanager", &["network/leases/networkmanager.rs"], |input| {
        let text = text(input);
        black_box(leases::networkmanager::parse_device(&text, "/l", Some(2)));
        black_box(leases::networkmanager::parse_internal(&text, "/l"));
    }),
    Target::new("classless-routes", &["network/classless_routes.rs"], |input| {
        black_box(classless_routes::decode(input));
        black_box(classless_routes::parse(&text(input)));
    }),
];

/// A route to add.
fn route() -> Option<StaticRoute> {
    let (destination, gateway) = ("10.9.8.0/24".parse().ok()?, "10.0.0.1".parse().ok());
    Some(StaticRoute { destination, gateway, metric: None })
}

fn interfaces(input: &[u8]) {
    let text = text(input);
    let stanzas: Vec<_> = ifupdown::parse(&text, "/i")
        .items
        .into_iter()
        .filter_map(|item| match item {
            Item::Stanza(stanza) => Some(stanza),
            Item::Include(_) => None,
        })
        .collect();
    for generated in [true, false] {
        black_box(ifupdown::interfaces(&stanzas, generated, &mut Vec::new()));
    }
    black_box(ifupdown::edit::has_stanza(&text, "eth0"));
    for edit in [ifupdown::edit::manual, ifupdown::edit::no_auto_down, ifupdown::edit::left_out] {
        drop(black_box(edit(&text, "eth0")));
    }
}

fn netplan(input: &[u8]) {
    let (first, second) = two(input);
    for strict in [true, false] {
        let mut all = Netplan::default();
        all.add(&first, "/a", None);
        all.add(&second, "/b", Some("cloud-init"));
        black_box(all.finish(strict));
    }
    for line in 1..4 {
        black_box(netplan::edit::definition_at(&first, line));
    }
}

fn nm(input: &[u8]) {
    let text = text(input);
    black_box(profile::read(&keyfile::parse(&text, "/n"), "/n", &mut Vec::new()));
    if let Ok(edited) = keyfile::edit::set(&text, "ipv4", "never-default", "true") {
        let file = keyfile::parse(&edited, "/n");
        assert!(file.boolean("ipv4", "never-default").is_some_and(|set| set.value), "the edit is not there");
    }
    if let Some(route) = route() {
        drop(black_box(keyfile::edit::add_route(&text, &route)));
        drop(black_box(keyfile::edit::add_peer_route(&text, &route)));
    }
}

fn nm_conf(input: &[u8]) {
    let (first, second) = two(input);
    let mut conf = NmConf::default();
    conf.add(&keyfile::parse(&first, "/a"));
    conf.add(&keyfile::parse(&second, "/b"));
    black_box(conf.has_plugin("ifupdown"));
    black_box(conf.unmanaged());
}

fn networkd(input: &[u8]) {
    let text = text(input);
    let file = systemd::parse(&text, "/u");
    black_box((networkd::read(&file, "/u", &mut Vec::new()), networkd::uppers(&file), networkd::netdev(&file)));
    drop(black_box(networkd_edit::keep(&text)));
    for without_gateway in [true, false] {
        drop(black_box(networkd_edit::use_routes(&text, without_gateway)));
    }
    if let Some(route) = route() {
        drop(black_box(networkd_edit::route(&text, &route)));
    }
}

fn dhclient_conf(input: &[u8]) {
    let (first, second) = two(input);
    for built_in in [true, false] {
        // The second file includes itself: where that ends is for whoever gives it.
        let parsed = dhclient_conf::parse_with(&first, "/d", built_in, &mut |_, depth| {
            (depth < 3).then(|| Included { text: second.clone(), path: "/e".to_owned() })
        });
        black_box(parsed.classless_variable());
    }
    drop(black_box(dhclient_conf::edit::timeout(&first, 30)));
}

fn dhcpcd_conf(input: &[u8]) {
    let text = text(input);
    black_box(dhcpcd_conf::parse(&text, "/d", &mut Vec::new()));
    for edit in [|text: &str| dhcpcd_conf::edit::timeout(text, 30), dhcpcd_conf::edit::accept_classless] {
        black_box(dhcpcd_conf::parse(&edit(&text), "/d", &mut Vec::new()));
    }
}
