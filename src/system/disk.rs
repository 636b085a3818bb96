//! Whether a block device answers.

use super::errno::in_words;
use isctpl_checks::facts::Problem;
use nix::errno::Errno;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

/// The largest block that disks have; what O_DIRECT reads is aligned to it in length, place and memory.
const BLOCK: usize = 4096;

/// A block device that is read past every cache.
#[derive(Debug)]
pub(crate) struct Disk {
    file: File,
    name: String,
}

impl Disk {
    /// Opens a device.
    ///
    /// # Errors
    /// When it is not there or must not be opened, which says nothing of whether the disk answers.
    pub(crate) fn open(device: &Path) -> Result<Self, Problem> {
        let name = device.display().to_string();
        let mut options = OpenOptions::new();
        options.read(true).custom_flags(nix::fcntl::OFlag::O_DIRECT.bits() | nix::fcntl::OFlag::O_NONBLOCK.bits());
        match options.open(device) {
            Ok(file) => Ok(Self { file, name }),
            Err(error) => Err(problem(&name, &error)),
        }
    }

    /// Reads the first block. It may never come back: a disk whose session is lost keeps its readers
    /// waiting, where no signal wakes them.
    ///
    /// # Errors
    /// When the device answers with an error.
    pub(crate) fn read_a_block(&self) -> Result<(), Problem> {
        // Twice as much memory holds one aligned block wherever it lies.
        let mut memory = vec![0; 2 * BLOCK];
        let start = memory.as_ptr().align_offset(BLOCK);
        let block = memory.get_mut(start..start.saturating_add(BLOCK)).unwrap_or_default();
        self.file.read_at(block, 0).map(|_| ()).map_err(|error| problem(&self.name, &error))
    }
}

fn problem(name: &str, error: &std::io::Error) -> Problem {
    let what = error.raw_os_error().map_or_else(|| error.to_string(), |raw| in_words(Errno::from_raw(raw)));
    Problem::new(name, what)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_told_by_name() {
        let problem = Disk::open(Path::new("/dev/no-such-disk")).unwrap_err();
        assert_eq!((problem.place.as_str(), problem.what.as_str()), ("/dev/no-such-disk", "does not exist"));
    }

    #[test]
    fn a_file_on_a_disk_answers() {
        let directory = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
        let path = directory.path().join("block");
        std::fs::write(&path, [7; BLOCK]).unwrap();
        // A filesystem without O_DIRECT, such as tmpfs of old kernels, refuses it when it is opened.
        match Disk::open(&path).and_then(|disk| disk.read_a_block()) {
            Ok(()) => {}
            Err(problem) => assert_eq!(problem.what, "invalid argument"),
        }
    }
}
