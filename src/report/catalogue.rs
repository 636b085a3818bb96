//! The catalogue of checks, and what a check's documentation says.

use super::columns;
use super::json::written;
use super::style::{STRONG, Style, of_severity, paint};
use isctpl_checks::{Check, Scope, registry};
use serde::Serialize;

/// The schema's name.
const SCHEMA: &str = "isctpl.checks/v1";

#[derive(Serialize)]
struct Catalogue {
    schema: &'static str,
    checks: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    check: &'static str,
    link: &'static str,
    severity: &'static str,
    scope: &'static str,
    title: &'static str,
    finds: &'static str,
    breaks: &'static str,
    fix: &'static str,
    /// The name that `fix` had at first; programs may read it still.
    mend: &'static str,
    references: &'static [&'static str],
}

impl From<&'static Check> for Entry {
    fn from(check: &'static Check) -> Self {
        Self {
            check: check.id,
            link: check.link.name(),
            severity: check.severity.name(),
            scope: scope_word(check.scope),
            title: check.title,
            finds: check.doc.finds,
            breaks: check.doc.breaks,
            fix: check.doc.fix,
            mend: check.doc.fix,
            references: check.doc.references,
        }
    }
}

fn scope_word(scope: Scope) -> &'static str {
    match scope {
        Scope::Everywhere => "everywhere",
        Scope::Machine => "machine",
        Scope::Live => "live",
    }
}

/// Every check, a line or two each.
pub(crate) fn catalogue_table(style: &Style) -> String {
    let cell = str::to_owned;
    let checks = registry::all().map(|check| {
        vec![cell(check.id), cell(check.severity.name()), cell(scope_word(check.scope)), cell(check.title)]
    });
    let mut text = columns::rows(&checks.collect::<Vec<_>>(), style).concat();
    text.push('\n');
    text.push_str(&style.wrap(
        "everywhere: checked in every mode. machine: checked on the booted instance, with --same-machine, and with \
         --ibft-table or --sysfs. live: checked on the booted instance only. Details: isctpl explain CHECK",
        "",
        "",
    ));
    text
}

/// Every check with its documentation, for programs.
///
/// # Errors
/// When it cannot be written as JSON, which nothing in the registry can bring about.
pub(crate) fn catalogue_json() -> serde_json::Result<String> {
    entries_json(registry::all())
}

/// Some checks with their documentation, for programs.
///
/// # Errors
/// As [`catalogue_json`].
pub(crate) fn explain_json(checks: &[&'static Check]) -> serde_json::Result<String> {
    entries_json(checks.iter().copied())
}

fn entries_json(checks: impl Iterator<Item = &'static Check>) -> serde_json::Result<String> {
    written(&Catalogue { schema: SCHEMA, checks: checks.map(Entry::from).collect() })
}

/// What the documentation of these checks says.
pub(crate) fn explain_text(checks: &[&'static Check], style: &Style) -> String {
    let mut text = String::new();
    for (index, check) in checks.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        text.push_str(&explain_one(check, style));
    }
    text
}

fn explain_one(check: &Check, style: &Style) -> String {
    let mut text = format!("{}\n", paint(STRONG, check.id));
    text.push_str(&style.wrap(check.title, "  ", "  "));
    let checked = match check.scope {
        Scope::Everywhere => "in every mode",
        Scope::Machine => "where the hardware is the instance's own",
        Scope::Live => "on the booted instance only",
    };
    let severity = check.severity.name();
    let line = style.wrap(&format!("{severity}, link {}, checked {checked}", check.link), "  ", "  ");
    text.push_str(&line.replacen(severity, &paint(of_severity(check.severity), severity), 1));
    for (heading, body) in
        [("What it finds", check.doc.finds), ("Why it breaks", check.doc.breaks), ("How to fix it", check.doc.fix)]
    {
        text.push_str(&format!("\n{}\n", paint(STRONG, heading)));
        for paragraph in body.split("\n\n") {
            text.push_str(&style.wrap(&paragraph.split_whitespace().collect::<Vec<_>>().join(" "), "  ", "  "));
        }
    }
    if !check.doc.references.is_empty() {
        text.push_str(&format!("\n{}\n", paint(STRONG, "References")));
        for reference in check.doc.references {
            text.push_str(&style.wrap(reference, "  ", "    "));
        }
    }
    text
}
