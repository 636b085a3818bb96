//! Every check against a broken and a healthy machine.
//!
//! `fixtures/facts/*.json` are whole, sound machines. `fixtures/checks/ID/{broken,healthy}.json` are
//! small changes to one of them, as JSON patches (RFC 6902).
use isctpl_checks::facts::{Facts, Problem};
use isctpl_checks::{
    BootVerdict, Check, Judgement, Link, Outcome, Reach, RunsIn, Selection, Severity, judge, registry,
};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A case of one check.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// The sound machine that it starts from.
    base: String,
    /// What the case shows, in one sentence.
    why: String,
    /// What differs.
    #[serde(default)]
    patch: json_patch::Patch,
    /// Other checks that must fail by the same fact.
    #[serde(default)]
    also: Vec<String>,
    /// The severity of the finding, where it is not the check's own.
    severity: Option<Severity>,
    /// What the broken case must come to: `fail`, or `unknown` for a check that reports what could
    /// not be read.
    #[serde(default)]
    outcome: Expected,
}

#[derive(Deserialize, Default, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Expected {
    #[default]
    Fail,
    Unknown,
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every sound machine, by name.
fn bases() -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(fixtures().join("facts"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

fn base(name: &str) -> Value {
    let path = fixtures().join("facts").join(format!("{name}.json"));
    serde_json::from_str(&read(&path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Facts ignore keys that they do not know; a fixture must not, or a misspelt key would go unseen.
fn facts_of(name: &str, value: Value) -> Facts {
    let facts: Facts = serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_same_keys(name, "", &value, &serde_json::to_value(&facts).unwrap());
    facts
}

fn assert_same_keys(name: &str, path: &str, written: &Value, understood: &Value) {
    match (written, understood) {
        (Value::Object(written), Value::Object(understood)) => {
            for (key, value) in written {
                let path = format!("{path}/{key}");
                let counterpart =
                    understood.get(key).unwrap_or_else(|| panic!("{name}: {path} means nothing to the facts"));
                assert_same_keys(name, &path, value, counterpart);
            }
        }
        (Value::Array(written), Value::Array(understood)) => {
            for (index, (value, counterpart)) in written.iter().zip(understood).enumerate() {
                assert_same_keys(name, &format!("{path}/{index}"), value, counterpart);
            }
        }
        _ => {}
    }
}

pub(crate) fn case(check: &Check, kind: &str) -> (String, Case, Facts) {
    let path = fixtures().join("checks").join(check.id).join(format!("{kind}.json"));
    let name = format!("{}/{kind}", check.id);
    let case: Case = serde_json::from_str(&read(&path)).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(!case.why.trim().is_empty(), "{name} does not say what it shows");
    let mut value = base(&case.base);
    json_patch::patch(&mut value, &case.patch).unwrap_or_else(|error| panic!("{name}: {error}"));
    let facts = facts_of(&name, value);
    (name, case, facts)
}

fn everything(facts: &Facts) -> Judgement {
    judge(facts, &Selection::default())
}

/// What one check says by itself, so that no broken link before it softens its severity.
pub(crate) fn alone(check: &Check, facts: &Facts) -> Outcome {
    let selection = Selection { only: vec![check.id.to_owned()], ..Selection::default() };
    judge(facts, &selection).results.into_iter().next().unwrap().outcome
}

fn is_critical(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Fail(findings) if findings.iter().any(|finding| finding.severity == Severity::Critical))
}

/// No other check raises a critical alarm, except those that the case names; and those do fail.
fn assert_nobody_else_alarmed(name: &str, of: &Check, case: &Case, facts: &Facts) {
    for id in &case.also {
        assert!(registry::find(id).is_some(), "{name} names {id}, which is no check");
    }
    for other in registry::all().filter(|other| other.id != of.id) {
        let outcome = alone(other, facts);
        if case.also.iter().any(|id| id == other.id) {
            assert!(matches!(outcome, Outcome::Fail(_)), "{name}: {} should fail too, and says {outcome:#?}", other.id);
        } else {
            assert!(!is_critical(&outcome), "{name}: {} raises an alarm: {outcome:#?}", other.id);
        }
    }
}

#[test]
fn a_sound_machine_gives_no_finding_and_boots() {
    for name in bases() {
        let judgement = everything(&facts_of(&name, base(&name)));
        for result in &judgement.results {
            assert!(
                matches!(result.outcome, Outcome::Pass(_) | Outcome::NotApplicable(_)),
                "{name}: {} says {:#?}",
                result.check.id,
                result.outcome
            );
        }
        assert_eq!(judgement.verdict.boot, BootVerdict::Boots, "{name}: {:?}", judgement.verdict);
    }
}

#[test]
fn every_check_finds_its_broken_case() {
    for check in registry::all() {
        let (name, case, facts) = case(check, "broken");
        let outcome = alone(check, &facts);
        if case.outcome == Expected::Unknown {
            assert!(matches!(outcome, Outcome::Unknown { .. }), "{name}: {outcome:#?}");
        } else {
            let Outcome::Fail(findings) = &outcome else { panic!("{name} is not found: {outcome:#?}") };
            let worst = findings.iter().map(|finding| finding.severity).max().unwrap();
            assert_eq!(worst, case.severity.unwrap_or(check.severity), "{name}: {findings:#?}");
            for finding in findings {
                assert!(!finding.evidence.is_empty(), "{name} has no evidence: {finding:#?}");
                assert!(
                    finding.evidence.iter().all(|evidence| !evidence.source.is_empty()),
                    "{name} has evidence from nowhere: {finding:#?}"
                );
                assert!(!finding.remedy.text.is_empty(), "{name} has no remedy: {finding:#?}");
                assert_plain_line(&name, &finding.summary);
            }
        }
        assert_nobody_else_alarmed(&name, check, &case, &facts);
    }
}

#[test]
fn every_check_passes_its_healthy_case() {
    for check in registry::all() {
        let (name, case, facts) = case(check, "healthy");
        let outcome = alone(check, &facts);
        let Outcome::Pass(reason) = &outcome else { panic!("{name} does not pass: {outcome:#?}") };
        assert_plain_line(&name, reason);
        assert_nobody_else_alarmed(&name, check, &case, &facts);
    }
}

/// One line without a full stop, since it stands in a table and inside other sentences.
fn assert_plain_line(name: &str, text: &str) {
    assert!(!text.is_empty() && text.trim() == text, "{name}: {text:?} is empty or padded");
    assert!(!text.contains('\n') && !text.ends_with('.'), "{name}: {text:?} is no plain line");
}

#[test]
fn every_fixture_belongs_to_a_check() {
    for entry in fs::read_dir(fixtures().join("checks")).unwrap() {
        let id = entry.unwrap().file_name().into_string().unwrap();
        assert!(registry::find(&id).is_some(), "fixtures/checks/{id} belongs to no check");
    }
}

/// `fixtures/checks.txt` is what others rely on: a change of an id, link or severity shows in review.
#[test]
fn the_list_of_checks_is_the_registry() {
    let mut registered: Vec<String> =
        registry::all().map(|check| format!("{} {} {}", check.id, check.link, check.severity)).collect();
    registered.sort();
    let path = fixtures().join("checks.txt");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, registered.join("\n") + "\n").unwrap();
    }
    let listed: Vec<String> = read(&path).lines().map(str::to_owned).collect();
    assert_eq!(registered, listed, "run this test once with BLESS=1 to write the list anew");
}

#[test]
fn ids_are_unique_and_say_their_link() {
    let mut seen = BTreeSet::new();
    for check in registry::all() {
        assert!(seen.insert(check.id), "{} is registered twice", check.id);
        assert!(
            check.id.split('-').all(|part| {
                !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            }),
            "{} is not in kebab-case",
            check.id
        );
        let prefixes: &[&str] = match check.link {
            Link::Firmware => &["ibft-"],
            Link::Loader => &["loader-"],
            Link::Kernel => &["kernel-"],
            Link::Initramfs => &["initramfs-"],
            Link::Login => &["login-"],
            Link::Root => &["root-"],
            Link::Handover => &["handover-"],
            Link::Uptime => &["san-", "default-route-", "session-", "iscsid-", "firewall-"],
            Link::Shutdown => &["service-", "node-record-"],
            Link::Template => &["template-"],
        };
        assert!(prefixes.iter().any(|prefix| check.id.starts_with(prefix)), "{} hides its link", check.id);
    }
}

#[test]
fn every_check_is_documented() {
    for check in registry::all() {
        let doc = &check.doc;
        for (what, text) in [("title", check.title), ("finds", doc.finds), ("breaks", doc.breaks), ("fix", doc.fix)] {
            assert!(text.trim() == text && text.len() > 10, "{}: {what} says nothing: {text:?}", check.id);
        }
        assert!(!check.title.ends_with('.'), "{}: the title is no sentence", check.id);
        for text in [doc.finds, doc.breaks, doc.fix] {
            assert!(text.ends_with('.'), "{}: no full stop: {text:?}", check.id);
        }
        assert!(!doc.references.is_empty(), "{} has no reference", check.id);
    }
}

/// A report says once for each fix where its commands act, so none has commands for both places.
#[test]
fn the_commands_of_a_fix_act_in_one_place() {
    for check in registry::all() {
        let (name, _, facts) = case(check, "broken");
        let Outcome::Fail(findings) = alone(check, &facts) else { continue };
        for finding in findings {
            let plain = finding.remedy.plain_commands();
            let below = finding.remedy.typed(Reach::Mounted("/target"));
            let for_machine = plain.iter().zip(&below).filter(|(plain, below)| plain == below).count();
            let all = if finding.remedy.runs_in() == RunsIn::Machine { plain.len() } else { 0 };
            assert_eq!(for_machine, all, "{name}: {plain:?}");
        }
    }
}

/// Checks whose finding is that something was not seen in the root.
const OF_ABSENCE: [&str; 12] = [
    "loader-efi-fallback-missing",
    "loader-cmdline-drift",
    "kernel-modules-missing",
    "initramfs-stale",
    "handover-san-nic-reconfigured",
    "handover-san-route-not-kept",
    "handover-classless-routes-ignored",
    "handover-wan-before-san",
    "service-takes-san-nic-down",
    "template-helper-missing",
    "template-python-missing",
    "template-snmpd-missing",
];

#[test]
fn nothing_is_missing_where_the_root_was_not_read_to_the_end() {
    for id in OF_ABSENCE {
        let check = registry::find(id).unwrap();
        let (name, _, mut facts) = case(check, "broken");
        facts.scope.problems.push(Problem::new("/", "was not read to the end"));
        assert!(matches!(alone(check, &facts), Outcome::Unknown { .. }), "{name}");
    }
}
