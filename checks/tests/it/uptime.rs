//! Uptime: what happens to the network and the session of one machine is told by one check.
use super::machine::{alarms, machine};
use isctpl_checks::{BootVerdict, Link, Outcome, Selection, judge};
use serde_json::{Value, json};

const ROUTES: &str = "/network/routes/known";

fn route(destination: Option<&str>, gateway: &str, index: u32, interface: &str) -> Value {
    json!({
        "destination": destination, "gateway": gateway, "index": index, "interface": interface,
        "table": 254, "protocol": "boot", "kind": "unicast", "scope": "global",
    })
}

fn answer(gateway: &str, index: u32, interface: &str, matched: &str) -> Value {
    json!({"op": "replace", "path": "/network/lookups/known/0", "value": {
        "destination": "100.97.0.10",
        "answer": {"route": route(Some("100.97.0.10/32"), gateway, index, interface)},
        "matched": matched,
    }})
}

fn unreachable() -> Value {
    json!({"op": "replace", "path": "/network/lookups/known/0", "value": {
        "destination": "100.97.0.10", "answer": {"unreachable": "Network is unreachable"}, "matched": null,
    }})
}

#[test]
fn what_is_done_to_the_network_is_told_by_one_check() {
    let add = |value: Value| json!({"op": "add", "path": format!("{ROUTES}/-"), "value": value});
    let set = |path: &str, value: Value| json!({"op": "replace", "path": path, "value": value});
    let remove = |index: u32| json!({"op": "remove", "path": format!("{ROUTES}/{index}")});
    let cases = [
        ("nothing", json!([]), vec![]),
        (
            "the SAN route is taken away, the WAN's default route answers",
            json!([remove(2), answer("185.90.50.245", 3, "enp0s4", "0.0.0.0/0")]),
            vec!["san-route-missing"],
        ),
        (
            "the SAN route and the default route are taken away",
            json!([remove(2), remove(0), unreachable()]),
            vec!["san-route-missing"],
        ),
        (
            "the default route is given to the SAN NIC",
            json!([set(&format!("{ROUTES}/0"), route(None, "100.64.16.49", 2, "enp0s3"))]),
            vec!["default-route-via-san"],
        ),
        (
            "a /32 by another gateway of the SAN NIC",
            json!([
                add(route(Some("100.97.0.10/32"), "100.64.16.50", 2, "enp0s3")),
                answer("100.64.16.50", 2, "enp0s3", "100.97.0.10/32"),
            ]),
            vec!["san-route-host-override"],
        ),
        (
            "a /32 out of the WAN NIC",
            json!([
                add(route(Some("100.97.0.10/32"), "185.90.50.245", 3, "enp0s4")),
                answer("185.90.50.245", 3, "enp0s4", "100.97.0.10/32"),
            ]),
            vec!["san-route-wrong-nic"],
        ),
        (
            "a /32 out of the WAN NIC with strict filtering",
            json!([
                add(route(Some("100.97.0.10/32"), "185.90.50.245", 3, "enp0s4")),
                answer("185.90.50.245", 3, "enp0s4", "100.97.0.10/32"),
                set("/network/rp_filter/0/all", json!(1)),
                set("/network/rp_filter/1/all", json!(1)),
            ]),
            vec!["san-route-wrong-nic"],
        ),
        (
            "the SAN NIC is taken down",
            json!([
                set("/network/links/known/1/up", json!(false)),
                set("/network/links/known/1/carrier", json!(false)),
                set("/network/links/known/1/oper_state", json!("down")),
                remove(2),
                remove(1),
                answer("185.90.50.245", 3, "enp0s4", "0.0.0.0/0"),
            ]),
            vec!["san-nic-down"],
        ),
        (
            "as Debian comes up: a default route and a /32 by the SAN NIC's gateway, no other NIC",
            json!([
                set(&format!("{ROUTES}/0"), route(None, "100.64.16.49", 2, "enp0s3")),
                add(route(Some("100.97.0.10/32"), "100.64.16.49", 2, "enp0s3")),
                answer("100.64.16.49", 2, "enp0s3", "100.97.0.10/32"),
                set("/network/links/known/2/up", json!(false)),
                set("/network/links/known/2/carrier", json!(false)),
            ]),
            vec!["default-route-via-san"],
        ),
    ];
    for (what, patch, expected) in cases {
        let facts = machine("initramfs-tools-live").patch(&patch).facts();
        assert_eq!(alarms(&facts, &[Link::Uptime]), expected, "{what}");
    }
}

#[test]
fn the_prefix_that_answered_is_found_where_the_kernel_does_not_say_it() {
    let patch = json!([
        {"op": "remove", "path": format!("{ROUTES}/2")},
        answer("185.90.50.245", 3, "enp0s4", "0.0.0.0/0"),
        {"op": "replace", "path": "/network/lookups/known/0/matched", "value": null},
    ]);
    assert_eq!(alarms(&machine("initramfs-tools-live").patch(&patch).facts(), &[Link::Uptime]), ["san-route-missing"]);
}

#[test]
fn without_a_firmware_nic_the_routes_are_not_held_against_themselves() {
    let patch = json!([
        {"op": "replace", "path": "/firmware/table", "value": {"known": null}},
        {"op": "replace", "path": "/firmware/sysfs", "value": {"known": null}},
        answer("185.90.50.245", 3, "enp0s4", "0.0.0.0/0"),
    ]);
    let alarms = alarms(&machine("initramfs-tools-live").patch(&patch).facts(), &[Link::Uptime]);
    assert!(
        !alarms.iter().any(|id| id.starts_with("san-route-missing") || id.starts_with("san-route-wrong")),
        "{alarms:?}"
    );
}

/// What is broken now is the answer, also where files could not be read: that they could not is its doing.
#[test]
fn a_root_that_is_gone_outranks_the_files_that_could_not_be_read() {
    let unread = json!({"place": "/", "what": "the root's disk did not answer within 15 s"});
    let mut patch = vec![
        json!({"op": "add", "path": "/storage/root_silence", "value": {"known": unread}}),
        json!({"op": "replace", "path": "/loader", "value": {
            "chosen": {"unknown": unread}, "esp": {"unknown": unread}, "problems": [unread],
        }}),
        json!({"op": "replace", "path": "/images", "value": []}),
        json!({"op": "replace", "path": "/kernels", "value": []}),
        json!({"op": "replace", "path": "/scope/problems", "value": [unread]}),
    ];
    let judged = judge(&machine("initramfs-tools-live").patch(json!(patch)).facts(), &Selection::default());
    let from_silence = |link: Link| {
        let results = judged.results.iter().filter(|result| result.check.link == link);
        results
            .filter(|result| matches!(result.outcome, Outcome::Pass(_)))
            .map(|result| result.check.id)
            .collect::<Vec<_>>()
    };
    for link in [Link::Loader, Link::Kernel, Link::Initramfs, Link::Root, Link::Handover, Link::Shutdown] {
        assert_eq!(from_silence(link), Vec::<&str>::new());
    }
    let verdict = judged.verdict;
    assert_eq!((verdict.boot, verdict.broken_link), (BootVerdict::AtRisk, Some(Link::Uptime)));
    assert_eq!(verdict.checks, ["san-disk-silent"]);
    // The same files, and a disk that answers: nothing is known to be broken, and so nothing is known.
    patch[0] = json!({"op": "add", "path": "/storage/root_silence", "value": {"known": null}});
    let verdict = judge(&machine("initramfs-tools-live").patch(json!(patch)).facts(), &Selection::default()).verdict;
    assert_eq!(verdict.boot, BootVerdict::Unknown);
}

/// `iscsiadm -m session -u` under a running root: no session, no disk, and the map of the root stays.
#[test]
fn a_root_whose_disk_is_gone_is_lost() {
    let devices = &machine("initramfs-tools-live").value()["storage"]["devices"]["known"];
    let root = devices.as_array().unwrap().iter().find(|device| device["name"] == "dm-0").unwrap().clone();
    let mut root = root;
    root["iscsi_session"] = Value::Null;
    let facts = machine("initramfs-tools-live")
        .patch(json!([
            {"op": "replace", "path": "/storage/devices", "value": {"known": [root]}},
            {"op": "replace", "path": "/storage/root_device", "value": {"known": root}},
            {"op": "replace", "path": "/iscsi/sessions", "value": {"known": []}},
        ]))
        .facts();
    let judgement = judge(&facts, &Selection::default());
    assert_eq!(judgement.verdict.boot, BootVerdict::AtRisk, "{:?}", judgement.verdict);
    assert_eq!(judgement.verdict.checks, ["session-not-logged-in"]);
}

/// What a packet meets is its whole fate; the policy is only a part of that.
#[test]
fn a_rule_that_drops_counts_under_a_policy_that_accepts() {
    let of = |portal_out: bool, established_in: bool, unclear: &[&str]| {
        let firewall = json!({"kind": "nftables", "at": {"path": "/etc/nftables.conf", "line": 0},
            "output_policy": "accept", "input_policy": "accept", "portal_out": portal_out,
            "established_in": established_in, "deciding": null, "unclear": unclear});
        let patch = json!([{"op": "replace", "path": "/netconfig/firewalls", "value": [firewall]}]);
        alarms(&machine("initramfs-tools-root").patch(patch).facts(), &[Link::Uptime])
    };
    assert_eq!(of(true, true, &[]), [""; 0]);
    assert_eq!(of(false, true, &[]), ["firewall-blocks-san"]);
    assert_eq!(of(true, false, &[]), ["firewall-blocks-san"]);
    for fate in [true, false] {
        assert_eq!(of(fate, true, &["/etc/nftables.d/a: is included too deep; not read"]), ["firewall-blocks-san?"]);
    }
}

/// A connection is given a next hop by its hash (`fib_select_multipath`): the one of today is not that of the next login.
#[test]
fn every_next_hop_of_the_route_must_be_the_san_nics() {
    let lookup = |more: Value| {
        let mut taken = route(Some("100.97.0.0/16"), "100.64.16.49", 2, "enp0s3");
        taken.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let flow = json!({
            "destination": "100.97.0.10", "port": 3260, "source": "100.64.16.54", "source_port": 41000, "bound_to": null,
        });
        let value = json!({
            "destination": "100.97.0.10", "answer": {"route": taken}, "matched": "100.97.0.0/16", "flow": flow,
        });
        machine("initramfs-tools-live")
            .patch(json!([{"op": "replace", "path": "/network/lookups/known/0", "value": value}]))
            .says("san-route-wrong-nic")
    };
    let hops = |names: Value| {
        let texts = json!(["100.64.16.49 dev enp0s3", "185.90.50.245 dev enp0s4"]);
        lookup(json!({"next_hops": texts, "hop_interfaces": names}))
    };
    assert!(matches!(hops(json!(["enp0s3", "enp0s3"])), Outcome::Pass(_)));
    for names in [json!(["enp0s3", "enp0s4"]), json!(["enp0s4", "enp0s3"]), json!(["enp0s3", null])] {
        let Outcome::Fail(findings) = hops(names.clone()) else { panic!("{names}") };
        assert!(findings[0].summary.contains("has a next hop out of"), "{}", findings[0].summary);
        let asked = "ip route get 100.97.0.10 from 100.64.16.54 ipproto tcp sport 41000 dport 3260";
        assert_eq!(findings[0].evidence[0].source, asked);
    }
    let untold = lookup(json!({"nexthop_id": 10}));
    let Outcome::Unknown { reason, .. } = &untold else { panic!("{untold:?}") };
    assert!(reason.contains("nexthop object 10"), "{reason}");
}

/// The rule that the session falls under is named, and no other one that leads to the same table.
#[test]
fn the_rule_that_takes_the_session_is_told_with_all_that_it_asks() {
    let said = |selectors: Value, from: Value| {
        let mut taken = route(None, "185.90.50.245", 3, "enp0s4");
        taken["table"] = json!(100);
        let value = json!({
            "destination": "100.97.0.10", "answer": {"route": taken}, "matched": "0.0.0.0/0",
            "flow": {"destination": "100.97.0.10", "port": 3260, "source": "100.64.16.54", "source_port": null, "bound_to": null},
        });
        let rule = json!({
            "priority": 1000, "from": from, "to": null, "table": 100, "action": "lookup", "ipv6": false,
            "selectors": selectors,
        });
        let outcome = machine("initramfs-tools-live")
            .patch(json!([
                {"op": "replace", "path": "/network/lookups/known/0", "value": value},
                {"op": "add", "path": "/network/rules/known/-", "value": rule},
            ]))
            .says("san-route-missing");
        let Outcome::Fail(findings) = outcome else { panic!("{outcome:?}") };
        findings[0]
            .evidence
            .iter()
            .find(|evidence| evidence.source == "ip rule")
            .map(|evidence| evidence.excerpt.clone())
    };
    let told = |text: &str| Some(format!("1000: {text} lookup 100"));
    for (selectors, from, rule) in [
        (json!(["ipproto tcp", "dport 3260"]), Value::Null, told("from all ipproto tcp dport 3260")),
        (json!(["dport 3000-4000", "ipproto tcp"]), Value::Null, told("from all dport 3000-4000 ipproto tcp")),
        (json!([]), json!("100.64.16.48/29"), told("from 100.64.16.48/29")),
        (json!(["not", "fwmark 0xca6c"]), Value::Null, told("not from all fwmark 0xca6c")),
        (json!(["uidrange 0-99"]), Value::Null, told("from all uidrange 0-99")),
        (json!(["ipproto udp"]), Value::Null, None),
        (json!(["iif enp0s4"]), Value::Null, None),
        (json!(["uidrange 1000-1000"]), Value::Null, None),
        (json!([]), json!("185.90.50.246/32"), None),
    ] {
        assert_eq!(said(selectors.clone(), from.clone()), rule, "{selectors} {from}");
    }
}

/// A host of many containers has more routes than are read: the kernel's answer for the portal tells enough.
#[test]
fn routes_that_are_too_many_leave_open_what_the_answer_does_not_tell() {
    let unread = json!({"op": "replace", "path": "/network/routes", "value": {
        "unknown": {"place": "rtnetlink", "what": "there are more than 10000 routes"},
    }});
    let outcomes = |matched: Value, gateway: &str| {
        let patch = json!([
            unread,
            answer(gateway, 2, "enp0s3", "100.97.0.0/16"),
            {"op": "replace", "path": "/network/lookups/known/0/matched", "value": matched},
        ]);
        let judged = judge(&machine("initramfs-tools-live").patch(patch).facts(), &Selection::default());
        let outcome = |id: &str| {
            let result = judged.results.iter().find(|result| result.check.id == id).unwrap();
            match result.outcome {
                Outcome::Pass(_) => "pass",
                Outcome::Unknown { .. } => "unknown",
                _ => "other",
            }
        };
        (outcome("san-route-unlike-lease"), outcome("san-route-host-override"))
    };
    assert_eq!(outcomes(json!("100.97.0.0/16"), "100.64.16.49"), ("pass", "pass"));
    assert_eq!(outcomes(json!("100.97.0.0/16"), "100.64.16.50"), ("unknown", "pass"));
    for matched in [json!("100.97.0.10/32"), Value::Null] {
        assert_eq!(outcomes(matched, "100.64.16.49"), ("unknown", "unknown"));
    }
}

/// Deleting it would lead the session out of another NIC; and of equal routes the kernel takes the first.
#[test]
fn a_host_route_that_keeps_the_session_on_the_san_nic_is_no_alarm() {
    let subnet = |gateway: &str, index: u32, interface: &str| json!({"op": "add", "path": format!("{ROUTES}/-"), "value": route(Some("100.97.0.0/16"), gateway, index, interface)});
    let host = |gateway: &str| {
        let value = route(Some("100.97.0.10/32"), gateway, 2, "enp0s3");
        let add = json!({"op": "add", "path": format!("{ROUTES}/-"), "value": value});
        [add, answer(gateway, 2, "enp0s3", "100.97.0.10/32")]
    };
    let removed = json!({"op": "remove", "path": format!("{ROUTES}/2")});
    let alarms =
        |changes: &[Value]| alarms(&machine("initramfs-tools-live").patch(json!(changes)).facts(), &[Link::Uptime]);
    let with = |gateway: &str, others: &[Value]| alarms(&[&host(gateway)[..], others].concat());
    let after_the_first = with("100.64.16.50", &[subnet("100.64.16.49", 3, "enp0s4")]);
    assert_eq!(after_the_first, ["san-route-host-override"], "the last of equal routes is none that is taken");
    assert_eq!(with("100.64.16.49", &[removed.clone(), subnet("100.64.16.49", 3, "enp0s4")]), Vec::<String>::new());
    assert_eq!(with("100.64.16.50", &[removed, subnet("100.64.16.49", 2, "enp0s3")]), ["san-route-host-override"]);
}
