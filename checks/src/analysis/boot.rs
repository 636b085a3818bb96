//! What several checks ask of the boot path: the entry, its command line, the family of the image.

use crate::facts::{BootEntry, Cmdline, EntryKind, Facts, Initramfs, LoginKind, NetworkKind, Problem};
use crate::{Evidence, Outcome};

/// The words that the scripts of the image will see: those that the image itself adds, and then the
/// loader's. dracut's `getarg` reads them in this order and lets the last one win.
pub fn boot_words(facts: &Facts) -> Cmdline {
    facts.loader.default_entry().map(|entry| entry_words(entry, super::default_image(facts))).unwrap_or_default()
}

/// The same for any entry and its image.
pub fn entry_words(entry: &BootEntry, image: Option<&Initramfs>) -> Cmdline {
    let own = image.into_iter().flat_map(|image| &image.own_cmdline).flat_map(|own| &own.value.words);
    let at = entry.cmdline.at.clone().or_else(|| entry.at.clone());
    Cmdline { at, words: own.chain(&entry.cmdline.words).cloned().collect() }
}

/// The command line of an entry, as evidence.
pub fn command_line(entry: &BootEntry) -> Evidence {
    Evidence::new(entry_source(entry), entry.cmdline.text())
}

/// `root=` of an entry, as evidence.
pub fn root_word(entry: &BootEntry) -> Evidence {
    Evidence::new(entry_source(entry), format!("root={}", entry.cmdline.last("root").unwrap_or_default()))
}

fn entry_source(entry: &BootEntry) -> String {
    let place = entry.cmdline.at.as_ref().or(entry.at.as_ref());
    place.map_or_else(|| format!("loader entry {:?}", entry.title), ToString::to_string)
}

/// Who built an image, by what lies in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// initramfs-tools: `conf/initramfs.conf`, `scripts/functions`.
    InitramfsTools,
    /// dracut: a module list, or hooks below `usr/lib/dracut`.
    Dracut,
    /// Neither.
    Other,
}

/// Who built this image.
pub fn family(image: &Initramfs) -> Family {
    if !image.dracut_modules.is_empty()
        || image.files.keys().any(|path| path.starts_with("usr/lib/dracut/") || path.starts_with("lib/dracut/"))
        || image.login.iter().any(|login| login.kind != LoginKind::Iscsistart)
    {
        Family::Dracut
    } else if image.files.contains_key("conf/initramfs.conf")
        || image.files.contains_key("scripts/functions")
        || image.login.iter().any(|login| login.kind == LoginKind::Iscsistart)
    {
        Family::InitramfsTools
    } else {
        Family::Other
    }
}

/// What a check of the boot says where the loader's menu is empty.
pub fn no_menu(facts: &Facts) -> Option<Outcome> {
    let none = facts.loader.no_entries.as_ref()?;
    Some(Outcome::not_applicable(format!("not checked: nothing boots, because {} {}", none.at, none.value)))
}

/// The image that will boot and is readable, or what a check has to say where there is none.
///
/// # Errors
///
/// The outcome to return: the image is missing, was not read, or could not be read whole.
pub fn judged_image(facts: &Facts) -> Result<&Initramfs, Outcome> {
    let Some(entry) = facts.loader.default_entry() else {
        return Err(no_menu(facts).unwrap_or_else(|| match facts.loader.chosen.problem() {
            Some(problem) => Outcome::unread(problem),
            None => Outcome::unknown("it is not known which loader entry boots"),
        }));
    };
    let Some(image) = super::default_image(facts) else {
        return Err(if entry.initrds.iter().any(|initrd| initrd.path.is_some()) {
            Outcome::unknown(format!("the initramfs of {:?} was not read", entry.title))
        } else {
            Outcome::not_applicable("not checked: the loader entry that boots has no initramfs that could be read")
        });
    };
    if !image.damage.is_empty() && !image.incomplete {
        return Err(Outcome::not_applicable(format!(
            "not checked: {} is damaged (see initramfs-unreadable)",
            image.path
        )));
    }
    Ok(image)
}

/// What to say where something is not in an image that could not be read whole: nothing that is
/// missing from it may be called missing.
pub fn incomplete(image: &Initramfs) -> Option<Outcome> {
    image.incomplete.then(|| match image.damage.first() {
        Some(problem) => Outcome::unread(problem),
        None => Outcome::unknown(format!("{} was not read completely", image.path)),
    })
}

/// The path of a program in an image, looked for where programs lie.
pub fn program(image: &Initramfs, name: &str) -> Option<String> {
    ["usr/sbin", "sbin", "usr/bin", "bin", "usr/local/sbin", "usr/local/bin"].iter().find_map(|directory| {
        let path = format!("{directory}/{name}");
        match image.files.get(&path) {
            Some(EntryKind::Program(_) | EntryKind::Link(_)) => Some(path),
            _ => None,
        }
    })
}

/// Whether an image can bring up a network in this way.
pub fn has_network(image: &Initramfs, kind: NetworkKind) -> bool {
    image.network.iter().any(|network| network.kind == kind)
}

/// The script that reads a word of the command line, when one does.
pub fn reader<'a>(image: &'a Initramfs, token: &str) -> Option<&'a crate::facts::TokenReader> {
    image.readers.iter().find(|reader| reader.token == token)
}

/// Unknown, when a file that decides could not be read or understood.
pub fn unread(problems: &[Problem], path: &str) -> Option<Outcome> {
    problems.iter().find(|problem| problem.place.starts_with(path)).map(Outcome::unread)
}
