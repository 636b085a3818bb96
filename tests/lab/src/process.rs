//! Other programs: started, watched, ended.

use anyhow::{Context, Result, bail};
use std::fs::{File, OpenOptions};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::Duration;

/// Set by SIGINT and SIGTERM; everything that waits looks at it.
pub(crate) static INTERRUPTED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// How often something that is waited for is looked at.
pub(crate) const GLANCE: Duration = Duration::from_millis(100);

/// # Errors
/// When the lab was interrupted.
pub(crate) fn uninterrupted() -> Result<()> {
    if INTERRUPTED.load(Ordering::Relaxed) { bail!("interrupted") } else { Ok(()) }
}

/// A file that programs write their output to, one after the other.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn log(path: &Path) -> Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("{}: cannot be written", path.display()))
}

/// A program that runs to its end; what it prints goes to the log.
///
/// # Errors
/// When it cannot be started, fails, or the lab is interrupted; the error has the end of the log.
pub(crate) fn finish(command: &mut Command, log_path: &Path) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = log(log_path)?;
    let mut child = Running::start(command.stdout(output.try_clone()?).stderr(output))?;
    let status = loop {
        if let Some(status) = child.0.try_wait()? {
            break status;
        }
        uninterrupted()?;
        thread::sleep(GLANCE / 4);
    };
    if status.success() {
        return Ok(());
    }
    let text = std::fs::read(log_path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    let tail = lines[lines.len().saturating_sub(15)..].join("\n  ");
    bail!("{name}: {status}; {} ends with:\n  {tail}", log_path.display())
}

/// A program that runs until it is dropped.
#[derive(Debug)]
pub(crate) struct Running(pub(crate) Child);

impl Running {
    /// Starts it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("{name}: cannot be started"))?;
        // Nothing is ever typed: an empty standard input, closed at once.
        drop(child.stdin.take());
        Ok(Self(child))
    }

    /// Whether it has not ended yet.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub(crate) fn lives(&mut self) -> Result<bool> {
        Ok(self.0.try_wait()?.is_none())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended by itself needs no end.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
