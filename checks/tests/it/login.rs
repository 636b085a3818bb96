//! The way to the target: which NIC it leads out of, which portals count, and which words of the command line the
//! image reads.
use super::machine::{Machine, machine};
use isctpl_checks::{Analysis, Outcome};
use serde_json::{Value, json};

const STATIC: &str = "root=/dev/mapper/ubuntu--vg-ubuntu--lv ip=100.64.16.54:::255.255.255.248::enp0s3:none";

fn set(path: &str, value: Value) -> Value {
    json!({"op": "add", "path": path, "value": value})
}

fn target(index: u8, ip: &str, more: Value) -> Value {
    let mut target = json!({
        "index": index, "flags": 3, "ip": ip, "port": 3260, "lun": {"number": 47},
        "name": format!("iqn.2013-01.com.bigstep:storage.{ip}"), "nic_assoc": 0,
    });
    target.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    target
}

/// A machine with a second target in its iBFT.
fn with_target(more: Value) -> Machine {
    machine("dracut-live").patch(json!([set("/firmware/table/known/targets/1", target(1, "100.98.0.10", more))]))
}

fn summary(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Fail(findings) => &findings[0].summary,
        Outcome::Pass(reason) | Outcome::NotApplicable(reason) | Outcome::Unknown { reason, .. } => reason,
    }
}

#[test]
fn a_route_that_nothing_in_the_image_reads_leads_nowhere() {
    let says = |base: &str, words: &str| {
        machine(base)
            .patch(json!([set("/scope/portals", json!(["100.97.0.10:3260"])), set("/images/0/requests", json!([])),]))
            .cmdline(&format!("{STATIC} {words}"))
            .says("login-route-missing")
    };
    let route = "rd.route=100.97.0.0/16:100.64.16.49";
    assert!(matches!(says("initramfs-tools-root", route), Outcome::Fail(_)));
    assert!(matches!(says("initramfs-tools-root", ""), Outcome::Fail(_)));
    assert!(matches!(says("dracut-root", route), Outcome::Pass(_)));
    assert!(matches!(says("dracut-root", ""), Outcome::Fail(_)));
}

#[test]
fn a_firmware_without_a_gateway_is_not_helped_by_a_route_that_nothing_reads() {
    let says = |base: &str| {
        let nic = "/firmware/table/known/nics/0";
        let words = "root=/dev/mapper/ubuntu--vg-ubuntu--lv iscsi_auto rd.iscsi.firmware=1 rd.iscsi.ibft=1 \
                     rd.route=100.97.0.0/16:100.64.16.49";
        let by_hand = json!([
            set(&format!("{nic}/gateway"), Value::Null),
            set(&format!("{nic}/dhcp"), Value::Null),
            set(&format!("{nic}/origin"), json!(1)),
        ]);
        machine(base).patch(by_hand).cmdline(words).says("ibft-gateway-missing")
    };
    assert!(matches!(says("initramfs-tools-live"), Outcome::Fail(_)));
    assert!(matches!(says("dracut-live"), Outcome::Pass(_)));
}

#[test]
fn a_route_has_to_lead_to_every_valid_portal() {
    let firmware = "root=/dev/mapper/ubuntu--vg-ubuntu--lv rd.iscsi.firmware=1 rd.iscsi.ibft=1";
    let (one, other) = ("rd.route=100.97.0.0/16:100.64.16.49:ibft0", "rd.route=100.98.0.0/16:100.64.16.49:ibft0");
    let says = |more: Value, routes: &str| {
        with_target(more).cmdline(&format!("{firmware} {routes}")).says("login-option-121-dropped")
    };
    for alone in [one, other] {
        assert!(matches!(says(json!({}), alone), Outcome::Fail(_)), "{alone}");
    }
    assert!(matches!(says(json!({}), &format!("{one} {other}")), Outcome::Pass(_)));
    // What is not valid, and what lies on the NIC's own link, needs no route.
    assert!(matches!(says(json!({"flags": 0}), one), Outcome::Pass(_)));
    assert!(matches!(says(json!({"ip": "100.64.16.50"}), one), Outcome::Pass(_)));

    let left_out = "rd.route=100.98.0.0/16:100.64.16.49:enp0s4";
    let unknown = |more: Value| {
        let machine = with_target(more).cmdline(&format!("{firmware} {one} {left_out}"));
        machine.says("login-route-interface-unknown")
    };
    let broken = unknown(json!({}));
    assert!(matches!(&broken, Outcome::Fail(_)) && summary(&broken).contains(left_out), "{broken:?}");
    assert!(!matches!(unknown(json!({"flags": 0})), Outcome::Fail(_)));
}

#[test]
fn a_portal_beside_a_static_address_needs_no_route() {
    let says = |portals: [&str; 2]| {
        let portals = set("/scope/portals", json!(portals));
        let words = format!("{STATIC} rd.route=100.97.0.0/16:100.64.16.49");
        machine("dracut-root").patch(json!([portals])).cmdline(&words).says("login-route-missing")
    };
    assert!(matches!(says(["100.97.0.10:3260", "100.64.16.50:3260"]), Outcome::Pass(_)));
    assert!(matches!(says(["100.97.0.10:3260", "100.98.0.10:3260"]), Outcome::Fail(_)));
}

#[test]
fn the_nic_of_the_boot_target_is_the_one_that_the_firmware_booted_by() {
    // iPXE says of every NIC that it booted by it.
    let by = |nic: u8| {
        let second = json!({"index": 1, "flags": 3, "ip": "100.97.0.54", "prefix_len": 16, "mac": "52:54:00:00:00:02"});
        machine("dracut-live").patch(json!([
            set("/firmware/table/known/nics/1", second),
            set("/firmware/table/known/targets/0/nic_assoc", json!(nic)),
        ]))
    };
    for (nic, name) in [(0, "ibft0"), (1, "enp0s4")] {
        let facts = by(nic).facts();
        assert_eq!(Analysis::of(&facts).san_nic().map(|(name, _)| name).as_deref(), Some(name));
        let outcome = by(nic).says("ibft-nic-absent");
        assert!(summary(&outcome).contains(name), "{outcome:?}");
    }
    // The second NIC takes its address from the iBFT, the first one from DHCP.
    let words = "root=/dev/mapper/ubuntu--vg-ubuntu--lv rd.iscsi.firmware=1 rd.iscsi.ibft=1";
    assert!(matches!(by(0).cmdline(words).says("login-option-121-dropped"), Outcome::Fail(_)));
    assert!(matches!(by(1).cmdline(words).says("login-option-121-dropped"), Outcome::NotApplicable(_)));
}

#[test]
fn a_target_that_is_not_valid_is_no_target() {
    let name = "iqn.2013-01.com.bigstep:storage.100.98.0.10";
    for (flags, known) in [(3, true), (0, false)] {
        let machine = || with_target(json!({"flags": flags}));
        let facts = machine().facts();
        let portals = Analysis::of(&facts).portals();
        assert_eq!(portals.iter().any(|portal| portal.ip.to_string() == "100.98.0.10"), known);
        let words = format!("root=/dev/sda netroot=iscsi:100.98.0.10::::{name}");
        let without_session = json!([set("/iscsi/sessions", json!({"known": []}))]);
        let outcome = machine().patch(without_session).cmdline(&words).says("login-target-mismatch");
        assert_eq!(matches!(outcome, Outcome::Pass(_)), known, "{outcome:?}");
    }
}

#[test]
fn a_portal_of_the_root_is_seen_behind_another_session_to_it() {
    let beside = json!({
        "name": "session0", "target": "iqn.2020-01.example:backup", "state": "LOGGED_IN", "address": "100.97.0.10",
        "port": 3260, "holds_root": false,
    });
    let none = json!({"known": null});
    let patch = json!([
        set("/firmware/table", none.clone()),
        set("/firmware/sysfs", none),
        set("/iscsi/sessions/known/0", beside),
    ]);
    let outcome = machine("dracut-live").patch(&patch).says("san-route-missing");
    assert!(matches!(&outcome, Outcome::Pass(_)), "{outcome:?}");
    let alone = json!([{"op": "remove", "path": "/iscsi/sessions/known/1"}]);
    let outcome = machine("dracut-live").patch(&patch).patch(alone).says("san-route-missing");
    assert!(!matches!(&outcome, Outcome::Pass(_)), "{outcome:?}");
}

#[test]
fn a_request_in_words_of_another_image_hides_none_that_is_read() {
    let reader = |token: &str| json!([{"token": token, "at": {"path": "/boot/initrd!sbin/iscsiroot", "line": 3}}]);
    let says = |read: &str| {
        machine("dracut-root")
            .patch(json!([set("/images/0/readers", reader(read)), set("/images/0/requests", json!([]))]))
            .cmdline("root=/dev/sda iscsi_target_name=iqn.2020-01.example:a rd.iscsi.target.name=iqn.2020-01.example:a")
            .says("login-not-requested")
    };
    assert!(matches!(says("rd.iscsi.target.name"), Outcome::Pass(_)));
    assert!(matches!(says("iscsi_target_name"), Outcome::Pass(_)));
    assert!(matches!(says("netroot"), Outcome::Fail(_)));
}

#[test]
fn a_nic_of_the_firmware_is_taken_where_something_reads_the_word_for_it() {
    let words = "root=/dev/mapper/ubuntu--vg-ubuntu--lv iscsi_auto rd.iscsi.firmware=1 rd.iscsi.ibft=1";
    let at = json!({"path": "/boot/initrd!scripts/functions", "line": 3});
    let of = |base: &str, kind: &str| {
        let network = set("/images/0/network", json!([{"kind": kind, "at": at}]));
        let drops = json!({"network": kind, "honoured": {"no": "drops them"}, "at": at, "excerpt": "x"});
        machine(base).patch(json!([network, set("/images/0/classless", json!([drops]))])).cmdline(words)
    };
    const EVERY: &str = "login-dhcp-on-every-nic";
    assert!(matches!(of("initramfs-tools-live", "ipconfig").says(EVERY), Outcome::Fail(_)));
    assert!(matches!(of("initramfs-tools-live", "network-manager").says(EVERY), Outcome::Pass(_)));
    assert!(matches!(of("dracut-live", "dracut-legacy").says(EVERY), Outcome::Pass(_)));

    // systemd-network-generator knows no iBFT: only the NIC's name helps, and `prepare` writes none.
    let networkd = of("dracut-live", "networkd")
        .patch(json!([set("/images/0/readers", json!([{"token": "rd.iscsi.firmware", "at": at}]))]))
        .cmdline(&format!("{words} ip=dhcp"));
    let outcome = networkd.says(EVERY);
    let Outcome::Fail(findings) = &outcome else { panic!("{outcome:?}") };
    assert!(findings[0].remedy.text.starts_with("Put ip=ibft0:dhcp into GRUB_CMDLINE_LINUX"), "{findings:?}");
    assert!(findings[0].remedy.repairs().is_empty(), "{findings:?}");

    // Only network-legacy has an interface ibft0.
    let remedy = |kind: &str| match of("dracut-live", kind).says("login-option-121-dropped") {
        Outcome::Fail(findings) => findings[0].remedy.text.clone(),
        other => panic!("{other:?}"),
    };
    for (kind, nic) in [("dracut-legacy", ":ibft0"), ("networkd", "")] {
        let begin = format!("Add rd.route=100.97.0.0/16:100.64.16.49{nic} to GRUB_CMDLINE_LINUX. ");
        assert!(remedy(kind).starts_with(&begin), "{kind}: {}", remedy(kind));
    }
}

/// An image of which a part was not read: what is not found may be in that part.
#[test]
fn what_no_script_reads_is_not_known_of_an_image_that_was_not_read_whole() {
    let firmware = "root=/dev/mapper/ubuntu--vg-ubuntu--lv iscsi_auto rd.iscsi.firmware=1 rd.iscsi.ibft=1";
    let route = "rd.route=100.97.0.0/16:100.64.16.49";
    let nic = "/firmware/table/known/nics/0";
    let by_hand = json!([
        set(&format!("{nic}/gateway"), Value::Null),
        set(&format!("{nic}/dhcp"), Value::Null),
        set(&format!("{nic}/origin"), json!(1)),
    ]);
    let portal = json!([set("/scope/portals", json!(["100.97.0.10:3260"])), set("/images/0/requests", json!([]))]);
    let at = json!({"path": "/boot/initrd!scripts/functions", "line": 3});
    let drops = json!({"network": "ipconfig", "honoured": {"no": "drops them"}, "at": at, "excerpt": "x"});
    let by_ipconfig = json!([
        set("/images/0/network", json!([{"kind": "ipconfig", "at": at}])),
        set("/images/0/classless", json!([drops])),
    ]);
    let (nobody, found) = (json!([]), json!({"kind": "ipconfig", "at": at}));
    let portal_by_ipconfig = json!([portal[0], set("/images/0/network", json!([found]))]);
    for (check, base, patch, words) in [
        ("ibft-gateway-missing", "initramfs-tools-live", &by_hand, format!("{firmware} {route}")),
        ("login-route-missing", "initramfs-tools-root", &portal, format!("{STATIC} {route}")),
        ("login-route-missing", "initramfs-tools-root", &portal_by_ipconfig, format!("{STATIC} iscsi_auto")),
        ("login-dhcp-on-every-nic", "initramfs-tools-live", &by_ipconfig, firmware.to_owned()),
        ("login-option-121-dropped", "initramfs-tools-live", &by_ipconfig, format!("{firmware} {route}")),
        ("login-option-121-dropped", "initramfs-tools-live", &by_ipconfig, firmware.replace("rd.iscsi.ibft=1", "")),
        ("login-option-121-dropped", "dracut-live", &nobody, firmware.to_owned()),
    ] {
        let says = |incomplete: bool| {
            let read = json!([set("/images/0/incomplete", json!(incomplete))]);
            machine(base).patch(patch).patch(read).cmdline(&words).says(check)
        };
        let (whole, cut) = (says(false), says(true));
        assert!(matches!(whole, Outcome::Fail(_)), "{check} {words}: {whole:?}");
        assert!(matches!(cut, Outcome::Unknown { .. }), "{check} {words}: {cut:?}");
    }
    // What was found is there, whatever the rest has.
    let cut = json!([set("/images/0/incomplete", json!(true))]);
    let says = |check: &str, words: &str| machine("dracut-live").patch(&cut).cmdline(words).says(check);
    assert!(matches!(says("login-option-121-dropped", &format!("{firmware} {route}:ibft0")), Outcome::Pass(_)));
    assert!(matches!(says("login-dhcp-on-every-nic", firmware), Outcome::Pass(_)));
}

#[test]
fn a_path_that_comes_after_the_boot_needs_no_route_in_the_image() {
    let route = "rd.route=100.97.0.0/16:100.64.16.49";
    let firmware = "root=/dev/mapper/ubuntu--vg-ubuntu--lv rd.iscsi.firmware=1 rd.iscsi.ibft=1";
    let of_request = "root=/dev/sda netroot=iscsi:100.97.0.10::::iqn.2013-01.com.bigstep:storage.pb429od";
    let second = json!({
        "name": "session9", "target": "iqn.2013-01.com.bigstep:storage.pb429od", "state": "LOGGED_IN",
        "address": "100.98.0.10", "port": 3260, "holds_root": true,
    });
    for more in [set("/iscsi/sessions/known/0", second), set("/scope/portals", json!(["100.98.0.10:3260"]))] {
        for words in [firmware, of_request] {
            let says = |route: &str, check: &str| {
                machine("dracut-live").patch(json!([more])).cmdline(&format!("{words} {route}")).says(check)
            };
            let outcome = says(route, "login-option-121-dropped");
            assert!(matches!(outcome, Outcome::Pass(_)), "{words} {more}: {outcome:?}");
            let wrong = says("rd.route=100.98.0.0/16:100.64.16.49", "login-option-121-dropped");
            assert!(matches!(wrong, Outcome::Fail(_)), "{words} {more}: {wrong:?}");
        }
        let by_hand = format!("{of_request} {} {route}", STATIC.split_once(' ').unwrap().1);
        let outcome = machine("dracut-live").patch(json!([more])).cmdline(&by_hand).says("login-route-missing");
        assert!(matches!(outcome, Outcome::Pass(_)), "{more}: {outcome:?}");
    }
}

#[test]
fn a_portal_is_on_link_by_the_nic_that_leads_to_it() {
    let words = "root=/dev/mapper/ubuntu--vg-ubuntu--lv rd.iscsi.firmware=1 rd.iscsi.ibft=1";
    let says = |of_second: u8, routes: &str| {
        let nic = json!({
            "index": 1, "flags": 3, "ip": "100.98.0.54", "prefix_len": 16, "mac": "52:54:00:00:00:02", "origin": 3,
            "dhcp": "100.98.0.1",
        });
        with_target(json!({"nic_assoc": of_second}))
            .patch(json!([
                set("/firmware/table/known/nics/1", nic),
                set("/firmware/table/known/targets/0/ip", json!("100.64.16.50")),
            ]))
            .cmdline(&format!("{words} {routes}"))
            .says("login-option-121-dropped")
    };
    let each = says(1, "");
    assert!(matches!(each, Outcome::Pass(_)), "{each:?}");
    assert_eq!(summary(&each), "every portal is in the subnet of a NIC of the firmware");
    assert!(matches!(says(0, ""), Outcome::Fail(_)));
    let routed = says(0, "rd.route=100.98.0.0/16:100.64.16.49:ibft0");
    assert!(matches!(routed, Outcome::Pass(_)), "{routed:?}");
    assert!(
        summary(&routed).ends_with("or has a route such as rd.route=100.98.0.0/16:100.64.16.49:ibft0"),
        "{routed:?}"
    );
}

#[test]
fn a_vlan_that_cannot_be_made_for_want_of_another_module_names_that_one() {
    let module = |name: &str, depends: Value| {
        json!({
            "name": name, "path": format!("/usr/lib/modules/6.1.0-50-amd64/{name}.ko"), "present": true,
            "depends": depends,
        })
    };
    let outcome = machine("dracut-live")
        .patch(json!([
            set("/firmware/table/known/nics/0/vlan", json!(5)),
            set("/loader/entries/0/cmdline/words/-", json!({"key": "ip", "value": "ibft0.5:dhcp"})),
            set("/kernels/0/modules/8021q", module("8021q", json!(["garp", "mrp"]))),
            set("/kernels/0/modules/garp", module("garp", json!([]))),
            set("/kernels/0/modules/mrp", module("mrp", json!([]))),
            set("/images/0/modules/8021q", json!("usr/lib/modules/6.1.0-50-amd64/8021q.ko")),
            set("/images/0/modules/garp", json!("usr/lib/modules/6.1.0-50-amd64/garp.ko")),
        ]))
        .says("ibft-vlan-unsupported");
    let Outcome::Fail(findings) = &outcome else { panic!("{outcome:?}") };
    assert!(findings[0].summary.ends_with("the initramfs lacks the module mrp"), "{outcome:?}");
}
