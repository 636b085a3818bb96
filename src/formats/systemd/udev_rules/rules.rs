//! Rules of a file.

use super::lines::Lines;
use super::tokens::{self, Pair};
use isctpl_checks::facts::{Location, Problem};

/// A rule: one line, continuations joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    /// The line on which it begins.
    pub at: Location,
    /// Its pairs in order.
    pub pairs: Vec<Pair>,
}

impl Rule {
    /// The programs that it runs: `RUN+=`, `PROGRAM=` and `IMPORT{program}=`, with arguments.
    pub(crate) fn programs(&self) -> impl Iterator<Item = &str> {
        let runs = |pair: &&Pair| matches!(pair.key.as_str(), "RUN" | "PROGRAM" | "IMPORT");
        self.pairs.iter().filter(runs).map(|pair| pair.value.as_str())
    }
}

/// The rules of a file in order, one after another; a line that udev ignores is a problem.
pub(super) fn rules<'a>(text: &'a str, path: &'a str) -> impl Iterator<Item = Result<Rule, Problem>> + 'a {
    Lines::new(text).filter_map(move |(line, text)| {
        let at = Location::line(path, line);
        match text.and_then(|text| tokens::pairs(&text)) {
            Ok(pairs) if pairs.is_empty() => None,
            Ok(pairs) => Some(Ok(Rule { at, pairs })),
            Err(what) => Some(Err(Problem::new(at.to_string(), what))),
        }
    })
}

/// The rules of a file without the lines that udev ignores.
pub(crate) fn parse(text: &str, path: &str) -> Vec<Rule> {
    rules(text, path).filter_map(Result::ok).collect()
}
