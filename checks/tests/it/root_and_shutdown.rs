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
