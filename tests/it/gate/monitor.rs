//! One line on every outcome, and an answer in time.

use super::*;

/// The lines of a plugin's output, held against the guidelines: one state, one bar.
pub(crate) fn plugin(args: &[&str], code: i32) -> Vec<String> {
    let answer = isctpl([args, &["--format", "nagios"]].concat());
    assert_eq!(answer.code, code, "{args:?}: {}{}", answer.out, answer.err);
    let lines: Vec<String> = answer.out.lines().map(str::to_owned).collect();
    let state = ["OK", "WARNING", "CRITICAL", "UNKNOWN"][usize::try_from(code).unwrap()];
    let first = lines.first().unwrap_or_else(|| panic!("{args:?} left standard output empty: {}", answer.err));
    let (reason, values) = first.split_once(" | ").unwrap_or_else(|| panic!("no performance data: {first}"));
    assert!(reason.starts_with(&format!("ISCTPL {state} - ")), "{first}");
    for value in values.split(' ') {
        let (label, value) = value.split_once('=').unwrap();
        assert!(label.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{first}");
        let number = value.split(';').next().unwrap();
        assert!(number == "U" || number.parse::<u64>().is_ok(), "{first}");
    }
    assert!(lines[1..].iter().all(|line| !line.contains('|')), "{lines:#?}");
    lines
}

#[test]
fn a_monitor_gets_one_line_with_the_reason_on_every_outcome() {
    let broken = machine("- /boot/vmlinuz-6.1.0-50-amd64\n");
    let warned = machine("- /usr/lib/modules/6.1.0-50-amd64\n");
    let sound = machine("");
    let empty = tempfile::tempdir().unwrap();
    let damaged = empty.path().join("damaged");
    fs::write(&damaged, b"\x28\xb5\x2f\xfd and then nothing").unwrap();
    for (args, code, reason) in [
        (&["doctor", "--root", text(sound.path())][..], 0, "OK - boots: nothing on this disk prevents it"),
        (&["doctor", "--root", text(broken.path())], 2, "CRITICAL - fails at loader: "),
        (&["doctor", "--root", text(warned.path())], 1, "WARNING - boots, but warning kernel-modules-missing: "),
        (&["doctor", "--root", text(empty.path())], 3, "nothing in this root shows that it boots from an iSCSI LUN"),
        (&["doctor", "--root", text(broken.path()), "--only", "loader"], 2, "CRITICAL - fails at loader: "),
        (
            &["doctor", "--root", text(warned.path()), "--only", "kernel"],
            1,
            "WARNING - warning kernel-modules-missing: ",
        ),
        (
            &["doctor", "--root", text(sound.path()), "--only", "san-route-missing"],
            3,
            "san-route-missing could not be judged: ",
        ),
        (&["doctor", "--root", text(sound.path()), "--only", "loader"], 0, "only some checks were selected"),
        (&["doctor", "--snapshot", "/nonexistent"], 3, "/nonexistent: cannot be opened: "),
        (&["doctor", "--snapshot", text(&damaged)], 3, "damaged or cut short"),
        (&["doctor", "--root", "/nonexistent"], 3, "/nonexistent"),
        (&["doctor", "--no-such-option"], 3, "wrong usage: unexpected argument '--no-such-option'"),
        (&["doctor", "--portal", "x|y"], 3, "wrong usage: invalid value 'x/y'"),
    ] {
        let first = plugin(args, code).remove(0);
        assert!(first.contains(reason), "{args:?} hides `{reason}`: {first}");
    }
    // Who asked for another format gets no line for a monitor.
    assert_eq!(isctpl(["doctor", "--format", "json", "--snapshot", "/nonexistent"]).out, "");
    assert_eq!(isctpl(["doctor", "-q", "--format", "nagios", "--snapshot", "/nonexistent"]).out, "");
}

/// Without the loader's file the same fact is missing to many checks: that is one thing to read.
#[test]
fn one_reason_is_one_line_with_the_checks_that_wait_for_it() {
    let root = machine("- /boot/grub/grub.cfg\np 0644 /boot/grub/grub.cfg\n");
    let lines = plugin(&["doctor", "--root", text(root.path())], 3);
    let unknown: Vec<&String> = lines.iter().filter(|line| line.starts_with("unknown: ")).collect();
    let mut reasons: Vec<&str> = unknown.iter().map(|line| line.rsplit_once(": ").unwrap().0).collect();
    assert!(unknown.iter().any(|line| line.matches(", ").count() > 5), "{lines:#?}");
    reasons.sort_unstable();
    let before = reasons.len();
    reasons.dedup();
    assert_eq!(reasons.len(), before, "a reason has several lines: {lines:#?}");
}

/// Runs until its end, and fails when that does not come.
pub(crate) fn in_time(mut command: Command, limit: Duration) -> Answer {
    let begun = Instant::now();
    let answer = crate::support::run::answer({
        command.stdin(Stdio::inherit());
        command
    });
    assert!(begun.elapsed() < limit, "it took {:?}", begun.elapsed());
    answer
}

#[test]
fn a_snapshot_that_never_comes_is_unknown_in_time() {
    let place = tempfile::tempdir().unwrap();
    let fifo = place.path().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::from_bits_truncate(0o600)).unwrap();
    for format in ["table", "json", "nagios", "checkmk", "html", "junit", "prometheus"] {
        let args = ["doctor", "--timeout", "1", "--snapshot", text(&fifo), "--format", format];
        let answer = in_time(command(args), Duration::from_secs(30));
        assert_eq!(answer.code, 3, "{format}: {}", answer.err);
        if format != "prometheus" {
            let said = answer.out.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
            assert!(said.contains("no answer within the 1 s of --timeout"), "{format}: {said}");
            assert!(said.contains("reading the snapshot "), "{format}: {said}");
        }
        if format == "json" {
            doctor_schema(&answer.json());
            assert_eq!(answer.json()["verdict"]["boot"], "unknown");
        }
    }
    let lines = plugin(&["doctor", "--timeout", "1", "--snapshot", text(&fifo)], 3);
    assert!(lines.len() <= 2, "one reason, many lines: {lines:#?}");
}

pub(crate) fn doctor_schema(report: &serde_json::Value) {
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../../../src/report/doctor-v1.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(report).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

/// The process that reads is stopped, as a disk that is gone would stop it.
#[test]
fn a_root_that_does_not_answer_is_unknown_in_time() {
    let root = machine("");
    let args = ["doctor", "--timeout", "2", "--format", "nagios", "--root", text(root.path())];
    let begun = Instant::now();
    let child = command(args).stdout(Stdio::piped()).spawn().unwrap();
    let id = child.id();
    let stopped = loop {
        // The threads of the program that ask have the one that reads for a child.
        let children: Option<i32> = fs::read_dir(format!("/proc/{id}/task")).unwrap().find_map(|task| {
            let children = fs::read_to_string(task.ok()?.path().join("children")).ok()?;
            children.split_whitespace().next()?.parse().ok()
        });
        // Between fork and exec it is not the reader yet.
        let reads = |child: &i32| {
            fs::read(format!("/proc/{child}/cmdline")).is_ok_and(|words| words.starts_with(b"isctpl-reader"))
        };
        let children = children.filter(reads);
        if let Some(child) = children {
            let child = nix::unistd::Pid::from_raw(child);
            nix::sys::signal::kill(child, nix::sys::signal::Signal::SIGSTOP).unwrap();
            break child;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "nobody reads");
        std::thread::sleep(Duration::from_millis(1));
    };
    let output = child.wait_with_output().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    let out = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{out}");
    assert!(out.starts_with("ISCTPL UNKNOWN - no answer within the 2 s of --timeout: isctpl was "), "{out}");
    // It was killed, and not left behind.
    std::thread::sleep(Duration::from_millis(200));
    let state = fs::read_to_string(format!("/proc/{stopped}/stat")).unwrap_or_default();
    assert!(state.is_empty() || state.contains(") Z "), "{state}");
}

/// A filesystem that nobody serves holds whoever looks up a path below it.
#[test]
fn a_root_that_cannot_even_be_looked_up_is_unknown_in_time() {
    const TEST: &str = "a_root_that_cannot_even_be_looked_up_is_unknown_in_time";
    let can = crate::support::is_root() && Path::new("/dev/fuse").exists();
    if !can || !["unshare", "mount", "timeout"].into_iter().all(crate::support::has) {
        return crate::support::skip(TEST, "it takes root, /dev/fuse, unshare, mount and timeout");
    }
    let place = tempfile::tempdir().unwrap();
    let script = r#"
        exec 3<>/dev/fuse
        mount -i -t fuse nobody -o fd=3,rootmode=40000,user_id=0,group_id=0 "$PLACE" || exit 99
        exec timeout -s KILL 20 "$ISCTPL" doctor --timeout 1 --format nagios --root "$PLACE/root"
    "#;
    let output = Command::new("unshare")
        .args(["--mount", "--propagation", "private", "sh", "-c", script])
        .env("PLACE", place.path())
        .env("ISCTPL", env!("CARGO_BIN_EXE_isctpl"))
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.code() == Some(99) {
        return crate::support::kernel_cannot(TEST, err.trim());
    }
    assert_eq!(output.status.code(), Some(3), "{out}{err}");
    assert!(out.starts_with("ISCTPL UNKNOWN - no answer within the 1 s of --timeout: isctpl was "), "{out}");
}

#[test]
fn a_run_in_time_answers_as_without_a_limit() {
    let broken = machine("- /boot/vmlinuz-6.1.0-50-amd64\n");
    for args in [&["--root", text(broken.path())][..], &["--snapshot", CAPTURED]] {
        let without = isctpl([&["doctor", "--format", "json"], args].concat()).json();
        let answer = isctpl([&["doctor", "--format", "json", "--timeout", "300"], args].concat()).json();
        for part in ["verdict", "chain", "findings", "checks", "counts", "root", "mode"] {
            assert_eq!(without[part], answer[part], "{part}");
        }
    }
}
