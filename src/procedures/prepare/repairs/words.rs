//! Words of the kernel's command line, in every place that a loader's entries are made of.

use crate::formats::cmdline::edit::{missing, raw_words, with, without};
use crate::formats::loader::{bls, grubenv};
use crate::formats::shell::{Shell, Variables, edit};
use crate::formats::text::edit::{Unedited, append};
use crate::formats::text::names;
use crate::procedures::prepare::draft::{Draft, Refusal};
use isctpl_checks::facts::Facts;
use isctpl_checks::{WordMatch, is_plain};

const DEFAULTS: &str = "/etc/default/grub";
const DROP_INS: &str = "/etc/default/grub.d";
/// What entries that kernel-install writes are made of.
const KERNEL_CMDLINE: &str = "/etc/kernel/cmdline";
const ENTRIES: [&str; 4] =
    ["/boot/loader/entries", "/loader/entries", "/boot/efi/loader/entries", "/efi/loader/entries"];
const ENVIRONMENTS: [&str; 2] = ["/boot/grub/grubenv", "/boot/grub2/grubenv"];

/// Where words are added; every entry has them.
const LINUX: &str = "GRUB_CMDLINE_LINUX";
/// The variables of `grub-mkconfig` that become words of entries.
const VARIABLES: [&str; 3] = [LINUX, "GRUB_CMDLINE_LINUX_DEFAULT", "GRUB_CMDLINE_LINUX_RECOVERY"];
/// Variables of GRUB's environment that options of entries name.
const OF_ENTRIES: [&str; 2] = ["kernelopts", "tuned_params"];

/// The words of a repair.
struct Change<'r> {
    remove: &'r [WordMatch],
    add: &'r [String],
    by_hand: String,
}

impl Change<'_> {
    fn meant(&self, word: &str) -> bool {
        // What is to stand there stays where it stands already.
        self.remove.iter().any(|meant| meant.matches(word)) && !self.add.iter().any(|added| added == word)
    }
}

/// Takes words off the command line for good and adds others, wherever this root's loader takes them from.
pub(crate) fn words(draft: &mut Draft<'_>, facts: &Facts, remove: &[WordMatch], add: &[String]) -> Result<(), Refusal> {
    let change = Change { remove, add, by_hand: by_hand(remove, add) };
    if let Some(odd) = add.iter().find(|word| !is_plain(word)) {
        let key = odd.split('=').next().unwrap_or_default();
        let what = format!("the value of {key} has characters that GRUB or a shell may read otherwise");
        return Err(Refusal::new(DEFAULTS, what, change.by_hand));
    }
    let from_defaults = grub_defaults(draft, facts, &change)?;
    let entries = entry_files(draft, &change)?;
    let kernel_cmdline = kernel_cmdline(draft, &change)?;
    boot_entries(draft, &entries, &change)?;
    if from_defaults || !entries.is_empty() || kernel_cmdline {
        return Ok(());
    }
    let place = facts.loader.default_entry().and_then(|entry| entry.at.as_ref());
    let place = place.map_or_else(|| DEFAULTS.to_owned(), ToString::to_string);
    Err(Refusal::new(place, "is written by no program that this root has", change.by_hand))
}

/// What to do by hand. A value that is removed is not told: it may be a secret.
fn by_hand(remove: &[WordMatch], add: &[String]) -> String {
    let removed = remove.iter().map(|meant| match meant {
        WordMatch::Key(key) => format!("{key}="),
        WordMatch::Word(word) => crate::formats::cmdline::word(word).to_string(),
    });
    let removed: Vec<String> = removed.collect();
    let added: Vec<String> = add.iter().map(|word| crate::formats::cmdline::word(word).to_string()).collect();
    let sentence = match (removed.is_empty(), added.is_empty()) {
        (false, false) => format!("Remove {} and add {}", removed.join(", "), added.join(" ")),
        (false, true) => format!("Remove {}", removed.join(", ")),
        (true, _) => format!("Add {}", added.join(" ")),
    };
    format!("{sentence} by hand where the loader's configuration takes its command line from, and write it again.")
}

/// GRUB's defaults; whether there are any, or `grub-mkconfig` would read them.
fn grub_defaults(draft: &mut Draft<'_>, facts: &Facts, change: &Change<'_>) -> Result<bool, Refusal> {
    let files = default_files(draft, change)?;
    let is_tool = |tool: &String| matches!(tool.as_str(), "update-grub" | "grub-mkconfig" | "grub2-mkconfig");
    if files.is_empty() && !facts.loader.tools.iter().any(is_tool) {
        return Ok(false);
    }
    let before = evaluated(draft, &files, change)?;
    for path in &files {
        for name in VARIABLES {
            draft.edit(path, &change.by_hand, |text| edit::without_words(text, name, |word| change.meant(word)))?;
        }
    }
    let removed = evaluated(draft, &files, change)?;
    let lines = [LINUX, "GRUB_CMDLINE_LINUX_DEFAULT"].map(|name| removed.value(name).text);
    let new = missing(&lines.each_ref().map(String::as_str), change.add);
    let deciding = deciding_file(draft, &files, change)?;
    draft.edit(&deciding, &change.by_hand, |text| edit::with_words(text, LINUX, &new))?;
    let after = evaluated(draft, &default_files(draft, change)?, change)?;
    for name in VARIABLES {
        let wanted = |line: String, add: &[&str]| {
            let kept = raw_words(&line).into_iter().map(|word| word.text).filter(|word| !change.meant(word));
            let mut words: Vec<String> = kept.chain(add.iter().map(|word| (*word).to_owned())).collect();
            words.sort();
            words
        };
        let added: &[&str] = if name == LINUX { &new } else { &[] };
        let has: Vec<String> = raw_words(&after.value(name).text).into_iter().map(|word| word.text).collect();
        let differs = {
            let mut has = has;
            has.sort();
            has != wanted(before.value(name).text, added)
        };
        let doubt = after.overridden(name).filter(|_| !new.is_empty() && name == LINUX);
        if let Some(problem) = doubt {
            return Err(Refusal::unread(problem, change.by_hand.as_str()));
        }
        if differs {
            let place = after.place(name).map_or_else(|| deciding.clone(), ToString::to_string);
            let what = format!("sets {name} in a way that isctpl does not edit");
            return Err(Refusal::new(place, what, change.by_hand.as_str()));
        }
    }
    Ok(true)
}

/// The files that `grub-mkconfig` reads, in its order.
fn default_files(draft: &Draft<'_>, change: &Change<'_>) -> Result<Vec<String>, Refusal> {
    let unread = |problem| Refusal::unread(problem, change.by_hand.as_str());
    let names = draft.root().names(DROP_INS).map_err(unread)?;
    let drop_ins = names.iter().filter(|name| name.ends_with(".cfg")).map(|name| format!("{DROP_INS}/{name}"));
    let mut files = Vec::new();
    for path in std::iter::once(DEFAULTS.to_owned()).chain(drop_ins) {
        if draft.text(&path).map_err(unread)?.is_some() {
            files.push(path);
        }
    }
    Ok(files)
}

fn evaluated(draft: &Draft<'_>, files: &[String], change: &Change<'_>) -> Result<Variables, Refusal> {
    let mut variables = Variables::default();
    for path in files {
        let text = draft.text(path).map_err(|problem| Refusal::unread(problem, change.by_hand.as_str()))?;
        variables.read(&text.unwrap_or_default(), path, Shell::Any);
    }
    Ok(variables)
}

/// The last file that sets the variable to which words are added.
fn deciding_file(draft: &Draft<'_>, files: &[String], change: &Change<'_>) -> Result<String, Refusal> {
    for path in files.iter().rev() {
        let text = draft.text(path).map_err(|problem| Refusal::unread(problem, change.by_hand.as_str()))?;
        let sets = edit::sets(&text.unwrap_or_default(), LINUX);
        if sets.map_err(|why| refused(path, why, change))? {
            return Ok(path.clone());
        }
    }
    Ok(DEFAULTS.to_owned())
}

fn refused(path: &str, why: Unedited, change: &Change<'_>) -> Refusal {
    let place = why.line.map_or_else(|| path.to_owned(), |line| format!("{path}:{line}"));
    Refusal::new(place, why.what, change.by_hand.as_str())
}

/// The files of entries that start Linux.
fn entry_files(draft: &Draft<'_>, change: &Change<'_>) -> Result<Vec<String>, Refusal> {
    let unread = |problem| Refusal::unread(problem, change.by_hand.as_str());
    let mut files = Vec::new();
    for directory in ENTRIES {
        for name in draft.root().names(directory).map_err(unread)?.iter().filter(|name| name.ends_with(".conf")) {
            let path = format!("{directory}/{name}");
            let text = draft.text(&path).map_err(unread)?.unwrap_or_default();
            if bls::parse(&text, name, &path).0.linux.is_some() {
                files.push(path);
            }
        }
    }
    Ok(files)
}

/// The options of entries, and GRUB's variables that they name.
fn boot_entries(draft: &mut Draft<'_>, entries: &[String], change: &Change<'_>) -> Result<(), Refusal> {
    if entries.is_empty() {
        return Ok(());
    }
    let mut variables: Vec<(&str, String)> = Vec::new();
    for path in ENVIRONMENTS {
        let unread = |problem| Refusal::unread(problem, change.by_hand.as_str());
        let Some(text) = draft.text(path).map_err(unread)? else { continue };
        let (known, _) = grubenv::parse(&names::encode(&text), path);
        for name in OF_ENTRIES.into_iter().filter(|name| known.contains_key(*name)) {
            let kept = |value: &str| {
                let kept = without(value, |word| change.meant(word));
                let add = if name == "kernelopts" { missing(&[&kept], change.add) } else { Vec::new() };
                with(&kept, &add)
            };
            draft.edit(path, &change.by_hand, |text| grubenv::edited(text, name, kept))?;
            variables.extend(known.get(name).map(|value| (name, kept(value))));
        }
    }
    let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    for path in entries {
        let edited = |text: &str| Ok(bls::edit::edited(text, |word| change.meant(word), change.add, &variables));
        draft.edit(path, &change.by_hand, edited)?;
    }
    Ok(())
}

/// The line that new entries get; whether there is one.
fn kernel_cmdline(draft: &mut Draft<'_>, change: &Change<'_>) -> Result<bool, Refusal> {
    let unread = |problem| Refusal::unread(problem, change.by_hand.as_str());
    if draft.text(KERNEL_CMDLINE).map_err(unread)?.is_none() {
        return Ok(false);
    }
    draft.edit(KERNEL_CMDLINE, &change.by_hand, |text| Ok(edited_lines(text, change)))?;
    Ok(true)
}

/// Lines of words, in which those that begin with `#` are remarks.
fn edited_lines(text: &str, change: &Change<'_>) -> String {
    let is_remark = |line: &str| line.trim_start().starts_with('#');
    let mut lines: Vec<String> = text
        .split_inclusive('\n')
        .map(|line| if is_remark(line) { line.to_owned() } else { without(line, |word| change.meant(word)) })
        .collect();
    let there: Vec<&str> = lines.iter().map(String::as_str).filter(|line| !is_remark(line)).collect();
    let new = missing(&there, change.add);
    match lines.iter_mut().rev().find(|line| !is_remark(line) && !line.trim().is_empty()) {
        Some(last) => *last = with(last, &new),
        None if new.is_empty() => {}
        None => return append(&lines.concat(), &[&new.join(" ")]),
    }
    lines.concat()
}

#[cfg(test)]
#[path = "words_tests.rs"]
mod tests;
