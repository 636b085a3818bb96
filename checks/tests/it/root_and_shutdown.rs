//! Root and shutdown: what finds the volume, and what logs its session out.
use super::machine::{alarms, located, machine};
use isctpl_checks::Link;
use serde_json::{Value, json};

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
        assert_eq!(
            alarms(&machine("initramfs-tools-root").patch(&patch).facts(), &[Link::Shutdown]),
            expected,
            "{what}"
        );
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
        alarms(&machine("initramfs-tools-root").patch(&patch).facts(), &[Link::Root])
    };
    assert_eq!(of("a|.*|", "r|.*|"), ["root-lvm-filtered"]);
    assert_eq!(of("r|.*|", "a|.*|"), ["root-lvm-filtered"]);
    assert_eq!(of("a|.*|", "r|/dev/cdrom|"), [""; 0]);
    let problem = json!([{"place": "/boot/initrd!etc/lvm/lvm.conf:3", "what": "a list is not closed"}]);
    let patch = json!([{"op": "add", "path": "/images/0/problems", "value": problem}]);
    assert_eq!(alarms(&machine("initramfs-tools-root").patch(&patch).facts(), &[Link::Root]), ["root-lvm-filtered?"]);
}

/// What it is called there, and that it hangs on a session, a disk that is mounted nowhere does not tell.
#[test]
fn a_disk_that_is_mounted_nowhere_is_the_lun() {
    let filter = |text: &str| json!([{"value": text, "at": {"path": "/boot/initrd!etc/lvm/lvm.conf", "line": 3}}]);
    let volume = json!({"name": "sda3", "number": "8:3", "parent": "sda", "signature": {"known": {"lvm_pv": {
        "uuid": "u", "vg": "ubuntu-vg", "lvs": ["ubuntu-lv"], "pv_count": 1}}}});
    let disk = json!({"name": "sda", "number": "8:0", "signature": {"known": {"partition_table": "gpt"}}});
    let root = json!({"name": "dm-0", "number": "253:0", "dm_name": "ubuntu--vg-ubuntu--lv", "dm_uuid": "LVM-x",
        "slaves": ["sda3"],
        "signature": {"known": {"filesystem": {"kind": "ext4", "uuid": "1", "label": null}}}});
    let told = |from_disk: bool, pattern: &str| {
        let patch = json!([
            {"op": "add", "path": "/scope/from_disk", "value": from_disk},
            {"op": "add", "path": "/storage/devices", "value": {"known": [root, volume, disk]}},
            {"op": "add", "path": "/storage/root_device", "value": {"known": root}},
            {"op": "add", "path": "/storage/fstab", "value": [{"spec": "/dev/ubuntu-vg/ubuntu-lv", "target": "/",
                "kind": "ext4", "options": ["defaults"], "at": {"path": "/etc/fstab", "line": 1}}]},
            {"op": "add", "path": "/images/0/lvm_filters", "value": filter(pattern)},
        ]);
        alarms(&machine("initramfs-tools-root").patch(&patch).facts(), &[Link::Root])
    };
    assert_eq!(told(true, "a|.*|"), ["root-mount-not-netdev"]);
    assert_eq!(told(false, "a|.*|"), [""; 0]);
    // Another disk may have that name there.
    assert_eq!(told(true, "r|^/dev/sda3$|"), ["root-mount-not-netdev"]);
    assert_eq!(told(false, "r|^/dev/sda3$|"), ["root-lvm-filtered"]);
    assert_eq!(told(true, "r|.*|"), ["root-lvm-filtered", "root-mount-not-netdev"]);
}

/// iscsid.safe_logout may stand in the file that was not read.
#[test]
fn a_logout_is_unknown_where_iscsid_conf_was_not_read() {
    for check in ["service-logs-out-root", "node-record-logs-out-root"] {
        let path =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../fixtures/checks/{check}/broken.json"));
        let fixture: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let problem = json!({"place": "/etc/iscsi/iscsid.conf", "what": "x", "source": "iscsid-conf"});
        let facts = machine(fixture["base"].as_str().unwrap())
            .patch(&fixture["patch"])
            .patch(json!([{"op": "add", "path": "/iscsi/problems", "value": [problem]}]))
            .facts();
        assert_eq!(alarms(&facts, &[Link::Shutdown]), [format!("{check}?")]);
    }
}

/// A logout of one session is sound only where both the session and the root's target are known.
#[test]
fn a_logout_of_a_session_that_nobody_can_name_is_unknown() {
    const BROKEN: &str = "../fixtures/checks/service-logs-out-root/broken.json";
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(BROKEN);
    let fixture: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let of = |target: &str, requests: &str| {
        let mut patch = fixture["patch"].as_array().unwrap().clone();
        let scope = json!({"target": target});
        patch.push(json!({"op": "replace", "path": "/services/units/2/exec/4/logout/of", "value": scope}));
        alarms(&machine("initramfs-tools-root").patch(Value::Array(patch)).cmdline(requests).facts(), &[Link::Shutdown])
    };
    let named = "iscsi_target_name=iqn.2026-01.com.example:root iscsi_target_ip=100.97.0.10";
    assert_eq!(of("iqn.2026-01.com.example:root", named), ["service-logs-out-root"]);
    assert_eq!(of("iqn.2026-01.com.example:data", named), [""; 0]);
    for chosen in ["$s", "$()", "1", "iqn.2026-01.com.example:$name", ""] {
        assert_eq!(of(chosen, named), ["service-logs-out-root?"], "{chosen}");
    }
    assert_eq!(of("iqn.2026-01.com.example:data", "iscsi_auto"), ["service-logs-out-root?"]);
}

#[test]
fn records_that_may_be_the_roots_are_unknown() {
    let record = |target: &str, ip: &str| {
        json!({"path": format!("/etc/iscsi/nodes/{target}/{ip},3260,1/default"), "target": target, "address": ip,
            "port": 3260, "tpgt": 1, "iface": "default", "startup": located(json!("automatic"))})
    };
    let scope = json!({"by_startup": "automatic"});
    let of = |nodes: Value, enabled: bool| {
        let mut patch = vec![
            json!({"op": "replace", "path": "/services/units/2/exec/4/logout/of", "value": scope}),
            json!({"op": "replace", "path": "/services/units/2/exec/4/logout/keeps_root", "value": false}),
            json!({"op": "replace", "path": "/iscsi/nodes", "value": nodes}),
        ];
        if enabled {
            let link = json!([{"path": "/etc/systemd/system/sysinit.target.wants/open-iscsi.service", "line": 0}]);
            patch.push(json!({"op": "replace", "path": "/services/units/2/enabled_by", "value": link}));
        }
        alarms(
            &machine("initramfs-tools-root").patch(Value::Array(patch)).cmdline("iscsi_auto").facts(),
            &[Link::Shutdown],
        )
    };
    let (one, other) =
        (record("iqn.2026-01.com.example:a", "10.0.0.1"), record("iqn.2026-01.com.example:b", "10.0.0.2"));
    assert_eq!(of(json!([one, other]), true), ["node-record-logs-out-root?"]);
    assert_eq!(of(json!([one]), true), ["node-record-logs-out-root"]);
    assert_eq!(of(json!([]), true), [""; 0]);
    assert_eq!(of(json!([one, other]), false), [""; 0]);
}
