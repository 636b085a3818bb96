//! Kernels, their modules and their images.

use super::target::{Target, two};
use crate::formats::image::allowance::Allowance;
use crate::formats::image::compression::{self, Compression};
use crate::formats::image::cpio::{Before, Input, Reader, Source, Sparse};
use crate::formats::image::elf;
use crate::formats::kernel::{bzimage, module_index};
use std::hint::black_box;
use std::io::{self, Cursor, Read, Seek, SeekFrom};

/// The most that an input may unpack to.
const UNPACKED: u64 = 1 << 20;

pub(super) const TARGETS: &[Target] = &[
    Target::new("cpio", &["image/cpio/"], cpio),
    Target::new("compression", &["image/compression/"], compression).allocates(16 << 20, 64 << 10),
    Target::new("elf", &["image/elf/"], |input| {
        drop(black_box(elf::linkage(input)));
        drop(black_box(elf::modinfo(input)));
        drop(black_box(elf::asks(input, &["ibft_addr", "printk"], &["iscsi_boot"])));
    })
    .allocates(16 << 20, 64 << 10),
    Target::new("bzimage", &["kernel/bzimage.rs"], |input| drop(black_box(bzimage::version(input)))).most(32 << 10),
    Target::new("module-trie", &["kernel/module_index/trie.rs"], |input| {
        drop(black_box(module_index::entries(input, |_| true)));
        drop(black_box(module_index::entries(input, |key| key.starts_with("pci:"))));
    }),
    Target::new("module-index", &["kernel/module_index/mod.rs"], module_index),
];

/// A file without holes.
struct Whole<'a>(Cursor<&'a [u8]>);

impl Read for Whole<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Seek for Whole<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

impl Sparse for Whole<'_> {
    fn next_data(&mut self, offset: u64) -> io::Result<Option<u64>> {
        Ok(Some(offset).filter(|offset| *offset < self.0.get_ref().len() as u64))
    }
}

/// The segments of an image, one behind another, as the kernel unpacks them.
fn segments(source: &mut dyn Source, before: Before) -> Option<Before> {
    let mut reader = Reader::new(source, 0, before);
    loop {
        match reader.next_entry() {
            Ok(Some(entry)) => {
                black_box(entry.kind());
                let mut data = reader.data();
                assert!(data.left() <= u64::from(u32::MAX), "an entry is longer than its header can say");
                if io::copy(&mut data, &mut io::sink()).is_err() {
                    return None;
                }
            }
            Ok(None) => return Some(reader.before()),
            Err(_) => return None,
        }
    }
}

fn cpio(input: &[u8]) {
    let allowance = Allowance::unlimited();
    let mut source = Input::new(Whole(Cursor::new(input)), input.len() as u64, &allowance);
    segments(&mut source, Before::default());
    segments(&mut &input[..], Before::default());
}

fn compression(input: &[u8]) {
    let Some(kind) = Compression::detect(input) else { return };
    black_box(kind.refused_by_kernel(input));
    if let Ok(unpacked) = compression::unpack(kind, input, UNPACKED, &Allowance::unlimited()) {
        assert!(unpacked.len() as u64 <= UNPACKED || kind == Compression::None, "more is unpacked than was allowed");
    }
    let allowance = Allowance::new("files", u64::MAX, UNPACKED, UNPACKED);
    if let Ok(mut decoder) = compression::open(kind, input, &allowance) {
        segments(&mut *decoder, Before::default());
    }
}

fn module_index(input: &[u8]) {
    let (text, other) = two(input);
    let wanted = [module_index::normal(&other), "iscsi_ibft".to_owned()].into();
    black_box(module_index::dependencies(&text, &wanted));
    black_box((module_index::builtin(&text), module_index::names(&text), module_index::softdeps(&text, |_| true)));
    black_box(module_index::aliases(&text, &["pci:v00008086d00001533sv0sd0bc02sc00i00".to_owned(), other]));
    black_box(module_index::builtin_aliases(input, &["pci:v00008086".to_owned()]));
    black_box(module_index::config(&text, &["CONFIG_ISCSI_IBFT", "CONFIG_SCSI"]));
    black_box((module_index::module_name(&text), module_index::may_answer(&text)));
}
