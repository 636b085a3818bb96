//! Text as HTML and XML take it.

use crate::formats::text::printable;

/// A text of anybody's as a part of a page or of XML, within an element or an attribute: one line, and nothing that a reader
/// takes for markup.
pub(super) fn text(text: &str) -> String {
    let line = printable::line(text);
    let mut escaped = String::with_capacity(line.len());
    for character in line.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn nothing_of_a_text_becomes_markup() {
        assert_eq!(text("<b title='x'>&\"</b>"), "&lt;b title=&#39;x&#39;&gt;&amp;&quot;&lt;/b&gt;");
        assert!(!text("a\u{1b}[31m\nb\u{202e}").contains(['\u{1b}', '\n', '\u{202e}']));
    }

    /// XML 1.0, section 2.2: no other character may stand in a document, not even as a reference.
    #[test]
    fn every_character_becomes_what_xml_may_hold() {
        for character in '\0'..=char::MAX {
            let written = text(character.encode_utf8(&mut [0; 4]));
            let fits = |c: char| matches!(c, '\u{20}'..='\u{fffd}' | '\u{10000}'..) && !"<>\"'".contains(c);
            assert!(written.chars().all(fits), "{character:?} becomes {written}");
        }
    }
}
