//! What lies on the disk that a template must not carry, and what it must.

mod credentials;
mod keys;
mod leftovers;
mod search;
mod wanted;

use super::units::startup::Startup;
use crate::system::Root;
use isctpl_checks::facts::{Leftover, LeftoverKind, Problem, Source, Template};
pub(crate) use keys::{KeyMaker, key_maker};
pub(crate) use leftovers::{is_of_running_system, is_package, is_rotated};
use search::Search;

/// A search for leftovers of one kind.
type Look = fn(&mut Search<'_>);

/// Looks for what a template must and must not carry. It is read alike on every root: whether a booted instance
/// may have a log is for the checks to say.
pub(crate) fn read(root: &Root, startup: &Startup<'_>) -> Template {
    let mut search = Search { root, left: Vec::new(), problems: Vec::new() };
    look_for_leftovers(&mut search);
    let wanted = wanted::look(&mut search, startup);
    Source::Wanted.name(&mut search.problems);
    Template { left: search.left, wanted, problems: search.problems }
}

/// Looks for what a template must not carry alone.
pub(crate) fn leftovers(root: &Root) -> (Vec<Leftover>, Vec<Problem>) {
    let mut search = Search { root, left: Vec::new(), problems: Vec::new() };
    look_for_leftovers(&mut search);
    (search.left, search.problems)
}

/// The homes of everybody who may have left something there.
pub(crate) fn homes(root: &Root) -> Vec<String> {
    leftovers::homes(&mut Search { root, left: Vec::new(), problems: Vec::new() })
}

fn look_for_leftovers(search: &mut Search<'_>) {
    let looks: [(LeftoverKind, Look); 8] = [
        (LeftoverKind::History, leftovers::histories),
        (LeftoverKind::Logs, leftovers::logs),
        (LeftoverKind::NetRules, leftovers::net_rules),
        (LeftoverKind::HostKeys, leftovers::host_keys),
        (LeftoverKind::MachineId, leftovers::machine_ids),
        (LeftoverKind::Tmp, leftovers::temporary_files),
        (LeftoverKind::PackageCache, leftovers::package_caches),
        (LeftoverKind::Credentials, credentials::look),
    ];
    for (kind, look) in looks {
        look(search);
        Source::Leftover(kind).name(&mut search.problems);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
