//! The index files that modprobe(8) looks names and aliases up in: `modules.dep.bin`, `modules.alias.bin`.
//!
//! kmod's own format (`tools/depmod.c`, `libkmod/libkmod-index.c`): a trie in big-endian words. A node is found by its
//! offset, whose upper four bits say what it has: text, a range of children, values. The same text is a key, which may
//! be a pattern, and each value has a priority.

/// `INDEX_MAGIC`.
const MAGIC: u32 = 0xB007_F457;

/// The major part of `INDEX_VERSION`, which alone says how a file is read.
const VERSION: u32 = 2;

/// Node flags of an offset, and the bits that are the offset itself.
const PREFIX: u32 = 0x8000_0000;
const VALUES: u32 = 0x4000_0000;
const CHILDREN: u32 = 0x2000_0000;
const OFFSET: u32 = 0x0FFF_FFFF;

/// The longest key: paths are no longer, and no alias is.
const KEY_LIMIT: usize = 4096;

/// The most values that are kept: an alias has a handful.
const KEPT_LIMIT: usize = 1024;

/// An index that is not what depmod(8) writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not an index of modules as depmod writes it")]
pub(crate) struct Malformed;

/// The keys of an index that are wanted, with each of their values.
///
/// # Errors
/// When it is damaged, of another version, its nodes are no tree, or more is wanted than is kept.
pub(crate) fn entries(bytes: &[u8], is_wanted: impl Fn(&str) -> bool) -> Result<Vec<(String, String)>, Malformed> {
    let mut reader = Reader { bytes, at: 0 };
    if reader.word()? != MAGIC || reader.word()? >> 16 != VERSION {
        return Err(Malformed);
    }
    let root = reader.word()?;
    let mut found = Vec::new();
    let mut key: Vec<u8> = Vec::new();
    // Nodes that are still to be read, with how much of the key leads to them.
    let mut open: Vec<(u32, usize, Option<u8>)> = vec![(root, 0, None)];
    // In a tree each byte belongs to one node: what is read more often than it is there goes in circles.
    let mut left = bytes.len();
    while let Some((node, length, label)) = open.pop() {
        reader.at = usize::try_from(node & OFFSET).map_err(|_| Malformed)?;
        key.truncate(length);
        key.extend(label);
        let start = reader.at;
        if node & PREFIX != 0 {
            key.extend_from_slice(reader.text()?);
        }
        if key.len() > KEY_LIMIT {
            return Err(Malformed);
        }
        if node & CHILDREN != 0 {
            let (first, last) = (reader.byte()?, reader.byte()?);
            for label in first..=last {
                let child = reader.word()?;
                if child & OFFSET != 0 {
                    open.push((child, key.len(), Some(label)));
                }
            }
        }
        if node & VALUES != 0 {
            let key = String::from_utf8_lossy(&key);
            let keeps = is_wanted(&key);
            for _ in 0..reader.word()? {
                reader.word()?;
                let value = reader.text()?;
                if keeps && found.len() == KEPT_LIMIT {
                    return Err(Malformed);
                }
                if keeps {
                    found.push((key.clone().into_owned(), String::from_utf8_lossy(value).into_owned()));
                }
            }
        }
        left = left.checked_sub(reader.at.saturating_sub(start)).ok_or(Malformed)?;
    }
    Ok(found)
}

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Reader<'b> {
    fn byte(&mut self) -> Result<u8, Malformed> {
        let byte = *self.bytes.get(self.at).ok_or(Malformed)?;
        self.at += 1;
        Ok(byte)
    }

    fn word(&mut self) -> Result<u32, Malformed> {
        let word = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk()).ok_or(Malformed)?;
        self.at += word.len();
        Ok(u32::from_be_bytes(*word))
    }

    /// Up to the zero byte.
    fn text(&mut self) -> Result<&'b [u8], Malformed> {
        let rest = self.bytes.get(self.at..).ok_or(Malformed)?;
        let end = rest.iter().position(|&byte| byte == 0).ok_or(Malformed)?;
        self.at += end + 1;
        rest.get(..end).ok_or(Malformed)
    }
}
