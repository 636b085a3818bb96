//! Managers that are not read, and who stops the NIC at shutdown.
use super::machine::{Machine, alarms, located, machine};
use isctpl_checks::{BootVerdict, Link, Outcome};
use serde_json::{Value, json};

/// A machine where this manager starts, too, and was not read.
fn with_unread(base: &str, manager: &str) -> Machine {
    let at = json!({"path": "/etc/systemd/system/san.service", "line": 0});
    machine(base).patch(json!([
        {"op": "add", "path": "/netconfig/managers/-", "value": {"manager": manager, "enabled": true, "at": at}},
        {"op": "add", "path": "/netconfig/problems/-", "value":
            {"place": "/etc/systemd/system/san.service", "what": "is not read", "source": manager}},
    ]))
}

#[test]
fn a_manager_that_is_not_read_leaves_handover_and_shutdown_unknown() {
    for base in ["initramfs-tools-root", "dracut-root"] {
        for check in ["handover-san-nic-reconfigured", "handover-san-route-not-kept", "service-takes-san-nic-down"] {
            let outcome = with_unread(base, "unread").says(check);
            let Outcome::Unknown { reason, .. } = &outcome else { panic!("{base} {check}: {outcome:?}") };
            assert!(reason.contains("san.service"), "{reason}");
        }
        assert_eq!(with_unread(base, "unread").judged().verdict.boot, BootVerdict::Unknown);
    }
}

/// Seen in a boot: with initramfs-tools and ifupdown cloud-init writes the SAN NIC as `manual`. dracut leaves nothing
/// for it, and for netplan it writes DHCP.
#[test]
fn what_cloud_init_will_write_is_known_only_after_initramfs_tools_for_ifupdown() {
    let managers = |managers: &[&str]| {
        let all: Vec<Value> = managers.iter().map(|it| json!({"manager": it, "enabled": true, "at": null})).collect();
        json!([{"op": "replace", "path": "/netconfig/managers", "value": all}])
    };
    let unknown = |base: &str, started: &[&str]| {
        let facts = with_unread(base, "cloud-init").patch(managers(started)).facts();
        alarms(&facts, &[Link::Handover]).contains(&"handover-san-nic-reconfigured?".to_owned())
    };
    assert!(!unknown("initramfs-tools-root", &["ifupdown", "cloud-init"]));
    assert!(unknown("initramfs-tools-root", &["networkd", "cloud-init"]));
    assert!(unknown("initramfs-tools-root", &["ifupdown", "netplan", "cloud-init"]));
    assert!(unknown("dracut-root", &["ifupdown", "cloud-init"]));
    assert!(!unknown("dracut-root", &["ifupdown"]), "it does not start");
}

/// A stanza for the SAN NIC, brought up at boot, in the words of ifupdown and of whoever reads its files.
fn with_stanza(base: &str, more: Value, ifupdown2: Option<Value>) -> Machine {
    let mut config = machine("dracut-live").value()["netconfig"]["interfaces"][0].clone();
    let name = if base.starts_with("dracut") { "ibft0" } else { "enp0s3" };
    config["manager"] = json!("ifupdown");
    config["matches"] = json!({"names": [name]});
    config["at"] = json!({"path": "/etc/network/interfaces", "line": 5});
    config["keep"] = Value::Null;
    for (key, value) in more.as_object().unwrap() {
        config[key] = value.clone();
    }
    let mut patch = vec![
        json!({"op": "replace", "path": "/netconfig/managers", "value":
            [{"manager": "ifupdown", "enabled": true, "at": null}]}),
        json!({"op": "add", "path": "/netconfig/interfaces/0", "value": config}),
    ];
    if let Some(two) = ifupdown2 {
        let line = |directive: &str, action: &str| {
            json!({"directive": directive, "at": {"path": "/lib/systemd/system/networking.service", "line": 14}, "logout": null,
                "command": format!("/usr/share/ifupdown2/sbin/start-networking {action}")})
        };
        patch.push(json!({"op": "add", "path": "/netconfig/ifupdown2", "value": two}));
        patch.push(json!({"op": "replace", "path": "/services/units", "value": [{
            "name": "networking.service", "fragment": {"path": "/lib/systemd/system/networking.service", "line": 0},
            "enabled_by": [{"path": "/etc/systemd/system/basic.target.wants/networking.service", "line": 0}],
            "exec": [line("ExecStart", "start"), line("ExecStop", "stop")], "stopped_at_shutdown": true,
        }]}));
    }
    machine(base).patch(Value::Array(patch))
}

/// ifupdown 0.8.41 of Debian 12, run in a network namespace on a NIC that was up with 100.64.16.54/29: of the same
/// address `ip addr add` says "Address already assigned", ifup gives up, and `ifdown -a` leaves the NIC alone; another
/// address is added, and `ifdown -a` takes the NIC down; with no-auto-down it does not.
#[test]
fn ifupdown_leaves_an_address_alone_that_is_there_already() {
    let of =
        |base: &str, more: Value| alarms(&with_stanza(base, more, None).facts(), &[Link::Handover, Link::Shutdown]);
    let address = |net: &str| json!({"method": "static", "addresses": [net]});
    let own = "100.64.16.54/29";
    assert_eq!(of("dracut-live", address(own)), Vec::<String>::new());
    let alarm = ["handover-san-nic-reconfigured"];
    assert_eq!(of("dracut-live", address("100.64.16.53/29")), alarm);
    let mut kept = address("100.64.16.53/29");
    kept["left_up"] = json!(true);
    assert_eq!(of("dracut-live", kept), Vec::<String>::new());
    assert_eq!(of("dracut-live", json!({"method": "dhcp"})), alarm);
    // The disk alone does not tell which address the initramfs gives the NIC.
    assert_eq!(of("dracut-root", address(own)), ["handover-san-nic-reconfigured?"]);
    let by_words = |net: &str| {
        let words = "rd.iscsi.firmware=1 ip=100.64.16.54::100.64.16.49:255.255.255.248::ibft0:none";
        let facts = with_stanza("dracut-root", address(net), None).cmdline(words).facts();
        alarms(&facts, &[Link::Handover]).iter().any(|found| found.starts_with("handover-san-nic-reconfigured"))
    };
    assert!(!by_words(own) && by_words("100.64.16.53/29"));
}

/// ifupdown2 3.0.0 of Debian 12, run in the same way: nothing is taken away at boot, and `ifdown -a` takes the NIC down,
/// whatever its method, with no-auto-down too. start-networking runs it at a shutdown only where nothing tells it to skip.
#[test]
fn ifupdown2_takes_the_nic_down_at_shutdown_unless_it_is_told_to_skip_that() {
    let program = json!({"path": "/usr/share/ifupdown2/__main__.py", "line": 0});
    let of = |more: Value, stays_up: Value| {
        let two = json!({"at": program, "stays_up": stays_up});
        alarms(&with_stanza("dracut-live", more, Some(two)).facts(), &[Link::Handover, Link::Shutdown])
    };
    let skips = located(json!("SKIP_DOWN_AT_SYSRESET=yes"));
    for method in ["dhcp", "static"] {
        let stanza = json!({"method": method, "addresses": ["100.64.16.54/29"], "left_up": true});
        assert_eq!(of(stanza.clone(), Value::Null), ["handover-san-nic-reconfigured"], "{method}");
        assert_eq!(of(stanza, skips.clone()), Vec::<String>::new(), "{method}");
    }
    let manual = json!({"method": "manual", "left_up": true});
    assert_eq!(of(manual.clone(), Value::Null), ["service-takes-san-nic-down"]);
    assert_eq!(of(manual, skips), Vec::<String>::new());
    let hotplug = json!({"method": "static", "addresses": ["100.64.16.54/29"], "optional": true});
    assert_eq!(of(hotplug, Value::Null), Vec::<String>::new(), "`ifdown -a` is for what is `auto`");
}

/// A unit that starts, is stopped at shutdown, and runs this then.
fn with_stop(base: &str, unit: &str, command: &str) -> Machine {
    let at = json!({"path": format!("/etc/systemd/system/{unit}"), "line": 8});
    machine(base).patch(json!([{"op": "replace", "path": "/services/units", "value": [{
        "name": unit, "fragment": at, "stopped_at_shutdown": true,
        "enabled_by": [{"path": format!("/etc/systemd/system/multi-user.target.wants/{unit}"), "line": 0}],
        "exec": [{"directive": "ExecStop", "command": command, "at": at, "logout": null}],
    }]}]))
}

/// Seen in the lab of networking.service: a NIC that goes down at shutdown takes the root along, whoever does it.
#[test]
fn a_unit_of_somebodys_own_that_takes_the_nic_down_counts_by_what_it_names() {
    let of =
        |command: &str| alarms(&with_stop("initramfs-tools-live", "san.service", command).facts(), &[Link::Shutdown]);
    let alarm = "service-takes-san-nic-down";
    assert_eq!(of("/sbin/ip link set enp0s3 down"), [alarm]);
    assert_eq!(of("/bin/sh -c 'sync; ip link set dev enp0s3 down'"), [alarm]);
    assert_eq!(of("/sbin/ifdown enp0s3"), [alarm]);
    assert_eq!(of("/sbin/ip link set enp0s4 down"), Vec::<String>::new(), "another NIC");
    assert_eq!(of("/sbin/ip link set (hidden) down"), [format!("{alarm}?")]);
    assert_eq!(of("/usr/bin/nmcli networking off"), [format!("{alarm}?")]);
    assert_eq!(of("/sbin/ifdown -a"), [alarm], "there is a stanza for it");
}

/// client/ifdown.c of wicked: `ifdown all` is for what ifup has configured and is not persistent; STARTMODE=nfsroot is,
/// and what extensions/ibft describes, which goes before ifcfg files.
#[test]
fn wicked_takes_the_nic_down_unless_it_is_persistent() {
    let of = |base: &str, more: Value, ibft: bool| {
        let name = if base.starts_with("dracut") { "ibft0" } else { "enp0s3" };
        let mut config = machine("dracut-live").value()["netconfig"]["interfaces"][0].clone();
        config["manager"] = json!("wicked");
        config["matches"] = json!({"names": [name]});
        config["at"] = json!({"path": format!("/etc/sysconfig/network/ifcfg-{name}"), "line": 2});
        config["keep"] = Value::Null;
        for (key, value) in more.as_object().unwrap() {
            config[key] = value.clone();
        }
        let mut patch = vec![
            json!({"op": "replace", "path": "/netconfig/managers", "value":
                [{"manager": "wicked", "enabled": true, "at": null}]}),
            json!({"op": "replace", "path": "/netconfig/interfaces", "value": [config]}),
        ];
        if ibft {
            let script = json!({"path": "/etc/wicked/extensions/ibft", "line": 0});
            patch.push(json!({"op": "add", "path": "/netconfig/wicked_ibft", "value": script}));
        }
        let machine = with_stop(base, "wicked.service", "/usr/sbin/wicked --systemd ifdown all");
        alarms(&machine.patch(Value::Array(patch)).facts(), &[Link::Handover, Link::Shutdown])
    };
    let alarm = "service-takes-san-nic-down";
    let none = Vec::<String>::new();
    for base in ["dracut-live", "dracut-root"] {
        assert_eq!(of(base, json!({"method": "dhcp"}), false), [alarm], "{base}");
        assert_eq!(of(base, json!({"method": "static", "addresses": ["100.64.16.54/29"]}), false), [alarm], "{base}");
        assert_eq!(of(base, json!({"method": "dhcp", "left_up": true}), false), none, "{base}");
        assert_eq!(of(base, json!({"method": "dhcp", "at_boot": false}), false), none, "{base}");
    }
    assert_eq!(of("dracut-live", json!({"method": "dhcp"}), true), none);
    assert_eq!(of("dracut-root", json!({"method": "dhcp"}), true), [format!("{alarm}?")], "is there an iBFT?");
}

/// ifupdown 0.8.41 in a network namespace: what it refuses or gives up on touches no NIC, neither at boot nor at
/// shutdown.
#[test]
fn what_ifupdown_gives_up_on_touches_nothing() {
    let of = |more: Value| {
        let machine = with_stanza("dracut-root", more, None);
        let stop =
            with_stop("dracut-root", "networking.service", "/sbin/ifdown -a").value()["services"]["units"].clone();
        let facts = machine.patch(json!([{"op": "replace", "path": "/services/units", "value": stop}])).facts();
        alarms(&facts, &[Link::Handover, Link::Shutdown])
    };
    let why = located(json!("`172.16.1.` is not an address"));
    for (method, alarm) in [
        ("static", "handover-san-nic-reconfigured?"),
        ("dhcp", "handover-san-nic-reconfigured"),
        ("manual", "service-takes-san-nic-down"),
    ] {
        let addresses = if method == "static" { json!(["192.0.2.5/24"]) } else { json!([]) };
        let stanza = json!({"method": method, "addresses": addresses});
        assert_eq!(of(stanza.clone()), [alarm], "{method}");
        let mut given_up = stanza;
        given_up["given_up"] = why.clone();
        assert_eq!(of(given_up), Vec::<String>::new(), "{method}");
    }
}

/// netplan's generator writes nothing where it refuses a word, or leaves that definition out: what the rest says is put
/// in force or not.
#[test]
fn what_netplan_may_refuse_is_in_doubt() {
    let mut config = machine("dracut-live").value()["netconfig"]["interfaces"][0].clone();
    config["manager"] = json!("netplan");
    config["matches"] = json!({"names": ["ibft0"]});
    config["method"] = json!("dhcp");
    config["keep"] = Value::Null;
    let of = |problems: Value| {
        let machine = machine("dracut-root").patch(json!([
            {"op": "replace", "path": "/netconfig/managers", "value":
                [{"manager": "netplan", "enabled": true, "at": null}, {"manager": "networkd", "enabled": true, "at": null}]},
            {"op": "replace", "path": "/netconfig/interfaces", "value": [config]},
            {"op": "replace", "path": "/netconfig/problems", "value": problems},
        ]));
        let Outcome::Unknown { reason, .. } = machine.says("handover-san-nic-reconfigured") else { return None };
        Some(reason)
    };
    assert_eq!(of(json!([])), None);
    let problem =
        |source: &str| json!([{"place": "/etc/netplan/1.yaml:9", "what": "`match` is no key", "source": source}]);
    assert!(of(problem("netplan")).unwrap().contains("/etc/netplan/1.yaml:9"));
    assert_eq!(of(problem("network-manager")), None, "another's file");
}

/// A machine with Red Hat's initscripts and an ifcfg file for the SAN NIC.
fn with_initscripts(leaves_up: &str, options: &str, names: Value) -> Machine {
    let mut config = machine("dracut-live").value()["netconfig"]["interfaces"][0].clone();
    config["manager"] = json!("ifcfg");
    config["matches"] = json!({"names": names});
    config["method"] = json!("static");
    config["addresses"] = json!(["100.64.16.54/29"]);
    config["gateway"] = json!("100.64.16.49");
    config["by_initscripts"] = json!(true);
    config["keep"] = Value::Null;
    let script = json!({"path": "/etc/rc.d/init.d/network", "line": 0});
    let root = json!({"spec": "/dev/ubuntu-vg/ubuntu-lv", "target": "/", "kind": "ext4", "options": [options],
        "at": {"path": "/etc/fstab", "line": 1}});
    with_stop("dracut-root", "network.service", "/etc/init.d/network stop").patch(json!([
        {"op": "replace", "path": "/netconfig/managers", "value": [{"manager": "ifcfg", "enabled": true, "at": null}]},
        {"op": "replace", "path": "/netconfig/interfaces", "value": [config]},
        {"op": "add", "path": "/netconfig/initscripts", "value": {"at": script, "leaves_up": leaves_up}},
        {"op": "replace", "path": "/storage/fstab", "value": [root]},
    ]))
}

/// initscripts' `/etc/rc.d/init.d/network stop` takes down whatever has an ifcfg file and is up, unless its own question
/// says that the root needs the network.
#[test]
fn initscripts_take_the_nic_down_unless_the_root_is_marked() {
    let of = |leaves_up: &str, options: &str, name: &str| {
        alarms(&with_initscripts(leaves_up, options, json!([name])).facts(), &[Link::Shutdown])
    };
    let alarm = "service-takes-san-nic-down";
    for leaves_up in ["remote-root", "mtab"] {
        assert_eq!(of(leaves_up, "defaults", "ibft0"), [alarm], "{leaves_up}");
        assert_eq!(of(leaves_up, "_netdev", "ibft0"), Vec::<String>::new(), "{leaves_up}");
    }
    assert_eq!(of("kernel-mounts", "defaults", "ibft0"), [alarm]);
    assert_eq!(of("kernel-mounts", "_netdev", "ibft0"), [format!("{alarm}?")]);
    assert_eq!(of("unclear", "_netdev", "ibft0"), [format!("{alarm}?")]);
    assert_eq!(of("remote-root", "defaults", "eth9"), Vec::<String>::new(), "another NIC");
}

/// `NM_CONTROLLED=no`: the file is for initscripts, and for nobody where they do not start. They set the link up and add
/// what the NIC lacks (`ifup-eth`), so that an address and routes of the initramfs stay; their DHCP client is another
/// matter.
#[test]
fn a_file_for_initscripts_alone_is_no_doubt() {
    let of = |managers: &Value, file: Value| {
        let machine = with_initscripts("remote-root", "_netdev", json!(["ibft0"]))
            .patch(json!([{"op": "replace", "path": "/netconfig/managers", "value": managers}]))
            .patch(file);
        alarms(&machine.facts(), &[Link::Handover])
    };
    let set = |key: &str, value: Value| json!({"op": "add", "path": format!("/netconfig/interfaces/0/{key}"), "value": value});
    let starts = |manager: &str| json!({"manager": manager, "enabled": true, "at": null});
    let (initscripts, network_manager) = (starts("ifcfg"), starts("network-manager"));
    let at = json!({"path": "/etc/sysconfig/network-scripts/ifcfg-ibft0", "line": 4});
    let none: [&str; 0] = [];
    for managers in [json!([initscripts]), json!([initscripts, network_manager])] {
        let no_address = json!([set("addresses", json!([])), set("gateway", Value::Null)]);
        assert_eq!(of(&managers, no_address), none);
        let address_alone = json!([set("gateway", Value::Null)]);
        assert_eq!(of(&managers, address_alone), none);
        let dhcp = json!([
            set("method", json!("dhcp")),
            set("use_dhcp_routes", json!({"value": false, "at": at})),
            set("gateway", Value::Null)
        ]);
        assert_eq!(of(&managers, dhcp), ["handover-classless-routes-ignored"]);
    }
    let dhcp = json!([set("method", json!("dhcp")), set("use_dhcp_routes", json!({"value": false, "at": at}))]);
    assert_eq!(of(&json!([network_manager]), dhcp), none, "nobody reads it");
    // Where NetworkManager may have it, the file is its profile, as before.
    let of_both =
        json!([set("by_initscripts", json!(false)), set("addresses", json!([])), set("gateway", Value::Null)]);
    assert_eq!(of(&json!([initscripts, network_manager]), of_both), ["handover-san-route-not-kept"]);
}
