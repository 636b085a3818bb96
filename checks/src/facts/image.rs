//! What an initramfs image holds, as far as an iSCSI boot needs it.

use super::{Cmdline, CrypttabEntry, Fact, Located, Location, MdArray, ModuleIndex, Problem};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// An initramfs image that a loader entry names, read whole.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Initramfs {
    /// Path in the root.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Last change, seconds since the epoch.
    pub mtime: i64,
    /// Permission bits of its file, where they are known.
    pub mode: Option<u32>,
    /// Its segments, in order.
    pub segments: Vec<Segment>,
    /// Why it could not be read whole, or not read at all, with the offset.
    pub damage: Vec<Problem>,
    /// Whether the damage is ours (an unsupported compression, a limit) and not the image's:
    /// then nothing that is missing may be called missing.
    pub incomplete: bool,
    /// Files in it that could not be examined, such as a program that is not a sound ELF file; the image
    /// itself is not damaged by that.
    pub problems: Vec<Problem>,
    /// Kernel versions found below `lib/modules/`.
    pub module_versions: BTreeSet<String>,
    /// Names of the modules in it, `-` written as `_`, with their paths.
    pub modules: BTreeMap<String, String>,
    /// What modprobe finds in it, by the kernel's version.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub module_indexes: BTreeMap<String, Fact<ModuleIndex>>,
    /// Every other path in it, without a leading `/`, to its kind.
    pub files: BTreeMap<String, EntryKind>,
    /// Programs and libraries that name a shared library the image lacks.
    pub missing_libraries: Vec<MissingLibrary>,
    /// Units in it that will be started and name a program the image lacks.
    pub missing_unit_programs: Vec<MissingUnitProgram>,
    /// The programs that the kernel starts first, in the order in which it tries them: `/init`, and of the others those
    /// that the image has. Empty in a snapshot that was taken by an earlier version.
    pub first_programs: Vec<FirstProgram>,
    /// Which script reads which word of the command line.
    pub readers: Vec<TokenReader>,
    /// What brings up the network in it.
    pub network: Vec<ImageNetwork>,
    /// What its DHCP clients do with option 121.
    pub classless: Vec<Option121>,
    /// A script line that calls awk's `and()` while the image's awk (its path is the value) is one without
    /// that function, such as mawk: dracut's iBFT reader then takes no NIC.
    pub awk_without_and: Option<Located<String>>,
    /// Lines of dracut's hooks that end the boot at a word of the command line (`die`), and the line of initramfs-tools at
    /// which a script ends where ipconfig has brought up nothing.
    pub refusals: Vec<Located<String>>,
    /// What logs in.
    pub login: Vec<ImageLogin>,
    /// The folder of iscsistart's database (the value) when the folder that it lies in is neither in the
    /// image nor made by one of its scripts, at the line that logs in.
    pub login_database_unplaced: Option<Located<String>>,
    /// Configuration inside it that asks for a login: `/etc/iscsi.initramfs`, `etc/cmdline.d/*`.
    pub requests: Vec<LoginRequest>,
    /// Whether `/etc/iscsi.initramfs` in it has a CHAP user, which open-iscsi's script offers to whatever target it is
    /// told. `None` where there is no such file, and where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<bool>,
    /// Command-line words that the image itself adds (dracut's `etc/cmdline.d`, `etc/cmdline`).
    pub own_cmdline: Vec<Located<Cmdline>>,
    /// The initiator name in it: `etc/initiatorname.iscsi` or `etc/iscsi/initiatorname.iscsi`.
    pub initiator_name: Option<Located<String>>,
    /// Whether that name is still to be generated (`GenerateName=yes`).
    pub initiator_generated: bool,
    /// Files in it that hold a secret (node records, iscsid.conf, cmdline.d); what is in them is not kept.
    pub secrets: Vec<Location>,
    /// `devices/filter` of LVM's configuration in it, patterns in order.
    pub lvm_filters: Vec<Located<String>>,
    /// `devices/global_filter` of LVM's configuration in it, patterns in order.
    pub lvm_global_filters: Vec<Located<String>>,
    /// Device ids of `etc/lvm/devices/system.devices` in it; `None` when there is no such file.
    pub lvm_devices: Option<Vec<Located<String>>>,
    /// What sets up the layers below the root when the image runs; `None` in a snapshot of an earlier version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starters: Option<Vec<Starter>>,
    /// `cryptroot/crypttab` of initramfs-tools, or `etc/crypttab`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub crypttab: Vec<CrypttabEntry>,
    /// Arrays that mdadm.conf(5) in it names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub md_arrays: Vec<Located<MdArray>>,
    /// A line of that file by which udev's rule assembles no array that it does not name (`AUTO -all`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub md_named_only: Option<Located<String>>,
    /// `RESUME=` of initramfs-tools' `conf/conf.d/*`.
    pub resume: Option<Located<String>>,
    /// Modules loaded by list: initramfs-tools' `conf/modules`, dracut's `etc/modules-load.d`.
    pub modules_listed: BTreeSet<String>,
    /// Names of udev rules and `.link` files for networks.
    pub link_files: Vec<String>,
    /// dracut's module list, from `usr/lib/dracut/modules.txt`.
    pub dracut_modules: Vec<String>,
    /// dracut: built for one host (`hostonly`), where the image says so.
    pub hostonly: Option<bool>,
    /// MODULES= of initramfs-tools as stated in the image (`conf/initramfs.conf`), such as `most`.
    pub modules_policy: Option<Located<String>>,
}

/// A line or file in an image by which a layer below the root is set up when the image runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Starter {
    /// What is set up.
    pub layer: Layer,
    /// Where that stands.
    pub at: Location,
}

/// What may lie between the disk and the root's filesystem, or over that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// Logical volumes: LVM activates them.
    Lvm,
    /// Encryption: cryptsetup or systemd-cryptsetup unlocks a device.
    Crypt,
    /// Linux's software RAID: mdadm assembles an array.
    Raid,
    /// dm-multipath: multipath or multipathd makes a map of several paths.
    Multipath,
    /// A btrfs on several devices: the kernel is told of each.
    Btrfs,
    /// An overlay over the root: what is mounted at `/` is no device.
    Overlay,
}

/// What kind of thing an entry is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// A file, and its bytes.
    File(u64),
    /// A file that may be executed, and its bytes.
    Program(u64),
    /// A directory.
    Directory,
    /// A symbolic link, and where it points.
    Link(String),
    /// A device, FIFO or socket.
    Special,
}

/// A part of an image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Segment {
    /// First byte in the image.
    pub offset: u64,
    /// Bytes in the image.
    pub packed: u64,
    /// Bytes once unpacked.
    pub unpacked: u64,
    /// `none`, `gzip`, `xz`, `lzma`, `bzip2`, `zstd`, `lz4`, `lz4-legacy`, `lzo`.
    pub compression: String,
    /// Entries in it.
    pub entries: u64,
    /// Why no kernel unpacks it, whatever it was built with, although it can be read here.
    pub refused: Option<String>,
}

/// A program or library in the image whose shared library is not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MissingLibrary {
    /// The library's name (`DT_NEEDED`), or the program's interpreter.
    #[serde(rename = "library")]
    pub name: String,
    /// Who needs it: path in the image.
    pub needed_by: String,
    /// The programs that do not start for it, by themselves or through the libraries that they load: paths
    /// in the image.
    pub programs: Vec<String>,
}

/// A unit in the image and the program it names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MissingUnitProgram {
    /// The unit.
    pub unit: String,
    /// The program, as written.
    pub program: String,
    /// The directive, such as `ExecStartPre`.
    pub directive: String,
    /// Where it stands.
    pub at: Option<Location>,
    /// Whether the unit takes part in the login: `iscsid`, `iscsi…`, or required by one that does.
    pub on_login_path: bool,
    /// Whether systemd goes on when it fails (`-` before the path).
    pub ignored_failure: bool,
}

/// A program that the kernel starts as the first process (`kernel_init` in `init/main.c`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FirstProgram {
    /// As the kernel names it, such as `/init`.
    pub path: String,
    /// The file in the image that it leads to.
    pub program: Option<String>,
    /// Why the kernel cannot start it.
    pub refused: Option<String>,
    /// Whether the scripts that log in are run where it is started.
    pub hooks: HooksRun,
}

/// Whether the scripts of an image are run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HooksRun {
    /// By what stands there: a line of a script, or a unit.
    By(Location),
    /// By nothing, and why.
    ByNothing(String),
    /// It could not be found out, and why.
    Unclear(String),
}

impl Default for HooksRun {
    fn default() -> Self {
        Self::Unclear("it was not looked at".to_owned())
    }
}

/// A script that reads a word of the kernel command line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenReader {
    /// The word: `iscsi_auto`, `iscsi_firmware`, `rd.iscsi.firmware`, `ip=ibft`, `rd.iscsi.ibft`,
    /// `netroot`, `iscsi_target_name`, `root=iscsi` …
    pub token: String,
    /// The script and line.
    pub at: Location,
}

/// What brings up a network in an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageNetwork {
    /// Which one.
    pub kind: NetworkKind,
    /// The file that shows it.
    pub at: Location,
}

/// The ways in which images bring up a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkKind {
    /// initramfs-tools' `configure_networking` with klibc's `ipconfig`.
    Ipconfig,
    /// initramfs-tools' `configure_networking` with `dhcpcd` or `dhclient`.
    InitramfsDhclient,
    /// dracut's `network-legacy`: `ifup.sh` and a DHCP client's script.
    DracutLegacy,
    /// systemd-networkd with systemd-network-generator.
    Networkd,
    /// NetworkManager with `nm-initrd-generator`.
    NetworkManager,
    /// `iscsistart -N`: the addresses of the firmware itself.
    IscsistartN,
}

/// What a DHCP client in an image does with option 121.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Option121 {
    /// Which way of bringing up the network it belongs to.
    pub network: NetworkKind,
    /// Whether routes of option 121 reach the kernel.
    #[serde(rename = "honoured")]
    pub support: Option121Support,
    /// The program or script line that shows it.
    pub at: Location,
    /// The line, or what was looked for.
    pub excerpt: String,
}

/// Whether the routes of option 121 reach the kernel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Option121Support {
    /// They do.
    Yes,
    /// They do not, and why.
    No(String),
    /// It could not be found out, and why.
    Unclear(String),
}

/// What logs in to the target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageLogin {
    /// Which one.
    pub kind: LoginKind,
    /// The script that runs it.
    pub at: Location,
}

/// The ways in which images log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoginKind {
    /// A script of initramfs-tools that runs `iscsistart`.
    Iscsistart,
    /// dracut's `iscsiroot`, with `iscsistart`.
    DracutIscsistart,
    /// dracut's `iscsiroot`, with `iscsid` and `iscsiadm`.
    DracutIscsid,
}

/// Configuration inside an image that asks for a login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginRequest {
    /// `ISCSI_AUTO`, or the target named.
    pub kind: RequestKind,
    /// Where.
    pub at: Location,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
    /// Whatever the firmware says (`ISCSI_AUTO`, `iscsi_auto`, `rd.iscsi.firmware`).
    Firmware,
    /// A target by name and address.
    Target {
        /// Target name.
        name: Option<String>,
        /// Portal addresses.
        portals: Vec<String>,
        /// Initiator name.
        initiator: Option<String>,
        /// Whether a CHAP account comes with it. `None` where that is not known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<bool>,
    },
}
