//! Files as a loader sees them: relative to the filesystem that it reads, which may be mounted
//! anywhere below the root.

use crate::formats::storage::fstab;
use crate::formats::text::harmless::loader_file;
use crate::system::{FileKind, Root};
use isctpl_checks::facts::{FileRef, FstabEntry, Location, Problem};

/// A root with what its fstab says of the filesystems that loaders read.
pub(super) struct Disk<'a> {
    pub(super) root: &'a Root,
    pub(super) fstab: Vec<FstabEntry>,
    pub(super) problems: Vec<Problem>,
}

impl<'a> Disk<'a> {
    pub(super) fn new(root: &'a Root) -> Self {
        let (fstab, problems) = match root.text("/etc/fstab") {
            Ok(Some(text)) => fstab::parse(&text, &root.name("/etc/fstab")),
            Ok(None) => (Vec::new(), Vec::new()),
            Err(problem) => (Vec::new(), vec![problem]),
        };
        Self { root, fstab, problems }
    }

    /// The line of fstab that mounts a directory.
    pub(super) fn mount(&self, target: &str) -> Option<&FstabEntry> {
        self.fstab.iter().find(|entry| entry.target.trim_end_matches('/') == target.trim_end_matches('/'))
    }

    /// Says so when a directory is a filesystem of its own by fstab, and nothing is mounted there, or it cannot be told
    /// whether anything is.
    pub(super) fn unmounted(&self, directory: &str) -> Option<Problem> {
        let entry = self.mount(directory)?;
        match self.is_bare(directory) {
            Ok(false) => None,
            Ok(true) => {
                let what = format!("is a separate filesystem ({}) and is not mounted here", entry.at);
                Some(Problem::new(self.root.name(directory), what))
            }
            Err(problem) => Some(problem),
        }
    }

    /// Whether nothing is mounted on a directory and it holds no file, neither itself nor one level below.
    fn is_bare(&self, directory: &str) -> Result<bool, Problem> {
        let device = |path: &str| self.root.stat(path).map(|found| found.map(|meta| meta.dev));
        // A tree that was copied has the files without a mount, so the device alone does not tell.
        let own = device(directory)?;
        // What is mounted on a directory is another filesystem than the one that the directory is in.
        let parent = directory.rsplit_once('/').map(|(parent, _)| parent).filter(|parent| !parent.is_empty());
        if own.is_some() && own != device(parent.unwrap_or("/"))? {
            return Ok(false);
        }
        let is_directory = |(_, kind): &(String, FileKind)| *kind == FileKind::Directory;
        let entries = self.root.list(directory)?.unwrap_or_default();
        if !entries.iter().all(is_directory) {
            return Ok(false);
        }
        let mut unread = None;
        for (name, _) in &entries {
            match self.root.list(&format!("{directory}/{name}")) {
                Ok(inner) if !inner.iter().flatten().all(is_directory) => return Ok(false),
                Ok(_) => {}
                Err(problem) => unread = unread.or(Some(problem)),
            }
        }
        unread.map_or(Ok(true), Err)
    }

    /// Why no loader's configuration was found.
    pub(super) fn no_loader(&self) -> Problem {
        self.unmounted("/boot").unwrap_or_else(|| {
            let what = "has no loader configuration that isctpl can read: neither grub.cfg nor loader/entries";
            Problem::new(self.root.name("/boot"), what)
        })
    }

    /// Where a path of a loader may lie in the root, the likeliest first. `device` is GRUB's.
    pub(super) fn candidates(&self, device: Option<&str>, path: &str) -> Vec<String> {
        let path = format!("/{}", path.trim_start_matches('/'));
        let mut candidates = Vec::new();
        let mut add = |target: &str, path: &str| {
            let candidate = format!("{}{path}", target.trim_end_matches('/'));
            if !candidates.contains(&candidate) {
                candidates.push(candidate);
            }
        };
        let named = device.map(|device| self.targets_of(device)).unwrap_or_default();
        for entry in &named {
            for path in within_subvolume(&path, entry) {
                add(&entry.target, path);
            }
        }
        if named.is_empty() {
            // A path below /boot is one of the root's filesystem; any other one of /boot's own.
            let below_boot = path.starts_with("/boot/");
            for target in if below_boot { ["", "/boot"] } else { ["/boot", ""] } {
                add(target, &path);
            }
            for entry in self.fstab.iter().filter(|entry| entry.kind == "btrfs") {
                for path in within_subvolume(&path, entry) {
                    add(&entry.target, path);
                }
            }
            if let Some((None, inner)) = within_dataset(&path) {
                for target in if inner.starts_with("/boot/") { ["", "/boot"] } else { ["/boot", ""] } {
                    add(target, inner);
                }
            }
            // Without a line in fstab, the usual names of a subvolume that is the root or /boot.
            for prefix in ["/@", "/root", "/@root"] {
                if let Some(inner) = path.strip_prefix(prefix).filter(|inner| inner.starts_with('/')) {
                    add("", inner);
                }
            }
        }
        candidates
    }

    /// Whether a path of a device would be seen in the root if it were there: fstab mounts the device, it is mounted,
    /// and no subvolume that is not mounted may hold it.
    pub(super) fn shows(&self, device: &str, path: &str) -> bool {
        let is_mounted = |entry: &FstabEntry| match entry.target.trim_end_matches('/') {
            "" => true,
            target => self.unmounted(target).is_none(),
        };
        let holds = |entry: &FstabEntry| entry.kind != "btrfs" || within_subvolume(path, entry).len() > 1;
        self.targets_of(device).into_iter().any(|entry| is_mounted(entry) && holds(entry))
    }

    /// The mounts of a filesystem that `search` names; a btrfs may have several.
    fn targets_of(&self, device: &str) -> Vec<&FstabEntry> {
        let (tag, wanted) = match device.split_once(':') {
            Some(("fs-uuid", uuid)) => ("UUID=", uuid),
            Some(("fs-label", label)) => ("LABEL=", label),
            _ => return Vec::new(),
        };
        let matches = |entry: &&FstabEntry| {
            let by_path = format!("/dev/disk/by-{}/", tag.trim_end_matches('=').to_lowercase());
            let spec = entry.spec.strip_prefix(tag).or_else(|| entry.spec.strip_prefix(by_path.as_str()));
            // UUIDs of FAT are written in either case.
            spec.is_some_and(|spec| spec.eq_ignore_ascii_case(wanted))
        };
        self.fstab.iter().filter(matches).collect()
    }

    /// Finds the file of an entry.
    pub(super) fn file(&self, device: Option<&str>, written: &str, at: Option<Location>) -> FileRef {
        // A command line that slipped into the path may hold a secret.
        let mut file = FileRef { written: loader_file(written), at, ..FileRef::default() };
        let candidates = self.candidates(device, written);
        for path in &candidates {
            match self.root.stat(path) {
                Ok(None) => {}
                Ok(Some(meta)) => {
                    file.problem = match meta.kind {
                        FileKind::File => None,
                        FileKind::Directory => Some("is a directory, not a file"),
                        FileKind::Link | FileKind::Special => Some("is a device, FIFO or socket, not a file"),
                    }
                    .map(|what| Problem::new(self.root.name(path), what));
                    file.path = Some(path.clone());
                    (file.size, file.mtime) = (meta.size, meta.mtime);
                    return file;
                }
                Err(problem) => {
                    file.problem = Some(problem);
                    return file;
                }
            }
        }
        // Where its filesystem is not there, nothing can be said of the file.
        file.problem = candidates.iter().find_map(|path| {
            let mount = self
                .fstab
                .iter()
                .filter(|entry| {
                    entry.target.len() > 1 && path.starts_with(&format!("{}/", entry.target.trim_end_matches('/')))
                })
                .max_by_key(|entry| entry.target.len())?;
            self.unmounted(mount.target.trim_end_matches('/'))
        });
        let is_on_btrfs = || self.fstab.iter().any(|entry| entry.kind == "btrfs");
        if file.problem.is_none() && within_dataset(written).is_some() && !is_on_btrfs() {
            let place = file.at.as_ref().map(ToString::to_string).unwrap_or_default();
            let what = "names a dataset of ZFS, of which it is not known where it is mounted";
            file.problem = Some(Problem::new(place, what));
        }
        file
    }
}

/// The snapshot of ZFS that a path of GRUB's names, none for what is there now, and the path in it: `/DATASET@SNAPSHOT/…`,
/// where the first `@` counts (dnode_get_fullpath() in grub-core/fs/zfs/zfs.c).
fn within_dataset(path: &str) -> Option<(Option<&str>, &str)> {
    let (_, rest) = path.split_once('@')?;
    let (snapshot, inner) = rest.split_at(rest.find('/')?);
    Some(((!snapshot.is_empty()).then_some(snapshot), inner))
}

/// The path as it is, and without the btrfs subvolume that is mounted there.
fn within_subvolume<'p>(path: &'p str, entry: &FstabEntry) -> Vec<&'p str> {
    let subvolume = entry.options.iter().find_map(|option| option.strip_prefix("subvol="));
    let inner = subvolume
        .and_then(|name| path.strip_prefix('/')?.strip_prefix(name.trim_matches('/')))
        .filter(|inner| inner.starts_with('/'));
    inner.into_iter().chain([path]).collect()
}
