//! Directories with an index: all hashes, names of one hash, and indexes that are wrong.

use super::tools::{Image, disk, run};
use super::walk;
use crate::formats::disk::Filesystem as _;
use crate::formats::disk::ext::{Ext, open};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use tempfile::TempDir;

/// The hashes, and whether characters are signed in them: 1 for that, 2 for unsigned, 0 where it is not told.
const HASHES: [(&str, u8); 7] =
    [("legacy", 1), ("legacy", 2), ("half_md4", 1), ("half_md4", 2), ("tea", 1), ("tea", 2), ("half_md4", 0)];

/// What makes the hash `legacy` the same when it follows 240 times `n`.
const SAME_HASH: [&str; 14] = [
    "000000", "dTYVca", "eb2bkD", "hjcguq", "qWnGsC", "tnbGi3", "wXxtAF", "w6w5uQ", "xDPBVM", "xM9P0U", "xQmj2A",
    "yw284J", "yZncgD", "zV9UQS",
];

/// Links to one file by these names.
fn source(names: impl Iterator<Item = String>) -> TempDir {
    let source = TempDir::new().unwrap();
    fs::write(source.path().join("file"), "content").unwrap();
    names.for_each(|name| fs::hard_link(source.path().join("file"), source.path().join(name)).unwrap());
    source
}

/// An image of blocks of 1 KiB with an index of this hash.
fn indexed(source: &Path, kind: &str, hash: &str, flags: u8) -> Image {
    let image = Image::make(&["-t", kind, "-b", "1024", "-O", "^metadata_csum"], Some(source), "8M");
    set_hash(&image, hash, flags);
    image
}

fn set_hash(image: &Image, hash: &str, flags: u8) {
    run(Command::new("tune2fs").args(["-E", &format!("hash_alg={hash}")]).arg(&image.path), &[0]);
    image.debugfs(format!("ssv flags {flags}\n").as_bytes());
    image.index_directories();
}

#[test]
fn thousands_of_names_are_found_by_every_hash() {
    // Some with bytes that count as negative where characters are signed.
    let name = |index: u32| match index % 3 {
        0 => format!("{index} {}", "\u{e9}".repeat((index % 50) as usize)),
        1 => format!("{}{index}", "long name ".repeat((index % 7) as usize)),
        _ => format!("{index:08x}"),
    };
    let source = source((0..2800).map(name));
    let wanted = walk::host(source.path());
    for (options, hashes) in [("-t ext4 -b 1024 -O large_dir", &HASHES[..]), ("-t ext3 -b 1024", &HASHES[5..])] {
        let options: Vec<_> = options.split(' ').collect();
        let image = Image::make(&options, Some(source.path()), "8M");
        for (hash, flags) in hashes {
            set_hash(&image, hash, *flags);
            let described = image.debugfs(b"htree_dump /\n");
            assert!(described.contains("Indirect levels: 1"), "{described}");
            walk::must_be_equal(&walk::read(&image.open()).unwrap(), &wanted);
        }
    }
}

/// Which blocks of the top directory are read when a name is looked up.
fn blocks_for(image: &Image, name: &str) -> usize {
    let counted = Arc::new(Counted { image: image.bytes(), read: Default::default() });
    let ext = open(disk(counted.clone())).unwrap();
    counted.read.lock().unwrap().clear();
    ext.lookup(ext.top(), name.as_bytes()).unwrap();
    counted.read.lock().unwrap().len()
}

/// Which places were read.
#[derive(Debug)]
struct Counted {
    image: Vec<u8>,
    read: std::sync::Mutex<BTreeSet<u64>>,
}

impl crate::formats::disk::Blocks for Counted {
    fn size(&self) -> u64 {
        self.image.size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> crate::formats::disk::Result<()> {
        self.read.lock().unwrap().insert(offset);
        self.image.read_at(offset, buffer)
    }
}

#[test]
fn few_blocks_are_read_for_a_name() {
    let source = source((0..2800).map(|index| format!("a name of some length {index}")));
    let image = indexed(source.path(), "ext4", "half_md4", 1);
    for name in ["a name of some length 7", "a name of some length 2799", "none of this name"] {
        // The descriptor of the group, the inode, the root of the index, a node where there are two levels, the names.
        let count = blocks_for(&image, name);
        assert!((4..=6).contains(&count), "{count}");
    }
}

#[test]
fn names_of_one_hash_are_found_over_several_blocks() {
    let long = |suffix: &str| "n".repeat(240) + suffix;
    let others = (0..40).map(|index| format!("{}{index}", "other".repeat(48)));
    let source = source(SAME_HASH.iter().map(|suffix| long(suffix)).chain(others));
    let image = indexed(source.path(), "ext4", "legacy", 1);
    let described = image.debugfs(b"htree_dump /\n");
    let chained = described.lines().filter(|line| line.starts_with("Entry #") && line.contains("(collision)")).count();
    let odd = described.lines().filter(|line| line.starts_with("Entry #") && odd_hash(line)).count();
    assert!(chained + odd >= 3, "{described}");
    walk::must_be_equal(&walk::read(&image.open()).unwrap(), &walk::host(source.path()));
}

/// Whether the entry of an index is for names that go on from the block before.
fn odd_hash(line: &str) -> bool {
    let hash = line.split("0x").nth(1).and_then(|rest| rest.split([' ', ',', ':']).next());
    hash.and_then(|hash| u32::from_str_radix(hash, 16).ok()).is_some_and(|hash| hash & 1 == 1)
}

#[test]
fn an_index_that_the_kernel_does_not_follow_is_not_followed() {
    let source = source((0..300).map(|index| format!("a name of some length {index}")));
    let wanted = walk::host(source.path());
    let image = indexed(source.path(), "ext4", "half_md4", 1);
    let bytes = image.bytes();
    let listed = image.debugfs(b"blocks /\n");
    let block = listed.lines().find(|line| line.starts_with(char::is_numeric)).unwrap();
    let root: usize = block.split_whitespace().next().unwrap().parse::<usize>().unwrap() * 1024;
    // The hash, the length of what tells of the tree, its levels, its flags, the number of entries.
    for (at, value) in [(28, 9), (29, 9), (30, 2), (31, 1), (34, 0), (35, 9)] {
        let mut changed = bytes.clone();
        assert_ne!(changed[root + at], value);
        changed[root + at] = value;
        let ext = open(disk(Arc::new(changed))).unwrap();
        walk::must_be_equal(&read_all(&ext), &wanted);
    }
    // An entry that leads to where the directory has no block.
    let mut changed = bytes;
    changed[root + 36..root + 40].copy_from_slice(&5000_u32.to_le_bytes());
    changed[root + 34] = 1;
    let ext = open(disk(Arc::new(changed))).unwrap();
    assert!(ext.lookup(ext.top(), b"file").unwrap_err().to_string().contains("missing"));
}

fn read_all(ext: &Ext) -> walk::Tree {
    walk::read(ext).unwrap()
}

/// An entry of a directory, `length` bytes long.
fn entry(inode: u32, name: &str, length: usize, kind: u8) -> Vec<u8> {
    let header = [&inode.to_le_bytes(), (length as u16).to_le_bytes().as_slice(), &[name.len() as u8, kind]].concat();
    let mut entry = [&header, name.as_bytes()].concat();
    entry.resize(length, 0);
    entry
}

/// The number of a file that debugfs has just written.
fn allocated(said: &str) -> u32 {
    said.lines().find_map(|line| line.strip_prefix("Allocated inode: ")).unwrap().parse().unwrap()
}

#[test]
fn an_index_of_three_levels_is_followed() {
    let image = Image::make(&["-t", "ext4", "-b", "1024", "-O", "large_dir,^metadata_csum,^has_journal"], None, "48M");
    let file = image.directory.path().join("file");
    fs::write(&file, "content").unwrap();
    let write = format!("write {} ", file.display());
    let target = allocated(&image.debugfs(format!("{write} target\n").as_bytes()));
    // A file becomes the directory, since tools need hours to make one of so many names; e2fsck gives it an index.
    let name = |index: usize| format!("{index}-{}", "n".repeat(230));
    let mut bytes = [entry(target + 1, ".", 12, 2), entry(2, "..", 1012, 2)].concat();
    for index in 0..4 * 17_000 {
        bytes.extend(entry(target, &name(index), if index % 4 == 3 { 1024 - 3 * 248 } else { 248 }, 1));
    }
    fs::write(&file, bytes).unwrap();
    let directory = allocated(&image.debugfs(format!("{write} large\n").as_bytes()));
    assert_eq!(directory, target + 1);
    image.debugfs(format!("sif <{directory}> mode 040755\nsif <{target}> links_count 65000\n").as_bytes());
    image.index_directories();
    let described = image.debugfs(b"htree_dump large\n");
    assert!(described.contains("Indirect levels: 2"), "{}", described.get(..500).unwrap());
    let ext = image.open();
    let large = walk::resolve(&ext, "large").unwrap().unwrap();
    for index in (0..4 * 17_000).step_by(9) {
        assert_eq!(ext.lookup(large, name(index).as_bytes()), Ok(Some(target.into())), "{index}");
        assert_eq!(ext.lookup(large, name(index + 100_000).as_bytes()), Ok(None));
    }
    // Without the feature, the kernel knows of two levels only, and reads it all.
    image.debugfs(b"feature ^large_dir\n");
    let ext = image.open();
    assert_eq!(ext.lookup(large, name(67_000).as_bytes()), Ok(Some(target.into())));
}
