//! Limits of a process (setrlimit(2)).

use super::needs::{Extent, Outcome};
use crate::system::errno::in_words;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// The memory that may be written to, in bytes (`RLIMIT_DATA`). An image may ask its decoder for a window of 128 MiB,
/// and what is kept of a large instance takes some 30 MiB. The address space itself (`RLIMIT_AS`) says nothing: the C
/// library reserves 64 MiB of it for each thread, and uses little.
const MEMORY: u64 = 512 << 20;

/// Open files. A reader has some ten at a time.
const FILES: u64 = 256;

/// Lowers what is above these limits. How many processes there may be is none of them: that is counted for all
/// processes of a user, and the list of system calls has none that makes one.
pub(super) fn hold(extent: Extent) -> Outcome {
    let threads = match extent {
        Extent::Reader => 1,
        Extent::Process(threads) => threads as u64,
        Extent::Thread => return Err("limits (they would hold for all threads)".to_owned()),
    };
    let mut limits = vec![
        // A core is a copy of what was read, written where nobody asked for it.
        (Resource::RLIMIT_CORE, 0),
        (Resource::RLIMIT_NOFILE, FILES.max(threads.saturating_mul(4))),
        (Resource::RLIMIT_DATA, MEMORY.saturating_mul(threads.max(1))),
    ];
    if extent == Extent::Reader {
        // Pipes are not files.
        limits.push((Resource::RLIMIT_FSIZE, 0));
    }
    for (resource, most) in limits {
        let lowered = getrlimit(resource).and_then(|(soft, hard)| setrlimit(resource, soft.min(most), hard.min(most)));
        lowered.map_err(|errno| format!("limits ({resource:?}: {})", in_words(errno)))?;
    }
    Ok("limits".to_owned())
}
