//! Patterns as fnmatch(3) without flags matches them, in the C library as in systemd, udev, kmod and ifupdown.

/// Whether a text fits a pattern of `*`, `?`, `[…]`, `[!…]` and `\` escapes. A bracket without its end stands for
/// itself, and a `\` at the very end fits nothing.
///
/// Takes time in proportion to the product of both lengths: only the last `*` is ever tried again.
pub(crate) fn glob_matches(pattern: &str, text: &str) -> bool {
    let last_bracket = pattern.rfind(']').unwrap_or(0);
    let (mut p, mut t) = (0usize, 0usize);
    // Where to go on when the text behind the last star does not fit.
    let mut retry: Option<(usize, usize)> = None;
    while let Some(have) = char_at(text, t) {
        if char_at(pattern, p) == Some('*') {
            p += 1;
            retry = Some((p, t));
            continue;
        }
        match (one(pattern, p, have, last_bracket), retry) {
            (Some(next), _) => {
                p = next;
                t += have.len_utf8();
            }
            (None, Some((star, from))) => {
                p = star;
                t = from + char_at(text, from).map_or(1, char::len_utf8);
                retry = Some((star, t));
            }
            (None, None) => return false,
        }
    }
    pattern.get(p..).is_some_and(|rest| rest.bytes().all(|byte| byte == b'*'))
}

fn char_at(text: &str, at: usize) -> Option<char> {
    text.get(at..)?.chars().next()
}

/// Matches one character with what stands at `p` in the pattern; where the pattern goes on if it fits.
fn one(pattern: &str, p: usize, have: char, last_bracket: usize) -> Option<usize> {
    let wanted = char_at(pattern, p)?;
    let behind = p + wanted.len_utf8();
    match wanted {
        '?' => Some(behind),
        '[' if last_bracket > p => match class(pattern, behind, have) {
            Some((fits, end)) => fits.then_some(end),
            None => (have == '[').then_some(behind),
        },
        '\\' => (char_at(pattern, behind)? == have).then_some(behind + have.len_utf8()),
        wanted => (wanted == have).then_some(behind),
    }
}

/// Whether a character is in the class whose text begins at `at`, and where the class ends.
fn class(pattern: &str, mut at: usize, have: char) -> Option<(bool, usize)> {
    let negated = matches!(char_at(pattern, at), Some('!' | '^'));
    at += usize::from(negated);
    let start = at;
    let mut found = false;
    loop {
        let low = char_at(pattern, at)?;
        let first = at == start;
        at += low.len_utf8();
        if low == ']' && !first {
            return Some((found != negated, at));
        }
        let high = char_at(pattern, at)
            .filter(|dash| *dash == '-')
            .and_then(|_| char_at(pattern, at + 1))
            .filter(|high| *high != ']');
        at += high.map_or(0, |high| 1 + high.len_utf8());
        found |= (low..=high.unwrap_or(low)).contains(&have);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::{Duration, Instant};

    #[test]
    fn patterns() {
        for (pattern, text, fits) in [
            ("", "", true),
            ("*", "", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("?", "", false),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[]]", "]", true),
            ("[", "[", true),
            ("[a", "[a", true),
            ("\\*", "*", true),
            ("\\*", "x", false),
            ("[a-]", "-", true),
        ] {
            assert_eq!(glob_matches(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn globs_match_as_fnmatch_does() {
        for (pattern, name, fits) in [
            ("en*", "enp0s3", true),
            ("en*", "eth0", false),
            ("e[nt]h?", "eth0", true),
            ("e[!t]*", "eth0", false),
            ("[a-f]*", "eth0", true),
            ("*p*s*", "enp0s3", true),
            ("*", "", true),
            ("eth0", "eth01", false),
            ("[]x]", "]", true),
            ("[x", "[x", true),
        ] {
            assert_eq!(glob_matches(pattern, name), fits, "{pattern} {name}");
        }
        assert!(!glob_matches(&"*a".repeat(200), &"a".repeat(150)));
    }

    /// The two readers that there were before differed in these.
    #[test]
    fn a_backslash_at_the_end_fits_nothing_and_a_letter_of_two_bytes_is_one() {
        assert!(!glob_matches("a\\", "a\\"));
        assert!(glob_matches("?", "ü") && glob_matches("[ä-ü]*", "ö"));
    }

    #[test]
    fn a_hostile_pattern_takes_no_exponential_time() {
        let start = Instant::now();
        assert!(!glob_matches(&"*a".repeat(200), &"a".repeat(199)));
        assert!(!glob_matches(&format!("*{}x", "[".repeat(100_000)), &"[".repeat(255)));
        assert!(start.elapsed() < Duration::from_secs(30));
    }

    proptest! {
        #[test]
        fn a_text_without_marks_fits_itself(text in "[a-z0-9:]{0,40}", other in "[a-zü*?\\[\\]!\\\\-]{0,20}") {
            prop_assert!(glob_matches(&text, &text));
            let (pattern, longer) = (format!("*{text}*"), format!("x{text}y"));
            prop_assert!(glob_matches(&pattern, &longer));
            glob_matches(&other, &text);
        }
    }
}
