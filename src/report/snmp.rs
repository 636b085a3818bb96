//! A report of `doctor --format json` as SNMP values: `dist/snmp/ISCTPL-MIB.txt`.

use crate::formats::snmp::{Oid, Value, Values};
use crate::formats::text::printable;
use isctpl_checks::Link;
use serde::Deserialize;

/// The longest text of a value, in octets (SnmpAdminString of RFC 3411).
const TEXT_LIMIT: usize = 255;

/// What is read of a report; a field that is not there has its empty value.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Kept {
    schema: String,
    time: String,
    verdict: KeptVerdict,
    chain: Vec<KeptLink>,
    counts: KeptCounts,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct KeptVerdict {
    boot: String,
    broken_link: Option<String>,
    because: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct KeptLink {
    link: String,
    status: String,
    summary: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct KeptCounts {
    critical: u32,
    warning: u32,
    info: u32,
    unknown: u32,
    pass: u32,
}

impl Kept {
    /// Reads a report.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let kept: Self = serde_json::from_slice(bytes).map_err(|error| format!("is no report: {error}"))?;
        if kept.schema != super::json::SCHEMA {
            return Err(format!("is no {}", super::json::SCHEMA));
        }
        Ok(kept)
    }
}

/// The values of a report that is `now` seconds after 1970 asked for; `Err` says why there is none. The verdict is unknown
/// then, and where the report is older than `max_age` seconds.
pub(crate) fn snmp(report: &Result<Kept, String>, base: &Oid, now: i64, max_age: u32) -> Values {
    let nothing = Kept::default();
    let taken = report.as_ref().ok().and_then(|kept| kept.time.parse::<jiff::Timestamp>().ok());
    // What lies in the future is as old as what lies in the past.
    let age = taken.map_or(u32::MAX, |taken| u32::try_from(now.abs_diff(taken.as_second())).unwrap_or(u32::MAX));
    let (kept, problem) = match report {
        Ok(kept) if age <= max_age => (kept, None),
        Ok(kept) => (&nothing, Some(format!("the last report is of {}; isctpl doctor does not run", kept.time))),
        Err(problem) => (&nothing, Some(problem.clone())),
    };
    let time = report.as_ref().map_or("", |kept| kept.time.as_str());
    let verdict = &kept.verdict;
    let because = problem.as_deref().unwrap_or(&verdict.because);
    let scalars = [
        Value::Integer(verdict_number(&verdict.boot)),
        text(verdict.broken_link.as_deref().unwrap_or_default()),
        text(because),
        text(time),
        Value::Gauge(age),
        Value::Gauge(kept.counts.critical),
        Value::Gauge(kept.counts.warning),
        Value::Gauge(kept.counts.info),
        Value::Gauge(kept.counts.unknown),
        Value::Gauge(kept.counts.pass),
    ];
    let numbered = |index: usize| u32::try_from(index + 1).unwrap_or(u32::MAX);
    let mut values: Values =
        scalars.into_iter().enumerate().map(|(index, value)| (base.below(&[1, numbered(index), 0]), value)).collect();
    // Every link has a row, also where there is no report: a row that is missing is no alarm.
    for (index, link) in Link::CHAIN.into_iter().enumerate() {
        let known = kept.chain.iter().find(|known| known.link == link.name());
        let status = known.map_or("", |known| known.status.as_str());
        let summary = known.map_or(because, |known| known.summary.as_str());
        for (column, value) in [(2, text(link.name())), (3, Value::Integer(status_number(status))), (4, text(summary))]
        {
            values.insert(base.below(&[2, 1, column, numbered(index)]), value);
        }
    }
    values
}

/// A text as SnmpAdminString takes it (RFC 3411): so many octets of UTF-8, in one line.
fn text(text: &str) -> Value {
    let mut line = printable::line(text).into_owned();
    while line.len() > TEXT_LIMIT {
        line.pop();
    }
    Value::Text(line)
}

fn verdict_number(boot: &str) -> i32 {
    match boot {
        "boots" => 1,
        "at-risk" => 2,
        "fails" => 3,
        _ => 4,
    }
}

fn status_number(status: &str) -> i32 {
    match status {
        "pass" => 1,
        "warn" => 2,
        "fail" => 3,
        "not-applicable" => 5,
        _ => 4,
    }
}
