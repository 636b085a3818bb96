//! The wish to stop, as a person says it: Ctrl-C, or the signals of a terminal or system that goes away.

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The signals by which a person or the system asks.
const SIGNALS: [i32; 3] = [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP];

/// Whether somebody asked to stop. What works on something looks here between two actions, and waits for
/// a program with an eye on it.
#[derive(Debug, Clone, Default)]
pub struct Cancel {
    requested: Arc<AtomicBool>,
    masked: Arc<AtomicBool>,
}

impl Cancel {
    /// A flag that SIGINT, SIGTERM and SIGHUP set, in place of ending this process.
    ///
    /// # Errors
    /// When the kernel refuses the handlers.
    pub fn on_signals() -> std::io::Result<Self> {
        let cancel = Self::default();
        for signal in SIGNALS {
            signal_hook::flag::register(signal, Arc::clone(&cancel.requested))?;
        }
        Ok(cancel)
    }

    /// Whether it was asked for, and may be heeded.
    pub fn is_requested(&self) -> bool {
        self.requested.load(Ordering::SeqCst) && !self.masked.load(Ordering::SeqCst)
    }

    /// Asks for it.
    pub fn request(&self) {
        self.requested.store(true, Ordering::SeqCst);
    }

    /// Ignores the wish from now on: what puts things back must not be stopped half way.
    pub fn mask(&self) {
        self.masked.store(true, Ordering::SeqCst);
    }
}

/// Sleeps until there is something to read, or somebody asks to stop: no signal comes between the look at the wish
/// and the sleep.
#[derive(Debug)]
pub struct Wakeup {
    pipe: UnixStream,
}

impl Wakeup {
    /// One that the signals of [`Cancel::on_signals`] wake.
    ///
    /// # Errors
    /// When the kernel refuses the handlers.
    pub fn on_signals() -> std::io::Result<Self> {
        let (pipe, end) = UnixStream::pair()?;
        pipe.set_nonblocking(true)?;
        for signal in SIGNALS {
            signal_hook::low_level::pipe::register(signal, end.try_clone()?)?;
        }
        Ok(Self { pipe })
    }

    /// Sleeps until one of `sources` has something, a signal comes, or `limit` is over; for ever without one.
    ///
    /// # Errors
    /// When the kernel does not let it sleep.
    pub fn wait_for(&self, sources: &[BorrowedFd<'_>], limit: Option<Duration>) -> std::io::Result<()> {
        let all = sources.iter().copied().chain([self.pipe.as_fd()]);
        let mut sources: Vec<PollFd<'_>> = all.map(|source| PollFd::new(source, PollFlags::POLLIN)).collect();
        let limit = limit.map(|limit| PollTimeout::try_from(limit).unwrap_or(PollTimeout::MAX));
        match poll(&mut sources, limit.unwrap_or(PollTimeout::NONE)) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        let mut bytes = [0; 16];
        // What woke it has been heard.
        while matches!((&self.pipe).read(&mut bytes), Ok(length) if length > 0) {}
        Ok(())
    }
}
