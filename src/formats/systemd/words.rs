//! Words, booleans and globs as systemd's settings write them.

/// The words of a value: separated by blanks, `"…"` and `'…'` hold blanks, `\` escapes. An unclosed
/// quote ends with the value (extract_first_word() with EXTRACT_RELAX).
pub fn split_words(value: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('\\', _) => word.get_or_insert_default().push_str(&escaped(&mut chars)),
            (c, Some(open)) if c == open => quote = None,
            (c, Some(_)) => word.get_or_insert_default().push(c),
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (c, None) if c.is_ascii_whitespace() => words.extend(word.take()),
            (c, None) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// What an escape sequence stands for; one that is not known stays as written (cunescape_one()).
fn escaped(chars: &mut std::str::Chars<'_>) -> String {
    let Some(c) = chars.next() else { return "\\".to_owned() };
    match c {
        'n' => "\n".to_owned(),
        't' => "\t".to_owned(),
        'r' => "\r".to_owned(),
        's' | ' ' => " ".to_owned(),
        '\\' | '"' | '\'' => c.to_string(),
        'x' => {
            let digits: String = chars.clone().take(2).collect();
            match (digits.len(), u8::from_str_radix(&digits, 16)) {
                (2, Ok(byte)) if byte != 0 => {
                    chars.nth(1);
                    char::from(byte).to_string()
                }
                _ => "\\x".to_owned(),
            }
        }
        c => format!("\\{c}"),
    }
}

/// A boolean as systemd writes it (parse_boolean()), case ignored.
pub fn boolean(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "1" | "yes" | "y" | "true" | "t" | "on" => Some(true),
        "0" | "no" | "n" | "false" | "f" | "off" => Some(false),
        _ => None,
    }
}

/// Whether a name fits a glob of `*`, `?` and `[…]` (fnmatch(3) without flags, on names that hold no `/`).
///
/// Takes time in proportion to both lengths: only the last `*` is ever tried again.
pub fn glob_matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut p, mut n) = (0usize, 0usize);
    let mut star: Option<(usize, usize)> = None;
    while let Some(&have) = name.get(n) {
        let step = match pattern.get(p) {
            Some('*') => {
                star = Some((p + 1, n));
                p += 1;
                continue;
            }
            Some('?') => Some(p + 1),
            Some('[') => class(&pattern, p, have),
            Some('\\') => pattern.get(p + 1).filter(|&&want| want == have).map(|_| p + 2),
            Some(&want) if want == have => Some(p + 1),
            _ => None,
        };
        match (step, star) {
            (Some(next), _) => {
                p = next;
                n += 1;
            }
            (None, Some((after, tried))) => {
                p = after;
                n = tried + 1;
                star = Some((after, n));
            }
            (None, None) => return false,
        }
    }
    pattern.iter().skip(p).all(|&rest| rest == '*')
}

/// The place after a bracket expression that holds `have`; one without an end is a plain `[`.
fn class(pattern: &[char], open: usize, have: char) -> Option<usize> {
    let mut at = open + 1;
    let negated = matches!(pattern.get(at), Some('!' | '^'));
    if negated {
        at += 1;
    }
    let first = at;
    let mut hit = false;
    loop {
        match pattern.get(at) {
            None => return (have == '[').then_some(open + 1),
            Some(']') if at > first => return (hit != negated).then_some(at + 1),
            Some(&low) => {
                let range = (pattern.get(at + 1) == Some(&'-')).then(|| pattern.get(at + 2)).flatten();
                match range {
                    Some(&high) if high != ']' => {
                        hit |= (low..=high).contains(&have);
                        at += 3;
                    }
                    _ => {
                        hit |= low == have;
                        at += 1;
                    }
                }
            }
        }
    }
}
