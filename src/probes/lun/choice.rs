//! Which filesystem is the root: recognised, or the one that was chosen.

use super::contents::{Filesystem, OTHER_NAME};
use super::system::{self, Evidence, RootVerdict, Subvolume};
use crate::system::command::quoted;
use serde::{Deserialize, Serialize};

/// Which filesystem is the root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootChoice {
    /// A kernel name, a device's path, `VG/LV`, or `UUID=` with a filesystem's UUID.
    pub device: String,
    /// The subvolume, of btrfs.
    pub subvolume: Option<String>,
}

impl RootChoice {
    /// Whether a filesystem is the one that was chosen.
    pub(crate) fn is(&self, filesystem: &Filesystem) -> bool {
        let device = &filesystem.device;
        let wanted = self.device.as_str();
        let short = wanted.strip_prefix("/dev/").unwrap_or(wanted);
        // `VG/LV`: dashes within a name are doubled in the map's.
        let map = short
            .split_once('/')
            .map(|(group, volume)| format!("{}-{}", group.replace('-', "--"), volume.replace('-', "--")));
        let dm = device.dm_name.as_deref();
        device.name == short
            || dm.is_some_and(|dm| {
                Some(dm) == short.strip_prefix("mapper/")
                    || Some(dm) == map.as_deref()
                    || dm.strip_prefix(OTHER_NAME).is_some_and(|dm| Some(dm) == map.as_deref())
            })
            || wanted
                .strip_prefix("UUID=")
                .is_some_and(|uuid| filesystem.uuid.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(uuid)))
    }
}

/// A root that was found.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    /// What it stands on.
    pub(crate) filesystem: Filesystem,
    /// Its subvolume, of btrfs; `None` for the one that a mount without `subvol=` shows.
    pub(crate) subvolume: Option<String>,
    /// What it holds that tells a root.
    pub(crate) evidence: Evidence,
    /// What its filesystem is called where it is chosen.
    device: String,
}

impl Candidate {
    /// The options that choose it, and what it is.
    pub(crate) fn in_words(&self) -> String {
        let subvolume =
            self.subvolume.as_ref().map(|path| format!(" --subvolume {}", quoted(path))).unwrap_or_default();
        let name = self.evidence.name.as_deref().unwrap_or("(no name)");
        format!("--root-device {}{subvolume}   {name}", quoted(&self.device))
    }
}

/// What a look at a filesystem has shown.
#[derive(Debug)]
pub(crate) struct Looked {
    /// What a mount without `subvol=` shows.
    pub(crate) evidence: Evidence,
    /// Of a btrfs: the path of that, empty for the top.
    pub(crate) shown: String,
    /// Of a btrfs: its subvolumes that may be roots, or why they are not known.
    pub(crate) subvolumes: Result<Vec<Subvolume>, String>,
}

/// What a look at several filesystems came to.
#[derive(Debug, Default)]
pub(crate) struct Search {
    /// Roots.
    pub(crate) found: Vec<Candidate>,
    /// Systems that have no first program: a root whose fault that may be.
    pub(crate) without_init: Vec<Candidate>,
    /// What could not be looked at.
    pub(crate) unread: Vec<String>,
    /// What is no root, and why: of use where nothing is.
    pub(crate) not_roots: Vec<String>,
}

impl Search {
    /// Looks at one filesystem, where it was chosen or none was: a root itself, or with subvolumes that are. `device` is
    /// what it is called.
    pub(crate) fn look_at(
        &mut self,
        choice: Option<&RootChoice>,
        filesystem: &Filesystem,
        device: &str,
        look: impl FnOnce() -> Result<Looked, String>,
    ) {
        if choice.is_some_and(|choice| !choice.is(filesystem)) {
            return;
        }
        let looked = match look() {
            Ok(looked) => looked,
            Err(what) => return self.unread.push(what),
        };
        let wanted = choice.and_then(|choice| choice.subvolume.as_deref());
        let candidate = |subvolume, evidence| {
            let (filesystem, device) = (filesystem.clone(), device.to_owned());
            Candidate { filesystem, subvolume, evidence, device }
        };
        let verdict = system::judge(&looked.evidence);
        let shows_root = verdict == RootVerdict::Root;
        match verdict {
            RootVerdict::Root if wanted.is_none() => self.found.push(candidate(None, looked.evidence)),
            RootVerdict::Unknown(problems) => self.unread.extend(problems.iter().map(ToString::to_string)),
            RootVerdict::NoRoot(_) if wanted.is_none() && system::is_named(&looked.evidence) => {
                self.without_init.push(candidate(None, looked.evidence));
            }
            RootVerdict::NoRoot(why) if filesystem.kind != "btrfs" => self.not_roots.push(format!("{device}: {why}")),
            _ => {}
        }
        // What lies within a root is its own matter, such as snapshots of it, where nobody asks for it.
        let within = |path: &str| {
            let rest = path.strip_prefix(looked.shown.as_str());
            rest.is_some_and(|rest| looked.shown.is_empty() || rest.starts_with('/'))
        };
        let is_wanted = |one: &Subvolume| match wanted {
            Some(wanted) => wanted == one.path,
            None => !(shows_root && within(&one.path)),
        };
        let is_root = |one: &Subvolume| system::judge(&one.evidence) == RootVerdict::Root;
        match looked.subvolumes {
            Ok(subvolumes) => {
                let roots = subvolumes.into_iter().filter(is_wanted).filter(is_root);
                self.found.extend(roots.map(|one| candidate(Some(one.path), one.evidence)));
            }
            Err(what) => self.unread.push(format!("{device}: {what}")),
        }
    }
}
