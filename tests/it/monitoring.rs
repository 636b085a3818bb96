//! What monitoring systems are given, held against the monitoring systems.

mod checkmk;
mod dashboard;
mod html;
mod junit;
mod prometheus;
mod snmp;
mod timeline;

use crate::support::tree::Tree;

/// A root whose loader names a kernel that is gone.
fn broken_root() -> tempfile::TempDir {
    let mut tree = Tree::load("machines/initramfs-tools.tree");
    tree.add("- /boot/vmlinuz-6.1.0-50-amd64\n", "changes").unpack()
}
