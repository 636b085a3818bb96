//! `doctor --root` over a machine's root, of which the input changes some files, and the report in every format.

use super::judgement;
use super::target::Target;
use crate::formats::image::cpio::{Before, Kind, Reader};
use crate::probes::{self, GatherRequest};
use change::{Change, Changes};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::{fs, io};

mod change;

pub(super) const TARGETS: &[Target] =
    &[Target::new("doctor-root", &[], doctor).allocates(512 << 20, 64 << 10).short(500)];

/// A healthy machine, made of `fixtures/machines/initramfs-tools.tree`.
const MACHINE: &[u8] = include_bytes!("../../fuzz/machine/files.cpio.zst");

/// Files that the machine does not have, and other machines do.
const OTHERS: &str = include_str!("../../fuzz/machine/paths");

/// A file, directory or link of the machine.
#[derive(Debug)]
enum Item {
    Directory,
    File(Vec<u8>),
    Link(PathBuf),
}

/// The machine as it is laid out in memory, and what every path below its top has.
struct Machine {
    top: PathBuf,
    items: BTreeMap<PathBuf, Item>,
    /// The places that an input may change.
    places: Vec<PathBuf>,
}

/// One at a time: the tests of a process share it.
static LAID_OUT: LazyLock<Mutex<Machine>> =
    LazyLock::new(|| Mutex::new(Machine::lay_out().unwrap_or_else(|error| panic!("no machine: {error}"))));

/// Removes it.
#[cfg(test)]
pub(super) fn clear() {
    let machine = LAID_OUT.lock().unwrap_or_else(PoisonError::into_inner);
    fs::remove_dir_all(&machine.top).unwrap_or_else(|error| panic!("{}: {error}", machine.top.display()));
}

fn doctor(input: &[u8]) {
    let machine = LAID_OUT.lock().unwrap_or_else(PoisonError::into_inner);
    let mut changed = Vec::new();
    for Change { place, kind, bytes } in Changes::of(input).take(8) {
        let Some(place) = machine.places.get(usize::from(place) % machine.places.len().max(1)) else { continue };
        let at = machine.top.join(place);
        let before = match machine.items.get(place) {
            Some(Item::File(bytes)) => bytes.as_slice(),
            _ => &[],
        };
        changed.push(place);
        // What cannot be put there, as below what was made a file, is left.
        let _ = fs::remove_file(&at).and_then(|()| kind.put(&at, before, bytes)).or_else(|_| {
            at.parent().map_or(Ok(()), fs::create_dir_all)?;
            kind.put(&at, before, bytes)
        });
    }
    let request = GatherRequest { root: machine.top.clone(), ..GatherRequest::default() };
    let facts = probes::gather(&request, &|_| ());
    for place in changed.iter().rev() {
        machine.restore(place).unwrap_or_else(|error| panic!("{}: {error}", place.display()));
    }
    drop(machine);
    match facts {
        Ok(facts) => judgement::tell(&facts),
        Err(problem) => panic!("the root cannot be read: {problem}"),
    }
}

impl Machine {
    fn lay_out() -> io::Result<Self> {
        // It stays for as long as the process does: whoever starts the fuzzer gives it a folder, and removes that.
        let top = tempfile::Builder::new().prefix("isctpl-fuzz.").tempdir()?.keep();
        let items = items(&zstd::decode_all(MACHINE)?)?;
        let machine = Self { places: Vec::new(), top, items };
        machine.items.keys().try_for_each(|path| machine.put(path))?;
        let files = machine.items.iter().filter(|(_, item)| !matches!(item, Item::Directory));
        let others = OTHERS.lines().map(|line| Path::new(line.trim_start_matches('/')));
        let places = files.map(|(path, _)| path.clone()).chain(others.map(Path::to_owned)).collect();
        Ok(Self { places, ..machine })
    }

    /// Puts an item where it belongs.
    fn put(&self, path: &Path) -> io::Result<()> {
        let at = self.top.join(path);
        match self.items.get(path) {
            Some(Item::Directory) => fs::create_dir_all(at),
            Some(Item::File(bytes)) => fs::write(at, bytes),
            Some(Item::Link(to)) => symlink(to, at),
            None => Ok(()),
        }
    }

    /// Takes away what an input has put at a place, and puts back what was there.
    fn restore(&self, path: &Path) -> io::Result<()> {
        let at = self.top.join(path);
        match fs::symlink_metadata(&at) {
            Ok(found) if found.is_dir() => fs::remove_dir(&at)?,
            Ok(_) => fs::remove_file(&at)?,
            Err(_) => {}
        }
        self.put(path)
    }
}

fn path(name: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(name))
}

/// The entries of an archive.
fn items(archive: &[u8]) -> io::Result<BTreeMap<PathBuf, Item>> {
    let mut source = archive;
    let mut reader = Reader::new(&mut source, 0, Before::default());
    let mut items = BTreeMap::new();
    while let Some(entry) = reader.next_entry().map_err(io::Error::other)? {
        let mut bytes = Vec::new();
        reader.data().read_to_end(&mut bytes)?;
        let item = match entry.kind() {
            Kind::Directory => Item::Directory,
            Kind::File => Item::File(bytes),
            Kind::Link => Item::Link(path(&bytes)),
            _ => continue,
        };
        items.insert(path(&entry.name), item);
    }
    Ok(items)
}
