//! The checks of the link `kernel`.

mod iscsi_unsupported;
mod modules_missing;

use crate::facts::{Facts, Kernel};
use crate::{Check, Outcome, analysis};

/// The checks, the most telling one first.
pub(crate) const CHECKS: &[&Check] = &[&iscsi_unsupported::CHECK, &modules_missing::CHECK];

/// The kernel that will boot, or what a check says when nothing is known of it.
fn booted(facts: &Facts) -> Result<&Kernel, Outcome> {
    if let Some(kernel) = analysis::default_kernel(facts) {
        return Ok(kernel);
    }
    let named = facts.loader.default_entry().and_then(|entry| entry.kernel.as_ref());
    Err(match named.map(|kernel| (kernel, kernel.path.as_ref())) {
        Some((_, Some(path))) => Outcome::unknown(format!("{path} was not read")),
        Some((kernel, None)) => Outcome::not_applicable(format!("{} does not exist", kernel.written)),
        None => analysis::no_menu(facts).unwrap_or_else(|| match facts.loader.chosen.problem() {
            Some(problem) => Outcome::unread(problem),
            None => Outcome::not_applicable("not checked: it is not known which kernel boots"),
        }),
    })
}

/// The modules that this boot needs of its kernel.
fn needed(facts: &Facts) -> Vec<&'static str> {
    let mut needed = vec!["iscsi_tcp", "scsi_transport_iscsi", "sd_mod"];
    if analysis::wants_firmware(facts) {
        needed.push("iscsi_ibft");
    }
    if analysis::root_volume(facts).is_some() {
        needed.push("dm_mod");
    }
    needed
}

/// A kernel in few words: its file's name.
fn name(kernel: &Kernel) -> &str {
    kernel.path.rsplit('/').next().unwrap_or(&kernel.path)
}
