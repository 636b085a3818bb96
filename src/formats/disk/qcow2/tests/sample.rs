//! Images made by qemu-img, and QEMU's view of them.

use crate::formats::disk::qcow2::{Qcow2, open};
use crate::formats::disk::{Blocks, Result};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::Arc;
use tempfile::TempDir;

pub(super) fn run(program: &str, arguments: &[&str]) -> Output {
    let output = Command::new(program).args(arguments).output();
    output.unwrap_or_else(|error| panic!("{program} is needed, and does not run: {error}"))
}

/// A directory with an image in it.
pub(super) struct Image {
    pub(super) room: TempDir,
}

impl Image {
    /// An empty image of `size` bytes.
    pub(super) fn new(size: u64, options: &str) -> Self {
        let image = Self { room: TempDir::new().unwrap() };
        image.qemu_img(&["create", "-q", "-f", "qcow2", "-o", options, &image.name("image"), &size.to_string()]);
        image
    }

    /// An image of a raw disk.
    pub(super) fn of(raw: &[u8], options: &str, compressed: bool) -> Self {
        let image = Self { room: TempDir::new().unwrap() };
        std::fs::write(image.path("raw"), raw).unwrap();
        let compressed: &[&str] = if compressed { &["-c"] } else { &[] };
        let names = [image.name("raw"), image.name("image")];
        let convert = ["convert", "-f", "raw", "-O", "qcow2", "-o", options, &names[0], &names[1]];
        image.qemu_img(&[&convert[..1], compressed, &convert[1..]].concat());
        image
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.room.path().join(name)
    }

    pub(super) fn name(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    pub(super) fn qemu_img(&self, arguments: &[&str]) {
        let output = run("qemu-img", arguments);
        assert!(output.status.success(), "qemu-img {arguments:?}: {output:?}");
    }

    /// Commands to qemu-io, which writes as a guest does.
    pub(super) fn write(&self, commands: &[&str]) {
        let commands: Vec<&str> = commands.iter().flat_map(|command| ["-c", *command]).collect();
        let output = run("qemu-io", &[&["-d", "unmap", "-f", "qcow2"], &commands[..], &[&self.name("image")]].concat());
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && !text.contains("failed"), "qemu-io {commands:?}: {output:?}");
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.path("image")).unwrap()
    }
}

/// What QEMU reads of an image; `None` when it refuses to.
pub(super) fn by_qemu(image: &[u8]) -> Option<Vec<u8>> {
    let room = TempDir::new().unwrap();
    let (from, to) = (room.path().join("image"), room.path().join("raw"));
    std::fs::write(&from, image).unwrap();
    let names = [from.to_str().unwrap(), to.to_str().unwrap()];
    let output = run("qemu-img", &["convert", "-q", "-f", "qcow2", "-O", "raw", names[0], names[1]]);
    output.status.success().then(|| std::fs::read(&to).unwrap())
}

pub(super) fn open_bytes(image: Vec<u8>) -> Result<Qcow2> {
    open(Arc::new(image))
}

/// What is said of an image that is not opened.
pub(super) fn refused(image: Vec<u8>) -> String {
    open_bytes(image).map(|_| ()).unwrap_err().to_string()
}

/// All of the guest's disk, in pieces of `piece` bytes.
pub(super) fn read(image: Vec<u8>, piece: usize) -> Result<Vec<u8>> {
    let disk = open_bytes(image)?;
    let mut bytes = vec![0xee; usize::try_from(disk.size()).unwrap()];
    for (index, part) in bytes.chunks_mut(piece).enumerate() {
        disk.read_at((index * piece) as u64, part)?;
    }
    Ok(bytes)
}

/// A disk of `size` bytes with noise, text that packs well, and zeros, each in pieces of many lengths.
pub(super) fn disk(size: usize) -> Vec<u8> {
    let mut bytes = b"noise, text and zeros ".repeat(512);
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    while bytes.len() < size {
        let length = usize::try_from(512 << (next() % 7)).unwrap() * usize::try_from(1 + next() % 5).unwrap();
        match next() % 3 {
            0 => bytes.extend((0..length / 8).flat_map(|_| next().to_le_bytes())),
            1 => bytes
                .extend((0..length).map(|at| b"isctpl reads what QEMU wrote. "[at % 30] ^ (at >> 12).to_le_bytes()[0])),
            _ => bytes.resize(bytes.len() + length, 0),
        }
    }
    bytes.truncate(size);
    bytes
}
