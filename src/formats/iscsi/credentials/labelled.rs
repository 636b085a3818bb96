//! Values behind labels in one line of text, such as `Port:3260 LUN ID:47`.

/// Which of the labels has no value, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault(usize);

impl Fault {
    /// The sentence that belongs to the label.
    pub(super) fn in_words<const N: usize>(self, sentences: [&'static str; N]) -> &'static str {
        sentences.get(self.0).copied().unwrap_or("expected nothing after the last value")
    }
}

/// Reads one value a label, in this order, with nothing in between or behind. A value ends at a blank; blanks
/// between a label and its value may be left out, and a label's own blanks may be of any width.
pub(super) fn values<'a, const N: usize>(text: &'a str, labels: [&str; N]) -> Result<[&'a str; N], Fault> {
    let mut found = [""; N];
    let mut rest = text;
    for (index, (slot, label)) in found.iter_mut().zip(labels).enumerate() {
        rest = behind(rest, label).ok_or(Fault(index))?.trim_start();
        // `Username: Password: x` has no user name, rather than one that is called like a label.
        let missing = labels.get(index + 1).is_some_and(|next| behind(rest, next).is_some());
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let (value, left) = rest.split_at(end);
        if missing || value.is_empty() {
            return Err(Fault(index));
        }
        *slot = value;
        rest = left;
    }
    if rest.trim().is_empty() { Ok(found) } else { Err(Fault(N.saturating_sub(1))) }
}

/// The text behind a label that it begins with.
fn behind<'a>(text: &'a str, label: &str) -> Option<&'a str> {
    let mut words = label.split(' ');
    let mut rest = text.trim_start().strip_prefix(words.next()?)?;
    for word in words {
        let next = rest.trim_start();
        if next.len() == rest.len() {
            return None;
        }
        rest = next.strip_prefix(word)?;
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_values_with_and_without_blanks() {
        assert_eq!(values(" A  B: x:y\tC:z ", ["A B:", "C:"]), Ok(["x:y", "z"]));
        assert_eq!(values("A B: x", ["A B:"]), Ok(["x"]));
    }

    #[test]
    fn says_which_one_is_missing() {
        for (text, fault) in [
            ("", 0),
            ("AB: x C: y", 0),
            ("A B: C: y", 0),
            ("A B:", 0),
            ("A B: x", 1),
            ("A B: x y C: z", 1),
            ("A B: x C:", 1),
            ("A B: x C: y z", 1),
            ("C: y A B: x", 0),
        ] {
            assert_eq!(values(text, ["A B:", "C:"]), Err(Fault(fault)), "{text}");
        }
    }
}
