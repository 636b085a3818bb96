#![allow(clippy::unwrap_used)]

use crate::formats::loader::uki::made::image;
use crate::probes::loader::read;
use crate::system::Root;
use isctpl_checks::facts::{BootEntry, Loader};
use std::fs;

const SYSTEMD_BOOT: &[u8] = b"MZ #### LoaderInfo: systemd-boot 252 ####";

fn tree(files: &[(&str, &[u8])]) -> (tempfile::TempDir, Root) {
    let directory = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = directory.path().join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let root = Root::open(directory.path()).unwrap();
    (directory, root)
}

fn debian(version: &str, words: &str) -> Vec<u8> {
    let release = format!("PRETTY_NAME=\"Debian {version}\"\nID=debian\nVERSION_ID=\"{version}\"\n");
    image(&[
        (".osrel", release.as_bytes()),
        (".cmdline", words.as_bytes()),
        (".initrd", b"070701"),
        (".linux", b"kernel"),
    ])
}

fn booting(loader: &Loader) -> &BootEntry {
    loader.default_entry().unwrap_or_else(|| panic!("{:?}", loader.chosen))
}

#[test]
fn an_image_is_an_entry_with_its_command_line_its_kernel_and_its_initramfs() {
    let path = "/efi/EFI/Linux/debian.efi";
    let (_dir, root) =
        tree(&[("/efi/EFI/BOOT/BOOTX64.EFI", SYSTEMD_BOOT), (path, &debian("12", "root=x ro iscsi_auto"))]);
    let loader = read(&root);
    let entry = booting(&loader);
    assert_eq!((entry.title.as_str(), entry.id.as_deref()), ("Debian 12", Some("debian.efi")));
    assert_eq!(
        entry.cmdline.words.iter().map(|word| word.key.as_str()).collect::<Vec<_>>(),
        ["root", "ro", "iscsi_auto"]
    );
    assert_eq!(entry.kernel.as_ref().and_then(|file| file.path.as_deref()), Some(path));
    assert_eq!(entry.initrds.iter().map(|file| file.path.as_deref()).collect::<Vec<_>>(), [Some(path)]);
    assert_eq!(loader.problems, []);
}

#[test]
fn images_and_entries_stand_in_one_menu() {
    let entry: &[u8] = b"title Typed\nsort-key debian\nversion 11\nlinux /l\noptions ro\n";
    let (dir, root) = tree(&[
        ("/efi/EFI/BOOT/BOOTX64.EFI", SYSTEMD_BOOT),
        ("/efi/EFI/Linux/old.efi", &debian("9", "ro")),
        ("/efi/EFI/Linux/New+2-1.efi", &debian("12", "ro")),
        ("/efi/EFI/Linux/bad+0-3.efi", &debian("13", "ro")),
        ("/efi/loader/entries/typed.conf", entry),
    ]);
    let titles = |loader: &Loader| loader.entries.iter().map(|entry| entry.title.clone()).collect::<Vec<_>>();
    // The newest first, and last what failed three times.
    assert_eq!(titles(&read(&root)), ["Debian 12", "Typed", "Debian 9", "Debian 13"]);
    for (default, title) in [("new.efi", "Debian 12"), ("old*", "Debian 9"), ("typed.conf", "Typed")] {
        fs::write(dir.path().join("efi/loader/loader.conf"), format!("default {default}\n")).unwrap();
        assert_eq!(booting(&read(&root)).title, title);
    }
}

#[test]
fn one_that_the_firmware_starts_needs_no_loader() {
    let (_dir, root) = tree(&[
        ("/boot/efi/EFI/BOOT/BOOTX64.EFI", &debian("12", "ro quiet")),
        ("/boot/efi/EFI/Linux/debian.efi", &debian("13", "ro splash")),
        ("/boot/grub/grub.cfg", b"menuentry G { linux /vmlinuz ro\n }\n"),
    ]);
    let loader = read(&root);
    assert!(booting(&loader).cmdline.words.iter().any(|word| word.key == "quiet"));
    assert!(loader.chosen.known().unwrap().because.contains("firmware"));
}

#[test]
fn what_is_not_read_of_an_image_is_told() {
    let more = |files: &[(&str, &[u8])]| {
        let image = debian("12", "ro");
        let path = ("/efi/EFI/Linux/debian.efi", image.as_slice());
        let (_dir, root) = tree(&[&[("/efi/EFI/BOOT/BOOTX64.EFI", SYSTEMD_BOOT), path], files].concat());
        read(&root)
    };
    assert_eq!(booting(&more(&[])).rest_not_read(), None);
    assert_eq!(booting(&more(&[("/efi/EFI/Linux/debian.efi.extra.d/note.txt", b"")])).rest_not_read(), None);
    for addon in [
        "/efi/EFI/Linux/debian.efi.extra.d/words.addon.efi",
        "/efi/loader/addons/words.addon.efi",
        "/efi/loader/credentials/network.cred",
    ] {
        let loader = more(&[(addon, b"MZ")]);
        assert_eq!(booting(&loader).rest_not_read().unwrap().place, addon);
    }
    let counted = debian("13", "ro");
    for directory in ["new.efi", "New+2-1.efi"] {
        let addon = format!("/efi/EFI/Linux/{directory}.extra.d/words.addon.efi");
        let loader = more(&[("/efi/EFI/Linux/New+2-1.efi", &counted), (&addon, b"MZ")]);
        assert_eq!(booting(&loader).rest_not_read().unwrap().place, addon);
    }
    let profiles = image(&[(".osrel", b"ID=debian"), (".linux", b"kernel"), (".profile", b"ID=a")]);
    let (_dir, root) = tree(&[("/efi/EFI/BOOT/BOOTX64.EFI", SYSTEMD_BOOT), ("/efi/EFI/Linux/two.efi", &profiles)]);
    assert!(booting(&read(&root)).rest_not_read().unwrap().what.contains("profiles"));
    // What systemd-boot does not show is none of the menu; what cannot be read may be the first.
    let none = image(&[(".linux", b"kernel")]);
    let names = ["another.efi", "._debian.efi", "auto-debian.efi"];
    for (name, content) in names.iter().map(|name| (*name, &b"MZ"[..])).chain([("no-osrel.efi", none.as_slice())]) {
        let loader = more(&[(&format!("/efi/EFI/Linux/{name}"), content)]);
        assert_eq!((booting(&loader).title.as_str(), loader.entries.len()), ("Debian 12", 1), "{name}");
    }
    let no_text = image(&[(".osrel", b"\xff"), (".linux", b"kernel")]);
    let loader = more(&[("/efi/EFI/Linux/zz.efi", &no_text)]);
    assert_eq!(loader.chosen.problem().map(|problem| problem.place.as_str()), Some("/efi/EFI/Linux/zz.efi"));
    let pattern: (&str, &[u8]) = ("/efi/loader/loader.conf", b"default d*\n");
    assert_eq!(booting(&more(&[pattern])).title, "Debian 12");
    assert!(more(&[pattern, ("/efi/EFI/Linux/zz.efi", &no_text)]).default_entry().is_none());
}

#[test]
fn an_image_without_an_initramfs_loads_none() {
    let bare = image(&[(".cmdline", b"ro"), (".linux", b"kernel")]);
    let (_dir, root) = tree(&[("/efi/EFI/BOOT/BOOTX64.EFI", &bare)]);
    assert_eq!(booting(&read(&root)).initrds, []);
}

#[test]
fn an_entry_may_start_an_image_by_whatever_key() {
    let image = debian("12", "root=x ro iscsi_auto");
    let entry = |lines: &str| {
        let text = format!("title Typed\n{lines}\n");
        let (_dir, root) = tree(&[
            ("/efi/EFI/BOOT/BOOTX64.EFI", SYSTEMD_BOOT),
            ("/efi/EFI/own/debian.efi", &image),
            ("/efi/EFI/own/shell.efi", b"MZ"),
            ("/efi/loader/entries/typed.conf", text.as_bytes()),
        ]);
        read(&root).entries.remove(0)
    };
    for key in ["linux", "efi", "uki"] {
        let entry = entry(&format!("{key} /EFI/own/debian.efi"));
        assert_eq!(entry.unified_image(), Some("/efi/EFI/own/debian.efi"), "{key}");
        assert!(entry.linux && entry.cmdline.words.iter().any(|word| word.key == "iscsi_auto"), "{key}");
        assert_eq!(entry.rest_not_read(), None, "{key}");
    }
    let other = entry("linux /EFI/own/debian.efi\noptions root=y ro");
    assert!(other.rest_not_read().unwrap().what.contains("Secure Boot"));
    assert!(!entry("efi /EFI/own/shell.efi").linux);
}
