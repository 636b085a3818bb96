#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use super::index::hash;
use super::shortform;
use crate::formats::disk::InodeKind;
use crate::formats::disk::xfs::view::{Place, View};
use std::ops::ControlFlow;

/// So many names, up to 4096, that have the same hash: the first four bytes go into it shifted by four bits against the
/// last four, and so each bit that changes there is taken back here.
pub(in crate::formats::disk::xfs) fn same_hash(count: u16) -> Vec<Vec<u8>> {
    let name = |number: u16| {
        let [a, b, c] = [0, 4, 8].map(|shift| (number >> shift) as u8 & 0xF);
        vec![0x70 | a, 0x70 | b, 0x70 | c, b'd', b'z', 6 | (a << 3), 6 | (b << 3), 6 | (c << 3)]
    };
    let names: Vec<_> = (0..count).map(name).collect();
    assert!(names.iter().all(|name| hash(name) == hash(&names[0])));
    names
}

#[test]
fn hashes_of_the_kernel() {
    // From xfs_db's `hash`.
    for (name, wanted) in [("a", 0x61), ("etc", 0x19_7a63), ("passwd", 0x1e7c_f862), ("lost+found", 0x21a_a60c)] {
        assert_eq!(hash(name.as_bytes()), wanted, "{name}");
    }
}

/// Numbers of inodes above 2^32 take eight bytes each, of all entries.
#[test]
fn wide_numbers_in_an_inode() {
    let mut bytes = vec![2, 1];
    bytes.extend(5_u64.to_be_bytes());
    for (name, kind, inode) in [("one", 1, 7_u64), ("two", 2, 0x1_0000_0001)] {
        bytes.extend([name.len() as u8, 0, 0x60]);
        bytes.extend(name.bytes());
        bytes.push(kind);
        bytes.extend(inode.to_be_bytes());
    }
    let view = View::new(&bytes, Place::Inode(5));
    assert_eq!(shortform::lookup(view, true, b"one").unwrap(), Some(7));
    assert_eq!(shortform::lookup(view, true, b"two").unwrap(), Some(0x1_0000_0001));
    assert_eq!(shortform::lookup(view, true, b"three").unwrap(), None);
    let mut kinds = Vec::new();
    shortform::list(view, true, &mut |entry| {
        kinds.push(entry.kind);
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(kinds, [Some(InodeKind::File), Some(InodeKind::Directory)]);
}
