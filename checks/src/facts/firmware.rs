//! The iSCSI Boot Firmware Table, as ACPI has it and as the kernel shows it.
//!
//! Layout: "iSCSI Boot Firmware Table (iBFT)", version 1.03; Linux `drivers/firmware/iscsi_ibft.c`
//! and `drivers/scsi/iscsi_boot_sysfs.c`.

use super::{Fact, Problem};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// What the firmware handed over.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Firmware {
    /// The raw ACPI table (`/sys/firmware/acpi/tables/iBFT`); `None` when there is none.
    pub table: Fact<Option<Ibft>>,
    /// The kernel's view (`/sys/firmware/ibft`); `None` when there is none.
    pub sysfs: Fact<Option<Ibft>>,
    /// Whether the machine was started by UEFI (`/sys/firmware/efi` exists). On BIOS the table lies
    /// in low memory and not among the ACPI tables, so only the kernel's view can be read.
    pub efi: Option<bool>,
}

impl Firmware {
    /// The best account of the iBFT: the raw table where it could be read whole, else the kernel's.
    /// Only the table has the LUN unambiguously.
    pub fn ibft(&self) -> Option<&Ibft> {
        let table = self.table.known().and_then(Option::as_ref);
        let sysfs = self.sysfs.known().and_then(Option::as_ref);
        match (table, sysfs) {
            (Some(table), Some(sysfs)) if !table.faults.is_empty() && sysfs.faults.is_empty() => Some(sysfs),
            (Some(table), _) => Some(table),
            (None, sysfs) => sysfs,
        }
    }
}

/// One iBFT, by either source. A CHAP secret is never kept, only that there is one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ibft {
    /// Where it was read: a path.
    pub source: String,
    /// ACPI OEM id, such as `FENSYS`.
    pub oem_id: String,
    /// ACPI OEM table id, such as `iPXE`.
    pub oem_table_id: String,
    /// Bytes of the table; 0 when the kernel's view was read.
    pub length: u32,
    /// The initiator.
    pub initiator: Option<IbftInitiator>,
    /// NICs, in the order of the table.
    pub nics: Vec<IbftNic>,
    /// Targets, in the order of the table.
    pub targets: Vec<IbftTarget>,
    /// What is wrong with it: checksum, lengths, offsets. A table with faults may still give values.
    pub faults: Vec<Problem>,
}

/// The iBFT's initiator structure.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IbftInitiator {
    /// Flags: bit 0 valid, bit 1 chosen by the firmware for this boot.
    pub flags: u8,
    /// The initiator's iSCSI name; `None` when empty.
    pub name: Option<String>,
}

/// A NIC structure of the iBFT.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IbftNic {
    /// Index in the table (`ethernetN`); may have holes.
    pub index: u8,
    /// Flags: bit 0 valid, bit 1 chosen by the firmware for this boot, bit 2 global address.
    pub flags: u8,
    /// Address; `None` when unspecified.
    pub ip: Option<IpAddr>,
    /// Prefix length in bits.
    pub prefix_len: u8,
    /// Where the address came from: 0 other, 1 manual, 2 well-known, 3 DHCP, 4 router advertisement.
    pub origin: u8,
    /// Gateway as the boot firmware knew it; not the lease's option 121.
    pub gateway: Option<IpAddr>,
    /// Name servers.
    pub dns: Vec<IpAddr>,
    /// DHCP server.
    pub dhcp: Option<IpAddr>,
    /// VLAN id; 0 is none.
    pub vlan: u16,
    /// MAC address, lower case with colons.
    pub mac: String,
    /// PCI bus, device and function, packed as in the table.
    pub pci_bdf: Option<u16>,
    /// Host name.
    pub hostname: Option<String>,
}

impl IbftNic {
    /// Whether the structure is valid (flags bit 0). iPXE sets bits 0 and 1 on every one it lists.
    pub fn is_valid(&self) -> bool {
        self.flags & 1 != 0
    }

    /// Whether the firmware booted by this NIC (flags bit 1).
    pub fn is_boot(&self) -> bool {
        self.flags & 2 != 0
    }

    /// Its network; `None` without an address or a prefix.
    pub fn network(&self) -> Option<IpNet> {
        IpNet::new(self.ip?, self.prefix_len).ok().filter(|_| self.prefix_len > 0).map(|net| net.trunc())
    }

    /// Whether the image's scripts ask DHCP for this NIC's address instead of taking it from the table:
    /// open-iscsi (`iface.bootproto`) and dracut (`ibft_to_cmdline`) both go by the origin and by whether
    /// a DHCP server is named.
    pub fn is_by_dhcp(&self) -> bool {
        self.origin == 3 || self.dhcp.is_some_and(|server| !server.is_unspecified())
    }
}

/// A target structure of the iBFT.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IbftTarget {
    /// Index in the table (`targetN`); may have holes.
    pub index: u8,
    /// Flags: bit 0 valid, bit 1 chosen by the firmware for this boot.
    pub flags: u8,
    /// Portal address; `None` when unspecified.
    pub ip: Option<IpAddr>,
    /// TCP port.
    pub port: u16,
    /// Logical unit.
    pub lun: Lun,
    /// Target name (IQN, EUI or NAA); `None` when empty.
    pub name: Option<String>,
    /// Index of the NIC that leads to it.
    pub nic_assoc: u8,
    /// 0 no CHAP, 1 one-way, 2 mutual.
    pub chap_type: u8,
    /// Whether a CHAP user name is there.
    pub chap_name_present: bool,
    /// Whether a CHAP secret is there. Its value is never kept.
    pub chap_secret_present: bool,
    /// Whether a reverse CHAP secret is there.
    pub reverse_chap_secret_present: bool,
}

impl IbftTarget {
    /// Whether the structure is valid (flags bit 0).
    pub fn is_valid(&self) -> bool {
        self.flags & 1 != 0
    }

    /// Whether the firmware booted from this target (flags bit 1).
    pub fn is_boot(&self) -> bool {
        self.flags & 2 != 0
    }
}

/// A logical unit number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lun {
    /// The number, decoded by SAM-5 section 4.7 (peripheral or flat addressing).
    Number(u64),
    /// The kernel's text can be read in more than one way; the possible numbers.
    Ambiguous {
        /// The text of `targetN/lun`.
        text: String,
        /// Every number that it may stand for.
        candidates: Vec<u64>,
    },
    /// Text that stands for no LUN.
    Invalid(String),
}

impl Default for Lun {
    fn default() -> Self {
        Self::Number(0)
    }
}

/// A network interface of the instance's hardware, from `/sys/class/net`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Nic {
    /// Kernel name.
    pub name: String,
    /// MAC address, lower case with colons; the permanent one where the kernel tells.
    pub mac: String,
    /// Driver module, from `device/driver/module` or `device/driver`.
    pub driver: Option<String>,
    /// `device/modalias`.
    pub modalias: Option<String>,
    /// Whether it stands for hardware (`device` exists); bridges, bonds, VLANs and `lo` do not.
    pub physical: bool,
    /// The device's PCI address, such as `0000:00:02.0`.
    pub pci: Option<String>,
}
