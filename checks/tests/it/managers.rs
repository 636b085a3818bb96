//! Managers that are not read, and who stops the NIC at shutdown.
use super::machine::{Machine, alarms, machine};
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
