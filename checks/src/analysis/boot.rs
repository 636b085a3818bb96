//! What several checks ask of the boot path: the entry that boots, its kernel and its image.

use super::Analysis;
use crate::Outcome;
use crate::facts::{BootEntry, BootFileKind, Initramfs, Kernel, Start};

impl Analysis<'_> {
    /// What a check of the boot says where the loader's menu is empty.
    pub(crate) fn no_menu(&self) -> Option<Outcome> {
        let none = self.loader.no_entries.as_ref()?;
        Some(Outcome::not_applicable(format!("not checked: nothing boots, because {} {}", none.at, none.value)))
    }

    /// The image that will boot and is readable, or what a check has to say where there is none.
    ///
    /// # Errors
    ///
    /// The outcome to return: the image is missing, was not read, or could not be read whole.
    pub(crate) fn judged_image(&self) -> Result<&Initramfs, Outcome> {
        let Some(entry) = self.loader.default_entry() else {
            return Err(self.no_menu().unwrap_or_else(|| match self.loader.chosen.problem() {
                Some(problem) => Outcome::unread(problem),
                None => Outcome::unknown("it is not known which loader entry boots"),
            }));
        };
        let Some(image) = self.default_image() else {
            let mut found = entry.initrds.iter().filter(|initrd| initrd.path.is_some()).peekable();
            return Err(if found.peek().is_none() {
                Outcome::not_applicable("not checked: the loader entry that boots has no initramfs that could be read")
            } else if let Some(problem) = found.find_map(|initrd| initrd.problem.as_ref()) {
                Outcome::unread(problem)
            } else {
                Outcome::unknown(format!("the initramfs of {:?} was not read", entry.title))
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

    /// The loader entry that boots.
    ///
    /// # Errors
    /// What a check of it has to say where it is not known which one boots.
    pub(crate) fn booting_entry(&self) -> Result<&BootEntry, Outcome> {
        if let Some(entry) = self.loader.default_entry() {
            let unread = entry.initrds.iter().find_map(|initrd| initrd.problem.as_ref()).map(Outcome::unread);
            return match entry.linux {
                true => Ok(entry),
                false => Err(unread.unwrap_or_else(|| Outcome::unknown(self.no_linux(entry)))),
            };
        }
        if let Some(outcome) = self.no_menu() {
            return Err(outcome);
        }
        if let Some(problem) = self.loader.chosen.problem().or(self.loader.problems.first()) {
            return Err(Outcome::unread(problem));
        }
        Err(Outcome::unknown(match self.loader.entries.len() {
            0 => "no loader entry was found".to_owned(),
            count => format!("it is not known which of the {count} loader entries boots"),
        }))
    }

    /// What an entry that starts no Linux kernel starts.
    pub(crate) fn no_linux(&self, entry: &BootEntry) -> String {
        let by = self.loader.chosen.known().map(|chosen| format!(" ({})", chosen.because)).unwrap_or_default();
        let what = entry.starts.map_or("nothing that isctpl knows", Start::name);
        format!("the loader entry {:?}, which boots by itself{by}, starts {what}, and no Linux kernel", entry.title)
    }

    /// The kernel that boots.
    ///
    /// # Errors
    /// What a check of it has to say where there is none to be read.
    pub(crate) fn booted_kernel(&self) -> Result<&Kernel, Outcome> {
        if let Some(kernel) = self.default_kernel() {
            return Ok(kernel);
        }
        let named = self.loader.default_entry().and_then(|entry| entry.kernel.as_ref());
        if let Some(problem) = named.and_then(|kernel| kernel.problem.as_ref()) {
            return Err(Outcome::unread(problem));
        }
        Err(match named.map(|kernel| (kernel, kernel.path.as_ref())) {
            Some((_, Some(path))) => Outcome::unknown(format!("{path} was not read")),
            Some((kernel, None)) => Outcome::not_applicable(format!("{} does not exist", kernel.written)),
            None => self.no_menu().unwrap_or_else(|| match self.loader.chosen.problem() {
                Some(problem) => Outcome::unread(problem),
                None => Outcome::not_applicable("not checked: it is not known which kernel boots"),
            }),
        })
    }

    /// Whether the disk has a kernel with its modules and an image of its version: an entry can be made of them.
    pub(crate) fn has_bootable_kernel(&self) -> bool {
        let whole = |kind: BootFileKind| self.boot_files.iter().filter(move |file| file.kind == kind && file.size > 0);
        whole(BootFileKind::Kernel).filter(|kernel| kernel.modules_dir.is_some()).any(|kernel| {
            let version = kernel.version.as_deref().unwrap_or_default();
            !version.is_empty() && whole(BootFileKind::Initramfs).any(|image| image.path.contains(version))
        })
    }

    /// The image that boots, where something in it logs in.
    ///
    /// # Errors
    /// What a check of the login has to say where the image was not read or does not log in.
    pub(crate) fn image_that_logs_in(&self) -> Result<&Initramfs, Outcome> {
        let image = self.judged_image()?;
        if image.login.is_empty() {
            image.whole()?;
            return Err(Outcome::not_applicable(
                "not checked: nothing in the initramfs logs in (see initramfs-login-tool-missing)",
            ));
        }
        Ok(image)
    }

    /// The image that boots and its kernel, whose modules it has.
    ///
    /// # Errors
    /// What a check of both has to say where one was not read, or the image is another kernel's.
    pub(crate) fn image_and_kernel(&self) -> Result<(&Initramfs, &Kernel), Outcome> {
        let image = self.judged_image()?;
        let Some(kernel) = self.default_kernel() else {
            return Err(Outcome::not_applicable("not checked: it is not known which kernel boots this initramfs"));
        };
        match kernel.version.known() {
            Some(version) if image.is_of_other_version(version) => Err(Outcome::not_applicable(format!(
                "not checked: {} has no modules of {version} (see initramfs-kernel-mismatch)",
                image.path
            ))),
            _ => Ok((image, kernel)),
        }
    }

    /// The modules that the kernel needs to reach its root.
    pub(crate) fn needed_modules(&self) -> Vec<&'static str> {
        let mut needed = vec!["iscsi_tcp", "scsi_transport_iscsi", "sd_mod"];
        if self.wants_firmware() {
            needed.push("iscsi_ibft");
        }
        if self.root_volume().is_some() {
            needed.push("dm_mod");
        }
        needed
    }
}
