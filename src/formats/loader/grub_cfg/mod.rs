//! GRUB's configuration, evaluated as GRUB would.
//!
//! What `grub-mkconfig` writes is a script: variables, conditions, an environment block, functions.
//! It is run here far enough to know the menu and its default; functions, loops and commands that
//! touch hardware are not. A condition that cannot be decided has both of its branches looked at, and
//! what hangs on it is marked.

mod choice;
mod commands;
mod condition;
mod definition;
mod evaluate;
mod lexer;
mod menu;
mod syntax;
mod variables;

pub use choice::{Choice, choose};

use crate::formats::loader::bls;
use isctpl_checks::facts::{Location, Problem};
use std::collections::BTreeMap;

/// The name by which `$prefix` goes in paths given to [`World`].
pub const PREFIX: &str = "(prefix)";

/// What the script asks of the disk it runs from. Paths are GRUB's: `(DEVICE)/path`, where the
/// device is what stands in [`Named::device`], or `(prefix)/path`.
pub trait World {
    /// Whether a path is a file or directory with something in it; `None` when that cannot be told.
    fn exists(&self, path: &str) -> Option<bool>;

    /// The variables of an environment block; `Ok(None)` when there is no such file.
    ///
    /// # Errors
    /// When it cannot be read.
    fn environment(&self, path: &str) -> Result<Option<BTreeMap<String, String>>, Problem>;

    /// The text of a file that is read in, and its path for messages; `Ok(None)` when there is no such file.
    ///
    /// # Errors
    /// When it cannot be read.
    fn source(&self, path: &str) -> Result<Option<(String, String)>, Problem>;

    /// What `blscfg` finds, in the order in which it is shown; `directory` is `$blsdir` where it is set.
    ///
    /// # Errors
    /// When it cannot be read.
    fn bls(&self, directory: Option<&str>) -> Result<Vec<(String, bls::Entry)>, Problem>;
}

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
}

/// A submenu on the way to an entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Step {
    /// Title.
    pub title: String,
    /// `--id`.
    pub id: Option<String>,
    /// Its place in the menu around it, counted from 0.
    pub index: usize,
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

/// Runs a configuration file.
///
/// `path` names it in messages.
pub fn evaluate(text: &str, path: &str, world: &dyn World) -> Menu {
    menu::run(text, path, world)
}

#[cfg(test)]
mod tests;
