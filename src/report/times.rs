//! How long each part of a run took.

use super::columns;
use super::style::{STRONG, Style, paint};
use std::time::Duration;

/// A row a part, and the sum; nothing where there is no part.
pub(crate) fn times(taken: &[(String, Duration)], style: &Style) -> String {
    if taken.is_empty() {
        return String::new();
    }
    let seconds = |taken: Duration| format!("{:.2} s", taken.as_secs_f64());
    let mut rows: Vec<Vec<String>> =
        taken.iter().map(|(what, taken)| vec![format!("  {what}"), seconds(*taken)]).collect();
    rows.push(vec!["  in all".to_owned(), seconds(taken.iter().map(|(_, taken)| *taken).sum())]);
    format!("\n{}\n{}", paint(STRONG, "Time taken"), columns::rows(&rows, style).concat())
}
