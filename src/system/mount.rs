//! Mounts: looked at, unmounted, and seen by one process alone.

use super::errno::in_words;
use super::root::Root;
use isctpl_checks::facts::Problem;
use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::channel;
use std::time::Duration;

fn problem(path: &Path, errno: Errno) -> Problem {
    Problem::new(path.display().to_string(), in_words(errno))
}

/// Binds a directory with all that is mounted below it, so that what happens to mounts there is seen, and
/// what happens here is not seen there.
///
/// # Errors
/// When the kernel refuses. It may be bound then, and not yet cut off: [`unmount_tree`] can be trusted with it.
pub(crate) fn bind_as_slave(source: &Path, target: &Path) -> Result<(), Problem> {
    mount(Some(source), target, None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&str>)
        .and_then(|()| make_slave(target))
        .map_err(|errno| problem(target, errno))
}

fn make_slave(target: &Path) -> Result<(), Errno> {
    mount(None::<&str>, target, None::<&str>, MsFlags::MS_SLAVE | MsFlags::MS_REC, None::<&str>)
}

/// Binds one file over another one.
///
/// # Errors
/// When the kernel refuses.
pub(crate) fn bind_file(source: &Path, target: &Path) -> Result<(), Problem> {
    mount(Some(source), target, None::<&str>, MsFlags::MS_BIND, None::<&str>)
        .and_then(|()| make_slave(target))
        .map_err(|errno| problem(target, errno))
}

/// Mounts one of the kernel's own filesystems.
///
/// # Errors
/// When the kernel refuses.
pub(crate) fn mount_kernel(kind: &str, target: &Path, read_only: bool) -> Result<(), Problem> {
    let mut flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    flags.set(MsFlags::MS_RDONLY, read_only);
    mount(Some(kind), target, Some(kind), flags, None::<&str>).map_err(|errno| problem(target, errno))
}

/// Unmounts a tree of binds and kernel filesystems, the deepest first. `targets` are its mount points, in the
/// order of mounting. It is cut off from where it was bound before: otherwise the kernel would unmount there
/// as well what is unmounted here. A mount that is busy is let go of, and vanishes with its last user.
///
/// # Errors
/// When the kernel refuses.
pub(crate) fn unmount_tree(top: &Path, targets: &[PathBuf]) -> Result<(), Problem> {
    if targets.is_empty() {
        return Ok(());
    }
    make_slave(top).map_err(|errno| problem(top, errno))?;
    for target in targets.iter().rev() {
        let outcome = umount2(target, MntFlags::UMOUNT_NOFOLLOW).or_else(|errno| match errno {
            Errno::EBUSY => umount2(target, MntFlags::UMOUNT_NOFOLLOW | MntFlags::MNT_DETACH),
            // Gone meanwhile, with the one that it lay on.
            Errno::EINVAL | Errno::ENOENT => Ok(()),
            errno => Err(errno),
        });
        outcome.map_err(|errno| problem(target, errno))?;
    }
    Ok(())
}

/// Mounts a device read-only where nobody else sees it, has a look, and unmounts it, within a bound.
///
/// # Errors
/// When it cannot be mounted, or the look takes too long: a device that does not answer is left to a thread
/// that nobody waits for.
pub(crate) fn look_privately<T: Send + 'static>(
    device: &str,
    kind: &str,
    options: &str,
    at: &Path,
    within: Duration,
    look: impl FnOnce(&Path) -> T + Send + 'static,
) -> Result<T, Problem> {
    let (sender, receiver) = channel();
    let (device, kind, options, at) = (device.to_owned(), kind.to_owned(), options.to_owned(), at.to_owned());
    let place = device.clone();
    let spawned = std::thread::Builder::new().name("look".to_owned()).spawn(move || {
        let looked = (|| {
            own_namespace(MsFlags::MS_PRIVATE)?;
            let flags =
                MsFlags::MS_RDONLY | MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC | MsFlags::MS_NOATIME;
            mount(Some(device.as_str()), &at, Some(kind.as_str()), flags, Some(options.as_str()))?;
            let seen = look(&at);
            umount2(&at, MntFlags::UMOUNT_NOFOLLOW).or_else(|_| umount2(&at, MntFlags::MNT_DETACH))?;
            Ok(seen)
        })();
        let _ =
            sender.send(looked.map_err(|errno: Errno| {
                Problem::new(device, format!("cannot be mounted as {kind}: {}", in_words(errno)))
            }));
    });
    if let Err(error) = spawned {
        return Err(Problem::new(place, format!("no thread can be started: {error}")));
    }
    receiver
        .recv_timeout(within)
        .unwrap_or_else(|_| Err(Problem::new(place, format!("did not answer within {} s", within.as_secs()))))
}

/// Gives the calling thread a mount namespace of its own.
pub(super) fn own_namespace(propagation: MsFlags) -> Result<(), Errno> {
    unshare(CloneFlags::CLONE_NEWNS)?;
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | propagation, None::<&str>)
}

/// Becomes a program below a root, in a mount namespace of its own. Mounts that are taken down outside go here
/// too; those made here are seen by nobody else, and go with the program. A root that `is_bare` is given what most
/// programs need.
///
/// # Errors
/// It only returns when that fails.
pub(crate) fn enter(
    root: &Path,
    is_bare: bool,
    program: &str,
    arguments: &[String],
    environment: &[(&str, String)],
) -> Problem {
    let entered = own_namespace(MsFlags::MS_SLAVE)
        .map_err(|errno| problem(root, errno))
        .and_then(|()| if is_bare { give_system(root) } else { Ok(()) })
        .and_then(|()| become_root(root).map_err(|errno| problem(root, errno)));
    if let Err(problem) = entered {
        return problem;
    }
    use std::os::unix::process::CommandExt;
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(environment.iter().map(|(name, value)| (name, value)));
    let error = command.exec();
    Problem::new(
        program.to_owned(),
        error.raw_os_error().map_or_else(|| error.to_string(), |raw| in_words(Errno::from_raw(raw))),
    )
}

pub(super) fn become_root(root: &Path) -> Result<(), Errno> {
    nix::unistd::chdir(root)?;
    nix::unistd::chroot(".")?;
    nix::unistd::chdir("/")
}

/// Gives a root this system's /dev, /proc and /sys. Its /run is empty but for what udev knows, so that nothing
/// reaches the services of this system.
pub(super) fn give_system(root: &Path) -> Result<(), Problem> {
    let tree = Root::open(root)?;
    // A link of the root's leads nowhere outside it.
    let place = |path: &str| {
        let absent = || Problem::new(format!("{}{path}", root.display()), "does not exist");
        tree.resolved(path)?.ok_or_else(absent)
    };
    for path in ["/dev", "/proc", "/sys"] {
        bind_as_slave(Path::new(path), &place(path)?)?;
    }
    let run = place("/run")?;
    mount_kernel("tmpfs", &run, false)?;
    for name in ["lock", "udev"] {
        let path = run.join(name);
        std::fs::create_dir(&path).map_err(|error| Problem::new(path.display().to_string(), error.to_string()))?;
    }
    let udev = Path::new("/run/udev");
    if udev.is_dir() { bind_as_slave(udev, &run.join("udev")) } else { Ok(()) }
}
