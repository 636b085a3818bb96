//! The gate: systemd refuses to start reboot.target and kexec.target while it is closed. Powering off is never refused.
//!
//! It is closed by a drop-in with `RefuseManualStart=` below /run (systemd.unit(5)), which `systemctl reboot`, `reboot`,
//! `shutdown -r` and logind all meet; the next start finds none of it. `systemctl reboot --force` and Ctrl-Alt-Del do not
//! ask it.

mod state;
#[cfg(test)]
mod tests;

use crate::formats::text::printable;
use crate::system::boot_id;
use crate::system::command::{CommandError, Invocation, Runner};
use crate::system::lock::{Held, try_lock};
use crate::system::replace::{Readers, write_whole};
use isctpl_checks::facts::Problem;
use std::fs::{DirBuilder, File};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub(crate) use state::GateState;

/// The units that a reboot starts.
const TARGETS: [&str; 2] = ["reboot.target", "kexec.target"];

/// The drop-in of each.
const DROP_IN: &str = "50-isctpl-gate.conf";

/// Where systemd looks for units of this boot alone. It is there where systemd is the init (sd_booted(3)).
const UNITS: &str = "/run/systemd/system";

/// Where the gate keeps what it knows of this boot.
const DIRECTORY: &str = "/run/isctpl";

/// The most that is read of that.
const STATE_LIMIT: u64 = 1 << 20;

/// How long systemd may take to read its units anew.
const RELOAD: Duration = Duration::from_secs(60);

/// How long one waits for another that changes the gate.
const OTHER: Duration = Duration::from_secs(90);

/// What went wrong with the gate.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GateError {
    /// There is nothing that a reboot could be held by.
    #[error("{}: is not there: systemd is not the init of this machine, and nothing else holds reboots", printable::path(.0))]
    NoSystemd(PathBuf),
    /// A file cannot be read or written.
    #[error("{}: {source}", printable::path(.path))]
    Io {
        /// The file.
        path: PathBuf,
        /// What the kernel says.
        source: io::Error,
    },
    /// The state is not what isctpl writes.
    #[error("{}: {why}; remove it, and isctpl gate judge writes it anew", printable::path(.path))]
    State {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Another one changes it, and does not end.
    #[error("{}: another isctpl gate has held it for {} s", printable::path(.0), OTHER.as_secs())]
    Held(PathBuf),
    /// systemd did not read its units anew.
    #[error("systemd goes on with the units that it knows: {0}")]
    Reload(#[from] CommandError),
    /// The kernel does not tell which boot this is.
    #[error("{0}")]
    Boot(Problem),
}

/// The gate of a machine.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    units: PathBuf,
    directory: PathBuf,
    boot_id: String,
}

impl Gate {
    /// That of the running machine.
    ///
    /// # Errors
    /// When systemd is not its init.
    pub(crate) fn of_this_machine() -> Result<Self, GateError> {
        Self::at(UNITS.into(), DIRECTORY.into(), boot_id().map_err(GateError::Boot)?)
    }

    /// One whose files lie elsewhere.
    fn at(units: PathBuf, directory: PathBuf, boot_id: String) -> Result<Self, GateError> {
        if !units.is_dir() {
            return Err(GateError::NoSystemd(units));
        }
        Ok(Self { units, directory, boot_id })
    }

    /// What is known of this boot; nothing, where it was never judged.
    ///
    /// # Errors
    /// When there is something that cannot be read.
    pub(crate) fn read(&self) -> Result<GateState, GateError> {
        let path = self.state_file();
        let mut text = String::new();
        match File::open(&path) {
            Ok(file) => file.take(STATE_LIMIT).read_to_string(&mut text).map_err(at(&path))?,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(self.nothing()),
            Err(source) => return Err(GateError::Io { path, source }),
        };
        let state: GateState =
            serde_json::from_str(&text).map_err(|error| GateError::State { path, why: error.to_string() })?;
        Ok(if state.boot_id == self.boot_id { state } else { self.nothing() })
    }

    /// Changes what is known, and closes or opens the gate as it then is to be. Of two that do so at the same time, one
    /// waits. What was stopped half way is brought to its end by the next one.
    ///
    /// # Errors
    /// When a file cannot be read or written, or systemd does not take it in.
    pub(crate) fn change(&self, change: impl FnOnce(&mut GateState)) -> Result<GateState, GateError> {
        self.change_by(change, reload)
    }

    fn change_by(
        &self,
        change: impl FnOnce(&mut GateState),
        reload: impl FnOnce() -> Result<(), CommandError>,
    ) -> Result<GateState, GateError> {
        let _locked = self.locked()?;
        let mut state = self.read()?;
        change(&mut state);
        self.enforce(state, reload)
    }

    /// Forgets what was judged and lets reboots through, whatever the state's file holds.
    ///
    /// # Errors
    /// As [`Self::change`].
    pub(crate) fn forget(&self, now: Duration) -> Result<GateState, GateError> {
        self.forget_by(now, reload)
    }

    fn forget_by(
        &self,
        now: Duration,
        reload: impl FnOnce() -> Result<(), CommandError>,
    ) -> Result<GateState, GateError> {
        let _locked = self.locked()?;
        let mut state = match self.read() {
            Err(GateError::State { .. }) => GateState::unread(&self.boot_id),
            state => state?,
        };
        state.forget(now);
        self.enforce(state, reload)
    }

    /// Writes a state, and has systemd do as it says.
    fn enforce(
        &self,
        mut state: GateState,
        reload: impl FnOnce() -> Result<(), CommandError>,
    ) -> Result<GateState, GateError> {
        let holds = state.holds();
        let was_in_force = state.in_force.take();
        self.write(&state)?;
        let mut changed = false;
        for target in TARGETS {
            changed |= match state.holding().next() {
                Some(first) => self.close(target, &first.because)?,
                None => self.open(target)?,
            };
        }
        if changed || was_in_force != Some(holds) {
            reload()?;
        }
        state.in_force = Some(holds);
        self.write(&state)?;
        Ok(state)
    }

    /// The lock of the gate, once whoever has it is done.
    fn locked(&self) -> Result<Held, GateError> {
        make(&self.directory)?;
        let path = self.directory.join("gate.lock");
        let begun = Instant::now();
        loop {
            match try_lock(&path).map_err(at(&path))? {
                Some(held) => return Ok(held),
                None if begun.elapsed() > OTHER => return Err(GateError::Held(path)),
                None => std::thread::sleep(Duration::from_millis(100)),
            }
        }
    }

    fn nothing(&self) -> GateState {
        GateState::of(&self.boot_id)
    }

    fn state_file(&self) -> PathBuf {
        self.directory.join("gate.json")
    }

    fn write(&self, state: &GateState) -> Result<(), GateError> {
        let path = self.state_file();
        let text = serde_json::to_string(state).map_err(|error| at(&path)(error.into()))? + "\n";
        write_whole(&path, text.as_bytes(), Readers::Everyone).map_err(at(&path))
    }

    fn drop_in(&self, target: &str) -> PathBuf {
        self.units.join(format!("{target}.d")).join(DROP_IN)
    }

    /// Whether that changed anything.
    fn close(&self, target: &str, because: &str) -> Result<bool, GateError> {
        let path = self.drop_in(target);
        // A specifier or a line's end in the reason must not become systemd's; a backslash at its end joins nothing behind
        // the last line.
        let because = printable::told(&because).replace('%', "%%");
        let text = format!(
            "# Written by isctpl gate; isctpl gate pass lets reboots through.\n\
             [Unit]\nRefuseManualStart=yes\nDescription=Reboot, which isctpl gate holds: {because}\n"
        );
        if std::fs::read_to_string(&path).is_ok_and(|before| before == text) {
            return Ok(false);
        }
        make(path.parent().unwrap_or(&self.units))?;
        write_whole(&path, text.as_bytes(), Readers::Everyone).map_err(at(&path))?;
        Ok(true)
    }

    /// Whether that changed anything.
    fn open(&self, target: &str) -> Result<bool, GateError> {
        let path = self.drop_in(target);
        match std::fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(source) => Err(GateError::Io { path, source }),
        }
    }
}

/// Has systemd read its units anew.
fn reload() -> Result<(), CommandError> {
    Runner::default().run(&Invocation::new("systemctl", RELOAD).args(["daemon-reload"])).map(drop)
}

fn make(directory: &Path) -> Result<(), GateError> {
    DirBuilder::new().recursive(true).mode(0o755).create(directory).map_err(at(directory))
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> GateError {
    let path = path.to_owned();
    move |source| GateError::Io { path, source }
}
