//! crypttab(5).

use super::fstab::unescape;
use super::lines::Table;
use crate::formats::text::harmless::{is_path, is_plain, mount};
use isctpl_checks::facts::{CrypttabEntry, HIDDEN, Problem};

const TABLE: Table = Table { name: "crypttab", limit: 1_000, least: "two" };

/// Options that say when a device is unlocked, and with what.
const OPTIONS: [&str; 17] = [
    "noauto",
    "auto",
    "nofail",
    "fail",
    "_netdev",
    "netdev",
    "luks",
    "plain",
    "swap",
    "tmp",
    "initramfs",
    "force",
    "headless",
    "x-initrd.attach",
    "tpm2-device",
    "fido2-device",
    "pkcs11-uri",
];
/// Options with a time.
const TIMES: [&str; 3] = ["x-systemd.device-timeout", "keyfile-timeout", "timeout"];

/// Options with a file.
const FILES: [&str; 2] = ["keyscript", "header"];

/// Stands for the root's mount point in the list that cryptsetup's hook of initramfs-tools writes into an image; its
/// script puts `$rootmnt` there (`lib/cryptsetup/functions`). Each word of it is part of that program's format.
const ROOT_MOUNT: &str = "/FIXME-initramfs-rootmnt";

/// Whether a key is a file's path: in the root, or as that hook writes it.
fn is_key_file(key: &str) -> bool {
    let below = |directory| key.strip_prefix(directory);
    is_path(key) || below("/cryptroot/keyfiles/").is_some_and(is_plain) || below(ROOT_MOUNT).is_some_and(is_path)
}

/// Reads crypttab: the entries in order, and the lines that are none.
pub(crate) fn parse(text: &str, path: &str) -> (Vec<CrypttabEntry>, Vec<Problem>) {
    TABLE.entries(text, path, |mut fields, at| {
        let (name, device) = (fields.next()?, fields.next()?);
        let key = fields.next().filter(|key| !matches!(*key, "none" | "-"));
        let options = fields.next().unwrap_or_default();
        Some(CrypttabEntry {
            name: mount::source(&unescape(name)),
            device: mount::source(&unescape(device)),
            // What is no path may be a passphrase in the wrong field.
            key: key.map(|key| if is_key_file(key) { key.to_owned() } else { HIDDEN.to_owned() }),
            options: options.split(',').filter_map(option).collect(),
            at: Some(at),
            ..CrypttabEntry::default()
        })
    })
}

/// An option as it is kept: of those with a value a time or a file alone.
fn option(written: &str) -> Option<String> {
    let (name, value) = written.split_once('=').unwrap_or((written, ""));
    if TIMES.contains(&name) && value.len() <= 32 && value.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Some(written.to_owned());
    }
    if FILES.contains(&name) {
        // A bare name is one of cryptsetup's own scripts.
        return Some(if is_path(value) || is_plain(value) { written.to_owned() } else { name.to_owned() });
    }
    OPTIONS.contains(&name).then(|| name.to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_entries_and_keeps_no_passphrase() {
        let text = "# remark\ndata UUID=1-2 /etc/keys/data luks,nofail,header=/boot/h\nopen /dev/sdb1 - \n\
                    asked /dev/sdb2 none x-systemd.device-timeout=5s\nodd /dev/sdb3 hunter2 tpm2-device=auto\nshort\n";
        let (entries, problems) = parse(text, "/etc/crypttab");
        assert_eq!(entries.len(), 4);
        assert_eq!((entries[0].name.as_str(), entries[0].device.as_str()), ("data", "UUID=1-2"));
        assert_eq!(entries[0].key.as_deref(), Some("/etc/keys/data"));
        assert_eq!(entries[0].options, ["luks", "nofail", "header=/boot/h"]);
        assert_eq!((entries[1].key.as_deref(), entries[1].options.len()), (None, 0));
        assert_eq!((entries[2].key.as_deref(), entries[2].options[0].as_str()), (None, "x-systemd.device-timeout=5s"));
        assert_eq!((entries[3].key.as_deref(), entries[3].options[0].as_str()), (Some(HIDDEN), "tpm2-device"));
        assert_eq!(problems[0].place, "/etc/crypttab:6");
        assert!(!format!("{entries:?}").contains("hunter2"));
        let (image, _) =
            parse("root UUID=1-2 /cryptroot/keyfiles/root.key luks,keyscript=decrypt_derived\n", "crypttab");
        assert_eq!(image[0].key.as_deref(), Some("/cryptroot/keyfiles/root.key"));
        assert_eq!(image[0].options, ["luks", "keyscript=decrypt_derived"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
            let _ = parse(&String::from_utf8_lossy(&bytes), "/etc/crypttab");
        }
    }
}
