//! Disks made of trees: a GUID partition table, /boot on a partition, the root on a logical volume.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const MIB: u64 = 1 << 20;
const BOOT: u64 = MIB;
const BOOT_SIZE: u64 = 24 * MIB;
const PV: u64 = BOOT + BOOT_SIZE;
const ROOT_SIZE: u64 = 64 * MIB;
/// Where the first extent lies on the physical volume.
const EXTENTS: u64 = MIB;
const PV_SIZE: u64 = EXTENTS + ROOT_SIZE;

/// What fstab of the fixture machines mounts at /boot.
const BOOT_UUID: &str = "11111111-2222-3333-4444-555555555502";

/// The UUID of the root's filesystem.
pub const ROOT_UUID: &str = "11111111-2222-3333-4444-555555555503";

/// Programs that this needs.
pub const NEEDS: [&str; 3] = ["mke2fs", "sfdisk", "qemu-img"];

/// A disk in a directory of its own, which everybody may read.
#[derive(Debug)]
pub struct Disk {
    directory: tempfile::TempDir,
}

impl Disk {
    /// Of a machine's tree; what is below /boot comes to a partition of its own.
    pub fn of(tree: &Path) -> Self {
        let disk = Self { directory: tempfile::tempdir().unwrap() };
        open_to_all(disk.directory.path());
        let path = disk.raw();
        let file = File::create(&path).unwrap();
        file.set_len(PV + PV_SIZE + MIB).unwrap();
        let sectors = |bytes: u64| bytes / 512;
        partition(
            &path,
            &format!(
                "label: gpt\nstart={}, size={}\nstart={}, size={}\n",
                sectors(BOOT),
                sectors(BOOT_SIZE),
                sectors(PV),
                sectors(PV_SIZE)
            ),
        );
        filesystem(&path, BOOT, BOOT_SIZE, BOOT_UUID, &tree.join("boot"));
        // Without what lies on the other one; the directory itself stays.
        let rest = tempfile::tempdir().unwrap();
        let root = rest.path().join("root");
        assert!(Command::new("cp").arg("-a").arg(tree).arg(&root).status().unwrap().success());
        fs::remove_dir_all(root.join("boot")).unwrap();
        fs::create_dir(root.join("boot")).unwrap();
        filesystem(&path, PV + EXTENTS, ROOT_SIZE, ROOT_UUID, &root);
        physical_volume(&file);
        disk
    }

    /// The image as it is.
    pub fn raw(&self) -> PathBuf {
        self.directory.path().join("disk.raw")
    }

    /// The image as qcow2, compressed.
    pub fn qcow2(&self) -> PathBuf {
        let packed = self.directory.path().join("disk.qcow2");
        let mut command = Command::new("qemu-img");
        command.args(["convert", "-c", "-f", "raw", "-O", "qcow2"]).arg(self.raw()).arg(&packed);
        assert!(command.status().unwrap().success());
        packed
    }
}

fn open_to_all(directory: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(directory, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Gives a disk the table that sfdisk makes of a script.
pub fn partition(disk: &Path, script: &str) {
    let mut child = Command::new("sfdisk").arg("-q").arg(disk).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}

/// Makes an ext4 of a tree's files at that place of a disk.
pub fn filesystem(disk: &Path, start: u64, size: u64, uuid: &str, tree: &Path) {
    let mut command = Command::new("mke2fs");
    command.args(["-q", "-F", "-t", "ext4", "-U", uuid, "-d"]).arg(tree);
    command.args(["-E", &format!("offset={start}")]).arg(disk).arg(format!("{}k", size >> 10));
    assert!(command.stdout(Stdio::null()).status().unwrap().success());
}

/// Writes what makes the second partition a physical volume (LVM2 `lib/format_text/layout.h`): the label, and the text of a
/// group with one volume.
fn physical_volume(disk: &File) {
    const AREA: u64 = 4096;
    let group = format!(
        "ubuntu-vg {{\nid = \"Gr0upG-r0up-Gr0u-pGr0-upGr-0upG-r0upGr\"\nseqno = 2\nformat = \"lvm2\"\n\
         status = [\"RESIZEABLE\", \"READ\", \"WRITE\"]\nextent_size = 8192\nphysical_volumes {{\npv0 {{\n\
         id = \"oUpjEK-xUUm-Peqa-DWGi-iRHV-8t1r-S944Sm\"\ndevice = \"/dev/sda2\"\nstatus = [\"ALLOCATABLE\"]\n\
         pe_start = {}\npe_count = {}\n}}\n}}\nlogical_volumes {{\nubuntu-lv {{\n\
         id = \"lektyl-X2nZ-RKso-oqqU-H1mK-ss9J-HwKjFA\"\nstatus = [\"READ\", \"WRITE\", \"VISIBLE\"]\nsegment_count = 1\n\
         segment1 {{\nstart_extent = 0\nextent_count = {}\ntype = \"striped\"\nstripe_count = 1\nstripes = [\n\"pv0\", 0\n\
         ]\n}}\n}}\n}}\n}}\n\0",
        EXTENTS / 512,
        ROOT_SIZE >> 22,
        ROOT_SIZE >> 22,
    );
    let mut label = vec![0; 512];
    label[..8].copy_from_slice(b"LABELONE");
    label[8] = 1;
    label[20] = 32;
    label[24..32].copy_from_slice(b"LVM2 001");
    label[32..64].copy_from_slice(b"oUpjEKxUUmPeqaDWGiiRHV8t1rS944Sm");
    label[64..72].copy_from_slice(&PV_SIZE.to_le_bytes());
    label[72..80].copy_from_slice(&EXTENTS.to_le_bytes());
    label[104..112].copy_from_slice(&AREA.to_le_bytes());
    label[112..120].copy_from_slice(&(EXTENTS - AREA).to_le_bytes());
    let sum = checksum(&label[20..]);
    label[16..20].copy_from_slice(&sum.to_le_bytes());
    let mut header = vec![0; 512];
    header[4..20].copy_from_slice(b" LVM2 x[5A%r0N*>");
    header[20] = 1;
    header[24..32].copy_from_slice(&AREA.to_le_bytes());
    header[32..40].copy_from_slice(&(EXTENTS - AREA).to_le_bytes());
    header[40..48].copy_from_slice(&512u64.to_le_bytes());
    header[48..56].copy_from_slice(&(group.len() as u64).to_le_bytes());
    header[56..60].copy_from_slice(&checksum(group.as_bytes()).to_le_bytes());
    let sum = checksum(&header[4..]);
    header[..4].copy_from_slice(&sum.to_le_bytes());
    disk.write_all_at(&label, PV + 512).unwrap();
    disk.write_all_at(&header, PV + AREA).unwrap();
    disk.write_all_at(group.as_bytes(), PV + AREA + 512).unwrap();
}

/// LVM's CRC-32 (`calc_crc` in `lib/misc/crc.c`).
fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0xf597_a6cf, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}
