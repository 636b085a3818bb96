//! Where a root has its resolv.conf.

use super::root::Root;
use isctpl_checks::facts::Problem;
use std::path::{Path, PathBuf};

/// The file that tells the name servers (resolv.conf(5)).
pub(crate) const FILE: &str = "/etc/resolv.conf";

/// Where a resolv.conf may point in `/run`: what systemd-resolved, resolvconf, NetworkManager, netconfig and ConnMan
/// make it. A link that names anything else there is not followed: a file that is only there may already mean something
/// to a system (`/run/nologin`, a unit).
const KNOWN: [&str; 7] = [
    "/run/systemd/resolve/stub-resolv.conf",
    "/run/systemd/resolve/resolv.conf",
    "/run/resolvconf/resolv.conf",
    "/run/NetworkManager/resolv.conf",
    "/run/NetworkManager/no-stub-resolv.conf",
    "/run/netconfig/resolv.conf",
    "/run/connman/resolv.conf",
];

/// Whether this is a usual place for it in `/run`.
pub(crate) fn is_known(path: &Path) -> bool {
    KNOWN.iter().any(|known| Path::new(known) == path)
}

/// Where the root's file, which is a link that leads to nothing, points in `/run`.
///
/// # Errors
/// In words why it is no place where a file can be put without writing to the root.
pub(crate) fn place_in_run(root: &Root) -> Result<Result<PathBuf, String>, Problem> {
    Ok(match link(root)? {
        Some(target) if is_known(&target) => Ok(target),
        Some(target) => {
            Err(format!("it is a link to {}, which does not exist and is not a usual place for it", target.display()))
        }
        None => Err("it does not exist, and creating it would write to the LUN".to_owned()),
    })
}

/// Where a link points that leads to nothing, as the root sees it; `None` where there is no link.
fn link(root: &Root) -> Result<Option<PathBuf>, Problem> {
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
    let run = path.strip_prefix("/var/run").map(|rest| Path::new("/run").join(rest));
    Ok(Some(run.unwrap_or(path)))
}
