//! What holds a block device: everything stacked on it, and who uses what is mounted from it.
//!
//! Mounts are looked for in the mount namespace of every process, and in those that only a file keeps. A
//! process is looked at through `/proc`; files on a network or FUSE filesystem are not touched, since their
//! server may be gone. Threads with a working directory of their own are not looked at apart.

mod mounts;
mod place;
mod processes;
mod stack;

use super::Root;
use crate::formats::text::names;
use isctpl_checks::facts::Problem;
use place::{Place, place};
use stack::CLASS;
use std::collections::BTreeSet;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The most rounds in which loop devices are looked for: files on filesystems of files on the device.
const ROUND_LIMIT: usize = 8;

/// What holds a device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holders {
    /// The device itself, its partitions, and every device that lies on one of them, bottom up.
    pub devices: Vec<StackedDevice>,
    /// Mounts of filesystems on one of these devices, in any mount namespace.
    pub mounts: Vec<HeldMount>,
    /// Swap spaces on one of these devices or in a file of one of these mounts: paths as `/proc/swaps` has them.
    pub swaps: Vec<String>,
    /// Processes that use one of these devices, or something below one of these mounts.
    pub processes: Vec<HoldingProcess>,
    /// Processes that may not be looked at, with their command names: those of other users, and those with
    /// capabilities that this process lacks. Their mounts are known all the same.
    pub hidden: Vec<(u32, String)>,
    /// Whether the kernel refuses an exclusive claim of the device, as it does while a filesystem, a map, a swap
    /// space or a target holds it or a partition of it. `None` when it could not be asked.
    pub claimed: Option<bool>,
    /// What could not be looked at. While there is anything, nothing follows from an empty list.
    pub problems: Vec<Problem>,
}

/// One device of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackedDevice {
    /// Kernel name, such as `sda3` or `dm-0`.
    pub name: String,
    /// Major and minor number.
    pub number: (u32, u32),
    /// Device-mapper name, such as `ubuntu--vg-ubuntu--lv`.
    pub dm_name: Option<String>,
    /// What it lies on.
    pub backing: Backing,
}

/// How a device lies on another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Backing {
    /// It is the device that was asked for.
    Itself,
    /// It is a partition of this disk.
    Disk(String),
    /// It is a map or array on this device (`holders` of sysfs).
    Device(String),
    /// It is a loop device of this file, or of this device.
    File(String),
}

/// A mount of a filesystem that lies on the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldMount {
    /// Mount point, as processes of its namespace see it.
    pub target: String,
    /// Source as the kernel shows it.
    pub source: String,
    /// Filesystem type.
    pub kind: String,
    /// Mount id, unique while it is mounted.
    pub id: u64,
    /// The mount namespace's number, as in `mnt:[NUMBER]`; `None` when it is that of a process that may not be
    /// looked at.
    pub namespace: Option<u64>,
    /// Whether that is the namespace of this process.
    pub own_namespace: bool,
    /// A process in that namespace, with its command name; `None` when only a file keeps the namespace.
    pub seen_by: Option<(u32, String)>,
}

/// A process that uses the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldingProcess {
    /// Process id.
    pub pid: u32,
    /// Command name (`/proc/PID/comm`).
    pub command: String,
    /// How it uses it: the first ones, at least one.
    pub uses: Vec<Use>,
    /// How many more there are.
    pub more: usize,
}

/// How a process uses a filesystem or a device. Paths are as the kernel shows them to this process.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// Its working directory.
    WorkingDirectory(String),
    /// Its root directory, as after chroot.
    RootDirectory(String),
    /// Its program.
    Program(String),
    /// An open file.
    OpenFile(String),
    /// A file in its memory.
    MappedFile(String),
    /// The block device itself.
    OpenDevice(String),
}

impl Holders {
    /// Whether anything holds the device, as far as could be seen. A partition of it does not.
    pub fn in_use(&self) -> bool {
        let stacked = |device: &StackedDevice| matches!(device.backing, Backing::Device(_) | Backing::File(_));
        self.claimed == Some(true)
            || self.devices.iter().any(stacked)
            || !(self.mounts.is_empty() && self.swaps.is_empty() && self.processes.is_empty())
    }

    /// Whether it is sure that no filesystem, map, swap space or process holds the device. A process that may
    /// not be looked at cannot use a filesystem on it then, for the device would be claimed; it can at most have
    /// the device itself open.
    pub fn is_free(&self) -> bool {
        self.problems.is_empty() && self.claimed == Some(false) && !self.in_use()
    }
}

/// Looks for everything that holds a device, given by its kernel name, such as `sda`. Takes no longer than
/// `within`; what was not reached by then is a problem.
pub fn find(device: &str, within: Duration) -> Holders {
    let found = Arc::new(Mutex::new(Progress::default()));
    let (done, finished) = channel();
    let (name, shared) = (device.to_owned(), Arc::clone(&found));
    // A process that hangs in the kernel can make a look at it hang as well: hence a thread to leave behind.
    let spawned = std::thread::Builder::new().name("holders".to_owned()).spawn(move || {
        look(&name, &shared);
        let _ = done.send(());
    });
    let why = match spawned {
        Err(error) => Some(format!("no thread can be started: {error}")),
        Ok(_) => match finished.recv_timeout(within) {
            Ok(()) => None,
            Err(RecvTimeoutError::Timeout) => Some(format!("took longer than {} s", within.as_secs_f32())),
            Err(RecvTimeoutError::Disconnected) => Some("ended before it was done".to_owned()),
        },
    };
    let mut progress = found.lock().unwrap_or_else(PoisonError::into_inner);
    // A look at a file keeps its filesystem busy for a moment: nobody waits for this search any more.
    progress.given_up = true;
    let mut holders = progress.holders.clone();
    if let Some(why) = why {
        let place = if progress.at.is_empty() { device } else { &progress.at };
        holders.problems.push(Problem::new(place, format!("the search for users of {device} {why} here")));
    }
    holders
}

/// What was found so far, and what is being looked at.
#[derive(Default)]
struct Progress {
    holders: Holders,
    at: String,
    given_up: bool,
}

/// Where findings go: the lock is never held while something is looked at.
type Shared = Mutex<Progress>;

fn note(shared: &Shared, change: impl FnOnce(&mut Progress)) {
    change(&mut shared.lock().unwrap_or_else(PoisonError::into_inner));
}

/// Notes what is looked at next; `false` when nobody waits for it any more.
fn next(shared: &Shared, place: String) -> bool {
    let mut progress = shared.lock().unwrap_or_else(PoisonError::into_inner);
    progress.at = place;
    !progress.given_up
}

fn problem(shared: &Shared, problem: Problem) {
    note(shared, |progress| progress.holders.problems.push(problem));
}

/// Numbers of devices and ids of mounts that belong to the device that was asked for.
#[derive(Debug, Default)]
struct Ours {
    /// Devices, and the numbers that filesystems on them have.
    numbers: BTreeSet<(u32, u32)>,
    mounts: BTreeSet<u64>,
}

impl Ours {
    fn holds(&self, place: &Place) -> bool {
        place.mount.is_some_and(|id| self.mounts.contains(&id)) || self.numbers.contains(&place.device)
    }

    fn is_device(&self, place: &Place) -> bool {
        place.block.is_some_and(|number| self.numbers.contains(&number))
    }
}

fn look(device: &str, shared: &Shared) {
    let host = match Root::running() {
        Ok(host) => host,
        Err(trouble) => return problem(shared, trouble),
    };
    next(shared, CLASS.to_owned());
    let mut devices = match stack::above(&host, device, Backing::Itself) {
        Ok(devices) => devices,
        Err(trouble) => return problem(shared, trouble),
    };
    next(shared, "/proc".to_owned());
    let table = mounts::table(&host, shared);
    let mut ours = Ours::default();
    let mut held = Vec::new();
    for round in 0.. {
        ours.numbers.extend(devices.iter().map(|device| device.number));
        held = mounts::on(&table, &devices, &host, shared);
        ours.mounts.extend(held.iter().map(|mount: &&mounts::Entry| mount.id));
        ours.numbers.extend(held.iter().map(|mount| mount.device));
        let before = devices.len();
        match stack::loops(&host, &table, &ours, &devices) {
            Ok(more) => devices.extend(more),
            Err(trouble) => {
                problem(shared, trouble);
                break;
            }
        }
        if devices.len() == before {
            break;
        }
        if round == ROUND_LIMIT {
            problem(shared, Problem::new(device, "has nested loop devices that were not all examined"));
            break;
        }
    }
    let own = mounts::own_namespace(&host);
    let held: Vec<HeldMount> = held.into_iter().map(|entry| entry.held(own)).collect();
    let swaps = swaps(&host, &table, &ours);
    note(shared, |progress| {
        progress.holders.devices.clone_from(&devices);
        progress.holders.mounts = held;
        match swaps {
            Ok(swaps) => progress.holders.swaps = swaps,
            Err(trouble) => progress.holders.problems.push(trouble),
        }
    });
    processes::look(&host, &table, &ours, shared);
    if !next(shared, stack::node(device)) {
        return;
    }
    let claimed = stack::claimed(device);
    note(shared, |progress| match claimed {
        Ok(claimed) => progress.holders.claimed = Some(claimed),
        Err(trouble) => progress.holders.problems.push(trouble),
    });
}

/// Swap spaces in use (proc_swaps(5)) that lie on the device.
fn swaps(host: &Root, table: &mounts::Table, ours: &Ours) -> Result<Vec<String>, Problem> {
    const SWAPS: &str = "/proc/swaps";
    // A kernel without swap has no such file.
    let text = host.text(SWAPS)?.unwrap_or_default();
    let mut found = Vec::new();
    for line in text.lines().skip(1) {
        let Some(name) = line.split_whitespace().next() else { continue };
        let name = crate::formats::storage::fstab::unescape(name);
        let path = name.strip_suffix(" (deleted)").unwrap_or(&name);
        let lies = match table.touchable(path).then(|| place(&names::path(path))) {
            Some(Ok(place)) => ours.is_device(&place) || (place.block.is_none() && ours.holds(&place)),
            _ => table.covering(path).is_some_and(|mount| ours.mounts.contains(&mount.id)),
        };
        if lies {
            found.push(name);
        }
    }
    Ok(found)
}
