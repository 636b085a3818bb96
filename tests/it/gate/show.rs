//! Snapshots in pipes, and facts of snapshots.

use super::*;
use crate::support::{elf, image};

#[test]
fn a_snapshot_goes_through_a_pipe() {
    let root = machine("- /boot/vmlinuz-6.1.0-50-amd64\n");
    let written = command(["snapshot", "--root", text(root.path()), "-o", "-"]).output().unwrap();
    assert_eq!(written.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&written.stderr), "");
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("file");
    fs::write(&file, &written.stdout).unwrap();
    let from_stdin = |args: &[&str]| {
        let mut command = command(args);
        command.stdin(fs::File::open(&file).unwrap());
        crate::support::run::answer(command)
    };
    let judged = from_stdin(&["doctor", "--snapshot", "-"]);
    assert_eq!(judged.code, 2, "{}", judged.err);
    assert_eq!(judged.out, isctpl(["doctor", "--snapshot", text(&file)]).out);
    let shown = from_stdin(&["show", "loader", "--snapshot", "-"]);
    assert_eq!(shown.out, isctpl(["show", "loader", "--snapshot", text(&file)]).out);
    assert!(shown.out.contains("vmlinuz-6.1.0-50-amd64"), "{}", shown.out);
}

#[test]
fn facts_of_a_snapshot_are_shown_as_on_the_spot() {
    let root = machine("");
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("file");
    assert_eq!(snapshot(root.path(), &file).code, 0);
    for what in SHOWN {
        let spot = isctpl(["show", what, "--root", text(root.path())]);
        let later = isctpl(["show", what, "--snapshot", text(&file)]);
        assert_eq!((spot.code, &spot.out), (later.code, &later.out), "show {what}");
        assert_eq!(later.code, 0, "show {what}: {}", later.out);
    }
    for args in [&["--root", "/mnt"][..], &["/boot/initrd"]] {
        let what = ["show", "initramfs", "--snapshot", text(&file)];
        assert_eq!(isctpl([&what, args].concat()).code, 3, "{args:?} and a snapshot");
    }
}

/// Everything that `show` takes.
pub(crate) const SHOWN: [&str; 11] =
    ["ibft", "routes", "nics", "initramfs", "loader", "kernel", "dhcp", "netconfig", "iscsi", "storage", "services"];

#[test]
fn what_could_not_be_read_is_not_shown_as_if_it_were() {
    let root = machine(
        "- /boot/initrd.img-6.1.0-50-amd64\np 0644 /boot/initrd.img-6.1.0-50-amd64\np 0644 /etc/fstab\n\
         - /boot/grub/grub.cfg\np 0644 /boot/grub/grub.cfg\np 0644 /etc/network/interfaces\np 0644 /etc/iscsi/iscsid.conf\n",
    );
    for what in ["initramfs", "loader", "netconfig", "iscsi", "storage"] {
        for format in ["table", "json"] {
            let answer = isctpl(["show", what, "--root", text(root.path()), "--format", format]);
            assert_eq!(answer.code, 3, "show {what}: {}", answer.out);
            assert!(!answer.out.is_empty(), "what was read of {what} is shown all the same");
        }
    }
    let image = machine("f 0644 /boot/initrd.img-6.1.0-50-amd64\n| nothing\n");
    assert_eq!(isctpl(["show", "initramfs", "--root", text(image.path())]).code, 3);
    assert_eq!(isctpl(["show", "loader", "--root", text(image.path())]).code, 0);
}

#[test]
fn a_cut_image_tells_the_cut_before_what_is_missing_for_it() {
    let program = elf::program(&["needed=libx.so.1", "interp=/lib/ld.so"]);
    let image = image::records(&[
        image::Record::new("lib/ld.so", 0o100_755, &elf::program(&["soname=ld.so"])),
        image::Record::new("usr/bin/kmod", 0o100_755, &program),
        image::Record::new("usr/lib/libx.so.1", 0o100_755, &elf::program(&["soname=libx.so.1"])),
    ]);
    let cut_at = image.windows(8).position(|name| name == b"lib/libx").unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    let shown = |bytes: &[u8]| {
        fs::write(file.path(), bytes).unwrap();
        isctpl(["show", "initramfs", text(file.path())])
    };
    let whole = shown(&image);
    assert!(whole.code == 0 && !whole.out.contains("libx.so.1, needed"), "{}", whole.out);
    let cut = shown(&image[..cut_at]);
    assert_eq!(cut.code, 3);
    let told = |what: &str| cut.out.find(what).unwrap_or_else(|| panic!("{what} is not told:\n{}", cut.out));
    assert!(told("the archive is cut off") < told("missing library libx.so.1"), "{}", cut.out);
}
