//! `initramfs-compression-unsupported`: the kernel cannot unpack the image.

use crate::facts::Facts;
use crate::{Check, Doc, Evidence, Finding, Link, Outcome, Scope, Severity, view};

pub(crate) static CHECK: Check = Check {
    id: "initramfs-compression-unsupported",
    link: Link::Initramfs,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the kernel cannot unpack the initramfs",
    doc: Doc {
        finds: "A segment of the image is compressed in a way that the kernel which boots it was not built for, by \
                its CONFIG_RD_ options; or in a form that no kernel takes: an LZ4 frame and not LZ4's legacy format, an xz \
                stream with another check than CRC32, a skippable zstd frame in front.",
        breaks: "The kernel says `Initramfs unpacking failed: compression method … not configured`, or `invalid magic \
                 at start of compressed archive`, and panics for want of a root. An image built with the defaults \
                 of a newer distribution may be paired with an older or smaller kernel.",
        fix: "Choose another compression (COMPRESS= in initramfs.conf, compress= in dracut.conf) and build the image \
               anew; by hand, write LZ4 with `lz4 -l`, and xz with `xz --check=crc32`.",
        references: &[
            "Linux usr/Kconfig (RD_GZIP … RD_ZSTD)",
            "Linux init/initramfs.c (unpack_to_rootfs)",
            "Linux lib/decompress_unlz4.c (ARCHIVE_MAGICNUMBER)",
            "initramfs.conf(5), COMPRESS",
        ],
    },
    judge,
};

fn judge(facts: &Facts) -> Outcome {
    let image = match view::judged_image(facts) {
        Ok(image) => image,
        Err(outcome) => return outcome,
    };
    let config = view::default_kernel(facts).and_then(|kernel| kernel.config.as_ref());
    let mut known = Vec::new();
    let mut findings = Vec::new();
    for segment in image.segments.iter().filter(|segment| segment.compression != "none") {
        let place = || Evidence::new(&image.path, format!("{} at byte {}", segment.compression, segment.offset));
        let remedy = || view::rebuild(facts, "Choose a compression that the kernel has, and build the image anew.");
        if let Some(why) = &segment.refused {
            let summary = format!("{} is packed in a form that the kernel does not read: it {why}", image.path);
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
                "{} is compressed with {}, which the kernel lacks",
                image.path, segment.compression
            ))
            .evidence(place())
            .evidence(Evidence::at(&config.at, format!("{option}={value}")))
            .remedy(remedy()),
        );
    }
    if findings.is_empty() && known.is_empty() && image.segments.iter().any(|segment| segment.compression != "none") {
        return Outcome::not_applicable("what the kernel can unpack is not known without its configuration");
    }
    Outcome::from_findings(findings, || match known.is_empty() {
        true => format!("{} is not compressed", super::name(image)),
        false => format!("the kernel has {} for {}", known.join(" and "), super::name(image)),
    })
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
