//! A boot that is tried a second time in another way.
//!
//! Where `GRUB_FORCE_PARTUUID` is set, Ubuntu's `10_linux` writes entries that start the kernel without an initrd
//! and with `panic=-1`, and note `initrdfail=1` in the environment block. A kernel that cannot mount its root on its
//! own restarts the machine, and the same entry loads the initrd then: that is one way to boot.

use super::boot_menu::Entry;
use super::world::{Presence, World};
use crate::formats::loader::bls;
use isctpl_checks::facts::Problem;
use std::collections::BTreeMap;

impl Entry {
    /// Whether it starts a kernel without an initrd that restarts the machine when it cannot mount its root, and
    /// notes something for the next boot.
    pub(super) fn is_first_try(&self) -> bool {
        let restarts = self.options.split(' ').filter_map(|word| word.strip_prefix("panic=")).next_back();
        self.kernel.is_some()
            && self.initrds.is_empty()
            && !self.noted.is_empty()
            && restarts.is_some_and(|seconds| seconds.parse::<i32>().is_ok_and(|seconds| seconds != 0))
    }
}

/// The disk as it is at the next boot: with other values in the environment block.
pub(super) struct NextBoot<'a> {
    pub(super) world: &'a dyn World,
    pub(super) noted: BTreeMap<String, String>,
}

impl World for NextBoot<'_> {
    fn presence(&self, path: &str) -> Option<Presence> {
        self.world.presence(path)
    }

    fn names(&self, directory: &str) -> Option<Vec<String>> {
        self.world.names(directory)
    }

    fn environment(&self, path: &str) -> Result<Option<BTreeMap<String, String>>, Problem> {
        // GRUB writes into a block that is there, and makes none.
        Ok(self.world.environment(path)?.map(|mut block| {
            block.extend(self.noted.clone());
            block
        }))
    }

    fn source(&self, path: &str) -> Result<Option<(String, String)>, Problem> {
        self.world.source(path)
    }

    fn bls(&self, directory: Option<&str>) -> Result<Vec<(String, bls::Entry)>, Problem> {
        self.world.bls(directory)
    }
}
