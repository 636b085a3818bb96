//! Whether a mounted root belongs to this machine: the disk below it is the logical unit that this machine's own
//! firmware boots by.

use super::firmware::{self, Attributes};
use super::iscsi::sessions;
use super::lun::number;
use super::storage;
use crate::system::Root;
use isctpl_checks::facts::{BlockDevice, Ibft, IbftTarget, Lun, Session};

/// What proves it, as a sentence; `None` where nothing does. `ibft` is what was read of this host's iBFT beforehand.
pub(super) fn proof(root: &Root, ibft: Option<&Attributes>) -> Option<String> {
    let devices = storage::devices_of_mount(root)?;
    proof_by(&devices, &Root::sysfs().ok()?, ibft)
}

/// The same for the devices below a root, in this sysfs tree.
fn proof_by(devices: &[BlockDevice], sysfs: &Root, ibft: Option<&Attributes>) -> Option<String> {
    // A disk of a session, not what lies on it: its path in sysfs has the number of the unit.
    let units: Vec<(&str, u64)> =
        devices.iter().filter_map(|device| Some((device.iscsi_session.as_deref()?, device.lun?))).collect();
    if units.is_empty() {
        return None;
    }
    let firmware = firmware::read(sysfs, ibft, None);
    let ibft = firmware.ibft()?;
    let sessions = sessions::list(sysfs, &mut Vec::new()).ok()?;
    let mut found = units.iter().filter_map(|(name, lun)| {
        let session = sessions.iter().find(|session| session.name == *name)?;
        let target = ibft.targets.iter().find(|target| is_of(ibft, target, session, *lun))?;
        Some(format!(
            "LUN {} of {} below it is the one that {} names",
            number(*lun),
            session.target,
            target_of(ibft, target)
        ))
    });
    found.next()
}

/// Whether the firmware names this unit: its target, its number, and the initiator that it is granted to.
fn is_of(ibft: &Ibft, target: &IbftTarget, session: &Session, lun: u64) -> bool {
    let same = |one: Option<&str>, other: Option<&str>| {
        one.zip(other).is_some_and(|(one, other)| one.eq_ignore_ascii_case(other))
    };
    let unit = match &target.lun {
        Lun::Number(named) => number(*named) == number(lun),
        Lun::Ambiguous { candidates, .. } => candidates.iter().any(|named| number(*named) == number(lun)),
        Lun::Invalid(_) => false,
    };
    let initiator = ibft.initiator.as_ref().and_then(|initiator| initiator.name.as_deref());
    target.flags & 1 != 0
        && unit
        && same(target.name.as_deref(), Some(session.target.as_str()))
        && same(initiator, session.initiator.as_deref())
}

fn target_of(ibft: &Ibft, target: &IbftTarget) -> String {
    format!("this machine's iBFT ({}, target{})", ibft.source, target.index)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    const TARGET: &str = "iqn.2013-01.com.bigstep:storage.pb429od";
    const INITIATOR: &str = "iqn.2013-01.com.bigstep:i59725";

    fn put(root: &Path, path: &str, content: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("{content}\n")).unwrap();
    }

    /// A rescue whose firmware has an iBFT, logged in to the LUN that it names.
    fn machine() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        let session = "devices/platform/host3/session1";
        put(root, &format!("{session}/iscsi_session/session1/targetname"), TARGET);
        put(root, &format!("{session}/iscsi_session/session1/initiatorname"), INITIATOR);
        fs::create_dir_all(root.join("class/iscsi_session")).unwrap();
        symlink(
            "../../devices/platform/host3/session1/iscsi_session/session1",
            root.join("class/iscsi_session/session1"),
        )
        .unwrap();
        symlink("../../../session1", root.join(session).join("iscsi_session/session1/device")).unwrap();
        let ibft = "firmware/ibft";
        put(root, &format!("{ibft}/initiator/flags"), "3");
        put(root, &format!("{ibft}/initiator/initiator-name"), INITIATOR);
        put(root, &format!("{ibft}/target0/flags"), "3");
        put(root, &format!("{ibft}/target0/target-name"), TARGET);
        put(root, &format!("{ibft}/target0/ip-addr"), "100.97.0.10");
        put(root, &format!("{ibft}/target0/port"), "3260");
        put(root, &format!("{ibft}/target0/lun"), "0000000000000000");
        put(root, &format!("{ibft}/target0/nic-assoc"), "0");
        directory
    }

    fn disk(session: Option<&str>, lun: u64) -> Vec<BlockDevice> {
        let below = BlockDevice {
            name: "sda3".to_owned(),
            iscsi_session: session.map(str::to_owned),
            lun: Some(lun),
            ..BlockDevice::default()
        };
        vec![BlockDevice { name: "dm-0".to_owned(), ..BlockDevice::default() }, below]
    }

    fn proved(root: &Path, devices: &[BlockDevice]) -> Option<String> {
        proof_by(devices, &Root::open_labelled(root, "/sys").unwrap(), None)
    }

    #[test]
    fn the_lun_of_the_ibft_below_a_root_proves_the_machine() {
        let machine = machine();
        let proof = proved(machine.path(), &disk(Some("session1"), 0)).unwrap();
        assert!(proof.contains(TARGET) && proof.contains("LUN 0"), "{proof}");
    }

    #[test]
    fn another_unit_target_initiator_or_disk_proves_nothing() {
        let machine = machine();
        let root = machine.path();
        assert_eq!(proved(root, &disk(Some("session1"), 1)), None, "another unit");
        assert_eq!(proved(root, &disk(Some("session2"), 0)), None, "a session that is gone");
        assert_eq!(proved(root, &disk(None, 0)), None, "a local disk");
        assert_eq!(proved(root, &[]), None, "no disk");
        put(root, "firmware/ibft/initiator/initiator-name", "iqn.2013-01.com.bigstep:i1");
        assert_eq!(proved(root, &disk(Some("session1"), 0)), None, "another initiator");
        put(root, "firmware/ibft/initiator/initiator-name", INITIATOR);
        put(root, "firmware/ibft/target0/target-name", "iqn.2013-01.com.bigstep:storage.other");
        assert_eq!(proved(root, &disk(Some("session1"), 0)), None, "another target");
        fs::remove_dir_all(root.join("firmware")).unwrap();
        assert_eq!(proved(root, &disk(Some("session1"), 0)), None, "no iBFT");
    }
}
