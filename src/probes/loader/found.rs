//! What every loader leaves: its entries, and which of them boots.

use isctpl_checks::facts::{BootEntry, Chosen, Fact, FileRef, Located, Problem};
use std::collections::BTreeMap;

/// What one loader makes of its files.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) entries: Vec<BootEntry>,
    pub(super) chosen: Fact<Chosen>,
    pub(super) no_entries: Option<Located<String>>,
    pub(super) timeout: Option<Located<i64>>,
    pub(super) grubenv: BTreeMap<String, String>,
    pub(super) problems: Vec<Problem>,
}

/// What stands for the files of an entry that were not read.
pub(super) fn left_out(problem: Problem) -> FileRef {
    FileRef { written: BootEntry::REST.to_owned(), problem: Some(problem), ..FileRef::default() }
}

/// Whether a Linux entry is meant for the repair of a machine: it boots otherwise than the others on purpose.
pub(super) fn is_recovery(entry: &BootEntry) -> bool {
    let title = entry.title.to_lowercase();
    let id = entry.id.as_deref().unwrap_or_default().to_lowercase();
    let named = |text: &str| text.contains("recovery") || text.contains("rescue");
    let words = ["single", "recovery", "rescue", "emergency", "rd.break"];
    named(&title)
        || named(&id)
        || words.iter().any(|word| entry.cmdline.words.iter().any(|seen| seen.key == *word && seen.value.is_none()))
        || entry
            .cmdline
            .last("systemd.unit")
            .is_some_and(|unit| unit.starts_with("rescue.") || unit.starts_with("emergency."))
}
