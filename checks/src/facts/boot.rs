//! Loader entries, kernel command lines, kernels.

use super::{Asked, Fact, Located, Location, Problem};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What stands in place of a secret, and of every value and word that is not known to be harmless.
pub const HIDDEN: &str = "(hidden)";

/// A kernel command line, words in order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cmdline {
    /// Where it stands.
    pub at: Option<Location>,
    /// Words in order, quotes removed; words and values that nobody knows are replaced by [`HIDDEN`].
    pub words: Vec<Word>,
}

/// One word of a command line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Word {
    /// What stands before `=`; the whole word without one.
    pub key: String,
    /// What stands behind the first `=`.
    pub value: Option<String>,
    /// Whether a secret is known to have stood in the value.
    pub secret: bool,
    /// Whether quotes or backslashes stand in it as it is written: programs that split the line by themselves then
    /// read other words than the kernel.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub quoted: bool,
}

impl std::fmt::Display for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{}={value}", self.key),
            None => f.write_str(&self.key),
        }
    }
}

impl Cmdline {
    /// Whether a word with this key stands there, in any form.
    pub fn has(&self, key: &str) -> bool {
        self.words.iter().any(|word| word.key == key)
    }

    /// Whether a boolean of dracut's is on: `key` alone or with a value other than `0`, `no`, `off`.
    pub fn is_on(&self, key: &str) -> bool {
        self.words
            .iter()
            .rev()
            .find(|word| word.key == key)
            .is_some_and(|word| !matches!(word.value.as_deref(), Some("0" | "no" | "off")))
    }

    /// The value that wins: the last one.
    pub fn last(&self, key: &str) -> Option<&str> {
        self.words.iter().rev().find(|word| word.key == key).and_then(|word| word.value.as_deref())
    }

    /// Every value of a key, in order.
    pub fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> + 'a {
        self.words.iter().filter(move |word| word.key == key).filter_map(|word| word.value.as_deref())
    }

    /// The line, as far as it is shown.
    pub fn text(&self) -> String {
        self.words.iter().map(Word::to_string).collect::<Vec<_>>().join(" ")
    }
}

/// What the boot loader will do.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Loader {
    /// Every entry of grub.cfg (submenus flattened) and of `loader/entries`, in menu order.
    #[serde(deserialize_with = "super::bounded::list::<_, _, 131072>")]
    pub entries: Vec<BootEntry>,
    /// The index in `entries` of the one that will boot, and why that one.
    pub chosen: Fact<Chosen>,
    /// Why there is no entry, where GRUB's configuration was read whole and makes none: GRUB stops at its
    /// prompt then.
    pub no_entries: Option<Located<String>>,
    /// Seconds until the menu boots by itself; -1 waits for somebody at the console for ever.
    pub timeout: Option<Located<i64>>,
    /// `/etc/default/grub` and `/etc/default/grub.d/*.cfg`, evaluated in order.
    pub defaults: GrubDefaults,
    /// grubenv's variables; values that nobody knows are replaced by [`HIDDEN`].
    pub grubenv: BTreeMap<String, String>,
    /// Fallback loaders on the EFI system partition.
    pub esp: Fact<Esp>,
    /// Programs of the root that build images or write the loader's configuration, by name.
    pub tools: Vec<String>,
    /// What dracut's configuration keeps out of every image.
    pub omits: Vec<Omit>,
    /// Modules of dracut that bring up the network and whose programs the root has, the preferred one first;
    /// `network-legacy`, which comes last, needs none.
    pub networks: Vec<String>,
    /// Files that could not be read or parsed.
    pub problems: Vec<Problem>,
}

/// A line of dracut's configuration that keeps something out of every image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Omit {
    /// `omit_dracutmodules` or `omit_drivers`.
    pub key: String,
    /// The names that this line adds and that are in force in the end.
    pub words: Vec<String>,
    /// Where.
    pub at: Location,
}

impl Loader {
    /// The entry that will boot, if it is known.
    pub fn default_entry(&self) -> Option<&BootEntry> {
        self.chosen.known().and_then(|chosen| self.entries.get(chosen.index))
    }
}

/// Which entry boots.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Chosen {
    /// Index into [`Loader::entries`].
    pub index: usize,
    /// Why, such as `set default="0"` or `saved_entry in grubenv`.
    pub because: String,
    /// Where that is said.
    pub at: Option<Location>,
}

/// One entry of the loader.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BootEntry {
    /// What the menu shows.
    pub title: String,
    /// `--id`, `$menuentry_id_option`, or the BLS file's stem.
    pub id: Option<String>,
    /// Titles of the submenus around it, outermost first.
    pub submenu: Vec<String>,
    /// Where it stands.
    pub at: Option<Location>,
    /// The kernel.
    pub kernel: Option<FileRef>,
    /// The initrds, in order.
    pub initrds: Vec<FileRef>,
    /// The command line, variables expanded.
    pub cmdline: Cmdline,
    /// The filesystem UUID that `search --fs-uuid` makes the loader's root.
    pub search_uuid: Option<String>,
    /// Whether it starts Linux; a firmware-setup or memory-test entry does not.
    pub linux: bool,
    /// What it starts in place of Linux, where that is known.
    pub starts: Option<Start>,
    /// Whether it is a recovery entry (`single`, `recovery`, `rescue`, or so called).
    pub recovery: bool,
    /// Variables in it that could not be expanded.
    pub unresolved: Vec<String>,
}

impl BootEntry {
    /// What stands in place of a file's name where an entry was not read to its end.
    pub const REST: &str = "more that was not read";

    /// The unified kernel image that it is or starts; `None` where kernel and initramfs are files of their own.
    pub fn unified_image(&self) -> Option<&str> {
        let path = self.kernel.as_ref()?.path.as_deref()?;
        let is_it = self.at.as_ref().is_some_and(|at| at.path == path)
            || self.initrds.iter().any(|initrd| initrd.path.as_deref() == Some(path));
        is_it.then_some(path)
    }

    /// Why the rest of it was not read, where it was not: its command line may then have any other word.
    pub fn rest_not_read(&self) -> Option<&Problem> {
        self.initrds.iter().find(|file| file.written == Self::REST)?.problem.as_ref()
    }
}

/// What a loader's entry starts in place of Linux.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// The firmware's setup (`fwsetup`).
    FirmwareSetup,
    /// The machine anew (`reboot`).
    Reboot,
    /// Nothing: the machine is switched off (`halt`).
    PowerOff,
    /// What the firmware boots next (`exit`).
    Firmware,
    /// The Xen hypervisor, which starts a Linux kernel of its own.
    Xen,
    /// Another kernel that is loaded by the multiboot protocol.
    Multiboot,
    /// A test of the machine's memory (memtest86+), which is loaded like Linux.
    MemoryTest,
    /// Another boot loader (`chainloader`).
    Loader,
    /// A system that is not Linux.
    OtherSystem,
    /// Another menu (`configfile`, `normal`).
    Menu,
    /// What was loaded before a menu is shown (`boot`).
    NoMenu,
}

impl Start {
    /// What that is, for a sentence with "starts".
    pub fn name(self) -> &'static str {
        match self {
            Self::FirmwareSetup => "the firmware's setup",
            Self::Reboot => "the machine anew",
            Self::PowerOff => "nothing and switches the machine off",
            Self::Firmware => "what the firmware boots next",
            Self::Xen => "the Xen hypervisor",
            Self::Multiboot => "a multiboot kernel",
            Self::MemoryTest => "a test of the memory",
            Self::Loader => "another boot loader",
            Self::OtherSystem => "a system that is not Linux",
            Self::Menu => "another menu",
            Self::NoMenu => "what was loaded without a menu",
        }
    }

    /// Whether no system comes up by it, whatever else the machine holds.
    pub fn boots_nothing(self) -> bool {
        matches!(self, Self::FirmwareSetup | Self::Reboot | Self::PowerOff | Self::MemoryTest)
    }
}

/// A file that a loader entry names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FileRef {
    /// As the loader reads it, relative to its root.
    pub written: String,
    /// Where it lies in the judged root, when it was found.
    pub path: Option<String>,
    /// Where the loader's entry names it.
    pub at: Option<Location>,
    /// Bytes.
    pub size: u64,
    /// Last change, seconds since the epoch.
    pub mtime: i64,
    /// Why nothing could be said of it, such as a FIFO in its place.
    pub problem: Option<Problem>,
}

/// `/etc/default/grub` and the files that are read after it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct GrubDefaults {
    /// Files read, in order.
    pub files: Vec<String>,
    /// `GRUB_CMDLINE_LINUX` in the end.
    pub cmdline_linux: Option<Located<Cmdline>>,
    /// `GRUB_CMDLINE_LINUX_DEFAULT` in the end; recovery entries go without it.
    pub cmdline_linux_default: Option<Located<Cmdline>>,
    /// `GRUB_DEFAULT` in the end.
    pub default: Option<Located<String>>,
    /// `GRUB_DISABLE_RECOVERY` is true.
    pub recovery_disabled: bool,
    /// `/etc/kernel/cmdline`, which kernel-install writes BLS entries from.
    pub kernel_cmdline: Option<Located<Cmdline>>,
}

/// The EFI system partition.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Esp {
    /// Where it is mounted, by fstab or by what lies there; `None` when there is no sign of one.
    pub mount_point: Option<String>,
    /// Whether anything was found below it: an unmounted ESP is an empty directory.
    pub visible: bool,
    /// Removable-media fallback loaders found, such as `EFI/BOOT/BOOTX64.EFI`.
    pub fallback: Vec<String>,
    /// Other loaders found below `EFI/`.
    pub loaders: Vec<String>,
}

/// A kernel or an initramfs image on the disk, whether or not a loader's entry names it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BootFile {
    /// Path in the root.
    pub path: String,
    /// Which of the two.
    pub kind: BootFileKind,
    /// Bytes.
    pub size: u64,
    /// Last change, seconds since the epoch.
    pub mtime: i64,
    /// A kernel's version, as the image or its name states it.
    pub version: Option<String>,
    /// The directory of a kernel's modules; `None` when there is none.
    pub modules_dir: Option<String>,
}

/// What a [`BootFile`] is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BootFileKind {
    /// A kernel.
    #[default]
    Kernel,
    /// An initramfs image.
    Initramfs,
}

/// A kernel that a loader entry names.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Kernel {
    /// The image's path in the root.
    pub path: String,
    /// The version that the image itself states (bzImage header; boot.rst, `kernel_version`),
    /// or of the file's name where the image states none.
    pub version: Fact<String>,
    /// Whether the version was read from the image itself, and not from its name.
    pub version_from_image: bool,
    /// The modules directory of that version; `None` when there is none.
    pub modules_dir: Option<String>,
    /// Names of modules compiled into the kernel (`modules.builtin`), `-` written as `_`.
    pub builtin: Fact<BTreeSet<String>>,
    /// Modules that matter to an iSCSI root, with everything they depend on, by name.
    pub modules: BTreeMap<String, Module>,
    /// `CONFIG_…` values that matter, from `/boot/config-VERSION` or the modules directory: `y`, `m`
    /// or `n`; `None` when there is no such file.
    pub config: Option<Located<BTreeMap<String, String>>>,
    /// For each NIC's modalias asked for: the modules that `modules.alias` gives.
    pub alias_matches: BTreeMap<String, Vec<String>>,
    /// For each of [`REQUESTS`](super::REQUESTS) that something answers: the modules of that alias or name, by
    /// `modules.alias`, `modules.builtin.modinfo` and the names of all modules.
    #[serde(skip_serializing_if = "is_not_asked_for")]
    pub requests: Fact<BTreeMap<String, Vec<String>>>,
    /// Lines of `modules.softdep` of the modules above: what modprobe tries to load before or after them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub softdeps: Vec<Located<String>>,
    /// Things that could not be read.
    pub problems: Vec<Problem>,
}

/// A kernel module on the root disk.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Module {
    /// Name, `-` written as `_`.
    pub name: String,
    /// Path in the root.
    pub path: String,
    /// Whether the file is there; `modules.dep` may name one that is not.
    pub present: bool,
    /// Direct and indirect dependencies by name (`modules.dep` lists both).
    pub depends: Vec<String>,
    /// Firmware files it asks for (`.modinfo` `firmware=`), where the module was read.
    pub firmware: Vec<String>,
    /// Its `vermagic`, where the module was read: the version that it was built for, and what else the kernel
    /// compares (`6.1.0-50-amd64 SMP preempt mod_unload modversions`).
    pub vermagic: Option<String>,
    /// What it asks the kernel to load while it runs, of modules where that is looked for.
    #[serde(skip_serializing_if = "is_not_asked_for")]
    pub asks: Fact<Vec<Asked>>,
}

fn is_not_asked_for<T: PartialEq>(fact: &Fact<T>) -> bool {
    *fact == Fact::default()
}
