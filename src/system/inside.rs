//! Work inside a root as if the machine had booted it: its own `/`, this kernel's /dev, /proc and /sys.
//!
//! Whatever runs there sees the root read-only, so that a generator cannot change anything but what it is asked to
//! write. All of this is seen by one thread and the programs that it starts, and ends with them.

use super::errno::in_words;
use super::mount::{become_root, give_system, own_namespace};
use super::root::Root;
use crate::formats::storage::fstab::unescape;
use crate::formats::text::names;
use isctpl_checks::facts::Problem;
use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use procfs::FromBufRead;
use procfs::process::{MountInfo, MountInfos};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// Where programs put what they need for a while.
const TEMPORARY: [&str; 2] = ["tmp", "var/tmp"];

/// Below these are the kernel's filesystems, and no files of the root.
const OF_KERNEL: [&str; 4] = ["proc", "sys", "dev", "run"];

/// By these packages of Debian start their services (invoke-rc.d(8), deb-systemd-invoke(1p)).
const STARTERS: [&str; 2] = ["/usr/sbin/invoke-rc.d", "/usr/bin/deb-systemd-invoke"];

/// The mounts of this thread, which has a namespace of its own.
const MOUNTS: &str = "/proc/thread-self/mountinfo";

/// Does something inside a root, a directory whose path has no link in it. `work`, a directory below it, stays
/// writable, and takes temporary files too.
///
/// # Errors
/// When the kernel refuses to make it so: then nothing was done there.
pub(crate) fn inside<T: Send>(root: &Path, work: &Path, action: impl FnOnce() -> T + Send) -> Result<T, Problem> {
    entered(root, || protect(root, work), action)
}

/// The same for a package manager: it may write wherever it likes, reaches the servers that this machine reaches, and
/// starts no service of the root.
///
/// # Errors
/// As [`inside`].
pub(crate) fn inside_to_install<T: Send>(root: &Path, action: impl FnOnce() -> T + Send) -> Result<T, Problem> {
    let prepare = || {
        if root == Path::new("/") {
            return Ok(());
        }
        let tree = Root::open(root)?;
        if let Some(nothing) = tree.resolved("/usr/bin/true")? {
            for starter in STARTERS {
                cover(&tree, starter, &nothing)?;
            }
        }
        let servers = Path::new("/etc/resolv.conf");
        if servers.exists() { cover(&tree, "/etc/resolv.conf", servers) } else { Ok(()) }
    };
    entered(root, prepare, action)
}

fn entered<T: Send>(
    root: &Path,
    prepare: impl FnOnce() -> Result<(), Problem> + Send,
    action: impl FnOnce() -> T + Send,
) -> Result<T, Problem> {
    let problem = |what: String| Problem::new(root.display().to_string(), what);
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("inside".to_owned()).spawn_scoped(scope, || {
            own_namespace(MsFlags::MS_PRIVATE).map_err(|errno| failed(root, "be made private", errno))?;
            let is_running = root == Path::new("/");
            if !is_running {
                bind(root, root)?;
            }
            prepare()?;
            if !is_running {
                give_system(root)?;
            }
            become_root(root).map_err(|errno| failed(root, "be entered", errno))?;
            Ok(action())
        });
        let thread = thread.map_err(|error| problem(format!("no thread can be started: {error}")))?;
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Makes the files of a root read-only, but for `work`.
fn protect(root: &Path, work: &Path) -> Result<(), Problem> {
    for (target, flags) in file_mounts(root)? {
        remount(&target, flags | MsFlags::MS_RDONLY)?;
    }
    bind(work, work)?;
    remount(work, MsFlags::empty())?;
    for path in TEMPORARY {
        let target = root.join(path);
        // A link may lead out of the root; what it leads to stays as it is.
        if target.symlink_metadata().is_ok_and(|meta| meta.is_dir()) {
            bind(work, &target)?;
        }
    }
    Ok(())
}

/// Puts one file in the place of another one of the root, where that is there.
fn cover(tree: &Root, path: &str, by: &Path) -> Result<(), Problem> {
    match tree.resolved(path)? {
        Some(target) => bind(by, &target),
        None => Ok(()),
    }
}

fn bind(source: &Path, target: &Path) -> Result<(), Problem> {
    mount(Some(source), target, None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&str>)
        .map_err(|errno| failed(target, "be bound", errno))
}

/// Changes a mount of this namespace, and not its filesystem, which others go on writing to.
fn remount(target: &Path, flags: MsFlags) -> Result<(), Problem> {
    mount(None::<&str>, target, None::<&str>, MsFlags::MS_REMOUNT | MsFlags::MS_BIND | flags, None::<&str>)
        .map_err(|errno| failed(target, "be remounted", errno))
}

fn failed(target: &Path, what: &str, errno: Errno) -> Problem {
    Problem::new(target.display().to_string(), format!("cannot {what}: {}", in_words(errno)))
}

/// The mount points at and below a root that have files of it, each once, and the flags that they keep.
fn file_mounts(root: &Path) -> Result<Vec<(PathBuf, MsFlags)>, Problem> {
    let unread = |what: String| Problem::new(MOUNTS, what);
    let file = File::open(MOUNTS).map_err(|error| unread(error.to_string()))?;
    let mounts = MountInfos::from_buf_read(BufReader::new(file)).map_err(|error| unread(error.to_string()))?;
    let mut found: Vec<(PathBuf, MsFlags)> = Vec::new();
    for mount in &mounts {
        let target = names::path(&unescape(&mount.mount_point.to_string_lossy()));
        let Ok(below) = target.strip_prefix(root) else { continue };
        // Of several at one place, the one on top is what a remount reaches.
        if !OF_KERNEL.iter().any(|top| below.starts_with(top)) && !found.iter().any(|(known, _)| *known == target) {
            found.push((target, kept_flags(mount)));
        }
    }
    Ok(found)
}

fn kept_flags(mount: &MountInfo) -> MsFlags {
    let mut flags = MsFlags::empty();
    for (name, flag) in [("nosuid", MsFlags::MS_NOSUID), ("nodev", MsFlags::MS_NODEV), ("noexec", MsFlags::MS_NOEXEC)] {
        flags.set(flag, mount.mount_options.contains_key(name));
    }
    flags
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::print_stderr)]
mod tests {
    use super::*;
    use std::fs;

    /// Needs root, and says so.
    fn is_root() -> bool {
        let root = nix::unistd::geteuid().is_root();
        if !root {
            eprintln!("SKIPPED: needs root");
        }
        root
    }

    fn tree() -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        for path in ["etc", "tmp", "var/tmp", "work", "dev", "proc", "sys", "run"] {
            fs::create_dir_all(root.join(path)).unwrap();
        }
        (directory, root)
    }

    #[test]
    fn only_the_working_directory_can_be_written_to() {
        if !is_root() {
            return;
        }
        let (_directory, root) = tree();
        let written = inside(&root, &root.join("work"), || {
            ["/etc/a", "/work/b", "/tmp/c", "/var/tmp/d", "/run/e"].map(|path| fs::write(path, "x").is_ok())
        });
        assert_eq!(written.unwrap(), [false, true, true, true, true]);
        assert!(!root.join("etc/a").exists() && !root.join("tmp/c").exists() && !root.join("run/e").exists());
        assert!(root.join("work/b").exists() && root.join("work/c").exists() && root.join("work/d").exists());
        fs::write(root.join("etc/a"), "x").unwrap();
    }

    #[test]
    fn a_package_manager_writes_and_starts_nothing() {
        if !is_root() {
            return;
        }
        let (_directory, root) = tree();
        fs::create_dir_all(root.join("usr/sbin")).unwrap();
        fs::create_dir_all(root.join("usr/bin")).unwrap();
        fs::write(root.join("usr/bin/true"), "nothing").unwrap();
        fs::write(root.join("usr/sbin/invoke-rc.d"), "starts").unwrap();
        fs::write(root.join("etc/resolv.conf"), "none").unwrap();
        let seen = inside_to_install(&root, || {
            fs::write("/etc/a", "x").unwrap();
            ["/usr/sbin/invoke-rc.d", "/etc/resolv.conf"].map(|path| fs::read_to_string(path).unwrap())
        });
        let servers = fs::read_to_string("/etc/resolv.conf").unwrap_or_else(|_| "none".to_owned());
        assert_eq!(seen.unwrap(), ["nothing".to_owned(), servers]);
        assert!(root.join("etc/a").exists());
        assert_eq!(fs::read_to_string(root.join("usr/sbin/invoke-rc.d")).unwrap(), "starts");
    }

    #[test]
    fn the_root_has_this_kernels_filesystems_and_nobody_else_sees_them() {
        if !is_root() {
            return;
        }
        let (_directory, root) = tree();
        let seen = inside(&root, &root.join("work"), || {
            ["/proc/self/status", "/sys/class", "/dev/null"].map(|path| Path::new(path).exists())
        });
        assert_eq!(seen.unwrap(), [true; 3]);
        assert!(!root.join("proc/self").exists());
    }

    #[test]
    fn a_root_without_its_directories_is_refused() {
        if !is_root() {
            return;
        }
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        fs::create_dir(root.join("work")).unwrap();
        let refused = inside(&root, &root.join("work"), || ()).unwrap_err();
        assert!(refused.to_string().contains("/dev: does not exist"), "{refused}");
    }
}
