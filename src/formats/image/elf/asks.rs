//! What a kernel module imports from the kernel, and the texts that it has.

use super::modinfo::{contents, sections};
use super::{Error, header};
use goblin::elf::sym::Symtab;

/// Of the functions asked for, those that a module imports (undefined symbols of its symbol table), and of the texts,
/// those that it has among its constants.
///
/// # Errors
/// When it is damaged.
pub(crate) fn asks<'w>(
    bytes: &[u8],
    functions: &[&'w str],
    texts: &[&'w str],
) -> Result<(Vec<&'w str>, Vec<&'w str>), Error> {
    let (_, context) = header(bytes)?;
    let (sections, names) = sections(bytes)?;
    let named = |name: usize, prefix: &[u8]| names.get(name..).is_some_and(|name| name.starts_with(prefix));
    let mut imports = Vec::new();
    let table = sections.iter().find(|section| named(section.sh_name, b".symtab\0"));
    if let Some(table) = table.filter(|table| table.sh_entsize > 0) {
        let strings = usize::try_from(table.sh_link).ok().and_then(|link| sections.get(link));
        let strings = strings.and_then(|section| contents(bytes, section)).ok_or(Error::Outside("string table"))?;
        contents(bytes, table).ok_or(Error::Outside("symbol table"))?;
        let start = super::offset(table.sh_offset, "symbol table")?;
        let count = super::offset(table.sh_size / table.sh_entsize, "symbol table")?;
        for symbol in &Symtab::parse(bytes, start, count, context)? {
            let undefined = symbol.st_shndx == 0;
            let name = strings.get(symbol.st_name..).unwrap_or_default();
            let function = functions.iter().find(|function| undefined && is_text(name, function));
            if let Some(function) = function.filter(|function| !imports.contains(*function)) {
                imports.push(*function);
            }
        }
    }
    let constants: Vec<&[u8]> = sections
        .iter()
        .filter(|section| named(section.sh_name, b".rodata"))
        .filter_map(|section| contents(bytes, section))
        .collect();
    let has = |text: &&&str| constants.iter().any(|constants| has_text(constants, text));
    Ok((imports, texts.iter().filter(has).copied().collect()))
}

/// Whether bytes begin with a text and its NUL.
fn is_text(bytes: &[u8], text: &str) -> bool {
    bytes.strip_prefix(text.as_bytes()).is_some_and(|rest| rest.first() == Some(&0))
}

/// Whether a text stands among strings that end with a NUL each.
fn has_text(constants: &[u8], text: &str) -> bool {
    constants.split(|&byte| byte == 0).any(|string| string.ends_with(text.as_bytes()))
}
