//! GRUB's script language as a tree (grammar: `grub-core/script/parser.y`).

use super::lexer::{Lexer, Token};
pub(super) use super::lexer::{Part, Word};
use std::rc::Rc;

/// How deep blocks may stand in each other; real files have four levels.
const NESTING_LIMIT: u32 = 32;

/// A statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Statement {
    /// Words of a simple command.
    Command(Vec<Word>),
    /// Conditions with what follows each; the last may have none.
    If { arms: Vec<(Vec<Statement>, Vec<Statement>)>, otherwise: Vec<Statement> },
    /// `for`, `while`, `until`.
    Loop { body: Vec<Statement>, line: u32 },
    /// A function's definition.
    Function,
    /// `menuentry` or `submenu`.
    Menu { submenu: bool, words: Vec<Word>, body: Rc<[Statement]>, line: u32 },
}

/// A file that was read.
#[derive(Debug)]
pub(super) struct Script {
    /// What GRUB runs.
    pub(super) statements: Vec<Statement>,
    /// What could not be understood, with its line.
    pub(super) problems: Vec<(u32, String)>,
    /// From which line on it is not read, and why.
    pub(super) left_out: Option<(u32, &'static str)>,
    /// The line of a construct that the file ends in: GRUB runs nothing of it.
    pub(super) unfinished: Option<u32>,
}

/// Reads a file.
pub(super) fn parse(text: &str) -> Script {
    let mut parser = Parser { lexer: Lexer::new(text), problems: Vec::new(), unfinished: None, left_out: None };
    let mut statements = Vec::new();
    loop {
        let (block, end) = parser.block(0);
        statements.extend(block);
        match end {
            End::Input => break,
            // A closing word without its opening is passed over, as nothing can be meant by it.
            End::Word(word) => {
                let line = parser.lexer.line();
                parser.problems.push((line, format!("\"{word}\" has no matching opening")));
            }
        }
    }
    if parser.lexer.is_over_limit() {
        parser.unfinished = None;
        parser.left_out = Some((parser.lexer.line(), "is too long; the rest was not read"));
    }
    let Parser { problems, unfinished, left_out, .. } = parser;
    Script { statements, problems, left_out, unfinished }
}

/// Why a block ended.
enum End {
    Word(&'static str),
    Input,
}

/// The words that end a block.
const CLOSING: [&str; 6] = ["then", "elif", "else", "fi", "do", "done"];

struct Parser<'a> {
    lexer: Lexer<'a>,
    problems: Vec<(u32, String)>,
    /// The line of the construct that the file ends in.
    unfinished: Option<u32>,
    /// From where on nothing is read, for a limit of this reader's, and which.
    left_out: Option<(u32, &'static str)>,
}

impl Parser<'_> {
    fn block(&mut self, depth: u32) -> (Vec<Statement>, End) {
        let mut statements = Vec::new();
        if depth > NESTING_LIMIT {
            self.left_out = Some((self.lexer.line(), "blocks are nested too deeply; the rest was not read"));
            self.lexer.skip_to_end();
            return (statements, End::Input);
        }
        loop {
            match self.lexer.token() {
                Token::End => return (statements, End::Input),
                Token::Close => return (statements, End::Word("}")),
                Token::Separator => {}
                Token::Open => {
                    let line = self.lexer.line();
                    let (inner, end) = self.block(depth + 1);
                    self.expect(&end, "}");
                    if self.is_unfinished(line) {
                        return (statements, End::Input);
                    }
                    statements.extend(inner);
                }
                Token::Word(word) => {
                    if let Some(closing) = word.bare().and_then(|bare| CLOSING.iter().find(|word| **word == bare)) {
                        return (statements, End::Word(closing));
                    }
                    let line = word.line;
                    let statement = match word.bare() {
                        Some("if") => self.conditional(depth),
                        Some("while" | "until" | "for") => self.repeated(&word, depth),
                        Some("function") => self.function(depth),
                        Some("menuentry") => self.menu(false, word.line, depth),
                        Some("submenu") => self.menu(true, word.line, depth),
                        _ => {
                            let mut words = vec![word];
                            // A block as an argument belongs to no command known here.
                            if self.words(&mut words) {
                                let (_, end) = self.block(depth + 1);
                                self.expect(&end, "}");
                            }
                            Statement::Command(words)
                        }
                    };
                    if self.is_unfinished(line) {
                        return (statements, End::Input);
                    }
                    statements.push(statement);
                }
            }
        }
    }

    /// Gathers words to the end of a command; true when a block opens there.
    fn words(&mut self, words: &mut Vec<Word>) -> bool {
        loop {
            let before = self.lexer.clone();
            match self.lexer.token() {
                Token::Word(word) => words.push(word),
                Token::Open => return true,
                Token::Close => {
                    self.lexer = before;
                    return false;
                }
                Token::Separator | Token::End => return false,
            }
        }
    }

    /// Whether the file ended in the construct that began in this line. GRUB reads on for its end, finds
    /// none, and runs nothing of it (`grub-core/script/main.c`).
    fn is_unfinished(&mut self, line: u32) -> bool {
        let unfinished = self.unfinished.is_some() && !self.lexer.is_over_limit();
        if unfinished {
            self.unfinished = Some(line);
        }
        unfinished
    }

    fn expect(&mut self, end: &End, wanted: &str) -> bool {
        let found = match end {
            End::Word(word) if *word == wanted => return true,
            End::Word(word) => format!("\"{word}\""),
            End::Input => {
                self.unfinished = Some(self.lexer.line()).filter(|_| self.left_out.is_none());
                "the end of the file".to_owned()
            }
        };
        self.problems.push((self.lexer.line(), format!("found {found}, expected \"{wanted}\"")));
        false
    }

    fn conditional(&mut self, depth: u32) -> Statement {
        let mut arms = Vec::new();
        let mut otherwise = Vec::new();
        loop {
            let (condition, end) = self.block(depth + 1);
            if !self.expect(&end, "then") {
                break;
            }
            let (body, end) = self.block(depth + 1);
            arms.push((condition, body));
            match end {
                End::Word("elif") => {}
                End::Word("else") => {
                    let (body, end) = self.block(depth + 1);
                    otherwise = body;
                    self.expect(&end, "fi");
                    break;
                }
                end => {
                    self.expect(&end, "fi");
                    break;
                }
            }
        }
        Statement::If { arms, otherwise }
    }

    fn repeated(&mut self, word: &Word, depth: u32) -> Statement {
        let (_, end) = self.block(depth + 1);
        let mut body = Vec::new();
        if self.expect(&end, "do") {
            let (inner, end) = self.block(depth + 1);
            body = inner;
            self.expect(&end, "done");
        }
        Statement::Loop { body, line: word.line }
    }

    fn function(&mut self, depth: u32) -> Statement {
        if self.words(&mut Vec::new()) || self.opens() {
            let (_, end) = self.block(depth + 1);
            self.expect(&end, "}");
        }
        Statement::Function
    }

    fn menu(&mut self, submenu: bool, line: u32, depth: u32) -> Statement {
        let mut words = Vec::new();
        let mut body = Vec::new();
        if self.words(&mut words) {
            let (inner, end) = self.block(depth + 1);
            body = inner;
            self.expect(&end, "}");
        } else {
            self.problems.push((line, "a menu entry has no { … } block".to_owned()));
        }
        Statement::Menu { submenu, words, body: body.into(), line }
    }

    /// Whether a block opens behind line ends.
    fn opens(&mut self) -> bool {
        loop {
            let before = self.lexer.clone();
            match self.lexer.token() {
                Token::Separator => {}
                Token::Open => return true,
                _ => {
                    self.lexer = before;
                    return false;
                }
            }
        }
    }
}
