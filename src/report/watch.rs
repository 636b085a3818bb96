//! What `isctpl watch` tells: a line each time, for people or as JSON (`isctpl.watch/v1`).

use crate::watch::{Cause, Record, Stand, What, Within, route_in_words, stood};
use isctpl_checks::facts::{Flow, Route};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The name and version of the JSON form.
const SCHEMA: &str = "isctpl.watch/v1";

/// A line for people: the time, what happened, and why.
pub(crate) fn watch_text(record: &Record) -> String {
    let said = match &record.what {
        What::Start { portals, nic } => {
            let nic = match nic {
                Some((name, how)) => format!("watching the way to the SAN through {name} ({how})"),
                None => "watching the way to the SAN; through which NIC it leads is not known".to_owned(),
            };
            let portal = |(flow, stand): &(Flow, Stand)| format!("portal {}: {}", flow.portal(), stood(stand));
            std::iter::once(nic).chain(portals.iter().map(portal)).collect::<Vec<_>>().join("; ")
        }
        What::Gap { portal, stand, cause } => {
            with_cause(format!("GAP: portal {portal} is not reached through the SAN NIC: {}", stood(stand)), cause)
        }
        What::GapEnd { portal, stand, length, within, cause } => {
            let length = match within {
                Some(within) if within.is_exact() => seconds(*length),
                Some(within) => format!(
                    "about {} (to within {}: so long its messages may have waited to be read)",
                    seconds(*length),
                    seconds(within.either())
                ),
                None => format!("about {}", seconds(*length)),
            };
            with_cause(format!("GAP END after {length}: portal {portal}: {}", stood(stand)), cause)
        }
        What::Change { portal, stand, cause } => with_cause(format!("portal {portal}: {}", stood(stand)), cause),
        What::StoodStill { at_most } => format!(
            "STOOD STILL for up to {}: this process did not read what the kernel tells; what comes next may have happened \
             so much earlier",
            seconds(*at_most)
        ),
        What::Resync { why, blind } => format!(
            "RESYNC: {why}; all was read anew; gaps that began and ended in the {} before may be missing",
            seconds(*blind)
        ),
        What::Restored { route, after } => {
            format!("route put back after {}: {}", seconds(*after), route_in_words(route))
        }
        What::NotRestored { route, problem } => {
            format!("route not put back: {}: {problem}", route_in_words(route))
        }
        What::Session { name, target, state, was } => {
            let now = state.as_deref().unwrap_or("gone");
            let was = was.as_ref().map(|(was, length)| format!("; it was {was} for {}", seconds(*length)));
            format!("SESSION {name} ({target}): {now}{}", was.unwrap_or_default())
        }
        What::UnitStart { unit, before: true } => format!("service {unit} was started before the watch began"),
        What::UnitStart { unit, before: false } => format!("service {unit} was started"),
        What::NotFollowed { what, problem } => format!("{what} cannot be followed: {problem}"),
        What::Stop { gaps, without, resyncs, .. } => {
            let lost = match resyncs {
                0 => String::new(),
                resyncs => format!("; messages were lost {resyncs} times"),
            };
            let s = if *gaps == 1 { "" } else { "s" };
            format!("stopped: {gaps} gap{s}, {} without the SAN route{lost}", seconds(*without))
        }
    };
    format!("{} {said}\n", time(record.epoch_micros))
}

fn with_cause(mut line: String, cause: &Cause) -> String {
    if !cause.what.is_empty() {
        line.push_str(&format!("; by: {}", cause.what));
    }
    for (ago, what) in cause.before.iter().rev() {
        line.push_str(&format!("; {} before: {what}", seconds(*ago)));
    }
    line
}

/// Seconds to the microsecond.
fn seconds(length: Duration) -> String {
    format!("{} s", decimal(length))
}

/// The number of seconds, to the microsecond.
pub(super) fn decimal(length: Duration) -> String {
    format!("{}.{:06}", length.as_secs(), length.subsec_micros())
}

/// The time of day in UTC, to the microsecond (RFC 3339).
fn time(epoch_micros: i64) -> String {
    jiff::Timestamp::from_microsecond(epoch_micros)
        .map(|time| format!("{time:.6}"))
        .unwrap_or_else(|_| epoch_micros.to_string())
}

/// A line of JSON.
///
/// # Errors
/// When it cannot be written, which nothing in it brings about.
pub(crate) fn watch_json(record: &Record) -> serde_json::Result<String> {
    let mut line = Map::new();
    line.insert("schema".to_owned(), json!(SCHEMA));
    line.insert("time".to_owned(), json!(time(record.epoch_micros)));
    line.insert("monotonic_us".to_owned(), micros(record.at));
    let (event, fields) = fields(&record.what);
    line.insert("event".to_owned(), json!(event));
    if let Value::Object(fields) = fields {
        line.extend(fields);
    }
    serde_json::to_string(&line).map(|line| line + "\n")
}

fn fields(what: &What) -> (&'static str, Value) {
    match what {
        What::Start { portals, nic } => {
            let portal = |(flow, stand): &(Flow, Stand)| {
                json!({
                    "portal": flow.portal().to_string(),
                    "asked": flow.to_string(),
                    "answer": answer(stand),
                })
            };
            let nic = nic.as_ref().map(|(name, source)| json!({"name": name, "source": source}));
            ("start", json!({"portals": portals.iter().map(portal).collect::<Vec<_>>(), "san_nic": nic}))
        }
        What::Gap { portal, stand, cause } => {
            ("gap", json!({"portal": portal.to_string(), "answer": answer(stand), "cause": because(cause)}))
        }
        What::GapEnd { portal, stand, length, within, cause } => (
            "gap-end",
            json!({
                "portal": portal.to_string(), "answer": answer(stand), "length_us": micros(*length),
                "exact": within.is_some_and(Within::is_exact),
                "within_us": within.map(|within| micros(within.either())), "cause": because(cause),
            }),
        ),
        What::Change { portal, stand, cause } => {
            ("change", json!({"portal": portal.to_string(), "answer": answer(stand), "cause": because(cause)}))
        }
        What::StoodStill { at_most } => ("stood-still", json!({"at_most_us": micros(*at_most)})),
        What::Resync { why, blind } => ("resync", json!({"reason": why, "blind_us": micros(*blind)})),
        What::Restored { route, after } => {
            ("restored", json!({"route": route_fields(route), "after_us": micros(*after)}))
        }
        What::NotRestored { route, problem } => {
            ("not-restored", json!({"route": route_fields(route), "reason": problem.to_string()}))
        }
        What::Session { name, target, state, was } => (
            "session",
            json!({
                "session": name, "target": target, "state": state,
                "was": was.as_ref().map(|(state, length)| json!({"state": state, "length_us": micros(*length)})),
            }),
        ),
        What::UnitStart { unit, before } => ("unit-start", json!({"unit": unit, "before_watch": before})),
        What::NotFollowed { what, problem } => ("not-followed", json!({"what": what, "reason": problem.to_string()})),
        What::Stop { gaps, without, resyncs, unannounced } => (
            "stop",
            json!({
                "gaps": gaps, "without_us": micros(*without), "resyncs": resyncs, "unannounced": unannounced,
            }),
        ),
    }
}

fn answer(stand: &Stand) -> Value {
    match stand {
        Stand::Held(route) => json!({"state": "held", "route": route_fields(route)}),
        Stand::Elsewhere(route) => json!({"state": "elsewhere", "route": route_fields(route)}),
        Stand::Nowhere(why) => json!({"state": "nowhere", "reason": why}),
        Stand::Unknown(problem) => json!({"state": "unknown", "reason": problem.to_string()}),
    }
}

fn because(cause: &Cause) -> Value {
    let before = |(ago, what): &(Duration, String)| json!({"ago_us": micros(*ago), "what": what});
    json!({
        "what": cause.what,
        "protocol": cause.protocol,
        "before": cause.before.iter().map(before).collect::<Vec<_>>(),
    })
}

fn route_fields(route: &Route) -> Value {
    json!({
        "destination": route.destination.map_or_else(|| "default".to_owned(), |to| to.to_string()),
        "gateway": route.gateway,
        "interface": route.interface,
        "table": route.table,
        "metric": route.metric,
        "protocol": route.protocol,
    })
}

fn micros(length: Duration) -> Value {
    json!(u64::try_from(length.as_micros()).unwrap_or(u64::MAX))
}
