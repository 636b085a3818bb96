//! What is refused, by its name.

use super::image::Image;
use super::tree::{Item, Tree};
use crate::formats::disk::{DiskError, Filesystem};

/// An image after these commands of xfs_db, each of which writes with the checksum that fits.
fn refusal(options: &[&str], commands: &[&str]) -> DiskError {
    let image = Image::new(16, options, &Tree::new());
    image.open().unwrap();
    image.db(commands);
    image.open().map(|xfs| panic!("{commands:?}: {xfs:?}")).unwrap_err()
}

fn unsupported(options: &[&str], command: &str, name: &str) {
    let refused = refusal(options, &["sb 0", command]);
    assert!(matches!(&refused, DiskError::Unsupported(why) if why.contains(name)), "{command}: {refused:?}");
}

#[test]
fn features_that_are_not_read() {
    unsupported(&[], "write -d features_incompat 0x1b", "NEEDSREPAIR");
    unsupported(&[], "write -d features_incompat 0x20b", "ZONED");
    unsupported(&[], "write -d features_incompat 0x60b", "ZONED, ZONE_GAPS");
    unsupported(&[], "write -d features_incompat 0x80000b", "bit 23");
    unsupported(&[], "write -d versionnum 0xf4a5", "ascii-ci");
    unsupported(&["-m", "crc=0"], "write -d versionnum 0xf4a4", "ascii-ci");
    unsupported(&["-m", "crc=0"], "write -d features2 0x1018a", "sb_features2");
    unsupported(&["-m", "crc=0"], "write -d versionnum 0xb4a3", "version 3");
    unsupported(&[], "write -d logstart 0", "another device");
}

#[test]
fn features_that_change_nothing_are_read() {
    let image = Image::new(16, &[], &Tree::new());
    for command in
        ["write -d features_ro_compat 0xff0d", "write -d features_compat 0xff", "write -d features_incompat 0x1cb"]
    {
        image.db(&["sb 0", command]);
        image.open().unwrap();
    }
}

/// What xfs_admin -U does: metadata keeps the UUID that it was written with.
#[test]
fn a_uuid_of_its_own_for_metadata() {
    let tree = Tree::from([(b"file".to_vec(), (0o644, 0, Item::File(b"content".to_vec())))]);
    let image = Image::new(16, &[], &tree);
    image.db(&["uuid 01234567-89ab-cdef-0123-456789abcdef"]);
    assert!(image.db(&["version"]).contains("META_UUID"));
    let xfs = image.open().unwrap();
    assert!(xfs.lookup(xfs.top(), b"file").unwrap().is_some());
}

#[test]
fn a_superblock_whose_checksum_does_not_fit_is_damaged() {
    let mut bytes = Image::new(16, &[], &Tree::new()).bytes();
    bytes[219] |= 0x10;
    let refused = super::image::open_bytes(bytes).unwrap_err();
    assert!(matches!(&refused, DiskError::Damaged { what, .. } if what.contains("checksum")), "{refused:?}");
}

#[test]
fn a_mkfs_that_did_not_finish_is_told() {
    assert!(matches!(refusal(&[], &["sb 0", "write -d inprogress 1"]), DiskError::Damaged { .. }));
}

#[test]
fn a_file_on_the_realtime_device_is_told() {
    let tree = Tree::from([(b"file".to_vec(), (0o644, 0, Item::File(b"content".to_vec())))]);
    let image = Image::new(16, &[], &tree);
    image.db(&["path /file", "write core.realtime 1"]);
    let xfs = image.open().unwrap();
    let file = xfs.lookup(xfs.top(), b"file").unwrap().unwrap();
    let refused = Filesystem::open(&xfs, file).unwrap_err();
    assert!(matches!(&refused, DiskError::Unsupported(why) if why.contains("realtime")), "{refused:?}");
}
