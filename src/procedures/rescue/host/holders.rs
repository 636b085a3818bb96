//! What holds the LUN on this machine, in words.

use crate::procedures::rescue::context::{Context, TargetSession};
use crate::system::command::{Invocation, quoted};
use crate::system::holders::{self, Backing, Holders, HoldingProcess, Use};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long the search for what holds a disk may take.
const SEARCH: Duration = Duration::from_secs(20);

/// How long a program that has nothing but the device open is waited for, and what could not be looked at.
const PASSING: Duration = Duration::from_secs(15);

/// The most lines that tell what holds a LUN.
const HOLDER_LINES: usize = 12;

/// What holds a disk now.
pub(crate) fn of(disk: &str) -> Holders {
    holders::find(disk, SEARCH)
}

/// Lets udev finish: it may make volumes active on what appeared.
pub(crate) fn settle(cx: &Context) {
    // A system without udev has nothing to wait for.
    let _ = cx.runner.run(&Invocation::new("udevadm", Duration::from_secs(30)).args(["settle", "--timeout=20"]));
}

/// Tells what holds a LUN, a line each: mounts, swap, processes, and what could not be looked at; where there is none
/// of these, the devices on it, or that the kernel itself claims it.
pub(crate) fn describe(held: &Holders) -> Vec<String> {
    let mut lines = Vec::new();
    for mount in &held.mounts {
        let place = match (&mount.seen_by, mount.own_namespace) {
            (_, true) => String::new(),
            (Some((pid, command)), false) => format!(" in the mount namespace of {command} (pid {pid})"),
            (None, false) => " in another mount namespace".to_owned(),
        };
        lines.push(format!("{} is mounted at {}{place}", mount.source, mount.target));
    }
    lines.extend(held.swaps.iter().map(|swap| format!("{swap} is in use as swap: swapoff {}", quoted(swap))));
    for process in &held.processes {
        let uses: Vec<String> = process.uses.iter().take(2).map(in_words).collect();
        lines.push(format!("{} (pid {}) has {}", process.command, process.pid, uses.join(", ")));
    }
    lines.extend(held.problems.iter().map(|problem| format!("whether it is in use is not known: {problem}")));
    if lines.is_empty() {
        lines.extend(stacked(held).map(|name| format!("{name} uses it")));
    }
    if lines.is_empty() && held.claimed == Some(true) {
        lines.push("the kernel claims it for something that is no mount, map or swap, such as a target".to_owned());
    }
    if lines.len() > HOLDER_LINES {
        let more = lines.len() - HOLDER_LINES;
        lines.truncate(HOLDER_LINES);
        lines.push(format!("and {more} more"));
    }
    lines
}

/// Maps, arrays and loop devices on a disk.
fn stacked(held: &Holders) -> impl Iterator<Item = &str> {
    let on = held.devices.iter().filter(|device| matches!(device.backing, Backing::Device(_) | Backing::File(_)));
    on.map(|device| device.dm_name.as_deref().unwrap_or(&device.name))
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
        // What could not be looked at may be gone by the next look.
        let passing = !(held.processes.is_empty() && held.problems.is_empty())
            && held.swaps.is_empty()
            && held.processes.iter().all(|process| process.uses.iter().all(is_passing));
        if !passing || Instant::now() > deadline {
            return held;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// What uses a disk and is none of this procedure's, whose mounts are below `own`, a line each. Nothing is said where
/// it is sure that nothing does: not to know is not to be free. Maps do not count, which udev makes of its own accord;
/// what uses them does. Nor do processes that may not be looked at: their mounts are known all the same.
fn foreign(mut held: Holders, own: &Path) -> Vec<String> {
    let is_claimed = held.claimed == Some(true)
        && held.mounts.is_empty()
        && held.swaps.is_empty()
        && stacked(&held).next().is_none();
    held.mounts.retain(|mount| !Path::new(&mount.target).starts_with(own));
    held.processes.retain(|process| process.uses.iter().any(|one| !is_below(one, own)));
    lines_if_held(&held, is_claimed)
}

fn lines_if_held(held: &Holders, is_claimed: bool) -> Vec<String> {
    let may_be_held = held.has_users() || !held.problems.is_empty() || is_claimed;
    if may_be_held { describe(held) } else { Vec::new() }
}

fn is_below(one: &Use, top: &Path) -> bool {
    let (Use::WorkingDirectory(path)
    | Use::RootDirectory(path)
    | Use::Program(path)
    | Use::OpenFile(path)
    | Use::MappedFile(path)
    | Use::OpenDevice(path)) = one;
    Path::new(path).starts_with(top)
}

/// What stands in the way of mounting from a disk, a line each: whatever uses it, or may use it, except this
/// procedure's own mounts and what runs in them. Also whether this machine itself runs from the disk.
pub(crate) fn before_mounting(cx: &Context, disk: &str) -> (Vec<String>, bool) {
    let held = settled_holders(cx, disk);
    let is_own_root = held.mounts.iter().any(|mount| mount.own_namespace && mount.target == "/");
    (foreign(held, &cx.place()), is_own_root)
}

/// What stands in the way of taking this procedure's mounts down, and its session: nothing is taken down while there
/// is anything. A session of others may have users of its own; then only what uses these mounts counts.
pub(crate) fn before_unmounting(cx: &Context, disk: &str, session: &TargetSession) -> Vec<String> {
    in_the_way(settled_holders(cx, disk), &cx.place(), session.is_ours, session.session.state == "LOGGED_IN")
}

fn in_the_way(mut held: Holders, own: &Path, is_ours: bool, answers: bool) -> Vec<String> {
    if !answers {
        // Where the target is gone, whoever waits for it cannot be looked at; it has to come down all the same.
        held.problems.clear();
    }
    if !is_ours {
        held.mounts.clear();
        held.swaps.clear();
        let uses_own = |process: &HoldingProcess| process.uses.iter().any(|one| is_below(one, own));
        held.processes.retain(uses_own);
    }
    held.mounts.retain(|mount| !Path::new(&mount.target).starts_with(own));
    lines_if_held(&held, false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::holders::{HeldMount, StackedDevice};
    use isctpl_checks::facts::Problem;

    const OWN: &str = "/run/isctpl/rescue/root";

    fn mount(target: &str) -> HeldMount {
        HeldMount {
            target: target.to_owned(),
            source: "/dev/sda1".to_owned(),
            kind: "ext4".to_owned(),
            id: 1,
            namespace: None,
            own_namespace: true,
            seen_by: None,
        }
    }

    fn process(uses: &[Use]) -> HoldingProcess {
        HoldingProcess { pid: 7, command: "qemu".to_owned(), uses: uses.to_vec(), more: 0 }
    }

    fn map() -> StackedDevice {
        StackedDevice {
            name: "dm-0".to_owned(),
            number: (252, 0),
            dm_name: Some("vg-root".to_owned()),
            backing: Backing::Device("sda".to_owned()),
        }
    }

    /// What is held, whether it may be mounted, and whether our session, another one, and one that does not answer
    /// may be taken down.
    fn cases() -> Vec<(Holders, [bool; 4])> {
        let own = Use::OpenFile(format!("{OWN}/etc/fstab"));
        let device = Use::OpenDevice("/dev/sda".to_owned());
        let free = || Holders { claimed: Some(false), ..Holders::default() };
        vec![
            (free(), [true; 4]),
            (Holders { mounts: vec![mount(OWN)], claimed: Some(true), ..free() }, [true; 4]),
            (Holders { devices: vec![map()], claimed: Some(true), ..free() }, [true; 4]),
            (Holders { claimed: Some(true), ..free() }, [false, true, true, true]),
            (Holders { mounts: vec![mount("/mnt")], ..free() }, [false, false, true, false]),
            (Holders { swaps: vec!["/dev/sda2".to_owned()], ..free() }, [false, false, true, false]),
            (Holders { processes: vec![process(&[device])], ..free() }, [false, false, true, false]),
            (Holders { processes: vec![process(&[own])], ..free() }, [true, false, false, false]),
            (Holders { problems: vec![Problem::new("/proc/7/fd", "x")], ..free() }, [false, false, false, true]),
        ]
    }

    #[test]
    fn what_is_not_known_to_be_free_is_in_use() {
        for (held, expected) in cases() {
            let own = Path::new(OWN);
            let lines = [
                foreign(held.clone(), own),
                in_the_way(held.clone(), own, true, true),
                in_the_way(held.clone(), own, false, true),
                in_the_way(held.clone(), own, true, false),
            ];
            assert_eq!(lines.each_ref().map(Vec::is_empty), expected, "{held:?}\n{lines:?}");
        }
    }
}
