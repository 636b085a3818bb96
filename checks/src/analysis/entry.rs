//! A loader entry's words, as the scripts of its image see them.

use crate::Evidence;
use crate::facts::{BootEntry, Cmdline, Initramfs, Word};

impl BootEntry {
    /// The words that the scripts of its image see: those that the image itself adds, and then the loader's.
    /// dracut's `getarg` reads them in this order and lets the last one win.
    pub(crate) fn words_with(&self, image: Option<&Initramfs>) -> Cmdline {
        let own = image.into_iter().flat_map(|image| &image.own_cmdline).flat_map(|own| &own.value.words);
        let at = self.cmdline.at.clone().or_else(|| self.at.clone());
        Cmdline { at, words: own.chain(&self.cmdline.words).cloned().collect() }
    }

    /// The command line of an entry, as evidence.
    pub(crate) fn cmdline_evidence(&self) -> Evidence {
        Evidence::new(entry_source(self), self.cmdline.text())
    }

    /// `root=` of an entry, as evidence.
    pub(crate) fn root_evidence(&self) -> Evidence {
        Evidence::new(entry_source(self), format!("root={}", self.cmdline.last("root").unwrap_or_default()))
    }
}

fn entry_source(entry: &BootEntry) -> String {
    let place = entry.cmdline.at.as_ref().or(entry.at.as_ref());
    place.map_or_else(|| format!("loader entry {:?}", entry.title), ToString::to_string)
}

impl Cmdline {
    /// Evidence of a word on the command line.
    pub(crate) fn evidence_of(&self, word: &Word) -> Evidence {
        let source = self.at.as_ref().map_or_else(|| "kernel command line".to_owned(), ToString::to_string);
        Evidence::new(source, word.to_string())
    }
}
