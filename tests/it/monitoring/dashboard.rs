//! The dashboard and the alert rules name no metric that isctpl does not write.

use super::broken_root;
use crate::support::netns::{PORTAL, instance};
use crate::support::run::doctor;
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

const DASHBOARD: &str = include_str!("../../../dist/grafana-dashboard.json");
const RULES: &str = include_str!("../../../dist/prometheus-rules.yml");

/// The names of isctpl's metrics in a text.
fn metrics(text: &str) -> BTreeSet<String> {
    let is_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
    // In a rule the name of a file stands beside them.
    let words = text.split(|character| !is_name(character)).filter(|word| *word != "isctpl_watch");
    words.filter(|word| word.starts_with("isctpl_")).map(str::to_owned).collect()
}

/// What doctor and watch write.
fn written() -> Option<BTreeSet<String>> {
    let namespace = instance("dashboard")?;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("isctpl_watch.prom");
    let mut command = namespace.command(env!("CARGO_BIN_EXE_isctpl"));
    command.args(["watch", "--portal", PORTAL, "--san-nic", "san", "--textfile", file.to_str().unwrap()]);
    let mut watch = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    for _ in 0..100 {
        if file.exists() {
            break;
        }
        sleep(Duration::from_millis(100));
    }
    let by_watch = std::fs::read_to_string(&file);
    watch.kill().unwrap();
    watch.wait().unwrap();
    let by_doctor = doctor(broken_root().path(), &["--format", "prometheus"]).out;
    Some(metrics(&(by_watch.unwrap() + &by_doctor)))
}

#[test]
fn every_metric_that_is_shown_is_written() {
    let Some(written) = written() else { return };
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    let shown: String = targets.map(|target| target["expr"].as_str().unwrap().to_owned() + " ").collect();
    let rules: String = RULES.lines().filter(|line| line.trim_start().starts_with("expr:")).collect();
    for (metrics, of) in [(metrics(&shown), "the dashboard"), (metrics(&rules), "the rules")] {
        assert!(metrics.len() > 4, "{of}: {metrics:?}");
        let unwritten: Vec<&String> = metrics.difference(&written).collect();
        assert_eq!(unwritten, Vec::<&String>::new(), "{of}");
    }
}
