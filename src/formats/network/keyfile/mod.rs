//! Keyfiles of NetworkManager (nm-settings-keyfile(5), NetworkManager.conf(5)) and ifcfg files.
//!
//! Only the keys that are asked for leave this module: a Wi-Fi or 802.1X password in a profile is
//! never looked at.

pub(crate) mod edit;
pub(crate) mod ifcfg;
pub(crate) mod nm_conf;
pub(crate) mod profile;
#[cfg(test)]
mod tests;

use isctpl_checks::facts::{Located, Location, Problem};
use std::collections::HashMap;

/// The most keys and groups that are kept of one file.
const KEY_LIMIT: usize = 20_000;

/// A file of GLib's key-value syntax: groups, `key=value`, comments, no continuation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct KeyFile {
    /// By first appearance; what a second group of a name holds is added to the first.
    groups: Vec<Group>,
    /// The places of the groups, by name.
    index: HashMap<String, usize>,
    /// Lines that GLib refuses; the whole file is then refused.
    pub problems: Vec<Problem>,
}

/// A group and its keys in order.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    name: String,
    keys: Vec<(String, Located<String>)>,
}

/// Reads a file; `path` is what places name.
pub(crate) fn parse(text: &str, path: &str) -> KeyFile {
    let mut file = KeyFile::default();
    let (mut count, mut current) = (0_usize, None);
    for (number, line) in (1u32..).zip(text.lines()) {
        let line = line.trim();
        let at = Location::line(path, number);
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if count == KEY_LIMIT {
            let what = format!("the file has more than {KEY_LIMIT} keys and groups; the rest is not read");
            file.problems.push(Problem::new(at.to_string(), what));
            break;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            count += 1;
            current = Some(file.group(name));
            continue;
        }
        let group = current.and_then(|index: usize| file.groups.get_mut(index));
        let (Some((key, value)), Some(group)) = (line.split_once('='), group) else {
            // Not shown: it may be a piece of a secret.
            file.problems
                .push(Problem::new(at.to_string(), "is not a group, a comment, or a `key=value` line in a group"));
            continue;
        };
        count += 1;
        group.keys.push((key.trim_end().to_owned(), Located::new(value.trim_start().to_owned(), at)));
    }
    file
}

impl KeyFile {
    /// The place of a group, which is made where there is none.
    fn group(&mut self, name: &str) -> usize {
        if let Some(&index) = self.index.get(name) {
            return index;
        }
        let index = self.groups.len();
        self.groups.push(Group { name: name.to_owned(), keys: Vec::new() });
        self.index.insert(name.to_owned(), index);
        index
    }

    fn keys(&self, group: &str) -> &[(String, Located<String>)] {
        self.index.get(group).and_then(|&index| self.groups.get(index)).map_or(&[], |group| &group.keys)
    }

    /// The last value of a key in a group; an empty value is one.
    pub(crate) fn get(&self, group: &str, key: &str) -> Option<&Located<String>> {
        self.keys(group).iter().rev().find(|(candidate, _)| candidate == key).map(|(_, value)| value)
    }

    /// The value of a key in the first of several groups that has it: settings have old and new names.
    pub(crate) fn get_in(&self, groups: &[&str], key: &str) -> Option<&Located<String>> {
        groups.iter().find_map(|group| self.get(group, key))
    }

    /// A boolean; GLib knows `true`, `false`, `1` and `0`, NetworkManager also `yes`, `no`, `on`, `off`.
    pub(crate) fn boolean(&self, group: &str, key: &str) -> Option<Located<bool>> {
        let value = self.get(group, key)?;
        Some(Located::new(crate::formats::systemd::boolean(&value.value)?, value.at.clone()))
    }

    /// A list, separated by `;` or `,`, as most of NetworkManager's lists are.
    pub(crate) fn list(&self, group: &str, key: &str) -> Vec<String> {
        self.get(group, key).map(|value| words(&value.value).collect()).unwrap_or_default()
    }

    /// Every key of a group that begins with a prefix, in order.
    pub(crate) fn beginning<'a>(&'a self, group: &str, prefix: &str) -> Vec<(&'a str, &'a Located<String>)> {
        let keys = self.keys(group).iter().filter(|(key, _)| key.starts_with(prefix));
        keys.map(|(key, value)| (key.as_str(), value)).collect()
    }

    /// The names of the groups that begin with a prefix, in order.
    pub(crate) fn groups_beginning(&self, prefix: &str) -> Vec<&str> {
        self.groups.iter().map(|group| group.name.as_str()).filter(|name| name.starts_with(prefix)).collect()
    }
}

/// The words of a list that `;` or `,` separate.
fn words(value: &str) -> impl Iterator<Item = String> {
    value.split([';', ',']).map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned)
}
