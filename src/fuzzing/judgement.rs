//! Facts of a snapshot, which may be anybody's, judged and told.

use super::target::Target;
use crate::formats::text::printable;
use crate::report::{self, FailOn, Report, Style};
use isctpl_checks::facts::Facts;
use isctpl_checks::{Selection, judge};

pub(super) const TARGETS: &[Target] = &[Target::new("judgement", &[], |input| {
    if let Ok(facts) = serde_json::from_slice::<Facts>(input) {
        tell(&facts);
    }
})
.most(256 << 10)
.allocates(64 << 20, 16 << 10)
.short(1000)];

/// Judges facts, and tells what they come to in every format.
///
/// # Panics
/// When a format is not what it should be.
pub(super) fn tell(facts: &Facts) {
    let judgement = judge(facts, &Selection::default());
    let report = Report { facts, judgement: &judgement, snapshot: None, ignores: &[], fail_on: FailOn::default() };
    let table = report::table(&report, &Style { width: 80, ascii: false, verbose: true });
    // Our own colours pass the last sieve before the stream, and nothing else is left to be caught there.
    assert_eq!(printable::screen(&table), table, "a terminal is given what it obeys");
    shown(&report::nagios(&report), "nagios");
    shown(&report::checkmk(&report), "checkmk");
    shown(&report::html(&report), "html");
    shown(&report::junit(&report), "junit");
    let json = report::json(&report).unwrap_or_else(|error| panic!("no JSON comes out: {error}"));
    shown(&json, "json");
    let read: Result<serde::de::IgnoredAny, _> = serde_json::from_str(&json);
    assert!(read.is_ok(), "what comes out is no JSON");
    assert!((0..=3).contains(&report.exit_code()), "an exit code that no monitor knows");
}

/// No terminal obeys it.
fn shown(text: &str, format: &str) {
    let wrong = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t'));
    assert_eq!(wrong, None, "{format}: a terminal is given what it obeys");
}
