//! The command line as a user meets it.

use crate::support::fixtures;
use crate::support::run::{answer, command, isctpl};
use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};

#[test]
fn wrong_usage_is_unknown_to_a_monitor() {
    for arguments in [
        &["doctor", "--no-such-option"][..],
        &["no-such-command"],
        &["doctor", "--portal", "not-an-address"],
        &["doctor", "--only", "no-such-check"],
        &["doctor", "--snapshot", "/nonexistent"],
        &["doctor", "--snapshot", "x", "--root", "/mnt"],
        &["doctor", "--root", "/nonexistent"],
        &["doctor", "--root", "/etc/passwd"],
        &["explain", "no-such-check"],
        &["show", "initramfs", "/nonexistent"],
        &[],
    ] {
        let answer = isctpl(arguments);
        assert_eq!(answer.code, 3, "{arguments:?}: {}", answer.err);
        assert!(!answer.err.is_empty(), "{arguments:?} must say what is wrong");
        assert!(answer.out.is_empty(), "{arguments:?} must not put its complaint among data: {}", answer.out);
    }
}

#[test]
fn help_and_version_are_no_failures() {
    for arguments in [&["--help"][..], &["--version"], &["doctor", "--help"], &["help", "show"]] {
        let answer = isctpl(arguments);
        assert_eq!(answer.code, 0, "{arguments:?}");
        assert!(answer.out.contains("isctpl"), "{arguments:?}: {}", answer.out);
    }
}

#[test]
fn every_check_is_listed_and_explained() {
    let catalogue = isctpl(["checks", "--format", "json"]).json();
    let checks = catalogue["checks"].as_array().unwrap();
    assert!(checks.len() > 60, "the catalogue has {} checks", checks.len());
    let table = isctpl(["checks"]).out;
    for check in checks {
        let id = check["check"].as_str().unwrap();
        let explained = isctpl(["explain", id]);
        assert_eq!(explained.code, 0);
        for heading in [id, "What it finds", "Why it breaks", "How to fix it"] {
            assert!(explained.out.contains(heading), "explain {id} lacks `{heading}`");
        }
        assert!(explained.out.lines().all(|line| line.chars().count() <= 80 || !line.contains(' ')), "explain {id}");
        let row = table.lines().find(|line| line.starts_with(&format!("{id} ")));
        let title = check["title"].as_str().unwrap();
        assert!(row.is_some_and(|row| row.ends_with(title)), "{id} has no line of its own with `{title}`");
    }
}

/// `isctpl` on a terminal of this width.
fn at_width(arguments: &[&str], width: u16) -> String {
    let mut command = command(arguments);
    command.env("COLUMNS", width.to_string());
    answer(command).out
}

#[test]
fn no_word_is_cut_at_any_width() {
    let snapshot = fixtures().join("captured/debian-12-seed-cmdline.json").display().to_string();
    let healthy = fixtures().join("captured/debian-12-live.json").display().to_string();
    for arguments in [
        &["checks"][..],
        &["explain", "login"],
        &["explain", "san-route-missing"],
        &["doctor", "--snapshot", &snapshot],
        &["doctor", "--snapshot", &snapshot, "-v"],
        &["doctor", "--snapshot", &healthy, "-v"],
        &["doctor", "--snapshot", &healthy, "--only", "template"],
    ] {
        let wide = at_width(arguments, 120);
        for width in [40, 60, 80] {
            let narrow = at_width(arguments, width);
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            assert_eq!(words(&narrow), words(&wide), "{arguments:?} at {width}:\n{narrow}");
        }
    }
}

/// Ids of the checks with this outcome, by their reason.
fn by_reason(report: &serde_json::Value, outcome: &str) -> BTreeMap<String, Vec<String>> {
    let mut reasons: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for check in report["checks"].as_array().unwrap() {
        if check["outcome"] == outcome {
            let text = |key: &str| check[key].as_str().unwrap().to_owned();
            reasons.entry(text("reason")).or_default().push(text("check"));
        }
    }
    reasons
}

/// The blocks that begin with this word: their first word is taken off, and the ids below it are apart.
fn blocks(out: &str, word: &str) -> Vec<(String, Vec<String>)> {
    let joined = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    out.split("\n\n")
        .filter_map(|block| block.strip_prefix(&format!("{word}: "))?.split_once("\n  checks    "))
        .map(|(reason, ids)| (joined(reason), joined(ids).split(", ").map(str::to_owned).collect()))
        .collect()
}

#[test]
fn what_was_not_checked_is_told_once_a_reason() {
    let snapshot = fixtures().join("captured/debian-12-seed-cmdline.json").display().to_string();
    let reasons = by_reason(&isctpl(["doctor", "--snapshot", &snapshot, "--format", "json"]).json(), "not-applicable");
    let out = isctpl(["doctor", "--snapshot", &snapshot, "-v"]).out;
    let mut told: Vec<Vec<String>> = blocks(&out, "not checked").into_iter().map(|(_, ids)| ids).collect();
    let mut wanted: Vec<Vec<String>> = reasons.into_values().collect();
    told.sort();
    wanted.sort();
    assert_eq!(told, wanted, "{out}");
    assert!(!out.contains("not checked: not checked"), "{out}");
}

#[test]
fn an_unknown_names_its_one_reason_and_then_the_checks() {
    let healthy = fs::read(fixtures().join("captured/debian-12-live.json")).unwrap();
    let mut snapshot: serde_json::Value = serde_json::from_slice(&healthy).unwrap();
    let damage = serde_json::json!({"place": "/boot/initrd", "what": "permission denied; run as root"});
    let image = &mut snapshot["facts"]["images"][0];
    *image = serde_json::json!({"path": image["path"], "incomplete": true, "damage": [damage]});
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("snapshot").display().to_string();
    fs::write(&file, snapshot.to_string()).unwrap();
    let reasons = by_reason(&isctpl(["doctor", "--snapshot", &file, "--format", "json"]).json(), "unknown");
    assert!(reasons.values().any(|ids| ids.len() > 5), "{reasons:?}");
    let told: BTreeMap<String, Vec<String>> =
        blocks(&isctpl(["doctor", "--snapshot", &file]).out, "unknown").into_iter().collect();
    assert_eq!(told, reasons);
}

#[test]
fn what_makes_a_check_unknown_is_not_said_to_affect_nothing() {
    let mut snapshot: serde_json::Value =
        serde_json::from_slice(&fs::read(fixtures().join("captured/debian-12-live.json")).unwrap()).unwrap();
    let facts = &mut snapshot["facts"];
    *facts = serde_json::from_slice(&fs::read(fixtures().join("facts/dracut-live.json")).unwrap()).unwrap();
    // The SAN NIC's address expires, and what may renew it was not read.
    facts["dhcp"]["leases"] = serde_json::json!([]);
    facts["netconfig"]["interfaces"][0]["method"] = "static".into();
    let problem = |source: &str| serde_json::json!({"place": source, "what": "cannot be read", "source": source});
    facts["netconfig"]["problems"] = serde_json::json!([problem("networkd"), problem("firewall")]);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("snapshot").display().to_string();
    fs::write(&file, snapshot.to_string()).unwrap();
    let out = isctpl(["doctor", "--snapshot", &file, "--only", "san-address-expires", "-v"]).out;
    let harmless = out.split_once("does not affect the verdict:\n").unwrap().1.split_once("\n\n").unwrap().0;
    assert_eq!(harmless.trim(), "firewall: cannot be read", "{out}");
    assert!(out.contains("networkd: cannot be read"), "{out}");
}

#[test]
fn verbose_tells_what_took_how_long() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().to_str().unwrap();
    let verbose = isctpl(["doctor", "--root", root, "-v"]).err;
    for part in
        ["Time taken", "reading the boot loader", "reading services", "unpacking the initramfs", "judging", "in all"]
    {
        assert!(verbose.contains(part), "{verbose}");
    }
    assert_eq!(isctpl(["doctor", "--root", root]).err, "");
}

#[test]
fn a_listing_in_a_pipe_has_a_row_a_line() {
    let checks = isctpl(["checks", "--format", "json"]).json()["checks"].as_array().unwrap().len();
    let listed = isctpl(["checks"]).out;
    assert_eq!(listed.lines().take_while(|line| !line.is_empty()).count(), checks, "{listed}");
    assert!(!listed.contains(['|', '+', '\u{2502}']), "{listed}");
}

#[test]
fn explaining_a_link_explains_its_checks() {
    let login = isctpl(["explain", "login"]).out;
    for id in ["login-not-requested", "login-option-121-dropped"] {
        assert!(login.contains(id));
    }
}

#[test]
fn explain_takes_any_case_and_names_the_nearest() {
    let explained = isctpl(["explain", "Login-Interface-Named-IBFT"]);
    assert_eq!(
        (explained.code, explained.out.starts_with("login-interface-named-ibft\n")),
        (0, true),
        "{}",
        explained.err
    );
    assert_eq!(isctpl(["explain", "LOGIN"]).out, isctpl(["explain", "login"]).out);
    for (typed, meant) in [("login-interface-named-ibf", "login-interface-named-ibft"), ("logn", "login")] {
        let answer = isctpl(["explain", typed]);
        assert_eq!(answer.code, 3);
        assert!(
            answer.err.contains(&format!("did you mean {meant}?")) && answer.err.lines().count() == 1,
            "{}",
            answer.err
        );
        let chosen = isctpl(["doctor", "--only", typed]);
        assert!(chosen.code == 3 && chosen.err.contains(&format!("did you mean {meant}?")), "{}", chosen.err);
    }
}

#[test]
fn same_machine_without_a_root_gets_one_line() {
    for arguments in [&["doctor", "--same-machine"][..], &["show", "nics", "--same-machine", "--root", "/"]] {
        let answer = isctpl(arguments);
        assert_eq!((answer.code, answer.out.as_str()), (3, ""), "{arguments:?}");
        assert_eq!(answer.err, "isctpl: --same-machine: needs --root DIR; on the booted instance leave it out\n");
    }
}

#[test]
fn completions_come_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let answer = isctpl(["completions", shell]);
        assert_eq!(answer.code, 0);
        assert!(answer.out.contains("isctpl") && answer.out.contains("ISCTPL_COMPLETE"));
    }
}

/// What bash offers for the last of these words, by the script that isctpl prints.
fn offered(words: &[&str]) -> Vec<String> {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_isctpl"));
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let script = format!(
        "source <(isctpl completions bash)\nCOMP_WORDS=({})\nCOMP_CWORD={}\nCOMP_TYPE=9\n\
         _clap_complete_isctpl isctpl '{}' ''\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
        quoted.join(" "),
        words.len() - 1,
        words.last().unwrap()
    );
    let path = std::env::join_paths(
        [program.parent().unwrap().to_owned()]
            .into_iter()
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let output = Command::new("bash").arg("-c").arg(script).env_clear().env("PATH", path.unwrap()).output().unwrap();
    let offered = String::from_utf8_lossy(&output.stdout).into_owned();
    offered.split(['\n', '\u{b}']).map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect()
}

#[test]
fn bash_offers_checks_links_and_interfaces() {
    assert_eq!(offered(&["isctpl", "explain", "login-interface-n"]), ["login-interface-named-ibft"]);
    assert_eq!(offered(&["isctpl", "doctor", "--only", "login,san-route-m"]), ["login,san-route-missing"]);
    assert!(offered(&["isctpl", "doctor", "--skip", "hand"]).contains(&"handover".to_owned()));
    for words in [&["isctpl", "doctor", "--san-nic", ""][..], &["isctpl", "rescue", "plan", "--san-nic", ""]] {
        assert!(offered(words).contains(&"lo".to_owned()), "{words:?}: {:?}", offered(words));
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let mut child = command(["explain", "login"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn quiet_leaves_the_exit_code_alone() {
    let directory = tempfile::tempdir().unwrap();
    let loud = isctpl(["doctor", "--root", directory.path().to_str().unwrap()]);
    let quiet = isctpl(["doctor", "-q", "--root", directory.path().to_str().unwrap()]);
    assert_eq!((quiet.code, quiet.out.as_str(), quiet.err.as_str()), (loud.code, "", ""));
}

#[test]
fn a_root_that_boots_from_no_lun_gets_one_plain_sentence() {
    let directory = tempfile::tempdir().unwrap();
    let answer = isctpl(["doctor", "--root", directory.path().to_str().unwrap()]);
    assert_eq!(answer.code, 3);
    assert!(answer.out.starts_with("UNKNOWN"), "{}", answer.out);
    assert!(answer.out.lines().count() <= 5, "{}", answer.out);
    assert_eq!(answer.err, "");
}

#[test]
fn colours_are_for_terminals_or_on_demand() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().to_str().unwrap();
    assert!(!isctpl(["doctor", "--root", root]).out.contains('\x1b'));
    assert!(isctpl(["doctor", "--root", root, "--color", "always"]).out.contains('\x1b'));
    let coloured = |environment: &[(&str, &str)], arguments: &[&str]| {
        let mut forced = command([&["doctor", "--root", root], arguments].concat());
        forced.envs(environment.iter().copied());
        answer(forced).out.contains('\x1b')
    };
    for (environment, arguments, wanted) in [
        (&[("CLICOLOR_FORCE", "1")][..], &[][..], true),
        (&[("FORCE_COLOR", "1")], &[], true),
        (&[("FORCE_COLOR", "0")], &[], false),
        (&[("FORCE_COLOR", "1"), ("NO_COLOR", "1")], &[], false),
        (&[("FORCE_COLOR", "1")], &["--color", "never"], false),
        (&[("CLICOLOR_FORCE", "1")], &["--color", "never"], false),
    ] {
        assert_eq!(coloured(environment, arguments), wanted, "{environment:?} {arguments:?}");
    }
}

#[test]
fn the_executable_is_static() {
    let program = fs::read(env!("CARGO_BIN_EXE_isctpl")).unwrap();
    let elf = goblin::elf::Elf::parse(&program).unwrap();
    assert_eq!(elf.interpreter, None, "it asks for a dynamic loader");
    assert!(elf.libraries.is_empty(), "it asks for {:?}", elf.libraries);
}

#[test]
fn man_pages_are_sound_roff() {
    if !crate::support::has("man") {
        return crate::support::skip("man_pages_are_sound_roff", "`man` is not installed");
    }
    for page in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/man")).unwrap() {
        let path = page.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "8" || extension == "7") {
            let output = Command::new("man")
                .args(["--warnings", "-E", "UTF-8", "-l"])
                .arg(&path)
                .env("MANPAGER", "cat")
                .output()
                .unwrap();
            assert!(output.status.success());
            assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{}", path.display());
        }
    }
}
