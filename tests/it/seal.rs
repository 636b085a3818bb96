//! `isctpl seal` over roots that a machine has lived in: what goes, what stays, and what nothing may touch.

mod lived_in;

use crate::support::run::{Answer, command, doctor, isctpl};
use crate::support::{has, is_root, skip};
use lived_in::{changes, contents, lived_in};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output, Stdio};

const CANARY: &str = "CANARY-SECRET";

fn seal(root: &Path, arguments: &[&str]) -> Answer {
    isctpl(
        [OsStr::new("seal"), OsStr::new("--root"), root.as_os_str()]
            .into_iter()
            .chain(arguments.iter().map(OsStr::new)),
    )
}

/// The template's findings that something is left.
fn left(root: &Path) -> Vec<String> {
    let report = doctor(root, &["--only", "template", "--format", "json"]).json();
    let checks = report["findings"].as_array().unwrap().iter().map(|it| it["check"].as_str().unwrap().to_owned());
    checks.filter(|check| check.ends_with("-left")).collect()
}

/// Runs a script in a mount namespace of its own, with `$ISCTPL` and `$ROOT`; `None`, said loudly, where that takes root.
fn alone(test: &str, root: &Path, script: &str) -> Option<Output> {
    if !is_root() || !["unshare", "mount"].into_iter().all(has) {
        skip(test, "it takes root, unshare and mount");
        return None;
    }
    let output = Command::new("unshare")
        .args(["--mount", "--propagation", "private", "sh", "-ec", script])
        .env("ROOT", root)
        .env("ISCTPL", env!("CARGO_BIN_EXE_isctpl"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Some(output)
}

#[test]
fn a_sealed_root_carries_nothing_and_still_boots() {
    let root = lived_in("");
    let before = contents(root.path());
    assert_eq!(left(root.path()).len(), 8, "{:?}", left(root.path()));
    let fixes = doctor(root.path(), &["--only", "template"]).out.replace(root.path().to_str().unwrap(), "ROOT");
    assert_eq!(fixes.matches("  fixed by  isctpl seal --root ROOT").count(), 8, "{fixes}");
    assert!(fixes.contains("isctpl seal --root ROOT --host-keys"), "{fixes}");
    let answer = seal(root.path(), &["--yes", "--host-keys"]);
    assert_eq!((answer.code, answer.err.as_str()), (0, ""), "{}", answer.out);
    assert!(!answer.out.contains(CANARY), "{}", answer.out);
    assert!(answer.out.lines().all(|line| line.chars().count() <= 80 || line.contains("https://")), "{}", answer.out);
    let after = contents(root.path());
    insta::assert_snapshot!("what_goes_and_what_stays", changes(&before, &after));
    assert_eq!(left(root.path()), Vec::<String>::new());
    assert!(!after.values().any(|content| content.contains(CANARY)));
    assert_eq!(crate::support::run::verdict(root.path(), &[]), "boots");
    let again = seal(root.path(), &["--yes", "--host-keys"]);
    assert!(again.code == 0 && again.out.replace("\n  ", " ").contains("nothing was left to clear"), "{}", again.out);
    assert_eq!(contents(root.path()), after);
}

/// An image keeps its copy of a password: that is no template yet, and the list says so before anything goes.
#[test]
fn a_password_in_an_image_is_left_until_the_image_is_built_anew() {
    let root = lived_in("i 0600 /boot/initrd.img-5.9-old gzip images/with-password.tree\n");
    let image = root.path().join("boot/initrd.img-5.9-old");
    let told = "/boot/initrd.img-5.9-old: holds a CHAP password";
    let dry = seal(root.path(), &["--dry-run"]);
    assert!(dry.code == 0 && dry.out.contains(&format!("problem: {told}")), "{}", dry.out);
    let answer = seal(root.path(), &["--yes"]);
    assert_eq!(answer.code, 2, "{}", answer.out);
    let err = answer.err.replace("\n    ", " ");
    assert!(err.contains(told) && err.contains("update-initramfs -u -k 5.9-old"), "{err}");
    assert!(!answer.out.contains("SEALED"), "{}", answer.out);
    assert!(image.exists());
    fs::remove_file(image).unwrap();
    let again = seal(root.path(), &["--yes"]);
    assert_eq!((again.code, again.err.as_str()), (0, ""), "{}", again.out);
}

#[test]
fn the_list_comes_first_and_the_command_of_the_template_last() {
    let root = lived_in(
        "f 0644 /etc/os-release\n| ID=ubuntu\n| NAME=Ubuntu\n| VERSION_ID=\"20.04\"\n| VERSION=\"20.04.1 LTS\"\n| PRETTY_NAME=\"Ubuntu 20.04.1 LTS\"\nf 0755 /usr/bin/cloud-init\n| x\n",
    );
    let answer = seal(root.path(), &["--yes", "--volume-id", "75618"]);
    assert_eq!((answer.code, answer.err.as_str()), (0, ""));
    insta::assert_snapshot!("the_list_and_what_comes_next", answer.out.replace(root.path().to_str().unwrap(), "ROOT"));
    // The document leaves the keys.
    assert!(root.path().join("etc/ssh/ssh_host_rsa_key").exists());
    let answer = seal(root.path(), &["--yes", "--cli", "v7"]);
    let json = answer.out.split("<<'EOF'\n").nth(1).unwrap().split("\nEOF\n").next().unwrap();
    let template: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(template["template"]["os"]["version"], "20.04");
}

#[test]
fn nothing_is_touched_before_somebody_says_yes() {
    let root = lived_in("");
    let before = contents(root.path());
    let dry = seal(root.path(), &["--dry-run"]);
    assert!(dry.code == 0 && dry.out.ends_with("Nothing was changed.\n"), "{}", dry.out);
    let mut unasked = command([OsStr::new("seal"), OsStr::new("--root"), root.path().as_os_str()]);
    unasked.stdin(Stdio::null());
    let unasked = crate::support::run::answer(unasked);
    assert_eq!(unasked.code, 3);
    assert!(unasked.err.contains("no terminal"), "{}", unasked.err);
    assert_eq!(contents(root.path()), before);
}

/// A person at a terminal, which script(1) makes.
#[test]
fn a_terminal_is_asked_and_only_yes_is_yes() {
    const TEST: &str = "a_terminal_is_asked_and_only_yes_is_yes";
    if !has("script") {
        return skip(TEST, "`script` is not installed");
    }
    for (answer, code) in [("y", 3), ("", 3), ("yes", 0)] {
        let root = lived_in("");
        let before = contents(root.path());
        let line = format!("{} seal --root {}", env!("CARGO_BIN_EXE_isctpl"), root.path().display());
        let script = format!("printf '{answer}\\n' | script -qec '{line}' /dev/null");
        let output = Command::new("sh").args(["-c", &script]).stdin(Stdio::null()).output().unwrap();
        let out = String::from_utf8_lossy(&output.stdout);
        assert!(out.contains("Type yes to clear all of this in "), "{out}");
        assert_eq!(output.status.code(), Some(code), "{answer:?}: {out}");
        assert_eq!(contents(root.path()) == before, code == 3);
    }
}

#[test]
fn no_link_leads_out_of_the_root_or_to_another_place_in_it() {
    let root = lived_in("- /var/tmp/c\n");
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("wtmp"), "kept").unwrap();
    let etc = fs::read(root.path().join("etc/passwd")).unwrap();
    let _ = fs::remove_dir(root.path().join("var/tmp"));
    symlink("/etc", root.path().join("var/tmp")).unwrap();
    symlink("/etc", root.path().join("tmp/x")).unwrap();
    symlink(outside.path(), root.path().join("tmp/y")).unwrap();
    fs::rename(root.path().join("var/log"), root.path().join("var/old")).unwrap();
    let up = format!("{}{}", "/..".repeat(12), outside.path().display());
    symlink(&up, root.path().join("var/log")).unwrap();
    symlink("passwd", root.path().join("etc/.bash_history")).unwrap();
    let answer = seal(root.path(), &["--yes"]);
    assert_eq!(answer.code, 2, "{}", answer.err);
    assert!(answer.err.contains("/var/tmp: leads through a symbolic link to /etc"), "{}", answer.err);
    assert_eq!(fs::read(outside.path().join("wtmp")).unwrap(), b"kept");
    assert_eq!(fs::read(root.path().join("etc/passwd")).unwrap(), etc);
    assert!(!root.path().join("tmp/x").is_symlink() && !root.path().join("tmp/y").is_symlink());
    // The rest was cleared all the same.
    assert!(!root.path().join("var/crash/core").exists());
}

#[test]
fn a_file_of_several_names_is_left_to_a_person() {
    let root = lived_in("- /root/.bash_history\n");
    fs::hard_link(root.path().join("etc/passwd"), root.path().join("home/a/.bash_history")).unwrap();
    let answer = seal(root.path(), &["--yes"]);
    assert_eq!(answer.code, 2, "{}", answer.out);
    assert!(answer.err.contains("/home/a/.bash_history: has other names (hard links)"), "{}", answer.err);
    assert!(fs::read_to_string(root.path().join("etc/passwd")).unwrap().starts_with("root:x:0:0"));
}

#[test]
fn no_mount_point_is_crossed() {
    let root = lived_in("d 0755 /tmp/host\nd 0755 /var/crash\n");
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("kept"), "kept").unwrap();
    let script = format!(
        "mount --bind '{0}' \"$ROOT/tmp/host\"\nmount --bind '{0}' \"$ROOT/var/crash\"\n\
         mount -t tmpfs tmpfs \"$ROOT/var/tmp\"\ntouch \"$ROOT/var/tmp/memory\"\n\
         \"$ISCTPL\" seal --root \"$ROOT\" --yes || code=$?\ntest -e \"$ROOT/var/tmp/memory\"\nexit $code",
        outside.path().display()
    );
    let Some(output) = alone("no_mount_point_is_crossed", root.path(), &script) else { return };
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{err}");
    assert!(err.contains("/tmp/host: something is mounted there"), "{err}");
    assert!(err.contains("/var/crash: is on a filesystem that is mounted outside of the root as well"), "{err}");
    assert_eq!(fs::read(outside.path().join("kept")).unwrap(), b"kept");
    assert!(!root.path().join("tmp/a").exists(), "the rest is cleared");
}

#[test]
fn a_filesystem_of_the_roots_own_is_cleared() {
    const TEST: &str = "a_filesystem_of_the_roots_own_is_cleared";
    if !has("mkfs.ext4") {
        return skip(TEST, "`mkfs.ext4` is not installed");
    }
    let root = lived_in("");
    let image = tempfile::NamedTempFile::new().unwrap();
    image.as_file().set_len(16 << 20).unwrap();
    let made = Command::new("mkfs.ext4").arg("-qF").arg(image.path()).output().unwrap();
    assert!(made.status.success());
    let script = format!(
        "mount -o loop '{}' \"$ROOT/var/tmp\"\necho x > \"$ROOT/var/tmp/file\"\n\
         \"$ISCTPL\" seal --root \"$ROOT\" --yes\nls -A \"$ROOT/var/tmp\" > \"$ROOT/listed\"\numount \"$ROOT/var/tmp\"",
        image.path().display()
    );
    let Some(output) = alone(TEST, root.path(), &script) else { return };
    let err = String::from_utf8_lossy(&output.stderr);
    if err.contains("loop") {
        return crate::support::kernel_cannot(TEST, &err);
    }
    assert_eq!(output.status.code(), Some(0), "{err}");
    assert_eq!(fs::read_to_string(root.path().join("listed")).unwrap(), "lost+found\n");
}

#[test]
fn what_the_kernel_keeps_is_told_and_the_rest_goes() {
    let root = lived_in("");
    let kept = root.path().join("tmp/a/b");
    let chattr = |flag: &str| Command::new("chattr").arg(flag).arg(&kept).output().is_ok_and(|it| it.status.success());
    if !chattr("+i") {
        return crate::support::kernel_cannot("what_the_kernel_keeps_is_told_and_the_rest_goes", "chattr +i");
    }
    let answer = seal(root.path(), &["--yes"]);
    chattr("-i");
    assert_eq!(answer.code, 2, "{}", answer.err);
    assert!(answer.err.contains("/tmp/a/b: the kernel does not permit it: it may be immutable"), "{}", answer.err);
    assert!(kept.exists() && !root.path().join("var/crash/core").exists());
    assert_eq!(seal(root.path(), &["--yes"]).code, 0);
    assert!(!kept.exists());
}

#[test]
fn what_must_not_be_sealed_is_refused() {
    let bare = tempfile::tempdir().unwrap();
    let answer = seal(bare.path(), &["--yes"]);
    assert!(answer.code == 3 && answer.err.contains("is not the root of a system"), "{}", answer.err);
    // Were it not refused, a dry run would do no harm.
    let own = isctpl(["seal", "--dry-run"]);
    assert!(own.code == 3 && own.err.contains("/ is the root of the running system"), "{}", own.err);
    let root = lived_in("");
    let before = contents(root.path());
    let script = "mount -o bind,ro / \"$ROOT/tmp\"\n\"$ISCTPL\" seal --root \"$ROOT/tmp\" --dry-run";
    let Some(output) = alone("what_must_not_be_sealed_is_refused", root.path(), script) else { return };
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(3) && err.contains("is the root of the running system"), "{err}");
    let script =
        "mount --bind \"$ROOT\" \"$ROOT\"\nmount -o remount,bind,ro \"$ROOT\"\n\"$ISCTPL\" seal --root \"$ROOT\" --yes";
    let output = alone("", root.path(), script).unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(3) && err.contains("is mounted read-only"), "{err}");
    let script = "mount -t tmpfs tmpfs /run\nmkdir -p /run/isctpl/rescue\nboot=$(cat /proc/sys/kernel/random/boot_id)\n\
                  printf '{\"event\":\"begin\",\"version\":3,\"procedure\":\"rescue\",\"boot\":\"%s\",\"request\":null}\\n\
                  {\"event\":\"intend\",\"id\":1,\"step\":\"login\",\"change\":null}\\n' \"$boot\" > /run/isctpl/rescue/journal\n\
                  \"$ISCTPL\" seal --root \"$ROOT\" --yes";
    let output = alone("", root.path(), script).unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(3) && err.contains("a rescue was interrupted half way"), "{err}");
    assert_eq!(contents(root.path()), before);
}

#[test]
fn a_prepare_that_was_interrupted_is_not_sealed_over() {
    let begun = "{\"event\":\"begin\",\"version\":3,\"procedure\":\"prepare\",\"boot\":\"b\",\"request\":null}\n\
                 {\"event\":\"intend\",\"id\":1,\"step\":\"files\",\"change\":null}\n";
    for at in ["var/lib/isctpl/prepare/1/journal", "var/lib/isctpl/prepare/12/journal"] {
        let root = lived_in("");
        let journal = root.path().join(at);
        fs::create_dir_all(journal.parent().unwrap()).unwrap();
        fs::write(&journal, begun).unwrap();
        let before = contents(root.path());
        let answer = seal(root.path(), &["--yes"]);
        assert!(answer.code == 3 && answer.err.contains("isctpl prepare was interrupted"), "{}", answer.err);
        assert_eq!(changes(&before, &contents(root.path())), "+ var/lib/isctpl/prepare/lock\n");
        fs::write(&journal, format!("{begun}{{\"event\":\"done\",\"id\":1}}\n{{\"event\":\"complete\"}}\n")).unwrap();
        let answer = seal(root.path(), &["--yes"]);
        assert_eq!(answer.code, 0, "{}", answer.err);
        assert!(!root.path().join("var/lib/isctpl").exists());
    }
}

/// The running system itself, in a root of its own.
#[test]
fn this_machine_is_sealed_where_that_is_said() {
    let root = lived_in("d 0755 /proc\nf 0600 /tmp/systemd-private-1/x\n| x\n");
    fs::copy(env!("CARGO_BIN_EXE_isctpl"), root.path().join("isctpl")).unwrap();
    let script = "mount --bind \"$ROOT\" \"$ROOT\"\nmount -t proc proc \"$ROOT/proc\"\n\
                  chroot \"$ROOT\" /isctpl seal --yes && exit 1\nchroot \"$ROOT\" /isctpl seal --yes --yes-this-machine";
    let Some(output) = alone("this_machine_is_sealed_where_that_is_said", root.path(), script) else { return };
    let err = String::from_utf8_lossy(&output.stderr);
    let out = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{err}\n{out}");
    assert!(out.contains("Do not type poweroff"), "{out}");
    assert!(root.path().join("tmp/systemd-private-1/x").exists() && !root.path().join("tmp/a").exists());
}

/// Ends at every call that changes something, and once more to its end.
#[test]
fn a_seal_that_was_killed_is_finished_by_the_next_one() {
    const TEST: &str = "a_seal_that_was_killed_is_finished_by_the_next_one";
    if !has("strace") {
        return skip(TEST, "`strace` is not installed");
    }
    let whole = lived_in("");
    assert_eq!(seal(whole.path(), &["--yes"]).code, 0);
    let wanted = contents(whole.path());
    let mut killed = 0;
    for (call, step) in [("ftruncate", 1), ("renameat", 1), ("fsync", 1), ("write", 3), ("unlinkat", 5), ("fchown", 1)]
    {
        for when in (1..200).step_by(step) {
            let root = lived_in("");
            let status = Command::new("strace")
                .args(["-f", "-qq", "-o", "/dev/null", "-e"])
                .arg(format!("inject={call}:signal=KILL:when={when}"))
                .arg(env!("CARGO_BIN_EXE_isctpl"))
                .args(["seal", "--yes", "--root"])
                .arg(root.path())
                .stdout(Stdio::null())
                .status()
                .unwrap();
            let is_whole = status.success();
            killed += usize::from(!is_whole);
            assert_eq!(seal(root.path(), &["--yes"]).code, 0, "{call} {when}");
            assert_eq!(changes(&wanted, &contents(root.path())), "", "{call} {when}");
            if is_whole {
                break;
            }
        }
    }
    assert!(killed > 20, "{killed}");
}

#[test]
fn a_mode_of_a_file_that_stays_is_what_it_was() {
    let root = lived_in("");
    let mode = |path: &str| fs::metadata(root.path().join(path)).unwrap().permissions().mode() & 0o7777;
    let before = ["var/log/wtmp", "etc/machine-id", "etc/iscsi/iscsid.conf", "tmp"].map(mode);
    assert_eq!(seal(root.path(), &["--yes"]).code, 0);
    assert_eq!(["var/log/wtmp", "etc/machine-id", "etc/iscsi/iscsid.conf", "tmp"].map(mode), before);
}
