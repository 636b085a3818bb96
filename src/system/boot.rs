//! This boot: its id, and how long it has lasted; and the time of this process.

use isctpl_checks::facts::Problem;
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// Where the kernel tells the id that it has drawn for this boot (random(4)).
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// The id of this boot.
///
/// # Errors
/// When the kernel does not tell.
pub(crate) fn boot_id() -> Result<String, Problem> {
    let text = std::fs::read_to_string(BOOT_ID).map_err(|error| Problem::new(BOOT_ID, error.to_string()))?;
    Ok(text.trim().to_owned())
}

/// The time since the kernel started, that in suspend included (`CLOCK_BOOTTIME`).
pub(crate) fn since_boot() -> Duration {
    read(ClockId::Boottime)
}

/// The time since the kernel started, that in suspend left out (`CLOCK_MONOTONIC`).
pub(crate) fn awake() -> Duration {
    read(ClockId::Monotonic)
}

/// The processor time that this process has taken, on all of its threads (`CLOCK_PROCESS_CPUTIME_ID`).
pub(crate) fn processor_time() -> Duration {
    read(ClockId::ProcessCPUTime)
}

fn read(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or_default(), u32::try_from(time.tv_nsec).unwrap_or_default())
}
