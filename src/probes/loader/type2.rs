//! Entries of type 2 of the Boot Loader Specification (UAPI.1): unified kernel images in `EFI/Linux`, and one that the
//! firmware itself starts.

use super::disk::Disk;
use super::esp;
use super::found::{Found, is_recovery, left_out};
use crate::formats::cmdline;
use crate::formats::loader::bls;
use crate::formats::shell::{Shell, Variables};
use crate::formats::text::harmless::title;
use crate::probes::unified::Unified;
use isctpl_checks::facts::{BootEntry, Chosen, Cmdline, Esp, Fact, FileRef, Location, Problem};

/// The most images of a filesystem that are looked at.
const LIMIT: usize = 64;

/// What systemd-boot makes of the images of the filesystems that it reads.
#[derive(Debug, Default)]
pub(super) struct Images {
    /// Each image, with what decides its place in the menu.
    pub(super) entries: Vec<(bls::Entry, BootEntry)>,
    /// Why an image, or all of a filesystem, is not among them.
    pub(super) unread: Vec<Problem>,
}

/// Reads the images on the filesystems that are mounted at these directories.
pub(super) fn read(disk: &Disk<'_>, mounts: &[&str]) -> Images {
    let mut images = Images::default();
    for mount in mounts {
        let paths = match images_on(disk, mount) {
            Ok(paths) => paths,
            Err(problem) => {
                images.unread.push(problem);
                continue;
            }
        };
        for (number, path) in paths.into_iter().enumerate() {
            if number >= LIMIT {
                let what = format!("is one of more than {LIMIT} images; not read");
                images.unread.push(Problem::new(disk.root.name(&path), what));
                break;
            }
            match entry(disk, mount, &path) {
                Ok(entry) => images.entries.extend(entry),
                Err(problem) => images.unread.push(problem),
            }
        }
    }
    images
}

/// What boots where the loader that the firmware starts is itself a unified kernel image.
pub(super) fn by_firmware(disk: &Disk<'_>, esp: &Esp) -> Option<Found> {
    let mount = esp.mount_point.as_deref()?;
    let path = |fallback: &String| format!("{}/{fallback}", mount.trim_end_matches('/'));
    let (path, image) = esp.fallback.iter().map(path).find_map(|path| match Unified::open(disk.root, &path) {
        Ok(image) => image.map(|image| (path, Ok(image))),
        Err(problem) => Some((path, Err(problem))),
    })?;
    Some(match image.and_then(|image| boot_entry(disk, mount, &path, &image)) {
        Ok((_, entry)) => {
            let because = "the firmware starts it: it is a unified kernel image in the loader's place".to_owned();
            let chosen = Chosen { index: 0, because, at: Some(Location::file(path)) };
            Found { entries: vec![entry], chosen: Fact::Known(chosen), ..Found::default() }
        }
        Err(problem) => Found { chosen: Fact::Unknown(problem.clone()), problems: vec![problem], ..Found::default() },
    })
}

fn images_on(disk: &Disk<'_>, mount: &str) -> Result<Vec<String>, Problem> {
    let Some(efi) = esp::efi_directory(disk, mount)? else { return Ok(Vec::new()) };
    let Some(linux) = esp::child(disk.root, &format!("{mount}/{efi}"), "Linux")? else { return Ok(Vec::new()) };
    let directory = format!("{mount}/{efi}/{linux}");
    let names = disk.root.names(&directory)?.into_iter().filter(|name| is_program(name));
    Ok(names.map(|name| format!("{directory}/{name}")).collect())
}

/// What systemd-boot looks at in `EFI/Linux` (boot.c).
fn is_program(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.ends_with(".efi") && !name.starts_with('.') && !name.starts_with("auto-")
}

/// An image as an entry, and what decides its place; `None` for what systemd-boot does not show.
fn entry(disk: &Disk<'_>, mount: &str, path: &str) -> Result<Option<(bls::Entry, BootEntry)>, Problem> {
    let image = Unified::open(disk.root, path)?.filter(|image| image.uki().section(".osrel").is_some());
    image.map(|image| boot_entry(disk, mount, path, &image)).transpose()
}

fn boot_entry(disk: &Disk<'_>, mount: &str, path: &str, image: &Unified) -> Result<(bls::Entry, BootEntry), Problem> {
    let name = disk.root.name(path);
    let release = image.text(".osrel")?.unwrap_or_default();
    let order = order(path.rsplit('/').next().unwrap_or_default(), &release, &name);
    let at = Location::file(path);
    let file = || disk.file(None, path, Some(at.clone()));
    let words = image.text(".cmdline")?.unwrap_or_default();
    let cmdline: Cmdline = cmdline::parse(words.trim(), Some(at.clone()));
    let mut initrds: Vec<FileRef> = image.uki().section(".initrd").map(|_| file()).into_iter().collect();
    initrds.extend(more_words(disk, mount, path, image).map(left_out));
    let mut boot = BootEntry {
        title: title(&order.shown_title()),
        id: Some(order.id.clone()),
        at: Some(at.clone()),
        kernel: Some(file()),
        initrds,
        cmdline,
        linux: true,
        ..BootEntry::default()
    };
    boot.recovery = is_recovery(&boot);
    Ok((order, boot))
}

/// Adds what an image has to the entry of type 1 that starts it.
pub(super) fn join(entry: &mut BootEntry, image: &Unified) {
    let Some(kernel) = entry.kernel.clone() else { return };
    let at = kernel.path.as_deref().map(Location::file);
    if image.uki().section(".initrd").is_some() {
        entry.initrds.insert(0, kernel);
    }
    let unread = match image.text(".cmdline") {
        Ok(None) => return,
        Ok(Some(words)) if entry.cmdline.words.is_empty() => {
            entry.cmdline = cmdline::parse(words.trim(), at);
            return;
        }
        Ok(Some(_)) => {
            let place = at.map(|at| at.path).unwrap_or_default();
            Problem::new(place, "has a command line of its own, which counts where Secure Boot is on")
        }
        Err(problem) => problem,
    };
    entry.initrds.push(left_out(unread));
}

/// What systemd-boot takes of os-release(5) for its menu (bootspec-fundamental.c), and of the file's name.
fn order(file_name: &str, release: &str, path: &str) -> bls::Entry {
    let mut variables = Variables::default();
    variables.read(release, path, Shell::Any);
    let of = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| Some(variables.setting(name).ok().flatten()?.value))
            .filter(|text| !text.is_empty())
    };
    bls::Entry {
        title: of(&["PRETTY_NAME", "IMAGE_ID", "NAME", "ID"]),
        version: of(&["IMAGE_VERSION", "VERSION", "VERSION_ID", "BUILD_ID"]),
        sort_key: of(&["IMAGE_ID", "ID"]),
        ..bls::Entry::of_image(file_name)
    }
}

/// Why the command line may have other words than the image's: the stub joins those of addons beside it and of all images'
/// (systemd-stub(7)), and of several profiles one counts.
fn more_words(disk: &Disk<'_>, mount: &str, path: &str, image: &Unified) -> Option<Problem> {
    if image.uki().has_profiles() {
        return Some(Problem::new(disk.root.name(path), "has several profiles, which isctpl does not read"));
    }
    // Of an image with a boot counter the stub takes the directory without it; older ones did not.
    let (directory, file) = path.rsplit_once('/').unwrap_or(("", path));
    let plain = bls::Entry::of_image(file).id;
    let own = [plain, file.to_ascii_lowercase()].map(|name| format!("{name}.extra.d"));
    let beside = match disk.root.names(directory) {
        Ok(names) => names.into_iter().filter(|name| own.contains(&name.to_ascii_lowercase())),
        Err(problem) => return Some(problem),
    };
    let of_all = ["addons", "credentials"].map(|name| format!("{mount}/loader/{name}"));
    beside.map(|name| format!("{directory}/{name}")).chain(of_all).find_map(|directory| {
        match disk.root.list(&directory) {
            Ok(files) => {
                let adds = |name: &str| {
                    let name = name.to_ascii_lowercase();
                    name.ends_with(".addon.efi") || name.ends_with(".cred")
                };
                let (name, _) = files?.into_iter().find(|(name, _)| adds(name))?;
                let what = "may add to the command line or the initramfs, and is not read";
                Some(Problem::new(disk.root.name(&format!("{directory}/{name}")), what))
            }
            Err(problem) => Some(problem),
        }
    })
}
