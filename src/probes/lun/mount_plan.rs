//! What a root's fstab mounts from the same LUN: `/boot`, the ESP and the rest.

use crate::probes::lun::contents::{Contents, Filesystem};
use isctpl_checks::DeviceSpec;
use isctpl_checks::facts::{FstabEntry, Location};
use std::fmt;

/// Mount points that a rescue needs even where they are not mounted at boot.
const BOOT: [&str; 3] = ["/boot", "/boot/efi", "/efi"];

/// Options for whoever reads fstab, which the kernel does not know (mount(8), systemd.mount(5)).
const FOR_READERS: [&str; 11] =
    ["defaults", "auto", "noauto", "user", "nouser", "users", "owner", "group", "nofail", "_netdev", "loop"];

/// What belongs to a root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct MountPlan {
    /// The line for `/`; `None` when fstab has none.
    pub root: Option<RootLine>,
    /// What is to be mounted, in the order in which it can be.
    pub mounts: Vec<PlannedMount>,
    /// Lines that are not, and why.
    pub skipped: Vec<SkippedMount>,
}

/// The line for `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RootLine {
    /// The line of fstab.
    pub entry: FstabEntry,
    /// Whether it means the filesystem that it stands on; `None` when that cannot be told, as of a kernel name.
    pub means_itself: Option<bool>,
    /// `subvol=` of btrfs, without a slash at its beginning.
    pub subvolume: Option<String>,
}

/// A filesystem that is to be mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlannedMount {
    /// It, with its device.
    pub filesystem: Filesystem,
    /// Mount point, below the root: absolute, without `.` and `..`. Its directories may be links of the root's.
    pub target: String,
    /// Options for the kernel.
    pub options: Vec<String>,
    /// The line of fstab.
    pub at: Location,
}

/// A line of fstab that is not mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SkippedMount {
    /// The line of fstab.
    pub entry: FstabEntry,
    /// Why it is not mounted.
    pub why: SkipReason,
}

/// Why a line is not mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SkipReason {
    /// It is swap.
    Swap,
    /// It lies on no block device: a network or kernel filesystem, or a directory that is bound.
    NoDevice,
    /// It is not mounted at boot either.
    NotAtBoot,
    /// None of the LUN's filesystems is meant.
    NotOnLun,
    /// Several of them are.
    Several(Vec<String>),
    /// It is a kernel name, which another machine gives to another disk. This partition of the LUN has the same
    /// number.
    KernelName(Option<String>),
    /// Whether one of the LUN's is meant cannot be told: not all of them could be read.
    Unread,
    /// A line before it has the same mount point.
    Again,
    /// The mount point is no absolute path without `..`.
    BadTarget,
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Swap => f.write_str("is swap"),
            Self::NoDevice => f.write_str("is not on a block device"),
            Self::NotAtBoot => f.write_str("is not mounted at boot either (noauto)"),
            Self::NotOnLun => f.write_str("is not on this LUN"),
            Self::Several(names) => write!(f, "matches several filesystems: {}", names.join(", ")),
            Self::KernelName(Some(name)) => {
                write!(f, "is a kernel device name, which is another disk on another machine; here it may be {name}")
            }
            Self::KernelName(None) => f.write_str("is a kernel device name, which is another disk on another machine"),
            Self::Unread => f.write_str("may be on a device that could not be read"),
            Self::Again => f.write_str("has the same mount point as an earlier line"),
            Self::BadTarget => f.write_str("has a mount point that is not an absolute path, or contains `..`"),
        }
    }
}

/// Decides what to mount below a root that stands on this filesystem, from its fstab.
pub(crate) fn plan(fstab: &[FstabEntry], root: &Filesystem, contents: &Contents) -> MountPlan {
    let mut plan = MountPlan::default();
    for entry in fstab {
        let target = normal(&entry.target);
        let skip = |why| SkippedMount { entry: entry.clone(), why };
        if entry.kind == "swap" || matches!(entry.target.as_str(), "none" | "swap") {
            plan.skipped.push(skip(SkipReason::Swap));
            continue;
        }
        let Some(target) = target else {
            plan.skipped.push(skip(SkipReason::BadTarget));
            continue;
        };
        let again = plan.mounts.iter().any(|mount| mount.target == target) || (target == "/" && plan.root.is_some());
        if again {
            plan.skipped.push(skip(SkipReason::Again));
            continue;
        }
        if target == "/" {
            plan.root = Some(RootLine {
                means_itself: DeviceSpec::parse(&entry.spec).names(&root.device),
                subvolume: option(entry, "subvol").map(|path| path.trim_start_matches('/').to_owned()),
                entry: entry.clone(),
            });
            continue;
        }
        match meant(entry, &target, contents) {
            Ok(filesystem) => plan.mounts.push(PlannedMount {
                filesystem: filesystem.clone(),
                target,
                options: for_kernel(&entry.options),
                at: entry.at.clone(),
            }),
            Err(why) => plan.skipped.push(skip(why)),
        }
    }
    // What lies higher up comes first, whatever the order of the lines; sorting keeps that of equals.
    plan.mounts.sort_by_key(|mount| mount.target.matches('/').count());
    plan
}

/// The filesystem that a line means.
fn meant<'a>(entry: &FstabEntry, target: &str, contents: &'a Contents) -> Result<&'a Filesystem, SkipReason> {
    let has = |wanted: &str| entry.options.iter().any(|option| option == wanted);
    let spec = DeviceSpec::parse(&entry.spec);
    if entry.kind == "none" || has("bind") || has("rbind") || has("loop") {
        return Err(SkipReason::NoDevice);
    }
    if has("noauto") && !BOOT.contains(&target) {
        return Err(SkipReason::NotAtBoot);
    }
    let fits = |filesystem: &&Filesystem| spec.names(&filesystem.device) == Some(true);
    let found: Vec<&Filesystem> = contents.filesystems.iter().filter(fits).collect();
    match (found.as_slice(), &spec) {
        ([filesystem], _) => Ok(filesystem),
        ([], DeviceSpec::Kernel(name)) => Err(SkipReason::KernelName(same_number(name, contents))),
        ([], DeviceSpec::Other(text)) if !text.starts_with("/dev/") => Err(SkipReason::NoDevice),
        ([], _) if !contents.unread.is_empty() => Err(SkipReason::Unread),
        ([], _) => Err(SkipReason::NotOnLun),
        (several, _) => Err(SkipReason::Several(several.iter().map(|one| one.device.name.clone()).collect())),
    }
}

/// The only partition with the number that a kernel name ends in.
fn same_number(name: &str, contents: &Contents) -> Option<String> {
    let number = |name: &str| -> Option<u32> {
        let digits = name.len() - name.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        name.get(name.len() - digits..)?.parse().ok()
    };
    let wanted = number(name)?;
    let has_number = |filesystem: &&Filesystem| {
        filesystem.device.parent.is_some() && number(&filesystem.device.name) == Some(wanted)
    };
    let mut fitting = contents.filesystems.iter().filter(has_number);
    let first = fitting.next()?;
    fitting.next().is_none().then(|| first.device.name.clone())
}

fn option<'a>(entry: &'a FstabEntry, name: &str) -> Option<&'a str> {
    entry.options.iter().find_map(|option| option.strip_prefix(name)?.strip_prefix('='))
}

fn for_kernel(options: &[String]) -> Vec<String> {
    let is_for_readers = |option: &str| {
        let name = option.split('=').next().unwrap_or(option);
        FOR_READERS.contains(&name) || name == "comment" || ["x-", "X-"].iter().any(|prefix| name.starts_with(prefix))
    };
    options.iter().filter(|option| !is_for_readers(option)).cloned().collect()
}

/// A mount point without doubled slashes and dots; `None` when it is none below a root.
fn normal(target: &str) -> Option<String> {
    if !target.starts_with('/') || target.contains('\0') {
        return None;
    }
    let parts: Vec<&str> = target.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    (!parts.contains(&"..")).then(|| format!("/{}", parts.join("/")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::formats::storage::fstab;
    use crate::probes::lun::contents::{
        of,
        tests::{filesystem, ubuntu},
    };
    use isctpl_checks::facts::{BlockDevice, Fact, Problem};
    use proptest::prelude::*;

    fn planned(text: &str, devices: &[BlockDevice], root: &str) -> MountPlan {
        let (entries, _) = fstab::parse(text, "/etc/fstab");
        let contents = of(devices);
        let root = contents.filesystems.iter().find(|filesystem| filesystem.device.name == root).unwrap();
        plan(&entries, root, &contents)
    }

    fn mounts(plan: &MountPlan) -> Vec<(&str, &str)> {
        plan.mounts.iter().map(|mount| (mount.filesystem.device.name.as_str(), mount.target.as_str())).collect()
    }

    fn reasons(plan: &MountPlan) -> Vec<String> {
        plan.skipped.iter().map(|line| format!("{} {}", line.entry.target, line.why)).collect()
    }

    #[test]
    fn boot_and_the_esp_come_in_order() {
        let text = "UUID=AAAA-BBBB /boot/efi vfat umask=0077,nofail,x-systemd.automount 0 1\n\
                    /dev/ubuntu-vg/ubuntu-lv / ext4 defaults,_netdev 0 1\n\
                    /dev/disk/by-uuid/2222-boot /boot/ ext4 defaults,_netdev,nodev 0 1\n/swap.img none swap sw 0 0\n";
        let plan = planned(text, &ubuntu(), "dm-0");
        assert_eq!(mounts(&plan), [("sda2", "/boot"), ("sda1", "/boot/efi")]);
        assert_eq!(
            (plan.mounts[0].options.as_slice(), plan.mounts[1].options.as_slice()),
            (["nodev".to_owned()].as_slice(), ["umask=0077".to_owned()].as_slice())
        );
        assert_eq!(plan.mounts[0].at, Location::line("/etc/fstab", 3));
        let root = plan.root.as_ref().unwrap();
        assert_eq!((root.means_itself, root.subvolume.as_deref()), (Some(true), None));
        assert_eq!(reasons(&plan), ["none is swap"]);
    }

    #[test]
    fn a_root_that_means_another_filesystem_says_so() {
        let of =
            |spec: &str| planned(&format!("{spec} / ext4 defaults\n"), &ubuntu(), "dm-0").root.unwrap().means_itself;
        assert_eq!(of("UUID=1111-root"), Some(true));
        assert_eq!(of("UUID=9999"), Some(false));
        assert_eq!(of("/dev/sda3"), None);
        assert!(planned("# none\n", &ubuntu(), "dm-0").root.is_none());
    }

    #[test]
    fn what_is_skipped_says_why() {
        let text = "proc /proc proc defaults\ntmpfs /tmp tmpfs defaults\nnas:/export /srv nfs _netdev\n\
                    /srv/a /srv/b none bind\nUUID=9999 /data xfs defaults\n/dev/sdb2 /boot ext4 defaults\n\
                    /dev/sdb9 /x ext4 defaults\nUUID=2222-boot /mnt/../../etc ext4 defaults\n\
                    UUID=2222-boot boot ext4 defaults\nUUID=2222-boot /once ext4 noauto\n\
                    UUID=2222-boot /a ext4\nUUID=AAAA-BBBB //a/. vfat\n";
        let plan = planned(text, &ubuntu(), "dm-0");
        assert_eq!(mounts(&plan), [("sda2", "/a")]);
        assert_eq!(
            reasons(&plan),
            [
                "/proc is not on a block device",
                "/tmp is not on a block device",
                "/srv is not on a block device",
                "/srv/b is not on a block device",
                "/data is not on this LUN",
                "/boot is a kernel device name, which is another disk on another machine; here it may be sda2",
                "/x is a kernel device name, which is another disk on another machine",
                "/mnt/../../etc has a mount point that is not an absolute path, or contains `..`",
                "boot has a mount point that is not an absolute path, or contains `..`",
                "/once is not mounted at boot either (noauto)",
                "//a/. has the same mount point as an earlier line",
            ]
        );
    }

    #[test]
    fn an_esp_that_is_mounted_on_demand_is_needed() {
        let plan = planned("UUID=AAAA-BBBB /efi vfat noauto,x-systemd.automount 0 0\n", &ubuntu(), "dm-0");
        assert_eq!(mounts(&plan), [("sda1", "/efi")]);
        assert!(plan.mounts[0].options.is_empty());
    }

    #[test]
    fn doubt_is_told() {
        let mut devices = ubuntu();
        devices.push(filesystem("sda4", "ext4", "2222-boot"));
        let text = "UUID=2222-boot /boot ext4 defaults\nUUID=7777 /var ext4 defaults\n";
        let plan = planned(text, &devices, "dm-0");
        assert_eq!(plan.skipped[0].why, SkipReason::Several(vec!["sda2".to_owned(), "sda4".to_owned()]));
        assert_eq!(plan.skipped[1].why, SkipReason::NotOnLun);
        devices.push(BlockDevice {
            name: "sda5".to_owned(),
            signature: Fact::Unknown(Problem::new("/dev/sda5", "does not answer")),
            ..BlockDevice::default()
        });
        assert_eq!(planned(text, &devices, "dm-0").skipped[1].why, SkipReason::Unread);
    }

    #[test]
    fn subvolumes_of_one_btrfs() {
        let devices = [filesystem("sda2", "btrfs", "b7")];
        let text = "UUID=b7 / btrfs subvol=/@,compress=zstd 0 0\nUUID=b7 /home btrfs subvol=@home 0 0\n";
        let plan = planned(text, &devices, "sda2");
        assert_eq!(plan.root.as_ref().unwrap().subvolume.as_deref(), Some("@"));
        assert_eq!(mounts(&plan), [("sda2", "/home")]);
        assert_eq!(plan.mounts[0].options, ["subvol=@home"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn no_mount_point_leaves_the_root(text in "((UUID=2222-boot|/dev/sd|x) [/.a\\\\0-7]{0,12} ext4 [a-z,=]{0,8}\n){0,6}") {
            let plan = planned(&text, &ubuntu(), "dm-0");
            for mount in plan.mounts {
                prop_assert!(mount.target.starts_with('/') && mount.target.len() > 1, "{}", mount.target);
                let sound = |part: &str| !matches!(part, "" | "." | "..");
                prop_assert!(mount.target.split('/').skip(1).all(sound), "{}", mount.target);
            }
        }
    }
}
