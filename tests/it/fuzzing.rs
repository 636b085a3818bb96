//! What the fuzzer begins with is what the fixtures are.

use crate::support::image;
use crate::support::tree::Tree;
use std::fs;
use std::path::Path;

/// With `ISCTPL_UPDATE=1` it is written anew.
#[test]
fn the_fuzzed_machine_is_that_of_the_fixtures() {
    let archive = image::archive(&Tree::load("machines/initramfs-tools.tree"));
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/machine/files.cpio.zst");
    if std::env::var_os("ISCTPL_UPDATE").is_some() {
        fs::write(&kept, zstd::encode_all(archive.as_slice(), 19).unwrap()).unwrap();
    }
    let unpacked = zstd::decode_all(fs::File::open(&kept).unwrap()).unwrap();
    assert!(unpacked == archive, "write it anew: ISCTPL_UPDATE=1 cargo test --test it fuzzed_machine");
}
