//! From the start of the process to its output.

use super::measure::Contender;
use super::results::Part;
use super::{Extent, Outcome};

pub(crate) fn measure(extent: Extent) -> Outcome<Part> {
    let mut part = Part::new("Start", "A process that only says something, beside one that does nothing.", "true");
    let contenders = vec![
        Contender::new("true", &["/bin/true"]),
        Contender::isctpl(&["--version"]),
        Contender::isctpl(&["doctor", "--help"]),
        Contender::isctpl(&["checks"]),
    ];
    part.measure("start", ("start", 1.0), contenders, if extent.quick { 50 } else { 500 })?;
    Ok(part)
}
