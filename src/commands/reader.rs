//! Reads the facts of the running system in a process of its own.
//!
//! Whoever touches a root disk that is gone sleeps where no signal wakes it. A process that waits so cannot
//! even end; so another one reads, and this one speaks when nothing comes any more.

use super::progress::Progress;
use crate::cli::Source;
use crate::probes::{self, ASKING_THE_DISK, GatherRequest};
use isctpl_checks::facts::{Fact, Facts, Problem};
use procfs::process::Process;
use serde::{Deserialize, Serialize};
use std::io::{BufRead, BufReader, Write, stdout};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// The environment variable that makes `isctpl snapshot` the reader: it writes words, and no file.
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
    Reads(String),
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
    /// It stands still, while it reads this.
    Still(String),
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
pub(super) fn gather(source: &Source, progress: &Progress, until: Option<Instant>) -> Result<Option<Facts>, Problem> {
    let request = request_of(source);
    // Only the running root's kernel has an answer of its own where the disk has none.
    let patience = (source.root == Path::new("/")).then_some(PATIENCE);
    let end = match reader(source).spawn() {
        Ok(child) => listen(child, patience.unwrap_or(Duration::MAX), until, &|what| progress.say(what)),
        // Without /proc there is no second one; nor is there a reason to fail for that.
        Err(_) => End::Broke,
    };
    match end {
        End::Late => Ok(None),
        End::Said(facts) => facts.map(|facts| Some(*facts)),
        End::Broke => super::gather_here(source, &|what| progress.say(what)).map(Some),
        End::Still(reading) => {
            let waited = PATIENCE.as_secs();
            let unread = Problem::new("/", format!("the root's disk did not answer within {waited} s"));
            let mut facts = probes::gather_kernel(&request, &unread)?;
            facts.storage.root_silence = if reading == ASKING_THE_DISK {
                Fact::Known(Some(Problem::new("/", format!("no answer to a read within {waited} s"))))
            } else {
                Fact::Unknown(Problem::new("/", format!("nothing came for {waited} s while {reading}")))
            };
            Ok(Some(facts))
        }
    }
}

/// Whether this process is the reader of another.
pub(super) fn is_asked_for() -> bool {
    std::env::var_os(READER).is_some()
}

/// What the reader itself does: gathers, and writes its words to standard output.
///
/// # Errors
/// When standard output cannot be written.
pub(super) fn run(source: &Source) -> anyhow::Result<u8> {
    let say = |word: &Word| -> std::io::Result<()> {
        let mut line = serde_json::to_vec(word)?;
        line.push(b'\n');
        let mut out = stdout().lock();
        out.write_all(&line)?;
        out.flush()
    };
    // A listener that went away is told by the last word.
    let last = match super::gather_here(source, &|what| drop(say(&Word::Reads(what.to_owned())))) {
        Ok(facts) => Word::Facts(Box::new(facts)),
        Err(problem) => Word::Failed(problem),
    };
    say(&last)?;
    Ok(0)
}

/// The facts that the user pointed at.
pub(super) fn request_of(source: &Source) -> GatherRequest<'_> {
    GatherRequest {
        root: &source.root,
        same_machine: source.same_machine,
        portals: &source.portals,
        san_subnets: &source.san_subnets,
        san_nic: source.san_nic.as_deref(),
        ibft_table: source.ibft_table.as_deref(),
        sysfs: source.sysfs.as_deref(),
    }
}

/// This program once more, to read what `source` says.
fn reader(source: &Source) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.env(READER, "1").args(["snapshot", "--output", "/dev/null", "--root"]).arg(&source.root);
    if source.same_machine {
        command.arg("--same-machine");
    }
    for portal in &source.portals {
        command.arg("--portal").arg(portal.to_string());
    }
    for subnet in &source.san_subnets {
        command.arg("--san-subnet").arg(subnet.to_string());
    }
    for (option, value) in [("--ibft-table", &source.ibft_table), ("--sysfs", &source.sysfs)] {
        command.args(value.iter().flat_map(|value| [Path::new(option), value.as_path()]));
    }
    command.args(source.san_nic.iter().flat_map(|nic| ["--san-nic", nic]));
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

/// Listens to a reader until its last word, its end, until it stood still for `patience`, or until the time
/// is over.
fn listen(mut child: Child, patience: Duration, until: Option<Instant>, say: &dyn Fn(&str)) -> End {
    let words = words_of(&mut child);
    let mut reading = String::new();
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
            Ok(Word::Reads(what)) => {
                say(&what);
                reading = what;
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
        std::thread::spawn(move || {
            for line in BufReader::new(output).split(b'\n') {
                let word = line.ok().and_then(|line| serde_json::from_slice(&line).ok());
                let Some(word) = word else { return };
                if sender.send(word).is_err() {
                    return;
                }
            }
        });
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

    fn listen_to(script: &str, patience: Duration) -> (End, Vec<String>) {
        let said = RefCell::new(Vec::new());
        let mut command = Command::new("sh");
        let child = command.args(["-c", script]).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let end = listen(child, patience, None, &|what| said.borrow_mut().push(what.to_owned()));
        (end, said.into_inner())
    }

    #[test]
    fn a_reader_that_stands_still_is_given_up_with_what_it_reads() {
        let begun = Instant::now();
        let (end, said) = listen_to("echo '{\"reads\":\"the disk\"}'; sleep 60", Duration::from_secs(1));
        assert!(matches!(end, End::Still(reading) if reading == "the disk"));
        assert_eq!(said, ["the disk"]);
        assert!(begun.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn a_reader_that_works_has_no_more_time_than_the_run() {
        let mut command = Command::new("sh");
        let busy = "while :; do echo '{\"reads\":\"the disk\"}'; done";
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
