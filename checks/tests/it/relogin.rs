//! iscsid logs in again while the root's disk does not answer, and may need a file of a btrfs root for it.
use super::machine::machine;
use isctpl_checks::Outcome;
use serde_json::{Value, json};

/// What is said of a machine whose root is a btrfs, whose iscsid is linked with these libraries, and that was booted with
/// the account of its iBFT.
fn linked_with(libraries: &[&str], changes: &[Value]) -> Outcome {
    let root = "/storage/root_device/known/signature/known/filesystem/kind";
    let mut patch = vec![
        json!({"op": "replace", "path": root, "value": "btrfs"}),
        json!({"op": "add", "path": "/iscsi/iscsid_libraries", "value": {"known": libraries}}),
    ];
    patch.extend(changes.iter().cloned());
    machine("initramfs-tools-live").patch(json!(patch)).says("handover-relogin-reads-root")
}

/// The same of one whose iscsid is linked with OpenSSL, and is to start.
fn says(changes: &[Value]) -> Outcome {
    linked_with(&["libcrypto.so.3", "libc.so.6"], changes)
}

fn environment(value: &str) -> Value {
    json!({"op": "add", "path": "/services/units/0/environment", "value": [
        {"value": value, "at": {"path": "/etc/systemd/system/iscsid.service.d/x.conf", "line": 2}},
    ]})
}

fn chap(kind: u8) -> Value {
    json!({"op": "replace", "path": "/firmware/table/known/targets/0/chap_type", "value": kind})
}

#[test]
fn openssl_reads_a_file_of_the_root_unless_it_is_told_another() {
    let told = says(&[]);
    let Outcome::Unknown { reason, evidence } = &told else { panic!("{told:?}") };
    assert!(reason.starts_with("the start may hang") && evidence.len() == 4, "{told:?}");
    for elsewhere in ["/dev/null", "/run/openssl.cnf"] {
        let told = says(&[environment(&format!("OPENSSL_CONF={elsewhere}"))]);
        assert!(matches!(told, Outcome::Pass(_)), "{elsewhere}: {told:?}");
    }
    for on_root in ["/etc/ssl/openssl.cnf", "openssl.cnf", ""] {
        let told = says(&[environment(&format!("OPENSSL_CONF={on_root}"))]);
        assert!(matches!(told, Outcome::Unknown { .. }), "{on_root}: {told:?}");
    }
    let unread = json!({"op": "add", "path": "/services/units/0/unread_environment", "value": {
        "path": "/usr/lib/systemd/system/iscsid.service", "line": 9,
    }});
    let Outcome::Unknown { reason, .. } = says(&[unread]) else { panic!("an EnvironmentFile= is followed") };
    assert!(reason.starts_with("if its EnvironmentFile= has OpenSSL read a file of the root, the start"), "{reason}");
}

#[test]
fn without_chap_openssl_is_not_called() {
    let told = says(&[chap(0)]);
    assert!(matches!(told, Outcome::Pass(_)), "{told:?}");
    // The firmware says that there is an account, and does not show it.
    for kind in [1, 2] {
        assert!(matches!(says(&[chap(kind)]), Outcome::Unknown { .. }), "{kind}");
    }
    let no_firmware = [
        json!({"op": "replace", "path": "/firmware/table", "value": {"known": null}}),
        json!({"op": "replace", "path": "/firmware/sysfs", "value": {"known": null}}),
    ];
    let Outcome::Unknown { reason, .. } = says(&no_firmware) else { panic!("no account is taken for none") };
    assert!(reason.starts_with("if the root's session has a CHAP account, the start may hang"), "{reason}");
}

#[test]
fn what_does_not_read_the_root_is_no_question() {
    let without_openssl = linked_with(&["libisns.so.0", "libc.so.6"], &[]);
    assert!(matches!(without_openssl, Outcome::Pass(_)), "{without_openssl:?}");
    let masked = json!({"op": "replace", "path": "/services/units/0/masked", "value": {
        "path": "/etc/systemd/system/iscsid.service", "line": 0,
    }});
    assert!(matches!(says(&[masked]), Outcome::NotApplicable(_)));
    let of_ext4 =
        json!({"op": "replace", "path": "/storage/root_device/known/signature/known/filesystem/kind", "value": "ext4"});
    assert!(matches!(says(&[of_ext4]), Outcome::NotApplicable(_)));
}

#[test]
fn what_was_not_read_is_no_pass() {
    let overridden = json!({"op": "add", "path": "/services/units/0/unread_environment", "value": {
        "path": "/usr/lib/systemd/system/iscsid.service", "line": 9,
    }});
    let told = says(&[environment("OPENSSL_CONF=/dev/null"), overridden]);
    assert!(matches!(told, Outcome::Unknown { .. }), "{told:?}");
    let no_targets = json!({"op": "replace", "path": "/firmware/table/known/targets", "value": []});
    assert!(matches!(says(&[no_targets]), Outcome::Unknown { .. }));
    let nothing_named = linked_with(&[], &[]);
    assert!(matches!(nothing_named, Outcome::Unknown { .. }), "{nothing_named:?}");
    let unread = json!([{"place": "/etc/systemd/system", "what": "permission denied"}]);
    let no_unit = [
        json!({"op": "remove", "path": "/services/units/0"}),
        json!({"op": "replace", "path": "/services/problems", "value": unread}),
    ];
    assert!(matches!(says(&no_unit), Outcome::Unknown { .. }));
}

#[test]
fn whoever_has_the_account_openssl_is_called() {
    let target = |account: &Value| {
        let kind = json!({"target": {
            "name": "iqn.2013-01.com.example:a", "portals": ["100.97.0.10"], "initiator": null, "account": account,
        }});
        json!({"op": "replace", "path": "/images/0/requests",
               "value": [{"kind": kind, "at": {"path": "/boot/initrd.img!etc/iscsi.initramfs", "line": 1}}]})
    };
    let in_image = json!({"op": "add", "path": "/images/0/account", "value": true});
    let word = json!({"op": "add", "path": "/loader/entries/0/cmdline/words/-",
                      "value": {"key": "iscsi_username", "value": "u", "secret": false}});
    for told in [in_image, target(&json!(true)), target(&Value::Null), word] {
        let outcome = says(&[chap(0), told.clone()]);
        assert!(matches!(outcome, Outcome::Unknown { .. }), "{told}: {outcome:?}");
    }
}
