//! The checks of the link `initramfs`.

mod compression_unsupported;
mod database_place_missing;
mod filesystem_missing;
mod initiator_mismatch;
mod kernel_mismatch;
mod library_missing;
mod login_tool_missing;
mod lvm_missing;
mod module_missing;
mod nic_driver_missing;
mod secret_inside;
mod stale;
mod unit_program_missing;
mod unreadable;

use crate::analysis::InImage;
use crate::facts::{Facts, Initramfs, Kernel};
use crate::{Check, Outcome, analysis};

/// The checks, the most telling one first.
pub(crate) const CHECKS: &[&Check] = &[
    &module_missing::CHECK,
    &unreadable::CHECK,
    &compression_unsupported::CHECK,
    &kernel_mismatch::CHECK,
    &nic_driver_missing::CHECK,
    &login_tool_missing::CHECK,
    &library_missing::CHECK,
    &unit_program_missing::CHECK,
    &database_place_missing::CHECK,
    &lvm_missing::CHECK,
    &filesystem_missing::CHECK,
    &stale::CHECK,
    &initiator_mismatch::CHECK,
    &secret_inside::CHECK,
];

/// The image that will boot and its kernel, when the image holds modules of that kernel or none at
/// all; otherwise what a check of single modules says.
fn image_and_kernel(facts: &Facts) -> Result<(&Initramfs, &Kernel), Outcome> {
    let image = analysis::judged_image(facts)?;
    let Some(kernel) = analysis::default_kernel(facts) else {
        return Err(Outcome::not_applicable("not checked: it is not known which kernel boots this initramfs"));
    };
    match kernel.version.known() {
        Some(version) if is_of_other_version(image, version) => Err(Outcome::not_applicable(format!(
            "not checked: {} has no modules of {version} (see initramfs-kernel-mismatch)",
            image.path
        ))),
        _ => Ok((image, kernel)),
    }
}

/// Whether an image holds modules, and none of this version.
fn is_of_other_version(image: &Initramfs, version: &str) -> bool {
    !image.module_versions.is_empty() && !image.module_versions.contains(version)
}

/// Modules of a closure that the image lacks; or the outcome when that cannot be told.
fn missing_of<'a>(image: &Initramfs, kernel: &'a Kernel, name: &'a str) -> Result<Vec<&'a str>, Outcome> {
    let mut missing = Vec::new();
    for module in analysis::closure(kernel, name) {
        match analysis::in_image(kernel, image, module) {
            InImage::BuiltIn | InImage::Module => {}
            InImage::Missing => missing.push(module),
            InImage::Unclear => {
                return Err(match kernel.builtin.problem() {
                    Some(problem) => Outcome::unread(problem),
                    None => Outcome::unknown(format!("it is not known whether {module} is built into the kernel")),
                });
            }
        }
    }
    match analysis::incomplete(image) {
        Some(outcome) if !missing.is_empty() => Err(outcome),
        _ => Ok(missing),
    }
}

/// An image in few words: its file's name.
fn name(image: &Initramfs) -> &str {
    image.path.rsplit('/').next().unwrap_or(&image.path)
}

/// `1 module`, `3 modules`.
fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("{number} {noun}") } else { format!("{number} {noun}s") }
}
