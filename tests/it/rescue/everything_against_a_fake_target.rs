//! The lab's scenarios of a rescue: everything but iSCSI, LVM and a network, in namespaces of their own. Those that
//! wait for a program to let go of the LUN are tests of their own, for they take long and do nothing.

use super::{fake_target, project};
use std::net::TcpListener;

fn agree(test: &str, names: &[&str]) {
    let portal = TcpListener::bind("127.0.0.1:0").unwrap();
    let Some(mut sandbox) = fake_target(test, &portal) else { return };
    let directory = tempfile::tempdir().unwrap();
    let output = sandbox
        .arg(directory.path())
        .arg(project().join("tests/rescue/fake-target"))
        .arg(project().join("tests/lab/rescue/scenarios"))
        .args(names)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complaints}");
    assert_eq!(said.lines().filter(|line| line.starts_with("ok ")).count(), names.len(), "{said}\n{complaints}");
}

#[test]
fn what_is_asked_for_is_done_or_refused() {
    let names = ["plain", "hostile", "asked", "wrong_password", "wrong_place", "busy", "read_only_killed", "locked"];
    agree("what_is_asked_for_is_done_or_refused", &names);
}

#[test]
fn what_is_interrupted_is_undone_or_goes_on() {
    let names = ["interrupted", "goes_on", "each_step_fails", "killed", "killed_anywhere"];
    agree("what_is_interrupted_is_undone_or_goes_on", &names);
}

#[test]
fn what_others_use_stays_theirs() {
    agree("what_others_use_stays_theirs", &["held"]);
}

#[test]
fn what_others_took_meanwhile_stays_theirs() {
    agree("what_others_took_meanwhile_stays_theirs", &["held_meanwhile"]);
}
