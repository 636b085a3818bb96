//! Other formats in which disks come, known by how they begin.

use crate::formats::disk::fields;

/// How much of a file [`foreign`] wants to see: up to the descriptor of an ISO 9660 filesystem.
pub(crate) const HEAD: usize = 32_774;

macro_rules! image {
    ($what:literal) => {
        concat!($what, "; qemu-img convert -O raw makes one that isctpl reads")
    };
}

const BY_QEMU: [(usize, &[u8], &str); 11] = [
    (0, b"KDMV", image!("a VMDK image")),
    (0, b"COWD", image!("a VMDK image")),
    (0, b"\xbe\xba\xfe\xca\0\0\0\0", image!("a VMDK image (SESparse)")),
    (0, b"# Disk DescriptorFile", image!("the descriptor of a VMDK image")),
    (0, b"vhdxfile", image!("a VHDX image")),
    (0, b"conectix", image!("a VHD image")),
    (64, b"\x7f\x10\xda\xbe", image!("a VDI image")),
    (0, b"QED\0", image!("a QED image")),
    (0, b"QFI\xfb\0\0\0\x01", image!("a qcow image of version 1")),
    (0, b"WithoutFreeSpace", image!("a Parallels image")),
    (0, b"WithouFreSpacExt", image!("a Parallels image")),
];

const OTHERS: [(usize, &[u8], &str); 7] = [
    (0, b"\x1f\x8b\x08", "compressed with gzip; unpack it with gunzip"),
    (0, b"\xfd7zXZ\0", "compressed with xz; unpack it with unxz"),
    (0, b"\x28\xb5\x2f\xfd", "compressed with Zstandard; unpack it with unzstd"),
    (0, b"BZh", "compressed with bzip2; unpack it with bunzip2"),
    (0, b"LUKS\xba\xbe", "encrypted with LUKS; open it with cryptsetup, and name the device that it makes"),
    (32_769, b"CD001", "an ISO 9660 image, which is no disk that a system is installed on"),
    (0, b"\x3a\xff\x26\xed", "an Android sparse image; simg2img makes one that isctpl reads"),
];

/// What a file is that is neither a raw disk nor qcow2, and what makes a disk of it, to follow "NAME is "; `None` when
/// nothing of the kind is known. `head` is its beginning, [`HEAD`] bytes or as many as there are.
pub(crate) fn foreign(head: &[u8]) -> Option<&'static str> {
    let is = |(offset, magic, _): &&(usize, &[u8], &str)| {
        head.get(*offset..).is_some_and(|rest| rest.starts_with(magic)) && (*magic != b"BZh" || is_bzip2(head))
    };
    BY_QEMU.iter().chain(&OTHERS).find(is).map(|(_, _, what)| *what)
}

/// bzip2 is known by its block as well: three letters are little.
fn is_bzip2(head: &[u8]) -> bool {
    let begins = fields::bytes::<6>(head, 4);
    // The square root of pi before an end without blocks, pi before a block.
    matches!(fields::byte(head, 3), b'1'..=b'9') && (begins == *b"1AY&SY" || begins == *b"\x17\x72\x45\x38\x50\x90")
}
