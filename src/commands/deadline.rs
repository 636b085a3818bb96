//! `--timeout`: an answer in time, whatever the disk does.

use super::progress::Progress;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// What the work itself may take to notice that its time is over.
const GRACE: Duration = Duration::from_millis(300);

/// How work ended.
#[derive(Debug)]
pub(super) enum Ended<T> {
    /// With this.
    With(T),
    /// Not in time.
    Late,
    /// By a fault of its own.
    Broken,
}

/// Does work that is given up when its time is over. It goes on then on a thread of its own, until the process
/// ends: nothing can wake a thread that sleeps in a read.
pub(super) fn within<T: Send + 'static>(
    limit: Option<Duration>,
    progress: &Arc<Progress>,
    work: impl FnOnce(&Progress, Option<Instant>) -> T + Send + 'static,
) -> Ended<T> {
    let Some(limit) = limit else { return Ended::With(work(progress, None)) };
    // A limit beyond what the clock can count is none.
    let until = Instant::now().checked_add(limit);
    let (sender, receiver) = channel();
    let progress = Arc::clone(progress);
    let worker = move || drop(sender.send(work(&progress, until)));
    if std::thread::Builder::new().name("worker".to_owned()).spawn(worker).is_err() {
        return Ended::Broken;
    }
    match receiver.recv_timeout(limit.saturating_add(GRACE)) {
        Ok(outcome) => Ended::With(outcome),
        Err(RecvTimeoutError::Timeout) => Ended::Late,
        Err(RecvTimeoutError::Disconnected) => Ended::Broken,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn work_is_waited_for_and_given_up() {
        let progress = Arc::new(Progress::start());
        assert!(matches!(within(None, &progress, |_, until| until), Ended::With(None)));
        let second = Some(Duration::from_secs(1));
        assert!(matches!(within(second, &progress, |_, until| until.is_some()), Ended::With(true)));
        let begun = Instant::now();
        let late = within(Some(Duration::from_millis(100)), &progress, |progress, _| {
            progress.say("reading the disk");
            std::thread::sleep(Duration::from_secs(60));
        });
        assert!(matches!(late, Ended::Late));
        assert_eq!(progress.last(), "reading the disk");
        assert!(begun.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn work_that_breaks_is_told() {
        let progress = Arc::new(Progress::start());
        let broken = within(Some(Duration::from_secs(20)), &progress, |_, _| std::panic::resume_unwind(Box::new(())));
        assert!(matches!(broken, Ended::<()>::Broken));
    }
}
