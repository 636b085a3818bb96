//! Other programs: each with a bound in time, a bound on what it may print, and nothing to read.
//!
//! A secret never stands in a program's arguments or environment: every process of the machine may read
//! the former, and what a program is given here is also what messages and plans print.

use super::cancel::Cancel;
use crate::formats::text::printable;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::ffi::OsString;
use std::fmt::{self, Display, Formatter};
use std::io::{PipeWriter, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// The most of a program's output that is kept, of each stream.
const OUTPUT_LIMIT: u64 = 4 << 20;

/// The beginning of a stream, part by part as it arrives.
type Kept = Receiver<Vec<u8>>;

/// How long what a program has printed may take to arrive after its end. A daemon that it started may
/// hold the pipe for ever.
const DRAIN: Duration = Duration::from_millis(500);

/// How long a killed program is waited for. One that waits for a disk which does not answer cannot be
/// killed before the disk gives up.
const REAP: Duration = Duration::from_secs(2);

/// Where administration's programs are, whatever the shell of a rescue system thinks.
const SYSTEM_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The variables that a program inherits: terminals and locales change what is printed, and others may
/// hold secrets.
const INHERITED: [&str; 3] = ["LVM_SYSTEM_DIR", "DM_DEV_DIR", "TMPDIR"];

/// A program with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invocation {
    program: String,
    arguments: Vec<String>,
    limit: Duration,
}

impl Invocation {
    /// A program, found in PATH or where administration's programs are, and how long it may take.
    pub(crate) fn new(program: &str, limit: Duration) -> Self {
        Self { program: program.to_owned(), arguments: Vec::new(), limit }
    }

    /// Adds arguments. None may be a secret.
    #[must_use]
    pub(crate) fn args<S: Into<String>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }
}

/// As a shell takes it.
impl Display for Invocation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&quoted(&self.program))?;
        self.arguments.iter().try_for_each(|argument| write!(f, " {}", quoted(argument)))
    }
}

pub(crate) use isctpl_checks::quoted;

/// A path as a shell takes it.
pub(crate) fn quoted_path(path: &Path) -> String {
    quoted(&path.display().to_string())
}

/// What a program that ended well has printed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Output {
    /// What it wrote to standard output.
    pub(crate) out: String,
    /// What it wrote to standard error.
    pub(crate) err: String,
}

/// Why a program did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// It is not installed.
    #[error("{program} is not installed")]
    Missing {
        /// The program's name.
        program: String,
    },
    /// It could not be started.
    #[error("{invocation}: cannot be started: {source}")]
    Start {
        /// What was run.
        invocation: String,
        /// What the kernel says.
        source: std::io::Error,
    },
    /// It ended with a code other than 0, or by a signal.
    #[error("{invocation}: {how}{}", tail(.err))]
    Failed {
        /// What was run.
        invocation: String,
        /// Its exit code; `None` when a signal ended it.
        code: Option<i32>,
        /// How it ended, in words.
        how: String,
        /// What it said on standard error, or on standard output where that is empty.
        err: String,
    },
    /// It took longer than it may.
    #[error("{invocation}: did not finish within {} s{}", .limit.as_secs(), tail(.err))]
    TimedOut {
        /// What was run.
        invocation: String,
        /// How long it was given.
        limit: Duration,
        /// What it had said.
        err: String,
    },
    /// Somebody asked to stop.
    #[error("{invocation}: stopped on request")]
    Stopped {
        /// What was run.
        invocation: String,
    },
}

/// The last lines of what a program said: there the reason stands.
fn tail(err: &str) -> String {
    let lines: Vec<&str> = err.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let last = lines.get(lines.len().saturating_sub(4)..).unwrap_or_default();
    let said: String = last.join("; ").chars().take(600).collect();
    if said.is_empty() { said } else { format!(": {}", printable::line(&said)) }
}

/// Runs programs, one at a time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Runner {
    /// Ends a program early.
    pub(crate) cancel: Cancel,
}

impl Runner {
    /// Runs a program to its end.
    ///
    /// # Errors
    /// When it is not there, fails, takes too long, or somebody asks to stop.
    pub(crate) fn run(&self, invocation: &Invocation) -> Result<Output, CommandError> {
        let named = || invocation.to_string();
        let Some(path) = find(&invocation.program) else {
            return Err(CommandError::Missing { program: invocation.program.clone() });
        };
        let mut command = Command::new(path);
        command
            .args(&invocation.arguments)
            .env_clear()
            .env("PATH", search_path())
            .env("LC_ALL", "C")
            // LVM warns of every descriptor that it inherits.
            .env("LVM_SUPPRESS_FD_WARNINGS", "1")
            .stdin(Stdio::null())
            // Ctrl-C reaches the group of the terminal: it is for isctpl to end its programs in order.
            .process_group(0);
        end_with_parent(&mut command);
        for name in INHERITED {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        let started = start(command).map_err(|source| CommandError::Start { invocation: named(), source });
        let (mut child, out, err) = started?;
        let deadline = Instant::now() + invocation.limit;
        let mut pause = Duration::from_millis(2);
        loop {
            match child.try_wait() {
                Ok(Some(status)) => {
                    let printed = Output { out: arrived(&out), err: arrived(&err) };
                    return if status.success() {
                        Ok(printed)
                    } else {
                        let said = if printed.err.trim().is_empty() { printed.out } else { printed.err };
                        Err(CommandError::Failed {
                            invocation: named(),
                            code: status.code(),
                            how: in_words(status),
                            err: said,
                        })
                    };
                }
                Ok(None) => {}
                Err(source) => return Err(CommandError::Start { invocation: named(), source }),
            }
            if self.cancel.is_requested() {
                end(&mut child);
                return Err(CommandError::Stopped { invocation: named() });
            }
            if Instant::now() >= deadline {
                end(&mut child);
                return Err(CommandError::TimedOut {
                    invocation: named(),
                    limit: invocation.limit,
                    err: arrived(&err),
                });
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }
}

/// A program shall not be at work any more when whoever reads the journal after a crash takes things down.
#[allow(unsafe_code)]
fn end_with_parent(command: &mut Command) {
    let before_exec = || nix::sys::prctl::set_pdeathsig(Signal::SIGKILL).map_err(std::io::Error::from);
    // SAFETY: between fork and exec the closure makes one system call, prctl(2), and allocates nothing.
    unsafe {
        command.pre_exec(before_exec);
    }
}

/// Whether a program is there to be run.
pub(crate) fn is_installed(program: &str) -> bool {
    find(program).is_some()
}

fn search_path() -> OsString {
    match std::env::var_os("PATH") {
        Some(mut path) if !path.is_empty() => {
            path.push(":");
            path.push(SYSTEM_PATH);
            path
        }
        _ => SYSTEM_PATH.into(),
    }
}

fn find(program: &str) -> Option<PathBuf> {
    let runnable = |path: &PathBuf| nix::unistd::access(path, nix::unistd::AccessFlags::X_OK).is_ok() && path.is_file();
    if program.contains('/') {
        return Some(PathBuf::from(program)).filter(runnable);
    }
    std::env::split_paths(&search_path())
        .filter(|directory| directory.is_absolute())
        .map(|directory| directory.join(program))
        .find(runnable)
}

/// Starts a program, with what reads its output and what reads its errors. The command ends here, and with it this
/// process's ends of the pipes.
fn start(mut command: Command) -> std::io::Result<(Child, Kept, Kept)> {
    let ((out, kept_out), (err, kept_err)) = (keep()?, keep()?);
    Ok((command.stdout(out).stderr(err).spawn()?, kept_out, kept_err))
}

/// A pipe whose other end a thread reads, so that a full one stops nobody, and keeps the beginning of. The thread is
/// there before the program is: where there is none to have, nothing is begun.
fn keep() -> std::io::Result<(PipeWriter, Kept)> {
    let (mut stream, end) = std::io::pipe()?;
    let (sender, receiver) = channel();
    std::thread::Builder::new().name("output".to_owned()).spawn(move || {
        let mut buffer = vec![0; 8192];
        let mut kept = 0;
        while let Ok(read @ 1..) = stream.read(&mut buffer) {
            let room = usize::try_from(OUTPUT_LIMIT).unwrap_or(usize::MAX) - kept;
            let part = buffer.get(..read.min(room)).unwrap_or_default();
            kept += part.len();
            if !part.is_empty() && sender.send(part.to_vec()).is_err() {
                return;
            }
        }
    })?;
    Ok((end, receiver))
}

/// What a stream brought, up to its end or until nothing more may be waited for.
fn arrived(stream: &Kept) -> String {
    let deadline = Instant::now() + DRAIN;
    let mut bytes = Vec::new();
    while let Ok(part) = stream.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        bytes.extend(part);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Ends a program with all that it started in its group.
fn end(child: &mut Child) {
    if let Ok(pid) = i32::try_from(child.id()) {
        // It may just have ended by itself.
        let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
    }
    let deadline = Instant::now() + REAP;
    while Instant::now() < deadline && matches!(child.try_wait(), Ok(None)) {
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn in_words(status: std::process::ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exited with code {code}"),
        (None, Some(signal)) => format!("was killed by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn sh(script: &str, limit: Duration) -> Result<Output, CommandError> {
        Runner::default().run(&Invocation::new("sh", limit).args(["-c", script]))
    }

    const SOON: Duration = Duration::from_secs(20);

    #[test]
    fn gives_what_was_printed() {
        let printed = sh("echo out; echo err >&2; cat", SOON).unwrap();
        assert_eq!((printed.out.as_str(), printed.err.as_str()), ("out\n", "err\n"));
    }

    #[test]
    fn a_failure_says_why() {
        let error = sh("echo one >&2; echo two >&2; exit 7", SOON).unwrap_err();
        assert_eq!(error.to_string(), "sh -c 'echo one >&2; echo two >&2; exit 7': exited with code 7: one; two");
        assert!(matches!(error, CommandError::Failed { code: Some(7), .. }));
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = Runner::default().run(&Invocation::new("no-such-program-here", SOON)).unwrap_err();
        assert_eq!(error.to_string(), "no-such-program-here is not installed");
    }

    /// Where no thread can be had, as told to one of its own by a stack that no machine has room for.
    #[test]
    fn without_a_thread_nothing_is_begun() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("made");
        let test = "system::command::tests::in_a_process_without_threads";
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--ignored", "--test-threads=1"])
            .env("RUST_MIN_STACK", (1_u64 << 60).to_string())
            .env("COMMAND_MAKES", &file)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{output:?}");
        assert!(!file.exists());
    }

    #[test]
    #[ignore = "is run by the test that takes its threads"]
    fn in_a_process_without_threads() {
        let file = std::env::var("COMMAND_MAKES").unwrap();
        let error = Runner::default().run(&Invocation::new("touch", SOON).args([file])).unwrap_err();
        assert!(matches!(error, CommandError::Start { .. }));
        assert!(error.to_string().contains("cannot be started: Resource temporarily"), "{error}");
    }

    #[test]
    fn nothing_is_waited_for_without_a_bound() {
        let start = Instant::now();
        let error = sh("echo slow >&2; sleep 600 & sleep 600", Duration::from_millis(300)).unwrap_err();
        assert!(matches!(error, CommandError::TimedOut { .. }), "{error}");
        assert!(error.to_string().ends_with(": slow"), "{error}");
        assert!(start.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_daemon_that_keeps_the_pipe_is_not_waited_for() {
        let start = Instant::now();
        assert_eq!(sh("echo started; sleep 5 &", SOON).unwrap().out, "started\n");
        assert!(start.elapsed() < Duration::from_secs(4));
    }

    #[test]
    fn a_flood_is_cut() {
        let printed = sh("head -c 20000000 /dev/zero | tr '\\0' x", SOON).unwrap();
        assert_eq!(printed.out.len() as u64, OUTPUT_LIMIT);
    }

    #[test]
    fn stops_when_asked() {
        let runner = Runner::default();
        let cancel = runner.cancel.clone();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(100));
            cancel.request();
        });
        let error = runner.run(&Invocation::new("sleep", SOON).args(["600"])).unwrap_err();
        assert!(matches!(error, CommandError::Stopped { .. }));
    }

    #[test]
    fn can_be_pasted() {
        let invocation = Invocation::new("mount", SOON).args(["-o", "ro,noload", "/dev/a b", "it's", ""]);
        assert_eq!(invocation.to_string(), r"mount -o ro,noload '/dev/a b' 'it'\''s' ''");
    }

    #[test]
    fn inherits_no_environment_that_could_change_the_answer() {
        let printed = sh("env", SOON).unwrap();
        assert!(printed.out.lines().any(|line| line == "LC_ALL=C"));
        assert!(!printed.out.contains("HOME="));
    }
}
