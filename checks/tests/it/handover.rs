//! Handover: what the managers of the real root do to the SAN NIC.
use super::machine::{alarms, located, machine};
use isctpl_checks::facts::Facts;
use isctpl_checks::{BootVerdict, Link, Selection, Severity, judge};
use serde_json::{Value, json};

/// A configuration of the SAN NIC in place of the one that the base has.
fn handover(base_name: &str, config: Value, more: &[Value]) -> Facts {
    let mut patch = vec![json!({"op": "add", "path": "/netconfig/interfaces/0", "value": config})];
    patch.extend_from_slice(more);
    machine(base_name).patch(Value::Array(patch)).facts()
}

fn config(manager: &str, more: Value) -> Value {
    let mut config = machine("dracut-live").value()["netconfig"]["interfaces"][0].clone();
    config["manager"] = json!(manager);
    config["keep"] = Value::Null;
    config["use_dhcp_routes"] = Value::Null;
    config["use_dhcp_gateway"] = Value::Null;
    for (key, value) in more.as_object().unwrap() {
        config[key] = value.clone();
    }
    config
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
fn a_static_route_waits_for_the_lease_where_networkd_removes_the_address() {
    let way = json!([located(json!({"destination": "100.97.0.0/16", "gateway": "100.64.16.49", "metric": null}))]);
    let kept = |keep: &str| json!({"keep": located(json!(keep)), "routes": way});
    let wan =
        json!({"matches": {"names": ["enp0s4"]}, "at": {"path": "/etc/systemd/network/20-wan.network", "line": 1}});
    let left_foreign =
        json!({"op": "replace", "path": "/netconfig/manage_foreign_routes", "value": located(json!(false))});
    let with = |base: &str, more: Value, patch: &[Value]| {
        let mut more = more;
        more["matches"] = json!({"names": [if base.starts_with("dracut") { "ibft0" } else { "enp0s3" }]});
        let others = json!({"op": "replace", "path": "/netconfig/interfaces", "value": [
            config("networkd", more), config("networkd", wan.clone())]});
        let patch = [&[others, only_manager("networkd")], patch].concat();
        let facts = machine(base).patch(Value::Array(patch)).facts();
        alarms(&facts, &[Link::Handover])
    };
    const RACE: [&str; 1] = ["handover-wan-before-san"];
    let none: [&str; 0] = [];
    // ipconfig's address has no lifetime: it is no lease, and goes.
    assert_eq!(with("initramfs-tools-live", kept("dhcp"), &[]), RACE);
    assert_eq!(with("initramfs-tools-live", kept("dynamic"), &[]), RACE);
    // The routes are left alone, and go with the address.
    assert_eq!(with("initramfs-tools-live", kept("dhcp"), std::slice::from_ref(&left_foreign)), RACE);
    assert_eq!(with("initramfs-tools-live", kept("yes"), &[]), none);
    // An address of the configuration's own is there at once.
    let mut both = kept("dhcp");
    both["addresses"] = json!(["100.64.16.54/29"]);
    assert_eq!(with("initramfs-tools-live", both, &[]), none);
    // A lease of dracut's dhclient has its lifetime.
    assert_eq!(with("dracut-live", kept("dhcp"), &[]), none);
    assert_eq!(with("dracut-live", json!({"keep": located(json!("dhcp"))}), &[left_foreign]), none);
    assert_eq!(with("dracut-live", json!({"keep": located(json!("dhcp-on-stop")), "routes": way}), &[]), RACE);
    // Nobody knows what an image that was not read sets.
    let no_image = json!({"op": "replace", "path": "/images", "value": []});
    assert_eq!(with("dracut-live", kept("dhcp"), &[no_image]), ["handover-wan-before-san?"]);
}

#[test]
fn one_file_for_every_nic_gives_the_wan_its_default_route_too() {
    let of = |names: Value, nics: Value, patch: &[Value]| {
        let own = config("networkd", json!({"matches": names, "keep": located(json!("dhcp"))}));
        let mut all = vec![
            json!({"op": "replace", "path": "/netconfig/interfaces", "value": [own]}),
            only_manager("networkd"),
            json!({"op": "replace", "path": "/nics", "value": nics}),
        ];
        all.extend_from_slice(patch);
        alarms(&machine("initramfs-tools-live").patch(Value::Array(all)).facts(), &[Link::Handover])
    };
    let nics = machine("initramfs-tools-live").value()["nics"].clone();
    let mut only_san = nics.clone();
    only_san["known"].as_array_mut().unwrap().retain(|nic| nic["name"] == "enp0s3");
    let (every, one) = (json!({"names": ["en*"]}), json!({"names": ["enp0s3"]}));
    assert_eq!(of(every.clone(), nics.clone(), &[]), ["handover-wan-before-san"]);
    assert_eq!(of(json!({"names": ["!lo"]}), nics.clone(), &[]), ["handover-wan-before-san"]);
    let none: [&str; 0] = [];
    assert_eq!(of(every.clone(), only_san.clone(), &[]), none);
    // Nothing tells the SAN NIC from the others: one alone is it, and of two the other one is not.
    let untold = json!({"op": "add", "path": "/scope/san_nic", "value": "unconfigured"});
    assert_eq!(of(every.clone(), only_san.clone(), std::slice::from_ref(&untold)), none);
    assert_eq!(of(every.clone(), nics.clone(), &[untold]), ["handover-wan-before-san"]);
    // Whether there is another NIC is not known.
    let untold = json!({"unknown": {"place": "/sys/class/net", "what": "was not read"}});
    assert_eq!(of(every.clone(), untold, &[]), ["handover-wan-before-san?"]);
    // networkd ships a file for a container's host0.
    let host0 = json!({"names": ["host0"], "other": ["Virtualization=container"]});
    let shipped = config(
        "networkd",
        json!({"matches": host0,
        "at": {"path": "/usr/lib/systemd/network/80-container-host0.network", "line": 0}}),
    );
    let shipped = json!({"op": "add", "path": "/netconfig/interfaces/-", "value": shipped});
    assert_eq!(of(every, only_san, &[shipped]), none);
    assert_eq!(of(one, nics.clone(), &[]), none);
    // A file that goes before it has the WAN's NIC, and gives it no default route.
    let wan = config(
        "networkd",
        json!({"matches": {"names": ["enp0s4"]}, "method": "unset",
        "at": {"path": "/etc/systemd/network/05-wan.network", "line": 1}}),
    );
    let before = json!({"op": "add", "path": "/netconfig/interfaces/0", "value": wan});
    assert_eq!(of(json!({"names": ["en*"]}), nics, &[before]), none);
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
fn the_nic_keeps_its_name_where_nothing_in_the_image_reads_the_word_to_rename_it() {
    let stanza = json!({"matches": {"names": ["enp0s3"]}, "at": {"path": "/etc/network/interfaces", "line": 5}});
    let word = |key: &str, value: &str| json!({"key": key, "value": value});
    let words = json!([word("rd.iscsi.ibft", "1"), word("rd.route", "100.97.0.0/16:100.64.16.49:enp0s3")]);
    let words = json!({"op": "replace", "path": "/loader/entries/0/cmdline/words", "value": words});
    let no_reader = json!({"op": "replace", "path": "/images/0/readers", "value": []});
    let stanza = config("ifupdown", stanza);
    let read = handover("dracut-root", stanza.clone(), &[only_manager("ifupdown"), words.clone()]);
    assert_eq!(alarms(&read, &[Link::Handover]), Vec::<String>::new());
    let unread = handover("dracut-root", stanza, &[only_manager("ifupdown"), words, no_reader]);
    assert_eq!(alarms(&unread, &[Link::Handover]), ["handover-san-nic-reconfigured"]);
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
        let facts = machine("initramfs-tools-root").patch(Value::Array(patch)).facts();
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
    let facts = machine("initramfs-tools-root").facts();
    assert!(!alarms(&facts, &[Link::Handover]).contains(&"handover-interface-renamed".to_owned()));
}

/// Of udev's rules the last one that fits holds; where it is not known whether it does, neither is the name.
#[test]
fn the_last_rule_of_udev_names_the_nic() {
    let rule = |name: &str, other: &[&str]| {
        json!({"op": "add", "path": "/netconfig/renames/-", "value": {
            "at": {"path": "/etc/udev/rules.d/70-persistent-net.rules", "line": 1},
            "matches": {"names": [], "macs": ["52:54:00:00:00:01"], "drivers": ["?*"], "types": [], "other": other},
            "name": name,
        }})
    };
    let told = |rules: &[Value]| {
        let facts = machine("initramfs-tools-live").patch(Value::Array(rules.to_vec())).facts();
        let told = alarms(&facts, &[Link::Handover]);
        told.into_iter().filter(|told| told.starts_with("handover-interface-renamed")).collect::<Vec<_>>()
    };
    assert_eq!(told(&[rule("eth7", &[])]), ["handover-interface-renamed"]);
    assert_eq!(told(&[rule("eth7", &[]), rule("enp0s3", &[])]), [""; 0]);
    assert_eq!(told(&[rule("eth7", &["PROGRAM=(hidden)"])]), ["handover-interface-renamed?"]);
    assert_eq!(told(&[rule("eth7", &["PROGRAM=(hidden)"]), rule("enp0s3", &[])]), [""; 0]);
    assert_eq!(told(&[rule("eth7", &["SUBSYSTEMS==usb", "ATTRS{idVendor}==413c"])]), [""; 0]);
}

#[test]
fn a_configuration_that_could_not_be_read_is_no_pass() {
    let facts = machine("dracut-root")
        .patch(json!([{"op": "replace", "path": "/netconfig/problems", "value": [
            {"place": "/etc/systemd/network/05-san.network", "what": "is not readable"},
        ]}]))
        .facts();
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
        let verdict = judge(&machine("dracut-root").patch(&patch).facts(), &Selection::default()).verdict;
        assert_eq!(verdict.boot, boot, "{source}");
    }
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
