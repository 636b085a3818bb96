//! Listens to the process that reads the facts.
//!
//! Whoever touches a root disk that is gone sleeps where no signal wakes it. A process that waits so cannot
//! even end; so another one reads, and this one speaks when nothing comes any more. And whoever parses what others
//! wrote may be led astray: so the one that reads can do nothing else (`reader.rs`), and this one, which can, takes
//! from it only words.

use super::fenced::enter;
use super::gather::{gather_behind, gather_kernel};
use super::reader::{self, Gather};
use super::request::{GatherRequest, Stage};
use super::words::{Word, words};
use crate::system::fence::{Extent, Fence};
use isctpl_checks::facts::{Fact, Facts, Problem, Source};
use procfs::process::Process;
use std::io::{self, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How long a reader is waited for.
#[derive(Debug, Clone, Copy)]
struct Patience {
    /// How long it may stand still.
    still: Duration,
    /// How long it may be at one stage, whatever it does there.
    stage: Duration,
}

/// How long the reader of the running system may stand still. A controller that fails over, or a switch that restarts
/// its port, takes less.
const STILL: Duration = Duration::from_secs(15);

/// How long any reader may be at one stage. One that keeps to its budget opens nothing more after 300 s, and what is open
/// then comes to its end; this one is led astray, or hangs.
const STAGE: Duration = Duration::from_secs(600);

/// How often the reader is looked at.
const GLANCE: Duration = Duration::from_millis(250);

/// How much is kept of what a reader says on standard error, where it says why it breaks.
const COMPLAINT: u64 = 4 << 10;

/// How reading ended.
#[derive(Debug)]
enum End {
    /// With the facts, or with why there are none.
    Said(Result<Box<Facts>, Problem>),
    /// It stands still in this stage; `None` where it has not even begun.
    Still(Option<Stage>),
    /// It does not come to the end of this stage.
    Stuck(Option<Stage>),
    /// The time that the whole run has is over.
    Late,
    /// It ended without a last word, in this stage: how, in words.
    Broke(Option<Stage>, String),
}

/// Whoever is told what a reader says on its way.
#[derive(Clone, Copy)]
pub struct Listener<'a> {
    /// What is read next.
    pub stage: &'a dyn Fn(Stage),
    /// What the reader has given up.
    pub fence: &'a dyn Fn(Fence),
}

/// Reads the facts in a process of its own, which can do nothing else. `None` when a time at which the run is to end
/// came first.
///
/// # Errors
/// When a file that the user named cannot be read, and when the reader breaks or does not come to an end.
pub fn gather_watched(
    request: &GatherRequest,
    until: Option<Instant>,
    listener: Listener<'_>,
) -> Result<Option<Facts>, Problem> {
    // Only the running root's kernel has an answer of its own where the disk has none.
    let still = if request.is_live() { STILL } else { Duration::MAX };
    let end = match reader::start(request) {
        Ok(child) => listen(child, Patience { still, stage: STAGE }, until, listener),
        // Without /proc there is no second one; nor is there a reason to fail for that.
        Err(error) => return gather_here(request, &error, listener, gather_behind).map(Some),
    };
    let broken = |what: String| {
        let place = request.disk.as_ref().unwrap_or(&request.root).display().to_string();
        Err(Problem::new(place, what))
    };
    match end {
        End::Late => Ok(None),
        End::Said(facts) => facts.map(|facts| Some(*facts)),
        End::Broke(stage, how) => broken(format!("the process that reads it broke {}: {how}", during(stage))),
        End::Stuck(stage) => {
            broken(format!("the process that reads it was ended after {} s {}", STAGE.as_secs(), during(stage)))
        }
        End::Still(stage) => facts_of_kernel(request, stage).map(Some),
    }
}

fn during(stage: Option<Stage>) -> String {
    stage.map_or_else(|| "before it began".to_owned(), |stage| format!("while {stage}"))
}

/// What the running kernel tells where the root's disk does not answer.
fn facts_of_kernel(request: &GatherRequest, stage: Option<Stage>) -> Result<Facts, Problem> {
    let waited = STILL.as_secs();
    let unread = Problem::new("/", format!("the root's disk did not answer within {waited} s")).of(Source::Root);
    let mut facts = gather_kernel(request, &unread)?;
    facts.storage.root_silence = match stage {
        Some(Stage::RootDisk) => Fact::Known(Some(Problem::new("/", format!("no answer to a read within {waited} s")))),
        Some(stage) => Fact::Unknown(Problem::new("/", format!("nothing came for {waited} s while {stage}"))),
        None => Fact::Unknown(Problem::new("/", format!("nothing came for {waited} s"))),
    };
    Ok(facts)
}

/// Reads, by `gather`, on a thread of this process, which gives up what it does not need: `why` there is no process for
/// it, which is told of the fence.
fn gather_here(
    request: &GatherRequest,
    why: &io::Error,
    listener: Listener<'_>,
    gather: Gather,
) -> Result<Facts, Problem> {
    let (sender, words) = channel();
    std::thread::scope(|scope| {
        let read = move || {
            // Whoever listens does so until the last word.
            let say = |word| drop(sender.send(word));
            let (fence, beforehand) = enter(request, Extent::Thread);
            say(Word::Fenced(fence));
            say(Word::last(gather(request, &beforehand, &|stage| say(Word::Reads(stage)))));
        };
        let unstarted = |error: io::Error| Problem::new("/", format!("no thread can be started to read it: {error}"));
        std::thread::Builder::new().name("reader".to_owned()).spawn_scoped(scope, read).map_err(unstarted)?;
        for word in words {
            match word {
                Word::Fenced(mut fence) => {
                    fence.lacks.push(format!("a process of its own ({})", reader::unstarted(why)));
                    (listener.fence)(fence);
                }
                Word::Reads(stage) => (listener.stage)(stage),
                Word::Facts(facts) => return Ok(*facts),
                Word::Failed(problem) => return Err(problem),
            }
        }
        Err(Problem::new("/", "the thread that reads it broke"))
    })
}

/// Listens to a reader until its last word, its end, until patience is over, or the time.
fn listen(mut child: Child, patience: Patience, until: Option<Instant>, listener: Listener<'_>) -> End {
    let words = words_of(&mut child);
    let complaint = complaint_of(&mut child);
    let mut reading = None;
    let mut begun = Instant::now();
    let mut moved = begun;
    let mut amount = amount_of(&child);
    // Whom nobody waits for ends as soon as it wakes; waiting for that is what this process must not do.
    let give_up = |mut child: Child, end: End| {
        let _ = child.kill();
        end
    };
    loop {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return give_up(child, End::Late);
        }
        match words.recv_timeout(left.map_or(GLANCE, |left| left.min(GLANCE))) {
            Ok(Word::Fenced(fence)) => (listener.fence)(fence),
            Ok(Word::Reads(stage)) => {
                (listener.stage)(stage);
                reading = Some(stage);
                begun = Instant::now();
                moved = begun;
            }
            Ok(Word::Facts(facts)) => return ended(child, End::Said(Ok(facts))),
            Ok(Word::Failed(problem)) => return ended(child, End::Said(Err(problem))),
            Err(RecvTimeoutError::Disconnected) => {
                let how = broken(child, &complaint);
                return End::Broke(reading, how);
            }
            Err(RecvTimeoutError::Timeout) => {
                let now = amount_of(&child);
                if now != amount {
                    amount = now;
                    moved = Instant::now();
                } else if moved.elapsed() >= patience.still {
                    return give_up(child, End::Still(reading));
                }
                if begun.elapsed() >= patience.stage {
                    return give_up(child, End::Stuck(reading));
                }
            }
        }
    }
}

fn ended(mut child: Child, end: End) -> End {
    // It has said its last word, and does nothing after it that could keep it; its exit code says nothing more.
    let _ = child.kill();
    let _ = child.wait();
    end
}

/// How a reader ended that has closed its output.
fn broken(mut child: Child, complaint: &Receiver<String>) -> String {
    let said = complaint.recv_timeout(GLANCE * 4).unwrap_or_default();
    let mut status = child.try_wait();
    // Its pipes are closed before it has ended.
    for _ in 0..8 {
        if !matches!(status, Ok(None)) {
            break;
        }
        std::thread::sleep(GLANCE);
        status = child.try_wait();
    }
    let how = match status {
        Ok(Some(status)) => in_words(status),
        // It says what is no word, or too much of it, and goes on.
        _ => {
            let _ = child.kill();
            "it did not say what it was asked for".to_owned()
        }
    };
    if said.is_empty() { how } else { format!("{how}: {said}") }
}

fn in_words(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(signal), _) => format!("it was ended by signal {signal}"),
        (_, code) => format!("it ended with exit code {}", code.unwrap_or_default()),
    }
}

/// The reader's words as they come.
fn words_of(child: &mut Child) -> Receiver<Word> {
    let (sender, receiver) = channel();
    if let Some(output) = child.stdout.take() {
        let listen = move || {
            for word in words(BufReader::new(output)) {
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

/// What the reader says on standard error, in a line, once it has ended.
fn complaint_of(child: &mut Child) -> Receiver<String> {
    let (sender, receiver) = channel();
    if let Some(mut errors) = child.stderr.take() {
        let listen = move || {
            let mut said = Vec::new();
            let _ = errors.by_ref().take(COMPLAINT).read_to_end(&mut said);
            // The rest is taken as well, so that nobody waits for that.
            let _ = io::copy(&mut errors, &mut io::sink());
            let said = String::from_utf8_lossy(&said);
            let _ = sender.send(said.split_whitespace().collect::<Vec<_>>().join(" "));
        };
        let _ = std::thread::Builder::new().name("complaint".to_owned()).spawn(listen);
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
    use crate::probes::beforehand::Beforehand;
    use std::cell::RefCell;
    use std::io::Write;
    use std::process::{Command, Stdio};

    const LONG: Duration = Duration::from_secs(60);

    fn listen_until(script: &str, patience: Patience, until: Option<Instant>) -> (End, Vec<Stage>) {
        let said = RefCell::new(Vec::new());
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let listener = Listener { stage: &|stage| said.borrow_mut().push(stage), fence: &|_| () };
        let end = listen(command.spawn().unwrap(), patience, until, listener);
        (end, said.into_inner())
    }

    fn listen_to(script: &str, still: Duration) -> (End, Vec<Stage>) {
        listen_until(script, Patience { still, stage: LONG }, None)
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
        let begun = Instant::now();
        let busy = "echo '{\"reads\":\"root_disk\"}'; while :; do :; done";
        let patience = Patience { still: STILL, stage: LONG };
        let (end, _) = listen_until(busy, patience, Some(begun + Duration::from_secs(1)));
        assert!(matches!(end, End::Late), "{end:?}");
        assert!(begun.elapsed() < Duration::from_secs(10));
    }

    /// One that spins, one that stands still where that is no sign, and one that only talks.
    #[test]
    fn a_reader_that_does_not_come_to_an_end_is_ended() {
        let begun = Instant::now();
        let patience = Patience { still: Duration::MAX, stage: Duration::from_secs(1) };
        for does in ["while :; do :; done", "kill -STOP $$", "exec sleep 60"] {
            let script = format!("echo $$ >&2; echo '{{\"reads\":\"images\"}}'; {does}");
            let (end, _) = listen_until(&script, patience, None);
            assert!(matches!(end, End::Stuck(Some(Stage::Images))), "{does}: {end:?}");
        }
        let (end, said) = listen_until("while :; do echo '{\"reads\":\"images\"}'; done", patience, None);
        assert!(matches!(end, End::Broke(Some(Stage::Images), _)), "{end:?}");
        assert!(said.len() < 100, "{}", said.len());
        assert!(begun.elapsed() < Duration::from_secs(30));
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
        for (script, how) in [
            ("exit 1", "it ended with exit code 1"),
            ("echo memory is  gone >&2; kill -ABRT $$", "it was ended by signal 6: memory is gone"),
            ("echo nonsense; exec sleep 20", "it did not say what it was asked for"),
        ] {
            let (end, _) = listen_to(script, Duration::from_secs(20));
            assert!(matches!(&end, End::Broke(None, told) if told == how), "{script}: {end:?}");
        }
    }

    /// As where /proc is not mounted.
    #[test]
    fn a_thread_reads_where_no_process_can_and_it_alone_is_fenced() {
        let directory = tempfile::tempdir().unwrap();
        let request = GatherRequest { root: directory.path().to_owned(), ..GatherRequest::default() };
        let (stages, fences) = (RefCell::new(0), RefCell::new(Vec::new()));
        let listener = Listener {
            stage: &|_| *stages.borrow_mut() += 1,
            fence: &|fence: Fence| fences.borrow_mut().push(fence.to_string()),
        };
        gather_here(&request, &io::ErrorKind::NotFound.into(), listener, gather_behind).unwrap();
        assert!(*stages.borrow() > 5);
        assert!(matches!(&fences.borrow()[..], [told] if told.contains("a process of its own (")), "{fences:?}");
        fences.take();
        let tried = gather_here(&request, &io::ErrorKind::NotFound.into(), listener, writes_and_runs).unwrap_err().what;
        let fence = fences.take().concat();
        let (holds, _) = fence.split_once("; not: ").unwrap();
        if holds.contains("seccomp") {
            let refused = "write: Function not implemented (os error 38), run: Function not implemented (os error 38)";
            assert_eq!(tried, refused, "{fence}");
        } else {
            let _ = writeln!(
                io::stderr(),
                "\n*** SKIPPED what a thread is refused: this kernel has no seccomp: {fence} ***\n"
            );
        }
        std::fs::write(directory.path().join("x"), "written").unwrap();
        assert!(Command::new("true").status().unwrap().success());
    }

    /// What a parser that misbehaves tries, with how it went in place of facts.
    fn writes_and_runs(request: &GatherRequest, _: &Beforehand, _: &dyn Fn(Stage)) -> Result<Facts, Problem> {
        let told = |done: io::Result<()>| done.map_or_else(|error| error.to_string(), |()| "done".to_owned());
        let write = told(std::fs::write(request.root.join("x"), "written"));
        let run = told(Command::new("true").status().map(drop));
        Err(Problem::new("/", format!("write: {write}, run: {run}")))
    }
}
