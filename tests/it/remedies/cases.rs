//! The broken case of every check, and what is said to fix it.

use crate::support::fixtures;
use isctpl_checks::facts::Facts;
use isctpl_checks::{Check, Finding, Outcome, Selection, judge, registry};
use serde_json::Value;
use std::fs;

fn json(path: &str) -> Value {
    let path = fixtures().join(path);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// The facts of a check's broken case.
pub(crate) fn broken(check: &Check) -> Value {
    let case = json(&format!("checks/{}/broken.json", check.id));
    let mut facts = json(&format!("facts/{}.json", case["base"].as_str().unwrap()));
    if let Some(patch) = case.get("patch") {
        let patch: json_patch::Patch = serde_json::from_value(patch.clone()).unwrap();
        json_patch::patch(&mut facts, &patch).unwrap();
    }
    facts
}

/// The findings of one check.
pub(crate) fn findings(check: &Check, facts: &Facts) -> Vec<Finding> {
    let selection = Selection { only: vec![check.id.to_owned()], ..Selection::default() };
    match judge(facts, &selection).results.pop().unwrap().outcome {
        Outcome::Fail(findings) => findings,
        _ => Vec::new(),
    }
}

/// Every check with the findings of its broken case.
pub(crate) fn all() -> Vec<(&'static Check, Vec<Finding>)> {
    registry::all().map(|check| (check, findings(check, &serde_json::from_value(broken(check)).unwrap()))).collect()
}

/// What every check finds on each captured machine.
pub(crate) fn captured() -> Vec<(String, Vec<Finding>)> {
    let files = fs::read_dir(fixtures().join("captured")).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .map(|path| {
            let snapshot: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            let facts = serde_json::from_value(snapshot["facts"].clone()).unwrap();
            let every = registry::all().map(|check| check.id.to_owned()).collect();
            let results = judge(&facts, &Selection { only: every, ..Selection::default() }).results;
            let failed = results.into_iter().filter_map(|result| match result.outcome {
                Outcome::Fail(findings) => Some(findings),
                _ => None,
            });
            (path.file_name().unwrap().to_string_lossy().into_owned(), failed.flatten().collect())
        })
        .collect()
}
