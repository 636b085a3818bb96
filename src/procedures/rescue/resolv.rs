//! Names can be resolved below the root as they are on this system, and nothing is written to the LUN for it.

use super::context::{Context, deed};
use super::mounting::targets_below;
use crate::procedures::{Failure, Log, Planned, Step};
use crate::system::command::quoted;
use crate::system::{Root, mount};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

const FILE: &str = "/etc/resolv.conf";

/// Provides a resolv.conf.
pub(super) struct ResolvConf;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Deed {
    /// A copy of this system's file, bound over the root's.
    Bound { at: PathBuf, copy: PathBuf },
    /// A file below this system's `/run`, where a link of the root's points, with the directories made for it.
    Put { path: PathBuf, made: Vec<PathBuf> },
}

/// What there is to be done.
enum Way {
    /// Nothing: it is there, and says what this system's says.
    None,
    /// Bind a copy over this file.
    Bind(PathBuf),
    /// Put a copy there, below `/run`.
    Put(PathBuf),
    /// Nothing can be done without writing to the LUN.
    Impossible(String),
}

fn own(cx: &Context) -> Result<Option<String>, Failure> {
    Ok(cx.host.text(FILE)?.filter(|text| text.lines().any(|line| line.trim_start().starts_with("nameserver"))))
}

fn way(cx: &Context, own: &str) -> Result<Way, Failure> {
    let root = Root::open(&cx.request.at)?;
    match root.resolved(FILE)? {
        // Through a link into /run it is a file of this system itself.
        Some(_) if root.text(FILE)?.as_deref() == Some(own) => Ok(Way::None),
        Some(place) if place.starts_with(&cx.request.at) => {
            if place.starts_with(cx.below("/run")) {
                Ok(Way::None)
            } else {
                Ok(Way::Bind(place))
            }
        }
        Some(place) => Ok(Way::Impossible(format!("it leads to {}", place.display()))),
        None => match link_into_run(&root)? {
            Some(path) => Ok(Way::Put(path)),
            None => Ok(Way::Impossible("the root has none, and making one would write to the LUN".to_owned())),
        },
    }
}

/// Where a link that leads to nothing points, when that is below `/run`: what is there is this system's.
fn link_into_run(root: &Root) -> Result<Option<PathBuf>, Failure> {
    let Some(target) = root.read_link(FILE)? else { return Ok(None) };
    let mut path = PathBuf::from("/");
    let target = if target.starts_with('/') { target } else { format!("/etc/{target}") };
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                path.pop();
            }
            part => path.push(part),
        }
    }
    // /var/run is a link to /run on every system of today.
    let path = path.strip_prefix("/var").map(|rest| Path::new("/").join(rest)).unwrap_or(path);
    Ok(Some(path).filter(|path| path.starts_with("/run/")))
}

impl Step<Context> for ResolvConf {
    fn id(&self) -> &'static str {
        "resolv-conf"
    }

    fn title(&self, _: &Context) -> String {
        "Let names be resolved below the root".to_owned()
    }

    fn plan(&self, cx: &Context) -> Vec<Planned> {
        let copy = quoted(&cx.state.join("resolv.conf").display().to_string());
        vec![
            Planned::Command(format!("cp {FILE} {copy}")),
            Planned::Command(format!("mount --bind {copy} {}", quoted(&cx.below(FILE).display().to_string()))),
        ]
    }

    fn is_done(&self, cx: &mut Context, deeds: &[Value]) -> Result<bool, Failure> {
        let Some(own) = own(cx)? else {
            cx.remark("this system has no nameserver in /etc/resolv.conf: names do not resolve below the root either");
            return Ok(true);
        };
        for value in deeds {
            if let Deed::Bound { at, .. } = deed(value)? {
                return Ok(targets_below(&cx.host, &at)?.contains(&at));
            }
        }
        match way(cx, &own)? {
            Way::None => Ok(true),
            Way::Impossible(why) => {
                cx.remark(format!("names may not resolve below the root: /etc/resolv.conf: {why}"));
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn perform(&self, cx: &mut Context, log: &mut Log<'_>) -> Result<String, Failure> {
        let own = own(cx)?.unwrap_or_default();
        let failed = |path: &Path, error: std::io::Error| Failure::failed(format!("{}: {error}", path.display()));
        match way(cx, &own)? {
            Way::Bind(at) => {
                let copy = cx.state.join("resolv.conf");
                log.record(&Deed::Bound { at: at.clone(), copy: copy.clone() }, || {
                    fs::write(&copy, &own).map_err(|error| failed(&copy, error))?;
                    Ok(mount::bind_file(&copy, &at)?)
                })?;
                Ok("a copy of this system's resolv.conf is bound".to_owned())
            }
            Way::Put(path) => {
                let made: Vec<PathBuf> =
                    path.ancestors().skip(1).take_while(|above| !above.exists()).map(Path::to_owned).collect();
                log.record(&Deed::Put { path: path.clone(), made }, || {
                    path.parent().map_or(Ok(()), fs::create_dir_all).map_err(|error| failed(&path, error))?;
                    fs::write(&path, &own).map_err(|error| failed(&path, error))
                })?;
                Ok(format!("{}, where the root's link points", path.display()))
            }
            Way::None | Way::Impossible(_) => Ok("nothing to do".to_owned()),
        }
    }

    fn undo(&self, cx: &mut Context, value: &Value) -> Result<(), Failure> {
        match deed(value)? {
            Deed::Bound { at, copy } => {
                mount::unmount_tree(&at, &targets_below(&cx.host, &at)?)?;
                let _ = fs::remove_file(copy);
                Ok(())
            }
            Deed::Put { path, made } => {
                match fs::remove_file(&path) {
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                        return Err(Failure::failed(format!("{}: {error}", path.display())));
                    }
                    _ => {}
                }
                // One that somebody else uses by now stays.
                made.iter().for_each(|directory| drop(fs::remove_dir(directory)));
                Ok(())
            }
        }
    }
}
