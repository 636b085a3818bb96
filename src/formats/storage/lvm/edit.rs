//! A value that changes in lvm.conf.

use super::tree::{Node, parse};
use crate::formats::text::edit::Unedited;

/// A file in which a list has a pattern or name in front, or a switch another value.
///
/// # Errors
/// When the file is not understood, or does not set this.
pub(crate) fn accepting(text: &str, setting: &str, add: &str) -> Result<String, Unedited> {
    let node = find(text, setting)?;
    let is_list = !setting.ends_with("/use_devicesfile");
    // A pattern that comes behind another may come too late; of names the order is nothing.
    let there = match setting.contains("filter") {
        true => node.values.first().is_some_and(|first| first.as_str() == add),
        false => node.values.iter().any(|value| value.as_str() == add),
    };
    if there {
        return Ok(text.to_owned());
    }
    let written =
        if is_list { format!("\"{}\"", add.replace('\\', "\\\\").replace('"', "\\\"")) } else { add.to_owned() };
    let mut edited = text.to_owned();
    let value = text.get(node.value.clone()).unwrap_or_default();
    match (value.strip_prefix('['), is_list) {
        (Some(rest), true) => {
            let comma = if node.values.is_empty() { if rest.starts_with(' ') { "" } else { " " } } else { "," };
            edited.insert_str(node.value.start + 1, &format!(" {written}{comma}"));
        }
        (None, true) => edited.replace_range(node.value.clone(), &format!("[ {written}, {value} ]")),
        (_, false) => edited.replace_range(node.value.clone(), &written),
    }
    let after = find(&edited, setting)?;
    let has = after.values.first().is_some_and(|first| first.as_str() == add);
    if has {
        Ok(edited)
    } else {
        Err(Unedited::at(node.line as usize, format!("sets {setting} in a way that isctpl does not edit")))
    }
}

/// The last node of a setting: where it stands twice, that one holds.
fn find(text: &str, setting: &str) -> Result<Node, Unedited> {
    let (nodes, problem) = parse(text, "");
    if let Some(problem) = problem {
        let line = problem.place.trim_start_matches(':').parse().ok();
        return Err(Unedited { line, what: problem.what });
    }
    let path: Vec<&str> = setting.split('/').collect();
    let found = nodes.into_iter().rev().find(|node| node.is(&path));
    found.ok_or_else(|| Unedited::new(format!("does not set {setting}")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_pattern_comes_first() {
        for (text, expected) in [
            (
                "devices {\n\t# filter = [ \"x\" ]\n\tfilter = [ \"r|.*|\" ] # why\n\tdir = \"/dev\"\n}\n",
                "devices {\n\t# filter = [ \"x\" ]\n\tfilter = [ \"a|^/dev/sd|\", \"r|.*|\" ] # why\n\tdir = \"/dev\"\n}\n",
            ),
            ("devices/filter=[\"r|.*|\"]", "devices/filter=[ \"a|^/dev/sd|\",\"r|.*|\"]"),
            ("devices { filter = \"r|.*|\" }\r\n", "devices { filter = [ \"a|^/dev/sd|\", \"r|.*|\" ] }\r\n"),
            (
                "devices {\n filter = [\n  # first\n  'r|.*|',\n ]\n}",
                "devices {\n filter = [ \"a|^/dev/sd|\",\n  # first\n  'r|.*|',\n ]\n}",
            ),
            ("devices { filter = [] }", "devices { filter = [ \"a|^/dev/sd|\" ] }"),
            (
                "devices { filter = [ \"r|.*|\", \"a|^/dev/sd|\" ] }",
                "devices { filter = [ \"a|^/dev/sd|\", \"r|.*|\", \"a|^/dev/sd|\" ] }",
            ),
        ] {
            let once = accepting(text, "devices/filter", "a|^/dev/sd|").unwrap();
            assert_eq!(once, expected);
            assert_eq!(accepting(&once, "devices/filter", "a|^/dev/sd|").unwrap(), once);
        }
    }

    #[test]
    fn names_and_switches_change_too() {
        let lists = "activation {\n volume_list = [ \"a\", \"b\" ]\n}\n";
        assert_eq!(accepting(lists, "activation/volume_list", "b").unwrap(), lists);
        assert!(accepting(lists, "activation/volume_list", "c").unwrap().contains("[ \"c\", \"a\", \"b\" ]"));
        let switch = accepting("devices { use_devicesfile = 1 # x\n}", "devices/use_devicesfile", "0").unwrap();
        assert_eq!(switch, "devices { use_devicesfile = 0 # x\n}");
        assert!(accepting("devices { }", "devices/filter", "a|x|").is_err());
        assert_eq!(accepting("devices {\n filter = ", "devices/filter", "a|x|").unwrap_err().line, Some(2));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn other_settings_stay(text in "(devices|filter|a|\\{|\\}|=|/|\\[|\\]|,|\"r\"|'é'|1|#x|\r?\n| ){0,24}") {
            let Ok(edited) = accepting(&text, "devices/filter", "a|x|") else { return Ok(()) };
            let all = |text: &str| parse(text, "").0.into_iter().map(|node| (node.path().collect::<String>(), node.values)).collect::<Vec<_>>();
            let (before, after) = (all(&text), all(&edited));
            prop_assert_eq!(before.len(), after.len());
            let changed = before.iter().zip(&after).filter(|(before, after)| before != after).count();
            prop_assert!(changed <= 1);
            prop_assert_eq!(accepting(&edited, "devices/filter", "a|x|"), Ok(edited));
        }

        #[test]
        fn a_set_filter_is_edited(before in "(a = 1|#x|dir = \"é\"|\n| ){0,6}", list in "(\\[ *(\"r\"(, *'b')?)? *\\]|\"r\")") {
            let text = format!("{before}\ndevices {{\n filter = {list} # y\n}}\n");
            prop_assume!(parse(&text, "").1.is_none());
            prop_assert!(accepting(&text, "devices/filter", "a|x|").is_ok());
        }
    }
}
