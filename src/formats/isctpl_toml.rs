//! `isctpl.toml`: what the operator of a gate wants left out of account, why, and until when.

use jiff::civil::Date;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::fmt;
use toml::Spanned;

/// A check whose findings do not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignore {
    /// Its id.
    pub check: String,
    /// Why.
    pub reason: String,
    /// The last day on which it holds.
    pub until: Date,
    /// Where it stands, from 1.
    pub line: usize,
}

/// What is wrong with the file, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    ignore: Vec<Spanned<Entry>>,
}

/// Everything is optional here, so that what is missing is told with its line and in our words.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    check: Option<Spanned<String>>,
    reason: Option<Spanned<String>>,
    until: Option<Spanned<Until>>,
}

/// A date of TOML's, or one in quotes.
#[derive(Deserialize)]
#[serde(untagged)]
enum Until {
    Date(toml::value::Datetime),
    Text(String),
    Other(IgnoredAny),
}

/// Reads the file. `knows` tells whether a check has this id.
///
/// # Errors
/// What is wrong with it first: a file of which a part is not understood ignores nothing.
pub(crate) fn parse(text: &str, knows: impl Fn(&str) -> bool) -> Result<Vec<Ignore>, Fault> {
    let fault = |at: usize, what: String| Fault { line: line_of(text, at), what };
    let file: File = toml::from_str(text)
        .map_err(|error| fault(error.span().map_or(0, |span| span.start), error.message().trim().to_owned()))?;
    let mut ignores = Vec::new();
    for entry in file.ignore {
        let at = entry.span().start;
        let entry = entry.into_inner();
        let missing = |key: &str, like: &str| fault(at, format!("this [[ignore]] has no `{key}`: write {like}"));
        let check = entry.check.ok_or_else(|| missing("check", "check = \"ID\", as `isctpl checks` lists them"))?;
        if !knows(check.get_ref()) {
            let what = format!("no check has the id `{}`; `isctpl checks` lists them", check.get_ref());
            return Err(fault(check.span().start, what));
        }
        let reason = entry.reason.ok_or_else(|| missing("reason", "reason = \"why it does not count\""))?;
        if reason.get_ref().trim().is_empty() {
            return Err(fault(reason.span().start, "the reason is empty".to_owned()));
        }
        let until =
            entry.until.ok_or_else(|| missing("until", "until = 2027-06-30, the last day on which it holds"))?;
        let Some(day) = date_of(until.get_ref()) else {
            return Err(fault(until.span().start, "`until` is not a date; write until = 2027-06-30".to_owned()));
        };
        ignores.push(Ignore {
            check: check.into_inner(),
            reason: reason.into_inner().trim().to_owned(),
            until: day,
            line: line_of(text, at),
        });
    }
    Ok(ignores)
}

fn date_of(until: &Until) -> Option<Date> {
    match until {
        Until::Date(toml::value::Datetime { date: Some(date), time: None, offset: None }) => {
            let small = |number: u8| i8::try_from(number).ok();
            Date::new(i16::try_from(date.year).ok()?, small(date.month)?, small(date.day)?).ok()
        }
        Until::Text(text) => text.parse().ok().filter(|_| text.len() == "2027-06-30".len()),
        Until::Date(_) | Until::Other(_) => None,
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Ignore>, Fault> {
        parse(text, |id| id == "loader-edd-probe")
    }

    #[test]
    fn an_ignore_has_a_check_a_reason_and_an_end() {
        let text = "# why\n\n[[ignore]]\ncheck = \"loader-edd-probe\"\nreason = \" it is slow \"\nuntil = 2027-06-30\n\n\
                    [[ignore]]\ncheck = \"loader-edd-probe\"\nreason = \"x\"\nuntil = \"2028-02-29\"\n";
        let ignores = read(text).unwrap();
        let told: Vec<_> =
            ignores.iter().map(|ignore| (ignore.line, ignore.reason.as_str(), ignore.until.to_string())).collect();
        assert_eq!(told, [(3, "it is slow", "2027-06-30".to_owned()), (8, "x", "2028-02-29".to_owned())]);
        assert_eq!(read(""), Ok(Vec::new()));
    }

    /// The names that the parser would have taken in place of one that it does not know.
    fn known(text: &str) -> Vec<String> {
        let what = read(text).unwrap_err().what;
        what.split('`').skip(3).step_by(2).map(str::to_owned).collect()
    }

    #[test]
    fn the_manual_has_every_key_and_an_example_that_is_read() {
        let page = include_str!("../../man/isctpl.toml.5").replace("\\-", "-");
        let section = |name: &str| {
            page.split(".SH ").find_map(|section| section.strip_prefix(name)).unwrap_or_default().trim().to_owned()
        };
        let keys: Vec<String> =
            section("KEYS").split(".TP\n.B ").skip(1).map(|key| key.lines().next().unwrap().to_owned()).collect();
        assert_eq!(keys, known("[[ignore]]\nno-such-key = 1\n"));
        let tables = known("[[no-such-table]]\n");
        assert!(!tables.is_empty() && tables.iter().all(|name| page.contains(&format!(".B [[{name}]]"))), "{tables:?}");

        let examples = section("EXAMPLES");
        let example = examples.split(".EX\n").nth(1).unwrap().split(".EE").next().unwrap();
        let ignores = parse(example, |id| isctpl_checks::registry::find(id).is_some()).unwrap();
        assert_eq!(ignores.len(), 1, "{example}");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let entry = |lines: &str| format!("\n[[ignore]]\n{lines}\n");
        let check = "check = \"loader-edd-probe\"";
        for (text, line, what) in [
            (entry("check = \"loader-edd-prob\""), 3, "no check has the id `loader-edd-prob`"),
            (entry("reason = \"x\""), 2, "has no `check`"),
            (entry(check), 2, "has no `reason`"),
            (entry(&format!("{check}\nreason = \" \"")), 4, "the reason is empty"),
            (entry(&format!("{check}\nreason = \"x\"")), 2, "has no `until`"),
            (entry(&format!("{check}\nreason = \"x\"\nuntil = \"soon\"")), 5, "not a date"),
            (entry(&format!("{check}\nreason = \"x\"\nuntil = \"2027-02-30\"")), 5, "not a date"),
            (entry(&format!("{check}\nreason = \"x\"\nuntil = 2027-06-30T00:00:00Z")), 5, "not a date"),
            (entry(&format!("{check}\nreason = \"x\"\nuntil = 12")), 5, "not a date"),
            (entry(&format!("{check}\nreasons = \"x\"")), 4, "reasons"),
            (entry("check = 1"), 3, "string"),
            ("[[ignored]]\n".to_owned(), 1, "ignored"),
            ("\n\n[[ignore]\n".to_owned(), 3, ""),
            ("ignore = 3\n".to_owned(), 1, ""),
        ] {
            let fault = read(&text).unwrap_err();
            assert_eq!(fault.line, line, "{text}: {fault}");
            assert!(fault.what.contains(what) && !fault.what.contains('\n'), "{text}: {fault}");
        }
    }
}
