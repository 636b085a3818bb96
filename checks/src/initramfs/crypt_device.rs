//! What is said of an encrypted device below the root, and the entry of crypttab that is its own.

use crate::analysis::{self, Crypt, Family};
use crate::facts::{CrypttabEntry, Initramfs};
use crate::{Analysis, Evidence, Finding};

/// That the root is on this device, and why it stays locked.
pub(super) fn broken(crypt: &Crypt, why: String) -> Finding {
    Finding::critical(format!("the root is on the encrypted device {}, and {why}", crypt.name))
        .evidence(crypt.seen.clone())
}

/// Whether systemd unlocks devices in an image.
pub(super) fn is_by_systemd(image: &Initramfs) -> bool {
    image.family() == Family::Dracut && image.has_file("usr/lib/systemd/systemd")
}

/// The entry of a device in the image's crypttab.
pub(super) fn entry_of<'a>(image: &'a Initramfs, crypt: &Crypt) -> Option<&'a CrypttabEntry> {
    let by_uuid = |entry: &&CrypttabEntry| {
        let named = entry.device.strip_prefix("UUID=").or_else(|| entry.device.strip_prefix("/dev/disk/by-uuid/"));
        crypt.uuid.is_some() && named.and_then(analysis::plain_uuid) == crypt.uuid
    };
    image.crypttab.iter().find(|entry| entry.name == crypt.name).or_else(|| image.crypttab.iter().find(by_uuid))
}

/// The device comes up by another name than root= has.
pub(super) fn other_name(facts: &Analysis<'_>, crypt: &Crypt, name: &str, seen: Option<Evidence>) -> Finding {
    broken(crypt, format!("the initramfs unlocks it as {name}"))
        .evidences(seen)
        .evidences(facts.loader.default_entry().map(|entry| entry.root_evidence()))
        .remedy(facts.update_loader(format!(
            "Name {} in root=, or the device {} in crypttab and rd.luks.name=.",
            name, crypt.name
        )))
}

/// The line of the root's crypttab, as evidence.
pub(super) fn in_root(facts: &Analysis<'_>, crypt: &Crypt) -> Option<Evidence> {
    let entry = facts.storage.crypttab.iter().find(|entry| entry.name == crypt.name)?;
    let key = entry.key.as_deref().unwrap_or("none");
    Some(Evidence::at(entry.at.as_ref()?, format!("{} {} {key} {}", entry.name, entry.device, entry.options.join(","))))
}
