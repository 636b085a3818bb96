//! The disk of a logical unit: found by the session's target and portal and the unit's number, never by a name
//! such as `sda`, which tells no more than the order in which disks appeared.

pub mod choice;
pub mod contents;
pub(crate) mod mount_plan;
pub mod system;

use crate::probes::iscsi::sessions;
use crate::probes::storage::sysfs::Sysfs;
use crate::system::Root;
use isctpl_checks::facts::{BlockDevice, Problem, Session};
use std::net::IpAddr;

/// Which logical unit is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The target's iSCSI name.
    pub target: &'a str,
    /// Its portal; without one, any session to the target will do.
    pub portal: Option<(IpAddr, u16)>,
    /// Number of the logical unit.
    pub lun: u64,
}

/// A logical unit that was found.
#[derive(Debug, Clone)]
pub struct Lun {
    /// Every way to it that was asked for, at least one: a disk each.
    pub paths: Vec<LunPath>,
    /// Other disks of this machine with the same world-wide id: more ways to it, or clones that kept the id.
    pub same_wwid: Vec<BlockDevice>,
    /// What could not be read beside it.
    pub problems: Vec<Problem>,
}

/// One way to a logical unit.
#[derive(Debug, Clone)]
pub struct LunPath {
    /// The session that shows it.
    pub session: Session,
    /// The disk: kernel name, device number, world-wide id, size in bytes.
    pub disk: BlockDevice,
    /// The unit's identifiers by its page 83h, the most particular first; the kernel's `wwid` is one of them.
    pub identifiers: Vec<String>,
    /// State of the SCSI device, such as `running` or `transport-offline`.
    pub state: Option<String>,
    /// Whether the kernel refuses writes: the target says so, or somebody set it.
    pub read_only: bool,
    /// What lies on the disk, bottom up: partitions, and maps and arrays on it or on them.
    pub above: Vec<BlockDevice>,
}

/// Why a logical unit was not found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LunError {
    /// Nobody is logged in to the target.
    #[error("there is no session to {target}{}{}", portal_in_words(*.portal), list_in_words("; there are sessions to: ", .others))]
    NoSession {
        /// The target.
        target: String,
        /// The portal that was asked for.
        portal: Option<(IpAddr, u16)>,
        /// Targets, with their portals, that there are sessions to.
        others: Vec<String>,
    },
    /// The target shows other units only.
    #[error("there is no LUN {lun} at {}{}", .sessions.join(" or "), list_in_words("; the LUNs there are: ", &.units.iter().map(u64::to_string).collect::<Vec<_>>()))]
    NoUnit {
        /// The number that was asked for.
        lun: u64,
        /// Sessions to the target.
        sessions: Vec<String>,
        /// Numbers of the units that they show.
        units: Vec<u64>,
    },
    /// The unit is there, and is no disk, or not yet.
    #[error("LUN {lun} of {} is not a disk, or its disk has not appeared yet", .sessions.join(" and "))]
    NoDisk {
        /// The number that was asked for.
        lun: u64,
        /// Sessions to the target.
        sessions: Vec<String>,
    },
    /// The disks that answer are of several units.
    #[error("LUN {lun} is not the same disk on every session: {}; choose one with --portal", .disks.join(", "))]
    Different {
        /// The number that was asked for.
        lun: u64,
        /// Each disk with its id.
        disks: Vec<String>,
    },
    /// It could not be read.
    #[error("{0}")]
    Unreadable(Problem),
}

impl From<Problem> for LunError {
    fn from(problem: Problem) -> Self {
        Self::Unreadable(problem)
    }
}

impl Lun {
    /// The world-wide id, by which the unit can be known again whatever its disk is called.
    pub fn wwid(&self) -> Option<&str> {
        self.paths.iter().find_map(LunPath::wwid)
    }

    /// The multipath map over the paths, where there is one.
    pub fn multipath_map(&self) -> Option<&BlockDevice> {
        let is_map = |device: &&BlockDevice| device.dm_uuid.as_deref().is_some_and(|uuid| uuid.starts_with("mpath-"));
        self.paths.iter().flat_map(|path| &path.above).find(is_map)
    }
}

impl LunPath {
    /// The world-wide id of this path's disk.
    pub fn wwid(&self) -> Option<&str> {
        self.disk.wwid.as_deref().or_else(|| self.identifiers.first().map(String::as_str))
    }
}

/// Finds a logical unit in a sysfs tree: a root opened at `/sys`, or at a copy of it.
///
/// # Errors
/// When there is no such unit, when several are, or when sysfs cannot be read.
pub fn find(sysfs: &Root, wanted: &Wanted<'_>) -> Result<Lun, LunError> {
    let mut problems = Vec::new();
    let sessions = sessions::list(sysfs, &mut problems)?;
    let (fitting, others): (Vec<Session>, Vec<Session>) =
        sessions.into_iter().partition(|session| is_to(session, wanted));
    if fitting.is_empty() {
        let mut others: Vec<String> = others.iter().map(destination).collect();
        others.sort();
        others.dedup();
        return Err(LunError::NoSession { target: wanted.target.to_owned(), portal: wanted.portal, others });
    }
    let names = || fitting.iter().map(|session| session.name.clone()).collect();
    let mut seen = Vec::new();
    let mut paths = Vec::new();
    let mut is_there = false;
    for session in &fitting {
        let units = sessions::units(sysfs, &session.name)?;
        seen.extend(units.iter().map(|unit| number(unit.lun)));
        // One that is written with the very number is meant before one that means the same.
        let chosen = units
            .iter()
            .find(|unit| unit.lun == wanted.lun)
            .or_else(|| units.iter().find(|unit| number(unit.lun) == number(wanted.lun)));
        let Some(unit) = chosen else { continue };
        is_there = true;
        for disk in &unit.disks {
            paths.extend(path(Sysfs::at(sysfs), session, disk, &mut problems)?);
        }
    }
    if paths.is_empty() {
        return Err(if is_there {
            LunError::NoDisk { lun: wanted.lun, sessions: names() }
        } else {
            seen.sort_unstable();
            seen.dedup();
            LunError::NoUnit { lun: wanted.lun, sessions: names(), units: seen }
        });
    }
    one_unit(&paths, wanted.lun)?;
    let same_wwid = same_wwid(Sysfs::at(sysfs), &paths, &mut problems)?;
    Ok(Lun { paths, same_wwid, problems })
}

/// Whether a session is one to the target, through the portal. Names differ in no more than case where they are
/// the same name (RFC 3722).
fn is_to(session: &Session, wanted: &Wanted<'_>) -> bool {
    session.target.eq_ignore_ascii_case(wanted.target)
        && wanted.portal.is_none_or(|(address, port)| (session.address, session.port) == (Some(address), Some(port)))
}

/// A unit's number without the addressing method that the target chose to write it in: the kernel keeps
/// the two bits that say so (SAM-5, 4.7), and units from 256 on are mostly written by flat addressing.
pub(super) fn number(lun: u64) -> u64 {
    const METHOD: u64 = 0xc000;
    const FLAT: u64 = 0x4000;
    if lun <= 0xffff && lun & METHOD == FLAT { lun & !METHOD } else { lun }
}

/// A path; `None` when the disk went away meanwhile.
fn path(sysfs: Sysfs<'_>, session: &Session, disk: &str, noted: &mut Vec<Problem>) -> Result<Option<LunPath>, Problem> {
    let Some(directory) = sysfs.by_name(disk)? else { return Ok(None) };
    Ok(Some(LunPath {
        session: session.clone(),
        disk: sysfs.device(&directory)?,
        // A disk that is offline may not tell; it is the `wwid` that counts.
        identifiers: sysfs.identifiers(&directory, noted),
        state: sysfs.scsi_state(&directory)?,
        read_only: sysfs.read_only(&directory)?,
        above: sysfs.above(&directory)?,
    }))
}

/// Several disks are one unit when they have one id; without ids nobody can tell, so they are not.
fn one_unit(paths: &[LunPath], lun: u64) -> Result<(), LunError> {
    let [first, rest @ ..] = paths else { return Ok(()) };
    if rest.iter().all(|path| path.wwid().is_some() && path.wwid() == first.wwid()) {
        return Ok(());
    }
    let disks = paths.iter().map(|path| {
        format!("{} of {} ({})", path.disk.name, destination(&path.session), path.wwid().unwrap_or("without an id"))
    });
    Err(LunError::Different { lun, disks: disks.collect() })
}

fn same_wwid(sysfs: Sysfs<'_>, paths: &[LunPath], problems: &mut Vec<Problem>) -> Result<Vec<BlockDevice>, Problem> {
    let Some(wwid) = paths.iter().find_map(LunPath::wwid) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for name in sysfs.names()? {
        if paths.iter().any(|path| path.disk.name == name) {
            continue;
        }
        // One that is gone since it was listed, or does not answer, is no matter of this unit.
        match sysfs.by_name(&name).and_then(|directory| directory.map(|it| sysfs.device(&it)).transpose()) {
            Ok(Some(device)) if device.parent.is_none() && device.wwid.as_deref() == Some(wwid) => found.push(device),
            Ok(_) => {}
            Err(problem) => problems.push(problem),
        }
    }
    Ok(found)
}

fn destination(session: &Session) -> String {
    let portal = session.address.zip(session.port);
    format!("{}{}", session.target, portal_in_words(portal))
}

fn portal_in_words(portal: Option<(IpAddr, u16)>) -> String {
    portal.map(|(address, port)| format!(" through {}", std::net::SocketAddr::new(address, port))).unwrap_or_default()
}

fn list_in_words(before: &str, what: &[String]) -> String {
    if what.is_empty() { String::new() } else { format!("{before}{}", what.join(", ")) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
pub(crate) mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    pub(crate) const TARGET: &str = "iqn.2013-01.com.example:storage.a";

    fn put(root: &Path, path: &str, content: impl AsRef<[u8]>) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn link(root: &Path, path: &str, target: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, path).unwrap();
    }

    /// Adds a session to a tree, as `drivers/scsi/scsi_transport_iscsi.c` lays it out.
    pub(crate) fn session(root: &Path, number: u32, target: &str, address: &str) {
        let device = format!("devices/platform/host{number}/session{number}");
        let class = format!("{device}/iscsi_session/session{number}");
        put(root, &format!("{class}/targetname"), format!("{target}\n"));
        put(root, &format!("{class}/state"), "LOGGED_IN\n");
        link(root, &format!("{class}/device"), &format!("../../../session{number}"));
        link(root, &format!("class/iscsi_session/session{number}"), &format!("../../{class}"));
        let connection = format!("{device}/connection{number}:0/iscsi_connection/connection{number}:0");
        put(root, &format!("{connection}/persistent_address"), format!("{address}\n"));
        put(root, &format!("{connection}/persistent_port"), "3260\n");
        link(root, &format!("class/iscsi_connection/connection{number}:0"), &format!("../../{connection}"));
    }

    fn unit(number: u32, lun: u64) -> String {
        format!("devices/platform/host{number}/session{number}/target{number}:0:0/{number}:0:0:{lun}")
    }

    /// Adds a disk with two partitions to a session.
    pub(crate) fn disk(root: &Path, number: u32, lun: u64, name: &str, minor: u32, wwid: &str) {
        let unit = unit(number, lun);
        let block = format!("{unit}/block/{name}");
        put(root, &format!("{unit}/state"), "running\n");
        if !wwid.is_empty() {
            put(root, &format!("{unit}/wwid"), format!("{wwid}\n"));
        }
        put(root, &format!("{block}/ro"), "0\n");
        put(root, &format!("{block}/size"), "83886080\n");
        link(root, &format!("{block}/device"), &format!("../../../{number}:0:0:{lun}"));
        for (part, at) in [(0, block.clone()), (1, format!("{block}/{name}1")), (2, format!("{block}/{name}2"))] {
            let dev = minor + part;
            put(root, &format!("{at}/dev"), format!("8:{dev}\n"));
            fs::create_dir_all(root.join(&at).join("holders")).unwrap();
            let device = at.rsplit('/').next().unwrap();
            if part > 0 {
                put(root, &format!("{at}/partition"), format!("{part}\n"));
            }
            link(root, &format!("class/block/{device}"), &format!("../../{at}"));
            link(root, &format!("dev/block/8:{dev}"), &format!("../../{at}"));
        }
    }

    /// Adds a device-mapper map that lies on devices, given by their directories.
    fn map(root: &Path, minor: u32, name: &str, uuid: &str, below: &[&str]) {
        let block = format!("devices/virtual/block/dm-{minor}");
        put(root, &format!("{block}/dev"), format!("254:{minor}\n"));
        put(root, &format!("{block}/dm/name"), format!("{name}\n"));
        put(root, &format!("{block}/dm/uuid"), format!("{uuid}\n"));
        link(root, &format!("class/block/dm-{minor}"), &format!("../../{block}"));
        for directory in below {
            link(root, &format!("{directory}/holders/dm-{minor}"), "anything");
            let lower = directory.rsplit('/').next().unwrap();
            link(root, &format!("{block}/slaves/{lower}"), "anything");
        }
    }

    fn find_in(root: &Path, portal: Option<&str>, lun: u64) -> Result<Lun, LunError> {
        let portal = portal.map(|address| (address.parse().unwrap(), 3260));
        find(&Root::open_labelled(root, "/sys").unwrap(), &Wanted { target: TARGET, portal, lun })
    }

    /// An instance's LUN 47 beside a unit that is no disk.
    fn machine() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        session(root, 3, TARGET, "100.97.0.10");
        disk(root, 3, 47, "sdb", 16, "naa.60000000000000000e00000000010002");
        put(root, &format!("{}/type", unit(3, 0)), "12\n");
        put(root, &format!("{}/vpd_pg83", unit(3, 47)), [0, 0x83, 0, 12, 1, 3, 0, 8, 0x50, 0, 0, 0, 0, 0, 0, 1]);
        let partition = format!("{}/block/sdb/sdb2", unit(3, 47));
        map(root, 0, "ubuntu--vg-ubuntu--lv", "LVM-abc", &[&partition]);
        directory
    }

    #[test]
    fn a_unit_is_found_with_all_that_lies_on_it() {
        let directory = machine();
        let lun = find_in(directory.path(), Some("100.97.0.10"), 47).unwrap();
        assert_eq!((lun.paths.len(), lun.same_wwid.len(), lun.problems.len()), (1, 0, 0));
        assert_eq!(lun.wwid(), Some("naa.60000000000000000e00000000010002"));
        let path = &lun.paths[0];
        assert_eq!(
            (path.session.name.as_str(), path.state.as_deref(), path.read_only),
            ("session3", Some("running"), false)
        );
        let disk = &path.disk;
        assert_eq!(
            (disk.name.as_str(), disk.number.as_str(), disk.size, disk.lun),
            ("sdb", "8:16", 40 << 30, Some(47))
        );
        assert_eq!(path.identifiers, ["naa.5000000000000001"]);
        let above: Vec<_> = path.above.iter().map(|device| device.name.as_str()).collect();
        assert_eq!(above, ["sdb1", "sdb2", "dm-0"]);
        assert_eq!(path.above[2].dm_name.as_deref(), Some("ubuntu--vg-ubuntu--lv"));
        assert_eq!(path.above[0].parent.as_deref(), Some("sdb"));
        assert!(lun.multipath_map().is_none());
        assert!(find_in(directory.path(), None, 47).is_ok());
    }

    #[test]
    fn what_is_not_there_is_told_apart() {
        let directory = machine();
        let root = directory.path();
        let told = |portal, lun| find_in(root, portal, lun).unwrap_err().to_string();
        assert_eq!(
            told(Some("100.97.0.11"), 47),
            format!(
                "there is no session to {TARGET} through 100.97.0.11:3260; there are sessions to: \
                     {TARGET} through 100.97.0.10:3260"
            )
        );
        assert_eq!(told(None, 48), "there is no LUN 48 at session3; the LUNs there are: 0, 47");
        assert_eq!(told(None, 0), "LUN 0 of session3 is not a disk, or its disk has not appeared yet");
        let empty = tempfile::tempdir().unwrap();
        assert_eq!(
            find_in(empty.path(), None, 47).unwrap_err().to_string(),
            format!("there is no session to {TARGET}")
        );
    }

    #[test]
    fn names_of_targets_differ_by_more_than_case() {
        let directory = machine();
        let sysfs = Root::open(directory.path()).unwrap();
        let with = |target: &str| find(&sysfs, &Wanted { target, portal: None, lun: 47 });
        assert!(with(&TARGET.to_uppercase()).is_ok());
        assert!(matches!(with("iqn.2013-01.com.example:storage.ab"), Err(LunError::NoSession { .. })));
    }

    #[test]
    fn a_locked_disk_and_a_dead_one_are_told() {
        let directory = machine();
        put(directory.path(), &format!("{}/block/sdb/ro", unit(3, 47)), "1\n");
        put(directory.path(), &format!("{}/state", unit(3, 47)), "transport-offline\n");
        let path = find_in(directory.path(), None, 47).unwrap().paths.remove(0);
        assert_eq!((path.read_only, path.state.as_deref()), (true, Some("transport-offline")));
    }

    #[test]
    fn two_paths_to_one_unit_and_the_map_over_them() {
        let directory = machine();
        let root = directory.path();
        session(root, 4, TARGET, "100.98.0.10");
        disk(root, 4, 47, "sdc", 32, "naa.60000000000000000e00000000010002");
        let disks = [format!("{}/block/sdb", unit(3, 47)), format!("{}/block/sdc", unit(4, 47))];
        map(root, 1, "mpatha", "mpath-360000000000000000e00000000010002", &[&disks[0], &disks[1]]);
        let lun = find_in(root, None, 47).unwrap();
        let names: Vec<_> = lun.paths.iter().map(|path| path.disk.name.as_str()).collect();
        assert_eq!(names, ["sdb", "sdc"]);
        assert_eq!(lun.multipath_map().unwrap().dm_name.as_deref(), Some("mpatha"));
        // Asked for by one portal, the other path is still seen.
        let one = find_in(root, Some("100.98.0.10"), 47).unwrap();
        assert_eq!((one.paths.len(), one.paths[0].disk.name.as_str()), (1, "sdc"));
        assert_eq!(one.same_wwid.iter().map(|disk| disk.name.as_str()).collect::<Vec<_>>(), ["sdb"]);
    }

    #[test]
    fn disks_of_different_units_are_never_taken_for_one() {
        for wwid in ["naa.60000000000000000e00000000010003", ""] {
            let directory = machine();
            session(directory.path(), 4, TARGET, "100.98.0.10");
            disk(directory.path(), 4, 47, "sdc", 32, wwid);
            let error = find_in(directory.path(), None, 47).unwrap_err();
            assert!(matches!(&error, LunError::Different { disks, .. } if disks.len() == 2), "{error}");
            assert!(error.to_string().contains("sdc of"), "{error}");
            assert_eq!(find_in(directory.path(), Some("100.98.0.10"), 47).unwrap().paths[0].disk.name, "sdc");
        }
    }

    #[test]
    fn flat_addressing_is_the_same_number() {
        let directory = machine();
        disk(directory.path(), 3, 0x4000 | 300, "sdd", 48, "naa.5000000000000300");
        assert_eq!(find_in(directory.path(), None, 300).unwrap().paths[0].disk.name, "sdd");
        assert!(
            find_in(directory.path(), None, 301).unwrap_err().to_string().ends_with("the LUNs there are: 0, 47, 300")
        );
        // 47 itself is meant before the unit that flat addressing calls so.
        disk(directory.path(), 3, 0x4000 | 47, "sde", 64, "naa.5000000000000301");
        assert_eq!(find_in(directory.path(), None, 47).unwrap().paths[0].disk.name, "sdb");
        assert_eq!(number(0x8000 | 47), 0x8000 | 47);
    }
}
