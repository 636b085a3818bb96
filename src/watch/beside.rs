//! What is followed beside the routes: the sessions, and the services that systemd starts while the machine comes up.

use super::record::What;
use crate::system::iscsi_events::{IscsiEvents, SESSIONS, SessionState, session_states};
use crate::system::unit_starts::{UNITS, UnitStarts};
use isctpl_checks::facts::Session;
use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// After an event of the kernel's the sessions are looked at so often, and for so long: it tells of an error before it
/// blocks the session.
const CLOSELY: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(15));

/// A session that does not work is looked at so often: that it works again is told by nobody.
const BROKEN: Duration = Duration::from_secs(1);

/// What systemd starts, where it cannot be followed.
const STARTS: &str = "the starts of services";

/// The start of the machine is over after so long.
const A_START: Duration = Duration::from_secs(900);

/// More services than these are started by no boot.
const MOST_UNITS: usize = 512;

/// What is followed.
#[derive(Debug)]
pub(super) struct Beside {
    begun: Instant,
    starts: Option<UnitStarts>,
    events: Option<IscsiEvents>,
    sessions: Sessions,
    units: BTreeSet<String>,
}

impl Beside {
    /// Begins; tells what there is to tell of the beginning.
    pub(super) fn begin(now: Instant, units: bool) -> (Self, Vec<What>) {
        let mut told = Vec::new();
        let (events, problem) = match IscsiEvents::follow() {
            Ok(events) => (events, None),
            Err(problem) => (None, Some(problem)),
        };
        told.extend(problem.map(|problem| What::NotFollowed { what: "the iSCSI sessions", problem }));
        let mut sessions = Sessions::new(Path::new(SESSIONS), now);
        if events.is_some() {
            told.extend(sessions.look(now));
        }
        let (starts, started) = match units.then(|| UnitStarts::follow(Path::new(UNITS))) {
            Some(Ok((starts, started))) => (Some(starts), started),
            Some(Err(problem)) => {
                told.push(What::NotFollowed { what: STARTS, problem });
                (None, Vec::new())
            }
            None => (None, Vec::new()),
        };
        let units = started.iter().cloned().collect();
        let beside = Self { begun: now, starts, events, sessions, units };
        told.extend(started.into_iter().map(|unit| What::UnitStart { unit, before: true }));
        (beside, told)
    }

    /// What to wait for.
    pub(super) fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        let starts = self.starts.iter().map(UnitStarts::descriptor);
        starts.chain(self.events.iter().map(IscsiEvents::descriptor)).collect()
    }

    /// How long to wait at most.
    pub(super) fn again(&self, now: Instant) -> Option<Duration> {
        self.events.as_ref().and_then(|_| self.sessions.again(now))
    }

    /// What happened since the last time.
    pub(super) fn take(&mut self, now: Instant) -> Vec<What> {
        let mut told = Vec::new();
        if let Some(starts) = &mut self.starts {
            let (started, problem) = match starts.next() {
                Ok(started) => (started, None),
                Err(problem) => (Vec::new(), Some(problem)),
            };
            // One that is started again and again is told once.
            let new =
                started.into_iter().filter(|unit| self.units.len() < MOST_UNITS && self.units.insert(unit.clone()));
            told.extend(new.map(|unit| What::UnitStart { unit, before: false }));
            if problem.is_some() || now.saturating_duration_since(self.begun) > A_START {
                self.starts = None;
            }
            told.extend(problem.map(|problem| What::NotFollowed { what: STARTS, problem }));
        }
        if let Some(events) = &mut self.events {
            if events.happened() {
                self.sessions.closely_until = now + CLOSELY.1;
            }
            if self.sessions.is_due(now) {
                told.extend(self.sessions.look(now));
            }
        }
        told
    }
}

/// The sessions, as they were seen last.
#[derive(Debug)]
struct Sessions {
    directory: PathBuf,
    known: BTreeMap<String, (SessionState, Instant)>,
    looked: Instant,
    closely_until: Instant,
}

impl Sessions {
    fn new(directory: &Path, now: Instant) -> Self {
        Self { directory: directory.to_owned(), known: BTreeMap::new(), looked: now, closely_until: now }
    }

    /// How long the next look is away; `None` where nothing has to be looked at.
    fn again(&self, now: Instant) -> Option<Duration> {
        let pause = if now < self.closely_until {
            CLOSELY.0
        } else if self.known.values().any(|(session, _)| session.state != Session::LOGGED_IN) {
            BROKEN
        } else {
            return None;
        };
        Some((self.looked + pause).saturating_duration_since(now))
    }

    fn is_due(&self, now: Instant) -> bool {
        self.again(now).is_some_and(|wait| wait.is_zero())
    }

    /// Looks; tells what has changed.
    fn look(&mut self, now: Instant) -> Vec<What> {
        self.looked = now;
        let mut told = Vec::new();
        let seen = session_states(&self.directory);
        let gone: Vec<String> =
            self.known.keys().filter(|name| !seen.iter().any(|session| session.name == **name)).cloned().collect();
        for (session, since) in gone.iter().filter_map(|name| self.known.remove(name)) {
            let was = Some((session.state, now.saturating_duration_since(since)));
            told.push(What::Session { name: session.name, target: session.target, state: None, was });
        }
        for session in seen {
            let was = match self.known.get(&session.name) {
                Some((known, _)) if known.state == session.state => continue,
                Some((known, since)) => Some((known.state.clone(), now.saturating_duration_since(*since))),
                None => None,
            };
            let (name, target) = (session.name.clone(), session.target.clone());
            told.push(What::Session { name, target, state: Some(session.state.clone()), was });
            self.known.insert(session.name.clone(), (session, now));
        }
        told
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_session_that_fails_is_told_and_looked_at_until_it_works() {
        let directory = tempfile::tempdir().unwrap();
        let session = directory.path().join("session1");
        fs::create_dir(&session).unwrap();
        let set = |state: &str| fs::write(session.join("state"), format!("{state}\n")).unwrap();
        fs::write(session.join("targetname"), "iqn.2013-01.com.example:storage.1\n").unwrap();
        set("LOGGED_IN");
        let begun = Instant::now();
        let at = |seconds: u64| begun + Duration::from_secs(seconds);
        let mut sessions = Sessions::new(directory.path(), begun);
        let told = |state: Option<&str>, was: Option<(&str, u64)>| What::Session {
            name: "session1".to_owned(),
            target: "iqn.2013-01.com.example:storage.1".to_owned(),
            state: state.map(str::to_owned),
            was: was.map(|(state, seconds)| (state.to_owned(), Duration::from_secs(seconds))),
        };
        assert_eq!(sessions.look(begun), [told(Some("LOGGED_IN"), None)]);
        assert_eq!(sessions.again(at(5)), None, "a sound session is left alone");
        set("FAILED");
        assert_eq!(sessions.look(at(10)), [told(Some("FAILED"), Some(("LOGGED_IN", 10)))]);
        assert_eq!(sessions.look(at(10)), []);
        assert_eq!(sessions.again(at(10)), Some(BROKEN));
        set("LOGGED_IN");
        assert_eq!(sessions.look(at(15)), [told(Some("LOGGED_IN"), Some(("FAILED", 5)))]);
        fs::remove_dir_all(&session).unwrap();
        assert_eq!(sessions.look(at(16)), [told(None, Some(("LOGGED_IN", 1)))]);
    }

    #[test]
    fn after_an_event_the_sessions_are_looked_at_closely() {
        let now = Instant::now();
        let mut sessions = Sessions::new(Path::new("/nonexistent"), now);
        sessions.closely_until = now + CLOSELY.1;
        assert_eq!(sessions.again(now), Some(CLOSELY.0));
        assert!(sessions.is_due(now + CLOSELY.0));
        assert_eq!(sessions.again(now + CLOSELY.1), None);
    }
}
