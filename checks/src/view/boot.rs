//! What several checks ask of the boot path: the entry, its command line, the family of the image.

use crate::facts::{BootEntry, Cmdline, EntryKind, Facts, Initramfs, LoginKind, NetworkKind, Problem};
use crate::{Evidence, Outcome, Remedy};

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

/// A remedy that ends in building the image anew, with the commands of whoever built it.
pub fn rebuild(facts: &Facts, text: impl Into<String>) -> Remedy {
    let command = match super::default_image(facts) {
        Some(image) => rebuild_image(facts, image),
        None => default_version(facts).and_then(|version| rebuild_by_tools(facts, "-u", version, None)),
    };
    command.into_iter().fold(Remedy::new(text), Remedy::command)
}

/// The command that makes the image of an entry, which has none.
pub fn create_image(facts: &Facts, entry: &BootEntry) -> Option<String> {
    let path = entry.kernel.as_ref()?.path.as_deref()?;
    let kernel = facts.kernels.iter().find(|kernel| kernel.path == path)?;
    let image = entry.initrds.iter().find_map(|initrd| initrd.path.as_deref());
    rebuild_by_tools(facts, "-c", kernel.version.known()?, image)
}

fn default_version(facts: &Facts) -> Option<&str> {
    super::default_kernel(facts)?.version.known().map(String::as_str)
}

/// The command of the program that the root has for it.
fn rebuild_by_tools(facts: &Facts, mode: &str, version: &str, image: Option<&str>) -> Option<String> {
    let has = |tool: &str| facts.loader.tools.iter().any(|name| name == tool);
    if has("update-initramfs") {
        Some(format!("update-initramfs {mode} -k {version}"))
    } else if has("dracut") {
        let image = image.map_or_else(|| "\"\"".to_owned(), str::to_owned);
        Some(format!("dracut -f --no-hostonly --add iscsi {image} {version}"))
    } else {
        None
    }
}

/// The same where modules are missing: they are named to whoever builds the image.
pub fn rebuild_with(facts: &Facts, image: &Initramfs, modules: &[&str], text: impl Into<String>) -> Remedy {
    let mut remedy = rebuild(facts, text);
    match family(image) {
        Family::InitramfsTools => {
            remedy.commands.insert(0, format!("printf '%s\\n' {} >> /etc/initramfs-tools/modules", modules.join(" ")));
        }
        Family::Dracut => {
            let line = format!("add_drivers+=\" {} \"", modules.join(" "));
            remedy.commands.insert(0, format!("echo '{line}' > /etc/dracut.conf.d/50-iscsi-modules.conf"));
        }
        Family::Other => {}
    }
    remedy
}

/// The command that builds an image anew, when it is known who built it.
fn rebuild_image(facts: &Facts, image: &Initramfs) -> Option<String> {
    let version = super::default_kernel(facts).and_then(|kernel| kernel.version.known());
    match (family(image), version) {
        (Family::InitramfsTools, Some(version)) => Some(format!("update-initramfs -u -k {version}")),
        (Family::InitramfsTools, None) => Some("update-initramfs -u -k all".to_owned()),
        (Family::Dracut, Some(version)) => {
            // Rebuilt without the module that brings up the network, the image would not boot either.
            let network = image.dracut_modules.iter().find(|module| {
                matches!(module.as_str(), "network-legacy" | "network-manager" | "systemd-networkd" | "connman")
            });
            let add = network.map_or_else(|| "iscsi".to_owned(), |network| format!("iscsi {network}"));
            Some(format!("dracut -f --no-hostonly --add \"{add}\" {} {version}", image.path))
        }
        (Family::Dracut, None) => Some("dracut -f --regenerate-all".to_owned()),
        (Family::Other, Some(version)) => rebuild_by_tools(facts, "-u", version, Some(&image.path)),
        (Family::Other, None) => None,
    }
}

/// A remedy that changes words of the command line for good, and ends in writing the loader's
/// configuration anew. The words are isctpl's or the entry's own; none of them is quoted in a shell.
pub fn edit_words(facts: &Facts, text: impl Into<String>, remove: &[&str], add: &[&str]) -> Remedy {
    let path = facts.loader.default_entry().and_then(|entry| entry.at.as_ref()).map_or("", |at| at.path.as_str());
    let mut remedy = update_loader(facts, text);
    if path.contains("/loader/entries/") {
        let mut command = "grubby --update-kernel=DEFAULT".to_owned();
        for (option, words) in [("--remove-args", remove), ("--args", add)] {
            if !words.is_empty() {
                command.push_str(&format!(" {option}=\"{}\"", words.join(" ")));
            }
        }
        remedy.commands = vec![command];
        return remedy;
    }
    let Some(file) = facts.loader.defaults.cmdline_linux.as_ref().map(|line| &line.at.path) else {
        // There is no line to edit; the file is a shell's, and the last assignment wins.
        let line = format!("GRUB_CMDLINE_LINUX=\"{}\"", add.join(" "));
        if !add.is_empty() {
            remedy.commands.insert(0, format!("echo '{line}' >> /etc/default/grub"));
        }
        return remedy;
    };
    let dropped = remove.iter().map(|word| format!("/^GRUB_CMDLINE_LINUX/s/ *\\b{}\\b//", escaped(word)));
    let added = add.iter().map(|word| format!("/^GRUB_CMDLINE_LINUX=/s/\"$/ {}\"/", escaped(word)));
    let script: Vec<String> = dropped.chain(added).collect();
    if !script.is_empty() {
        remedy.commands.insert(0, format!("sed -i '{}' {file}", script.join("; ")));
    }
    remedy
}

/// A word as sed's `s` takes it literally.
fn escaped(word: &str) -> String {
    word.chars()
        .flat_map(|character| {
            let special = matches!(character, '/' | '.' | '*' | '[' | ']' | '^' | '$' | '\\' | '&');
            special.then_some('\\').into_iter().chain([character])
        })
        .collect()
}

/// A remedy that ends in writing the loader's configuration anew after `/etc/default/grub` was edited.
pub fn update_loader(facts: &Facts, text: impl Into<String>) -> Remedy {
    let remedy = Remedy::new(text);
    let at = facts.loader.default_entry().map(|entry| entry.at.as_ref());
    let Some(at) = at.or_else(|| facts.loader.no_entries.as_ref().map(|none| Some(&none.at))) else { return remedy };
    let path = at.map_or("", |at| at.path.as_str());
    let has = |tool: &str| facts.loader.tools.iter().any(|name| name == tool);
    if path.contains("/loader/entries/") {
        remedy.command("grubby --info=DEFAULT")
    } else if path.starts_with("/boot/grub2/") {
        remedy.command(format!("grub2-mkconfig -o {path}"))
    } else if has("grub-mkconfig") && !has("update-grub") {
        remedy.command(format!("grub-mkconfig -o {path}"))
    } else {
        remedy.command("update-grub")
    }
}

/// What a check of the boot says where the loader's menu is empty.
pub fn no_menu(facts: &Facts) -> Option<Outcome> {
    let none = facts.loader.no_entries.as_ref()?;
    Some(Outcome::not_applicable(format!("{} {}: nothing boots", none.at, none.value)))
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
            Outcome::unknown(format!("the image of {:?} was not read", entry.title))
        } else {
            Outcome::not_applicable("the entry that will boot has no image that could be read")
        });
    };
    if !image.damage.is_empty() && !image.incomplete {
        return Err(Outcome::not_applicable(format!("{} is damaged", image.path)));
    }
    Ok(image)
}

/// What to say where something is not in an image that could not be read whole: nothing that is
/// missing from it may be called missing.
pub fn incomplete(image: &Initramfs) -> Option<Outcome> {
    image.incomplete.then(|| match image.damage.first() {
        Some(problem) => Outcome::unread(problem),
        None => Outcome::unknown(format!("{} was not read whole", image.path)),
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
