//! An option that joins those of a mount.

use super::fstab::unescape;
use crate::formats::text::edit::Unedited;
use std::ops::Range;

/// Where the fields of a line stand; none of a remark.
fn fields(line: &str) -> Vec<Range<usize>> {
    let mut fields = Vec::new();
    let mut start = None;
    if line.trim_start().starts_with('#') {
        return fields;
    }
    for (at, c) in line.char_indices().chain([(line.len(), ' ')]) {
        match (c.is_whitespace(), start) {
            (true, Some(begin)) => {
                fields.push(begin..at);
                start = None;
            }
            (false, None) => start = Some(at),
            _ => {}
        }
    }
    fields
}

/// fstab in which every line of a mount point has an option.
///
/// # Errors
/// When there is no such line.
pub(crate) fn with_option(text: &str, mount_point: &str, option: &str) -> Result<String, Unedited> {
    let mut is_there = false;
    let lines = text.split_inclusive('\n').map(|line| {
        let fields = fields(line);
        let part = |field: &Range<usize>| line.get(field.clone()).unwrap_or_default();
        let [_, target, kind, rest @ ..] = fields.as_slice() else { return line.to_owned() };
        if unescape(part(target)) != mount_point {
            return line.to_owned();
        }
        is_there = true;
        let mut edited = line.to_owned();
        match rest.first() {
            None => edited.insert_str(kind.end, &format!(" {option}")),
            Some(options) if part(options).split(',').any(|present| present == option) => {}
            Some(options) => {
                let added = format!(",{option}");
                // The next column stays where it is while there is room.
                let behind = rest.get(1).map_or(0, |next| next.start - options.end);
                let spaces =
                    line.get(options.end..).unwrap_or_default().bytes().take_while(|byte| *byte == b' ').count();
                let room = if spaces == behind { added.len().min(behind.saturating_sub(1)) } else { 0 };
                edited.replace_range(options.end..options.end + room, &added);
            }
        }
        edited
    });
    let edited: String = lines.collect();
    if is_there { Ok(edited) } else { Err(Unedited::new(format!("has no line for {mount_point}"))) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::fstab::parse;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_option_is_added() {
        for (text, expected) in [
            ("# a\n/dev/x / ext4 defaults 0 1\n", "# a\n/dev/x / ext4 defaults,_netdev 0 1\n"),
            ("/dev/x  /  ext4  defaults          0 1\n", "/dev/x  /  ext4  defaults,_netdev  0 1\n"),
            ("/dev/x\t/\text4\trw\t0\t1", "/dev/x\t/\text4\trw,_netdev\t0\t1"),
            ("/dev/x / ext4\n", "/dev/x / ext4 _netdev\n"),
            ("/dev/x / ext4 ro\r\n", "/dev/x / ext4 ro,_netdev\r\n"),
            (
                "/dev/x / ext4 ro # remark\n#/dev/y / ext4 ro\n",
                "/dev/x / ext4 ro,_netdev # remark\n#/dev/y / ext4 ro\n",
            ),
            ("/dev/x / ext4 a,_netdev 0 1", "/dev/x / ext4 a,_netdev 0 1"),
        ] {
            let once = with_option(text, "/", "_netdev").unwrap();
            assert_eq!(once, expected);
            assert_eq!(with_option(&once, "/", "_netdev").unwrap(), once);
            assert!(parse(&once, "f").0[0].options.contains(&"_netdev".to_owned()));
        }
        assert!(with_option("UUID=1 /a\\040b vfat ro", "/a b", "nofail").unwrap().ends_with("ro,nofail"));
        assert!(with_option("/dev/x /home ext4\n", "/", "_netdev").is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn other_lines_stay(text in "([a#/é]{1,4}|/| |\t|ext4|,|_netdev|\r?\n){0,40}") {
            let Ok(edited) = with_option(&text, "/", "_netdev") else { return Ok(()) };
            let others = |text: &str| parse(text, "f").0.into_iter().filter(|entry| entry.target != "/").collect::<Vec<_>>();
            prop_assert_eq!(others(&edited), others(&text));
            prop_assert!(parse(&edited, "f").0.iter().all(|entry| entry.target != "/" || entry.options.contains(&"_netdev".to_owned())));
            prop_assert_eq!(with_option(&edited, "/", "_netdev"), Ok(edited));
        }
    }
}
