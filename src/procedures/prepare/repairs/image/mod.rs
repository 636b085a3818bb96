//! What an image is to hold: the configuration that makes its generator put that in, now and at every later kernel.

mod dracut;
pub(crate) mod generator;
mod initramfs_tools;
mod names;
#[cfg(test)]
mod tests;

use crate::procedures::prepare::draft::{Draft, Refusal};
use generator::{Generator, generator};
use isctpl_checks::ImageContents;
use isctpl_checks::facts::Facts;

/// Writes the configuration that makes the image hold this. The image itself is built by a step.
pub(crate) fn build_image(draft: &mut Draft<'_>, facts: &Facts, contents: &ImageContents) -> Result<(), Refusal> {
    const BY_HAND: &str = "Install the program that builds this root's images, or build the image by hand.";
    for name in contents.modules.iter().chain(&contents.programs).chain(&contents.directories) {
        names::refuse_odd(name)?;
    }
    for program in &contents.programs {
        let found = draft.root().stat(program).map_err(|problem| Refusal::unread(problem, BY_HAND))?;
        if found.is_none() {
            return Err(Refusal::new(program, "is not in the root", "Install what it belongs to."));
        }
    }
    match generator(facts) {
        Some(Generator::InitramfsTools) => initramfs_tools::configure(draft, facts, contents),
        Some(Generator::Dracut) => dracut::configure(draft, facts, contents),
        None => Err(Refusal::new("/usr/sbin", "has neither update-initramfs nor dracut", BY_HAND)),
    }
}

/// No image waits for swap to resume from.
pub(crate) fn no_resume(draft: &mut Draft<'_>, facts: &Facts) -> Result<(), Refusal> {
    match generator(facts) {
        Some(Generator::InitramfsTools) => initramfs_tools::no_resume(draft)?,
        Some(Generator::Dracut) => dracut::no_resume(draft)?,
        None => {}
    }
    let words = |cmdline: Option<&isctpl_checks::facts::Cmdline>| cmdline.is_some_and(|line| line.has("resume"));
    let defaults = &facts.loader.defaults;
    let lines = [&defaults.cmdline_linux, &defaults.cmdline_linux_default, &defaults.kernel_cmdline];
    let on_line = words(facts.loader.default_entry().map(|entry| &entry.cmdline))
        || lines.into_iter().any(|line| words(line.as_ref().map(|line| &line.value)));
    if !on_line {
        return Ok(());
    }
    super::words::words(draft, facts, &[isctpl_checks::WordMatch::Key("resume".to_owned())], &[])
}
