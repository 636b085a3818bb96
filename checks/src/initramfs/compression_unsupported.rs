//! `initramfs-compression-unsupported`: the kernel cannot unpack the image.

use crate::{Analysis, Check, Doc, Evidence, Finding, ImageContents, Link, Outcome, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "initramfs-compression-unsupported",
    link: Link::Initramfs,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the kernel cannot unpack the initramfs",
    doc: Doc {
        finds: "A segment of the initramfs is compressed with a method that the booting kernel was built without \
                (CONFIG_RD_*), or in a form that no kernel unpacks: an LZ4 frame instead of LZ4's legacy format, an \
                xz stream with a check other than CRC32, or a zstd stream that starts with a skippable frame.",
        breaks: "The kernel prints `Initramfs unpacking failed: compression method … not configured` or `invalid \
                 magic at start of compressed archive`, and panics because it finds no root. This happens when an \
                 older or smaller kernel boots an initramfs that was built with the defaults of a newer distribution.",
        fix: "Choose another compression (COMPRESS= in initramfs.conf, compress= in dracut.conf) and rebuild the \
              initramfs. When you pack it by hand, use `lz4 -l` for LZ4 and `xz --check=crc32` for xz.",
        references: &[
            "Linux usr/Kconfig (RD_GZIP … RD_ZSTD)",
            "Linux init/initramfs.c (unpack_to_rootfs)",
            "Linux lib/decompress_unlz4.c (ARCHIVE_MAGICNUMBER)",
            "initramfs.conf(5), COMPRESS",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let image = facts.judged_image()?;
    let config = facts.default_kernel().and_then(|kernel| kernel.config.as_ref());
    let mut known = Vec::new();
    let mut findings = Vec::new();
    for segment in image.segments.iter().filter(|segment| segment.compression != "none") {
        let place = || Evidence::new(&image.path, format!("{} at byte {}", segment.compression, segment.offset));
        let contents = || ImageContents { plain_compression: true, ..ImageContents::default() };
        let remedy = || {
            let text = "Choose a compression that the kernel supports, and rebuild the initramfs.";
            facts.rebuild_holding(contents(), text)
        };
        if let Some(why) = &segment.refused {
            let summary = format!("the kernel cannot unpack {}: it {why}", image.path);
            findings.push(Finding::critical(summary).evidence(place()).remedy(remedy()));
            continue;
        }
        let Some(option) = option_of(&segment.compression) else { continue };
        let Some((config, value)) = config.and_then(|config| Some((config, config.value.get(option)?))) else {
            continue;
        };
        if value == "y" {
            known.push(option);
            continue;
        }
        findings.push(
            Finding::critical(format!(
                "{} is compressed with {}, which the kernel cannot unpack",
                image.path, segment.compression
            ))
            .evidence(place())
            .evidence(Evidence::at(&config.at, format!("{option}={value}")))
            .remedy(remedy()),
        );
    }
    if findings.is_empty() && known.is_empty() && image.segments.iter().any(|segment| segment.compression != "none") {
        return Err(Outcome::not_applicable(
            "not checked: the kernel's configuration, which tells what it can unpack, is not known",
        ));
    }
    Ok(Outcome::from_findings(findings, || match known.is_empty() {
        true => format!("{} is not compressed", image.name()),
        false => format!("the kernel is built with {} and can unpack {}", known.join(" and "), image.name()),
    }))
}

/// The option that lets the kernel unpack an initramfs compressed so.
fn option_of(compression: &str) -> Option<&'static str> {
    Some(match compression {
        "gzip" => "CONFIG_RD_GZIP",
        "bzip2" => "CONFIG_RD_BZIP2",
        "lzma" => "CONFIG_RD_LZMA",
        "xz" => "CONFIG_RD_XZ",
        "lzo" => "CONFIG_RD_LZO",
        "lz4-legacy" => "CONFIG_RD_LZ4",
        "zstd" => "CONFIG_RD_ZSTD",
        _ => return None,
    })
}
