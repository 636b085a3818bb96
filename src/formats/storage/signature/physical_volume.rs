//! The label of an LVM2 physical volume and where its group's metadata lies (`lib/format_text/layout.h`).

use super::bytes::{has, slice, u32_at, u64_at};

const SECTOR: usize = 512;
/// `FMTT_MAGIC`.
const AREA_MAGIC: &[u8] = b" LVM2 x[5A%r0N*>";
/// The header of a metadata area takes its first sector; the text never wraps into it.
const AREA_HEADER: u64 = 512;
/// `RAW_LOCN_IGNORED`.
const IGNORED: u32 = 1;

/// A stretch of a device, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Area {
    /// Where it begins.
    pub offset: u64,
    /// How long it is.
    pub size: u64,
}

/// A physical volume's label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PvLabel {
    /// UUID, with dashes as LVM writes it.
    pub uuid: String,
    /// Where metadata areas lie; none when the volume carries no metadata.
    pub metadata: Vec<Area>,
}

/// Finds the label: it lies in one of the first four sectors.
pub(crate) fn pv_label(head: &[u8]) -> Option<PvLabel> {
    (0..4).find_map(|sector| label_in(slice(head, sector * SECTOR, SECTOR)?))
}

fn label_in(sector: &[u8]) -> Option<PvLabel> {
    if !has(sector, 0, b"LABELONE") || !has(sector, 24, b"LVM2 001") {
        return None;
    }
    let header = usize::try_from(u32_at(sector, 20)?).ok()?;
    let uuid = dashed(slice(sector, header, 32)?)?;
    // Two lists follow the UUID and the device's size, each ended by an empty entry: data areas, metadata areas.
    let mut at = header.checked_add(40)?;
    areas(sector, &mut at);
    let metadata = areas(sector, &mut at);
    Some(PvLabel { uuid, metadata })
}

/// Reads a list of areas; a sector bounds its length.
fn areas(sector: &[u8], at: &mut usize) -> Vec<Area> {
    let mut areas = Vec::new();
    while let (Some(offset), Some(size)) = (u64_at(sector, *at), u64_at(sector, at.saturating_add(8))) {
        *at = at.saturating_add(16);
        if offset == 0 {
            break;
        }
        areas.push(Area { offset, size });
    }
    areas
}

/// LVM groups the 32 characters of a UUID as 6-4-4-4-4-4-6.
fn dashed(raw: &[u8]) -> Option<String> {
    if !raw.iter().all(u8::is_ascii_alphanumeric) {
        return None;
    }
    let text = std::str::from_utf8(raw).ok()?;
    let mut groups = Vec::new();
    let mut rest = text;
    for length in [6, 4, 4, 4, 4, 4, 6] {
        let (group, left) = rest.split_at_checked(length)?;
        groups.push(group);
        rest = left;
    }
    Some(groups.join("-"))
}

/// Where the current text of a metadata area lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MetadataArea {
    area: Area,
    text: Area,
    /// Of the text.
    checksum: u32,
}

/// Reads the header of a metadata area; `None` when there is none or it holds no text in use.
pub(crate) fn metadata_area(header: &[u8], area: Area) -> Option<MetadataArea> {
    if !has(header, 4, AREA_MAGIC) || u32_at(header, 20)? != 1 {
        return None;
    }
    // The header repeats where it lies; another place means that it is a copy of something else.
    if u64_at(header, 24)? != area.offset {
        return None;
    }
    let size = u64_at(header, 32)?;
    let text = Area { offset: u64_at(header, 40)?, size: u64_at(header, 48)? };
    let unused = text.offset == 0 || text.size == 0 || u32_at(header, 60)? & IGNORED != 0;
    let fits = text.offset >= AREA_HEADER && text.offset < size && text.size <= size.checked_sub(AREA_HEADER)?;
    let checksum = u32_at(header, 56)?;
    (!unused && fits).then_some(MetadataArea { area: Area { offset: area.offset, size }, text, checksum })
}

/// LVM's CRC-32 (`calc_crc` in `lib/misc/crc.c`): the usual polynomial with a beginning of its own, and without the
/// inversion at the end.
pub(super) fn checksum(bytes: &[u8]) -> u32 {
    const INITIAL: u32 = 0xf597_a6cf;
    const POLYNOMIAL: u32 = 0xedb8_8320;
    bytes.iter().fold(INITIAL, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ POLYNOMIAL } else { crc >> 1 })
    })
}

impl MetadataArea {
    /// Whether a text is the one that the header means.
    pub(crate) fn is_sound(&self, text: &[u8]) -> bool {
        checksum(text) == self.checksum
    }

    /// The text's pieces on the device: two when it wraps at the end of the ring to behind the header.
    pub(crate) fn pieces(&self) -> Vec<Area> {
        let start = self.area.offset.saturating_add(self.text.offset);
        let until_end = self.area.size.saturating_sub(self.text.offset);
        if self.text.size <= until_end {
            return vec![Area { offset: start, size: self.text.size }];
        }
        vec![
            Area { offset: start, size: until_end },
            Area { offset: self.area.offset.saturating_add(AREA_HEADER), size: self.text.size - until_end },
        ]
    }
}
