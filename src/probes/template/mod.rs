//! What lies on the disk that a template must not carry, and what it must.

mod credentials;
mod leftovers;
mod search;
mod wanted;

use crate::system::Root;
use isctpl_checks::facts::Template;
use search::Search;

/// Looks for what a template must and must not carry. It is read alike on every root: whether a booted instance
/// may have a log is for the checks to say.
pub fn read(root: &Root) -> Template {
    let mut search = Search { root, left: Vec::new(), problems: Vec::new() };
    leftovers::histories(&mut search);
    leftovers::logs(&mut search);
    leftovers::net_rules(&mut search);
    leftovers::host_keys(&mut search);
    leftovers::machine_ids(&mut search);
    leftovers::temporary_files(&mut search);
    leftovers::package_caches(&mut search);
    credentials::look(&mut search);
    let wanted = wanted::look(&mut search);
    Template { left: search.left, wanted, problems: search.problems }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
