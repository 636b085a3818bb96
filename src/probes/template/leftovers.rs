//! Traces of a system's life: histories, logs, names and ids of one machine, temporary files, caches.

use super::search::Search;
use crate::system::FileKind;
use isctpl_checks::facts::LeftoverKind;

/// Logs of logins and of the system in `/var/log`; a package manager's log tells how the image was made and
/// is none of these.
const LOGS: [&str; 22] = [
    "wtmp",
    "btmp",
    "lastlog",
    "faillog",
    "tallylog",
    "wtmp.db",
    "lastlog2",
    "syslog",
    "messages",
    "auth.log",
    "secure",
    "kern.log",
    "daemon.log",
    "user.log",
    "debug",
    "mail.log",
    "maillog",
    "cron",
    "cron.log",
    "boot.log",
    "cloud-init.log",
    "cloud-init-output.log",
];

const AUDIT_LOG: &str = "audit.log";

/// Entries of `/tmp` that every running system makes and that hold nothing.
const SOCKET_DIRECTORIES: [&str; 6] = [".X11-unix", ".ICE-unix", ".XIM-unix", ".font-unix", ".Test-unix", "lost+found"];

/// Where fish keeps its history, below a home directory.
const FISH: &str = ".local/share/fish/fish_history";

/// Shell histories of everybody who has a home.
pub(super) fn histories(search: &mut Search<'_>) {
    for home in homes(search) {
        let listed = search.list(&home).into_iter().filter(|(_, kind)| *kind == FileKind::File).map(|(name, _)| name);
        let histories = listed.filter(|name| name.starts_with('.') && name.ends_with("_history"));
        for name in histories.chain([FISH.to_owned()]) {
            let path = format!("{home}/{name}");
            if let Some(size) = search.filled(&path) {
                search.found(LeftoverKind::History, path, size);
            }
        }
    }
}

/// The home directories of root and of everybody in `/home`, what new ones are made of, and the homes of
/// whoever else passwd(5) names.
pub(super) fn homes(search: &mut Search<'_>) -> Vec<String> {
    let mut homes = vec!["/root".to_owned(), "/etc/skel".to_owned()];
    homes.extend(directories(search, "/home").map(|name| format!("/home/{name}")));
    let passwd = search.text("/etc/passwd").unwrap_or_default();
    for home in passwd.lines().filter_map(|line| line.split(':').nth(5)) {
        let home = home.trim_end_matches('/');
        let is_real = home.starts_with('/') && !home.split('/').any(|part| part == "..");
        // What is made anew at each start holds no history on the disk.
        let is_kept =
            !["/dev", "/proc", "/run", "/sys"].iter().any(|top| home == *top || home.starts_with(&format!("{top}/")));
        if is_real && is_kept && homes.iter().all(|known| known != home) && search.is_directory(home) {
            homes.push(home.to_owned());
        }
    }
    homes
}

/// Logs of logins and of the system, with the rotated ones, the audit log and the journal.
pub(super) fn logs(search: &mut Search<'_>) {
    for (directory, wanted) in [("/var/log", &LOGS[..]), ("/var/log/audit", &[AUDIT_LOG])] {
        for (name, kind) in search.list(directory) {
            let path = format!("{directory}/{name}");
            if kind == FileKind::File
                && wanted.iter().any(|log| is_of_log(&name, log))
                && let Some(size) = search.filled(&path)
            {
                search.found(LeftoverKind::Logs, path, size);
            }
        }
    }
    let machines: Vec<String> = directories(search, "/var/log/journal").collect();
    for machine in machines {
        let path = format!("/var/log/journal/{machine}");
        let journals = search.list(&path).into_iter().filter(|(name, _)| name.contains(".journal")).count();
        if journals > 0 {
            search.found(LeftoverKind::Logs, path, count(journals));
        }
    }
}

/// Whether the path of a log is that of an older one, which nobody writes any more.
pub(crate) fn is_rotated(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    !LOGS.contains(&name) && name != AUDIT_LOG
}

/// Whether a name is a log's own or that of a rotated one: `syslog.1`, `syslog.2.gz`, `messages-20260101`.
fn is_of_log(name: &str, log: &str) -> bool {
    let Some(rest) = name.strip_prefix(log) else { return false };
    rest.is_empty()
        || (rest.starts_with(['.', '-'])
            && rest.get(1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())))
}

/// Rules that pin interface names to MAC addresses of the machine that the image was made on.
pub(super) fn net_rules(search: &mut Search<'_>) {
    const DIRECTORY: &str = "/etc/udev/rules.d";
    for (name, kind) in search.list(DIRECTORY) {
        if kind != FileKind::File || !name.ends_with("-persistent-net.rules") {
            continue;
        }
        let path = format!("{DIRECTORY}/{name}");
        let text = search.text(&path).unwrap_or_default();
        if text.lines().map(str::trim).any(|line| !line.is_empty() && !line.starts_with('#')) {
            search.found(LeftoverKind::NetRules, path, count(text.len()));
        }
    }
}

/// Private host keys of sshd.
pub(super) fn host_keys(search: &mut Search<'_>) {
    for (name, kind) in search.list("/etc/ssh") {
        let path = format!("/etc/ssh/{name}");
        if kind == FileKind::File
            && name.starts_with("ssh_host_")
            && name.ends_with("key")
            && let Some(size) = search.filled(&path)
        {
            search.found(LeftoverKind::HostKeys, path, size);
        }
    }
}

/// Machine ids that are set (machine-id(5)); that of D-Bus only where it is a file of its own.
pub(super) fn machine_ids(search: &mut Search<'_>) {
    for path in ["/etc/machine-id", "/var/lib/dbus/machine-id"] {
        if search.filled(path).is_none() {
            continue;
        }
        let text = search.text(path).unwrap_or_default();
        let id = text.trim();
        if !id.is_empty() && id != "uninitialized" {
            search.found(LeftoverKind::MachineId, path, count(text.len()));
        }
    }
}

/// What lies in `/tmp` and `/var/tmp` on the disk; a tmpfs over them is no part of it.
pub(super) fn temporary_files(search: &mut Search<'_>) {
    for path in ["/tmp", "/var/tmp"] {
        let on_disk = match (search.root.stat("/"), search.root.stat(path)) {
            (Ok(Some(top)), Ok(Some(meta))) => meta.dev == top.dev || nix::sys::stat::major(meta.dev) != 0,
            _ => true,
        };
        if !on_disk {
            continue;
        }
        let names = search.list(path);
        let left = names.iter().filter(|(name, _)| !is_of_running_system(name)).count();
        if left > 0 {
            search.found(LeftoverKind::Tmp, path, count(left));
        }
    }
}

/// Whether an entry of `/tmp` or `/var/tmp` is made by every running system, and is no leftover of anybody's.
pub(crate) fn is_of_running_system(name: &str) -> bool {
    name.starts_with("systemd-private-") || SOCKET_DIRECTORIES.contains(&name)
}

/// Directories in which package managers keep packages.
const PACKAGES: [&str; 3] = ["/var/cache/apt/archives", "/var/cache/apt/archives/partial", "/var/cache/pacman/pkg"];

/// Whether a file of those directories is a package.
pub(crate) fn is_package(name: &str) -> bool {
    [".deb", ".zst", ".xz"].iter().any(|end| name.ends_with(end))
}

/// Packages and repository data that package managers keep: what `apt-get clean` and its like remove.
pub(super) fn package_caches(search: &mut Search<'_>) {
    for path in PACKAGES {
        let packages = search.list(path).iter().filter(|(name, _)| is_package(name)).count();
        if packages > 0 {
            search.found(LeftoverKind::PackageCache, path, count(packages));
        }
    }
    // These keep a directory for each repository, and small files that a cleaning leaves.
    for path in ["/var/cache/dnf", "/var/cache/yum", "/var/cache/zypp/packages", "/var/cache/libdnf5"] {
        let repositories = directories(search, path).count();
        if repositories > 0 {
            search.found(LeftoverKind::PackageCache, path, count(repositories));
        }
    }
}

fn directories(search: &mut Search<'_>, path: &str) -> impl Iterator<Item = String> {
    search.list(path).into_iter().filter(|(_, kind)| *kind == FileKind::Directory).map(|(name, _)| name)
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
