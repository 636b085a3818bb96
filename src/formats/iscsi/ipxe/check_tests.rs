use super::*;
use proptest::prelude::*;

const URI: &str = "iscsi:100.97.0.0:::2F:iqn.2013-01.com.bigstep:storage.pb429od.q6xjxws.6vykjr4";

/// A script that sets all that a login takes, and then these lines.
fn script_of(lines: &str) -> Checked {
    script(&format!(
        "#!ipxe\ndhcp\nset username user\nset password canary\nset initiator-iqn iqn.2020-10.com.example:a\n{lines}"
    ))
}

fn told(told: &[Told]) -> Vec<(usize, &str)> {
    told.iter().map(|told| (told.line, told.what.as_str())).collect()
}

#[test]
fn a_uri_is_told_field_by_field() {
    let checked = uri(URI);
    assert!(checked.faults.is_empty() && checked.doubts.is_empty());
    let pieces: Vec<(&str, &str)> =
        checked.pieces.iter().map(|piece| (piece.what.trim(), piece.meaning.as_str())).collect();
    assert_eq!(
        pieces,
        [
            ("server", "100.97.0.0"),
            ("port", "3260 (also where the field is empty)"),
            ("LUN", "47, in hexadecimal 2F"),
            ("target", "iqn.2013-01.com.bigstep:storage.pb429od.q6xjxws.6vykjr4"),
        ]
    );
}

#[test]
fn a_sound_script_has_no_fault_and_no_doubt_and_shows_no_secret() {
    let checked = script_of(&format!("set keep-san 1\nsanboot {URI}\n"));
    assert!(checked.faults.is_empty() && checked.doubts.is_empty(), "{checked:?}");
    assert!(!format!("{checked:?}").contains("canary"), "{checked:?}");
}

#[test]
fn what_ipxe_refuses() {
    for (lines, line, fault) in [
        (format!("sanhook --keep {URI}\n"), 6, "`sanhook` has no option `--keep`; the script ends here"),
        (format!("sanhook --keep {URI} || echo x\n"), 6, "`sanhook` has no option `--keep`"),
        (
            format!("sanhook {URI}\nsanboot --no-describe http://192.0.2.1/a.iso\n"),
            7,
            "drive 0x80 is hooked already, in line 6: give this one another number with --drive",
        ),
        (format!("sanhook\nsanboot {URI}\n"), 6, "`sanhook` names nothing to hook"),
        (format!("sanhook {URI}\nboot\n"), 7, "`boot` boots nothing: no line before names a kernel"),
        (format!("sanhook {URI}\nkernel\n"), 7, "`kernel` names no image"),
        (
            format!("sanhook {URI}\nkernel --args a http://a/b\n"),
            7,
            "`kernel` has no option `--args`; the script ends here",
        ),
        (format!("sanboot --drive x {URI}\nsanhook {URI}\n"), 6, "the drive of `sanboot` is no number"),
        (
            format!("sanhook {URI}\nsanboot \\\n"),
            7,
            "iPXE never runs this line: it ends with a backslash, and nothing comes after it",
        ),
        (format!("set password:hexraw zz\nsanboot {URI}\n"), 6, "`password` is not set: its value is not hexadecimal"),
        (
            "sanboot iscsi://192.0.2.1/iqn.a/1\n".to_owned(),
            6,
            "iPXE takes `iscsi:/` for a path; write iscsi:SERVER:PROTOCOL:PORT:LUN:TARGET, without a slash",
        ),
    ] {
        assert_eq!(told(&script_of(&lines).faults), [(line, fault)], "{lines}");
    }
    let checked = script(&format!("dhcp\nsanboot {URI}\n"));
    assert_eq!(
        told(&checked.faults),
        [(1, "iPXE does not take the file for a script: its first line is not `#!ipxe`")]
    );
}

#[test]
fn what_the_script_alone_does_not_tell() {
    let user = "#!ipxe\nset username a\nset initiator-iqn iqn.a\n";
    let own = "#!ipxe\nset initiator-iqn iqn.a\n";
    for (text, line, doubt) in [
        (
            format!("{user}sanboot {URI}"),
            4,
            "iPXE refuses `username` without `password`, which is not set here; DHCP may give it",
        ),
        (
            format!("#!ipxe\nsanboot {URI}"),
            2,
            "`initiator-iqn` is not set here: unless DHCP gives it (option 203), iPXE makes a name of the host name or the machine's UUID",
        ),
        (format!("{own}sanboot ${{root-path}}"), 3, "what `sanboot` does depends on iPXE's settings"),
        (
            format!("{own}sanboot --drive ${{drive}} {URI}\nsanhook {URI}"),
            3,
            "what `sanboot` does depends on iPXE's settings",
        ),
        (format!("{own}sanhook {URI}\nchain http://a"), 4, "`chain` is not followed"),
        (format!("{own}sanhook {URI}\nkernel -an a b"), 4, "`kernel` is not followed"),
        (
            format!("{own}sanhook {URI}\nkernel http://a/linux initrd=initrd\ninitrd http://a/initrd.gz\nboot"),
            6,
            "`initrd=initrd` is the name of a file that no line fetches, where UEFI boots the kernel",
        ),
        (format!("{own}dhcp || sanhook {URI}"), 3, "whether `sanhook` runs depends on the command before it"),
        (
            format!("{own}sanhook --drive 0x81 {URI}\nsanboot"),
            4,
            "no line before hooks the drive 0x80 that `sanboot` boots from",
        ),
        (format!("{own}sanboot -nd 0x81 {URI}\nsanhook {URI}"), 3, "`sanboot` is not followed"),
        (format!("{own}sanhook {URI}\nsanboot --drive 0x81 tftp://192.0.2.1/a"), 4, "`sanboot tftp` is not followed"),
        (format!("{own}dhcp --bogus net0\nsanhook {URI}"), 3, "`dhcp` is not followed"),
        (
            format!("{user}set password a #b\nsanhook {URI}"),
            4,
            "to iPXE, the value of `password` ends before the # : a comment begins there",
        ),
        (
            format!("{user}set password \"a\"\nsanhook {URI}"),
            4,
            "to iPXE, the quotes are a part of the value of `password`",
        ),
        (
            format!("{user}read password\nset keep-san:uint9 1\nsanhook {URI}"),
            5,
            "the type that `keep-san` is given is not followed",
        ),
        ("#!ipxe\ndhcp\n".to_owned(), 0, "no line hooks an iSCSI LUN"),
    ] {
        let checked = script(&text);
        assert!(checked.faults.is_empty(), "{text}: {checked:?}");
        assert_eq!(told(&checked.doubts), [(line, doubt)], "{text}");
    }
}

/// What scripts of others have: the drive that was hooked is booted by a command of its own, or one drive after another
/// is tried.
#[test]
fn a_drive_that_was_hooked_is_booted() {
    let checked = script_of(&format!("sanhook --drive 0x80 {URI}\nsanboot --no-describe\n"));
    assert!(checked.faults.is_empty() && checked.doubts.is_empty(), "{checked:?}");
    assert_eq!(checked.pieces.last().unwrap().meaning, "boots from drive 0x80, which line 6 hooked");
    for lines in [
        format!("sanboot {URI} || sanboot {URI}\n"),
        format!("goto ${{os}}\n:a\nsanhook {URI}\n:b\nsanhook {URI}\n"),
        format!("sanhook {URI}\nsanunhook\nsanhook {URI}\n"),
    ] {
        let checked = script_of(&lines);
        assert!(checked.faults.is_empty(), "{lines}: {checked:?}");
    }
}

#[test]
fn a_setting_is_the_same_in_every_place_and_type() {
    assert_eq!(parts_of("net0.dhcp/password:hex"), ("password", Some("hex")));
    assert_eq!(parts_of("password"), ("password", None));
    let checked =
        script_of(&format!("set net0/password:hexraw 63616e617279\nset username:hexraw 612062\nsanboot {URI}\n"));
    assert!(checked.faults.is_empty() && checked.doubts.is_empty(), "{checked:?}");
    assert!(checked.pieces.iter().any(|piece| piece.meaning == "the CHAP user name: a b"), "{checked:?}");
}

#[test]
fn no_slip_shows_a_secret() {
    for line in [
        "set password=canary",
        "set password:canary",
        "set canary",
        "set other canary",
        "set reverse-password canary",
        "set password:hex canary",
        "sanboot http://user:can/ary@192.0.2.1/a.iso",
        "sanboot --extra canary http://192.0.2.1/a",
        "chain http://192.0.2.1/?canary",
        "canary",
    ] {
        let checked = format!("{:?}", script_of(line));
        // A command's name is told where it is not known.
        assert!(line == "canary" || !checked.contains("canary") && !checked.contains("ary@"), "{line}: {checked}");
    }
    let slip = script_of(&format!("set username=a\nsanboot {URI}\n"));
    assert_eq!(told(&slip.doubts), [(6, "`username` is not set: iPXE's `set` has a blank where an = stands here")]);
}

#[test]
fn what_is_no_script_is_not_shown() {
    for text in ["\u{7f}ELF\u{2}\u{0}canary", &"a".repeat(100_000)] {
        let checked = script(text);
        let doubts = [(1, "a word that is no command is not followed"), (0, "no line hooks an iSCSI LUN")];
        assert_eq!(told(&checked.doubts), doubts);
        assert_eq!(checked.faults.len(), 1);
    }
}

#[test]
fn a_uri_shows_neither_who_asks_nor_the_query() {
    for (uri, shown) in [
        ("http://user:canary@192.0.2.1/ab?token=canary", "http://…@192.0.2.1/ab?…"),
        ("http://user:can/a?ry@192.0.2.1/a", "http://…@192.0.2.1/a"),
        ("https://example.org/a.iso", "https://example.org/a.iso"),
        ("a.iso#canary", "a.iso?…"),
    ] {
        assert_eq!(without_secrets(uri), shown);
    }
}

proptest! {
    #[test]
    fn never_panics(text in "(#!ipxe\n)?((set|dhcp|sanhook|sanboot|login|clear|read|echo)? ?[-a-z:;|&#$\\{\\}/= \\\\\r\n]{0,20}){0,12}") {
        script(&text);
        uri(&text);
    }
}
