//! Standard output, and how this terminal wants it.

use crate::cli::Color;
use crate::formats::text::printable;
use crate::report::Style;
use crate::system::replace::{Readers, Whole};
use anstream::{AutoStream, ColorChoice};
use std::io::{IsTerminal, Stdout, Write, stdout};
use std::path::{Path, PathBuf};

/// The width that is assumed where nothing tells: a serial console's.
const DEFAULT_WIDTH: u16 = 80;

/// Narrower terminals than this are not believed.
const NARROWEST: u16 = 40;

/// Longer lines than this are hard to read.
const WIDEST: u16 = 120;

/// Standard output with what is known of the reader.
#[derive(Debug)]
pub(super) struct Output {
    stream: AutoStream<Stdout>,
    /// Width, character set and amount.
    pub(super) style: Style,
    /// Nothing but the exit code.
    pub(super) quiet: bool,
    /// What takes standard output's place.
    file: Option<Redirected>,
}

/// A file that is printed to, and written whole.
#[derive(Debug)]
pub(super) struct Redirected {
    path: PathBuf,
    /// `None` until it is begun.
    whole: Option<Whole>,
    /// Whether something was printed.
    is_used: bool,
}

impl Output {
    /// Looks at the terminal and the environment.
    pub(super) fn new(color: Color, quiet: bool, verbose: bool) -> Self {
        // What is asked for holds for standard error too.
        match color {
            Color::Auto => {}
            Color::Always => ColorChoice::Always.write_global(),
            Color::Never => ColorChoice::Never.write_global(),
        }
        let choice = AutoStream::choice(&stdout());
        let style = Style { width: width(), ascii: !speaks_utf8(), verbose };
        Self { stream: AutoStream::new(stdout(), choice), style, quiet, file: None }
    }

    /// What is printed from now on goes to a file, which is written whole.
    pub(super) fn redirect(&mut self, path: &Path) {
        self.file = Some(Redirected::new(path));
    }

    /// Begins the file where there is one ([`Redirected::begin`]).
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn begin(&mut self) -> std::io::Result<Option<PathBuf>> {
        self.file.as_mut().map_or(Ok(None), Redirected::begin)
    }

    /// Puts the file in its place, when something was printed.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn settle(&mut self) -> std::io::Result<()> {
        self.file.take().map_or(Ok(()), Redirected::settle)
    }

    /// The style of a listing: each row on one line where a program reads it and no width was asked for.
    pub(super) fn plain_lines(&self) -> Style {
        let asked = columns_asked_for().is_some();
        let width = if asked || stdout().is_terminal() { self.style.width } else { u16::MAX };
        Style { width, ..self.style }
    }

    /// Prints a text, unless all is to be quiet. A reader that has seen enough, such as `head`, is no error.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn print(&mut self, text: &str) -> std::io::Result<()> {
        let text = printable::screen(text);
        if let Some(file) = &mut self.file {
            let plain = anstream::adapter::strip_str(&text).to_string();
            return file.print(plain.as_bytes());
        }
        if self.quiet {
            return Ok(());
        }
        unless_closed(self.stream.write_all(text.as_bytes()).and_then(|()| self.stream.flush()))
    }

    /// Writes what is no text, even when all is to be quiet: it was asked for by name.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn print_bytes(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let mut stdout = stdout().lock();
        unless_closed(stdout.write_all(bytes).and_then(|()| stdout.flush()))
    }

    /// Prints what was done. That it cannot be told changes nothing of it.
    pub(super) fn tell(&mut self, text: &str) {
        if let Err(error) = self.print(text) {
            self.complain(&format!("isctpl: cannot write to standard output: {error}\n"));
        }
    }

    /// Says on standard error what is no data, unless all is to be quiet.
    pub(super) fn complain(&mut self, text: &str) {
        if !self.quiet {
            // Where nobody listens any more, the exit code is the answer.
            let _ = anstream::stderr().write_all(printable::screen(text).as_bytes());
        }
    }
}

impl Redirected {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), whole: None, is_used: false }
    }

    /// Begins it, which otherwise begins with its first text: behind a fence it cannot be begun. Gives the directory in
    /// which it is put in its place.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn begin(&mut self) -> std::io::Result<Option<PathBuf>> {
        Ok(self.begun()?.directory().map(Path::to_owned))
    }

    fn begun(&mut self) -> std::io::Result<&mut Whole> {
        match &mut self.whole {
            Some(whole) => Ok(whole),
            none => {
                let whole = Whole::begin(&self.path, Readers::Everyone).map_err(|error| named(&self.path, &error))?;
                Ok(none.insert(whole))
            }
        }
    }

    /// Adds to it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn print(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.is_used = true;
        let written = self.begun()?.write_all(bytes);
        written.map_err(|error| named(&self.path, &error))
    }

    /// Puts it in its place, when something was printed.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn settle(self) -> std::io::Result<()> {
        match self {
            Self { path, whole: Some(whole), is_used: true } => whole.finish().map_err(|error| named(&path, &error)),
            _ => Ok(()),
        }
    }
}

/// An error that says which file it is of.
fn named(path: &Path, error: &std::io::Error) -> std::io::Error {
    std::io::Error::new(error.kind(), format!("cannot write {}: {error}", printable::path(path)))
}

/// That the reader closed its end of the pipe is no error.
fn unless_closed(written: std::io::Result<()>) -> std::io::Result<()> {
    match written {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

fn width() -> u16 {
    let terminal = || stdout().is_terminal().then(terminal_size::terminal_size).flatten().map(|(width, _)| width.0);
    // A serial console may claim a width of nothing.
    columns_asked_for().or_else(terminal).filter(|width| *width >= NARROWEST).unwrap_or(DEFAULT_WIDTH).min(WIDEST)
}

/// What the environment asks for; a shell does not hand its own COLUMNS on.
fn columns_asked_for() -> Option<u16> {
    std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok())
}

/// Whether the reader's terminal shows more than ASCII. Serial consoles and dumb terminals do not,
/// whatever the locale says.
fn speaks_utf8() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        .unwrap_or_default()
        .to_ascii_lowercase();
    let terminal = std::env::var("TERM").unwrap_or_default();
    let plain = terminal.is_empty() || terminal == "linux" || terminal == "dumb" || terminal.starts_with("vt");
    (locale.contains("utf-8") || locale.contains("utf8")) && !plain
}
