//! Kernel modules: in the kernel, on the disk, in the image.

use super::Analysis;
use crate::Outcome;
use crate::facts::{Initramfs, Kernel, Nic, Problem, Source};

/// Where a module is, seen from the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InImage {
    /// Compiled into the kernel.
    BuiltIn,
    /// A file in the image, of the kernel's version.
    Module,
    /// Neither.
    Missing,
    /// It is no file in the image, and what is compiled into the kernel is not known.
    Unclear,
}

impl Kernel {
    /// Where a module is, seen from the image that boots with this kernel.
    pub(crate) fn in_image(&self, image: &Initramfs, name: &str) -> InImage {
        if self.is_builtin(name) == Some(true) {
            return InImage::BuiltIn;
        }
        let version = self.version.known();
        let file = image
            .modules
            .get(name)
            .filter(|path| version.is_none_or(|version| path.contains(&format!("lib/modules/{version}/"))));
        match (file, self.is_builtin(name)) {
            (Some(_), _) => InImage::Module,
            (None, Some(_)) => InImage::Missing,
            (None, None) => InImage::Unclear,
        }
    }

    /// Whether a module is compiled into the kernel: by `modules.builtin`, or else by the configuration.
    /// `None` when neither could be read.
    pub(crate) fn is_builtin(&self, name: &str) -> Option<bool> {
        if let Some(builtin) = self.builtin.known() {
            return Some(builtin.contains(name));
        }
        self.config_of(name).map(|value| value == "y")
    }

    /// The configuration option that makes a module, and its value.
    pub(crate) fn config_of(&self, name: &str) -> Option<&str> {
        let option = option_of(name)?;
        self.config.as_ref()?.value.get(option).map(String::as_str)
    }

    /// What of its modules could not be read. Without a directory nothing is known to be built in, which
    /// stands in the way of nothing.
    pub(crate) fn unread_modules(&self) -> Option<&Problem> {
        let builtin = self.builtin.problem().filter(|_| self.modules_dir.is_some());
        builtin.into_iter().chain(&self.problems).find(|problem| Source::KernelModules.is_behind(problem))
    }

    /// A module with everything that `modules.dep` of the kernel says it needs, itself first.
    pub(crate) fn closure<'a>(&'a self, name: &'a str) -> Vec<&'a str> {
        let depends = self.modules.get(name).into_iter().flat_map(|module| module.depends.iter().map(String::as_str));
        std::iter::once(name).chain(depends).collect()
    }

    /// Modules of a closure that the image lacks.
    ///
    /// # Errors
    /// The outcome to return where it cannot be told.
    pub(crate) fn missing_in<'a>(&'a self, image: &Initramfs, name: &'a str) -> Result<Vec<&'a str>, Outcome> {
        let mut missing = Vec::new();
        for module in self.closure(name) {
            match self.in_image(image, module) {
                InImage::BuiltIn | InImage::Module => {}
                InImage::Missing => missing.push(module),
                InImage::Unclear => {
                    return Err(match self.builtin.problem() {
                        Some(problem) => Outcome::unread(problem),
                        None => Outcome::unknown(format!("it is not known whether {module} is built into the kernel")),
                    });
                }
            }
        }
        if !missing.is_empty() {
            image.whole()?;
        } else if self.is_builtin(name) != Some(true)
            && !self.modules.contains_key(name)
            && let Some(problem) = self.unread_modules()
        {
            // What it depends on may be in what was not read.
            return Err(Outcome::unread(problem));
        }
        Ok(missing)
    }

    /// Whether its version is this one or a later one; not of one that is not known.
    pub(crate) fn is_since(&self, major: u32, minor: u32) -> bool {
        let numbers = self.version.known().map(|version| {
            let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map(|number| number.parse::<u32>().ok());
            (numbers.next().flatten(), numbers.next().flatten())
        });
        matches!(numbers, Some((Some(ours), Some(theirs))) if (ours, theirs) >= (major, minor))
    }

    /// The name of its file.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

impl Analysis<'_> {
    /// The modules that may drive a NIC: the one that does, then those of its modalias.
    pub(crate) fn drivers_of(&self, nic: &Nic) -> Vec<String> {
        let matches = nic.modalias.as_ref().and_then(|alias| self.default_kernel()?.alias_matches.get(alias));
        let mut drivers: Vec<String> = Vec::new();
        for module in nic.driver.iter().chain(matches.into_iter().flatten()) {
            let module = module.replace('-', "_");
            if !drivers.contains(&module) {
                drivers.push(module);
            }
        }
        drivers
    }
}

/// The configuration option that makes a module, for those that many an iSCSI root needs.
pub(crate) fn option_of(name: &str) -> Option<&'static str> {
    Some(match name {
        "iscsi_tcp" => "CONFIG_ISCSI_TCP",
        "scsi_transport_iscsi" => "CONFIG_SCSI_ISCSI_ATTRS",
        "iscsi_ibft" => "CONFIG_ISCSI_IBFT",
        "iscsi_boot_sysfs" => "CONFIG_ISCSI_BOOT_SYSFS",
        "sd_mod" => "CONFIG_BLK_DEV_SD",
        "dm_mod" => "CONFIG_BLK_DEV_DM",
        "crc32c_generic" => "CONFIG_CRYPTO_CRC32C",
        "af_packet" => "CONFIG_PACKET",
        _ => return None,
    })
}

/// The filesystem module that mounts this type.
pub(crate) fn filesystem_module(kind: &str) -> &str {
    match kind {
        // ext4's driver mounts all three (CONFIG_EXT4_USE_FOR_EXT2).
        "ext2" | "ext3" | "ext4" => "ext4",
        other => other,
    }
}
