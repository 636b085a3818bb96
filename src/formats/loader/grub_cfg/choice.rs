//! Which entry `default` means (`grub-core/normal/menu.c`).

use super::boot_menu::{Entry, Menu, Step};
use super::number;
use isctpl_checks::facts::Location;

/// The entry that boots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// The entry at this index of [`Menu::entries`].
    Entry {
        /// Index.
        index: usize,
        /// Why that one.
        because: String,
        /// Where that is said.
        at: Option<Location>,
    },
    /// It cannot be told; why.
    Unknown {
        /// Why.
        what: String,
        /// Where the doubt arises.
        at: Option<Location>,
    },
}

/// Finds the entry that GRUB boots when nobody touches a key.
///
/// `default` holds a title, an id or a number, counted from 0 with a submenu as one, and a path with
/// `>` into submenus (`>>` is a `>` of a title). Where it names nothing, GRUB boots the first entry.
pub fn choose(menu: &Menu) -> Choice {
    let setting = &menu.default;
    let at = setting.at.clone();
    let unknown = |what: &str| Choice::Unknown { what: what.to_owned(), at: setting.at.clone() };
    if let Some((what, at)) = &menu.ended {
        return Choice::Unknown {
            what: format!("starts {} before a menu is shown", what.name()),
            at: Some(at.clone()),
        };
    }
    if let Some(problem) = &menu.left_out {
        return unknown(&format!("was not read whole: {problem}"));
    }
    if menu.entries.is_empty() {
        return unknown("has no menu entries");
    }
    if setting.undecided {
        return unknown("sets its default entry by a condition or variable with an unknown value");
    }
    let because = match (&setting.value, setting.because.is_empty()) {
        (None, true) => "no default is set, so GRUB boots the first entry".to_owned(),
        (None, false) => format!("{}: it is empty, so GRUB boots the first entry", setting.because),
        (Some(_), _) => setting.because.clone(),
    };
    let mut because = because;
    let mut wanted = setting.value.as_deref().unwrap_or("0");
    let mut level: Vec<(usize, &Entry)> = menu.entries.iter().enumerate().collect();
    let mut depth = 0;
    loop {
        let (head, tail) = split_path(wanted);
        let found = match position(&level, depth, &head) {
            Ok(found) => found,
            Err(what) => return unknown(what),
        };
        let place = found.unwrap_or(0);
        // An entry that may not be there shifts every number behind it, and may itself be the one.
        let by_number = found.is_none() || number::unsigned(&head).1 > 0;
        if level.iter().any(|(_, entry)| entry.uncertain && place_at(entry, depth) == Some(place))
            || by_number && level.iter().any(|(_, entry)| entry.uncertain && place_at(entry, depth) < Some(place))
        {
            return unknown("chooses an entry that depends on a condition with an unknown result");
        }
        if found.is_none() {
            because = format!("{because}: no entry is named \"{head}\", so GRUB boots the first one");
        }
        level.retain(|(_, entry)| place_at(entry, depth) == Some(place));
        match level.as_slice() {
            [] => return unknown("chooses a submenu without entries"),
            [(index, entry), ..] => match entry.submenu.get(depth) {
                None => return Choice::Entry { index: *index, because, at },
                Some(Step { left_out: Some(problem), .. }) => {
                    return unknown(&format!("was not read whole: {problem}"));
                }
                Some(_) => {}
            },
        }
        // Without a path into the submenu its first entry boots; the path holds whether its head names something or not
        // (`grub_menu_execute_entry`).
        wanted = tail.unwrap_or("0");
        depth += 1;
    }
}

/// Parts `a>b` at the first `>` that is not doubled; the head with `>>` written as `>`.
fn split_path(path: &str) -> (String, Option<&str>) {
    let mut head = String::new();
    let mut chars = path.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        if c == '>' {
            match chars.peek() {
                Some((_, '>')) => {
                    chars.next();
                }
                _ => return (head, path.get(i + 1..).filter(|tail| !tail.is_empty())),
            }
        }
        head.push(c);
    }
    (head, None)
}

/// The place of an entry, or of the submenu around it, in the menu at a depth.
fn place_at(entry: &Entry, depth: usize) -> Option<usize> {
    match entry.submenu.get(depth) {
        Some(step) => Some(step.index),
        None if entry.submenu.len() == depth => Some(entry.index),
        None => None,
    }
}

/// The place of an entry that is meant by its title, its id or its number.
///
/// GRUB 2.06 takes what begins with a digit for a number (`get_entry_number` in `grub-core/normal/menu.c`); Red Hat's,
/// which is the one that shows BLS entries, and later ones look for titles and ids first.
fn position(level: &[(usize, &Entry)], depth: usize, wanted: &str) -> Result<Option<usize>, &'static str> {
    let names = |entry: &Entry| match entry.submenu.get(depth) {
        Some(step) => (step.title == wanted || step.id.as_deref() == Some(wanted), step.unnamed),
        None => (entry.title == wanted || entry.id.as_deref() == Some(wanted), entry.unnamed),
    };
    let (number, digits) = number::unsigned(wanted);
    let number = usize::try_from(number).ok().filter(|_| digits > 0);
    let named = level.iter().find(|(_, entry)| names(entry).0).map(|(_, entry)| entry);
    let before = level.iter().take_while(|(_, entry)| !named.is_some_and(|named| std::ptr::eq(*named, *entry)));
    if number.is_none() && before.clone().any(|(_, entry)| names(entry).1) {
        return Err("chooses its entry by a name, and entries have names with variables of unknown values");
    }
    if let Some(place) = named.and_then(|entry| place_at(entry, depth)) {
        return match number.is_some_and(|number| number != place) && !level.iter().any(|(_, entry)| entry.is_bls) {
            true => Err("chooses its entry by a name that begins with a digit, which GRUB 2.06 takes for a number"),
            false => Ok(Some(place)),
        };
    }
    Ok(number.filter(|number| level.iter().any(|(_, entry)| place_at(entry, depth) == Some(*number))))
}
