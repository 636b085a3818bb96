#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::formats::image::allowance::Allowance;
use crate::formats::image::compression::DecodeError;
use crate::formats::image::elf::sample::{asking, module, program};
use proptest::prelude::*;
use std::io::Write;

#[test]
fn a_programs_interpreter_and_libraries_are_read() {
    let bytes =
        program(Some("/lib64/ld-linux-x86-64.so.2"), &["libkmod.so.2", "libc.so.6"], Some("$ORIGIN/private:/opt/lib"));
    let linkage = linkage(&bytes).unwrap().unwrap();
    assert!(linkage.is_64);
    assert_eq!(linkage.machine, 62);
    assert_eq!(linkage.interpreter.as_deref(), Some("/lib64/ld-linux-x86-64.so.2"));
    assert_eq!(linkage.needed, ["libkmod.so.2", "libc.so.6"]);
    assert_eq!(linkage.runpath, ["$ORIGIN/private", "/opt/lib"]);
}

#[test]
fn a_static_program_needs_nothing() {
    let linkage = linkage(&program(Some("/lib/klibc-x.so"), &[], None)).unwrap().unwrap();
    assert_eq!(linkage.interpreter.as_deref(), Some("/lib/klibc-x.so"));
    assert!(linkage.needed.is_empty());
}

#[test]
fn an_object_is_no_program() {
    assert_eq!(linkage(&module(&["license=GPL"])).unwrap(), None);
}

const FIELDS: &[&str] = &[
    "firmware=bnx2/bnx2-mips-09-6.2.1b.fw",
    "firmware=bnx2/bnx2-rv2p-09-6.0.17.fw",
    "alias=pci:v000014E4d0000163Csv*sd*bc*sc*i*",
    "depends=libiscsi_tcp,scsi_mod",
    "name=bnx2",
    "vermagic=6.1.0-50-amd64 SMP preempt mod_unload modversions ",
];

#[test]
fn a_modules_information_is_read_plain_and_compressed() {
    let plain = module(FIELDS);
    let info = modinfo(&plain).unwrap();
    assert_eq!(info.name.as_deref(), Some("bnx2"));
    assert_eq!(info.depends, ["libiscsi_tcp", "scsi_mod"]);
    assert_eq!(info.firmware.len(), 2);
    assert_eq!(info.aliases, ["pci:v000014E4d0000163Csv*sd*bc*sc*i*"]);
    assert_eq!(info.vermagic.as_deref(), Some("6.1.0-50-amd64 SMP preempt mod_unload modversions "));
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&plain).unwrap();
    let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
    xz.write_all(&plain).unwrap();
    let zstd = zstd::encode_all(plain.as_slice(), 1).unwrap();
    for packed in [gzip.finish().unwrap(), xz.finish().unwrap(), zstd.clone()] {
        assert_eq!(modinfo(&unpacked(packed, &Allowance::unlimited()).unwrap()).unwrap(), info);
    }
    let half = zstd[..zstd.len() / 2].to_vec();
    assert_eq!(unpacked(half, &Allowance::unlimited()), Err(Error::Packed(DecodeError::Truncated)));
    let large = zstd::encode_all(vec![0; (24 << 20) + 1].as_slice(), 1).unwrap();
    let wrong = unpacked(large.clone(), &Allowance::unlimited()).unwrap_err().to_string();
    assert!(wrong.contains("unpacks to more than 24 MiB, which is isctpl's limit"), "{wrong}");
    let wrong = unpacked(large, &Allowance::new("modules", 0, u64::MAX, 1 << 20)).unwrap_err().to_string();
    assert!(wrong.contains("unpacks no more than 1 MiB beyond that"), "{wrong}");
    assert_eq!(unpacked(plain.clone(), &Allowance::unlimited()).unwrap(), plain);
    assert_eq!(modinfo(&program(None, &[], None)), Err(Error::Outside("section name table")));
}

#[test]
fn what_a_module_imports_and_the_texts_that_it_has_are_read() {
    let wanted = (["crypto_alloc_ahash", "crypto_alloc_shash"], ["crc32c", "md-level-%d"]);
    let of = |bytes: &[u8]| asks(bytes, &wanted.0, &wanted.1).unwrap();
    let bytes = asking(&["memcpy", "crypto_alloc_ahash"], &["other", "crc32c"]);
    assert_eq!(of(&bytes), (vec!["crypto_alloc_ahash"], vec!["crc32c"]));
    // A function is no text, and one whose name only begins so is another.
    assert_eq!(of(&asking(&["crc32c", "crypto_alloc_ahash_x"], &["crc32c_x"])), (vec![], vec![]));
    assert_eq!(of(&module(FIELDS)), (vec![], vec![]));
    for end in 0..bytes.len() {
        let _ = asks(&bytes[..end], &wanted.0, &wanted.1);
    }
}

#[test]
fn truncation_at_every_offset_does_not_panic() {
    for bytes in [module(FIELDS), program(Some("/lib/ld.so"), &["libc.so.6"], Some("/x"))] {
        for end in 0..bytes.len() {
            let _ = modinfo(&bytes[..end]);
            let _ = linkage(&bytes[..end]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
        let mut sound = MAGIC.to_vec();
        sound.extend_from_slice(&[2, 1, 1, 0]);
        sound.extend_from_slice(&bytes);
        for bytes in [bytes, sound] {
            let _ = modinfo(&bytes);
            let _ = linkage(&bytes);
            let _ = asks(&bytes, &["f"], &["t"]);
        }
    }

    #[test]
    fn flipped_bytes_do_not_panic(at in any::<usize>(), value in any::<[u8; 8]>()) {
        for mut bytes in [module(FIELDS), asking(&["crypto_alloc_ahash"], &["crc32c"]), program(Some("/lib/ld.so"), &["libc.so.6"], Some("/x"))] {
            let at = at % (bytes.len() - 8);
            bytes[at..at + 8].copy_from_slice(&value);
            let _ = modinfo(&bytes);
            let _ = asks(&bytes, &["crypto_alloc_ahash"], &["crc32c"]);
            let _ = linkage(&bytes);
        }
    }
}
