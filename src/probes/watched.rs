//! Reads the facts of the running system in a process of its own.
//!
//! Whoever touches a root disk that is gone sleeps where no signal wakes it. A process that waits so cannot
//! even end; so another one reads, and this one speaks when nothing comes any more.

use super::gather::{gather, gather_kernel};
use super::request::{GatherRequest, Stage};
use isctpl_checks::facts::{Fact, Facts, Problem, Source};
use procfs::process::Process;
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead, BufReader, Read, Write, stdin, stdout};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// The environment variable that makes this program the reader of another: a request comes in, words go out.
const READER: &str = "ISCTPL_READER";

/// How long the reader may stand still. A controller that fails over, or a switch that restarts its port,
/// takes less.
const PATIENCE: Duration = Duration::from_secs(15);

/// How often the reader is looked at.
const GLANCE: Duration = Duration::from_millis(250);

/// What the reader writes, one JSON value a line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    /// What it reads next.
    Reads(Stage),
    /// All facts; the last word.
    Facts(Box<Facts>),
    /// Why there are none; the last word.
    Failed(Problem),
}

/// How reading ended.
#[derive(Debug)]
enum End {
    /// With the facts, or with why there are none.
    Said(Result<Box<Facts>, Problem>),
    /// It stands still in this stage; `None` where it has not even begun.
    Still(Option<Stage>),
    /// The time that the whole run has is over.
    Late,
    /// It ended without a last word.
    Broke,
}

/// Reads the facts of the running system; with a time at which the run is to end, those of any root. `None`
/// when that time came first.
///
/// # Errors
/// When a file that the user named cannot be read.
pub fn gather_watched(
    request: &GatherRequest,
    until: Option<Instant>,
    say: &dyn Fn(Stage),
) -> Result<Option<Facts>, Problem> {
    // Only the running root's kernel has an answer of its own where the disk has none.
    let patience = (request.disk.is_none() && request.root == Path::new("/")).then_some(PATIENCE);
    let end = match reader(request) {
        Ok(child) => listen(child, patience.unwrap_or(Duration::MAX), until, say),
        // Without /proc there is no second one; nor is there a reason to fail for that.
        Err(_) => End::Broke,
    };
    match end {
        End::Late => Ok(None),
        End::Said(facts) => facts.map(|facts| Some(*facts)),
        End::Broke => gather(request, say).map(Some),
        End::Still(stage) => {
            let waited = PATIENCE.as_secs();
            let unread =
                Problem::new("/", format!("the root's disk did not answer within {waited} s")).of(Source::Root);
            let mut facts = gather_kernel(request, &unread)?;
            facts.storage.root_silence = match stage {
                Some(Stage::RootDisk) => {
                    Fact::Known(Some(Problem::new("/", format!("no answer to a read within {waited} s"))))
                }
                Some(stage) => Fact::Unknown(Problem::new("/", format!("nothing came for {waited} s while {stage}"))),
                None => Fact::Unknown(Problem::new("/", format!("nothing came for {waited} s"))),
            };
            Ok(Some(facts))
        }
    }
}

/// Where this process is the reader of another: gathers what standard input asks for, writes words to standard
/// output, and returns true.
///
/// # Errors
/// When the request cannot be understood, or standard output not be written.
pub fn answer_watcher() -> io::Result<bool> {
    if std::env::var_os(READER).is_none() {
        return Ok(false);
    }
    let mut text = Vec::new();
    stdin().lock().read_to_end(&mut text)?;
    let request: GatherRequest = serde_json::from_slice(&text)?;
    let say = |word: &Word| -> io::Result<()> {
        let mut line = serde_json::to_vec(word)?;
        line.push(b'\n');
        let mut out = stdout().lock();
        out.write_all(&line)?;
        out.flush()
    };
    // A listener that went away is told by the last word.
    let last = match gather(&request, &|stage| drop(say(&Word::Reads(stage)))) {
        Ok(facts) => Word::Facts(Box::new(facts)),
        Err(problem) => Word::Failed(problem),
    };
    say(&last)?;
    Ok(true)
}

/// This program once more, with the request written to it.
fn reader(request: &GatherRequest) -> io::Result<Child> {
    let request = serde_json::to_vec(request)?;
    let mut command = Command::new("/proc/self/exe");
    // A name for those who look at processes.
    command.arg0("isctpl-reader").env(READER, "1").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn()?;
    // A reader that cannot be told what to read ends without a word, and is seen to.
    if let Some(mut input) = child.stdin.take() {
        let _ = input.write_all(&request);
    }
    Ok(child)
}

/// Listens to a reader until its last word, its end, until it stood still for `patience`, or until the time
/// is over.
fn listen(mut child: Child, patience: Duration, until: Option<Instant>, say: &dyn Fn(Stage)) -> End {
    let words = words_of(&mut child);
    let mut reading = None;
    let mut moved = Instant::now();
    let mut amount = amount_of(&child);
    loop {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            // As below: nobody waits for its end.
            let _ = child.kill();
            return End::Late;
        }
        match words.recv_timeout(left.map_or(GLANCE, |left| left.min(GLANCE))) {
            Ok(Word::Reads(stage)) => {
                say(stage);
                reading = Some(stage);
                moved = Instant::now();
            }
            Ok(Word::Facts(facts)) => return ended(child, End::Said(Ok(facts))),
            Ok(Word::Failed(problem)) => return ended(child, End::Said(Err(problem))),
            Err(RecvTimeoutError::Disconnected) => return ended(child, End::Broke),
            Err(RecvTimeoutError::Timeout) => {
                let now = amount_of(&child);
                if now != amount {
                    amount = now;
                    moved = Instant::now();
                } else if moved.elapsed() >= patience {
                    // It ends as soon as it wakes; waiting for that is what this process must not do.
                    let _ = child.kill();
                    return End::Still(reading);
                }
            }
        }
    }
}

fn ended(mut child: Child, end: End) -> End {
    // It has said its last word; its exit code says nothing more.
    let _ = child.wait();
    end
}

/// The reader's words as they come. What is none ends them.
fn words_of(child: &mut Child) -> Receiver<Word> {
    let (sender, receiver) = channel();
    if let Some(output) = child.stdout.take() {
        let listen = move || {
            for line in BufReader::new(output).split(b'\n') {
                let word = line.ok().and_then(|line| serde_json::from_slice(&line).ok());
                let Some(word) = word else { return };
                if sender.send(word).is_err() {
                    return;
                }
            }
        };
        // Without a thread nobody listens, and the words have ended.
        let _ = std::thread::Builder::new().name("words".to_owned()).spawn(listen);
    }
    receiver
}

/// How much a process has done: processor time in ticks, and bytes read. It stands still when neither grows.
fn amount_of(child: &Child) -> Option<(u64, u64)> {
    let process = Process::new(i32::try_from(child.id()).ok()?).ok()?;
    let stat = process.stat().ok()?;
    // Without privilege a process that changed its own may not be looked into.
    let read = process.io().map_or(0, |io| io.rchar);
    Some((stat.utime.saturating_add(stat.stime), read))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    fn listen_to(script: &str, patience: Duration) -> (End, Vec<Stage>) {
        let said = RefCell::new(Vec::new());
        let mut command = Command::new("sh");
        let child = command.args(["-c", script]).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let end = listen(child, patience, None, &|stage| said.borrow_mut().push(stage));
        (end, said.into_inner())
    }

    #[test]
    fn a_reader_that_stands_still_is_given_up_with_what_it_reads() {
        let begun = Instant::now();
        let (end, said) = listen_to("echo '{\"reads\":\"root_disk\"}'; sleep 60", Duration::from_secs(1));
        assert!(matches!(end, End::Still(Some(Stage::RootDisk))));
        assert_eq!(said, [Stage::RootDisk]);
        assert!(begun.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn a_reader_that_works_has_no_more_time_than_the_run() {
        let mut command = Command::new("sh");
        let busy = "while :; do echo '{\"reads\":\"root_disk\"}'; done";
        let child = command.args(["-c", busy]).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let begun = Instant::now();
        let end = listen(child, PATIENCE, Some(begun + Duration::from_secs(1)), &|_| ());
        assert!(matches!(end, End::Late), "{end:?}");
        assert!(begun.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_reader_that_works_is_waited_for() {
        let busy = "i=0; end=$(($(date +%s) + 3)); while [ $(date +%s) -lt $end ]; do i=$((i + 1)); done; \
                    echo '{\"failed\":{\"place\":\"/x\",\"what\":\"does not exist\"}}'";
        let (end, _) = listen_to(busy, Duration::from_secs(1));
        assert!(matches!(end, End::Said(Err(problem)) if problem.place == "/x"));
    }

    #[test]
    fn a_reader_that_breaks_is_told_from_one_that_is_still() {
        for script in ["exit 1", "echo nonsense; sleep 0.1"] {
            let (end, _) = listen_to(script, Duration::from_secs(20));
            assert!(matches!(end, End::Broke), "{script}: {end:?}");
        }
    }
}
