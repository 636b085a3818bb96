//! Unified kernel images on the root's disk.

use crate::formats::image::cpio::Sparse;
use crate::formats::loader::uki::{HEADER_LIMIT, Uki};
use crate::system::{Root, RootFile};
use isctpl_checks::facts::Problem;
use std::io::{self, Read, Seek, SeekFrom, Take};
use std::ops::Range;

/// The most that is read of a section of text; the kernel takes a command line of 2 KB.
const TEXT_LIMIT: u64 = 64 * 1024;

/// An image that is open.
#[derive(Debug)]
pub(super) struct Unified {
    file: RootFile,
    uki: Uki,
    name: String,
}

impl Unified {
    /// Opens an image; `None` where there is none, or something else.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn open(root: &Root, path: &str) -> Result<Option<Self>, Problem> {
        let Some(mut file) = root.open_file(path)? else { return Ok(None) };
        let name = root.name(path);
        match sections(&mut file) {
            Ok(Some(uki)) => Ok(Some(Self { file, uki, name })),
            Ok(None) => Ok(None),
            Err(error) => Err(Problem::new(name, format!("could not be read: {error}"))),
        }
    }

    /// What its sections are.
    pub(super) fn uki(&self) -> &Uki {
        &self.uki
    }

    /// A section of text, without the zeros that may end it; `None` where there is none.
    ///
    /// # Errors
    /// When it cannot be read, or is none.
    pub(super) fn text(&self, section: &str) -> Result<Option<String>, Problem> {
        let Some(place) = self.uki.section(section) else { return Ok(None) };
        let problem = |what: String| Problem::new(self.name.clone(), format!("its section {section} {what}"));
        let size = place.end - place.start;
        if size > TEXT_LIMIT {
            return Err(problem(format!("has more than {TEXT_LIMIT} bytes")));
        }
        let mut bytes = vec![0; usize::try_from(size).unwrap_or_default()];
        self.file
            .read_exact_at(&mut bytes, place.start)
            .map_err(|error| problem(format!("could not be read: {error}")))?;
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        bytes.truncate(end);
        String::from_utf8(bytes).map(Some).map_err(|_| problem("is no text".to_owned()))
    }

    /// The beginning of a section, up to so many bytes; `None` where there is none, or it cannot be read.
    pub(super) fn beginning(&self, section: &str, most: u64) -> Option<Vec<u8>> {
        let Range { start, end } = self.uki.section(section)?;
        let mut bytes = vec![0; usize::try_from(most.min(end - start)).ok()?];
        self.file.read_exact_at(&mut bytes, start).ok()?;
        Some(bytes)
    }
}

/// The initramfs of an open image, with its size: the whole file, or the section of a unified kernel image. `None` where
/// that has none.
///
/// # Errors
/// When it cannot be read.
pub(super) fn initramfs(mut file: RootFile, size: u64) -> io::Result<Option<(Take<RootFile>, u64)>> {
    let place = match sections(&mut file)? {
        Some(uki) => uki.section(".initrd"),
        None => Some(0..size),
    };
    let Some(Range { start, end }) = place else { return Ok(None) };
    file.seek(SeekFrom::Start(start))?;
    let length = end - start;
    Ok(Some((file.take(length), length)))
}

/// Its places count from where it begins in the file.
impl Sparse for Take<RootFile> {
    fn next_data(&mut self, offset: u64) -> io::Result<Option<u64>> {
        let position = self.stream_position()?;
        let start = self.get_mut().stream_position()?.saturating_sub(position);
        let data = self.get_mut().next_data(start.saturating_add(offset))?;
        // What is left of it counts from where it stands.
        self.get_mut().seek(SeekFrom::Start(start.saturating_add(position)))?;
        Ok(data.map(|data| data.saturating_sub(start)))
    }
}

/// What the sections of a file are, which is read from its beginning, wherever it stands.
fn sections(file: &mut RootFile) -> io::Result<Option<Uki>> {
    let mut head = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.by_ref().take(HEADER_LIMIT).read_to_end(&mut head)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(Uki::parse(&head))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::formats::loader::uki::made::image;

    fn root(content: &[u8]) -> (tempfile::TempDir, Root) {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("x.efi"), content).unwrap();
        let root = Root::open(directory.path()).unwrap();
        (directory, root)
    }

    #[test]
    fn sections_are_read_within_their_bounds() {
        let long = vec![b'x'; 70_000];
        let (_directory, root) = root(&image(&[
            (".cmdline", b"root=x ro\0\0"),
            (".osrel", b"\xff"),
            (".uname", &long),
            (".initrd", b"070701"),
            (".linux", b"kernel"),
        ]));
        let unified = Unified::open(&root, "/x.efi").unwrap().unwrap();
        assert_eq!(unified.text(".cmdline").unwrap().as_deref(), Some("root=x ro"));
        assert_eq!(unified.text(".dtb").unwrap(), None);
        assert!(unified.text(".osrel").unwrap_err().what.contains("no text"));
        assert!(unified.text(".uname").unwrap_err().what.contains("more than"));
        assert_eq!(unified.beginning(".linux", 3).unwrap(), b"ker");
        let file = root.open_file("/x.efi").unwrap().unwrap();
        let (mut image, size) = initramfs(file, 1).unwrap().unwrap();
        let mut text = String::new();
        image.read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), size), ("070701", 6));
        image.seek(SeekFrom::Start(2)).unwrap();
        text.clear();
        image.read_to_string(&mut text).unwrap();
        assert_eq!(text, "0701");
    }

    #[test]
    fn what_is_no_unified_image_is_the_initramfs_itself() {
        let (_directory, root) = root(b"070701");
        assert!(Unified::open(&root, "/x.efi").unwrap().is_none());
        assert!(Unified::open(&root, "/y.efi").unwrap().is_none());
        let (_, size) = initramfs(root.open_file("/x.efi").unwrap().unwrap(), 6).unwrap().unwrap();
        assert_eq!(size, 6);
        let (_other, root) = self::root(&image(&[(".linux", b"kernel")]));
        assert!(initramfs(root.open_file("/x.efi").unwrap().unwrap(), 6).unwrap().is_none());
    }

    /// A section that the file does not hold.
    #[test]
    fn a_file_that_was_cut_short_is_told() {
        let whole = image(&[(".linux", b"kernel"), (".cmdline", b"root=x ro")]);
        let (_directory, root) = root(&whole[..whole.len() - 512]);
        let unified = Unified::open(&root, "/x.efi").unwrap().unwrap();
        assert!(unified.text(".cmdline").unwrap_err().what.contains("could not be read"));
        assert_eq!(unified.beginning(".cmdline", 4), None);
    }
}
