//! What holds the LUN on this machine, in words.

use crate::procedures::rescue::context::Context;
use crate::system::command::Invocation;
use crate::system::holders::{self, Backing, Holders, Use};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long the search for what holds a disk may take.
const SEARCH: Duration = Duration::from_secs(20);

/// How long a program that has nothing but the device open is waited for.
const PASSING: Duration = Duration::from_secs(15);

/// The most lines that tell what holds a LUN.
const HOLDER_LINES: usize = 12;

/// What holds a disk now.
pub(crate) fn of(disk: &str) -> Holders {
    holders::find(disk, SEARCH)
}

/// Maps and arrays on a disk by their device-mapper names, bottom up.
pub(crate) fn maps_on(disk: &str) -> Vec<String> {
    let on = of(disk).devices.into_iter().filter(|device| matches!(device.backing, Backing::Device(_)));
    on.filter_map(|device| device.dm_name).collect()
}

/// Lets udev finish: it may make volumes active on what appeared.
pub(crate) fn settle(cx: &Context) {
    // A system without udev has nothing to wait for.
    let _ = cx.runner.run(&Invocation::new("udevadm", Duration::from_secs(30)).args(["settle", "--timeout=20"]));
}

/// Tells what holds a LUN, a line each: mounts that are `foreign`, swap, and processes.
pub(crate) fn describe(held: &Holders, foreign: impl Fn(&str) -> bool) -> Vec<String> {
    let mut lines = Vec::new();
    for mount in held.mounts.iter().filter(|mount| foreign(&mount.target)) {
        let place = match (&mount.seen_by, mount.own_namespace) {
            (_, true) => String::new(),
            (Some((pid, command)), false) => format!(" in the mount namespace of {command} (pid {pid})"),
            (None, false) => " in another mount namespace".to_owned(),
        };
        lines.push(format!("{} is mounted at {}{place}", mount.source, mount.target));
    }
    lines.extend(held.swaps.iter().map(|swap| format!("{swap} is in use as swap: swapoff {swap}")));
    for process in &held.processes {
        let uses: Vec<String> = process.uses.iter().take(2).map(in_words).collect();
        lines.push(format!("{} (pid {}) has {}", process.command, process.pid, uses.join(", ")));
    }
    if lines.is_empty() {
        let on = held.devices.iter().filter(|device| matches!(device.backing, Backing::Device(_) | Backing::File(_)));
        lines.extend(on.map(|device| format!("{} uses it", device.dm_name.as_deref().unwrap_or(&device.name))));
    }
    if lines.len() > HOLDER_LINES {
        let more = lines.len() - HOLDER_LINES;
        lines.truncate(HOLDER_LINES);
        lines.push(format!("and {more} more"));
    }
    lines
}

fn in_words(one: &Use) -> String {
    match one {
        Use::WorkingDirectory(path) => format!("its working directory at {path}"),
        Use::RootDirectory(path) => format!("its root directory at {path}"),
        Use::Program(path) => format!("its program at {path}"),
        Use::OpenFile(path) => format!("{path} open"),
        Use::MappedFile(path) => format!("{path} in memory"),
        Use::OpenDevice(path) => format!("the device {path} open"),
    }
}

/// What holds a disk, when udev and the programs that it runs on what appeared are done with it: they have it
/// open for a moment, and that is no use of it.
pub(crate) fn settled_holders(cx: &Context, disk: &str) -> Holders {
    settle(cx);
    let deadline = Instant::now() + PASSING;
    loop {
        let held = of(disk);
        let is_passing = |one: &Use| matches!(one, Use::OpenDevice(_));
        let passing = !held.processes.is_empty()
            && held.swaps.is_empty()
            && held.processes.iter().all(|process| process.uses.iter().all(is_passing));
        if !passing || Instant::now() > deadline {
            return held;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// What uses the LUN beside the mounts of this procedure, given by their places: nothing is taken down while
/// there is anything. A session of others may have users of its own; then only what uses our mounts counts.
pub(crate) fn holders_elsewhere(cx: &Context, disk: &str, session_is_ours: bool) -> Vec<String> {
    let mut held = settled_holders(cx, disk);
    let at = cx.place();
    let below = |path: &str| Path::new(path).starts_with(&at);
    if !session_is_ours {
        held.mounts.clear();
        held.swaps.clear();
        held.processes.retain(|process| {
            process.uses.iter().any(|one| match one {
                Use::WorkingDirectory(path)
                | Use::RootDirectory(path)
                | Use::Program(path)
                | Use::OpenFile(path)
                | Use::MappedFile(path)
                | Use::OpenDevice(path) => below(path),
            })
        });
    }
    held.mounts.retain(|mount| !below(&mount.target));
    if held.mounts.is_empty() && held.swaps.is_empty() && held.processes.is_empty() {
        return Vec::new();
    }
    describe(&held, |_| true)
}
