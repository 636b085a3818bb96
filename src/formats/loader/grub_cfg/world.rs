//! What the script asks of the disk it runs from.

use crate::formats::loader::bls;
use isctpl_checks::facts::Problem;
use std::collections::BTreeMap;

/// The name by which `$prefix` goes in paths given to [`World`].
pub const PREFIX: &str = "(prefix)";

/// What lies at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Nothing.
    Absent,
    /// A file of so many bytes.
    File(u64),
    /// A directory.
    Directory,
}

/// What the script asks of the disk it runs from. Paths are GRUB's: `(DEVICE)/path`, where the
/// device is what stands in [`Named::device`](super::Named::device), or `(prefix)/path`.
pub trait World {
    /// What lies at a path; `None` when that cannot be told.
    fn presence(&self, path: &str) -> Option<Presence>;

    /// The names in a directory, none where there is no such directory; `None` when that cannot be told.
    fn names(&self, directory: &str) -> Option<Vec<String>>;

    /// The variables of an environment block; `Ok(None)` when there is no such file.
    ///
    /// # Errors
    /// When it cannot be read.
    fn environment(&self, path: &str) -> Result<Option<BTreeMap<String, String>>, Problem>;

    /// The text of a file that is read in, and its path for messages; `Ok(None)` when there is no such file.
    ///
    /// # Errors
    /// When it cannot be read, or it cannot be told whether it is there.
    fn source(&self, path: &str) -> Result<Option<(String, String)>, Problem>;

    /// What `blscfg` finds, in the order in which it is shown; `directory` is `$blsdir` where it is set.
    ///
    /// # Errors
    /// When it cannot be read, or not all of it.
    fn bls(&self, directory: Option<&str>) -> Result<Vec<(String, bls::Entry)>, Problem>;
}
