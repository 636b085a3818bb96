//! JUnit's XML, as a reader of that format (Debian's python3-junitparser) reads it.

use super::broken_root;
use crate::support::disk::{Disk, NEEDS};
use crate::support::run::{Answer, command, doctor, isctpl};
use crate::support::tree::Tree;
use crate::support::{fixtures, has, skip};
use serde_json::Value;
use std::io::Write;
use std::process::{Command, Stdio};

/// Prints the document on standard input as JSON: suites with their counts, and cases with results.
const READER: &str = r#"
import json, sys
from junitparser import JUnitXml, Failure, Error, Skipped
words = {Failure: "failure", Error: "error", Skipped: "skipped"}
def case(one):
    results = [{"result": words[type(r)], "type": r.type, "message": r.message, "text": r.text} for r in one.result]
    return {"class": one.classname, "name": one.name, "results": results, "out": one.system_out}
def suite(one):
    counts = {"tests": one.tests, "failures": one.failures, "errors": one.errors, "skipped": one.skipped}
    properties = {p.name: p.value for p in one.properties()}
    return {"name": one.name, "counts": counts, "properties": properties, "cases": [case(c) for c in one]}
json.dump([suite(s) for s in JUnitXml.fromstring(sys.stdin.buffer.read())], sys.stdout)
"#;

/// Debian's own: another one on the path does not have its modules.
const PYTHON: &str = "/usr/bin/python3";

/// What the reader makes of a document; nothing where there is no reader.
fn read(document: &str) -> Option<Value> {
    let there = Command::new(PYTHON).args(["-c", "import junitparser"]).stderr(Stdio::null()).status();
    if !there.is_ok_and(|status| status.success()) {
        skip("junit", "`python3-junitparser` is not installed");
        return None;
    }
    let mut reader = Command::new(PYTHON);
    let reader = reader.args(["-c", READER]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut reader = reader.unwrap();
    reader.stdin.take().unwrap().write_all(document.as_bytes()).unwrap();
    let output = reader.wait_with_output().unwrap();
    assert!(output.status.success(), "no JUnit:\n{document}");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

fn suites(read: &Value) -> &Vec<Value> {
    read.as_array().unwrap()
}

fn cases(suite: &Value) -> &Vec<Value> {
    suite["cases"].as_array().unwrap()
}

fn result<'a>(case: &'a Value, field: &str) -> &'a str {
    case["results"][0][field].as_str().unwrap_or_default()
}

/// The counts of every suite are those of its cases.
fn assert_counted(read: &Value) {
    for suite in suites(read) {
        let of = |word| cases(suite).iter().filter(|case| result(case, "result") == word).count();
        for (count, found) in [
            ("tests", cases(suite).len()),
            ("failures", of("failure")),
            ("errors", of("error")),
            ("skipped", of("skipped")),
        ] {
            assert_eq!(suite["counts"][count], found, "{count} of {}", suite["name"]);
        }
    }
}

/// A pipeline's page is red exactly where its job fails.
fn assert_agrees(answer: &Answer, what: &str) -> Option<Value> {
    let read = read(&answer.out)?;
    assert_counted(&read);
    let red = suites(&read).iter().flat_map(cases).any(|case| ["failure", "error"].contains(&result(case, "result")));
    assert_eq!(red, answer.code != 0, "{what} ends with {}:\n{}", answer.code, answer.out);
    Some(read)
}

#[test]
fn each_check_is_a_case_and_a_critical_one_fails_with_evidence_and_fix() {
    let root = broken_root();
    let Some(read) = assert_agrees(&doctor(root.path(), &["--format", "junit"]), "a broken root") else { return };
    let report = doctor(root.path(), &["--format", "json"]).json();
    let [suite] = suites(&read).as_slice() else { panic!("{read}") };
    let checks = report["checks"].as_array().unwrap();
    let (verdict, cases) = cases(suite).split_first().unwrap();
    assert_eq!((verdict["name"].as_str(), result(verdict, "type")), (Some("verdict"), "fails"));
    assert!(verdict["results"][0]["text"].as_str().unwrap().contains("\nloader: fail: "), "{verdict}");
    assert_eq!(suite["properties"]["broken_link"], "loader");
    assert_eq!(cases.len(), checks.len());
    for (case, check) in cases.iter().zip(checks) {
        assert_eq!(case["name"], check["check"]);
        let class = format!("{}.{}", suite["name"].as_str().unwrap(), check["link"].as_str().unwrap());
        assert_eq!(case["class"], class.as_str());
        let reason = check["reason"].as_str().unwrap();
        match check["outcome"].as_str().unwrap() {
            "pass" => assert_eq!((result(case, "result"), case["out"].as_str().unwrap().trim()), ("", reason)),
            "not-applicable" => assert_eq!((result(case, "result"), result(case, "message")), ("skipped", reason)),
            "unknown" => assert!(result(case, "message").contains(&format!("unknown: {reason}")), "{case}"),
            _ => assert!(["failure", "skipped"].contains(&result(case, "result")) || !case["out"].is_null(), "{case}"),
        }
    }
    let case = cases.iter().find(|case| case["name"] == "loader-kernel-missing").unwrap();
    assert_eq!((result(case, "result"), result(case, "type")), ("failure", "critical"));
    let finding = report["findings"].as_array().unwrap().iter().find(|one| one["check"] == case["name"]).unwrap();
    let text = result(case, "text");
    let evidence = &finding["evidence"][0];
    let evidence =
        format!("evidence: {}: {}\n", evidence["source"].as_str().unwrap(), evidence["excerpt"].as_str().unwrap());
    assert!(text.contains(&evidence), "{text} lacks {evidence}");
    assert!(text.contains(&format!("fix: {}\n", finding["remedy"]["text"].as_str().unwrap())), "{text}");
}

#[test]
fn the_page_is_red_exactly_where_the_exit_code_is_not_0() {
    let captured = fixtures().join("captured");
    let mut snapshots: Vec<String> = std::fs::read_dir(&captured)
        .unwrap()
        .map(|file| file.unwrap().path().to_str().unwrap().to_owned())
        .filter(|file| file.ends_with(".json"))
        .collect();
    snapshots.sort();
    let mut codes = std::collections::BTreeSet::new();
    for level in ["warning", "unknown", "critical"] {
        for only in [&[][..], &["--only", "login"], &["--only", "uptime,handover"], &["--only", "template"]] {
            for file in &snapshots {
                let args = ["doctor", "--format", "junit", "--fail-on", level, "--snapshot", file];
                let answer = isctpl([&args[..], only].concat());
                if assert_agrees(&answer, &format!("{file} {level} {only:?}")).is_none() {
                    return;
                }
                codes.insert(answer.code);
            }
        }
        for changes in ["- /usr/lib/modules/6.1.0-50-amd64\n", "- /boot/grub/grub.cfg\np 0644 /boot/grub/grub.cfg\n"] {
            let mut tree = Tree::load("machines/initramfs-tools.tree");
            let root = tree.add(changes, "changes").unpack();
            let answer = doctor(root.path(), &["--format", "junit", "--fail-on", level]);
            assert_agrees(&answer, &format!("{changes} {level}"));
            codes.insert(answer.code);
        }
        let empty = tempfile::tempdir().unwrap();
        assert_agrees(&doctor(empty.path(), &["--format", "junit", "--fail-on", level]), "an empty root");
    }
    assert_eq!(codes.into_iter().collect::<Vec<_>>(), [0, 1, 2, 3]);
}

#[test]
fn what_is_ignored_is_skipped_and_an_ignore_that_ended_fails() {
    let root = broken_root();
    let config = root.path().join("ours.toml");
    let entry = |check: &str, until: &str| {
        format!("[[ignore]]\ncheck = \"{check}\"\nreason = \"ticket <4711>\"\nuntil = {until}\n")
    };
    std::fs::write(&config, entry("loader-kernel-missing", "9999-01-01") + &entry("login-not-requested", "2020-01-01"))
        .unwrap();
    let config = config.to_str().unwrap();
    for level in ["warning", "critical"] {
        let answer = doctor(root.path(), &["--format", "junit", "--config", config, "--fail-on", level]);
        let Some(read) = assert_agrees(&answer, level) else { return };
        let cases = cases(&suites(&read)[0]);
        let ignored = cases.iter().find(|case| case["name"] == "loader-kernel-missing").unwrap();
        assert_eq!(result(ignored, "result"), "skipped");
        assert!(result(ignored, "message").contains("(ticket <4711>): "), "{ignored}");
        let ended = cases.last().unwrap();
        assert_eq!(ended["name"], "ignore");
        assert_eq!(result(ended, "result"), if level == "warning" { "failure" } else { "skipped" });
    }
}

#[test]
fn machines_are_suites_and_one_that_cannot_be_read_is_an_error() {
    let place = tempfile::tempdir().unwrap();
    let absent = place.path().join("no & <such> file");
    let file = |name: &str| fixtures().join("captured").join(name).to_str().unwrap().to_owned();
    let files = [file("debian-12-live.json"), file("debian-12-seed-cmdline.json"), absent.to_str().unwrap().to_owned()];
    let answer =
        isctpl(["doctor", "--format", "junit", "--snapshot"].into_iter().chain(files.iter().map(String::as_str)));
    let Some(read) = assert_agrees(&answer, "three machines") else { return };
    let suites = suites(&read);
    assert_eq!(suites.len(), 3);
    for (suite, file) in suites.iter().zip(&files) {
        assert!(suite["name"].as_str().unwrap().starts_with(file.as_str()), "{suite}");
    }
    let classes: std::collections::BTreeSet<&str> =
        suites.iter().flat_map(cases).map(|case| case["class"].as_str().unwrap()).collect();
    assert!(classes.len() > 19, "two machines have a class in common: {classes:?}");
    let [only] = cases(&suites[2]).as_slice() else { panic!("{}", suites[2]) };
    assert_eq!(result(only, "result"), "error");
    assert!(result(only, "message").contains("cannot be opened"), "{only}");
}

#[test]
fn a_run_without_a_report_is_a_document_with_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let sound = super::timeline::snapshot_with_a_gap(directory.path());
    let sound = sound.to_str().unwrap();
    for arguments in [
        &["doctor", "--format", "junit", "--snapshot", "/nonexistent"][..],
        &["doctor", "--format=junit", "--x<y>"],
        &["doctor", "--format=junit", "--snapshot", sound, "--textfile", "/nonexistent/metrics.prom"],
    ] {
        let answer = isctpl(arguments);
        assert_eq!(answer.code, 3);
        assert_agrees(&answer, "nothing judged");
    }
}

#[test]
fn hostile_names_break_no_document() {
    let evil = "]]></failure></testsuite>\u{1b}[31m\u{1}\u{fffe}\u{202e}<!--&amp;&#0;'";
    let mut tree = Tree::load("machines/initramfs-tools.tree");
    tree.add(
        &format!(
            "f 0644 /etc/hostname\n| {evil}\nf 0644 /etc/os-release\n| PRETTY_NAME=\"{evil}\"\n- /boot/vmlinuz-6.1.0-50-amd64\n"
        ),
        "changes",
    );
    let root = tree.unpack();
    let answer = doctor(root.path(), &["--format", "junit", "-v", "--color", "always"]);
    let Some(read) = assert_agrees(&answer, "hostile names") else { return };
    assert_eq!(suites(&read).len(), 1);
    assert!(cases(&suites(&read)[0]).len() > 50);
    assert!(answer.out.contains("]]&gt;&lt;/failure&gt;"), "{}", answer.out);
}

/// The pipeline of the manual, with an image of its own.
#[test]
fn the_pipelines_example_writes_what_it_names_as_its_report() {
    if !has("sh") {
        return skip("the_pipelines_example", "`sh` is not installed");
    }
    let manual = include_str!("../../../docs/pipeline.md");
    let script = manual.lines().find_map(|line| line.trim().strip_prefix("- isctpl doctor ")).unwrap();
    let named = manual.lines().find_map(|line| line.trim().strip_prefix("junit: ")).unwrap();
    if let Some(missing) = NEEDS.into_iter().find(|program| !has(program)) {
        return skip("the_pipelines_example", &format!("`{missing}` is not installed"));
    }
    let place = tempfile::tempdir().unwrap();
    let disk = Disk::of(broken_root().path());
    std::fs::rename(disk.raw(), place.path().join("image.raw")).unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{} doctor {script}", env!("CARGO_BIN_EXE_isctpl"))]).current_dir(place.path());
    assert_eq!(shell.status().unwrap().code(), Some(2));
    let written = std::fs::read_to_string(place.path().join(named)).unwrap();
    let Some(read) = read(&written) else { return };
    assert_eq!(suites(&read)[0]["properties"]["verdict"], "fails");
    let groovy = manual.lines().find_map(|line| line.trim().strip_prefix("steps { sh 'isctpl ")).unwrap();
    let words = groovy.strip_suffix("' }").unwrap().split(' ').chain(["--help"]);
    assert_eq!(command(words).status().unwrap().code(), Some(0));
}
