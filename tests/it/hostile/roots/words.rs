//! Words that a terminal would obey, in every file that is read as text.

use super::{machine, opened};
use crate::hostile::terminal::{EVIL, assert_answers_cleanly};
use crate::oracles::packages::unpacked;
use std::ffi::OsStr;
use std::fs;
use std::process::{Command, Stdio};

/// Ways to have harm in a text, by the number of the line.
fn evil(text: &str) -> String {
    let line = EVIL.replace(['\n', '\r'], " ");
    let word = EVIL.replace([' ', '\n', '\r', '\t'], "");
    let lines = text.lines().enumerate().map(|(number, whole)| match number % 4 {
        // Behind the last word, and behind the first mark.
        0 => format!("{whole}{word}\n"),
        1 => whole.replacen(['=', ':', ' '], &format!("={word}"), 1) + "\n",
        2 => format!("{whole}\n{word}={word}\n"),
        _ => format!("{whole} {line}\n"),
    });
    // As it was too, so that what is meant by it is still there to be told.
    format!("{text}{}\n{word} {word}\n", lines.collect::<String>())
}

/// Whether a report in a format is what that format is, whatever it tells.
pub(super) fn assert_is_one_document(format: &str, text: &str, test: &str) {
    match format {
        "json" => assert!(serde_json::from_str::<serde_json::Value>(text).is_ok(), "{format}: {text}"),
        "nagios" => assert!(text.lines().next().is_some_and(|line| line.contains(": ")), "{text}"),
        "prometheus" => assert_metrics(text, test),
        _ => {}
    }
}

/// One metric a line, of isctpl's own names.
fn assert_metrics(text: &str, test: &str) {
    for line in text.lines() {
        let rest = line.strip_prefix("# HELP ").or_else(|| line.strip_prefix("# TYPE ")).unwrap_or(line);
        assert!(rest.starts_with("isctpl_"), "a forged line: {line:?}");
        let value = line.rsplit(' ').next().unwrap_or_default();
        assert!(line.starts_with('#') || value.parse::<f64>().is_ok(), "no value: {line:?}");
    }
    // Prometheus itself, where it is there.
    let Some(promtool) = unpacked(test, &["prometheus"]).map(|root| root.join("usr/bin/promtool")) else { return };
    let mut command = Command::new(promtool);
    command.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "promtool: {said}\n{text}");
}

#[test]
fn words_in_every_file_are_neither_obeyed_nor_a_line_of_their_own() {
    let test = "words_in_every_file_are_neither_obeyed_nor_a_line_of_their_own";
    let root = machine();
    let Some(opened) = opened(root.path(), test) else { return };
    let run = |format: &str| {
        let words = ["doctor", "-v", "--format", format, "--root"].map(OsStr::new).into_iter();
        let answer = assert_answers_cleanly(&words.chain([root.path().as_os_str()]).collect::<Vec<_>>());
        assert_is_one_document(format, &answer.out, test);
        answer
    };
    let mut changed = Vec::new();
    for place in &opened.files {
        let path = root.path().join(&place[1..]);
        let whole = fs::read(&path).unwrap();
        let Ok(text) = std::str::from_utf8(&whole) else { continue };
        fs::write(&path, evil(text)).unwrap();
        for format in ["table", "json"] {
            run(format);
        }
        fs::write(&path, &whole).unwrap();
        changed.push((path, evil(text)));
    }
    assert!(changed.len() > 40, "{}", changed.len());
    // All together, in every format.
    for (path, text) in &changed {
        fs::write(path, text).unwrap();
    }
    for format in ["table", "json", "prometheus", "nagios", "checkmk", "html", "junit"] {
        let answer = run(format);
        let escaped = ["202e", "feff", "u{1b}", "(hidden)"].iter().any(|escaped| answer.out.contains(escaped));
        assert!(escaped || format == "prometheus", "{format} tells nothing of it: {}", answer.out);
    }
}
