//! Generated files of variables, of the shapes that real ones have.

use super::super::random::Random;

const NAMES: [&str; 4] = ["A", "B", "C", "D"];

/// Values without quotes.
const BARE: [&str; 24] = [
    "0",
    "5",
    "yes",
    "no",
    "true",
    "-1",
    "quiet",
    "/dev/sda1",
    "iscsi_auto",
    "UUID=0a1b-2c3d",
    "a:b:c",
    "ttyS0,115200n8",
    "a\\ b",
    "a#b",
    "",
    "saved",
    "\"\"",
    "''",
    "x=y",
    "10.0.0.1/24",
    "a\\\nb",
    "!",
    "@",
    "%h",
];
/// Values in quotes, or what stands within.
const QUOTED: [&str; 22] = [
    "quiet splash",
    "console=tty0 console=ttyS0,115200n8",
    "",
    "a  b",
    "net.ifnames=0",
    "it is",
    "#no",
    "a;b",
    "a&b|c",
    "*.conf",
    "~",
    "a\\b",
    "(x)",
    "<y>",
    "é",
    "a\\\nb",
    "a\nb",
    "0-3,5",
    "{a,b}",
    "%(x)s",
    "=",
    "a=b c=d",
];
const EXPANSIONS: [&str; 46] = [
    "$A",
    "$B",
    "${A}",
    "${C}",
    "\"$A\"",
    "\"$A quiet\"",
    "\"${A} ${B}\"",
    "\"$A$C\"",
    "${A:-x}",
    "${D:-x}",
    "\"${D:-a b}\"",
    "${D-}",
    "\"${B:+ on}\"",
    "\"${B:+$B }quiet\"",
    "${C:=x}",
    "${A#/dev/}",
    "${A##*/}",
    "${A%/*}",
    "${A%%:*}",
    "\"${B#*=}\"",
    "\"${B%%=*}\"",
    "${#A}",
    "\"${A%1}\"",
    "\"${A#[a-q]}\"",
    "\"${A%\"$B\"}\"",
    "${A%?}",
    "${C##\\*}",
    "\"${C#'*'}\"",
    "\"${A%$B}\"",
    "$((1+2))",
    "$((2 * 3 - 1))",
    "$(($A + 1))",
    "$(uname -r)",
    "`hostname`",
    "$(cat /etc/x)",
    "~",
    "~/x",
    "\\$A",
    "'$A'",
    "\"\\$A\"",
    "\"a\\\"b\"",
    "\"\\\\\"",
    "\"`x`\"",
    "$HOME/x",
    "$$",
    "$1",
];
/// Conditions of which the outcome is known, where the variables are.
const TESTS: [&str; 30] = [
    "[ -n \"$A\" ]",
    "[ -z \"$A\" ]",
    "[ \"$A\" = yes ]",
    "[ \"$A\" != yes ]",
    "[ \"x$A\" = xyes ]",
    "[ \"$A\" ]",
    "[ ! \"$A\" ]",
    "[ -z \"$B\" ]",
    "test -n \"$B\"",
    "test \"$B\" = no",
    "[ \"$A\" = \"$B\" ]",
    "[ 1 -gt 0 ]",
    "[ \"$A\" -gt 0 ]",
    "[ -z \"$A\" -a -z \"$B\" ]",
    "[ \"$A\" = yes ] || [ \"$B\" = yes ]",
    "[ -n \"$C\" ] && [ -n \"$A\" ]",
    "! [ -n \"$A\" ]",
    "true",
    "false",
    ":",
    "[ x = x ]",
    "[ a = b ]",
    "[ \"${A:-no}\" = yes ]",
    "[ -z \"${D}\" ]",
    "[ -n $A ]",
    "[ \"$A\" -eq 5 ]",
    "[ -f /etc/x ]",
    "[ -d /sys/firmware/efi ]",
    "grep -q x /proc/cmdline",
    "command -v x >/dev/null",
];
const PATTERNS: [&str; 12] =
    ["yes", "no|true", "*", "[0-9]*", "\"\"", "quiet*", "*a*", "?", "/dev/*", "\"$B\"", "\\*", "(yes"];

/// Parts of a file, each with the end of its line.
pub(super) fn lines(random: &mut Random) -> Vec<String> {
    let mut lines = Vec::new();
    for _ in 0..=random.below(7) {
        let line = match random.below(60) {
            0..=16 | 40..=59 => assignment(random),
            17 => format!("{} {}", assignment(random), assignment(random)),
            18 => format!("{}; {}", assignment(random), assignment(random)),
            19 => format!("{}   # {}", assignment(random), random.of(&["comment", "it's", "A=no"])),
            20 | 21 => format!("# {}", random.of(&["A=commented", "don't \"touch", "uncomment the next"])),
            22 | 23 => format!("export {}", assignment(random)),
            24 => format!("export {} {}", random.of(&NAMES), assignment(random)),
            25 => format!("  {}", assignment(random)),
            26 | 27 => conditional(random),
            28 => branches(random),
            29 => short(random),
            30 => choice(random),
            31 => document(random),
            32 => format!(": {}", random.of(&["${A:=x}", "\"${B:=a b}\"", "${C=}", "${D:=$A}", "\"${A:-}\""])),
            33 => format!("unset {}", random.of(&["A", "B", "C D", "A B", "-v A", "-f f"])),
            34 => function(random),
            35 => format!(". {}", random.of(&["/etc/other", "/etc/other", "/nonexistent"])),
            36 => random.of(&["set -e", "set -u", "set -a", "set +e", "set +x", "set -eu", "set +a"]).to_owned(),
            37 => other(random),
            38 => String::new(),
            _ => format!("{} {}", assignment(random), random.of(&["true", "export B", ":", "x"])),
        };
        let end = if random.once_in(60) { random.of(&["\r\n", ";\n", " \n", "\\\n"]) } else { "\n" };
        lines.push(format!("{line}{end}"));
    }
    lines
}

fn assignment(random: &mut Random) -> String {
    let name = random.of(&NAMES);
    let op = if random.once_in(40) { "+=" } else { "=" };
    format!("{name}{op}{}", value(random))
}

fn value(random: &mut Random) -> String {
    match random.below(12) {
        0..=2 => random.of(&BARE).to_owned(),
        3..=5 => format!("\"{}\"", random.of(&QUOTED)),
        6 => format!("'{}'", random.of(&QUOTED)),
        7 => format!("{}{}", random.of(&BARE), random.of(&EXPANSIONS)),
        8 => format!("\"{}\"'{}'", random.of(&QUOTED), random.of(&QUOTED)),
        _ => random.of(&EXPANSIONS).to_owned(),
    }
}

fn conditional(random: &mut Random) -> String {
    let test = random.of(&TESTS);
    let gap = random.of(&["; ", "\n"]);
    format!("if {test}{gap}then\n    {}\nfi", assignment(random))
}

fn branches(random: &mut Random) -> String {
    let (test, other) = (random.of(&TESTS), random.of(&TESTS));
    let (one, two, three) = (assignment(random), assignment(random), assignment(random));
    match random.below(3) {
        0 => format!("if {test}; then {one}; else {two}; fi"),
        1 => format!("if {test}; then\n\t{one}\nelif {other}; then\n\t{two}\nelse\n\t{three}\nfi"),
        _ => format!("if {test}; then\n  if {other}; then {one}; fi\n  {two}\nfi"),
    }
}

fn short(random: &mut Random) -> String {
    let (test, one) = (random.of(&TESTS), assignment(random));
    match random.below(3) {
        0 => format!("{test} && {one}"),
        1 => format!("{test} || {one}"),
        _ => format!("{test} && {one} || {}", assignment(random)),
    }
}

fn choice(random: &mut Random) -> String {
    let subject = random.of(&["$A", "\"$A\"", "\"$B\"", "${C:-yes}", "x", "$(uname -m)"]);
    let mut text = format!("case {subject} in\n");
    for _ in 0..=random.below(3) {
        text.push_str(&format!("{})\n  {}\n  ;;\n", random.of(&PATTERNS), assignment(random)));
    }
    text + "esac"
}

fn document(random: &mut Random) -> String {
    let word = random.of(&["E", "'E'", "\"E\"", "-E"]);
    format!(
        "{}<<{word}\n{}\nE",
        random.of(&["cat ", "cat >/dev/null ", ": "]),
        random.of(&["A=doc", "$A", "it's", "\tE", ""])
    )
}

fn function(random: &mut Random) -> String {
    let body = assignment(random);
    let local = if random.once_in(4) { "local A; " } else { "" };
    let call = random.of(&["", "\nf", "\nf x"]);
    format!("f() {{ {local}{body}; }}{call}")
}

fn other(random: &mut Random) -> String {
    random
        .of(&[
            "IFS=:",
            "readonly A",
            "readonly B=x",
            "for A in a b; do :; done",
            "(A=sub)",
            "{ A=group; }",
            "A=1 &",
            "return",
            "return 0",
            "exit 0",
            "true",
            "false",
            "umask 022",
            "echo \"$A\"",
            "modprobe x || true",
            "export PATH",
            "while false; do A=no; done",
            "until true; do A=no; done",
            "local A=x",
            "declare -r A=x",
            "A=(a b)",
            "shift",
            "A=x | cat",
        ])
        .to_owned()
}
