//! The files that a watch keeps: each is replaced whole, at a bounded rate, and at least once a minute.

use crate::report::WatchMetrics;
use crate::system::lock::{Held, try_lock};
use crate::system::replace::{Readers, write_whole};
use crate::system::{awake, since_boot};
use crate::watch::{Keeper, Record, What};
use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A file is written at most so often.
const BETWEEN_WRITES: Duration = Duration::from_millis(200);

/// And at least so often: its time tells that somebody still watches.
const HEARTBEAT: Duration = Duration::from_secs(60);

/// What a file holds.
pub(super) enum Content {
    /// Metrics for node_exporter.
    Metrics(WatchMetrics),
    /// What doctor reads; one watch at a time goes on with it.
    Timeline { keeper: Box<Keeper>, _lock: Held },
}

/// A file, and what it is to hold.
pub(super) struct WatchFile {
    pub(super) path: PathBuf,
    content: Content,
    is_old: bool,
    written: Option<Instant>,
    /// It was said that it cannot be written.
    complained: bool,
}

impl WatchFile {
    pub(super) fn new(path: PathBuf, content: Content) -> Self {
        Self { path, content, is_old: false, written: None, complained: false }
    }

    /// Takes in what happened.
    pub(super) fn take(&mut self, record: &Record) {
        match &mut self.content {
            Content::Metrics(metrics) => metrics.take(record),
            Content::Timeline { keeper, .. } => keeper.take(record),
        }
        self.is_old = true;
        if matches!(record.what, What::Stop { .. }) {
            // There is no later time.
            self.written = None;
        }
    }

    /// Writes it where that is due; tells how long to wait for the next time, and what to complain of, which is the same
    /// thing once.
    pub(super) fn write(&mut self) -> (Duration, Option<Error>) {
        let pause = if self.is_old { BETWEEN_WRITES } else { HEARTBEAT };
        if let Some(wait) = self.written.and_then(|written| pause.checked_sub(written.elapsed())) {
            return (wait.max(Duration::from_millis(1)), None);
        }
        self.is_old = false;
        self.written = Some(Instant::now());
        let error = self.replace().err().filter(|_| !self.complained);
        self.complained |= error.is_some();
        (HEARTBEAT, error)
    }

    fn replace(&mut self) -> Result<()> {
        let text = match &mut self.content {
            Content::Metrics(metrics) => metrics.text(),
            Content::Timeline { keeper, .. } => serde_json::to_string(keeper.timeline(since_boot(), awake()))? + "\n",
        };
        write_whole(&self.path, text.as_bytes(), Readers::Everyone)
    }
}

/// Takes the lock of a timeline, a file beside it: the timeline itself is replaced each time that it is written.
///
/// # Errors
/// When another watch has it, or the file beside cannot be made.
pub(super) fn lock(path: &Path) -> Result<Held> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".lock");
    let busy = || Error::new(ErrorKind::WouldBlock, "another isctpl watch keeps it");
    try_lock(Path::new(&beside))?.ok_or_else(busy)
}
