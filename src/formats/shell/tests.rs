#![allow(clippy::unwrap_used)]

use super::*;
use isctpl_checks::facts::{Location, Problem};
use proptest::prelude::*;

fn read(text: &str, path: &str, shell: Shell) -> (Variables, Vec<Problem>) {
    let mut variables = Variables::default();
    let problems = variables.read(text, path, shell);
    (variables, problems)
}

fn value(text: &str, name: &str) -> String {
    read(text, "/etc/default/x", Shell::Bash).0.value(name).text
}

/// Why a value is not known.
fn doubt(variables: &Variables, name: &str) -> String {
    variables.certain(name).unwrap_err().to_string()
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
    let (variables, problems) = read(GRUB, "/etc/default/grub", Shell::Bash);
    assert_eq!(variables.setting("GRUB_TIMEOUT").unwrap().unwrap().value, "5");
    let last = variables.setting("GRUB_CMDLINE_LINUX").unwrap().unwrap();
    assert_eq!(last.value, "iscsi_auto edd=off console=ttyS0");
    assert_eq!(last.at, Location::line("/etc/default/grub", 8));
    assert!(doubt(&variables, "GRUB_DISTRIBUTOR").contains("command"));
    assert_eq!(problems, []);
    assert_eq!(variables.certain("GRUB_NOT_SET"), Ok(None), "no other file is read in");
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
    assert_eq!(value("A=/dev/sda1\nB=${A##*/}${A%\"1\"}${#A}", "B"), "sda1/dev/sda9");
    assert_eq!(value("A=2\nB=$((A * ($A + 1)))", "B"), "6");
    assert_eq!(value("A='$B'", "A"), "$B");
}

#[test]
fn what_may_not_happen_is_marked() {
    let (variables, _) = read(
        "if [ -f /x ]; then\n A=1\nfi\n[ -f /y ] && B=2\n(C=3)\nf() { D=4; }\ncase $x in a) E=5;; esac\nG=6\nH=7 env\n",
        "f",
        Shell::Bash,
    );
    for (name, line) in [("A", 2), ("B", 4), ("C", 5), ("D", 6), ("E", 7)] {
        assert!(doubt(&variables, name).starts_with(&format!("f:{line}: ")), "{name}");
    }
    assert_eq!(variables.certain("G").unwrap().unwrap().at.line, 8);
    assert_eq!(variables.names().collect::<Vec<_>>(), ["A", "B", "C", "D", "E", "G"], "H holds for one command");
}

/// The reader that there was before was sure of each of these.
#[test]
fn what_is_not_certain_is_not_claimed() {
    let uncertain = |text: &str, name: &str| {
        let (variables, problems) = read(text, "f", Shell::Any);
        variables.certain(name).is_err() && (variables.value(name).unclear.is_some() || !problems.is_empty())
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
        "f() { B=2; }\nB=1\nf",
        "f() if :; then B=2; fi\nB=1\nf",
        "export() { :; }\nexport B=2",
        "command export B=$(x)",
        "command -p export B=2",
        "\"export\" B=$(x)",
        "e\\xport B=$(x)",
        "X=export; $X B=1",
        "$X B=1",
        "{export,B=1}",
        "((B++))",
        "time B=2",
        "printf -v B x",
        "'printf' -v B x",
        "exec x $Y\nB=1",
        "set -e\nfalse\nB=1",
        "trap 'B=2' EXIT",
        "declare -i B; B=1+1",
        "case x in ${B:=y}) ;; esac",
        "cat <<E\n${B:=y}\nE",
        "IFS=:; A=x:y; export B=$A",
        "B=1 >/x/y",
        "A=1; B=$LINENO",
        ". /x",
        ". /x\nB=1",
        "A=x\nB=${A#[a-z]}",
        "A=$(x)\nB=${A#x}",
        "A=é\nB=${A#?}",
        "A=é\nB=${#A}",
        "A=x\nB=1 C=$((A))",
        "B=$((1 << 2))",
        "B=1; local A=1",
        "set -e\nx\nB=1",
        "set -e\nA=$(x)\nB=1",
        "set -e\n[ -f /x ] && A=1\nB=1",
        "set -u\nA=$C\nB=1",
        "set -u\nA=${#C}\nB=1",
        "set -u\nA=${C%x}\nB=1",
        "set -f\nB=1",
        "set x\nB=1",
        "readonly B=1\nB=2",
    ] {
        assert!(uncertain(text, "B"), "{text:?}");
    }
    assert_eq!(value(": ${A:=b}\nB=$A", "B"), "b");
    assert_eq!(value("cat <<E\nx\\\nE\nA=1\nE\nA=2", "A"), "2");
    assert_eq!(read("cat <<E\nx\\\nE\nA=1\nE\n", "f", Shell::Any).0.names().count(), 0);
}

/// What shells do before they set anything, and where a name is found behind others.
#[test]
fn values_are_those_of_the_shells() {
    let certain = |text: &str, name: &str| {
        let setting = read(text, "f", Shell::Any).0.certain(name).unwrap().cloned();
        setting.map(|setting| setting.value)
    };
    let value = |text: &str| certain(text, "B").unwrap();
    assert_eq!(value("A=1; export A=2 B=\"$A\""), "1", "words are expanded first");
    assert_eq!(value("A=1; A=2 B=\"$A\""), "2", "assignments one by one");
    assert_eq!(value("command export B=1"), "1");
    assert_eq!(value("\"export\" B=1; \\readonly C=1"), "1");
    assert_eq!(value("X=export; \"$X\" B=1"), "1");
    assert_eq!(value("B=1\nexec x\nB=2"), "1");
    assert_eq!(value("exit &\nB=1"), "1", "in the background it ends nothing");
    assert_eq!(value("exec >/dev/null\nB=1"), "1");
    assert_eq!(value("set -eux\nA=\nexport C=$A D=${X-}\n: >/dev/null\nB=1"), "1");
    assert_eq!(value("set -e\nset +e\nx\nB=1"), "1");
    assert_eq!(value("B=0\nset -e\nx"), "0");
    assert_eq!(value("B=0\n[ -f /x ] && . /x\nB=1"), "1");
    assert_eq!(value("f() { A=1; }\nB=1"), "1");
    assert_eq!(value("for B in x; do :; done\nB=1"), "1");
    assert_eq!(certain("B=1; unset B", "B"), None);
    assert_eq!(certain("B=1 x", "B"), None);
}

#[test]
fn other_files_and_early_ends_are_seen() {
    let text = ". /etc/other\nA=1\ncat <<EOF >/dev/null\nA=2\nEOF\nexit 0\nA=3\n";
    let (variables, problems) = read(text, "f", Shell::Bash);
    assert_eq!(problems, []);
    assert_eq!(variables.certain("A").unwrap().unwrap().value, "1");
    assert!(doubt(&variables, "B").starts_with("f:1: "), "the other file may set it");
}

#[test]
fn an_open_quote_is_a_problem_and_what_came_before_stays() {
    let (variables, problems) = read("A=1\nB=\"x\nC=2\n", "/etc/default/grub", Shell::Bash);
    assert_eq!(variables.value("A").text, "1");
    assert_eq!(problems, [Problem::new("/etc/default/grub:2", "a quote (\") is not closed")]);
    assert!(variables.value("B").unclear.is_some());
    assert_eq!(variables.certain("A"), Err(problems[0].clone()), "the shell stops");
}

#[test]
fn a_value_that_doubles_is_cut() {
    let text = format!("A=0123456789\n{}", "A=$A$A\n".repeat(80));
    let (variables, problems) = read(&text, "f", Shell::Bash);
    assert!(variables.value("A").text.len() <= 64 * 1024);
    assert!(!problems.is_empty());
}

#[test]
fn many_long_values_end() {
    let text = format!("A={}\n{}", "x".repeat(60_000), "A=$A\n".repeat(100_000));
    assert!(!read(&text, "f", Shell::Bash).1.is_empty());
    let text: String = (0..400).map(|number| format!("A{number}={}\n", "x".repeat(60_000))).collect();
    let (variables, problems) = read(&text, "f", Shell::Bash);
    let bytes: usize = variables.names().map(|name| variables.value(name).text.len()).sum();
    assert!(bytes < 16 << 20 && !problems.is_empty());
}

/// Files that are read one after the other share the limit.
#[test]
fn many_files_of_long_values_end() {
    let text = format!("A={}\n{}", "x".repeat(60_000), "A=$A\n".repeat(60));
    let mut variables = Variables::default();
    let problems: Vec<_> = (0..10).map(|_| variables.read(&text, "f", Shell::Bash)).collect();
    assert!(problems[0].is_empty() && !problems[9].is_empty());
}

#[test]
fn deep_nesting_ends() {
    let text = format!("A={}x{}", "${B:-".repeat(5000), "}".repeat(5000));
    assert!(read(&text, "f", Shell::Bash).0.value("A").unclear.is_some());
}

/// What opens and is never closed, and what is written again and again. A reader whose work grows faster than the text
/// does not come to the end of this test in a time that anybody waits.
#[test]
fn hostile_texts_are_read_to_their_end() {
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
            let (variables, problems) = read(&text, "f", Shell::Any);
            assert!(variables.names().count() <= 20_000 && problems.len() <= 20_001);
            commands(&text);
            words::tokens(&text);
            words::at_blanks(&text);
        }
    }
}

#[test]
fn every_truncation_is_read() {
    for end in 0..GRUB.len() {
        read(GRUB.get(..end).unwrap(), "f", Shell::Bash);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
        read(&String::from_utf8_lossy(&bytes), "f", Shell::Bash);
    }

    #[test]
    fn any_shell_like_text_is_read(text in "[a-c=\"'`$\\\\{}();&|<> \n:+-]{0,200}") {
        read(&text, "f", Shell::Bash);
    }
}
