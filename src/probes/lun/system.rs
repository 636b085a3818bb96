//! Whether a mounted filesystem is the root of a system, and which subvolumes of a btrfs are.

use crate::formats::storage::fstab;
use crate::probes::os_release::pretty_name;
use crate::probes::storage::mounts;
use crate::system::{FileKind, Meta, Root};
use isctpl_checks::facts::{FstabEntry, Problem};
use std::collections::BTreeSet;

/// Where a system says what it is (os-release(5)), the one that counts first.
const OS_RELEASE: [&str; 2] = ["/etc/os-release", "/usr/lib/os-release"];

/// What the kernel or an initramfs runs first (`kernel_init` in `init/main.c`, and systemd's own place).
const INIT: [&str; 6] =
    ["/sbin/init", "/usr/sbin/init", "/usr/lib/systemd/systemd", "/lib/systemd/systemd", "/etc/init", "/bin/init"];

const FSTAB: &str = "/etc/fstab";

/// The inode of every subvolume's own directory (`BTRFS_FIRST_FREE_OBJECTID` in `linux/btrfs_tree.h`).
const SUBVOLUME_INODE: u64 = 256;

/// How far below the top subvolumes are looked for: `@`, `fedora/root`.
const DEPTH_LIMIT: usize = 2;

/// The most directories that are looked into for subvolumes.
const DIRECTORY_LIMIT: usize = 2_000;

/// The most subvolumes that are looked at.
const SUBVOLUME_LIMIT: usize = 256;

/// What a system lacks that has no first program.
pub(crate) const NO_INIT: &str = "it has no init: neither /sbin/init nor systemd";

/// What a filesystem holds that tells a root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    /// The path of os-release.
    pub os_release: Option<String>,
    /// What the system calls itself (`PRETTY_NAME`).
    pub name: Option<String>,
    /// `/etc/fstab`, when there is one.
    pub fstab: Option<Vec<FstabEntry>>,
    /// The path of the first program.
    pub init: Option<String>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

/// Whether it is a root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RootVerdict {
    /// It is the root of a system.
    Root,
    /// It is none, and this is what it lacks.
    NoRoot(&'static str),
    /// It cannot be told: these could not be read.
    Unknown(Vec<Problem>),
}

/// A subvolume of btrfs that is not mounted itself, and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subvolume {
    /// Path below the top of the filesystem, as `subvol=` takes it: without a slash at its beginning.
    pub path: String,
    /// What it holds.
    pub evidence: Evidence,
}

/// Looks at a filesystem that is mounted, read-only will do.
pub fn look(root: &Root) -> Evidence {
    look_below(root, "")
}

fn look_below(root: &Root, directory: &str) -> Evidence {
    let mut evidence = Evidence::default();
    for path in OS_RELEASE {
        match root.text(&format!("{directory}{path}")) {
            Ok(Some(text)) => {
                evidence.name = pretty_name(&text);
                evidence.os_release = Some(path.to_owned());
                break;
            }
            Ok(None) => {}
            Err(problem) => evidence.problems.push(problem),
        }
    }
    match root.text(&format!("{directory}{FSTAB}")) {
        Ok(Some(text)) => {
            let (entries, problems) = fstab::parse(&text, FSTAB);
            evidence.fstab = Some(entries);
            evidence.problems.extend(problems);
        }
        Ok(None) => {}
        Err(problem) => evidence.problems.push(problem),
    }
    for path in INIT {
        match root.stat(&format!("{directory}{path}")) {
            Ok(Some(meta)) if meta.kind == FileKind::File => {
                evidence.init = Some(path.to_owned());
                break;
            }
            Ok(_) => {}
            Err(problem) => evidence.problems.push(problem),
        }
    }
    evidence
}

/// Whether fstab has a line for this mount point.
fn has_line(evidence: &Evidence, target: &str) -> bool {
    evidence.fstab.iter().flatten().any(|entry| entry.target == target)
}

/// Whether it names itself, or says what `/` is.
pub(crate) fn is_named(evidence: &Evidence) -> bool {
    evidence.os_release.is_some() || has_line(evidence, "/")
}

/// Decides whether it is a root: it names itself or says what `/` is, and has a first program, or says that
/// `/usr`, where that lies, is a filesystem of its own.
pub fn judge(evidence: &Evidence) -> RootVerdict {
    let named = is_named(evidence);
    let starts = evidence.init.is_some() || has_line(evidence, "/usr");
    match (named, starts) {
        (true, true) => RootVerdict::Root,
        _ if !evidence.problems.is_empty() => RootVerdict::Unknown(evidence.problems.clone()),
        (true, false) => RootVerdict::NoRoot(NO_INIT),
        (false, true) => RootVerdict::NoRoot("it has neither os-release nor an fstab with a line for /"),
        (false, false) => RootVerdict::NoRoot("it has neither os-release nor init"),
    }
}

/// Looks at the subvolumes of a btrfs whose top (`subvolid=5`) is mounted at this root; gives those that are
/// the root of a system or may be one. Snapshots that lie deeper are left out.
///
/// # Errors
/// When the tree cannot be listed, or holds so many directories that it was not looked through.
pub fn subvolumes(root: &Root) -> Result<Vec<Subvolume>, Problem> {
    walk(root, &|_, meta| meta.ino == SUBVOLUME_INODE)
}

/// The same where it is known which paths, from the top on and without a slash at their beginning, are subvolumes.
///
/// # Errors
/// As [`subvolumes`].
pub(crate) fn subvolumes_among(root: &Root, paths: &BTreeSet<String>) -> Result<Vec<Subvolume>, Problem> {
    walk(root, &|path, _| paths.contains(path.trim_start_matches('/')))
}

fn walk(root: &Root, is_subvolume: &dyn Fn(&str, &Meta) -> bool) -> Result<Vec<Subvolume>, Problem> {
    let mut found = Vec::new();
    let mut seen = 0;
    let mut open = std::collections::VecDeque::from([(String::new(), 0)]);
    for listed in 0.. {
        let Some((directory, depth)) = open.pop_front() else { break };
        if listed == DIRECTORY_LIMIT {
            return Err(Problem::new(
                directory,
                format!("there are more than {DIRECTORY_LIMIT} directories to search for subvolumes"),
            ));
        }
        let above = if directory.is_empty() { "/" } else { directory.as_str() };
        for (name, kind) in root.list(above)?.unwrap_or_default() {
            if kind != FileKind::Directory {
                continue;
            }
            let path = format!("{directory}/{name}");
            let Some(meta) = root.lstat(&path)? else { continue };
            if is_subvolume(&path, &meta) {
                seen += 1;
                if seen > SUBVOLUME_LIMIT {
                    return Err(Problem::new(path, format!("there are more than {SUBVOLUME_LIMIT} subvolumes")));
                }
                let evidence = look_below(root, &path);
                if !matches!(judge(&evidence), RootVerdict::NoRoot(_)) {
                    found.push(Subvolume { path: path.trim_start_matches('/').to_owned(), evidence });
                    // What lies within a root is its own matter.
                    continue;
                }
            }
            if depth + 1 < DEPTH_LIMIT {
                open.push_back((path, depth + 1));
            }
        }
    }
    Ok(found)
}

/// The subvolume that a btrfs was mounted by, at this place of this host: the default one, when no other was
/// asked for. `None` when the top of the filesystem was, or no btrfs is mounted there.
///
/// # Errors
/// When mountinfo cannot be read.
pub fn mounted_subvolume(host: &Root, target: &str) -> Result<Option<String>, Problem> {
    let (entries, _) = mounts::mounts(host)?;
    Ok(mounts::at(&entries, target).and_then(|entry| {
        let path = entry.shows.trim_start_matches('/');
        (entry.mount.kind == "btrfs" && !path.is_empty()).then(|| path.to_owned())
    }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    fn put(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn system(root: &Path) {
        put(root, "usr/lib/os-release", "PRETTY_NAME=\"Ubuntu 20.04.1 LTS\"\nID=ubuntu\n");
        fs::create_dir_all(root.join("etc")).unwrap();
        symlink("../usr/lib/os-release", root.join("etc/os-release")).unwrap();
        put(root, "usr/lib/systemd/systemd", "");
        fs::create_dir_all(root.join("usr/sbin")).unwrap();
        symlink("usr/sbin", root.join("sbin")).unwrap();
        symlink("/usr/lib/systemd/systemd", root.join("usr/sbin/init")).unwrap();
        put(root, "etc/fstab", "/dev/mapper/ubuntu--vg-ubuntu--lv / ext4 defaults 0 1\n");
    }

    fn look_at(directory: &Path) -> (Evidence, RootVerdict) {
        let evidence = look(&Root::open(directory).unwrap());
        let verdict = judge(&evidence);
        (evidence, verdict)
    }

    #[test]
    fn a_system_is_a_root() {
        let directory = tempfile::tempdir().unwrap();
        system(directory.path());
        let (evidence, verdict) = look_at(directory.path());
        assert_eq!(verdict, RootVerdict::Root);
        assert_eq!(
            (evidence.os_release.as_deref(), evidence.init.as_deref()),
            (Some("/etc/os-release"), Some("/sbin/init"))
        );
        assert_eq!((evidence.name.as_deref(), evidence.fstab.unwrap().len()), (Some("Ubuntu 20.04.1 LTS"), 1));
        // A root that systemd finds by its partition's type has no fstab.
        fs::remove_file(directory.path().join("etc/fstab")).unwrap();
        assert_eq!(look_at(directory.path()).1, RootVerdict::Root);
        fs::remove_dir_all(directory.path().join("usr/lib/systemd")).unwrap();
        assert_eq!(look_at(directory.path()).1, RootVerdict::NoRoot("it has no init: neither /sbin/init nor systemd"));
    }

    #[test]
    fn a_root_without_its_usr_is_one() {
        let directory = tempfile::tempdir().unwrap();
        put(directory.path(), "etc/fstab", "UUID=1 / ext4 defaults\nUUID=2 /usr ext4 defaults\n");
        assert_eq!(look_at(directory.path()).1, RootVerdict::Root);
    }

    #[test]
    fn boot_home_and_usr_are_none() {
        for files in [
            ["grub/grub.cfg", "vmlinuz-5.4.0-52-generic"],
            ["somebody/etc/fstab", "somebody/etc/os-release"],
            ["lib/os-release", "lib/systemd/systemd"],
        ] {
            let directory = tempfile::tempdir().unwrap();
            files.iter().for_each(|file| put(directory.path(), file, "UUID=1 / ext4\n"));
            assert!(matches!(look_at(directory.path()).1, RootVerdict::NoRoot(_)), "{files:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_no() {
        let directory = tempfile::tempdir().unwrap();
        put(directory.path(), "sbin/init", "");
        fs::create_dir_all(directory.path().join("etc/os-release")).unwrap();
        assert!(matches!(look_at(directory.path()).1, RootVerdict::Unknown(problems) if problems.len() == 1));
    }

    #[test]
    fn links_do_not_lead_out() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir_all(directory.path().join("etc")).unwrap();
        fs::create_dir_all(directory.path().join("sbin")).unwrap();
        symlink("/../../../../../../usr/lib/os-release", directory.path().join("etc/os-release")).unwrap();
        symlink("/bin/sh", directory.path().join("sbin/init")).unwrap();
        assert!(matches!(look_at(directory.path()).1, RootVerdict::NoRoot(_)));
    }

    #[test]
    fn subvolumes_that_are_roots_are_found() {
        let directory = tempfile::tempdir().unwrap();
        let top = directory.path();
        system(&top.join("@"));
        system(&top.join("fedora/root"));
        system(&top.join("plain"));
        system(&top.join("@/inner"));
        put(top, "@home/somebody/file", "");
        symlink("@", top.join("link")).unwrap();
        let root = Root::open(top).unwrap();
        let is_one = |path: &str, _: &Meta| !matches!(path, "/plain" | "/fedora");
        let found = walk(&root, &is_one).unwrap();
        assert_eq!(found.iter().map(|one| one.path.as_str()).collect::<Vec<_>>(), ["@", "fedora/root"]);
        assert_eq!(found[0].evidence.name.as_deref(), Some("Ubuntu 20.04.1 LTS"));
    }

    #[test]
    fn too_many_directories_are_not_looked_through() {
        let directory = tempfile::tempdir().unwrap();
        for number in 0..=DIRECTORY_LIMIT {
            fs::create_dir(directory.path().join(number.to_string())).unwrap();
        }
        let root = Root::open(directory.path()).unwrap();
        assert!(walk(&root, &|_, _| false).unwrap_err().what.contains("directories"));
        assert!(walk(&root, &|_, _| true).unwrap_err().what.contains("subvolumes"));
    }

    #[test]
    fn mountinfo_tells_the_default_subvolume() {
        let directory = tempfile::tempdir().unwrap();
        put(
            directory.path(),
            "proc/self/mountinfo",
            "27 26 0:39 /@/.snapshots/1/snapshot /t rw - btrfs /dev/sda2 rw,subvolid=266\n\
             28 26 0:39 / /top rw - btrfs /dev/sda2 rw,subvolid=5\n29 26 8:1 /x /e rw - ext4 /dev/sda1 rw\n",
        );
        let host = Root::open(directory.path()).unwrap();
        let at = |target: &str| mounted_subvolume(&host, target).unwrap();
        assert_eq!(at("/t").as_deref(), Some("@/.snapshots/1/snapshot"));
        assert_eq!((at("/top"), at("/e"), at("/nowhere")), (None, None, None));
    }
}
