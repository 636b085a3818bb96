//! What a parser that is made to misbehave may try.

use isctpl::system::fence::Needs;
use nix::errno::Errno;
use nix::libc;
use std::ffi::CString;
use std::fs::{File, OpenOptions};
use std::path::Path;

/// Something tried: what it is called, and how it ends.
pub(crate) type Attempt = (&'static str, fn(&Path) -> Result<(), Errno>);

/// Each of them works where nothing refuses it, for root; `place` is a directory that may be written to.
pub(crate) const ATTEMPTS: [Attempt; 17] = [
    ("open /etc/shadow", |_| opened(OpenOptions::new().read(true), Path::new("/etc/shadow"))),
    ("make a file", |place| opened(OpenOptions::new().write(true).create(true), &place.join("made"))),
    ("make a file by openat2", |place| {
        let how = nix::fcntl::OpenHow::new()
            .flags(nix::fcntl::OFlag::O_CREAT | nix::fcntl::OFlag::O_RDWR)
            .mode(nix::sys::stat::Mode::S_IRWXU);
        nix::fcntl::openat2(nix::fcntl::AT_FDCWD, &place.join("made-too"), how).map(drop)
    }),
    ("change a file", |place| opened(OpenOptions::new().write(true), &place.join("there"))),
    ("delete a file", |place| nix::unistd::unlink(&place.join("to-delete"))),
    ("run a program", |_| {
        forked(|| {
            let _ = nix::unistd::execv(c"/bin/true", &[c"true"]);
        })
    }),
    ("run a program by execveat", |_| {
        let program = File::open("/bin/true").map_err(|error| errno(&error))?;
        let argument = CString::new("true").unwrap();
        forked(|| {
            let flags = nix::fcntl::AtFlags::AT_EMPTY_PATH;
            let _ = nix::unistd::execveat(&program, c"", &[argument.as_c_str()], &[c""], flags);
        })
    }),
    ("open a TCP socket", |_| socket(libc::AF_INET, libc::SOCK_STREAM)),
    ("open a UDP socket", |_| socket(libc::AF_INET6, libc::SOCK_DGRAM)),
    ("open a UNIX socket", |_| socket(libc::AF_UNIX, libc::SOCK_STREAM)),
    ("open a packet socket", |_| socket(libc::AF_PACKET, libc::SOCK_RAW)),
    // Without a stop, which would outlast this process.
    ("trace a process", |_| called(libc::SYS_ptrace, [libc::PTRACE_SEIZE.into(), waiting(), 0, 0, 0])),
    ("signal a process", |_| called(libc::SYS_kill, [waiting(), 0, 0, 0, 0])),
    ("mount a filesystem", |place| {
        nix::mount::mount(Some("none"), place, Some("tmpfs"), nix::mount::MsFlags::empty(), None::<&str>)?;
        nix::mount::umount(place)
    }),
    ("make memory executable", |_| {
        let protection = libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC;
        called(libc::SYS_mmap, [0, 4096, protection.into(), (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS).into(), -1])
    }),
    ("set up an io_uring", |_| {
        let parameters = [0_u64; 16];
        called(libc::SYS_io_uring_setup, [1, parameters.as_ptr() as i64, 0, 0, 0])
    }),
    ("change to another user", |_| forked_to(|| nix::unistd::setuid(nix::unistd::Uid::from_raw(1)).is_ok())),
];

/// Tries all of them: the names of those that were refused with the error, and of those that worked.
pub(crate) fn tried(place: &Path) -> (Vec<String>, Vec<String>) {
    let (mut refused, mut worked) = (Vec::new(), Vec::new());
    for (name, attempt) in ATTEMPTS {
        match attempt(place) {
            Ok(()) => worked.push(name.to_owned()),
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

/// The same attempts behind a fence of this process.
pub(crate) fn tried_behind(needs: &Needs, place: &Path) -> (Vec<String>, Vec<String>) {
    isctpl::system::fence::enter(needs);
    tried(place)
}

fn errno(error: &std::io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or_default())
}

fn opened(options: &OpenOptions, path: &Path) -> Result<(), Errno> {
    options.open(path).map(drop).map_err(|error| errno(&error))
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

/// Whether a child could be made, and became what it was to.
#[allow(unsafe_code, reason = "the same")]
fn forked_to(child: impl FnOnce() -> bool) -> Result<(), Errno> {
    // SAFETY: the child calls nothing but the kernel.
    match unsafe { nix::unistd::fork() }? {
        nix::unistd::ForkResult::Child => unsafe { libc::_exit(i32::from(!child())) },
        nix::unistd::ForkResult::Parent { child } => match nix::sys::wait::waitpid(child, None)? {
            nix::sys::wait::WaitStatus::Exited(_, 0) => Ok(()),
            _ => Err(Errno::EACCES),
        },
    }
}

fn forked(becomes: impl FnOnce()) -> Result<(), Errno> {
    forked_to(|| {
        becomes();
        false
    })
}
