//! `isctpl doctor --snapshot FILE...`: many snapshots, judged side by side.

use super::config::{Config, ConfigFile};
use super::fence;
use super::output::Output;
use super::snapshot;
use super::source::add_what_is_known;
use crate::cli::{DoctorArgs, ReportFormat, Source};
use crate::formats::text::printable;
use crate::report::{self, FailOn, Fleet, Judged, LineFormat, Report};
use anyhow::bail;
use isctpl_checks::facts::Facts;
use isctpl_checks::{Selection, judge};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How far ahead of the next line to print a thread may judge: what it has judged waits in memory.
const AHEAD: usize = 64;

/// What every thread needs.
struct Work {
    files: Vec<PathBuf>,
    source: Source,
    selection: Selection,
    config: Config,
    fail_on: FailOn,
    format: LineFormat,
    position: Mutex<Position>,
    moved: Condvar,
}

/// How far the work is.
#[derive(Default)]
struct Position {
    /// The next file to judge.
    next: usize,
    /// How many lines are printed.
    printed: usize,
}

pub(super) fn run(args: &DoctorArgs, output: &mut Output) -> anyhow::Result<u8> {
    let until = args.timeout.and_then(|seconds| Instant::now().checked_add(Duration::from_secs(seconds)));
    let format = match args.format {
        ReportFormat::Table => LineFormat::Table,
        ReportFormat::Json => LineFormat::Json,
        ReportFormat::Junit => LineFormat::Junit,
        ReportFormat::Prometheus | ReportFormat::Nagios => LineFormat::None,
        ReportFormat::Checkmk | ReportFormat::Html => {
            bail!("--format checkmk and html are for one report: give one snapshot")
        }
    };
    if args.textfile.is_some() {
        bail!("--textfile is for one report: give one snapshot");
    }
    // Snapshots have no file of their own, so that it is the same for all.
    let config = ConfigFile::of(args).read_for(&mut Facts::default())?;
    let work = Arc::new(Work {
        files: args.snapshot.clone(),
        source: args.source.clone(),
        selection: config.applied_to(&args.selection()),
        config,
        fail_on: args.fail_on,
        format,
        position: Mutex::default(),
        moved: Condvar::new(),
    });
    let (sender, receiver) = channel();
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(work.files.len());
    fence::around_snapshots(&work.files, None, output.begin()?, threads);
    for _ in 0..threads {
        let (work, sender) = (Arc::clone(&work), sender.clone());
        // Threads of their own, not scoped ones: at the end of the time nobody waits for them.
        std::thread::Builder::new().name("judge".to_owned()).spawn(move || {
            while let Some(index) = work.take() {
                if sender.send((index, work.judged(index))).is_err() {
                    return;
                }
            }
        })?;
    }
    drop(sender);

    if format == LineFormat::Junit {
        output.print(report::JUNIT_HEAD)?;
    }
    let mut fleet = Fleet::default();
    let mut waiting = BTreeMap::new();
    let mut late = None;
    for index in 0..work.files.len() {
        while late.is_none() && !waiting.contains_key(&index) {
            let left = until.map_or(Duration::MAX, |until| until.saturating_duration_since(Instant::now()));
            match receiver.recv_timeout(left) {
                Ok((judged, outcome)) => drop(waiting.insert(judged, outcome)),
                Err(RecvTimeoutError::Timeout) => {
                    late = Some(format!("not judged within the {} s of --timeout", args.timeout.unwrap_or_default()));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    late = Some("isctpl failed while it judged this file; please report it".to_owned());
                }
            }
        }
        let judged = match (waiting.remove(&index), &late) {
            (Some(judged), _) => judged?,
            (None, late) => work.unreadable(index, late.as_deref().unwrap_or_default())?,
        };
        output.print(&judged.line)?;
        fleet.add(judged);
        work.printed();
    }
    let code = fleet.exit_code(args.fail_on);
    let end = match args.format {
        ReportFormat::Table => fleet.table(),
        ReportFormat::Json => {
            // A line of its own would be no report.
            fleet.complaints().iter().for_each(|told| output.complain(&format!("isctpl: warning: {told}\n")));
            String::new()
        }
        ReportFormat::Junit => fleet.junit_end(args.fail_on),
        ReportFormat::Prometheus => fleet.prometheus(),
        ReportFormat::Nagios => fleet.nagios(code),
        ReportFormat::Checkmk | ReportFormat::Html => String::new(),
    };
    output.print(&end)?;
    Ok(code)
}

impl Work {
    /// The next file, once it is near enough to the one that is printed next.
    fn take(&self) -> Option<usize> {
        let mut position = self.position.lock().unwrap_or_else(PoisonError::into_inner);
        while position.next >= position.printed + AHEAD {
            position = self.moved.wait(position).unwrap_or_else(PoisonError::into_inner);
        }
        let index = position.next;
        position.next += 1;
        (index < self.files.len()).then_some(index)
    }

    fn printed(&self) {
        self.position.lock().unwrap_or_else(PoisonError::into_inner).printed += 1;
        self.moved.notify_all();
    }

    /// Loads and judges one file; its facts are gone when this returns.
    fn judged(&self, index: usize) -> serde_json::Result<Judged> {
        let Some(file) = self.files.get(index) else { return self.unreadable(index, "is not there") };
        match snapshot::load_unnamed(file) {
            Ok(mut facts) => {
                if let Err(wrong) = add_what_is_known(&mut facts, &self.source) {
                    return self.unreadable(index, &wrong.to_string());
                }
                let judgement = judge(&facts, &self.selection);
                let name = printable::path(file);
                let ignores = self.config.stands(&judgement);
                let report = Report {
                    facts: &facts,
                    judgement: &judgement,
                    snapshot: Some(&name),
                    ignores: &ignores,
                    fail_on: self.fail_on,
                };
                Judged::of(&report, self.format)
            }
            Err(error) => self.unreadable(index, &printable::told(&format_args!("{error:#}"))),
        }
    }

    fn unreadable(&self, index: usize, why: &str) -> serde_json::Result<Judged> {
        let name = self.files.get(index).map(|file| printable::path(file)).unwrap_or_default();
        Judged::unreadable(&name, why, &Facts::default(), &self.selection, self.format)
    }
}
