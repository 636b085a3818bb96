//! The version that a kernel image states of itself.

/// How much of an image is needed: the setup code holds at most 64 sectors.
pub(crate) const HEADER_LIMIT: u64 = 64 * 1024;

/// The version in the header of an x86 kernel (Documentation/arch/x86/boot.rst, `kernel_version`),
/// such as `6.1.0-50-amd64`.
///
/// `bytes` is the beginning of the image. `None` where the image states none: those of other
/// machines (an arm64 `Image` has no such field), kernels before 2.00 of the protocol, no kernel at all.
pub(crate) fn version(bytes: &[u8]) -> Option<String> {
    const BOOT_FLAG: usize = 0x1fe;
    const HEADER: usize = 0x202;
    const PROTOCOL: usize = 0x206;
    const KERNEL_VERSION: usize = 0x20e;
    const LONGEST: usize = 256;
    let word = |at: usize| Some(u16::from_le_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
    if word(BOOT_FLAG)? != 0xaa55 || bytes.get(HEADER..HEADER + 4)? != b"HdrS" || word(PROTOCOL)? < 0x0200 {
        return None;
    }
    // The offset counts from the end of the boot sector; 0 says that there is none.
    let offset = Some(usize::from(word(KERNEL_VERSION)?)).filter(|offset| *offset != 0)?;
    let text = bytes.get(offset + 0x200..)?;
    let text = text.get(..text.len().min(LONGEST)).unwrap_or(text);
    let end = text.iter().position(|byte| *byte == 0)?;
    // `uname -r` first, then who built it and when.
    let release = std::str::from_utf8(text.get(..end)?).ok()?.split_whitespace().next()?;
    let is_release = release.starts_with(|c: char| c.is_ascii_digit()) && !release.contains('/');
    is_release.then(|| release.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn image(version: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 0x3400 + version.len()];
        bytes.splice(0x1fe..0x200, [0x55, 0xaa]);
        bytes.splice(0x202..0x206, *b"HdrS");
        bytes.splice(0x206..0x208, [0x0f, 0x02]);
        bytes.splice(0x20e..0x210, [0x00, 0x30]);
        bytes.splice(0x3200..0x3200 + version.len(), version.iter().copied());
        bytes
    }

    #[test]
    fn the_release_is_the_first_word() {
        let bytes = image(b"6.1.0-50-amd64 (debian-kernel@lists.debian.org) #1 SMP\0");
        assert_eq!(version(&bytes).as_deref(), Some("6.1.0-50-amd64"));
    }

    #[test]
    fn what_states_none_has_none() {
        assert_eq!(version(b""), None);
        assert_eq!(version(&image(b"\0")), None);
        assert_eq!(version(&image(b"../../etc x\0")), None);
        assert_eq!(version(&image(&[0xff; 300])), None);
        let mut arm = vec![0; 4096];
        arm.splice(56..60, *b"ARMd");
        assert_eq!(version(&arm), None);
    }

    #[test]
    fn every_truncation_is_read() {
        let bytes = image(b"6.1.0\0");
        for end in 0..bytes.len() {
            version(bytes.get(..end).unwrap_or_default());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..2048), offset in any::<u16>()) {
            version(&bytes);
            let mut bytes = image(&bytes);
            bytes.splice(0x20e..0x210, offset.to_le_bytes());
            version(&bytes);
        }
    }
}
