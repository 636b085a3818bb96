//! Images that the programs of e2fsprogs make.

use crate::formats::disk::ext::{Ext, open};
use crate::formats::disk::{Blocks, Disk, DiskError, Result};
use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use tempfile::TempDir;

/// A file as a disk.
#[derive(Debug)]
struct FileBlocks(File, u64);

impl Blocks for FileBlocks {
    fn size(&self) -> u64 {
        self.1
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        self.0.read_exact_at(buffer, offset).map_err(|error| DiskError::Read(error.to_string()))
    }
}

/// Both ways of a disk in one.
pub(super) fn disk(blocks: Arc<dyn Blocks>) -> Disk {
    Disk { metadata: blocks.clone(), content: blocks }
}

/// The disk of an image file.
pub(super) fn file_disk(path: &Path) -> Disk {
    let file = File::open(path).unwrap();
    let size = file.metadata().unwrap().len();
    disk(Arc::new(FileBlocks(file, size)))
}

/// An image in a directory of its own.
pub(super) struct Image {
    pub(super) directory: TempDir,
    pub(super) path: PathBuf,
}

impl Image {
    /// Makes one of `size` (as mke2fs(8) has sizes) with what `source` holds.
    pub(super) fn make(options: &[&str], source: Option<&Path>, size: &str) -> Self {
        let directory = scratch();
        let path = directory.path().join("image");
        let mut command = Command::new("mke2fs");
        command.args(["-q", "-F", "-E", "root_owner=0:0,lazy_itable_init=0"]).args(options);
        if let Some(source) = source {
            command.arg("-d").arg(source);
        }
        command.arg(&path).arg(size);
        run(&mut command, &[0]);
        Self { directory, path }
    }

    /// Gives commands to debugfs, each a line.
    pub(super) fn debugfs(&self, commands: &[u8]) -> String {
        let mut command = Command::new("debugfs");
        command
            .args(["-w", "-f", "-"])
            .arg(&self.path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("these tests need debugfs, of e2fsprogs");
        let mut input = child.stdin.take().unwrap();
        let commands = commands.to_vec();
        let writer = std::thread::spawn(move || input.write_all(&commands).unwrap());
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    }

    /// Has e2fsck repair it and make directories anew, with an index where they are large.
    pub(super) fn index_directories(&self) {
        run(Command::new("e2fsck").args(["-f", "-y", "-D"]).arg(&self.path), &[0, 1]);
    }

    /// Whether e2fsck finds nothing to repair.
    pub(super) fn must_be_clean(&self) {
        run(Command::new("e2fsck").args(["-f", "-n"]).arg(&self.path), &[0]);
    }

    pub(super) fn open(&self) -> Ext {
        open(file_disk(&self.path)).unwrap()
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        std::fs::read(&self.path).unwrap()
    }
}

/// A directory in memory where the host has one, since the programs wait until each image is on its disk.
pub(super) fn scratch() -> TempDir {
    TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap()
}

/// Runs a program, which must end with one of these codes, and gives what it prints.
pub(super) fn run(command: &mut Command, codes: &[i32]) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("these tests need {command:?}: {error}"));
    let code = output.status.code().unwrap();
    assert!(codes.contains(&code), "{command:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Numbers that look like chance, the same ones every time (splitmix64).
pub(super) struct Chance(pub(super) u64);

impl Chance {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub(super) fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length.div_ceil(8)).flat_map(|_| self.next().to_le_bytes()).take(length).collect()
    }
}
