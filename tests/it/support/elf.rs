//! The least of an ELF program and of a kernel image that a reader can learn something from.

/// A dynamic x86-64 program: `needed=LIBRARY` (repeatable), `interp=PATH`, `soname=NAME`,
/// `text=STRING` for a string that lies in its data.
pub fn program(words: &[&str]) -> Vec<u8> {
    let values = |key: &str| {
        let prefix = format!("{key}=");
        words.iter().filter_map(|word| word.strip_prefix(&prefix)).map(str::to_owned).collect::<Vec<_>>()
    };
    let mut strings = vec![0u8];
    let mut string = |text: &str| {
        let offset = strings.len() as u64;
        strings.extend_from_slice(text.as_bytes());
        strings.push(0);
        offset
    };
    let mut dynamic: Vec<(u64, u64)> = Vec::new();
    for library in values("needed") {
        dynamic.push((1, string(&library)));
    }
    for name in values("soname") {
        dynamic.push((14, string(&name)));
    }
    for text in values("text") {
        string(&text);
    }
    let interp = values("interp").pop();

    const HEADER: u64 = 64;
    const PROGRAM_HEADER: u64 = 56;
    let segments = 2 + u64::from(interp.is_some());
    let strings_at = HEADER + segments * PROGRAM_HEADER;
    let interp_at = strings_at + strings.len() as u64;
    let interp_bytes = interp.map(|path| [path.as_bytes(), &[0]].concat()).unwrap_or_default();
    let dynamic_at = (interp_at + interp_bytes.len() as u64).next_multiple_of(8);
    dynamic.push((5, strings_at)); // DT_STRTAB
    dynamic.push((10, strings.len() as u64)); // DT_STRSZ
    dynamic.push((0, 0));
    let end = dynamic_at + dynamic.len() as u64 * 16;

    let mut bytes = Vec::new();
    bytes.extend_from_slice(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
    bytes.extend_from_slice(&3u16.to_le_bytes()); // ET_DYN
    bytes.extend_from_slice(&62u16.to_le_bytes()); // EM_X86_64
    bytes.extend_from_slice(&1u32.to_le_bytes());
    bytes.extend_from_slice(&0u64.to_le_bytes());
    bytes.extend_from_slice(&HEADER.to_le_bytes());
    bytes.extend_from_slice(&0u64.to_le_bytes());
    bytes.extend_from_slice(&0u32.to_le_bytes());
    for half in [HEADER as u16, PROGRAM_HEADER as u16, segments as u16, 64, 0, 0] {
        bytes.extend_from_slice(&half.to_le_bytes());
    }
    let mut segment = |kind: u32, offset: u64, size: u64| {
        bytes.extend_from_slice(&kind.to_le_bytes());
        bytes.extend_from_slice(&4u32.to_le_bytes());
        for value in [offset, offset, offset, size, size, 8] {
            bytes.extend_from_slice(&value.to_le_bytes());
        }
    };
    segment(1, 0, end); // PT_LOAD: the whole file
    segment(2, dynamic_at, dynamic.len() as u64 * 16); // PT_DYNAMIC
    if !interp_bytes.is_empty() {
        segment(3, interp_at, interp_bytes.len() as u64); // PT_INTERP
    }
    bytes.extend_from_slice(&strings);
    bytes.extend_from_slice(&interp_bytes);
    bytes.resize(dynamic_at as usize, 0);
    for (tag, value) in dynamic {
        bytes.extend_from_slice(&tag.to_le_bytes());
        bytes.extend_from_slice(&value.to_le_bytes());
    }
    bytes
}

/// A kernel module: a relocatable object whose `.modinfo` states the kernel's version.
pub fn module(version: &str) -> Vec<u8> {
    let info = format!("license=GPL\0vermagic={version} SMP preempt mod_unload modversions \0");
    let names = b"\0.modinfo\0.shstrtab\0";
    const HEADER: u64 = 64;
    let names_at = HEADER + info.len() as u64;
    let sections_at = (names_at + names.len() as u64).next_multiple_of(8);

    let mut bytes = Vec::new();
    bytes.extend_from_slice(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
    bytes.extend_from_slice(&1u16.to_le_bytes()); // ET_REL
    bytes.extend_from_slice(&62u16.to_le_bytes()); // EM_X86_64
    bytes.extend_from_slice(&1u32.to_le_bytes());
    for value in [0, 0, sections_at] {
        bytes.extend_from_slice(&value.to_le_bytes());
    }
    bytes.extend_from_slice(&0u32.to_le_bytes());
    for half in [HEADER as u16, 0, 0, 64, 3, 2] {
        bytes.extend_from_slice(&half.to_le_bytes());
    }
    bytes.extend_from_slice(info.as_bytes());
    bytes.extend_from_slice(names);
    bytes.resize(sections_at as usize, 0);
    let mut section = |name: u32, kind: u32, offset: u64, size: u64| {
        bytes.extend_from_slice(&name.to_le_bytes());
        bytes.extend_from_slice(&kind.to_le_bytes());
        for value in [0, 0, offset, size, 0, u64::from(kind > 0), 0] {
            bytes.extend_from_slice(&value.to_le_bytes());
        }
    };
    section(0, 0, 0, 0);
    section(1, 1, HEADER, info.len() as u64); // .modinfo, SHT_PROGBITS
    section(10, 3, names_at, names.len() as u64); // .shstrtab, SHT_STRTAB
    bytes
}

/// A bzImage that states a version (Linux `Documentation/arch/x86/boot.rst`: `kernel_version`).
pub fn kernel(version: &str) -> Vec<u8> {
    let mut bytes = vec![0u8; 0x4000];
    bytes[0x1f1] = 0x1f; // setup_sects
    bytes[0x1fe..0x200].copy_from_slice(&0xaa55u16.to_le_bytes());
    bytes[0x202..0x206].copy_from_slice(b"HdrS");
    bytes[0x206..0x208].copy_from_slice(&0x020fu16.to_le_bytes());
    bytes[0x20e..0x210].copy_from_slice(&0x3000u16.to_le_bytes());
    let text = format!("{version} (builder@host) #1 SMP\0");
    bytes[0x3200..0x3200 + text.len()].copy_from_slice(text.as_bytes());
    bytes
}
