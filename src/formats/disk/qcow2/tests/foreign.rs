//! Formats that are not read are known.

use super::sample::{Image, run};
use crate::formats::disk::qcow2::foreign::{HEAD, foreign};
use crate::formats::disk::qcow2::is_qcow2;

fn head(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(HEAD)]
}

#[test]
fn what_qemu_img_makes() {
    let image = Image::new(1 << 20, "compat=1.1");
    for (format, options, what) in [
        ("vmdk", "subformat=monolithicSparse", "a VMDK image; qemu-img convert"),
        ("vmdk", "subformat=streamOptimized", "a VMDK image; qemu-img convert"),
        ("vmdk", "subformat=twoGbMaxExtentSparse", "the descriptor of a VMDK image; qemu-img convert"),
        ("vhdx", "subformat=dynamic", "a VHDX image"),
        ("vpc", "subformat=dynamic", "a VHD image"),
        ("vdi", "static=off", "a VDI image"),
        ("qed", "cluster_size=65536", "a QED image"),
        ("qcow", "", "a qcow image of version 1"),
        ("parallels", "", "a Parallels image"),
    ] {
        let name = image.name(&format!("foreign.{format}"));
        let options: &[&str] = if options.is_empty() { &[] } else { &["-o", options] };
        image.qemu_img(&[&["create", "-q", "-f", format], options, &[&name, "64M"]].concat());
        let bytes = std::fs::read(&name).unwrap();
        assert!(foreign(head(&bytes)).unwrap_or("nothing").starts_with(what), "{format} {options:?}");
        assert!(!is_qcow2(&bytes));
    }
    assert_eq!(foreign(head(&image.bytes())), None);
}

#[test]
fn compressed_and_other_files() {
    let image = Image::new(1 << 20, "compat=1.1");
    for (program, what) in [("gzip", "gzip"), ("xz", "xz"), ("bzip2", "bzip2"), ("zstd", "Zstandard")] {
        let output = run(program, &["-c", &image.name("image")]);
        assert!(output.status.success(), "{output:?}");
        let said = foreign(head(&output.stdout)).unwrap();
        assert!(said.starts_with(&format!("compressed with {what}; ")), "{said}");
    }
    let at = |offset: usize, magic: &[u8]| {
        let mut bytes = vec![0; 40_000];
        bytes[offset..offset + magic.len()].copy_from_slice(magic);
        foreign(head(&bytes))
    };
    assert!(at(0, b"LUKS\xba\xbe\0\x02").unwrap().contains("LUKS"));
    assert!(at(32_769, b"CD001").unwrap().contains("ISO 9660"));
    assert!(at(0, &0xed26_ff3a_u32.to_le_bytes()).unwrap().contains("Android"));
    assert!(at(0, b"COWD").unwrap().contains("VMDK"));
    assert_eq!(at(0, b"BZhang is a name"), None);
    assert_eq!(at(0, b"\xeb\x63\x90"), None);
    assert_eq!((foreign(b""), foreign(b"KDM"), is_qcow2(b"QFI\xfb")), (None, None, false));
}
