//! A canary in every place that may hold a secret shows up in no output of any command or format.

mod places;

use crate::support::run::isctpl;
use crate::support::tree::Tree;
use places::{IN_IMAGE, ODD_PLACES, PLACES, UNKNOWN_IN_IMAGE, UNKNOWN_PLACES, UNKNOWN_WORDS};
use std::io::Read;
use std::path::Path;

/// Stands in the fixtures too: the table and the sysfs tree.
const CANARY: &str = "CANARY-SECRET";

fn assert_silent(what: &str, text: &str) {
    // In whatever case, and as hexadecimal or base64 of itself.
    let forms = [CANARY, "canary-secret", "43414e4152592d534543524554", "Q0FOQVJZLVNFQ1JFVA"];
    for form in forms {
        let lines: Vec<&str> = text.lines().filter(|line| line.contains(form)).collect();
        assert!(lines.is_empty(), "{what} gives the secret away as {form}:\n{}", lines.join("\n"));
    }
}

fn judged(root: &Path, more: &[&str]) {
    let root = root.to_str().unwrap();
    for format in ["table", "json", "prometheus", "nagios", "checkmk", "html", "junit"] {
        for only in [&[][..], &["--only", "template"]] {
            let answer = isctpl([&["doctor", "-v", "--root", root, "--format", format], more, only].concat());
            assert!(answer.code <= 3);
            assert_silent(&format!("doctor {format}"), &answer.out);
            assert_silent(&format!("doctor {format}"), &answer.err);
        }
    }
    for what in
        ["ibft", "routes", "nics", "initramfs", "loader", "kernel", "dhcp", "netconfig", "iscsi", "storage", "services"]
    {
        for format in ["table", "json"] {
            let answer = isctpl([&["show", what, "-v", "--root", root, "--format", format], more].concat());
            // What could not be understood of such files is unknown.
            assert!([0, 3].contains(&answer.code), "show {what}: {}", answer.err);
            assert_silent(&format!("show {what} {format}"), &answer.out);
            assert_silent(&format!("show {what} {format}"), &answer.err);
        }
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    let written = isctpl([&["snapshot", "--root", root, "-o", file.path().to_str().unwrap()], more].concat());
    assert_eq!(written.code, 0, "{}", written.err);
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(file.path()).unwrap()).read_to_string(&mut text).unwrap();
    assert!(text.contains("ubuntu--vg"), "the snapshot holds facts");
    assert_silent("snapshot", &text);
}

#[test]
fn no_secret_leaves_in_any_form() {
    leaves_nowhere(PLACES);
}

#[test]
fn no_secret_leaves_from_odd_places() {
    leaves_nowhere(ODD_PLACES);
}

/// Nobody can list the names that secrets have; what is shown is what is known to be harmless.
#[test]
fn no_secret_leaves_under_a_name_that_nobody_knows() {
    leaves_nowhere(&UNKNOWN_PLACES.replace("WORDS", UNKNOWN_WORDS));
}

fn leaves_nowhere(places: &str) {
    let mut tree = Tree::load("machines/initramfs-tools.tree");
    tree.add(places, "places");
    let root = tree.unpack();
    let mut image = Tree::load("images/initramfs-tools.tree");
    image.add(IN_IMAGE, "image");
    image.add(&UNKNOWN_IN_IMAGE.replace("WORDS", UNKNOWN_WORDS), "unknown words in the image");
    let image = crate::support::image::build(&image, "zstd");
    std::fs::write(root.path().join("boot/initrd.img-6.1.0-50-amd64"), &image).unwrap();
    judged(root.path(), &[]);

    let sysfs = Tree::load("machines/vm.sysfs.tree").unpack();
    let directory = sysfs.path().to_str().unwrap();
    let table = sysfs.path().join("firmware/acpi/tables/iBFT");
    judged(root.path(), &["--sysfs", directory]);
    judged(root.path(), &["--sysfs", directory, "--ibft-table", table.to_str().unwrap()]);

    let listing = isctpl(["show", "initramfs", root.path().join("boot/initrd.img-6.1.0-50-amd64").to_str().unwrap()]);
    assert_silent("show initramfs IMAGE", &listing.out);
}
