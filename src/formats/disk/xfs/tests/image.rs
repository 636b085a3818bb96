//! Images that mkfs.xfs has made, and xfs_db has changed.

use super::tree::{Item, Tree};
use crate::formats::disk::xfs::{Xfs, open};
use crate::formats::disk::{Blocks, Disk, DiskError, Result};
use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

/// An image in a directory of its own.
pub(super) struct Image {
    directory: tempfile::TempDir,
}

fn run(command: &mut Command) -> Output {
    let output = command.output();
    output.unwrap_or_else(|error| panic!("{command:?}: {error}. These tests need xfsprogs (scripts/install-test-deps)"))
}

impl Image {
    /// An image of `megabytes` with this in it, made with these options of mkfs.xfs.
    pub(super) fn new(megabytes: u64, options: &[&str], tree: &Tree) -> Self {
        let image = Self { directory: tempfile::tempdir().unwrap() };
        let file = std::fs::File::create(image.path()).unwrap();
        file.set_len(megabytes << 20).unwrap();
        let prototype = image.prototype(tree);
        let mut mkfs = Command::new("mkfs.xfs");
        // With these three it makes filesystems of less than 300 MB, as for its own tests.
        mkfs.env("TEST_DIR", "/x").env("TEST_DEV", "/x").env("QA_CHECK_FS", "1");
        let made = run(mkfs.args(options).arg("-q").arg("-p").arg(prototype).arg(image.path()));
        assert!(made.status.success(), "{options:?}: {}", String::from_utf8_lossy(&made.stderr));
        image
    }

    pub(super) fn path(&self) -> PathBuf {
        self.directory.path().join("image")
    }

    /// The description by which mkfs.xfs fills the image.
    fn prototype(&self, tree: &Tree) -> PathBuf {
        let mut text = b"boot\n0 0\nd--755 0 0\n".to_vec();
        let top: Vec<u8> = Vec::new();
        self.describe(tree, &top, &mut text);
        let path = self.directory.path().join("prototype");
        std::fs::write(&path, text).unwrap();
        path
    }

    fn describe(&self, tree: &Tree, directory: &[u8], text: &mut Vec<u8>) {
        let before = if directory.is_empty() { Vec::new() } else { [directory, b"/"].concat() };
        let inside = tree.range(before.clone()..).take_while(|(path, _)| path.starts_with(&before));
        for (path, (mode, uid, item)) in inside {
            let name = &path[before.len()..];
            if name.contains(&b'/') {
                continue;
            }
            let kind = match item {
                Item::Directory => 'd',
                Item::File(_) => '-',
                Item::Link(_) => 'l',
                Item::Device(true, _, _) => 'b',
                Item::Device(false, _, _) => 'c',
                Item::Fifo => 'p',
            };
            let set_user = if mode & 0o4000 != 0 { 'u' } else { '-' };
            let set_group = if mode & 0o2000 != 0 { 'g' } else { '-' };
            text.extend(name);
            write!(text, " {kind}{set_user}{set_group}{:03o} {uid} 0 ", mode & 0o777).unwrap();
            match item {
                Item::Directory => {
                    text.push(b'\n');
                    self.describe(tree, path, text);
                }
                Item::File(content) => text.extend(self.source(content).as_os_str().as_bytes()),
                Item::Link(target) => text.extend(target),
                Item::Device(_, major, minor) => write!(text, "{major} {minor}").unwrap(),
                Item::Fifo => {}
            }
            text.push(b'\n');
        }
        text.extend(b"$\n");
    }

    fn source(&self, content: &[u8]) -> PathBuf {
        let number = std::fs::read_dir(self.directory.path()).unwrap().count();
        let path = self.directory.path().join(format!("source-{number}"));
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Runs commands of xfs_db, and gives what it prints.
    pub(super) fn db(&self, commands: &[&str]) -> String {
        let mut db = Command::new("xfs_db");
        db.arg("-x");
        for command in commands {
            db.args(["-c", command]);
        }
        let output = run(db.arg(self.path()));
        assert!(output.status.success(), "{commands:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// What a program says of the image, on both streams, and whether it ended well.
    pub(super) fn judged(&self, program: &str, options: &[&str]) -> (bool, String) {
        let output = run(Command::new(program).args(options).arg(self.path()));
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&text).into_owned())
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.path()).unwrap()
    }

    pub(super) fn open(&self) -> Result<Xfs> {
        open_path(&self.path())
    }
}

/// Opens an image by its file.
pub(super) fn open_path(path: &Path) -> Result<Xfs> {
    let file = std::fs::File::open(path).unwrap();
    let size = file.metadata().unwrap().len();
    open_blocks(Stored { size, read: Box::new(move |offset, buffer| file.read_exact_at(buffer, offset).unwrap()) })
}

type Read = dyn Fn(u64, &mut [u8]) + Send + Sync;

/// Blocks that show their size alone where they are printed.
struct Stored {
    size: u64,
    read: Box<Read>,
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.size)
    }
}

impl Blocks for Stored {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        if offset.checked_add(buffer.len() as u64).is_none_or(|end| end > self.size) {
            return Err(DiskError::Read(format!("byte {offset} lies behind the end")));
        }
        (self.read)(offset, buffer);
        Ok(())
    }
}

fn open_blocks(blocks: Stored) -> Result<Xfs> {
    let blocks: Arc<dyn Blocks> = Arc::new(blocks);
    open(Disk { metadata: Arc::clone(&blocks), content: blocks })
}

/// Opens an image by its bytes.
pub(super) fn open_bytes(bytes: Vec<u8>) -> Result<Xfs> {
    let size = bytes.len() as u64;
    open_changed(&Arc::new(bytes), size, BTreeMap::new())
}

/// Opens as much of an image, with other bytes in these places.
pub(super) fn open_changed(image: &Arc<Vec<u8>>, size: u64, changes: BTreeMap<u64, u8>) -> Result<Xfs> {
    let image = Arc::clone(image);
    let read = move |offset: u64, buffer: &mut [u8]| {
        let end = offset + buffer.len() as u64;
        buffer.copy_from_slice(&image[offset as usize..end as usize]);
        for (at, byte) in changes.range(offset..end) {
            buffer[(at - offset) as usize] = *byte;
        }
    };
    open_blocks(Stored { size, read: Box::new(read) })
}
