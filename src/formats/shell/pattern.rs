//! The patterns of `${NAME#PATTERN}` and its kin (POSIX.1-2024, XCU 2.14), as far as all shells read them alike:
//! text, `*` and `?`.

/// The most steps that a pattern may take.
const STEPS: usize = 1 << 22;

/// A part of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// A character for itself.
    Plain(char),
    /// `?`.
    One,
    /// `*`.
    Any,
}

/// Which end of a value is taken off, and how much of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cut {
    /// `#`, not `%`.
    pub(super) front: bool,
    /// Written twice: as much as matches.
    pub(super) longest: bool,
}

/// What is left of a value; `None` where shells may differ, or the search takes too long.
pub(super) fn cut<'v>(value: &'v str, pattern: &[Step], cut: Cut) -> Option<&'v str> {
    let steps = value.len().saturating_mul(pattern.len().saturating_add(1));
    // dash takes a byte for a character.
    if steps > STEPS || pattern.contains(&Step::One) && !value.is_ascii() {
        return None;
    }
    let Cut { front, longest } = cut;
    let length = if front {
        matched(value.chars(), pattern.iter().copied(), longest)
    } else {
        matched(value.chars().rev(), pattern.iter().rev().copied(), longest)
    };
    let Some(length) = length else { return Some(value) };
    if front { value.get(length..) } else { value.get(..value.len().checked_sub(length)?) }
}

/// How many bytes at the beginning match.
fn matched(chars: impl Iterator<Item = char>, pattern: impl Iterator<Item = Step>, longest: bool) -> Option<usize> {
    let pattern: Vec<Step> = pattern.collect();
    // Where in the pattern the search may be.
    let mut reached = vec![false; pattern.len() + 1];
    if let Some(first) = reached.first_mut() {
        *first = true;
    }
    let mut found = None;
    let mut length = 0;
    let mut chars = chars;
    loop {
        // Any number of characters may be none.
        for (index, step) in pattern.iter().enumerate() {
            if *step == Step::Any && reached.get(index) == Some(&true) {
                set(&mut reached, index + 1);
            }
        }
        if reached.last() == Some(&true) {
            found = Some(length);
            if !longest {
                return found;
            }
        }
        let Some(next) = chars.next() else { return found };
        length += next.len_utf8();
        let mut then = vec![false; pattern.len() + 1];
        for (index, step) in pattern.iter().enumerate().filter(|(index, _)| reached.get(*index) == Some(&true)) {
            match step {
                Step::Any => set(&mut then, index),
                Step::One => set(&mut then, index + 1),
                Step::Plain(plain) if *plain == next => set(&mut then, index + 1),
                Step::Plain(_) => {}
            }
        }
        if !then.contains(&true) {
            return found;
        }
        reached = then;
    }
}

fn set(reached: &mut [bool], index: usize) {
    if let Some(reached) = reached.get_mut(index) {
        *reached = true;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_takes_off_the_shortest_or_the_longest() {
        let left = |value: &'static str, pattern: &str, operator: &str| {
            let steps = |c| match c {
                '*' => Step::Any,
                '?' => Step::One,
                plain => Step::Plain(plain),
            };
            let pattern: Vec<Step> = pattern.chars().map(steps).collect();
            cut(value, &pattern, Cut { front: operator.starts_with('#'), longest: operator.len() == 2 })
        };
        assert_eq!(left("/dev/sda", "/dev/", "#"), Some("sda"));
        assert_eq!(left("/dev/sda", "x", "#"), Some("/dev/sda"));
        assert_eq!((left("a/b/c", "*/", "#"), left("a/b/c", "*/", "##")), (Some("b/c"), Some("c")));
        assert_eq!((left("a/b/c", "/*", "%"), left("a/b/c", "/*", "%%")), (Some("a/b"), Some("a")));
        assert_eq!(
            (left("abc", "?", "%"), left("ab", "*", "##"), left("ab", "*", "#")),
            (Some("ab"), Some(""), Some("ab"))
        );
        assert_eq!((left("é", "?", "#"), left("éa", "a", "%")), (None, Some("é")));
        assert_eq!((left("", "", "%%"), left("", "?", "#")), (Some(""), Some("")));
    }
}
