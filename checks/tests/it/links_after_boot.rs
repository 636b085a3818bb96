//! Root, handover, uptime and shutdown: what happens on one machine is told by one check.
use isctpl_checks::facts::Facts;
use isctpl_checks::{BootVerdict, Link, Outcome, Selection, Severity, judge};
use serde_json::{Value, json};
use std::path::Path;

fn base(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/facts").join(format!("{name}.json"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn patched(name: &str, patch: &Value) -> Facts {
    let mut value = base(name);
    let patch: json_patch::Patch = serde_json::from_value(patch.clone()).unwrap();
    json_patch::patch(&mut value, &patch).unwrap();
    serde_json::from_value(value).unwrap()
}

/// The checks of a link that fail, `?` behind those that cannot be told.
fn alarms(facts: &Facts, links: &[Link]) -> Vec<String> {
    let results = judge(facts, &Selection::default()).results;
    let alarm = |outcome: &Outcome, id: &str| match outcome {
        Outcome::Fail(_) => Some(id.to_owned()),
        Outcome::Unknown { .. } => Some(format!("{id}?")),
        _ => None,
    };
    results
        .iter()
        .filter(|result| links.contains(&result.check.link))
        .filter_map(|result| alarm(&result.outcome, result.check.id))
        .collect()
}

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

const ROUTES: &str = "/network/routes/known";

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
        let facts = patched("initramfs-tools-live", &patch);
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
    assert_eq!(alarms(&patched("initramfs-tools-live", &patch), &[Link::Uptime]), ["san-route-missing"]);
}

#[test]
fn without_a_firmware_nic_the_routes_are_not_held_against_themselves() {
    let patch = json!([
        {"op": "replace", "path": "/firmware/table", "value": {"known": null}},
        {"op": "replace", "path": "/firmware/sysfs", "value": {"known": null}},
        answer("185.90.50.245", 3, "enp0s4", "0.0.0.0/0"),
    ]);
    let alarms = alarms(&patched("initramfs-tools-live", &patch), &[Link::Uptime]);
    assert!(
        !alarms.iter().any(|id| id.starts_with("san-route-missing") || id.starts_with("san-route-wrong")),
        "{alarms:?}"
    );
}

/// A configuration of the SAN NIC in place of the one that the base has.
fn handover(base_name: &str, config: Value, more: &[Value]) -> Facts {
    let mut patch = vec![json!({"op": "add", "path": "/netconfig/interfaces/0", "value": config})];
    patch.extend_from_slice(more);
    patched(base_name, &Value::Array(patch))
}

fn config(manager: &str, more: Value) -> Value {
    let mut config = base("dracut-live")["netconfig"]["interfaces"][0].clone();
    config["manager"] = json!(manager);
    config["keep"] = Value::Null;
    config["use_dhcp_routes"] = Value::Null;
    config["use_dhcp_gateway"] = Value::Null;
    for (key, value) in more.as_object().unwrap() {
        config[key] = value.clone();
    }
    config
}

fn located(value: Value) -> Value {
    json!({"value": value, "at": {"path": "/etc/some/file", "line": 3}})
}

fn only_manager(manager: &str) -> Value {
    json!({"op": "replace", "path": "/netconfig/managers", "value": [{"manager": manager, "enabled": true, "at": null}]})
}

#[test]
fn managers_take_the_san_nic_over() {
    let address = json!(["100.64.16.54/29"]);
    let way = json!([located(json!({"destination": "100.97.0.0/16", "gateway": "100.64.16.49", "metric": null}))]);
    let cases = [
        ("netplan by DHCP, critical", config("netplan", json!({"keep": located(json!("true"))})), vec![]),
        (
            "netplan by DHCP, not critical",
            config("netplan", json!({})),
            vec!["handover-san-nic-reconfigured", "handover-wan-before-san"],
        ),
        ("networkd by DHCP, kept", config("networkd", json!({"keep": located(json!("yes"))})), vec![]),
        (
            "networkd by DHCP, the lease kept, its routes unused",
            config("networkd", json!({"keep": located(json!("dhcp")), "use_dhcp_routes": located(json!(false))})),
            vec!["handover-classless-routes-ignored", "handover-wan-before-san"],
        ),
        (
            "networkd by DHCP for every NIC, before the WAN's own file, without the lease's routes",
            config(
                "networkd",
                json!({"matches": {"names": ["en*", "ibft*"]}, "use_dhcp_routes": located(json!(false))}),
            ),
            vec!["handover-classless-routes-ignored"],
        ),
        (
            "networkd by DHCP, its routes unused, and everything of the initramfs kept",
            config("networkd", json!({"keep": located(json!("yes")), "use_dhcp_routes": located(json!(false))})),
            vec![],
        ),
        (
            "networkd static with everything kept",
            config(
                "networkd",
                json!({
                    "method": "static", "addresses": address, "keep": located(json!("yes")),
                }),
            ),
            vec![],
        ),
        (
            "networkd static with static kept: routes of protocol boot go",
            config(
                "networkd",
                json!({
                    "method": "static", "addresses": address, "keep": located(json!("static")),
                }),
            ),
            vec!["handover-san-route-not-kept"],
        ),
        (
            "networkd static with its route",
            config(
                "networkd",
                json!({
                    "method": "static", "addresses": address, "routes": way,
                }),
            ),
            vec![],
        ),
        (
            "networkd without anything",
            config("networkd", json!({"method": "unset"})),
            vec!["handover-san-route-not-kept"],
        ),
        ("networkd told to leave it alone", config("networkd", json!({"method": "unset", "unmanaged": true})), vec![]),
        ("NetworkManager by DHCP", config("network-manager", json!({})), vec![]),
        (
            "NetworkManager without the lease's routes",
            config(
                "network-manager",
                json!({
                    "use_dhcp_routes": located(json!(false)),
                }),
            ),
            vec!["handover-classless-routes-ignored"],
        ),
        (
            "NetworkManager, not at boot",
            config(
                "network-manager",
                json!({
                    "at_boot": false, "use_dhcp_routes": located(json!(false)),
                }),
            ),
            vec![],
        ),
        ("netplan for NetworkManager by DHCP", config("netplan", json!({"renderer": "NetworkManager"})), vec![]),
        (
            "a bridge over the SAN NIC",
            config(
                "networkd",
                json!({
                    "matches": {"names": ["br0"]}, "lower": ["ibft0"],
                }),
            ),
            vec!["handover-san-nic-reconfigured"],
        ),
        (
            "a VLAN on the SAN NIC",
            config(
                "network-manager",
                json!({
                    "matches": {"names": ["ibft0.7"]}, "lower": ["ibft0"], "vlan": 7,
                }),
            ),
            vec![],
        ),
    ];
    for (what, config, expected) in cases {
        let manager = config["manager"].as_str().unwrap().to_owned();

        let facts = handover(
            "dracut-live",
            config,
            &[
                json!({"op": "remove", "path": "/netconfig/interfaces/1"}),
                json!({"op": "replace", "path": "/netconfig/interfaces/1/manager", "value": manager}),
                only_manager(&manager),
            ],
        );
        assert_eq!(alarms(&facts, &[Link::Handover]), expected, "{what}");
    }
}

#[test]
fn ifupdown_is_kept_off_the_boot_nic_only_by_a_run_level_after_initramfs_tools() {
    let auto = |name: &str| {
        config(
            "ifupdown",
            json!({
                "matches": {"names": [name]}, "at": {"path": "/etc/network/interfaces", "line": 5},
            }),
        )
    };
    let run_level = json!({"op": "replace", "path": "/netconfig/managers", "value": [
        {"manager": "ifupdown", "enabled": true, "at": {"path": "/etc/rcS.d/S12networking", "line": 0}}]});
    let guarded = handover("initramfs-tools-live", auto("enp0s3"), &[run_level]);
    assert_eq!(alarms(&guarded, &[Link::Handover]), Vec::<String>::new());

    let stopped_by_a_unit = handover("initramfs-tools-live", auto("enp0s3"), &[only_manager("ifupdown")]);
    assert_eq!(alarms(&stopped_by_a_unit, &[Link::Handover]), ["handover-san-nic-reconfigured"]);

    let unguarded = handover(
        "initramfs-tools-live",
        auto("enp0s3"),
        &[only_manager("ifupdown"), json!({"op": "replace", "path": "/netconfig/iscsi_nic_guard", "value": null})],
    );
    assert_eq!(alarms(&unguarded, &[Link::Handover]), ["handover-san-nic-reconfigured"]);

    let after_dracut = handover("dracut-live", auto("ibft0"), &[only_manager("ifupdown")]);
    assert_eq!(alarms(&after_dracut, &[Link::Handover]), ["handover-san-nic-reconfigured"]);

    let without_hook = handover(
        "dracut-live",
        auto("ibft0"),
        &[only_manager("ifupdown"), json!({"op": "replace", "path": "/dhcp/hooks", "value": []})],
    );
    assert_eq!(
        alarms(&without_hook, &[Link::Handover]),
        ["handover-san-nic-reconfigured", "handover-classless-routes-ignored",]
    );

    // dracut calls the NIC ibft0, so a stanza for its other name is for nobody.
    let other_name = handover("dracut-live", auto("enp0s3"), &[only_manager("ifupdown")]);
    assert_eq!(alarms(&other_name, &[Link::Handover]), ["handover-interface-renamed"]);
}

#[test]
fn a_disk_alone_does_not_say_which_nic_is_the_san_nic() {
    let no_guard = json!({"op": "replace", "path": "/netconfig/iscsi_nic_guard", "value": null});
    let san_nic = |told: Value| json!({"op": "replace", "path": "/scope/san_nic", "value": told});
    let named = config("ifupdown", json!({"matches": {"names": ["enp0s9"]}}));
    // The guard keeps no stanza of ifupdown off the NIC, and makes no case for another one.
    for more in [vec![no_guard.clone(), san_nic(Value::Null)], vec![san_nic(Value::Null)]] {
        let facts = handover("initramfs-tools-root", named.clone(), &more);
        assert!(alarms(&facts, &[Link::Handover]).contains(&"handover-san-nic-reconfigured?".to_owned()));
        assert_eq!(judge(&facts, &Selection::default()).verdict.boot, BootVerdict::Unknown);
    }
    let facts = handover("initramfs-tools-root", named, std::slice::from_ref(&no_guard));
    assert_eq!(alarms(&facts, &[Link::Handover]), Vec::<String>::new());

    let every = config("ifupdown", json!({"matches": {"names": ["en*"]}}));
    let facts = handover("initramfs-tools-root", every, &[no_guard, san_nic(Value::Null)]);
    assert!(alarms(&facts, &[Link::Handover]).contains(&"handover-san-nic-reconfigured".to_owned()));
    assert_eq!(judge(&facts, &Selection::default()).verdict.boot, BootVerdict::AtRisk);
}

#[test]
fn a_disk_says_by_itself_that_kernel_names_leave_a_configuration_for_nobody() {
    let ifnames = json!({"op": "add", "path": "/loader/entries/0/cmdline/words/-",
        "value": {"key": "net.ifnames", "value": "0", "secret": false}});
    let renamed = |more: &[Value]| {
        let mut patch = vec![ifnames.clone()];
        patch.extend_from_slice(more);
        let facts = patched("initramfs-tools-root", &Value::Array(patch));
        alarms(&facts, &[Link::Handover]).contains(&"handover-interface-renamed".to_owned())
    };
    let kernels_too = json!({"op": "replace", "path": "/netconfig/interfaces/1/matches/names", "value": ["eth0"]});
    let given = json!({"op": "add", "path": "/netconfig/renames/-", "value": {
        "at": {"path": "/etc/udev/rules.d/70-persistent-net.rules", "line": 1},
        "matches": {"names": [], "macs": ["52:54:00:00:00:02"], "drivers": [], "types": [], "other": []},
        "name": "enp0s4",
    }});
    assert!(renamed(&[]));
    assert!(!renamed(&[kernels_too]), "whoever wrote for the kernel's names has thought of them");
    assert!(!renamed(&[given]), "a rule gives the name");
    let facts = patched("initramfs-tools-root", &json!([]));
    assert!(!alarms(&facts, &[Link::Handover]).contains(&"handover-interface-renamed".to_owned()));
}

#[test]
fn a_configuration_that_could_not_be_read_is_no_pass() {
    let facts = patched(
        "dracut-root",
        &json!([{"op": "replace", "path": "/netconfig/problems", "value": [
            {"place": "/etc/systemd/network/05-san.network", "what": "is not readable"},
        ]}]),
    );
    assert_eq!(judge(&facts, &Selection::default()).verdict.boot, BootVerdict::Unknown);
    // Its source tells whose it is, wherever it lies; where nobody named one, it may be anybody's.
    for (source, boot) in [
        (json!("ifupdown"), BootVerdict::Boots),
        (json!("link-files"), BootVerdict::Boots),
        (json!("networkd"), BootVerdict::Unknown),
        (json!("a word of a later version"), BootVerdict::Unknown),
        (Value::Null, BootVerdict::Unknown),
    ] {
        let mut problem = json!({"place": "/srv/elsewhere:3", "what": "is not understood", "source": source});
        problem.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        let patch = json!([{"op": "replace", "path": "/netconfig/problems", "value": [problem]}]);
        let verdict = judge(&patched("dracut-root", &patch), &Selection::default()).verdict;
        assert_eq!(verdict.boot, boot, "{source}");
    }
}

#[test]
fn only_what_is_followed_at_shutdown_logs_out() {
    let sysv = |path: &str, start: bool, shadowed: bool| {
        json!({"path": path, "script": "/etc/init.d/open-iscsi", "runlevel": if start { "S" } else { "0" },
            "start": start, "shadowed_by_unit": shadowed, "logout": if start { Value::Null } else { json!({
                "of": "all", "at": {"path": "/etc/init.d/open-iscsi", "line": 80},
                "excerpt": "iscsiadm -m session --logout", "keeps_root": false}) }})
    };
    let set = |path: &str, value: Value| json!({"op": "replace", "path": path, "value": value});
    let stop = sysv("/etc/rc0.d/K01open-iscsi", false, false);
    let shadowed = sysv("/etc/rc0.d/K01open-iscsi", false, true);
    let start = sysv("/etc/rcS.d/S01open-iscsi", true, false);
    let no_units = set("/services/units", json!([]));
    let cases = [
        ("a stop link beside a unit of the name", json!([set("/services/sysv", json!([shadowed]))]), vec![]),
        ("a stop link that nothing started", json!([set("/services/sysv", json!([stop])), no_units]), vec![]),
        (
            "a script without a unit",
            json!([set("/services/sysv", json!([stop, start])), no_units]),
            vec!["service-logs-out-root"],
        ),
        (
            "a stop link without systemd",
            json!([
                set("/services/sysv", json!([shadowed])).clone(),
                set("/services/sysv/0/shadowed_by_unit", json!(false)),
                set("/services/systemd", json!(false)),
            ]),
            vec!["service-logs-out-root"],
        ),
        (
            "iscsid refuses to log out what is mounted",
            json!([
                set("/services/sysv", json!([stop, start])),
                no_units,
                set("/iscsi/iscsid_conf/safe_logout", located(json!(true))),
            ]),
            vec![],
        ),
    ];
    for (what, patch, expected) in cases {
        assert_eq!(alarms(&patched("initramfs-tools-root", &patch), &[Link::Shutdown]), expected, "{what}");
    }
}

/// Both of LVM's filters must let the disk through: what one accepts, the other may still reject.
#[test]
fn filters_inside_the_image_count_each_by_itself() {
    let pattern = |text: &str| json!([{"value": text, "at": {"path": "/boot/initrd!etc/lvm/lvm.conf", "line": 3}}]);
    let of = |filter: &str, global: &str| {
        let patch = json!([
            {"op": "add", "path": "/images/0/lvm_filters", "value": pattern(filter)},
            {"op": "add", "path": "/images/0/lvm_global_filters", "value": pattern(global)},
        ]);
        alarms(&patched("initramfs-tools-root", &patch), &[Link::Root])
    };
    assert_eq!(of("a|.*|", "r|.*|"), ["root-lvm-filtered"]);
    assert_eq!(of("r|.*|", "a|.*|"), ["root-lvm-filtered"]);
    assert_eq!(of("a|.*|", "r|/dev/cdrom|"), [""; 0]);
    let problem = json!([{"place": "/boot/initrd!etc/lvm/lvm.conf:3", "what": "a list is not closed"}]);
    let patch = json!([{"op": "add", "path": "/images/0/problems", "value": problem}]);
    assert_eq!(alarms(&patched("initramfs-tools-root", &patch), &[Link::Root]), ["root-lvm-filtered?"]);
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
    let judged = judge(&patched("initramfs-tools-live", &json!(patch)), &Selection::default());
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
    let verdict = judge(&patched("initramfs-tools-live", &json!(patch)), &Selection::default()).verdict;
    assert_eq!(verdict.boot, BootVerdict::Unknown);
}

/// NetworkManager leaves the NIC as the initramfs brought it up; a profile without the route waits for
/// whoever activates it.
#[test]
fn network_manager_takes_no_route_away_at_boot() {
    let refused = json!({"use_dhcp_routes": located(json!(false))});
    let without = json!({"method": "static", "addresses": ["100.64.16.54/29"]});
    for (more, check) in [(refused, "handover-classless-routes-ignored"), (without, "handover-san-route-not-kept")] {
        let config = config("network-manager", more);
        let facts = handover("dracut-live", config, &[only_manager("network-manager")]);
        let judgement = judge(&facts, &Selection::default());
        let findings = judgement.findings();
        let (_, finding) = findings.iter().find(|(found, _)| found.id == check).unwrap();
        assert_eq!(finding.severity, Severity::Warning, "{finding:?}");
        assert_eq!(judgement.verdict.boot, BootVerdict::Boots, "{:?}", judgement.verdict);
    }
}

/// `iscsiadm -m session -u` under a running root: no session, no disk, and the map of the root stays.
#[test]
fn a_root_whose_disk_is_gone_is_lost() {
    let devices = &base("initramfs-tools-live")["storage"]["devices"]["known"];
    let root = devices.as_array().unwrap().iter().find(|device| device["name"] == "dm-0").unwrap().clone();
    let mut root = root;
    root["iscsi_session"] = Value::Null;
    let facts = patched(
        "initramfs-tools-live",
        &json!([
            {"op": "replace", "path": "/storage/devices", "value": {"known": [root]}},
            {"op": "replace", "path": "/storage/root_device", "value": {"known": root}},
            {"op": "replace", "path": "/iscsi/sessions", "value": {"known": []}},
        ]),
    );
    let judgement = judge(&facts, &Selection::default());
    assert_eq!(judgement.verdict.boot, BootVerdict::AtRisk, "{:?}", judgement.verdict);
    assert_eq!(judgement.verdict.checks, ["session-not-logged-in"]);
}
