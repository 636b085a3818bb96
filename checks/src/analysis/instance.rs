//! The facts of one instance, with what follows from them for every check.

use super::handoff::BootHandoff;
use super::request::Request;
use crate::Outcome;
use crate::facts::{Cmdline, Facts, Initramfs, Kernel, RequestKind, Source};
use std::cell::OnceCell;
use std::ops::Deref;

/// The facts of one instance, and what follows from them: what checks ask in the same words. Built once for each
/// judgement; what is costly to find out, or asked for by many, is found out once.
#[derive(Debug)]
pub struct Analysis<'a> {
    facts: &'a Facts,
    boot_words: OnceCell<Cmdline>,
    requests: OnceCell<Vec<Request>>,
    handoff: OnceCell<Option<BootHandoff<'a>>>,
}

impl Deref for Analysis<'_> {
    type Target = Facts;

    fn deref(&self) -> &Facts {
        self.facts
    }
}

impl<'a> Analysis<'a> {
    /// What follows from these facts.
    pub fn of(facts: &'a Facts) -> Self {
        Self { facts, boot_words: OnceCell::new(), requests: OnceCell::new(), handoff: OnceCell::new() }
    }

    /// The image of the entry that will boot: the last initrd that could be found, since a loader may
    /// load microcode first.
    pub(crate) fn default_image(&self) -> Option<&Initramfs> {
        let entry = self.loader.default_entry()?;
        entry
            .initrds
            .iter()
            .rev()
            .filter_map(|initrd| initrd.path.as_deref())
            .find_map(|path| self.images.iter().find(|image| image.path == path))
    }

    /// The kernel of the entry that will boot.
    pub(crate) fn default_kernel(&self) -> Option<&Kernel> {
        let path = self.loader.default_entry()?.kernel.as_ref()?.path.as_deref()?;
        self.kernels.iter().find(|kernel| kernel.path == path)
    }

    /// Goes on where nothing of a source was left unread.
    ///
    /// # Errors
    /// The outcome of a check that would pass by its silence: what could not be read.
    pub(crate) fn was_read(&self, source: Source) -> Result<(), Outcome> {
        self.unread(source).map_or(Ok(()), |problem| Err(Outcome::unread(problem)))
    }

    /// The words that the scripts of the image will see; none where it is not known which entry boots.
    pub(crate) fn boot_words(&self) -> &Cmdline {
        self.boot_words.get_or_init(|| {
            self.loader.default_entry().map(|entry| entry.words_with(self.default_image())).unwrap_or_default()
        })
    }

    /// What the boot firmware handed over.
    pub(crate) fn handoff(&self) -> Option<&BootHandoff<'a>> {
        self.handoff.get_or_init(|| BootHandoff::of(&self.facts.firmware)).as_ref()
    }

    /// Every request that the command line or the image makes, whether or not the image reads it.
    pub(crate) fn requests(&self) -> &[Request] {
        self.requests
            .get_or_init(|| self.default_image().map(|image| self.boot_words().requests_by(image)).unwrap_or_default())
    }

    /// The requests that something in the image reads.
    pub(crate) fn effective_requests(&self) -> Vec<&Request> {
        self.requests().iter().filter(|request| request.read_by.is_some()).collect()
    }

    /// The word of the command line that names a CHAP user, which goes with whatever target is named.
    pub(crate) fn chap_user_word(&self) -> Option<&'static str> {
        let words = self.boot_words();
        let names = |key: &&str| words.last(key).is_some_and(|user| !user.is_empty());
        ["iscsi_username", "rd.iscsi.username"].into_iter().find(names)
    }

    /// Whether the image will log in to what the firmware names.
    pub(crate) fn wants_firmware(&self) -> bool {
        self.effective_requests().iter().any(|request| request.kind == RequestKind::Firmware)
    }

    /// Whether the image will log in to a target that is named elsewhere than by the firmware.
    pub(crate) fn wants_named_target(&self) -> bool {
        self.effective_requests().iter().any(|request| request.kind != RequestKind::Firmware)
    }
}
