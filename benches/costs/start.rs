//! From the start of the process to its output.

use super::measure::{Contender, take_turns};
use super::results::{Part, Table};
use super::{Extent, Outcome};

pub(crate) fn measure(extent: Extent) -> Outcome<Part> {
    let mut contenders = vec![
        Contender::new("true", &["/bin/true"]),
        Contender::isctpl(&["--version"]),
        Contender::isctpl(&["doctor", "--help"]),
        Contender::isctpl(&["checks"]),
    ];
    take_turns(&mut contenders, if extent.quick { 50 } else { 500 })?;
    Ok(Part {
        title: "Start",
        about: "A process that only says something, beside one that does nothing.".to_owned(),
        tables: vec![Table { input: "start".to_owned(), contenders }],
        plots: Vec::new(),
    })
}
