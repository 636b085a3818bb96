//! `handover-start-delayed`: the real root waits for swap, an encrypted device, or a passphrase.

use super::awaited::{Failing, asks, failing, sight_of, unlocked_at_start};
use super::device_seen::{Sight, sight};
use super::mount_device_missing::line;
use crate::facts::{CrypttabEntry, FstabEntry, Source};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "handover-start-delayed",
    link: Link::Handover,
    severity: Severity::Warning,
    scope: Scope::Everywhere,
    decided_by: &[Source::Fstab, Source::Crypttab],
    title: "the start of the real root waits for swap, an encrypted device or a passphrase",
    doc: Doc {
        finds: "A line of /etc/fstab for swap, or a line of /etc/crypttab, names a device that the machine does not \
                have, without noauto, nofail or _netdev. Or crypttab unlocks a device that is there with a passphrase: \
                it has no key file, or the key file is not in the root.",
        breaks: "systemd waits 90 seconds for the device before it goes on (swap.target and cryptsetup.target stand \
                 before sysinit.target). A passphrase is waited for without an end, on the console alone: there is no \
                 network yet.",
        fix: "Take the line out, or add nofail to its options; give crypttab a key file that is in the root.",
        references: &["systemd-fstab-generator(8)", "crypttab(5), noauto, nofail", "systemd-cryptsetup-generator(8)"],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let mut findings = Vec::new();
    for entry in facts.storage.fstab.iter().filter(|entry| failing(entry) == Some(Failing::Delay)) {
        // A wait of a minute and a half is too little to call it unknown.
        if let Sight::Gone(seen) = sight_of(facts, entry) {
            findings.push(swap(entry, seen));
        }
    }
    for entry in unlocked_at_start(facts) {
        match sight(facts, &entry.device, entry.present) {
            Sight::Gone(seen) => findings.push(locked(entry, seen)),
            Sight::There(_) if asks(entry) => findings.push(passphrase(entry)),
            _ => {}
        }
    }
    Ok(Outcome::from_findings(findings, || "neither swap nor crypttab delays the start".to_owned()))
}

fn swap(entry: &FstabEntry, seen: String) -> Finding {
    Finding::warning(format!("the start waits for the swap {}, which does not exist", entry.spec))
        .evidence(Evidence::at(&entry.at, line(entry)))
        .evidence(Evidence::new("block devices", seen))
        .remedy(Remedy::new("Take the line out of /etc/fstab, or add nofail to its options."))
}

fn of_crypttab(entry: &CrypttabEntry) -> Option<Evidence> {
    let at = entry.at.as_ref()?;
    let key = entry.key.as_deref().unwrap_or("none");
    Some(Evidence::at(at, format!("{} {} {key} {}", entry.name, entry.device, entry.options.join(","))))
}

fn locked(entry: &CrypttabEntry, seen: String) -> Finding {
    Finding::warning(format!("the start waits for {}, which crypttab unlocks and which does not exist", entry.device))
        .evidences(of_crypttab(entry))
        .evidence(Evidence::new("block devices", seen))
        .remedy(Remedy::new("Take the line out of /etc/crypttab, or add nofail to its options."))
}

fn passphrase(entry: &CrypttabEntry) -> Finding {
    let why = match &entry.key {
        Some(key) => format!("its key file {key} is not in the root"),
        None => "it has no key file".to_owned(),
    };
    Finding::warning(format!(
        "the start waits until somebody types the passphrase of {} at the console: {why}",
        entry.name
    ))
    .evidences(of_crypttab(entry))
    .remedy(Remedy::new(format!(
        "Give {} a key file that is in the root in /etc/crypttab, or add nofail to its options.",
        entry.name
    )))
}
