//! Who reads what others wrote gives up what the reading does not need. What a parser that misbehaves could still do is
//! tried in tests/fence.

use crate::support::disk::{Disk, NEEDS};
use crate::support::run::{answer, as_ordinary_user, isctpl};
use crate::support::trace::{trace, trace_within};
use crate::support::tree::Tree;
use crate::support::{has, is_root, skip};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::Path;
use std::process::Command;

const IMAGE: &str = "boot/initrd.img-6.1.0-50-amd64";

fn machine() -> tempfile::TempDir {
    Tree::load("machines/initramfs-tools.tree").unpack()
}

#[test]
fn a_run_writes_nothing_but_its_answer_and_executes_nothing() {
    const TEST: &str = "a_run_writes_nothing_but_its_answer_and_executes_nothing";
    if !has("strace") {
        return skip(TEST, "`strace` is not installed");
    }
    let root = machine();
    let place = root.path().to_str().unwrap();
    let image = root.path().join(IMAGE);
    let answers = tempfile::tempdir().unwrap();
    let snapshot = answers.path().join("snapshot");
    let report = answers.path().join("report");
    let [image, snapshot_name, report_name] = [&image, &snapshot, &report].map(|path| path.to_str().unwrap());
    // With what is read behind the fence; `None` where that is open when the fence is entered.
    let mut runs: Vec<(Vec<&str>, Option<&Path>, Option<&str>)> = vec![
        (vec!["doctor", "--root", place], None, Some(place)),
        (vec!["doctor", "--root", place, "--output", report_name], Some(&report), Some(place)),
        (vec!["show", "services", "--root", place], None, Some(place)),
        (vec!["show", "initramfs", image], None, None),
        (vec!["snapshot", "--root", place, "-o", snapshot_name], Some(&snapshot), Some(place)),
        (vec!["snapshot", "--root", place, "-o", "-"], None, Some(place)),
        (vec!["doctor", "--snapshot", snapshot_name], None, Some(snapshot_name)),
        (vec!["doctor", "--snapshot", snapshot_name, "--output", report_name], Some(&report), Some(snapshot_name)),
        (vec!["doctor", "--snapshot", snapshot_name, "--snapshot", snapshot_name], None, Some(snapshot_name)),
        (vec!["show", "services", "--snapshot", snapshot_name], None, Some(snapshot_name)),
    ];
    let disk = NEEDS.into_iter().all(has).then(|| Disk::of(root.path()));
    let image = disk.as_ref().map(Disk::qcow2);
    match image.as_ref().and_then(|image| image.to_str()) {
        Some(disk) => runs.push((vec!["snapshot", "--disk", disk, "-o", snapshot_name], Some(&snapshot), Some(disk))),
        None => skip(TEST, "what makes disks is not installed"),
    }
    for (arguments, answer, read) in runs {
        let trace = trace(&arguments);
        assert!(trace.code < 3, "{arguments:?} ended with {}", trace.code);
        assert!(!trace.only_reads(answer).is_empty(), "{arguments:?}");
        match read {
            Some(read) => trace.is_fenced_before(read, TEST),
            None => drop(trace.fenced_at(TEST)),
        }
    }
}

/// The line of `-v` on standard error.
fn fence(err: &str) -> &str {
    err.lines().find_map(|line| line.strip_prefix("fence: ")).unwrap_or_else(|| panic!("{err}"))
}

#[test]
fn what_was_given_up_is_told_with_v_alone() {
    let root = machine();
    let place = root.path().to_str().unwrap();
    let image = root.path().join(IMAGE);
    for arguments in [vec!["doctor", "--root", place], vec!["show", "initramfs", image.to_str().unwrap()]] {
        let quiet = isctpl(&arguments);
        assert!(!quiet.err.contains("fence"), "{}", quiet.err);
        let told = isctpl(arguments.into_iter().chain(["-v"]));
        let kept = if is_root() { "CAP_DAC_READ_SEARCH" } else { "none" };
        assert!(fence(&told.err).contains(&format!("capabilities ({kept})")), "{}", told.err);
        assert!(fence(&told.err).contains("limits, seccomp"), "{}", told.err);
        assert_eq!(fence(&told.err).contains("Landlock (ABI "), crate::support::has_landlock(), "{}", told.err);
        assert_eq!(told.code, quiet.code);
    }
    assert!(!isctpl(["checks", "-v"]).err.contains("fence"));
}

/// Without /proc, which names the program that is to read.
#[test]
fn where_no_process_can_be_started_a_thread_is_fenced() {
    const TEST: &str = "where_no_process_can_be_started_a_thread_is_fenced";
    if !is_root() || !has("chroot") {
        return skip(TEST, "it takes root and chroot");
    }
    let top = tempfile::tempdir().unwrap();
    std::fs::create_dir(top.path().join("target")).unwrap();
    crate::support::copy_program(env!("CARGO_BIN_EXE_isctpl"), "/isctpl", top.path());
    let mut command = Command::new("chroot");
    let output =
        command.arg(top.path()).args(["/isctpl", "show", "services", "-v", "--root", "/target"]).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    let told = fence(&err);
    let (holds, lacks) = told.split_once("; not: ").unwrap();
    assert!(holds.contains("seccomp") && holds.contains("capabilities (CAP_DAC_READ_SEARCH)"), "{err}");
    assert!(!holds.contains("limits") && lacks.contains("limits (they would hold for all threads)"), "{err}");
    assert!(lacks.contains("a process of its own (/proc/self/exe: does not exist)"), "{err}");
}

#[test]
fn what_was_given_up_is_told_of_a_run_that_fails() {
    let directory = tempfile::tempdir().unwrap();
    let nonsense = directory.path().join("nonsense");
    std::fs::write(&nonsense, "{}").unwrap();
    let answer = isctpl(["doctor", "-v", "--snapshot", nonsense.to_str().unwrap()]);
    assert_eq!(answer.code, 3, "{}", answer.out);
    assert!(fence(&answer.err).contains("seccomp") && answer.err.contains("isctpl: "), "{}", answer.err);
}

#[test]
fn an_ordinary_user_is_answered_as_root_is() {
    let root = machine();
    // What mkdtemp makes is its owner's alone.
    std::os::unix::fs::chown(root.path(), Some(65534), Some(65534)).unwrap_or_default();
    for entry in ["etc/iscsi", "etc", "boot", IMAGE] {
        let _ = std::os::unix::fs::chown(root.path().join(entry), Some(65534), Some(65534));
    }
    let asked = ["doctor", "-v", "--format", "json", "--root", root.path().to_str().unwrap()];
    let answer = as_ordinary_user(&asked);
    assert!(fence(&answer.err).contains("capabilities (none)"), "{}", answer.err);
    assert!(answer.json()["chain"].as_array().is_some_and(|chain| chain.len() == 9), "{}", answer.out);
    let image = root.path().join(IMAGE);
    assert_eq!(as_ordinary_user(&["show", "initramfs", image.to_str().unwrap()]).code, 0);
}

/// The kernel tells its iBFT to CAP_SYS_ADMIN alone (`iscsi_boot_show_attribute` in
/// `drivers/scsi/iscsi_boot_sysfs.c`). A file stands here for it, which tells everybody: so the order is what counts.
#[test]
fn what_the_kernel_tells_cap_sys_admin_alone_is_read_before_that_is_given_up() {
    const TEST: &str = "what_the_kernel_tells_cap_sys_admin_alone_is_read_before_that_is_given_up";
    const INDEX: &str = "firmware/ibft/target0/index";
    if !is_root() || !["unshare", "strace"].into_iter().all(has) {
        return skip(TEST, "it takes root, unshare and strace");
    }
    let script = format!(
        "mount --make-rprivate / && mount -t tmpfs none /sys/firmware && mkdir -p /sys/firmware/ibft/target0 && \
         echo 0 > /sys/{INDEX} && exec \"$@\""
    );
    let target = tempfile::tempdir().unwrap();
    let of_host = ["--same-machine", "--root", target.path().to_str().unwrap()];
    for arguments in [&[][..], &of_host, &["--sysfs", "/sys"]] {
        let asked = ["show", "ibft", "--format", "json"].iter().chain(arguments);
        let trace = trace_within(&["unshare", "--mount", "sh", "-c", &script, "sh"], asked);
        let answer: serde_json::Value = serde_json::from_str(&trace.out).unwrap();
        let targets = answer["ibft"]["sysfs"]["known"]["targets"].as_array();
        assert!(targets.is_some_and(|all| all.len() == 1), "{arguments:?}: {answer:#}");
        let read = trace.opened_at(INDEX);
        let given_up = *trace.done_at("capset").first().expect("no capability was given up");
        assert!(!read.is_empty() && read.iter().all(|at| *at < given_up), "{arguments:?}: {read:?}, {given_up}");
    }
}

/// A reader without CAP_SYS_PTRACE sees none of the processes that a /proc of this kind hides.
#[test]
fn iscsid_is_found_where_proc_hides_the_processes_of_others() {
    const TEST: &str = "iscsid_is_found_where_proc_hides_the_processes_of_others";
    if !is_root() || !has("unshare") {
        return skip(TEST, "it takes root and unshare");
    }
    let address = SocketAddr::from_abstract_name("ISCSIADM_ABSTRACT_NAMESPACE").unwrap();
    let _listens = UnixListener::bind_addr(&address).unwrap();
    let iscsid = tempfile::tempdir().unwrap();
    std::fs::copy("/bin/sleep", iscsid.path().join("iscsid")).unwrap();
    let script = "mount -o remount,hidepid=2 /proc\n[ -z \"$1\" ] || { \"$1/iscsid\" 60 & }\n\
                  until [ -z \"$1\" ] || grep -qsx iscsid /proc/[0-9]*/comm; do sleep 0.05; done\n\
                  exec \"$0\" show iscsi --format json";
    for (directory, runs) in [(iscsid.path(), true), (Path::new(""), false)] {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc"]);
        command.args(["sh", "-euc", script]).arg(env!("CARGO_BIN_EXE_isctpl")).arg(directory);
        let answer = answer(command).json();
        assert_eq!(answer["iscsi"]["iscsid_running"]["known"], runs, "{answer:#}");
    }
}
