//! The checks of the link `login`.

mod arguments_conflict;
mod awk_without_and;
mod dhcp_on_every_nic;
mod interface_absent;
mod interface_named_ibft;
mod not_requested;
mod option_121_dropped;
mod route_interface_unknown;
mod route_missing;
mod target_mismatch;

use crate::facts::{Facts, Initramfs};
use crate::{Check, Outcome, analysis};

/// The checks, the most telling one first.
pub(crate) const CHECKS: &[&Check] = &[
    &not_requested::CHECK,
    &interface_named_ibft::CHECK,
    &interface_absent::CHECK,
    &arguments_conflict::CHECK,
    &route_missing::CHECK,
    &route_interface_unknown::CHECK,
    &option_121_dropped::CHECK,
    &target_mismatch::CHECK,
    &awk_without_and::CHECK,
    &dhcp_on_every_nic::CHECK,
];

/// The image, when it holds something that logs in; otherwise what a check says: that nothing logs in
/// is the matter of the link before.
fn image_that_logs_in(facts: &Facts) -> Result<&Initramfs, Outcome> {
    let image = analysis::judged_image(facts)?;
    if image.login.is_empty() {
        return Err(match analysis::incomplete(image) {
            Some(outcome) => outcome,
            None => Outcome::not_applicable(
                "not checked: nothing in the initramfs logs in (see initramfs-login-tool-missing)",
            ),
        });
    }
    Ok(image)
}

/// A place inside an image without the image's path.
fn inside(place: &str) -> &str {
    place.split_once('!').map_or(place, |(_, inside)| inside)
}
