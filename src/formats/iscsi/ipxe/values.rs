//! Values in a script: settings, numbers, and URIs as they may be shown.

/// A setting's name without its place, and its type: `net0/password:hexraw` is `password`, of `hexraw`.
pub(super) fn parts_of(setting: &str) -> (&str, Option<&str>) {
    let name = setting.rsplit_once('/').map_or(setting, |(_, name)| name);
    name.split_once(':').map_or((name, None), |(name, kind)| (name, Some(kind)))
}

/// The value of a setting of text, where its type is one that is known.
pub(super) fn value_of(kind: Option<&str>, words: &[&str]) -> Option<String> {
    let value = words.join(" ");
    match kind {
        None | Some("string") => Some(value),
        Some("hexraw") => {
            let digits: Vec<u8> =
                value.chars().map(|digit| digit.to_digit(16)?.try_into().ok()).collect::<Option<_>>()?;
            let (pairs, rest) = digits.as_chunks::<2>();
            let bytes: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
            rest.is_empty().then(|| String::from_utf8_lossy(&bytes).into_owned())
        }
        Some(_) => None,
    }
}

/// A URI without what may be a secret in it: who asks, and the query. A password need not be escaped.
pub(super) fn without_secrets(uri: &str) -> String {
    let (scheme, rest) = uri.split_once("://").unwrap_or(("", uri));
    let (who, rest) = rest.rsplit_once('@').map_or(("", rest), |(_, rest)| ("…@", rest));
    let shown = rest.split(['?', '#']).next().unwrap_or_default();
    let query = if shown.len() == rest.len() { "" } else { "?…" };
    let separator = if scheme.is_empty() { "" } else { "://" };
    format!("{scheme}{separator}{who}{shown}{query}")
}

/// A number as `strtoul` reads it with base 0.
pub(super) fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}
