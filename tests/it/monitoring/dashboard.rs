//! The dashboard and the alert rules name no metric that isctpl does not write.

use super::broken_root;
use crate::support::run::doctor;
use serde_json::Value;
use std::collections::BTreeSet;

const DASHBOARD: &str = include_str!("../../../dist/grafana-dashboard.json");
const RULES: &str = include_str!("../../../dist/prometheus-rules.yml");
/// What watch writes, by the names in its source: it is one list there.
const WATCH: &str = include_str!("../../../src/report/watch_metrics.rs");

fn metrics(text: &str) -> BTreeSet<&str> {
    let is_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
    text.split(|character| !is_name(character))
        .filter(|word| word.starts_with("isctpl_") && *word != "isctpl_watch")
        .collect()
}

#[test]
fn every_metric_that_is_shown_is_written() {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let mut expressions = String::new();
    for target in dashboard["panels"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|panel| panel["targets"].as_array().into_iter().flatten())
    {
        expressions.push_str(target["expr"].as_str().unwrap());
        expressions.push(' ');
    }
    let root = broken_root();
    let written = doctor(root.path(), &["--format", "prometheus"]).out;
    let written = metrics(&written);
    let wanted = metrics(&expressions);
    assert!(wanted.len() > 8, "{wanted:?}");
    let files = ["isctpl_watch_prom"];
    for metric in wanted.union(&metrics(RULES)).filter(|metric| !files.contains(metric)) {
        let by_watch = metric
            .strip_prefix("isctpl_watch_")
            .is_some_and(|name| WATCH.contains(&format!("\"{name}\"")) || WATCH.contains(*metric));
        assert!(written.contains(metric) || by_watch, "{metric} is written by nobody");
    }
}
