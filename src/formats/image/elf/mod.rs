//! Shared libraries of programs; the .modinfo of kernel modules and what they import.
//!
//! Of a program only what a dynamic linker looks at is read: header, program headers, dynamic section
//! (elf(5), ld.so(8)).

mod asks;
mod modinfo;
mod unpacked;

pub(crate) use asks::asks;
pub(crate) use modinfo::modinfo;
pub(crate) use unpacked::unpacked;

use goblin::container::Ctx;
use goblin::elf::Elf;
use goblin::elf::dynamic::{DT_NEEDED, DT_RPATH, DT_RUNPATH, DT_SONAME, Dynamic};
use goblin::elf::header::{ET_DYN, ET_EXEC, Header};
use goblin::elf::program_header::{PT_DYNAMIC, PT_INTERP, ProgramHeader};
use std::cell::Cell;

/// The first bytes of every ELF file.
pub(crate) const MAGIC: &[u8] = b"\x7fELF";

/// The largest dynamic section that is read, in bytes: some four thousand entries, where large programs have some
/// hundred.
const DYNAMIC_LIMIT: u64 = 64 << 10;

/// The most bytes that the names in a dynamic section may have together.
const NAMES_LIMIT: usize = 64 << 10;

/// What a dynamic linker needs to know of a program or library.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Linkage {
    /// Whether addresses have 64 bits.
    pub is_64: bool,
    /// The machine it is for (`e_machine`).
    pub machine: u16,
    /// The program that loads it (`PT_INTERP`).
    pub interpreter: Option<String>,
    /// Libraries that it names (`DT_NEEDED`), in order.
    pub needed: Vec<String>,
    /// Its own name as a library (`DT_SONAME`).
    pub soname: Option<String>,
    /// Directories of `DT_RPATH`, which its libraries' libraries are looked for in, too.
    pub rpath: Vec<String>,
    /// Directories of `DT_RUNPATH`; `DT_RPATH` does not count beside them.
    pub runpath: Vec<String>,
}

impl Linkage {
    /// How many bytes it takes to keep this.
    pub(crate) fn weight(&self) -> u64 {
        let names =
            self.needed.iter().chain(&self.rpath).chain(&self.runpath).chain(&self.interpreter).chain(&self.soname);
        names.map(|name| (size_of::<String>() + name.len()) as u64).sum()
    }
}

/// Why an ELF file was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    /// It is not an ELF file, or damaged.
    #[error("is not a valid ELF file: {0}")]
    Malformed(String),
    /// An offset in it leads out of it.
    #[error("its {0} is outside the file")]
    Outside(&'static str),
    /// It names more than is kept.
    #[error("has a dynamic section of more than {} KiB, or more than {} KiB of names in it", DYNAMIC_LIMIT >> 10, NAMES_LIMIT >> 10)]
    TooLong,
    /// A module without what every module has.
    #[error("has no .modinfo section, so it is not a kernel module")]
    NoModInfo,
    /// A compressed module that cannot be unpacked.
    #[error("could not be unpacked: {0}")]
    Packed(crate::formats::image::compression::DecodeError),
}

impl Error {
    /// Whether the reason lies with isctpl and not with the file.
    pub(crate) fn is_ours(&self) -> bool {
        matches!(self, Self::TooLong)
    }
}

impl From<goblin::error::Error> for Error {
    fn from(error: goblin::error::Error) -> Self {
        Self::Malformed(error.to_string())
    }
}

/// The header and the sizes and byte order that it states.
fn header(bytes: &[u8]) -> Result<(Header, Ctx), Error> {
    let header = Elf::parse_header(bytes)?;
    let context = Ctx::new(header.container()?, header.endianness()?);
    Ok((header, context))
}

fn offset(value: u64, what: &'static str) -> Result<usize, Error> {
    usize::try_from(value).map_err(|_| Error::Outside(what))
}

/// Reads what a dynamic linker would; `None` for an object that is no program and no library, such
/// as a kernel module.
///
/// # Errors
/// When the file is damaged.
pub(crate) fn linkage(bytes: &[u8]) -> Result<Option<Linkage>, Error> {
    let (header, context) = header(bytes)?;
    if !matches!(header.e_type, ET_EXEC | ET_DYN) {
        return Ok(None);
    }
    let start = offset(header.e_phoff, "program header table")?;
    let segments = ProgramHeader::parse(bytes, start, usize::from(header.e_phnum), context)?;
    let mut linkage = Linkage { is_64: context.is_big(), machine: header.e_machine, ..Linkage::default() };
    if let Some(segment) = segments.iter().find(|segment| segment.p_type == PT_INTERP) {
        let start = offset(segment.p_offset, "interpreter")?;
        linkage.interpreter = Some(string(bytes, start).ok_or(Error::Outside("interpreter"))?);
    }
    // Before it is read: what is read is built in memory.
    if segments.iter().any(|segment| segment.p_type == PT_DYNAMIC && segment.p_filesz > DYNAMIC_LIMIT) {
        return Err(Error::TooLong);
    }
    let Some(dynamic) = Dynamic::parse(bytes, &segments, context)? else { return Ok(Some(linkage)) };
    let named = Cell::new(0);
    let text = |value: u64| {
        let text = usize::try_from(value)
            .ok()
            .and_then(|index| dynamic.info.strtab.checked_add(index))
            .and_then(|at| string(bytes, at))
            .ok_or(Error::Outside("dynamic string table"))?;
        named.set(named.get() + text.len());
        if named.get() > NAMES_LIMIT { Err(Error::TooLong) } else { Ok(text) }
    };
    let directories = |value: u64| {
        text(value).map(|list| list.split(':').filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>())
    };
    for entry in &dynamic.dyns {
        match entry.d_tag {
            DT_NEEDED => linkage.needed.push(text(entry.d_val)?),
            DT_SONAME => linkage.soname = Some(text(entry.d_val)?),
            DT_RPATH => linkage.rpath = directories(entry.d_val)?,
            DT_RUNPATH => linkage.runpath = directories(entry.d_val)?,
            _ => {}
        }
    }
    Ok(Some(linkage))
}

/// The longest string that is taken for a name.
const STRING_LIMIT: usize = 4096;

/// The string at an offset, up to its NUL.
fn string(bytes: &[u8], start: usize) -> Option<String> {
    let rest = bytes.get(start..)?;
    let end = rest.iter().take(STRING_LIMIT).position(|&byte| byte == 0)?;
    Some(String::from_utf8_lossy(&rest[..end]).into_owned())
}

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
