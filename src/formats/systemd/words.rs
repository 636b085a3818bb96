//! Words and booleans as systemd's settings write them.

/// The words of a value: separated by blanks, `"…"` and `'…'` hold blanks, `\` escapes. An unclosed
/// quote ends with the value (extract_first_word() with EXTRACT_RELAX).
pub(crate) fn split_words(value: &str) -> Vec<String> {
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
pub(crate) fn boolean(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "1" | "yes" | "y" | "true" | "t" | "on" => Some(true),
        "0" | "no" | "n" | "false" | "f" | "off" => Some(false),
        _ => None,
    }
}
