#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::error::{XZ_WINDOW, ZSTD_WINDOW};
use super::*;
use crate::formats::image::cpio::read_buffered;
use proptest::prelude::*;
use std::io::{BufRead, Write};

/// As [`super::unpack`], as much as there is.
fn unpack(compression: Compression, bytes: &[u8], limit: u64) -> Result<Vec<u8>, DecodeError> {
    super::unpack(compression, bytes, limit, &Allowance::unlimited())
}

fn text() -> Vec<u8> {
    (0..40_000_u32).flat_map(|n| format!("{n} iqn.2026-01.example:lun{}\n", n % 97).into_bytes()).collect()
}

fn lz4_legacy(data: &[u8]) -> Vec<u8> {
    let mut packed = 0x184c_2102_u32.to_le_bytes().to_vec();
    for block in data.chunks(8 << 20) {
        let block = lz4_flex::block::compress(block);
        packed.extend(u32::try_from(block.len()).unwrap().to_le_bytes());
        packed.extend(block);
    }
    packed
}

fn xz(data: &[u8], check: liblzma::stream::Check) -> Vec<u8> {
    let stream = liblzma::stream::Stream::new_easy_encoder(1, check).unwrap();
    let mut encoder = liblzma::write::XzEncoder::new_stream(Vec::new(), stream);
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// The same bytes in every format.
pub(crate) fn packed(data: &[u8]) -> Vec<(Compression, Vec<u8>)> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(data).unwrap();
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bzip2.write_all(data).unwrap();
    let options = liblzma::stream::LzmaOptions::new_preset(1).unwrap();
    let lzma = liblzma::stream::Stream::new_lzma_encoder(&options).unwrap();
    let mut lzma = liblzma::write::XzEncoder::new_stream(Vec::new(), lzma);
    lzma.write_all(data).unwrap();
    let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
    lz4.write_all(data).unwrap();
    let mut zstd = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    zstd.include_checksum(true).unwrap();
    zstd.write_all(data).unwrap();
    vec![
        (Compression::Gzip, gzip.finish().unwrap()),
        (Compression::Bzip2, bzip2.finish().unwrap()),
        (Compression::Xz, xz(data, liblzma::stream::Check::Crc32)),
        (Compression::Lzma, lzma.finish().unwrap()),
        (Compression::Zstd, zstd.finish().unwrap()),
        (Compression::Lz4Legacy, lz4_legacy(data)),
        (Compression::Lz4, lz4.finish().unwrap()),
    ]
}

#[test]
fn every_format_is_recognised_and_unpacked() {
    let data = text();
    for (compression, bytes) in packed(&data) {
        assert_eq!(Compression::detect(&bytes[..Compression::MAGIC]), Some(compression));
        assert_eq!(unpack(compression, &bytes, u64::MAX).unwrap(), data, "{}", compression.name());
    }
    assert_eq!(Compression::detect(b"070701"), Some(Compression::None));
    assert_eq!(Compression::detect(b"\x89LZO\0\r\n"), Some(Compression::Lzo));
    assert_eq!(Compression::detect(b"MZ"), None);
    assert_eq!(Compression::detect(b""), None);
}

#[test]
fn a_decoder_leaves_the_source_behind_its_stream() {
    let data = text();
    for (compression, mut bytes) in packed(&data) {
        // The legacy format ends at the end of the file, or at padding.
        let behind: &[u8] = if compression == Compression::Lz4Legacy { b"\0\0\0\0rest" } else { b"rest" };
        bytes.extend_from_slice(behind);
        let mut source = bytes.as_slice();
        let mut unpacked = Vec::new();
        open(compression, &mut source, &Allowance::unlimited()).unwrap().read_to_end(&mut unpacked).unwrap();
        assert_eq!((unpacked.len(), source), (data.len(), &b"rest"[..]), "{}", compression.name());
    }
}

#[test]
fn a_cut_stream_is_called_cut() {
    let data = text();
    for (compression, bytes) in packed(&data) {
        for end in (Compression::MAGIC + 2..bytes.len()).step_by(bytes.len() / 200 + 1) {
            let answer = unpack(compression, &bytes[..end], u64::MAX);
            // Between two blocks nothing tells the legacy format's end from a cut.
            if compression != Compression::Lz4Legacy {
                assert_eq!(answer, Err(DecodeError::Truncated), "{} at {end}", compression.name());
            }
        }
    }
}

/// A file on a disk that cannot be read from some place on.
struct Unreadable<'a>(&'a [u8]);

impl Read for Unreadable<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        read_buffered(self, buffer)
    }
}

impl BufRead for Unreadable<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.0.is_empty() { Err(io::Error::other("inode 12 is damaged")) } else { Ok(self.0) }
    }

    fn consume(&mut self, count: usize) {
        self.0 = &self.0[count..];
    }
}

impl Source for Unreadable<'_> {}

/// It is the disk's fault, and not the stream's.
#[test]
fn what_the_source_says_is_handed_on() {
    for (compression, bytes) in packed(&text()) {
        for end in [Compression::MAGIC + 2, bytes.len() / 2, bytes.len() - 1] {
            let allowance = Allowance::unlimited();
            let mut stream = open(compression, Unreadable(&bytes[..end]), &allowance).unwrap();
            let error = stream.read_to_end(&mut Vec::new()).unwrap_err();
            let told = (DecodeError::of(&error), error.to_string());
            assert_eq!(told, (None, "inode 12 is damaged".to_owned()), "{} at {end}", compression.name());
        }
    }
}

#[test]
fn what_comes_out_is_bounded() {
    let data = text();
    for (compression, bytes) in packed(&data) {
        let name = compression.name();
        assert_eq!(unpack(compression, &bytes, 100_000), Err(DecodeError::TooLarge(100_000)), "{name}");
        assert_eq!(unpack(compression, &bytes, data.len() as u64).unwrap(), data, "{name}");
        // The whole run's: the last of these bytes is one too many.
        let allowance = Allowance::new("tests", u64::MAX, 2 * data.len() as u64 - 1, u64::MAX);
        assert!(super::unpack(compression, &bytes, u64::MAX, &allowance).is_ok(), "{name}");
        let spent = super::unpack(compression, &bytes, u64::MAX, &allowance);
        assert!(matches!(spent, Err(DecodeError::Spent(Spent::Unpacked { .. }))), "{name}: {spent:?}");
    }
}

/// Zeros are unpacked as far as the run allows, over all streams; what is worth its size is unpacked afterwards, too.
#[test]
fn zeros_are_bounded_over_all_streams() {
    let zeros = vec![0; 5 << 20];
    let data: Vec<u8> =
        (0..60_000_u32).flat_map(|n| format!("{:08x}", n.wrapping_mul(0x9e37_79b1)).into_bytes()).collect();
    let allowance = Allowance::new("tests", u64::MAX, u64::MAX, 32 << 20);
    let streams: Vec<_> = packed(&zeros).into_iter().collect();
    let unpack = |(compression, bytes): &(Compression, Vec<u8>)| {
        super::unpack(*compression, bytes, u64::MAX, &allowance).map(|unpacked| unpacked.len())
    };
    let answers: Vec<_> = streams.iter().map(unpack).collect();
    assert_eq!(answers[..6], vec![Ok(zeros.len()); 6], "{answers:?}");
    let spent = DecodeError::Spent(Spent::Beyond { most: 32 << 20 });
    assert_eq!(answers[6], Err(spent.clone()));
    assert_eq!(unpack(&streams[0]), Err(spent));
    for stream in packed(&data) {
        assert_eq!(unpack(&stream), Ok(data.len()), "{}", stream.0.name());
    }
}

/// Nothing of a skippable frame is read, however long it says that it is.
#[test]
fn a_skippable_frame_is_left_out() {
    let frame = |size: u32, data: &[u8]| [&[0x5a, 0x2a, 0x4d, 0x18], &size.to_le_bytes()[..], data].concat();
    let bytes = frame(4, b"datarest");
    let mut source = bytes.as_slice();
    let mut unpacked = Vec::new();
    open(Compression::Zstd, &mut source, &Allowance::unlimited()).unwrap().read_to_end(&mut unpacked).unwrap();
    assert_eq!((unpacked.len(), source), (0, &b"rest"[..]));
    for cut in [&bytes[..6], &frame(5, b"data")] {
        assert_eq!(unpack(Compression::Zstd, cut, 9), Err(DecodeError::Truncated));
    }
}

/// What comes out is taken into memory as far as there is some.
#[test]
fn a_lack_of_memory_is_no_damage() {
    let mut bytes = Vec::<u8>::new();
    let refused = bytes.try_reserve(usize::MAX).unwrap_err();
    assert_eq!(reason(refused.into()), DecodeError::Memory);
}

#[test]
fn a_window_beyond_the_limit_is_refused_by_name() {
    // A frame header: magic, descriptor without content size, window descriptor of 2^29 bytes.
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 19 << 3, 0x01, 0x00, 0x00];
    assert_eq!(unpack(Compression::Zstd, &frame, u64::MAX), Err(DecodeError::Window(ZSTD_WINDOW)));
    // The largest that is taken, and an empty last block.
    let window = u8::try_from(ZSTD_WINDOW.ilog2() - 10).unwrap() << 3;
    let frame = |descriptor| [0x28, 0xb5, 0x2f, 0xfd, 0x00, descriptor, 0x01, 0x00, 0x00];
    assert_eq!(unpack(Compression::Zstd, &frame(window), u64::MAX), Ok(Vec::new()));
    assert_eq!(unpack(Compression::Zstd, &frame(window + 1), u64::MAX), Err(DecodeError::Window(ZSTD_WINDOW)));
    for compression in [Compression::Lzma, Compression::Xz] {
        let answer = |window: u32| {
            use liblzma::stream::{Check, Filters, LzmaOptions, Stream};
            let mut options = LzmaOptions::new_preset(0).unwrap();
            options.dict_size(window);
            let stream = match compression {
                Compression::Lzma => Stream::new_lzma_encoder(&options),
                _ => Stream::new_stream_encoder(Filters::new().lzma2(&options), Check::Crc32),
            };
            let mut encoder = liblzma::write::XzEncoder::new_stream(Vec::new(), stream.unwrap());
            encoder.write_all(b"x").unwrap();
            unpack(compression, &encoder.finish().unwrap(), u64::MAX)
        };
        let name = compression.name();
        assert_eq!(answer(u32::try_from(XZ_WINDOW).unwrap()), Ok(b"x".to_vec()), "{name}");
        // The next larger one that xz has.
        assert_eq!(answer(96 << 20), Err(DecodeError::Window(XZ_WINDOW)), "{name}");
    }
}

#[test]
fn a_flipped_byte_is_found_where_the_format_has_a_checksum() {
    let data = text();
    for (compression, bytes) in packed(&data) {
        let mut bytes = bytes;
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x10;
        let answer = unpack(compression, &bytes, u64::MAX);
        if matches!(compression, Compression::Gzip | Compression::Bzip2 | Compression::Xz | Compression::Zstd) {
            assert!(matches!(answer, Err(DecodeError::Damaged(_))), "{}: {answer:?}", compression.name());
        }
    }
}

#[test]
fn what_the_kernel_refuses_is_told() {
    let crc64 = xz(b"x", liblzma::stream::Check::Crc64);
    let crc32 = xz(b"x", liblzma::stream::Check::Crc32);
    assert!(Compression::Xz.refused_by_kernel(&crc64).unwrap().contains("--check=crc32"));
    assert_eq!(Compression::Xz.refused_by_kernel(&crc32), None);
    assert!(Compression::Lz4.refused_by_kernel(b"").is_some());
    assert!(Compression::Zstd.refused_by_kernel(&[0x50, 0x2a]).is_some());
    assert_eq!(Compression::Zstd.refused_by_kernel(&[0x28, 0xb5]), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
        for (compression, sample) in packed(b"x") {
            let _ = unpack(compression, &bytes, 1 << 20);
            let mut behind_magic = sample[..Compression::MAGIC].to_vec();
            behind_magic.extend_from_slice(&bytes);
            let _ = unpack(compression, &behind_magic, 1 << 20);
        }
    }

    #[test]
    fn flipped_bytes_do_not_panic(at in any::<usize>(), value in any::<u8>()) {
        for (compression, mut sample) in packed(b"the same few words, the same few words, the same few words") {
            let at = at % sample.len();
            sample[at] = value;
            let _ = unpack(compression, &sample, 1 << 20);
        }
    }
}
