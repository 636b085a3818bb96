//! The directory tree that an image unpacks to.

use super::content::Content;
use crate::probes::files::{Files, Found};
use crate::system::FileKind;
use isctpl_checks::facts::{EntryKind, Problem};
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;

/// The most symbolic links that are followed on one way, as the kernel does (`MAXSYMLINKS`).
const HOPS: usize = 40;

/// The longest path (`PATH_MAX`).
const LENGTH: usize = 4096;

/// The most steps that all searches in one tree may take together, so that an image made for it cannot
/// keep the search busy for hours. An ordinary image takes some ten thousand.
const STEPS: u64 = 1 << 20;

/// The directories of the PATH that programs of an image are looked for in.
const PATH: &[&str] =
    &["usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin", "sbin", "bin", "usr/lib/klibc/bin", "usr/libexec"];

/// An entry of the tree.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) kind: EntryKind,
    /// What was kept of a file's content: an index into [`Tree::contents`]. Hard links of one file share it.
    pub(super) content: Option<usize>,
}

/// What is kept of a file, for all its names.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) content: Option<Content>,
    /// Bytes.
    pub(super) size: u64,
    /// Whether it may be executed.
    pub(super) is_program: bool,
}

impl Kept {
    /// A file of this kind, of whose content nothing is kept.
    pub(super) fn of(kind: &EntryKind) -> Self {
        let (size, is_program) = match *kind {
            EntryKind::File(size) => (size, false),
            EntryKind::Program(size) => (size, true),
            EntryKind::Directory | EntryKind::Link(_) | EntryKind::Special => (0, false),
        };
        Self { content: None, size, is_program }
    }

    /// What the file's names are.
    pub(super) fn kind(&self) -> EntryKind {
        if self.is_program { EntryKind::Program(self.size) } else { EntryKind::File(self.size) }
    }
}

/// Paths are without a leading `/`, and led through symbolic links to directories as the kernel does
/// when it unpacks.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// The image's path in messages.
    image: String,
    pub(super) nodes: BTreeMap<String, Node>,
    pub(super) contents: Vec<Kept>,
    steps: Cell<u64>,
}

impl Tree {
    /// An empty tree; `image` is the image's path in messages.
    pub(super) fn new(image: &str) -> Self {
        Self { image: image.to_owned(), ..Self::default() }
    }

    /// Puts something in a place; what was there before is replaced.
    pub(super) fn insert(&mut self, path: String, node: Node) {
        self.nodes.insert(path, node);
    }

    pub(super) fn node(&self, path: &str) -> Option<&Node> {
        self.nodes.get(path)
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.nodes.iter().map(|(path, node)| (path.as_str(), node))
    }

    pub(super) fn into_nodes(self) -> BTreeMap<String, Node> {
        self.nodes
    }

    /// Whether searches were given up: what was not found may be there all the same.
    pub(super) fn is_exhausted(&self) -> bool {
        self.steps.get() > STEPS
    }

    /// The steps taken so far.
    #[cfg(test)]
    pub(super) fn steps(&self) -> u64 {
        self.steps.get()
    }

    /// Takes a step along a path of this length; `None` when there were too many.
    fn step(&self, length: usize) -> Option<()> {
        self.steps.set(self.steps.get().saturating_add(1 + length as u64 / 64));
        (!self.is_exhausted()).then_some(())
    }

    /// Leads a path through all symbolic links; `None` when they go in a circle, and where what is on the way is no
    /// directory.
    pub(super) fn follow(&self, path: &str) -> Option<String> {
        let mut left: Vec<String> = path.rsplit('/').map(str::to_owned).collect();
        let mut reached = String::new();
        let mut hops = 0;
        while let Some(part) = left.pop() {
            self.step(reached.len())?;
            if reached.len() > LENGTH {
                return None;
            }
            match part.as_str() {
                "" | "." => continue,
                ".." => {
                    reached.truncate(reached.rfind('/').unwrap_or(0));
                    continue;
                }
                _ => {}
            }
            let next = join(&reached, &part);
            match self.nodes.get(&next) {
                Some(Node { kind: EntryKind::Link(target), .. }) => {
                    hops += 1;
                    if hops > HOPS {
                        return None;
                    }
                    if target.starts_with('/') {
                        reached.clear();
                    }
                    left.extend(target.rsplit('/').map(str::to_owned));
                }
                _ if left.is_empty() || self.is_directory(&next) => reached = next,
                _ => return None,
            }
        }
        Some(reached)
    }

    /// Where a path leads to, when there is something.
    pub(super) fn resolve(&self, path: &str) -> Option<String> {
        let path = self.follow(path)?;
        (path.is_empty() || self.nodes.contains_key(&path)).then_some(path)
    }

    /// Whether this is a directory, by its own path.
    pub(super) fn is_directory(&self, path: &str) -> bool {
        path.is_empty() || matches!(self.nodes.get(path), Some(Node { kind: EntryKind::Directory, .. }))
    }

    /// Whether something is in a directory.
    pub(super) fn has_children(&self, directory: &str) -> bool {
        let prefix = format!("{directory}/");
        self.nodes.range(prefix.clone()..).next().is_some_and(|(path, _)| path.starts_with(&prefix))
    }

    /// Whether a path leads to something that is no directory.
    pub(super) fn is_file(&self, path: &str) -> bool {
        self.resolve(path).and_then(|path| self.nodes.get(&path)).is_some_and(|node| node.kind != EntryKind::Directory)
    }

    /// The path of a program that is named as a shell or a unit names it.
    pub(super) fn program(&self, name: &str) -> Option<String> {
        if name.contains('/') {
            return self.resolve(name);
        }
        PATH.iter().find_map(|directory| self.resolve(&join(directory, name)))
    }

    /// The names in a directory, links to it followed.
    pub(super) fn names(&self, directory: &str) -> Vec<&str> {
        let Some(directory) = self.follow(directory) else { return Vec::new() };
        let prefix = format!("{directory}/");
        let mut names: Vec<&str> = self
            .nodes
            .range(prefix.clone()..)
            .map_while(|(path, _)| path.strip_prefix(&prefix).filter(|_| self.step(path.len()).is_some()))
            .map(|rest| rest.split('/').next().unwrap_or(rest))
            .collect();
        names.dedup();
        names
    }

    pub(super) fn content(&self, path: &str) -> Option<&Content> {
        let path = self.resolve(path)?;
        self.kept(self.nodes.get(&path)?)
    }

    fn kept(&self, node: &Node) -> Option<&Content> {
        self.contents.get(node.content?)?.content.as_ref()
    }

    /// The entry that a path leads to, by its own name.
    pub(super) fn entry(&self, path: &str) -> Option<&str> {
        self.nodes.get_key_value(&self.follow(path)?).map(|(path, _)| path.as_str())
    }

    /// The text of a file, links followed.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        match self.content(path)? {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Every text that was kept, by path.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.nodes.iter().filter_map(|(path, node)| match self.kept(node)? {
            Content::Text(text) => Some((path.as_str(), text.as_str())),
            _ => None,
        })
    }
}

impl Files for Tree {
    fn name(&self, path: &str) -> String {
        format!("{}!{}", self.image, path.trim_start_matches('/'))
    }

    fn text(&self, path: &str) -> Result<Option<Cow<'_, str>>, Problem> {
        match (self.find(path)?, self.text(path)) {
            (_, Some(text)) => Ok(Some(Cow::Borrowed(text))),
            (Some(Found { kind: FileKind::File, size: 0, .. }), None) => Ok(Some(Cow::Borrowed(""))),
            (Some(_), None) => Err(Problem::new(Files::name(self, path), "was not read along with the initramfs")),
            (None, None) => Ok(None),
        }
    }

    fn list(&self, directory: &str) -> Result<Option<Vec<(String, FileKind)>>, Problem> {
        let Some(directory) = self.resolve(directory) else { return Ok(None) };
        let kind =
            |name: &str| self.nodes.get(&join(&directory, name)).map_or(FileKind::Directory, |node| kind(node).0);
        Ok(Some(self.names(&directory).into_iter().map(|name| (name.to_owned(), kind(name))).collect()))
    }

    fn find(&self, path: &str) -> Result<Option<Found>, Problem> {
        let Some(path) = self.resolve(path) else { return Ok(None) };
        let (kind, size) = self.nodes.get(&path).map_or((FileKind::Directory, 0), kind);
        Ok(Some(Found { kind, size, mode: None }))
    }

    fn link(&self, path: &str) -> Result<Option<String>, Problem> {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        let node = self.follow(parent).and_then(|parent| self.nodes.get(&join(&parent, name)));
        Ok(node.and_then(|node| match &node.kind {
            EntryKind::Link(target) => Some(target.clone()),
            _ => None,
        }))
    }

    fn has_foreign_run(&self) -> bool {
        false
    }
}

/// What a node is, and how large.
fn kind(node: &Node) -> (FileKind, u64) {
    match node.kind {
        EntryKind::File(size) | EntryKind::Program(size) => (FileKind::File, size),
        EntryKind::Directory => (FileKind::Directory, 0),
        EntryKind::Link(_) => (FileKind::Link, 0),
        EntryKind::Special => (FileKind::Special, 0),
    }
}

pub(super) fn join(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}
