//! Makes YAML of a list whose items lost their indentation, as where they were printed in a document.
//!
//! Lines are kept one for one, so that the line of an error is that of the text as it was given.

use zeroize::Zeroizing;

/// Moves the keys below an item's dash to the right of it, and blanks the command lines of a transcript.
/// A text that does not begin with a list item comes back without its command lines and else as it was.
pub(super) fn repaired(text: &str) -> Zeroizing<String> {
    // Room for everything, so that growing leaves no copy behind: at most four blanks and a newline a line.
    let mut out = Zeroizing::new(String::with_capacity(text.len() + 5 * (text.matches('\n').count() + 1)));
    let mut dash = None;
    let mut moved = false;
    let mut quote = None;
    for line in text.lines() {
        let content = line.trim_start_matches(' ');
        let indent = line.len() - content.len();
        if let Some(open) = quote {
            // Blanks at the beginning of a line are folded away within quotes, and fewer than the key's
            // would be no YAML.
            out.push_str("    ");
            quote = still_open(content, open);
        } else if is_command(content) {
            out.push('\n');
            continue;
        } else if !content.is_empty() && !content.starts_with('#') {
            let is_item = content == "-" || content.starts_with("- ");
            if is_item && dash.is_none_or(|dash| dash == indent) {
                dash = Some(indent);
                moved = false;
            } else if dash == Some(indent) {
                moved = true;
            } else if dash.is_none() {
                // No list: nothing is known of how it should be indented.
                dash = Some(usize::MAX);
            }
            if moved {
                out.push_str("  ");
            }
            quote = opened(content);
        }
        out.push_str(line);
        out.push('\n');
    }
    out
}

/// Whether a line is the command that printed what follows, with or without a prompt.
fn is_command(content: &str) -> bool {
    const COMMAND: &str = "metalcloud-cli ";
    content.starts_with(COMMAND)
        || content
            .split_once(COMMAND)
            .is_some_and(|(prompt, _)| ["$ ", "% ", "# "].iter().any(|end| prompt.ends_with(end)))
}

/// The quote that the value of a line opens and does not close.
fn opened(content: &str) -> Option<char> {
    let content = content.strip_prefix("- ").map_or(content, str::trim_start);
    let value = content.split_once(": ")?.1.trim_start();
    let quote = value.chars().next().filter(|first| matches!(first, '\'' | '"'))?;
    still_open(value.get(1..)?, quote)
}

/// The quote, unless it ends within this part of it. A doubled single quote and an escaped double one do not end it.
fn still_open(part: &str, quote: char) -> Option<char> {
    let mut chars = part.chars().peekable();
    while let Some(c) = chars.next() {
        if quote == '"' && c == '\\' {
            chars.next();
        } else if c == quote && (quote == '"' || chars.next_if_eq(&'\'').is_none()) {
            return None;
        }
    }
    Some(quote)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_below_the_dash_move_and_lines_stay() {
        let text =
            "x@y ~ % metalcloud-cli drive-array get\n- a: 'one\ntwo: ''x'' '\nb: 1\nc:\n    - d\n\n- a: 2\n  b: 3\n";
        let wanted = "\n- a: 'one\n    two: ''x'' '\n  b: 1\n  c:\n      - d\n\n- a: 2\n  b: 3\n";
        assert_eq!(repaired(text).as_str(), wanted);
    }

    #[test]
    fn what_is_no_list_stays() {
        for text in ["a:\n- b\nc: 1\n", "a: 1\nb: 2\n", "- a: 1\n  b: \"x \\\" y\"\n  c: 2\n"] {
            assert_eq!(repaired(text).as_str(), text);
        }
    }
}
