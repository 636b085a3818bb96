//! Real Debian roots, each proved by a real boot in the lab: what isctpl says of them must be what they
//! did.
//!
//! The lab makes their LUNs; the first run downloads Debian and takes some minutes. Nothing is booted.

use std::process::{Command, Output, Stdio};

/// One of each generator and release, sound and broken.
const JUDGED: &[&str] = &[
    "healthy-iscsi-auto",
    "healthy-iscsi-auto-trixie",
    "healthy-dracut",
    "seed-cmdline",
    "dracut-unit-program-missing",
    "dracut-option-121-dropped",
];

/// What the lab prints with these arguments; `None` where it cannot run.
fn lab(test: &str, arguments: &[&str]) -> Option<Output> {
    if !crate::support::is_root() || !crate::support::has("debootstrap") {
        crate::support::skip(test, "making a real root needs root and debootstrap");
        return None;
    }
    let output = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/run"))
        .args(arguments)
        .env("ISCTPL_PROGRAM", env!("CARGO_BIN_EXE_isctpl"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stderr),
        String::from_utf8_lossy(&output.stdout)
    );
    Some(output)
}

#[test]
fn real_roots_are_judged_as_they_were_seen_to_boot() {
    let arguments: Vec<&str> = JUDGED.iter().copied().chain(["--judge-only"]).collect();
    lab("real_roots_are_judged_as_they_were_seen_to_boot", &arguments);
}

#[test]
fn a_real_image_is_listed_like_cpio_lists_it() {
    let both = "$ISCTPL_PROGRAM show initramfs {root}/boot/initrd.img-* --format json | jq -r '.entries[].path'\n\
                echo ---\n\
                zstd -dc {root}/boot/initrd.img-* | cpio -it --quiet";
    let test = "a_real_image_is_listed_like_cpio_lists_it";
    let Some(output) = lab(test, &["healthy-iscsi-auto", "--with", "sh", "-c", both]) else { return };
    let text = String::from_utf8(output.stdout).unwrap();
    let (ours, theirs) = text.split_once("\n---\n").unwrap();
    let sorted = |names: &str| -> Vec<String> {
        let mut names: Vec<String> = names.lines().map(str::to_owned).collect();
        names.sort_unstable();
        names
    };
    let ours = sorted(ours);
    assert_eq!(ours, sorted(theirs));
    assert!(ours.len() > 1000, "an image of Debian holds more than a thousand entries");
}
