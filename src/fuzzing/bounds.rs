//! How much work an input is worth.

use crate::system::allocations;
use std::time::Duration;

/// The time that any reader may take, and what it may take for each KiB of its input. Instrumented code is slow, and
/// the machine busy: what is quadratic takes seconds.
const TIME: (Duration, Duration) = (Duration::from_millis(400), Duration::from_millis(10));

/// Does it, and holds it against what an input of this length may cost: from `timed` bytes on the time, and the bytes that
/// this thread allocates, of which some are fixed and some are for each byte.
///
/// # Panics
/// When it costs more.
pub(super) fn keep(name: &str, length: usize, timed: usize, (fixed, growth): (usize, usize), work: impl FnOnce()) {
    let begun = (length >= timed && cfg!(fuzzing)).then(processor_time);
    let allocated = allocations::during(work);
    let most = fixed.saturating_add(length.saturating_mul(growth));
    assert!(allocated <= most, "{name}: {allocated} bytes are allocated for an input of {length}: more than {most}");
    if let Some(begun) = begun {
        let taken = processor_time().saturating_sub(begun);
        let kibs = u32::try_from(length >> 10).unwrap_or(u32::MAX);
        let most = TIME.0.saturating_add(TIME.1.saturating_mul(kibs));
        assert!(taken <= most, "{name}: {taken:?} for an input of {length}: more than {most:?}");
    }
}

/// What this process has had of a processor: a reader may have threads of its own.
fn processor_time() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec.try_into().unwrap_or_default(), now.tv_nsec.try_into().unwrap_or_default())
}
