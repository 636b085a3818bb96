//! What a reader says to the process that listens to it: one JSON value a line.
//!
//! A reader takes in what others wrote, so what it says is not believed to be well meant: its lines have a length, and
//! their number a limit.

use super::request::Stage;
use crate::system::fence::Fence;
use isctpl_checks::facts::{Facts, Problem};
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead, Read, Write};

/// The longest line, in bytes. The facts of a large instance have some two MiB; each of 200,000 routes, the most that
/// are read, adds some 300 bytes.
const LINE: u64 = 128 << 20;

/// The most lines. Each stage is told once, some twice.
const LINES: usize = 64;

/// What a reader says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Word {
    /// What it has given up; its first word.
    Fenced(Fence),
    /// What it reads next.
    Reads(Stage),
    /// All facts; the last word.
    Facts(Box<Facts>),
    /// Why there are none; the last word.
    Failed(Problem),
}

impl Word {
    /// The last word.
    pub(super) fn last(outcome: Result<Facts, Problem>) -> Self {
        match outcome {
            Ok(facts) => Self::Facts(Box::new(facts)),
            Err(problem) => Self::Failed(problem),
        }
    }

    /// Says it.
    pub(super) fn say(&self, to: &mut impl Write) -> io::Result<()> {
        let mut line = serde_json::to_vec(self)?;
        line.push(b'\n');
        to.write_all(&line)?;
        to.flush()
    }
}

/// The words as they come. What is none ends them, and so does what comes out of turn: what a reader has given up is its
/// first word, before anything that others wrote could have made it say so.
pub(super) fn words(from: impl BufRead) -> impl Iterator<Item = Word> {
    words_of(from, LINE)
}

fn words_of(mut from: impl BufRead, longest: u64) -> impl Iterator<Item = Word> {
    let mut is_first = true;
    let next = move || {
        let mut line = Vec::new();
        from.by_ref().take(longest).read_until(b'\n', &mut line).ok()?;
        let word = if line.is_empty() { None } else { serde_json::from_slice(&line).ok() };
        let in_turn = std::mem::take(&mut is_first);
        word.filter(|word| in_turn || !matches!(word, Word::Fenced(_)))
    };
    std::iter::from_fn(next).take(LINES)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn words_come_back_and_end_with_what_is_none() {
        let mut said = Vec::new();
        Word::Reads(Stage::Kernels).say(&mut said).unwrap();
        Word::last(Err(Problem::new("/x", "is gone"))).say(&mut said).unwrap();
        said.extend(b"nonsense\n{\"reads\":\"kernels\"}\n");
        let heard: Vec<Word> = words(Cursor::new(said)).collect();
        assert!(matches!(heard[0], Word::Reads(Stage::Kernels)));
        assert!(matches!(&heard[1], Word::Failed(problem) if problem.place == "/x"));
        assert_eq!(heard.len(), 2);
    }

    #[test]
    fn what_was_given_up_is_told_first_or_not_at_all() {
        let mut said = Vec::new();
        for word in [Word::Fenced(Fence::default()), Word::Reads(Stage::Kernels), Word::Fenced(Fence::default())] {
            word.say(&mut said).unwrap();
        }
        let heard: Vec<Word> = words(Cursor::new(said)).collect();
        assert!(matches!(heard[..], [Word::Fenced(_), Word::Reads(_)]), "{heard:?}");
    }

    #[test]
    fn who_never_stops_talking_is_not_listened_to() {
        let said = "{\"reads\":\"kernels\"}\n".repeat(LINES + 9);
        assert_eq!(words(Cursor::new(said)).count(), LINES);
        let endless = io::BufReader::new(io::repeat(b' '));
        assert_eq!(words_of(endless, 1 << 20).count(), 0);
    }
}
