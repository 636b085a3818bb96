//! The service that follows the SAN route.

use crate::support;
use crate::support::netns::{PORTAL, instance};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::process::{Command, Stdio};

/// The unit is one that systemd takes, and keeps from everything that it does not need.
#[test]
fn the_service_is_sound_and_fenced_in() {
    if !support::has("systemd-analyze") {
        return support::skip("the service", "systemd-analyze is not installed");
    }
    let dist = concat!(env!("CARGO_MANIFEST_DIR"), "/dist/");
    let analyze = |arguments: &[&str], unit: &str| {
        let unit = format!("{dist}{unit}");
        let output = Command::new("systemd-analyze").args(arguments).arg(unit).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    for unit in [
        "isctpl-watch.service",
        "isctpl-doctor.service",
        "isctpl-doctor.timer",
        "isctpl-gate.path",
        "isctpl-gate-boot.path",
        "isctpl-gate.timer",
        "isctpl-gate.service",
        "isctpl-gate-changed.service",
    ] {
        let (_, said) = analyze(&["verify", "--man=no"], unit);
        // The program is not installed where it is built.
        let is_it = |line: &&str| !line.contains("/usr/bin/isctpl is not executable");
        let complaints: Vec<&str> = said.lines().filter(is_it).collect();
        assert!(complaints.is_empty(), "{unit}: {complaints:#?}");
    }
    // Ten times the exposure that systemd-analyze security prints.
    let (fenced, said) = analyze(&["security", "--offline=yes", "--threshold=20"], "isctpl-watch.service");
    assert!(fenced, "{said}");
}

/// What would hide modules or disks from doctor, or take its calls away.
const DOCTORS: &[&str] = &["RestrictSUIDSGID", "ProtectKernelModules", "ProtectClock", "PrivateDevices", "DeviceAllow"];

/// What a unit must not set: it would take away what isctpl reads with, or hide what it reads.
#[test]
fn no_unit_hides_what_is_read() {
    for (unit, unwanted) in [
        (include_str!("../../../dist/isctpl-watch.service"), &["RestrictSUIDSGID"][..]),
        (include_str!("../../../dist/isctpl-doctor.service"), DOCTORS),
        (include_str!("../../../dist/isctpl-gate.service"), DOCTORS),
    ] {
        for setting in unit.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('=')) {
            assert!(!unwanted.contains(&setting.0), "{}= hides what isctpl reads", setting.0);
        }
    }
}

/// systemd hears when the watch has begun, and that it lives.
#[test]
fn systemd_is_told_that_the_watch_runs() {
    let Some(namespace) = instance("watch-notify") else { return };
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notify");
    let socket = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
    let mut command = namespace.command(env!("CARGO_BIN_EXE_isctpl"));
    command.args(["watch", "--portal", PORTAL, "--san-nic", "san"]).stdin(Stdio::null()).stdout(Stdio::null());
    // systemd gives the pid, too; it is checked only where it is given.
    let mut child = command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "400000").spawn().unwrap();
    let heard = |wanted: &str| loop {
        let mut message = [0; 256];
        let length = socket.recv(&mut message).unwrap();
        if String::from_utf8_lossy(&message[..length]).contains(wanted) {
            return;
        }
    };
    heard("READY=1");
    heard("WATCHDOG=1");
    heard("WATCHDOG=1");
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGTERM).unwrap();
    assert!(child.wait().unwrap().success());
}
