//! Where the key of an encrypted device comes from in an image.

use super::crypt_device::{broken, in_root};
use crate::analysis::{Crypt, Family};
use crate::facts::{CrypttabEntry, HIDDEN, Initramfs};
use crate::{Analysis, Evidence, Finding, Outcome};

/// What gives the key.
pub(super) enum Key {
    /// A file in the image, who names it, and whether it was found there behind the links of its path.
    File(String, String, bool),
    /// A person at the console, and why.
    Asked(String),
    /// Something that was not followed.
    Elsewhere(String),
}

impl Key {
    /// The key of an entry of crypttab in the image.
    pub(super) fn of_entry(entry: &CrypttabEntry) -> Self {
        let place = entry.at.as_ref().map(ToString::to_string).unwrap_or_default();
        let option = |name: &str| entry.options.iter().find(|option| option.split('=').next() == Some(name));
        for other in ["keyscript", "tpm2-device", "fido2-device", "pkcs11-uri", "header", "plain"] {
            if let Some(option) = option(other) {
                return Self::Elsewhere(format!("{option} in {place}"));
            }
        }
        match entry.key.as_deref() {
            None => Self::Asked(format!("{place} names no key")),
            Some(key) => match Self::at(key, place) {
                Self::File(path, place, _) => Self::File(path, place, entry.key_present == Some(true)),
                elsewhere => elsewhere,
            },
        }
    }

    /// A key by its path.
    pub(super) fn at(key: &str, place: String) -> Self {
        let is_file = key.starts_with('/') && !key.contains(':') && !key.starts_with("/dev/") && key != HIDDEN;
        if is_file { Self::File(key.to_owned(), place, false) } else { Self::Elsewhere(format!("the key of {place}")) }
    }
}

/// What comes of the key that a device is unlocked with.
pub(super) fn ruling(facts: &Analysis<'_>, image: &Initramfs, crypt: &Crypt, key: &Key) -> Result<Outcome, Outcome> {
    let (path, place, is_present) = match key {
        Key::Elsewhere(what) => {
            return Err(Outcome::Unknown {
                reason: format!(
                    "the root is on the encrypted device {}: whether {what} gives its key was not followed",
                    crypt.name
                ),
                evidence: vec![crypt.seen.clone()],
            });
        }
        Key::Asked(why) => {
            let unattended = image.has_file("usr/bin/clevis");
            if unattended {
                return Err(Outcome::unknown(format!(
                    "the root is on the encrypted device {}: whether clevis in {} gives its key was not followed",
                    crypt.name,
                    image.name()
                )));
            }
            return Finding::warning(format!(
                "the root is on the encrypted device {}, whose passphrase somebody must type on the console at every boot",
                crypt.name
            ))
            .evidence(crypt.seen.clone())
            .evidence(Evidence::new(&image.path, why.clone()))
            .remedy(crate::Remedy::new("Give the device a key file in the initramfs, or be at the console when it boots."))
            .into();
        }
        Key::File(path, place, is_present) => (path, place, *is_present),
    };
    if is_present || image.has_file(path) {
        return Ok(Outcome::pass(format!("{} is unlocked with {path}, which is in {}", crypt.name, image.name())));
    }
    image.whole()?;
    let text = match image.family() {
        Family::InitramfsTools => {
            "Have KEYFILE_PATTERN in /etc/cryptsetup-initramfs/conf-hook match the key file, set UMASK=0077 in \
             /etc/initramfs-tools/initramfs.conf, and rebuild the initramfs."
        }
        _ => "Put the key file into the initramfs (install_items in /etc/dracut.conf.d), and rebuild it.",
    };
    broken(crypt, format!("{} lacks its key file {path}", image.path))
        .evidence(Evidence::new(place.clone(), path.clone()))
        .evidence(Evidence::new(&image.path, format!("no file {path}")))
        .evidences(in_root(facts, crypt))
        .remedy(facts.rebuild(text).without_repairs())
        .into()
}
