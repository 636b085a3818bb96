//! Boot Loader Specification type 1 entries (UAPI.1), and the order in which loaders show them.

pub(crate) mod edit;
mod version;

pub(crate) use version::compare_versions;

use isctpl_checks::facts::Problem;
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// How many lines of an entry are read; real ones have ten.
const LINE_LIMIT: usize = 100;

/// The most that a line may grow to when variables are put in.
pub(crate) const EXPANDED_LIMIT: usize = 32 * 1024;

/// An entry, variables not yet put in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// The file's name without `.conf` and without a boot counter.
    pub id: String,
    /// `title`.
    pub title: Option<String>,
    /// `version`.
    pub version: Option<String>,
    /// `machine-id`.
    pub machine_id: Option<String>,
    /// `sort-key`.
    pub sort_key: Option<String>,
    /// `linux`.
    pub linux: Option<Line>,
    /// Each `initrd` line; GRUB allows several files on one.
    pub initrds: Vec<Line>,
    /// `options`, several lines joined. Secrets are not hidden yet.
    pub options: String,
    /// `efi` or `uki`: a program that is started in place of a kernel.
    pub efi: Option<Line>,
    /// Whether its boot counter says that no tries are left (`+0` or `+0-N` in the name).
    pub exhausted: bool,
    /// From where on it was not read.
    pub left_out: Option<Problem>,
}

/// A value and its line, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Value.
    pub value: String,
    /// Line.
    pub line: u32,
}

impl Entry {
    /// An image by the name of its file, which systemd-boot calls it by, without a boot counter.
    pub(crate) fn of_image(file_name: &str) -> Self {
        let name = file_name.to_ascii_lowercase();
        let stem = name.strip_suffix(".efi").unwrap_or(&name);
        let (id, exhausted) = without_counter(stem);
        Self { id: format!("{id}.efi"), exhausted, ..Self::default() }
    }

    /// What a menu shows: the title, with the version where there is no title.
    pub(crate) fn shown_title(&self) -> String {
        self.title.clone().or_else(|| self.version.clone()).unwrap_or_else(|| self.id.clone())
    }
}

/// Reads an entry. `file_name` is the file's name, such as `ID-6.1.conf`; `path` names it in problems.
pub(crate) fn parse(text: &str, file_name: &str, path: &str) -> (Entry, Vec<Problem>) {
    let stem = file_name.strip_suffix(".conf").unwrap_or(file_name);
    let (id, exhausted) = without_counter(stem);
    let mut entry = Entry { id: id.to_owned(), exhausted, ..Entry::default() };
    let mut problems = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let number = u32::try_from(number).unwrap_or(u32::MAX).saturating_add(1);
        if number as usize > LINE_LIMIT {
            let what = format!("has more than {LINE_LIMIT} lines; the rest was not read");
            entry.left_out = Some(Problem::new(format!("{path}:{number}"), what));
            break;
        }
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, value) = line.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((line, ""));
        let value = value.trim();
        let located = || Line { value: value.to_owned(), line: number };
        match key {
            "title" => entry.title = Some(value.to_owned()),
            "version" => entry.version = Some(value.to_owned()),
            "machine-id" => entry.machine_id = Some(value.to_owned()),
            "sort-key" => entry.sort_key = Some(value.to_owned()),
            "linux" => entry.linux = Some(located()),
            "initrd" => entry.initrds.push(located()),
            "efi" | "uki" => entry.efi = Some(located()),
            "options" => {
                if !entry.options.is_empty() {
                    entry.options.push(' ');
                }
                entry.options.push_str(value);
            }
            _ => {}
        }
    }
    if entry.linux.is_none() && entry.efi.is_none() && entry.left_out.is_none() {
        problems.push(Problem::new(path, "names neither a kernel (linux) nor a program (efi)"));
    }
    (entry, problems)
}

/// Takes a boot counter, `+LEFT` or `+LEFT-DONE`, off a name; true when no tries are left.
fn without_counter(stem: &str) -> (&str, bool) {
    let Some((id, counter)) = stem.rsplit_once('+') else { return (stem, false) };
    let (left, done) = counter.split_once('-').unwrap_or((counter, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match is_number(left) && is_number(done) {
        true => (id, left.bytes().all(|byte| byte == b'0')),
        false => (stem, false),
    }
}

/// Puts variables in, `$NAME` or `${NAME}`, as GRUB's `blscfg` does; one that is not set vanishes.
///
/// `value` answers `None` for a variable whose value is not known: it stays as written and its name
/// goes into `unresolved`.
pub(crate) fn expand(text: &str, value: impl Fn(&str) -> Option<String>, unresolved: &mut BTreeSet<String>) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        if expanded.len() > EXPANDED_LIMIT {
            return expanded;
        }
        let (before, variable) = rest.split_at_checked(at).unwrap_or((rest, ""));
        expanded.push_str(before);
        let body = variable.get(1..).unwrap_or_default();
        let (name, written) = match body.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            Some((name, _)) if name.bytes().all(is_name_byte) => (name, name.len() + 3),
            _ => {
                let end = body.bytes().take_while(|byte| is_name_byte(*byte)).count();
                (body.get(..end).unwrap_or_default(), end + 1)
            }
        };
        match (name.is_empty(), value(name)) {
            (true, _) => expanded.push('$'),
            (false, Some(value)) => expanded.push_str(&value),
            (false, None) => {
                expanded.push_str(variable.get(..written).unwrap_or_default());
                unresolved.insert(name.to_owned());
            }
        }
        rest = variable.get(written..).unwrap_or_default();
    }
    expanded.push_str(rest);
    expanded
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// GRUB's order (`blscfg.c`): by the file's name taken as NAME-VERSION-RELEASE, the greatest first.
pub(crate) fn grub_order(left: &Entry, right: &Entry) -> Ordering {
    let (left_parts, right_parts) = (split_package(&left.id), split_package(&right.id));
    let by_part =
        |pick: fn(&(String, String, String)) -> &String| compare_versions(pick(&right_parts), pick(&left_parts));
    by_part(|parts| &parts.0).then_with(|| by_part(|parts| &parts.1)).then_with(|| by_part(|parts| &parts.2))
}

/// systemd-boot's order (UAPI.1, "Sorting"): entries with tries left first, those with a sort key
/// first and by it, then the newest version, then the greatest name.
pub(crate) fn systemd_order(left: &Entry, right: &Entry) -> Ordering {
    let by_key = match (&left.sort_key, &right.sort_key) {
        (Some(left_key), Some(right_key)) => left_key
            .cmp(right_key)
            .then_with(|| left.machine_id.cmp(&right.machine_id))
            .then_with(|| newest(left.version.as_deref(), right.version.as_deref())),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    };
    left.exhausted.cmp(&right.exhausted).then(by_key).then_with(|| compare_versions(&right.id, &left.id))
}

fn newest(left: Option<&str>, right: Option<&str>) -> Ordering {
    compare_versions(right.unwrap_or_default(), left.unwrap_or_default())
}

fn split_package(id: &str) -> (String, String, String) {
    let mut parts = id.rsplitn(3, '-');
    let last = parts.next().unwrap_or_default().to_owned();
    match (parts.next(), parts.next()) {
        (Some(version), Some(name)) => (name.to_owned(), version.to_owned(), last),
        (Some(name), None) => (name.to_owned(), last, String::new()),
        _ => (last, String::new(), String::new()),
    }
}

#[cfg(test)]
mod tests;
