#![allow(clippy::unwrap_used)]

use super::super::{Shell, Variables};
use super::*;
use crate::formats::cmdline::edit::raw_words;
use proptest::prelude::*;
use std::process::Command;

const NAME: &str = "GRUB_CMDLINE_LINUX";

fn meant(word: &str) -> bool {
    word == "old" || word.split('=').next() == Some("iscsi_password")
}

fn words(line: &str) -> Vec<String> {
    raw_words(line).into_iter().map(|word| word.text).collect()
}

/// The words of the variable as the reader has them, where it understands all of the text.
fn read(text: &str) -> Option<Vec<String>> {
    let mut variables = Variables::default();
    variables.read(text, "f", Shell::Any).is_empty().then(|| words(&variables.value(NAME).text))
}

/// Words removed, then added.
fn edited(text: &str) -> Result<String, Unedited> {
    let text = without_words(text, NAME, meant)?;
    if read(&text).unwrap_or_default().contains(&"new=1".to_owned()) {
        Ok(text)
    } else {
        with_words(&text, NAME, &["new=1"])
    }
}

#[test]
fn only_what_is_meant_changes() {
    for (text, expected) in [
        ("", "GRUB_CMDLINE_LINUX=\"new=1\"\n"),
        ("A=1", "A=1\nGRUB_CMDLINE_LINUX=\"new=1\"\n"),
        ("A=1\r\n", "A=1\r\nGRUB_CMDLINE_LINUX=\"new=1\"\r\n"),
        ("GRUB_CMDLINE_LINUX=\"\"\n", "GRUB_CMDLINE_LINUX=\"new=1\"\n"),
        ("GRUB_CMDLINE_LINUX=\n", "GRUB_CMDLINE_LINUX=\"new=1\"\n"),
        ("GRUB_CMDLINE_LINUX=''", "GRUB_CMDLINE_LINUX='new=1'"),
        ("GRUB_CMDLINE_LINUX=quiet # why\n", "GRUB_CMDLINE_LINUX=\"quiet new=1\" # why\n"),
        ("GRUB_CMDLINE_LINUX=$A\n", "GRUB_CMDLINE_LINUX=\"$A new=1\"\n"),
        ("GRUB_CMDLINE_LINUX=a\\ old\\ b\n", "GRUB_CMDLINE_LINUX=a\\ b\" new=1\"\n"),
        ("# c\nGRUB_CMDLINE_LINUX=\"a old\" # d\nB=2\n", "# c\nGRUB_CMDLINE_LINUX=\"a new=1\" # d\nB=2\n"),
        ("GRUB_CMDLINE_LINUX='old a '\n", "GRUB_CMDLINE_LINUX='a new=1 '\n"),
        ("GRUB_CMDLINE_LINUX=\"a \\\n  old \\\n  b\"\n", "GRUB_CMDLINE_LINUX=\"a\\\n \\\n  b new=1\"\n"),
        ("GRUB_CMDLINE_LINUX=\"a old\"\r\n", "GRUB_CMDLINE_LINUX=\"a new=1\"\r\n"),
        ("GRUB_CMDLINE_LINUX=\"x=\\\"p q\\\"\"\n", "GRUB_CMDLINE_LINUX=\"x=\\\"p q\\\" new=1\"\n"),
        ("GRUB_CMDLINE_LINUX=\"a iscsi_password=\\\"p q\\\" b\"\n", "GRUB_CMDLINE_LINUX=\"a b new=1\"\n"),
        (
            "GRUB_CMDLINE_LINUX=\"old\"\nGRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX b\"\n",
            "GRUB_CMDLINE_LINUX=\"\"\nGRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX b new=1\"\n",
        ),
        (
            "export GRUB_CMDLINE_LINUX=\"${GRUB_CMDLINE_LINUX} old\"",
            "export GRUB_CMDLINE_LINUX=\"${GRUB_CMDLINE_LINUX} new=1\"",
        ),
        (
            "if [ -e /x ]; then\n\tGRUB_CMDLINE_LINUX=\"old b\"\nfi\n",
            "if [ -e /x ]; then\n\tGRUB_CMDLINE_LINUX=\"b\"\nfi\nGRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX new=1\"\n",
        ),
        ("GRUB_CMDLINE_LINUX=\"$(cat /x)\"\n", "GRUB_CMDLINE_LINUX=\"$(cat /x) new=1\"\n"),
        ("GRUB_CMDLINE_LINUX+=\" a\"\n", "GRUB_CMDLINE_LINUX+=\" a new=1\"\n"),
        ("GRUB_CMDLINE_LINUX+=\" old \"\n", "GRUB_CMDLINE_LINUX+=\" new=1 \"\n"),
        ("GRUB_CMDLINE_LINUX+=\"\"\n", "GRUB_CMDLINE_LINUX+=\" new=1\"\n"),
        ("GRUB_CMDLINE_LINUX=\"a -- b\"\n", "GRUB_CMDLINE_LINUX=\"a new=1 -- b\"\n"),
        ("GRUB_CMDLINE_LINUX=\"a new=1\"\n", "GRUB_CMDLINE_LINUX=\"a new=1\"\n"),
        ("GRUB_CMDLINE_LINUX=\"a\" true\n", "GRUB_CMDLINE_LINUX=\"a\" true\nGRUB_CMDLINE_LINUX=\"new=1\"\n"),
    ] {
        let once = edited(text).unwrap();
        assert_eq!(once, expected, "{text:?}");
        assert_eq!(edited(&once).unwrap(), once, "twice: {text:?}");
    }
}

#[test]
fn what_cannot_be_edited_is_refused_with_its_line_and_without_the_secret() {
    for (text, line) in [
        ("A=1\nGRUB_CMDLINE_LINUX=\"$(echo old)\"\n", 2),
        ("GRUB_CMDLINE_LINUX=\"${A:-old}\"\n", 1),
        ("\nGRUB_CMDLINE_LINUX=\"`cat x; echo iscsi_password=geheim`\"\n", 2),
        ("A=1\nGRUB_CMDLINE_LINUX=\"a iscsi_password=geheim\n", 2),
        ("GRUB_CMDLINE_LINUX=(a old)\n", 1),
        ("A=1\nfi\nGRUB_CMDLINE_LINUX=\"old\"\n", 2),
    ] {
        let refused = edited(text).unwrap_err();
        assert_eq!(refused.line, Some(line), "{text:?}: {refused}");
        assert!(!refused.what.contains("geheim"));
    }
}

#[test]
fn a_value_is_set_where_it_stands() {
    for (text, expected) in [
        ("MODULES=dep\n", "MODULES=most\n"),
        (
            "# MODULES: [ most | dep ]\nMODULES=\"dep\" # x\nB=1\n",
            "# MODULES: [ most | dep ]\nMODULES=\"most\" # x\nB=1\n",
        ),
        ("MODULES='dep'\r\n", "MODULES='most'\r\n"),
        ("", "MODULES=most\n"),
        ("MODULES=list\nMODULES=dep", "MODULES=list\nMODULES=most"),
        ("MODULES=\"most\"\n", "MODULES=\"most\"\n"),
        ("MODULES=$X\n", "MODULES=most\n"),
    ] {
        let once = with_value(text, "MODULES", "most").unwrap();
        assert_eq!(once, expected);
        assert_eq!(with_value(&once, "MODULES", "most").unwrap(), once);
    }
    assert_eq!(with_value("[ -e /x ] && MODULES=dep\n", "MODULES", "most").unwrap_err().line, Some(1));
    assert_eq!(with_value("R=auto\n", "R", "").unwrap(), "R=\"\"\n");
}

#[test]
fn nothing_is_added_to_a_line_that_goes_on() {
    for text in ["A=b\\\n", "A=b\\", "A=1\necho \\\n \\\n"] {
        assert!(with_value(text, "X", "a b").unwrap_err().line.is_some(), "{text:?}");
        assert!(with_words(text, "X", &["a"]).unwrap_err().line.is_some(), "{text:?}");
    }
    // Both are set there.
    assert_eq!(with_value("A=b \\\n", "X", "a b").unwrap(), "A=b \\\nX=\"a b\"\n");
    assert_eq!(with_value("# a \\\n", "X", "a b").unwrap(), "# a \\\nX=\"a b\"\n");
}

/// The words that dash has of the variable once it has read the text.
fn by_dash(text: &str) -> Option<Vec<String>> {
    let script = format!("{text}\nprintf '%s' \"${NAME}\"\n");
    let output = Command::new("dash").arg("-c").arg(script).env_clear().output().ok()?;
    let line = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| words(&line))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn a_real_shell_reads_what_is_meant(value in "(a|old|b=1|c| | |\"|'|\\\\ |\\\\\n|\\$A|\\$\\{GRUB_CMDLINE_LINUX\\}){0,8}",
                                        before in "(A=1|B=\"x\ny\"|GRUB_CMDLINE_LINUX='a old'|)\n",
                                        end in "(\n| # c\n|; C=2\n|)") {
        let text = format!("{before}{NAME}={value}{end}");
        let Some(words) = by_dash(&text) else { return Ok(()) };
        let Ok(new) = edited(&text) else { return Ok(()) };
        let wanted = |words: Vec<String>| {
            words.into_iter().filter(|word| !meant(word)).chain(["new=1".to_owned()]).collect::<Vec<_>>()
        };
        // What variables put together, such as `old$A`, is not taken apart: whoever edits reads it again and refuses.
        prop_assume!(read(&text).is_some_and(|words| read(&new) == Some(wanted(words))));
        prop_assert_eq!(by_dash(&new), Some(wanted(words)), "{:?} -> {:?}", text, new);
        prop_assert_eq!(edited(&new), Ok(new));
    }

    #[test]
    fn any_text_is_edited_or_refused(text in "(GRUB_CMDLINE_LINUX|=|\"|'|\\$|\\(|\\)|`|old|\n|\\\\| |;|&&|if|fi|\r|é){0,16}") {
        let _ = edited(&text);
        let _ = with_value(&text, NAME, "x");
    }
}
