//! Where a word of the command line stands.

use crate::facts::{Initramfs, Word};
use crate::{Analysis, Evidence};

/// The line with a word: the loader's, or one that the image has of its own.
pub(super) fn source_of(facts: &Analysis<'_>, image: &Initramfs, word: &str) -> Evidence {
    let has = |words: &[Word]| words.iter().any(|other| other.to_string() == word);
    let own = image.own_cmdline.iter().find(|own| has(&own.value.words));
    let of_loader = || {
        let at = facts.boot_words().at.as_ref();
        at.map_or_else(|| "kernel command line".to_owned(), ToString::to_string)
    };
    Evidence::new(own.map_or_else(of_loader, |own| own.at.to_string()), word)
}
