//! What a run may have of one thing, counted over all its threads.

use std::sync::atomic::{AtomicU64, Ordering};

/// So much of something, which is taken until nothing is left.
#[derive(Debug)]
pub(crate) struct Pool {
    most: u64,
    left: AtomicU64,
}

impl Pool {
    /// Of so much; [`u64::MAX`] has no end.
    pub(crate) fn of(most: u64) -> Self {
        Self { most, left: AtomicU64::new(most) }
    }

    /// How much there was at first.
    pub(crate) fn most(&self) -> u64 {
        self.most
    }

    /// How much may still be taken.
    pub(crate) fn left(&self) -> u64 {
        self.left.load(Ordering::Relaxed)
    }

    /// Takes some; `None` when it is more than there is. What was refused once is refused for good: a smaller wish must
    /// not slip through.
    pub(crate) fn take(&self, amount: u64) -> Option<()> {
        if self.most == u64::MAX {
            return Some(());
        }
        let less = |left: u64| left.checked_sub(amount);
        let taken = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        if taken.is_err() {
            self.left.store(0, Ordering::Relaxed);
        }
        taken.ok().map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_refused_once_is_refused_for_good() {
        let pool = Pool::of(10);
        assert_eq!((pool.take(7), pool.left()), (Some(()), 3));
        assert_eq!((pool.take(4), pool.left()), (None, 0));
        assert_eq!((pool.take(1), pool.most()), (None, 10));
    }

    #[test]
    fn all_of_it_can_be_taken_and_what_has_no_limit_has_no_end() {
        let pool = Pool::of(10);
        assert_eq!((pool.take(10), pool.take(0), pool.take(1)), (Some(()), Some(()), None));
        let endless = Pool::of(u64::MAX);
        assert_eq!([endless.take(u64::MAX), endless.take(u64::MAX)], [Some(()); 2]);
        assert_eq!(endless.left(), u64::MAX);
    }
}
