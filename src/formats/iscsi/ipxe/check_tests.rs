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
        (format!("sanhook --keep {URI}\n"), 6, "`sanhook` has no option `--keep`: iPXE ends the script here"),
        (
            format!("sanhook {URI}\nsanboot --no-describe http://192.0.2.1/a.iso\n"),
            7,
            "drive 0x80 is hooked already, in line 6: give it another number with --drive",
        ),
        (
            format!("set password #secret\nsanboot {URI}\n"),
            6,
            "`password` gets no value; what begins with # is a comment to iPXE",
        ),
        (
            "sanboot iscsi://192.0.2.1/iqn.a/1\n".to_owned(),
            6,
            "iPXE takes `iscsi:/` for a path, and reads no target behind it; no slash stands behind the colon",
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
    for (text, line, doubt) in [
        (
            format!("{user}sanboot {URI}"),
            4,
            "`password` is not set here: iPXE refuses a user name without it, unless DHCP gives it",
        ),
        (
            format!("#!ipxe\nsanboot {URI}"),
            2,
            "`initiator-iqn` is not set here: unless DHCP gives it (option 203), iPXE makes a name of the host name or the machine's UUID",
        ),
        (
            "#!ipxe\nset initiator-iqn iqn.a\nsanboot ${root-path}".to_owned(),
            3,
            "what `sanboot` boots from depends on iPXE's settings",
        ),
        (format!("#!ipxe\nset initiator-iqn iqn.a\nsanhook {URI}\nchain http://a"), 4, "`chain` is not followed"),
        (
            format!("#!ipxe\nset initiator-iqn iqn.a\ndhcp || sanhook {URI}"),
            3,
            "whether `sanhook` runs depends on the command before it",
        ),
        ("#!ipxe\ndhcp\n".to_owned(), 0, "no line hooks an iSCSI LUN"),
    ] {
        let checked = script(&text);
        assert!(checked.faults.is_empty(), "{text}: {checked:?}");
        assert_eq!(told(&checked.doubts), [(line, doubt)], "{text}");
    }
}

#[test]
fn a_setting_is_the_same_in_every_place_and_type() {
    for name in ["password", "net0/password", "password:hexraw", "net0.dhcp/password:hex"] {
        assert_eq!(own_name(name), "password");
    }
    let checked = script_of(&format!("set net0/password:hexraw 63616e617279\nsanboot --drive 0x81 {URI}\n"));
    assert!(checked.faults.is_empty() && checked.doubts.is_empty() && !format!("{checked:?}").contains("63616e"));
}

#[test]
fn a_uri_shows_neither_who_asks_nor_the_query() {
    for (uri, shown) in [
        ("http://user:canary@192.0.2.1/a@b?token=canary", "http://192.0.2.1/a@b?…"),
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
