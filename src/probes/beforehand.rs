//! What has to be done before a fence stands: reading what the kernel tells to a capability alone, and making what writes
//! to descriptors of its own.
//!
//! The iBFT is kept as it is told, to be parsed behind the fence. Of sockets and processes the names alone are looked at,
//! each compared with iscsid's: others choose them, and they are split at white space and no further.

use super::firmware::{self, Attributes};
use super::iscsi::iscsid_runs;
use super::request::GatherRequest;
use crate::system::Root;
use crate::system::fence::{Extent, Needs};
use crate::system::netlink::Runtime;
use isctpl_checks::facts::{Fact, Problem};
use std::path::Path;

/// Where the kernel of this host shows its devices.
const SYSFS: &str = "/sys";

/// What was done beforehand.
#[derive(Debug, Default)]
pub struct Beforehand {
    /// The iBFT (`iscsi_boot_show_attribute` in `drivers/scsi/iscsi_boot_sysfs.c`), in the kernel's own words; `None`
    /// where it is read with all else, or not at all.
    pub(super) ibft: Option<Attributes>,
    /// Whether iscsid runs: a /proc mounted with `hidepid=` shows the processes of others to CAP_SYS_PTRACE alone
    /// (proc(5)); `None` where it is no question.
    pub(super) iscsid: Option<Fact<bool>>,
    /// What the kernel is asked for routes on; `None` where that may be made when it is needed, or is not needed.
    pub(super) runtime: Option<Result<Runtime, Problem>>,
}

impl Beforehand {
    /// Does it for a request, and adds what it takes to what is needed.
    pub(super) fn of(request: &GatherRequest, needs: &mut Needs) -> Self {
        Self { ibft: ibft(request, needs), iscsid: request.is_live().then(iscsid), runtime: runtime(needs) }
    }
}

/// Asks the running kernel for sockets and names of processes.
fn iscsid() -> Fact<bool> {
    Root::open(Path::new("/")).and_then(|root| iscsid_runs(&root.kernel())).into()
}

/// Reads the iBFT of a sysfs that is going to be read. A captured tree was made by others, and is read behind the
/// fence.
fn ibft(request: &GatherRequest, needs: &Needs) -> Option<Attributes> {
    let directory = match (&request.sysfs, &request.ibft_table) {
        (Some(directory), _) => directory,
        (None, Some(_)) => return None,
        (None, None) => Path::new(SYSFS),
    };
    let is_read = needs.reads.iter().any(|place| directory.starts_with(place));
    let sysfs = is_read.then(|| Root::open_labelled(directory, &directory.display().to_string()))?.ok()?;
    sysfs.is_sysfs().then(|| firmware::attributes(&sysfs))
}

/// A reader may write to no descriptors but those that are named before.
fn runtime(needs: &mut Needs) -> Option<Result<Runtime, Problem>> {
    (needs.routes && needs.extent == Extent::Reader).then(|| {
        let runtime = Runtime::new()?;
        needs.wakes = Runtime::wakers()?;
        Ok(runtime)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_the_kernels_own_words_are_read_beforehand() {
        let directory = tempfile::tempdir().unwrap();
        let captured = directory.path().to_owned();
        std::fs::create_dir_all(captured.join("firmware/ibft")).unwrap();
        let live = GatherRequest { root: "/".into(), ..GatherRequest::default() };
        let with_sysfs = |path: &Path| GatherRequest { sysfs: Some(path.to_owned()), ..live.clone() };
        let with_table = GatherRequest { ibft_table: Some("/x".into()), ..live.clone() };
        let is_read = |request: &GatherRequest, place: &str| {
            let mut needs = Needs::nothing(Extent::Reader);
            needs.reads.extend([captured.clone(), place.into()]);
            Beforehand::of(request, &mut needs).ibft.is_some()
        };
        assert!(is_read(&live, "/") && is_read(&live, SYSFS) && is_read(&with_sysfs(Path::new(SYSFS)), SYSFS));
        assert!(!is_read(&live, "/proc"), "what the fence refuses");
        assert!(!is_read(&with_sysfs(&captured), "/"), "a captured tree");
        assert!(!is_read(&with_table, "/"), "a table in its place");
    }
}
