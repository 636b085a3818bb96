//! Network interfaces in sysfs.

use crate::system::{FileKind, Root};
use isctpl_checks::facts::{Fact, Nic, Problem};

const NET: &str = "/class/net";

/// Reads the interfaces of `/sys/class/net`. `sysfs` is opened at `/sys`, or at a captured tree of it.
/// A tree without `/class/net` tells nothing of NICs and gives an unknown.
///
/// The MAC address is the one in force; the permanent one is not in sysfs.
pub(crate) fn read(sysfs: &Root) -> Fact<Vec<Nic>> {
    read_all(sysfs).into()
}

/// Names of the interfaces of the machine that this program runs on; none where they cannot be read.
pub(crate) fn names_here() -> Vec<String> {
    let sysfs = Root::sysfs();
    sysfs.and_then(|sysfs| sysfs.names(NET)).unwrap_or_default()
}

fn read_all(sysfs: &Root) -> Result<Vec<Nic>, Problem> {
    let Some(entries) = sysfs.list(NET)? else {
        return Err(Problem::new(sysfs.name(NET), "does not exist, so no NIC can be listed"));
    };
    let mut nics = Vec::new();
    for (name, _) in entries {
        // `bonding_masters` and the like are files beside the interfaces.
        if sysfs.kind(&format!("{NET}/{name}"))? == Some(FileKind::Directory) {
            nics.push(read_nic(sysfs, name)?);
        }
    }
    Ok(nics)
}

fn read_nic(sysfs: &Root, name: String) -> Result<Nic, Problem> {
    let base = format!("{NET}/{name}");
    let device = format!("{base}/device");
    let driver = match link_name(sysfs, &format!("{device}/driver/module"))? {
        // A driver that is built in has no module; its own name stands for it.
        None => link_name(sysfs, &format!("{device}/driver"))?,
        module => module,
    };
    Ok(Nic {
        mac: sysfs.line(&format!("{base}/address"))?.unwrap_or_default().to_ascii_lowercase(),
        driver,
        modalias: sysfs.line(&format!("{device}/modalias"))?.filter(|alias| !alias.is_empty()),
        // A captured tree may have the link without the device that it points to.
        physical: sysfs.lstat(&device)?.is_some(),
        pci: pci_address(sysfs, &base)?,
        name,
    })
}

/// The PCI device that an interface hangs on. The path of the interface names it, also when another
/// bus stands between, as for virtio: `../../devices/pci0000:00/0000:00:03.0/virtio0/net/eth0`.
fn pci_address(sysfs: &Root, base: &str) -> Result<Option<String>, Problem> {
    let mut paths = Vec::new();
    paths.extend(sysfs.read_link(base)?);
    paths.extend(sysfs.read_link(&format!("{base}/device"))?);
    let mut found = paths.iter().filter_map(|path| path.rsplit('/').find(|part| is_pci_address(part)));
    Ok(found.next().map(str::to_owned))
}

/// `0000:00:03.0`: domain, bus, device, function.
fn is_pci_address(text: &str) -> bool {
    let hex = |part: &str, least: usize| part.len() >= least && part.chars().all(|c| c.is_ascii_hexdigit());
    match text.split(':').collect::<Vec<_>>().as_slice() {
        [domain, bus, slot] => match slot.split_once('.') {
            Some((device, function)) => hex(domain, 4) && hex(bus, 2) && hex(device, 2) && hex(function, 1),
            None => false,
        },
        _ => false,
    }
}

/// The last part of where a link points.
fn link_name(sysfs: &Root, path: &str) -> Result<Option<String>, Problem> {
    let target = sysfs.read_link(path)?;
    Ok(target.and_then(|target| target.rsplit('/').next().map(str::to_owned)).filter(|name| !name.is_empty()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    fn sysfs() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        for path in [
            "class/net",
            "devices/pci0000:00/0000:00:03.0/virtio0/net/enp0s3",
            "devices/virtual/net/lo",
            "bus/virtio/drivers/virtio_net",
            "module/virtio_net",
        ] {
            fs::create_dir_all(root.join(path)).unwrap();
        }
        let nic = "devices/pci0000:00/0000:00:03.0/virtio0/net/enp0s3";
        let virtio = "devices/pci0000:00/0000:00:03.0/virtio0";
        fs::write(root.join(nic).join("address"), "52:54:00:00:00:01\n").unwrap();
        fs::write(root.join("devices/virtual/net/lo/address"), "00:00:00:00:00:00\n").unwrap();
        fs::write(root.join(virtio).join("modalias"), "virtio:d00000001v00001AF4\n").unwrap();
        fs::write(root.join("class/net/bonding_masters"), "").unwrap();
        for (target, link) in [
            ("../../devices/pci0000:00/0000:00:03.0/virtio0/net/enp0s3", "class/net/enp0s3"),
            ("../../devices/virtual/net/lo", "class/net/lo"),
            ("../../../virtio0", &format!("{nic}/device")),
            ("../../../../bus/virtio/drivers/virtio_net", &format!("{virtio}/driver")),
            ("../../../../module/virtio_net", "bus/virtio/drivers/virtio_net/module"),
        ] {
            symlink(target, root.join(link)).unwrap();
        }
        dir
    }

    fn read_at(path: &Path) -> Fact<Vec<Nic>> {
        read(&Root::open_labelled(path, "/sys").unwrap())
    }

    #[test]
    fn reads_hardware_and_virtual_interfaces() {
        let dir = sysfs();
        let Fact::Known(nics) = read_at(dir.path()) else { panic!() };
        let [nic, lo] = nics.as_slice() else { panic!("{nics:?}") };
        assert_eq!(
            *nic,
            Nic {
                name: "enp0s3".to_owned(),
                mac: "52:54:00:00:00:01".to_owned(),
                driver: Some("virtio_net".to_owned()),
                modalias: Some("virtio:d00000001v00001AF4".to_owned()),
                physical: true,
                pci: Some("0000:00:03.0".to_owned()),
            }
        );
        assert!(!lo.physical && lo.driver.is_none() && lo.pci.is_none());
    }

    #[test]
    fn a_driver_that_is_built_in_goes_by_its_own_name() {
        let dir = sysfs();
        fs::remove_file(dir.path().join("bus/virtio/drivers/virtio_net/module")).unwrap();
        let Fact::Known(nics) = read_at(dir.path()) else { panic!() };
        assert_eq!(nics[0].driver.as_deref(), Some("virtio_net"));
    }

    #[test]
    fn a_tree_without_interfaces_is_unknown() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read_at(dir.path()).problem().unwrap().place, "/sys/class/net");
    }

    #[test]
    fn an_interface_that_cannot_be_looked_at_is_not_absent() {
        let dir = sysfs();
        symlink("enp0s4", dir.path().join("class/net/enp0s4")).unwrap();
        assert_eq!(read_at(dir.path()).problem().unwrap().place, "/sys/class/net/enp0s4");
    }

    #[test]
    fn knows_pci_addresses() {
        assert!(is_pci_address("0000:00:03.0") && is_pci_address("10000:e1:00.1"));
        assert!(!is_pci_address("pci0000:00") && !is_pci_address("virtio0") && !is_pci_address("0000:00:03"));
    }
}
