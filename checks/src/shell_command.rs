//! Commands for a person to paste into a root shell: made of words, and never of text.
//!
//! Most words are facts: names of files, kernels, targets and interfaces that whoever built the machine chose.
//! [`quoted`] is the one place that makes shell text of them. A word that no shell or no terminal takes as it
//! stands is refused: then [`crate::Remedy::command`] leaves the command out and says so.

use crate::Sed;
use std::fmt;

/// Where a command acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunsIn {
    /// On files of the judged root.
    Root,
    /// On the running machine: its kernel, its network, its services.
    Machine,
}

impl RunsIn {
    /// The word that stands for it in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Machine => "machine",
        }
    }
}

/// Where the judged root is, as seen by whoever types the commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach<'a> {
    /// It is `/`: the commands are typed on the instance.
    Own,
    /// It is mounted at this directory.
    Mounted(&'a str),
    /// `isctpl rescue` has mounted it, with /dev, /proc, /sys and /run.
    Rescued,
}

/// Programs that need nothing but the files of their root. All others are given /dev, /proc, /sys and /run.
const FILES_SUFFICE: [&str; 9] = ["chmod", "depmod", "find", "ls", "mkdir", "printf", "rm", "sed", "truncate"];

/// Programs that act on the running kernel, or show it.
const OF_THE_MACHINE: [&str; 6] = ["dmesg", "ip", "isctpl", "lspci", "modprobe", "sysctl"];

/// Programs that load the rules which they change or check into the kernel they run on. Away from `/` that is
/// another machine's: they get a network of their own.
const OF_A_FIREWALL: [&str; 2] = ["nft", "ufw"];

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellCommand {
    form: Form,
    runs_in: RunsIn,
    refused: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    /// A program with its arguments.
    Words(Vec<String>),
    /// The same several times: the next where the one before fails.
    Either(Vec<Vec<String>>),
    /// The same several times: each reads what the one before prints.
    Pipe(Vec<Vec<String>>),
    /// Puts a line at the end of a file that has no such line.
    Append { line: String, file: String },
    /// Makes a file of lines.
    Write { lines: Vec<String>, file: String },
}

impl ShellCommand {
    /// A program with arguments that are isctpl's own.
    pub fn new(words: &[&'static str]) -> Self {
        let machine = words.first().is_some_and(|program| OF_THE_MACHINE.contains(program));
        Self {
            form: Form::Words(words.iter().map(|&word| word.to_owned()).collect()),
            runs_in: if machine { RunsIn::Machine } else { RunsIn::Root },
            refused: None,
        }
    }

    /// Adds an argument in a place where it is not taken for an option: behind an option or a keyword.
    #[must_use]
    pub fn value(mut self, word: impl Into<String>) -> Self {
        let word = word.into();
        self.refuse_unless(is_typable(&word), &word);
        if let Form::Words(words) = &mut self.form {
            words.push(word);
        }
        self
    }

    /// Adds an argument that would be an option if a hyphen stood first, and is refused then.
    #[must_use]
    pub fn operand(mut self, word: impl Into<String>) -> Self {
        let word = word.into();
        self.refuse_unless(!word.is_empty() && !word.starts_with('-'), &word);
        self.value(word)
    }

    /// Adds more arguments that are isctpl's own.
    #[must_use]
    pub fn args(self, words: &[&'static str]) -> Self {
        words.iter().fold(self, |command, &word| command.value(word))
    }

    /// Edits a file in place.
    pub fn sed(script: &[Sed], file: &str) -> Self {
        let script: Vec<&str> = script.iter().map(Sed::text).collect();
        Self::new(&["sed", "-i", "-E"]).value(script.join("; ")).path(file)
    }

    /// Puts a line at the end of a file, unless it is there: `template` with `words` in place of `{}`. These stand
    /// in a file that a shell or another reader splits into words, and are refused unless they are plain.
    pub fn append_line(file: &str, template: &'static str, words: &[&str]) -> Self {
        let line = template.replace("{}", &words.join(" "));
        Self::of_file(Form::Append { line, file: file.to_owned() }, file, words)
    }

    /// Makes a file of one line, as [`Self::append_line`] does.
    pub fn write_line(file: &str, template: &'static str, words: &[&str]) -> Self {
        let lines = vec![template.replace("{}", &words.join(" "))];
        Self::of_file(Form::Write { lines, file: file.to_owned() }, file, words)
    }

    /// Makes a file of lines that are isctpl's own.
    pub fn write_lines(file: &str, lines: &[&'static str]) -> Self {
        let lines = lines.iter().map(|&line| line.to_owned()).collect();
        Self::of_file(Form::Write { lines, file: file.to_owned() }, file, &[])
    }

    /// Another command for where this one fails.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.join(other, Form::Either)
    }

    /// A command that reads what this one prints.
    #[must_use]
    pub fn pipe(self, other: Self) -> Self {
        self.join(other, Form::Pipe)
    }

    /// The same, where it acts on the running machine although its program may act on files.
    #[must_use]
    pub fn on_machine(mut self) -> Self {
        self.runs_in = RunsIn::Machine;
        self
    }

    /// Where it acts.
    pub fn runs_in(&self) -> RunsIn {
        self.runs_in
    }

    /// The word for which it must not be printed.
    pub fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }

    /// Whether it changes the network of the machine, over which it may be typed.
    pub fn may_cut_session(&self) -> bool {
        self.programs().any(|words| match words {
            [program, object, verb, ..] if program == "ip" => {
                matches!(object.as_str(), "address" | "link" | "route" | "rule") && verb != "show"
            }
            _ => false,
        })
    }

    /// As it is typed to act on the judged root, or on the machine.
    pub fn typed(&self, reach: Reach<'_>) -> String {
        let to_run = |prefix: &str| match (&self.form, self.needs_own_network()) {
            (Form::Words(words), false) => format!("{prefix} {}", joined(words)),
            (Form::Words(words), true) => format!("{prefix} unshare --net {}", joined(words)),
            _ => format!("{prefix} /bin/sh -c {}", quoted(&self.to_string())),
        };
        match (self.runs_in, reach) {
            (RunsIn::Machine, _) | (RunsIn::Root, Reach::Own) => self.to_string(),
            (RunsIn::Root, Reach::Rescued) => to_run("isctpl rescue enter --"),
            (RunsIn::Root, Reach::Mounted(directory)) => {
                // What was given as `-x` is no option.
                let here = if directory.starts_with('-') { "./" } else { "" };
                let directory = quoted(&format!("{here}{directory}"));
                if self.needs_system() {
                    to_run(&format!("isctpl rescue enter --root {directory} --"))
                } else {
                    to_run(&format!("chroot {directory}"))
                }
            }
        }
    }

    fn of_file(form: Form, file: &str, plain: &[&str]) -> Self {
        // What a program of the kernel's own filesystems is told is told to the machine.
        let machine = ["/proc/", "/sys/"].iter().any(|kernel| file.starts_with(kernel));
        let runs_in = if machine { RunsIn::Machine } else { RunsIn::Root };
        let mut command = Self { form, runs_in, refused: None };
        command.refuse_unless(is_typable(file) && file.starts_with('/'), file);
        plain.iter().for_each(|word| command.refuse_unless(is_plain(word), word));
        command
    }

    /// Adds a file's path, which is absolute.
    #[must_use]
    pub fn path(mut self, path: &str) -> Self {
        self.refuse_unless(path.starts_with('/'), path);
        self.value(path)
    }

    fn refuse_unless(&mut self, fine: bool, word: &str) {
        if !fine && self.refused.is_none() {
            self.refused = Some(word.to_owned());
        }
    }

    fn join(mut self, other: Self, form: fn(Vec<Vec<String>>) -> Form) -> Self {
        let words: Vec<_> = self.programs().chain(other.programs()).map(<[String]>::to_vec).collect();
        self.form = form(words);
        self.refused = self.refused.or(other.refused);
        self
    }

    fn programs(&self) -> impl Iterator<Item = &[String]> {
        let several: &[Vec<String>] = match &self.form {
            Form::Words(words) => std::slice::from_ref(words),
            Form::Either(several) | Form::Pipe(several) => several,
            Form::Append { .. } | Form::Write { .. } => &[],
        };
        several.iter().map(Vec::as_slice)
    }

    fn runs_one_of(&self, programs: &[&str]) -> bool {
        self.programs().any(|words| words.first().is_some_and(|program| programs.contains(&program.as_str())))
    }

    fn needs_own_network(&self) -> bool {
        self.runs_one_of(&OF_A_FIREWALL)
    }

    fn needs_system(&self) -> bool {
        !self.programs().all(|words| words.first().is_some_and(|program| FILES_SUFFICE.contains(&program.as_str())))
    }
}

/// As a shell of the instance takes it.
impl fmt::Display for ShellCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let several = |several: &[Vec<String>], between: &str| {
            several.iter().map(|words| joined(words)).collect::<Vec<_>>().join(between)
        };
        match &self.form {
            Form::Words(words) => f.write_str(&joined(words)),
            Form::Either(either) => f.write_str(&several(either, " || ")),
            Form::Pipe(pipe) => f.write_str(&several(pipe, " | ")),
            Form::Append { line, file } => {
                let (line, file) = (quoted(line), quoted(file));
                // The last line of the file may lack its end.
                write!(f, "grep -qsxFe {line} {file} || printf '\\n%s\\n' {line} >> {file}")
            }
            Form::Write { lines, file } => write!(f, "printf '%s\\n' {} > {}", joined(lines), quoted(file)),
        }
    }
}

fn joined(words: &[String]) -> String {
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// A word as a shell takes it literally.
pub fn quoted(word: &str) -> String {
    if is_plain(word) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// Whether no shell, and no reader of configuration files that resemble a shell's, makes anything of a word.
pub fn is_plain(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c))
}

/// Whether a word can be printed, read and pasted: a terminal obeys none of its characters and shows all of them.
/// What was no UTF-8 is not known as it stands, and so cannot be typed either.
pub fn is_typable(word: &str) -> bool {
    let no_text = |c| c == char::REPLACEMENT_CHARACTER || ('\u{10ff00}'..='\u{10ffff}').contains(&c);
    !word.chars().any(|c| c.is_control() || is_format(c) || no_text(c))
}

/// Characters that order or hide others, or end a line (Unicode's classes Cf, Zl and Zp).
fn is_format(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{600}'..='\u{605}'
            | '\u{61c}'
            | '\u{6dd}'
            | '\u{70f}'
            | '\u{890}'..='\u{891}'
            | '\u{8e2}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{110bd}'
            | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Remedy;

    #[test]
    fn a_word_is_quoted_only_where_it_must_be() {
        assert_eq!(quoted("/boot/vmlinuz-6.1.0-50-amd64"), "/boot/vmlinuz-6.1.0-50-amd64");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("it's $(x)"), r"'it'\''s $(x)'");
    }

    #[test]
    fn what_cannot_be_typed_leaves_its_command_out_and_is_named() {
        let rm = |path: &str| Remedy::new("Remove it").command(ShellCommand::new(&["rm", "-f"]).path(path));
        assert_eq!(rm("/tmp/$(touch P)").plain_commands(), ["rm -f '/tmp/$(touch P)'"]);
        for (path, shown) in [
            ("/tmp/a\nb", r"/tmp/a\u{a}b"),
            ("/tmp/\u{1b}[2J", r"/tmp/\u{1b}[2J"),
            ("/tmp/\u{9b}J", r"/tmp/\u{9b}J"),
            ("/tmp/\u{7f}", r"/tmp/\u{7f}"),
            ("/tmp/\u{202e}gpj", r"/tmp/\u{202e}gpj"),
            ("/tmp/\u{2028}", r"/tmp/\u{2028}"),
            ("/tmp/\u{fffd}", r"/tmp/\u{fffd}"),
            ("-rf", "-rf"),
        ] {
            let remedy = rm(path);
            assert_eq!(remedy.plain_commands(), [""; 0], "{path:?}");
            let text = format!("Remove it. \"{shown}\" cannot be typed safely, so the command with it is left out.");
            assert_eq!(remedy.text, text);
        }
    }

    #[test]
    fn what_stands_in_a_file_that_a_shell_reads_is_plain() {
        let line = |word: &str| ShellCommand::append_line("/etc/default/grub", "X=\"$X {}\"", &[word]);
        assert_eq!(line("edd=off").refused(), None);
        for word in ["$(touch P)", "a b", "`x`", "a\"b", "", "a;b"] {
            assert_eq!(line(word).refused(), Some(word));
        }
    }

    #[test]
    fn a_command_is_typed_where_it_acts() {
        let typed = |command: &ShellCommand, reach| command.typed(reach);
        let remove = ShellCommand::new(&["rm", "-f"]).path("/etc/a b");
        assert_eq!(typed(&remove, Reach::Own), "rm -f '/etc/a b'");
        assert_eq!(typed(&remove, Reach::Mounted("/mnt/my root")), "chroot '/mnt/my root' rm -f '/etc/a b'");
        assert_eq!(typed(&remove, Reach::Mounted("-x")), "chroot ./-x rm -f '/etc/a b'");
        assert_eq!(typed(&remove, Reach::Rescued), "isctpl rescue enter -- rm -f '/etc/a b'");
        let write = ShellCommand::write_line("/etc/x", "a=1", &[]);
        let inner = r"'printf '\''%s\n'\'' a=1 > /etc/x'";
        assert_eq!(typed(&write, Reach::Mounted("/target")), format!("chroot /target /bin/sh -c {inner}"));
        assert_eq!(typed(&write, Reach::Rescued), format!("isctpl rescue enter -- /bin/sh -c {inner}"));
        let menu = ShellCommand::new(&["update-grub"]);
        assert_eq!(
            typed(&menu, Reach::Mounted("/mnt/my root")),
            "isctpl rescue enter --root '/mnt/my root' -- update-grub"
        );
        assert_eq!(typed(&menu, Reach::Mounted("-x")), "isctpl rescue enter --root ./-x -- update-grub");
        // A firewall's program would load its rules into the kernel of the system below.
        let firewall = ShellCommand::new(&["ufw", "reload"]);
        assert_eq!(typed(&firewall, Reach::Rescued), "isctpl rescue enter -- unshare --net ufw reload");
        let network = ShellCommand::new(&["ip", "link", "set", "dev"]).value("san").args(&["up"]);
        assert_eq!(typed(&network, Reach::Mounted("/target")), "ip link set dev san up");
        assert!(network.may_cut_session() && !ShellCommand::new(&["ip", "-br", "link"]).may_cut_session());
    }

    #[test]
    fn who_changes_the_network_is_warned_once() {
        let up = || ShellCommand::new(&["ip", "link", "set", "dev", "san", "up"]);
        let remedy = Remedy::new("Bring it up").command(up()).command(up());
        assert_eq!(remedy.text.matches("at the console").count(), 1, "{}", remedy.text);
        assert_eq!(remedy.runs_in(), RunsIn::Machine);
    }
}
