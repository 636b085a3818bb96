//! Follows the grammar of a script (POSIX.1-2024, XCU 2.10): its simple commands, and what they hang on. What a
//! shell would refuse ends the script here as there.

use super::lexer::{Lexeme, Lexer, Op};
use super::words::assigned;

/// The most words of one command, many times as many as any file has that is read here.
const WORD_LIMIT: usize = 1 << 16;

/// Whether the reading goes on.
pub(super) type Goes = Result<(), ()>;

/// What a simple command hangs on.
#[derive(Debug, Clone, Copy, Default)]
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

    /// A word that is none of a command: the file of a redirection, the subject or a pattern of a `case`.
    fn word(&mut self, word: &str, line: u32, scope: Scope) -> Goes;

    /// The name of a function, before what it runs.
    fn function(&mut self, name: &str, line: u32);

    /// The end of commands joined by `&&`, `||` and `|`.
    fn list_ends(&mut self, background: bool);

    /// What is not understood, or what a shell refuses.
    fn problem(&mut self, line: u32, what: String);

    /// What came last is cut off.
    fn cut_off(&mut self);
}

/// Reads a script.
pub(super) fn walk(text: &str, visitor: &mut impl Visitor) {
    Walk { visitor, open: Vec::new(), function: None }.run(text);
}

/// A compound command that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    If,
    Loop,
    Brace,
    Subshell,
    /// Before the `in` of a `case`.
    Case,
    Patterns,
    Branch,
}

struct Walk<'v, V> {
    visitor: &'v mut V,
    open: Vec<Open>,
    /// How much was open around the function that is read.
    function: Option<usize>,
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
            for document in lexer.read.drain(..).filter(|document| document.may_set()) {
                self.visitor.problem(document.line, "has a here-document in which a variable may be set".to_owned());
            }
        }
        if let Some((line, what)) = lexer.broken {
            self.visitor.problem(line, what.to_owned());
        }
        if (command.wanted || command.redirects) && command.words.is_empty() {
            self.visitor.problem(lexer.line, "ends where a shell expects a command".to_owned());
        }
        let goes = self.finish(&command, None);
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
        let scope = self.scope(command, false);
        if std::mem::take(&mut command.redirects) {
            // Where the file cannot be opened the command is not run.
            command.conditional |= !matches!(word, "/dev/null" | "1" | "2");
            return self.visitor.word(word, line, scope);
        }
        match self.open.last_mut() {
            Some(case @ Open::Case) => {
                if command.closed && word == "in" {
                    *case = Open::Patterns;
                }
                command.closed = *case == Open::Case;
                return self.visitor.word(word, line, scope);
            }
            Some(Open::Patterns) => {
                if word != "esac" {
                    return self.visitor.word(word, line, scope);
                }
                self.close();
                command.closed = true;
                return Ok(());
            }
            _ => {}
        }
        if command.words.is_empty() && self.reserved(word, line, command)? {
            return Ok(());
        }
        // dash takes a simple command for the body of a function, bash does not.
        if command.closed || command.defines {
            return self.refused(line, "a word");
        }
        if command.words.len() == WORD_LIMIT {
            self.visitor.problem(line, format!("a command has more than {WORD_LIMIT} words; the rest was not read"));
            return Err(());
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
            "{" => return Ok(self.opens(Open::Brace, command)),
            "then" | "elif" | "else" if self.open.last() == Some(&Open::If) => None,
            "do" if self.open.last() == Some(&Open::Loop) => None,
            "!" => None,
            // bash's keyword; in other shells it is a program, and what follows are its arguments.
            "time" => {
                command.conditional = true;
                None
            }
            // bash's keyword; in other shells it is a command that does not exist. Its name is passed over.
            "function" => {
                self.visitor.problem(line, "defines a function in a way that not every shell knows".to_owned());
                (command.conditional, command.defines, command.redirects) = (true, true, true);
                return Ok(true);
            }
            "fi" => Some(Open::If),
            "done" => Some(Open::Loop),
            "esac" => Some(Open::Branch),
            "}" => Some(Open::Brace),
            "then" | "elif" | "else" | "do" => return self.refused(line, word).map(|()| true),
            _ => return Ok(false),
        };
        if let Some(closes) = closes
            && (self.close() != Some(closes) || command.wanted && word != "esac")
        {
            return self.refused(line, word).map(|()| true);
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
                if let Some((name, line)) = command.words.first() {
                    self.visitor.function(name, *line);
                }
                self.function.get_or_insert(self.open.len());
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
        self.finish(command, Some(op))?;
        *command = Command::default();
        match op {
            Op::Close | Op::EndOfBranch => {
                let (from, to) = match op {
                    Op::Close => (Open::Subshell, None),
                    _ => (Open::Branch, Some(Open::Patterns)),
                };
                if self.close() != Some(from) {
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

    fn finish(&mut self, command: &Command<'_>, op: Option<Op>) -> Goes {
        if command.words.is_empty() {
            return Ok(());
        }
        let scope = self.scope(command, matches!(op, Some(Op::Pipe | Op::Background)));
        self.visitor.command(&command.words, scope)
    }

    fn scope(&self, command: &Command<'_>, subshell: bool) -> Scope {
        Scope {
            conditional: command.conditional || subshell || !self.open.is_empty(),
            subshell: subshell || self.open.contains(&Open::Subshell),
            function: self.function.is_some(),
        }
    }

    fn close(&mut self) -> Option<Open> {
        let closed = self.open.pop();
        self.function = self.function.filter(|around| *around < self.open.len());
        closed
    }
}
