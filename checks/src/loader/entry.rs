//! What the checks of loader entries say of one.

use crate::facts::{BootEntry, FileRef};
use crate::{Analysis, Evidence, Finding, Severity};

/// How bad it is when an entry is broken: only the one that will boot stops the machine.
pub(super) fn severity_of(facts: &Analysis<'_>, entry: &BootEntry) -> Severity {
    match facts.loader.default_entry() {
        Some(default) if std::ptr::eq(default, entry) => Severity::Critical,
        _ => Severity::Warning,
    }
}

/// A finding about an entry.
pub(super) fn finding(severity: Severity, summary: String) -> Finding {
    if severity == Severity::Critical { Finding::critical(summary) } else { Finding::warning(summary) }
}

/// Where an entry names a file, and how.
pub(super) fn named(entry: &BootEntry, directive: &str, file: &FileRef) -> Evidence {
    let place = file.at.as_ref().or(entry.at.as_ref());
    let source = place.map_or_else(|| format!("loader entry {:?}", entry.title), ToString::to_string);
    Evidence::new(source, format!("{directive} {}", file.written))
}

/// Where an entry stands.
pub(super) fn place(entry: &BootEntry) -> Evidence {
    let source = entry.at.as_ref().map_or_else(|| "boot loader".to_owned(), ToString::to_string);
    Evidence::new(source, format!("entry {:?}", entry.title))
}
