//! What the script asks of the disk it runs from.

use crate::formats::loader::bls;
use isctpl_checks::facts::Problem;
use std::collections::BTreeMap;

/// The name by which `$prefix` goes in paths given to [`World`].
pub(crate) const PREFIX: &str = "(prefix)";

/// What the script asks of the disk it runs from. Paths are GRUB's: `(DEVICE)/path`, where the
/// device is what stands in [`Named::device`], or `(prefix)/path`.
pub(crate) trait World {
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
    /// When it cannot be read, or not all of it.
    fn bls(&self, directory: Option<&str>) -> Result<Vec<(String, bls::Entry)>, Problem>;
}
