//! `initramfs-layer-unknown`: the root lies on something whose needs are not known.

use crate::{Analysis, Check, Doc, Link, Outcome, Scope, Severity};

/// Filesystems that a tool has to set up before they can be mounted.
const BY_TOOL: [(&str, &str); 3] =
    [("zfs", "a pool that zpool imports"), ("zfs_member", "a pool that zpool imports"), ("bcachefs", "its own tool")];

pub(crate) static CHECK: Check = Check {
    id: "initramfs-layer-unknown",
    link: Link::Initramfs,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the root lies on a layer that isctpl does not know",
    doc: Doc {
        finds: "Between the root's filesystem and its disk lies something that is neither a partition, a logical volume, an \
                encrypted device, an array of Linux's software RAID nor a multipath map: another map of the device \
                mapper, a bcache, a DRBD, a pool of ZFS. It is always `unknown`: what the initramfs needs for it was \
                not looked at.",
        breaks: "Whether the initramfs sets it up is not known. Where it does not, the root does not appear.",
        fix: "Look whether the initramfs has the module and the tool of that layer, and what runs the tool: `isctpl show \
              initramfs IMAGE` lists what it holds.",
        references: &["Linux Documentation/admin-guide/device-mapper", "Linux Documentation/admin-guide/bcache.rst"],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    facts.judged_image()?;
    let layers = facts.root_layers();
    if let Some((what, _)) = layers.unknown.first() {
        return Err(Outcome::Unknown {
            reason: format!("the root lies on {what}: what the initramfs needs for it is not known"),
            evidence: layers.unknown.iter().map(|(_, seen)| seen.clone()).collect(),
        });
    }
    if let Some((kind, source)) = facts.root_filesystem()
        && let Some((_, needs)) = BY_TOOL.iter().find(|(known, _)| *known == kind)
    {
        return Err(Outcome::unknown(format!(
            "the root is {kind} ({source}), which needs {needs}: whether the initramfs does that was not looked at"
        )));
    }
    let mut known: Vec<&str> = Vec::new();
    known.extend(layers.crypt.first().map(|_| "encryption"));
    known.extend(layers.raid.first().map(|_| "software RAID"));
    known.extend(layers.multipath.first().map(|_| "multipath"));
    Ok(Outcome::pass(match known.as_slice() {
        [] if layers.of_stack => "isctpl knows every device that the kernel has below the root".to_owned(),
        [] => "nothing that root=, fstab, crypttab and LVM's backup name is unknown to isctpl".to_owned(),
        known => format!("the root lies on {}, which isctpl knows", known.join(" and ")),
    }))
}
