//! What a reading needs, told before anything is parsed.
//!
//! Only the kernel's own words are looked at here: whether the root is a mount, and on which devices that lies.

use super::beforehand::Beforehand;
use super::dhcp::lease_directories;
use super::request::GatherRequest;
use super::storage::beside;
use crate::system::Root;
use crate::system::fence::{self, Extent, Fence, Needs};
use crate::system::mounted::device_of_mount;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

/// Where the kernel of this host tells of itself.
const KERNEL: [&str; 2] = ["/proc", "/sys"];

/// Where udev keeps what it knows of devices, and clients some leases.
const RUN: &str = "/run";

/// Gives up what reading for a request does not need; gives what can be had only before.
pub(super) fn enter(request: &GatherRequest, extent: Extent) -> (Fence, Beforehand) {
    let mut needs = needs(request, extent);
    let beforehand = Beforehand::of(request, &mut needs);
    (fence::enter(&needs), beforehand)
}

/// What is read for a request, and nothing else. Of the running system that is the whole of it: it is what is judged.
fn needs(request: &GatherRequest, extent: Extent) -> Needs {
    let mut needs = Needs::nothing(extent);
    needs.reads.extend(request.ibft_table.iter().chain(&request.sysfs).cloned());
    if request.is_live() {
        needs.reads.push(PathBuf::from("/"));
        needs.routes = true;
        return needs;
    }
    let is_host_asked = match &request.disk {
        Some(disk) => {
            needs.reads.push(disk.clone());
            // Whether this host has mounted it.
            disk.metadata().is_ok_and(|found| found.file_type().is_block_device())
        }
        None => {
            needs.reads.push(request.root.clone());
            let nodes = nodes_of_mount(&request.root);
            let is_mounted = nodes.is_some();
            needs.reads.extend(nodes.unwrap_or_default());
            is_mounted
        }
    };
    if is_host_asked || request.same_machine {
        needs.reads.extend(KERNEL.map(PathBuf::from));
    }
    // A mounted root may prove by itself that it belongs to this host.
    if (is_host_asked && request.disk.is_none()) || request.same_machine {
        needs.reads.push(PathBuf::from(RUN));
        needs.reads.extend(lease_directories().map(PathBuf::from));
    }
    needs
}

/// The devices whose first blocks are read of a root that something is mounted on; `None` of a plain directory.
fn nodes_of_mount(root: &Path) -> Option<Vec<PathBuf>> {
    let root = Root::open(root).ok()?;
    // A kernel that does not tell is asked again when the root is read.
    let is_plain = matches!(device_of_mount(&root), Ok(None));
    (!is_plain).then(|| beside::nodes(&root))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn reads(request: GatherRequest) -> Vec<PathBuf> {
        let needs = needs(&request, Extent::Thread);
        assert!(needs.replaces.is_empty());
        assert_eq!(needs.routes, request.is_live(), "{request:?}");
        needs.reads
    }

    #[test]
    fn of_a_plain_directory_and_of_an_image_nothing_else_is_needed() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().to_owned();
        let request = GatherRequest { root: root.clone(), ..GatherRequest::default() };
        assert_eq!(reads(request.clone()), [root.as_path()]);
        let image = root.join("disk");
        std::fs::write(&image, "x").unwrap();
        assert_eq!(reads(GatherRequest { disk: Some(image.clone()), ..request.clone() }), [image]);
        let table = root.join("table");
        let told = GatherRequest { ibft_table: Some(table.clone()), sysfs: Some("/x".into()), ..request };
        assert_eq!(reads(told), [table.as_path(), Path::new("/x"), &root]);
    }

    #[test]
    fn a_root_of_this_machine_is_read_with_what_the_host_tells() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().to_owned();
        let found = reads(GatherRequest { root, same_machine: true, ..GatherRequest::default() });
        for path in ["/proc", "/sys", "/run", "/var/lib/dhcp"] {
            assert!(found.contains(&PathBuf::from(path)), "{found:?}");
        }
        assert!(!found.contains(&PathBuf::from("/")), "{found:?}");
        assert_eq!(reads(GatherRequest { root: "/".into(), ..GatherRequest::default() }), [Path::new("/")]);
    }
}
