//! `isctpl doctor --root`, beside the listing of the root's image.

use super::corpus::image;
use super::hostile::inputs::INITRD;
use super::measure::Contender;
use super::results::Part;
use super::support::tree::Tree;
use super::{Extent, Outcome};
use std::fs;

pub(crate) fn measure(extent: Extent) -> Outcome<Part> {
    const LISTING: &str = "isctpl show initramfs IMAGE";
    let sizes: &[u64] = if extent.quick { &[10, 40] } else { &[10, 50, 200] };
    let about = "The whole judgement of a mounted root, and the listing of its image alone.";
    let mut part = Part::new("Judging a root", about, LISTING).drawn("roots", "MB of the image, unpacked");
    for &megabytes in sizes {
        let root = Tree::load("machines/initramfs-tools.tree").unpack();
        let place = root.path().join(INITRD);
        fs::remove_file(&place)?;
        fs::copy(image(megabytes, "zstd")?, &place)?;
        let place = place.display().to_string();
        let contenders = vec![
            Contender::isctpl(&["show", "initramfs", &place]).named(LISTING),
            Contender::isctpl(&["doctor", "--root", &root.path().display().to_string()])
                .named("isctpl doctor --root DIR")
                .judging(),
        ];
        let input = format!("a root with an image of {megabytes} MB (zstd)");
        part.measure(input, ("zstd", megabytes as f64), contenders, if extent.quick { 5 } else { 15 })?;
    }
    Ok(part)
}
