//! What is asked of a fence, and of each of its parts.

use std::os::fd::RawFd;
use std::path::PathBuf;

/// Whom a fence is put around.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// A process that does nothing but read, and speaks through pipes. It ends with the one that started it.
    Reader,
    /// This process, which prints what it finds, and whose parsers run on so many threads. It must have one thread yet.
    Process(usize),
    /// The calling thread and those that it starts. It holds what a parser was talked into, but nobody who can write to
    /// the memory of other threads.
    Thread,
}

/// What a reading needs. All else is given up.
#[derive(Debug, Clone)]
pub struct Needs {
    /// Who reads.
    pub extent: Extent,
    /// Files, and directories with all that is below them. What does not exist needs no permission.
    pub reads: Vec<PathBuf>,
    /// Directories in which a file that is open already is put in its place. What they hold, and what is below them,
    /// can then be renamed and deleted but not read; the open file can take the place of another in its directory.
    pub replaces: Vec<PathBuf>,
    /// The kernel is asked for routes, over rtnetlink.
    pub routes: bool,
    /// What a reader writes to beside standard output and error: the descriptors that it wakes itself by.
    pub wakes: Vec<RawFd>,
}

impl Needs {
    /// Nothing but what is open already.
    pub fn nothing(extent: Extent) -> Self {
        Self { extent, reads: Vec::new(), replaces: Vec::new(), routes: false, wakes: Vec::new() }
    }
}

/// What holds, in a word or two; or what does not, and why.
pub(super) type Outcome = Result<String, String>;
