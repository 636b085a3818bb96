//! `isctpl doctor --root`, beside the listing of the root's image.

use super::corpus::image;
use super::measure::{Contender, take_turns};
use super::plot::{Plot, medians};
use super::results::{Part, Table};
use super::support::tree::Tree;
use super::{Extent, Outcome};
use std::fs;

/// The image that the root's loader names.
const INITRD: &str = "boot/initrd.img-6.1.0-50-amd64";

pub(crate) fn measure(extent: Extent) -> Outcome<Part> {
    let sizes: &[u64] = if extent.quick { &[10, 40] } else { &[10, 50, 200] };
    let mut tables = Vec::new();
    let mut points = Vec::new();
    for &megabytes in sizes {
        let root = Tree::load("machines/initramfs-tools.tree").unpack();
        let place = root.path().join(INITRD);
        fs::remove_file(&place)?;
        fs::copy(image(megabytes, "zstd")?, &place)?;
        let place = place.display().to_string();
        let mut contenders = vec![
            Contender::isctpl(&["show", "initramfs", &place]).named("isctpl show initramfs IMAGE"),
            Contender::isctpl(&["doctor", "--root", &root.path().display().to_string()])
                .named("isctpl doctor --root DIR")
                .judging(),
        ];
        take_turns(&mut contenders, if extent.quick { 5 } else { 15 })?;
        points.extend(medians("zstd", megabytes as f64, &contenders));
        tables.push(Table { input: format!("a root with an image of {megabytes} MB (zstd)"), contenders });
    }
    Ok(Part {
        title: "Judging a root",
        about: "The whole judgement of a mounted root, and the listing of its image alone.".to_owned(),
        tables,
        plots: vec![("roots", Plot { x: "MB of the image, unpacked", y: "ms", points })],
    })
}
