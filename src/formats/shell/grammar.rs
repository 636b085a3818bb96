//! Follows the grammar of a script (POSIX.1-2024, XCU 2.10): its simple commands, and what they hang on. What a
//! shell would refuse ends the script here as there.

use super::lexer::{Lexeme, Lexer, Op};
use super::words::assigned;

/// Whether the reading goes on.
pub(super) type Goes = Result<(), ()>;

/// What a simple command hangs on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope {
    /// On a condition, a loop, a function or a subshell.
    pub(super) conditional: bool,
    pub(super) subshell: bool,
    pub(super) function: bool,
}

/// What is told of a script, in order.
pub(super) trait Visitor {
    /// A simple command: its words as they are written, with their lines.
    fn command(&mut self, words: &[(&str, u32)], scope: Scope) -> Goes;

    /// A word that is none of a command: the file of a redirection, the subject of a `case`.
    fn word(&mut self, word: &str, line: u32, conditional: bool) -> Goes;

    /// The end of commands joined by `&&`, `||` and `|`.
    fn list_ends(&mut self, background: bool);

    /// What is not understood, or what a shell refuses.
    fn problem(&mut self, line: u32, what: String);

    /// What came last is cut off.
    fn cut_off(&mut self);
}

/// Reads a script.
pub(super) fn walk(text: &str, visitor: &mut impl Visitor) {
    Walk { visitor, open: Vec::new() }.run(text);
}

/// A compound command that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    If,
    Loop,
    Brace,
    Function,
    Subshell,
    /// Before the `in` of a `case`.
    Case,
    Patterns,
    Branch,
}

struct Walk<'v, V> {
    visitor: &'v mut V,
    open: Vec<Open>,
}

/// A simple command while its words are gathered.
#[derive(Default)]
struct Command<'t> {
    words: Vec<(&'t str, u32)>,
    /// Behind `&&`, `||` or `|`.
    conditional: bool,
    /// Behind an operator that asks for a command.
    wanted: bool,
    /// The next word is a redirection's file.
    redirects: bool,
    /// It ends a compound command, or is the name of a function.
    closed: bool,
    /// The brackets of a function's definition are open, or behind us.
    defines: bool,
}

impl<V: Visitor> Walk<'_, V> {
    fn run(&mut self, text: &str) {
        let mut lexer = Lexer::new(text, 1);
        lexer.lists = true;
        let mut command = Command::default();
        while let Some((lexeme, line)) = lexer.next() {
            let goes = match lexeme {
                Lexeme::Word(word) => self.word(word, line, &mut command),
                Lexeme::Op(op) => self.operator(op, line, &mut command),
            };
            if goes.is_err() {
                return;
            }
        }
        if let Some((line, what)) = lexer.broken {
            self.visitor.problem(line, what.to_owned());
        }
        if (command.wanted || command.redirects) && command.words.is_empty() {
            self.visitor.problem(lexer.line, "ends where a shell expects a command".to_owned());
        }
        let goes = self.finish(&command, false);
        if lexer.broken.is_some() {
            self.visitor.cut_off();
        }
        if goes.is_ok() && !self.open.is_empty() {
            self.visitor.problem(lexer.line, "ends inside an if, a loop or a group".to_owned());
        }
    }

    /// A shell refuses the whole line, and what follows.
    fn refused(&mut self, line: u32, word: &str) -> Goes {
        self.visitor.problem(line, format!("a shell stops here: it does not expect `{word}`"));
        Err(())
    }

    fn word<'t>(&mut self, word: &'t str, line: u32, command: &mut Command<'t>) -> Goes {
        if std::mem::take(&mut command.redirects) {
            return self.visitor.word(word, line, command.conditional);
        }
        match self.open.last_mut() {
            Some(case @ Open::Case) => {
                if command.closed && word == "in" {
                    *case = Open::Patterns;
                }
                command.closed = *case == Open::Case;
                return self.visitor.word(word, line, true);
            }
            Some(Open::Patterns) => {
                if word == "esac" {
                    self.open.pop();
                    command.closed = true;
                }
                return Ok(());
            }
            _ => {}
        }
        if command.words.is_empty() && self.reserved(word, line, command)? {
            return Ok(());
        }
        if command.closed {
            return self.refused(line, "a word");
        }
        command.words.push((word, line));
        command.wanted = false;
        Ok(())
    }

    /// Follows the words that open and close compound commands.
    fn reserved(&mut self, word: &str, line: u32, command: &mut Command<'_>) -> Result<bool, ()> {
        let closes = match word {
            "if" => return Ok(self.opens(Open::If, command)),
            "while" | "until" => return Ok(self.opens(Open::Loop, command)),
            // `for x in a b` goes on as a command that assigns `x`.
            "for" | "select" => {
                self.opens(Open::Loop, command);
                return Ok(false);
            }
            "case" => return Ok(self.opens(Open::Case, command)),
            "{" if command.defines => return Ok(self.opens(Open::Function, command)),
            "{" => return Ok(self.opens(Open::Brace, command)),
            "then" | "elif" | "else" if self.open.last() == Some(&Open::If) => None,
            "do" if self.open.last() == Some(&Open::Loop) => None,
            "!" => None,
            // bash's keyword; in other shells it is a command that does not exist. Its name is passed over.
            "function" => {
                self.visitor.problem(line, "defines a function in a way that not every shell knows".to_owned());
                (command.conditional, command.defines, command.redirects) = (true, true, true);
                return Ok(true);
            }
            "fi" => Some([Open::If; 2]),
            "done" => Some([Open::Loop; 2]),
            "esac" => Some([Open::Branch; 2]),
            "}" => Some([Open::Brace, Open::Function]),
            "then" | "elif" | "else" | "do" => return self.refused(line, word).map(|()| true),
            _ => return Ok(false),
        };
        if let Some(closes) = closes {
            let fits = self.open.pop().is_some_and(|open| closes.contains(&open));
            if !fits || command.wanted && word != "esac" {
                return self.refused(line, word).map(|()| true);
            }
        }
        (command.closed, command.wanted) = (closes.is_some(), closes.is_none());
        Ok(true)
    }

    fn opens(&mut self, open: Open, command: &mut Command<'_>) -> bool {
        self.open.push(open);
        command.wanted = open != Open::Case;
        (command.closed, command.defines) = (false, false);
        true
    }

    fn operator<'t>(&mut self, op: Op, line: u32, command: &mut Command<'t>) -> Goes {
        if command.redirects {
            return self.refused(line, "an operator");
        }
        match (op, self.open.last_mut()) {
            (Op::Redirect { .. }, _) => {
                command.redirects = true;
                return Ok(());
            }
            (Op::Newline, Some(Open::Case)) | (Op::Open | Op::Pipe | Op::Newline, Some(Open::Patterns)) => {
                return Ok(());
            }
            (Op::Close, Some(patterns @ Open::Patterns)) => {
                *patterns = Open::Branch;
                *command = Command::default();
                return Ok(());
            }
            (_, Some(Open::Case | Open::Patterns)) => return self.refused(line, "an operator"),
            _ => {}
        }
        match op {
            Op::Open => return self.bracket(line, command),
            Op::Close if command.defines && !command.closed => {
                *command = Command { conditional: true, wanted: true, defines: true, ..Command::default() };
                return Ok(());
            }
            _ => {}
        }
        let is_empty = command.words.is_empty() && !command.closed;
        if is_empty && (command.wanted && op == Op::Newline) {
            return Ok(());
        }
        if is_empty && !matches!(op, Op::Newline | Op::EndOfBranch) {
            return self.refused(line, "an operator");
        }
        self.finish(command, op == Op::Pipe)?;
        *command = Command::default();
        match op {
            Op::Close | Op::EndOfBranch => {
                let (from, to) = match op {
                    Op::Close => (Open::Subshell, None),
                    _ => (Open::Branch, Some(Open::Patterns)),
                };
                if self.open.pop() != Some(from) {
                    return self.refused(line, if op == Op::Close { ")" } else { ";;" });
                }
                self.open.extend(to);
                command.closed = to.is_none();
            }
            Op::And | Op::Or | Op::Pipe => (command.conditional, command.wanted) = (true, true),
            _ => self.visitor.list_ends(op == Op::Background),
        }
        Ok(())
    }

    /// `(` of a subshell or of a function's definition.
    fn bracket(&mut self, line: u32, command: &mut Command<'_>) -> Goes {
        match command.words.as_slice() {
            [] if !command.closed => {
                self.opens(Open::Subshell, command);
                Ok(())
            }
            [(name, _)] if !command.defines && assigned(name).is_none() => {
                command.defines = true;
                Ok(())
            }
            _ => self.refused(line, "("),
        }
    }

    fn finish(&mut self, command: &Command<'_>, piped: bool) -> Goes {
        if command.words.is_empty() {
            return Ok(());
        }
        let scope = Scope {
            conditional: command.conditional || piped || !self.open.is_empty(),
            subshell: piped || self.open.contains(&Open::Subshell),
            function: self.open.contains(&Open::Function),
        };
        self.visitor.command(&command.words, scope)
    }
}
