#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::super::dhcp::dhcp_timeout;
use super::san_nic;
use crate::probes::sample::SampleRoot;
use crate::probes::{GatherRequest, gather};
use crate::procedures::prepare::draft::{Content, Draft, FileChange, Refusal};
use crate::system::Root;
use isctpl_checks::facts::Facts;
use isctpl_checks::{Finding, Outcome, Repair, Selection, judge};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;

const RECONFIGURED: &str = "handover-san-nic-reconfigured";
const ROUTE: &str = "handover-san-route-not-kept";
const CLASSLESS: &str = "handover-classless-routes-ignored";
const RACE: &str = "handover-wan-before-san";
const TIMEOUT: &str = "handover-dhcp-timeout-long";
const SHUTDOWN: &str = "service-takes-san-nic-down";

const INTERFACES: &str = "/etc/network/interfaces";
const DHCLIENT: &str = "/etc/dhcp/dhclient.conf";
const NETPLAN: &str = "/etc/netplan/50-instance.yaml";
const NETWORK: &str = "/etc/systemd/network/10-san.network";
const PROFILE: &str = "/etc/NetworkManager/system-connections/san.nmconnection";

const LOOPBACK: &str = "auto lo\niface lo inet loopback\n";
const WAN_NETWORK: (&str, &str) =
    ("/etc/systemd/network/20-wan.network", "[Match]\nMACAddress=52:54:00:00:00:02\n\n[Network]\nDHCP=ipv4\n");

/// What every root here has: services and programs of all managers, of which `started` is one that starts.
fn root(started: &str, files: &[(&str, &str)]) -> SampleRoot {
    let service = "[Unit]\n[Service]\nExecStart=/bin/true\n";
    let root = SampleRoot::of(&[
        ("/etc/iscsi/iscsi.initramfs", "ISCSI_AUTO=true\n"),
        (
            "/var/lib/dhcp/dhclient.leases",
            "lease {\n  interface \"san\";\n  fixed-address 100.64.16.54;\n  option rfc3442-classless-static-routes 16,100,97,100,64,16,49;\n}\n",
        ),
        ("/usr/lib/systemd/system/default.target", "-> multi-user.target"),
        ("/usr/lib/systemd/system/multi-user.target", "[Unit]\n"),
        ("/usr/lib/systemd/system/sysinit.target", "[Unit]\n"),
        ("/usr/lib/systemd/system/shutdown.target", "[Unit]\n"),
        (
            "/usr/lib/systemd/system/networking.service",
            "[Unit]\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/sbin/ifup -a\nExecStop=/sbin/ifdown -a --read-environment\n",
        ),
        ("/usr/lib/systemd/system/systemd-networkd.service", service),
        ("/usr/lib/systemd/system/NetworkManager.service", service),
        ("/usr/sbin/dhclient", "program"),
        (
            DHCLIENT,
            "option rfc3442-classless-static-routes code 121 = array of unsigned integer 8;\nrequest subnet-mask, rfc3442-classless-static-routes;\n#timeout 60;\n",
        ),
    ]);
    let link = format!("/etc/systemd/system/multi-user.target.wants/{started}");
    root.put(&link, &format!("-> /usr/lib/systemd/system/{started}"));
    if !files.iter().any(|(path, _)| path.ends_with("/ifup")) {
        root.put("/usr/sbin/ifup", "program with the word no-auto-down\0");
    }
    for (path, text) in files {
        root.put(path, text);
        if path.contains("system-connections") {
            fs::set_permissions(root.path(path), fs::Permissions::from_mode(0o600)).unwrap();
        }
    }
    root
}

fn read(root: &SampleRoot, nic: &str) -> Facts {
    let request = GatherRequest {
        root: root.path("/"),
        portals: vec!["100.97.0.10:3260".parse().unwrap()],
        san_nic: Some(nic.to_owned()),
        ..GatherRequest::default()
    };
    // What is left out of all files is borne by none.
    let unconfigured = GatherRequest { san_nic: Some("unconfigured".to_owned()), ..request.clone() };
    gather(&request, &|_| {}).or_else(|_| gather(&unconfigured, &|_| {})).unwrap()
}

/// The checks that fail, of those that are repaired here, with their findings; none may be undecided.
fn failing(facts: &Facts) -> (Vec<&'static str>, Vec<Finding>) {
    let only = [RECONFIGURED, ROUTE, CLASSLESS, RACE, TIMEOUT, SHUTDOWN].map(str::to_owned).to_vec();
    let (mut checks, mut all) = (Vec::new(), Vec::new());
    for result in judge(facts, &Selection { only, ..Selection::default() }).results {
        match result.outcome {
            Outcome::Fail(findings) => {
                checks.push(result.check.id);
                all.extend(findings);
            }
            Outcome::Unknown { reason, .. } => panic!("{}: {reason}", result.check.id),
            _ => {}
        }
    }
    (checks, all)
}

fn draft_of(root: &Root, facts: &Facts, findings: &[Finding]) -> Result<BTreeMap<String, FileChange>, Refusal> {
    let mut draft = Draft::of(root);
    for repair in findings.iter().flat_map(|finding| finding.remedy.repairs()) {
        match repair {
            Repair::SanNic { config, need } => san_nic(&mut draft, facts, config, need)?,
            Repair::DhcpTimeout { path, seconds } => dhcp_timeout(&mut draft, facts, path, *seconds)?,
            other => panic!("{other:?}"),
        }
    }
    Ok(draft.into_changes())
}

/// Repairs what fails until nothing does, and gives the files that changed.
fn repaired(root: &SampleRoot, nic: &str) -> BTreeMap<String, String> {
    let mut changed = BTreeMap::new();
    for _round in 0..4 {
        let facts = read(root, nic);
        let (checks, findings) = failing(&facts);
        let changes = draft_of(&root.open(), &facts, &findings).unwrap();
        assert_eq!(changes.is_empty(), checks.is_empty(), "{checks:?} {changes:?}");
        for (path, change) in changes {
            let Content::Text(text) = change.after else { panic!("{path}") };
            assert_eq!(change.mode, path.ends_with(".yaml").then_some(0o600), "{path}");
            fs::create_dir_all(root.path(&path).parent().unwrap()).unwrap();
            fs::write(root.path(&path), &text).unwrap();
            changed.insert(path, text);
        }
    }
    assert_eq!(failing(&read(root, nic)).0, [""; 0], "{changed:?}");
    changed
}

/// A machine, its SAN NIC, the file that takes it over, the checks that fail, and what the repair makes of which file.
struct Row<'a> {
    started: &'a str,
    nic: &'a str,
    files: &'a [(&'a str, &'a str)],
    fails: &'a [&'a str],
    changed: &'a [(&'a str, &'a str)],
}

fn check(row: &Row<'_>) {
    let root = root(row.started, row.files);
    assert_eq!(failing(&read(&root, row.nic)).0, row.fails, "{:?}", row.files);
    let changed = repaired(&root, row.nic);
    let expected: BTreeMap<String, String> =
        row.changed.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    assert_eq!(changed, expected);
}

#[test]
fn ifupdown_leaves_the_san_nic_as_it_is() {
    let wan = "allow-hotplug enp0s4\niface enp0s4 inet dhcp\n";
    let dhclient = "option rfc3442-classless-static-routes code 121 = array of unsigned integer 8;\nrequest subnet-mask, rfc3442-classless-static-routes;\n";
    check(&Row {
        started: "networking.service",
        nic: "enp0s3",
        files: &[(INTERFACES, &format!("{LOOPBACK}\nauto enp0s3\niface enp0s3 inet dhcp\n\n{wan}"))],
        fails: &[RECONFIGURED, CLASSLESS, TIMEOUT],
        changed: &[
            (INTERFACES, &format!("{LOOPBACK}\nauto enp0s3\nno-auto-down enp0s3\niface enp0s3 inet manual\n\n{wan}")),
            (DHCLIENT, &format!("{dhclient}timeout 10;\n")),
        ],
    });
    check(&Row {
        started: "networking.service",
        nic: "ibft0",
        files: &[
            ("/etc/network/interfaces.d/san", "auto ibft0\niface ibft0 inet dhcp"),
            (INTERFACES, &format!("{LOOPBACK}{wan}source interfaces.d/*\n")),
        ],
        fails: &[RECONFIGURED, CLASSLESS, TIMEOUT],
        changed: &[
            ("/etc/network/interfaces.d/san", "auto ibft0\nno-auto-down ibft0\niface ibft0 inet manual"),
            (DHCLIENT, &format!("{dhclient}timeout 10;\n")),
        ],
    });
}

#[test]
fn ifupdown_leaves_the_san_nic_up() {
    let text = format!("{LOOPBACK}\nauto enp0s3\niface enp0s3 inet manual\n");
    check(&Row {
        started: "networking.service",
        nic: "enp0s3",
        files: &[(INTERFACES, &text)],
        fails: &[SHUTDOWN],
        changed: &[(INTERFACES, &text.replace("\niface enp0s3", "\nno-auto-down enp0s3\niface enp0s3"))],
    });
}

#[test]
fn an_ifupdown_that_knows_no_such_word_has_no_stanza() {
    check(&Row {
        started: "networking.service",
        nic: "enp0s3",
        files: &[
            ("/etc/network/interfaces.d/san", "iface enp0s3 inet dhcp\n  mtu 9000\n"),
            (INTERFACES, "auto lo enp0s3\niface lo inet loopback\nsource interfaces.d/*\n"),
            ("/usr/share/ifupdown2/ifupdown2", "#!/usr/bin/python3\n"),
            ("/sbin/ifup", "-> /usr/share/ifupdown2/ifupdown2"),
        ],
        fails: &[RECONFIGURED, CLASSLESS, TIMEOUT],
        changed: &[
            ("/etc/network/interfaces.d/san", "#iface enp0s3 inet dhcp\n  #mtu 9000\n"),
            (INTERFACES, "auto lo\niface lo inet loopback\nsource interfaces.d/*\n"),
            (
                DHCLIENT,
                "option rfc3442-classless-static-routes code 121 = array of unsigned integer 8;\nrequest subnet-mask, rfc3442-classless-static-routes;\ntimeout 10;\n",
            ),
        ],
    });
}

#[test]
fn networkd_keeps_what_is_there() {
    let drop_in = "/etc/systemd/network/10-san.network.d/99-isctpl.conf";
    let san = "[Match]\nMACAddress=52:54:00:00:00:01\n\n[Network]\n";
    let keep = "[Network]\nKeepConfiguration=yes\n";
    let route = "[Route]\nDestination=100.97.0.0/16\nGateway=100.64.16.49\n";
    for (text, fails, changed) in [
        ("DHCP=ipv4\n\n[Route]\nDestination=100.97.0.0/16\nGateway=100.64.16.49\n", &[RECONFIGURED, RACE][..], keep),
        ("DHCP=ipv4\n", &[RECONFIGURED, RACE], keep),
        ("DHCP=ipv4\nKeepConfiguration=dhcp\n", &[RACE], keep),
        ("Address=100.64.16.54/29\n", &[ROUTE], route),
        ("IPv6AcceptRA=no\n", &[ROUTE], keep),
    ] {
        check(&Row {
            started: "systemd-networkd.service",
            nic: "52:54:00:00:00:01",
            files: &[(NETWORK, &format!("{san}{text}")), WAN_NETWORK],
            fails,
            changed: &[(drop_in, changed)],
        });
    }
}

#[test]
fn a_file_for_every_nic_has_no_route_of_one() {
    let text = "[Match]\nName=en*\n\n[Network]\nDHCP=ipv4\n\n[DHCPv4]\nUseRoutes=no\n";
    for path in ["/etc/systemd/network/05-dhcp.network", "/usr/lib/systemd/network/05-dhcp.network"] {
        check(&Row {
            started: "systemd-networkd.service",
            nic: "enp0s3",
            files: &[(path, text), ("/etc/systemd/network/10-san.link", "[Match]\nDriver=x\n[Link]\nName=enp0s3\n")],
            fails: &[CLASSLESS],
            changed: &[(
                "/etc/systemd/network/05-dhcp.network.d/99-isctpl.conf",
                "[DHCPv4]\nUseRoutes=yes\nUseGateway=no\n[Network]\nKeepConfiguration=yes\n",
            )],
        });
    }
}

#[test]
fn netplan_gets_a_file_of_its_own() {
    let own = "/etc/netplan/99-isctpl.yaml";
    let head = "# Of isctpl: this keeps the network of the root's disk as the initramfs has set it up.\nnetwork:\n  version: 2\n  ethernets:\n    san:\n";
    let route = "      routes:\n        - to: \"100.97.0.0/16\"\n          via: \"100.64.16.49\"\n";
    let cloud =
        "# This file is generated from information provided by the datasource.  Changes to it will not persist.\n";
    let wan = "    wan:\n      match: {macaddress: \"52:54:00:00:00:02\"}\n      dhcp4: true\n";
    for (renderer, san, fails, changed) in [
        ("networkd", "dhcp4: true", &[RECONFIGURED, RACE][..], "      critical: true\n".to_owned()),
        (
            "networkd",
            "dhcp4: true, dhcp4-overrides: {use-routes: false}",
            &[CLASSLESS, RACE],
            "      critical: true\n      dhcp4-overrides:\n        use-routes: true\n".to_owned(),
        ),
        ("networkd", "addresses: [100.64.16.54/29]", &[ROUTE], route.to_owned()),
        ("networkd", "link-local: []", &[ROUTE], "      critical: true\n".to_owned()),
        (
            "NetworkManager",
            "dhcp4: true, dhcp4-overrides: {use-routes: false}",
            &[CLASSLESS],
            "      dhcp4-overrides:\n        use-routes: true\n".to_owned(),
        ),
        ("NetworkManager", "addresses: [100.64.16.54/29]", &[ROUTE], route.to_owned()),
    ] {
        let text = format!(
            "{cloud}network:\n  version: 2\n  renderer: {renderer}\n  ethernets:\n    san: {{match: {{macaddress: \"52:54:00:00:00:01\"}}, {san}}} # SAN\n{wan}"
        );
        check(&Row {
            started: if renderer == "networkd" { "systemd-networkd.service" } else { "NetworkManager.service" },
            nic: "52:54:00:00:00:01",
            files: &[(NETPLAN, &text), ("/usr/lib/systemd/system-generators/netplan", "program")],
            fails,
            changed: &[(own, &format!("{head}{changed}"))],
        });
    }
}

#[test]
fn a_profile_of_networkmanager_brings_the_route() {
    let head = "[connection]\nid=san\ntype=ethernet\n\n[ethernet]\nmac-address=52:54:00:00:00:01\n\n[ipv4]\n";
    let route = "route1=100.97.0.0/16,100.64.16.49\n";
    for (ipv4, fails, changed) in [
        (
            "method=manual\naddress1=100.64.16.54/29\nnever-default=true\n",
            &[ROUTE],
            format!("method=manual\naddress1=100.64.16.54/29\nnever-default=true\n{route}"),
        ),
        (
            "method=auto\nignore-auto-routes=true\nnever-default=true\n",
            &[CLASSLESS],
            "method=auto\nignore-auto-routes=false\nnever-default=true\n".to_owned(),
        ),
    ] {
        check(&Row {
            started: "NetworkManager.service",
            nic: "52:54:00:00:00:01",
            files: &[(PROFILE, &format!("{head}{ipv4}"))],
            fails,
            changed: &[(PROFILE, &format!("{head}{changed}"))],
        });
    }
}

#[test]
fn ifcfg_files_bring_the_route() {
    let directory = "/etc/sysconfig/network-scripts";
    let (ifcfg, routes) = (format!("{directory}/ifcfg-ens3"), format!("{directory}/route-ens3"));
    let addressed = "BOOTPROTO=none\nIPADDR=100.64.16.54\nPREFIX=29\n";
    check(&Row {
        started: "NetworkManager.service",
        nic: "ens3",
        files: &[(&ifcfg, addressed)],
        fails: &[ROUTE],
        changed: &[(&routes, "100.97.0.0/16 via 100.64.16.49\n")],
    });
    check(&Row {
        started: "NetworkManager.service",
        nic: "ens3",
        files: &[(&ifcfg, "BOOTPROTO=dhcp\nPEERROUTES=no\n")],
        fails: &[CLASSLESS],
        changed: &[(&ifcfg, "BOOTPROTO=dhcp\nPEERROUTES=yes\n")],
    });
}

/// A configuration for which nothing safe is known, and what the refusal names.
#[test]
fn what_is_not_safe_is_left_to_the_person() {
    let critical = "network:\n  ethernets:\n    ens3: {dhcp4: true}\n";
    let generator = ("/usr/lib/systemd/system-generators/netplan", "program");
    for (started, path, text, others, place) in [
        (
            "networking.service",
            INTERFACES,
            "auto /ens*=lan\niface lan inet dhcp\n",
            vec![],
            "/etc/network/interfaces:2",
        ),
        ("networking.service", INTERFACES, "auto ens3=san\niface san inet dhcp\n", vec![], "/etc/network/interfaces:2"),
        (
            "networking.service",
            INTERFACES,
            "auto ens3\niface x inet dhcp\niface ens3 inet dhcp inherits x\n",
            vec![],
            "/etc/network/interfaces:3",
        ),
        (
            "networking.service",
            INTERFACES,
            "auto bond0\niface bond0 inet dhcp\n  bond-slaves ens3\n",
            vec![],
            "/etc/network/interfaces:2",
        ),
        (
            "systemd-networkd.service",
            NETPLAN,
            critical,
            vec![generator, ("/etc/netplan/99-z.yaml", "network: {ethernets: {ens3: {critical: false}}}")],
            "/etc/netplan/50-instance.yaml:3",
        ),
        (
            "systemd-networkd.service",
            NETPLAN,
            critical,
            vec![generator, ("/etc/netplan/99-isctpl.yaml", "network: {}\n")],
            "/etc/netplan/99-isctpl.yaml",
        ),
        (
            "systemd-networkd.service",
            NETWORK,
            "[Match]\nName=ens3\n[Network]\nDHCP=yes\n",
            vec![("/run/systemd/network/10-san.network.d/zz.conf", "[Network]\nKeepConfiguration=no\n")],
            NETWORK,
        ),
        (
            "NetworkManager.service",
            "/usr/lib/NetworkManager/system-connections/san.nmconnection",
            "[connection]\nid=s\ntype=ethernet\ninterface-name=ens3\n[ipv4]\nignore-auto-routes=true\n",
            vec![],
            "/usr/lib/NetworkManager/system-connections/san.nmconnection",
        ),
    ] {
        let files: Vec<(&str, &str)> = [(path, text)].into_iter().chain(others).collect();
        let root = root(started, &files);
        let facts = read(&root, if text.contains("bond0") { "bond0" } else { "ens3" });
        let (checks, findings) = failing(&facts);
        let Err(refused) = draft_of(&root.open(), &facts, &findings) else { panic!("{files:?} {checks:?}") };
        assert_eq!(refused.place, place, "{refused:?}");
        assert!(!refused.by_hand.is_empty());
    }
}

/// A stanza that cloud-init writes anew is not edited; that it stays up is said beside it.
#[test]
fn what_cloud_init_writes_is_amended_beside_it() {
    let cloud = "# This file is generated from information provided by the datasource.\nauto enp0s3\niface enp0s3 inet";
    let own = "/etc/network/interfaces.d/50-cloud-init";
    let main = format!("{LOOPBACK}source interfaces.d/*\n");
    check(&Row {
        started: "networking.service",
        nic: "enp0s3",
        files: &[(own, &format!("{cloud} manual\n")), (INTERFACES, &main)],
        fails: &[SHUTDOWN],
        changed: &[(INTERFACES, &format!("{main}no-auto-down enp0s3\n"))],
    });
    let root = root("networking.service", &[(own, &format!("{cloud} dhcp\n")), (INTERFACES, &main)]);
    let (checks, findings) = failing(&read(&root, "enp0s3"));
    assert_eq!(checks, [RECONFIGURED, CLASSLESS, TIMEOUT]);
    let is_of_nic = |repair: &&Repair| matches!(repair, Repair::SanNic { .. });
    assert_eq!(findings.iter().flat_map(|finding| finding.remedy.repairs()).find(is_of_nic), None);
}
