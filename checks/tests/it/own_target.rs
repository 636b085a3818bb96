//! An image that names its target itself, beside a firmware that has an account for it: what Debian's installer leaves.
use super::machine::{Machine, machine};
use isctpl_checks::{Outcome, Severity};
use serde_json::{Value, json};

const TARGET: &str = "iqn.2013-01.com.bigstep:storage.pb429od.q6xjxws.6vykjr4";
const ROOT: &str = "root=/dev/mapper/ubuntu--vg-ubuntu--lv ro";

/// What the firmware of a machine like this hands over.
fn with_firmware(base: &str) -> Machine {
    let live = machine(&base.replace("-root", "-live")).value();
    machine(base).patch(json!([
        {"op": "replace", "path": "/scope/firmware_given", "value": true},
        {"op": "replace", "path": "/firmware/table", "value": live.pointer("/firmware/table").unwrap()},
    ]))
}

/// An image of initramfs-tools that is told a target in its file, as the root is.
fn told(account: &Value) -> Machine {
    let at = |path: &str| json!({"path": path, "line": 1});
    let kind = json!({"target": {"name": TARGET, "portals": ["100.97.0.10"], "initiator": null, "account": account}});
    with_firmware("initramfs-tools-root").cmdline(ROOT).patch(json!([
        {"op": "replace", "path": "/images/0/requests",
         "value": [{"kind": kind, "at": at("/boot/initrd.img-6.1.0-50-amd64!etc/iscsi.initramfs")}]},
        {"op": "replace", "path": "/iscsi/initramfs_conf", "value": {
            "path": "/etc/iscsi/iscsi.initramfs",
            "target_name": {"value": TARGET, "at": at("/etc/iscsi/iscsi.initramfs")},
            "target_ips": [{"value": "100.97.0.10", "at": at("/etc/iscsi/iscsi.initramfs")}],
        }},
    ]))
}

fn account(machine: Machine) -> &'static str {
    match machine.says("login-account-missing") {
        Outcome::Pass(_) => "pass",
        Outcome::NotApplicable(_) => "not applicable",
        Outcome::Unknown { .. } => "unknown",
        Outcome::Fail(findings) if findings.iter().all(|finding| finding.severity == Severity::Critical) => "critical",
        Outcome::Fail(_) => "less",
    }
}

#[test]
fn a_target_without_its_account_is_refused() {
    let none = || json!(false);
    assert_eq!(account(told(&none())), "critical");
    assert_eq!(account(told(&json!(true))), "pass");
    assert_eq!(account(told(&Value::Null)), "unknown");
    assert_eq!(account(told(&none()).cmdline(&format!("{ROOT} iscsi_username=u"))), "pass");
    assert_eq!(account(told(&none()).cmdline(&format!("{ROOT} iscsi_auto"))), "pass");
    let secret =
        json!([{"op": "add", "path": "/images/0/secrets/-", "value": {"path": "i!etc/iscsi.initramfs", "line": 2}}]);
    assert_eq!(account(told(&none()).patch(secret)), "unknown", "a password of the image may be this target's");
    assert_eq!(account(told(&none()).cmdline(&format!("{ROOT} iscsi_username="))), "critical");
    let lets_in = json!([{"op": "replace", "path": "/firmware/table/known/targets/0/chap_type", "value": 0}]);
    assert_eq!(account(told(&none()).patch(lets_in)), "pass", "the firmware logs in without an account, too");
    for part in ["chap_name_present", "chap_secret_present"] {
        let path = format!("/firmware/table/known/targets/0/{part}");
        let hidden = json!([{"op": "replace", "path": path, "value": false}]);
        assert_eq!(account(told(&none()).patch(hidden)), "unknown", "the firmware asks for CHAP, without {part}");
    }
    let other =
        json!([{"op": "replace", "path": "/firmware/table/known/targets/0/name", "value": "iqn.2013-01.com.a:b"}]);
    assert_eq!(account(told(&none()).patch(other)), "pass", "see login-target-mismatch");
    let unknown = json!([{"op": "replace", "path": "/firmware/table", "value": {"not_applicable": "a mounted root"}}]);
    assert_eq!(account(told(&none()).patch(unknown)), "not applicable");
}

/// The same words in every dialect: two of its own, and RFC 4173's form with the account in front.
#[test]
fn words_of_the_command_line_are_asked_for_an_account_too() {
    let of = |base: &str, words: &str| {
        let none = json!([{"op": "replace", "path": "/images/0/requests", "value": []}]);
        account(with_firmware(base).patch(none).cmdline(&format!("{ROOT} {words}")))
    };
    let single = format!("iscsi_target_name={TARGET} iscsi_target_ip=100.97.0.10");
    assert_eq!(of("initramfs-tools-root", &single), "critical");
    assert_eq!(of("initramfs-tools-root", &format!("{single} iscsi_username=u")), "pass");
    let in_file = |base: &str, words: &str| {
        let user = json!([
            {"op": "replace", "path": "/images/0/requests", "value": []},
            {"op": "add", "path": "/images/0/account", "value": true},
            {"op": "add", "path": "/images/0/secrets/-", "value": {"path": "i!etc/iscsi.initramfs", "line": 2}},
        ]);
        account(with_firmware(base).patch(user).cmdline(&format!("{ROOT} {words}")))
    };
    assert_eq!(
        in_file("initramfs-tools-root", &single),
        "pass",
        "its file has the user alone, and the words the target"
    );
    assert_eq!(in_file("dracut-root", &format!("netroot=iscsi:100.97.0.10::3260:47:{TARGET}")), "unknown");
    assert_eq!(of("initramfs-tools-root", &format!("root=iscsi:100.97.0.10::::{TARGET}")), "critical");
    assert_eq!(of("dracut-root", &format!("netroot=iscsi:100.97.0.10::3260:47:{TARGET}")), "critical");
    assert_eq!(of("dracut-root", &format!("netroot=iscsi:u:p@100.97.0.10::3260:47:{TARGET}")), "pass");
    assert_eq!(of("dracut-root", &format!("netroot=iscsi:100.97.0.10::::{TARGET} rd.iscsi.username=u")), "pass");
    assert_eq!(of("dracut-root", "rd.iscsi.firmware=1"), "not applicable");
}

/// Whether a session of the kernel has an account stands in a file that is never opened.
#[test]
fn what_a_running_session_was_let_in_with_is_not_known() {
    let words = format!("{ROOT} iscsi_target_name={TARGET} iscsi_target_ip=100.97.0.10");
    let none = json!([{"op": "replace", "path": "/images/0/requests", "value": []}]);
    assert_eq!(account(machine("initramfs-tools-live").patch(none).cmdline(&words)), "unknown");
}

fn target_left(machine: Machine) -> (Option<Severity>, bool) {
    match machine.says("template-target-left") {
        Outcome::Fail(findings) => {
            let fixed = findings.iter().any(|finding| !finding.remedy.repairs().is_empty());
            (findings.first().map(|finding| finding.severity), fixed)
        }
        Outcome::Pass(_) => (None, false),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_target_in_a_template_is_replaced_only_where_the_firmware_names_it() {
    assert_eq!(target_left(told(&json!(true))), (Some(Severity::Warning), true));
    let other =
        json!([{"op": "replace", "path": "/firmware/table/known/targets/0/name", "value": "iqn.2013-01.com.a:b"}]);
    assert_eq!(target_left(told(&json!(true)).patch(other)), (Some(Severity::Info), false));
    let unknown = json!([{"op": "replace", "path": "/firmware/table", "value": {"not_applicable": "a mounted root"}}]);
    assert_eq!(target_left(told(&json!(true)).patch(unknown)), (Some(Severity::Info), false));
    let in_words = format!("{ROOT} netroot=iscsi:100.97.0.10::::{TARGET}");
    assert_eq!(target_left(with_firmware("dracut-root").cmdline(&in_words)), (Some(Severity::Warning), false));
    for base in ["initramfs-tools-root", "initramfs-tools-live", "dracut-root", "dracut-live"] {
        assert_eq!(target_left(machine(base)), (None, false), "{base}");
    }
    // A file with a name and no address requests nothing.
    let nameless = json!([
        {"op": "replace", "path": "/images/0/requests", "value": []},
        {"op": "replace", "path": "/iscsi/initramfs_conf/target_ips", "value": []},
    ]);
    assert_eq!(target_left(told(&json!(true)).patch(nameless)), (None, false));
}
