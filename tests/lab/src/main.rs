//! Boots real iSCSI roots and holds what isctpl says of them against what they do.
//!
//! Facts flow one way: [`isctpl_lab::scenario`] reads what shall be tried, [`lun`] makes the disk, [`bench`] the
//! network around it, [`machine`] boots it and [`isctpl_lab::console`] watches; [`report`] reads what doctor said,
//! [`outcome`] compares, [`table`] tells. [`trial`] is one scenario from end to end.

mod bench;
mod boot;
mod installed;
mod lab;
mod lun;
mod machine;
mod on_disk;
mod outcome;
mod prepared;
mod process;
mod report;
mod rescue;
mod table;
mod trial;
mod versions;
mod web;

use anyhow::{Context, Result, bail};
use bench::Bench;
use clap::Parser;
use isctpl_lab::scenario::{Catalogue, Scenario};
use lab::Lab;
use nix::sched::{CloneFlags, unshare};
use process::INTERRUPTED;
use std::collections::VecDeque;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;
use table::Told;

/// Boots real iSCSI roots and holds what isctpl says of them against what they do
#[derive(Debug, Parser)]
#[command(name = "tests/lab/run", version)]
struct Arguments {
    /// The scenarios to try; all, where none is named
    #[arg(value_name = "SCENARIO")]
    scenarios: Vec<String>,

    /// Print the names and titles of the scenarios
    #[arg(long)]
    list: bool,

    /// How many machines run side by side
    #[arg(long, default_value_t = 1, value_name = "N")]
    jobs: usize,

    /// How many processors a machine gets; fewer machines at a time boot faster with more
    #[arg(long, value_name = "N")]
    processors: Option<usize>,

    /// How many times as long as usual everything in a machine may take, where this host is busy
    #[arg(long, default_value_t = 1, value_name = "N")]
    patience: u32,

    /// Ask doctor, and boot nothing
    #[arg(long)]
    judge_only: bool,

    /// Keep every LUN, to look at it
    #[arg(long)]
    keep: bool,

    /// Have booted baselines hand out the sources of their facts, in their folder's share/captured
    #[arg(long)]
    capture: bool,

    /// Try `isctpl rescue` in a rescue system instead; the names are then those of rescue/scenarios
    #[arg(long, conflicts_with_all = ["list", "judge_only", "record", "with"])]
    rescue: bool,

    /// Have `isctpl prepare` fix what it says that it fixes, and boot that; healthy and bare roots as well
    #[arg(long, conflicts_with_all = ["rescue", "with", "capture"])]
    prepare: bool,

    /// Have an installer build a template on an empty LUN by the project's own answers, and boot that; the names are
    /// those of installers/. It takes the better part of an hour
    #[arg(long, conflicts_with_all = ["rescue", "prepare", "with", "capture", "judge_only"])]
    installer: bool,

    /// Have `isctpl doctor --disk` judge every LUN's image, raw and as qcow2, and hold that against the mounted root;
    /// boots nothing
    #[arg(long, conflicts_with_all = ["rescue", "prepare", "installer", "with", "capture", "judge_only"])]
    disk: bool,

    /// Mount the one scenario's root, run this command ({root} is the mount), and take it down again
    #[arg(long, num_args = 1.., allow_hyphen_values = true, value_name = "COMMAND")]
    with: Vec<String>,

    /// Write the outcomes to this file as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Write results.md, prepare.md with --prepare, disks.md with --disk, or installer.md with --installer, anew, with how each scenario came out when it was last booted here
    #[arg(long, conflicts_with = "judge_only")]
    record: bool,

    /// Where LUNs, logs and reports are put
    #[arg(long, env = "ISCTPL_LAB", default_value = "/var/tmp/isctpl-lab", value_name = "DIR")]
    cache: PathBuf,

    /// The program to try
    #[arg(long, env = "ISCTPL_PROGRAM", value_name = "FILE", hide = true)]
    program: PathBuf,

    /// The lab's folder
    #[arg(long, hide = true)]
    folder: PathBuf,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            say("lab", &format!("{error:#}"));
            ExitCode::from(2)
        }
    }
}

/// Progress and errors, on standard error.
fn say(who: &str, what: &str) {
    let _ = writeln!(std::io::stderr(), "{}  {who}: {what}", jiff::Timestamp::now().strftime("%H:%M:%S"));
}

/// Whether every scenario agreed.
fn run(arguments: &Arguments) -> Result<bool> {
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&INTERRUPTED))?;
    }
    let catalogue = Catalogue::read(&arguments.folder)?;
    let all: Vec<&Scenario> =
        if arguments.installer { catalogue.installers().collect() } else { catalogue.scenarios().collect() };
    if arguments.list {
        let mut out = std::io::stdout().lock();
        for scenario in all {
            writeln!(out, "{:<36} {}", scenario.name, scenario.title)?;
        }
        return Ok(true);
    }
    let chosen: Vec<Scenario> = if arguments.rescue {
        Vec::new()
    } else if arguments.scenarios.is_empty() {
        all.into_iter().cloned().collect()
    } else {
        let find = |name: &String| {
            let found = all.iter().copied().find(|scenario| &scenario.name == name);
            found.cloned().with_context(|| format!("{name}: no such scenario; see --list"))
        };
        arguments.scenarios.iter().map(find).collect::<Result<_>>()?
    };
    fs::create_dir_all(&arguments.cache)?;
    let cache = arguments.cache.canonicalize()?;
    let lab = Lab {
        workshop: lun::Workshop::new(&arguments.folder, &cache),
        folder: arguments.folder.clone(),
        program: arguments.program.clone(),
        catalogue,
        processors: arguments.processors.unwrap_or(if arguments.jobs > 1 { 1 } else { 2 }),
        patience: arguments.patience,
        boot: !arguments.judge_only,
        keep: arguments.keep,
        capture: arguments.capture,
        cache,
    };
    if arguments.rescue {
        let (text, well) = rescue::rescue(&lab, &arguments.scenarios, &|what| say("rescue", what))?;
        write!(std::io::stdout(), "{text}")?;
        return Ok(well);
    }
    if !arguments.with.is_empty() {
        let [scenario] = chosen.as_slice() else { bail!("--with goes with one scenario") };
        return lab.with_root(scenario, &arguments.with, &|what| say(&scenario.name, what));
    }
    if arguments.installer {
        return tell(&lab, arguments, chosen, Lab::install);
    }
    if arguments.disk {
        return tell(&lab, arguments, chosen, Lab::judge_disk);
    }
    if arguments.prepare {
        return tell(&lab, arguments, chosen, Lab::prepare);
    }
    tell(&lab, arguments, chosen, Lab::try_out)
}

/// Tries the scenarios, and tells how they came out: for people, as JSON, and in the project's record.
fn tell<T: Told>(lab: &Lab, arguments: &Arguments, chosen: Vec<Scenario>, attempt: Attempt<T>) -> Result<bool> {
    let total = chosen.len();
    let outcomes = try_all(lab, chosen, arguments.jobs.max(1), attempt)?;
    if let Some(path) = &arguments.json {
        fs::write(path, serde_json::to_vec_pretty(&outcomes)?).with_context(|| format!("{}", path.display()))?;
    }
    writeln!(std::io::stdout(), "{}", table::table(&outcomes))?;
    if outcomes.len() < total {
        bail!("{} of {total} scenarios could not be tried", total - outcomes.len());
    }
    if arguments.record {
        table::record(&arguments.folder, &lab.last_outcomes::<T>()?, &versions::versions(lab)?)?;
    }
    let agreed = outcomes.iter().filter(|outcome| outcome.tried().disagreements.is_empty()).count();
    writeln!(std::io::stdout(), "\n{agreed} of {total} scenarios agree")?;
    Ok(agreed == total)
}

/// How one scenario is tried.
type Attempt<T> = fn(&Lab, &Scenario, &Bench, &dyn Fn(&str)) -> Result<T>;

/// Tries the scenarios, several at a time, and returns their outcomes by name.
fn try_all<T: Told>(lab: &Lab, scenarios: Vec<Scenario>, jobs: usize, attempt: Attempt<T>) -> Result<Vec<T>> {
    let total = scenarios.len();
    let queue = Mutex::new(VecDeque::from(scenarios));
    let outcomes = Mutex::new(Vec::new());
    let work = |number: usize| -> Result<()> {
        // What this one mounts is nobody else's: a copy of its mounts in another's namespace would keep a LUN in use
        // that is done with.
        unshare(CloneFlags::CLONE_NEWNS).context("no mount namespace")?;
        let bench = Bench::new(number, &lab.cache)?;
        loop {
            process::uninterrupted()?;
            let Some(scenario) = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front() else {
                return Ok(());
            };
            let name = &scenario.name;
            let begun = Instant::now();
            match attempt(lab, &scenario, &bench, &|what| say(name, what)) {
                Ok(outcome) => {
                    let mut outcomes = outcomes.lock().unwrap_or_else(PoisonError::into_inner);
                    let agrees = if outcome.tried().disagreements.is_empty() { "agrees" } else { "DISAGREES" };
                    let done = format!(
                        "{agrees}: {} ({} s, {} of {total} done)",
                        outcome.cells().join("; "),
                        begun.elapsed().as_secs(),
                        outcomes.len() + 1
                    );
                    say(name, &done);
                    outcomes.push(outcome);
                }
                Err(error) => say(name, &format!("could not be tried: {error:#}")),
            }
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs.min(total)).map(|number| scope.spawn(move || work(number))).collect();
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or_else(|_| bail!("a worker died")))
    })?;
    let mut outcomes = outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
    outcomes.sort_by(|a: &T, b| a.tried().scenario.cmp(&b.tried().scenario));
    Ok(outcomes)
}
