//! `isctpl rescue` as a user meets it: what it refuses, what it plans, and, against a fake target, all of it.

mod deletions;

use crate::support::netns::{Namespace, PORTAL, SAN_MAC};
use crate::support::run::{Answer, as_ordinary_user, isctpl};
use deletions::{danger, scripts};
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

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
        &["rescue", "up", "--lun", "2F"],
        &["rescue", "plan", "--portal", "192.0.2.1:0"],
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
fn a_number_is_decimal_or_says_that_it_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let plan = |further: &[&str]| {
        let mut arguments = vec!["rescue".to_owned(), "plan".to_owned()];
        arguments.extend(credentials(directory.path()));
        arguments.extend(further.iter().map(|&word| word.to_owned()));
        isctpl(&arguments)
    };
    for number in ["47", "0x2F", "0X2f"] {
        let answer = plan(&["--lun", number]);
        assert!(answer.code == 0 && answer.out.contains("Find the disk of LUN 47"), "{number}: {}", answer.err);
    }
    for (option, value, why) in [
        ("--lun", "2F", "a hexadecimal LUN number is written 0x2F"),
        ("--lun", "x", "a LUN number is written in decimal (47), or in hexadecimal with 0x (0x2F)"),
        ("--lun", "0xg", "a LUN number is written in decimal (47), or in hexadecimal with 0x (0x2F)"),
        ("--portal", "192.0.2.1:0", "0 is not a port number; iSCSI uses 3260 unless the target says otherwise"),
        ("--portal", "[2001:db8::1]:0", "0 is not a port number; iSCSI uses 3260 unless the target says otherwise"),
    ] {
        let answer = plan(&[option, value]);
        let first = answer.err.lines().next().unwrap_or_default();
        assert!(answer.code == 3 && first.ends_with(&format!(": {why}")), "{option} {value}: {}", answer.err);
    }
}

#[test]
fn what_is_missing_is_told_within_a_console() {
    let answer = isctpl(["rescue", "plan", "--target", "iqn.2013-01.com.example:none", "--portal", "192.0.2.1"]);
    assert_eq!((answer.code, answer.out.as_str()), (3, ""), "{}", answer.err);
    assert!(
        answer.err.contains("the LUN number is not known") && answer.err.contains("--lun NUMBER"),
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

/// Whatever a file, the firmware or a person calls something, a shell takes it as a word of the command.
#[test]
fn no_name_becomes_a_command_of_the_plan() {
    const NAME: &str = "iqn.x;touch $(id)";
    let directory = tempfile::tempdir().unwrap();
    let at = format!("/mnt/{NAME}");
    let mut arguments = vec!["rescue".to_owned(), "plan".to_owned()];
    arguments.extend(credentials(directory.path()));
    for (option, value) in
        [("--target", NAME), ("--initiator", NAME), ("--username", NAME), ("--at", &at), ("--root-device", NAME)]
    {
        arguments.extend([option.to_owned(), value.to_owned()]);
    }
    let plan = isctpl(&arguments).out;
    let commands: Vec<&str> = plan.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(commands.iter().filter(|line| line.contains(NAME)).count() > 10, "{plan}");
    for command in commands {
        let unquoted: String = command.split('\'').step_by(2).collect();
        assert!(!unquoted.contains("touch"), "{command}");
    }
}

#[test]
fn a_user_name_is_the_one_that_was_given() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["user", "other"] {
        let mut arguments = vec!["rescue".to_owned(), "plan".to_owned(), "--username".to_owned(), name.to_owned()];
        arguments.extend(credentials(directory.path()));
        let answer = isctpl(&arguments);
        assert_eq!(answer.code, 0, "{}", answer.err);
        assert!(answer.out.contains(&format!("'node.session.auth.username = {name}'")), "{}", answer.out);
        keeps_the_secret(&answer);
    }
}

#[test]
fn a_read_only_plan_replays_no_journal() {
    let directory = tempfile::tempdir().unwrap();
    let mut arguments = vec!["rescue".to_owned(), "plan".to_owned(), "--read-only".to_owned()];
    arguments.extend(credentials(directory.path()));
    let plan = isctpl(&arguments).out;
    let mounts: Vec<&str> = plan.lines().filter(|line| line.starts_with("mount -t ext4")).collect();
    assert!(
        !mounts.is_empty() && mounts.iter().all(|line| line.contains("-o ro,nosuid,nodev,noload,errors=remount-ro ")),
        "{mounts:?}"
    );
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
    if !crate::support::is_root() {
        return crate::support::skip(TEST, "becoming another user needs root");
    }
    for action in ["plan", "up", "down"] {
        let answer = as_ordinary_user(&["rescue", action]);
        assert_eq!((answer.code, answer.out.as_str()), (3, ""), "{action}");
        assert!(answer.err.contains("root") && answer.err.contains("sudo"), "{action}: {}", answer.err);
        assert!(!answer.err.contains("no iBFT"), "{action}: {}", answer.err);
    }
}

/// The fake target's program, where it can run here. It needs a portal that listens.
pub(crate) fn fake_target(test: &str, portal: &TcpListener) -> Option<Command> {
    if !crate::support::is_root()
        || !["unshare", "losetup", "mkfs.ext4", "pgrep", "script", "setpriv"].into_iter().all(crate::support::has)
    {
        crate::support::skip(test, "it takes root, unshare, losetup, mkfs.ext4, pgrep, script and setpriv");
        return None;
    }
    if !Path::new("/dev/loop-control").exists() {
        crate::support::kernel_cannot(test, "it has no loop devices");
        return None;
    }
    let mut command = Command::new(project().join("tests/rescue/in-a-sandbox"));
    command
        .env("FAKE_PORT", portal.local_addr().unwrap().port().to_string())
        .env("FAKE_ISCTPL", env!("CARGO_BIN_EXE_isctpl"))
        .stdin(Stdio::null());
    Some(command)
}

fn project() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Scenarios that go side by side: the last two wait for a program to let go of the LUN, and do nothing meanwhile.
const AGAINST_A_FAKE_TARGET: [&[&str]; 4] = [
    &["plain", "hostile", "asked", "wrong_password", "wrong_place", "busy", "read_only_killed", "login_only", "locked"],
    &["interrupted", "goes_on", "each_step_fails", "killed", "killed_anywhere"],
    &["held"],
    &["held_meanwhile"],
];

/// Everything but iSCSI, LVM and a network, in namespaces of its own.
#[test]
fn everything_against_a_fake_target() {
    std::thread::scope(|scope| {
        for names in AGAINST_A_FAKE_TARGET {
            scope.spawn(|| agree_against_a_fake_target(names));
        }
    });
}

fn agree_against_a_fake_target(names: &[&str]) {
    let portal = TcpListener::bind("127.0.0.1:0").unwrap();
    let Some(mut sandbox) = fake_target("everything_against_a_fake_target", &portal) else { return };
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

/// The SAN NIC is brought up and put back, with real links: the portal is in another network, behind a gateway.
#[test]
fn the_network_is_brought_up_and_put_back() {
    std::thread::scope(|scope| {
        scope.spawn(|| is_brought_up_and_put_back("", PORTAL, "100.64.16.49/29"));
        scope.spawn(|| is_brought_up_and_put_back("-6", "2001:db8:97::10", "2001:db8:16::49/64 nodad"));
    });
}

fn is_brought_up_and_put_back(family: &str, portal: &str, gateway: &str) {
    let (Some(here), Some(san)) = (Namespace::new(&format!("rescue{family}")), Namespace::new(&format!("san{family}")))
    else {
        return;
    };
    here.nic("san", SAN_MAC);
    here.ip("link set san down");
    here.ip(&format!("link set san-peer netns {}", san.name()));
    san.ip(&format!("address add {gateway} dev san-peer"));
    san.ip("link set san-peer up");
    san.ip(&format!("address add {portal} dev lo"));
    let listener = san.run(|| listener(portal, 0));
    let Some(sandbox) = fake_target("the_network_is_brought_up_and_put_back", &listener) else { return };
    let directory = tempfile::tempdir().unwrap();
    let output = here
        .command(sandbox.get_program().to_str().unwrap())
        .envs(sandbox.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .env("FAKE_ADDRESS", portal)
        .arg(directory.path())
        .arg(project().join("tests/rescue/fake-target"))
        .arg(project().join("tests/lab/rescue/scenarios"))
        .arg("network")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.starts_with("ok network"), "{said}\n{complaints}");
}

/// A listener on an address that was just given: the kernel takes a moment before an IPv6 one can be used.
pub(crate) fn listener(portal: &str, port: u16) -> TcpListener {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        match TcpListener::bind((portal, port)) {
            Ok(listener) => return listener,
            Err(error) => assert!(Instant::now() < deadline, "{portal}: {error}"),
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Runs a command and kills it once it has said `up`.
const KILLED: &str = r#"
"$@" >"$0" &
while kill -0 $! && ! grep -q ^up "$0"; do sleep 0.1; done
kill -KILL $!
cat "$0"
"#;

/// However a scenario ends while /dev is bound below the fake target's directory, /dev stays whole.
#[test]
fn a_scenario_that_ends_early_takes_no_device_along() {
    let portal = TcpListener::bind("127.0.0.1:0").unwrap();
    for how in ["ends", "stopped", "killed"] {
        let Some(mut sandbox) = fake_target("a_scenario_that_ends_early", &portal) else { return };
        let directory = tempfile::tempdir().unwrap();
        sandbox.arg(directory.path());
        if how == "killed" {
            sandbox.args(["sh", "-c", KILLED, directory.path().join("out").to_str().unwrap()]);
        }
        let script = project().join("tests/rescue/fake-target");
        let output = sandbox.arg(script).arg(project().join("tests/rescue/ends-early")).arg(how).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let complaints = String::from_utf8_lossy(&output.stderr);
        let device = said.lines().find_map(|line| line.strip_prefix("up "));
        if let (Some(device), "killed") = (device, how) {
            // Nobody was left to let go of it.
            let _ = Command::new("losetup").args(["--detach", device]).output();
        }
        assert!(device.is_some(), "{how}: it did not come up:\n{said}\n{complaints}");
        assert!(output.status.success(), "{how}: devices are gone:\n{said}\n{complaints}");
    }
}

/// What a lab's scenario does to its LUN by chroot happens to a copy of /dev.
#[test]
fn a_change_of_the_lab_that_empties_dev_empties_a_copy() {
    const TEST: &str = "a_change_of_the_lab_that_empties_dev_empties_a_copy";
    if !crate::support::is_root() || !crate::support::has("unshare") {
        return crate::support::skip(TEST, "it takes root and unshare");
    }
    let directory = tempfile::tempdir().unwrap();
    let (root, change) = (directory.path().join("root"), directory.path().join("change"));
    for (name, path) in [("env", "/usr/bin/env"), ("bash", "/bin/bash"), ("rm", "/bin/rm")] {
        crate::support::copy_program(name, path, &root);
    }
    for name in ["proc", "sys", "dev"] {
        fs::create_dir(root.join(name)).unwrap();
    }
    fs::write(&change, "[ -c /dev/null ] && [ -e /dev/loop-control ] && echo begun\nrm -rf /dev/null /dev/loop*\n")
        .unwrap();
    let output = Command::new(project().join("tests/rescue/in-a-sandbox"))
        .arg(directory.path())
        .arg(project().join("tests/lab/build/inside"))
        .arg(&root)
        .stdin(fs::File::open(&change).unwrap())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said == "begun\n", "{said}\n{complaints}");
}

/// A script that deletes a tree may come upon a directory of the machine that it, or what it ran, has bound below
/// that. So none crosses into another filesystem or runs with an empty name, and none binds the machine's own
/// directories but in a namespace of its own, without what is mounted below them, or read-only.
#[test]
fn no_script_deletes_through_a_mount() {
    let mut found = Vec::new();
    for script in scripts() {
        let text = fs::read_to_string(&script).unwrap();
        for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim_start().starts_with('#')) {
            if let Some(what) = danger(line) {
                found.push(format!("{}:{number}: {what}: {}", script.display(), line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    for line in [
        "rm -rf \"$W\"",
        "rm -r --one-file-system \"$W/x\"",
        "mount --rbind /dev \"$1/dev\"",
        "mount --bind /usr x",
        "mount -o ro --rbind /dev x",
        "mount --rbind -o ro /dev x",
        "mount -o rbind,ro /dev x",
        "mount -o bind,rw /usr x",
    ] {
        assert!(danger(line).is_some(), "{line}");
    }
    for line in ["mount --bind -o ro /usr x", "mount -o bind,ro /usr x", "mount --bind \"$W/etc\" /etc"] {
        assert_eq!(danger(line), None, "{line}");
    }
}
