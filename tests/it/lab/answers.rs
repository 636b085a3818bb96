//! What the lab puts into an installer's answers, and what it reads off the installer's log.

use isctpl_lab::answers::{filled_in, said};
use std::path::Path;

#[test]
fn the_lun_and_the_key_are_all_that_changes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/unattended/debian.preseed");
    let text = std::fs::read_to_string(path).unwrap();
    let filled =
        filled_in(&text, "ip-198.51.100.1:3260-iscsi-iqn.2020-01.org.example:a-lun-1", "ssh-ed25519 A a@b").unwrap();
    assert_eq!(text.lines().count(), filled.lines().count());
    let changed: Vec<&str> =
        text.lines().zip(filled.lines()).filter(|(old, new)| old != new).map(|(_, new)| new.trim_start()).collect();
    assert_eq!(changed.len(), 2);
    assert!(changed[0].contains("/dev/disk/by-path/ip-198.51.100.1:3260-iscsi-iqn.2020-01.org.example:a-lun-1)"));
    assert!(changed[1].starts_with("echo 'ssh-ed25519 A a@b' >"));
}

#[test]
fn answers_that_name_them_otherwise_are_not_guessed_at() {
    assert_eq!(filled_in("no LUN and no key", "lun", "key"), None);
}

#[test]
fn what_a_command_of_the_installer_said_is_told_from_the_rest_of_its_log() {
    let log = "<13>Nov 29 14:05:33 preseed: running preseed command\n\
               <13>Nov 29 14:05:34 log-output: --- a/etc/default/grub\n\
               <13>Nov 29 14:05:34 log-output: +++ b/etc/default/grub\n\
               <6>Nov 29 14:05:34 kernel: [    1.0] log-output\n";
    assert_eq!(said(log), "--- a/etc/default/grub\n+++ b/etc/default/grub\n");
}
