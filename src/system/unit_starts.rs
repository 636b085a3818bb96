//! The services that systemd starts, as it starts them.
//!
//! For each of them it puts a link `invocation:UNIT` into `/run/systemd/units`, for journald (systemd
//! `src/core/unit.c`, unit_export_invocation_id). That needs no bus, and no disk.

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
    /// Begins to listen, and tells which services are started already. `None` where systemd does not run.
    pub(crate) fn follow(units: &Path) -> Option<(Self, Vec<String>)> {
        let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC).ok()?;
        // A link is made under another name and renamed; older versions make it in its place.
        inotify.add_watch(units, AddWatchFlags::IN_CREATE | AddWatchFlags::IN_MOVED_TO).ok()?;
        let entries = std::fs::read_dir(units).ok()?.take(MOST).filter_map(Result::ok);
        let started = entries.filter_map(|entry| service(entry.file_name().to_str()?)).collect();
        Some((Self { inotify }, started))
    }

    /// To wait for the next start.
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }

    /// The services that were started since the last look.
    pub(crate) fn next(&mut self) -> Vec<String> {
        // Where nothing waits, that is an error of its own.
        let events = self.inotify.read_events().unwrap_or_default();
        events.iter().filter_map(|event| service(event.name.as_ref()?.to_str()?)).collect()
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
        assert_eq!(starts.next(), Vec::<String>::new());
        symlink("2", at(".#invocation:networking.service1234")).unwrap();
        std::fs::rename(at(".#invocation:networking.service1234"), at("invocation:networking.service")).unwrap();
        symlink("2", at("invocation:ifup@eth0.service")).unwrap();
        symlink("2", at("invocation:tmp.mount")).unwrap();
        assert_eq!(starts.next(), ["networking.service", "ifup@eth0.service"]);
    }

    #[test]
    fn without_systemd_there_is_nothing_to_follow() {
        assert!(UnitStarts::follow(Path::new("/nonexistent")).is_none());
    }
}
