//! Names that stand in a generator's configuration.

use crate::formats::text::printable::line;
use crate::procedures::prepare::draft::Refusal;
use isctpl_checks::is_plain;

/// Refuses a name that a generator's configuration, which a shell reads, would take for something else.
pub(super) fn refuse_odd(name: &str) -> Result<(), Refusal> {
    const BY_HAND: &str = "Quote it in the generator's configuration by hand, and rebuild the image.";
    match is_plain(name) && !name.split('/').any(|part| part == "..") {
        true => Ok(()),
        false => Err(Refusal::new(line(name), "has a name that a shell would take otherwise", BY_HAND)),
    }
}
