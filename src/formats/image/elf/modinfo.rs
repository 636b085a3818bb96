//! What a kernel module says of itself.

use super::{Error, header, offset};
use goblin::elf::section_header::SectionHeader;

/// The `.modinfo` section of a kernel module, as modinfo(8) prints it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ModInfo {
    /// `name`; modules of old kernels have none.
    pub name: Option<String>,
    /// `depends`: names of modules that must be loaded before.
    pub depends: Vec<String>,
    /// `firmware`: files that it asks for, relative to the firmware directories.
    pub firmware: Vec<String>,
    /// `alias`: patterns of the devices that it drives.
    pub aliases: Vec<String>,
    /// `vermagic`, of which the first word is the kernel's version.
    pub vermagic: Option<String>,
}

/// Reads the `.modinfo` of a module, as [`super::unpacked`] gives it.
///
/// # Errors
/// When it is damaged, or no module.
pub(crate) fn modinfo(bytes: &[u8]) -> Result<ModInfo, Error> {
    Ok(fields(section(bytes)?))
}

/// The sections of a file, and the table of their names.
pub(super) fn sections(bytes: &[u8]) -> Result<(Vec<SectionHeader>, &[u8]), Error> {
    let (header, context) = header(bytes)?;
    let start = offset(header.e_shoff, "section header table")?;
    let sections = SectionHeader::parse(bytes, start, usize::from(header.e_shnum), context)?;
    let names = sections.get(usize::from(header.e_shstrndx)).ok_or(Error::Outside("section name table"))?;
    let names = contents(bytes, names).ok_or(Error::Outside("section name table"))?;
    Ok((sections, names))
}

fn section(bytes: &[u8]) -> Result<&[u8], Error> {
    let (sections, names) = sections(bytes)?;
    let wanted = sections
        .iter()
        .find(|section| names.get(section.sh_name..).is_some_and(|name| name.starts_with(b".modinfo\0")));
    contents(bytes, wanted.ok_or(Error::NoModInfo)?).ok_or(Error::Outside(".modinfo section"))
}

pub(super) fn contents<'b>(bytes: &'b [u8], section: &SectionHeader) -> Option<&'b [u8]> {
    let start = usize::try_from(section.sh_offset).ok()?;
    let end = start.checked_add(usize::try_from(section.sh_size).ok()?)?;
    bytes.get(start..end)
}

fn fields(section: &[u8]) -> ModInfo {
    let mut info = ModInfo::default();
    for field in section.split(|&byte| byte == 0) {
        let field = String::from_utf8_lossy(field);
        let Some((key, value)) = field.split_once('=') else { continue };
        let value = || value.to_owned();
        match key {
            "name" => info.name = Some(value()),
            "depends" => info.depends.extend(value().split(',').filter(|name| !name.is_empty()).map(str::to_owned)),
            "firmware" => info.firmware.push(value()),
            "alias" => info.aliases.push(value()),
            "vermagic" => info.vermagic = Some(value()),
            _ => {}
        }
    }
    info
}
