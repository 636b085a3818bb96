//! What the kernel makes of an entry, by what it has unpacked before: `do_name` and `do_symlink` in
//! `init/initramfs.c`, and what the filesystem answers them. Where it cannot make something, it goes on silently.

use super::content::Content;
use super::tree::{Kept, Node, Tree, join};
use crate::formats::image::cpio::{Entry, Kind};
use crate::formats::text::names;
use isctpl_checks::facts::EntryKind;
use std::collections::{BTreeSet, HashMap};

/// What is there before an image is unpacked: the archive in a kernel that was built without another one
/// (`usr/default_cpio_list`).
const BUILT_IN: [(&str, EntryKind); 3] =
    [("dev", EntryKind::Directory), ("dev/console", EntryKind::Special), ("root", EntryKind::Directory)];

/// The longest name in a directory (`NAME_MAX`).
const NAME_LENGTH: usize = 255;

/// From this length on the filesystem refuses a symbolic link's target (a page, in `shmem_symlink`).
const TARGET_LENGTH: usize = 4096;

/// The tree as it is unpacked.
#[derive(Debug)]
pub(super) struct Rootfs {
    pub(super) tree: Tree,
    /// The name under which a file with several names came first.
    links: HashMap<HardLink, String>,
    /// The directory of the last entry, as written and as resolved.
    last: Option<(String, String)>,
    /// What is built in, as far as no entry has replaced it or is for the same.
    unnamed: BTreeSet<&'static str>,
    /// A device that became a further name of a file, and whose driver gets its data: what comes of that, and whether
    /// the kernel goes on, is not known.
    pub(super) written_device: Option<String>,
}

/// What makes two entries hard links of one file (`find_link`).
#[derive(Debug, PartialEq, Eq, Hash)]
struct HardLink {
    archive: u32,
    ino: u32,
    dev: (u32, u32),
    kind: u32,
}

/// Where an entry comes to lie.
#[derive(Debug)]
struct Place {
    path: String,
    /// Whether the name ends with a slash, which only suits a directory.
    slash: bool,
}

/// A file that is written.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) path: String,
    /// Whether what it had before stays: a further name that comes without data.
    pub(super) keeps: bool,
}

impl Rootfs {
    /// The tree before anything is unpacked; `image` is the image's path in messages.
    pub(super) fn new(image: &str) -> Self {
        let mut tree = Tree::new(image);
        for (path, kind) in BUILT_IN {
            tree.insert(path.to_owned(), Node { kind, content: None });
        }
        let unnamed = BUILT_IN.into_iter().map(|(path, _)| path).collect();
        Self { tree, links: HashMap::new(), last: None, unnamed, written_device: None }
    }

    /// Makes what an entry names, a symbolic link with its target; says which file is written, when there is one.
    pub(super) fn make(&mut self, entry: &Entry, target: Option<&[u8]>) -> Option<Opened> {
        let kind = entry.kind();
        let first = self.first_name(entry, kind);
        let place = self.place(&entry.name)?;
        self.clean(&place, kind);
        match kind {
            Kind::Unknown => None,
            Kind::Directory => {
                self.unnamed.remove(place.path.as_str());
                self.insert(place.path, EntryKind::Directory);
                None
            }
            Kind::Link => {
                let target = target.filter(|target| !place.slash && target.len() < TARGET_LENGTH)?;
                self.insert(place.path, EntryKind::Link(names::decode(target)));
                None
            }
            Kind::File | Kind::Block | Kind::Character | Kind::Fifo | Kind::Socket => {
                if place.slash {
                    return None;
                }
                if let Some(first) = &first {
                    self.clean(&place, Kind::Unknown);
                    self.link(first, &place.path)?;
                }
                if kind == Kind::File {
                    return self.open(place.path, entry, first.is_some());
                }
                if first.is_none() {
                    self.insert(place.path, EntryKind::Special);
                }
                None
            }
        }
    }

    /// Gives a file that was opened its content, as far as that is kept.
    pub(super) fn fill(&mut self, path: &str, content: Option<Content>) {
        let Tree { nodes, contents, .. } = &mut self.tree;
        let Some(node) = nodes.get_mut(path) else { return };
        match node.content.and_then(|index| contents.get_mut(index)) {
            Some(kept) => kept.content = content,
            None if content.is_some() => {
                node.content = Some(contents.len());
                contents.push(Kept { content, ..Kept::of(&node.kind) });
            }
            None => {}
        }
    }

    /// The tree once everything is unpacked, without what no entry has named.
    pub(super) fn finish(mut self) -> Tree {
        for path in self.unnamed {
            self.tree.nodes.remove(path);
        }
        let Tree { nodes, contents, .. } = &mut self.tree;
        for node in nodes.values_mut() {
            if let Some(kept) = node.content.and_then(|index| contents.get(index)) {
                node.kind = kept.kind();
            }
        }
        self.tree
    }

    /// The name under which the entry's file came before; keeps this one if there is none.
    fn first_name(&mut self, entry: &Entry, kind: Kind) -> Option<String> {
        if entry.nlink < 2 || matches!(kind, Kind::Directory | Kind::Link | Kind::Unknown) {
            return None;
        }
        let key = HardLink { archive: entry.archive, ino: entry.ino, dev: entry.dev, kind: entry.mode & Entry::KIND };
        let name = names::decode(&entry.name);
        match self.links.get(&key) {
            Some(first) => Some(first.clone()),
            None => {
                self.links.insert(key, name);
                None
            }
        }
    }

    /// Where a name leads; `None` where nothing can be made: a directory on the way is missing, or it is one that
    /// is there for sure.
    fn place(&mut self, name: &[u8]) -> Option<Place> {
        if name.split(|&byte| byte == b'/').any(|part| part.len() > NAME_LENGTH) {
            return None;
        }
        self.locate(&names::decode(name))
    }

    fn locate(&mut self, name: &str) -> Option<Place> {
        let trimmed = name.trim_end_matches('/');
        let (parent, file) = trimmed.rsplit_once('/').unwrap_or(("", trimmed));
        if matches!(file, "" | "." | "..") {
            return None;
        }
        let parent = match &self.last {
            Some((written, resolved)) if written == parent => resolved.clone(),
            _ => {
                let resolved = self.tree.follow(parent).filter(|path| self.tree.is_directory(path))?;
                self.last = Some((parent.to_owned(), resolved.clone()));
                resolved
            }
        };
        Some(Place { path: join(&parent, file), slash: trimmed.len() < name.len() })
    }

    /// Removes what is in the place and of another kind, as `clean_path` does: no directory in which something is.
    fn clean(&mut self, place: &Place, kind: Kind) {
        let Some(node) = self.tree.nodes.get(&place.path) else { return };
        let is_kept = match node.kind {
            EntryKind::Directory => kind == Kind::Directory || self.tree.has_children(&place.path),
            // With a slash, it is looked at where a link leads to, and nothing is removed there.
            _ if place.slash => true,
            EntryKind::File(_) | EntryKind::Program(_) => kind == Kind::File,
            // A device of the same kind stays, and another one comes in its place.
            EntryKind::Special => matches!(kind, Kind::Block | Kind::Character | Kind::Fifo | Kind::Socket),
            EntryKind::Link(_) => false,
        };
        if !is_kept {
            self.tree.nodes.remove(&place.path);
            self.unnamed.remove(place.path.as_str());
            self.last = None;
        }
    }

    /// Puts something where nothing is.
    fn insert(&mut self, path: String, kind: EntryKind) {
        if !self.tree.nodes.contains_key(&path) {
            self.tree.insert(path, Node { kind, content: None });
        }
    }

    /// Gives what has the first name another one, where nothing is; `None` where that fails.
    fn link(&mut self, first: &str, path: &str) -> Option<()> {
        let Place { path: first, slash: false } = self.locate(first)? else { return None };
        let Tree { nodes, contents, .. } = &mut self.tree;
        if nodes.contains_key(path) {
            return None;
        }
        let node = nodes.get_mut(&first).filter(|node| node.kind != EntryKind::Directory)?;
        if node.content.is_none() && matches!(node.kind, EntryKind::File(_) | EntryKind::Program(_)) {
            node.content = Some(contents.len());
            contents.push(Kept::of(&node.kind));
        }
        let node = node.clone();
        self.tree.insert(path.to_owned(), node);
        Some(())
    }

    /// Opens a file for its data; `None` where it is none.
    fn open(&mut self, path: String, entry: &Entry, linked: bool) -> Option<Opened> {
        // A further name may be that of a symbolic link by now.
        let path = if linked { self.tree.follow(&path)? } else { path };
        let keeps = linked && entry.size == 0;
        let (size, is_program) = (u64::from(entry.size), entry.mode & 0o111 != 0);
        let kind = if is_program { EntryKind::Program(size) } else { EntryKind::File(size) };
        let Tree { nodes, contents, .. } = &mut self.tree;
        match nodes.get_mut(&path) {
            None => {
                let content = (entry.nlink > 1).then_some(contents.len());
                contents.extend(content.map(|_| Kept::of(&kind)));
                self.tree.insert(path.clone(), Node { kind, content });
            }
            Some(Node { kind: EntryKind::Special, .. }) => {
                self.written_device = Some(path);
                return None;
            }
            Some(Node { kind: EntryKind::Directory | EntryKind::Link(_), .. }) => return None,
            Some(node) => match node.content.and_then(|index| contents.get_mut(index)) {
                Some(kept) if keeps => kept.is_program = is_program,
                Some(kept) => *kept = Kept::of(&kind),
                None => node.kind = kind,
            },
        }
        Some(Opened { path, keeps })
    }
}
