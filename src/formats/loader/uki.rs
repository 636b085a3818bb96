//! Unified kernel images: a kernel, its initramfs and its command line as sections of one EFI program (UAPI.5, PE/COFF).

use goblin::pe::header::{CoffHeader, DosHeader};
use std::ops::Range;

/// How much of a file is needed: its headers, and the table of its sections.
pub(crate) const HEADER_LIMIT: u64 = 64 * 1024;

/// More sections than any image has: their names may be long.
const SECTIONS_LIMIT: u16 = 96;

/// What stands before the COFF header.
const SIGNATURE: &[u8] = b"PE\0\0";

/// The sections of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Uki {
    sections: Vec<(String, Range<u64>)>,
}

impl Uki {
    /// The sections by the beginning of a file; `None` where that is no unified kernel image: no EFI program, or one
    /// without a kernel in it.
    pub(crate) fn parse(head: &[u8]) -> Option<Self> {
        let uki = Self { sections: sections(head)? };
        uki.section(".linux").is_some().then_some(uki)
    }

    /// Where the first section of a name lies in the file.
    pub(crate) fn section(&self, name: &str) -> Option<Range<u64>> {
        self.sections.iter().find(|(known, _)| known == name).map(|(_, place)| place.clone())
    }

    /// Whether it has several profiles, each with a command line or an initramfs of its own.
    pub(crate) fn has_profiles(&self) -> bool {
        self.section(".profile").is_some()
    }
}

fn sections(head: &[u8]) -> Option<Vec<(String, Range<u64>)>> {
    let mut offset = usize::try_from(DosHeader::parse(head).ok()?.pe_pointer).ok()?;
    head.get(offset..)?.starts_with(SIGNATURE).then_some(())?;
    offset += SIGNATURE.len();
    let coff = CoffHeader::parse(head, &mut offset).ok()?;
    (coff.number_of_sections <= SECTIONS_LIMIT).then_some(())?;
    offset = offset.checked_add(usize::from(coff.size_of_optional_header))?;
    let sections = coff.sections(head, &mut offset).ok()?.into_iter().filter_map(|section| {
        // The stub takes the size in memory; the file has it filled up to whole blocks.
        let size = section.virtual_size.min(section.size_of_raw_data);
        let start = u64::from(section.pointer_to_raw_data);
        Some((section.name().ok()?.to_owned(), start..start + u64::from(size)))
    });
    Some(sections.collect())
}

/// Makes images for tests.
#[cfg(test)]
pub(crate) mod made {
    /// An image with these sections.
    pub(crate) fn image(sections: &[(&str, &[u8])]) -> Vec<u8> {
        const ALIGNMENT: usize = 512;
        let mut bytes = vec![0; 0x40];
        bytes.splice(0..2, *b"MZ");
        bytes.splice(0x3c..0x40, 0x40_u32.to_le_bytes());
        bytes.extend(b"PE\0\0");
        // Machine, number of sections, time, symbols, size of the optional header, characteristics.
        bytes.extend(0x8664_u16.to_le_bytes());
        bytes.extend(u16::try_from(sections.len()).unwrap_or_default().to_le_bytes());
        bytes.extend([0; 12]);
        bytes.extend([0; 4]);
        let mut place = (bytes.len() + 40 * sections.len()).next_multiple_of(ALIGNMENT);
        for (name, content) in sections {
            let raw = content.len().next_multiple_of(ALIGNMENT);
            let number = |size: usize| u32::try_from(size).unwrap_or_default().to_le_bytes();
            let mut padded = [0; 8];
            padded[..name.len()].copy_from_slice(name.as_bytes());
            bytes.extend(padded);
            for field in [content.len(), 0x1000, raw, place] {
                bytes.extend(number(field));
            }
            bytes.extend([0; 16]);
            place += raw;
        }
        for (_, content) in sections {
            bytes.resize(bytes.len().next_multiple_of(ALIGNMENT), 0);
            bytes.extend(*content);
        }
        bytes.resize(bytes.len().next_multiple_of(ALIGNMENT), 0);
        bytes
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(bytes: &[u8], place: Range<u64>) -> &[u8] {
        &bytes[usize::try_from(place.start).unwrap()..usize::try_from(place.end).unwrap()]
    }

    #[test]
    fn each_section_has_its_place() {
        let bytes = made::image(&[(".osrel", b"ID=debian\n"), (".cmdline", b"root=x ro"), (".linux", b"kernel")]);
        let uki = Uki::parse(&bytes).unwrap();
        assert_eq!(at(&bytes, uki.section(".cmdline").unwrap()), b"root=x ro");
        assert_eq!(at(&bytes, uki.section(".linux").unwrap()), b"kernel");
        assert_eq!(uki.section(".initrd"), None);
        assert!(!uki.has_profiles());
        assert!(Uki::parse(&made::image(&[(".linux", b""), (".profile", b"ID=x")])).unwrap().has_profiles());
    }

    #[test]
    fn what_has_no_kernel_is_none() {
        for bytes in [vec![], b"MZ".to_vec(), b"070701".to_vec(), made::image(&[(".text", b"x")]), made::image(&[])] {
            assert_eq!(Uki::parse(&bytes), None);
        }
    }

    #[test]
    fn every_truncation_is_read() {
        let bytes = made::image(&[(".osrel", b"ID=debian\n"), (".linux", b"kernel")]);
        for end in 0..bytes.len() {
            let _ = Uki::parse(&bytes[..end]);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..512), at in 0_usize..200) {
            let mut image = made::image(&[(".osrel", b"ID=debian\n"), (".linux", b"kernel")]);
            let end = (at + bytes.len()).min(image.len());
            image.splice(at..end, bytes);
            let _ = Uki::parse(&image);
        }
    }
}
