//! The reader of shell text against the shells: what it claims to understand, dash and bash read alike.

use isctpl::formats::shell::{Shell, Variables, commands};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// The variables that cases set.
const NAMES: [&str; 4] = ["A", "B", "C", "D"];

/// How many cases one process reads.
const BATCH: usize = 500;

/// Values of every kind: quotes, escapes, lines that go on, variables, patterns, directories of users.
const PIECES: [&str; 62] = [
    "a",
    "b c",
    "x=y",
    ":",
    "/",
    "~",
    ":~",
    "a#b",
    "#",
    "*",
    "?",
    "[a]",
    "{a,b}",
    "{",
    "}",
    "%",
    "^",
    "!",
    "-",
    "+",
    "=",
    "'q r'",
    "''",
    "\"\"",
    "\"d e\"",
    "\"a\\b\"",
    "\"a\\\"b\"",
    "\"\\$A\"",
    "\"\\\\\"",
    "\"a\\\nb\"",
    "'a\nb'",
    "'a\\b'",
    "\\ ",
    "\\#",
    "\\\"",
    "\\'",
    "\\\\",
    "\\$",
    "\\n",
    "a\\\nb",
    "$A",
    "$B",
    "${A}",
    "${C}x",
    "\"$A\"",
    "\"${B}c\"",
    "$",
    "\"$\"",
    "$=",
    "${A:-d}",
    "${D:-d e}",
    "${D-'q'}",
    "\"${D:-e f}\"",
    "${A:+on}",
    "${D:=set}",
    "${A:-\\}}",
    "\"${D:-a\\}b}\"",
    "$'a\\tb'",
    "$\"t\"",
    "${A%a}",
    "${#A}",
    "ä",
];

/// What stands around assignments.
const LINES: [&str; 70] = [
    "\n",
    ";",
    "; ",
    "\n\n",
    " \\\n",
    "\t",
    " # c\n",
    "#c\n",
    " 'x' \n",
    "\n# it's a comment\n",
    "\r\n",
    "\nif :; then\n",
    "\nfi\n",
    "\nwhile false; do ",
    "\ndone\n",
    "\n{ ",
    "; }\n",
    "\n( ",
    " )\n",
    "\ncase a in\na) ",
    ";;\nesac\n",
    " && ",
    " || ",
    " | ",
    " & ",
    "\ncat <<E\nA=doc\nE\n",
    "\ncat <<'E'\nx\\\nE\n",
    "\ncat <<-E\n\tA=doc\\\n\tE\n\tE\n",
    "\nexit\n",
    "\nunset B\n",
    " nosuch\n",
    "\nexport ",
    "\nreadonly ",
    "\n! ",
    "\nf() { A=f; }\n",
    "\nf() { B=$A",
    "\nf() (B=f)\n",
    "\nf() if :; then C=f; fi\n",
    "\nf\n",
    "; f; ",
    "\nexport() { :; }\n",
    "\nfor A in x y; do :; done\n",
    "\nfor C in; do ",
    "\nexport A=1 B=\"$A\" ",
    "\nexport B=$A A=2 C=${B:-x} ",
    "\nexport D=${A:-1} C=${A:=2} ",
    "\nreadonly A=1 B=\"$A\"\n",
    "\ncommand export ",
    "\ncommand ",
    "\n\\export ",
    "\n'export' ",
    "\ne\"xpor\"t ",
    "\nX=export; $X ",
    "\nX=export; \"$X\" ",
    "\n((A++))\n",
    "\n((B=3))\n",
    "\n((A=1); (B=2))\n",
    "\ntime ",
    "\nprintf -v A x\n",
    "\n\"printf\" -v B x\n",
    "\nexec >/dev/null\n",
    "\nset -e\n",
    "\nset -u\n",
    "\nexit & ",
    "\nreturn\n",
    " >/dev/null\n",
    " >/nonexistent/x\n",
    "\ncase x in ${D:=p}) ;; esac\n",
    "\ncat <<E\n${C:=doc}\nE\n",
    "\nIFS=a\n",
];

/// Kinds of lines, and how many values of cases with such a line are known for certain at least.
const KINDS: [(&str, usize); 7] = [
    ("f() {", 100),
    ("for A", 100),
    ("export A=1 B", 100),
    ("export D=", 100),
    ("command export", 100),
    ("\\export", 100),
    ("exit &", 100),
];

/// Letters of which anything may be written that starts no program: it has no name of a command in it.
const NOISE: &str = "[AB=ab\"'\\\\ \n;#\\$\\{\\}:~+*-]{0,24}";

fn assignment() -> impl Strategy<Value = String> {
    let value = prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..4);
    let op = prop::sample::select(vec!["=", "=", "=", "=", "+="]);
    (prop::sample::select(NAMES.to_vec()), op, value)
        .prop_map(|(name, op, value)| format!("{name}{op}{}", value.concat()))
}

fn script() -> impl Strategy<Value = String> {
    let line = (assignment(), prop::sample::select(LINES.to_vec())).prop_map(|(set, end)| format!("{set}{end}"));
    let plain = assignment().prop_map(|set| format!("{set}\n"));
    prop::collection::vec(prop_oneof![line, plain], 1..5).prop_map(|lines| lines.concat())
}

fn cases(strategy: impl Strategy<Value = String>, count: usize) -> Vec<String> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

/// Runs cases in a shell that finds no programs, each in a subshell of its own, and gives what `print` prints of
/// each. Every case is read with `.`, as the files are that isctpl reads.
fn run(shell: &str, cases: &[String], print: &str) -> Vec<Vec<u8>> {
    let mut answers = Vec::new();
    for batch in cases.chunks(BATCH) {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("empty")).unwrap();
        let mut driver = String::from("cd empty || exit\n");
        for (number, case) in batch.iter().enumerate() {
            fs::write(directory.path().join(format!("c{number}")), case).unwrap();
            driver.push_str(&format!("( trap '{print}; printf \"\\n.\\n\" >&3' EXIT; . ../c{number} )\n"));
        }
        answers.extend(shell_output(shell, &driver, directory.path()));
    }
    assert_eq!(answers.len(), cases.len(), "{shell} answers once for each case");
    answers
}

fn shell_output(shell: &str, driver: &str, directory: &Path) -> Vec<Vec<u8>> {
    fs::write(directory.join("driver"), format!("exec 3>&1 >/dev/null\n{driver}")).unwrap();
    let output = Command::new(format!("/usr/bin/{shell}"))
        .arg("driver")
        .current_dir(directory)
        .env_clear()
        .env("PATH", "/nonexistent")
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut answers: Vec<Vec<u8>> = text.split("\0\n.\n").map(|answer| answer.as_bytes().to_vec()).collect();
    assert_eq!(answers.pop().as_deref(), Some(&b""[..]), "{shell} prints nothing else");
    answers
}

/// What the variables are in a shell in the end, of each case.
fn values(shell: &str, cases: &[String]) -> Vec<Vec<u8>> {
    let print = NAMES.map(|name| format!("printf \"%s\\0\" \"${{{name}-}}\" >&3")).join("; ");
    run(shell, cases, &print)
}

/// What [`Variables::certain`] gives is what a shell has in the end. Tells how many values it gives of each case.
fn agrees(shell: &str, answers: &[Vec<u8>], reader: Shell, cases: &[String]) -> Vec<usize> {
    let mut claims = Vec::new();
    let mut wrong = String::new();
    for (case, answer) in cases.iter().zip(answers) {
        let mut variables = Variables::default();
        variables.read(case, "f", reader);
        let text = str::from_utf8(answer).unwrap();
        let real: Vec<&str> = text.split('\0').collect();
        let mut claimed = 0;
        for (name, real) in NAMES.iter().zip(real) {
            let Ok(setting) = variables.certain(name) else { continue };
            claimed += 1;
            let value = setting.map_or("", |setting| &setting.value);
            if value != real {
                wrong += &format!("{name} is {real:?} in {shell}, not {value:?}, after {case:?}\n");
            }
        }
        claims.push(claimed);
    }
    assert!(wrong.is_empty(), "{wrong}");
    claims
}

#[test]
fn assignments_are_those_of_dash_and_bash() {
    let cases = cases(script(), 6000);
    let (dash, bash) = (values("dash", &cases), values("bash", &cases));
    for (shell, answers, reader, least) in
        [("dash", &dash, Shell::Any, 12_000), ("bash", &bash, Shell::Any, 12_000), ("bash", &bash, Shell::Bash, 13_300)]
    {
        let claims = agrees(shell, answers, reader, &cases);
        let with = |what: &str| -> usize {
            cases.iter().zip(&claims).filter(|(case, _)| case.contains(what)).map(|(_, claims)| claims).sum()
        };
        for (kind, least) in KINDS {
            assert!(with(kind) >= least, "{} values are understood beside {kind:?}", with(kind));
        }
        assert!(with("") > least, "{} values of 24,000 are understood", with(""));
    }
}

#[test]
fn noise_is_read_as_dash_and_bash_read_it() {
    let cases = cases(NOISE.prop_map(|text| text), 3000);
    let (dash, bash) = (values("dash", &cases), values("bash", &cases));
    for (shell, answers, reader) in
        [("dash", &dash, Shell::Any), ("bash", &bash, Shell::Any), ("bash", &bash, Shell::Bash)]
    {
        let claims: usize = agrees(shell, answers, reader, &cases).iter().sum();
        assert!(claims > 2000, "{claims} values of 12,000 are understood");
    }
}

/// Words without variables and patterns, as commands get them.
#[test]
fn words_of_commands_are_those_of_dash_and_bash() {
    const WORDS: [&str; 26] = [
        "a",
        "=",
        "x=y",
        "#",
        "a#b",
        "'q r'",
        "''",
        "\"\"",
        "\"a\\b\"",
        "\"a\\\"\\$b\"",
        "'a\\b'",
        "'a\nb'",
        "\"a\\\nb\"",
        "\\ ",
        "\\#",
        "\\\"",
        "\\\\",
        "\\\n",
        "a\\\nb",
        "\";\"",
        "'#'",
        "\"$\"",
        "'$A'",
        "'`a`'",
        "-u",
        "ü",
    ];
    const ENDS: [&str; 11] = [
        "\n",
        ";",
        " ; ",
        " # c\n",
        "\n#'\n",
        " <<E\nc doc\nE\n",
        " <<'E' x\nc \\\nE\n",
        " >/dev/null\n",
        " 2>/dev/null x\n",
        "\\\n\n",
        "\t\n",
    ];
    let word = prop::collection::vec(prop::sample::select(WORDS.to_vec()), 1..4).prop_map(|parts| parts.concat());
    let words = prop::collection::vec(word, 0..4).prop_map(|words| words.join(" "));
    let line = (words, prop::sample::select(ENDS.to_vec())).prop_map(|(words, end)| format!("c {words}{end}"));
    let script = prop::collection::vec(line, 1..4).prop_map(|lines| lines.concat() + "\nc\n");
    let cases = cases(script, 2000);
    // `c` prints its arguments, each with NUL behind it, and a line end behind the last.
    let prefixed: Vec<String> = cases
        .iter()
        .map(|case| {
            format!("c() {{ printf 'c\\0' >&3; for w; do printf '%s\\0' \"$w\" >&3; done; printf '\\1' >&3; }}\n{case}")
        })
        .collect();
    let mut wrong = String::new();
    for shell in ["dash", "bash"] {
        let mut compared = 0;
        for (case, answer) in cases.iter().zip(run(shell, &prefixed, "printf \"\\0\" >&3")) {
            let real = String::from_utf8(answer).unwrap();
            let own =
                commands(case).0.into_iter().filter(|command| command.words.first().is_some_and(|name| name == "c"));
            let ours: String = own
                .map(|command| command.words.iter().map(|word| format!("{word}\0")).collect::<String>() + "\u{1}")
                .collect();
            // What a shell refuses it does not run.
            let refused = !Variables::default().read(case, "f", Shell::Any).is_empty();
            compared += usize::from(!refused);
            if ours != real && !refused {
                wrong += &format!("{real:?} in {shell}, not {ours:?}: {case:?}\n");
            }
        }
        assert!(compared > 1950, "{compared} cases of 2,000 are compared with {shell}");
    }
    assert!(wrong.is_empty(), "{wrong}");
}
