//! Initramfs images, read as streams.
//!
//! An image is read once from its beginning to its end. Of most files only the name is kept; scripts,
//! settings and the dynamic sections of programs are what the facts are made of afterwards.

mod classless;
mod collect;
mod config;
mod content;
mod first_program;
mod layers;
mod libraries;
mod module_indexes;
mod rootfs;
mod scripts;
mod tree;
mod units;
mod walk;

use crate::formats::image::cpio::{Entry, Input, Kind, Sparse};
use crate::probes::unified;
use crate::system::{Budget, Root, RootFile};
use collect::Collected;
use isctpl_checks::facts::{EntryKind, Initramfs, Problem, Source};
use scripts::Scripts;
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use tree::Tree;

/// The permission bits of a file's mode.
const PERMISSIONS: u32 = 0o777;

/// An entry of an image, as it streams by.
#[derive(Debug)]
pub(crate) struct ListedEntry {
    /// The segment that it lies in, an index into [`Initramfs::segments`].
    pub segment: usize,
    /// The header, with the name as the archive has it.
    pub header: Entry,
    /// What kind of thing it is.
    pub kind: Kind,
    /// Where a symbolic link points.
    pub target: Option<Vec<u8>>,
}

/// Reads an image of the root whole, within what the budget of the images has left; what stands in the way is in the facts' `damage`.
pub(crate) fn read(root: &Root, path: &str, budget: &Budget) -> Initramfs {
    let mut facts = Initramfs { path: root.name(path), ..Initramfs::default() };
    let opened = root.stat(path).and_then(|meta| Ok(meta.zip(root.open_file(path)?)));
    match opened {
        Ok(Some((meta, file))) => {
            (facts.size, facts.mtime, facts.mode) = (meta.size, meta.mtime, Some(meta.mode & PERMISSIONS));
            open(file, &mut facts, budget, &mut |_| ());
        }
        Ok(None) => facts.damage.push(Problem::new(facts.path.clone(), "does not exist")),
        Err(problem) => {
            facts.incomplete = true;
            facts.damage.push(problem);
        }
    }
    facts
}

/// Reads an open image whole, and hands every entry to `sink` on the way. `name` is what messages
/// call the image.
pub(crate) fn examine(image: File, name: &str, sink: &mut dyn FnMut(&ListedEntry)) -> Initramfs {
    let mut facts = Initramfs { path: name.to_owned(), ..Initramfs::default() };
    match image.metadata() {
        Ok(metadata) => {
            facts.size = metadata.len();
            facts.mtime = metadata.mtime();
            facts.mode = Some(metadata.mode() & PERMISSIONS);
            open(image.into(), &mut facts, &Budget::of_images(), sink);
        }
        Err(error) => {
            facts.incomplete = true;
            facts.damage.push(Problem::new(name, format!("could not be read: {error}")));
        }
    }
    facts
}

/// Fills the facts from an open file: an image, or the one in a unified kernel image, whose size they then state.
fn open(file: RootFile, facts: &mut Initramfs, budget: &Budget, sink: &mut dyn FnMut(&ListedEntry)) {
    match unified::initramfs(file, facts.size) {
        Ok(Some((image, size))) => {
            facts.size = size;
            fill(image, facts, budget, sink);
        }
        Ok(None) => {
            let what = "is a unified kernel image without an initramfs";
            facts.damage.push(Problem::new(facts.path.clone(), what));
        }
        Err(error) => {
            facts.incomplete = true;
            facts.damage.push(Problem::new(facts.path.clone(), format!("could not be read: {error}")));
        }
    }
}

/// Fills the facts from an open image of the size that they state.
fn fill<R: Sparse>(image: R, facts: &mut Initramfs, budget: &Budget, sink: &mut dyn FnMut(&ListedEntry)) {
    let mut collected = Collected::within(&facts.path, budget);
    let place = facts.path.clone();
    let mut input = Input::new(image, facts.size, budget.unpacking());
    let walked = walk::walk(&mut input, &place, budget, &mut |segment, header, data| {
        let target = collected.take(&header, data)?;
        sink(&ListedEntry { segment, kind: header.kind(), target, header });
        Ok(())
    });
    facts.segments = walked.segments;
    facts.damage = walked.damage;
    facts.incomplete = walked.incomplete || collected.incomplete;
    facts.problems = collected.problems;
    if let Some(device) = &collected.rootfs.written_device {
        facts.incomplete = true;
        let what = "is a device in the initramfs that the kernel writes a file's data to, by one of the file's names";
        facts.problems.push(Problem::new(format!("{place}!{device}"), what));
    }
    let tree = collected.rootfs.finish();
    match libraries::missing(&tree) {
        Some(missing) => facts.missing_libraries = missing,
        None => {
            facts.incomplete = true;
            facts.problems.push(Problem::new(&place, "its programs need too many libraries to check them all"));
        }
    }
    let (missing_programs, unread) = units::missing_programs(&tree);
    facts.missing_unit_programs = missing_programs;
    facts.incomplete |= !unread.is_empty();
    facts.problems.extend(unread);
    facts.first_programs = first_program::first_programs(&tree);
    let scripts = Scripts::scan(&tree);
    facts.readers = scripts.readers();
    facts.network = scripts.network();
    facts.login = scripts.login();
    facts.login_database_unplaced = scripts.login_database_unplaced();
    facts.awk_without_and = scripts.awk_without_and();
    facts.refusals = scripts.refusals();
    let (classless, unread) = classless::handling(&tree, &facts.network, &scripts);
    facts.classless = classless;
    facts.problems.extend(unread);
    config::fill(&tree, facts);
    layers::fill(&tree, &scripts, facts);
    facts.module_indexes = module_indexes::read(&tree);
    let (scripts_left_out, unread) = (scripts.incomplete, scripts.unread);
    facts.incomplete |= !unread.is_empty();
    facts.problems.extend(unread);
    if scripts_left_out {
        facts.incomplete = true;
        facts.problems.push(Problem::new(&place, "its scripts are too many to look into them all"));
    }
    if tree.is_exhausted() {
        facts.incomplete = true;
        let what = "its symbolic links and directories are nested too deeply to follow them all";
        facts.problems.push(Problem::new(&place, what));
    }
    Source::Other.name(&mut facts.problems);
    name_entries(tree, facts);
}

/// Sorts the tree's entries into modules and other files.
fn name_entries(tree: Tree, facts: &mut Initramfs) {
    for (path, node) in tree.into_nodes() {
        let modules = ["usr/lib/modules/", "lib/modules/"].iter().find_map(|directory| path.strip_prefix(directory));
        if let Some(below) = modules {
            facts.module_versions.extend(below.split('/').next().map(str::to_owned));
        }
        match module_name(&path).filter(|_| !matches!(node.kind, EntryKind::Directory)) {
            Some(name) => {
                facts.modules.insert(name, path);
            }
            None => {
                facts.files.insert(path, node.kind);
            }
        }
    }
}

/// The name of a kernel module as the kernel has it, from its file's; `None` for another file.
fn module_name(path: &str) -> Option<String> {
    let file = path.rsplit('/').next()?;
    let file = [".gz", ".xz", ".zst"].iter().find_map(|packed| file.strip_suffix(packed)).unwrap_or(file);
    file.strip_suffix(".ko").map(|name| name.replace('-', "_"))
}

#[cfg(test)]
mod tests;
