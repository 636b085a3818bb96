//! Whether a machine boots from an iSCSI LUN at all.

use super::Analysis;
use crate::facts::{Mode, Session, Startup};

impl Analysis<'_> {
    /// Whether anything at all shows that this root is an iSCSI LUN; the sentence to say when nothing does.
    pub(crate) fn no_sign_of_iscsi_root(&self) -> Option<String> {
        // What could not be read may well be the sign.
        let firmware = self.handoff().is_some()
            || self.firmware.table.problem().is_some()
            || self.firmware.sysfs.problem().is_some();
        // A session that carries something else says nothing of the root.
        let carries_root = |session: &Session| session.holds_root != Some(false);
        let sessions = self.iscsi.sessions.known().is_some_and(|sessions| sessions.iter().any(carries_root));
        let cmdlines = self
            .cmdline
            .known()
            .into_iter()
            .chain(self.loader.entries.iter().map(|entry| &entry.cmdline))
            .chain(self.loader.defaults.cmdline_linux.iter().map(|line| &line.value));
        let requested = cmdlines.into_iter().any(|cmdline| {
            cmdline.words.iter().any(|word| {
                let value = word.value.as_deref().unwrap_or_default();
                word.key.starts_with("iscsi")
                    || word.key.starts_with("rd.iscsi")
                    || value.starts_with("iscsi:")
                    || value == "ibft"
            })
        });
        let configured = self.iscsi.initramfs_conf.is_some()
            || self.images.iter().any(|image| !image.login.is_empty() && !image.requests.is_empty())
            || self
                .iscsi
                .nodes
                .iter()
                .any(|node| node.startup.as_ref().is_some_and(|startup| startup.value == Startup::Onboot));
        if firmware || sessions || requested || configured || (self.scope.mode == Mode::Root && self.prepared()) {
            return None;
        }
        let sign = match self.scope.mode {
            Mode::Live => {
                "nothing shows that this machine boots from an iSCSI LUN: no iBFT, no session for its root, no word on its \
             command line or in its loader"
            }
            Mode::Root => {
                "nothing in this root shows that it boots from an iSCSI LUN: no loader entry, initramfs or open-iscsi \
             file requests one"
            }
        };
        Some(format!("{sign}. {}. {}", self.what_was_read(), self.what_to_try()))
    }

    /// Which image said nothing of iSCSI, or why none did.
    fn what_was_read(&self) -> String {
        let images: Vec<&str> = self.images.iter().map(|image| image.path.as_str()).collect();
        let mount = match self.scope.mode {
            Mode::Live => "mount /boot if it is a separate filesystem",
            Mode::Root => "mount /boot below the root if it is a separate filesystem",
        };
        match (images.as_slice(), self.loader.entries.is_empty()) {
            ([], true) => format!("No loader entry and no initramfs were found: {mount}"),
            ([], false) => format!("No initramfs of its loader entries was found: {mount}"),
            (images, _) => format!("The initramfs that was read: {}", images.join(", ")),
        }
    }

    /// What else tells more.
    fn what_to_try(&self) -> &'static str {
        match self.scope.mode {
            Mode::Root => "--ibft-table FILE or --sysfs DIR gives the instance's iBFT",
            Mode::Live => "--portal ADDRESS checks the route to a target alone",
        }
    }

    /// Whether a mounted root was made ready for an iSCSI LUN though nothing asks for the login, which may
    /// be the very fault: its device is a LUN, fstab has `/` wait for the network, or the image was told to
    /// load iscsi_ibft. That the module lies in the image tells nothing: open-iscsi puts it into all of them.
    fn prepared(&self) -> bool {
        let lun = self.storage.devices.known().into_iter().flatten().any(|device| device.iscsi_session.is_some());
        let by_network = self.storage.fstab.iter().any(|entry| {
            entry.target == "/"
                && !entry.kind.starts_with("nfs")
                && entry.options.iter().any(|option| option == "_netdev")
        });
        lun || by_network || self.images.iter().any(|image| image.modules_listed.contains("iscsi_ibft"))
    }
}
