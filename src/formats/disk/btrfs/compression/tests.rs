#![allow(clippy::unwrap_used)]

use super::*;
use proptest::prelude::*;

/// The frame of one segment.
fn frame(segment: &[u8]) -> Vec<u8> {
    let total = u32::try_from(segment.len() + 8).unwrap().to_le_bytes();
    let length = u32::try_from(segment.len()).unwrap().to_le_bytes();
    [&total, &length, segment].concat()
}

/// Each form of instruction, as `lzo.rst` has it, and what it may not do.
#[test]
fn lzo_instructions() {
    let plain = |segment: &[u8]| lzo::decompress(&frame(segment), 4096, 4096);
    let end = [17, 0, 0];
    let of = |start: &[u8]| plain(&[start, &end].concat()).map(|bytes| String::from_utf8(bytes).unwrap());
    assert_eq!(of(b""), Ok(String::new()));
    assert_eq!(of(&[17 + 3, b'a', b'b', b'c']), Ok("abc".to_owned()));
    assert_eq!(of(&[1, b'a', b'b', b'c', b'd']), Ok("abcd".to_owned()));
    // 15 and 5 more, and 3.
    assert_eq!(of(&[&[0, 5][..], &[b'x'; 23]].concat()), Ok("x".repeat(23)));
    // 64..: distance 2, length 4, and a literal; then 2 bytes from distance 1 (state 1).
    assert_eq!(of(&[20, b'a', b'b', b'c', 0b0110_0101, 0, b'!', 0, 0]), Ok("abcbcbc!!!".to_owned()));
    // 32..64: distance 3, length 2 + 31 + 1.
    assert_eq!(of(&[20, b'a', b'b', b'c', 32, 1, 2 << 2, 0]), Ok(format!("abc{}a", "abc".repeat(11))));
    for (segment, what) in [
        (&[20, b'a', b'b'][..], "literals lead outside"),
        (&[20, b'a', b'b', b'c', 32, 1, 3 << 2, 0, 17, 0, 0], "a match reaches before the beginning"),
        (&[20, b'a', b'b', b'c'], "a segment has no end mark"),
        (&[18, b'a', 18, 0, 0], "a bad end mark"),
        (&[&[18, b'a', 32][..], &[0; 40], &[1, 0, 0, 17, 0, 0]].concat(), "a segment is longer than its sector"),
    ] {
        assert_eq!(plain(segment), Err(format!("lzo: {what}")));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the bytes are, there is an answer, and never one that is longer than asked for.
    #[test]
    fn any_bytes(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), 0..3_u8, 16..36_u8], 0..3000), length in 0_usize..20_000) {
        for kind in [Compression::Zlib, Compression::Lzo, Compression::Zstd] {
            for bytes in [&bytes, &frame(&bytes)] {
                if let Ok(plain) = kind.decompress(bytes, length, 4096) {
                    prop_assert_eq!(plain.len(), length);
                }
            }
        }
    }

    /// What is cut short gives its whole beginning, and what is longer the rest in zeros.
    #[test]
    fn there_and_back(bytes in proptest::collection::vec(0..4_u8, 0..9000), length in 0_usize..10_000) {
        let mut wanted = bytes.clone();
        wanted.resize(length, 0);
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut zlib, &bytes).unwrap();
        let zlib = [zlib.finish().unwrap(), vec![0; 99]].concat();
        prop_assert_eq!(Compression::Zlib.decompress(&zlib, length, 4096), Ok(wanted.clone()));
        let zstd = [zstd::encode_all(bytes.as_slice(), 1).unwrap(), vec![0; 99]].concat();
        prop_assert_eq!(Compression::Zstd.decompress(&zstd, length, 4096), Ok(wanted));
    }
}
