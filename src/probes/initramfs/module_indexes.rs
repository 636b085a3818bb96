//! What modprobe finds in an image.
//!
//! kmod's modprobe looks aliases up in depmod's `modules.alias.bin` alone (libkmod; with the text beside it and nothing
//! else it says `Module crypto-crc32c not found`), busybox's reads the text (`modutils/modprobe.c`).

use super::content::Content;
use super::tree::Tree;
use crate::formats::kernel::module_index::{self, Malformed};
use crate::formats::text::names;
use crate::probes::files::Files;
use isctpl_checks::facts::{Fact, ModuleIndex, Problem, Source};
use std::collections::BTreeMap;

/// Where modules lie in an image.
const MODULES: [&str; 2] = ["usr/lib/modules/", "lib/modules/"];

/// Where a kernel looks for modprobe (`CONFIG_MODPROBE_PATH`, which no distribution sets otherwise).
const MODPROBE: &str = "sbin/modprobe";

/// The largest number of versions whose modules are looked at; an image has one.
const VERSIONS: usize = 8;

/// An index of aliases, by its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// `modules.alias`.
    Text,
    /// `modules.alias.bin`.
    Binary,
}

/// Which index a file is; `None` of every other file.
pub(super) fn part_of(path: &str) -> Option<Part> {
    let (_, file) = MODULES.iter().find_map(|directory| path.strip_prefix(directory))?.split_once('/')?;
    Some(match file {
        "modules.alias" => Part::Text,
        "modules.alias.bin" => Part::Binary,
        _ => return None,
    })
}

impl Part {
    /// What is kept of an index, and how many bytes that takes.
    pub(super) fn read(self, bytes: &[u8]) -> Result<(Content, u64), Malformed> {
        let requests = match self {
            Self::Text => {
                let text = names::decode(bytes);
                module_index::requests(module_index::alias_lines(&text), |_| false)
            }
            Self::Binary => {
                let entries = module_index::entries(bytes, module_index::may_answer)?;
                let pairs = entries.iter().map(|(alias, module)| (alias.as_str(), module.as_str()));
                module_index::requests(pairs, |_| false)
            }
        };
        let modules = requests.values().flatten();
        let weight = modules.map(|name| (size_of::<String>() + name.len()) as u64).sum();
        Ok((Content::Aliases(requests), weight))
    }
}

/// What modprobe finds, for each version that the image has modules of.
pub(super) fn read(tree: &Tree) -> BTreeMap<String, Fact<ModuleIndex>> {
    let mut directories: BTreeMap<&str, &str> = BTreeMap::new();
    for (path, _) in tree.nodes() {
        let Some(directory) = MODULES.into_iter().find(|directory| path.starts_with(directory)) else { continue };
        let Some((version, _)) = path.get(directory.len()..).and_then(|below| below.split_once('/')) else { continue };
        if directories.len() < VERSIONS {
            directories.entry(version).or_insert(directory);
        }
    }
    let index = |(version, directory): (&str, &str)| {
        let read = index(tree, &format!("{directory}{version}"));
        (version.to_owned(), read.map_err(|problem| problem.of(Source::Other)).into())
    };
    directories.into_iter().map(index).collect()
}

fn index(tree: &Tree, directory: &str) -> Result<ModuleIndex, Problem> {
    let program = tree.resolve(MODPROBE);
    let ending = match program.as_deref().and_then(|program| program.rsplit('/').next()) {
        Some("busybox") => "",
        _ => ".bin",
    };
    let program = program.map(|program| tree.name(&program));
    let path = format!("{directory}/modules.alias{ending}");
    let Some(file) = tree.find(&path)? else { return Ok(ModuleIndex { program, ..ModuleIndex::default() }) };
    let at = tree.name(&path);
    let requests = match tree.content(&path) {
        Some(Content::Aliases(requests)) => requests.clone(),
        _ if file.size > 0 => return Err(Problem::new(at, "was not read along with the initramfs")),
        _ => BTreeMap::new(),
    };
    Ok(ModuleIndex { program, aliases_at: Some(at), requests })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::probes::initramfs::tree::{Kept, Node};
    use isctpl_checks::facts::EntryKind;

    fn tree(modprobe: Option<&str>, indexes: &[(&str, &[u8])]) -> Tree {
        let mut tree = Tree::new("image");
        for path in ["usr", "usr/bin", "usr/lib", "usr/lib/modules", "usr/lib/modules/6.1", "sbin"] {
            tree.insert(path.to_owned(), Node { kind: EntryKind::Directory, content: None });
        }
        let file = |size| Node { kind: EntryKind::Program(size), content: None };
        for path in ["usr/bin/kmod", "usr/bin/busybox", "usr/lib/modules/6.1/kernel/x.ko"] {
            tree.insert(path.to_owned(), file(1));
        }
        if let Some(target) = modprobe {
            tree.insert("sbin/modprobe".to_owned(), Node { kind: EntryKind::Link(target.to_owned()), content: None });
        }
        for (name, bytes) in indexes {
            let path = format!("usr/lib/modules/6.1/{name}");
            let kind = EntryKind::File(bytes.len() as u64);
            let read = part_of(&path).unwrap().read(bytes).ok().map(|(content, _)| content);
            let content = read.is_some().then_some(tree.contents.len());
            tree.contents.push(Kept { content: read, ..Kept::of(&kind) });
            tree.insert(path, Node { kind, content });
        }
        tree
    }

    const TEXT: &[u8] =
        b"# Aliases\nalias crypto-crc32c crc32c_generic\nalias net-pf-17 af_packet\nalias pci:v* e1000\n";

    #[test]
    fn busybox_reads_the_text_and_kmod_the_binary() {
        let of = |modprobe, indexes: &[(&str, &[u8])]| read(&tree(modprobe, indexes)).remove("6.1").unwrap();
        let busybox = of(Some("/usr/bin/busybox"), &[("modules.alias", TEXT)]);
        let index = busybox.known().unwrap();
        assert_eq!(index.program.as_deref(), Some("image!usr/bin/busybox"));
        assert_eq!(index.requests["crypto-crc32c"], ["crc32c_generic"]);
        assert_eq!(index.requests.keys().collect::<Vec<_>>(), ["crypto-crc32c", "net-pf-17"]);
        let kmod = of(Some("../usr/bin/kmod"), &[("modules.alias", TEXT)]);
        assert_eq!(kmod.known().unwrap().aliases_at, None);
        assert_eq!(of(None, &[]).known().unwrap(), &ModuleIndex::default());
        assert!(of(Some("/usr/bin/kmod"), &[("modules.alias.bin", b"no index")]).problem().is_some());
    }
}
