//! Which files are reached, and nothing else: Landlock (landlock(7), since Linux 5.13).

use super::needs::{Needs, Outcome};
use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, LandlockStatus, PathBeneath, PathFd, RestrictionStatus, Ruleset,
    RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};
use std::path::Path;

/// The newest version that is asked for; of an older kernel's as much as it has.
const NEWEST: ABI = ABI::V10;

/// Refuses every file but those that are needed, to run any, every TCP connection, and signals and abstract sockets of
/// other processes.
pub(super) fn hold(needs: &Needs) -> Outcome {
    let status = restricted(needs).map_err(|error| format!("Landlock ({error})"))?;
    match (status.ruleset, status.landlock) {
        (RulesetStatus::NotEnforced, LandlockStatus::NotEnabled) => {
            Err("Landlock (this kernel was started without it)".to_owned())
        }
        (RulesetStatus::NotEnforced, _) => Err("Landlock (this kernel, or its container, has none)".to_owned()),
        (_, LandlockStatus::Available { effective_abi, kernel_abi }) => {
            Ok(format!("Landlock (ABI {})", kernel_abi.unwrap_or(effective_abi as i32)))
        }
        _ => Ok("Landlock".to_owned()),
    }
}

fn restricted(needs: &Needs) -> Result<RestrictionStatus, RulesetError> {
    let mut ruleset = Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()?;
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    // What rename(2) asks for.
    let replace = AccessFs::MakeReg | AccessFs::RemoveFile;
    let reads = needs.reads.iter().map(|path| (path, read));
    for (path, access) in reads.chain(needs.replaces.iter().map(|path| (path, replace))) {
        permit(&mut ruleset, path, access);
    }
    ruleset.restrict_self()
}

/// What is not there, or cannot be opened, needs no permission. A pipe can have none, and is never refused.
fn permit(ruleset: &mut landlock::RulesetCreated, path: &Path, access: BitFlags<AccessFs>) {
    if let Ok(place) = PathFd::new(path) {
        // What only directories have is left out for a file.
        let _ = ruleset.add_rule(PathBeneath::new(place, access));
    }
}
