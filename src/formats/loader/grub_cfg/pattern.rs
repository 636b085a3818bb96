//! Patterns for names of files (`grub-core/commands/wildcard.c`).

use crate::formats::text::glob::glob_matches;

/// What makes a word a pattern.
pub(super) const MARKS: [char; 2] = ['*', '?'];

/// The directory of the first part of a path that is a pattern, with the slash at its end, and that part. `None` where
/// the pattern is one of devices, or none.
pub(super) fn first(path: &str) -> Option<(&str, &str)> {
    let mark = path.find(MARKS)?;
    let begin = path.get(..mark)?.rfind('/')? + 1;
    let (directory, rest) = path.split_at_checked(begin)?;
    Some((directory, rest.split('/').next().unwrap_or(rest)))
}

/// Whether a name may fit a pattern. Upper and lower case are the same, as on the ESP; of what fnmatch(3) knows besides,
/// GRUB takes a bracket for itself.
pub(super) fn may_take(pattern: &str, name: &str) -> bool {
    let pattern = pattern.replace('\\', "\\\\").replace('[', "\\[");
    glob_matches(&pattern.to_lowercase(), &name.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_pattern_of_a_path_is_found_in_its_directory() {
        for (path, expected) in [
            ("/iso/arch-*.iso", Some(("/iso/", "arch-*.iso"))),
            ("(hd0,gpt2)/a/?b/c*", Some(("(hd0,gpt2)/a/", "?b"))),
            ("(hd*)/a", None),
            ("*", None),
            ("/plain", None),
        ] {
            assert_eq!(first(path), expected, "{path}");
        }
    }

    #[test]
    fn names_fit_patterns() {
        for (pattern, name, fits) in [
            ("*.cfg", "a.cfg", true),
            ("*.cfg", "a.cfg~", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXcYb", false),
            ("?", "", false),
            ("VMLINUZ-*", "vmlinuz-6.1", true),
            ("a\\*", "a", false),
        ] {
            assert_eq!(may_take(pattern, name), fits, "{pattern} {name}");
        }
    }

    proptest! {
        #[test]
        fn everything_fits_itself_and_a_star(name in ".{0,32}") {
            prop_assert!(may_take("*", &name));
            prop_assert!(may_take(&name, &name));
        }
    }
}
