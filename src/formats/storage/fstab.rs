//! fstab(5), and the escapes that it shares with `/proc/self/mountinfo`.

use super::lines::Table;
use crate::formats::text::harmless::mount;
use crate::formats::text::names;
use isctpl_checks::facts::{FstabEntry, Problem};

const TABLE: Table = Table { name: "fstab", limit: 10_000, least: "three" };

/// Reads fstab: the entries in order, and the lines that are none.
pub(crate) fn parse(text: &str, path: &str) -> (Vec<FstabEntry>, Vec<Problem>) {
    TABLE.entries(text, path, |mut fields, at| {
        let (spec, target, kind) = (fields.next()?, fields.next()?, fields.next()?);
        let options = fields.next().unwrap_or("defaults");
        Some(FstabEntry {
            spec: mount::source(&unquote_tag(&unescape(spec))),
            target: unescape(target),
            kind: unescape(kind),
            options: mount::options(options.split(',').map(unescape)),
            present: None,
            at,
        })
    })
}

/// Decodes `\040` and the other octal escapes of fstab and mountinfo.
pub(crate) fn unescape(field: &str) -> String {
    let bytes = names::encode(field);
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = (byte == b'\\').then(|| bytes.get(at + 1..at + 4)).flatten().and_then(octal);
        match escaped {
            Some(value) => {
                decoded.push(value);
                at += 4;
            }
            None => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    names::decode(&decoded)
}

fn octal(digits: &[u8]) -> Option<u8> {
    let value = digits.iter().try_fold(0u32, |value, digit| match digit {
        b'0'..=b'7' => Some(value * 8 + u32::from(digit - b'0')),
        _ => None,
    })?;
    u8::try_from(value).ok()
}

/// `UUID="…"` means the same as `UUID=…` (libblkid takes both).
fn unquote_tag(spec: &str) -> String {
    match spec.split_once('=') {
        Some((tag, value)) if !spec.starts_with('/') => match value.strip_prefix('"').and_then(|v| v.strip_suffix('"'))
        {
            Some(inner) => format!("{tag}={inner}"),
            None => spec.to_owned(),
        },
        _ => spec.to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use isctpl_checks::facts::Location;
    use proptest::prelude::*;

    const FSTAB: &str = "# comment\n/dev/ubuntu-vg/ubuntu-lv / ext4 defaults,_netdev 0 1\n\
                         UUID=\"1111-2222\"\t/boot\\040dir ext4 ro\nbroken line\n//srv/a\\134b /mnt cifs\n";

    #[test]
    fn reads_entries_and_reports_the_rest() {
        let (entries, problems) = parse(FSTAB, "/etc/fstab");
        assert_eq!(entries.len(), 3);
        assert_eq!(entries[0].options, ["defaults", "_netdev"]);
        assert_eq!(entries[0].at, Location::line("/etc/fstab", 2));
        assert_eq!((entries[1].spec.as_str(), entries[1].target.as_str()), ("UUID=1111-2222", "/boot dir"));
        assert_eq!(entries[2].spec, "//srv/a\\b");
        assert_eq!(entries[2].options, ["defaults"]);
        assert_eq!(problems[0].place, "/etc/fstab:4");
    }

    #[test]
    fn half_an_escape_stays() {
        assert_eq!(unescape("a\\04"), "a\\04");
        assert_eq!(unescape("a\\999b\\777"), "a\\999b\\777");
        assert_eq!(unescape("\\"), "\\");
    }

    #[test]
    fn a_cut_file_is_no_panic() {
        for end in 0..FSTAB.len() {
            let _ = parse(&FSTAB[..end], "/etc/fstab");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
            let _ = parse(&String::from_utf8_lossy(&bytes), "/etc/fstab");
        }
    }
}
