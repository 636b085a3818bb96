//! The wish to stop, as a person says it: Ctrl-C, or the signals of a terminal or system that goes away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
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
