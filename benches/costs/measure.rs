//! Runs programs by turns, and what each run took.

use super::{ISCTPL, Outcome};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use std::io::{self, Write};
use std::ops::RangeInclusive;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// The first argument by which this program runs another one and tells what that took: a process that has started only
/// one knows exactly what that used, and all that this one started and waited for.
pub(crate) const MEASURED: &str = "--measured";

/// A program to measure.
pub(crate) struct Contender {
    /// How tables call it.
    pub(crate) name: String,
    command: Vec<String>,
    environment: Vec<(String, String)>,
    /// Exit codes with which it did its work.
    success: RangeInclusive<i32>,
    pub(crate) runs: Vec<Run>,
}

impl Contender {
    pub(crate) fn new(name: &str, command: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            command: command.iter().map(|&word| word.to_owned()).collect(),
            environment: Vec::new(),
            success: 0..=0,
            runs: Vec::new(),
        }
    }

    /// isctpl itself, with these arguments, by which it is called.
    pub(crate) fn isctpl(arguments: &[&str]) -> Self {
        let words = arguments.iter().filter(|word| !word.contains('/')).copied();
        let name = std::iter::once("isctpl").chain(words).collect::<Vec<_>>().join(" ");
        Self::new(&name, &[&[ISCTPL], arguments].concat())
    }

    /// With a verdict for an exit code, which is known.
    pub(crate) fn judging(self) -> Self {
        Self { success: 0..=2, ..self }
    }

    /// With an exit code that may also say that something is not known.
    pub(crate) fn judging_what_it_can(self) -> Self {
        Self { success: 0..=3, ..self }
    }

    pub(crate) fn named(self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The program that it runs.
    pub(crate) fn program(&self) -> &Path {
        Path::new(self.command.first().map_or("", String::as_str))
    }

    /// Wall clock of every run, in milliseconds.
    pub(crate) fn wall(&self) -> Spread {
        Spread::of(self.runs.iter().map(|run| run.wall))
    }

    /// CPU time of every run, user and system, in milliseconds.
    pub(crate) fn cpu(&self) -> Spread {
        Spread::of(self.runs.iter().map(|run| run.cpu))
    }

    /// Peak resident set of every run, in MB.
    pub(crate) fn memory(&self) -> Spread {
        Spread::of(self.runs.iter().map(|run| run.memory / 1e6))
    }

    /// Runs it once.
    pub(crate) fn run(&self) -> Outcome<Run> {
        let output = Command::new(std::env::current_exe()?)
            .arg(MEASURED)
            .args(&self.command)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()?;
        let text = String::from_utf8(output.stdout)?;
        let words: Vec<&str> = text.split_whitespace().collect();
        let [code, wall, cpu, memory] = *words.as_slice() else {
            return Err(format!("`{}` was not measured: {text}", self.name).into());
        };
        if !self.success.contains(&code.parse()?) {
            return Err(format!("`{}` failed with exit code {code}", self.name).into());
        }
        Ok(Run { wall: wall.parse()?, cpu: cpu.parse()?, memory: memory.parse()? })
    }
}

/// What one run took.
#[derive(Clone, Copy)]
pub(crate) struct Run {
    /// Milliseconds of wall clock, from before the process was made until after it was reaped.
    pub(crate) wall: f64,
    /// Milliseconds of CPU, user and system, of all processes of the program.
    pub(crate) cpu: f64,
    /// The largest resident set that any one process of the program had, in bytes; not less than what this small program
    /// itself has, from whose memory the kernel starts the other.
    pub(crate) memory: f64,
}

/// The middle and the ends of some numbers.
#[derive(Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Spread {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let at = |place: usize| values.get(place).copied().unwrap_or(f64::NAN);
        Self { median: at(values.len() / 2), least: at(0), most: at(values.len().saturating_sub(1)) }
    }
}

/// Runs each contender as often, one after the other, round and round.
pub(crate) fn take_turns(contenders: &mut [Contender], runs: usize) -> Outcome<()> {
    for _ in 0..runs {
        for contender in contenders.iter_mut() {
            let run = contender.run()?;
            contender.runs.push(run);
        }
    }
    Ok(())
}

/// Runs a command to its end, and prints its exit code and what it took.
pub(crate) fn run_measured(command: &[String]) -> Outcome<()> {
    let (program, arguments) = command.split_first().ok_or("no command")?;
    let begin = Instant::now();
    let status = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    let wall = begin.elapsed().as_secs_f64() * 1e3;
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cpu = (usage.user_time().num_microseconds() + usage.system_time().num_microseconds()) as f64 / 1e3;
    let code = status.code().unwrap_or(-1);
    // The kernel tells KiB.
    writeln!(io::stdout(), "{code} {wall} {cpu} {}", usage.max_rss() * 1024)?;
    Ok(())
}
