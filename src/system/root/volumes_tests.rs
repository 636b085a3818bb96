//! Paths over filesystems that are made up here.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::formats::disk::{Content, Result};
use crate::system::{Budget, Root};
use std::io::Read;

/// A filesystem in memory.
#[derive(Debug, Default)]
struct Memory {
    nodes: Vec<Node>,
}

#[derive(Debug)]
enum Node {
    Directory(Vec<(&'static str, u64)>),
    File(&'static str),
    Link(String),
    Damaged,
}

impl Memory {
    /// Of lines such as `/etc/hostname: web1`, `/sbin -> usr/sbin`, `/bad!` and `/empty/`; directories come by themselves.
    fn of(lines: &[&'static str]) -> Arc<dyn Filesystem> {
        let mut memory = Self { nodes: vec![Node::Directory(Vec::new())] };
        for line in lines {
            if let Some((path, target)) = line.split_once(" -> ") {
                memory.put(path, Node::Link(target.to_owned()));
            } else if let Some((path, text)) = line.split_once(": ") {
                memory.put(path, Node::File(text));
            } else if let Some(path) = line.strip_suffix('!') {
                memory.put(path, Node::Damaged);
            } else {
                memory.put(line.trim_end_matches('/'), Node::Directory(Vec::new()));
            }
        }
        Arc::new(memory)
    }

    fn put(&mut self, path: &'static str, node: Node) {
        let (above, name) = path.rsplit_once('/').unwrap();
        let directory = if above.is_empty() { 0 } else { self.directory(above) };
        self.nodes.push(node);
        let number = self.nodes.len() as u64 - 1;
        let Node::Directory(entries) = &mut self.nodes[directory] else { panic!("{above}") };
        entries.push((name, number));
    }

    fn directory(&mut self, path: &'static str) -> usize {
        let (above, name) = path.rsplit_once('/').unwrap();
        let parent = if above.is_empty() { 0 } else { self.directory(above) };
        let Node::Directory(entries) = &self.nodes[parent] else { panic!("{above}") };
        let known =
            entries.iter().find(|(known, _)| *known == name).map(|(_, number)| usize::try_from(*number).unwrap());
        known.unwrap_or_else(|| {
            self.put(path, Node::Directory(Vec::new()));
            self.nodes.len() - 1
        })
    }

    fn node(&self, number: u64) -> &Node {
        &self.nodes[usize::try_from(number).unwrap()]
    }
}

#[derive(Debug)]
struct Text(&'static str);

impl Content for Text {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        let mut rest = self.0.as_bytes().get(usize::try_from(offset).unwrap()..).unwrap_or_default();
        Ok(rest.read(buffer).unwrap())
    }
}

impl Filesystem for Memory {
    fn top(&self) -> u64 {
        0
    }

    fn inode(&self, number: u64) -> Result<Inode> {
        let (kind, size) = match self.node(number) {
            Node::Directory(_) => (InodeKind::Directory, 0),
            Node::File(text) => (InodeKind::File, text.len()),
            Node::Link(target) => (InodeKind::Link, target.len()),
            Node::Damaged => return Err(DiskError::damaged(format!("inode {number}"), "it is all zeros")),
        };
        Ok(Inode { kind, size: size as u64, mtime: 7, mode: 0o640, uid: 3, rdev: 0 })
    }

    fn lookup(&self, directory: u64, name: &[u8]) -> Result<Option<u64>> {
        let Node::Directory(entries) = self.node(directory) else { panic!("{directory} is no directory") };
        Ok(entries.iter().find(|(known, _)| known.as_bytes() == name).map(|(_, number)| *number))
    }

    fn list(&self, directory: u64, each: &mut dyn FnMut(DirEntry<'_>) -> ControlFlow<()>) -> Result<()> {
        let Node::Directory(entries) = self.node(directory) else { panic!("{directory} is no directory") };
        for (name, inode) in entries {
            if each(DirEntry { name: name.as_bytes(), inode: *inode, kind: None }).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn read_link(&self, link: u64) -> Result<Vec<u8>> {
        let Node::Link(target) = self.node(link) else { panic!("{link} is no link") };
        Ok(target.clone().into_bytes())
    }

    fn open(&self, file: u64) -> Result<Box<dyn Content>> {
        let Node::File(text) = self.node(file) else { panic!("{file} is no file") };
        Ok(Box::new(Text(text)))
    }
}

fn volumes(lines: &[&'static str]) -> Volumes {
    Volumes::new(Path::new("/disk"), Memory::of(lines))
}

fn root(volumes: Volumes) -> Root {
    Root::of_volumes(Arc::new(volumes), Arc::new(Budget::default()))
}

fn told(answer: std::result::Result<impl std::fmt::Debug, Problem>) -> String {
    answer.unwrap_err().to_string()
}

#[test]
fn files_are_read_and_listed() {
    let root = root(volumes(&["/etc/hostname: web1", "/etc/rc.d/", "/etc/alternatives -> rc.d"]));
    assert_eq!(root.text("/etc/hostname").unwrap().as_deref(), Some("web1"));
    assert_eq!(root.beginning("//etc/./hostname", 2).unwrap().as_deref(), Some(&b"we"[..]));
    let names: Vec<_> = root.list("/etc").unwrap().unwrap();
    let expected = [("alternatives", FileKind::Link), ("hostname", FileKind::File), ("rc.d", FileKind::Directory)];
    assert_eq!(names, expected.map(|(name, kind)| (name.to_owned(), kind)));
    let meta = root.stat("/etc/hostname").unwrap().unwrap();
    assert_eq!((meta.size, meta.mtime, meta.mode, meta.uid), (4, 7, 0o640, 3));
    assert_eq!(root.read_link("/etc/alternatives").unwrap().as_deref(), Some("rc.d"));
    assert_eq!(root.read_link("/etc/hostname").unwrap(), None);
    assert_eq!(told(root.open_file("/etc")), "/etc: is a directory, not a file");
    assert_eq!(told(root.list("/etc/hostname")), "/etc/hostname: is not a directory");
}

#[test]
fn what_is_not_there_is_absent_and_what_is_damaged_is_not() {
    let root = root(volumes(&["/etc/hostname: web1", "/bad!", "/etc/to -> ../bad/x"]));
    for path in ["/none", "/none/below", "/etc/hostname/below", "/etc/hostname/"] {
        assert_eq!(root.stat(path).unwrap().map(|meta| meta.kind), None, "{path}");
        assert_eq!(root.text(path).unwrap(), None, "{path}");
    }
    for path in ["/bad", "/bad/below", "/etc/to"] {
        assert_eq!(
            told(root.text(path)),
            format!("{path}: inode 2 is damaged: it is all zeros").replace("inode 2", "inode 3"),
            "{path}"
        );
    }
}

#[test]
fn links_stay_in_the_root() {
    let root = root(volumes(&[
        "/etc/passwd: ours",
        "/a/b/up -> ../../../../../etc/passwd",
        "/a/b/absolute -> /etc/passwd",
        "/a/b/through -> /a/b/to-etc/passwd",
        "/a/b/to-etc -> ../../etc",
        "/round -> /a/../round",
        "/long/x: y",
    ]));
    for path in ["/a/b/up", "/a/b/absolute", "/a/b/through", "/../etc/passwd", "/a/b/to-etc/../etc/passwd"] {
        assert_eq!(root.text(path).unwrap().as_deref(), Some("ours"), "{path}");
    }
    assert_eq!(told(root.text("/round")), "/round: too many levels of symbolic links");
    assert_eq!(root.lstat("/round").unwrap().unwrap().kind, FileKind::Link);
    let long = format!("/{}", "x".repeat(256));
    assert!(told(root.text(&long)).ends_with("file name too long"));
    assert!(told(root.text(&"/long".repeat(1000))).ends_with("file name too long"));
}

#[test]
fn filesystems_are_mounted_onto_each_other() {
    let mut volumes = volumes(&["/boot/hidden: x", "/srv/", "/efi -> boot/efi", "/etc/hostname: web1"]);
    volumes.mount("/boot", Memory::of(&["/vmlinuz: kernel", "/efi/", "/out -> ../etc/hostname"])).unwrap();
    volumes.mount("/efi", Memory::of(&["/EFI/debian/grub.cfg: menu"])).unwrap();
    volumes.mount_unread("/srv", "is on LUKS".to_owned()).unwrap();
    assert_eq!(volumes.mount("/none", Memory::of(&[])), Err(MountError::NoDirectory));
    assert_eq!(volumes.mount("/etc/hostname", Memory::of(&[])), Err(MountError::NotADirectory));
    let root = root(volumes);
    assert_eq!(root.text("/boot/vmlinuz").unwrap().as_deref(), Some("kernel"));
    assert_eq!(root.text("/boot/hidden").unwrap(), None);
    assert_eq!(root.text("/boot/efi/EFI/debian/grub.cfg").unwrap().as_deref(), Some("menu"));
    assert_eq!(root.text("/boot/efi/../vmlinuz").unwrap().as_deref(), Some("kernel"));
    assert_eq!(root.text("/boot/out").unwrap().as_deref(), Some("web1"));
    let devices = ["/", "/boot", "/boot/efi"].map(|path| root.stat(path).unwrap().unwrap().dev);
    assert!(devices[0] != devices[1] && devices[1] != devices[2]);
    for path in ["/srv", "/srv/below"] {
        assert_eq!(told(root.text(path)), format!("{path}: is on a filesystem that was not read: is on LUKS"));
    }
}

#[test]
fn what_is_asked_for_is_spent() {
    let root = root(volumes(&["/etc/hostname: web1"]));
    while root.budget().ended().is_none() {
        let _ = root.stat("/etc");
    }
    assert!(told(root.text("/etc/hostname")).contains("in one run isctpl reads no more than"));
}
