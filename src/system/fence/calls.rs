//! Which system calls are left: a filter of seccomp(2).
//!
//! It is a list of what is allowed, because what a parser does is little and known, while what a kernel offers grows. A
//! call that is not on it gets "not implemented" (`ENOSYS`), and nobody is killed: a C library that tries a newer call
//! first then takes the older one, as on an older kernel.

use super::needs::{Extent, Needs, Outcome};
use nix::libc;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Length, SeccompCmpOp as Is, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};
use std::collections::BTreeMap;

/// A system call's number, and what its arguments have to be; anything where nothing is said.
type Rules = BTreeMap<i64, Vec<SeccompRule>>;

type Failure = seccompiler::BackendError;

/// `O_TMPFILE` without the bit that it shares with `O_DIRECTORY` (`include/uapi/asm-generic/fcntl.h`).
const TMPFILE: i32 = 0o20_000_000;

/// With any of these, what is opened may be changed.
const OPENS_TO_WRITE: i32 = libc::O_WRONLY | libc::O_RDWR | libc::O_CREAT | libc::O_TRUNC | TMPFILE;

/// Reading, looking, and what is open already.
const FILES: [i64; 19] = [
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_preadv,
    libc::SYS_lseek,
    libc::SYS_dup,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_statfs,
    libc::SYS_fstatfs,
    libc::SYS_getdents64,
    libc::SYS_readlinkat,
    libc::SYS_faccessat,
    // faccessat2(2), whose number is the same everywhere.
    439,
    // Its flags lie in memory, where a filter does not see them: Landlock does. Without that a reader could open a file
    // to write, and not write to it.
    libc::SYS_openat2,
    libc::SYS_fadvise64,
    libc::SYS_getcwd,
    libc::SYS_ppoll,
];

/// What writes to a descriptor.
const SAYING: [i64; 2] = [libc::SYS_write, libc::SYS_writev];

/// What fcntl(2) is asked for. It neither locks a file, nor has a process signalled.
const DESCRIPTORS: [i32; 5] = [libc::F_DUPFD, libc::F_DUPFD_CLOEXEC, libc::F_GETFD, libc::F_SETFD, libc::F_GETFL];

/// Memory, threads, time, and what a C library asks about its process.
const PROCESS: [i64; 36] = [
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_futex,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_nanosleep,
    libc::SYS_clock_nanosleep,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_gettimeofday,
    libc::SYS_getrandom,
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_gettid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_getrusage,
    libc::SYS_uname,
    libc::SYS_sysinfo,
    libc::SYS_membarrier,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
];

/// Older calls of x86-64, which musl still makes. Newer architectures have none of them.
#[cfg(target_arch = "x86_64")]
const OLDER: &[i64] = &[
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_readlink,
    libc::SYS_access,
    libc::SYS_poll,
    libc::SYS_epoll_wait,
    libc::SYS_time,
];
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[i64] = &[];

/// What a netlink socket is asked with. There is no other socket: socket(2) makes none.
const NETLINK: [i64; 9] = [
    libc::SYS_bind,
    libc::SYS_getsockname,
    libc::SYS_getsockopt,
    libc::SYS_setsockopt,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_eventfd2,
];

/// What puts a file that is open in its place.
const REPLACING: [i64; 4] = [libc::SYS_renameat2, libc::SYS_unlinkat, libc::SYS_fchown, libc::SYS_fsync];

/// The bits of a mode by which a program runs as its file's owner or group, and the sticky one.
const SPECIAL_MODES: i32 = 0o7000;

/// The same in the older calls of x86-64.
#[cfg(target_arch = "x86_64")]
const REPLACING_OLDER: &[i64] = &[libc::SYS_rename, libc::SYS_renameat, libc::SYS_unlink];
/// renameat(2) of `include/uapi/asm-generic/unistd.h`.
#[cfg(not(target_arch = "x86_64"))]
const REPLACING_OLDER: &[i64] = &[38];

/// Leaves the calling thread, and those that it starts, these calls alone.
pub(super) fn hold(needs: &Needs) -> Outcome {
    let lacking = |why: &dyn std::fmt::Display| format!("seccomp ({why})");
    let program = program(needs).map_err(|error| lacking(&error))?;
    seccompiler::apply_filter(&program).map_err(|error| match error {
        seccompiler::Error::Prctl(error) | seccompiler::Error::Seccomp(error) => lacking(&error),
        error => lacking(&error),
    })?;
    Ok("seccomp".to_owned())
}

fn program(needs: &Needs) -> Result<BpfProgram, Failure> {
    let architecture = TargetArch::try_from(std::env::consts::ARCH)?;
    let refused = SeccompAction::Errno(libc::ENOSYS.cast_unsigned());
    SeccompFilter::new(allowed(needs)?, refused, SeccompAction::Allow, architecture)?.try_into()
}

fn allowed(needs: &Needs) -> Result<Rules, Failure> {
    let mut rules = Rules::new();
    let mut any = |calls: &[i64]| rules.extend(calls.iter().map(|call| (*call, Vec::new())));
    any(&FILES);
    any(&PROCESS);
    any(OLDER);
    if needs.routes {
        any(&NETLINK);
    }
    if !needs.replaces.is_empty() {
        any(&REPLACING);
        any(REPLACING_OLDER);
    }
    if needs.extent != Extent::Reader {
        any(&SAYING);
        any(&[libc::SYS_close]);
    }
    let mut with = |call: i64, arguments: &[Argument]| -> Result<(), Failure> {
        rules.entry(call).or_default().push(rule(arguments)?);
        Ok(())
    };
    if !needs.replaces.is_empty() {
        with(libc::SYS_fchmod, &[none_of(1, SPECIAL_MODES)])?;
    }
    with(libc::SYS_openat, &[none_of(2, OPENS_TO_WRITE)])?;
    #[cfg(target_arch = "x86_64")]
    with(libc::SYS_open, &[none_of(1, OPENS_TO_WRITE)])?;
    // No memory that holds a program, and none by which a file is changed.
    with(libc::SYS_mmap, &[none_of(2, libc::PROT_EXEC), none_of(3, libc::MAP_SHARED)])?;
    with(libc::SYS_mprotect, &[none_of(2, libc::PROT_EXEC)])?;
    // A thread, but no process. The flags of clone3(2) lie in memory: without it C libraries take the older one.
    with(libc::SYS_clone, &[all_of(0, libc::CLONE_THREAD)])?;
    with(libc::SYS_prctl, &[is(0, libc::PR_SET_NAME)])?;
    // Looked at, and not set.
    with(libc::SYS_prlimit64, &[null(2)])?;
    // What abort(3) ends itself with; that of musl, which knows its thread alone, where that is the first one.
    let own = nix::unistd::getpid().as_raw();
    with(libc::SYS_tgkill, &[is(0, own), is(2, libc::SIGABRT)])?;
    with(libc::SYS_tkill, &[is(0, own), is(1, libc::SIGABRT)])?;
    for command in DESCRIPTORS {
        with(libc::SYS_fcntl, &[is(1, command)])?;
    }
    with(libc::SYS_fcntl, &[is(1, libc::F_SETFL), none_of(2, libc::O_ASYNC)])?;
    // Whether it is a terminal, how wide that is, and that a socket is not to be waited for.
    for request in [libc::TCGETS, libc::TCGETS2, libc::TIOCGWINSZ, libc::FIONBIO] {
        with(libc::SYS_ioctl, &[Argument(1, Length::Dword, Is::Eq, u64::from(request as u32))])?;
    }
    if needs.extent == Extent::Reader {
        // What it opened, in whatever way, it cannot write to; nor put in the place of what it can.
        let written = || [libc::STDOUT_FILENO, libc::STDERR_FILENO].iter().chain(&needs.wakes);
        for (call, descriptor) in SAYING.iter().flat_map(|call| written().map(move |descriptor| (call, descriptor))) {
            with(*call, &[is(0, *descriptor)])?;
        }
        let kept = needs.wakes.iter().map(|descriptor| is_not(0, *descriptor));
        let closed: Vec<Argument> = kept.chain([above(0, libc::STDERR_FILENO)]).collect();
        with(libc::SYS_close, &closed)?;
    }
    if needs.routes {
        with(libc::SYS_socket, &[is(0, libc::AF_NETLINK), is(2, libc::NETLINK_ROUTE)])?;
    }
    Ok(rules)
}

/// Which argument of a call, how much of it counts, and what that has to be.
struct Argument(u8, Length, Is, u64);

fn bits(value: i32) -> u64 {
    u64::from(value.cast_unsigned())
}

fn is(index: u8, value: i32) -> Argument {
    Argument(index, Length::Dword, Is::Eq, bits(value))
}

fn is_not(index: u8, value: i32) -> Argument {
    Argument(index, Length::Dword, Is::Ne, bits(value))
}

fn above(index: u8, value: i32) -> Argument {
    Argument(index, Length::Dword, Is::Gt, bits(value))
}

fn none_of(index: u8, mask: i32) -> Argument {
    Argument(index, Length::Dword, Is::MaskedEq(bits(mask)), 0)
}

fn all_of(index: u8, mask: i32) -> Argument {
    Argument(index, Length::Dword, Is::MaskedEq(bits(mask)), bits(mask))
}

fn null(index: u8) -> Argument {
    Argument(index, Length::Qword, Is::Eq, 0)
}

fn rule(arguments: &[Argument]) -> Result<SeccompRule, Failure> {
    let conditions = arguments.iter().map(|Argument(index, length, comparison, value)| {
        SeccompCondition::new(*index, length.clone(), comparison.clone(), *value)
    });
    SeccompRule::new(conditions.collect::<Result<_, _>>()?)
}
