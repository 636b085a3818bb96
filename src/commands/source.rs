//! The facts that the user pointed at.

use super::fence;
use super::progress::Progress;
use super::rescue;
use crate::cli::{DiskArgs, Source};
use crate::probes::lun::choice::RootChoice;
use crate::probes::{self, GatherRequest, Listener};
use isctpl_checks::facts::{Facts, Problem};
use isctpl_checks::unborne_san_nic;
use std::time::Instant;

/// What is asked of the probes, as the user said it: nothing is looked at.
pub(super) fn request_of(source: &Source) -> GatherRequest {
    GatherRequest {
        root: source.root.clone(),
        disk: None,
        root_choice: None,
        same_machine: source.same_machine,
        portals: source.portals.clone(),
        san_subnets: source.san_subnets.clone(),
        san_on_link: source.san_on_link,
        san_nic: source.san_nic.clone(),
        ibft_table: source.ibft_table.clone(),
        sysfs: source.sysfs.clone(),
        rescued: false,
    }
}

/// The same of a disk, where one was named in place of a root directory.
pub(super) fn request_of_any(source: &Source, disk: &DiskArgs) -> GatherRequest {
    let choice = disk.root_device.clone();
    GatherRequest {
        disk: disk.disk.clone(),
        root_choice: choice.map(|device| RootChoice { device, subvolume: disk.subvolume.clone() }),
        ..request_of(source)
    }
}

/// Reads the facts, and says what is being read when that takes long.
pub(super) fn gather(request: GatherRequest) -> Result<Facts, Problem> {
    let facts = gather_until(request, &Progress::start(), None)?;
    facts.ok_or_else(|| Problem::new("/", "was not read in time"))
}

/// The same, until a time; `None` when that came first.
pub(super) fn gather_until(
    request: GatherRequest,
    progress: &Progress,
    until: Option<Instant>,
) -> Result<Option<Facts>, Problem> {
    let rescued = request.disk.is_none() && rescue::is_up_at(&request.root);
    let request = GatherRequest { rescued, ..request };
    let say = |stage: probes::Stage| progress.say(&stage.to_string());
    probes::gather_watched(&request, until, Listener { stage: &say, fence: &fence::remember })
}

/// What the person asking knows may be more than was known where a snapshot was taken.
///
/// # Errors
/// When nothing in the snapshot bears the SAN NIC that was named.
pub(super) fn add_what_is_known(facts: &mut Facts, source: &Source) -> Result<(), Problem> {
    facts.scope.portals.extend(&source.portals);
    facts.scope.san_subnets.extend(&source.san_subnets);
    facts.scope.san_on_link |= source.san_on_link;
    if let Some(nic) = &source.san_nic {
        facts.scope.san_nic = Some(nic.clone());
        if let Some(wrong) = unborne_san_nic(facts) {
            return Err(wrong);
        }
    }
    Ok(())
}
