//! Pairs of a rule (`parse_line`, `parse_token`).

/// One `KEY{attribute} operator "value"` of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    /// Key, such as `ATTR`.
    pub key: String,
    /// What stands in braces, such as `address`.
    pub attribute: Option<String>,
    /// `==`, `!=`, `=`, `+=`, `-=` or `:=`.
    pub operator: &'static str,
    /// Value without its quotes.
    pub value: String,
    /// Whether letters' case does not matter, `i"…"`, which older versions of udev do not take.
    pub ignores_case: bool,
}

impl Pair {
    /// Whether it asks something of the device, and does not set anything.
    pub(super) fn is_match(&self) -> bool {
        matches!(self.operator, "==" | "!=")
    }

    /// As it is written.
    pub(super) fn head(&self) -> String {
        let attribute = self.attribute.as_deref().map(|name| format!("{{{name}}}")).unwrap_or_default();
        format!("{}{attribute}{}", self.key, self.operator)
    }
}

/// Commands that udev has built in.
const BUILT_IN: [&str; 14] = [
    "blkid",
    "btrfs",
    "dissect_image",
    "factory_reset",
    "hwdb",
    "input_id",
    "keyboard",
    "kmod",
    "net_driver",
    "net_id",
    "net_setup_link",
    "path_id",
    "uaccess",
    "usb_id",
];

/// Properties that rules cannot set.
const FIXED: [&str; 12] = [
    "ACTION",
    "DEVLINKS",
    "DEVNAME",
    "DEVPATH",
    "DEVTYPE",
    "DRIVER",
    "IFINDEX",
    "MAJOR",
    "MINOR",
    "SEQNUM",
    "SUBSYSTEM",
    "TAGS",
];

const BLANKS: [char; 4] = [' ', '\t', '\n', '\r'];

/// The pairs of a line; or why udev ignores it.
pub(super) fn pairs(line: &str) -> Result<Vec<Pair>, &'static str> {
    let mut pairs = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_start_matches(BLANKS).trim_start_matches(|c| BLANKS.contains(&c) || c == ',');
        if rest.is_empty() {
            return Ok(pairs);
        }
        let (pair, after) = pair(rest).ok_or("udev ignores the rule: it is not made of KEY==\"value\" throughout")?;
        if !is_taken(&pair) {
            return Err("udev ignores the rule: a key in it is unknown, or is not used so");
        }
        pairs.push(pair);
        rest = after;
    }
}

fn pair(text: &str) -> Option<(Pair, &str)> {
    let is_end = |(at, c): (usize, char)| {
        BLANKS.contains(&c)
            || matches!(c, '=' | '{')
            || matches!(c, '+' | '-' | '!' | ':') && text.get(at + 1..).is_some_and(|rest| rest.starts_with('='))
    };
    let end = text.char_indices().find(|found| is_end(*found))?.0;
    let (key, mut rest) = text.split_at(end);
    let mut attribute = None;
    if let Some(inside) = rest.strip_prefix('{') {
        let (name, after) = inside.split_once('}')?;
        attribute = Some(name.to_owned());
        rest = after;
    }
    let rest = rest.trim_start_matches(BLANKS);
    let operator = ["==", "!=", "+=", "-=", ":=", "="].into_iter().find(|operator| rest.starts_with(operator))?;
    let (value, ignores_case, after) = value(rest.get(operator.len()..)?.trim_start_matches(BLANKS))?;
    Some((Pair { key: key.to_owned(), attribute, operator, value, ignores_case }, after))
}

/// What stands in quotes, and what follows. Only `e"…"` has escapes but for that of a quote.
fn value(text: &str) -> Option<(String, bool, &str)> {
    let (ignores_case, text) = match text.strip_prefix('i') {
        Some(text) => (true, text),
        None => (false, text),
    };
    let (escaped, text) = match text.strip_prefix('e') {
        Some(text) => (true, text),
        None => (false, text),
    };
    let inside = text.strip_prefix('"')?;
    let mut value = String::new();
    let mut characters = inside.char_indices();
    while let Some((at, c)) = characters.next() {
        let after = inside.get(at + c.len_utf8()..)?;
        match c {
            '"' => return Some((value, ignores_case, after)),
            '\\' if escaped => value.push(unescaped(&mut characters)?),
            '\\' if after.starts_with('"') => value.push(characters.next()?.1),
            c => value.push(c),
        }
    }
    None
}

/// What a `\` of C begins (`cunescape`), as far as it stands for one character of ASCII.
fn unescaped(characters: &mut std::str::CharIndices<'_>) -> Option<char> {
    let (_, kind) = characters.next()?;
    Some(match kind {
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        's' => ' ',
        '\\' | '"' | '\'' => kind,
        'x' => {
            let mut digit = || characters.next()?.1.to_digit(16);
            let code = digit()? * 16 + digit()?;
            // Zero would end the text.
            char::from_u32(code).filter(|c| matches!(c, '\x01'..='\x7f'))?
        }
        _ => return None,
    })
}

/// Whether udev takes a pair; one that it does not take makes it ignore the line.
fn is_taken(pair: &Pair) -> bool {
    let Pair { key, attribute, operator, value, .. } = pair;
    let attribute = attribute.as_deref();
    let (is_match, is_removal) = (pair.is_match(), *operator == "-=");
    let is_named = attribute.is_some_and(|name| !name.is_empty());
    match key.as_str() {
        "ACTION" | "DEVPATH" | "KERNEL" | "SUBSYSTEM" | "DRIVER" | "KERNELS" | "SUBSYSTEMS" | "DRIVERS" | "TAGS"
        | "RESULT" => attribute.is_none() && is_match,
        "SYMLINK" | "PROGRAM" => attribute.is_none() && !is_removal,
        "NAME" => attribute.is_none() && !is_removal && (is_match || !matches!(value.as_str(), "" | "%k")),
        "ENV" => is_named && !is_removal && (is_match || !attribute.is_some_and(|name| FIXED.contains(&name))),
        "CONST" => is_match && matches!(attribute, Some("arch" | "virt" | "cvm")),
        "TAG" => attribute.is_none(),
        "ATTR" | "SYSCTL" => is_named && !is_removal,
        "ATTRS" => is_named && is_match,
        "TEST" => is_match && attribute.is_none_or(|mode| mode.bytes().all(|digit| (b'0'..=b'7').contains(&digit))),
        "IMPORT" => {
            let command = value.split([' ', '\t']).next().unwrap_or_default();
            !is_removal
                && match attribute {
                    Some("builtin") => BUILT_IN.contains(&command),
                    Some(kind) => matches!(kind, "file" | "program" | "db" | "cmdline" | "parent"),
                    None => false,
                }
        }
        "OPTIONS" => attribute.is_none() && !is_match && !is_removal && is_option(value),
        "OWNER" | "GROUP" | "MODE" => attribute.is_none() && !is_match && !is_removal,
        "SECLABEL" => is_named && !is_match && !is_removal,
        "RUN" => {
            let command = value.split([' ', '\t']).next().unwrap_or_default();
            !is_match
                && !is_removal
                && match attribute {
                    None | Some("program") => true,
                    Some(kind) => kind == "builtin" && BUILT_IN.contains(&command),
                }
        }
        "GOTO" | "LABEL" => attribute.is_none() && *operator == "=",
        // Of Red Hat's udev alone.
        "WAIT_FOR" | "WAIT_FOR_SYSFS" => !is_removal,
        _ => false,
    }
}

/// Unknown ones are ignored by themselves; numbers must be some.
fn is_option(value: &str) -> bool {
    value.strip_prefix("link_priority=").is_none_or(|number| number.trim().parse::<i32>().is_ok())
}
