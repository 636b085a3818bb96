//! How the facts were gathered, and what the person asking added.

use super::Problem;
use crate::Reach;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};

/// The default port of an iSCSI portal (RFC 7143, section 4.2.7.1, as registered with IANA).
pub const ISCSI_PORT: u16 = 3260;

/// How the facts were read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// On the booted instance: its files and its kernel.
    #[default]
    Live,
    /// A mounted root, from some other system.
    Root,
}

/// How, where and when the facts were read.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Scope {
    /// Live or a mounted root. A snapshot keeps the mode in which it was taken.
    pub mode: Mode,
    /// The directory that was judged.
    pub root: String,
    /// The root was read from a disk that is mounted nowhere, which `root` names.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub from_disk: bool,
    /// With a mounted root: this host's firmware, NICs and SAN lease are the instance's.
    pub same_machine: bool,
    /// `isctpl rescue` has mounted this root, and what its programs need below it.
    pub rescued: bool,
    /// A sysfs tree or a firmware table was named by hand, so firmware facts are the instance's.
    pub firmware_given: bool,
    /// The firmware table that `--ibft-table` names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ibft_table: Option<String>,
    /// The sysfs tree that `--sysfs` names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sysfs: Option<String>,
    /// When the facts were read, RFC 3339, UTC.
    pub time: String,
    /// Seconds since the epoch of the same moment; leases are held against it.
    pub epoch_seconds: i64,
    /// When the running system was started, seconds since the epoch (`btime` of `/proc/stat`); live only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub booted: Option<i64>,
    /// Whether the process could read everything: effective UID 0 or the capabilities of it.
    pub privileged: bool,
    /// `PRETTY_NAME` of os-release, for people; no check may read it.
    pub os: Option<String>,
    /// The instance's host name.
    pub hostname: Option<String>,
    /// Portals named by `--portal`.
    pub portals: Vec<SocketAddr>,
    /// Networks named by `--san-subnet`.
    pub san_subnets: Vec<IpNet>,
    /// `--san-on-link`: the targets are in the SAN NIC's own network, and no route to them is needed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub san_on_link: bool,
    /// The gateway to these networks, named by `--san-gateway`; read from nowhere.
    #[serde(skip)]
    pub san_gateway: Option<IpAddr>,
    /// The interface named by `--san-nic`: its name, or its MAC address.
    pub san_nic: Option<String>,
    /// What proves that a mounted root belongs to this machine, where nobody had to say so.
    pub same_machine_proof: Option<String>,
    /// The NIC that is taken for the SAN NIC while every one that can be it is tried; read from nowhere.
    #[serde(skip)]
    pub supposed: Option<Supposed>,
    /// Things that could not be read and belong to no other fact.
    pub problems: Vec<Problem>,
}

/// A NIC that is taken for the SAN NIC. What is not given is something that no configuration bears.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Supposed {
    /// Its name on the real root.
    pub name: Option<String>,
    /// Its MAC address.
    pub mac: Option<String>,
    /// Its driver.
    pub driver: Option<String>,
}

/// What `--san-nic` is given for a SAN NIC that no configuration of a mounted root is for.
pub const UNCONFIGURED: &str = "unconfigured";

impl Scope {
    /// Where the root is for whoever types commands here, where the facts were read.
    pub fn reach(&self) -> Reach<'_> {
        match self.mode {
            // Whoever mounts it somewhere types them there.
            _ if self.from_disk => Reach::Own,
            Mode::Live => Reach::Own,
            Mode::Root if self.rescued => Reach::Rescued,
            Mode::Root => Reach::Mounted(&self.root),
        }
    }

    /// Whether what was read of the machine, its firmware and its NICs, is the instance's.
    pub(crate) fn is_on_its_machine(&self) -> bool {
        self.mode == Mode::Live || self.same_machine || self.firmware_given
    }

    /// The name that `--san-nic` gives.
    pub fn san_nic_name(&self) -> Option<&str> {
        self.san_nic.as_deref().filter(|given| !is_mac(given) && *given != UNCONFIGURED)
    }

    /// Whether `--san-nic` says that no configuration is for the SAN NIC.
    pub fn san_nic_is_unconfigured(&self) -> bool {
        self.san_nic.as_deref() == Some(UNCONFIGURED)
    }

    /// The MAC address that `--san-nic` gives, in the way sysfs writes one.
    pub fn san_nic_mac(&self) -> Option<String> {
        self.san_nic.as_deref().filter(|given| is_mac(given)).map(|given| given.to_ascii_lowercase().replace('-', ":"))
    }
}

/// Six octets with colons or hyphens. No interface has such a name: 15 characters are the most.
fn is_mac(text: &str) -> bool {
    let octets: Vec<&str> = text.split([':', '-']).collect();
    octets.len() == 6
        && octets.iter().all(|octet| octet.len() == 2 && octet.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// A target's address, and who says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Portal {
    /// Address.
    pub ip: IpAddr,
    /// TCP port.
    pub port: u16,
    /// Where it was learnt, such as `--portal` or a node record's path.
    pub source: String,
}
