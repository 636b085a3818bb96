//! Numbers of things, in words.

/// `1 module`, `3 modules`.
pub(super) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("{number} {noun}") } else { format!("{number} {noun}s") }
}
