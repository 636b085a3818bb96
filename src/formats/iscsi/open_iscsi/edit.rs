//! A setting that changes in a file of open-iscsi's.

use super::record::settings;
use crate::formats::text::edit::{Unedited, append, line_end};

/// The end of a record (`idbm_print_…` in `usr/idbm.c`); what is added stands before it.
const END: &str = "# END RECORD";

/// A file in which a key has a value: where it is set last, or in a new line.
///
/// # Errors
/// When the key or the value cannot stand in such a file.
pub(crate) fn edited(text: &str, key: &str, value: &str) -> Result<String, Unedited> {
    let is_odd = |text: &str| text.is_empty() || text.chars().any(|c| c.is_control());
    if is_odd(key) || is_odd(value) || key.contains([' ', '=', '#']) {
        return Err(Unedited::new(format!("cannot hold this value for {key}")));
    }
    let (found, _) = settings(text, "");
    let Some(last) = found.iter().rev().find(|setting| setting.key == key) else {
        let line = format!("{key} = {value}");
        let begins_line = |at: &usize| *at == 0 || text.get(..*at).is_some_and(|before| before.ends_with('\n'));
        return Ok(match text.rmatch_indices(END).map(|(at, _)| at).find(begins_line) {
            Some(at) => format!("{}{line}{}{}", &text[..at], line_end(text), &text[at..]),
            None => append(text, &[&line]),
        });
    };
    let lines = text.split_inclusive('\n').enumerate().map(|(index, line)| {
        match line.split_once('=').filter(|_| index + 1 == last.line as usize) {
            Some((front, old)) => {
                let start = old.len() - old.trim_start_matches([' ', '\t']).len();
                let end = old.trim_end().len().max(start);
                let blank = if start == 0 && front.ends_with(' ') { " " } else { &old[..start] };
                format!("{front}={blank}{value}{}", &old[end..])
            }
            None => line.to_owned(),
        }
    });
    Ok(lines.collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_value_changes() {
        for (text, expected) in [
            (
                "# node.startup = automatic\nnode.startup = automatic\na = b\n",
                "# node.startup = automatic\nnode.startup = manual\na = b\n",
            ),
            ("node.startup=automatic", "node.startup=manual"),
            ("node.startup =automatic\r\n", "node.startup = manual\r\n"),
            ("node.startup = x\nnode.startup = automatic  \n", "node.startup = x\nnode.startup = manual  \n"),
            ("node.startup = \n", "node.startup = manual\n"),
            (
                "# BEGIN RECORD 2.1.8\na = b\n# END RECORD\n",
                "# BEGIN RECORD 2.1.8\na = b\nnode.startup = manual\n# END RECORD\n",
            ),
            ("a = b", "a = b\nnode.startup = manual\n"),
            ("", "node.startup = manual\n"),
        ] {
            let once = edited(text, "node.startup", "manual").unwrap();
            assert_eq!(once, expected, "{text:?}");
            assert_eq!(edited(&once, "node.startup", "manual").unwrap(), once);
            let (read, _) = settings(&once, "");
            assert_eq!(read.iter().rev().find(|setting| setting.key == "node.startup").unwrap().value, "manual");
        }
        assert!(edited("", "node.startup", "a\nb").is_err() && edited("", "a b", "c").is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn other_settings_stay(text in "(k|a|b é|=| = |#|\r?\n| |# END RECORD){0,24}") {
            let edited = edited(&text, "k", "v").unwrap();
            let all = |text: &str| {
                let found = settings(text, "").0.into_iter().map(|setting| (setting.key.to_owned(), setting.value.to_owned()));
                found.collect::<Vec<_>>()
            };
            let others = |text: &str| all(text).into_iter().filter(|(key, _)| key != "k").collect::<Vec<_>>();
            prop_assert_eq!(others(&edited), others(&text));
            prop_assert_eq!(all(&edited).into_iter().rev().find(|(key, _)| key == "k").unwrap().1, "v");
            prop_assert_eq!(super::edited(&edited, "k", "v"), Ok(edited));
        }
    }
}
