#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::exec::commands;
use super::*;
use proptest::prelude::*;

const UNIT: &str = "\u{feff}# a comment\n[Unit]\nDescription=Raise network \\\n  # comment inside\n  interfaces\nAfter=a.service b.service\n\n[Service]\n ; another\nExecStart=/bin/one\nExecStart=\nExecStart=-/bin/two \"with blanks\" ; +/bin/three\nRemainAfterExit = yes\nbroken line\n=value\n[Broken\n";

#[test]
fn reads_sections_continuations_and_places() {
    let file = parse(UNIT, "/u.service");
    let description = file.last("Unit", "Description").unwrap();
    assert_eq!(description.value.split_whitespace().collect::<Vec<_>>(), ["Raise", "network", "interfaces"]);
    assert_eq!(description.at, Location::line("/u.service", 3));
    assert_eq!(file.last("Unit", "After").unwrap().at.line, 6);
    assert!(file.boolean("Service", "RemainAfterExit").unwrap().value);
    assert_eq!(file.problems.len(), 3, "{:?}", file.problems);
    assert_eq!(file.problems[0].place, "/u.service:14");
}

#[test]
fn an_empty_assignment_resets_a_list() {
    let mut file = parse(UNIT, "/u.service");
    let starts = file.list("Service", "ExecStart");
    assert_eq!(starts.len(), 1);
    let parsed = commands(&starts[0].value);
    assert_eq!(parsed[0].argv, ["/bin/two", "with blanks"]);
    assert!(parsed[0].ignores_failure);
    assert_eq!(parsed[1].program(), "/bin/three");
    file.merge(parse("[Service]\nExecStart=\nExecStart=/bin/four\n", "/u.service.d/x.conf"));
    let starts = file.list("Service", "ExecStart");
    assert_eq!(starts.len(), 1);
    assert_eq!(starts[0].at, Location::line("/u.service.d/x.conf", 3));
    file.merge(parse("[Unit]\nAfter=\n", "/u.service.d/y.conf"));
    assert!(file.last("Unit", "After").is_none());
}

#[test]
fn more_lines_than_are_read_are_told_whatever_they_are() {
    for line in ["x\n", "[a]\n", "[a\n", "=\n", "a=\n"] {
        let whole = parse(&format!("[s]\n{}", line.repeat(LINE_LIMIT - 1)), "/u");
        assert_eq!(whole.cut, None, "{line}");
        let file = parse(&format!("[s]\n{}", line.repeat(4 << 20)), "/u");
        assert_eq!(file.cut.as_ref().map(|cut| cut.place.as_str()), Some("/u:5001"), "{line}");
        assert!(file.sections.iter().map(Section::lines).sum::<usize>() <= LINE_LIMIT, "{line}");
        assert!(file.problems.len() <= TOLD_LIMIT + 1, "{line}");
        let mut twice = whole.clone();
        twice.merge(whole.clone());
        let kept = whole.sections.len() > 1 || whole.sections[0].lines() > 1;
        assert_eq!(twice.cut.is_some(), kept, "{line}");
        assert!(twice.sections.iter().map(Section::lines).sum::<usize>() <= LINE_LIMIT, "{line}");
        twice = UnitFile::default();
        twice.merge(file);
        assert!(twice.cut.is_some(), "{line}: a drop-in that was cut leaves its unit whole");
    }
}

#[test]
fn a_long_line_counts_as_several() {
    let names = |count: usize| format!("[Match]\nName={}\n", "e ".repeat(count));
    assert_eq!(parse(&names(150_000), "/u").cut, None);
    let what = "a file and its drop-ins have more than 5000 lines of 80 characters; the rest is not read";
    assert_eq!(parse(&names(250_000), "/u").cut.unwrap().to_string(), format!("/u:2: {what}"));
    let mut twice = parse(&names(150_000), "/u");
    twice.merge(parse(&names(150_000), "/d"));
    assert_eq!(twice.cut.unwrap().place, "/d:1");
}

#[test]
fn many_lines_that_are_ignored_are_counted() {
    let file = parse(&"x\n".repeat(100), "/u");
    assert_eq!(file.problems[0].place, "/u:1");
    assert_eq!(file.problems[TOLD_LIMIT].to_string(), "/u: and 84 more lines that systemd ignores");
}

#[test]
fn words_resolve_quotes_and_escapes() {
    assert_eq!(split_words(r#"a 'b c' "d\"e" f\x20g \k"#), ["a", "b c", "d\"e", "f g", "\\k"]);
    assert_eq!(split_words("  "), Vec::<String>::new());
    assert_eq!(split_words("''"), [""]);
    assert_eq!(split_words("'open end"), ["open end"]);
}

#[test]
fn the_first_directory_shadows_the_others() {
    let listings = [
        ("/etc/x", vec!["20-b.conf".to_owned(), ".hidden.conf".to_owned()]),
        ("/usr/lib/x", vec!["10-a.conf".to_owned(), "20-b.conf".to_owned(), "readme".to_owned()]),
    ];
    assert_eq!(conf_files(&listings, ".conf"), ["/usr/lib/x/10-a.conf", "/etc/x/20-b.conf"]);
}

#[test]
fn a_truncation_anywhere_is_read() {
    for end in 0..UNIT.len() {
        if let Some(cut) = UNIT.get(..end) {
            parse(cut, "/u");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
        let text = String::from_utf8_lossy(&bytes);
        parse(&text, "/u");
        split_words(&text);
        commands(&text);
    }
    #[test]
    fn never_panics_on_likely_text(text in "[\\[\\]a-z=#;\\\\\"' \n]{0,200}") {
        let file = parse(&text, "/u");
        file.words("a", "b");
    }
}
