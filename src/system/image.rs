//! A disk that is read as a file: an image, or a block device.

use super::errno::in_words;
use crate::formats::disk::{Blocks, DiskError, Result};
use isctpl_checks::facts::Problem;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom};
use std::os::unix::fs::{FileExt, FileTypeExt, OpenOptionsExt};
use std::path::Path;

/// A file that holds a disk.
#[derive(Debug)]
pub(crate) struct Image {
    file: File,
    size: u64,
}

fn words(error: &std::io::Error) -> String {
    error.raw_os_error().map_or_else(|| error.to_string(), |raw| in_words(Errno::from_raw(raw)))
}

impl Image {
    /// Opens it for reading alone.
    ///
    /// # Errors
    /// When it is neither a regular file nor a block device, or cannot be opened.
    pub(crate) fn open(path: &Path) -> std::result::Result<Self, Problem> {
        let problem = |what: String| Problem::new(path.display().to_string(), what);
        let unread = |error: std::io::Error| problem(words(&error));
        // Looked at before it is opened: opening a FIFO waits, and opening a device may act.
        let kind = std::fs::metadata(path).map_err(unread)?.file_type();
        if !kind.is_file() && !kind.is_block_device() {
            let what =
                if kind.is_dir() { "is a directory; --root judges one" } else { "is no disk, nor an image of one" };
            return Err(problem(what.to_owned()));
        }
        let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
        let mut file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path).map_err(unread)?;
        let size = file.seek(SeekFrom::End(0)).map_err(unread)?;
        Ok(Self { file, size })
    }
}

impl Blocks for Image {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        self.file
            .read_exact_at(buffer, offset)
            .map_err(|error| DiskError::Read(format!("byte {offset} cannot be read: {}", words(&error))))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn files_are_disks_and_nothing_else_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("disk");
        std::fs::write(&path, b"0123456789").unwrap();
        let image = Image::open(&path).unwrap();
        let mut bytes = [0; 4];
        image.read_at(6, &mut bytes).unwrap();
        assert_eq!((image.size(), &bytes), (10, b"6789"));
        assert!(image.read_at(7, &mut bytes).is_err());
        let told = |path: &Path| Image::open(path).unwrap_err().what;
        assert_eq!(told(directory.path()), "is a directory; --root judges one");
        assert_eq!(told(Path::new("/dev/null")), "is no disk, nor an image of one");
        assert_eq!(told(&directory.path().join("none")), "does not exist");
        let pipe = directory.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(told(&pipe), "is no disk, nor an image of one");
    }
}
