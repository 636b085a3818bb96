//! mdadm.conf(5): which arrays it names, and whether others are assembled (`config.c` of mdadm).

use crate::formats::text::harmless::is_device;
use isctpl_checks::facts::{HIDDEN, Located, Location, MdArray};

/// The most lines of arrays that are kept.
const LIMIT: usize = 256;

/// What such a file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct MdadmConf {
    /// `ARRAY` lines.
    pub(crate) arrays: Vec<Located<MdArray>>,
    /// The line by which arrays of Linux's own metadata are assembled only where one of these lines names them.
    pub(crate) named_only: Option<Located<String>>,
}

/// Reads the file. A line that begins with a blank goes on with the one before; keywords are taken in any case, and
/// three letters of one are enough.
pub(crate) fn parse(text: &str, path: &str) -> MdadmConf {
    let mut conf = MdadmConf::default();
    for (line, words) in lines(text) {
        let at = Location::line(path, line);
        let Some((keyword, rest)) = words.split_first() else { continue };
        if is_keyword(keyword, "array") && conf.arrays.len() < LIMIT {
            conf.arrays.push(Located::new(array(rest), at));
        } else if is_keyword(keyword, "auto") && conf.named_only.is_none() {
            // The first word that is for a kind of metadata decides; `homehost` hangs on names that are not known.
            let decides =
                |word: &&&str| word.trim_start_matches(['+', '-']).eq_ignore_ascii_case("all") || word.ends_with("1.x");
            if rest.iter().find(decides).is_some_and(|word| word.starts_with('-')) {
                conf.named_only = Some(Located::new(format!("AUTO {}", shown(rest)), at));
            }
        }
    }
    conf
}

/// What follows `AUTO`, as far as it is known.
fn shown(words: &[&str]) -> String {
    let is_known =
        |word: &str| word.len() <= 16 && word.bytes().all(|c| c.is_ascii_alphanumeric() || b"+-.".contains(&c));
    words.iter().map(|word| if is_known(word) { *word } else { HIDDEN }).collect::<Vec<_>>().join(" ")
}

fn is_keyword(word: &str, keyword: &str) -> bool {
    word.len() >= 3 && keyword.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word))
}

fn array(words: &[&str]) -> MdArray {
    let device = words.iter().find(|word| !word.contains('=')).map(|word| match word.strip_prefix('/') {
        Some(_) => (*word).to_owned(),
        // A bare name stands for one below /dev/md.
        None => format!("/dev/md/{word}"),
    });
    let uuid = words.iter().find_map(|word| {
        let (key, value) = word.split_once('=')?;
        key.eq_ignore_ascii_case("uuid").then_some(value)
    });
    let ignored = words.iter().any(|word| word.eq_ignore_ascii_case("<ignore>"));
    MdArray { device: device.filter(|device| is_device(device)), uuid: uuid.and_then(digits), ignored }
}

/// The 32 digits of a UUID, however they are grouped.
pub(crate) fn digits(uuid: &str) -> Option<String> {
    let digits: String = uuid.chars().filter(|c| !matches!(c, ':' | '-' | '.' | ' ')).collect();
    (digits.len() == 32 && digits.bytes().all(|c| c.is_ascii_hexdigit())).then(|| digits.to_ascii_lowercase())
}

/// The words of each line, with the number of the line that it begins at.
fn lines(text: &str) -> Vec<(u32, Vec<&str>)> {
    let mut lines: Vec<(u32, Vec<&str>)> = Vec::new();
    for (number, raw) in (1u32..).zip(text.lines()) {
        let line = raw.split('#').next().unwrap_or_default();
        let words = line.split_whitespace().map(|word| word.trim_matches(['"', '\'']));
        match lines.last_mut() {
            Some((_, open)) if raw.starts_with([' ', '\t']) => open.extend(words),
            _ if line.trim().is_empty() => {}
            _ => lines.push((number, words.collect())),
        }
    }
    lines
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn arrays_and_what_is_assembled_by_itself() {
        let text = "# mdadm.conf\nHOMEHOST <system>\nMAILADDR root\nARRAY /dev/md/0  metadata=1.2\n   \
                    UUID=B1A2C3D4:e5f60718:293a4b5c:6d7e8f90 name=host:0\narr root uuid=1:2\nAUTO +imsm -all\n";
        let conf = parse(text, "/etc/mdadm.conf");
        assert_eq!(conf.arrays.len(), 2);
        assert_eq!(conf.arrays[0].at, Location::line("/etc/mdadm.conf", 4));
        assert_eq!(conf.arrays[0].value.device.as_deref(), Some("/dev/md/0"));
        assert_eq!(conf.arrays[0].value.uuid.as_deref(), Some("b1a2c3d4e5f60718293a4b5c6d7e8f90"));
        assert_eq!(
            (conf.arrays[1].value.device.as_deref(), conf.arrays[1].value.uuid.as_deref()),
            (Some("/dev/md/root"), None)
        );
        assert_eq!(conf.named_only.unwrap().value, "AUTO +imsm -all");
        for (auto, only) in
            [("+1.x -all", false), ("-1.x +all", true), ("+all", false), ("homehost", false), ("-ddf", false)]
        {
            assert_eq!(parse(&format!("AUTO {auto}\n"), "c").named_only.is_some(), only, "{auto}");
        }
    }

    #[test]
    fn an_array_that_is_to_be_left_alone_is_told() {
        let conf = parse("ARRAY <ignore> UUID=b1a2c3d4:e5f60718:293a4b5c:6d7e8f90\nARRAY md0\n", "c");
        let told: Vec<bool> = conf.arrays.iter().map(|array| array.value.ignored).collect();
        assert_eq!(told, [true, false]);
        assert_eq!(conf.arrays[0].value.device, None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn never_panics(text in "([a-zé]{1,5}|ARRAY|AUTO|[-+]all|UUID=|[ \t\n#:=\"]){0,60}") {
            let _ = parse(&text, "/etc/mdadm.conf");
        }
    }
}
