//! Processes that use a filesystem or a block device (proc_pid(5)).

use super::found::{HoldingProcess, Use};
use super::mounts::{Table, command, namespace_of, processes};
use super::ours::Ours;
use super::place::place;
use super::search::{Shared, next, note, problem};
use crate::formats::text::names;
use crate::system::Root;
use isctpl_checks::facts::Problem;
use nix::errno::Errno;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};

/// The most uses of one process that are told.
const USE_LIMIT: usize = 8;

/// The most processes that are told.
const HOLDER_LIMIT: usize = 1000;

/// The most bytes of the list of a process's mappings.
const MAPS_LIMIT: u64 = 256 << 20;

/// Makes a use of the path that it is of.
type Made = fn(String) -> Use;

/// Links of a process's directory, and the use that each tells of.
const LINKS: [(&str, Made); 3] = [("cwd", Use::WorkingDirectory), ("root", Use::RootDirectory), ("exe", Use::Program)];

/// Looks at every process.
pub(super) fn look(host: &Root, table: &Table, ours: &Ours, shared: &Shared) {
    let pids = match processes(host) {
        Ok(pids) => pids,
        Err(trouble) => return problem(shared, trouble),
    };
    let mut told = 0;
    for pid in pids {
        if !next(shared, format!("/proc/{pid}")) {
            return;
        }
        let uses = match uses(host, table, ours, pid) {
            Ok(uses) => uses,
            Err(Trouble::Gone) => continue,
            Err(Trouble::Forbidden) => {
                let command = command(host, pid);
                note(shared, |progress| progress.holders.hidden.push((pid, command)));
                continue;
            }
            Err(Trouble::Problem(trouble)) => {
                problem(shared, trouble);
                continue;
            }
        };
        let more = uses.len().saturating_sub(USE_LIMIT);
        let uses: Vec<Use> = uses.into_iter().take(USE_LIMIT).collect();
        if uses.is_empty() {
            continue;
        }
        if told == HOLDER_LIMIT {
            return problem(shared, Problem::new("/proc", format!("more than {HOLDER_LIMIT} processes use it")));
        }
        told += 1;
        let process = HoldingProcess { pid, command: command(host, pid), uses, more };
        note(shared, |progress| progress.holders.processes.push(process));
    }
}

/// Why a process was not looked at.
enum Trouble {
    Gone,
    Forbidden,
    Problem(Problem),
}

impl From<Errno> for Trouble {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::EACCES | Errno::EPERM => Self::Forbidden,
            _ => Self::Gone,
        }
    }
}

fn uses(host: &Root, table: &Table, ours: &Ours, pid: u32) -> Result<Vec<Use>, Trouble> {
    let directory = format!("/proc/{pid}");
    let namespace = match namespace_of(host, pid) {
        Ok(Some(namespace)) => namespace,
        Ok(None) => return Err(Trouble::Gone),
        Err(_) if host.kind(&directory) == Ok(None) => return Err(Trouble::Gone),
        Err(_) => return Err(Trouble::Forbidden),
    };
    let mut found = Vec::new();
    for (link, made) in LINKS {
        let path = format!("{directory}/{link}");
        // A kernel thread has no program.
        let Ok(Some(text)) = host.read_link(&path) else { continue };
        if !table.touchable_in(namespace, &text) {
            continue;
        }
        match place(&names::path(&path)) {
            Ok(place) if ours.holds(&place) => found.push(made(text)),
            Ok(_) | Err(Errno::ENOENT | Errno::ESRCH) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    open_files(host, table, ours, &directory, &mut found)?;
    mapped_files(ours, &directory, &mut found)?;
    Ok(found)
}

fn open_files(host: &Root, table: &Table, ours: &Ours, directory: &str, found: &mut Vec<Use>) -> Result<(), Trouble> {
    let files = host.list(&format!("{directory}/fd"));
    let files = match files {
        Ok(files) => files.unwrap_or_default(),
        Err(_) if host.kind(directory) == Ok(None) => return Err(Trouble::Gone),
        Err(trouble) => return Err(Trouble::Problem(trouble)),
    };
    for (name, _) in files {
        let path = format!("{directory}/fd/{name}");
        // Sockets and pipes have no path.
        let Ok(Some(text)) = host.read_link(&path) else { continue };
        if !text.starts_with('/') {
            continue;
        }
        let info = host.text(&format!("{directory}/fdinfo/{name}")).ok().flatten().unwrap_or_default();
        let mount = info.lines().find_map(|line| line.strip_prefix("mnt_id:")?.trim().parse::<u64>().ok());
        if mount.is_some_and(|id| !table.touchable_by_id(id)) {
            continue;
        }
        match place(&names::path(&path)) {
            Ok(place) if ours.is_device(&place) => found.push(Use::OpenDevice(text)),
            Ok(place) if ours.holds(&place) => found.push(Use::OpenFile(text)),
            // Closed meanwhile.
            Ok(_) | Err(Errno::ENOENT | Errno::ESRCH) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(())
}

/// `ADDRESS PERMS OFFSET MAJOR:MINOR INODE  PATH`, the numbers of the device in hexadecimal.
fn mapped_files(ours: &Ours, directory: &str, found: &mut Vec<Use>) -> Result<(), Trouble> {
    let path = format!("{directory}/maps");
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) => {
            return match error.raw_os_error().map(Errno::from_raw) {
                // A kernel thread has no memory of its own.
                Some(Errno::ESRCH | Errno::ENOENT) => Ok(()),
                Some(Errno::EACCES | Errno::EPERM) => Err(Trouble::Forbidden),
                _ => Err(Trouble::Problem(Problem::new(path, error.to_string()))),
            };
        }
    };
    let mut left = BufReader::new(file.take(MAPS_LIMIT));
    let mut line = Vec::new();
    loop {
        line.clear();
        match left.read_until(b'\n', &mut line) {
            Ok(0) => break,
            Ok(_) => {}
            // The process ended while its mappings were read.
            Err(_) => break,
        }
        let text = String::from_utf8_lossy(&line);
        if let Some(path) = mapped(&text, ours) {
            let mapping = Use::MappedFile(path.to_owned());
            if !found.contains(&mapping) {
                found.push(mapping);
            }
        }
    }
    if left.get_ref().limit() == 0 {
        return Err(Trouble::Problem(Problem::new(path, format!("is longer than {MAPS_LIMIT} bytes"))));
    }
    Ok(())
}

/// The file of a line of maps, when it lies on one of our filesystems.
fn mapped<'a>(line: &'a str, ours: &Ours) -> Option<&'a str> {
    let mut rest = line.trim_end_matches('\n');
    let mut fields = [""; 5];
    for field in &mut fields {
        rest = rest.trim_start();
        let end = rest.find(' ').unwrap_or(rest.len());
        (*field, rest) = rest.split_at(end);
    }
    let (major, minor) = fields[3].split_once(':')?;
    let number = (u32::from_str_radix(major, 16).ok()?, u32::from_str_radix(minor, 16).ok()?);
    let path = rest.trim_start();
    (ours.numbers.contains(&number) && !path.is_empty()).then_some(path)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_maps_tells_file_and_device() {
        let ours = Ours { numbers: [(0xfd, 0x1a)].into(), ..Ours::default() };
        let line = "7f1e4c000000-7f1e4c021000 r-xp 00001000 fd:1a 1234                       /usr/lib/a b.so\n";
        assert_eq!(mapped(line, &ours), Some("/usr/lib/a b.so"));
        assert_eq!(mapped(&line.replace("fd:1a", "fd:1b"), &ours), None);
        for line in ["", "x", "7f-80 r-xp 0 00:00 0", "7f-80 r-xp 0 fd:1a 12\n", "a b c d:e f g"] {
            assert_eq!(mapped(line, &ours), None, "{line}");
        }
    }
}
