//! `isctpl watch`: the SAN route, for as long as it is asked for.

use super::output::Output;
use super::source::request_of;
use super::watch_files::{Content, WatchFile, lock};
use crate::cli::{AlsoTo, WatchArgs, WatchFormat};
use crate::formats::text::{names, printable};
use crate::formats::timeline::{LIMIT, parse};
use crate::probes;
use crate::report::{self, WatchMetrics};
use crate::system::cancel::{Cancel, Wakeup};
use crate::system::{Root, boot_id, steady};
use crate::watch::{Keeper, Record, Request, What, watch};
use anyhow::{Context, bail};
use isctpl_checks::facts::{Facts, Problem, TIMELINE, Timeline};
use isctpl_checks::{Analysis, unborne_san_nic};
use sd_notify::NotifyState;
use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a line waits for whoever reads standard output.
const PATIENCE: u16 = 1000;

pub(super) fn run(args: &WatchArgs, output: &mut Output) -> anyhow::Result<u8> {
    if !probes::is_running_root(&args.source.root) {
        bail!("only the running system's routes can be watched; leave --root out");
    }
    let request = what_to_watch(args)?;
    let also = open_also(&args.also_to)?;
    let files = files(args, output)?;
    let mut told =
        Told { output, format: args.format, also, files, watchdog: watchdog(), pinged: None, ready: false, unread: 0 };
    if let Err(problem) = steady::lock_memory() {
        told.output.complain(&format!("isctpl: {problem}; the watch may stop when the root's disk is gone\n"));
    }
    let (wakeup, cancel) = (Wakeup::on_signals()?, Cancel::on_signals()?);
    watch(&request, &wakeup, &cancel, &mut |record| match record {
        Some(record) => told.tell(record).map(|()| None),
        None => Ok(told.rest()),
    })?;
    Ok(0)
}

/// The portals and the SAN NIC, as far as the kernel and the user tell. The disk may be what is lost next: nothing of
/// it is read.
fn what_to_watch(args: &WatchArgs) -> anyhow::Result<Request> {
    let unread = Problem::new("/", "is not read by isctpl watch");
    let facts = probes::gather_kernel(&request_of(&args.source), &unread)?;
    if let Some(wrong) = unborne_san_nic(&facts) {
        return Err(wrong.into());
    }
    let analysis = Analysis::of(&facts);
    let flows = analysis.session_flows();
    if flows.is_empty() {
        bail!("no portal is known: no iBFT and no session names one; name it with --portal");
    }
    let nic = analysis.san_nic();
    if let Some(given) = &args.source.san_nic
        && !nic.as_ref().is_some_and(|(name, _)| is_interface(&facts, name))
    {
        bail!("--san-nic {}: this machine has no such NIC", printable::told(given));
    }
    Ok(Request { flows, nic, keep_route: args.keep_route, unit_starts: args.since_boot.is_some() })
}

fn is_interface(facts: &Facts, name: &str) -> bool {
    facts.network.links.known().is_none_or(|links| links.iter().any(|link| link.name == name))
}

/// The files that are kept. Where the directory of doctor's is not there yet, it is made.
fn files(args: &WatchArgs, output: &mut Output) -> anyhow::Result<Vec<WatchFile>> {
    let metrics = |path: &PathBuf| WatchFile::new(path.clone(), Content::Metrics(WatchMetrics::default()));
    let mut files: Vec<WatchFile> = args.textfile.iter().map(metrics).collect();
    if let Some(path) = &args.since_boot {
        if path == Path::new(TIMELINE) {
            let directory = path.parent().unwrap_or(path);
            std::fs::DirBuilder::new()
                .recursive(true)
                .mode(0o755)
                .create(directory)
                .with_context(|| format!("cannot make {}", printable::path(directory)))?;
        }
        let path = std::path::absolute(path)?;
        let lock = lock(&path).with_context(|| format!("cannot keep {}", printable::path(&path)))?;
        let earlier = earlier(&path).unwrap_or_else(|why| {
            complain(output, &format!("{} begins anew: {why}", printable::path(&path)));
            None
        });
        let keeper = Keeper::new(boot_id()?, earlier);
        files.push(WatchFile::new(path, Content::Timeline { keeper: Box::new(keeper), _lock: lock }));
    }
    Ok(files)
}

/// What an earlier watch has left; `Err` says why that cannot be read.
fn earlier(path: &Path) -> Result<Option<Timeline>, String> {
    let name = names::decode(path.as_os_str().as_bytes());
    let bytes = Root::running().and_then(|root| root.read(&name, LIMIT)).map_err(|problem| problem.what)?;
    bytes.map(|bytes| parse(&bytes)).transpose()
}

/// The devices that get every line, too. They are opened before they are needed.
fn open_also(also: &[AlsoTo]) -> anyhow::Result<Vec<(AlsoTo, File)>> {
    let open = |to: &AlsoTo| {
        let path = match to {
            AlsoTo::Console => "/dev/console",
            AlsoTo::Kmsg => "/dev/kmsg",
        };
        let file = steady::device(Path::new(path)).with_context(|| format!("cannot write to {path}"))?;
        Ok((*to, file))
    };
    also.iter().map(open).collect()
}

/// How often systemd wants to hear that this process lives: twice in the time that it allows.
fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|limit| limit / 2)
}

/// Tells systemd, where it started this process and wants to know.
fn notify(states: &[NotifyState<'_>]) {
    // Who does not listen any more does not stop the watch.
    let _ = sd_notify::notify(states);
}

/// Says something on standard error, where somebody takes it.
fn complain(output: &mut Output, what: &str) {
    if steady::takes_more(std::io::stderr().as_fd(), 0) {
        output.complain(&format!("isctpl: {what}\n"));
    }
}

/// Where lines go.
struct Told<'a> {
    output: &'a mut Output,
    format: WatchFormat,
    also: Vec<(AlsoTo, File)>,
    files: Vec<WatchFile>,
    /// How often systemd wants to hear that this process lives.
    watchdog: Option<Duration>,
    /// When it heard so last.
    pinged: Option<Instant>,
    /// Whether it knows that the watch has begun.
    ready: bool,
    /// Lines that nobody took.
    unread: u64,
}

impl Told<'_> {
    /// All was told; says when to come again.
    fn rest(&mut self) -> Option<Duration> {
        let mut again = self.watchdog;
        for file in &mut self.files {
            let (wait, error) = file.write();
            again = Some(again.map_or(wait, |again| again.min(wait)));
            if let Some(error) = error {
                complain(self.output, &format!("cannot write {}: {error}", printable::path(&file.path)));
            }
        }
        if !self.ready {
            self.ready = true;
            notify(&[NotifyState::Ready]);
        }
        if let Some(every) = self.watchdog
            && self.pinged.is_none_or(|pinged| pinged.elapsed() >= every / 2)
        {
            self.pinged = Some(Instant::now());
            notify(&[NotifyState::Watchdog]);
        }
        again
    }

    fn tell(&mut self, record: &Record) -> std::io::Result<()> {
        self.files.iter_mut().for_each(|file| file.take(record));
        // A line for each service would hide the few that matter.
        if matches!(record.what, What::UnitStart { .. }) && self.format == WatchFormat::Text {
            return Ok(());
        }
        let text = report::watch_text(record);
        for (to, file) in &mut self.also {
            let line = match to {
                AlsoTo::Console => format!("isctpl: {}\r\n", printable::told(&text.trim_end())),
                // A warning of a daemon's (`LOG_WARNING | LOG_DAEMON`).
                AlsoTo::Kmsg => format!("<28>isctpl: {}\n", printable::told(&text.trim_end())),
            };
            // A console that is gone is no reason to stop.
            let _ = file.write_all(line.as_bytes());
        }
        // Who took nothing just now is not waited for again.
        let patience = if self.unread == 0 { PATIENCE } else { 0 };
        if !steady::takes_more(std::io::stdout().as_fd(), patience) {
            self.unread += 1;
            return Ok(());
        }
        if self.unread > 0 {
            let unread = std::mem::take(&mut self.unread);
            complain(self.output, &format!("{unread} lines were not taken by whoever reads them"));
        }
        let line = match self.format {
            WatchFormat::Text => text,
            WatchFormat::Json => report::watch_json(record)?,
        };
        self.output.print(&line)
    }
}
