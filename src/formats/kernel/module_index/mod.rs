//! What depmod(8) and the kernel's build write into a modules directory, and a kernel's configuration.
//!
//! The files are large and few of their lines are wanted, so each reader keeps only what it is asked for.

mod trie;

pub(crate) use trie::{Malformed, entries};

use crate::formats::text::glob::glob_matches;
use isctpl_checks::facts::REQUESTS;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// A module in `modules.dep`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Dependencies {
    /// Path as written: relative to the modules directory, or absolute.
    pub path: String,
    /// Names of the modules it needs, as the line lists them.
    pub depends: Vec<String>,
}

/// The name of the module in a file: `kernel/drivers/net/virtio-net.ko.xz` holds `virtio_net`.
/// `None` when the file's name is none of a module's.
pub(crate) fn module_name(path: &str) -> Option<String> {
    let file = path.rsplit('/').next()?;
    let (name, packing) = file.rsplit_once(".ko")?;
    let known = matches!(packing, "" | ".gz" | ".xz" | ".zst" | ".bz2");
    (known && !name.is_empty()).then(|| normal(name))
}

/// A module's name as the kernel writes it, with `_` for `-`.
pub(crate) fn normal(name: &str) -> String {
    name.replace('-', "_")
}

/// The names in `modules.builtin`.
pub(crate) fn builtin(text: &str) -> BTreeSet<String> {
    text.lines().filter_map(|line| module_name(line.trim())).collect()
}

/// The wanted modules of `modules.dep`, with all that they depend on.
pub(crate) fn dependencies(text: &str, wanted: &BTreeSet<String>) -> BTreeMap<String, Dependencies> {
    /// depmod lists indirect dependencies too, so two rounds find all; more are for files by other hands.
    const ROUNDS: usize = 8;
    let mut found = BTreeMap::new();
    let mut missing: BTreeSet<String> = wanted.iter().map(|name| normal(name)).collect();
    for _ in 0..ROUNDS {
        if missing.is_empty() {
            break;
        }
        let mut next = BTreeSet::new();
        for (path, rest) in text.lines().filter_map(|line| line.split_once(':')) {
            let Some(name) = module_name(path).filter(|name| missing.contains(name)) else { continue };
            let depends: Vec<String> = rest.split_whitespace().filter_map(module_name).collect();
            next.extend(depends.iter().cloned());
            found.insert(name, Dependencies { path: path.to_owned(), depends });
        }
        missing = next.into_iter().filter(|name| !found.contains_key(name)).collect();
    }
    found
}

/// The modules that `modules.alias` gives for each modalias, as modprobe(8) would load them.
pub(crate) fn aliases(text: &str, modaliases: &[String]) -> BTreeMap<String, Vec<String>> {
    matching(alias_lines(text), modaliases)
}

/// The modules that modprobe(8) takes for each word that the kernel asks for: `named` is what an index answers by
/// aliases, `names` are those of its modules. A word that nothing answers is left out.
pub(crate) fn requests<'n>(
    aliases: impl Iterator<Item = (&'n str, &'n str)>,
    mut is_name: impl FnMut(&str) -> bool,
) -> BTreeMap<String, Vec<String>> {
    let words: Vec<String> = REQUESTS.iter().map(|word| (*word).to_owned()).collect();
    let mut found = matching(aliases, &words);
    for (word, modules) in &mut found {
        let name = normal(word);
        if is_name(&name) && !modules.contains(&name) {
            modules.push(name);
        }
    }
    found.retain(|_, modules| !modules.is_empty());
    found
}

/// Whether an alias may answer something that the kernel asks for.
pub(crate) fn may_answer(pattern: &str) -> bool {
    let pattern = with_underscores(pattern);
    REQUESTS
        .iter()
        .any(|word| pattern.bytes().next() == word.bytes().next() && glob_matches(&pattern, &with_underscores(word)))
}

/// The pairs of pattern and module in `modules.alias`.
pub(crate) fn alias_lines(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().filter_map(|line| {
        let mut words = line.strip_prefix("alias ")?.split_whitespace();
        Some((words.next()?, words.next()?))
    })
}

/// The names of all modules in `modules.dep`.
pub(crate) fn names(text: &str) -> BTreeSet<String> {
    text.lines().filter_map(|line| module_name(line.split_once(':')?.0)).collect()
}

/// The lines of `modules.softdep` for the modules that are wanted, with their numbers.
pub(crate) fn softdeps(text: &str, is_wanted: impl Fn(&str) -> bool) -> Vec<(u32, &str)> {
    let of_line = |line: &str| line.strip_prefix("softdep ")?.split_whitespace().next().map(normal);
    let lines = (1..).zip(text.lines().map(str::trim));
    lines.filter(|(_, line)| of_line(line).is_some_and(|module| is_wanted(&module))).collect()
}

/// The drivers compiled into the kernel that answer to each modalias: `modules.builtin.modinfo`,
/// strings `MODULE.alias=PATTERN`, each ended by a zero byte.
pub(crate) fn builtin_aliases(bytes: &[u8], modaliases: &[String]) -> BTreeMap<String, Vec<String>> {
    matching(builtin_alias_fields(bytes), modaliases)
}

/// The pairs of pattern and module in `modules.builtin.modinfo`.
pub(crate) fn builtin_alias_fields(bytes: &[u8]) -> impl Iterator<Item = (&str, &str)> {
    bytes.split(|byte| *byte == 0).filter_map(|field| {
        let (key, pattern) = std::str::from_utf8(field).ok()?.split_once('=')?;
        Some((pattern, key.strip_suffix(".alias")?))
    })
}

fn matching<'a>(
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
    modaliases: &[String],
) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> =
        modaliases.iter().map(|modalias| (modalias.clone(), Vec::new())).collect();
    let normalized: Vec<(&String, Cow<'_, str>)> =
        modaliases.iter().map(|modalias| (modalias, with_underscores(modalias))).collect();
    for (pattern, module) in pairs {
        for (modalias, text) in &normalized {
            // Most patterns belong to another bus, which their first letters tell.
            let same_bus = pattern.bytes().next() == text.bytes().next();
            if same_bus && glob_matches(&with_underscores(pattern), text) {
                let modules = found.entry((*modalias).clone()).or_default();
                let name = normal(module);
                if !modules.contains(&name) {
                    modules.push(name);
                }
            }
        }
    }
    found
}

/// An alias as modprobe compares it: `-` written as `_` outside of brackets.
fn with_underscores(text: &str) -> Cow<'_, str> {
    if !text.contains('-') {
        return Cow::Borrowed(text);
    }
    let mut in_class = false;
    let written = text.chars().map(|c| {
        match c {
            '[' => in_class = true,
            ']' => in_class = false,
            _ => {}
        }
        if c == '-' && !in_class { '_' } else { c }
    });
    Cow::Owned(written.collect())
}

/// The wanted options of a kernel's configuration: `y`, `m`, `n`, or the text of another value.
/// An option that the file does not mention is off.
pub(crate) fn config(text: &str, wanted: &[&str]) -> BTreeMap<String, String> {
    let mut values: BTreeMap<String, String> =
        wanted.iter().map(|option| ((*option).to_owned(), "n".to_owned())).collect();
    for (option, value) in text.lines().filter_map(|line| line.split_once('=')) {
        if let Some(slot) = values.get_mut(option) {
            value.trim().trim_matches('"').clone_into(slot);
        }
    }
    values
}

#[cfg(test)]
mod tests;
