//! Logical volumes of LVM2 that lie on physical volumes as they are, one behind the other or in stripes.

use super::{Blocks, DiskError, Result};
use crate::formats::storage::lvm::Layout;
use std::sync::Arc;

/// The most segments of one volume: a usual one has a few.
const SEGMENTS: usize = 10_000;

/// A logical volume.
#[derive(Debug)]
pub(crate) struct LogicalVolume {
    size: u64,
    /// In the order of the volume, without a gap.
    segments: Vec<Piece>,
}

/// A segment.
#[derive(Debug)]
struct Piece {
    /// Where it begins in the volume, in bytes.
    start: u64,
    /// Bytes.
    length: u64,
    /// Bytes of a stripe, where there are several.
    stripe_size: u64,
    /// Physical volume, and where on it the stripes begin, in bytes.
    stripes: Vec<(Arc<dyn Blocks>, u64)>,
}

impl LogicalVolume {
    /// The volume of this name, over the group's physical volumes that are there: by UUID.
    ///
    /// # Errors
    /// When there is no such volume, a physical volume is not there, or its segments are of another kind.
    pub(crate) fn new(layout: &Layout, name: &str, physical: &dyn Fn(&str) -> Option<Arc<dyn Blocks>>) -> Result<Self> {
        let damaged = |what: &str| DiskError::damaged(format!("the metadata of the volume {name}"), what);
        let volume = layout.volumes.get(name).filter(|volume| !volume.segments.is_empty());
        let segments = &volume.ok_or_else(|| damaged("it has no segments"))?.segments;
        if segments.len() > SEGMENTS {
            return Err(damaged("it has more than 10000 segments"));
        }
        let bytes = |extents: u64| {
            extents.checked_mul(layout.extent_size).ok_or_else(|| damaged("its extents are out of all bounds"))
        };
        let mut pieces = Vec::new();
        let mut size: u64 = 0;
        for segment in segments {
            if !segment.is_striped() {
                return Err(DiskError::Unsupported(format!("the volume {name} is of type {}", segment.kind)));
            }
            let (start, length) = (bytes(segment.first)?, bytes(segment.count)?);
            if start != size || length == 0 {
                return Err(damaged("its segments leave a gap or overlap"));
            }
            let count = segment.stripes.len() as u64;
            if count == 0 || (count > 1 && (segment.stripe_size == 0 || length % (segment.stripe_size * count) != 0)) {
                return Err(damaged("its stripes do not fill it"));
            }
            let mut stripes = Vec::new();
            for (alias, extent) in &segment.stripes {
                let known = layout.physical.get(alias).ok_or_else(|| damaged("it lies on a volume that is none"))?;
                let device = physical(&known.uuid).ok_or_else(|| {
                    DiskError::Read(format!(
                        "the physical volume {}, which {name} lies on, is not on this disk",
                        known.uuid
                    ))
                })?;
                let place = bytes(*extent)?.checked_add(known.start);
                let end = place.and_then(|place| place.checked_add(length / count));
                if end.is_none_or(|end| end > device.size()) {
                    return Err(damaged("it reaches behind the end of its physical volume"));
                }
                stripes.push((device, place.unwrap_or_default()));
            }
            size = size.checked_add(length).ok_or_else(|| damaged("its extents are out of all bounds"))?;
            pieces.push(Piece { start, length, stripe_size: segment.stripe_size, stripes });
        }
        Ok(Self { size, segments: pieces })
    }
}

impl Piece {
    /// Where a byte of the segment lies, and how many more lie behind it in one run.
    fn place(&self, within: u64) -> Option<(&Arc<dyn Blocks>, u64, u64)> {
        let count = self.stripes.len() as u64;
        if count <= 1 {
            let (device, start) = self.stripes.first()?;
            return Some((device, start.checked_add(within)?, self.length.checked_sub(within)?));
        }
        let (chunk, rest) = (within / self.stripe_size, within % self.stripe_size);
        let (device, start) = self.stripes.get(usize::try_from(chunk % count).ok()?)?;
        let place = (chunk / count).checked_mul(self.stripe_size)?.checked_add(rest)?;
        Some((device, start.checked_add(place)?, self.stripe_size.checked_sub(rest)?))
    }
}

impl Blocks for LogicalVolume {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        let outside = || DiskError::Read(format!("byte {offset} lies behind the end"));
        let mut at = offset;
        let mut rest = buffer;
        while !rest.is_empty() {
            let index = self.segments.partition_point(|segment| segment.start <= at).checked_sub(1);
            let segment = index.and_then(|index| self.segments.get(index)).ok_or_else(outside)?;
            let within = at.checked_sub(segment.start).filter(|within| *within < segment.length).ok_or_else(outside)?;
            let (device, place, run) = segment.place(within).ok_or_else(outside)?;
            let length = usize::try_from(run).unwrap_or(usize::MAX).min(rest.len());
            if length == 0 {
                return Err(outside());
            }
            let (now, later) = rest.split_at_mut(length);
            device.read_at(place, now)?;
            (at, rest) = (at.saturating_add(length as u64), later);
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::formats::storage::lvm::layout;
    use proptest::prelude::*;

    /// Extents of one sector; `segments` is the text of the volume's.
    fn text(segments: &str) -> String {
        format!(
            "vg {{\nextent_size = 1\nphysical_volumes {{\npv0 {{\nid = \"a\"\npe_start = 1\n}}\npv1 {{\nid = \"b\"\n\
             pe_start = 2\n}}\n}}\nlogical_volumes {{\nroot {{\n{segments}}}\n}}\n}}\n"
        )
    }

    fn segment(first: u64, count: u64, rest: &str) -> String {
        format!("segment{} {{\nstart_extent = {first}\nextent_count = {count}\n{rest}}}\n", first + 1)
    }

    /// Every sector says which device it is of, and which one it is.
    fn device(name: u8) -> Arc<dyn Blocks> {
        Arc::new((0..12u8).flat_map(|sector| [name, sector].repeat(256)).collect::<Vec<u8>>())
    }

    fn opened(segments: &str, has_b: bool) -> Result<LogicalVolume> {
        LogicalVolume::new(&layout(&text(segments)).unwrap(), "root", &|uuid| match uuid {
            "a" => Some(device(1)),
            "b" if has_b => Some(device(2)),
            _ => None,
        })
    }

    fn sectors(volume: &LogicalVolume) -> Vec<(u8, u8)> {
        let mut bytes = vec![0; usize::try_from(volume.size()).unwrap()];
        volume.read_at(0, &mut bytes).unwrap();
        bytes.chunks(512).map(|sector| (sector[0], sector[1])).collect()
    }

    #[test]
    fn segments_follow_each_other() {
        let linear = |at: &str| format!("type = \"striped\"\nstripes = [ {at} ]\n");
        let text = segment(0, 2, &linear("\"pv0\", 3")) + &segment(2, 1, &linear("\"pv1\", 0"));
        assert_eq!(sectors(&opened(&text, true).unwrap()), [(1, 4), (1, 5), (2, 2)]);
        assert!(opened(&text, false).unwrap_err().to_string().contains("physical volume b, which root lies on"));
    }

    #[test]
    fn stripes_take_turns() {
        let text = "type = \"striped\"\nstripe_size = 1\nstripes = [ \"pv0\", 0, \"pv1\", 4 ]\n";
        let volume = opened(&segment(0, 4, text), true).unwrap();
        assert_eq!(sectors(&volume), [(1, 1), (2, 6), (1, 2), (2, 7)]);
    }

    #[test]
    fn other_kinds_are_named() {
        let error = opened(&segment(0, 4, "type = \"thin\"\nthin_pool = \"pool\"\n"), true).unwrap_err();
        assert_eq!(error.to_string(), "the volume root is of type thin, which isctpl does not read");
    }

    #[test]
    fn what_reaches_out_of_its_volume_is_refused() {
        let linear = |at: &str| format!("type = \"striped\"\nstripes = [ {at} ]\n");
        for text in [
            segment(0, 12, &linear("\"pv0\", 0")),
            segment(0, 1, &linear("\"pv0\", 18446744073709551615")),
            segment(1, 1, &linear("\"pv0\", 0")),
            segment(0, 1, &linear("\"pv9\", 0")),
            segment(0, 3, "type = \"striped\"\nstripe_size = 1\nstripes = [ \"pv0\", 0, \"pv1\", 0 ]\n"),
            segment(0, 2, "type = \"striped\"\nstripes = [ \"pv0\", 0, \"pv1\", 0 ]\n"),
        ] {
            assert!(matches!(opened(&text, true), Err(DiskError::Damaged { .. })), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_piece_is_a_piece_of_the_whole(offset in 0u64..2048, length in 0usize..2048) {
            let text = "type = \"striped\"\nstripe_size = 1\nstripes = [ \"pv0\", 0, \"pv1\", 4 ]\n";
            let volume = opened(&segment(0, 4, text), true).unwrap();
            let mut whole = vec![0; 2048];
            volume.read_at(0, &mut whole).unwrap();
            let mut piece = vec![0; length];
            let start = usize::try_from(offset).unwrap();
            match whole.get(start..start + length) {
                Some(expected) => {
                    volume.read_at(offset, &mut piece).unwrap();
                    prop_assert_eq!(piece, expected);
                }
                None => prop_assert!(volume.read_at(offset, &mut piece).is_err()),
            }
        }
    }
}
