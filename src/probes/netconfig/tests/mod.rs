#![allow(clippy::unwrap_used, clippy::expect_used)]

mod others;
mod ports;

use super::*;
use crate::probes::sample::SampleRoot;
use isctpl_checks::facts::{Location, Manager, Method, Source};
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// The targets of a boot.
const BOOT: [(&str, &str); 3] = [
    ("/usr/lib/systemd/system/default.target", "-> multi-user.target"),
    ("/usr/lib/systemd/system/multi-user.target", "[Unit]\n"),
    ("/usr/lib/systemd/system/sysinit.target", "[Unit]\n"),
];

fn read(root: &SampleRoot) -> NetConfig {
    let root = root.open();
    super::read(&root, &Startup::read(&root), &[], None)
}

fn paths(facts: &NetConfig) -> Vec<&str> {
    facts.interfaces.iter().map(|config| config.at.path.as_str()).collect()
}

#[test]
fn an_empty_root_has_nothing_and_no_problem() {
    let facts = read(&SampleRoot::of(&[]));
    assert!(facts.problems.is_empty() && facts.interfaces.is_empty() && facts.managers.is_empty());
}

#[test]
fn netplan_files_shadow_and_lie_over_each_other() {
    let facts = read(&SampleRoot::of(&[
        ("/usr/lib/systemd/system-generators/netplan", "program"),
        ("/usr/lib/systemd/system/systemd-networkd.service", "[Unit]\n"),
        ("/usr/lib/netplan/00-base.yaml", "network: {ethernets: {gone: {dhcp4: true}}}\n"),
        ("/etc/netplan/00-base.yaml", "network: {ethernets: {san: {dhcp4: true}}}\n"),
        (
            "/etc/netplan/50-cloud-init.yaml",
            "# This file is generated from information provided by the datasource.\nnetwork: {ethernets: {san: {critical: true}}}\n",
        ),
        ("/etc/netplan/60.yaml.bak", "nonsense: ["),
    ]));
    assert!(facts.problems.is_empty(), "{:?}", facts.problems);
    assert_eq!(paths(&facts), ["/etc/netplan/00-base.yaml"]);
    let san = &facts.interfaces[0];
    assert_eq!(san.method, Method::Dhcp);
    assert_eq!(san.keep.as_ref().unwrap().at, Location::line("/etc/netplan/50-cloud-init.yaml", 2));
    assert_eq!(san.generated_by.as_deref(), Some("cloud-init"));
    let states: Vec<_> = facts.managers.iter().map(|state| (state.manager, state.enabled)).collect();
    assert_eq!(states, [(Manager::Netplan, true), (Manager::Networkd, true)], "netplan starts networkd");
}

#[test]
fn networkd_files_are_shadowed_masked_and_amended() {
    let network = |name: &str| format!("[Match]\nName={name}\n[Network]\nDHCP=yes\n");
    let facts = read(&SampleRoot::of(&[
        ("/etc/systemd/network/50-b.network", &network("b")),
        ("/usr/lib/systemd/network/50-b.network", &network("shadowed")),
        ("/usr/lib/systemd/network/10-a.network", &network("a")),
        ("/usr/lib/systemd/network/20-masked.network", &network("masked")),
        ("/etc/systemd/network/20-masked.network", "-> /dev/null"),
        ("/usr/lib/systemd/network/30-empty.network", &network("empty")),
        ("/etc/systemd/network/30-empty.network", ""),
        ("/etc/systemd/network/10-a.network.d/keep.conf", "[Network]\nKeepConfiguration=yes\nVLAN=v\n"),
        ("/etc/systemd/network/v.netdev", "[NetDev]\nName=v\nKind=vlan\n[VLAN]\nId=47\n"),
        ("/etc/systemd/network/60-v.network", &network("v")),
        ("/etc/systemd/network/10-san.link", "[Match]\nMACAddress=52:54:00:aa:bb:01\n[Link]\nName=san0\n"),
        ("/etc/systemd/networkd.conf", "[Network]\nManageForeignRoutes=yes\n"),
        ("/etc/systemd/networkd.conf.d/x.conf", "[Network]\nManageForeignRoutes=no\n"),
        ("/usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-252.so", ""),
        ("/run/systemd/network/10-netplan-x.network", &network("x")),
        (
            "/etc/udev/rules.d/70-persistent-net.rules",
            "SUBSYSTEM==\"net\", ATTR{address}==\"52:54:00:aa:bb:02\", NAME=\"eth7\"\n",
        ),
    ]));
    assert!(facts.problems.is_empty(), "{:?}", facts.problems);
    assert_eq!(
        paths(&facts),
        [
            "/usr/lib/systemd/network/10-a.network",
            "/run/systemd/network/10-netplan-x.network",
            "/etc/systemd/network/50-b.network",
            "/etc/systemd/network/60-v.network"
        ]
    );
    let a = &facts.interfaces[0];
    assert_eq!(a.keep.as_ref().unwrap().at.path, "/etc/systemd/network/10-a.network.d/keep.conf");
    assert_eq!(a.also.len(), 1);
    assert_eq!(facts.interfaces[1].generated_by.as_deref(), Some("netplan"));
    assert_eq!(
        (facts.interfaces[3].vlan, facts.interfaces[3].lower.as_slice()),
        (Some(47), ["a".to_owned()].as_slice())
    );
    assert!(!facts.manage_foreign_routes.unwrap().value);
    assert_eq!(facts.systemd_version, Some(252));
    assert_eq!(facts.renames.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["eth7", "san0"]);
}

#[test]
fn interfaces_files_are_included_and_circles_end() {
    let facts = read(&SampleRoot::of(&[
        (
            "/etc/network/interfaces",
            "auto eth0\nsource interfaces.d/*\nsource-directory /etc/network/more\nsource $HOME/x\n",
        ),
        (
            "/etc/network/interfaces.d/50-cloud-init",
            "# This file is generated from information provided by\n# the datasource.\niface eth0 inet dhcp\n",
        ),
        ("/etc/network/interfaces.d/.hidden", "nonsense"),
        ("/etc/network/more/a.bak", "nonsense"),
        ("/etc/network/more/b", "iface eth1 inet manual\nsource /etc/network/more/b\n"),
        BOOT[0],
        BOOT[1],
        ("/etc/systemd/system/multi-user.target.wants/networking.service", "-> /lib/systemd/system/networking.service"),
        ("/usr/lib/systemd/system/networking.service", "[Unit]\n"),
        (
            "/usr/lib/udev/rules.d/70-iscsi-network-interface.rules",
            "SUBSYSTEM==\"net\", ACTION==\"add\", RUN+=\"/lib/open-iscsi/net-interface-handler start\"\n",
        ),
        ("/lib/open-iscsi/net-interface-handler", "program"),
    ]));
    assert_eq!(facts.interfaces.iter().filter(|config| config.at_boot).count(), 1);
    assert_eq!(facts.interfaces[0].generated_by.as_deref(), Some("cloud-init"));
    assert_eq!(facts.problems.len(), 2, "{:?}", facts.problems);
    assert_eq!(
        facts.managers[0].at.as_ref().unwrap().path,
        "/etc/systemd/system/multi-user.target.wants/networking.service"
    );
    assert!(facts.managers[0].enabled);
    assert_eq!(facts.iscsi_nic_guard.unwrap().line, 1);
}

#[test]
fn a_masked_service_does_not_start() {
    let facts = read(&SampleRoot::of(&[
        ("/etc/systemd/system/NetworkManager.service", "-> /dev/null"),
        (
            "/etc/systemd/system/multi-user.target.wants/NetworkManager.service",
            "-> /usr/lib/systemd/system/NetworkManager.service",
        ),
        ("/usr/lib/systemd/system/NetworkManager.service", "[Unit]\n"),
        ("/usr/lib/systemd/system/systemd-networkd.service", "[Unit]\n"),
    ]));
    let states: Vec<_> = facts.managers.iter().map(|state| (state.manager, state.enabled)).collect();
    assert_eq!(states, [(Manager::Networkd, false), (Manager::NetworkManager, false)]);
}

#[test]
fn networkmanager_refuses_what_others_may_read() {
    let profile = "[connection]\nid=x\ntype=ethernet\ninterface-name=eth0\n[wifi-security]\npsk=verysecret\n";
    let tree = SampleRoot::of(&[
        ("/etc/NetworkManager/system-connections/a.nmconnection", profile),
        ("/etc/NetworkManager/system-connections/b.nmconnection", profile),
        ("/etc/NetworkManager/system-connections/c.nmconnection~", profile),
        ("/etc/NetworkManager/conf.d/z.conf", "[keyfile]\nunmanaged-devices=mac:52:54:00:aa:bb:01\n"),
        ("/etc/sysconfig/network-scripts/ifcfg-ens3", "BOOTPROTO=dhcp\n"),
        ("/etc/sysconfig/network-scripts/route-ens3", "100.97.0.0/16 via 100.64.16.49\n"),
        ("/etc/sysconfig/network-scripts/ifcfg-ens3.bak", "BOOTPROTO=dhcp\n"),
    ]);
    for (name, mode) in [("a.nmconnection", 0o600), ("b.nmconnection", 0o644), ("c.nmconnection~", 0o600)] {
        let path = tree.path(&format!("/etc/NetworkManager/system-connections/{name}"));
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let facts = read(&tree);
    assert_eq!(
        paths(&facts),
        [
            "/etc/NetworkManager/conf.d/z.conf",
            "/etc/NetworkManager/system-connections/a.nmconnection",
            "/etc/sysconfig/network-scripts/ifcfg-ens3"
        ]
    );
    assert!(facts.interfaces[0].unmanaged);
    assert_eq!(facts.interfaces[2].routes[0].value.destination.to_string(), "100.97.0.0/16");
    assert_eq!(facts.problems.len(), 1);
    assert!(facts.problems[0].place.ends_with("b.nmconnection"));
    assert!(!format!("{facts:?}").contains("verysecret"));
}

#[test]
fn networkmanager_leaves_ifupdowns_interfaces_to_it() {
    let facts = read(&SampleRoot::of(&[
        ("/etc/network/interfaces", "iface lo inet loopback\niface eth0 inet dhcp\n"),
        ("/etc/NetworkManager/NetworkManager.conf", "[main]\nplugins=ifupdown,keyfile\n[ifupdown]\nmanaged=false\n"),
        ("/usr/sbin/dhcpcd", "program"),
    ]));
    let left: Vec<_> = facts.interfaces.iter().filter(|config| config.unmanaged).collect();
    assert_eq!(left.len(), 1);
    assert_eq!((left[0].at.line, left[0].matches.names.as_slice()), (4, ["eth0".to_owned()].as_slice()));
    let dhcpcd: Vec<_> = facts.interfaces.iter().filter(|config| config.manager == Manager::Dhcpcd).collect();
    assert_eq!(dhcpcd[0].method, Method::Dhcp, "it takes every interface");
}

#[test]
fn reverse_path_filters_in_the_order_of_their_files() {
    let files = [
        ("/usr/lib/sysctl.d/50-default.conf", "net.ipv4.conf.all.rp_filter=2\n"),
        ("/usr/lib/sysctl.d/60-shadowed.conf", "net.ipv4.conf.all.rp_filter=0\n"),
        ("/etc/sysctl.d/60-shadowed.conf", "net.ipv4.conf.san.rp_filter=1\n"),
        ("/etc/sysctl.conf", "net.ipv4.conf.all.rp_filter=1\n"),
    ];
    let values = |facts: NetConfig| facts.rp_filter.into_iter().map(|it| it.value).collect::<Vec<_>>();
    let (all, san) = ("all".to_owned(), "san".to_owned());
    assert_eq!(values(read(&SampleRoot::of(&files))), [(all.clone(), 2), (san.clone(), 1), (all.clone(), 1)]);
    let mut with_systemd = files.to_vec();
    with_systemd.push(("/usr/lib/systemd/systemd-sysctl", "program"));
    assert_eq!(values(read(&SampleRoot::of(&with_systemd))), [(all, 2), (san, 1)], "nothing links to /etc/sysctl.conf");
}

#[test]
fn firewalls_count_only_when_they_start() {
    let nft = "flush ruleset\ninclude \"/etc/nftables.d/*.nft\"\n";
    let rules = "table inet filter {\n chain input {\n  type filter hook input priority 0; policy drop;\n  ct state established accept\n }\n chain output {\n  type filter hook output priority 0; policy drop;\n  tcp dport 53 accept\n }\n}\n";
    let files = [
        ("/etc/nftables.conf", nft),
        ("/etc/nftables.d/a.nft", rules),
        ("/usr/lib/systemd/system/nftables.service", "[Unit]\n"),
        ("/usr/lib/systemd/system/ufw.service", "[Unit]\n"),
        ("/etc/ufw/ufw.conf", "ENABLED=yes\n"),
        ("/etc/default/ufw", "DEFAULT_INPUT_POLICY=\"DROP\"\nDEFAULT_OUTPUT_POLICY=\"REJECT\"\n"),
        (
            "/etc/ufw/before.rules",
            "*filter\n:ufw-before-input - [0:0]\n-A ufw-before-input -i lo -j ACCEPT\n-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A ufw-before-input -j ufw-not-local\n-A ufw-not-local -m addrtype --dst-type LOCAL -j RETURN\n-A ufw-not-local -j DROP\nCOMMIT\n",
        ),
        (
            "/etc/ufw/user.rules",
            "*filter\n:ufw-user-output - [0:0]\n-A ufw-user-output -p tcp --dport 3260 -j ACCEPT\nCOMMIT\n",
        ),
    ];
    assert!(read(&SampleRoot::of(&files)).firewalls.is_empty());
    let mut enabled = files.to_vec();
    enabled.extend(BOOT);
    enabled
        .push(("/etc/systemd/system/sysinit.target.wants/nftables.service", "-> /lib/systemd/system/nftables.service"));
    enabled.push(("/etc/systemd/system/multi-user.target.wants/ufw.service", "-> /lib/systemd/system/ufw.service"));
    let facts = read(&SampleRoot::of(&enabled));
    assert!(facts.problems.is_empty(), "{:?}", facts.problems);
    let [ufw, nftables] = facts.firewalls.as_slice() else { panic!("{:?}", facts.firewalls) };
    assert_eq!((ufw.kind.as_str(), ufw.output_policy.as_str()), ("ufw", "drop"));
    assert!(ufw.established_in && ufw.portal_out, "{ufw:?}");
    assert_eq!(ufw.deciding.as_ref().unwrap().at, Location::line("/etc/ufw/user.rules", 3));
    assert!(nftables.established_in && !nftables.portal_out, "{nftables:?}");
    assert_eq!(nftables.deciding.as_ref().unwrap().at, Location::line("/etc/nftables.d/a.nft", 7));
    assert!(nftables.unclear.is_empty() && ufw.unclear.is_empty());
    enabled.push(("/etc/ufw/after.rules", "*filter\nnonsense\nCOMMIT\n"));
    assert_eq!(read(&SampleRoot::of(&enabled)).firewalls[0].unclear, ["/etc/ufw/after.rules:2: nonsense"]);
    // What ufw's settings are is not known, so neither is what it does.
    for (path, doubtful) in [
        ("/etc/ufw/ufw.conf", "[ -e /x ] && ENABLED=yes\n"),
        ("/etc/ufw/ufw.conf", "ENABLED=no\n. /etc/ufw/own.conf\n"),
        ("/etc/default/ufw", "DEFAULT_OUTPUT_POLICY=$(cat /x)\n"),
        ("/etc/default/ufw", "DEFAULT_OUTPUT_POLICY=\"ACCEPT\"\r\n"),
    ] {
        let mut files = enabled.clone();
        files.retain(|(known, _)| *known != path);
        files.push((path, doubtful));
        let facts = read(&SampleRoot::of(&files));
        assert_eq!(facts.firewalls.len(), 1, "{doubtful:?}");
        assert!(facts.problems.iter().any(|problem| problem.source == Source::Firewall), "{doubtful:?}");
    }
}

/// What is forwarded is none of the session's packets.
#[test]
fn only_what_firewalld_does_with_this_host_itself_is_unclear() {
    let policy = |ingress: &str| {
        format!("<policy target=\"DROP\"><ingress-zone name=\"{ingress}\"/><egress-zone name=\"docker\"/></policy>")
    };
    let (any, host) = (policy("ANY"), policy("HOST"));
    let unclear = |files: &[(&str, &str)]| {
        let mut all = files.to_vec();
        all.extend(BOOT);
        all.push(("/usr/lib/systemd/system/firewalld.service", "[Unit]\n"));
        all.push((
            "/etc/systemd/system/multi-user.target.wants/firewalld.service",
            "-> /usr/lib/systemd/system/firewalld.service",
        ));
        read(&SampleRoot::of(&all)).firewalls[0].unclear.len()
    };
    assert_eq!(unclear(&[("/etc/firewalld/policies/docker-forwarding.xml", &any)]), 0);
    assert_eq!(unclear(&[("/etc/firewalld/policies/out.xml", &host)]), 1);
    assert_eq!(unclear(&[("/etc/firewalld/direct.xml", "<direct>\n</direct>\n")]), 0);
    assert_eq!(unclear(&[("/etc/firewalld/direct.xml", "<direct>\n<rule ipv=\"ipv4\"/></direct>\n")]), 1);
}

#[test]
fn what_cannot_be_read_is_a_problem() {
    let tree = SampleRoot::of(&[]);
    fs::create_dir_all(tree.path("/etc/netplan/a.yaml")).unwrap();
    fs::create_dir_all(tree.path("/etc/network/interfaces")).unwrap();
    let facts = read(&tree);
    let places: Vec<_> = facts.problems.iter().map(|problem| problem.place.as_str()).collect();
    assert_eq!(places, ["/etc/network/interfaces", "/etc/netplan/a.yaml"]);
}

/// A check asks what could not be read by its source, wherever it lies.
#[test]
fn what_cannot_be_read_names_its_source() {
    let expected = [
        ("/etc/network/interfaces", Source::Manager(Manager::Ifupdown)),
        ("/etc/netplan/a.yaml", Source::Manager(Manager::Netplan)),
        ("/etc/systemd/network/a.network", Source::Manager(Manager::Networkd)),
        ("/etc/systemd/network/a.link", Source::LinkFiles),
        ("/etc/NetworkManager/system-connections/a.nmconnection", Source::Manager(Manager::NetworkManager)),
        ("/etc/dhcpcd.conf", Source::Manager(Manager::Dhcpcd)),
        ("/etc/sysconfig/network-scripts/ifcfg-a", Source::Manager(Manager::Ifcfg)),
        ("/etc/ufw/ufw.conf", Source::Firewall),
        ("/etc/udev/rules.d/a.rules", Source::LinkFiles),
    ];
    let tree = SampleRoot::of(&[("/usr/sbin/dhcpcd", "")]);
    for (path, _) in expected {
        fs::create_dir_all(tree.path(path)).unwrap();
    }
    let facts = read(&tree);
    for (path, source) in expected {
        let of_file = facts.problems.iter().find(|problem| problem.place == path);
        assert_eq!(of_file.map(|problem| problem.source), Some(source), "{path}: {:?}", facts.problems);
    }
}

/// The rule that lets the session through may be in it.
#[test]
fn a_firewall_with_rules_that_cannot_be_read_is_unclear() {
    let root = SampleRoot::of(&BOOT);
    root.put("/etc/ufw/ufw.conf", "ENABLED=yes\n");
    root.put("/etc/default/ufw", "DEFAULT_OUTPUT_POLICY=\"DROP\"\n");
    root.put("/lib/systemd/system/ufw.service", "[Unit]\n");
    root.put("/etc/systemd/system/multi-user.target.wants/ufw.service", "-> /lib/systemd/system/ufw.service");
    assert!(read(&root).firewalls[0].unclear.is_empty());
    fs::create_dir_all(root.path("/etc/ufw/user.rules")).unwrap();
    let firewalls = read(&root).firewalls;
    assert!(firewalls[0].unclear[0].starts_with("/etc/ufw/user.rules: "), "{firewalls:?}");
}

/// Nothing with this name was read, so a manager or a firewall may start that is not seen to.
#[test]
fn a_unit_that_cannot_be_read_may_be_that_of_any_manager_or_firewall() {
    let root = SampleRoot::of(&BOOT);
    fs::create_dir_all(root.path("/srv/unit")).unwrap();
    for unit in ["networking.service", "nftables.service"] {
        root.put(&format!("/etc/systemd/system/{unit}"), "-> /srv/unit");
        let facts = read(&root);
        assert!(facts.managers.is_empty() && facts.firewalls.is_empty());
        let place = format!("/etc/systemd/system/{unit}");
        let problem = facts.problems.iter().find(|problem| problem.place == place);
        assert_eq!(problem.map(|problem| problem.source), Some(Source::Unnamed), "{:?}", facts.problems);
    }
}

/// A service of another name starts no manager and no firewall, but what pulls one in by its name may.
#[test]
fn a_unit_of_another_service_that_cannot_be_read_hides_no_manager_and_no_firewall() {
    for (unit, told) in [
        ("backup.service", false),
        ("backup.service.d/local.conf", false),
        ("multi-user.target", true),
        ("backup.timer", true),
        ("systemd-networkd-wait-online.service", true),
        ("NetworkManager.service.d/local.conf", true),
        ("systemd-.service.d/local.conf", true),
        ("service.d/local.conf", true),
    ] {
        let root = SampleRoot::of(&BOOT);
        for service in ["backup.service", "NetworkManager.service", "systemd-networkd.service"] {
            let path = format!("/lib/systemd/system/{service}");
            root.put(&path, "[Service]\n");
            root.put(&format!("/etc/systemd/system/multi-user.target.wants/{service}"), &format!("-> {path}"));
        }
        root.put("/lib/systemd/system/backup.timer", "[Timer]\n");
        let wants = "[Unit]\nWants=backup.timer systemd-networkd-wait-online.service\n";
        root.put("/etc/systemd/system/multi-user.target.d/more.conf", wants);
        fs::create_dir_all(root.path("/srv/unit")).unwrap();
        root.put(&format!("/etc/systemd/system/{unit}"), "-> /srv/unit");
        let facts = read(&root);
        let place = format!("/etc/systemd/system/{unit}");
        let about: Vec<_> = facts.problems.iter().filter(|problem| problem.place == place).collect();
        assert_eq!(about.len(), usize::from(told), "{unit}: {:?}", facts.problems);
        assert!(about.iter().all(|problem| problem.source == Source::Unnamed), "{unit}: {about:?}");
        let units = Startup::read(&root.open()).problems();
        assert!(units.iter().any(|problem| problem.place == place), "{unit}: {units:?}");
    }
}

#[test]
fn a_file_of_networkd_or_udev_with_more_lines_than_are_read_is_told() {
    let networkd = Source::Manager(Manager::Networkd);
    for (file, source) in [
        ("a.network", networkd),
        ("a.netdev", networkd),
        ("a.link", Source::LinkFiles),
        ("a.network.d/b.conf", networkd),
        ("a.netdev.d/b.conf", networkd),
        ("a.link.d/b.conf", Source::LinkFiles),
        ("../networkd.conf", networkd),
    ] {
        let directory = "/etc/systemd/network";
        let files = ["a.network", "a.netdev", "a.link"].map(|name| (format!("{directory}/{name}"), "[Match]\n"));
        let root = SampleRoot::of(&files.each_ref().map(|(path, text)| (path.as_str(), *text)));
        root.put(&format!("{directory}/{file}"), &format!("[Match]\n{}", "Name=a\n".repeat(5_000)));
        let problems = read(&root).problems;
        let cut: Vec<_> = problems.iter().filter(|problem| problem.what.contains("more than 5000 lines")).collect();
        assert_eq!(cut.iter().map(|problem| problem.source).collect::<Vec<_>>(), [source], "{file}: {problems:?}");
    }
}

/// A link that leads to itself stands for whatever the kernel does not say.
#[test]
fn what_cannot_be_looked_for_is_told() {
    for (path, reader, source) in [
        ("/etc/loop", Some(("/etc/network/interfaces", "source /etc/loop/*\n")), Source::Manager(Manager::Ifupdown)),
        ("/usr/sbin/dhcpcd", None, Source::Manager(Manager::Dhcpcd)),
        ("/usr/lib/systemd/system-generators/netplan", None, Source::Manager(Manager::Netplan)),
        ("/etc/init.d/networking", None, Source::Unnamed),
    ] {
        let root = SampleRoot::of(&[(path, &format!("-> {path}"))]);
        reader.into_iter().for_each(|(path, text)| root.put(path, text));
        let problems = read(&root).problems;
        let told = problems.iter().find(|problem| problem.place == path);
        assert_eq!(told.map(|problem| problem.source), Some(source), "{path}: {problems:?}");
    }
}
