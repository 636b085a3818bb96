//! A unified kernel image of more than 32 MiB, which an old iPXE cannot read whole.
use super::machine::{Machine, machine};
use isctpl_checks::Outcome;
use serde_json::{Value, json};

const IMAGE: &str = "/boot/efi/EFI/Linux/debian.efi";
const WRITTEN: i64 = 1_795_000_000;

/// A machine that boots an image of so many bytes: by itself, or by an entry of type 1 that names it.
fn booting(base: &str, size: u64, by_entry: bool) -> Machine {
    let file = json!({"written": IMAGE, "path": IMAGE, "size": size, "mtime": WRITTEN});
    let at = if by_entry { "/boot/efi/loader/entries/debian.conf" } else { IMAGE };
    machine(base).patch(json!([
        {"op": "replace", "path": "/loader/entries/0/at", "value": {"path": at, "line": 0}},
        {"op": "replace", "path": "/loader/entries/0/kernel", "value": file},
        {"op": "replace", "path": "/loader/entries/0/initrds", "value": [file]},
    ]))
}

/// The same, running since this moment with these words.
fn running(base: &str, booted: Option<i64>, words: &Value) -> Machine {
    booting(base, 51_200_512, false).patch(json!([
        {"op": "add", "path": "/scope/booted", "value": booted},
        {"op": "replace", "path": "/cmdline/known/words", "value": words},
    ]))
}

fn says(machine: Machine) -> Outcome {
    machine.says("loader-unified-image-too-large")
}

#[test]
fn whoever_names_the_image_the_firmware_reads_it() {
    for by_entry in [false, true] {
        let small = says(booting("initramfs-tools-root", 33_553_920, by_entry));
        assert!(matches!(small, Outcome::Pass(_)), "{small:?}");
        let large = says(booting("initramfs-tools-root", 33_553_921, by_entry));
        assert!(matches!(large, Outcome::Unknown { .. }), "{large:?}");
    }
    // A kernel and an initramfs of their own, however large.
    let apart = says(machine("initramfs-tools-root").patch(json!([
        {"op": "replace", "path": "/loader/entries/0/initrds/0/size", "value": 900_000_000},
    ])));
    assert!(matches!(apart, Outcome::NotApplicable(_)), "{apart:?}");
}

/// Its words alone do not tell that the firmware has read what lies there now.
#[test]
fn only_the_image_that_has_booted_is_known_to_be_read() {
    let base = "initramfs-tools-live";
    let facts = machine(base).value();
    let words = &facts["loader"]["entries"][0]["cmdline"]["words"];
    for (booted, words, passes) in [
        (Some(WRITTEN + 1), words, true),
        // Written anew since.
        (Some(WRITTEN), words, false),
        (None, words, false),
        // GRUB has booted, with BOOT_IMAGE=.
        (Some(WRITTEN + 1), &facts["cmdline"]["known"]["words"], false),
    ] {
        let outcome = says(running(base, booted, words));
        assert_eq!(matches!(outcome, Outcome::Pass(_)), passes, "{booted:?}: {outcome:?}");
        assert_eq!(matches!(outcome, Outcome::Unknown { .. }), !passes, "{booted:?}: {outcome:?}");
    }
}

#[test]
fn another_initiator_than_ipxe_has_other_limits() {
    let of = |maker: &str| {
        says(booting("initramfs-tools-live", 51_200_512, false).patch(json!([
            {"op": "replace", "path": "/firmware/table/known/oem_id", "value": maker},
            {"op": "replace", "path": "/firmware/sysfs/known/oem_id", "value": maker},
        ])))
    };
    assert!(matches!(of("FENSYS"), Outcome::Unknown { .. }));
    assert!(matches!(of(""), Outcome::Unknown { .. }), "a table without a maker's name");
    assert!(matches!(of("INTEL"), Outcome::NotApplicable(_)));
}
