//! The iBFT as an ACPI table ("iSCSI Boot Firmware Table (iBFT)", version 1.03).
//!
//! What Linux refuses (`drivers/firmware/iscsi_ibft.c`) is a fault here too. Beyond that every offset
//! is held against the length of the table, which Linux does not do.

#[cfg(test)]
mod lab;
#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;

pub(crate) mod chap;

use isctpl_checks::facts::{Ibft, IbftInitiator, IbftNic, IbftTarget, Lun, Problem};
use std::net::{IpAddr, Ipv6Addr};

/// Signatures of the table; also its file names in `/sys/firmware/acpi/tables`.
pub(crate) const SIGNATURES: [&str; 3] = ["iBFT", "IBFT", "BIFT"];

/// The ACPI header with the twelve reserved bytes after it; the control structure follows.
const CONTROL: usize = 48;
const HEADER: usize = 6;
/// The least length of the control structure: room for two NICs and two targets. Linux takes a longer one,
/// with an offset more for each further NIC and target, as iPXE writes it (drivers/firmware/iscsi_ibft.c,
/// ibft_register_kobjects; seen of a kernel 6.1). Kernels before that was added refuse it.
const CONTROL_LENGTH: usize = 18;
const INITIATOR_LENGTH: usize = 74;
const NIC_LENGTH: usize = 102;
const TARGET_LENGTH: usize = 54;
/// More structures than any firmware lists.
const MOST_STRUCTURES: usize = 64;

const ID_CONTROL: u8 = 1;
const ID_INITIATOR: u8 = 2;
const ID_NIC: u8 = 3;
const ID_TARGET: u8 = 4;
const ID_EXTENSIONS: u8 = 5;

/// Reads a table. What is wrong with it stands in `faults`, each with a place `SOURCE+0xOFFSET`, and
/// what could be read all the same is given. The values of the CHAP fields are never looked at.
///
/// # Errors
/// Only when it is no iBFT at all.
pub(crate) fn parse(bytes: &[u8], source: &str) -> Result<Ibft, Problem> {
    let signature = bytes.first_chunk::<4>().and_then(|signature| std::str::from_utf8(signature).ok());
    if !signature.is_some_and(|signature| SIGNATURES.contains(&signature)) {
        return Err(Problem::new(source, "is not an iBFT: its signature is neither iBFT nor IBFT nor BIFT"));
    }
    let mut reader = Reader { table: bytes, ibft: Ibft { source: source.to_owned(), ..Ibft::default() } };
    reader.read_table();
    Ok(reader.ibft)
}

/// Decodes an 8-byte LUN (SAM-5, section 4.7): a single level in peripheral (bus 0) or flat
/// addressing gives its number, anything else the 64 bits as they stand.
pub(crate) fn lun_number(lun: [u8; 8]) -> u64 {
    single_level(lun).map_or(u64::from_be_bytes(lun), u64::from)
}

/// The number of a LUN of a single level; `None` when it is of another form.
pub(crate) fn single_level(lun: [u8; 8]) -> Option<u16> {
    match lun {
        [first @ (0 | 0x40..=0x7f), second, 0, 0, 0, 0, 0, 0] => Some(u16::from_be_bytes([first & 0x3f, second])),
        _ => None,
    }
}

struct Reader<'a> {
    table: &'a [u8],
    ibft: Ibft,
}

impl<'a> Reader<'a> {
    fn fault(&mut self, offset: usize, what: impl Into<String>) {
        let place = format!("{}+{offset:#x}", self.ibft.source);
        self.ibft.faults.push(Problem::new(place, what));
    }

    fn read_table(&mut self) {
        let Some(length) = u32_at(self.table, 4) else {
            return self.fault(0, "the table ends inside its ACPI header");
        };
        self.ibft.length = length;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        match self.table.get(..length) {
            Some(table) => {
                self.table = table;
                if table.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)) != 0 {
                    self.fault(9, "the checksum is wrong: the bytes do not add up to 0");
                }
            }
            None => {
                let there = self.table.len();
                self.fault(4, format!("the table states a length of {length} bytes, but has only {there}"));
            }
        }
        if self.table.len() < CONTROL {
            return self.fault(0, "the table ends before its control structure");
        }
        match self.table.get(8) {
            Some(1) | None => {}
            Some(revision) => self.fault(8, format!("revision {revision}: Linux reads only revision 1")),
        }
        self.ibft.oem_id = text(self.table.get(10..16).unwrap_or_default());
        self.ibft.oem_table_id = text(self.table.get(16..24).unwrap_or_default());
        self.read_control();
    }

    fn read_control(&mut self) {
        let Some((id, length)) = self.header(CONTROL) else { return };
        if id != ID_CONTROL {
            return self.fault(CONTROL, format!("found structure {id}, expected the control structure"));
        }
        if length < CONTROL_LENGTH {
            self.fault(
                CONTROL + 2,
                format!(
                    "the control structure has {length} bytes; Linux requires at least {CONTROL_LENGTH} (two NICs and two \
                     targets)"
                ),
            );
        }
        // After the header and the offset of the extensions, which nothing reads.
        let offsets = self.table.get(CONTROL + HEADER + 2..).unwrap_or_default();
        let offsets = offsets.get(..length.saturating_sub(HEADER + 2)).unwrap_or(offsets);
        let (offsets, _) = offsets.as_chunks::<2>();
        let mut seen = Vec::new();
        for (number, offset) in offsets.iter().take(MOST_STRUCTURES).enumerate() {
            let offset = usize::from(u16::from_le_bytes(*offset));
            if offset == 0 {
                continue;
            }
            if seen.contains(&offset) {
                self.fault(CONTROL + HEADER + 2 + number * 2, format!("points at {offset:#x} a second time"));
                continue;
            }
            seen.push(offset);
            self.read_structure(offset);
        }
    }

    /// The id and length of the structure at an offset.
    fn header(&mut self, offset: usize) -> Option<(u8, usize)> {
        let header = self.table.get(offset..).and_then(<[u8]>::first_chunk::<HEADER>);
        match header {
            Some([id, _version, low, high, _index, _flags]) => {
                Some((*id, usize::from(u16::from_le_bytes([*low, *high]))))
            }
            None => {
                self.fault(offset, "a structure is outside the table");
                None
            }
        }
    }

    fn read_structure(&mut self, offset: usize) {
        let Some((id, length)) = self.header(offset) else { return };
        let (name, expected) = match id {
            ID_INITIATOR => ("initiator", INITIATOR_LENGTH),
            ID_NIC => ("NIC", NIC_LENGTH),
            ID_TARGET => ("target", TARGET_LENGTH),
            ID_EXTENSIONS => return,
            id => return self.fault(offset, format!("a structure has the unknown id {id}")),
        };
        if length != expected {
            self.fault(offset + 2, format!("the {name} structure has {length} bytes; Linux accepts only {expected}"));
        }
        let Some(bytes) = self.table.get(offset..offset + expected) else {
            return self.fault(offset, format!("the {name} structure extends beyond the end of the table"));
        };
        let structure = Structure { bytes, offset };
        match id {
            ID_INITIATOR => self.read_initiator(structure),
            ID_NIC => self.read_nic(structure),
            _ => self.read_target(structure),
        }
    }

    fn read_initiator(&mut self, structure: Structure<'a>) {
        let name = self.string(structure, 70, "the initiator's name");
        if self.ibft.initiator.is_some() {
            return self.fault(structure.offset, "a second initiator structure");
        }
        self.ibft.initiator = Some(IbftInitiator { flags: structure.u8(5), name });
    }

    fn read_nic(&mut self, structure: Structure<'a>) {
        let hostname = self.string(structure, 98, "the host name");
        let prefix_len = structure.u8(22);
        let ip = structure.ip(6);
        if prefix_len > if ip.is_some_and(|ip| ip.is_ipv4()) { 32 } else { 128 } {
            self.fault(structure.offset + 22, format!("a prefix length of {prefix_len}"));
        }
        self.ibft.nics.push(IbftNic {
            index: structure.u8(4),
            flags: structure.u8(5),
            ip,
            prefix_len,
            origin: structure.u8(23),
            gateway: structure.ip(24),
            dns: [40, 56].into_iter().filter_map(|at| structure.ip(at)).collect(),
            dhcp: structure.ip(72),
            vlan: structure.u16(88),
            mac: structure.mac(90),
            pci_bdf: Some(structure.u16(96)).filter(|&bdf| bdf != 0),
            hostname,
        });
    }

    fn read_target(&mut self, structure: Structure<'a>) {
        let name = self.string(structure, 34, "the target's name");
        let chap_name_present = self.present(structure, 38, "the CHAP name");
        let chap_secret_present = self.present(structure, 42, "the CHAP secret");
        let reverse_chap_secret_present = self.present(structure, 50, "the reverse CHAP secret");
        self.ibft.targets.push(IbftTarget {
            index: structure.u8(4),
            flags: structure.u8(5),
            ip: structure.ip(6),
            port: structure.u16(22),
            lun: Lun::Number(lun_number(structure.array(24))),
            name,
            chap_type: structure.u8(32),
            nic_assoc: structure.u8(33),
            chap_name_present,
            chap_secret_present,
            reverse_chap_secret_present,
        });
    }

    /// The bytes that a length and an offset at `at` point to; empty when there are none.
    fn pointed(&mut self, structure: Structure<'a>, at: usize, what: &str) -> &'a [u8] {
        let (length, offset) = (usize::from(structure.u16(at)), usize::from(structure.u16(at + 2)));
        if length == 0 || offset == 0 {
            return &[];
        }
        self.table.get(offset..offset + length).unwrap_or_else(|| {
            self.fault(structure.offset + at, format!("{what} is outside the table, at {offset:#x}"));
            &[]
        })
    }

    fn string(&mut self, structure: Structure<'a>, at: usize, what: &str) -> Option<String> {
        Some(text(self.pointed(structure, at, what))).filter(|text| !text.is_empty())
    }

    fn present(&mut self, structure: Structure<'a>, at: usize, what: &str) -> bool {
        !self.pointed(structure, at, what).is_empty()
    }
}

/// A structure that lies in the table whole. Every field is asked for at an offset below the
/// structure's length, so the zeros that stand for what is missing are never seen.
#[derive(Clone, Copy)]
struct Structure<'a> {
    bytes: &'a [u8],
    /// Where it begins in the table.
    offset: usize,
}

impl Structure<'_> {
    fn array<const N: usize>(&self, at: usize) -> [u8; N] {
        self.bytes.get(at..).and_then(<[u8]>::first_chunk).copied().unwrap_or([0; N])
    }

    fn u8(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or_default()
    }

    fn u16(&self, at: usize) -> u16 {
        u16::from_le_bytes(self.array(at))
    }

    /// An address; all zeros and the IPv4-mapped 0.0.0.0 stand for none.
    fn ip(&self, at: usize) -> Option<IpAddr> {
        let ip = IpAddr::V6(Ipv6Addr::from(self.array::<16>(at))).to_canonical();
        (!ip.is_unspecified()).then_some(ip)
    }

    fn mac(&self, at: usize) -> String {
        self.array::<6>(at).iter().map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().join(":")
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_le_bytes)
}

/// Text up to the first NUL, without spaces at its end, and fit for a terminal.
fn text(bytes: &[u8]) -> String {
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    let text = String::from_utf8_lossy(bytes);
    text.trim_end().chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}
