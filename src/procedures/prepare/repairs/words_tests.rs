#![allow(clippy::unwrap_used)]

use super::*;
use crate::formats::loader::grub_defaults;
use crate::procedures::prepare::draft::{Content, FileChange};
use crate::system::Root;
use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::Path;

fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (path, text) in files {
        put(directory.path(), path, text);
    }
    directory
}

fn put(root: &Path, path: &str, text: &str) {
    let path = root.join(path.trim_start_matches('/'));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn repaired(root: &Path) -> Result<BTreeMap<String, FileChange>, Refusal> {
    let root = Root::open(root).unwrap();
    let mut draft = Draft::of(&root);
    let remove = [WordMatch::Word("iscsi_firmware".to_owned()), WordMatch::Key("iscsi_password".to_owned())];
    words(&mut draft, &Facts::default(), &remove, &["iscsi_auto".to_owned(), "edd=off".to_owned()])?;
    Ok(draft.into_changes())
}

/// The new texts, once they are written and nothing more is to change.
fn texts(directory: &tempfile::TempDir) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (path, change) in repaired(directory.path()).unwrap() {
        let Content::Text(text) = change.after else { panic!("{path}") };
        put(directory.path(), &path, &text);
        found.insert(path, text);
    }
    assert_eq!(repaired(directory.path()), Ok(BTreeMap::new()), "twice changes nothing");
    found
}

#[test]
fn grubs_defaults_are_edited_in_place() {
    let directory = tree(&[
        (
            DEFAULTS,
            "# mine\nGRUB_DEFAULT=0\nGRUB_CMDLINE_LINUX_DEFAULT=\"quiet iscsi_firmware\"\nGRUB_CMDLINE_LINUX=\"ro\"\n",
        ),
        ("/etc/default/grub.d/50.cfg", "GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX iscsi_password=geheim quiet\""),
        ("/etc/default/grub.d/60.cfg", "GRUB_CMDLINE_LINUX_DEFAULT=\"$GRUB_CMDLINE_LINUX_DEFAULT edd=off\"\n"),
        ("/etc/default/grub.d/readme", "GRUB_CMDLINE_LINUX=\"iscsi_firmware\"\n"),
    ]);
    let texts = texts(&directory);
    assert_eq!(texts.len(), 2);
    assert_eq!(
        texts[DEFAULTS],
        "# mine\nGRUB_DEFAULT=0\nGRUB_CMDLINE_LINUX_DEFAULT=\"quiet\"\nGRUB_CMDLINE_LINUX=\"ro\"\n"
    );
    let drop_in = "/etc/default/grub.d/50.cfg";
    assert_eq!(texts[drop_in], "GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX quiet iscsi_auto\"");
    let files = texts.iter().map(|(path, text)| (path.clone(), text.clone()));
    let (defaults, problems) = grub_defaults::evaluate(files);
    assert_eq!(problems, []);
    assert_eq!(defaults.cmdline_linux.unwrap().value.text(), "ro quiet iscsi_auto");
}

#[test]
fn a_link_and_lines_with_carriage_returns_are_followed() {
    let directory = tree(&[("/etc/grub-own", "GRUB_CMDLINE_LINUX=\"ro iscsi_firmware\"\r\nGRUB_TIMEOUT=5")]);
    std::fs::create_dir(directory.path().join("etc/default")).unwrap();
    symlink("/etc/grub-own", directory.path().join("etc/default/grub")).unwrap();
    let texts = texts(&directory);
    assert_eq!(texts["/etc/grub-own"], "GRUB_CMDLINE_LINUX=\"ro iscsi_auto edd=off\"\r\nGRUB_TIMEOUT=5");
}

#[test]
fn entries_their_variables_and_the_line_of_new_ones_are_edited() {
    let mut environment = "# GRUB Environment Block\nkernelopts=root=/dev/x ro iscsi_firmware\n".to_owned();
    environment.push_str(&"#".repeat(1024 - environment.len()));
    let directory = tree(&[
        ("/boot/grub2/grubenv", &environment),
        ("/boot/loader/entries/a.conf", "title A\nlinux /v\noptions $kernelopts $tuned_params\n"),
        ("/boot/loader/entries/b.conf", "title B\nlinux /v\noptions root=/dev/x iscsi_firmware\n"),
        ("/boot/loader/entries/efi.conf", "title C\nefi /shell.efi\noptions iscsi_firmware\n"),
        (KERNEL_CMDLINE, "# line\nroot=/dev/x iscsi_firmware\n"),
    ]);
    let texts = texts(&directory);
    assert_eq!(
        texts.keys().collect::<Vec<_>>(),
        ["/boot/grub2/grubenv", "/boot/loader/entries/b.conf", KERNEL_CMDLINE]
    );
    let environment = &texts["/boot/grub2/grubenv"];
    assert_eq!(environment.len(), 1024);
    assert!(environment.contains("\nkernelopts=root=/dev/x ro iscsi_auto edd=off\n#"));
    assert_eq!(texts["/boot/loader/entries/b.conf"], "title B\nlinux /v\noptions root=/dev/x iscsi_auto edd=off\n");
    assert_eq!(texts[KERNEL_CMDLINE], "# line\nroot=/dev/x iscsi_auto edd=off\n");
}

#[test]
fn what_cannot_be_edited_is_left_to_the_person_without_its_secret() {
    for (text, place) in [
        ("GRUB_CMDLINE_LINUX=\"`cat /x; echo iscsi_firmware`\"\n", "/etc/default/grub:1"),
        ("A=iscsi_password=geheim\nGRUB_CMDLINE_LINUX=\"$A\"\n", "/etc/default/grub:2"),
        ("GRUB_CMDLINE_LINUX=\"iscsi_password=geheim\n", "/etc/default/grub:1"),
        ("f() { GRUB_CMDLINE_LINUX=x; }\nGRUB_CMDLINE_LINUX=a\n", "/etc/default/grub:1"),
        ("GRUB_CMDLINE_LINUX=a\neval x\n", "/etc/default/grub:2"),
    ] {
        let refusal = repaired(tree(&[(DEFAULTS, text)]).path()).unwrap_err();
        assert_eq!(refusal.place, place, "{text:?}: {refusal:?}");
        assert!(!format!("{refusal:?}").contains("geheim"));
    }
    assert!(repaired(tree(&[("/boot/grub/grub.cfg", "linux /v\n")]).path()).is_err());
}
