//! What is found to hold a device.

use isctpl_checks::facts::Problem;

/// What holds a device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holders {
    /// The device itself, its partitions, and every device that lies on one of them, bottom up.
    pub devices: Vec<StackedDevice>,
    /// Mounts of filesystems on one of these devices, in any mount namespace.
    pub mounts: Vec<HeldMount>,
    /// Swap spaces on one of these devices or in a file of one of these mounts: paths as `/proc/swaps` has them.
    pub swaps: Vec<String>,
    /// Processes that use one of these devices, or something below one of these mounts.
    pub processes: Vec<HoldingProcess>,
    /// Processes that may not be looked at, with their command names: those of other users, and those with
    /// capabilities that this process lacks. Their mounts are known all the same.
    pub hidden: Vec<(u32, String)>,
    /// Whether the kernel refuses an exclusive claim of the device, as it does while a filesystem, a map, a swap
    /// space or a target holds it or a partition of it. `None` when it could not be asked.
    pub claimed: Option<bool>,
    /// What could not be looked at. While there is anything, nothing follows from an empty list.
    pub problems: Vec<Problem>,
}

/// One device of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackedDevice {
    /// Kernel name, such as `sda3` or `dm-0`.
    pub name: String,
    /// Major and minor number.
    pub number: (u32, u32),
    /// Device-mapper name, such as `ubuntu--vg-ubuntu--lv`.
    pub dm_name: Option<String>,
    /// What it lies on.
    pub backing: Backing,
}

/// How a device lies on another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Backing {
    /// It is the device that was asked for.
    Itself,
    /// It is a partition of this disk.
    Disk(String),
    /// It is a map or array on this device (`holders` of sysfs).
    Device(String),
    /// It is a loop device of this file, or of this device.
    File(String),
}

/// A mount of a filesystem that lies on the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldMount {
    /// Mount point, as processes of its namespace see it.
    pub target: String,
    /// Source as the kernel shows it.
    pub source: String,
    /// Type of the filesystem, as the kernel shows it.
    pub kind: String,
    /// Mount id, unique while it is mounted.
    pub id: u64,
    /// The mount namespace's number, as in `mnt:[NUMBER]`; `None` when it is that of a process that may not be
    /// looked at.
    pub namespace: Option<u64>,
    /// Whether that is the namespace of this process.
    pub own_namespace: bool,
    /// A process in that namespace, with its command name; `None` when only a file keeps the namespace.
    pub seen_by: Option<(u32, String)>,
}

/// A process that uses the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldingProcess {
    /// Process id, as this process sees it.
    pub pid: u32,
    /// Command name (`/proc/PID/comm`).
    pub command: String,
    /// How it uses it: the first ones, at least one.
    pub uses: Vec<Use>,
    /// How many more there are.
    pub more: usize,
}

/// How a process uses a filesystem or a device. Paths are as the kernel shows them to this process.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// Its working directory.
    WorkingDirectory(String),
    /// Its root directory, as after chroot.
    RootDirectory(String),
    /// The program that it runs.
    Program(String),
    /// An open file.
    OpenFile(String),
    /// A file in its memory.
    MappedFile(String),
    /// The block device itself.
    OpenDevice(String),
}

impl Holders {
    /// Whether anything holds the device, as far as could be seen. A partition of it does not.
    pub fn in_use(&self) -> bool {
        let stacked = |device: &StackedDevice| matches!(device.backing, Backing::Device(_) | Backing::File(_));
        self.claimed == Some(true) || self.devices.iter().any(stacked) || self.has_users()
    }

    /// Whether anybody uses it: a mount, a swap space or a process, as far as could be seen.
    pub fn has_users(&self) -> bool {
        !(self.mounts.is_empty() && self.swaps.is_empty() && self.processes.is_empty())
    }

    /// Whether it is sure that no filesystem, map, swap space or process holds the device. A process that may
    /// not be looked at cannot use a filesystem on it then, for the device would be claimed; it can at most have
    /// the device itself open.
    pub fn is_free(&self) -> bool {
        self.problems.is_empty() && self.claimed == Some(false) && !self.in_use()
    }
}
