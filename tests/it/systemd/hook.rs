//! The hook of kernels and images: it asks the gate where that is on, and never fails what called it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// What the hook called, with a systemctl that answers so; each line is a call.
fn called(systemctl: &str, gate: u8) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("log");
    let put = |name: &str, script: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, format!("#!/bin/sh\necho \"$(basename \"$0\") $*\" >> {}\n{script}\n", log.display()))
            .unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    };
    put("systemctl", systemctl);
    put("isctpl", &format!("exit {gate}"));
    let hook = Path::new(env!("CARGO_MANIFEST_DIR")).join("dist/hooks/isctpl-gate");
    let path = format!("{}:/usr/bin:/bin", directory.path().display());
    let status = Command::new("sh").arg(hook).args(["add", "6.1.0"]).env("PATH", path).status().unwrap();
    assert!(status.success(), "it fails what called it");
    let log = std::fs::read_to_string(&log).unwrap_or_default();
    log.lines().filter(|line| !line.contains("is-active")).map(str::to_owned).collect()
}

#[test]
fn the_hook_judges_where_the_gate_is_on_and_the_machine_is_up() {
    let both = ["systemctl restart isctpl-gate.service", "isctpl gate status"];
    assert_eq!(called("echo active", 0), both);
    // Whatever comes of it.
    assert_eq!(called("echo active; [ \"$1\" = is-active ]", 2), both);
    assert_eq!(called("echo inactive; exit 3", 0), [""; 0]);
    // In a chroot systemctl succeeds and says nothing.
    assert_eq!(called("exit 0", 0), [""; 0]);
    // What calls it may be what the boot waits for.
    assert_eq!(called("case $2 in *.path) echo active ;; *) echo inactive ;; esac", 0), [""; 0]);
}
