//! `initramfs-crypt-missing`: the root is encrypted, and the image does not unlock it.

use super::below_root::{each, lacking};
use super::crypt_device::{broken, entry_of, in_root, is_by_systemd, other_name};
use super::crypt_key::{Key, ruling};
use super::crypt_words::asked;
use crate::analysis::{Crypt, Family};
use crate::facts::{Initramfs, Layer};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Scope, Severity, ShellCommand};

pub(crate) static CHECK: Check = Check {
    id: "initramfs-crypt-missing",
    link: Link::Initramfs,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the root is encrypted, and the initramfs does not unlock it",
    doc: Doc {
        finds: "The root lies on an encrypted device (by the devices below it, by root= or fstab and crypttab, or by LVM's \
                backup), and the initramfs lacks the program that unlocks it, what runs that program, the module \
                dm_crypt, the entry for the device, or the key file that the entry names. initramfs-tools: \
                cryptsetup, scripts/local-top/cryptroot and cryptroot/crypttab, which its hook writes. dracut with \
                systemd: systemd-cryptsetup with its generator, and an entry in etc/crypttab or rd.luks.uuid= or \
                rd.luks.name= on the command line; rd.luks=0 turns it off, and where one of these words is there, \
                nothing but what they name is unlocked. It is a warning where a passphrase is asked for, and `unknown` \
                where a key script, a TPM, a token or another device gives the key.",
        breaks: "The disk appears and stays locked: the boot waits for the root until it gives up. Without the key file \
                 it asks for a passphrase on the console, and waits for somebody who types it.",
        fix: "Install cryptsetup-initramfs (Debian) or cryptsetup in the root, list the device in /etc/crypttab with the \
              option initramfs, put the key file into the initramfs (KEYFILE_PATTERN in \
              /etc/cryptsetup-initramfs/conf-hook with UMASK=0077, or install_items of dracut), and rebuild it.",
        references: &[
            "crypttab(5)",
            "Debian cryptsetup-initramfs, hooks/cryptroot and README.initramfs",
            "systemd-cryptsetup-generator(8)",
            "dracut.cmdline(7), rd.luks.uuid=",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let image = facts.judged_image()?;
    let layers = facts.root_layers();
    if layers.crypt.is_empty() {
        return Err(Outcome::not_applicable("the root is not known to lie on an encrypted device"));
    }
    each(&layers.crypt, |crypt| device(facts, image, crypt))
}

/// Whether one device is unlocked.
fn device(facts: &Analysis<'_>, image: &Initramfs, crypt: &Crypt) -> Result<Outcome, Outcome> {
    if let Some(finding) = tools(facts, image, crypt)? {
        return Ok(finding.into());
    }
    if let Some(finding) = lacking(facts, &["dm_crypt"], |why| broken(crypt, why))? {
        return Ok(finding.into());
    }
    let key = match image.family() {
        Family::InitramfsTools => listed(facts, image, crypt)?,
        Family::Dracut => asked(facts, image, crypt)?,
        Family::Other => {
            return Err(Outcome::unknown(format!(
                "the root is on the encrypted device {}, and what unlocks it in {} is not known",
                crypt.name,
                image.name()
            )));
        }
    };
    match key {
        Ok(key) => ruling(facts, image, crypt, &key),
        Err(finding) => Ok((*finding).into()),
    }
}

/// Programs that the image lacks, and what would run them.
fn tools(facts: &Analysis<'_>, image: &Initramfs, crypt: &Crypt) -> Result<Option<Finding>, Outcome> {
    let is_started = is_started(image)?;
    let has_program = match is_by_systemd(image) {
        true => {
            ["usr/lib/systemd/systemd-cryptsetup", "usr/bin/systemd-cryptsetup"].iter().any(|path| image.has_file(path))
        }
        false => image.program("cryptsetup").is_some(),
    };
    let functions = image.family() != Family::InitramfsTools || image.has_file("lib/cryptsetup/functions");
    let what = match (has_program, is_started, functions) {
        (false, _, _) if is_by_systemd(image) => "no program systemd-cryptsetup",
        (false, _, _) => "no program cryptsetup",
        (true, false, _) => "nothing that unlocks a device",
        (true, true, false) => "no lib/cryptsetup/functions, without which its script does nothing",
        (true, true, true) => return Ok(None),
    };
    image.whole()?;
    if image.family() == Family::Other {
        return Ok(None);
    }
    let remedy =
        facts.rebuild("Install cryptsetup for the initramfs in the root, and rebuild the initramfs.").without_repairs();
    let apt = ShellCommand::new(&["apt-get", "install", "cryptsetup-initramfs"]);
    let install = match image.family() {
        Family::Dracut => ShellCommand::new(&["apt-get", "install", "cryptsetup"]).or(ShellCommand::new(&[
            "dnf",
            "install",
            "cryptsetup",
        ])),
        _ => apt,
    };
    let finding = broken(crypt, format!("{} has {what}", image.path))
        .evidence(Evidence::new(&image.path, what))
        .evidences(facts.omitting(&[]))
        .remedy(remedy.first(install));
    Ok(Some(finding))
}

/// Whether something runs the program: with systemd its generator alone, whatever dracut's scripts would do without.
fn is_started(image: &Initramfs) -> Result<bool, Outcome> {
    const GENERATOR: &str = "/systemd-cryptsetup-generator";
    image.sets_up(Layer::Crypt)?;
    let by_systemd = is_by_systemd(image);
    let mut starters = image.starters.iter().flatten().filter(|starter| starter.layer == Layer::Crypt);
    Ok(starters.any(|starter| starter.at.path.ends_with(GENERATOR) == by_systemd))
}

/// The key by the list that initramfs-tools' script reads, or why the device is not on it.
fn listed(facts: &Analysis<'_>, image: &Initramfs, crypt: &Crypt) -> Result<Result<Key, Box<Finding>>, Outcome> {
    let words = facts.boot_words();
    if let Some(word) = words.words.iter().find(|word| word.key == "cryptopts") {
        return Err(Outcome::Unknown {
            reason:
                "cryptopts= takes the place of the list of encrypted devices in the initramfs, and was not followed"
                    .to_owned(),
            evidence: vec![words.evidence_of(word)],
        });
    }
    let Some(entry) = entry_of(image, crypt) else {
        image.whole()?;
        let remedy = facts.rebuild(format!(
            "List {} in /etc/crypttab with the option initramfs, and rebuild the initramfs with the device open by that name.",
            crypt.name
        ));
        let list = format!("{}!cryptroot/crypttab", image.path);
        let others = image.crypttab.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>().join(", ");
        let says = if others.is_empty() {
            "lists no device, or does not exist".to_owned()
        } else {
            format!("lists only {others}")
        };
        let why = format!("{} does not list it", image.path);
        return Ok(Err(Box::new(
            broken(crypt, why)
                .evidence(Evidence::new(list, says))
                .evidences(in_root(facts, crypt))
                .remedy(remedy.without_repairs()),
        )));
    };
    if crypt.by_name && entry.name != crypt.name {
        return Ok(Err(Box::new(other_name(
            facts,
            crypt,
            &entry.name,
            entry.at.as_ref().map(|at| Evidence::at(at, format!("{} {}", entry.name, entry.device))),
        ))));
    }
    Ok(Ok(Key::of_entry(entry)))
}
