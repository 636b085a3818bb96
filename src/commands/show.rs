//! `isctpl show WHAT`: facts, not judged.

use super::exit_code::EXIT_UNKNOWN;
use super::fence;
use super::output::Output;
use super::snapshot;
use super::source::{add_what_is_known, gather, request_of_any};
use crate::cli::{DataFormat, ShowArgs};
use crate::formats::text::printable;
use crate::probes::initramfs;
use crate::report::{self, ImageListing, What};
use anyhow::{Context, bail};
use isctpl_checks::facts::{Facts, Group, Source};
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
    let facts = match &args.snapshot {
        Some(file) => {
            fence::around_snapshots(std::slice::from_ref(file), None, None, 1);
            let mut facts = snapshot::load(file)?;
            add_what_is_known(&mut facts, &args.source)?;
            facts
        }
        None => gather(request_of_any(&args.source, &args.disk))?,
    };
    let text = match args.format {
        DataFormat::Table => report::facts_text(args.what, &facts, &output.plain_lines()),
        DataFormat::Json => report::facts_json(args.what, &facts)?,
    };
    output.print(&text)?;
    Ok(if is_read(args.what, &facts) { 0 } else { EXIT_UNKNOWN })
}

/// Whether what was asked for could be read, wholly. That it does not exist is an answer, and so is that this
/// mode has none.
fn is_read(what: What, facts: &Facts) -> bool {
    let groups: &[Group] = match what {
        What::Ibft => &[Group::Firmware],
        What::Routes => &[Group::Network],
        What::Nics => &[Group::Nics, Group::Network],
        // Which image it is, the loader says.
        What::Initramfs if facts.images.is_empty() => &[Group::Loader],
        What::Initramfs => &[Group::Images],
        What::Loader => &[Group::Loader, Group::Cmdline],
        What::Kernel => &[Group::Kernels],
        What::Dhcp => &[Group::Dhcp],
        What::Netconfig => &[Group::Netconfig],
        What::Iscsi => &[Group::Iscsi],
        What::Storage => &[Group::Storage],
        What::Services => &[Group::Services],
    };
    let root_is_read = facts.unread(Source::Root).is_none();
    root_is_read && groups.iter().all(|group| facts.problems_of(*group).is_empty())
}

/// Lists an image as it streams by. What it lacks is known only at the end, and printed there.
fn show_image(path: &Path, format: DataFormat, output: &mut Output) -> anyhow::Result<u8> {
    let name = printable::path(path);
    if !path.metadata().with_context(|| format!("cannot open {name}"))?.is_file() {
        bail!("{name} is not a regular file");
    }
    let file = File::open(path).with_context(|| format!("cannot open {name}"))?;
    fence::around_open_file();
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
    Ok(if image.damage.is_empty() { 0 } else { EXIT_UNKNOWN })
}
