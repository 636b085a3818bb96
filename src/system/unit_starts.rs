//! The services that systemd starts, as it starts them.
//!
//! For each of them it puts a link `invocation:UNIT` into `/run/systemd/units`, for journald (systemd
//! `src/core/unit.c`, unit_export_invocation_id). That needs no bus, and no disk.

use super::errno::in_words;
use isctpl_checks::facts::Problem;
use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

/// Where systemd keeps the links.
pub(crate) const UNITS: &str = "/run/systemd/units";

/// The most that is taken of one look into the directory.
const MOST: usize = 1024;

/// Who is told of each start.
#[derive(Debug)]
pub(crate) struct UnitStarts {
    inotify: Inotify,
}

impl UnitStarts {
    /// Begins to listen, and tells which services are started already.
    ///
    /// # Errors
    /// Where systemd does not run, or the kernel does not let it.
    pub(crate) fn follow(units: &Path) -> Result<(Self, Vec<String>), Problem> {
        let failed = |what: &str| Problem::new(units.display().to_string(), what);
        let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC);
        let inotify = inotify.map_err(|errno| failed(&in_words(errno)))?;
        // A link is made under another name and renamed; older versions make it in its place.
        inotify
            .add_watch(units, AddWatchFlags::IN_CREATE | AddWatchFlags::IN_MOVED_TO)
            .map_err(|errno| failed(&in_words(errno)))?;
        let entries = std::fs::read_dir(units).map_err(|error| failed(&error.to_string()))?;
        let entries = entries.take(MOST).filter_map(Result::ok);
        let started = entries.filter_map(|entry| service(entry.file_name().to_str()?)).collect();
        Ok((Self { inotify }, started))
    }

    /// To wait for the next start.
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }

    /// The services that were started since the last look.
    ///
    /// # Errors
    /// Where there were more than the kernel keeps.
    pub(crate) fn next(&mut self) -> Result<Vec<String>, Problem> {
        let events = match self.inotify.read_events() {
            Ok(events) => events,
            Err(Errno::EAGAIN | Errno::EINTR) => return Ok(Vec::new()),
            Err(errno) => return Err(Problem::new("inotify", in_words(errno))),
        };
        if events.iter().any(|event| event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW)) {
            return Err(Problem::new("inotify", "more services were started than the kernel keeps"));
        }
        Ok(events.iter().filter_map(|event| service(event.name.as_ref()?.to_str()?)).collect())
    }
}

/// The service whose link this is.
fn service(link: &str) -> Option<String> {
    link.strip_prefix("invocation:").filter(|unit| unit.ends_with(".service")).map(str::to_owned)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_start_is_seen_however_its_link_is_made() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        symlink("1", at("invocation:dbus.service")).unwrap();
        symlink("1", at("log-level-max:dbus.service")).unwrap();
        let (mut starts, started) = UnitStarts::follow(directory.path()).unwrap();
        assert_eq!(started, ["dbus.service"]);
        assert_eq!(starts.next(), Ok(Vec::new()));
        symlink("2", at(".#invocation:networking.service1234")).unwrap();
        std::fs::rename(at(".#invocation:networking.service1234"), at("invocation:networking.service")).unwrap();
        symlink("2", at("invocation:ifup@eth0.service")).unwrap();
        symlink("2", at("invocation:tmp.mount")).unwrap();
        assert_eq!(starts.next().unwrap(), ["networking.service", "ifup@eth0.service"]);
    }

    #[test]
    fn without_systemd_there_is_nothing_to_follow() {
        let problem = UnitStarts::follow(Path::new("/nonexistent")).unwrap_err();
        assert_eq!(problem.place, "/nonexistent");
    }
}
