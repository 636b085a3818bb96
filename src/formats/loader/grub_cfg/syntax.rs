//! GRUB's script language as a tree (grammar: `grub-core/script/parser.y`).

use super::lexer::{Lexer, Token, Word};
use std::rc::Rc;

/// How deep blocks may stand in each other; real files have four levels.
const NESTING_LIMIT: u32 = 32;

/// A statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Statement {
    /// Words of a simple command, and the block behind them.
    Command { words: Vec<Word>, block: Option<Rc<[Statement]>> },
    /// A condition, what follows where it holds, and what else.
    If { condition: Vec<Statement>, then: Vec<Statement>, otherwise: Vec<Statement> },
    /// `for NAME in WORDS`.
    For { name: String, words: Vec<Word>, body: Vec<Statement>, line: u32 },
    /// `while`, and `until`, which ends when the condition holds.
    While { until: bool, condition: Vec<Statement>, body: Vec<Statement>, line: u32 },
}

/// What GRUB reads at once: a line, with all that belongs to the blocks that it opens.
#[derive(Debug, Default)]
pub(super) struct Unit {
    /// The functions that it defines, which it does while it is read, before any of its statements runs.
    pub(super) functions: Vec<(String, Rc<[Statement]>)>,
    pub(super) statements: Vec<Statement>,
}

/// A file that was read.
#[derive(Debug)]
pub(super) struct Script {
    /// What GRUB runs.
    pub(super) units: Vec<Unit>,
    /// What GRUB refuses, with its line.
    pub(super) problems: Vec<(u32, String)>,
    /// From which line on it is not read, and why.
    pub(super) left_out: Option<(u32, &'static str)>,
    /// The line of a construct that the file ends in: GRUB runs nothing of it.
    pub(super) unfinished: Option<u32>,
}

/// Reads a file.
///
/// At an error GRUB drops the unit as far as it has read, to the end of the line with the error, and goes on with
/// the next line (`grub_script_parse`, seen in `grub-emu`).
pub(super) fn parse(text: &str) -> Script {
    // GRUB skips every carriage return (`grub-core/lib/getline.c`).
    let text = text.replace('\r', "");
    let mut parser = Parser { lexer: Lexer::new(&text), peeked: None };
    let mut script = Script { units: Vec::new(), problems: Vec::new(), left_out: None, unfinished: None };
    loop {
        let mut unit = Unit::default();
        let begin = parser.begin();
        let stop = parser.unit(&mut unit).err();
        if stop.is_some() {
            unit.statements.clear();
        }
        if !unit.statements.is_empty() || !unit.functions.is_empty() {
            script.units.push(unit);
        }
        match stop {
            None => {}
            Some(Stop::Done) => break,
            Some(Stop::Syntax { line, what }) => script.problems.push((line, what)),
            Some(Stop::Unfinished) => {
                script.problems.push((begin, "begins a construct that the file ends in".to_owned()));
                script.unfinished = Some(begin);
                break;
            }
            Some(Stop::TooDeep(line)) => {
                script.left_out = Some((line, "blocks are nested too deeply; the rest was not read"));
                break;
            }
        }
    }
    if parser.lexer.is_over_limit() {
        script.unfinished = None;
        script.left_out = Some((parser.lexer.token_line(), "is too long; the rest was not read"));
    }
    script
}

/// Why a unit was not read to its end.
enum Stop {
    /// Nothing is left to be read.
    Done,
    /// The file ends within the unit.
    Unfinished,
    /// The grammar has no place for what stands there.
    Syntax { line: u32, what: String },
    /// It is nested deeper than is read.
    TooDeep(u32),
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    peeked: Option<Token>,
}

impl Parser<'_> {
    fn take(&mut self) -> Token {
        self.peeked.take().unwrap_or_else(|| self.lexer.token())
    }

    fn peek(&mut self) -> &Token {
        self.peeked.get_or_insert_with(|| self.lexer.token())
    }

    fn skip_newlines(&mut self) {
        while *self.peek() == Token::Newline {
            self.take();
        }
    }

    /// The line of the next unit.
    fn begin(&mut self) -> u32 {
        self.skip_newlines();
        self.lexer.token_line()
    }

    /// What stands at the error, and everything behind it in its line, is dropped.
    fn error(&mut self, token: &Token, expected: &str) -> Stop {
        let line = self.lexer.token_line();
        let found = match token {
            Token::End | Token::Cut => return Stop::Unfinished,
            Token::Newline => "the end of the line".to_owned(),
            Token::Semicolon => "\";\"".to_owned(),
            Token::Open => "\"{\"".to_owned(),
            Token::Close => "\"}\"".to_owned(),
            Token::Misplaced(mark) => format!("\"{mark}\""),
            Token::Word(word) => word.reserved().map_or_else(|| "a word".to_owned(), |word| format!("\"{word}\"")),
        };
        if *token != Token::Newline {
            self.lexer.skip_line();
        }
        let what = format!("is refused by GRUB: {expected} belongs where {found} stands");
        Stop::Syntax { line, what }
    }

    /// A line with its blocks.
    fn unit(&mut self, unit: &mut Unit) -> Result<(), Stop> {
        loop {
            match self.peek() {
                Token::Newline => {
                    self.take();
                    return Ok(());
                }
                Token::End if unit.statements.is_empty() && unit.functions.is_empty() => return Err(Stop::Done),
                // GRUB ends the last line itself.
                Token::End => return Ok(()),
                Token::Word(word) if word.reserved() == Some("function") => {
                    self.take();
                    unit.functions.push(self.function()?);
                }
                _ => unit.statements.push(self.command(0)?),
            }
            match self.take() {
                Token::Newline => return Ok(()),
                Token::Semicolon | Token::End => {}
                token => return Err(self.error(&token, "the end of the command")),
            }
        }
    }

    fn function(&mut self) -> Result<(String, Rc<[Statement]>), Stop> {
        let name = match self.take() {
            Token::Word(word) if word.name().is_some() => word.name().unwrap_or_default().to_owned(),
            token => return Err(self.error(&token, "the name of the function")),
        };
        self.skip_newlines();
        match self.take() {
            Token::Open => {}
            token => return Err(self.error(&token, "\"{\"")),
        }
        let (body, delimited) = self.commands(1, &[], true)?;
        match (self.take(), delimited) {
            (Token::Close, true) => Ok((name, body.into())),
            (token, _) => Err(self.error(&token, "\";\" or a new line")),
        }
    }

    /// Commands up to one of the closing words, or to `}`, neither of which is taken; and whether the last command
    /// is delimited, as every closing word wants it.
    fn commands(&mut self, depth: u32, closing: &[&str], braced: bool) -> Result<(Vec<Statement>, bool), Stop> {
        if depth > NESTING_LIMIT {
            self.lexer.skip_to_end();
            return Err(Stop::TooDeep(self.lexer.token_line()));
        }
        self.skip_newlines();
        let mut commands = Vec::new();
        loop {
            commands.push(self.command(depth)?);
            match self.peek() {
                Token::Newline | Token::Semicolon => {
                    self.take();
                }
                Token::Close if braced => return Ok((commands, false)),
                _ => {
                    let token = self.take();
                    return Err(self.error(&token, "the end of the command"));
                }
            }
            self.skip_newlines();
            let closes = match self.peek() {
                Token::Close => braced,
                Token::Word(word) => word.reserved().is_some_and(|word| closing.contains(&word)),
                _ => false,
            };
            if closes {
                return Ok((commands, true));
            }
        }
    }

    fn command(&mut self, depth: u32) -> Result<Statement, Stop> {
        match self.take() {
            Token::Word(word) => match word.reserved() {
                Some("if") => self.conditional(depth),
                Some("for") => self.counted(depth, word.line),
                Some("while") => self.repeated(depth, word.line, false),
                Some("until") => self.repeated(depth, word.line, true),
                Some(_) => Err(self.error(&Token::Word(word), "a command")),
                None => self.simple(depth, word),
            },
            token => Err(self.error(&token, "a command")),
        }
    }

    fn simple(&mut self, depth: u32, first: Word) -> Result<Statement, Stop> {
        let mut words = vec![first];
        words.extend(self.words());
        if *self.peek() != Token::Open {
            return Ok(Statement::Command { words, block: None });
        }
        self.take();
        let (body, _) = self.commands(depth + 1, &[], true)?;
        self.take();
        Ok(Statement::Command { words, block: Some(body.into()) })
    }

    fn words(&mut self) -> Vec<Word> {
        let mut words = Vec::new();
        while matches!(self.peek(), Token::Word(_)) {
            if let Token::Word(word) = self.take() {
                words.push(word);
            }
        }
        words
    }

    /// A word that must stand there.
    fn expect(&mut self, wanted: &'static str) -> Result<(), Stop> {
        match self.take() {
            Token::Word(word) if word.reserved() == Some(wanted) => Ok(()),
            token => Err(self.error(&token, &format!("\"{wanted}\""))),
        }
    }

    fn conditional(&mut self, depth: u32) -> Result<Statement, Stop> {
        let (condition, _) = self.commands(depth + 1, &["then"], false)?;
        self.expect("then")?;
        let (then, _) = self.commands(depth + 1, &["elif", "else", "fi"], false)?;
        let otherwise = match self.take() {
            Token::Word(word) if word.reserved() == Some("elif") => vec![self.conditional(depth + 1)?],
            Token::Word(word) if word.reserved() == Some("else") => {
                let (body, _) = self.commands(depth + 1, &["fi"], false)?;
                self.expect("fi")?;
                body
            }
            _ => Vec::new(),
        };
        Ok(Statement::If { condition, then, otherwise })
    }

    fn counted(&mut self, depth: u32, line: u32) -> Result<Statement, Stop> {
        let name = match self.take() {
            Token::Word(word) if word.name().is_some() => word.name().unwrap_or_default().to_owned(),
            token => return Err(self.error(&token, "the name of a variable")),
        };
        self.expect("in")?;
        let words = self.words();
        match self.take() {
            Token::Newline | Token::Semicolon => self.skip_newlines(),
            token => return Err(self.error(&token, "\";\" or a new line")),
        }
        let body = self.looped(depth)?;
        Ok(Statement::For { name, words, body, line })
    }

    fn repeated(&mut self, depth: u32, line: u32, until: bool) -> Result<Statement, Stop> {
        let (condition, _) = self.commands(depth + 1, &["do"], false)?;
        let body = self.looped(depth)?;
        Ok(Statement::While { until, condition, body, line })
    }

    fn looped(&mut self, depth: u32) -> Result<Vec<Statement>, Stop> {
        self.expect("do")?;
        let (body, _) = self.commands(depth + 1, &["done"], false)?;
        self.expect("done")?;
        Ok(body)
    }
}
