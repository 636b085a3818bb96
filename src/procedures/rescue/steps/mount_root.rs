//! The instance's root: recognised among the LUN's filesystems, or the one that was chosen.

use crate::probes::lun::contents::Filesystem;
use crate::probes::lun::system::RootVerdict;
use crate::probes::lun::system::{self, Subvolume};
use crate::procedures::rescue::context::{Context, RootChoice, deed};
use crate::procedures::rescue::host::mount_point::{self, Linked};
use crate::procedures::rescue::host::mounts::{self, Mounted, looking_options, mount_call, node};
use crate::procedures::{Failure, Log, Planned, Step};
use crate::system::Root;
use crate::system::command::{Invocation, quoted};
use crate::system::mount::look_privately;
use isctpl_checks::facts::BlockDevice;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a look at a filesystem may take.
const LOOK: Duration = Duration::from_secs(150);

/// Mounts the root.
pub(crate) struct MountRoot;

/// What this step does.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Deed {
    Directory { path: PathBuf },
    Mounted(Mounted),
    Linked(Linked),
}

/// A root that was found.
#[derive(Debug, Clone)]
struct Candidate {
    filesystem: Filesystem,
    subvolume: Option<String>,
    name: Option<String>,
}

impl Candidate {
    fn in_words(&self) -> String {
        let subvolume =
            self.subvolume.as_ref().map(|path| format!(" --subvolume {}", quoted(path))).unwrap_or_default();
        let name = self.name.as_deref().unwrap_or("(no name)");
        format!("--root-device {}{subvolume}   {name}", quoted(&node(&self.filesystem)))
    }
}

/// What a look at a filesystem has shown.
struct Looked {
    verdict: RootVerdict,
    name: Option<String>,
    subvolumes: Result<Vec<Subvolume>, String>,
}

fn look(cx: &Context, filesystem: &Filesystem) -> Result<Looked, Failure> {
    let at = cx.state.join("look");
    fs::create_dir_all(&at).map_err(|error| Failure::failed(format!("{}: {error}", at.display())))?;
    let btrfs = filesystem.kind == "btrfs";
    let mut options = looking_options(&filesystem.kind);
    options.extend(btrfs.then_some("subvolid=5"));
    let options = options.join(",");
    let looked = look_privately(&node(filesystem), &filesystem.kind, &options, &at, LOOK, move |at: &Path| {
        let root = Root::open(at)?;
        let evidence = system::look(&root);
        let subvolumes = if btrfs { system::subvolumes(&root).map_err(|problem| problem.what) } else { Ok(Vec::new()) };
        Ok(Looked { verdict: system::judge(&evidence), name: evidence.name, subvolumes })
    });
    // Another look makes it again.
    let _ = fs::remove_dir(cx.state.join("look"));
    looked?.map_err(|problem: isctpl_checks::facts::Problem| problem.into())
}

/// Whether a device is the one that was chosen.
fn is_chosen(choice: &RootChoice, filesystem: &Filesystem) -> bool {
    let device = &filesystem.device;
    let wanted = choice.device.as_str();
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
                || Some(dm.trim_start_matches("isctpl-")) == map.as_deref()
        })
        || wanted
            .strip_prefix("UUID=")
            .is_some_and(|uuid| filesystem.uuid.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(uuid)))
}

/// Looks for roots. What cannot be looked at is told.
fn candidates(cx: &mut Context) -> Result<Vec<Candidate>, Failure> {
    let choice = cx.request.root.clone();
    let mut found = Vec::new();
    let mut refused = Vec::new();
    let filesystems: Vec<Filesystem> =
        cx.contents.filesystems.iter().filter(|one| one.may_be_root()).cloned().collect();
    for filesystem in filesystems {
        if choice.as_ref().is_some_and(|choice| !is_chosen(choice, &filesystem)) {
            continue;
        }
        let looked = match look(cx, &filesystem) {
            Ok(looked) => looked,
            Err(failure) => {
                refused.push(failure.what);
                continue;
            }
        };
        let subvolume = choice.as_ref().and_then(|choice| choice.subvolume.clone());
        match looked.verdict {
            RootVerdict::Root if subvolume.is_none() => {
                found.push(Candidate { filesystem: filesystem.clone(), subvolume: None, name: looked.name.clone() });
            }
            RootVerdict::Unknown(problems) => {
                refused.extend(problems.iter().map(|problem| format!("{}: {}", problem.place, problem.what)));
            }
            RootVerdict::NoRoot(why) if choice.is_some() && subvolume.is_none() && filesystem.kind != "btrfs" => {
                refused.push(format!("{}: {why}", node(&filesystem)));
            }
            _ => {}
        }
        match looked.subvolumes {
            Ok(subvolumes) => {
                for one in subvolumes {
                    let wanted = subvolume.as_deref().is_none_or(|wanted| wanted == one.path);
                    if wanted && system::judge(&one.evidence) == RootVerdict::Root {
                        found.push(Candidate {
                            filesystem: filesystem.clone(),
                            subvolume: Some(one.path),
                            name: one.evidence.name,
                        });
                    }
                }
            }
            Err(what) => refused.push(format!("{}: {what}", node(&filesystem))),
        }
    }
    if found.is_empty() {
        let mut failure = Failure::failed("no filesystem on the LUN contains an operating system");
        failure.advice.extend(refused);
        failure.advice.extend(
            cx.contents.encrypted.iter().map(|name| format!("/dev/{name} is encrypted (LUKS); isctpl cannot open it")),
        );
        failure.advice.extend(cx.contents.other.iter().map(|(name, what)| format!("/dev/{name} holds {what}")));
        failure.advice.extend(cx.contents.unread.iter().map(|problem| format!("{}: {}", problem.place, problem.what)));
        return Err(failure);
    }
    refused.into_iter().for_each(|what| cx.remark(what));
    Ok(found)
}

/// The device that is mounted at the place, where it is one of the LUN's.
fn mounted(cx: &Context) -> Result<Option<Filesystem>, Failure> {
    let (entries, _) = crate::probes::storage::mounts::mounts(&cx.host)?;
    let at = cx.place().display().to_string();
    let Some(entry) = crate::probes::storage::mounts::at(&entries, &at) else { return Ok(None) };
    let is_it = |device: &BlockDevice| device.number == entry.mount.device;
    // btrfs has a device number of its own.
    let by_source = |one: &&Filesystem| [node(one), format!("/dev/{}", one.device.name)].contains(&entry.mount.source);
    Ok(cx.contents.filesystems.iter().find(|one| is_it(&one.device) || by_source(one)).cloned())
}

fn learn_name(cx: &mut Context) {
    if let Ok(root) = Root::open(&cx.place()) {
        cx.system_name = system::look(&root).name;
    }
}

/// Mounts the one root that there is.
fn mount_one(cx: &mut Context, log: &mut Log<'_>) -> Result<String, Failure> {
    let found = candidates(cx)?;
    let [chosen] = found.as_slice() else {
        let mut failure = Failure::refused("the LUN contains several operating systems; choose one");
        failure.advice = found.iter().map(Candidate::in_words).collect();
        return Err(failure);
    };
    let at = cx.place();
    log.record(&Deed::Directory { path: at.clone() }, || mount_point::prepare(cx))?;
    let options: Vec<String> = chosen.subvolume.iter().map(|path| format!("subvol={path}")).collect();
    let call = mount_call(&chosen.filesystem, &at, &options, cx.request.read_only);
    log.record(&Deed::Mounted(Mounted { at: at.clone() }), || cx.run(&call).map(drop))?;
    cx.root = Some(chosen.filesystem.clone());
    learn_name(cx);
    let name = chosen.name.as_deref().unwrap_or("an unnamed system");
    let subvolume = chosen.subvolume.as_ref().map(|path| format!(", subvolume {path}")).unwrap_or_default();
    Ok(format!("{name}, {} ({}{subvolume})", node(&chosen.filesystem), chosen.filesystem.kind))
}

impl Step<Context> for MountRoot {
    fn id(&self) -> &'static str {
        "root"
    }

    fn title(&self, cx: &Context) -> String {
        format!("Mount the instance's root at {}", cx.request.at.display())
    }

    fn plan(&self, cx: &Context) -> Vec<Planned> {
        let name = cx.request.root.as_ref().map_or("DEVICE", |choice| choice.device.trim_start_matches("/dev/"));
        let filesystem = Filesystem {
            device: BlockDevice { name: name.to_owned(), ..BlockDevice::default() },
            kind: "ext4".to_owned(),
            uuid: None,
            label: None,
        };
        let (place, at) = (quoted(&cx.place().display().to_string()), quoted(&cx.request.at.display().to_string()));
        vec![
            Planned::remark("DEVICE is the filesystem on the LUN that has an os-release or fstab, and an init"),
            Planned::Command(format!("mkdir -p -m 700 {} {place}", quoted(&cx.state.display().to_string()))),
            Planned::command(&mount_call(&filesystem, &cx.place(), &[], cx.request.read_only)),
            Planned::Command(format!("[ ! -d {at} ] || rmdir {at}; ln -sT {place} {at}")),
        ]
    }

    fn is_done(&self, cx: &mut Context, deeds: &[Value]) -> Result<bool, Failure> {
        let found = if deeds.is_empty() { None } else { mounted(cx)? };
        let is_mounted = found.is_some();
        cx.root = found;
        if is_mounted {
            learn_name(cx);
        } else {
            mount_point::check(cx)?;
        }
        Ok(is_mounted && mount_point::is_linked(cx))
    }

    fn perform(&self, cx: &mut Context, log: &mut Log<'_>) -> Result<String, Failure> {
        let said = match &cx.root {
            Some(filesystem) => format!("{} is already mounted", node(filesystem)),
            None => mount_one(cx, log)?,
        };
        if !mount_point::is_linked(cx) {
            mount_point::link(cx, log, Deed::Linked)?;
        }
        Ok(said)
    }

    fn undo(&self, cx: &mut Context, value: &Value) -> Result<(), Failure> {
        match deed(value)? {
            Deed::Linked(linked) => mount_point::unlink(&linked),
            Deed::Mounted(mounted) => {
                let at = mounted.at.display().to_string();
                if cx.host.is_dir(&at) && !cx.request.read_only {
                    // Bounded: a LUN that is gone must not keep this waiting, and unmounting syncs as well.
                    let _ = cx.runner.run(&Invocation::new("sync", Duration::from_secs(120)).args(["-f", &at]));
                }
                mounts::unmount(cx, &mounted)
            }
            Deed::Directory { path } => match fs::remove_dir(&path) {
                Err(error) if fs::symlink_metadata(&path).is_ok() => {
                    cx.remark(format!("{} could not be removed: {error}", path.display()));
                    Ok(())
                }
                _ => Ok(()),
            },
        }
    }
}
