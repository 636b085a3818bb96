//! What a template must not carry, and how it is cleared: the one list.
//!
//! Where a check of the link `template` looks for the same, what it finds is what is cleared, so nothing that is sealed
//! is found later: [`Row::kind`]. The places here are those beyond that. Sources, beside the documentation of the
//! platform: cloud-init's `cmd/clean.py`; systemd's "Building Images Safely"; virt-sysprep(1) and its list of
//! operations; the files of open-iscsi's `usr/idbm.c`; `apt-get clean`.
//!
//! What a running system writes by itself comes last: there it is written again soonest.

use isctpl_checks::facts::LeftoverKind;

/// How a place is cleared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// A file loses its content; name, owner and mode stay.
    Empty,
    /// It goes, with all that is below it.
    Remove,
    /// All that is in a directory goes; the directory stays.
    RemoveContents,
    /// Some lines of a file go or change.
    Edit(Edit),
}

/// What changes in a file that stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edit {
    /// Settings of CHAP in iscsid.conf go.
    IscsidConf,
    /// Lines with a CHAP user or password in iscsi.initramfs go.
    InitramfsConf,
    /// A new initiator name is asked for.
    InitiatorName,
}

/// Names in a directory.
pub(super) type Names = fn(&str) -> bool;

/// Where something lies.
pub(super) enum Place {
    /// A file, or a directory as a whole.
    One(&'static str),
    /// All in a directory, but for entries of these names.
    Contents(&'static str, Names),
    /// Entries of a directory that have such names.
    Entries(&'static str, Names, How),
    /// A file of this name in every home.
    InHomes(&'static str),
    /// A file in which lines go.
    Lines(&'static str, Edit),
    /// The file that names the initiator.
    InitiatorName,
}

/// Things of one kind.
#[derive(Debug)]
pub(crate) struct Row {
    /// What they are, and why no template may carry them.
    pub(crate) why: &'static str,
    /// What the checks find of it.
    pub(super) kind: Option<LeftoverKind>,
    /// Where else it lies.
    pub(super) places: &'static [Place],
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.path().unwrap_or("in homes"))
    }
}

impl Place {
    /// The path that it is about.
    pub(super) fn path(&self) -> Option<&'static str> {
        match self {
            Self::One(path) | Self::Contents(path, _) | Self::Entries(path, ..) | Self::Lines(path, _) => Some(path),
            Self::InHomes(_) | Self::InitiatorName => None,
        }
    }
}

/// No entry.
fn none(_: &str) -> bool {
    false
}

/// Every entry.
fn every(_: &str) -> bool {
    true
}

/// What a filesystem's own programs keep there.
fn lost_and_found(name: &str) -> bool {
    name == "lost+found"
}

/// Seeds and scripts in `/var/lib/cloud` are put there for the copies.
fn for_copies(name: &str) -> bool {
    ["seed", "scripts"].contains(&name)
}

fn is_lease(name: &str) -> bool {
    name.contains(".lease")
}

/// Leases of NetworkManager, and what it remembers of one machine.
fn is_of_network_manager(name: &str) -> bool {
    is_lease(name) || ["secret_key", "seen-bssids", "timestamps"].contains(&name)
}

/// Leases of dhcpcd, and by what it is known to servers.
fn is_of_dhcpcd(name: &str) -> bool {
    is_lease(name) || ["duid", "secret"].contains(&name)
}

fn is_of_wicked(name: &str) -> bool {
    name.starts_with("lease-") || ["duid.xml", "iaid.xml"].contains(&name)
}

/// The sample that open-iscsi brings: every other record of an interface may name a MAC address, and the initiator.
fn example_of_interface(name: &str) -> bool {
    name == "iface.example"
}

/// What apt makes of its lists.
fn is_index_of_apt(name: &str) -> bool {
    ["pkgcache.bin", "srcpkgcache.bin"].contains(&name)
}

/// Every row, in the order of clearing.
pub(super) static TABLE: [Row; 16] = [
    Row {
        why: "cloud-init's state: a copy would not set itself up anew",
        kind: None,
        places: &[Place::Contents("/var/lib/cloud", for_copies)],
    },
    Row {
        why: "DHCP leases and identifiers: copies would ask for the same addresses",
        kind: None,
        places: &[
            Place::Entries("/var/lib/dhcp", is_lease, How::Remove),
            Place::Entries("/var/lib/dhcp3", is_lease, How::Remove),
            Place::Entries("/var/lib/dhclient", is_lease, How::Remove),
            Place::Entries("/var/lib/NetworkManager", is_of_network_manager, How::Remove),
            Place::Entries("/var/lib/dhcpcd", is_of_dhcpcd, How::Remove),
            Place::Entries("/var/lib/dhcpcd5", is_of_dhcpcd, How::Remove),
            Place::One("/etc/dhcpcd.duid"),
            Place::One("/etc/dhcpcd.secret"),
            Place::Entries("/var/lib/wicked", is_of_wicked, How::Remove),
        ],
    },
    Row {
        why: "iSCSI: CHAP credentials, targets and initiator name of one instance",
        kind: Some(LeftoverKind::Credentials),
        places: &[
            Place::Lines("/etc/iscsi/iscsid.conf", Edit::IscsidConf),
            Place::Lines("/etc/iscsi/iscsi.initramfs", Edit::InitramfsConf),
            Place::InitiatorName,
            Place::Contents("/etc/iscsi/nodes", none),
            Place::Contents("/etc/iscsi/send_targets", none),
            Place::Contents("/etc/iscsi/static", none),
            Place::Contents("/etc/iscsi/isns", none),
            Place::Contents("/etc/iscsi/slp", none),
            Place::Contents("/etc/iscsi/fw", none),
            Place::Contents("/var/lib/iscsi/nodes", none),
            Place::Contents("/var/lib/iscsi/send_targets", none),
            Place::Contents("/var/lib/iscsi/static", none),
            Place::Contents("/var/lib/iscsi/isns", none),
            Place::Contents("/var/lib/iscsi/slp", none),
            Place::Contents("/var/lib/iscsi/fw", none),
            Place::Contents("/etc/iscsi/ifaces", example_of_interface),
            Place::Contents("/var/lib/iscsi/ifaces", example_of_interface),
        ],
    },
    Row {
        why: "ids of this machine's disks, and of it as a host of NVMe: a copy's are others",
        kind: None,
        places: &[
            // Without this list LVM uses every device (lvmdevices(8)); with it, none of a copy's LUN.
            Place::One("/etc/lvm/devices/system.devices"),
            // multipathd writes both anew. While a name such as mpatha is bound to this LUN, a copy's gets the next one.
            Place::One("/etc/multipath/bindings"),
            Place::One("/etc/multipath/wwids"),
            Place::One("/var/lib/multipath/bindings"),
            // One alone would go with another machine's; without both they are made of what the firmware tells.
            Place::One("/etc/nvme/hostid"),
            Place::One("/etc/nvme/hostnqn"),
        ],
    },
    Row {
        why: "package caches: they only take up space",
        kind: Some(LeftoverKind::PackageCache),
        places: &[Place::Entries("/var/cache/apt", is_index_of_apt, How::Remove)],
    },
    Row {
        why: "crash dumps: the memory of programs, secrets included",
        kind: None,
        places: &[
            Place::Contents("/var/crash", none),
            Place::Contents("/var/lib/systemd/coredump", none),
            Place::Contents("/var/lib/systemd/pstore", none),
            Place::Contents("/var/lib/apport/coredump", none),
            Place::Contents("/var/spool/abrt", none),
        ],
    },
    Row {
        why: "mail of this machine's users",
        kind: None,
        places: &[Place::Entries("/var/mail", every, How::Empty), Place::Entries("/var/spool/mail", every, How::Empty)],
    },
    Row {
        why: "what the installer wrote down: answers, password hashes, hardware",
        kind: None,
        places: &[
            Place::Contents("/var/log/installer", none),
            Place::Contents("/var/log/anaconda", none),
            Place::One("/root/anaconda-ks.cfg"),
            Place::One("/root/original-ks.cfg"),
            Place::One("/root/install.log"),
            Place::One("/root/install.log.syslog"),
        ],
    },
    Row {
        why: "interface names bound to this machine's MAC addresses",
        kind: Some(LeftoverKind::NetRules),
        places: &[],
    },
    Row {
        why: "SSH host keys: copies could impersonate each other",
        kind: Some(LeftoverKind::HostKeys),
        places: &[Place::Entries("/etc/ssh", is_host_key, How::Remove)],
    },
    Row {
        why: "machine ID: copies would share DHCP leases and journals",
        kind: Some(LeftoverKind::MachineId),
        places: &[],
    },
    Row {
        why: "random seeds and keys: copies would draw the same numbers",
        kind: None,
        places: &[
            Place::One("/var/lib/systemd/random-seed"),
            Place::One("/var/lib/systemd/credential.secret"),
            Place::One("/var/lib/urandom/random-seed"),
            Place::One("/var/lib/misc/random-seed"),
            Place::One("/var/lib/random-seed"),
            Place::One("/boot/loader/random-seed"),
            Place::One("/boot/efi/loader/random-seed"),
            Place::One("/efi/loader/random-seed"),
        ],
    },
    Row {
        why: "old files that isctpl prepare kept: its --undo ends with them",
        kind: None,
        places: &[Place::One("/var/lib/isctpl")],
    },
    Row {
        why: "temporary files",
        kind: Some(LeftoverKind::Tmp),
        places: &[Place::Contents("/tmp", lost_and_found), Place::Contents("/var/tmp", lost_and_found)],
    },
    Row {
        why: "logs: logins and events of this machine",
        kind: Some(LeftoverKind::Logs),
        places: &[Place::Contents("/var/log/journal", none)],
    },
    Row {
        why: "histories: what was typed, passwords included",
        kind: Some(LeftoverKind::History),
        places: &[Place::InHomes(".viminfo"), Place::InHomes(".lesshst")],
    },
];

fn is_host_key(name: &str) -> bool {
    name.starts_with("ssh_host_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probes::iscsi::records::DATABASES;
    use std::collections::BTreeSet;

    #[test]
    fn every_database_of_open_iscsi_is_emptied() {
        let places: Vec<&str> = TABLE.iter().flat_map(|row| row.places).filter_map(Place::path).collect();
        for database in DATABASES {
            for kind in ["nodes", "send_targets", "static", "isns", "slp", "fw", "ifaces"] {
                assert!(places.contains(&format!("{database}/{kind}").as_str()), "{database}/{kind}");
            }
        }
        let distinct: BTreeSet<&str> = places.iter().copied().collect();
        assert_eq!(distinct.len(), places.len(), "a place stands there twice");
    }
}
