//! The instance's root: recognised among the LUN's filesystems, or the one that was chosen.

use crate::probes::lun::choice::{Candidate, Looked, Search};
use crate::probes::lun::contents::{Contents, Filesystem};
use crate::probes::lun::system;
use crate::procedures::rescue::context::{Context, MountedRoot};
use crate::procedures::rescue::host::mount_point::{self, Linked};
use crate::procedures::rescue::host::mounts::{self, Mounted, looking_options, mount_invocation, node};
use crate::procedures::{Failure, Log, Planned, Step};
use crate::system::command::{Invocation, quoted_path};
use crate::system::mount::look_privately;
use crate::system::{FileKind, Root};
use isctpl_checks::facts::BlockDevice;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a look at a filesystem may take.
const LOOK: Duration = Duration::from_secs(150);

/// Mounts the root.
pub(crate) struct MountRoot;

/// What this step changes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Change {
    Directory { path: PathBuf },
    Mounted(Mounted),
    Linked(Linked),
}

impl From<Linked> for Change {
    fn from(linked: Linked) -> Self {
        Self::Linked(linked)
    }
}

fn look(cx: &Context, filesystem: &Filesystem) -> Result<Looked, Failure> {
    let at = cx.state.join("look");
    fs::create_dir_all(&at).map_err(|error| Failure::of_file(&at, &error))?;
    let btrfs = filesystem.kind == "btrfs";
    let mut options = looking_options(&filesystem.kind);
    options.extend(btrfs.then_some("subvolid=5"));
    let options = options.join(",");
    let looked = look_privately(&node(filesystem), &filesystem.kind, &options, &at, LOOK, move |at: &Path| {
        let root = Root::open(at)?;
        let evidence = system::look(&root);
        let subvolumes = if btrfs { system::subvolumes(&root).map_err(|problem| problem.what) } else { Ok(Vec::new()) };
        Ok(Looked { evidence, shown: Ok(String::new()), subvolumes })
    });
    // Another look makes it again.
    let _ = fs::remove_dir(cx.state.join("look"));
    looked?.map_err(|problem: isctpl_checks::facts::Problem| problem.into())
}

/// Looks for roots. What cannot be looked at is told.
fn candidates(cx: &mut Context, contents: &Contents) -> Result<Vec<Candidate>, Failure> {
    let mut search = Search::default();
    for filesystem in contents.filesystems.iter().filter(|one| one.may_be_root()) {
        let look = || look(cx, filesystem).map_err(|failure| failure.what);
        search.look_at(cx.request.root.as_ref(), filesystem, &node(filesystem), look);
    }
    if search.found.is_empty() {
        let mut failure = Failure::failed("no filesystem on the LUN contains an operating system");
        let encrypted = |name: &String| format!("/dev/{name} is encrypted (LUKS); isctpl cannot open it");
        failure.advice = search.unread;
        failure.advice.extend(search.not_roots);
        let without_init = search.without_init.iter();
        failure.advice.extend(without_init.map(|one| format!("{}: {}", node(&one.filesystem), system::NO_INIT)));
        failure.advice.extend(contents.encrypted.iter().map(encrypted));
        failure.advice.extend(contents.other.iter().map(|(name, what)| format!("/dev/{name} holds {what}")));
        failure.advice.extend(contents.unread.iter().map(ToString::to_string));
        return Err(failure);
    }
    search.unread.into_iter().for_each(|what| cx.remark(what));
    Ok(search.found)
}

/// The device that is mounted at the place, where it is one of the LUN's.
fn mounted(cx: &Context, contents: &Contents) -> Result<Option<Filesystem>, Failure> {
    let (entries, _) = crate::probes::storage::mounts::mounts(&cx.host)?;
    let at = cx.place().display().to_string();
    let Some(entry) = crate::probes::storage::mounts::at(&entries, &at) else { return Ok(None) };
    let is_it = |device: &BlockDevice| device.number == entry.mount.device;
    // btrfs has a device number of its own.
    let by_source = |one: &&Filesystem| [node(one), format!("/dev/{}", one.device.name)].contains(&entry.mount.source);
    Ok(contents.filesystems.iter().find(|one| is_it(&one.device) || by_source(one)).cloned())
}

fn with_name(cx: &Context, filesystem: Filesystem) -> MountedRoot {
    MountedRoot { filesystem, system_name: Root::open(&cx.place()).ok().and_then(|root| system::look(&root).name) }
}

/// Mounts the one root that there is.
fn mount_one(cx: &mut Context, contents: &Contents, log: &mut Log<'_, Change>) -> Result<Filesystem, Failure> {
    let found = candidates(cx, contents)?;
    let [chosen] = found.as_slice() else {
        let mut failure = Failure::refused("the LUN contains several operating systems; choose one");
        failure.advice = found.iter().map(Candidate::in_words).collect();
        return Err(failure);
    };
    let at = cx.place();
    log.guarded(Change::Directory { path: at.clone() }, || mount_point::prepare(cx))?;
    // What was looked at, which a mount without an option shows only where no other subvolume is the default one.
    let top = (chosen.filesystem.kind == "btrfs").then(|| "subvolid=5".to_owned());
    let subvolume = chosen.subvolume.as_ref().map(|path| format!("subvol={path}"));
    let options: Vec<String> = subvolume.or(top).into_iter().collect();
    let invocation = mount_invocation(&chosen.filesystem, &at, &options, cx.request.read_only);
    log.guarded(Change::Mounted(Mounted { at }), || cx.run(&invocation).map(drop))?;
    let name = chosen.evidence.name.as_deref().unwrap_or("an unnamed system");
    let subvolume = chosen.subvolume.as_ref().map(|path| format!(", subvolume {path}")).unwrap_or_default();
    log.say(format!("{name}, {} ({}{subvolume})", node(&chosen.filesystem), chosen.filesystem.kind));
    Ok(chosen.filesystem.clone())
}

impl Step for MountRoot {
    type Context = Context;
    type Change = Change;
    type Input = Contents;
    type Output = MountedRoot;

    fn id(&self) -> &'static str {
        "root"
    }

    fn title(&self, cx: &Context) -> String {
        format!("Mount the instance's root at {}", cx.request.at.display())
    }

    fn plan(&self, cx: &Context) -> Vec<Planned> {
        // A UUID is looked for on the LUN alone: here a disk of this machine may have it as well.
        let chosen = cx.request.root.as_ref().map(|choice| choice.device.trim_start_matches("/dev/"));
        let name = chosen.filter(|name| !name.starts_with("UUID=")).unwrap_or("DEVICE");
        let (place, at) = (quoted_path(&cx.place()), quoted_path(&cx.request.at));
        vec![
            Planned::remark("DEVICE is the filesystem on the LUN that has an os-release or fstab, and an init"),
            Planned::Command(format!("mkdir -p -m 700 {} {place}", quoted_path(&cx.state))),
            mounts::planned_mount(cx, name, "ext4", &cx.place()),
            Planned::Command(format!("[ ! -d {at} ] || rmdir {at}; ln -sT {place} {at}")),
        ]
    }

    fn inspect(
        &self,
        cx: &mut Context,
        contents: &Contents,
        changes: &[Change],
    ) -> Result<Option<MountedRoot>, Failure> {
        let found = if changes.is_empty() { None } else { mounted(cx, contents)? };
        match found {
            Some(filesystem) => Ok(mount_point::is_linked(cx).then(|| with_name(cx, filesystem))),
            None => mount_point::check(cx).map(|()| None),
        }
    }

    fn apply(&self, cx: &mut Context, contents: &Contents, log: &mut Log<'_, Change>) -> Result<MountedRoot, Failure> {
        let found = if log.is_empty() { None } else { mounted(cx, contents)? };
        let filesystem = match found {
            Some(filesystem) => {
                log.say(format!("{} is already mounted", node(&filesystem)));
                filesystem
            }
            None => mount_one(cx, contents, log)?,
        };
        let root = with_name(cx, filesystem);
        if !mount_point::is_linked(cx) {
            mount_point::link(cx, log)?;
        }
        Ok(root)
    }

    fn undo(&self, cx: &mut Context, change: Change) -> Result<(), Failure> {
        match change {
            Change::Linked(linked) => mount_point::unlink(&linked),
            Change::Mounted(mounted) => {
                let at = mounted.at.display().to_string();
                // Unmounting syncs by itself: where the kernel does not say what is there, it is left to that.
                if cx.host.kind(&at) == Ok(Some(FileKind::Directory)) && !cx.request.read_only {
                    // Bounded: a LUN that is gone must not keep this waiting, and unmounting syncs as well.
                    let _ = cx.runner.run(&Invocation::new("sync", Duration::from_secs(120)).args(["-f", &at]));
                }
                mounts::unmount(cx, &mounted)
            }
            Change::Directory { path } => match fs::remove_dir(&path) {
                Err(error) if fs::symlink_metadata(&path).is_ok() => {
                    cx.remark(format!("{} could not be removed: {error}", path.display()));
                    Ok(())
                }
                _ => Ok(()),
            },
        }
    }
}
