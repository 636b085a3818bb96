//! Work inside a root as if the machine had booted it: its own `/`, this kernel's /dev, /proc and /sys.
//!
//! A generator sees the root read-only, so that its scripts change nothing but what they are asked to write. Programs
//! of a root that is not the running system's see /sys and the settings of /proc read-only, lack the capabilities
//! that act on the machine, and reach no other process. That holds scripts which are written for a machine of their
//! own, and mistakes; it does not hold an enemy. A generator is the root's own code, run by root with CAP_SYS_ADMIN
//! and this machine's devices, as in a shell by chroot(8): it can mount what it likes, and write to disks.
//!
//! All of this is seen by one thread and the programs that it starts, and ends with them.

use super::capabilities::{OF_LABELS, OF_MACHINE, give_up};
use super::errno::in_words;
use super::meta::FileKind;
use super::mount::{become_root, give_system, own_namespace};
use super::resolv_conf;
use super::root::Root;
use crate::formats::storage::fstab::unescape;
use crate::formats::text::names;
use isctpl_checks::facts::Problem;
use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sys::stat::{Mode, umask};
use procfs::FromBufRead;
use procfs::process::{MountInfo, MountInfos};
use rustix::thread::CapabilitySet;
use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

/// Where programs put what they need for a while.
const TEMPORARY: [&str; 2] = ["tmp", "var/tmp"];

/// Below these are the kernel's filesystems, and no files of the root.
const OF_KERNEL: [&str; 4] = ["proc", "sys", "dev", "run"];

/// Of /proc, what changes the machine when it is written to.
const SETTINGS: [&str; 2] = ["/proc/sys", "/proc/sysrq-trigger"];

/// A library takes SELinux for switched off where this is read-only, and a package manager then labels nothing.
const SELINUX: &str = "selinuxfs";

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
    let prepare = || {
        protect(root, work)?;
        if is_running(root) { Ok(()) } else { give_system_read_only(root) }
    };
    entered(root, OF_MACHINE.union(OF_LABELS), prepare, |()| action())
}

/// The same for a package manager: it may write to the root wherever it likes, reaches the servers that this machine
/// reaches, and starts no service of the root. The action is told why names do not resolve there, where they do not.
///
/// # Errors
/// As [`inside`].
pub(crate) fn inside_to_install<T: Send>(
    root: &Path,
    action: impl FnOnce(Option<String>) -> T + Send,
) -> Result<T, Problem> {
    let prepare = || {
        if is_running(root) {
            return Ok(None);
        }
        give_system_read_only(root)?;
        let tree = Root::open(root)?;
        if let Some(nothing) = tree.resolved("/usr/bin/true")? {
            for starter in STARTERS {
                if let Some(target) = tree.resolved(starter)? {
                    bind(&nothing, &target)?;
                }
            }
        }
        give_name_servers(&tree)
    };
    entered(root, OF_MACHINE, prepare, action)
}

fn is_running(root: &Path) -> bool {
    root == Path::new("/")
}

fn entered<T: Send, P>(
    root: &Path,
    unwanted: CapabilitySet,
    prepare: impl FnOnce() -> Result<P, Problem> + Send,
    action: impl FnOnce(P) -> T + Send,
) -> Result<T, Problem> {
    let problem = |what: String| Problem::new(root.display().to_string(), what);
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("inside".to_owned()).spawn_scoped(scope, || {
            own_namespace(MsFlags::MS_PRIVATE).map_err(|errno| failed(root, "be made private", errno))?;
            if !is_running(root) {
                bind(root, root)?;
            }
            let prepared = prepare()?;
            become_root(root).map_err(|errno| failed(root, "be entered", errno))?;
            // The running system's programs are nobody else's; a service that they start needs all of it.
            if !is_running(root) {
                give_up(unwanted)?;
            }
            Ok(action(prepared))
        });
        let thread = thread.map_err(|error| problem(format!("no thread can be started: {error}")))?;
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Gives a root this system's /dev, /proc and /sys, of which /sys and the settings of /proc cannot be written to.
fn give_system_read_only(root: &Path) -> Result<(), Problem> {
    give_system(root)?;
    let tree = Root::open(root)?;
    if let Some(sys) = tree.resolved("/sys")? {
        for (target, flags) in mounts_below(&sys, |_, mount| mount.fs_type != SELINUX)? {
            remount(&target, flags | MsFlags::MS_RDONLY)?;
        }
    }
    for path in SETTINGS {
        if let Some(target) = tree.resolved(path)? {
            bind(&target, &target)?;
            let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
            remount(&target, flags | MsFlags::MS_RDONLY)?;
        }
    }
    Ok(())
}

/// Gives a root a copy of this system's resolv.conf, in the /run that it has to itself by now: whatever is written
/// there stays there. The answer is why it has none.
fn give_name_servers(tree: &Root) -> Result<Option<String>, Problem> {
    let Ok(text) = fs::read(resolv_conf::FILE) else {
        return Ok(Some(format!("this system's {} cannot be read", resolv_conf::FILE)));
    };
    let because = |why: String| Ok(Some(format!("the root's {}: {why}", resolv_conf::FILE)));
    let Some(run) = tree.resolved("/run")? else { return because("there is no /run".to_owned()) };
    // apt asks the servers as a user of its own. Only this thread has the mask: its namespace came with one.
    umask(Mode::S_IWGRP | Mode::S_IWOTH);
    if let Some(target) = tree.resolved(resolv_conf::FILE)? {
        if tree.kind(resolv_conf::FILE)? != Some(FileKind::File) {
            return because("it is not a regular file".to_owned());
        }
        let copy = run.join("isctpl-resolv.conf");
        put(&copy, &text)?;
        return bind(&copy, &target).map(|()| None);
    }
    match resolv_conf::place_in_run(tree)? {
        Ok(place) => put(&run.join(place.strip_prefix("/run").unwrap_or(&place)), &text).map(|()| None),
        Err(why) => because(why),
    }
}

/// Makes a file that is not there yet, with its directories.
fn put(path: &Path, text: &[u8]) -> Result<(), Problem> {
    let make = || {
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        io::Write::write_all(&mut File::create_new(path)?, text)
    };
    make().map_err(|error| Problem::new(path.display().to_string(), error.to_string()))
}

/// Makes the files of a root read-only, but for `work`.
fn protect(root: &Path, work: &Path) -> Result<(), Problem> {
    let is_of_root = |below: &Path, _: &MountInfo| !OF_KERNEL.iter().any(|top| below.starts_with(top));
    for (target, flags) in mounts_below(root, is_of_root)? {
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

/// The mount points at and below a directory that are wanted, each once, and the flags that they keep. They are told
/// apart by the path below the directory, and what is mounted there.
fn mounts_below(top: &Path, is_wanted: impl Fn(&Path, &MountInfo) -> bool) -> Result<Vec<(PathBuf, MsFlags)>, Problem> {
    let unread = |what: String| Problem::new(MOUNTS, what);
    let file = File::open(MOUNTS).map_err(|error| unread(error.to_string()))?;
    let mounts = MountInfos::from_buf_read(BufReader::new(file)).map_err(|error| unread(error.to_string()))?;
    let mut found: Vec<(PathBuf, MsFlags)> = Vec::new();
    for mount in &mounts {
        let target = names::path(&unescape(&mount.mount_point.to_string_lossy()));
        let Ok(below) = target.strip_prefix(top) else { continue };
        // Of several at one place, the one on top is what a remount reaches.
        if is_wanted(below, mount) && !found.iter().any(|(known, _)| *known == target) {
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
    use std::os::unix::fs::symlink;

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
        for path in ["etc", "tmp", "var/tmp", "output", "dev", "proc", "sys", "run"] {
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
        let written = inside(&root, &root.join("output"), || {
            ["/etc/a", "/output/b", "/tmp/c", "/var/tmp/d", "/run/e"].map(|path| fs::write(path, "x").is_ok())
        });
        assert_eq!(written.unwrap(), [false, true, true, true, true]);
        assert!(!root.join("etc/a").exists() && !root.join("tmp/c").exists() && !root.join("run/e").exists());
        assert!(root.join("output/b").exists() && root.join("output/c").exists() && root.join("output/d").exists());
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
        let servers = own_servers();
        let seen = inside_to_install(&root, |_| {
            fs::write("/etc/a", "x").unwrap();
            let seen = ["/usr/sbin/invoke-rc.d", "/etc/resolv.conf"].map(|path| fs::read_to_string(path).unwrap());
            fs::write("/etc/resolv.conf", "nameserver 192.0.2.66\n").unwrap();
            seen
        });
        let served = servers.clone().unwrap_or_else(|| "none".to_owned());
        assert_eq!(seen.unwrap(), ["nothing".to_owned(), served]);
        assert!(root.join("etc/a").exists());
        assert_eq!(fs::read_to_string(root.join("usr/sbin/invoke-rc.d")).unwrap(), "starts");
        // What was written there reached neither this system's file nor the root's.
        assert_eq!(own_servers(), servers);
        if servers.is_some() {
            assert_eq!(fs::read_to_string(root.join("etc/resolv.conf")).unwrap(), "none");
        }
    }

    fn own_servers() -> Option<String> {
        fs::read_to_string(resolv_conf::FILE).ok()
    }

    /// Why a root has no name servers whose resolv.conf is a link to this, or its text.
    fn served(target: Option<&str>) -> Result<String, String> {
        let (_directory, root) = tree();
        symlink("/run", root.join("var/run")).unwrap();
        if let Some(target) = target {
            symlink(target, root.join("etc/resolv.conf")).unwrap();
        }
        let answer = inside_to_install(&root, |why| {
            why.map_or_else(|| Ok(fs::read_to_string("/etc/resolv.conf").unwrap()), Err)
        });
        assert!(fs::read_dir(root.join("run")).unwrap().next().is_none());
        answer.unwrap()
    }

    #[test]
    fn name_servers_are_where_a_link_into_run_leads() {
        if !is_root() {
            return;
        }
        let Some(own) = own_servers() else {
            eprintln!("SKIPPED: this system has no /etc/resolv.conf");
            return;
        };
        assert_eq!(served(Some("../run/systemd/resolve/stub-resolv.conf")), Ok(own.clone()));
        assert_eq!(served(Some("/var/run/NetworkManager/resolv.conf")), Ok(own));
        let udev = served(Some("/run/udev/rules.d/resolv.conf")).unwrap_err();
        assert!(udev.contains("it is a link to /run/udev/rules.d/resolv.conf"), "{udev}");
        assert!(!Path::new("/run/udev/rules.d/resolv.conf").exists());
        let absent = served(None).unwrap_err();
        assert!(absent.contains("the root's /etc/resolv.conf: it does not exist"), "{absent}");
    }

    /// A set of capabilities of this thread, as the kernel names it in /proc.
    fn capabilities(set: &str) -> CapabilitySet {
        let status = fs::read_to_string("/proc/thread-self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(set)).unwrap();
        CapabilitySet::from_bits_retain(u64::from_str_radix(line.trim_start_matches(':').trim(), 16).unwrap())
    }

    #[test]
    fn what_acts_on_the_machine_is_given_up_inside_and_kept_outside() {
        if !is_root() {
            return;
        }
        let all = || ["CapBnd", "CapPrm", "CapEff", "CapInh"].map(capabilities);
        let before = all();
        let (_directory, root) = tree();
        let generator = inside(&root, &root.join("output"), all).unwrap();
        let installer = inside_to_install(&root, |_| all()).unwrap();
        assert_eq!(all(), before);
        for (was, (generator, installer)) in before.iter().zip(generator.iter().zip(&installer)) {
            assert_eq!(*generator, was.difference(OF_MACHINE | OF_LABELS));
            assert_eq!(*installer, was.difference(OF_MACHINE));
        }
        let needed = CapabilitySet::SYS_ADMIN | CapabilitySet::MKNOD | CapabilitySet::CHOWN | CapabilitySet::SETUID;
        assert!(!needed.intersects(OF_MACHINE | OF_LABELS));
    }

    #[test]
    fn the_machine_cannot_be_reached_by_files_of_the_kernel() {
        if !is_root() {
            return;
        }
        let (_directory, root) = tree();
        let hostname = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
        let mut program = std::process::Command::new("sleep").arg("600").spawn().unwrap();
        let its_root = format!("/proc/{}/root/", program.id());
        let may = || {
            // It would set what is set already.
            let sets = fs::write("/proc/sys/kernel/hostname", &hostname).is_ok();
            let makes = fs::create_dir("/sys/fs/cgroup/isctpl-test").is_ok();
            let writes = File::options().write(true).open("/sys/kernel/uevent_seqnum").is_ok()
                || File::options().write(true).open("/sys/kernel/mm/transparent_hugepage/enabled").is_ok();
            [sets, makes, writes, fs::read_dir(&its_root).is_ok()]
        };
        let (generator, installer) = (inside(&root, &root.join("output"), may), inside_to_install(&root, |_| may()));
        let is_reached_outside = fs::read_dir(&its_root).is_ok();
        program.kill().unwrap();
        program.wait().unwrap();
        assert_eq!((generator.unwrap(), installer.unwrap(), is_reached_outside), ([false; 4], [false; 4], true));
    }

    #[test]
    fn the_root_has_this_kernels_filesystems_and_nobody_else_sees_them() {
        if !is_root() {
            return;
        }
        let (_directory, root) = tree();
        let seen = inside(&root, &root.join("output"), || {
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
        fs::create_dir(root.join("output")).unwrap();
        let refused = inside(&root, &root.join("output"), || ()).unwrap_err();
        assert!(refused.to_string().contains("/dev: does not exist"), "{refused}");
    }
}
