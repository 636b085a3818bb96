//! Remedies that several checks give: build the image anew, change the command line, write the loader's entries.

use super::omits::without_omits;
use super::{Family, default_image, default_kernel, family};
use crate::facts::{BootEntry, Facts, Initramfs};
use crate::{Remedy, Sed, ShellCommand, is_plain};

/// The file that grub-mkconfig sources first.
const GRUB_DEFAULTS: &str = "/etc/default/grub";

/// A remedy that ends in building the image anew, with the commands of whoever built it.
pub fn rebuild(facts: &Facts, text: impl Into<String>) -> Remedy {
    without_omits(facts, &[], rebuild_command(facts, text))
}

fn rebuild_command(facts: &Facts, text: impl Into<String>) -> Remedy {
    let command = match default_image(facts) {
        Some(image) => rebuild_image(facts, image),
        None => default_version(facts).and_then(|version| rebuild_by_tools(facts, "-u", version, None)),
    };
    Remedy::new(text).commands(command)
}

/// The command that makes the image of an entry, which has none.
pub fn create_image(facts: &Facts, entry: &BootEntry) -> Option<ShellCommand> {
    let path = entry.kernel.as_ref()?.path.as_deref()?;
    let kernel = facts.kernels.iter().find(|kernel| kernel.path == path)?;
    let image = entry.initrds.iter().find_map(|initrd| initrd.path.as_deref());
    rebuild_by_tools(facts, "-c", kernel.version.known()?, image)
}

fn default_version(facts: &Facts) -> Option<&str> {
    default_kernel(facts)?.version.known().map(String::as_str)
}

fn has(facts: &Facts, tool: &str) -> bool {
    facts.loader.tools.iter().any(|name| name == tool)
}

/// The command of the program that the root has for it.
fn rebuild_by_tools(facts: &Facts, mode: &'static str, version: &str, image: Option<&str>) -> Option<ShellCommand> {
    if has(facts, "update-initramfs") {
        Some(ShellCommand::new(&["update-initramfs", mode, "-k"]).value(version))
    } else if has(facts, "dracut") {
        let dracut = ShellCommand::new(&["dracut", "-f", "--no-hostonly", "--add", "iscsi"]);
        Some(
            match image {
                Some(image) => dracut.path(image),
                // The place that dracut chooses by itself.
                None => dracut.value(""),
            }
            .operand(version),
        )
    } else {
        None
    }
}

/// The same where modules are missing: they are named to whoever builds the image.
pub fn rebuild_with(facts: &Facts, image: &Initramfs, modules: &[&str], text: impl Into<String>) -> Remedy {
    let remedy = rebuild_command(facts, text);
    let remedy = match family(image) {
        Family::InitramfsTools => modules.iter().rev().fold(remedy, |remedy, module| {
            remedy.first(ShellCommand::append_line("/etc/initramfs-tools/modules", "{}", &[module]))
        }),
        Family::Dracut => remedy.first(ShellCommand::write_line(
            "/etc/dracut.conf.d/50-iscsi-modules.conf",
            "add_drivers+=\" {} \"",
            modules,
        )),
        Family::Other => remedy,
    };
    without_omits(facts, modules, remedy)
}

/// The command that builds an image anew, when it is known who built it.
fn rebuild_image(facts: &Facts, image: &Initramfs) -> Option<ShellCommand> {
    match (family(image), default_version(facts)) {
        (Family::InitramfsTools, version) => {
            Some(ShellCommand::new(&["update-initramfs", "-u", "-k"]).value(version.unwrap_or("all")))
        }
        (Family::Dracut, Some(version)) => Some(dracut(image, dracut_network(image), version)),
        (Family::Dracut, None) => Some(ShellCommand::new(&["dracut", "-f", "--regenerate-all"])),
        (Family::Other, Some(version)) => rebuild_by_tools(facts, "-u", version, Some(&image.path)),
        (Family::Other, None) => None,
    }
}

/// The module that brings up the network: rebuilt without it, the image would not boot either.
fn dracut_network(image: &Initramfs) -> Option<&'static str> {
    ["network-legacy", "network-manager", "systemd-networkd", "connman"]
        .into_iter()
        .find(|known| image.dracut_modules.iter().any(|module| module == known))
}

/// The command by which dracut builds an image with iSCSI and a network module.
pub fn dracut(image: &Initramfs, network: Option<&str>, version: &str) -> ShellCommand {
    let add = network.map_or_else(|| "iscsi".to_owned(), |network| format!("iscsi {network}"));
    ShellCommand::new(&["dracut", "-f", "--no-hostonly", "--add"]).value(add).path(&image.path).operand(version)
}

/// A remedy that changes words of the command line for good, and ends in writing the loader's
/// configuration anew.
///
/// The words go through a file that a shell reads and through one that GRUB reads. One that either of them may
/// take otherwise, or whose value is hidden, is left to the person.
pub fn edit_words(facts: &Facts, text: impl Into<String>, remove: &[&str], add: &[&str]) -> Remedy {
    let remedy = update_loader(facts, text);
    if let Some(word) = remove.iter().chain(add).find(|word| !is_plain(word)) {
        return remedy.without_command_for(word);
    }
    if boots_by_bls(facts) {
        let mut command = ShellCommand::new(&["grubby", "--update-kernel=DEFAULT"]);
        for (option, words) in [("--remove-args", remove), ("--args", add)] {
            if !words.is_empty() {
                command = command.value(format!("{option}={}", words.join(" ")));
            }
        }
        return Remedy::new(remedy.text).command(command);
    }
    let edit = remove_words(facts, remove);
    let append = (!add.is_empty()).then(|| {
        // The file is a shell's, and its last assignment wins, however the lines before it are written.
        let file = facts.loader.defaults.cmdline_linux.as_ref().map_or(GRUB_DEFAULTS, |line| line.at.path.as_str());
        ShellCommand::append_line(file, "GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX {}\"", add)
    });
    append.into_iter().chain(edit).fold(remedy, Remedy::first)
}

/// The command that takes words out of the lines from which the loader's entries are made.
fn remove_words(facts: &Facts, words: &[&str]) -> Option<ShellCommand> {
    let defaults = &facts.loader.defaults;
    let mut files: Vec<&str> = Vec::new();
    for line in [&defaults.cmdline_linux, &defaults.cmdline_linux_default].into_iter().flatten() {
        if !files.contains(&line.at.path.as_str()) {
            files.push(&line.at.path);
        }
    }
    let (first, others) = files.split_first()?;
    let script: Vec<Sed> = words
        .iter()
        .map(|word| {
            // A single quote is \x27 to sed, which the shell's own quotes need not be ended for.
            Sed::new(r#"/^ *GRUB_CMDLINE_LINUX/s/(["\x27= ])"#).literal(word).then(r#"(["\x27 ]|$)/\1\2/g"#)
        })
        .collect();
    (!script.is_empty()).then(|| others.iter().fold(ShellCommand::sed(&script, first), |sed, file| sed.path(file)))
}

fn boots_by_bls(facts: &Facts) -> bool {
    let at = facts.loader.default_entry().and_then(|entry| entry.at.as_ref());
    at.is_some_and(|at| at.path.contains("/loader/entries/"))
}

/// A remedy that ends in writing the loader's configuration anew after `/etc/default/grub` was edited.
pub fn update_loader(facts: &Facts, text: impl Into<String>) -> Remedy {
    let remedy = Remedy::new(text);
    let at = facts.loader.default_entry().map(|entry| entry.at.as_ref());
    let Some(at) = at.or_else(|| facts.loader.no_entries.as_ref().map(|none| Some(&none.at))) else { return remedy };
    let path = at.map_or("", |at| at.path.as_str());
    remedy.command(if boots_by_bls(facts) {
        ShellCommand::new(&["grubby", "--info=DEFAULT"])
    } else if path.starts_with("/boot/grub2/") {
        ShellCommand::new(&["grub2-mkconfig", "-o"]).path(path)
    } else if has(facts, "grub-mkconfig") && !has(facts, "update-grub") {
        ShellCommand::new(&["grub-mkconfig", "-o"]).path(path)
    } else {
        ShellCommand::new(&["update-grub"])
    })
}
