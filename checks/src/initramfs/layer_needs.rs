//! What the layers below the root ask for while they are set up: ciphers, policies of a cache, modules of a level.

use super::need::{Need, is_of_any_processor};
use super::{lvm_missing, raid_missing};
use crate::analysis::{Crypt, InImage};
use crate::facts::{Initramfs, Kernel};
use crate::{Analysis, Evidence};

/// The modules of the layers below the root, whose dependencies may ask for something in turn.
pub(super) fn modules(facts: &Analysis<'_>) -> Vec<&'static str> {
    let layers = facts.root_layers();
    let of_levels = layers.raid.iter().filter_map(|raid| raid_missing::module_of(raid.level.as_deref()?));
    let of_maps = layers.crypt.iter().map(|_| "dm_crypt");
    let segments = lvm_missing::root_segments(facts);
    let of_segments = segments.iter().flat_map(|(kinds, _)| kinds).filter_map(|kind| lvm_missing::modules_of(kind));
    of_levels.chain(of_maps).chain(of_segments.flatten().copied()).collect()
}

/// What is asked for besides.
pub(super) fn needs(facts: &Analysis<'_>, image: &Initramfs, kernel: &Kernel) -> Vec<Need> {
    let layers = facts.root_layers();
    let ciphers = layers.crypt.iter().flat_map(|crypt| by_cipher(image, kernel, crypt));
    ciphers.chain(by_cache(facts)).collect()
}

/// The algorithms that the crypt target asks the crypto API for (drivers/md/dm-crypt.c, `crypt_ctr_cipher_old`), from
/// which it makes one: of `aes-xts-plain64` these are the template `xts` and the cipher `aes`.
fn by_cipher(image: &Initramfs, kernel: &Kernel, crypt: &Crypt) -> Vec<Need> {
    let Some(text) = crypt.cipher.as_deref() else { return Vec::new() };
    let mut parts = text.split('-');
    // What is written as the crypto API names it, or with several keys, is not taken apart.
    let (Some(cipher), Some(mode), Some(_)) = (parts.next(), parts.next(), parts.next()) else { return Vec::new() };
    if cipher.contains(':') {
        return Vec::new();
    }
    // A template has modes of a cipher made of its own `ecb` where its module says so, as xts since 4.10.
    let line = format!("softdep {mode} pre: ecb");
    let ecb = kernel.softdeps.iter().find(|softdep| softdep.value == line);
    let doubt = accelerated(image, kernel, cipher).map(|module| {
        format!("{module} in it has {mode}({cipher}) of its own, where the processor runs it and it is loaded before")
    });
    [(cipher, None), (mode, None)]
        .into_iter()
        .chain(ecb.map(|softdep| ("ecb", Some(softdep))))
        .map(|(name, softdep)| Need {
            by: "dm_crypt".to_owned(),
            request: format!("crypto-{name}"),
            breaks: format!("there is no {mode}({cipher}), and {} stays locked", crypt.name),
            evidence: std::iter::once(crypt.seen.clone())
                .chain([Evidence::new("LUKS header", text)])
                .chain(softdep.map(Evidence::from))
                .collect(),
            doubt: doubt.clone(),
        })
        .filter(|need| is_known(kernel, &need.request))
        .collect()
}

/// Whether something answers a word; of an algorithm that nothing answers it is not known how this kernel names it.
fn is_known(kernel: &Kernel, request: &str) -> bool {
    kernel.requests.known().is_some_and(|requests| requests.contains_key(request))
}

/// A module in the image that has a cipher with its modes by instructions of some processors.
fn accelerated<'k>(image: &Initramfs, kernel: &'k Kernel, cipher: &str) -> Option<&'k str> {
    let answers = kernel.requests.known()?.get(&format!("crypto-{cipher}"))?;
    let special =
        |module: &&String| !is_of_any_processor(kernel, module) && kernel.in_image(image, module) != InImage::Missing;
    answers.iter().find(special).map(String::as_str)
}

/// The policy of a cached volume (drivers/md/dm-cache-policy.c, `get_policy`); LVM's is smq.
fn by_cache(facts: &Analysis<'_>) -> Option<Need> {
    let (kinds, at) = lvm_missing::root_segments(facts)?;
    let kind = kinds.iter().find(|kind| matches!(kind.as_str(), "cache" | "cache-pool"))?;
    Some(Need {
        by: "dm_cache".to_owned(),
        request: "dm-cache-smq".to_owned(),
        breaks: "the cached volume of the root is not set up".to_owned(),
        evidence: vec![Evidence::at(&at, format!("type = \"{kind}\""))],
        doubt: None,
    })
}
