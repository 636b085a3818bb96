//! Where the logical volumes of a group lie on its physical volumes, of the same text as [`super::metadata`].

use super::tree::{Node, Value, parse};
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of a sector: the text counts in those, and in extents of so many.
pub(crate) const SECTOR: u64 = 512;

/// The type of segments that lie on physical volumes as they are, on one or in stripes over several.
const STRIPED: &str = "striped";

/// Where the volumes of a group lie.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    /// UUID of the group, with dashes.
    pub(crate) uuid: String,
    /// Bytes of an extent.
    pub(crate) extent_size: u64,
    /// Physical volumes, by the name that segments call them.
    pub(crate) physical: BTreeMap<String, PhysicalVolume>,
    /// Logical volumes, hidden ones included, by name.
    pub(crate) volumes: BTreeMap<String, LogicalVolume>,
}

/// A logical volume.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LogicalVolume {
    /// UUID, with dashes.
    pub(crate) uuid: String,
    /// Its segments, in order.
    pub(crate) segments: Vec<Segment>,
}

impl Layout {
    /// The UUID that device-mapper knows a volume by (`build_dm_uuid` in `lib/activate/dev_manager.c`).
    pub(crate) fn dm_uuid(&self, volume: &str) -> String {
        let own = self.volumes.get(volume).map(|volume| volume.uuid.as_str()).unwrap_or_default();
        format!("LVM-{}{}", self.uuid.replace('-', ""), own.replace('-', ""))
    }

    /// UUIDs of the physical volumes that a volume lies on by itself, each once.
    pub(crate) fn physical_volumes(&self, volume: &str) -> BTreeSet<&str> {
        let segments = self.volumes.get(volume).into_iter().flat_map(|volume| &volume.segments);
        let names = segments.flat_map(|segment| &segment.stripes);
        names.filter_map(|(name, _)| self.physical.get(name)).map(|physical| physical.uuid.as_str()).collect()
    }
}

/// A physical volume.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PhysicalVolume {
    /// UUID, with dashes.
    pub(crate) uuid: String,
    /// Where its first extent begins, in bytes.
    pub(crate) start: u64,
}

/// A run of a logical volume's extents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Segment {
    /// Its first extent in the volume.
    pub(crate) first: u64,
    /// Extents.
    pub(crate) count: u64,
    /// Type, such as `striped` or `thin`.
    pub(crate) kind: String,
    /// Bytes of one stripe; 0 where there is only one.
    pub(crate) stripe_size: u64,
    /// Physical volume and its first extent, for each stripe.
    pub(crate) stripes: Vec<(String, u64)>,
}

impl Segment {
    /// Whether its extents lie on physical volumes as they are.
    pub(crate) fn is_striped(&self) -> bool {
        self.kind == STRIPED
    }
}

/// Reads where the volumes lie; `None` where the text describes no group, or breaks off.
pub(crate) fn layout(text: &str) -> Option<Layout> {
    let (nodes, trouble) = parse(text, "");
    if trouble.is_some() {
        return None;
    }
    let mut layout = Layout::default();
    let mut segments: BTreeMap<(String, String), Segment> = BTreeMap::new();
    for node in &nodes {
        let path: Vec<&str> = node.path().collect();
        match path.as_slice() {
            [_, "id"] => layout.uuid = word(node)?,
            [_, "extent_size"] => layout.extent_size = number(node)?.checked_mul(SECTOR)?,
            [_, "physical_volumes", name, "id"] => physical(&mut layout, name).uuid = word(node)?,
            [_, "physical_volumes", name, "pe_start"] => {
                physical(&mut layout, name).start = number(node)?.checked_mul(SECTOR)?;
            }
            [_, "logical_volumes", name, "id"] => volume(&mut layout, name).uuid = word(node)?,
            [_, "logical_volumes", name, segment, key] => {
                let segment = segments.entry(((*name).to_owned(), (*segment).to_owned())).or_default();
                match *key {
                    "start_extent" => segment.first = number(node)?,
                    "extent_count" => segment.count = number(node)?,
                    "type" => segment.kind = word(node)?,
                    "stripe_size" => segment.stripe_size = number(node)?.checked_mul(SECTOR)?,
                    "stripes" => segment.stripes = stripes(&node.values)?,
                    _ => {}
                }
            }
            _ => {}
        }
    }
    for ((name, _), segment) in segments {
        volume(&mut layout, &name).segments.push(segment);
    }
    layout.volumes.values_mut().for_each(|volume| volume.segments.sort_by_key(|segment| segment.first));
    (layout.extent_size > 0).then_some(layout)
}

fn physical<'a>(layout: &'a mut Layout, name: &str) -> &'a mut PhysicalVolume {
    layout.physical.entry(name.to_owned()).or_default()
}

fn volume<'a>(layout: &'a mut Layout, name: &str) -> &'a mut LogicalVolume {
    layout.volumes.entry(name.to_owned()).or_default()
}

fn word(node: &Node) -> Option<String> {
    node.values.first().map(|value| value.as_str().to_owned())
}

fn number(node: &Node) -> Option<u64> {
    node.values.first()?.as_str().parse().ok()
}

/// `[ "pv0", 0, "pv1", 0 ]`.
fn stripes(values: &[Value]) -> Option<Vec<(String, u64)>> {
    let pair = |pair: &[Value]| match pair {
        [name, extent] => Some((name.as_str().to_owned(), extent.as_str().parse().ok()?)),
        _ => None,
    };
    values.chunks(2).map(pair).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const TEXT: &str = "vg0 {\nid = \"x\"\nseqno = 3\nextent_size = 8192\nphysical_volumes {\npv0 {\nid = \"a-b\"\n\
                        device = \"/dev/sda3\"\npe_start = 2048\npe_count = 99\n}\n}\nlogical_volumes {\nroot {\n\
                        id = \"c-d\"\nstatus = [\"READ\", \"VISIBLE\"]\nsegment_count = 2\nsegment2 {\nstart_extent = 10\n\
                        extent_count = 5\ntype = \"striped\"\nstripe_count = 2\nstripe_size = 128\n\
                        stripes = [\n\"pv0\", 40,\n\"pv1\", 7\n]\n}\nsegment1 {\nstart_extent = 0\nextent_count = 10\n\
                        type = \"striped\"\nstripe_count = 1\nstripes = [\n\"pv0\", 0\n]\n}\n}\n}\n}\n";

    #[test]
    fn segments_are_in_the_order_of_the_volume() {
        let layout = layout(TEXT).unwrap();
        assert_eq!(layout.extent_size, 4 << 20);
        assert_eq!(layout.physical["pv0"], PhysicalVolume { uuid: "a-b".to_owned(), start: 1 << 20 });
        let [one, two] = layout.volumes["root"].segments.as_slice() else { panic!() };
        assert_eq!((one.first, one.count, one.stripes.as_slice()), (0, 10, &[("pv0".to_owned(), 0)][..]));
        assert_eq!((two.first, two.stripe_size, two.stripes.len()), (10, 65536, 2));
        assert!(one.is_striped());
        assert_eq!(layout.dm_uuid("root"), "LVM-xcd");
        assert_eq!(layout.physical_volumes("root").into_iter().collect::<Vec<_>>(), ["a-b"]);
    }

    #[test]
    fn what_breaks_off_gives_no_layout() {
        for end in 0..TEXT.len() - 2 {
            assert_eq!(layout(&TEXT[..end]), None, "{end}");
        }
    }

    #[test]
    fn numbers_that_are_none_give_no_layout() {
        for (from, to) in [("8192", "x"), ("8192", "99999999999999999999"), ("\"pv0\", 0", "\"pv0\", \"y\"")] {
            assert_eq!(layout(&TEXT.replace(from, to)), None, "{to}");
        }
    }
}
