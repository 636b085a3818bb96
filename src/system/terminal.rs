//! What a person types.

use crate::formats::text::printable;
use crate::formats::text::secret::Secret;
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use zeroize::Zeroizing;

/// The most that is read of a line.
const LINE_LIMIT: usize = 4096;
const CTRL_C: u8 = 3;

/// Puts the terminal back as it was, whatever happens.
struct Quiet<'a> {
    terminal: &'a File,
    before: Termios,
}

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        // Nothing can be done about a terminal that went away.
        let _ = tcsetattr(self.terminal, SetArg::TCSAFLUSH, &self.before);
    }
}

/// Asks for a secret on the terminal, and does not show it.
///
/// # Errors
/// When there is no terminal, or the person gives up by Ctrl-C.
pub(crate) fn ask_secret(prompt: &str) -> io::Result<Secret> {
    let mut terminal = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
    let before = tcgetattr(&terminal)?;
    let mut quiet = before.clone();
    // Signals are off as well: Ctrl-C would leave the terminal without echo.
    quiet.local_flags.remove(LocalFlags::ECHO | LocalFlags::ISIG);
    tcsetattr(&terminal, SetArg::TCSAFLUSH, &quiet)?;
    let answer = {
        let _restored = Quiet { terminal: &terminal, before };
        (&terminal).write_all(printable::line(prompt).as_bytes())?;
        read_line(&mut &terminal)
    };
    terminal.write_all(b"\n")?;
    let line = answer?;
    if line.as_bytes().contains(&CTRL_C) {
        return Err(io::Error::new(io::ErrorKind::Interrupted, "cancelled"));
    }
    Ok(Secret::new(line.to_string()))
}

/// Reads a line, byte by byte, so that what follows it is left for whoever reads next.
///
/// # Errors
/// When it cannot be read, is too long, or is no UTF-8.
pub(crate) fn read_line(from: &mut impl Read) -> io::Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(LINE_LIMIT));
    let mut byte = [0];
    while from.read(&mut byte)? == 1 && byte != *b"\n" {
        if bytes.len() == LINE_LIMIT {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the line is too long"));
        }
        bytes.extend_from_slice(&byte);
        if byte[0] == CTRL_C {
            break;
        }
    }
    let text =
        std::str::from_utf8(&bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "is not valid UTF-8"))?;
    Ok(Zeroizing::new(text.trim_end_matches('\r').to_owned()))
}
