use super::*;
use isctpl_checks::facts::{Location, Signature};
use std::fs;
use std::os::unix::fs::symlink;

fn put(root: &Path, path: &str, text: &str) {
    let path = root.join(path.trim_start_matches('/'));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn link(root: &Path, path: &str, target: &str) {
    let path = root.join(path.trim_start_matches('/'));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    symlink(target, path).unwrap();
}

fn facts(root: &Path, live: bool) -> Storage {
    read(&Root::open(root).unwrap(), if live { Place::Running } else { Place::Mounted })
}

/// A booted instance: a logical volume on the third partition of a LUN, and udev's word of them.
fn instance(root: &Path) {
    let unit = "/sys/devices/platform/host6/session1/target6:0:0/6:0:0:47";
    let disk = format!("{unit}/block/sda");
    put(root, &format!("{disk}/dev"), "8:0\n");
    put(root, &format!("{disk}/size"), "6291456\n");
    link(root, &format!("{disk}/device"), "../../../6:0:0:47");
    put(root, &format!("{unit}/wwid"), "naa.6000\n");
    put(root, &format!("{unit}/vendor"), "IET     \n");
    put(root, &format!("{unit}/model"), "VIRTUAL-DISK    \n");
    put(root, &format!("{unit}/state"), "running\n");
    put(root, &format!("{disk}/sda3/dev"), "8:3\n");
    put(root, &format!("{disk}/sda3/partition"), "3\n");
    put(root, &format!("{disk}/sda3/uevent"), "DEVTYPE=partition\nPARTN=3\nPARTNAME=lvm\n");
    put(root, "/sys/devices/virtual/block/dm-0/dev", "254:0\n");
    put(root, "/sys/devices/virtual/block/dm-0/dm/name", "ubuntu--vg-ubuntu--lv\n");
    put(root, "/sys/devices/virtual/block/dm-0/dm/uuid", "LVM-abc\n");
    link(root, "/sys/devices/virtual/block/dm-0/slaves/sda3", "../../../../../sda3");
    put(root, "/sys/devices/virtual/block/loop0/dev", "7:0\n");
    put(root, "/sys/devices/virtual/block/loop0/size", "0\n");
    let up = "../..";
    let sda = format!("{up}{}", disk.trim_start_matches("/sys"));
    for (name, number, target) in [
        ("sda", "8:0", sda.clone()),
        ("sda3", "8:3", format!("{sda}/sda3")),
        ("dm-0", "254:0", format!("{up}/devices/virtual/block/dm-0")),
        ("loop0", "7:0", format!("{up}/devices/virtual/block/loop0")),
    ] {
        link(root, &format!("/sys/class/block/{name}"), &target);
        link(root, &format!("/sys/dev/block/{number}"), &target);
    }
    put(root, "/proc/self/mountinfo", "26 1 254:0 / / rw - ext4 /dev/mapper/ubuntu--vg-ubuntu--lv rw\n");
    put(root, "/run/udev/data/b8:0", "E:ID_PART_TABLE_TYPE=gpt\n");
    put(
        root,
        "/run/udev/data/b8:3",
        "E:ID_FS_TYPE=LVM2_member\nE:ID_FS_UUID=oUp-x\nE:ID_PART_ENTRY_UUID=295C175C\nE:ID_PART_ENTRY_NUMBER=3\n",
    );
    put(root, "/run/udev/data/b254:0", "E:ID_FS_TYPE=ext4\nE:ID_FS_USAGE=filesystem\nE:ID_FS_UUID=1111\n");
}

#[test]
fn a_running_system_tells_what_its_root_lies_on() {
    let directory = tempfile::tempdir().unwrap();
    instance(directory.path());
    let storage = facts(directory.path(), true);
    assert_eq!(storage.problems, []);
    let root = storage.root_device.known().unwrap().as_ref().unwrap();
    assert_eq!((root.name.as_str(), root.dm_name.as_deref()), ("dm-0", Some("ubuntu--vg-ubuntu--lv")));
    let filesystem = Signature::Filesystem { kind: "ext4".to_owned(), uuid: Some("1111".to_owned()), label: None };
    assert_eq!(root.signature, Fact::Known(Some(filesystem)));
    let devices = storage.devices.known().unwrap();
    let names: Vec<_> = devices.iter().map(|device| device.name.as_str()).collect();
    assert_eq!(names, ["dm-0", "sda", "sda3"]);
    let disk = &devices[1];
    assert_eq!((disk.size, disk.lun, disk.wwid.as_deref()), (3 << 30, Some(47), Some("naa.6000")));
    assert_eq!((disk.iscsi_session.as_deref(), disk.model.as_deref()), (Some("session1"), Some("IET VIRTUAL-DISK")));
    assert_eq!(disk.signature, Fact::Known(Some(Signature::PartitionTable("gpt".to_owned()))));
    let partition = &devices[2];
    assert_eq!((partition.parent.as_deref(), partition.part_uuid.as_deref()), (Some("sda"), Some("295c175c")));
    assert_eq!(partition.part_label.as_deref(), Some("lvm"));
    let volume = Signature::LvmPv {
        uuid: "oUp-x".to_owned(),
        vg: Some("ubuntu-vg".to_owned()),
        lvs: vec!["ubuntu-lv".to_owned()],
        pv_count: 0,
    };
    assert_eq!(partition.signature, Fact::Known(Some(volume)));
}

#[test]
fn a_disk_that_refuses_to_tell_its_id_is_listed() {
    let directory = tempfile::tempdir().unwrap();
    instance(directory.path());
    let drive = "/sys/devices/pci0000:00/host2/target2:0:0/2:0:0:0";
    put(directory.path(), &format!("{drive}/block/sr0/dev"), "11:0\n");
    link(directory.path(), &format!("{drive}/block/sr0/device"), "../../../2:0:0:0");
    link(directory.path(), &format!("{drive}/wwid"), "wwid");
    link(directory.path(), "/sys/class/block/sr0", "../../devices/pci0000:00/host2/target2:0:0/2:0:0:0/block/sr0");
    put(directory.path(), "/run/udev/data/b11:0", "E:ID_CDROM=1\n");
    let storage = facts(directory.path(), true);
    assert_eq!(storage.problems, []);
    let drive = storage.devices.known().unwrap().iter().find(|device| device.name == "sr0").unwrap();
    assert_eq!((drive.wwid.as_deref(), &drive.signature), (None, &Fact::Known(None)));
}

#[test]
fn a_root_of_btrfs_is_found_by_its_source() {
    let directory = tempfile::tempdir().unwrap();
    instance(directory.path());
    put(directory.path(), "/proc/self/mountinfo", "26 1 0:25 /@ / rw - btrfs /dev/sda3 rw,subvol=/@\n");
    let storage = facts(directory.path(), true);
    assert_eq!(storage.root_device.known().unwrap().as_ref().unwrap().name, "sda3");
}

#[test]
fn what_lies_on_no_device_is_unknown() {
    let directory = tempfile::tempdir().unwrap();
    instance(directory.path());
    put(directory.path(), "/proc/self/mountinfo", "26 1 0:25 / / rw - overlay overlay rw\n");
    assert!(facts(directory.path(), true).root_device.problem().is_some());
    fs::remove_dir_all(directory.path().join("sys")).unwrap();
    put(directory.path(), "/proc/self/mountinfo", "26 1 254:0 / / rw - ext4 /dev/dm-0 rw\n");
    let problem = facts(directory.path(), true).root_device.problem().cloned().unwrap();
    assert!(problem.what.contains("sysfs"));
}

#[test]
fn a_plain_directory_has_no_device() {
    let directory = tempfile::tempdir().unwrap();
    instance(directory.path());
    put(directory.path(), "/etc/fstab", "/dev/vg/lv / ext4 _netdev 0 1\nbroken\n");
    let storage = facts(directory.path(), false);
    assert_eq!(storage.root_device, Fact::Known(None));
    assert!(matches!((&storage.devices, &storage.mounts), (Fact::NotApplicable(_), Fact::NotApplicable(_))));
    assert_eq!((storage.fstab.len(), storage.problems.len()), (1, 1));
}

#[test]
fn reads_the_settings_of_lvm_resume_and_multipath() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    put(
        root,
        "/etc/lvm/lvm.conf",
        "devices { global_filter = [ \"a|sda|\", \"r|.*|\" ]\n use_devicesfile = 1\n devicesfile = \"san.devices\" }\n",
    );
    put(root, "/etc/lvm/lvmlocal.conf", "devices { filter = [ \"r|vd.*|\" ] }\n");
    put(
        root,
        "/etc/lvm/devices/san.devices",
        "VERSION=1.1.1\nIDTYPE=sys_wwid IDNAME=naa.1 DEVNAME=/dev/sda PVID=abc\n",
    );
    put(root, "/etc/initramfs-tools/initramfs.conf", "RESUME=auto\n");
    put(root, "/etc/initramfs-tools/conf.d/resume", "# swap\nRESUME=UUID=1-2\n");
    put(root, "/etc/initramfs-tools/conf.d/resume.dpkg-old", "RESUME=none\n");
    put(root, "/usr/sbin/lvm", "");
    put(root, "/etc/multipath.conf", "");
    let storage = facts(root, false);
    assert_eq!(storage.problems, []);
    assert_eq!((storage.lvm.global_filter.len(), storage.lvm.filter[0].value.as_str()), (2, "r|vd.*|"));
    assert_eq!(storage.lvm.devices_file.unwrap()[0].at, Location::line("/etc/lvm/devices/san.devices", 2));
    let resume = storage.resume.unwrap();
    assert_eq!(
        (resume.value.as_str(), resume.at),
        ("UUID=1-2", Location::line("/etc/initramfs-tools/conf.d/resume", 2))
    );
    // Its files are read one after the other, in one shell.
    put(root, "/etc/initramfs-tools/initramfs.conf", "RESUME=auto\nSWAP=1-3\n");
    put(root, "/etc/initramfs-tools/conf.d/resume", "RESUME=UUID=$SWAP\n");
    assert_eq!(facts(root, false).resume.unwrap().value, "UUID=1-3");
    put(root, "/etc/initramfs-tools/conf.d/swap", "[ -e /x ] && RESUME=none\n");
    let doubtful = facts(root, false);
    assert_eq!(doubtful.resume, None);
    assert_eq!(doubtful.problems[0].source, Source::Resume);
    assert_eq!(storage.lvm_installed.as_deref(), Some("/usr/sbin/lvm"));
    assert_eq!(storage.multipath, None);
    put(root, "/sbin/multipathd", "");
    assert_eq!(facts(root, false).multipath, Some(Location::file("/etc/multipath.conf")));
}

/// A session was logged out under the root: its disk is gone, and the map stays.
#[test]
fn a_map_over_a_disk_that_is_gone_is_still_the_root() {
    let directory = tempfile::tempdir().unwrap();
    instance(directory.path());
    for gone in ["sys/class/block/sda", "sys/class/block/sda3", "sys/dev/block/8:0", "sys/dev/block/8:3"] {
        fs::remove_file(directory.path().join(gone)).unwrap();
    }
    let root = facts(directory.path(), true).root_device.known().cloned().flatten().unwrap();
    assert_eq!((root.name.as_str(), root.slaves.as_slice()), ("dm-0", ["sda3".to_owned()].as_slice()));
    assert_eq!(root.iscsi_session, None);
}

#[test]
fn what_sysfs_does_not_tell_is_not_absent() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    instance(root);
    let partition = "/sys/devices/platform/host6/session1/target6:0:0/6:0:0:47/block/sda/sda3/partition";
    fs::remove_file(root.join(partition.trim_start_matches('/'))).unwrap();
    link(root, partition, "partition");
    assert_eq!(facts(root, true).root_device.problem().unwrap().place, partition);
    fs::remove_dir_all(root.join("sys/dev")).unwrap();
    link(root, "/sys/dev", "dev");
    assert_eq!(facts(root, true).root_device.problem().unwrap().place, "/sys/dev/block");
}

#[test]
fn below_an_overlay_lies_its_lower_directory() {
    let directory = tempfile::tempdir().unwrap();
    instance(directory.path());
    let text = "26 1 0:44 / / rw - overlay overlayroot rw,lowerdir=/media/root-ro,upperdir=/media/root-rw/overlay\n\
                27 26 254:0 / /media/root-ro ro - ext4 /dev/mapper/ubuntu--vg-ubuntu--lv ro\n";
    put(directory.path(), "/proc/self/mountinfo", text);
    let storage = facts(directory.path(), true);
    let root = storage.root_device.known().unwrap().as_ref().unwrap();
    assert_eq!(root.dm_name.as_deref(), Some("ubuntu--vg-ubuntu--lv"));
    assert_eq!(storage.mounts.known().unwrap()[0].kind, "overlay");
}

#[test]
fn an_array_tells_its_level_and_a_mount_its_subvolume() {
    let directory = tempfile::tempdir().unwrap();
    instance(directory.path());
    let array = "/sys/devices/virtual/block/md0";
    put(directory.path(), &format!("{array}/dev"), "9:0\n");
    put(directory.path(), &format!("{array}/md/level"), "raid1\n");
    link(directory.path(), &format!("{array}/slaves/sda3"), "../../../../../sda3");
    for place in ["/sys/class/block/md0", "/sys/dev/block/9:0"] {
        link(directory.path(), place, "../../devices/virtual/block/md0");
    }
    put(directory.path(), "/run/udev/data/b9:0", "E:ID_FS_TYPE=btrfs\nE:ID_FS_USAGE=filesystem\nE:ID_FS_UUID=2222\n");
    put(directory.path(), "/proc/self/mountinfo", "26 1 0:30 /@rootfs / rw - btrfs /dev/md0 rw,subvol=/@rootfs\n");
    let storage = facts(directory.path(), true);
    let root = storage.root_device.known().unwrap().as_ref().unwrap();
    assert_eq!(root.raid.as_ref().unwrap().level.as_deref(), Some("raid1"));
    assert_eq!(storage.root_subvolume.as_deref(), Some("/@rootfs"));
}

#[test]
fn files_tell_of_overlays_arrays_and_where_volumes_were_seen() {
    let directory = tempfile::tempdir().unwrap();
    let read = |path: &str, text: &str| {
        put(directory.path(), path, text);
        facts(directory.path(), false)
    };
    let storage = read(
        "/etc/overlayroot.conf",
        "overlayroot_cfgdisk=\"disabled\"\noverlayroot=\"crypt:dev=/dev/sdb,pass=tell-nobody\"\n",
    );
    assert_eq!(storage.overlayroot.as_ref().unwrap().value, "crypt");
    assert!(!format!("{storage:?}").contains("tell-nobody"));
    let storage = read("/etc/overlayroot.local.conf", "overlayroot=disabled\n");
    assert_eq!(storage.overlayroot.unwrap().value, "disabled");
    let storage = read("/etc/mdadm/mdadm.conf", "ARRAY /dev/md0 UUID=b1a2c3d4:e5f60718:293a4b5c:6d7e8f90\n");
    assert_eq!(storage.md_arrays[0].value.device.as_deref(), Some("/dev/md0"));
    let backup =
        "vg {\nid = \"a\"\nphysical_volumes {\npv0 {\nid = \"b\"\ndevice = \"/dev/mapper/sda3_crypt\"\n}\n}\n}\n";
    let storage = read("/etc/lvm/backup/vg", backup);
    assert_eq!(storage.volume_disks["vg"], ["/dev/mapper/sda3_crypt"]);
}
