//! What builds the images of a root, and for which image and kernel.

use isctpl_checks::Family;
use isctpl_checks::facts::{Facts, Initramfs, Kernel};

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

/// The kernel of the entry that boots.
fn booting_kernel(facts: &Facts) -> Option<&Kernel> {
    let path = facts.loader.default_entry()?.kernel.as_ref()?.path.as_deref()?;
    facts.kernels.iter().find(|kernel| kernel.path == path)
}

/// Another compression where the kernel cannot unpack the one that is set: `None` where it can, or that is not known.
pub(super) fn compression(facts: &Facts, set: Option<&str>) -> Option<&'static str> {
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
