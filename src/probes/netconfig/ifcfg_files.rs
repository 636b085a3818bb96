//! Files `ifcfg-NAME`, which Red Hat's and SUSE's managers keep in a directory each.

use crate::probes::files::Reader;

/// The interface that each file of a directory is for, and its path, without files with an ending that the manager
/// skips: what editors and packages leave.
pub(super) fn list(files: &Reader<'_>, directory: &str, left_overs: &[&str]) -> Vec<(String, String)> {
    let is_meant = |name: &&str| !name.is_empty() && !left_overs.iter().any(|ending| name.ends_with(ending));
    let of_file = |file: String| {
        let name = file.strip_prefix("ifcfg-").filter(is_meant)?;
        Some((name.to_owned(), format!("{directory}/{file}")))
    };
    files.names(directory).into_iter().filter_map(of_file).collect()
}
