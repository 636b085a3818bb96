//! The process that reads for another one: this program once more, behind a fence.

use super::beforehand::Beforehand;
use super::fenced::enter;
use super::gather::gather_behind;
use super::request::{GatherRequest, Stage};
use super::words::Word;
use crate::system::errno::in_words;
use crate::system::fence::{Extent, close_inherited};
use isctpl_checks::facts::{Facts, Problem};
use nix::errno::Errno;
use std::io::{self, Read, Write, stdin, stdout};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

/// The environment variable that makes this program the reader of another: a request comes in, words go out.
const READER: &str = "ISCTPL_READER";

/// This program, whatever has been put in its place meanwhile.
const PROGRAM: &str = "/proc/self/exe";

/// Variables that a program may not start without: where the linker finds its libraries. All others stay behind, as
/// they may hold what is nobody's business.
const LINKERS: &str = "LD_";

/// What reads the facts.
pub type Gather = fn(&GatherRequest, &Beforehand, &dyn Fn(Stage)) -> Result<Facts, Problem>;

/// Where this process is the reader of another: gathers what standard input asks for, writes words to standard
/// output, and returns true.
///
/// # Errors
/// When the request cannot be understood, or standard output not be written.
pub fn answer_watcher() -> io::Result<bool> {
    answer_watcher_by(gather_behind)
}

/// The same with another way to read: a test shows by it what a parser that misbehaves can do.
///
/// # Errors
/// As [`answer_watcher`].
pub fn answer_watcher_by(gather: Gather) -> io::Result<bool> {
    if std::env::var_os(READER).is_none() {
        return Ok(false);
    }
    close_inherited()?;
    let mut text = Vec::new();
    stdin().lock().read_to_end(&mut text)?;
    let request: GatherRequest = serde_json::from_slice(&text)?;
    let say = |word: &Word| word.say(&mut stdout().lock());
    let (fence, beforehand) = enter(&request, Extent::Reader);
    say(&Word::Fenced(fence))?;
    // A listener that went away is told by the last word.
    let facts = gather(&request, &beforehand, &|stage| drop(say(&Word::Reads(stage))));
    say(&Word::last(facts))?;
    Ok(true)
}

/// This program once more, with the request written to it.
pub(super) fn start(request: &GatherRequest) -> io::Result<Child> {
    let request = serde_json::to_vec(request)?;
    let mut command = Command::new(PROGRAM);
    command
        .env_clear()
        .envs(std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(LINKERS.as_bytes())));
    // A name for those who look at processes.
    command.arg0("isctpl-reader").env(READER, "1");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    // A reader that cannot be told what to read ends without a word, and is seen to.
    if let Some(mut input) = child.stdin.take() {
        let _ = input.write_all(&request);
    }
    Ok(child)
}

/// Why there is no reader, in words.
pub(super) fn unstarted(error: &io::Error) -> String {
    let why = error.raw_os_error().map_or_else(|| error.to_string(), |errno| in_words(Errno::from_raw(errno)));
    format!("{PROGRAM}: {why}")
}
