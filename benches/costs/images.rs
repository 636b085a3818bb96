//! The listing of an image, beside its peers'.

use super::contenders::{self, BARE};
use super::corpus::{COMPRESSIONS, image, size};
use super::results::Part;
use super::{Extent, Outcome};

pub(crate) fn measure(extent: Extent) -> Outcome<Part> {
    let sizes: &[u64] = if extent.quick { &[10, 40] } else { &[10, 50, 200] };
    let about = "Images of a kernel's modules, made here, in each compression that the kernel reads. The bare \
                 decompressor only unpacks the image; for what is not compressed it is `cat`. 3cpio does not wait for \
                 the decompressor that it starts: that one's CPU time and memory are not in its rows.";
    let mut part = Part::new("Listing an image", about, BARE).drawn("images", "MB, unpacked");
    for (compression, _) in COMPRESSIONS {
        for &megabytes in sizes {
            let image = image(megabytes, compression)?;
            let (contenders, missing) = contenders::of_image(&image, &format!("images packed by {compression}"))?;
            part.misses(missing);
            let runs = if extent.quick || megabytes > 100 { 3 } else { 5 };
            let input = format!("{compression}, {megabytes} MB, packed {:.1} MB", size(&image)?);
            part.measure(input, (compression, megabytes as f64), contenders, runs)?;
        }
    }
    Ok(part)
}
