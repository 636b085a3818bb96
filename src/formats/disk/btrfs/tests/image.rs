//! How images are made and opened.

use super::*;
use crate::formats::disk::skipped::{kernel_cannot, skip};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What is skipped where nothing can be mounted.
const MOUNTED: &str = "a btrfs that the kernel has written";

/// A file as a device, which counts what is read of it.
#[derive(Debug)]
pub(super) struct Image {
    file: File,
    pub(super) bytes_read: AtomicU64,
}

impl Image {
    pub(super) fn open(path: &Path) -> Self {
        Self { file: File::open(path).unwrap(), bytes_read: AtomicU64::new(0) }
    }
}

impl Blocks for Image {
    fn size(&self) -> u64 {
        self.file.metadata().unwrap().len()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        self.bytes_read.fetch_add(buffer.len() as u64, Ordering::Relaxed);
        self.file.read_exact_at(buffer, offset).map_err(|error| DiskError::Read(error.to_string()))
    }
}

/// An image that is damaged.
#[derive(Debug)]
pub(super) struct Patched {
    image: Image,
    /// Bytes that are not what they were, and what they are now compared with that.
    flips: Vec<(u64, u8)>,
    /// Where it ends.
    size: u64,
}

impl Patched {
    pub(super) fn new(path: &Path, flips: &[u64], size: u64) -> Self {
        Self { image: Image::open(path), flips: flips.iter().map(|place| (*place, 4)).collect(), size }
    }

    pub(super) fn with(path: &Path, flips: Vec<(u64, u8)>, size: u64) -> Self {
        Self { image: Image::open(path), flips, size }
    }
}

impl Blocks for Patched {
    fn size(&self) -> u64 {
        self.image.size().min(self.size)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        let end = offset.checked_add(buffer.len() as u64);
        if end.is_none_or(|end| end > self.size()) {
            return Err(DiskError::Read("behind the end".to_owned()));
        }
        self.image.read_at(offset, buffer)?;
        for (place, flip) in &self.flips {
            let byte = place.checked_sub(offset).and_then(|index| buffer.get_mut(index as usize));
            byte.into_iter().for_each(|byte| *byte ^= flip);
        }
        Ok(())
    }
}

pub(super) fn disk(blocks: impl Blocks + 'static) -> Disk {
    let blocks: Arc<dyn Blocks> = Arc::new(blocks);
    Disk { metadata: Arc::clone(&blocks), content: blocks }
}

pub(super) fn opened(path: &Path) -> Btrfs {
    open(disk(Image::open(path))).unwrap()
}

pub(super) fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// An image of so many MiB with what lies in a directory.
pub(super) fn mkfs(path: &Path, mebibytes: u64, options: &[&str], content: Option<&Path>) {
    File::create(path).unwrap().set_len(mebibytes << 20).unwrap();
    let mut command = Command::new("mkfs.btrfs");
    command.arg("-q").args(options);
    if let Some(directory) = content {
        command.arg("--rootdir").arg(directory);
    }
    run(command.arg(path));
}

/// An image in which the kernel has run a script, and what `cp -a` made of what the script left, subvolumes included.
/// `None`, which says so, where nothing can be mounted.
pub(super) fn mounted(work: &Path, options: &[&str], mount_options: &str, script: &str) -> Option<(PathBuf, PathBuf)> {
    let (images, copy) = mounted_devices(work, 1, options, mount_options, script)?;
    Some((images[0].clone(), copy))
}

/// As [`mounted`], on several devices.
pub(super) fn mounted_devices(
    work: &Path,
    devices: usize,
    options: &[&str],
    mount_options: &str,
    script: &str,
) -> Option<(Vec<PathBuf>, PathBuf)> {
    let images: Vec<PathBuf> = (1..=devices).map(|number| work.join(format!("image{number}"))).collect();
    if !nix::unistd::geteuid().is_root() {
        skip(MOUNTED, "mounting takes root");
        return None;
    }
    let (mount, copy) = (work.join("mount"), work.join("copy"));
    images.iter().for_each(|image| File::create(image).unwrap().set_len(128 << 20).unwrap());
    std::fs::create_dir(&mount).unwrap();
    run(Command::new("mkfs.btrfs").arg("-q").args(options).args(&images));
    let program = format!(
        r#"
        trap 'cd /; umount "$mount" 2>/dev/null; for loop in $loops; do losetup -d $loop; done' EXIT
        for image in "$@"; do loop=$(losetup -f --show "$image") || exit 77; loops="$loops $loop"; done
        options={mount_options}; for loop in $loops; do options=$options,device=$loop; done
        grep -qw btrfs /proc/filesystems || modprobe btrfs 2>/dev/null || exit 78
        mount -t btrfs -o $options $loop "$mount" || exit 77
        set -e
        cd "$mount"
        {script}
        cp -a "$mount" "$copy"
        "#
    );
    let mut command = Command::new("unshare");
    command.args(["-m", "--propagation", "private", "bash", "-c", &program, "bash"]).args(&images);
    let output = command.env("mount", &mount).env("copy", &copy).env("work", work).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    match output.status.code() {
        Some(78) => kernel_cannot(MOUNTED, "it has no btrfs"),
        Some(77) => skip(MOUNTED, errors.trim()),
        _ if errors.starts_with("unshare:") => skip(MOUNTED, errors.trim()),
        _ => {
            assert!(output.status.success(), "{errors}");
            return Some((images, copy));
        }
    }
    None
}
