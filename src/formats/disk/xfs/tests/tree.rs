//! What is put into an image, and whether it is what comes out.

use crate::formats::disk::{Filesystem, Inode, InodeKind};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// What lies at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    Directory,
    File(Vec<u8>),
    Link(Vec<u8>),
    /// A block device where true, and its numbers.
    Device(bool, u32, u32),
    Fifo,
}

/// Permission bits, owner, and what it is.
pub(super) type Entry = (u32, u32, Item);

/// Paths without a slash before them; the top itself is not among them.
pub(super) type Tree = BTreeMap<Vec<u8>, Entry>;

/// Bytes that repeat nowhere soon, of their own for each seed.
pub(super) fn bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut word = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        bytes.extend(word());
    }
    bytes.truncate(length);
    bytes
}

/// All of an open file, read in pieces of odd lengths.
pub(super) fn content(filesystem: &dyn Filesystem, inode: u64) -> crate::formats::disk::Result<Vec<u8>> {
    let content = filesystem.open(inode)?;
    let mut all = Vec::new();
    let mut buffer = vec![0; 70_001];
    loop {
        let read = content.read_at(all.len() as u64, &mut buffer)?;
        if read == 0 {
            break;
        }
        all.extend(&buffer[..read]);
    }
    assert_eq!(all.len() as u64, content.size());
    Ok(all)
}

fn entry(filesystem: &dyn Filesystem, number: u64, inode: &Inode) -> Entry {
    let item = match inode.kind {
        InodeKind::Directory => Item::Directory,
        InodeKind::File => Item::File(content(filesystem, number).unwrap()),
        InodeKind::Link => Item::Link(filesystem.read_link(number).unwrap()),
        InodeKind::Special if inode.rdev == 0 => Item::Fifo,
        InodeKind::Special => {
            let major = (inode.rdev >> 8) & 0xFFF;
            let minor = (inode.rdev & 0xFF) | ((inode.rdev >> 12) & 0xFFFF_FF00);
            Item::Device(false, u32::try_from(major).unwrap(), u32::try_from(minor).unwrap())
        }
    };
    (inode.mode, inode.uid, item)
}

/// All that a filesystem holds, each entry listed, and looked up by its name.
pub(super) fn read(filesystem: &dyn Filesystem) -> Tree {
    let mut tree = Tree::new();
    let mut waiting = vec![(Vec::new(), filesystem.top())];
    while let Some((path, directory)) = waiting.pop() {
        let mut entries = Vec::new();
        filesystem
            .list(directory, &mut |entry| {
                entries.push((entry.name.to_vec(), entry.inode, entry.kind));
                ControlFlow::Continue(())
            })
            .unwrap();
        for (name, number, kind) in entries {
            assert_eq!(filesystem.lookup(directory, &name).unwrap(), Some(number), "{}", name.escape_ascii());
            let mut other = name.clone();
            other.push(b'~');
            assert_eq!(filesystem.lookup(directory, &other).unwrap(), None);
            let path = [path.as_slice(), if path.is_empty() { b"" } else { b"/" }, &name].concat();
            let inode = filesystem.inode(number).unwrap();
            assert!(kind.is_none_or(|kind| kind == inode.kind), "{}", path.escape_ascii());
            if inode.kind == InodeKind::Directory {
                waiting.push((path.clone(), number));
            }
            assert!(tree.insert(path, entry(filesystem, number, &inode)).is_none());
        }
    }
    tree
}

/// Holds what was put in against what came out. Which kind a device is of, the interface does not tell.
pub(super) fn assert_same(put: &Tree, found: &Tree) {
    let missing: Vec<_> =
        put.keys().filter(|path| !found.contains_key(*path)).map(|path| path.escape_ascii().to_string()).collect();
    assert!(missing.is_empty(), "missing: {missing:?}");
    assert_eq!(put.len(), found.len());
    for (path, wanted) in put {
        let mut wanted = wanted.clone();
        if let Item::Device(block, _, _) = &mut wanted.2 {
            *block = false;
        }
        assert!(found[path] == wanted, "{} is not what was put there", path.escape_ascii());
    }
}

/// A tree of one of each, in a directory of each form.
pub(super) fn sample() -> Tree {
    let mut tree = Tree::new();
    let mut put = |path: &[u8], mode, uid, item| {
        tree.insert(path.to_vec(), (mode, uid, item));
    };
    put(b"etc", 0o755, 0, Item::Directory);
    put(b"etc/empty", 0o600, 0, Item::File(Vec::new()));
    put(b"etc/hostname", 0o644, 0, Item::File(b"lun-7\n".to_vec()));
    put(b"etc/block", 0o640, 12, Item::File(bytes(1, 65536)));
    put(b"etc/odd", 0o4755, 1000, Item::File(bytes(2, 300_007)));
    put(b"etc/set-group", 0o2755, 70_000, Item::File(b"x".to_vec()));
    put(b"etc/short-link", 0o777, 0, Item::Link(b"../run/resolv.conf".to_vec()));
    put(b"etc/link-of-the-inode", 0o777, 0, Item::Link(vec![b'i'; 156]));
    put(b"dev", 0o755, 0, Item::Directory);
    put(b"dev/sda", 0o660, 0, Item::Device(true, 8, 300));
    put(b"dev/tty", 0o666, 5, Item::Device(false, 5, 1));
    put(b"dev/pipe", 0o600, 0, Item::Fifo);
    let mut deep = b"deep".to_vec();
    put(&deep, 0o700, 0, Item::Directory);
    for level in 0..40 {
        deep.extend(format!("/level-{level}").bytes());
        put(&deep, 0o755, 0, Item::Directory);
    }
    put(b"names", 0o755, 0, Item::Directory);
    put("names/größe-\u{1F4BE}".as_bytes(), 0o644, 0, Item::File(b"UTF-8".to_vec()));
    put(b"names/\xff\xfe\x80latin", 0o644, 0, Item::File(b"not UTF-8".to_vec()));
    for length in [1, 2, 3, 4, 5, 6, 7, 8, 100, 254, 255] {
        put(&[b"names/".as_slice(), &vec![b'n'; length]].concat(), 0o644, 0, Item::File(bytes(length as u64, length)));
    }
    for (name, count) in [("one-block", 60), ("leaf", 180), ("node", 2500)] {
        put(name.as_bytes(), 0o755, 0, Item::Directory);
        for number in 0..count {
            put(format!("{name}/{number}-entry").as_bytes(), 0o644, number % 7, Item::Fifo);
        }
    }
    tree
}

/// Links that do not fit into an inode. Those of version 5 are among the fixtures: mkfs.xfs 6.1 makes them without
/// their headers, and the kernel does not read them either.
pub(super) fn long_links() -> Tree {
    let link = |target| (0o777, 0, Item::Link(target));
    let long = (b"long-link".to_vec(), link([b"long/".as_slice(); 180].concat()));
    let longest = (b"longest-link".to_vec(), link(vec![b'l'; 1023]));
    Tree::from([long, longest])
}

/// A directory between whose blocks files lie, so that its extents are many.
pub(super) fn pieces(count: u32) -> Tree {
    let mut tree = Tree::from([(b"many".to_vec(), (0o755, 0, Item::Directory))]);
    for number in 0..count {
        let item = if number % 40 == 0 { Item::File(b"between".to_vec()) } else { Item::Fifo };
        tree.insert(format!("many/{number:x}-{:x}", number * 7919 % 65_521).into_bytes(), (0o644, 0, item));
    }
    tree
}
