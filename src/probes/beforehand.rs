//! What the kernel tells to CAP_SYS_ADMIN alone: it is read before that is given up, and parsed behind the fence.

use super::firmware::{self, Attributes};
use super::request::GatherRequest;
use crate::system::{Root, is_sysfs};
use std::path::{Path, PathBuf};

/// Where the kernel of this host shows its devices.
const SYSFS: &str = "/sys";

/// The kernel's own words, not understood yet.
#[derive(Debug, Default)]
pub struct Beforehand {
    /// The iBFT (`iscsi_boot_show_attribute` in `drivers/scsi/iscsi_boot_sysfs.c`); `None` where it is read with all
    /// else, or not at all.
    pub(super) ibft: Option<Attributes>,
}

impl Beforehand {
    /// Reads it for a request, of a sysfs that is below one of these places. A captured tree was made by others, and is
    /// read behind the fence.
    pub(super) fn read(request: &GatherRequest, places: &[PathBuf]) -> Self {
        let directory = match (&request.sysfs, &request.ibft_table) {
            (Some(directory), _) => directory,
            (None, Some(_)) => return Self::default(),
            (None, None) => Path::new(SYSFS),
        };
        let is_read = places.iter().any(|place| directory.starts_with(place)) && is_sysfs(directory);
        let sysfs = is_read.then(|| Root::open_labelled(directory, &directory.display().to_string()));
        Self { ibft: sysfs.and_then(Result::ok).map(|sysfs| firmware::attributes(&sysfs)) }
    }
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
            Beforehand::read(request, &[captured.clone(), PathBuf::from(place)]).ibft.is_some()
        };
        assert!(is_read(&live, "/") && is_read(&live, SYSFS) && is_read(&with_sysfs(Path::new(SYSFS)), SYSFS));
        assert!(!is_read(&live, "/proc"), "what the fence refuses");
        assert!(!is_read(&with_sysfs(&captured), "/"), "a captured tree");
        assert!(!is_read(&with_table, "/"), "a table in its place");
    }
}
