//! Directory trees from text manifests, one entry a line:
//!
//! ```text
//! < machines/base.tree             take over another manifest, relative to fixtures/
//! d 0755 /etc                      a directory
//! l /bin usr/bin                   a symbolic link and its target
//! f 0644 /etc/hostname             a file; its lines follow, each behind `| `
//! | instance-59725
//! x 0444 /firmware/table           a file in hexadecimal; its bytes follow behind `| `
//! | 69424654 8302
//! e 0755 /sbin/tool needed=libc.so.6 interp=/lib64/ld-linux-x86-64.so.2    an ELF program
//! m 0644 /lib/modules/6.1/a.ko 6.1.0-50-amd64  a kernel module built for this version
//! k 0644 /boot/vmlinuz-6.1 6.1.0-50-amd64     a kernel image that states this version
//! i 0644 /boot/initrd.img zstd images/a.tree  an initramfs made from another manifest
//! p 0644 /run/fifo                 a FIFO
//! - /etc/old                       take away an entry of a manifest taken over
//! ```
//!
//! Empty lines and lines that begin with `#` are comments. Parents are made as needed, mode 0755.

use super::{elf, fixtures, image};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

/// One entry of a manifest.
#[derive(Debug, Clone)]
pub enum Entry {
    Directory { mode: u32 },
    Link { target: String },
    File { mode: u32, content: Vec<u8> },
    Fifo { mode: u32 },
}

/// A tree by path; later entries replace earlier ones.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    pub entries: BTreeMap<String, Entry>,
}

impl Tree {
    /// Reads a manifest below fixtures/.
    pub fn load(name: &str) -> Self {
        let path = fixtures().join(name);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut tree = Self::default();
        tree.add(&text, name);
        tree
    }

    /// Adds the entries of a manifest's text.
    pub fn add(&mut self, text: &str, name: &str) -> &mut Self {
        let mut lines = text.lines().enumerate().peekable();
        while let Some((number, line)) = lines.next() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let mut body = Vec::new();
            while let Some((_, next)) = lines.next_if(|(_, next)| next.starts_with('|')) {
                body.push(next[1..].strip_prefix(' ').unwrap_or(&next[1..]));
            }
            self.add_entry(line, &body, &format!("{name}:{}", number + 1));
        }
        self
    }

    fn add_entry(&mut self, line: &str, body: &[&str], at: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let mode = || u32::from_str_radix(words[1], 8).unwrap_or_else(|_| panic!("{at}: no mode: {line}"));
        let mut put = |path: &str, entry: Entry| {
            assert!(path.starts_with('/'), "{at}: no absolute path: {line}");
            self.entries.insert(path.to_owned(), entry);
        };
        match words[0] {
            "<" => self.entries.extend(Self::load(words[1]).entries),
            "-" => {
                let below = format!("{}/", words[1]);
                let before = self.entries.len();
                self.entries.retain(|path, _| path != words[1] && !path.starts_with(&below));
                assert!(self.entries.len() < before, "{at}: nothing to take away: {line}");
            }
            "d" => put(words[2], Entry::Directory { mode: mode() }),
            "l" => put(words[1], Entry::Link { target: words[2].to_owned() }),
            "p" => put(words[2], Entry::Fifo { mode: mode() }),
            "f" => {
                let mut content = body.join("\n");
                if !body.is_empty() {
                    content.push('\n');
                }
                put(words[2], Entry::File { mode: mode(), content: content.into_bytes() });
            }
            "x" => {
                let digits: String = body.concat().split_whitespace().collect();
                let content = (0..digits.len())
                    .step_by(2)
                    .map(|index| u8::from_str_radix(&digits[index..index + 2], 16).expect(at))
                    .collect();
                put(words[2], Entry::File { mode: mode(), content });
            }
            "e" => put(words[2], Entry::File { mode: mode(), content: elf::program(&words[3..]) }),
            "m" => put(words[2], Entry::File { mode: mode(), content: elf::module(words[3]) }),
            "k" => put(words[2], Entry::File { mode: mode(), content: elf::kernel(words[3]) }),
            "i" => {
                let content = image::build(&Self::load(words[4]), words[3]);
                put(words[2], Entry::File { mode: mode(), content });
            }
            other => panic!("{at}: unknown kind of entry `{other}`"),
        }
    }

    /// Makes the tree in a directory.
    pub fn write(&self, directory: &Path) {
        for (path, entry) in &self.entries {
            let place = directory.join(&path[1..]);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            match entry {
                Entry::Directory { mode } => {
                    fs::create_dir_all(&place).unwrap();
                    fs::set_permissions(&place, fs::Permissions::from_mode(*mode)).unwrap();
                }
                Entry::Link { target } => symlink(target, &place).unwrap(),
                Entry::File { mode, content } => {
                    fs::write(&place, content).unwrap();
                    fs::set_permissions(&place, fs::Permissions::from_mode(*mode)).unwrap();
                }
                Entry::Fifo { mode } => {
                    nix::unistd::mkfifo(&place, nix::sys::stat::Mode::from_bits_truncate(*mode)).unwrap();
                }
            }
        }
    }

    /// Makes the tree in a new temporary directory.
    pub fn unpack(&self) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        self.write(directory.path());
        directory
    }
}
