//! Whether what is mounted at / is an overlay over the root.

use crate::Analysis;
use crate::facts::Layer;

/// Words that ask for one, and the program whose word it is, by a script or unit of the image.
const WORDS: [(&str, &str); 8] = [
    ("rootovl", "overlay-mount"),
    ("rd.live.overlay.overlayfs", "mount-overlayfs"),
    ("rd.overlay", "mount-overlayfs"),
    ("rd.overlayfs", "mount-overlayfs"),
    ("rd.live.image", "dmsquash-live"),
    ("rd.live.overlay", "dmsquash-live"),
    ("overlayroot", "init-bottom/overlayroot"),
    ("systemd.volatile", "systemd-volatile-root"),
];

/// Whether the root is mounted as an overlay: by the mounts of the running system, or by what the image is asked for.
/// A word counts where the image has what reads it.
pub(super) fn is_root(facts: &Analysis<'_>) -> bool {
    if let Some(mounts) = facts.storage.mounts.known() {
        return mounts
            .iter()
            .rev()
            .find(|mount| mount.target == "/")
            .is_some_and(|mount| mount.kind == "overlay" || mount.kind == "aufs");
    }
    let words = facts.boot_words();
    let starters = facts.default_image().and_then(|image| image.starters.as_ref());
    let reads = |script: &str| {
        starters.is_none_or(|starters| {
            starters.iter().any(|starter| starter.layer == Layer::Overlay && starter.at.path.contains(script))
        })
    };
    let is_asked = |key: &str| match key {
        "overlayroot" => words
            .last(key)
            .map_or_else(|| facts.storage.overlayroot.as_ref().map(|mode| mode.value.as_str()), Some)
            .is_some_and(|mode| !matches!(mode, "" | "disabled")),
        "systemd.volatile" => words.last(key) == Some("overlay"),
        _ => words.is_on(key),
    };
    let is_live = words.last("boot") == Some("live") && reads("scripts/live");
    is_live || WORDS.iter().any(|(key, script)| is_asked(key) && reads(script))
}
