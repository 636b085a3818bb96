//! `loader-unified-image-too-large`: the firmware asks iPXE for more of the LUN at once than an old iPXE can read.

use crate::facts::{BootEntry, FileRef};
use crate::{Analysis, Check, Doc, Evidence, Link, Outcome, Scope, Severity};

/// The most bytes that one READ(10) transfers of a LUN with blocks of 512 bytes: its length in blocks has 16 bits
/// (SBC-3, READ (10) command).
const ONE_READ: u64 = 0xffff * 512;

/// What iPXE calls itself in the iBFT's header (`src/drivers/block/ibft.c`).
const IPXE: &str = "FENSYS";

pub(crate) static CHECK: Check = Check {
    id: "loader-unified-image-too-large",
    link: Link::Loader,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "an iPXE older than February 2023 cannot read the whole unified kernel image",
    doc: Doc {
        finds: "The entry that boots is a unified kernel image of more than 33,553,920 bytes, and nothing tells which \
                iPXE attaches the LUN. It is no question where the image is smaller, where the iBFT is not iPXE's, where \
                GRUB reads kernel and initramfs, or where this machine was booted by the image as it still is. The \
                outcome is unknown, never broken: a disk does not tell the version of iPXE. An initramfs that \
                systemd-boot reads as a file of its own is not looked at: since version 253, and in Debian 12's 252, it \
                reads bit by bit.",
        breaks: "The firmware reads the file at once, and iPXE passes that on as one READ(10), whose length has 16 \
                 bits: a part arrives, and no error. The firmware crashes, or the kernel says `invalid magic at start \
                 of compressed archive` and has no root (seen in boots by the iPXE of January 2019 that Debian 12 has \
                 for QEMU; with an image of less than 32 MiB the same machine comes up). Since February 2023 iPXE asks \
                 for no more at once than the target has agreed to (MaxBurstLength).",
        fix: "Boot by an iPXE of after February 2023; where that is so, tell isctpl to ignore this check. Or make the \
              image smaller: an initramfs of what the machine needs (MODULES=dep, hostonly), packed by xz.",
        references: &[
            "iPXE src/drivers/block/scsi.c (scsicmd_read_cmd)",
            "https://github.com/ipxe/ipxe/pull/898",
            "SBC-3, READ (10) command",
            "uapi-group.org/specifications, Unified Kernel Image",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    if facts.firmware.efi == Some(false) {
        return Err(Outcome::not_applicable("this machine was booted by a BIOS"));
    }
    let entry = facts.booting_entry()?;
    let Some(image) = read_by_firmware(entry) else {
        return Err(Outcome::not_applicable("the entry that boots is no unified kernel image"));
    };
    let (path, size) = (image.path.as_deref().unwrap_or(&image.written), image.size);
    if size <= ONE_READ {
        return Ok(Outcome::pass(format!("{path} has {size} bytes, which any iPXE reads at once")));
    }
    if let Some(maker) = other_maker(facts) {
        return Err(Outcome::not_applicable(format!("the iBFT is {maker}'s: no iPXE attaches the LUN")));
    }
    if has_booted(facts, entry, image) {
        return Ok(Outcome::pass(format!("this machine was booted by {path}, which has not changed since")));
    }
    Ok(Outcome::Unknown {
        reason: format!(
            "if an iPXE older than February 2023 attaches this LUN, the machine will not boot: {path} has {size} \
             bytes, and such an iPXE reads {ONE_READ} at once; with a newer one, ignore this check"
        ),
        evidence: vec![Evidence::new(path, format!("{size} bytes"))],
    })
}

/// The unified kernel image that the firmware loads.
fn read_by_firmware(entry: &BootEntry) -> Option<&FileRef> {
    entry.unified_image().and(entry.kernel.as_ref())
}

/// Who made the iBFT, where that is not iPXE (`OEM ID` of its ACPI header).
fn other_maker<'a>(facts: &'a Analysis<'_>) -> Option<&'a str> {
    let maker = facts.firmware.ibft()?.oem_id.trim();
    (!maker.is_empty() && maker != IPXE).then_some(maker)
}

/// Whether the running kernel was started by this image as it stands: its command line is the image's, and the file is
/// older than the boot.
fn has_booted(facts: &Analysis<'_>, entry: &BootEntry, image: &FileRef) -> bool {
    facts.scope.booted.is_some_and(|booted| image.mtime < booted)
        && facts.cmdline.known().is_some_and(|running| running.words == entry.cmdline.words)
}
