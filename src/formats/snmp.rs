//! The protocol of net-snmp's `pass_persist` (snmpd.conf(5)): lines in, lines out, over a table of values.

use std::fmt;
use std::ops::Bound::{Excluded, Unbounded};

use std::collections::BTreeMap;

/// An object identifier; they sort as SNMP walks them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Oid(Vec<u32>);

/// The most parts of an identifier (RFC 2578, section 3.5).
const PARTS_LIMIT: usize = 128;

impl Oid {
    /// Reads `.1.3.6.1` or `1.3.6.1`; `None` for anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let parts = text.strip_prefix('.').unwrap_or(text).split('.');
        let parts: Vec<u32> = parts.take(PARTS_LIMIT + 1).map(|part| part.parse().ok()).collect::<Option<_>>()?;
        (parts.len() <= PARTS_LIMIT).then_some(Self(parts))
    }

    /// The same with more parts behind it.
    #[must_use]
    pub(crate) fn below(&self, parts: &[u32]) -> Self {
        Self(self.0.iter().chain(parts).copied().collect())
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| write!(f, ".{part}"))
    }
}

/// A value, of the types that are needed here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// `INTEGER`
    Integer(i32),
    /// `Gauge32`
    Gauge(u32),
    /// `OCTET STRING`; one line.
    Text(String),
}

impl Value {
    fn lines(&self) -> (&'static str, String) {
        match self {
            Self::Integer(value) => ("integer", value.to_string()),
            Self::Gauge(value) => ("gauge", value.to_string()),
            Self::Text(text) => ("string", text.clone()),
        }
    }
}

/// The values that are answered with.
pub(crate) type Values = BTreeMap<Oid, Value>;

/// What the next line of snmpd's means.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Awaits {
    /// A command.
    #[default]
    Command,
    /// The identifier of `get`.
    Get,
    /// That of `getnext`.
    GetNext,
    /// That of `set`, and then its value.
    Set(u8),
}

impl Awaits {
    /// Takes a line; gives what to answer, if anything.
    pub(crate) fn take(&mut self, line: &str, values: &Values) -> Option<String> {
        let line = line.trim();
        match std::mem::take(self) {
            Self::Command => {
                *self = match line.to_ascii_lowercase().as_str() {
                    "ping" => return Some("PONG\n".to_owned()),
                    "get" => Self::Get,
                    "getnext" => Self::GetNext,
                    "set" => Self::Set(2),
                    _ => return Some("NONE\n".to_owned()),
                };
                None
            }
            Self::Get => {
                let found = Oid::parse(line).and_then(|oid| values.get_key_value(&oid));
                Some(answer(found))
            }
            Self::GetNext => {
                let found = Oid::parse(line).and_then(|oid| values.range((Excluded(oid), Unbounded)).next());
                Some(answer(found))
            }
            Self::Set(2) => {
                *self = Self::Set(1);
                None
            }
            Self::Set(_) => Some("not-writable\n".to_owned()),
        }
    }
}

fn answer(found: Option<(&Oid, &Value)>) -> String {
    let Some((oid, value)) = found else { return "NONE\n".to_owned() };
    let (kind, text) = value.lines();
    format!("{oid}\n{kind}\n{text}\n")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn values() -> Values {
        let base = Oid::parse(".1.3.9").unwrap();
        [
            (base.below(&[1, 0]), Value::Integer(2)),
            (base.below(&[2, 0]), Value::Text("login: no way".to_owned())),
            (base.below(&[10, 0]), Value::Gauge(7)),
        ]
        .into()
    }

    fn said(lines: &[&str]) -> String {
        let mut awaits = Awaits::default();
        lines.iter().filter_map(|line| awaits.take(line, &values())).collect()
    }

    #[test]
    fn snmpd_is_answered_as_its_manual_says() {
        assert_eq!(said(&["PING"]), "PONG\n");
        assert_eq!(said(&["get", ".1.3.9.1.0"]), ".1.3.9.1.0\ninteger\n2\n");
        assert_eq!(said(&["get", ".1.3.9.1"]), "NONE\n");
        assert_eq!(said(&["getnext", ".1.3.9"]), ".1.3.9.1.0\ninteger\n2\n");
        // By number, and not by letter.
        assert_eq!(said(&["getnext", ".1.3.9.2.0"]), ".1.3.9.10.0\ngauge\n7\n");
        assert_eq!(said(&["getnext", ".1.3.9.10.0"]), "NONE\n");
        assert_eq!(said(&["set", ".1.3.9.1.0", "integer 5", "PING"]), "not-writable\nPONG\n");
    }

    #[test]
    fn what_is_no_identifier_has_no_value() {
        let long = ".1".repeat(PARTS_LIMIT + 1);
        for wrong in ["", ".", ".1..3", ".1.x", ".1.99999999999", "-1", long.as_str()] {
            assert_eq!(said(&["getnext", wrong]), "NONE\n", "{wrong}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(lines in proptest::collection::vec("\\PC{0,40}|get|getnext|set|PING|[.0-9]{0,30}", 0..12)) {
            let mut awaits = Awaits::default();
            for line in lines {
                awaits.take(&line, &values());
            }
        }
    }
}
