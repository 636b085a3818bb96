//! Machines to judge: a sound one of `fixtures/facts`, and what sets it apart.
use isctpl_checks::facts::Facts;
use isctpl_checks::{Judgement, Link, Outcome, Selection, judge};
use serde_json::{Value, json};
use std::borrow::Borrow;
use std::path::Path;

/// A machine that is being made up.
pub(crate) struct Machine(Value);

/// A sound machine, by its name.
pub(crate) fn machine(name: &str) -> Machine {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/facts").join(format!("{name}.json"));
    Machine(serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
}

impl Machine {
    /// The same with a JSON Patch (RFC 6902) applied.
    pub(crate) fn patch(mut self, patch: impl Borrow<Value>) -> Self {
        let patch: json_patch::Patch = serde_json::from_value(patch.borrow().clone()).unwrap();
        json_patch::patch(&mut self.0, &patch).unwrap();
        self
    }

    /// The same with these words, and no other, on the command line of the entry that boots.
    pub(crate) fn cmdline(self, words: &str) -> Self {
        let word = |word: &str| match word.split_once('=') {
            Some((key, value)) => json!({"key": key, "value": value}),
            None => json!({"key": word}),
        };
        let words: Vec<Value> = words.split_whitespace().map(word).collect();
        self.patch(json!([{"op": "replace", "path": "/loader/entries/0/cmdline/words", "value": words}]))
    }

    /// The same, with a portal and the lease that leads to it by a gateway.
    pub(crate) fn behind_a_gateway(self) -> Self {
        self.patch(gateway_to_target())
    }

    /// Its facts as JSON.
    pub(crate) fn value(self) -> Value {
        self.0
    }

    /// Its facts.
    pub(crate) fn facts(self) -> Facts {
        serde_json::from_value(self.0).unwrap()
    }

    /// What one check says of it.
    pub(crate) fn says(self, check: &str) -> Outcome {
        let selection = Selection { only: vec![check.to_owned()], ..Selection::default() };
        judge(&self.facts(), &selection).results.into_iter().next().unwrap().outcome
    }

    /// What every check together says of it.
    pub(crate) fn judged(self) -> Judgement {
        judge(&self.facts(), &Selection::default())
    }
}

/// What makes it known that the target is not in the SAN NIC's own network.
pub(crate) fn gateway_to_target() -> Value {
    let lease = json!({
        "at": {"path": "/var/lib/dhcp/dhclient.leases", "line": 3}, "client": "dhclient", "address": "100.64.16.50/30",
        "classless": [{"destination": "100.98.0.0/16", "gateway": "100.64.16.49"}],
    });
    json!([
        {"op": "add", "path": "/dhcp/leases/-", "value": lease},
        {"op": "add", "path": "/scope/portals/-", "value": "100.98.0.10:3260"},
    ])
}

/// The checks of a link that fail, `?` behind those that cannot be told.
pub(crate) fn alarms(facts: &Facts, links: &[Link]) -> Vec<String> {
    let results = judge(facts, &Selection::default()).results;
    let alarm = |outcome: &Outcome, id: &str| match outcome {
        Outcome::Fail(_) => Some(id.to_owned()),
        Outcome::Unknown { .. } => Some(format!("{id}?")),
        _ => None,
    };
    results
        .iter()
        .filter(|result| links.contains(&result.check.link))
        .filter_map(|result| alarm(&result.outcome, result.check.id))
        .collect()
}

/// A value of a file, and where it stands.
pub(crate) fn located(value: Value) -> Value {
    json!({"value": value, "at": {"path": "/etc/some/file", "line": 3}})
}
