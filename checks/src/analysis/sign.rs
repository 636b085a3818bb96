//! Whether a machine boots from an iSCSI LUN at all.

use crate::facts::{Facts, Mode, Session};

/// Whether anything at all shows that this root is an iSCSI LUN; the sentence to say when nothing does.
pub fn no_sign_of_iscsi_root(facts: &Facts) -> Option<String> {
    // What could not be read may well be the sign.
    let firmware = facts.firmware.ibft().is_some()
        || facts.firmware.table.problem().is_some()
        || facts.firmware.sysfs.problem().is_some();
    // A session that carries something else says nothing of the root.
    let carries_root = |session: &Session| session.holds_root != Some(false);
    let sessions = facts.iscsi.sessions.known().is_some_and(|sessions| sessions.iter().any(carries_root));
    let cmdlines = facts
        .cmdline
        .known()
        .into_iter()
        .chain(facts.loader.entries.iter().map(|entry| &entry.cmdline))
        .chain(facts.loader.defaults.cmdline_linux.iter().map(|line| &line.value));
    let requested = cmdlines.into_iter().any(|cmdline| {
        cmdline.words.iter().any(|word| {
            let value = word.value.as_deref().unwrap_or_default();
            word.key.starts_with("iscsi")
                || word.key.starts_with("rd.iscsi")
                || value.starts_with("iscsi:")
                || value == "ibft"
        })
    });
    let configured = facts.iscsi.initramfs_conf.is_some()
        || facts.images.iter().any(|image| !image.login.is_empty() && !image.requests.is_empty())
        || facts.iscsi.nodes.iter().any(|node| node.startup.as_ref().is_some_and(|startup| startup.value == "onboot"));
    if firmware || sessions || requested || configured || (facts.scope.mode == Mode::Root && prepared(facts)) {
        return None;
    }
    let sign = match facts.scope.mode {
        Mode::Live => {
            "nothing shows that this machine boots from an iSCSI LUN: no iBFT, no session for its root, no word on its \
             command line or in its loader"
        }
        Mode::Root => {
            "nothing in this root shows that it boots from an iSCSI LUN: no loader entry, initramfs or open-iscsi \
             file requests one"
        }
    };
    Some(format!("{sign}. {}. {}", what_was_read(facts), what_to_try(facts)))
}

/// Which image said nothing of iSCSI, or why none did.
fn what_was_read(facts: &Facts) -> String {
    let images: Vec<&str> = facts.images.iter().map(|image| image.path.as_str()).collect();
    let mount = match facts.scope.mode {
        Mode::Live => "mount /boot if it is a separate filesystem",
        Mode::Root => "mount /boot below the root if it is a separate filesystem",
    };
    match (images.as_slice(), facts.loader.entries.is_empty()) {
        ([], true) => format!("No loader entry and no initramfs were found: {mount}"),
        ([], false) => format!("No initramfs of its loader entries was found: {mount}"),
        (images, _) => format!("The initramfs that was read: {}", images.join(", ")),
    }
}

/// What else tells more.
fn what_to_try(facts: &Facts) -> &'static str {
    match facts.scope.mode {
        Mode::Root => "--ibft-table FILE or --sysfs DIR gives the instance's iBFT",
        Mode::Live => "--portal ADDRESS checks the route to a target alone",
    }
}

/// Whether a mounted root was made ready for an iSCSI LUN though nothing asks for the login, which may
/// be the very fault: its device is a LUN, fstab has `/` wait for the network, or the image was told to
/// load iscsi_ibft. That the module lies in the image tells nothing: open-iscsi puts it into all of them.
fn prepared(facts: &Facts) -> bool {
    let lun = facts.storage.devices.known().into_iter().flatten().any(|device| device.iscsi_session.is_some());
    let by_network = facts.storage.fstab.iter().any(|entry| {
        entry.target == "/" && !entry.kind.starts_with("nfs") && entry.options.iter().any(|option| option == "_netdev")
    });
    lun || by_network || facts.images.iter().any(|image| image.modules_listed.contains("iscsi_ibft"))
}
