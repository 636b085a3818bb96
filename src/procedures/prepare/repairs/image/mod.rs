//! What an image is to hold: the configuration that makes its generator put that in, now and at every later kernel.

mod dracut;
mod initramfs_tools;
#[cfg(test)]
mod tests;

use super::settings::ShellFiles;
use crate::procedures::prepare::draft::{Draft, Refusal};
use isctpl_checks::facts::{Facts, Initramfs, Kernel};
use isctpl_checks::{Family, ImageContents};

/// What builds the images of a root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Generator {
    /// initramfs-tools (`update-initramfs`).
    InitramfsTools,
    /// dracut.
    Dracut,
}

/// What builds this root's images: what built the one that boots, where that program is there; else the one that is.
pub(crate) fn generator(facts: &Facts) -> Option<Generator> {
    let has = |tool: &str| facts.loader.tools.iter().any(|name| name == tool);
    let of_image = match booting_image(facts).map(Initramfs::family) {
        Some(Family::InitramfsTools) if has("update-initramfs") => Some(Generator::InitramfsTools),
        Some(Family::Dracut) if has("dracut") => Some(Generator::Dracut),
        _ => None,
    };
    let tools = || match (has("update-initramfs"), has("dracut")) {
        (true, _) => Some(Generator::InitramfsTools),
        (false, true) => Some(Generator::Dracut),
        (false, false) => None,
    };
    of_image.or_else(tools)
}

/// The image of the entry that boots.
pub(crate) fn booting_image(facts: &Facts) -> Option<&Initramfs> {
    // Microcode stands in front of it.
    let initrds = facts.loader.default_entry()?.initrds.iter().rev();
    let paths = initrds.filter_map(|initrd| initrd.path.as_deref());
    paths.into_iter().find_map(|path| facts.images.iter().find(|image| image.path == path))
}

/// Writes the configuration that makes the image hold this. The image itself is built by a step.
pub(crate) fn build_image(draft: &mut Draft<'_>, facts: &Facts, contents: &ImageContents) -> Result<(), Refusal> {
    const BY_HAND: &str = "Install the program that builds this root's images, or build the image by hand.";
    for program in &contents.programs {
        let found = draft.root().stat(program).map_err(|problem| Refusal::unread(problem, BY_HAND))?;
        if found.is_none() {
            return Err(Refusal::new(program, "is not in the root", "Install what it belongs to."));
        }
    }
    match generator(facts) {
        Some(Generator::InitramfsTools) => initramfs_tools::configure(draft, facts, contents),
        Some(Generator::Dracut) => dracut::configure(draft, facts, contents),
        None => Err(Refusal::new("/usr/sbin", "has neither update-initramfs nor dracut", BY_HAND)),
    }
}

/// No image waits for swap to resume from.
pub(crate) fn no_resume(draft: &mut Draft<'_>, facts: &Facts) -> Result<(), Refusal> {
    match generator(facts) {
        Some(Generator::InitramfsTools) => initramfs_tools::no_resume(draft)?,
        Some(Generator::Dracut) => dracut::no_resume(draft)?,
        None => {}
    }
    let words = |cmdline: Option<&isctpl_checks::facts::Cmdline>| cmdline.is_some_and(|line| line.has("resume"));
    let defaults = &facts.loader.defaults;
    let lines = [&defaults.cmdline_linux, &defaults.cmdline_linux_default, &defaults.kernel_cmdline];
    let on_line = words(facts.loader.default_entry().map(|entry| &entry.cmdline))
        || lines.into_iter().any(|line| words(line.as_ref().map(|line| &line.value)));
    if !on_line {
        return Ok(());
    }
    super::words::words(draft, facts, &[isctpl_checks::WordMatch::Key("resume".to_owned())], &[])
}

/// The kernel of the entry that boots.
fn booting_kernel(facts: &Facts) -> Option<&Kernel> {
    let path = facts.loader.default_entry()?.kernel.as_ref()?.path.as_deref()?;
    facts.kernels.iter().find(|kernel| kernel.path == path)
}

/// Another compression where the kernel cannot unpack the one that is set: `None` where it can, or that is not known.
fn compression(facts: &Facts, set: Option<&str>) -> Option<&'static str> {
    const METHODS: [(&str, &str); 7] = [
        ("gzip", "CONFIG_RD_GZIP"),
        ("xz", "CONFIG_RD_XZ"),
        ("zstd", "CONFIG_RD_ZSTD"),
        ("bzip2", "CONFIG_RD_BZIP2"),
        ("lzma", "CONFIG_RD_LZMA"),
        ("lz4", "CONFIG_RD_LZ4"),
        ("lzo", "CONFIG_RD_LZO"),
    ];
    let config = &booting_kernel(facts)?.config.as_ref()?.value;
    let supports = |option: &str| config.get(option).is_some_and(|value| value == "y");
    // dracut takes a whole command, too.
    let program = set.and_then(|set| set.split_whitespace().next()).map(|set| set.rsplit('/').next().unwrap_or(set));
    match program.and_then(|program| METHODS.iter().find(|(name, _)| *name == program)) {
        Some((_, option)) if supports(option) => None,
        _ => METHODS.iter().find(|(_, option)| supports(option)).map(|(name, _)| *name),
    }
}
