//! Writes small ELF files for tests.

/// A 64-bit program of x86-64 with the given interpreter, `DT_NEEDED` and `DT_RUNPATH`.
pub(crate) fn program(interpreter: Option<&str>, needed: &[&str], runpath: Option<&str>) -> Vec<u8> {
    let mut strings = vec![0];
    let mut string = |text: &str| {
        let at = strings.len() as u64;
        strings.extend_from_slice(text.as_bytes());
        strings.push(0);
        at
    };
    let interpreter = interpreter.map(&mut string);
    let mut dynamic: Vec<(u64, u64)> = needed.iter().map(|name| (1, string(name))).collect();
    dynamic.extend(runpath.map(|path| (29, string(path))));
    let size = strings.len() as u64;
    // Header, three program headers, dynamic section, strings; mapped at their own offsets.
    let table = 64_u64;
    let dynamic_at = table + 3 * 56;
    let strings_at = dynamic_at + 16 * (dynamic.len() as u64 + 3);
    dynamic.extend([(5, strings_at), (10, size), (0, 0)]);
    let end = strings_at + size;
    let mut bytes = ident(3, table, 0, 3, 0, 0);
    let mut segment = |kind: u32, at: u64, size: u64| {
        bytes.extend(kind.to_le_bytes());
        bytes.extend(4_u32.to_le_bytes());
        for value in [at, at, at, size, size, 8] {
            bytes.extend(value.to_le_bytes());
        }
    };
    segment(1, 0, end);
    match interpreter {
        Some(at) => segment(3, strings_at + at, size - at),
        None => segment(0, 0, 0),
    }
    if needed.is_empty() && runpath.is_none() {
        segment(0, 0, 0);
    } else {
        segment(2, dynamic_at, 16 * dynamic.len() as u64);
    }
    for (tag, value) in dynamic {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend(strings);
    bytes
}

/// A kernel module with the given fields in its `.modinfo`.
pub(crate) fn module(fields: &[&str]) -> Vec<u8> {
    let info: Vec<u8> = fields.iter().flat_map(|field| [field.as_bytes(), &[0]].concat()).collect();
    let names = b"\0.modinfo\0.shstrtab\0";
    let info_at = 64_u64;
    let names_at = info_at + info.len() as u64;
    let table = (names_at + names.len() as u64).next_multiple_of(8);
    let mut bytes = ident(1, 0, table, 0, 3, 2);
    bytes.extend(&info);
    bytes.extend(names);
    bytes.resize(table as usize, 0);
    for (name, kind, at, size) in
        [(0_u32, 0_u32, 0_u64, 0_u64), (1, 1, info_at, info.len() as u64), (10, 3, names_at, names.len() as u64)]
    {
        bytes.extend(name.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        for value in [0, 0, at, size] {
            bytes.extend(value.to_le_bytes());
        }
        bytes.extend([0; 24]);
    }
    bytes
}

fn ident(kind: u16, segments: u64, sections: u64, segment_count: u16, section_count: u16, names: u16) -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    bytes.extend(kind.to_le_bytes());
    bytes.extend(62_u16.to_le_bytes());
    bytes.extend(1_u32.to_le_bytes());
    for value in [0, segments, sections] {
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend(0_u32.to_le_bytes());
    for value in [64, 56, segment_count, 64, section_count, names] {
        bytes.extend(value.to_le_bytes());
    }
    bytes
}

/// A kernel module that imports these functions and has these texts.
pub(crate) fn asking(functions: &[&str], texts: &[&str]) -> Vec<u8> {
    let nul = |texts: &[&str]| texts.iter().flat_map(|text| [text.as_bytes(), &[0]].concat()).collect::<Vec<u8>>();
    let names = b"\0.rodata.str1.1\0.strtab\0.symtab\0.shstrtab\0";
    let (constants, strings) = (nul(texts), [&[0][..], &nul(functions)].concat());
    let mut symbols = vec![0; 24];
    let mut at = 1_u32;
    for function in functions {
        symbols.extend(at.to_le_bytes());
        symbols.extend([0x10, 0, 0, 0]);
        symbols.extend([0; 16]);
        at += function.len() as u32 + 1;
    }
    let parts: [&[u8]; 4] = [&constants, &strings, &symbols, names];
    let table = (64 + parts.iter().map(|part| part.len() as u64).sum::<u64>()).next_multiple_of(8);
    let mut bytes = ident(1, 0, table, 0, 5, 4);
    let mut sections = vec![0; 64];
    for (part, (name, kind, link, size)) in
        parts.iter().zip([(1_u32, 1_u32, 0_u32, 0_u64), (16, 3, 0, 0), (24, 2, 2, 24), (32, 3, 0, 0)])
    {
        sections.extend(name.to_le_bytes());
        sections.extend(kind.to_le_bytes());
        for value in [0, 0, bytes.len() as u64, part.len() as u64] {
            sections.extend(value.to_le_bytes());
        }
        sections.extend(link.to_le_bytes());
        sections.extend([0; 12]);
        sections.extend(size.to_le_bytes());
        bytes.extend_from_slice(part);
    }
    bytes.resize(table as usize, 0);
    bytes.extend(sections);
    bytes
}
