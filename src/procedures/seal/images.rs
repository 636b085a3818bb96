//! Images keep what was copied into them when they were built: only new ones are without it.

use crate::probes::{boot_files, initramfs};
use crate::system::{Budget, Root};
use isctpl_checks::Family;
use isctpl_checks::facts::{BootFileKind, Initramfs, Problem};
use isctpl_checks::{is_typable, quoted};

/// What of one machine lies in the images of a root, whether an entry loads them or not.
pub(super) fn look(root: &Root) -> Vec<Problem> {
    let (files, mut problems) = boot_files::read(root);
    // What a loader's entry may have is too little for all images together: each one has it, and they share the time.
    let budget = Budget::of_images();
    let images = files.iter().filter(|file| file.kind == BootFileKind::Initramfs);
    problems
        .extend(images.filter_map(|file| problem_of(&initramfs::read(root, &file.path, &budget.of_another_image()))));
    problems
}

fn problem_of(image: &Initramfs) -> Option<Problem> {
    let secret = image.secrets.first().map(|at| ("holds a CHAP password", at.path.as_str()));
    let devices = image.lvm_devices.iter().flatten().map(|device| device.at.path.as_str()).next();
    let found = secret.or(devices.map(|path| ("lets LVM use this machine's disks alone", path)));
    let what = match found {
        Some((what, path)) => {
            let inside = path.split_once('!').map_or(path, |(_, inside)| inside);
            format!("{what}, by {inside}: once the root is cleared, {}", rebuilding(image))
        }
        None if image.incomplete || !image.damage.is_empty() => {
            let why = image.damage.first().map(|problem| format!(": {}", problem.what)).unwrap_or_default();
            format!("was not read whole{why}; whether it holds a CHAP password is not known")
        }
        None => return None,
    };
    Some(Problem::new(image.path.clone(), what))
}

/// How it is built anew, by what built it.
fn rebuilding(image: &Initramfs) -> String {
    let name = image.path.rsplit('/').next().unwrap_or_default();
    let version = ["initrd.img-", "initramfs-", "initrd-"].into_iter().find_map(|begin| name.strip_prefix(begin));
    let version = version.map(|version| version.strip_suffix(".img").unwrap_or(version));
    let command = version.filter(|_| is_typable(&image.path)).and_then(|version| match image.family() {
        Family::InitramfsTools => Some(format!("update-initramfs -u -k {}", quoted(version))),
        Family::Dracut => Some(format!(
            "dracut -f --no-hostonly --add {} {} {}",
            quoted(&format!("iscsi {}", network(image))),
            quoted(&image.path),
            quoted(version)
        )),
        Family::Other => None,
    });
    match command {
        Some(command) => format!("run `{command}` in it, or remove the image if nothing boots it"),
        None => "build the image anew with what built it, or remove it if nothing boots it".to_owned(),
    }
}

/// The module of dracut that brings up the network: built anew without it, the image would not boot.
fn network(image: &Initramfs) -> &str {
    let is_network = |module: &&String| {
        ["network-legacy", "network-manager", "systemd-networkd", "connman"].contains(&module.as_str())
    };
    image.dracut_modules.iter().find(is_network).map_or("network", String::as_str)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::formats::image::cpio::sample::Archive;
    use std::fs;

    const PASSWORD: &str = "node.session.auth.password = CANARY\n";

    fn told(images: &[(&str, Vec<u8>)]) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("boot")).unwrap();
        for (name, bytes) in images {
            fs::write(directory.path().join("boot").join(name), bytes).unwrap();
        }
        let problems = look(&Root::open(directory.path()).unwrap());
        problems.iter().map(Problem::to_string).collect()
    }

    fn of_initramfs_tools() -> Archive {
        Archive::new().file("conf/initramfs.conf", "MODULES=most\n").file("scripts/functions", "")
    }

    fn of_dracut() -> Archive {
        Archive::new().file("usr/lib/dracut/modules.txt", "iscsi\nnetwork\nnetwork-manager\n")
    }

    #[test]
    fn a_password_in_any_image_is_told_with_what_builds_that_image_anew() {
        let record = "var/lib/iscsi/nodes/iqn.a/10.0.0.1,3260,1/default";
        let found = told(&[
            ("initrd.img-6.1", of_initramfs_tools().file("etc/iscsi.initramfs", "ISCSI_PASSWORD=CANARY\n").finish()),
            ("initrd.img-6.2", of_initramfs_tools().file("etc/iscsi.initramfs", "ISCSI_AUTO=true\n").finish()),
            ("initramfs-6.3.img", of_dracut().file(record, PASSWORD).finish()),
            ("initrd", Archive::new().file("etc/iscsi/iscsid.conf", PASSWORD).finish()),
        ]);
        let all = found.join("\n");
        assert_eq!(found.len(), 3, "{all}");
        for part in [
            "/boot/initrd.img-6.1: holds a CHAP password, by etc/iscsi.initramfs: once the root is cleared, run \
             `update-initramfs -u -k 6.1`",
            &format!(
                "/boot/initramfs-6.3.img: holds a CHAP password, by {record}: once the root is cleared, run \
                      `dracut -f --no-hostonly --add 'iscsi network-manager' /boot/initramfs-6.3.img 6.3`"
            ),
            "/boot/initrd: holds a CHAP password, by etc/iscsi/iscsid.conf: once the root is cleared, build the image",
        ] {
            assert!(all.contains(part), "{part}\n{all}");
        }
        assert!(!all.contains("CANARY"), "{all}");
    }

    #[test]
    fn a_list_of_this_machines_disks_is_told_and_an_empty_one_or_none_is_not() {
        let of = |text: &str| {
            told(&[("initramfs-6.3.img", of_dracut().file("etc/lvm/devices/system.devices", text).finish())])
        };
        let found = of("IDTYPE=sys_wwid IDNAME=naa.6001 DEVNAME=/dev/sda3 PVID=x\n");
        assert!(found[0].contains("lets LVM use this machine's disks alone, by etc/lvm/devices/system.devices"));
        assert_eq!(of("# none\n"), Vec::<String>::new());
        assert_eq!(told(&[("initramfs-6.3.img", of_dracut().finish())]), Vec::<String>::new());
    }

    /// Together they have more entries than the images of one loader's entry may have.
    #[test]
    fn many_images_are_all_read_whole() {
        let large = (0..30_000).fold(of_dracut(), |archive, number| archive.file(&format!("f{number}"), "")).finish();
        let [first, second, third] = ["initramfs-6.1.img", "initramfs-6.2.img", "initramfs-6.3.img"];
        assert_eq!(told(&[(first, large.clone()), (second, large.clone()), (third, large)]), Vec::<String>::new());
    }

    #[test]
    fn an_image_that_was_not_read_whole_is_no_pass() {
        let whole = of_initramfs_tools().file("etc/iscsi.initramfs", "ISCSI_AUTO=true\n").finish();
        let cut = whole[..whole.windows(10).position(|bytes| bytes == b"ISCSI_AUTO").unwrap()].to_vec();
        let found = told(&[("initrd.img-6.1", cut)]);
        assert!(found.len() == 1 && found[0].contains("was not read whole"), "{found:?}");
        assert!(found[0].ends_with("whether it holds a CHAP password is not known"), "{found:?}");
    }
}
