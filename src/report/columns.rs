//! Rows whose columns line up. No word is ever cut: a row that has no room for one takes lines of its own.

use super::style::Style;
use textwrap::core::display_width;

/// What stands between two columns.
const GAP: &str = "  ";

/// The last column stands beside the others where it is given at least this many columns.
const LAST_MIN: usize = 24;

/// What stands before the last column's lines when it has lines of its own.
const BELOW: &str = "    ";

/// Lays rows out, a text a row. The last cell of a row is a sentence and may take several lines.
pub(super) fn rows(cells: &[Vec<String>], style: &Style) -> Vec<String> {
    let cells: Vec<Vec<String>> = cells.iter().map(|row| row.iter().map(|cell| style.plain(cell)).collect()).collect();
    let columns = cells.iter().map(Vec::len).max().unwrap_or_default().saturating_sub(1);
    let widths: Vec<usize> = (0..columns)
        .map(|column| cells.iter().filter_map(|row| row.get(column)).map(|cell| display_width(cell)).max().unwrap_or(0))
        .collect();
    let before = widths.iter().map(|width| width + GAP.len()).sum::<usize>();
    let room = usize::from(style.width).saturating_sub(before);
    cells.iter().map(|row| if fits(row, room) { beside(row, &widths, style) } else { below(row, style) }).collect()
}

/// Whether the last cell can stand beside the others with every word whole.
fn fits(row: &[String], room: usize) -> bool {
    let last = row.last().map_or("", String::as_str);
    room >= LAST_MIN && last.split_whitespace().all(|word| display_width(word) <= room)
}

fn beside(row: &[String], widths: &[usize], style: &Style) -> String {
    let (last, before) = row.split_last().map_or(("", row), |(last, before)| (last.as_str(), before));
    let mut first = String::new();
    for (cell, width) in before.iter().zip(widths) {
        first.push_str(cell);
        first.push_str(&" ".repeat(width.saturating_sub(display_width(cell)) + GAP.len()));
    }
    let further = " ".repeat(display_width(&first));
    trimmed(&style.wrap(last, &first, &further))
}

fn below(row: &[String], style: &Style) -> String {
    let (last, before) = row.split_last().map_or(("", row), |(last, before)| (last.as_str(), before));
    let before = before.iter().map(String::as_str).filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join(GAP);
    // A row that is itself below something keeps its distance.
    let own = before.len() - before.trim_start_matches(' ').len();
    let further = " ".repeat(own) + BELOW;
    let mut text = style.wrap(&before, "", &further);
    if !last.is_empty() {
        text.push_str(&style.wrap(last, &further, &further));
    }
    trimmed(&text)
}

/// Without blanks before the ends of lines.
fn trimmed(text: &str) -> String {
    text.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn at(width: u16, cells: &[&[&str]]) -> String {
        let cells: Vec<Vec<String>> =
            cells.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect();
        rows(&cells, &Style { width, ascii: true, verbose: false }).concat()
    }

    #[test]
    fn columns_line_up_and_the_last_one_wraps() {
        let text = at(40, &[&["a", "ok", "a sentence that is longer than its column"], &["bcd", "unknown", "short"]]);
        assert_eq!(
            text,
            "a    ok       a sentence that is longer\n              than its column\nbcd  unknown  short\n"
        );
    }

    #[test]
    fn a_word_without_room_gets_a_line_of_its_own() {
        let iqn = "iqn.2013-01.com.example:storage.tenant.50180.svc64418";
        let text = at(60, &[&["initramfs", "FAILS", iqn], &["root", "ok", "sound"]]);
        assert_eq!(text, format!("initramfs  FAILS\n    {iqn}\nroot       ok     sound\n"));
        assert_eq!(at(50, &[&["  target", iqn]]), format!("  target\n      {iqn}\n"));
    }
}
