//! What conversations with the kernel run on.

use super::connection::{Connection, PLACE, TIME_LIMIT, failed};
use crate::system::descriptors::{OPEN, open_descriptors};
use futures::future::{Either, select};
use isctpl_checks::facts::Problem;
use std::os::fd::RawFd;
use std::pin::pin;

/// What /proc calls an eventfd(2).
const EVENTFD: &str = "anon_inode:[eventfd]";

/// Runs conversations on the thread that asks for them. It holds no socket, and is of no network namespace yet.
#[derive(Debug)]
pub(crate) struct Runtime(tokio::runtime::Runtime);

impl Runtime {
    /// Makes one.
    ///
    /// # Errors
    /// When the kernel gives no more descriptors.
    pub(crate) fn new() -> Result<Self, Problem> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map(Self).map_err(|error| failed(&error))
    }

    /// The descriptors that this process may wake such a runtime by, which are those that it writes to.
    ///
    /// # Errors
    /// When /proc does not tell them.
    pub(crate) fn wakers() -> Result<Vec<RawFd>, Problem> {
        let mut wakers = open_descriptors().map_err(|error| Problem::new(OPEN, error.to_string()))?;
        wakers.retain(|descriptor| {
            let target = std::fs::read_link(format!("{OPEN}/{descriptor}"));
            target.is_ok_and(|target| target.as_os_str() == EVENTFD)
        });
        match wakers.is_empty() {
            false => Ok(wakers),
            true => Err(Problem::new(OPEN, "holds no eventfd(2)")),
        }
    }

    /// Has a conversation with the kernel on this thread, by a socket of its own in this thread's network namespace.
    /// A kernel that is `strict` tells of a dump what the request names alone.
    ///
    /// # Errors
    /// When there is no socket, or the kernel closes it.
    pub(super) fn converse<T>(
        &self,
        strict: bool,
        conversation: impl AsyncFnOnce(Connection) -> T,
    ) -> Result<T, Problem> {
        self.0.block_on(async {
            let (driver, connection) =
                Connection::open(tokio::time::Instant::now() + TIME_LIMIT, strict).map_err(|error| failed(&error))?;
            match select(pin!(conversation(connection)), pin!(driver)).await {
                Either::Left((answer, _)) => Ok(answer),
                Either::Right(((), _)) => Err(Problem::new(PLACE, "the kernel closed the socket")),
            }
        })
    }
}
