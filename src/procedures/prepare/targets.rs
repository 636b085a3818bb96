//! What is rebuilt: the image that the entry loads, and the file that GRUB reads.

use super::build::Build;
use super::repairs::image::generator::Generator;
use isctpl_checks::facts::{BootEntry, Facts, FileRef};

/// Where GRUB's configuration is, by who installs it.
const GRUB_CONFIGS: [&str; 2] = ["/boot/grub/grub.cfg", "/boot/grub2/grub.cfg"];

/// The image of the entry that boots, built anew; `None` where it is not known which image that is.
pub(super) fn image(facts: &Facts, generator: Generator) -> Option<Build> {
    let entry = facts.loader.default_entry()?;
    let kernel = entry.kernel.as_ref()?;
    let on_disk = kernel.path.as_deref()?;
    let version = facts.kernels.iter().find(|known| known.path == on_disk)?.version.known()?.clone();
    let path = image_path(facts, entry, kernel, on_disk, &version)?;
    Some(Build::Image { generator, version, path })
}

/// Where the image of an entry lies, or is to lie.
fn image_path(facts: &Facts, entry: &BootEntry, kernel: &FileRef, on_disk: &str, version: &str) -> Option<String> {
    // Microcode stands before it.
    if let Some(image) = entry.initrds.last() {
        let beside = || Some(format!("{}{}", on_disk.strip_suffix(&kernel.written)?, image.written));
        return image.path.clone().or_else(beside);
    }
    let (directory, _) = on_disk.rsplit_once('/')?;
    // The names that grub-mkconfig looks for; which of them the root uses, its other images tell.
    let is_called_initramfs = facts.boot_files.iter().any(|file| file.path.contains("/initramfs-"));
    Some(if is_called_initramfs {
        format!("{directory}/initramfs-{version}.img")
    } else {
        format!("{directory}/initrd.img-{version}")
    })
}

/// GRUB's configuration, written anew by the program that the root has; `None` where GRUB is not the loader, or
/// boots by entries of their own.
pub(super) fn grub_config(facts: &Facts) -> Option<Build> {
    let loader = &facts.loader;
    let of_entry = loader.default_entry().and_then(|entry| entry.at.as_ref());
    let at = of_entry.or(loader.no_entries.as_ref().map(|none| &none.at)).map(|at| at.path.as_str());
    let path = match at {
        Some(path) => GRUB_CONFIGS.into_iter().find(|known| *known == path)?,
        None => return None,
    };
    let program =
        ["grub-mkconfig", "grub2-mkconfig"].into_iter().find(|tool| loader.tools.iter().any(|has| has == tool))?;
    Some(Build::GrubConfig { program: program.to_owned(), path: path.to_owned() })
}
