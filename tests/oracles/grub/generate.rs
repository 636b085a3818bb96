//! Configurations of every kind of statement, word and menu.

use super::Case;
use crate::oracles::random::Random;

/// What words are made of.
const PIECES: [&str; 33] = [
    "a",
    "b",
    "7",
    "10",
    "0x1f",
    "a b",
    "'c d'",
    "\"e f\"",
    "''",
    "\"\"",
    "$a",
    "$b",
    "${a}",
    "${b}c",
    "\"$a\"",
    "\"$b x\"",
    "$c",
    "\"$c\"",
    "$1",
    "$2",
    "\"$1\"",
    "$#",
    "$@",
    "\"$@\"",
    "$*",
    "\"$*\"",
    "$?",
    "\\ ",
    "\\$a",
    "\"\\$b\\\\\"",
    "'\\'",
    "x=$a",
    "if",
];

/// Conditions; `%` stands for a word.
const CONDITIONS: [&str; 34] = [
    "[ % = % ]",
    "[ % == % ]",
    "[ % != % ]",
    "[ % < % ]",
    "[ % -eq % ]",
    "[ % -gt % ]",
    "[ % -le % ]",
    "[ % -pgt % ]",
    "[ % -plt % ]",
    "[ -n % ]",
    "[ -z % ]",
    "[ % ]",
    "[ ! % = % ]",
    "! [ % = % ]",
    "[ % = % -a % = % ]",
    "[ % = % -o % = % ]",
    "[ ( % = % ) -a ! ( -z % ) ]",
    "[ -z % -o -n % -a % ]",
    "[ -f $prefix/s1.cfg ]",
    "[ -s $prefix/grubenv -a -e $prefix/none ]",
    "[ -d $prefix/s1.cfg ]",
    "[ -e $prefix/none*.x ]",
    "[ -n $prefix/none.d/?.cfg -a % = % ]",
    "test % = %",
    "true",
    "false",
    "! true",
    "f %",
    "g % %",
    "[ \"$next_entry\" ]",
    "[ \"$1\" = % ]",
    "[ $# = 2 ]",
    "a=%",
    "[",
];

/// Lines that GRUB's grammar refuses.
const REFUSED: [&str; 16] = [
    "true && false",
    "true || set a=x",
    "fi",
    "}",
    "then",
    "set a=x ;; set b=y",
    "set a=x; ; set b=y",
    "set a=$",
    "set a=\"$ \"",
    "set a=${a-b}",
    "if true; then fi",
    "menuentry z { }",
    "function g { set a=g }",
    "[[ a = a ]]",
    "set a=x | set b=y",
    "for x in a; set b=x; done",
];

/// What `default` is set to.
const DEFAULTS: [&str; 14] =
    ["0", "1", "2", "3", "E1", "E2", "id1", "id3", "S0>1", "1>0", "sid1>id2", "\"$saved_entry\"", "$a", "9"];

struct Writer<'r> {
    random: &'r mut Random,
    text: String,
    entries: usize,
    counters: usize,
    /// The functions that may be called, so that none calls itself.
    callable: &'static [&'static str],
}

/// A case.
pub(super) fn case(random: &mut Random) -> Case {
    let block = ["saved_entry", "next_entry", "a", "b", "unseen"]
        .into_iter()
        .filter(|_| random.once_in(2))
        .map(str::to_owned)
        .collect::<Vec<_>>()
        .into_iter()
        .map(|name| {
            let value = random.of(&["1", "E1", "id2", "S1>1", "x y", ""]).to_owned();
            (name, value)
        })
        .collect();
    let mut sourced = Writer { random, text: String::new(), entries: 20, counters: 50, callable: &["f", "g"] };
    sourced.statements(2, 2);
    if sourced.random.once_in(2) {
        sourced.entry(1);
    }
    let sourced = sourced.text;
    let mut writer = Writer { random, text: String::new(), entries: 0, counters: 0, callable: &[] };
    writer.config();
    Case { config: writer.text, sourced, block }
}

impl Writer<'_> {
    fn config(&mut self) {
        for (name, callable) in [("f", [].as_slice()), ("g", &["f"])] {
            if self.random.below(3) > 0 {
                self.callable = callable;
                self.line(0, &format!("function {name} {{"));
                self.statements(1, 2);
                if self.random.once_in(2) {
                    self.leave(1);
                }
                self.line(0, "}");
            }
        }
        if self.random.once_in(3) {
            let command =
                self.random.of(&["load_env", "load_env a", "load_env -f $prefix/grubenv saved_entry next_entry"]);
            self.line(0, command);
        }
        self.statements(0, 4);
        for _ in 0..1 + self.random.below(3) {
            self.menu(0);
            if self.random.once_in(2) {
                self.statements(0, 1);
            }
        }
        if self.random.below(4) > 0 {
            let default = self.random.of(&DEFAULTS);
            self.line(0, &format!("set default={default}"));
        }
    }

    fn line(&mut self, depth: usize, line: &str) {
        self.text.push_str(&"\t".repeat(depth));
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn word(&mut self) -> String {
        (0..1 + self.random.below(5) / 3).map(|_| self.random.of(&PIECES)).collect()
    }

    fn words(&mut self, most: usize) -> String {
        let count = self.random.below(most + 1);
        (0..count).map(|_| self.word()).collect::<Vec<_>>().join(" ")
    }

    fn condition(&mut self) -> String {
        let form = self.random.of(&CONDITIONS);
        let calls = form.split(' ').next().filter(|name| ["f", "g"].contains(name));
        let form = if calls.is_some_and(|name| !self.callable.contains(&name)) { "[ % = % ]" } else { form };
        let mut condition = String::new();
        for (number, piece) in form.split('%').enumerate() {
            if number > 0 {
                condition.push_str(&self.word());
            }
            condition.push_str(piece);
        }
        condition
    }

    fn statements(&mut self, depth: usize, most: usize) {
        for _ in 0..1 + self.random.below(most) {
            self.statement(depth);
        }
    }

    fn statement(&mut self, depth: usize) {
        let name = self.random.of(&["a", "b", "c"]);
        let (word, words) = (self.word(), self.words(3));
        let line = match self.random.below(if depth < 3 { 18 } else { 10 }) {
            0 => format!("set {name}={word}"),
            1 => format!("{name}={word} {words}"),
            2 => format!("set \"{name}=x $a\"; {name}2={word}"),
            3 => format!("{} {name}", self.random.of(&["unset", "export"])),
            4 if self.callable.contains(&"f") => format!("f {words}"),
            5 if self.callable.contains(&"g") => format!("g {words} # {name}"),
            4 | 5 => format!("set {name}=$\"t $b\" # {name}"),
            6 => format!("{} {words}", self.random.of(&["setparams", "shift", "true", "false", "nosuch"])),
            7 => format!("eval set {name}='{}'", self.random.of(&["$b", "x", "\"$1\""])),
            8 => format!("n=$a; $n={word}"),
            9 if self.random.once_in(4) => self.random.of(&REFUSED).to_owned(),
            9 => format!("set {name}={word}\\\n{word}"),
            10 | 11 => return self.conditional(depth),
            12 | 13 => return self.counted(depth, name),
            14 | 15 => return self.repeated(depth),
            16 if depth == 0 => {
                self.random.of(&["source $prefix/s1.cfg", ". $prefix/s1.cfg", "source $prefix/none"]).to_owned()
            }
            _ => return self.leave(depth),
        };
        self.line(depth, &line);
    }

    fn conditional(&mut self, depth: usize) {
        let condition = self.condition();
        self.line(depth, &format!("if {condition}; then"));
        self.statements(depth + 1, 2);
        if self.random.once_in(3) {
            let condition = self.condition();
            self.line(depth, &format!("elif {condition}"));
            self.line(depth, "then");
            self.statements(depth + 1, 1);
        }
        if self.random.once_in(2) {
            self.line(depth, "else");
            self.statements(depth + 1, 2);
        }
        self.line(depth, "fi");
    }

    fn counted(&mut self, depth: usize, name: &str) {
        let words = self.words(4);
        self.line(depth, &format!("for {name} in {words}; do"));
        self.statements(depth + 1, 2);
        self.line(depth, "done");
    }

    /// A loop that ends: it counts before it does anything else, in a variable of its own.
    fn repeated(&mut self, depth: usize) {
        self.counters += 1;
        let counter = format!("n{}", self.counters);
        let form = self.random.of(&["while [ \"$N\" != 000 ]", "until [ x$N = x000 ]", "while [ 000$N != 000000 ]"]);
        self.line(depth, &format!("set {counter}="));
        self.line(depth, &format!("{}; do", form.replace('N', &counter)));
        self.line(depth + 1, &format!("set {counter}=0${counter}"));
        self.statements(depth + 1, 2);
        self.line(depth, "done");
    }

    fn leave(&mut self, depth: usize) {
        let condition = self.condition();
        // "return" outside of a function is not followed.
        let leave = self.random.of(&[
            "break",
            "continue",
            "break 2",
            "continue 2",
            "break 0",
            "return",
            "return 3",
            "return 0",
        ]);
        let leave = if depth == 0 && leave.starts_with("return") { "shift 1" } else { leave };
        self.line(depth, &format!("if {condition}; then {leave}; fi"));
    }

    fn menu(&mut self, depth: usize) {
        match self.random.below(8) {
            0 | 1 if depth < 2 => self.submenu(depth),
            2 => {
                let condition = self.condition();
                self.line(depth, &format!("if {condition}; then"));
                self.entry(depth + 1);
                self.line(depth, "fi");
            }
            3 => {
                self.line(depth, "for t in x y; do");
                self.entry(depth + 1);
                self.line(depth, "done");
            }
            _ => self.entry(depth),
        }
    }

    fn submenu(&mut self, depth: usize) {
        let number = self.entries;
        self.line(depth, &format!("submenu S{number} --id sid{number} {{"));
        if self.random.once_in(2) {
            self.statement(depth + 1);
        }
        for _ in 0..1 + self.random.below(3) {
            self.menu(depth + 1);
        }
        self.line(depth, "}");
    }

    fn entry(&mut self, depth: usize) {
        let number = self.entries;
        self.entries += 1;
        let (title, parameters) = (self.random.of(&["E#", "'E#'", "\"E#\"", "\"E# $t\"", "E#$t"]), self.words(2));
        let id = self.random.of(&["", " --id id#", " --id=id#", " --class x --id id#", " $o id#"]);
        let header = format!("{title} {parameters}{id}").replace('#', &number.to_string());
        self.line(depth, &format!("menuentry {header} {{"));
        if self.random.once_in(2) {
            self.statement(depth + 1);
        }
        let words = self.words(6);
        self.line(depth + 1, &format!("linux /k{number} {words} end=$a.\"$b\".$1"));
        if self.random.once_in(3) {
            self.statement(depth + 1);
        }
        if self.random.once_in(2) {
            let words = self.words(2);
            self.line(depth + 1, &format!("initrd /i{number} {words}"));
        }
        if self.random.once_in(4) {
            self.conditional(depth + 1);
        }
        self.line(depth, "}");
    }
}
