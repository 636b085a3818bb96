#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use isctpl_checks::facts::{Location, Problem, Rename, Source};
use proptest::prelude::*;

const RULES: &str = "# PCI device\nSUBSYSTEM==\"net\", ACTION==\"add\", DRIVERS==\"?*\", \\\n ATTR{address}==\"52:54:00:aa:bb:01\", ATTR{type}==\"1\", KERNEL==\"eth*\", NAME=\"eth0\"\nSUBSYSTEM==\"net\", ACTION==\"add\", RUN+=\"/lib/open-iscsi/net-interface-handler start\"\nSUBSYSTEM==\"net\", NAME==\"\", ENV{ID_NET_NAME}!=\"\", NAME=\"$env{ID_NET_NAME}\"\nSUBSYSTEM==\"block\", KERNEL==\"sda\", NAME=\"disk\"\nnonsense\n";

fn read(text: &str) -> (Vec<Rename>, Vec<Problem>) {
    let mut names = Names::default();
    names.read(text, "/r", &mut |_| ());
    names.finish()
}

#[test]
fn finds_fixed_names_only() {
    let rules = parse(RULES, "/r");
    assert_eq!(rules.len(), 4);
    assert_eq!(rules[1].programs().collect::<Vec<_>>(), ["/lib/open-iscsi/net-interface-handler start"]);
    let (renames, problems) = read(RULES);
    assert_eq!(renames.len(), 1);
    assert_eq!(renames[0].name, "eth0");
    assert_eq!(renames[0].at, Location::line("/r", 2));
    assert_eq!(renames[0].matches.macs, ["52:54:00:aa:bb:01"]);
    assert_eq!(renames[0].matches.names, ["eth*"]);
    assert_eq!(renames[0].matches.drivers, ["?*"]);
    assert!(renames[0].matches.other.is_empty());
    assert_eq!((problems[0].place.as_str(), problems[0].source), ("/r:7", Source::Other));
}

/// What udev 252 does with each (`tests/oracles/udev`).
#[test]
fn rules_that_name_no_nic_are_left_out() {
    for rule in [
        "SUBSYSTEM==\"net\", ATTR{address}==\"52:54:00:AA:bb:01\", NAME=\"a\"",
        "SUBSYSTEM==\"net\", ATTR{address}==\"52-54-00-aa-bb-01\", NAME=\"a\"",
        "SUBSYSTEM==\"net\", name=\"a\"",
        "SUBSYSTEM==\"net\", NAME=a",
        "SUBSYSTEM==\"net\", NAME=\"\"",
        "SUBSYSTEM==\"net\", NAME-=\"a\"",
        "SUBSYSTEM==\"net\", ACTION==\"remove\", NAME=\"a\"",
        "SUBSYSTEM==\"net\", DRIVER==\"?*\", NAME=\"a\"",
        "SUBSYSTEM==\"net\", ATTR{type}==\"32\", NAME=\"a\"",
        "SUBSYSTEM==\"net\", NAME=\"a\" \\",
        "SUBSYSTEM==\"net\", \\ \nNAME='a'",
        "GOTO=\"b\"\nNAME=\"a\"\nLABEL=\"b\"",
        "NAME=\"a\", OPTIONS==\"x\"",
    ] {
        assert_eq!(read(rule).0, [], "{rule}");
    }
}

#[test]
fn what_is_not_understood_is_a_condition() {
    for (rule, other) in [
        ("PROGRAM=\"/bin/x\", NAME=\"a\"", "PROGRAM=(hidden)"),
        ("ATTRS{idVendor}==\"413c\", SUBSYSTEMS==\"usb\", NAME=\"a\"", "ATTRS{idVendor}==413c"),
        ("KERNEL==\"san\", GOTO=\"b\"\nNAME=\"a\"\nLABEL=\"b\"", "GOTO"),
        ("NAME=\"eth%n\"", "NAME=eth%n"),
        ("NAME=\"a\"\nNAME==\"a\", NAME=\"b\"", "NAME==(hidden)"),
        ("KERNEL==\"x\", NAME=\"a\"\nNAME==\"\", NAME:=\"b\"", "NAME=="),
        ("KERNEL==i\"SAN\", NAME=\"a\"", "KERNEL==SAN"),
        ("ATTR{address}==\"52:54:*\", NAME=\"a\"", "ATTR{address}==52:54:*"),
    ] {
        let (renames, _) = read(rule);
        assert_eq!(renames.last().unwrap().matches.other.first().unwrap(), other, "{rule}");
    }
}

#[test]
fn the_last_one_of_the_list_holds() {
    let (renames, _) = read("NAME:=\"a\"\nNAME=\"b\"\nNAME:=\"c\", NAME=\"x\"\nNAME+=\"d\"\n");
    assert_eq!(renames.iter().map(|rename| rename.name.as_str()).collect::<Vec<_>>(), ["b", "d", "c", "a"]);
    let (renames, _) = read("KERNEL==\"a\", NAME=\"a\"\nNAME==\"\", NAME=\"b\"\nKERNEL==\"c\", NAME=\"c\"\n");
    assert_eq!(renames.iter().map(|rename| rename.name.as_str()).collect::<Vec<_>>(), ["b", "a", "c"]);
}

#[test]
fn names_are_kept_up_to_a_limit() {
    let (renames, problems) = read(&"NAME=\"a\"\n".repeat(3000));
    assert_eq!((renames.len(), problems.len()), (1024, 1));
    assert_eq!(problems[0].to_string(), "/r:1025: more than 1024 rules of udev name NICs; the rest is not read");
}

#[test]
fn a_truncation_anywhere_is_read() {
    for end in 0..RULES.len() {
        read(RULES.get(..end).unwrap());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn never_panics(text in "((NAME|KERNEL|GOTO|LABEL|ATTR)|[A-Z{}=!+:\"\\\\ ,a-cex0-9\n]){0,200}", bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        read(&text);
        read(&String::from_utf8_lossy(&bytes));
    }
}
