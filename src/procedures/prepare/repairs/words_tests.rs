#![allow(clippy::unwrap_used)]

use super::{DEFAULTS, Facts, KERNEL_CMDLINE, WordMatch, words};
use crate::formats::loader::grub_defaults;
use crate::procedures::prepare::draft::{Draft, FileChange, Refusal};
use crate::procedures::prepare::repairs::sample::Tree;
use std::collections::BTreeMap;

fn repair(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    let remove = [WordMatch::Word("iscsi_firmware".to_owned()), WordMatch::Key("iscsi_password".to_owned())];
    words(draft, &Facts::default(), &remove, &["iscsi_auto".to_owned(), "edd=off".to_owned()])
}

fn refused(files: &[(&str, &str)]) -> Refusal {
    let changes: Result<BTreeMap<String, FileChange>, Refusal> = Tree::of(files).changes(repair);
    changes.unwrap_err()
}

#[test]
fn grubs_defaults_are_edited_in_place() {
    let tree = Tree::of(&[
        (
            DEFAULTS,
            "# mine\nGRUB_DEFAULT=0\nGRUB_CMDLINE_LINUX_DEFAULT=\"quiet iscsi_firmware\"\nGRUB_CMDLINE_LINUX=\"ro\"\n",
        ),
        ("/etc/default/grub.d/50.cfg", "GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX iscsi_password=geheim quiet\""),
        ("/etc/default/grub.d/60.cfg", "GRUB_CMDLINE_LINUX_DEFAULT=\"$GRUB_CMDLINE_LINUX_DEFAULT edd=off\"\n"),
        ("/etc/default/grub.d/readme", "GRUB_CMDLINE_LINUX=\"iscsi_firmware\"\n"),
    ]);
    let texts = tree.texts(repair);
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

/// The file of grub2-common, with a command whose output is not known.
#[test]
fn the_file_of_the_package_is_edited() {
    let text = "# If you change this file, run 'update-grub' afterwards to update\nGRUB_DEFAULT=0\nGRUB_TIMEOUT=5\n\
                GRUB_DISTRIBUTOR=`( . /etc/os-release; echo ${NAME:-Debian} ) 2>/dev/null || echo Debian`\n\
                GRUB_CMDLINE_LINUX_DEFAULT=\"quiet\"\nGRUB_CMDLINE_LINUX=\"\"\n\n#GRUB_BADRAM=\"0x01234567\"\n";
    let texts = Tree::of(&[(DEFAULTS, text)]).texts(repair);
    assert_eq!(texts[DEFAULTS], text.replace("LINUX=\"\"", "LINUX=\"iscsi_auto edd=off\""));
}

#[test]
fn a_link_and_lines_with_carriage_returns_are_followed() {
    let tree = Tree::of(&[("/etc/grub-own", "GRUB_CMDLINE_LINUX=\"ro iscsi_firmware\"\r\nGRUB_TIMEOUT=5")]);
    tree.link(DEFAULTS, "/etc/grub-own");
    let texts = tree.texts(repair);
    assert_eq!(texts["/etc/grub-own"], "GRUB_CMDLINE_LINUX=\"ro iscsi_auto edd=off\"\r\nGRUB_TIMEOUT=5");
}

#[test]
fn entries_their_variables_and_the_line_of_new_ones_are_edited() {
    let mut environment = "# GRUB Environment Block\nkernelopts=root=/dev/x ro iscsi_firmware\n".to_owned();
    environment.push_str(&"#".repeat(1024 - environment.len()));
    let tree = Tree::of(&[
        ("/boot/grub2/grubenv", &environment),
        ("/boot/loader/entries/a.conf", "title A\nlinux /v\noptions $kernelopts $tuned_params\n"),
        ("/boot/loader/entries/b.conf", "title B\nlinux /v\noptions root=/dev/x iscsi_firmware\n"),
        ("/boot/loader/entries/efi.conf", "title C\nefi /shell.efi\noptions iscsi_firmware\n"),
        (KERNEL_CMDLINE, "# line\nroot=/dev/x iscsi_firmware\n"),
    ]);
    let texts = tree.texts(repair);
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
        let refusal = refused(&[(DEFAULTS, text)]);
        assert_eq!(refusal.place, place, "{text:?}: {refusal:?}");
        assert!(!format!("{refusal:?}").contains("geheim"));
    }
    assert_eq!(refused(&[("/boot/grub/grub.cfg", "linux /v\n")]).place, DEFAULTS);
}
