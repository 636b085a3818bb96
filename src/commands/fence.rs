//! What was given up before anything was parsed, for `-v`; and the fence around this very process, where it reads what
//! others wrote by itself.

use crate::system::fence::{self, Extent, Fence, Needs};
use crate::system::processor_time;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What the one that reads has given up; `None` while nothing was read.
static HELD: Mutex<Option<Fence>> = Mutex::new(None);

/// The processor time that reading an image may take. One of 200 MiB takes two seconds.
const MOST: Duration = Duration::from_secs(360);

/// The same of each snapshot more.
const MOST_EACH: Duration = Duration::from_secs(1);

/// How often that is looked at.
const GLANCE: Duration = Duration::from_secs(1);

/// Takes note of what was given up.
pub(super) fn remember(fence: Fence) {
    *HELD.lock().unwrap_or_else(PoisonError::into_inner) = Some(fence);
}

/// The same as a line; nothing where nothing was read.
pub(super) fn line() -> String {
    let held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    held.as_ref().map(|fence| format!("fence: {fence}\n")).unwrap_or_default()
}

/// Gives up all but what is open, before a file that was opened is parsed.
pub(super) fn around_open_file() {
    remember(fence::enter(&Needs::nothing(Extent::Process(1))));
    watch_over(MOST);
}

/// Gives up all but to read these snapshots, before so many threads parse them. `also` is read beside them, and the
/// answers that are begun are put in their places in these directories.
pub(super) fn around_snapshots(
    snapshots: &[PathBuf],
    also: Option<&Path>,
    answers: impl IntoIterator<Item = PathBuf>,
    threads: usize,
) {
    let mut needs = Needs::nothing(Extent::Process(threads));
    needs.reads.extend(snapshots.iter().cloned().chain(also.map(Path::to_owned)));
    needs.replaces.extend(answers);
    remember(fence::enter(&needs));
    let each = MOST_EACH.saturating_mul(u32::try_from(snapshots.len()).unwrap_or(u32::MAX));
    watch_over(MOST.saturating_add(each));
}

/// Ends this process where a parser does not come to an end. Waiting for whoever takes the answer is none of it.
fn watch_over(most: Duration) {
    let watch = move || {
        while processor_time() <= most {
            std::thread::sleep(GLANCE);
        }
        // A fault of isctpl itself, and told as one: the process ends with that.
        panic!("what was to be read took more than {} s of processor time", most.as_secs());
    };
    // Who cannot start a thread is not watched, and reads all the same.
    let _ = std::thread::Builder::new().name("watchdog".to_owned()).spawn(watch);
}
