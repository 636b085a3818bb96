//! Real Debian roots, each proved by a real boot: what isctpl says of them must be what they did.
//!
//! The trees are made by `tests/lab/tree`; the first run downloads Debian and takes some minutes.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use std::path::PathBuf;
use std::process::Command;
use support::run::{doctor, isctpl, verdict};

/// The directory in which the trees lie.
fn lab() -> PathBuf {
    std::env::var_os("ISCTPL_LAB").map_or_else(|| PathBuf::from("/var/tmp/isctpl-lab"), PathBuf::from)
}

/// A real tree, made when it is not there yet; `None` where that cannot be done.
fn tree(scenario: &str) -> Option<PathBuf> {
    if !support::is_root() || !support::has("debootstrap") {
        support::skip(scenario, "making a real root needs root and debootstrap");
        return None;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/tree");
    let status = Command::new(script).arg(scenario).stdin(std::process::Stdio::null()).status().unwrap();
    assert!(status.success(), "tests/lab/tree {scenario} failed");
    Some(lab().join(scenario))
}

fn says(scenario: &str, wanted: &str) {
    let Some(root) = tree(scenario) else { return };
    assert_eq!(verdict(&root, &[]), wanted, "{scenario}:\n{}", doctor(&root, &["-v"]).out);
}

#[test]
fn the_recipes_own_command_line_does_not_boot() {
    says("seed-cmdline", "fails at login: login-interface-named-ibft");
}

#[test]
fn iscsi_auto_boots() {
    says("iscsi-auto", "boots");
}

#[test]
fn iscsi_auto_boots_on_the_next_release() {
    says("iscsi-auto-trixie", "boots");
}

#[test]
fn dracut_lacks_a_program_of_iscsid() {
    says("dracut", "fails at initramfs: initramfs-unit-program-missing");
}

#[test]
fn dracut_drops_option_121() {
    says("dracut-dhcp", "fails at login: login-option-121-dropped");
}

#[test]
fn dracut_boots_with_a_route_on_the_command_line() {
    says("dracut-route", "boots");
}

#[test]
fn a_real_image_is_listed_like_cpio_lists_it() {
    let Some(root) = tree("iscsi-auto") else { return };
    let image = std::fs::read_dir(root.join("boot"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.file_name().unwrap().to_str().unwrap().starts_with("initrd.img-"))
        .unwrap();
    let listed = isctpl(["show", "initramfs", image.to_str().unwrap(), "--format", "json"]).json();
    let mut ours: Vec<&str> =
        listed["entries"].as_array().unwrap().iter().map(|entry| entry["path"].as_str().unwrap()).collect();
    let output =
        Command::new("sh").arg("-c").arg(format!("zstd -dc {} | cpio -it --quiet", image.display())).output().unwrap();
    let theirs = String::from_utf8(output.stdout).unwrap();
    let mut theirs: Vec<&str> = theirs.lines().collect();
    ours.sort_unstable();
    theirs.sort_unstable();
    assert_eq!(ours, theirs);
}
