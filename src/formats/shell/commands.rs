//! The simple commands of a script, whether they are run or not: functions, branches and substitutions included.

use super::lexer::{DEPTH, Lexeme, Lexer, Op, opens_command};
use super::words::text_of;

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
}

/// The most bytes of a script that are looked through for commands; the largest that distributions ship has 60,000.
pub(crate) const SCRIPT_LIMIT: usize = 256 << 10;

/// Every simple command of a script, in order; none of one that is longer than [`SCRIPT_LIMIT`], which is for the
/// caller to tell.
pub fn commands(script: &str) -> Vec<Command> {
    let mut found = Vec::new();
    if script.len() <= SCRIPT_LIMIT {
        gather(script, 1, DEPTH, &mut found);
    }
    found
}

fn gather(text: &str, line: u32, depth: usize, found: &mut Vec<Command>) {
    let mut lexer = Lexer::new(text, line);
    let mut command = Command::default();
    let mut redirects = None;
    while let Some((lexeme, line)) = lexer.next() {
        let word = match lexeme {
            Lexeme::Op(Op::Redirect { output }) => {
                redirects = Some(output);
                continue;
            }
            Lexeme::Op(_) => {
                redirects = None;
                end(&mut command, found);
                continue;
            }
            Lexeme::Word(word) => word,
        };
        if command == Command::default() {
            if redirects.is_none() && (opens_command(word) || matches!(word, "}" | "fi" | "done" | "esac")) {
                continue;
            }
            command.line = line;
        }
        let text = text_of(word, line, |commands, line| {
            if let Some(depth) = depth.checked_sub(1) {
                gather(&commands, line, depth, found);
            }
        });
        match redirects.take() {
            None => command.words.push(text),
            Some(true) => command.writes.push(text),
            Some(false) => command.reads.push(text),
        }
    }
    end(&mut command, found);
}

fn end(command: &mut Command, found: &mut Vec<Command>) {
    let ended = std::mem::take(command);
    if ended != Command::default() {
        found.push(ended);
    }
}
