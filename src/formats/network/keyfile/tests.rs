#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::nm_conf::NmConf;
use super::*;
use isctpl_checks::facts::{InterfaceConfig, Method};
use proptest::prelude::*;

const PROFILE: &str = "[connection]\nid=san\nuuid=1\ntype=ethernet\nautoconnect=false\n\n[ethernet]\nmac-address=52:54:00:AA:BB:01\nmtu=9000\n\n[match]\ninterface-name=en*;eth0;\n\n[802-1x]\npassword=verysecret\n\n[ipv4]\nmethod=auto\naddress1=192.0.2.5/24,192.0.2.1\nroute1=100.97.0.0/16,100.64.16.49,7\nroute2=10.0.0.0/8,1.2.3.4\nroute2_options=table=100\nignore-auto-routes=true\nroute-metric=50\n";

fn profile_of(text: &str) -> (Option<InterfaceConfig>, Vec<Problem>) {
    let mut problems = Vec::new();
    (profile::read(&parse(text, "/p"), "/p", &mut problems), problems)
}

#[test]
fn reads_a_profile() {
    let (config, problems) = profile_of(PROFILE);
    let config = config.unwrap();
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(config.matches.macs, ["52:54:00:aa:bb:01"]);
    assert_eq!(config.matches.names, ["en*", "eth0"]);
    assert_eq!(config.matches.types, ["ether"]);
    assert_eq!(config.method, Method::Dhcp);
    assert!(!config.at_boot);
    assert_eq!(config.mtu.as_ref().unwrap().value, 9000);
    assert_eq!(config.addresses[0].to_string(), "192.0.2.5/24");
    assert_eq!(config.gateway.unwrap().to_string(), "192.0.2.1");
    assert_eq!(config.routes.len(), 1);
    assert_eq!(config.routes[0].at.line, 20);
    assert_eq!(config.routes[0].value.metric, Some(7));
    assert!(!config.use_dhcp_routes.as_ref().unwrap().value);
    assert!(!config.use_dhcp_gateway.as_ref().unwrap().value);
    assert_eq!(config.metric.as_ref().unwrap().value, 50);
    assert!(!format!("{config:?}").contains("verysecret"));
}

#[test]
fn what_is_missing_is_filled_in_as_networkmanager_does() {
    assert_eq!(profile_of("[connection]\nid=x\ntype=ethernet\n").0.unwrap().method, Method::Dhcp);
    assert_eq!(profile_of("[connection]\nid=x\nmaster=bond0\n").0.unwrap().method, Method::Disabled);
    assert!(profile_of("[ipv4]\nmethod=auto\n").0.is_none());
    let vlan = profile_of("[connection]\nid=x\ntype=vlan\ninterface-name=san\n[vlan]\nid=47\nparent=eth0\n").0.unwrap();
    assert_eq!((vlan.vlan, vlan.lower), (Some(47), vec!["eth0".to_owned()]));
}

#[test]
fn a_nic_says_itself_that_it_is_a_port() {
    // nm-settings-keyfile(5): the upper one by UUID or name.
    for (words, upper) in [
        (
            "master=6c1b3f2e-0000-4000-8000-000000000001\nslave-type=bridge",
            Some("6c1b3f2e-0000-4000-8000-000000000001"),
        ),
        ("master=bond0\nslave-type=bond", Some("bond0")),
        ("controller=team0\nport-type=team", Some("team0")),
        ("controller=san\nport-type=vrf", Some("san")),
        ("master=", None),
        ("id=x", None),
    ] {
        let (config, _) = profile_of(&format!("[connection]\ntype=ethernet\nuuid=1\ninterface-name=eth0\n{words}\n"));
        assert_eq!(config.unwrap().port_of.map(|upper| upper.value).as_deref(), upper, "{words}");
    }
    // ifup-eth asks for SLAVE=yes beside MASTER, NetworkManager's check_if_team_slave() for TeamPort.
    let ifcfg = |text: &str| ifcfg::read(text, "/ifcfg-eth0", "eth0", &mut Vec::new());
    for (words, upper) in [
        ("MASTER=bond0\nSLAVE=yes\n", "bond0"),
        ("BRIDGE=br0\n", "br0"),
        ("TEAM_MASTER=team0\nDEVICETYPE=TeamPort\n", "team0"),
        ("TYPE=OVSPort\nOVS_BRIDGE=ovs0\n", "ovs0"),
    ] {
        assert_eq!(ifcfg(words).port_of.map(|upper| upper.value).as_deref(), Some(upper), "{words}");
    }
    assert!(ifcfg("TEAM_MASTER=team0\n").port_of.is_none() && ifcfg("MASTER=bond0\n").port_of.is_none());
    let vlan = ifcfg("VLAN=yes\nDEVICE=vlan43\nPHYSDEV=eth0\n");
    assert!(vlan.port_of.is_none() && vlan.vlan == Some(43) && vlan.lower == ["eth0"]);
}

#[test]
fn a_broken_line_is_told_without_its_text() {
    let file = parse("[wifi]\nverysecret\n", "/p");
    assert_eq!(file.problems[0].place, "/p:2");
    assert!(!file.problems[0].what.contains("verysecret"));
}

#[test]
fn finds_unmanaged_devices() {
    let mut conf = NmConf::default();
    conf.add(&parse("[main]\nplugins=ifupdown,keyfile\n[ifupdown]\nmanaged=false\n[keyfile]\nunmanaged-devices=*,except:type:wifi,except:interface-name:wan*\n", "/a"));
    conf.add(&parse("[device-san]\nmatch-device=mac:52:54:00:AA:BB:01\nmanaged=0\n[keyfile]\nunmanaged-devices+=interface-name:=eth9;driver:veth\n", "/b"));
    assert_eq!(conf.has_plugin("ifupdown"), Some(true));
    assert!(!conf.ifupdown_managed.as_ref().unwrap().value);
    let (found, _) = conf.clone().unmanaged();
    assert_eq!(found.len(), 4);
    assert_eq!(found[0].matches.names, ["!wan*"]);
    assert_eq!(found[0].matches.types, ["!wlan"]);
    assert_eq!(found[1].matches.names, ["!wan*", "eth9"]);
    assert_eq!(found[3].matches.macs, ["52:54:00:aa:bb:01"]);
    assert!(found.iter().all(|config| config.unmanaged));
    conf.add(&parse("[keyfile]\nunmanaged-devices=\n[device-san]\nmanaged=1\n", "/c"));
    assert_eq!(conf.unmanaged(), (vec![], vec![]));
}

#[test]
fn reads_ifcfg_and_routes() {
    let mut problems = Vec::new();
    let text = "# made\nDEVICE=\"enp0s3\"\nHWADDR=52:54:00:AA:BB:01\nBOOTPROTO=none\nONBOOT=yes\nIPADDR=192.0.2.5\nPREFIX=24\nIPADDR1=192.0.2.6\nNETMASK1=255.255.255.0\nGATEWAY=192.0.2.1\nDEFROUTE=no\nMTU=9000\n";
    let config = ifcfg::read(text, "/ifcfg-x", "x", &mut problems);
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(config.matches.names, ["enp0s3"]);
    assert_eq!(config.addresses.len(), 2);
    assert_eq!(config.method, Method::Static);
    assert!(!config.use_dhcp_gateway.as_ref().unwrap().value);
    let dhcp = ifcfg::read("BOOTPROTO=dhcp\nONBOOT=no\n", "/ifcfg-eth0", "eth0", &mut problems);
    assert_eq!((dhcp.method, dhcp.at_boot, dhcp.matches.names), (Method::Dhcp, false, vec!["eth0".to_owned()]));
    let routes = ifcfg::routes(
        "ADDRESS0=100.97.0.0\nNETMASK0=255.255.0.0\nGATEWAY0=100.64.16.49\n10.0.0.0/8 via 1.2.3.4 dev eth0\n",
        "/r",
        &mut problems,
    );
    let shown: Vec<_> = routes.iter().map(|route| format!("{}@{}", route.value.destination, route.at.line)).collect();
    assert_eq!(shown, ["100.97.0.0/16@1", "10.0.0.0/8@4"]);
}

#[test]
fn a_bootproto_that_nothing_knows_is_told() {
    for (protocol, known) in [("ibft", false), ("IBFT", false), ("dhcp6", false), ("Static", true), ("shared", true)] {
        let mut problems = Vec::new();
        ifcfg::read(&format!("BOOTPROTO={protocol}\n"), "/ifcfg-eth0", "eth0", &mut problems);
        assert_eq!(problems.is_empty(), known, "{protocol}: {problems:?}");
    }
}

/// The reader that there was before took each of these for something else.
#[test]
fn ifcfg_is_what_bash_and_networkmanager_both_read() {
    let read = |text: &str| {
        let mut problems = Vec::new();
        (ifcfg::read(text, "/ifcfg-x", "x", &mut problems), problems)
    };
    let (config, problems) = read("DEVICE=eth0;\nBOOTPROTO='dhcp' # by hand\nMTU=9000 env\nX=\"a\\x41\"\n");
    assert_eq!((config.matches.names, config.method), (vec!["eth0".to_owned()], Method::Dhcp));
    assert_eq!((config.mtu, problems), (None, vec![]), "set for one command only");
    let (_, problems) = read("ETHTOOL_OPTS=\"-K ${DEVICE} tso off\"\nDEVICE=eth0\n");
    assert_eq!(problems, [], "what nobody here looks at");
    let (config, problems) = read("A=9000\nMTU=$A\nDEVICE=\"et\\\nh0\"\n");
    assert_eq!((config.mtu, config.matches.names, problems.len()), (None, vec!["x".to_owned()], 2));
    let why = |text: &str| read(text).1[0].to_string();
    let joined =
        "the value of MTU is not known: bash puts in variables and joins lines, and NetworkManager does neither";
    assert_eq!(why("A=9000\nMTU=$A\n"), format!("/ifcfg-x:2: {joined}"));
    assert_eq!(
        why("MTU=$(cat /mtu)\n"),
        "/ifcfg-x:1: the value of MTU is not known: it contains the output of a command"
    );
    assert!(why(". /etc/sysconfig/network\nMTU=9000\n").starts_with("/ifcfg-x:1: "), "it may set the others");
    let condition = "/ifcfg-x:2: MTU is set under a condition, which isctpl does not evaluate";
    assert_eq!(why("if true; then\nMTU=9000\nfi\n"), condition);
}

#[test]
fn devices_past_the_limit_are_told() {
    let conf = |text: &str| {
        let mut conf = NmConf::default();
        conf.add(&parse(text, "/n"));
        let (configs, problems) = conf.unmanaged();
        (configs.len(), problems.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    let told = |line: u32| vec![format!("/n:{line}: the lists have more than 512 words; the rest is not read")];
    assert_eq!(conf(&format!("[keyfile]\nunmanaged-devices={}\n", "e;".repeat(512))), (512, vec![]));
    assert_eq!(conf(&format!("[keyfile]\nunmanaged-devices={}\n", "e;".repeat(513))), (512, told(2)));
    let two = format!("unmanaged-devices={0}\nunmanaged-devices+={0}\n", "e;".repeat(300));
    assert_eq!(conf(&format!("[keyfile]\n{two}")), (512, told(3)));
    let groups = |count: usize| (0..count).map(|n| format!("[device{n:03}]\nmanaged=0\n")).collect::<String>();
    assert_eq!(conf(&groups(512)), (512, vec![]));
    assert_eq!(conf(&groups(513)), (512, told(1026)));
    assert_eq!(conf(&groups(600)), (512, told(1026)));
    let lists = |count: usize| format!("[device0]\nmanaged=0\nmatch-device={}\n{}", "e;".repeat(count), groups(400));
    assert_eq!(conf(&lists(400)), (512, told(229)));
    let both = format!(
        "[keyfile]\nunmanaged-devices={}\n[device]\nmanaged=0\nmatch-device={}\n",
        "e;".repeat(300),
        "e;".repeat(600)
    );
    assert_eq!(conf(&both), (512, told(5)), "told once");
    let file = parse(&"[a]\n".repeat(30_000), "/n");
    assert_eq!(
        file.problems[0].to_string(),
        "/n:20001: the file has more than 20000 keys and groups; the rest is not read"
    );
}

#[test]
fn a_truncation_anywhere_is_read() {
    for end in 0..PROFILE.len() {
        profile_of(PROFILE.get(..end).unwrap());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..1024), at in 0..PROFILE.len()) {
        let noise = String::from_utf8_lossy(&bytes);
        profile_of(&format!("{}{noise}", PROFILE.get(..at).unwrap()));
        ifcfg::read(&noise, "/x", "x", &mut Vec::new());
        ifcfg::routes(&noise, "/x", &mut Vec::new());
        let mut conf = NmConf::default();
        conf.add(&parse(&format!("[keyfile]\nunmanaged-devices={noise}"), "/x"));
        conf.unmanaged();
    }
}
