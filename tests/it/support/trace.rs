//! What a run asks of the kernel, as strace saw it.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

/// What is traced: files, processes, sockets, mounts, what writes, and what a process gives up.
const TRACED: &str = "trace=file,process,network,mount,ioctl,getdents64,write,writev,pwrite64,pwritev,pwritev2,ftruncate,\
                      fallocate,copy_file_range,sendfile,splice,fchmod,fchown,fsetxattr,fremovexattr,ptrace,capset,\
                      landlock_restrict_self,seccomp";

/// What changes a file or makes one.
const CHANGING: [&str; 43] = [
    "unlink",
    "unlinkat",
    "rename",
    "renameat",
    "renameat2",
    "mkdir",
    "mkdirat",
    "rmdir",
    "chmod",
    "fchmod",
    "fchmodat",
    "fchmodat2",
    "chown",
    "lchown",
    "fchown",
    "fchownat",
    "symlink",
    "symlinkat",
    "link",
    "linkat",
    "creat",
    "truncate",
    "ftruncate",
    "mknod",
    "mknodat",
    "utime",
    "utimes",
    "utimensat",
    "futimesat",
    "setxattr",
    "lsetxattr",
    "fsetxattr",
    "setxattrat",
    "removexattr",
    "lremovexattr",
    "fremovexattr",
    "removexattrat",
    "pwritev",
    "pwritev2",
    "fallocate",
    "copy_file_range",
    "sendfile",
    "splice",
];

/// What starts something, speaks to somebody, or changes more than a file.
const ACTING: [&str; 32] = [
    "mount",
    "umount",
    "umount2",
    "move_mount",
    "open_tree",
    "fsopen",
    "fspick",
    "fsmount",
    "mount_setattr",
    "pivot_root",
    "chroot",
    "swapon",
    "swapoff",
    "socket",
    "socketpair",
    "connect",
    "bind",
    "listen",
    "accept",
    "accept4",
    "sendto",
    "sendmsg",
    "sendmmsg",
    "ptrace",
    "kill",
    "tkill",
    "tgkill",
    "rt_sigqueueinfo",
    "rt_tgsigqueueinfo",
    "pidfd_send_signal",
    "execveat",
    "fork",
];

/// What a descriptor is asked by ioctl(2): whether it is a terminal, and how wide that is.
const ASKING: [&str; 2] = ["TCGETS", "TIOCGWINSZ"];

/// One call, as strace writes it.
pub struct Call {
    pub process: String,
    pub name: String,
    /// Its arguments, and what came of it.
    pub rest: String,
}

/// A whole run.
pub struct Trace {
    pub calls: Vec<Call>,
    /// What it wrote to standard output.
    pub out: String,
    /// How it ended.
    pub code: i32,
    /// The process that read for the first one; `None` where that read by itself.
    pub reader: Option<String>,
}

/// Runs isctpl to its end.
pub fn trace<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Trace {
    trace_within(&[], arguments)
}

/// The same in what another program sets up, which then becomes the program that stands behind its own arguments.
pub fn trace_within<S: AsRef<OsStr>>(within: &[&str], arguments: impl IntoIterator<Item = S>) -> Trace {
    let log = tempfile::NamedTempFile::new().unwrap();
    let log_name = log.path().to_str().unwrap();
    let strace = ["strace", "-f", "-qq", "-y", "-s", "4096", "-e", TRACED, "-o", log_name];
    let words: Vec<&str> = within.iter().copied().chain(strace).collect();
    let mut command = Command::new(words[0]);
    let output = command.args(&words[1..]).arg(env!("CARGO_BIN_EXE_isctpl")).args(arguments).output().unwrap();
    let calls = calls(&std::fs::read_to_string(log.path()).unwrap());
    let reader = calls.iter().find(|call| call.name == "execve" && call.rest.contains("/proc/self/exe"));
    Trace {
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        code: output.status.code().unwrap_or_else(|| panic!("{}", output.status)),
        reader: reader.map(|call| call.process.clone()),
        calls,
    }
}

/// The calls in the order in which they began. What was cut by another process's call is put together.
fn calls(text: &str) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    for line in text.lines() {
        let Some((process, rest)) = line.split_once(char::is_whitespace) else { continue };
        let rest = rest.trim_start();
        if let Some((_, end)) = rest.strip_prefix("<... ").and_then(|rest| rest.split_once(" resumed>")) {
            if let Some(begun) = calls.iter_mut().rfind(|call| call.process == process) {
                begun.rest = begun.rest.replace(" <unfinished ...>", "") + end;
            }
        } else if let Some((name, rest)) = rest.split_once('(') {
            calls.push(Call { process: process.to_owned(), name: name.to_owned(), rest: rest.to_owned() });
        }
    }
    calls
}

impl Trace {
    /// Whether a call is about isctpl itself: what the C library, the runtime and procfs ask about their
    /// process and the kernel's version, how far the reader is, and isctpl's word on whether `rescue` mounted a root.
    pub fn is_own(&self, call: &Call) -> bool {
        let path = call.rest.split('"').nth(1).unwrap_or_default();
        let own = ["/proc/self/", "/proc/sys/kernel/osrelease", "/sys/fs/cgroup/", "/run/isctpl/rescue/journal"];
        let reader = self.reader.as_ref().map(|process| format!("/proc/{process}"));
        let is_reader = |reader: &String| path.starts_with(reader) || call.rest.contains(&format!("<{reader}>"));
        own.iter().any(|own| path.starts_with(own)) || reader.as_ref().is_some_and(is_reader)
    }

    /// Holds the run to writing nothing but its answer, to standard output or into `answer`, to executing nothing but
    /// isctpl, and to speaking to nobody. Gives what it opened.
    pub fn only_reads(&self, answer: Option<&Path>) -> Vec<&Call> {
        let directory = answer.and_then(Path::parent).map(|directory| directory.display().to_string());
        let is_answer = |rest: &str| directory.as_ref().is_some_and(|directory| rest.contains(directory.as_str()));
        let mut opened = Vec::new();
        for call in &self.calls {
            let Call { process, name, rest } = call;
            let line = || format!("{process} {name}({rest}");
            match name.as_str() {
                "execve" => {
                    let own = [env!("CARGO_BIN_EXE_isctpl"), "/proc/self/exe"];
                    assert!(own.iter().any(|own| rest.starts_with(&format!("\"{own}\""))), "{}", line());
                }
                "openat" | "openat2" | "open" => {
                    let writes = ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"].iter().any(|flag| rest.contains(flag));
                    assert!(!writes || is_answer(rest), "opened for writing: {}", line());
                    opened.push(call);
                }
                "write" | "writev" | "pwrite64" => {
                    let is_said = rest.starts_with("1<") || rest.starts_with("2<") || rest.contains("<pipe:");
                    assert!(is_said || is_answer(rest), "written: {}", line());
                }
                name if CHANGING.contains(&name) => assert!(is_answer(rest), "changed: {}", line()),
                // Whom it has read for it, the first process ends.
                "kill" if self.reader.as_ref().is_some_and(|reader| rest.starts_with(reader.as_str())) => {}
                "ioctl" => assert!(ASKING.iter().any(|asked| rest.contains(asked)), "asked for: {}", line()),
                name if ACTING.contains(&name) => panic!("{}", line()),
                _ => {}
            }
        }
        opened
    }

    /// Where among its calls the one that reads opened what has this at the end of its path.
    pub fn opened_at(&self, path: &str) -> Vec<usize> {
        let path = format!("{path}\"");
        self.at(|call| call.name.starts_with("open") && call.rest.contains(&path))
    }

    /// Where among its calls the one that reads made such a call, and was not refused it.
    pub fn done_at(&self, name: &str) -> Vec<usize> {
        self.at(|call| call.name == name && call.rest.ends_with("= 0"))
    }

    fn at(&self, is_meant: impl Fn(&Call) -> bool) -> Vec<usize> {
        let reads = |call: &Call| self.reader.as_ref().is_none_or(|reader| *reader == call.process);
        (0..).zip(&self.calls).filter(|(_, call)| reads(call) && is_meant(call)).map(|(at, _)| at).collect()
    }

    /// Holds the one that reads to giving up what it does not need before it opens anything below `place` to read it,
    /// which it has to. What the kernel lacks is told with the name of the test.
    pub fn is_fenced_before(&self, place: &str, test: &str) {
        let fenced = self.fenced_at(test);
        let opened =
            self.at(|call| call.name.starts_with("open") && call.rest.contains(place) && !call.rest.contains("O_PATH"));
        let first = *opened.first().unwrap_or_else(|| panic!("nothing of {place} is read"));
        assert!(first > fenced, "{place} is read before the fence stands");
    }

    /// Holds the one that reads to giving up what it does not need; gives where it has. What the kernel lacks is told
    /// with the name of the test.
    pub fn fenced_at(&self, test: &str) -> usize {
        let fenced = *self.done_at("seccomp").first().expect("no filter of system calls was set");
        if super::has_landlock() {
            let restricted = self.done_at("landlock_restrict_self");
            assert!(restricted.first().is_some_and(|at| *at < fenced), "no Landlock before the filter");
        } else {
            super::kernel_cannot(test, "it has no Landlock");
        }
        fenced
    }
}
