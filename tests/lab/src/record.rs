//! The records that the project keeps: results.md and its like.

use std::collections::BTreeMap;

/// The last cells, as many as tell how it came out, of each scenario that a record has, by its name. A scenario that was
/// never tried has none.
pub fn kept_rows(record: &str, cells: usize) -> BTreeMap<String, String> {
    let row = |line: &str| {
        let (name, rest) = line.strip_prefix("| `")?.split_once("`: ")?;
        let mut last: Vec<&str> = rest.strip_suffix(" |")?.rsplitn(cells + 1, " | ").take(cells).collect();
        last.reverse();
        let was_tried = last.len() == cells && last.last() != Some(&"-");
        was_tried.then(|| (name.to_owned(), last.join(" | ")))
    };
    record.lines().filter_map(row).collect()
}
