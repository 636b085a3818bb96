//! `initramfs-filesystem-missing`: the image cannot mount the root's filesystem.

use crate::facts::{Initramfs, Layer};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Scope, Severity, analysis};

pub(crate) static CHECK: Check = Check {
    id: "initramfs-filesystem-missing",
    link: Link::Initramfs,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the initramfs has no driver for the root's filesystem",
    doc: Doc {
        finds: "The module for the root's filesystem, or a module that it depends on, is neither in the initramfs nor \
                built into the kernel. The type comes from the superblock if the device can be read, and from fstab \
                otherwise. Or the root is a btrfs on several devices, and nothing in the initramfs tells the kernel \
                of each (udev's rule 64-btrfs, or a script that runs btrfs device scan).",
        breaks: "The disk appears, but mounting it fails: `unknown filesystem type`. This happens when an initramfs \
                 was built only for the building host, and that host's root has another type.",
        fix: "Add the module to the initramfs (/etc/initramfs-tools/modules, or add_drivers in dracut.conf), or build \
              the initramfs with all modules, and rebuild it.",
        references: &["filesystems(5)", "initramfs.conf(5), FSTYPE", "dracut(8), --filesystems"],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let Some((kind, source)) = facts.root_filesystem() else {
        return Err(Outcome::not_applicable("not checked: the type of the root's filesystem is not known"));
    };
    let (image, kernel) = match facts.image_and_kernel() {
        Ok(found) => found,
        Err(outcome) => return Ok(outcome),
    };
    let module = analysis::filesystem_module(&kind);
    let missing = kernel.missing_in(image, module)?;
    if missing.is_empty() {
        if let Some(finding) = unscanned(facts, image)? {
            return Ok(finding.into());
        }
        return Ok(Outcome::pass(match kernel.in_image(image, module) {
            analysis::InImage::BuiltIn => format!("{module}, for the root, is built into the kernel"),
            _ => format!("{} has {module}, for the root", image.name()),
        }));
    }
    Finding::critical(format!("the root is {kind}, and {} lacks {}", image.path, missing.join(", ")))
        .evidence(Evidence::new(&image.path, format!("no module {}", missing.join(", "))))
        .evidence(Evidence::new(source, kind.clone()))
        .evidences(facts.omitting(&missing))
        .remedy(facts.rebuild_with(image, &missing, format!("Add {module} to the initramfs, and rebuild it.")))
        .into()
}

/// A btrfs on several devices is mounted only once the kernel was told of all of them.
fn unscanned(facts: &Analysis<'_>, image: &Initramfs) -> Result<Option<Finding>, Outcome> {
    let Some(Some(root)) = facts.storage.root_device.known() else { return Ok(None) };
    let Some(count) = root.btrfs_devices.filter(|count| *count > 1) else { return Ok(None) };
    if image.sets_up(Layer::Btrfs)?.is_some() {
        return Ok(None);
    }
    image.whole()?;
    let remedy = facts.rebuild("Install btrfs-progs in the root, and rebuild the initramfs.").without_repairs();
    let summary =
        format!("the root is a btrfs on {count} devices, and nothing in {} tells the kernel of them", image.path);
    Ok(Some(
        Finding::critical(summary)
            .evidence(Evidence::new(&image.path, "no rule 64-btrfs.rules, and no script that runs btrfs device scan"))
            .evidence(Evidence::new(format!("/dev/{}", root.name), format!("btrfs, num_devices {count}")))
            .remedy(remedy),
    ))
}
