//! Words of the command line in a Boot Loader Specification entry.

use crate::formats::cmdline::edit::{missing, with, without};
use crate::formats::text::edit::append;

/// The value of an `options` line, and where it begins in the line.
fn options(line: &str) -> Option<(usize, &str)> {
    let line = line.trim_end_matches(['\n', '\r']);
    let value = line.trim_start().strip_prefix("options")?;
    let value = Some(value).filter(|value| value.is_empty() || value.starts_with([' ', '\t']))?.trim_start();
    Some((line.len() - value.len(), value.trim_end()))
}

/// An entry whose options lose words, and get others that stand in none of its lines, nor in the values of
/// `variables` that it names.
pub(crate) fn edited(entry: &str, meant: impl Fn(&str) -> bool, add: &[String], variables: &[(&str, &str)]) -> String {
    let lines: Vec<&str> = entry.split_inclusive('\n').collect();
    let mut edited: Vec<String> = Vec::new();
    let mut last = None;
    for (index, line) in lines.iter().enumerate() {
        edited.push(match options(line) {
            Some((start, value)) => {
                last = Some(index);
                replaced(line, start, value, &without(value, &meant))
            }
            None => (*line).to_owned(),
        });
    }
    let named = |name: &str| {
        edited.iter().filter_map(|line| options(line)).any(|(_, value)| {
            value.split([' ', '\t']).any(|word| word == format!("${name}") || word == format!("${{{name}}}"))
        })
    };
    let mut there: Vec<&str> = variables.iter().filter(|(name, _)| named(name)).map(|(_, value)| *value).collect();
    there.extend(edited.iter().filter_map(|line| options(line)).map(|(_, value)| value));
    let new = missing(&there, add);
    if new.is_empty() {
        return edited.concat();
    }
    let Some(line) = last.and_then(|last| edited.get_mut(last)) else {
        return append(entry, &[&format!("options {}", new.join(" "))]);
    };
    if let Some((start, value)) = options(line) {
        // No blank may stand behind the key of a line without a value.
        let blank = if line.get(..start).is_some_and(|key| key.ends_with("options")) { " " } else { "" };
        *line = replaced(line, start, value, &format!("{blank}{}", with(value, &new)));
    }
    edited.concat()
}

fn replaced(line: &str, start: usize, value: &str, new: &str) -> String {
    let mut edited = line.to_owned();
    edited.replace_range(start..start + value.len(), new);
    edited
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(entry: &str) -> String {
        let variables = [("kernelopts", "root=/dev/x there=1")];
        edited(entry, |word| word == "old", &["new=1".to_owned(), "there=1".to_owned()], &variables)
    }

    #[test]
    fn options_change_and_all_else_stays() {
        for (entry, expected) in [
            (
                "title A\n# c\noptions root=/x old ro\nlinux /v\n",
                "title A\n# c\noptions root=/x ro new=1 there=1\nlinux /v\n",
            ),
            ("options\told a\noptions b\n", "options\ta\noptions b new=1 there=1\n"),
            ("linux /v", "linux /v\noptions new=1 there=1\n"),
            ("linux /v\r\noptions a old\r\n", "linux /v\r\noptions a new=1 there=1\r\n"),
            ("options $kernelopts old $tuned_params", "options $kernelopts $tuned_params new=1"),
            ("options\r\nlinux /v\n", "options new=1 there=1\r\nlinux /v\n"),
            ("options\nlinux /v\n", "options new=1 there=1\nlinux /v\n"),
            ("options old\n", "options new=1 there=1\n"),
            ("  options a new=1 there=1\n", "  options a new=1 there=1\n"),
        ] {
            let once = edit(entry);
            assert_eq!(once, expected, "{entry:?}");
            assert_eq!(edit(&once), once);
            assert!(super::super::parse(&once, "a.conf", "a").0.options.contains("new=1"));
        }
    }
}
