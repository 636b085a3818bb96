//! The simple commands of a script, whether they are run or not: functions, branches, substitutions and what other
//! shells are told to run included.

use super::lexer::{DEPTH, Lexeme, Lexer, Op, TOO_DEEP, Unread, opens_command};
use super::words::{Parts, text_of};

/// A simple command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Command {
    /// Assignments before it, its name and its arguments: quotes removed, variables as they are written, `$()` in
    /// place of substitutions, whose commands follow as ones of their own.
    pub words: Vec<String>,
    /// Files that it reads from (`<`), and descriptors.
    pub reads: Vec<String>,
    /// Files that it writes to (`>`), and descriptors.
    pub writes: Vec<String>,
    /// Line on which it begins, counted from 1.
    pub line: u32,
}

impl Command {
    /// The name without its directory; empty of assignments and redirections alone.
    pub(super) fn name(&self) -> &str {
        let name = self.words.iter().find(|word| super::words::assigned(word).is_none());
        name.and_then(|name| name.rsplit('/').next()).unwrap_or_default()
    }

    /// The arguments of the shell that it runs, by itself or as another program's argument.
    fn shell(&self) -> Option<&[String]> {
        let of = |word: &String| is_shell(word) || matches!(word.rsplit('/').next(), Some("su" | "runuser"));
        let at = self.words.iter().position(of).filter(|_| !matches!(self.name(), "echo" | "printf" | "grep"))?;
        self.words.get(at + 1..)
    }

    /// The text that it gives to a shell to run: `sh -c TEXT`, `eval TEXT`, `trap TEXT EXIT`.
    fn text(&self) -> Option<String> {
        let behind = |name: &str| self.words.get(1 + self.words.iter().position(|word| word == name)?..);
        match self.name() {
            "eval" => Some(behind("eval")?.join(" ")),
            "trap" => behind("trap")?.iter().find(|word| *word != "--").cloned(),
            _ => to_run(self.shell()?),
        }
    }
}

/// The text that a shell is told to run by `-c`, which may stand among other options, and before some.
fn to_run(options: &[String]) -> Option<String> {
    let is_short = |word: &String| word.starts_with(['-', '+']) && !word.starts_with("--");
    let at = options.iter().position(|word| is_short(word) && word.contains('c'))?;
    let mut words = options.get(at..)?.iter();
    while let Some(word) = words.next() {
        if !word.starts_with(['-', '+']) {
            return Some(word.clone());
        }
        // The name of an option, as `errexit`.
        if is_short(word) && word.ends_with(['o', 'O']) {
            words.next();
        }
    }
    None
}

/// Whether a program is a shell, by its name or path.
pub(crate) fn is_shell(program: &str) -> bool {
    matches!(program.rsplit('/').next(), Some("sh" | "bash" | "dash" | "ksh" | "ash" | "hush"))
}

/// Whether the first line of a text, behind `#!`, names a shell.
pub(crate) fn is_run_by_shell(interpreter: &str) -> bool {
    interpreter.split_whitespace().any(is_shell)
}

/// The most bytes of a script that are looked through for commands; the largest that distributions ship has 60,000.
const SCRIPT_LIMIT: usize = 256 << 10;

/// Every simple command of a script, in order, and what kept it from being read to its end; none of a script that is
/// longer than [`SCRIPT_LIMIT`].
pub fn commands(script: &str) -> (Vec<Command>, Option<Unread>) {
    let mut gathered = Gathered::default();
    if script.len() <= SCRIPT_LIMIT {
        gathered.script(script, 1, DEPTH);
    } else {
        gathered.unread = Some((1, "the script is too long"));
    }
    (gathered.found, gathered.unread)
}

#[derive(Default)]
struct Gathered {
    found: Vec<Command>,
    unread: Option<Unread>,
}

impl Gathered {
    fn nested(&mut self, text: &str, line: u32, depth: usize) {
        match depth.checked_sub(1) {
            Some(depth) => self.script(text, line, depth),
            None => _ = self.unread.get_or_insert((line, TOO_DEEP)),
        }
    }

    fn script(&mut self, text: &str, line: u32, depth: usize) {
        let mut lexer = Lexer::new(text, line);
        let mut command = Command::default();
        let mut redirects = None;
        // Whether a command of the line, or of what it is piped into, is a shell, which may read the here-documents.
        let mut to_shell = false;
        let mut piped = false;
        loop {
            let next = lexer.next();
            let (word, line) = match next {
                Some((Lexeme::Op(Op::Redirect { output }), _)) => {
                    redirects = Some(output);
                    continue;
                }
                Some((Lexeme::Word(word), line)) => (word, line),
                Some((Lexeme::Op(_), _)) | None => {
                    redirects = None;
                    let follows = command == Command::default() && piped;
                    to_shell |= self.end(&mut command, depth);
                    if next.is_none() || matches!(next, Some((Lexeme::Op(Op::Newline), _))) && !follows {
                        for document in lexer.read.drain(..) {
                            if to_shell {
                                self.nested(document.text, document.line, depth);
                            } else if !document.quoted {
                                self.substitutions(Parts::in_document(document.text, document.line), depth);
                            }
                        }
                        to_shell = false;
                    }
                    piped = matches!(next, Some((Lexeme::Op(Op::Pipe), _))) || follows;
                    if next.is_none() {
                        break;
                    }
                    continue;
                }
            };
            if command == Command::default() {
                if redirects.is_none() && (opens_command(word) || matches!(word, "}" | "fi" | "done" | "esac")) {
                    continue;
                }
                command.line = line;
            }
            self.substitutions(Parts::of(word, line), depth);
            let text = text_of(word, line);
            match redirects.take() {
                None => command.words.push(text),
                Some(true) => command.writes.push(text),
                Some(false) => command.reads.push(text),
            }
        }
        self.unread = self.unread.or(lexer.broken);
    }

    fn substitutions(&mut self, mut parts: Parts<'_>, depth: usize) {
        let mut found = Vec::new();
        parts.by_ref().for_each(|part| part.substitutions(&mut found));
        self.unread = self.unread.or(parts.broken());
        for (commands, line) in found {
            self.nested(&commands, line, depth);
        }
    }

    /// Whether a command that has ended is a shell.
    fn end(&mut self, command: &mut Command, depth: usize) -> bool {
        let ended = std::mem::take(command);
        let is_shell = ended.shell().is_some();
        if let Some(text) = ended.text() {
            self.nested(&text, ended.line, depth);
        }
        if ended != Command::default() {
            self.found.push(ended);
        }
        is_shell
    }
}
