//! `isctpl rescue` as a user meets it: what it refuses, what it plans, and, against a fake target, all of it.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use support::run::{Answer, as_ordinary_user, isctpl};

const CANARY: &str = "canary-password-9";

fn credentials(directory: &Path) -> [String; 4] {
    let instance = directory.join("instance.yaml");
    let drive = directory.join("drive.yaml");
    fs::write(
        &instance,
        format!(
            "- details: 'M.8.32.v2 (#9095) '\nid: 1\niscsi: 'Initiator IQN: iqn.2020-10.com.example:instance-1 Username:\n    \
             user Password: {CANARY} '\nstatus: active\n"
        ),
    )
    .unwrap();
    fs::write(
        &drive,
        "- attachedTo: instance-1\ncredentials: 'Target: 192.0.2.10 Port:3260 IQN:iqn.2013-01.com.example:storage.1\n    \
         LUN ID:47'\nid: 2\n",
    )
    .unwrap();
    ["--instance-yaml".into(), instance.display().to_string(), "--drive-yaml".into(), drive.display().to_string()]
}

fn keeps_the_secret(answer: &Answer) {
    assert!(!answer.out.contains(CANARY) && !answer.err.contains(CANARY), "{}{}", answer.out, answer.err);
}

#[test]
fn wrong_usage_is_refused() {
    for arguments in [
        &["rescue"][..],
        &["rescue", "up", "--no-such-option"],
        &["rescue", "up", "--lun", "x"],
        &["rescue", "up", "--san-address", "10.0.0.1/24"],
        &["rescue", "plan", "--portal", "192.0.2.1"],
        &["rescue", "plan", "--instance-yaml", "/nonexistent"],
        &["rescue", "plan", "--instance-yaml", "/etc/passwd"],
    ] {
        let answer = isctpl(arguments);
        assert_eq!((answer.code, answer.out.as_str()), (3, ""), "{arguments:?}: {}", answer.err);
        assert!(!answer.err.is_empty(), "{arguments:?}");
    }
}

#[test]
fn what_is_missing_is_told_within_a_console() {
    let answer = isctpl(["rescue", "plan", "--target", "iqn.2013-01.com.example:none", "--portal", "192.0.2.1"]);
    assert_eq!((answer.code, answer.out.as_str()), (3, ""), "{}", answer.err);
    assert!(
        answer.err.contains("the LUN's number is not known") && answer.err.contains("--lun NUMBER"),
        "{}",
        answer.err
    );
    assert!(answer.err.lines().all(|line| line.chars().count() <= 80), "{}", answer.err);
}

#[test]
fn a_password_is_never_an_argument() {
    let help = isctpl(["rescue", "up", "--help"]).out;
    assert!(help.contains("--password-file") && !help.contains("--password "), "{help}");
}

#[test]
fn a_plan_can_be_pasted_and_holds_no_secret() {
    let directory = tempfile::tempdir().unwrap();
    let files = credentials(directory.path());
    let mut arguments = vec!["rescue".to_owned(), "plan".to_owned()];
    arguments.extend(files);
    let answer = isctpl(&arguments);
    assert_eq!(answer.code, 0, "{}", answer.err);
    keeps_the_secret(&answer);
    // What depends on the machine that the test runs on: systemd, UEFI.
    let plan = answer.out.replace("systemctl start iscsid.service", "iscsid");
    let plan: String = plan.lines().filter(|line| !line.contains("efivarfs")).flat_map(|line| [line, "\n"]).collect();
    insta::assert_snapshot!(plan);
    // A shell takes every line.
    let script = directory.path().join("plan");
    fs::write(&script, &answer.out).unwrap();
    assert!(Command::new("sh").arg("-n").arg(&script).status().unwrap().success());
}

#[test]
fn a_read_only_plan_replays_no_journal() {
    let directory = tempfile::tempdir().unwrap();
    let mut arguments = vec!["rescue".to_owned(), "plan".to_owned(), "--read-only".to_owned()];
    arguments.extend(credentials(directory.path()));
    let plan = isctpl(&arguments).out;
    let mounts: Vec<&str> = plan.lines().filter(|line| line.starts_with("mount -t ext4")).collect();
    assert!(!mounts.is_empty() && mounts.iter().all(|line| line.contains("-o ro,noload")), "{mounts:?}");
    assert!(plan.contains("read_only_volume_list"));
}

#[test]
fn places_that_are_no_good_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let link = directory.path().join("link");
    std::os::unix::fs::symlink("/etc", &link).unwrap();
    for at in ["/", "relative", "/mnt/../etc", link.to_str().unwrap()] {
        let mut arguments = vec!["rescue".to_owned(), "plan".to_owned(), "--at".to_owned(), at.to_owned()];
        arguments.extend(credentials(directory.path()));
        let answer = isctpl(&arguments);
        assert_eq!(answer.code, 3, "{at}: {}", answer.out);
        assert!(answer.err.contains("--at"), "{at}: {}", answer.err);
    }
}

/// The iBFT is there, and not for everybody to read: that is no machine without one.
#[test]
fn without_root_nothing_is_said_of_the_ibft() {
    const TEST: &str = "without_root_nothing_is_said_of_the_ibft";
    if !support::is_root() {
        return support::skip(TEST, "becoming another user needs root");
    }
    for action in ["plan", "up", "down"] {
        let answer = as_ordinary_user(&["rescue", action]);
        assert_eq!((answer.code, answer.out.as_str()), (3, ""), "{action}");
        assert!(answer.err.contains("root") && answer.err.contains("sudo"), "{action}: {}", answer.err);
        assert!(!answer.err.contains("no iBFT"), "{action}: {}", answer.err);
    }
}

/// Everything but iSCSI, LVM and a network, in namespaces of its own.
#[test]
fn everything_against_a_fake_target() {
    const TEST: &str = "everything_against_a_fake_target";
    if !support::is_root() || !["unshare", "losetup", "mkfs.ext4", "pgrep", "script"].into_iter().all(support::has) {
        return support::skip(TEST, "it takes root, unshare, losetup, mkfs.ext4, pgrep and script");
    }
    if !Path::new("/dev/loop-control").exists() {
        return support::kernel_cannot(TEST, "it has no loop devices");
    }
    let project = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let portal = TcpListener::bind("127.0.0.1:0").unwrap();
    let names = [
        "plain",
        "asked",
        "wrong_password",
        "wrong_place",
        "busy",
        "interrupted",
        "goes_on",
        "each_step_fails",
        "locked",
        "killed",
        "killed_anywhere",
    ];
    let output = Command::new("unshare")
        .args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"])
        .arg(project.join("tests/rescue/fake-target"))
        .arg(project.join("tests/lab/rescue/scenarios"))
        .args(names)
        .env("FAKE_PORT", portal.local_addr().unwrap().port().to_string())
        .env("FAKE_ISCTPL", env!("CARGO_BIN_EXE_isctpl"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complaints}");
    assert_eq!(said.lines().filter(|line| line.starts_with("ok ")).count(), names.len(), "{said}\n{complaints}");
}
