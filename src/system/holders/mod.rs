//! What holds a block device: everything stacked on it, and who uses what is mounted from it.
//!
//! Mounts are looked for in the mount namespace of every process, and in those that only a file keeps. A
//! process is looked at through `/proc`; files on a network or FUSE filesystem are not touched, since their
//! server may be gone. Threads with a working directory of their own are not looked at apart.

mod found;
mod mounts;
mod ours;
mod place;
mod processes;
mod search;
mod stack;

pub use found::{Backing, HeldMount, Holders, HoldingProcess, StackedDevice, Use};

use super::Root;
use isctpl_checks::facts::Problem;
use ours::Ours;
use search::{Progress, Shared, next, note, problem};
use stack::CLASS;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The most rounds in which loop devices are looked for: files on filesystems of files on the device.
const ROUND_LIMIT: usize = 8;

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
        if ours.lies(table, path) {
            found.push(name);
        }
    }
    Ok(found)
}
