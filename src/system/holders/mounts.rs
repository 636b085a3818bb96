//! Mounts of every mount namespace (proc_pid_mountinfo(5)).

use super::found::{HeldMount, StackedDevice};
use super::place::place;
use super::search::{Shared, next, problem};
use crate::formats::storage::fstab::unescape;
use crate::formats::text::harmless::mount::source;
use crate::formats::text::names;
use crate::system::{FileKind, Root};
use isctpl_checks::facts::Problem;
use nix::fcntl::{OFlag, openat};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::stat::Mode;
use procfs::process::MountInfo;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The most processes that are looked at.
const PROCESS_LIMIT: usize = 65_536;

/// The most bytes of one mountinfo.
const MOUNTINFO_LIMIT: u64 = 16 << 20;

/// Filesystems whose files are those of a server, which may not answer.
const SERVED: [&str; 10] = ["nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "afs", "autofs", "virtiofs", "glusterfs"];

/// A mount of some namespace.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) id: u64,
    pub(super) device: (u32, u32),
    target: String,
    source: String,
    kind: String,
    namespace: Option<u64>,
    seen_by: Option<(u32, String)>,
}

/// Every mount by its id, which is unique over all namespaces.
#[derive(Debug, Default)]
pub(super) struct Table {
    by_id: BTreeMap<u64, Entry>,
    /// The namespace of this process.
    own: Option<u64>,
}

impl Entry {
    fn is_served(&self) -> bool {
        SERVED.contains(&self.kind.as_str()) || self.kind == "fuse" || self.kind.starts_with("fuse.")
    }

    pub(super) fn held(&self, own: Option<u64>) -> HeldMount {
        HeldMount {
            target: self.target.clone(),
            source: self.source.clone(),
            kind: self.kind.clone(),
            id: self.id,
            namespace: self.namespace,
            own_namespace: own.is_some() && own == self.namespace,
            seen_by: self.seen_by.clone(),
        }
    }
}

impl Table {
    /// The mount of this process's namespace that a path lies on, by its text.
    pub(super) fn covering(&self, path: &str) -> Option<&Entry> {
        self.covering_in(self.own?, path)
    }

    fn covering_in(&self, namespace: u64, path: &str) -> Option<&Entry> {
        let covers = |target: &str| {
            target == "/" || path.strip_prefix(target).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let here = self.by_id.values().filter(|entry| entry.namespace == Some(namespace) && covers(&entry.target));
        // Of two at one place the later one lies on top.
        here.max_by_key(|entry| (entry.target.len(), entry.id))
    }

    /// Whether a path of this process's namespace may be looked at without asking a server.
    pub(super) fn touchable(&self, path: &str) -> bool {
        path.starts_with('/') && !self.covering(path).is_some_and(Entry::is_served)
    }

    /// The same of a path in another namespace.
    pub(super) fn touchable_in(&self, namespace: u64, path: &str) -> bool {
        path.starts_with('/') && !self.covering_in(namespace, path).is_some_and(Entry::is_served)
    }

    /// The same of a mount by its id; one that is in no namespace any more may be.
    pub(super) fn touchable_by_id(&self, id: u64) -> bool {
        !self.by_id.get(&id).is_some_and(Entry::is_served)
    }
}

/// `MAJOR:MINOR`
pub(super) fn number(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.trim().split_once(':')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// `mnt:[NUMBER]`
fn namespace_number(link: &str) -> Option<u64> {
    link.strip_prefix("mnt:[")?.strip_suffix(']')?.parse().ok()
}

/// The mount namespace of a process; `None` when the process is gone.
pub(super) fn namespace_of(host: &Root, pid: u32) -> Result<Option<u64>, Problem> {
    Ok(host.read_link(&format!("/proc/{pid}/ns/mnt"))?.as_deref().and_then(namespace_number))
}

/// The mount namespace of this process.
pub(super) fn own_namespace(host: &Root) -> Option<u64> {
    namespace_of(host, std::process::id()).ok().flatten()
}

/// The ids of every process.
pub(super) fn processes(host: &Root) -> Result<Vec<u32>, Problem> {
    let names = host.names("/proc")?;
    let mut pids: Vec<u32> = names.iter().filter_map(|name| name.parse().ok()).collect();
    pids.sort_unstable();
    if pids.len() > PROCESS_LIMIT {
        return Err(Problem::new("/proc", format!("holds more than {PROCESS_LIMIT} processes")));
    }
    Ok(pids)
}

/// The command name of a process.
pub(super) fn command(host: &Root, pid: u32) -> String {
    host.line(&format!("/proc/{pid}/comm")).ok().flatten().unwrap_or_default()
}

/// Reads the mounts of every namespace.
pub(super) fn table(host: &Root, shared: &Shared) -> Table {
    let mut table = Table { own: own_namespace(host), ..Table::default() };
    let pids = processes(host).unwrap_or_else(|trouble| {
        problem(shared, trouble);
        Vec::new()
    });
    let mut seen = BTreeSet::new();
    let mut namespaces = BTreeSet::new();
    let mut kept = Vec::new();
    // Whose namespace may not be known comes last: most of its mounts are those of a namespace that is known.
    let mut pids: Vec<(bool, u32, Option<u64>)> = pids
        .into_iter()
        .filter_map(|pid| match namespace_of(host, pid) {
            Ok(Some(namespace)) => Some((false, pid, Some(namespace))),
            Ok(None) => None,
            Err(_) => Some((true, pid, None)),
        })
        .collect();
    pids.sort_unstable();
    for (_, pid, namespace) in pids {
        // A process sees the mounts below its own root only.
        let root = host.read_link(&format!("/proc/{pid}/root")).ok().flatten();
        if namespace.is_some() && root.is_some() && !seen.insert((namespace, root)) {
            continue;
        }
        let path = format!("/proc/{pid}/mountinfo");
        if !next(shared, path.clone()) {
            return table;
        }
        match host.read(&path, MOUNTINFO_LIMIT) {
            Ok(Some(text)) => {
                namespaces.extend(namespace);
                let seen_by = Some((pid, command(host, pid)));
                let files = add(&mut table, &names::decode(&text), &path, namespace, seen_by, shared);
                kept.extend(files.into_iter().map(|(number, file)| {
                    (number, PathBuf::from(format!("/proc/{pid}/root")).join(names::path(file.trim_start_matches('/'))))
                }));
            }
            Ok(None) => {}
            // It ended while it was looked at, or is about to: its namespace goes before it is a zombie.
            Err(_) if matches!(namespace_of(host, pid), Ok(None)) || is_zombie(host, pid) => {}
            Err(trouble) => problem(shared, trouble),
        }
    }
    for (number, file) in kept {
        if !namespaces.insert(number) {
            continue;
        }
        let place = file.display().to_string();
        if !next(shared, place.clone()) {
            return table;
        }
        match mountinfo_in(&file) {
            Ok(text) => {
                // Namespaces that are kept in this one were looked at where they were listed first.
                add(&mut table, &text, &place, Some(number), None, shared);
            }
            Err(what) => problem(shared, Problem::new(place, what)),
        }
    }
    table
}

fn is_zombie(host: &Root, pid: u32) -> bool {
    let status = host.text(&format!("/proc/{pid}/status")).ok().flatten().unwrap_or_default();
    status
        .lines()
        .any(|line| line.strip_prefix("State:").is_some_and(|state| state.trim_start().starts_with(['Z', 'X'])))
}

/// Adds the mounts of a mountinfo; gives the mount namespaces that are kept by a file there, with that file.
fn add(
    table: &mut Table,
    text: &str,
    path: &str,
    namespace: Option<u64>,
    seen_by: Option<(u32, String)>,
    shared: &Shared,
) -> Vec<(u64, String)> {
    let mut kept = Vec::new();
    for (line, written) in (1u32..).zip(text.lines()) {
        let read = MountInfo::from_line(written).ok().and_then(|info| {
            let (id, device) = (u64::try_from(info.mnt_id).ok()?, number(&info.majmin)?);
            let target = unescape(&info.mount_point.to_string_lossy());
            if info.fs_type == "nsfs"
                && let Some(number) = namespace_number(&info.root)
            {
                kept.push((number, target.clone()));
            }
            let source = source(&unescape(&info.mount_source.unwrap_or_default()));
            Some(Entry { id, device, target, source, kind: info.fs_type, namespace, seen_by: seen_by.clone() })
        });
        match read {
            // Whose root is higher up was there first, mostly, and tells the path as the namespace has it.
            Some(entry) => {
                let known = table.by_id.entry(entry.id).or_insert_with(|| entry.clone());
                if entry.namespace.is_some() && known.target.len() < entry.target.len() {
                    *known = entry;
                }
            }
            None => problem(shared, Problem::new(format!("{path}:{line}"), "is not a valid line of mountinfo")),
        }
    }
    kept
}

/// The mounts of a namespace that is kept by a file and has no process: seen by a thread that goes there.
fn mountinfo_in(file: &Path) -> Result<String, String> {
    let namespace = File::open(file).map_err(|error| error.to_string())?;
    let proc = File::open("/proc").map_err(|error| error.to_string())?;
    let thread = std::thread::Builder::new().name("namespace".to_owned()).spawn(move || -> Result<String, String> {
        let in_words = |errno: nix::Error| errno.desc().to_lowercase();
        // A thread that shares its working directory with others may not change its mounts.
        unshare(CloneFlags::CLONE_FS).map_err(in_words)?;
        setns(namespace, CloneFlags::CLONE_NEWNS).map_err(in_words)?;
        let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC;
        let mountinfo = openat(&proc, "thread-self/mountinfo", flags, Mode::empty()).map_err(in_words)?;
        let mut text = Vec::new();
        let read = File::from(mountinfo).take(MOUNTINFO_LIMIT + 1).read_to_end(&mut text);
        match read {
            Ok(_) if text.len() as u64 > MOUNTINFO_LIMIT => Err(format!("has more than {MOUNTINFO_LIMIT} bytes")),
            Ok(_) => Ok(names::decode(&text)),
            Err(error) => Err(error.to_string()),
        }
    });
    let thread = thread.map_err(|error| format!("no thread can be started: {error}"))?;
    thread.join().unwrap_or_else(|_| Err("could not be read".to_owned()))
}

/// The mounts of filesystems that lie on one of the devices.
pub(super) fn on<'a>(table: &'a Table, devices: &[StackedDevice], host: &Root, shared: &Shared) -> Vec<&'a Entry> {
    let numbers: BTreeSet<_> = devices.iter().map(|device| device.number).collect();
    let btrfs = btrfs_members(host, devices).unwrap_or_else(|trouble| {
        problem(shared, trouble);
        BTreeSet::new()
    });
    let lies = |entry: &&Entry| {
        if numbers.contains(&entry.device) {
            return true;
        }
        // btrfs has a number of its own kind; its source is one of its devices.
        entry.kind == "btrfs"
            && match place(&names::path(&entry.source)) {
                Ok(place) => place.block.is_some_and(|number| btrfs.contains(&number)),
                Err(_) => {
                    let name = entry.source.rsplit('/').next();
                    devices.iter().any(|device| Some(device.name.as_str()) == name || device.dm_name.as_deref() == name)
                }
            }
    };
    table.by_id.values().filter(lies).collect()
}

/// Numbers of the devices of every btrfs that has one of these among them (`/sys/fs/btrfs/UUID/devices`).
fn btrfs_members(host: &Root, devices: &[StackedDevice]) -> Result<BTreeSet<(u32, u32)>, Problem> {
    const FILESYSTEMS: &str = "/sys/fs/btrfs";
    let mut found: BTreeSet<_> = devices.iter().map(|device| device.number).collect();
    for filesystem in host.names(FILESYSTEMS)? {
        let members = format!("{FILESYSTEMS}/{filesystem}/devices");
        if host.kind(&members)? != Some(FileKind::Directory) {
            continue;
        }
        let mut numbers = Vec::new();
        for name in host.names(&members)? {
            numbers.extend(host.line(&format!("{members}/{name}/dev"))?.as_deref().and_then(number));
        }
        if numbers.iter().any(|number| devices.iter().any(|device| device.number == *number)) {
            found.extend(numbers);
        }
    }
    Ok(found)
}
