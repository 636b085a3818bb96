#![allow(clippy::unwrap_used)]

use super::*;
use isctpl_checks::facts::{Location, Problem};
use proptest::prelude::*;

fn value(text: &str, name: &str) -> String {
    parse(text, "/etc/default/x", Shell::Bash).value(name).unwrap().to_owned()
}

const GRUB: &str = r#"# If you change this file, run 'update-grub' afterwards.
GRUB_DEFAULT=0
GRUB_TIMEOUT=5   # seconds
GRUB_DISTRIBUTOR=`( . /etc/os-release; echo ${NAME:-Debian} ) 2>/dev/null || echo Debian`
GRUB_CMDLINE_LINUX_DEFAULT="quiet"
export GRUB_CMDLINE_LINUX="iscsi_auto \
edd=off"
GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX console=ttyS0"
GRUB_BADRAM="0x01234567,0xfefefefe"
"#;

#[test]
fn a_grub_defaults_file_is_read_as_sh_reads_it() {
    let script = parse(GRUB, "/etc/default/grub", Shell::Bash);
    assert_eq!(script.value("GRUB_TIMEOUT"), Some("5"));
    assert_eq!(script.value("GRUB_CMDLINE_LINUX"), Some("iscsi_auto edd=off console=ttyS0"));
    let last = script.last("GRUB_CMDLINE_LINUX").unwrap();
    assert_eq!((last.line, last.conditional, last.unclear), (8, false, None));
    assert!(script.last("GRUB_DISTRIBUTOR").unwrap().unclear.unwrap().contains("command"));
    assert!(script.problems.is_empty(), "{:?}", script.problems);
    assert!(script.sourced.is_empty());
}

#[test]
fn quotes_and_escapes() {
    assert_eq!(value("A='a \"'b", "A"), "a \"b");
    assert_eq!(value(r#"A="a\"b\$c\d""#, "A"), r#"a"b$c\d"#);
    assert_eq!(value(r"A=a\ b\#c#d", "A"), "a b#c#d");
    assert_eq!(value("A='x'\"y\"z", "A"), "xyz");
    assert_eq!(value("A=\nB=1", "A"), "");
    assert_eq!(value("A=1\r\nB=2\r\n", "A"), "1");
    assert_eq!(value("A=a=b", "A"), "a=b");
}

#[test]
fn variables_of_before_are_put_in() {
    assert_eq!(value("A=1; B=${A}2$A-$C", "B"), "121-");
    assert_eq!(value("B=${A:-x ${C:-'y'}}", "B"), "x y");
    assert_eq!(value("A=1 B=2\nA+=3", "A"), "13");
    assert_eq!(value("A=1\nB=${A:+on}${A-off}", "B"), "on1");
    assert!(parse("A=${B%%x}", "f", Shell::Bash).last("A").unwrap().unclear.is_some());
    assert_eq!(value("A='$B'", "A"), "$B");
}

#[test]
fn what_may_not_happen_is_marked() {
    let script = parse(
        "if [ -f /x ]; then\n A=1\nfi\n[ -f /y ] && B=2\n(C=3)\nf() { D=4; }\ncase $x in a) E=5;; esac\nG=6\nH=7 env\n",
        "f",
        Shell::Bash,
    );
    let seen: Vec<_> =
        script.assignments.iter().map(|item| (item.name.as_str(), item.line, item.conditional)).collect();
    assert_eq!(seen, [("A", 2, true), ("B", 4, true), ("C", 5, true), ("D", 6, true), ("E", 7, true), ("G", 8, false)]);
}

/// The reader that there was before was sure of each of these.
#[test]
fn what_is_not_certain_is_not_claimed() {
    let uncertain = |text: &str, name: &str| {
        let mut variables = Variables::default();
        let script = parse_after(text, "f", Shell::Any, &mut variables);
        variables.value(name).unclear.is_some() || !script.problems.is_empty()
    };
    for text in [
        "A=$(x)\nB=$A",
        "if x; then A=1; fi\nB=$A",
        "for A in x; do :; done\nB=$A",
        "B=1 | x",
        "B=1 &",
        "B=~/x",
        "B=$'a\\tb'",
        "B=$\"a\"",
        "B=$HOME",
        "B=1\r",
        "C+=2 B=1",
        "[ -f /x ] && exit\nB=1",
        ")\nB=1",
        "B='it is' && fi",
        "eval B=2",
        "readonly B=1\nB=2",
    ] {
        assert!(uncertain(text, "B"), "{text:?}");
    }
    assert_eq!(value(": ${A:=b}\nB=$A", "B"), "b");
    assert_eq!(value("cat <<E\nx\\\nE\nA=1\nE\nA=2", "A"), "2");
    assert!(parse("cat <<E\nx\\\nE\nA=1\nE\n", "f", Shell::Any).assignments.is_empty());
}

#[test]
fn other_files_and_early_ends_are_seen() {
    let script = parse(". /etc/other\nA=1\ncat <<EOF >/dev/null\nA=2\nEOF\nexit 0\nA=3\n", "f", Shell::Bash);
    assert_eq!(script.sourced, [(Location::line("f", 1), "/etc/other".to_owned())]);
    assert_eq!(script.value("A"), Some("1"));
}

#[test]
fn an_open_quote_is_a_problem_and_what_came_before_stays() {
    let script = parse("A=1\nB=\"x\nC=2\n", "/etc/default/grub", Shell::Bash);
    assert_eq!(script.value("A"), Some("1"));
    assert_eq!(script.problems, [Problem::new("/etc/default/grub:2", "a quote (\") is not closed")]);
    assert!(script.last("B").unwrap().unclear.is_some());
}

#[test]
fn a_value_that_doubles_is_cut() {
    let text = format!("A=0123456789\n{}", "A=$A$A\n".repeat(80));
    let script = parse(&text, "f", Shell::Bash);
    assert!(script.value("A").unwrap().len() <= 64 * 1024);
    assert!(!script.problems.is_empty());
}

#[test]
fn many_long_values_end() {
    let text = format!("A={}\n{}", "x".repeat(60_000), "A=$A\n".repeat(100_000));
    let script = parse(&text, "f", Shell::Bash);
    let bytes: usize = script.assignments.iter().map(|assignment| assignment.value.len()).sum();
    assert!(bytes < 16 << 20 && !script.problems.is_empty());
}

#[test]
fn deep_nesting_ends() {
    let text = format!("A={}x{}", "${B:-".repeat(5000), "}".repeat(5000));
    assert!(parse(&text, "f", Shell::Bash).last("A").unwrap().unclear.is_some());
}

/// What opens and is never closed, and what is written again and again: each text is read in time in proportion to it.
#[test]
fn hostile_texts_are_read_in_no_time() {
    let start = std::time::Instant::now();
    for piece in [
        "$(",
        "`",
        "\"$(",
        "${a:-",
        "${a:=",
        "\"${a:-",
        "((",
        "$((",
        "case x in a)",
        "<<a ",
        "<<a\n",
        "a\\\n",
        "$a\\\n",
        "A=1;",
        "a ",
        "A=$A$A$A\n",
        "{ ",
        "if a;then ",
        "a=(",
        "'",
        "$'",
        ">",
        "export A ",
        "$(case x in a) b;; esac) ",
    ] {
        let text = piece.repeat((24 << 10) / piece.len());
        for text in [text.clone(), format!("x=\"{text}\""), format!("{}{text}{}", "$( ".repeat(15), ")".repeat(15))] {
            let script = parse(&text, "f", Shell::Any);
            assert!(script.assignments.len() <= 20_000 && script.problems.len() <= 20_001);
            commands(&text);
            words::tokens(&text);
            words::at_blanks(&text);
        }
    }
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

#[test]
fn every_truncation_is_read() {
    for end in 0..GRUB.len() {
        parse(GRUB.get(..end).unwrap(), "f", Shell::Bash);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
        parse(&String::from_utf8_lossy(&bytes), "f", Shell::Bash);
    }

    #[test]
    fn any_shell_like_text_is_read(text in "[a-c=\"'`$\\\\{}();&|<> \n:+-]{0,200}") {
        parse(&text, "f", Shell::Bash);
    }
}
