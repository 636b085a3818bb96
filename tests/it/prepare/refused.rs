//! What cannot be changed is told, and nothing of it is left.

use super::bench::{Bench, CUT_IMAGE, LOGS_OUT, SEED_WORDS, assert_as_before};
use crate::support::run::isctpl;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

#[test]
fn without_a_terminal_and_a_yes_nothing_is_changed() {
    let Some(bench) = Bench::new("prepare::no_terminal", &[SEED_WORDS]) else { return };
    let before = bench.seen();
    let answer = bench.prepare(&[]);
    assert_eq!(answer.code, 3, "{}{}", answer.out, answer.err);
    assert!(answer.err.contains("--yes") && answer.out.contains("+++"), "{}{}", answer.out, answer.err);
    bench.assert_as(&before, "");
}

#[test]
fn a_file_that_nobody_may_write_keeps_its_mode() {
    let Some(bench) = Bench::new("prepare::read_only_file", &[SEED_WORDS]) else { return };
    let place = bench.root().join("etc/default/grub");
    fs::set_permissions(&place, fs::Permissions::from_mode(0o400)).unwrap();
    let before = bench.seen();
    assert_eq!(bench.prepare(&["--yes"]).code, 0);
    assert_eq!(fs::metadata(&place).unwrap().permissions().mode() & 0o7777, 0o400);
    assert_eq!(bench.prepare(&["--undo"]).code, 0);
    bench.assert_as(&before, "");
}

#[test]
fn an_immutable_file_stops_it_and_all_is_put_back() {
    let Some(bench) = Bench::new("prepare::immutable", &[SEED_WORDS, LOGS_OUT, CUT_IMAGE]) else { return };
    let place = bench.root().join("boot/grub/grub.cfg");
    let chattr =
        |flag: &str| Command::new("chattr").arg(flag).arg(&place).status().is_ok_and(|status| status.success());
    if !chattr("+i") {
        return crate::support::skip("prepare::immutable", "chattr(1) does not work on this filesystem");
    }
    let before = bench.seen();
    let answer = bench.prepare(&["--yes"]);
    let after = bench.seen();
    assert!(chattr("-i"));
    assert_eq!(answer.code, 1, "{}{}", answer.out, answer.err);
    assert!(answer.err.contains("grub.cfg"), "{}", answer.err);
    assert_as_before(&before, &after, "");
}

#[test]
fn hard_links_are_refused() {
    let Some(bench) = Bench::new("prepare::hard_links", &[SEED_WORDS, LOGS_OUT]) else { return };
    fs::hard_link(bench.root().join("etc/default/grub"), bench.root().join("etc/other")).unwrap();
    let before = bench.seen();
    let answer = bench.prepare(&["--yes"]);
    assert_eq!(answer.code, 3, "{}{}", answer.out, answer.err);
    assert!(answer.err.contains("/etc/default/grub has 2 hard links"), "{}", answer.err);
    bench.assert_as(&before, "");
}

/// A root on a disk of its own, which is full before all is written.
#[test]
fn a_full_disk_stops_it_and_all_is_put_back() {
    let test = "prepare::full_disk";
    let Some(bench) = Bench::new(test, &[SEED_WORDS, LOGS_OUT, CUT_IMAGE]) else { return };
    if !crate::support::has("unshare") {
        return crate::support::skip(test, "unshare(1) is not installed");
    }
    // The image that is built is large; the disk has room for half of it.
    let mut image = fs::read(bench.root().join("usr/share/image")).unwrap();
    image.resize(image.len() + (2 << 20), 0);
    bench.write("usr/share/image", &image);
    const SCRIPT: &str = r#"
        mount -t tmpfs -o size="$3"k full "$1/mnt"
        cp -a "$1/root/." "$1/mnt/"
        find "$1/mnt" -mindepth 1 -printf '%P %m %U %T@ %l\n' | sort > "$1/before"; (cd "$1/mnt"; find . -type f | sort | xargs md5sum) >> "$1/before"
        "$2" prepare --root "$1/mnt" --yes; code=$?
        find "$1/mnt" -mindepth 1 -printf '%P %m %U %T@ %l\n' | sort > "$1/after"; (cd "$1/mnt"; find . -type f | sort | xargs md5sum) >> "$1/after"
        diff "$1/before" "$1/after" && exit "$code"; exit 99
    "#;
    let other = tempfile::tempdir().unwrap();
    fs::create_dir(other.path().join("mnt")).unwrap();
    std::os::unix::fs::symlink(bench.root(), other.path().join("root")).unwrap();
    let used = String::from_utf8(Command::new("du").arg("-sk").arg(bench.root()).output().unwrap().stdout).unwrap();
    let used: u64 = used.split_whitespace().next().unwrap().parse().unwrap();
    // From no room at all to nearly enough.
    for room in [0, 20, 200, 1200, 2300] {
        let run = Command::new("unshare")
            .args(["--mount", "--propagation", "private", "sh", "-c", SCRIPT, "sh"])
            .arg(other.path())
            .arg(env!("CARGO_BIN_EXE_isctpl"))
            .arg((used + 64 + room).to_string())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
        assert!(matches!(run.status.code(), Some(1 | 3)), "{room} KiB: {:?} {said}", run.status);
    }
}

#[test]
fn a_link_in_place_of_a_file_is_followed_inside_the_root() {
    let Some(bench) = Bench::new("prepare::link", &[SEED_WORDS]) else { return };
    let place = bench.root().join("etc/default/grub");
    fs::rename(&place, bench.root().join("etc/own-grub")).unwrap();
    std::os::unix::fs::symlink("/etc/own-grub", &place).unwrap();
    let before = bench.seen();
    assert_eq!(bench.prepare(&["--yes"]).code, 0);
    assert!(place.is_symlink());
    assert!(!fs::read_to_string(bench.root().join("etc/own-grub")).unwrap().contains("ip=ibft"));
    assert_eq!(bench.prepare(&["--undo"]).code, 0);
    bench.assert_as(&before, "");
}

/// What lies below /var/lib/isctpl of a root that somebody else has made may be anything.
#[test]
fn a_journal_behind_links_is_refused() {
    let Some(bench) = Bench::new("prepare::hostile_journal", &[SEED_WORDS]) else { return };
    let outside = tempfile::tempdir().unwrap();
    let place = bench.root().join("var/lib/isctpl");
    std::os::unix::fs::symlink(outside.path(), &place).unwrap();
    for args in [&["--yes"][..], &["--undo"], &["--dry-run"]] {
        let answer = bench.prepare(args);
        assert_ne!(answer.code, 2, "{}{}", answer.out, answer.err);
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    }
    fs::remove_file(&place).unwrap();
    fs::create_dir_all(place.join("prepare")).unwrap();
    std::os::unix::fs::symlink(outside.path(), place.join("prepare/1")).unwrap();
    for args in [&["--yes"][..], &["--undo"]] {
        let answer = bench.prepare(args);
        assert_eq!(answer.code, 3, "{}{}", answer.out, answer.err);
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    }
}

/// A journal on the disk of somebody else, which names a file of this machine in characters that stand for bytes.
#[test]
fn a_journal_reaches_nothing_outside_the_root() {
    let Some(bench) = Bench::new("prepare::hostile_paths", &[SEED_WORDS]) else { return };
    let outside = tempfile::tempdir().unwrap();
    let victim = outside.path().join("victim");
    fs::write(&victim, "whole").unwrap();
    let coded = |separator: &str| victim.to_str().unwrap().replace('/', separator);
    for path in
        [coded("\u{10ff2f}"), format!("/{}", coded("\u{10ff2f}")), format!("/../../..{}", coded("/")), "/..".to_owned()]
    {
        let run = bench.root().join("var/lib/isctpl/prepare/1");
        fs::create_dir_all(run.join("kept")).unwrap();
        let change = serde_json::json!({
            "replaced": { "path": path, "before": "absent", "directory": [0, 0], "on_root": true, "stamp": 0 }
        });
        let lines = [
            serde_json::json!({"event": "begin", "version": 3, "procedure": "prepare", "boot": "", "request": {"made": []}}),
            serde_json::json!({"event": "intend", "id": 1, "step": "files", "change": change}),
        ];
        fs::write(run.join("journal"), lines.map(|line| format!("{line}\n")).concat()).unwrap();
        for args in [&["--undo"][..], &["--yes"]] {
            let answer = bench.prepare(args);
            assert_eq!(fs::read_to_string(&victim).unwrap(), "whole", "{path:?}: {}{}", answer.out, answer.err);
        }
        let _ = fs::remove_dir_all(bench.root().join("var/lib/isctpl"));
    }
}

/// /boot was mounted when prepare changed it, and is not when that is undone.
#[test]
fn what_is_not_mounted_is_not_undone() {
    let test = "prepare::not_mounted";
    let Some(bench) = Bench::new(test, &[SEED_WORDS]) else { return };
    if !crate::support::has("unshare") {
        return crate::support::skip(test, "unshare(1) is not installed");
    }
    const SCRIPT: &str = r#"
        mount -t tmpfs boot "$3"
        cp -a "$1/boot/." "$3/"
        mount --bind "$3" "$1/boot"
        "$2" prepare --root "$1" --yes || exit 10
        cp "$3/grub/grub.cfg" "$3/prepared"
        umount "$1/boot"
        "$2" prepare --root "$1" --undo --yes; [ $? = 3 ] || exit 11
        cmp "$3/grub/grub.cfg" "$3/prepared" || exit 12
        rm "$3/prepared"
        mount --bind "$3" "$1/boot"
        "$2" prepare --root "$1" --undo || exit 13
        cmp "$3/grub/grub.cfg" "$4" || exit 14
    "#;
    let other = tempfile::tempdir().unwrap();
    let before = other.path().join("grub.cfg");
    fs::copy(bench.root().join("boot/grub/grub.cfg"), &before).unwrap();
    let place = other.path().join("boot");
    fs::create_dir(&place).unwrap();
    let run = Command::new("unshare")
        .args(["--mount", "--propagation", "private", "sh", "-c", SCRIPT, "sh"])
        .arg(bench.root())
        .arg(env!("CARGO_BIN_EXE_isctpl"))
        .arg(&place)
        .arg(&before)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{:?} {said}", run.status);
    assert!(said.contains("mount below the root what was mounted then"), "{said}");
}

#[test]
fn wrong_usage_is_refused() {
    for args in [
        &["prepare", "--dry-run", "--yes"][..],
        &["prepare", "--only", "no-such-check"],
        &["prepare", "--undo", "--only", "login"],
        &["prepare", "--san-gateway", "100.64.16.49"],
        &["prepare", "--dhcp-timeout", "0"],
        // The check would find it too long again.
        &["prepare", "--dhcp-timeout", "31"],
        &["prepare", "--root", "/does/not/exist", "--dry-run"],
    ] {
        assert_eq!(isctpl(args).code, 3, "{args:?}");
    }
}
