//! Kernel modules: in the kernel, on the disk, in the image.

use crate::facts::{Initramfs, Kernel};

/// Where a module is, seen from the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InImage {
    /// Compiled into the kernel.
    BuiltIn,
    /// A file in the image, of the kernel's version.
    Module,
    /// Neither.
    Missing,
    /// It is no file in the image, and what is compiled into the kernel is not known.
    Unclear,
}

/// Where a module is, seen from the image that boots with this kernel.
pub fn in_image(kernel: &Kernel, image: &Initramfs, name: &str) -> InImage {
    if is_builtin(kernel, name) == Some(true) {
        return InImage::BuiltIn;
    }
    let version = kernel.version.known();
    let file = image
        .modules
        .get(name)
        .filter(|path| version.is_none_or(|version| path.contains(&format!("lib/modules/{version}/"))));
    match (file, is_builtin(kernel, name)) {
        (Some(_), _) => InImage::Module,
        (None, Some(_)) => InImage::Missing,
        (None, None) => InImage::Unclear,
    }
}

/// Whether a module is compiled into the kernel: by `modules.builtin`, or else by the configuration.
/// `None` when neither could be read.
pub fn is_builtin(kernel: &Kernel, name: &str) -> Option<bool> {
    if let Some(builtin) = kernel.builtin.known() {
        return Some(builtin.contains(name));
    }
    config_of(kernel, name).map(|value| value == "y")
}

/// The configuration option that makes a module, and its value.
pub fn config_of<'a>(kernel: &'a Kernel, name: &str) -> Option<&'a str> {
    let option = option_of(name)?;
    kernel.config.as_ref()?.value.get(option).map(String::as_str)
}

/// The configuration option that makes a module, for those that every iSCSI root needs.
pub fn option_of(name: &str) -> Option<&'static str> {
    Some(match name {
        "iscsi_tcp" => "CONFIG_ISCSI_TCP",
        "scsi_transport_iscsi" => "CONFIG_SCSI_ISCSI_ATTRS",
        "iscsi_ibft" => "CONFIG_ISCSI_IBFT",
        "iscsi_boot_sysfs" => "CONFIG_ISCSI_BOOT_SYSFS",
        "sd_mod" => "CONFIG_BLK_DEV_SD",
        "dm_mod" => "CONFIG_BLK_DEV_DM",
        _ => return None,
    })
}

/// A module with everything that `modules.dep` of the kernel says it needs, itself first.
pub fn closure<'a>(kernel: &'a Kernel, name: &'a str) -> Vec<&'a str> {
    let depends = kernel.modules.get(name).into_iter().flat_map(|module| module.depends.iter().map(String::as_str));
    std::iter::once(name).chain(depends).collect()
}

/// The filesystem module that mounts this type.
pub fn filesystem_module(kind: &str) -> &str {
    match kind {
        // ext4's driver mounts all three (CONFIG_EXT4_USE_FOR_EXT2).
        "ext2" | "ext3" | "ext4" => "ext4",
        other => other,
    }
}
