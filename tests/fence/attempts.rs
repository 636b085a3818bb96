//! What a parser that is made to misbehave may try.

use isctpl::system::fence::Needs;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, OpenHow, openat2};
use nix::libc;
use nix::sys::stat::Mode;
use std::fs::OpenOptions;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;

/// Something tried.
pub(crate) struct Attempt {
    /// What it is called.
    pub(crate) name: &'static str,
    guard: Guard,
    /// How it ends. It is given a directory that may be written to.
    end: fn(&Path) -> Result<(), Errno>,
}

/// What refuses an attempt.
#[derive(Clone, Copy)]
enum Guard {
    /// Landlock alone.
    Landlock,
    /// The list of system calls.
    Calls,
    /// The list for a reader, where Landlock has not refused it before.
    Reader,
    /// That a reader closes it.
    Closed,
}

impl Attempt {
    const fn new(name: &'static str, guard: Guard, end: fn(&Path) -> Result<(), Errno>) -> Self {
        Self { name, guard, end }
    }

    /// The error that it has to end with; `None` where nothing refuses it.
    pub(crate) fn refusal(&self, has_landlock: bool, is_reader: bool) -> Option<Errno> {
        match self.guard {
            Guard::Calls => Some(Errno::ENOSYS),
            Guard::Closed => Some(Errno::EBADF),
            Guard::Landlock | Guard::Reader if has_landlock => Some(Errno::EACCES),
            Guard::Reader if is_reader => Some(Errno::ENOSYS),
            Guard::Landlock | Guard::Reader => None,
        }
    }
}

/// Each of them works where nothing refuses it, for root.
pub(crate) const ATTEMPTS: [Attempt; 22] = [
    Attempt::new("open /etc/shadow", Guard::Landlock, |_| {
        opened(OpenOptions::new().read(true), Path::new("/etc/shadow"))
    }),
    Attempt::new("make a file", Guard::Calls, |place| {
        opened(OpenOptions::new().write(true).create(true), &place.join("made"))
    }),
    Attempt::new("make a file by openat2", Guard::Landlock, |place| {
        opened_by_openat2(&place.join("made-too"), OFlag::O_CREAT | OFlag::O_RDWR).map(drop)
    }),
    Attempt::new("change a file", Guard::Calls, |place| opened(OpenOptions::new().write(true), &place.join("there"))),
    Attempt::new("write to what openat2 opened", Guard::Reader, |place| {
        nix::unistd::write(&opened_by_openat2(&place.join("there"), OFlag::O_WRONLY)?, b"y").map(drop)
    }),
    Attempt::new("map what openat2 opened", Guard::Reader, |place| {
        let file = opened_by_openat2(&place.join("there"), OFlag::O_RDWR)?;
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        called(libc::SYS_mmap, [0, 1, protection.into(), libc::MAP_SHARED.into(), file.as_raw_fd().into()])
    }),
    Attempt::new("delete a file", Guard::Calls, |place| nix::unistd::unlink(&place.join("to-delete"))),
    Attempt::new("make a process", Guard::Calls, |_| forked(|| Ok(()))?),
    Attempt::new("run a program", Guard::Calls, |_| apart(|| nix::unistd::execv(c"/bin/true", &[c"true"]).map(|_| ()))),
    Attempt::new("run a program by execveat", Guard::Calls, |_| {
        apart(|| {
            let (none, flags) = ([c""; 0], nix::fcntl::AtFlags::empty());
            nix::unistd::execveat(AT_FDCWD, c"/bin/true", &[c"true"], &none, flags).map(|_| ())
        })
    }),
    Attempt::new("open a TCP socket", Guard::Calls, |_| socket(libc::AF_INET, libc::SOCK_STREAM)),
    Attempt::new("open a UDP socket", Guard::Calls, |_| socket(libc::AF_INET6, libc::SOCK_DGRAM)),
    Attempt::new("open a UNIX socket", Guard::Calls, |_| socket(libc::AF_UNIX, libc::SOCK_STREAM)),
    Attempt::new("open a packet socket", Guard::Calls, |_| socket(libc::AF_PACKET, libc::SOCK_RAW)),
    // Without a stop, which would outlast this process.
    Attempt::new("trace a process", Guard::Calls, |_| {
        called(libc::SYS_ptrace, [libc::PTRACE_SEIZE.into(), waiting(), 0, 0, 0])
    }),
    Attempt::new("signal a process", Guard::Calls, |_| called(libc::SYS_kill, [waiting(), 0, 0, 0, 0])),
    Attempt::new("have a process signalled", Guard::Calls, |_| {
        called(libc::SYS_fcntl, [libc::STDERR_FILENO.into(), libc::F_SETOWN.into(), waiting(), 0, 0])
    }),
    Attempt::new("mount a filesystem", Guard::Calls, |place| {
        nix::mount::mount(Some("none"), place, Some("tmpfs"), nix::mount::MsFlags::empty(), None::<&str>)?;
        nix::mount::umount(place)
    }),
    Attempt::new("make memory executable", Guard::Calls, |_| {
        let protection = libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC;
        called(libc::SYS_mmap, [0, 4096, protection.into(), (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS).into(), -1])
    }),
    Attempt::new("set up an io_uring", Guard::Calls, |_| {
        let parameters = [0_u64; 16];
        called(libc::SYS_io_uring_setup, [1, parameters.as_ptr() as i64, 0, 0, 0])
    }),
    Attempt::new("have a file run as its owner", Guard::Calls, |_| {
        called(libc::SYS_fchmod, [libc::STDOUT_FILENO.into(), 0o4755, 0, 0, 0])
    }),
    Attempt::new("change to another user", Guard::Calls, |_| {
        apart(|| nix::unistd::setuid(nix::unistd::Uid::from_raw(1)))
    }),
];

/// What only a reader is refused: a process of its own prints by itself, and has what it was handed.
pub(crate) const OF_READER: [Attempt; 2] = [
    Attempt::new("make room for another standard output", Guard::Calls, |_| {
        apart(|| nix::unistd::close(libc::STDOUT_FILENO))
    }),
    Attempt::new("use what is open by chance", Guard::Closed, |_| {
        called(libc::SYS_fcntl, [HANDED_DOWN.into(), libc::F_GETFD.into(), 0, 0, 0])
    }),
];

/// What a reader of the place is not refused.
pub(crate) const BESIDE_AN_ANSWER: Attempt = Attempt::new("read a file beside the answer", Guard::Landlock, |place| {
    opened(OpenOptions::new().read(true), &place.join("there"))
});

/// Where something is open that this process hands down to all that it starts.
const HANDED_DOWN: i32 = 90;

/// Opens it.
pub(crate) fn hand_down() {
    let file = std::fs::File::open("/etc/passwd").unwrap();
    assert_eq!(nix::fcntl::fcntl(&file, nix::fcntl::FcntlArg::F_DUPFD(HANDED_DOWN)), Ok(HANDED_DOWN));
}

/// Tries them: the names of those that were refused with the error, and of those that worked.
pub(crate) fn tried<'a>(attempts: impl IntoIterator<Item = &'a Attempt>, place: &Path) -> (Vec<String>, Vec<String>) {
    let (mut refused, mut worked) = (Vec::new(), Vec::new());
    for Attempt { name, end, .. } in attempts {
        match end(place) {
            Ok(()) => worked.push((*name).to_owned()),
            Err(errno) => refused.push(format!("{name} ({errno:?})")),
        }
    }
    (refused, worked)
}

/// A directory with what the attempts change.
pub(crate) fn place() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    for name in ["there", "to-delete"] {
        std::fs::write(place.path().join(name), "x").unwrap();
    }
    place
}

/// The same behind a fence of this process.
pub(crate) fn tried_behind<'a>(
    needs: &Needs,
    attempts: impl IntoIterator<Item = &'a Attempt>,
    place: &Path,
) -> (Vec<String>, Vec<String>) {
    isctpl::system::fence::enter(needs);
    tried(attempts, place)
}

fn errno(error: &std::io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or_default())
}

fn opened(options: &OpenOptions, path: &Path) -> Result<(), Errno> {
    options.open(path).map(drop).map_err(|error| errno(&error))
}

fn opened_by_openat2(path: &Path, flags: OFlag) -> Result<OwnedFd, Errno> {
    let how = OpenHow::new().flags(flags);
    let how = if flags.contains(OFlag::O_CREAT) { how.mode(Mode::S_IRWXU) } else { how };
    openat2(AT_FDCWD, path, how)
}

#[allow(unsafe_code, reason = "what a parser that misbehaves would do")]
fn called(number: libc::c_long, [a, b, c, d, e]: [i64; 5]) -> Result<(), Errno> {
    // SAFETY: no call made here writes to memory but to what it is given.
    Errno::result(unsafe { libc::syscall(number, a, b, c, d, e, 0) }).map(drop)
}

fn socket(family: i32, kind: i32) -> Result<(), Errno> {
    called(libc::SYS_socket, [family.into(), kind.into(), 0, 0, 0])
}

/// The process that started this one, which is not fenced.
fn waiting() -> i64 {
    nix::unistd::getppid().as_raw().into()
}

/// Tries it in a child, which it may replace or change; where none can be made, in this process, which it may then not.
fn apart(attempt: fn() -> Result<(), Errno>) -> Result<(), Errno> {
    forked(attempt).unwrap_or_else(|_| attempt())
}

/// How it ends in a child, which calls nothing but the kernel.
///
/// # Errors
/// When no child can be made.
#[allow(unsafe_code, reason = "the same")]
fn forked(attempt: fn() -> Result<(), Errno>) -> Result<Result<(), Errno>, Errno> {
    // SAFETY: the child has one thread, and ends at once.
    match unsafe { nix::unistd::fork() }? {
        nix::unistd::ForkResult::Child => unsafe { libc::_exit(attempt().err().map_or(0, |errno| errno as i32)) },
        nix::unistd::ForkResult::Parent { child } => match nix::sys::wait::waitpid(child, None)? {
            nix::sys::wait::WaitStatus::Exited(_, 0) => Ok(Ok(())),
            nix::sys::wait::WaitStatus::Exited(_, errno) => Ok(Err(Errno::from_raw(errno))),
            other => panic!("{other:?}"),
        },
    }
}
