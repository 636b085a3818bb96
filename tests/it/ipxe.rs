//! `isctpl ipxe` as a user meets it: the script, where the password goes, and what is said of scripts that exist.

use crate::support::run::{Answer, isctpl};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

const CANARY: &str = "canary-password-9";

fn credentials(directory: &Path) -> [String; 4] {
    let instance = directory.join("instance.yaml");
    let drive = directory.join("drive.yaml");
    let iscsi = format!("Initiator IQN: iqn.2020-10.com.example:instance-1 Username: user Password: {CANARY} ");
    let lun = "Target: 192.0.2.10 Port:3260 IQN:iqn.2013-01.com.example:storage.1 LUN ID:47";
    fs::write(&instance, format!("- id: 1\n  iscsi: '{iscsi}'\n")).unwrap();
    fs::write(&drive, format!("- id: 2\n  credentials: '{lun}'\n")).unwrap();
    ["--instance-yaml".into(), instance.display().to_string(), "--drive-yaml".into(), drive.display().to_string()]
}

fn ipxe(arguments: &[&str]) -> Answer {
    isctpl(["ipxe"].iter().chain(arguments))
}

#[test]
fn the_script_goes_to_standard_output_and_asks_for_the_password() {
    let directory = tempfile::tempdir().unwrap();
    let files = credentials(directory.path());
    let mut arguments: Vec<&str> = files.iter().map(String::as_str).collect();
    let answer = ipxe(&arguments);
    assert_eq!(answer.code, 0, "{}", answer.err);
    assert!(answer.err.starts_with("note: without --interface "), "{}", answer.err);
    insta::assert_snapshot!(answer.out, @r"
    #!ipxe
    dhcp
    set initiator-iqn iqn.2020-10.com.example:instance-1
    set username user
    login
    set keep-san 1
    sanboot iscsi:192.0.2.10:::2F:iqn.2013-01.com.example:storage.1
    ");
    arguments.extend(["--interface", "net0", "--portal", "[2001:db8::1]:3261", "--boot", "http://192.0.2.1/a.iso"]);
    let answer = ipxe(&arguments);
    assert_eq!((answer.code, answer.err.as_str()), (0, ""));
    insta::assert_snapshot!(answer.out, @r"
    #!ipxe
    dhcp net0
    set initiator-iqn iqn.2020-10.com.example:instance-1
    set username user
    login
    set keep-san 1
    sanhook iscsi:[2001:db8::1]::3261:2F:iqn.2013-01.com.example:storage.1
    sanboot --no-describe --drive 0x81 http://192.0.2.1/a.iso
    ");
}

#[test]
fn the_password_goes_into_a_file_of_its_owner_alone() {
    let directory = tempfile::tempdir().unwrap();
    let files = credentials(directory.path());
    let script = directory.path().join("boot.ipxe");
    // Whatever could be read there before.
    fs::write(&script, "old").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o644)).unwrap();
    let mut arguments: Vec<&str> = files.iter().map(String::as_str).collect();
    arguments.extend(["--interface", "net0", "--with-secret", script.to_str().unwrap()]);
    let answer = ipxe(&arguments);
    assert_eq!((answer.code, answer.err.as_str()), (0, ""));
    assert!(answer.out.starts_with("WRITTEN: ") && !answer.out.contains(CANARY), "{}", answer.out);
    assert!(answer.out.lines().all(|line| line.chars().count() <= 80), "{}", answer.out);
    assert_eq!(fs::metadata(&script).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&script).unwrap();
    assert!(text.contains(&format!("\nset password {CANARY}\n")), "{text}");
    let answer = ipxe(&["--check", script.to_str().unwrap()]);
    assert_eq!(answer.code, 0, "{}{}", answer.out, answer.err);
    assert!(!answer.out.contains(CANARY), "{}", answer.out);
    insta::assert_snapshot!(answer.out);
}

/// The recipe's own lines: `sanhook` has no `--keep`, and the image is hooked under the LUN's number.
#[test]
fn what_ipxe_refuses_is_said_first() {
    let directory = tempfile::tempdir().unwrap();
    let script = directory.path().join("boot.ipxe");
    let lines = "#!ipxe\ndhcp\nset username GMBYHg5keXknd\nset password WpccjYD9NgYhR\n\
                 set initiator-iqn iqn.2020-10.com.bigstep.storage:instance-59725\nset keep-san 1\n\
                 sanhook --keep iscsi:100.97.0.0:::2F:iqn.2013-01.com.bigstep:storage.pb429od.q6xjxws.6vykjr4\n\
                 sanboot --no-describe https://releases.ubuntu.com/20.04/ubuntu-20.04.1-live-server-amd64.iso\n";
    fs::write(&script, lines).unwrap();
    let answer = ipxe(&["--check", script.to_str().unwrap()]);
    assert_eq!((answer.code, answer.err.as_str()), (2, ""), "{}", answer.out);
    assert!(!answer.out.contains("WpccjYD9NgYhR"), "{}", answer.out);
    insta::assert_snapshot!(answer.out);
}

#[test]
fn a_uri_is_explained_field_by_field() {
    let answer = ipxe(&["--check", "iscsi:100.97.0.0:::2F:iqn.2013-01.com.bigstep:storage.pb429od.q6xjxws.6vykjr4"]);
    assert_eq!((answer.code, answer.err.as_str()), (0, ""));
    insta::assert_snapshot!(answer.out);
    let answer = ipxe(&["--check", "iscsi:100.97.0.0:::47G:iqn.2013-01.com.bigstep:storage"]);
    assert_eq!(answer.code, 2, "{}", answer.out);
    assert!(answer.out.starts_with("REFUSED by iPXE: the fourth field, the LUN, is `47G`"), "{}", answer.out);
}

#[test]
fn wrong_usage_is_refused() {
    for arguments in [
        &["--check", "/nonexistent"][..],
        &["--check", "iscsi:a", "--boot", "http://a"],
        &["--boot", "no url"],
        &["--interface", "net0; shell"],
        &["--boot", "tftp://192.0.2.1/a"],
        &["--target", "no.name", "--portal", "192.0.2.1", "--lun", "1", "--initiator", "iqn.a"],
        &["--target", "iqn.a", "--portal", "192.0.2.1", "--lun", "1", "--initiator", ""],
        &["--target", "iqn.a", "--portal", "192.0.2.1", "--lun", "1", "--initiator", "iqn.a", "--username", ""],
        &["--target", "iqn.a", "--portal", "192.0.2.1", "--lun", "1", "--initiator", "iqn.a", "--password-file", "-"],
        &[
            "--target",
            "iqn.a",
            "--portal",
            "192.0.2.1",
            "--lun",
            "1",
            "--initiator",
            "iqn.a",
            "--with-secret",
            "/dev/null",
        ],
        &["--target", "iqn.a", "--portal", "[fe80::1%1]:3260", "--lun", "1", "--initiator", "iqn.a"],
        &["--target", "iqn.a", "--portal", "192.0.2.1"],
    ] {
        let answer = ipxe(arguments);
        assert_eq!((answer.code, answer.out.as_str()), (3, ""), "{arguments:?}: {}", answer.err);
        assert!(!answer.err.is_empty(), "{arguments:?}");
    }
}

/// Whatever a file calls something, it is no other command of the script.
#[test]
fn no_name_becomes_a_command_of_the_script() {
    for name in ["a || shell", "a ; shell", "a #b", "${uuid}", "a\\"] {
        let target = format!("iqn.2013-01.com.example:{name}");
        let arguments =
            ["--target", &target, "--portal", "192.0.2.1", "--lun", "1", "--initiator", &target, "--username", name];
        let answer = ipxe(&arguments);
        assert_eq!(answer.code, 0, "{name:?}: {}", answer.err);
        let commands: Vec<&str> = answer.out.lines().filter_map(|line| line.split(' ').next()).collect();
        assert_eq!(commands, ["#!ipxe", "dhcp", "set", "set", "login", "set", "sanboot"], "{}", answer.out);
        assert!(!answer.out.contains([';', '|', '$', '\\']), "{}", answer.out);
    }
}

const INSTALLER: [&str; 4] = ["--kernel", "http://192.0.2.1/linux", "--initrd", "http://192.0.2.1/initrd.gz?x=1"];

/// What the script has behind the LUN for an installer, and what is noted. iPXE takes all of it.
fn installer(arguments: &[&str]) -> (String, String) {
    let directory = tempfile::tempdir().unwrap();
    let files = credentials(directory.path());
    let mut all: Vec<&str> = files.iter().map(String::as_str).collect();
    all.extend(["--interface", "net0"].into_iter().chain(INSTALLER).chain(arguments.iter().copied()));
    let answer = ipxe(&all);
    assert_eq!(answer.code, 0, "{}", answer.err);
    let script = directory.path().join("boot.ipxe");
    fs::write(&script, &answer.out).unwrap();
    let checked = ipxe(&["--check", script.to_str().unwrap()]);
    assert_eq!((checked.code, checked.err.as_str()), (0, ""), "{}", checked.out);
    let (_, behind) = answer.out.split_once("\nset keep-san 1\n").unwrap();
    (behind.to_owned(), answer.err)
}

#[test]
fn anaconda_is_told_of_the_ibft() {
    let (script, noted) = installer(&[
        "--installer",
        "anaconda",
        "--portal",
        "[2001:db8::1]",
        "--source",
        "http://192.0.2.1/rhel",
        "--answers",
        "http://192.0.2.1/a.ks",
        "--append",
        "console=ttyS0",
        "--append",
        "ip=ens2:dhcp",
    ]);
    assert_eq!(noted, "");
    insta::assert_snapshot!(script, @"
    sanhook iscsi:[2001:db8::1]:::2F:iqn.2013-01.com.example:storage.1
    kernel http://192.0.2.1/linux initrd=initrd rd.iscsi.ibft=1 rd.iscsi.firmware=1 inst.repo=http://192.0.2.1/rhel inst.ks=http://192.0.2.1/a.ks console=ttyS0 ip=ens2:dhcp
    initrd --name initrd http://192.0.2.1/initrd.gz?x=1
    boot
    ");
}

#[test]
fn subiquity_and_debian_are_told_where_their_answers_are_and_who_logs_in_is_said() {
    let (script, noted) = installer(&[
        "--installer",
        "subiquity",
        "--source",
        "http://192.0.2.1/ubuntu.iso",
        "--answers",
        "http://192.0.2.1/seed",
    ]);
    assert!(noted.starts_with("note: this installer does not log in to the LUN by itself"), "{noted}");
    insta::assert_snapshot!(script, @"
    sanhook iscsi:192.0.2.10:::2F:iqn.2013-01.com.example:storage.1
    kernel http://192.0.2.1/linux initrd=initrd ip=dhcp url=http://192.0.2.1/ubuntu.iso cloud-config-url=/dev/null autoinstall ds=nocloud-net;s=http://192.0.2.1/seed/
    initrd --name initrd http://192.0.2.1/initrd.gz?x=1
    boot
    ");
    let (script, noted) = installer(&["--installer", "debian", "--answers", "http://192.0.2.1/preseed"]);
    assert!(noted.ends_with("modprobe iscsi_ibft; iscsistart -N; iscsistart -b\n"), "{noted}");
    insta::assert_snapshot!(script, @"
    sanhook iscsi:192.0.2.10:::2F:iqn.2013-01.com.example:storage.1
    kernel http://192.0.2.1/linux initrd=initrd auto=true priority=critical interface=auto url=http://192.0.2.1/preseed
    initrd --name initrd http://192.0.2.1/initrd.gz?x=1
    boot
    ");
    // Without answers it asks, and is told nothing that would keep it from that.
    let (script, _) = installer(&["--installer", "debian"]);
    assert!(script.contains("\nkernel http://192.0.2.1/linux initrd=initrd\n"), "{script}");
}

#[test]
fn an_installers_script_is_explained_and_its_secret_is_not_shown() {
    let directory = tempfile::tempdir().unwrap();
    let files = credentials(directory.path());
    let script = directory.path().join("boot.ipxe");
    let mut arguments: Vec<&str> = files.iter().map(String::as_str).collect();
    arguments.extend(["--interface", "net0", "--with-secret", script.to_str().unwrap(), "--installer", "anaconda"]);
    arguments.extend(INSTALLER);
    arguments.extend([
        "--source",
        "http://192.0.2.1/rhel",
        "--answers",
        "http://me:canary@192.0.2.1/a.ks",
        "--append",
        "x=y",
    ]);
    let answer = ipxe(&arguments);
    assert_eq!(answer.code, 0, "{}", answer.err);
    assert!(answer.out.contains(" hooks LUN 47 "), "{}", answer.out);
    let answer = ipxe(&["--check", script.to_str().unwrap()]);
    assert_eq!((answer.code, answer.err.as_str()), (0, ""), "{}", answer.out);
    assert!(!answer.out.contains("canary"), "{}", answer.out);
    insta::assert_snapshot!(answer.out);
}

#[test]
fn an_installer_without_its_parts_or_with_those_of_another_is_refused() {
    let lun = ["--target", "iqn.a", "--portal", "192.0.2.1", "--lun", "1", "--initiator", "iqn.a"];
    let kernel = &INSTALLER[..2];
    for (wrong, said) in [
        (&["--installer", "debian"][..], "--kernel"),
        (kernel, "--installer"),
        (&[&["--installer", "debian"], kernel].concat(), "--initrd"),
        (&[&["--installer", "arch"], &INSTALLER[..]].concat(), "possible values: anaconda, subiquity, debian"),
        (&[&["--installer", "anaconda"], &INSTALLER[..]].concat(), "--source"),
        (&[&["--installer", "subiquity"], &INSTALLER[..]].concat(), "--source"),
        (&[&["--installer", "debian", "--source", "http://a"], &INSTALLER[..]].concat(), "--source"),
        (&[&["--installer", "debian", "--boot", "http://a"], &INSTALLER[..]].concat(), "--boot"),
        (&[&["--installer", "debian", "--append", "a b"], &INSTALLER[..]].concat(), "--append"),
        (&[&["--installer", "debian", "--append", "iscsi_password=canary"], &INSTALLER[..]].concat(), "/proc/cmdline"),
        (&["--answers", "http://a"], "--installer"),
    ] {
        let answer = ipxe(&[&lun[..], wrong].concat());
        assert_eq!((answer.code, answer.out.as_str()), (3, ""), "{wrong:?}: {}", answer.err);
        assert!(answer.err.contains(said), "{wrong:?}: {}", answer.err);
    }
    assert_eq!(ipxe(&["--check", "iscsi:a", "--installer", "debian"]).code, 3);
}
