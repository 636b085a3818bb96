//! The listing of an image, beside its peers'.

use super::corpus::{COMPRESSIONS, image, size};
use super::measure::take_turns;
use super::plot::{Plot, medians};
use super::results::{Part, Table};
use super::{Extent, Outcome, contenders};

pub(crate) fn measure(extent: Extent) -> Outcome<Part> {
    let sizes: &[u64] = if extent.quick { &[10, 40] } else { &[10, 50, 200] };
    let mut tables = Vec::new();
    let mut points = Vec::new();
    for (compression, _) in COMPRESSIONS {
        for &megabytes in sizes {
            let image = image(megabytes, compression)?;
            let mut contenders = contenders::of_image(&image)?;
            let runs = if extent.quick || megabytes > 100 { 3 } else { 5 };
            take_turns(&mut contenders, runs)?;
            points.extend(medians(compression, megabytes as f64, &contenders));
            let input = format!("{compression}, {megabytes} MB, packed {:.1} MB", size(&image)?);
            tables.push(Table { input, contenders });
        }
    }
    Ok(Part {
        title: "Listing an image",
        about: "Images of a kernel's modules, made here, in each compression that the kernel reads. The ratio is that \
                to the program which only unpacks the image, and for what is not compressed, to `cat`."
            .to_owned(),
        tables,
        plots: vec![("images", Plot { x: "MB, unpacked", y: "ms", points })],
    })
}
