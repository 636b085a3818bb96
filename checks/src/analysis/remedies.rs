//! Remedies that several checks give: build the image anew, change the command line, write the loader's entries.

use super::Analysis;
use super::image::Family;
use crate::facts::{BootEntry, HIDDEN, Initramfs, Location, NetworkKind};
use crate::{ImageContents, Remedy, Repair, Sed, ShellCommand, WordMatch, is_plain};

/// The file that grub-mkconfig sources first.
const GRUB_DEFAULTS: &str = "/etc/default/grub";

/// What grub-mkconfig is told to write, by who installs GRUB.
const GRUB_CONFIGS: [&str; 2] = ["/boot/grub/grub.cfg", "/boot/grub2/grub.cfg"];

impl Analysis<'_> {
    /// A remedy that ends in building the image anew, with the commands of whoever built it.
    pub(crate) fn rebuild(&self, text: impl Into<String>) -> Remedy {
        self.rebuild_holding(ImageContents::default(), text)
    }

    /// The same where the image is to hold more than its generator puts into it by itself.
    pub(crate) fn rebuild_holding(&self, contents: ImageContents, text: impl Into<String>) -> Remedy {
        let repair = self.build_image(contents, &[]);
        self.without_omits(&[], self.rebuild_command(text)).repairs_by(repair)
    }

    fn rebuild_command(&self, text: impl Into<String>) -> Remedy {
        if let Some(unified) = self.unified_image() {
            // What writes an initramfs to that path would leave no kernel in it.
            let (text, path) = (text.into(), unified);
            return Remedy::new(format!(
                "{text} It is part of the unified kernel image {path}: build that anew of it (kernel-install(8), ukify(1))."
            ));
        }
        let command = match self.default_image() {
            Some(image) => self.rebuild_image(image),
            None => self.default_version().and_then(|version| self.rebuild_by_tools("-u", version, None)),
        };
        Remedy::new(text).commands(command)
    }

    /// That the image of the entry that boots is built again; `None` where no program of the root can, or there is
    /// nothing to build it of. What dracut is told to keep out is asked for by name, `wanted` too.
    pub(crate) fn build_image(&self, mut contents: ImageContents, wanted: &[&str]) -> Option<Repair> {
        if self.unified_image().is_some() {
            return None;
        }
        let kernel = self.default_kernel()?;
        let can = self.has("update-initramfs") || self.has("dracut");
        if !can || kernel.version.known().is_none() || kernel.modules_dir.is_none() {
            return None;
        }
        for (omit, words) in self.omits(wanted) {
            for word in words {
                match (omit.key.as_str(), word) {
                    ("omit_dracutmodules", "lvm" | "dm") => contents.lvm = true,
                    ("omit_dracutmodules", "kernel-modules") => contents.all_drivers = true,
                    ("omit_dracutmodules", _) => contents.login_tools = true,
                    _ if contents.modules.iter().any(|module| module == word) => {}
                    _ => contents.modules.push(word.to_owned()),
                }
            }
        }
        Some(Repair::BuildImage(contents))
    }

    /// The command that makes the image of an entry, which has none.
    pub(crate) fn create_image(&self, entry: &BootEntry) -> Option<ShellCommand> {
        if entry.unified_image().is_some() {
            return None;
        }
        let path = entry.kernel.as_ref()?.path.as_deref()?;
        let kernel = self.kernels.iter().find(|kernel| kernel.path == path)?;
        let image = entry.initrds.iter().find_map(|initrd| initrd.path.as_deref());
        self.rebuild_by_tools("-c", kernel.version.known()?, image)
    }

    /// The unified kernel image that the entry that boots is; `None` where kernel and initramfs are files of their own.
    pub(crate) fn unified_image(&self) -> Option<&str> {
        self.loader.default_entry()?.unified_image()
    }

    fn default_version(&self) -> Option<&str> {
        self.default_kernel()?.version.known().map(String::as_str)
    }

    fn has(&self, tool: &str) -> bool {
        self.loader.tools.iter().any(|name| name == tool)
    }

    /// The command of the program that the root has for it.
    fn rebuild_by_tools(&self, mode: &'static str, version: &str, image: Option<&str>) -> Option<ShellCommand> {
        if self.has("update-initramfs") {
            Some(ShellCommand::new(&["update-initramfs", mode, "-k"]).value(version))
        } else if self.has("dracut") {
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
    pub(crate) fn rebuild_with(&self, image: &Initramfs, modules: &[&str], text: impl Into<String>) -> Remedy {
        let remedy = self.rebuild_command(text);
        let remedy = match image.family() {
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
        // A module that is nowhere on the disk comes with a package, and not with a new image.
        let on_disk = |module: &&str| {
            let known = self.default_kernel().and_then(|kernel| kernel.modules.get(*module));
            known.is_none_or(|module| module.present)
        };
        let contents = || ImageContents {
            modules: modules.iter().map(|&module| module.to_owned()).collect(),
            ..ImageContents::default()
        };
        let repair = modules.iter().all(on_disk).then(|| self.build_image(contents(), modules)).flatten();
        self.without_omits(modules, remedy).repairs_by(repair)
    }

    /// The command that builds an image anew, when it is known who built it.
    fn rebuild_image(&self, image: &Initramfs) -> Option<ShellCommand> {
        match (image.family(), self.default_version()) {
            (Family::InitramfsTools, version) => {
                Some(ShellCommand::new(&["update-initramfs", "-u", "-k"]).value(version.unwrap_or("all")))
            }
            (Family::Dracut, Some(version)) => Some(dracut(image, dracut_network(image), version)),
            (Family::Dracut, None) => Some(ShellCommand::new(&["dracut", "-f", "--regenerate-all"])),
            (Family::Other, Some(version)) => self.rebuild_by_tools("-u", version, Some(&image.path)),
            (Family::Other, None) => None,
        }
    }
}

/// The module that brings up the network: rebuilt without it, the image would not boot either.
fn dracut_network(image: &Initramfs) -> Option<&'static str> {
    ["network-legacy", "network-manager", "systemd-networkd", "connman"]
        .into_iter()
        .find(|known| image.dracut_modules.iter().any(|module| module == known))
}

/// The command by which dracut builds an image with iSCSI and a network module.
fn dracut(image: &Initramfs, network: Option<&str>, version: &str) -> ShellCommand {
    let add = network.map_or_else(|| "iscsi".to_owned(), |network| format!("iscsi {network}"));
    ShellCommand::new(&["dracut", "-f", "--no-hostonly", "--add"]).value(add).path(&image.path).operand(version)
}

impl Analysis<'_> {
    /// A remedy that changes words of the command line for good, and ends in writing the loader's
    /// configuration anew.
    ///
    /// The words go through a file that a shell reads and through one that GRUB reads. One that either of them may
    /// take otherwise, or whose value is hidden, is left to the person.
    pub(crate) fn edit_words(&self, text: impl Into<String>, remove: &[&str], add: &[&str]) -> Remedy {
        let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        let remove_words = owned(remove).into_iter().map(WordMatch::Word).collect();
        let repair = self.change_words(remove_words, owned(add));
        self.edit_words_by_hand(text, remove, add).repairs_by(repair)
    }

    /// That words leave the command line and others join it; `None` where a word's value is hidden, or nothing of
    /// the root writes the loader's entries.
    pub(crate) fn change_words(&self, remove: Vec<WordMatch>, add: Vec<String>) -> Option<Repair> {
        let hidden = |word: &str| word.contains(HIDDEN);
        let any_hidden = remove.iter().any(|word| matches!(word, WordMatch::Word(word) if hidden(word)))
            || add.iter().any(|word| hidden(word));
        (!any_hidden && self.words_can_change()).then_some(Repair::Words { remove, add })
    }

    /// Whether words can be changed for good: the entries are made by a program of the root, or are files themselves.
    fn words_can_change(&self) -> bool {
        self.loader_can_be_written() || self.boots_by_bls()
    }

    /// Whether a program of the root writes the file from which the machine boots. GRUB reads others as well, such as
    /// `custom.cfg` or a `grub.cfg` of the EFI system partition, which none of them writes.
    pub(crate) fn loader_can_be_written(&self) -> bool {
        let is_written = self.loader_at().is_some_and(|at| GRUB_CONFIGS.contains(&at.path.as_str()));
        is_written && ["grub-mkconfig", "grub2-mkconfig"].iter().any(|tool| self.has(tool))
    }

    /// Where the entry that boots stands, or where there is none.
    fn loader_at(&self) -> Option<&Location> {
        let of_entry = self.loader.default_entry().and_then(|entry| entry.at.as_ref());
        of_entry.or_else(|| self.loader.no_entries.as_ref().map(|none| &none.at))
    }

    /// That the login is requested in the words that the image reads, where words can be changed. Where these would
    /// have to name the gateway of one network, an image that uses option 121 is built first, if the root can.
    pub(crate) fn request_login(&self) -> Vec<Repair> {
        if !self.words_can_change() {
            return Vec::new();
        }
        let contents = || ImageContents { login_tools: true, ..ImageContents::default() };
        let other_image = self.network_for_option_121().and_then(|_| self.build_image(contents(), &[]));
        other_image.into_iter().chain([Repair::RequestLogin]).collect()
    }

    /// The network module of dracut that uses option 121, which the root can put into the image in place of the one
    /// that drops it. `None` also where the target is on the SAN NIC's link, so that nothing is lost.
    pub(crate) fn network_for_option_121(&self) -> Option<&str> {
        let image = self.default_image()?;
        let is_only_legacy = image.has_network(NetworkKind::DracutLegacy)
            && !image.has_network(NetworkKind::NetworkManager)
            && !image.has_network(NetworkKind::Networkd);
        let is_needed = is_only_legacy && image.drops_option_121() && self.may_need_route();
        let better = || self.loader.networks.iter().find(|network| *network != "network-legacy");
        is_needed.then(better).flatten().map(String::as_str)
    }

    /// The same where `isctpl prepare` fixes it by other words, or not at all.
    pub(crate) fn edit_words_by_hand(&self, text: impl Into<String>, remove: &[&str], add: &[&str]) -> Remedy {
        if let Some(unified) = self.unified_image() {
            let (text, path) = (text.into(), unified);
            return Remedy::new(format!(
                "{text} The command line is part of the unified kernel image {path}: change what it is made of, such as \
                 /etc/kernel/cmdline, and build it anew (kernel-install(8), ukify(1))."
            ));
        }
        let remedy = self.update_loader(text);
        if let Some(word) = remove.iter().chain(add).find(|word| !is_plain(word)) {
            return remedy.without_command_for(word);
        }
        if self.boots_by_bls() {
            let mut command = ShellCommand::new(&["grubby", "--update-kernel=DEFAULT"]);
            for (option, words) in [("--remove-args", remove), ("--args", add)] {
                if !words.is_empty() {
                    command = command.value(format!("{option}={}", words.join(" ")));
                }
            }
            return Remedy::new(remedy.text).command(command);
        }
        let edit = self.remove_words(remove);
        let append = (!add.is_empty()).then(|| {
            // The file is a shell's, and its last assignment wins, however the lines before it are written.
            let file = self.loader.defaults.cmdline_linux.as_ref().map_or(GRUB_DEFAULTS, |line| line.at.path.as_str());
            ShellCommand::append_line(file, "GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX {}\"", add)
        });
        append.into_iter().chain(edit).fold(remedy, Remedy::first)
    }

    /// The command that takes words out of the lines from which the loader's entries are made.
    fn remove_words(&self, words: &[&str]) -> Option<ShellCommand> {
        let defaults = &self.loader.defaults;
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

    fn boots_by_bls(&self) -> bool {
        self.loader_at().is_some_and(|at| at.path.contains("/loader/entries/"))
    }

    /// A remedy that ends in writing the loader's configuration anew, by which alone `isctpl prepare` fixes it.
    pub(crate) fn write_loader(&self, text: impl Into<String>) -> Remedy {
        let repair = self.loader_can_be_written().then_some(Repair::WriteLoader);
        self.update_loader(text).repairs_by(repair)
    }

    /// A remedy that ends in writing the loader's configuration anew after `/etc/default/grub` was edited.
    pub(crate) fn update_loader(&self, text: impl Into<String>) -> Remedy {
        let remedy = Remedy::new(text);
        if self.unified_image().is_some() {
            return remedy;
        }
        let at = self.loader.default_entry().map(|entry| entry.at.as_ref());
        let Some(at) = at.or_else(|| self.loader.no_entries.as_ref().map(|none| Some(&none.at))) else { return remedy };
        let path = at.map_or("", |at| at.path.as_str());
        remedy.command(if self.boots_by_bls() {
            ShellCommand::new(&["grubby", "--info=DEFAULT"])
        } else if path.starts_with("/boot/grub2/") {
            ShellCommand::new(&["grub2-mkconfig", "-o"]).path(path)
        } else if self.has("grub-mkconfig") && !self.has("update-grub") {
            ShellCommand::new(&["grub-mkconfig", "-o"]).path(path)
        } else {
            ShellCommand::new(&["update-grub"])
        })
    }
}
