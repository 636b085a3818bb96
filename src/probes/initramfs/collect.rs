//! Takes from the stream of entries what the facts need, and lets the rest pass.

use super::content::{Binary, Content};
use super::module_indexes::{self, Part};
use super::rootfs::Rootfs;
use crate::formats::image::cpio::{Data, Entry, Kind};
use crate::formats::image::elf;
use crate::formats::text::names;
use crate::probes::files::Files;
use crate::system::Budget;
use isctpl_checks::facts::Problem;
use std::io::{self, Read};

/// The most of one text that is kept.
const TEXT_LIMIT: u64 = 256 << 10;

/// The largest program whose libraries are looked at.
const ELF_LIMIT: u64 = 32 << 20;

/// The largest index of modules that is read; those of all modules of a distribution's kernel have 1 to 2 MB.
const INDEX_LIMIT: u64 = 8 << 20;

/// How much memory is kept for the next file.
const BUFFER: usize = 1 << 20;

/// Strings that tell one version of a program from another, by the program's name.
const TELLING: &[(&str, &[&str])] = &[
    ("dhclient", super::classless::DHCLIENT_STRINGS),
    ("ipconfig", super::classless::IPCONFIG_STRINGS),
    ("iscsistart", super::scripts::ISCSISTART_STRINGS),
    ("nm-initrd-generator", super::scripts::GENERATOR_STRINGS),
    ("systemd-network-generator", super::scripts::GENERATOR_STRINGS),
];

/// What the entries of an image leave behind.
#[derive(Debug)]
pub(super) struct Collected<'b> {
    pub(super) rootfs: Rootfs,
    pub(super) problems: Vec<Problem>,
    /// Whether a text that may matter was left out.
    pub(super) incomplete: bool,
    budget: &'b Budget,
    buffer: Vec<u8>,
}

impl<'b> Collected<'b> {
    /// Nothing yet; `image` is the image's path in messages. What is kept of files is spent from the budget.
    pub(super) fn within(image: &str, budget: &'b Budget) -> Self {
        Self { rootfs: Rootfs::new(image), problems: Vec::new(), incomplete: false, budget, buffer: Vec::new() }
    }

    /// Takes one entry, and gives back where a symbolic link points.
    pub(super) fn take(&mut self, entry: &Entry, data: &mut Data<'_, '_>) -> io::Result<Option<Vec<u8>>> {
        let mut target = None;
        if entry.kind() == Kind::Link {
            let bytes = target.insert(Vec::new());
            data.read_to_end(bytes)?;
            // What stands behind a NUL is no part of it for the kernel.
            if let Some(end) = bytes.iter().position(|&byte| byte == 0) {
                bytes.truncate(end);
            }
        }
        match self.rootfs.make(entry, target.as_deref()) {
            None => data.leave_checksum(),
            Some(opened) if opened.keeps => {}
            Some(opened) => {
                let content = self.content(&opened.path, entry, entry.nlink > 1, data)?;
                self.rootfs.fill(&opened.path, content);
            }
        }
        Ok(target)
    }

    fn content(
        &mut self,
        path: &str,
        entry: &Entry,
        linked: bool,
        data: &mut Data<'_, '_>,
    ) -> io::Result<Option<Content>> {
        if entry.size > 0
            && let Some(part) = module_indexes::part_of(path)
        {
            return self.index(path, part, data);
        }
        if entry.size == 0 || is_bulk(path) {
            return Ok(None);
        }
        self.buffer.clear();
        self.buffer.shrink_to(BUFFER);
        data.by_ref().take(elf::MAGIC.len() as u64).read_to_end(&mut self.buffer)?;
        let is_elf = self.buffer == elf::MAGIC;
        if is_elf && (entry.mode & 0o111 != 0 || path.contains(".so")) {
            return self.binary(path, data);
        }
        let named = is_text_path(path);
        if is_elf || !(named || linked || self.buffer.starts_with(b"#!")) {
            return Ok(None);
        }
        if u64::from(entry.size) > TEXT_LIMIT || !self.keeps(u64::from(entry.size)) {
            if named {
                self.incomplete = true;
                self.problem(path, "is too large to read along with the other scripts and settings of the initramfs");
            }
            return Ok(None);
        }
        data.read_to_end(&mut self.buffer)?;
        if self.buffer.contains(&0) {
            return Ok(None);
        }
        Ok(Some(Content::Text(names::decode(&self.buffer))))
    }

    /// Keeps what matters of an index of modules; one that is not kept counts as not read.
    fn index(&mut self, path: &str, part: Part, data: &mut Data<'_, '_>) -> io::Result<Option<Content>> {
        if data.left() > INDEX_LIMIT {
            self.problem(path, "is too large to find out which modules it lists");
            return Ok(None);
        }
        self.buffer.clear();
        data.read_to_end(&mut self.buffer)?;
        let (content, weight) = match part.read(&self.buffer) {
            Ok(read) => read,
            Err(error) => {
                self.problem(path, &error.to_string());
                return Ok(None);
            }
        };
        if !self.keeps(weight) {
            self.problem(path, "lists too many modules to keep along with the scripts and settings of the initramfs");
            return Ok(None);
        }
        Ok(Some(content))
    }

    fn binary(&mut self, path: &str, data: &mut Data<'_, '_>) -> io::Result<Option<Content>> {
        if data.left() > ELF_LIMIT {
            self.problem(path, "is too large to find out which libraries it needs");
            return Ok(None);
        }
        data.read_to_end(&mut self.buffer)?;
        let linkage = match elf::linkage(&self.buffer) {
            Ok(Some(linkage)) => linkage,
            Ok(None) => return Ok(None),
            Err(error) => {
                self.incomplete |= error.is_ours();
                self.problem(path, &error.to_string());
                return Ok(None);
            }
        };
        if !self.keeps(linkage.weight()) {
            self.incomplete = true;
            self.problem(path, "has too many libraries to keep along with those of the other programs");
            return Ok(None);
        }
        let name = path.rsplit('/').next().unwrap_or(path);
        let strings = TELLING
            .iter()
            .filter(|(program, _)| *program == name)
            .flat_map(|(_, strings)| strings.iter().copied())
            .filter(|string| contains(&self.buffer, string.as_bytes()))
            .collect();
        Ok(Some(Content::Elf(Binary { linkage, strings })))
    }

    /// Whether there is room for so many bytes of files; they are taken from the budget then.
    fn keeps(&self, bytes: u64) -> bool {
        bytes <= self.budget.bytes_left() && self.budget.bytes(bytes, &|| self.rootfs.tree.name("")).is_ok()
    }

    fn problem(&mut self, path: &str, what: &str) {
        self.problems.push(Problem::new(self.rootfs.tree.name(path), what));
    }
}

/// Whether a path lies among modules or firmware, whose content says nothing about the boot.
fn is_bulk(path: &str) -> bool {
    ["lib/modules/", "usr/lib/modules/", "lib/firmware/", "usr/lib/firmware/", "kernel/"]
        .iter()
        .any(|bulk| path.starts_with(bulk))
}

/// Whether a path is one of those whose text the facts are made of, whatever it begins with.
fn is_text_path(path: &str) -> bool {
    const PREFIXES: &[&str] = &[
        "scripts/",
        "conf/",
        "cryptroot/crypttab",
        "etc/cmdline",
        "etc/conf.d/",
        "etc/crypttab",
        "etc/dhc",
        "etc/initiatorname.iscsi",
        "etc/iscsi",
        "etc/ld.so.conf",
        "etc/lvm/devices/",
        "etc/lvm/lvm",
        "etc/mdadm",
        "etc/modules-load.d/",
        "etc/systemd/",
        "usr/lib/dhcpcd/",
        "usr/lib/dracut",
        "usr/lib/modules-load.d/",
        "run/systemd/",
        "usr/local/lib/systemd/",
        "usr/lib/systemd/",
        "lib/dracut",
        "lib/modules-load.d/",
        "lib/systemd/",
        "usr/share/udhcpc/",
        "var/lib/dracut/",
        "var/lib/iscsi/",
    ];
    path == "init"
        || super::layers::is_rule(path)
        || PREFIXES.iter().any(|prefix| path.starts_with(prefix))
        || (path.ends_with(".sh") && (path.starts_with("usr/lib/") || path.starts_with("lib/")))
}

fn contains(bytes: &[u8], string: &[u8]) -> bool {
    let Some((first, rest)) = string.split_first() else { return true };
    let mut left = bytes;
    while let Some(at) = left.iter().position(|byte| byte == first) {
        left = &left[at + 1..];
        if left.starts_with(rest) {
            return true;
        }
    }
    false
}
