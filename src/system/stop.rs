//! The wish to stop, as a person says it: Ctrl-C, or the signals of a terminal or system that goes away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether somebody asked to stop. What works on something looks here between two actions, and waits for
/// a program with an eye on it.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    asked: Arc<AtomicBool>,
    held_off: Arc<AtomicBool>,
}

impl Stop {
    /// One that SIGINT, SIGTERM and SIGHUP set, in place of ending this process.
    ///
    /// # Errors
    /// When the kernel refuses the handlers.
    pub fn on_signals() -> std::io::Result<Self> {
        let stop = Self::default();
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
            signal_hook::flag::register(signal, Arc::clone(&stop.asked))?;
        }
        Ok(stop)
    }

    /// Whether it was asked for, and may be heeded.
    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst) && !self.held_off.load(Ordering::SeqCst)
    }

    /// Asks for it.
    pub fn ask(&self) {
        self.asked.store(true, Ordering::SeqCst);
    }

    /// Holds it off from now on: what puts things back must not be stopped half way.
    pub fn hold_off(&self) {
        self.held_off.store(true, Ordering::SeqCst);
    }
}
