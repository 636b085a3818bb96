//! Versions in order.

use std::cmp::Ordering;

/// Compares versions as the UAPI Group specifies (UAPI.10), with which RPM agrees in all that
/// kernels are called: runs of digits as numbers, runs of letters as text, `~` before the end.
pub(crate) fn compare_versions(mut left: &str, mut right: &str) -> Ordering {
    loop {
        left = left.trim_start_matches(|c| !is_part(c));
        right = right.trim_start_matches(|c| !is_part(c));
        if let Some(order) = pass_mark('~', &mut left, &mut right) {
            return order;
        }
        if left.is_empty() || right.is_empty() {
            return (!left.is_empty()).cmp(&!right.is_empty());
        }
        for mark in ['-', '^', '.'] {
            if let Some(order) = pass_mark(mark, &mut left, &mut right) {
                return order;
            }
        }
        let kind = |c: char| c.is_ascii_digit();
        let order = if left.starts_with(kind) || right.starts_with(kind) {
            let (a, b) = (take(&mut left, kind), take(&mut right, kind));
            let numbers = (a.trim_start_matches('0'), b.trim_start_matches('0'));
            // A number is newer than text.
            (!a.is_empty())
                .cmp(&!b.is_empty())
                .then(numbers.0.len().cmp(&numbers.1.len()))
                .then_with(|| numbers.0.cmp(numbers.1))
        } else {
            let letter = |c: char| c.is_ascii_alphabetic();
            take(&mut left, letter).cmp(take(&mut right, letter))
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// Passes over a mark that stands at both; a side that has it alone is older.
fn pass_mark(mark: char, left: &mut &str, right: &mut &str) -> Option<Ordering> {
    match (left.strip_prefix(mark), right.strip_prefix(mark)) {
        (Some(left_rest), Some(right_rest)) => {
            (*left, *right) = (left_rest, right_rest);
            None
        }
        (Some(_), None) => Some(Ordering::Less),
        (None, Some(_)) => Some(Ordering::Greater),
        (None, None) => None,
    }
}

fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '~' | '-' | '^' | '.')
}

fn take<'a>(text: &mut &'a str, wanted: impl Fn(char) -> bool) -> &'a str {
    let end = text.find(|c| !wanted(c)).unwrap_or(text.len());
    let (taken, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    *text = rest;
    taken
}
