//! The checks of the link `loader`.

mod cmdline_drift;
mod edd_probe;
mod efi_fallback_missing;
mod initrd_missing;
mod kernel_missing;
mod root_unresolved;
mod secret_on_cmdline;

use crate::facts::{BootEntry, Facts, FileRef};
use crate::{Check, Evidence, Finding, Outcome, Severity, analysis};

/// The checks, the most telling one first.
pub(crate) const CHECKS: &[&Check] = &[
    &kernel_missing::CHECK,
    &initrd_missing::CHECK,
    &root_unresolved::CHECK,
    &efi_fallback_missing::CHECK,
    &cmdline_drift::CHECK,
    &secret_on_cmdline::CHECK,
    &edd_probe::CHECK,
];

/// The entry that will boot, or what a check says when it is not known.
fn default_entry(facts: &Facts) -> Result<&BootEntry, Outcome> {
    if let Some(entry) = facts.loader.default_entry() {
        return Ok(entry);
    }
    if let Some(outcome) = analysis::no_menu(facts) {
        return Err(outcome);
    }
    if let Some(problem) = facts.loader.chosen.problem().or(facts.loader.problems.first()) {
        return Err(Outcome::unread(problem));
    }
    Err(Outcome::unknown(match facts.loader.entries.len() {
        0 => "no loader entry was found".to_owned(),
        count => format!("it is not known which of the {count} loader entries boots"),
    }))
}

/// How bad it is when an entry is broken: only the one that will boot stops the machine.
fn severity_of(facts: &Facts, entry: &BootEntry) -> Severity {
    match facts.loader.default_entry() {
        Some(default) if std::ptr::eq(default, entry) => Severity::Critical,
        _ => Severity::Warning,
    }
}

/// A finding about an entry.
fn finding(severity: Severity, summary: String) -> Finding {
    if severity == Severity::Critical { Finding::critical(summary) } else { Finding::warning(summary) }
}

/// Where an entry names a file, and how.
fn named(entry: &BootEntry, directive: &str, file: &FileRef) -> Evidence {
    let place = file.at.as_ref().or(entry.at.as_ref());
    let source = place.map_or_else(|| format!("loader entry {:?}", entry.title), ToString::to_string);
    Evidence::new(source, format!("{directive} {}", file.written))
}

/// Where an entry stands.
fn place(entry: &BootEntry) -> Evidence {
    let source = entry.at.as_ref().map_or_else(|| "boot loader".to_owned(), ToString::to_string);
    Evidence::new(source, format!("entry {:?}", entry.title))
}
