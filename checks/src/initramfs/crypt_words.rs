//! Which encrypted devices an image of dracut unlocks: by the command line, and by crypttab in it
//! (systemd-cryptsetup-generator(8), dracut's parse-crypt.sh).

use super::crypt_device::{broken, entry_of, in_root, is_by_systemd, other_name};
use super::crypt_key::Key;
use crate::analysis::{self, Crypt};
use crate::facts::{Cmdline, Initramfs, Word};
use crate::{Analysis, Evidence, Finding, Outcome};

/// A device that the command line asks for.
struct Named<'w> {
    uuid: Option<String>,
    name: Option<&'w str>,
    word: &'w Word,
}

/// The key of the device, or why it is not unlocked.
pub(super) fn asked(
    facts: &Analysis<'_>,
    image: &Initramfs,
    crypt: &Crypt,
) -> Result<Result<Key, Box<Finding>>, Outcome> {
    // systemd's generator reads the kernel's command line alone, and not what dracut adds to it in the image.
    let by_systemd = is_by_systemd(image);
    let of_entry = facts.loader.default_entry().map(|entry| &entry.cmdline);
    let words = of_entry.filter(|_| by_systemd).unwrap_or_else(|| facts.boot_words());
    let switch = words.words.iter().rev().find(|word| matches!(word.key.as_str(), "rd.luks" | "luks"));
    if let Some(off) = switch.filter(|word| is_off(word)) {
        let remedy = facts.edit_words("Remove the word from the kernel command line.", &[&off.to_string()], &[]);
        let finding = broken(crypt, format!("{off} keeps every device locked"));
        return Ok(Err(Box::new(finding.evidence(words.evidence_of(off)).remedy(remedy))));
    }
    // parse-crypt.sh writes rules for what these name, and for what the image's own words name; options may name a TPM.
    let all = facts.boot_words();
    let by_other = |word: &&Word| {
        let is_other =
            matches!(word.key.as_str(), "rd.luks.partuuid" | "rd.luks.serial" | "rd.luks.options" | "luks.options");
        is_other || of_word(word).is_some() && !words.words.contains(word)
    };
    if let Some(word) = all.words.iter().find(by_other) {
        return Err(Outcome::Unknown {
            reason: format!("{word} says how devices are unlocked, and was not followed"),
            evidence: vec![all.evidence_of(word)],
        });
    }
    let no_table = words
        .words
        .iter()
        .any(|word| matches!(word.key.as_str(), "rd.luks.crypttab" | "luks.crypttab") && is_off(word));
    let entry = entry_of(image, crypt).filter(|_| !no_table);
    let named = named(words);
    let asked = named.iter().find(|named| named.uuid.is_some() && named.uuid == crypt.uuid);
    if !named.is_empty() && asked.is_none() {
        if crypt.uuid.is_none() || named.iter().any(|named| named.uuid.is_none()) {
            return Err(Outcome::Unknown {
                reason: format!(
                    "only the devices that rd.luks.uuid= names are unlocked, and whether {} is one is not known",
                    crypt.name
                ),
                evidence: named.iter().map(|named| words.evidence_of(named.word)).collect(),
            });
        }
        let finding = broken(crypt, "rd.luks.uuid= and rd.luks.name= name other devices only".to_owned());
        let finding = finding.evidences(named.iter().map(|named| words.evidence_of(named.word)));
        return Ok(Err(Box::new(finding.remedy(ask(facts, crypt)))));
    }
    // Without systemd the command line alone starts the program; crypttab only tells name and key.
    let is_started = asked.is_some()
        || by_systemd && entry.is_some_and(|entry| !entry.options.iter().any(|option| option == "noauto"));
    if !is_started {
        if words.is_on("rd.auto") {
            let name = format!("luks-{}", crypt.uuid.as_deref().map_or_else(|| "UUID".to_owned(), dashed));
            if crypt.by_name && crypt.uuid.is_some() && !name.eq_ignore_ascii_case(&crypt.name) {
                return Ok(Err(Box::new(other_name(facts, crypt, &name, None))));
            }
            return Ok(Ok(Key::Asked(format!("rd.auto unlocks it as {name}"))));
        }
        image.whole()?;
        let table = format!("{}!etc/crypttab", image.path);
        let says = if image.crypttab.is_empty() { "does not exist or lists nothing" } else { "does not list it" };
        let finding = broken(crypt, "neither the command line nor crypttab in the initramfs asks for it".to_owned())
            .evidence(Evidence::new(table, says))
            .evidences(facts.loader.default_entry().map(|entry| entry.cmdline_evidence()))
            .evidences(in_root(facts, crypt));
        return Ok(Err(Box::new(finding.remedy(ask(facts, crypt)))));
    }
    let by_uuid = || dashed(crypt.uuid.as_deref().unwrap_or_default());
    let name = entry.map(|entry| entry.name.clone());
    let name = name.or_else(|| asked?.name.map(str::to_owned)).unwrap_or_else(|| format!("luks-{}", by_uuid()));
    if crypt.by_name && !name.eq_ignore_ascii_case(&crypt.name) {
        let seen = asked.map(|asked| words.evidence_of(asked.word));
        return Ok(Err(Box::new(other_name(facts, crypt, &name, seen))));
    }
    Ok(Ok(match entry {
        Some(entry) => match Key::of_entry(entry) {
            Key::Asked(_) if by_systemd && image.has_file(&own_key(&name)) => own(&name),
            key => key,
        },
        None => key_of_words(words, crypt, &name, image),
    }))
}

fn is_off(word: &Word) -> bool {
    matches!(word.value.as_deref(), Some("0" | "no" | "off" | "false" | "n" | "f"))
}

fn of_word(word: &Word) -> Option<Named<'_>> {
    let value = word.value.as_deref()?;
    let (uuid, name) = match word.key.as_str() {
        "rd.luks.uuid" | "luks.uuid" => (value, None),
        "rd.luks.name" | "luks.name" => value.split_once('=').map(|(uuid, name)| (uuid, Some(name)))?,
        _ => return None,
    };
    Some(Named { uuid: analysis::plain_uuid(uuid.strip_prefix("luks-").unwrap_or(uuid)), name, word })
}

fn named(words: &Cmdline) -> Vec<Named<'_>> {
    let mut named: Vec<Named<'_>> = words.words.iter().filter_map(of_word).collect();
    // One that has a name is told by it, whatever other word asks for it too.
    named.sort_by_key(|named| named.name.is_none());
    named
}

/// `rd.luks.key=`, for this device or for all.
fn key_of_words(words: &Cmdline, crypt: &Crypt, name: &str, image: &Initramfs) -> Key {
    let keys = words.words.iter().filter(|word| matches!(word.key.as_str(), "rd.luks.key" | "luks.key"));
    let mut of_all = None;
    for word in keys {
        match word.value.as_deref().map(|value| value.split_once('=').ok_or(value)) {
            Some(Ok((uuid, key))) if analysis::plain_uuid(uuid) == crypt.uuid => return Key::at(key, word.to_string()),
            Some(Err(key)) => of_all = Some(Key::at(key, word.to_string())),
            _ => {}
        }
    }
    match of_all {
        Some(key) => key,
        None if image.has_file(&own_key(name)) => own(name),
        None => Key::Asked("no word and no entry names a key".to_owned()),
    }
}

/// Where systemd looks by itself for the key of a device (crypttab(5), the third field).
fn own_key(name: &str) -> String {
    format!("/etc/cryptsetup-keys.d/{name}.key")
}

fn own(name: &str) -> Key {
    Key::at(&own_key(name), "where systemd looks for it by itself".to_owned())
}

fn ask(facts: &Analysis<'_>, crypt: &Crypt) -> crate::Remedy {
    let text =
        "Set rd.luks.name=UUID=NAME of the device on the kernel command line (cryptsetup luksUUID shows the UUID).";
    match &crypt.uuid {
        Some(uuid) => facts.edit_words(text, &[], &[&format!("rd.luks.name={}={}", dashed(uuid), crypt.name)]),
        None => facts.update_loader(text),
    }
}

/// 32 digits as a UUID is written.
fn dashed(digits: &str) -> String {
    let groups = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| digits.get(part).unwrap_or_default());
    groups.join("-")
}
