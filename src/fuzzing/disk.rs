//! Disks that are mounted nowhere: a small image, of which the input changes some bytes.

use super::target::{Target, text};
use crate::formats::disk::qcow2::foreign::foreign;
use crate::formats::disk::{
    Blocks, Disk, Filesystem, InodeKind, LogicalVolume, Patience, Structures, Window, btrfs, checksum, ext, fat,
    partitions, qcow2, xfs,
};
use crate::formats::storage::lvm;
use image::{Image, Patched};
use std::hint::black_box;
use std::ops::ControlFlow;
use std::sync::{Arc, LazyLock};

mod image;

/// A target whose input is patches: short.
const fn patches(name: &'static str, covers: &'static [&'static str], read: fn(&[u8])) -> Target {
    // The images are unpacked with the first input, and every piece that patience has may come with 16 KiB around it.
    Target::new(name, covers, read).most(2 << 10).timed().allocates(512 << 20, 0)
}

pub(super) const TARGETS: &[Target] = &[
    patches("disk-ext", EXT_FILES, |input| walk(&EXT, input, |disk| Some(Arc::new(ext::open(disk).ok()?)))),
    patches("disk-xfs", &["disk/xfs/"], |input| walk(&XFS, input, |disk| Some(Arc::new(xfs::open(disk).ok()?)))),
    patches("disk-fat", &["disk/fat/"], |input| walk(&FAT, input, |disk| Some(Arc::new(fat::open(disk).ok()?)))),
    patches("disk-btrfs", &["disk/btrfs/"], |input| {
        walk(&BTRFS, input, |disk| {
            let btrfs = btrfs::open(disk).ok()?;
            let subvolumes = btrfs.subvolumes();
            let last = subvolumes.ok().and_then(|all| all.last().map(|one| one.id));
            let number = btrfs.default_subvolume().ok().or(last)?;
            Some(Arc::new(btrfs.at(number).ok()?))
        });
    }),
    patches("disk-partitions", &["disk/partitions/", "disk/window.rs"], |input| {
        let disk = patched(&TABLES, input);
        if let Ok(Some(found)) = partitions::partitions(&*disk) {
            for partition in found {
                assert!(partition.start.checked_add(partition.size).is_some(), "a partition without an end");
                drop(black_box(Window::new(disk.clone(), partition.start, partition.size)));
            }
        }
    }),
    patches("disk-qcow2", &["disk/qcow2/"], |input| {
        let file = patched(&QCOW2, input);
        let mut head = [0; 512];
        black_box(file.read_at(0, &mut head).map(|()| foreign(&head)).ok());
        if let Ok(guest) = qcow2::open(file) {
            let mut buffer = vec![0; 16 << 10];
            for place in [0, 512, 65_000, 100_000, guest.size().saturating_sub(16 << 10), guest.size() / 2] {
                drop(black_box(guest.read_at(place, &mut buffer)));
            }
        }
    }),
    Target::new("logical-volume", &["disk/logical_volume.rs", "storage/lvm/segments.rs"], volume),
];

/// Every filesystem has what lies beside them below it.
const EXT_FILES: &[&str] = &[
    "disk/ext/",
    "disk/blocks.rs",
    "disk/checksum.rs",
    "disk/content.rs",
    "disk/error.rs",
    "disk/fields.rs",
    "disk/filesystem.rs",
    "disk/mod.rs",
    "disk/recent.rs",
    "disk/structures.rs",
];

macro_rules! images {
    ($($name:literal),*) => {
        LazyLock::new(|| vec![$(Image::unpack(include_bytes!(concat!("../../fixtures/disks/", $name, ".zst")))),*])
    };
}

type Images = LazyLock<Vec<Image>>;

static EXT: Images = images!("ext2", "ext4-plain", "ext4-journal", "ext4-sums");
static XFS: Images = images!("xfs-5", "xfs-4");
static FAT: Images = images!("fat-12", "fat-16", "fat-32");
static BTRFS: Images = images!("btrfs-sha256", "btrfs-xxhash", "btrfs-of-linux");
static TABLES: Images = images!("gpt", "dos");
static QCOW2: Images = images!("qcow2-deflate", "qcow2-zstd", "qcow2-plain", "qcow2-subclusters", "qcow2-old");

/// An image by the input's first byte, changed by the rest.
fn patched(images: &'static Images, input: &[u8]) -> Arc<Patched> {
    let (number, patches) = input.split_first().unwrap_or((&0, &[]));
    let image = images.get(usize::from(*number) % images.len().max(1));
    Arc::new(Patched::new(image.unwrap_or_else(|| panic!("there is no image")), patches))
}

/// How many bytes of structures may be read.
const PATIENCE: u64 = 1 << 20;

/// Opens a filesystem and reads what is in it. An input whose second byte is odd has its checksums verified; else they
/// count as right, whatever they are, so that what lies behind them is reached.
fn walk(images: &'static Images, input: &[u8], open: fn(Disk) -> Option<Arc<dyn Filesystem>>) {
    let (strict, input) = match input {
        [number, flags, rest @ ..] => (flags % 2 == 1, [&[*number], rest].concat()),
        _ => (true, input.to_vec()),
    };
    let content: Arc<dyn Blocks> = patched(images, &input);
    let metadata = Arc::new(Structures::new(Arc::clone(&content), Arc::new(Patience::of(PATIENCE))));
    let visit = || {
        if let Some(filesystem) = open(Disk { metadata, content }) {
            Walk { filesystem: &*filesystem, left: 200 }.directory(filesystem.top(), 4);
        }
    };
    if strict { visit() } else { checksum::unverified(visit) }
}

struct Walk<'a> {
    filesystem: &'a dyn Filesystem,
    /// Entries that may still be looked at.
    left: usize,
}

impl Walk<'_> {
    fn directory(&mut self, number: u64, depth: usize) {
        let mut entries = Vec::new();
        drop(self.filesystem.list(number, &mut |entry| {
            assert!(!entry.name.contains(&b'/') && !entry.name.contains(&0), "a name that is a path");
            assert!(!matches!(entry.name, b"" | b"." | b".."), "a name that stands for none");
            entries.push((entry.name.to_vec(), entry.inode));
            if entries.len() < 100 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        }));
        drop(self.filesystem.lookup(number, b"absent"));
        for (name, inode) in entries {
            if self.left == 0 {
                return;
            }
            self.left -= 1;
            drop(black_box(self.filesystem.lookup(number, &name)));
            match self.filesystem.inode(inode).map(|inode| inode.kind) {
                Ok(InodeKind::Directory) if depth > 0 => self.directory(inode, depth - 1),
                Ok(InodeKind::File) => self.file(inode),
                Ok(InodeKind::Link) => drop(black_box(self.filesystem.read_link(inode))),
                _ => {}
            }
        }
    }

    fn file(&self, number: u64) {
        let Ok(content) = self.filesystem.open(number) else { return };
        let mut buffer = vec![0; 4 << 10];
        for place in [0, 50_000, content.size().saturating_sub(100), u64::MAX] {
            if let Ok(read) = content.read_at(place, &mut buffer) {
                let behind = content.size().saturating_sub(place);
                assert!(read <= buffer.len() && read as u64 <= behind, "more is read than there is");
            }
        }
    }
}

fn volume(input: &[u8]) {
    let Some(layout) = lvm::layout(&text(input)) else { return };
    let blocks: Arc<dyn Blocks> = Arc::new(vec![7_u8; 64 << 10]);
    for name in layout.volumes.keys().take(8) {
        if let Ok(volume) = LogicalVolume::new(&layout, name, &|_| Some(Arc::clone(&blocks))) {
            let mut buffer = [0; 4096];
            for place in [0, 1000, volume.size().saturating_sub(4096), u64::MAX - 10] {
                drop(black_box(volume.read_at(place, &mut buffer)));
            }
        }
    }
}
