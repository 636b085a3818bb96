//! `isctpl show WHAT`: facts, not judged.

use super::{Output, gather};
use crate::cli::{DataFormat, ShowArgs};
use crate::formats::text;
use crate::probes::initramfs;
use crate::report::{self, ImageListing, What};
use anyhow::{Context, bail};
use std::fs::File;
use std::path::Path;

/// Text is handed on in pieces of this size, so that a listing begins at once and never piles up.
const PIECE: usize = 64 << 10;

pub(super) fn run(args: &ShowArgs, output: &mut Output) -> anyhow::Result<u8> {
    if let Some(image) = &args.image {
        if args.what != What::Initramfs {
            bail!("only `isctpl show initramfs` takes a file");
        }
        return show_image(image, args.format, output);
    }
    let facts = gather(&args.source)?;
    let text = match args.format {
        DataFormat::Table => report::facts_text(args.what, &facts, &output.plain_lines()),
        DataFormat::Json => report::facts_json(args.what, &facts)?,
    };
    output.print(&text)?;
    Ok(0)
}

/// Lists an image as it streams by. What it lacks is known only at the end, and printed there.
fn show_image(path: &Path, format: DataFormat, output: &mut Output) -> anyhow::Result<u8> {
    let name = text::path(path);
    if !path.metadata().with_context(|| format!("cannot open {name}"))?.is_file() {
        bail!("{name} is not a regular file");
    }
    let file = File::open(path).with_context(|| format!("cannot open {name}"))?;
    let style = output.style;
    let mut listing = ImageListing::new(&name, format == DataFormat::Json, style);
    let mut failed = None;
    let image = initramfs::examine(file, &name, &mut |entry| {
        listing.entry(entry);
        if listing.text.len() > PIECE && failed.is_none() {
            failed = output.print(&listing.text).err();
            listing.text.clear();
        }
    });
    if let Some(error) = failed {
        return Err(error.into());
    }
    listing.end(&image);
    output.print(&listing.text)?;
    Ok(if image.damage.is_empty() { 0 } else { super::EXIT_UNKNOWN })
}
