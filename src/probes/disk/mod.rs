//! A disk that is mounted nowhere: what lies on it, and the root of the system that it boots.
//!
//! It is read as a file. Nothing is mounted, no loop device is made, no volume is activated, and no other file is
//! opened, whatever the disk names.

mod devices;
mod filesystems;
mod in_use;

use crate::formats::disk::qcow2::foreign::{self, foreign};
use crate::formats::disk::{Blocks, DiskError, Patience, qcow2};
use crate::probes::lun::choice::{Candidate, Looked, RootChoice, Search};
use crate::probes::lun::contents::{self, Contents};
use crate::probes::lun::mount_plan::{self, SkipReason};
use crate::probes::lun::system;
use crate::system::image::Image;
use crate::system::root::Volumes;
use crate::system::{Budget, Root};
use devices::Device;
use filesystems::Opened;
use isctpl_checks::facts::{BlockDevice, Problem, Source};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// How many bytes of structures are read of a disk: a root of 100,000 files has some 400 MiB asked for.
const PATIENCE: u64 = 2 << 30;

/// The root of a disk.
#[derive(Debug)]
pub(crate) struct DiskRoot {
    /// Its files, with those of what fstab mounts from the same disk.
    pub(crate) root: Root,
    /// What the root lies on, and what lies below that, from the top.
    pub(crate) stack: Vec<BlockDevice>,
    /// The other devices of the disk.
    pub(crate) beside: Vec<BlockDevice>,
    /// Where the root lies in its filesystem, of btrfs: such as `/@`.
    pub(crate) subvolume: Option<String>,
    /// What could not be read of it.
    pub(crate) problems: Vec<Problem>,
}

/// Finds the root on a disk: the only one there is, or the one that was chosen.
///
/// # Errors
/// When the disk cannot be read or is of a kind that isctpl does not read, when no root is on it, or several are and
/// none was chosen.
pub(crate) fn open(path: &Path, choice: Option<&RootChoice>) -> Result<DiskRoot, Problem> {
    let problem = |what: String| Problem::new(path.display().to_string(), what);
    let disk = guest(path)?;
    let patience = Arc::new(Patience::of(PATIENCE));
    let mut problems = Vec::new();
    match in_use::mounted_at(path) {
        Ok(Some(place)) => problems.push(problem(format!(
            "is mounted writable on this machine, at {place}: it is read as it lies on the disk, without what is not written yet"
        ))),
        Ok(None) => {}
        Err(problem) => problems.push(problem),
    }
    let devices = devices::read(&disk, &mut |place, what| problems.push(Problem::new(place, what)));
    let facts: Vec<BlockDevice> = devices.iter().map(|device| device.facts.clone()).collect();
    let contents = contents::of(&facts);
    let search = search(path, &devices, &contents, choice, &patience);
    problems.extend(search.unread.iter().map(|what| problem(what.clone())));
    let chosen = only(&search).ok_or_else(|| problem(no_root(&search, &contents, choice, &problems)))?;
    let asked = chosen.subvolume.as_deref();
    let of_it = |error: DiskError| problem(format!("{}: {error}", called(&chosen.filesystem, &contents)));
    let opened = filesystems::open(&devices, &chosen.filesystem, &patience).map_err(of_it)?;
    let mut volumes = Volumes::new(path, opened.at(asked).map_err(of_it)?);
    let subvolume = opened.shown(asked).unwrap_or_else(|error| {
        let problem = of_it(error);
        // The look at it may have told the same.
        if !problems.contains(&problem) {
            problems.push(problem);
        }
        None
    });
    mount_all(&mut volumes, &devices, &contents, &chosen, opened, &patience, &mut problems);
    let stack = stack_of(&facts, &chosen.filesystem.device);
    let beside = facts.into_iter().filter(|one| stack.iter().all(|known| known.name != one.name)).collect();
    Ok(DiskRoot {
        root: Root::of_volumes(Arc::new(volumes), Arc::default()),
        stack,
        beside,
        subvolume,
        problems: problems.into_iter().map(|problem| problem.of(Source::Other)).collect(),
    })
}

/// The disk that a file holds, whatever format it is kept in.
fn guest(path: &Path) -> Result<Arc<dyn Blocks>, Problem> {
    let file: Arc<dyn Blocks> = Arc::new(Image::open(path)?);
    let problem = |what: String| Problem::new(path.display().to_string(), what);
    let mut head = vec![0; usize::try_from(file.size().min(foreign::HEAD as u64)).unwrap_or_default()];
    file.read_at(0, &mut head).map_err(|error| problem(error.to_string()))?;
    if qcow2::is_qcow2(&head) {
        let guest = qcow2::open(file).map_err(|error| problem(error.to_string()))?;
        return Ok(Arc::new(guest));
    }
    match foreign(&head) {
        Some(kind) => Err(problem(format!("is {kind}"))),
        None => Ok(file),
    }
}

/// What a filesystem is called where it is chosen: by its UUID where no other on the disk has the same.
fn called(filesystem: &contents::Filesystem, contents: &Contents) -> String {
    let alike = contents.filesystems.iter().filter(|other| other.uuid == filesystem.uuid).count();
    match (&filesystem.uuid, &filesystem.device.dm_name) {
        (Some(uuid), _) if alike == 1 => format!("UUID={uuid}"),
        (_, Some(name)) => format!("mapper/{name}"),
        _ => filesystem.device.name.clone(),
    }
}

/// Looks for roots on the disk.
fn search(
    path: &Path,
    devices: &[Device],
    contents: &Contents,
    choice: Option<&RootChoice>,
    patience: &Arc<Patience>,
) -> Search {
    let mut search = Search::default();
    let budget = Arc::new(Budget::default());
    for filesystem in contents.filesystems.iter().filter(|one| one.may_be_root()) {
        let name = called(filesystem, contents);
        search.look_at(choice, filesystem, &name, || {
            let opened =
                filesystems::open(devices, filesystem, patience).map_err(|error| format!("{name}: {error}"))?;
            look(path, &opened, &budget).map_err(|error| format!("{name}: {error}"))
        });
    }
    search
}

/// What was found: roots, and where there are none, those without their first program, for that is what is wrong with them.
fn found(search: &Search) -> &[Candidate] {
    if search.found.is_empty() { &search.without_init } else { &search.found }
}

/// The root, where there is one.
fn only(search: &Search) -> Option<Candidate> {
    match found(search) {
        [one] => Some(one.clone()),
        _ => None,
    }
}

/// Why there is not one root, and what may be done.
fn no_root(search: &Search, contents: &Contents, choice: Option<&RootChoice>, problems: &[Problem]) -> String {
    let several: Vec<String> = found(search).iter().map(Candidate::in_words).collect();
    if !several.is_empty() {
        return format!("contains several operating systems; choose one: {}", several.join("; "));
    }
    // Those of the disk itself have its name before them anyway.
    let told = |problem: &Problem| match problem.place.starts_with("/dev/") {
        true => problem.to_string(),
        false => problem.what.clone(),
    };
    let mut why: Vec<String> = problems.iter().map(told).collect();
    why.extend(search.not_roots.iter().cloned());
    why.extend(contents.encrypted.iter().map(|name| format!("{name} is encrypted (LUKS), which isctpl cannot open")));
    why.extend(contents.other.iter().map(|(name, what)| format!("{name} holds {what}, which isctpl does not read")));
    why.extend(contents.unread.iter().map(ToString::to_string));
    if why.is_empty() && contents.filesystems.is_empty() && contents.volume_groups.is_empty() {
        why.push("it has no partition table, volume or filesystem that isctpl knows".to_owned());
    }
    let at = choice.map_or_else(String::new, |choice| format!(" at {}", choice.device));
    let why = if why.is_empty() { String::new() } else { format!(": {}", why.join("; ")) };
    format!("no operating system was found{at}{why}")
}

/// Looks whether a filesystem, or a subvolume of it, is a root.
fn look(path: &Path, opened: &Opened, budget: &Arc<Budget>) -> Result<Looked, String> {
    let root_at = |subvolume: Option<&str>| {
        let top = opened.at(subvolume).map_err(|error| error.to_string())?;
        Ok::<Root, String>(Root::of_volumes(Arc::new(Volumes::new(path, top)), Arc::clone(budget)))
    };
    let evidence = system::look(&root_at(None)?);
    let subvolumes = opened.other_subvolumes().map_err(|error| error.to_string()).and_then(|paths| match paths.len() {
        0 => Ok(Vec::new()),
        _ => system::subvolumes_among(&root_at(Some(""))?, &paths).map_err(|problem| problem.what),
    });
    let shown = opened.shown(None).map(|path| path.unwrap_or_default().trim_start_matches('/').to_owned());
    // What the list of subvolumes cannot tell says nothing against the tree that a mount shows.
    Ok(Looked { evidence, shown: shown.map_err(|error| error.to_string()), subvolumes })
}

/// Mounts what the root's fstab mounts from the same disk; the root's own filesystem is open already.
fn mount_all(
    volumes: &mut Volumes,
    devices: &[Device],
    contents: &Contents,
    chosen: &Candidate,
    opened: Opened,
    patience: &Arc<Patience>,
    problems: &mut Vec<Problem>,
) {
    let fstab = chosen.evidence.fstab.as_deref().unwrap_or_default();
    let plan = mount_plan::plan(fstab, &chosen.filesystem, contents);
    let named = |name: &str| contents.filesystems.iter().find(|one| one.device.name == name);
    let mut mounts: Vec<(&str, &contents::Filesystem, &[String])> =
        plan.mounts.iter().map(|mount| (mount.target.as_str(), &mount.filesystem, mount.options.as_slice())).collect();
    for line in &plan.skipped {
        let at = line.entry.target.as_str();
        match &line.why {
            // The instance has this disk, and its only partition of that number is meant.
            SkipReason::KernelName(Some(name)) => {
                mounts.extend(named(name).map(|filesystem| (at, filesystem, line.entry.options.as_slice())));
            }
            SkipReason::NotOnLun | SkipReason::Several(_) | SkipReason::Unread | SkipReason::KernelName(None) => {
                let why = format!("{} {}", line.entry.spec, line.why);
                if line.why != SkipReason::NotOnLun {
                    problems.push(Problem::new(at, format!("is not read: {why}")));
                }
                // Where there is no directory to mount at nothing is looked up either.
                let _ = volumes.mount_unread(at, why);
            }
            _ => {}
        }
    }
    mounts.sort_by_key(|(at, ..)| at.matches('/').count());
    // Each is opened once, however many of its subvolumes are mounted.
    let mut known = BTreeMap::from([(chosen.filesystem.device.name.as_str(), Ok(opened))]);
    for (at, filesystem, options) in mounts {
        let opened = known.entry(&filesystem.device.name);
        let opened = opened.or_insert_with(|| filesystems::open(devices, filesystem, patience));
        let top = opened.as_ref().map_err(Clone::clone).and_then(|opened| opened.mounted_by(options));
        let mounted = match top {
            Ok(top) => volumes.mount(at, top),
            Err(error) => {
                problems.push(Problem::new(at, format!("is not read: {}: {error}", called(filesystem, contents))));
                volumes.mount_unread(at, error.to_string())
            }
        };
        if let Err(error) = mounted {
            problems.push(Problem::new(at, error.to_string()));
        }
    }
}

/// What a device lies on, itself first.
fn stack_of(devices: &[BlockDevice], top: &BlockDevice) -> Vec<BlockDevice> {
    let mut stack: Vec<BlockDevice> = Vec::new();
    let mut open = vec![top.name.as_str()];
    let mut seen = BTreeSet::new();
    while let Some(name) = open.pop() {
        let Some(device) = devices.iter().find(|device| device.name == name).filter(|_| seen.insert(name)) else {
            continue;
        };
        stack.push(device.clone());
        open.extend(device.slaves.iter().chain(&device.parent).map(String::as_str));
    }
    stack
}
