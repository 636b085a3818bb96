//! With `--root`, nothing outside that directory is read and nothing at all is written.

use crate::support::run::{doctor, isctpl, verdict};
use crate::support::trace::trace;
use crate::support::tree::Tree;
use std::ffi::OsStr;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

fn machine(changes: &str) -> tempfile::TempDir {
    Tree::load("machines/initramfs-tools.tree").add(changes, "changes").unpack()
}

#[test]
fn nothing_outside_the_root_is_read_and_nothing_is_written() {
    const TEST: &str = "nothing_outside_the_root_is_read_and_nothing_is_written";
    if !crate::support::has("strace") {
        return crate::support::skip(TEST, "`strace` is not installed");
    }
    let root = machine("");
    let before = listing(root.path());
    let name = root.path().to_str().unwrap().to_owned();
    let mut seen_inside = 0;
    let trace = trace([OsStr::new("doctor"), OsStr::new("--root"), root.path().as_os_str()]);
    assert_eq!(trace.code, 0, "{}", trace.out);
    trace.only_reads(None);
    trace.is_fenced_before(&name, TEST);
    for call in &trace.calls {
        let rest = &call.rest;
        // Paths of openat2 are relative to the root's descriptor, and the kernel keeps them inside.
        if call.name == "openat2" {
            let inside = rest.contains("RESOLVE_IN_ROOT") && rest.contains(&format!("<{name}>"));
            assert!(inside || rest.contains(&format!("\"{name}\"")), "outside: {rest}");
            seen_inside += usize::from(inside);
        } else if call.name != "execve" && rest.contains('"') && !rest.starts_with("1<") && !rest.contains("<pipe:") {
            // The C library and the runtime look at their own process, never at this host's state.
            let path = rest.split('"').nth(1).unwrap_or_default();
            let above = Path::new(&name).starts_with(if path.is_empty() { "/nowhere" } else { path });
            let descriptor = rest.contains(&format!("<{name}"));
            let inside = trace.is_own(call) || above || path.starts_with(&name) || descriptor || path.is_empty();
            assert!(inside, "outside: {}({rest}", call.name);
        }
    }
    assert!(seen_inside > 50, "the trace shows only {seen_inside} reads: does strace know openat2?");
    assert_eq!(before, listing(root.path()), "the tree changed");
}

/// Paths with their change times: reading must leave both as they were.
fn listing(root: &Path) -> String {
    let output = Command::new("find").arg(root).args(["-printf", "%p %y %s %T@ %C@\n"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn symbolic_links_that_leave_the_root_stay_inside() {
    let root = machine("");
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("fstab"), "/dev/sda1 / ext4 defaults 0 1\n").unwrap();
    let etc = root.path().join("etc");
    // Absolute: it names a place inside the root, where there is a good file.
    std::fs::rename(etc.join("fstab"), root.path().join("run/fstab")).unwrap();
    symlink("/run/fstab", etc.join("fstab")).unwrap();
    assert_eq!(verdict(root.path(), &[]), "boots", "{}", doctor(root.path(), &["-v"]).out);
    // Relative, with more steps up than there are: the root's own parent is the root.
    std::fs::remove_file(etc.join("fstab")).unwrap();
    symlink("../../../../../../../../run/fstab", etc.join("fstab")).unwrap();
    assert_eq!(verdict(root.path(), &[]), "boots");
    // Outside, where there is a file that says something else: it is not there.
    std::fs::remove_file(etc.join("fstab")).unwrap();
    symlink(outside.path().join("fstab"), etc.join("fstab")).unwrap();
    let facts = isctpl(["show", "storage", "--format", "json", "--root", root.path().to_str().unwrap()]);
    assert!(!facts.out.contains("/dev/sda1"), "{}", facts.out);
    assert_eq!(facts.json()["storage"]["fstab"].as_array().map(Vec::len), Some(0), "{}", facts.out);
}

#[test]
fn what_is_no_file_is_unknown_at_once() {
    let mut silent = Vec::new();
    for path in [
        "/etc/fstab",
        "/etc/default/grub",
        "/boot/grub/grub.cfg",
        "/boot/initrd.img-6.1.0-50-amd64",
        "/etc/iscsi/initiatorname.iscsi",
        "/etc/iscsi/iscsid.conf",
        "/etc/network/interfaces",
        "/etc/lvm/lvm.conf",
        "/usr/lib/modules/6.1.0-50-amd64/modules.dep",
    ] {
        for (kind, change) in
            [("FIFO", format!("- {path}\np 0644 {path}\n")), ("directory", format!("- {path}\nd 0755 {path}\n"))]
        {
            let root = machine(&change);
            let start = Instant::now();
            let report = doctor(root.path(), &["--format", "json"]).json();
            assert!(start.elapsed() < Duration::from_secs(20), "{path} as a {kind} took {:?}", start.elapsed());
            let told = report["findings"].as_array().unwrap().iter().any(|finding| {
                // `/lib` is a link to `usr/lib`, and the kernel's own name for the directory.
                let path = path.trim_start_matches("/usr");
                finding["summary"].as_str().unwrap().contains(path) || finding["evidence"].to_string().contains(path)
            });
            if !told {
                silent.push(format!("{path} as a {kind}"));
            }
        }
    }
    assert!(silent.is_empty(), "no finding names: {silent:#?}");
}

#[test]
fn a_device_in_place_of_a_file_is_not_read() {
    if !crate::support::is_root() {
        return crate::support::skip("a_device_in_place_of_a_file_is_not_read", "making a device needs root");
    }
    let root = machine("- /etc/fstab\n");
    let zero = nix::sys::stat::makedev(1, 5);
    let path = root.path().join("etc/fstab");
    nix::sys::stat::mknod(&path, nix::sys::stat::SFlag::S_IFCHR, nix::sys::stat::Mode::from_bits_truncate(0o644), zero)
        .unwrap();
    let answer = doctor(root.path(), &["-v"]);
    assert!(answer.out.contains("/etc/fstab") && answer.out.contains("device"), "{}", answer.out);
}

/// What a shell line prints in a mount namespace of its own, with a `/proc` mounted below the root; `$1` is the
/// root, `$2` isctpl.
fn below_a_mounted_proc(root: &Path, script: &str) -> String {
    let script = format!("mount --make-rprivate / && mount -t proc proc \"$1/proc\" && {{ {script}; }}");
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", &script, "sh"])
        .arg(root)
        .arg(env!("CARGO_BIN_EXE_isctpl"))
        .env("OPERATORS_SECRET", "geheim")
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!out.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    out
}

#[test]
fn what_a_proc_mounted_below_the_root_says_is_nothing_of_the_root() {
    const TEST: &str = "what_a_proc_mounted_below_the_root_says_is_nothing_of_the_root";
    if !crate::support::is_root() || !["unshare", "strace"].into_iter().all(crate::support::has) {
        return crate::support::skip(TEST, "it takes root, unshare and strace");
    }
    let root = machine(
        "- /etc/hostname\nl /etc/hostname /proc/self/environ\n- /etc/os-release\nl /etc/os-release /proc/kmsg\n\
         - /etc/network/interfaces\nf 0644 /etc/network/interfaces\n| auto lo\n| iface lo inet loopback\n\
         | source /proc/self/environ\n| source-directory /etc/network/interfaces.d\n\
         l /etc/network/interfaces.d /proc/self/net\n",
    );
    let trace = tempfile::NamedTempFile::new().unwrap();
    let script = format!(
        "strace -f -qq -y -e trace=openat,openat2,read -o '{}' \"$2\" doctor --format json --root \"$1\"",
        trace.path().display()
    );
    let out = below_a_mounted_proc(root.path(), &script);
    assert!(!out.contains("geheim"), "{out}");
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["verdict"]["boot"], "unknown", "{out}");
    for place in ["/etc/hostname", "/etc/os-release", "/proc/self/environ", "/etc/network/interfaces.d"] {
        let told = report["problems"].as_array().unwrap().iter().any(|problem| problem["place"] == place);
        assert!(told, "{place} is not told:\n{out}");
    }
    assert!(!below_a_mounted_proc(root.path(), "\"$2\" doctor -v --root \"$1\"").contains("geheim"));
    let proc = format!("<{}/proc", root.path().display());
    for line in std::fs::read_to_string(trace.path()).unwrap().lines() {
        let reads = line.contains(" read(") || (line.contains("O_RDONLY") && !line.contains("O_PATH"));
        assert!(!reads || !line.contains(&proc), "opened for reading: {line}");
    }
}

#[test]
fn a_kernel_or_a_list_of_modules_on_proc_is_neither_there_nor_absent() {
    const TEST: &str = "a_kernel_or_a_list_of_modules_on_proc_is_neither_there_nor_absent";
    if !crate::support::is_root() || !crate::support::has("unshare") {
        return crate::support::skip(TEST, "it takes root and unshare");
    }
    for (path, target) in [
        ("/boot/vmlinuz-6.1.0-50-amd64", "/proc/version"),
        ("/boot/initrd.img-6.1.0-50-amd64", "/proc/version"),
        ("/usr/lib/modules/6.1.0-50-amd64/modules.dep", "/proc/version"),
        ("/etc/fstab", "/proc/mounts"),
        ("/etc/iscsi", "/proc/sys"),
    ] {
        let root = machine(&format!("- {path}\nl {path} {target}\n"));
        let out = below_a_mounted_proc(root.path(), "\"$2\" doctor --format json --root \"$1\"");
        let report: serde_json::Value = serde_json::from_str(&out).unwrap();
        // Without its settings the login of this machine is decided by the image alone.
        let boot = if path == "/etc/iscsi" { "boots" } else { "unknown" };
        assert_eq!(report["verdict"]["boot"], boot, "{path}: {out}");
        assert!(!out.contains("\"does not exist\""), "{path} is called absent: {out}");
        assert!(out.contains("is on proc, not on a filesystem of the root"), "{path}: {out}");
    }
}
