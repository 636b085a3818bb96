//! What modprobe finds in a directory of modules, and what modules ask it for while they run.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the kernel may ask modprobe(8) for on the way to an iSCSI root, by the words with which it does
/// (`__request_module`), and modules without which another one does nothing: each is looked up among the aliases and
/// names of a directory of modules.
pub const REQUESTS: [&str; 18] = [
    // crypto/api.c: an algorithm that nobody has registered yet.
    "crypto-crc32c",
    "crypto-crc32",
    "crypto-xxhash64",
    "crypto-sha256",
    "crypto-blake2b-256",
    "crypto-aes",
    "crypto-serpent",
    "crypto-twofish",
    "crypto-camellia",
    "crypto-cbc",
    "crypto-ecb",
    "crypto-xts",
    // drivers/md/dm-cache-policy.c.
    "dm-cache-smq",
    // net/socket.c: AF_INET6 and AF_PACKET.
    "net-pf-10",
    "net-pf-17",
    // What makes a NIC of what another driver holds.
    "mlx4_en",
    "realtek",
    "virtio_pci",
];

/// Something that a module asks for while it runs, as its file shows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Asked {
    /// One of [`REQUESTS`].
    pub request: String,
    /// What in the file shows it: a function of the kernel that it imports, or a text of its own.
    pub shown_by: String,
}

/// What modprobe finds in an image when the kernel asks for something. It looks into the index there, and into nothing
/// else: a module that lies beside it and is not listed is not found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModuleIndex {
    /// The program: where `/sbin/modprobe` leads to; `None` where the image has none, so that no request of the kernel
    /// is answered.
    pub program: Option<String>,
    /// The file in which it looks up aliases; `None` where the image lacks it.
    pub aliases_at: Option<String>,
    /// For each of [`REQUESTS`] that the index answers: the modules, those built into the kernel left out.
    pub requests: BTreeMap<String, Vec<String>>,
}
