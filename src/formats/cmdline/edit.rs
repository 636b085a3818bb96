//! Words that leave a command line, and words that join it; what stands between the others stays.

use super::{is_space, next_word};
use std::ops::Range;

/// A word of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawWord {
    /// Where it stands, its quotes included.
    pub(crate) at: Range<usize>,
    /// The word without its quotes. It may hold a secret.
    pub(crate) text: String,
}

/// The words of a line in order, split as [`parse`](super::parse) does. Nothing is hidden.
pub(crate) fn raw_words(line: &str) -> Vec<RawWord> {
    let mut words = Vec::new();
    let mut rest = line.trim_start_matches(is_space);
    while !rest.is_empty() {
        let start = line.len() - rest.len();
        let after = next_word(rest).1;
        let at = start..line.len() - after.len();
        let text = unquoted(line.get(at.clone()).unwrap_or_default());
        words.push(RawWord { at, text });
        rest = after.trim_start_matches(is_space);
    }
    words
}

/// A word without the quotes that the kernel takes away: those around it, or around its value.
fn unquoted(word: &str) -> String {
    let inner = |text: &str| text.strip_prefix('"').map(|open| open.strip_suffix('"').unwrap_or(open).to_owned());
    if let Some(inner) = inner(word) {
        return inner;
    }
    match word.split_once('=') {
        Some((key, value)) if !key.is_empty() => format!("{key}={}", inner(value).unwrap_or_else(|| value.to_owned())),
        _ => word.to_owned(),
    }
}

/// What is cut out of a line so that the words that are meant leave it, in order: each with the blanks before it,
/// and where it is the first with those behind it.
pub(crate) fn cuts(line: &str, meant: impl Fn(&str) -> bool) -> Vec<Range<usize>> {
    let words = raw_words(line);
    let mut cuts: Vec<Range<usize>> = Vec::new();
    let mut kept_before = false;
    let mut end_before = 0;
    for (index, word) in words.iter().enumerate() {
        if !meant(&word.text) {
            kept_before = true;
        } else if kept_before {
            cuts.push(end_before..word.at.end);
        } else {
            let end = words.get(index + 1).map_or(word.at.end, |next| next.at.start);
            cuts.push(word.at.start..end);
        }
        end_before = word.at.end;
    }
    cuts
}

/// Where words join a line: behind its last one, but before a `--`, behind which init's arguments stand. With it
/// whether a word stands before that place, and whether one stands behind it.
pub(crate) fn joint(line: &str) -> (usize, bool, bool) {
    let words = raw_words(line);
    let stop = words.iter().position(|word| word.text == "--").unwrap_or(words.len());
    match (stop.checked_sub(1).and_then(|last| words.get(last)), words.get(stop)) {
        (Some(last), _) => (last.at.end, true, false),
        (None, Some(stop)) => (stop.at.start, false, true),
        // A list of dracut's has a blank at each end.
        (None, None) => (line.chars().next().map_or(0, char::len_utf8), false, false),
    }
}

/// Those of some words that do not stand in any of these lines yet, each once.
pub(crate) fn missing<'w>(lines: &[&str], add: &'w [String]) -> Vec<&'w str> {
    let there: Vec<RawWord> = lines.iter().flat_map(|line| raw_words(line)).collect();
    let mut missing: Vec<&str> = Vec::new();
    for word in add {
        if !there.iter().any(|present| present.text == *word) && !missing.contains(&word.as_str()) {
            missing.push(word);
        }
    }
    missing
}

/// A line of words without those that are meant.
pub(crate) fn without(line: &str, meant: impl Fn(&str) -> bool) -> String {
    let mut edited = line.to_owned();
    for cut in cuts(line, meant).into_iter().rev() {
        edited.replace_range(cut, "");
    }
    edited
}

/// A line of words with others behind its last.
pub(crate) fn with(line: &str, add: &[&str]) -> String {
    if add.is_empty() {
        return line.to_owned();
    }
    let (at, behind, before) = joint(line);
    let words = add.join(" ");
    let mut edited = line.to_owned();
    edited.insert_str(at, &format!("{}{words}{}", if behind { " " } else { "" }, if before { " " } else { "" }));
    edited
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_leave_with_one_of_their_blanks() {
        let without_b = |line: &str| without(line, |word| word == "b" || word.starts_with("p="));
        for (line, expected) in [
            ("a b c", "a c"),
            ("b a", "a"),
            ("a b", "a"),
            ("  b  a ", "  a "),
            ("a  b\tc", "a\tc"),
            ("b", ""),
            (" b ", "  "),
            ("b b a b b", "a"),
            ("a p=\"x y\" c", "a c"),
            ("a \"p=x y\" c", "a c"),
            ("a bb", "a bb"),
            ("", ""),
        ] {
            assert_eq!(without_b(line), expected, "{line:?}");
            assert_eq!(without_b(expected), expected);
        }
    }

    #[test]
    fn words_join_behind_the_last_one() {
        for (line, expected) in [
            ("", "x y=1"),
            ("  ", " x y=1 "),
            ("a", "a x y=1"),
            ("a  ", "a x y=1  "),
            ("a -- single", "a x y=1 -- single"),
            ("-- single", "x y=1 -- single"),
            ("a=\"b -- c\"", "a=\"b -- c\" x y=1"),
        ] {
            assert_eq!(with(line, &["x", "y=1"]), expected, "{line:?}");
        }
        assert_eq!(missing(&["a x", "\"b\""], &["b".into(), "c".into(), "x".into(), "c".into()]), ["c"]);
    }

    proptest! {
        #[test]
        fn the_other_words_stay(line in "[ab=\" \\t-]{0,40}") {
            let texts = |line: &str| raw_words(line).into_iter().map(|word| word.text).collect::<Vec<_>>();
            let meant = |word: &str| word.starts_with('a');
            let kept: Vec<String> = texts(&line).into_iter().filter(|word| !meant(word)).collect();
            let edited = without(&line, meant);
            prop_assert_eq!(texts(&edited), kept.clone());
            // A quote that is not closed takes in what follows it.
            prop_assume!(line.matches('"').count() % 2 == 0);
            let longer = with(&edited, &["new"]);
            let mut expected = kept;
            let at = expected.iter().position(|word| word == "--").unwrap_or(expected.len());
            expected.insert(at, "new".to_owned());
            prop_assert_eq!(texts(&longer), expected);
        }
    }
}
