//! The menu that the script makes: its entries, and the variables that choose among them.

use isctpl_checks::facts::{Location, Problem, Start};
use std::collections::BTreeMap;

/// A menu, as the script leaves it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Menu {
    /// Every entry, submenus opened, in order.
    pub entries: Vec<Entry>,
    /// What `default` holds in the end.
    pub default: Setting,
    /// What `timeout` holds in the end.
    pub timeout: Setting,
    /// The construct that the file ends in, so that GRUB runs nothing of it.
    pub unfinished: Option<Location>,
    /// What could not be understood or decided.
    pub problems: Vec<Problem>,
    /// The first thing that was not read, so that it is not known which entry boots.
    pub left_out: Option<Problem>,
    /// What goes on before a menu is shown, such as a reboot, and where that is said.
    pub ended: Option<(Start, Location)>,
    /// Whether this is the menu of the boot after a first try, which fails by design and restarts the machine.
    pub second_try: bool,
}

/// A variable and how it came by its value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Setting {
    /// Its value; `None` when it is not set.
    pub value: Option<String>,
    /// Whether the value hangs on something that could not be decided.
    pub undecided: bool,
    /// Why it has that value, such as `set default="${saved_entry}"`.
    pub because: String,
    /// Where it was set last.
    pub at: Option<Location>,
}

/// A menu entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// Title.
    pub title: String,
    /// `--id`.
    pub id: Option<String>,
    /// Whether title or id hold a variable whose value is not known.
    pub unnamed: bool,
    /// Whether it comes from a Boot Loader Specification entry.
    pub is_bls: bool,
    /// Titles of the submenus around it, outermost first.
    pub submenu: Vec<Step>,
    /// Its place in its own menu, counted from 0; a submenu counts as one.
    pub index: usize,
    /// Whether it hangs on a condition that could not be decided.
    pub uncertain: bool,
    /// Where it stands.
    pub at: Option<Location>,
    /// The kernel.
    pub kernel: Option<Named>,
    /// The initrds, in order.
    pub initrds: Vec<Named>,
    /// The command line as GRUB hands it to the kernel, without `BOOT_IMAGE`. Secrets are not hidden yet.
    pub options: String,
    /// The UUID of the filesystem that the kernel is read from, where `search --fs-uuid` names it.
    pub search_uuid: Option<String>,
    /// Variables whose value could not be known.
    pub unresolved: Vec<String>,
    /// What it starts in place of a Linux kernel.
    pub starts: Option<Start>,
    /// What it writes into the environment block for the next boot.
    pub noted: BTreeMap<String, String>,
    /// What was not read or not decided of it, such as the last of too many initrds.
    pub left_out: Option<Problem>,
}

/// A submenu on the way to an entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Step {
    /// Title.
    pub title: String,
    /// `--id`.
    pub id: Option<String>,
    /// Whether title or id hold a variable whose value is not known.
    pub unnamed: bool,
    /// Its place in the menu around it, counted from 0.
    pub index: usize,
    /// The first thing that was not read of it, so that it is not known which of its entries boots.
    pub left_out: Option<Problem>,
}

/// A file that an entry names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    /// GRUB's device: `fs-uuid:…`, `fs-label:…`, `file:…` for one that `search` finds, or such as `hd0,gpt2`.
    pub device: Option<String>,
    /// Path on that device.
    pub path: String,
    /// Where it is named.
    pub at: Option<Location>,
}
