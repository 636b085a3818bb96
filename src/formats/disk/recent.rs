//! What was read last.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// What was read last, by the number under which it was asked for: no more than so many things and so many bytes.
#[derive(Debug)]
pub(super) struct Recent<T> {
    things: usize,
    bytes: usize,
    /// The latest one first.
    kept: Mutex<VecDeque<Thing<T>>>,
}

#[derive(Debug)]
struct Thing<T> {
    number: u64,
    bytes: usize,
    value: Arc<T>,
}

impl<T> Recent<T> {
    /// Keeps at most `things`, of at most `bytes` together.
    pub(super) fn new(things: usize, bytes: usize) -> Self {
        Self { things, bytes, kept: Mutex::new(VecDeque::new()) }
    }

    /// What is kept under a number, or else what `read` gives, which is kept from now on as so many bytes.
    ///
    /// # Errors
    /// As `read`.
    pub(super) fn get<E>(&self, number: u64, read: impl FnOnce() -> Result<(T, usize), E>) -> Result<Arc<T>, E> {
        if let Some(found) = self.find(number) {
            return Ok(found);
        }
        let (value, bytes) = read()?;
        let value = Arc::new(value);
        self.keep(Thing { number, bytes, value: Arc::clone(&value) });
        Ok(value)
    }

    fn find(&self, number: u64) -> Option<Arc<T>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let index = kept.iter().position(|thing| thing.number == number)?;
        if index > 0 {
            let thing = kept.remove(index)?;
            kept.push_front(thing);
        }
        kept.front().map(|thing| Arc::clone(&thing.value))
    }

    fn keep(&self, new: Thing<T>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_front(new);
        let mut bytes = 0_usize;
        let fits = kept.iter().take(self.things).take_while(|thing| {
            bytes = bytes.saturating_add(thing.bytes);
            bytes <= self.bytes
        });
        let count = fits.count();
        kept.truncate(count);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_latest_are_kept_within_both_limits() {
        let recent = Recent::new(3, 100);
        let read = |number: u64, bytes: usize| {
            let mut asked = false;
            let read = || {
                asked = true;
                Ok::<_, ()>((number, bytes))
            };
            assert_eq!(*recent.get(number, read).unwrap(), number);
            asked
        };
        assert!(read(1, 10) && read(2, 10) && read(3, 10));
        assert!(!read(1, 10), "it is kept");
        assert!(read(4, 10), "the fourth one drops the one that was used the longest ago");
        assert!(read(2, 10) && !read(4, 10));
        assert!(read(5, 95) && !read(5, 95) && read(4, 10), "what is too much together is dropped");
        assert!(read(6, 101) && read(6, 101), "what is too large is never kept");
    }
}
