//! What is not read of a menu makes it unknown.

use super::*;

#[test]
fn what_is_not_read_of_an_entry_is_told_of_it() {
    let names = |count: usize| (0..count).map(|number| format!(" /i{number}")).collect::<String>();
    let lines = |count: usize| (0..count).map(|number| format!("initrd /i{number}\n")).collect::<String>();
    let of_bls = |text: &str| {
        let disk = Disk { bls: vec![("/e.conf".into(), bls::parse(text, "e.conf", "/e.conf").0)], ..Disk::default() };
        menu("blscfg\n", &disk)
    };
    let of_menu = |text: &str| menu(&format!("menuentry x {{\n{text}}}\n"), &Disk::default());
    let long = "x".repeat(70_000);
    for (menu, place) in [
        (of_bls(&format!("linux /v\ninitrd{}\n", names(65))), "/e.conf:2"),
        (of_bls(&format!("linux /v\n{}", lines(65))), "/e.conf:66"),
        (of_bls(&format!("linux /v\n{}initrd /i\n", "# x\n".repeat(100))), "/e.conf:101"),
        (of_bls(&format!("linux /v\noptions {long}\n")), "/e.conf"),
        (of_menu(&format!("linux /v\ninitrd{}\n", names(65))), "/boot/grub/grub.cfg:3"),
        (of_menu(&format!("linux /v {long}\n")), "/boot/grub/grub.cfg:2"),
    ] {
        let left_out = menu.entries[0].left_out.as_ref().unwrap();
        assert_eq!(left_out.place, place, "{left_out}");
        assert!(menu.entries[0].initrds.len() <= 64);
        assert!(matches!(choose(&menu), Choice::Entry { .. }), "the menu itself is known");
    }
    assert_eq!(of_bls(&format!("linux /v\ninitrd{}\n", names(64))).entries[0].left_out, None);
    // Each line within its bounds, and together longer than one may be.
    let long_names = lines(60).replace("/i", &format!("/{}", "i".repeat(1000)));
    let whole = of_bls(&format!("linux /v\n{long_names}options {}\n", "y".repeat(4096)));
    assert_eq!((whole.entries[0].initrds.len(), &whole.entries[0].left_out, whole.problems), (60, &None, Vec::new()));
}

#[test]
fn a_menu_that_is_not_read_whole_has_no_default() {
    let entry = "menuentry x {\n linux /v\n}\n";
    let sources = "source /a\n".to_owned();
    let looping = Disk { files: [("/a".to_owned(), sources.clone())].into(), ..Disk::default() };
    for (text, disk) in [
        (format!("{entry}{}", "set a=1\n".repeat(300_000)), Disk::default()),
        (entry.repeat(1001), Disk::default()),
        (format!("{entry}{}{entry}{}", "submenu x {\n".repeat(10), "}\n".repeat(10)), Disk::default()),
        (format!("{entry}{}", "if true; then\n".repeat(1000)), Disk::default()),
        (format!("{entry}{sources}"), looping),
    ] {
        let menu = menu(&text, &disk);
        assert!(menu.left_out.is_some(), "{text:.60}");
        assert!(matches!(choose(&menu), Choice::Unknown { what, .. } if what.contains("not read")), "{text:.60}");
    }
}
