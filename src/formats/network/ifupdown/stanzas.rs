//! Stanzas and their options, as they stand in a file.

use super::file::{Iface, IfaceOption, Include, InterfacesFile, Item, Refused, Stanza};
use super::refusals::{of_iface, of_other_line};
use crate::formats::text::harmless::wrong_value;
use isctpl_checks::facts::{Located, Location, Problem};
use std::borrow::Cow;

/// The most stanzas and includes that are kept of one file.
const ITEM_LIMIT: usize = 20_000;

/// The most lines that are kept of the stanzas of one file.
const LINE_LIMIT: usize = 100_000;

/// Reads one file; `path` is what places name.
pub(crate) fn parse(text: &str, path: &str) -> InterfacesFile {
    let mut file = InterfacesFile::default();
    // Whether a line that is no keyword may follow: one of the stanza that is open.
    let mut open = false;
    for (count, (number, line)) in logical_lines(text).enumerate() {
        let at = Location::line(path, number);
        if file.items.len() == ITEM_LIMIT || count == LINE_LIMIT {
            let what = format!("the file has more than {ITEM_LIMIT} stanzas, or more than {LINE_LIMIT} lines in them");
            file.problems.push(Problem::new(at.to_string(), what));
            break;
        }
        let (word, rest) = split_word(&line);
        let refusal = match word {
            "iface" => of_iface(rest),
            _ => of_other_line(open, file.items.last(), word, rest),
        };
        if let Some(what) = refusal.filter(|_| file.refused.is_none()) {
            let what = Located::new(what.to_owned(), at.clone());
            file.refused = Some(Refused { what, items: file.items.len() });
        }
        let was_open = open;
        open = stays_open(word, rest, was_open);
        let words = || {
            let mut words: Vec<String> = rest.split_whitespace().map(str::to_owned).collect();
            // Within a stanza such a word without names is for its interface.
            let of_stanza = |item: &Item| match item {
                Item::Stanza(Stanza::Iface(iface)) => Some(iface.name.clone()),
                _ => None,
            };
            if words.is_empty() && was_open {
                words.extend(file.items.iter().rev().find_map(of_stanza));
            }
            words
        };
        match word {
            "auto" => {
                let names = words();
                file.items.push(allow("auto", names, at));
            }
            "source" | "source-directory" | "source-dir" => {
                file.items.push(Item::Include(Include { pattern: rest.to_owned(), directory: word != "source", at }))
            }
            "iface" | "interface" | "template" => match iface(word == "template", rest, at.clone()) {
                Some(iface) => file.items.push(Item::Stanza(Stanza::Iface(iface))),
                None => file.problems.push(Problem::new(at.to_string(), format!("`{word}` has no interface name"))),
            },
            "mapping" => {
                let globs = rest.split_whitespace().map(str::to_owned).collect();
                file.items.push(Item::Stanza(Stanza::Mapping { globs, logical: Vec::new(), at }));
            }
            "rename" => {
                let pairs = rest
                    .split_whitespace()
                    .filter_map(|word| word.split_once('='))
                    .map(|(from, to)| (from.to_owned(), to.to_owned()))
                    .collect();
                file.items.push(Item::Stanza(Stanza::Rename { pairs, at }));
            }
            "no-auto-down" => {
                let names = words();
                file.items.push(allow(word, names, at));
            }
            "no-scripts" | "vlan" => {}
            _ => match word.strip_prefix("allow-") {
                Some(class) => {
                    let names = words();
                    file.items.push(allow(class, names, at));
                }
                None => option(&mut file, word, rest, at),
            },
        }
    }
    file
}

/// Whether lines of a stanza may follow a line (`currently_processing` in ifupdown's config.c).
fn stays_open(word: &str, rest: &str, open: bool) -> bool {
    match word {
        "iface" | "interface" | "template" | "mapping" => true,
        "source" | "source-directory" | "source-dir" | "rename" => false,
        "auto" | "no-auto-down" | "no-scripts" => open && rest.is_empty(),
        _ if word.starts_with("allow-") => open && rest.is_empty(),
        _ => open,
    }
}

fn allow(class: &str, names: Vec<String>, at: Location) -> Item {
    Item::Stanza(Stanza::Allow { class: class.to_owned(), names, at })
}

fn iface(template: bool, rest: &str, at: Location) -> Option<Iface> {
    let mut words = rest.split_whitespace().map(str::to_owned).peekable();
    let name = words.next()?;
    let mut iface = Iface {
        name,
        family: None,
        method: None,
        inherits: Vec::new(),
        template,
        options: Vec::new(),
        lines: Vec::new(),
        at,
    };
    let mut plain = Vec::new();
    while let Some(word) = words.next() {
        if word == "inherits" {
            iface.inherits.extend(words.next());
        } else {
            plain.push(word);
        }
    }
    let mut plain = plain.into_iter();
    iface.family = plain.next();
    iface.method = plain.next();
    Some(iface)
}

/// A line that begins with no keyword belongs to the stanza above it.
fn option(file: &mut InterfacesFile, name: &str, value: &str, at: Location) {
    let stanza = file.items.iter_mut().rev().find_map(|item| match item {
        Item::Stanza(stanza @ (Stanza::Iface(_) | Stanza::Mapping { .. })) => Some(stanza),
        _ => None,
    });
    match stanza {
        Some(Stanza::Iface(iface)) => {
            iface.lines.push(at.line);
            let name = name.replace('_', "-");
            if !name.starts_with("wpa-") && !name.starts_with("wireless-key") {
                iface.options.push(IfaceOption { name, value: value.to_owned(), at });
            }
        }
        Some(Stanza::Mapping { logical, .. }) if name == "map" => {
            logical.extend(value.split_whitespace().last().map(str::to_owned));
        }
        Some(_) => {}
        None => {
            file.problems.push(Problem::new(at.to_string(), format!("`{}` is not part of a stanza", wrong_value(name))))
        }
    }
}

fn split_word(line: &str) -> (&str, &str) {
    let line = line.trim();
    line.split_once(char::is_whitespace).map_or((line, ""), |(word, rest)| (word, rest.trim()))
}

/// Lines with their numbers, continuations (`\` at the end) joined, comments left out. A comment begins
/// a line; `#` later in a line is part of it.
fn logical_lines(text: &str) -> impl Iterator<Item = (u32, Cow<'_, str>)> {
    let mut lines = (1u32..).zip(text.lines());
    std::iter::from_fn(move || {
        let (number, first) = lines.find(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with('#'))?;
        let Some(piece) = first.strip_suffix('\\') else { return Some((number, Cow::Borrowed(first))) };
        let mut joined = piece.to_owned();
        for (_, line) in lines.by_ref() {
            let Some(piece) = line.strip_suffix('\\') else {
                joined.push_str(line);
                break;
            };
            joined.push_str(piece);
        }
        Some((number, Cow::Owned(joined)))
    })
    .filter(|(_, line)| !line.trim().is_empty())
}
