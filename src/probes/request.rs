//! What is asked of the probes, and how far they are.

use super::lun::choice::RootChoice;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Whose facts are asked for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct GatherRequest {
    /// The root directory.
    #[serde(with = "path")]
    pub root: PathBuf,
    /// A disk that is mounted nowhere, whose root is judged in place of the directory.
    #[serde(with = "optional_path", default)]
    pub disk: Option<PathBuf>,
    /// Which root of that disk, where it was chosen.
    #[serde(default)]
    pub root_choice: Option<RootChoice>,
    /// The root belongs to this hardware.
    pub same_machine: bool,
    /// Portals named by hand.
    pub portals: Vec<SocketAddr>,
    /// Target networks named by hand.
    pub san_subnets: Vec<IpNet>,
    /// The targets are in the SAN NIC's own network, said by hand.
    #[serde(default)]
    pub san_on_link: bool,
    /// The SAN NIC named by hand.
    pub san_nic: Option<String>,
    /// A saved ACPI table.
    #[serde(with = "optional_path")]
    pub ibft_table: Option<PathBuf>,
    /// A captured sysfs tree.
    #[serde(with = "optional_path")]
    pub sysfs: Option<PathBuf>,
    /// `isctpl rescue up` mounted the root, and it is whole.
    pub rescued: bool,
}

impl GatherRequest {
    /// Whether the facts are those of the system that this process runs on.
    pub(crate) fn is_live(&self) -> bool {
        self.disk.is_none() && is_running_root(&self.root)
    }
}

/// Whether the directory is the root that this process runs on.
pub fn is_running_root(path: &Path) -> bool {
    path.canonicalize().is_ok_and(|path| path == Path::new("/"))
}

/// A part of the reading, for whoever waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Waiting for the root's disk, which may never answer.
    RootDisk,
    /// Reading the firmware's tables and the NICs from sysfs.
    Firmware,
    /// Reading the boot loader's files.
    Loader,
    /// Reading kernels and their modules.
    Kernels,
    /// Reading open-iscsi's files.
    OpenIscsi,
    /// Reading the files of network managers.
    NetworkConfiguration,
    /// Reading units and scripts.
    Services,
    /// Reading disks, mounts and LVM.
    Disks,
    /// Asking the kernel for routes.
    Routes,
    /// Unpacking the images.
    Images,
    /// Looking for what a template must not carry.
    Template,
}

impl Stage {
    /// Every stage, in about the order in which they come.
    pub const ALL: [Self; 11] = [
        Self::RootDisk,
        Self::Firmware,
        Self::Loader,
        Self::Kernels,
        Self::OpenIscsi,
        Self::NetworkConfiguration,
        Self::Services,
        Self::Disks,
        Self::Routes,
        Self::Images,
        Self::Template,
    ];

    /// Its name as a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::RootDisk => "root-disk",
            Self::Firmware => "firmware",
            Self::Loader => "loader",
            Self::Kernels => "kernels",
            Self::OpenIscsi => "open-iscsi",
            Self::NetworkConfiguration => "network-configuration",
            Self::Services => "services",
            Self::Disks => "disks",
            Self::Routes => "routes",
            Self::Images => "images",
            Self::Template => "template",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RootDisk => "asking the root's disk",
            Self::Firmware => "reading firmware and NICs",
            Self::Loader => "reading the boot loader",
            Self::Kernels => "reading kernels and modules",
            Self::OpenIscsi => "reading open-iscsi's files",
            Self::NetworkConfiguration => "reading the network configuration",
            Self::Services => "reading services",
            Self::Disks => "reading disks",
            Self::Routes => "asking the kernel for routes",
            Self::Images => "unpacking the initramfs",
            Self::Template => "looking for leftovers of a template",
        })
    }
}

/// A path in JSON: its bytes, which need not be UTF-8.
mod path {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::ffi::OsString;
    use std::path::{Path, PathBuf};

    pub(super) fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
        path.as_os_str().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
        OsString::deserialize(deserializer).map(PathBuf::from)
    }
}

/// The same for a path that need not be given.
mod optional_path {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::ffi::OsString;
    use std::path::{Path, PathBuf};

    #[allow(clippy::ref_option, reason = "serde hands the field over")]
    pub(super) fn serialize<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
        path.as_deref().map(Path::as_os_str).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
        Ok(Option::<OsString>::deserialize(deserializer)?.map(PathBuf::from))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    #[test]
    fn a_request_comes_back_from_json_whatever_its_paths_are() {
        let root = PathBuf::from(OsString::from_vec(b"/mnt/\xff root".to_vec()));
        let request = GatherRequest {
            root: root.clone(),
            portals: vec!["[fd00::1]:3260".parse().unwrap()],
            san_subnets: vec!["100.97.0.0/16".parse().unwrap()],
            san_nic: Some("ens2f0".to_owned()),
            sysfs: Some(root),
            ..GatherRequest::default()
        };
        let text = serde_json::to_string(&request).unwrap();
        let back: GatherRequest = serde_json::from_str(&text).unwrap();
        assert_eq!(format!("{back:?}"), format!("{request:?}"));
    }
}
