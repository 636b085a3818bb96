//! What counts, where the report goes, and what the operator leaves out of account.

use super::monitor::{doctor_schema, plugin};
use super::*;

const BROKEN: &str = "- /boot/vmlinuz-6.1.0-50-amd64\n";
const WARNED: &str = "- /usr/lib/modules/6.1.0-50-amd64\n";

/// An `isctpl.toml` with one ignore.
fn config(place: &Path, check: &str, until: &str) -> String {
    let file = place.join(format!("{check}-{until}.toml"));
    let said = format!("# ours\n[[ignore]]\ncheck = \"{check}\"\nreason = \"known, ticket 12\"\nuntil = {until}\n");
    fs::write(&file, said).unwrap();
    text(&file).to_owned()
}

#[test]
fn a_gate_says_what_fails_it() {
    let (sound, warned, broken) = (machine(""), machine(WARNED), machine(BROKEN));
    let empty = tempfile::tempdir().unwrap();
    for (root, codes) in [(&sound, [0, 0, 0]), (&warned, [0, 0, 1]), (&broken, [2, 2, 2]), (&empty, [0, 3, 3])] {
        for (level, code) in ["critical", "unknown", "warning"].into_iter().zip(codes) {
            for format in ["table", "json", "prometheus"] {
                let args = ["doctor", "--root", text(root.path()), "--fail-on", level, "--format", format];
                assert_eq!(isctpl(args).code, code, "--fail-on {level} {format}");
            }
            let first = plugin(&["doctor", "--root", text(root.path()), "--fail-on", level], code).remove(0);
            let spared = code != codes[2];
            assert_eq!(first.contains(&format!("(does not count: --fail-on {level})")), spared, "{first}");
        }
    }
    // What comes to no verdict fails in any case.
    let files = ["--snapshot", "/absent", "/absent"];
    for args in [&["--snapshot", "/absent"][..], &files, &["--root", "/absent"]] {
        assert_eq!(isctpl([&["doctor", "--fail-on", "critical"], args].concat()).code, 3, "{args:?}");
    }
}

#[test]
fn a_report_is_written_whole_for_everyone_to_read() {
    let broken = machine(BROKEN);
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("report");
    let mut shell = Command::new("sh");
    shell.args(["-c", "umask 077; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_isctpl"), "doctor", "--color", "always"]);
    shell.args(["--root", text(broken.path()), "--output", text(&file)]);
    let answer = crate::support::run::answer(shell);
    assert_eq!((answer.code, answer.out.as_str()), (2, ""), "{}", answer.err);
    assert_eq!(fs::read_to_string(&file).unwrap(), isctpl(["doctor", "--root", text(broken.path())]).out);
    assert_eq!(file.metadata().unwrap().mode() & 0o7777, 0o644);

    // Whoever gave it a mode of its own keeps that; a quiet run writes it too.
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let args = ["doctor", "-q", "--format", "json", "--root", text(broken.path()), "--output", text(&file)];
    assert_eq!(isctpl(args).code, 2);
    doctor_schema(&serde_json::from_slice(&fs::read(&file).unwrap()).unwrap());
    assert_eq!(file.metadata().unwrap().mode() & 0o7777, 0o640);

    // Several snapshots go into one file; without a report the old one stays.
    let args = ["doctor", "--format", "json", "--output", text(&file), "--snapshot", CAPTURED, CAPTURED];
    isctpl(args);
    let two = fs::read_to_string(&file).unwrap();
    assert_eq!(two.lines().count(), 2);
    assert_eq!(isctpl(["doctor", "--output", text(&file), "--root", "/absent"]).code, 3);
    assert_eq!(fs::read_to_string(&file).unwrap(), two);
    assert_eq!(files::names(place.path()), ["report"]);
    let answer = isctpl(["doctor", "--root", text(broken.path()), "--output", "/dev/full"]);
    assert_eq!(answer.code, 3);
    assert!(answer.err.contains("cannot write /dev/full: "), "{}", answer.err);
}

#[test]
fn what_is_ignored_decides_nothing_and_is_said() {
    let broken = machine(BROKEN);
    let place = tempfile::tempdir().unwrap();
    let file = config(place.path(), "loader-kernel-missing", "2999-12-31");
    let args = |format: &'static str| ["doctor", "--root", text(broken.path()), "--config", &file, "--format", format];
    let json = isctpl(args("json"));
    assert_eq!(json.code, 0, "{}", json.out);
    let report = json.json();
    doctor_schema(&report);
    assert_eq!(report["verdict"]["boot"], "boots");
    assert!(report["verdict"]["because"].as_str().unwrap().contains("loader-kernel-missing"), "{}", report["verdict"]);
    assert_eq!(report["ignores"][0]["status"], "applied");
    assert_eq!(report["ignores"][0]["reason"], "known, ticket 12");
    assert_eq!(report["ignores"][0]["at"], format!("{file}:2"));
    assert!(report["ignores"][0]["summaries"][0].as_str().unwrap().contains("vmlinuz"), "{}", report["ignores"]);
    for format in ["table", "nagios", "prometheus"] {
        let answer = isctpl(args(format));
        assert_eq!(answer.code, 0, "{format}: {}", answer.out);
        let said = answer.out.split_whitespace().collect::<Vec<_>>().join(" ");
        let (wanted, reason) = match format {
            "prometheus" => {
                ("isctpl_ignored{check=\"loader-kernel-missing\",until=\"2999-12-31\"} 1", "isctpl_stale_ignores 0")
            }
            _ => ("ignored loader-kernel-missing until 2999-12-31", "known, ticket 12"),
        };
        assert!(said.contains(wanted) && said.contains(reason), "{format}: {}", answer.out);
    }
    // Another finding still decides.
    let file = config(place.path(), "loader-initrd-missing", "2999-12-31");
    assert_eq!(isctpl(["doctor", "--root", text(broken.path()), "--config", &file]).code, 2);
}

#[test]
fn an_ignore_that_ended_or_matches_nothing_is_a_warning() {
    let (sound, broken) = (machine(""), machine(BROKEN));
    let place = tempfile::tempdir().unwrap();
    let ended = config(place.path(), "loader-kernel-missing", "2020-01-31");
    let unmatched = config(place.path(), "loader-kernel-missing", "2999-12-31");
    let live = config(place.path(), "san-route-missing", "2999-12-31");
    for (root, file, code, status, said) in [
        (&broken, &ended, 2, "expired", "ended on 2020-01-31"),
        (&sound, &ended, 1, "expired", "ended on 2020-01-31"),
        (&sound, &unmatched, 1, "unmatched", "matches nothing"),
        // Of what this mode cannot judge nobody knows whether it would match.
        (&sound, &live, 0, "not-judged", ""),
    ] {
        let args = ["doctor", "--root", text(root.path()), "--config", file];
        let report = isctpl([&args[..], &["--format", "json"]].concat());
        assert_eq!(report.code, code, "{status}: {}", report.out);
        assert_eq!(report.json()["ignores"][0]["status"], status);
        let table = isctpl(args).out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(table.contains(said), "{status}: {table}");
        let lines = plugin(&args, code);
        assert!(lines.iter().any(|line| line.contains(said)), "{status}: {lines:#?}");
        if code == 1 {
            assert!(lines[0].contains(said), "the first line hides it: {}", lines[0]);
        }
        // Over several snapshots it is one warning, at the end.
        let snap = place.path().join(format!("snap-{code}-{status}"));
        assert_eq!(snapshot(root.path(), &snap).code, 0);
        let fleet = isctpl(["doctor", "--config", file, "--snapshot", text(&snap), text(&snap)]);
        assert_eq!(fleet.code, code, "{}", fleet.out);
        assert_eq!(
            fleet.out.matches("isctpl.toml").count() + fleet.out.matches(&**file).count(),
            usize::from(!said.is_empty())
        );
    }
}

#[test]
fn a_config_that_is_not_understood_is_an_error_with_its_line() {
    let root = machine("");
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("isctpl.toml");
    for (said, line, what) in [
        ("[[ignore]]\ncheck = \"no-such-check\"\nreason = \"x\"\nuntil = 2999-12-31\n", 2, "no-such-check"),
        ("\n[[ignore]]\ncheck = \"loader-kernel-missing\"\nuntil = 2999-12-31\n", 2, "reason"),
        ("\n[[ignore]]\ncheck = \"loader-kernel-missing\"\nreason = \"x\"\n", 2, "until"),
        ("ignore: nothing\n", 1, ""),
    ] {
        fs::write(&file, said).unwrap();
        let answer = isctpl(["doctor", "--root", text(root.path()), "--config", text(&file)]);
        assert_eq!((answer.code, answer.out.as_str()), (3, ""), "{said}");
        let wanted = format!("{}:{line}: ", text(&file));
        assert!(answer.err.contains(&wanted) && answer.err.contains(what), "{said}: {}", answer.err);
        plugin(&["doctor", "--root", text(root.path()), "--config", text(&file)], 3);
    }
    for path in ["/absent", "/dev/zero", "/tmp"] {
        let answer = isctpl(["doctor", "--root", text(root.path()), "--config", path]);
        assert_eq!(answer.code, 3, "{path}");
        assert!(answer.err.contains(path), "{path}: {}", answer.err);
    }
}

/// What is judged must not say what counts.
#[test]
fn a_root_has_no_say_in_what_is_ignored() {
    let said = "| [[ignore]]\n| check = \"loader-kernel-missing\"\n| reason = \"x\"\n| until = 2999-12-31\n";
    let root = machine(&format!("{BROKEN}f 0644 /etc/isctpl.toml\n{said}"));
    let answer = isctpl(["doctor", "--root", text(root.path()), "--format", "json"]);
    assert_eq!(answer.code, 2);
    assert!(answer.json().get("ignores").is_none());
}

#[test]
fn the_booted_instance_reads_its_own_config() {
    if !crate::support::is_root() || !["unshare", "mount"].into_iter().all(crate::support::has) {
        return crate::support::skip("the_booted_instance_reads_its_own_config", "it takes root, unshare and mount");
    }
    let root = machine("");
    let script = r#"
        set -eu
        mount -t tmpfs tmpfs /etc
        printf '[[ignore]]\ncheck = "no-such-check"\n' > /etc/isctpl.toml
        "$ISCTPL" doctor --root "$JUDGED" >/dev/null
        "$ISCTPL" doctor
    "#;
    let output = Command::new("unshare")
        .args(["--mount", "--propagation", "private", "sh", "-c", script])
        .env("JUDGED", root.path())
        .env("ISCTPL", env!("CARGO_BIN_EXE_isctpl"))
        .output()
        .unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{err}");
    assert!(err.contains("/etc/isctpl.toml:2: no check has the id `no-such-check`"), "{err}");
}
