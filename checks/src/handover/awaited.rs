//! What systemd of the real root waits for, by fstab and crypttab, and whether the machine has it
//! (systemd-fstab-generator(8), systemd-cryptsetup-generator(8)).

use super::device_seen::{Sight, sight};
use crate::Analysis;
use crate::analysis::DeviceSpec;
use crate::facts::{CrypttabEntry, FstabEntry, HIDDEN, Signature};

/// Types of filesystems that systemd takes for remote ones (`fstype_is_network`, systemd src/basic/mount-util.c).
const NETWORK_TYPES: [&str; 19] = [
    "afs",
    "ceph",
    "cifs",
    "gfs",
    "gfs2",
    "ncp",
    "ncpfs",
    "nfs",
    "nfs4",
    "ocfs2",
    "orangefs",
    "pvfs2",
    "smb3",
    "smbfs",
    "davfs",
    "glusterfs",
    "lustre",
    "sshfs",
    "9p",
];

/// What happens when a line's device does not appear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failing {
    /// `local-fs.target` fails, and systemd starts `emergency.target` instead of the rest.
    Emergency,
    /// The start is held up for the time that systemd gives a device, and goes on.
    Delay,
    /// Nothing ends the wait.
    WaitForEver,
    /// Another unit than `local-fs.target` asks for it.
    Elsewhere,
}

/// Whether an option is in force: of two that contradict each other the last one counts
/// (`fstab_test_yes_no_option`).
fn holds(options: &[String], yes: &str, no: &str) -> bool {
    options.iter().rev().find(|option| *option == yes || *option == no).is_some_and(|option| option == yes)
}

fn has(options: &[String], name: &str) -> bool {
    options.iter().any(|option| option.split('=').next() == Some(name))
}

/// Whether systemd waits for the device without an end: `x-systemd.device-timeout=0` or `infinity`.
fn is_endless(options: &[String]) -> bool {
    let mut times = options.iter().filter_map(|option| option.strip_prefix("x-systemd.device-timeout="));
    times.next_back().is_some_and(|time| time == "infinity" || time.trim_end_matches(char::is_alphabetic) == "0")
}

/// What happens when the device of a line of fstab does not appear; `None` where the start does not wait for it.
pub(super) fn failing(entry: &FstabEntry) -> Option<Failing> {
    let options = &entry.options;
    let ends = |failing| if is_endless(options) { Failing::WaitForEver } else { failing };
    if entry.kind == "swap" {
        let waits = !holds(options, "noauto", "auto") && !holds(options, "nofail", "fail") && !has(options, "_netdev");
        return waits.then(|| ends(Failing::Delay));
    }
    // The root is mounted already; what stands under no path is ignored.
    if !entry.target.starts_with('/') || entry.target == "/" || entry.kind == "autofs" {
        return None;
    }
    // The initramfs mounts /usr whatever its options are.
    if entry.target != "/usr" {
        let by_automount =
            has(options, "x-systemd.automount") || options.iter().any(|o| o == "comment=systemd.automount");
        if by_automount || holds(options, "noauto", "auto") || holds(options, "nofail", "fail") || is_remote(entry) {
            return None;
        }
    }
    let is_bind = options.iter().any(|option| matches!(option.as_str(), "bind" | "rbind"));
    let is_device = entry.spec.contains('=') || entry.spec.starts_with('/');
    if is_bind || !is_device {
        return None;
    }
    let by_others = has(options, "x-systemd.required-by") || has(options, "x-systemd.wanted-by");
    Some(if by_others && entry.target != "/usr" { Failing::Elsewhere } else { ends(Failing::Emergency) })
}

/// Whether a filesystem belongs to `remote-fs.target`, which nothing of the start needs.
fn is_remote(entry: &FstabEntry) -> bool {
    let kind = entry.kind.strip_prefix("fuse.").unwrap_or(&entry.kind);
    has(&entry.options, "_netdev") || NETWORK_TYPES.contains(&kind)
}

/// What crypttab unlocks when the machine starts, and what the start waits for: neither the root, which the
/// initramfs has unlocked, nor what may be missing.
pub(super) fn unlocked_at_start<'a>(facts: &'a Analysis<'_>) -> impl Iterator<Item = &'a CrypttabEntry> {
    let stack = facts.storage.root_device.known().into_iter().flatten().chain(root_stack(facts));
    let of_root: Vec<&str> = stack.filter_map(|device| device.dm_name.as_deref()).collect();
    facts.storage.crypttab.iter().filter(move |entry| {
        let options = &entry.options;
        let later = holds(options, "noauto", "auto") || holds(options, "nofail", "fail") || has(options, "_netdev");
        let earlier =
            has(options, "x-initrd.attach") || has(options, "initramfs") || of_root.contains(&entry.name.as_str());
        !later && !earlier
    })
}

/// The devices below the root.
fn root_stack<'a>(facts: &'a Analysis<'_>) -> Vec<&'a crate::facts::BlockDevice> {
    let devices = facts.storage.devices.known().map(Vec::as_slice).unwrap_or_default();
    let mut stack: Vec<&crate::facts::BlockDevice> = Vec::new();
    let mut names: Vec<&str> =
        facts.storage.root_device.known().into_iter().flatten().map(|root| root.name.as_str()).collect();
    while let Some(name) = names.pop() {
        let new = devices.iter().find(|device| device.name == name && stack.iter().all(|known| known.name != name));
        let Some(device) = new else { continue };
        names.extend(device.slaves.iter().chain(&device.parent).map(String::as_str));
        stack.push(device);
    }
    stack
}

/// Whether a passphrase has to be typed for it: there is no key file, or none in the root, and no token.
pub(super) fn asks(entry: &CrypttabEntry) -> bool {
    let by_token = ["tpm2-device", "fido2-device", "pkcs11-uri", "headless"];
    !by_token.iter().any(|option| has(&entry.options, option))
        && (entry.key.is_none() || entry.key_present == Some(false))
}

/// Whether a line's device is there: that of an encrypted volume, where crypttab unlocks it.
pub(super) fn sight_of(facts: &Analysis<'_>, entry: &FstabEntry) -> Sight {
    if entry.present == Some(true) {
        return Sight::There(None);
    }
    if entry.spec.contains(HIDDEN) {
        return Sight::Unclear("its device is not shown".to_owned());
    }
    // Subvolumes of the root's own filesystem: it is there when this is asked.
    if facts.root_spec().is_some_and(|root| root.same_as(&DeviceSpec::parse(&entry.spec)) == Some(true)) {
        return Sight::There(None);
    }
    let is_file = entry.spec.starts_with('/') && !entry.spec.starts_with("/dev/");
    if is_file {
        return match entry.present {
            Some(false) if !facts.lies_on_other_mount(&entry.spec) => Sight::Gone("is not in the root".to_owned()),
            _ => Sight::Unclear("it is a file of another filesystem".to_owned()),
        };
    }
    let unlocked = entry
        .spec
        .strip_prefix("/dev/mapper/")
        .and_then(|name| facts.storage.crypttab.iter().find(|locked| locked.name == name));
    match unlocked {
        Some(locked) => sight(facts, &locked.device, locked.present),
        None => sight(facts, &entry.spec, entry.present),
    }
}

/// The filesystem that a line's device has, where it is another one than fstab says and cannot be mounted so.
pub(super) fn other_type(facts: &Analysis<'_>, entry: &FstabEntry) -> Option<String> {
    let spec = DeviceSpec::parse(&entry.spec);
    let device = facts.seen_devices().into_iter().find(|device| spec.names(device) == Some(true))?;
    let Some(Some(Signature::Filesystem { kind, .. })) = device.signature.known() else { return None };
    let family = |kind: &str| match kind {
        "ext2" | "ext3" | "ext4" => "ext",
        "xfs" => "xfs",
        "btrfs" => "btrfs",
        "vfat" | "msdos" | "fat" => "fat",
        "swap" => "swap",
        _ => "",
    };
    let (written, there) = (family(&entry.kind), family(kind));
    (!written.is_empty() && !there.is_empty() && written != there).then(|| kind.clone())
}

impl Analysis<'_> {
    /// Whether a path lies below another mount of fstab than the root's.
    fn lies_on_other_mount(&self, path: &str) -> bool {
        let targets = self.storage.fstab.iter().map(|entry| entry.target.trim_end_matches('/'));
        targets
            .filter(|target| target.len() > 1)
            .any(|target| path.strip_prefix(target).is_some_and(|rest| rest.starts_with('/')))
    }
}
