//! Images made by mkfs.vfat, filled by mtools, and read back whole.

use crate::formats::disk::fat::{Fat, open};
use crate::formats::disk::{Content, Disk, Filesystem, Inode, InodeKind, Result};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use tempfile::TempDir;

/// An image in the making.
pub(super) struct Image {
    pub(super) room: TempDir,
}

impl Image {
    /// A filesystem of `size` KiB.
    pub(super) fn new(size: u64, options: &[&str]) -> Self {
        let room = TempDir::new().unwrap();
        let image = Self { room };
        std::fs::File::create(image.path()).unwrap().set_len(size << 10).unwrap();
        run("mkfs.vfat", &[options, &[image.path().to_str().unwrap()]].concat());
        image
    }

    pub(super) fn path(&self) -> PathBuf {
        self.room.path().join("image")
    }

    /// One of mtools.
    pub(super) fn tool(&self, program: &str, arguments: &[&str]) -> Output {
        run(program, &[&["-i", self.path().to_str().unwrap()], arguments].concat())
    }

    /// Writes a file, which may be in a directory that exists.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) {
        let source = self.room.path().join("source");
        std::fs::write(&source, bytes).unwrap();
        self.tool("mcopy", &["-o", source.to_str().unwrap(), &format!("::{name}")]);
    }

    /// Copies what lies in a directory.
    pub(super) fn copy(&self, from: &Path) {
        let mut arguments = vec!["-s".to_owned(), "-m".to_owned(), "-Q".to_owned()];
        for entry in std::fs::read_dir(from).unwrap() {
            arguments.push(entry.unwrap().path().to_str().unwrap().to_owned());
        }
        arguments.push("::/".to_owned());
        self.tool("mcopy", &arguments.iter().map(String::as_str).collect::<Vec<_>>());
    }

    /// What fsck.vfat says of it; an error when it finds something.
    pub(super) fn is_clean(&self) {
        run("fsck.vfat", &["-n", self.path().to_str().unwrap()]);
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.path()).unwrap()
    }

    /// A FAT32 cut to so many sectors of 512 bytes. mtools fills none that has too few clusters for Microsoft.
    pub(super) fn with_sectors(&self, count: u32) -> Vec<u8> {
        let mut bytes = self.bytes();
        bytes.truncate(512 * usize::try_from(count).unwrap());
        for sector in [0, 6] {
            bytes[512 * sector + 32..][..4].copy_from_slice(&count.to_le_bytes());
        }
        // FSI_Free_Count: not known.
        bytes[512 + 488..][..4].fill(0xff);
        bytes
    }

    pub(super) fn open(&self) -> Fat {
        open_bytes(self.bytes()).unwrap()
    }
}

pub(super) fn run(program: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.args(arguments).envs([("TZ", "UTC"), ("LC_ALL", "C.UTF-8"), ("MTOOLS_SKIP_CHECK", "1")]);
    let output = command.output().unwrap_or_else(|error| panic!("{program} is needed, and does not run: {error}"));
    assert!(output.status.success(), "{program} {arguments:?}: {output:?}");
    output
}

pub(super) fn disk(bytes: Vec<u8>) -> Disk {
    let blocks = Arc::new(bytes);
    Disk { metadata: blocks.clone(), content: blocks }
}

pub(super) fn open_bytes(bytes: Vec<u8>) -> Result<Fat> {
    open(disk(bytes))
}

/// Bytes that repeat nowhere soon.
pub(super) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    (0..length.div_ceil(8)).flat_map(next).take(length).collect()
}

/// The whole of a file.
pub(super) fn content(fs: &dyn Filesystem, file: u64) -> Result<Vec<u8>> {
    let content: Box<dyn Content> = fs.open(file)?;
    let mut bytes = vec![0; usize::try_from(content.size()).unwrap()];
    let mut done = 0;
    while done < bytes.len() {
        let read = content.read_at(done as u64, &mut bytes[done..])?;
        assert!(read > 0);
        done += read;
    }
    Ok(bytes)
}

/// What a directory lists: name and number.
pub(super) fn names(fs: &dyn Filesystem, directory: u64) -> Result<Vec<(String, u64)>> {
    let mut names = Vec::new();
    fs.list(directory, &mut |entry| {
        names.push((String::from_utf8(entry.name.to_vec()).unwrap(), entry.inode));
        assert_eq!(fs.inode(entry.inode).map(|inode| Some(inode.kind)).unwrap_or(entry.kind), entry.kind);
        ControlFlow::Continue(())
    })?;
    Ok(names)
}

/// Everything below the top directory, by its path; files with what they hold.
pub(super) fn tree(fs: &dyn Filesystem) -> Result<BTreeMap<String, (Inode, Vec<u8>)>> {
    let mut found = BTreeMap::new();
    let mut left = vec![(String::new(), fs.top())];
    while let Some((path, directory)) = left.pop() {
        for (name, number) in names(fs, directory)? {
            let path = format!("{path}/{name}");
            let inode = fs.inode(number)?;
            assert_eq!(fs.lookup(directory, name.as_bytes())?, Some(number), "{path}");
            let bytes = if inode.kind == InodeKind::File { content(fs, number)? } else { Vec::new() };
            if inode.kind == InodeKind::Directory {
                left.push((path.clone(), number));
            }
            assert!(found.insert(path, (inode, bytes)).is_none());
            assert!(found.len() < 100_000);
        }
    }
    Ok(found)
}

/// The number that a path has.
pub(super) fn find(fs: &dyn Filesystem, path: &str) -> Option<u64> {
    path.split('/')
        .filter(|name| !name.is_empty())
        .try_fold(fs.top(), |directory, name| fs.lookup(directory, name.as_bytes()).unwrap())
}
