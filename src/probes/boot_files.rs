//! Kernels and initramfs images that lie on the disk, whether or not a loader's entry names them.

use super::kernel;
use crate::probes::files::Reader;
use crate::system::{FileKind, Root};
use isctpl_checks::facts::{BootFile, BootFileKind, Problem};

/// The most files that are looked at.
const LIMIT: usize = 256;

/// Directories in which distributions put kernels and images.
const PLACES: [&str; 3] = ["/boot", "/boot/efi", "/efi"];

/// Where kernels lie beside their modules.
const MODULES: [&str; 2] = ["/usr/lib/modules", "/lib/modules"];

/// Lists them, with what could not be looked at.
pub(crate) fn read(root: &Root) -> (Vec<BootFile>, Vec<Problem>) {
    let reader = Reader::new(root);
    let mut files = Vec::new();
    for place in PLACES {
        in_directory(root, &reader, place, &mut files);
        for machine in directories(&reader, place).iter().filter(|name| is_machine_id(name)) {
            for version in directories(&reader, &format!("{place}/{machine}")) {
                in_directory(root, &reader, &format!("{place}/{machine}/{version}"), &mut files);
            }
        }
    }
    // `/lib` is most often a link to `/usr/lib`: its files are listed once.
    if let Some(modules) = reader.first_directory(MODULES) {
        for version in directories(&reader, modules) {
            in_directory(root, &reader, &format!("{modules}/{version}"), &mut files);
        }
    }
    (files, reader.into_problems())
}

fn in_directory(root: &Root, reader: &Reader<'_>, directory: &str, files: &mut Vec<BootFile>) {
    for (name, kind) in reader.list(directory) {
        let Some(what) = kind_of(&name).filter(|_| kind == FileKind::File && files.len() < LIMIT) else { continue };
        let path = format!("{directory}/{name}");
        let meta = match root.stat(&path) {
            Ok(Some(meta)) => meta,
            Ok(None) => continue,
            Err(problem) => {
                reader.note(problem);
                continue;
            }
        };
        let mut file = BootFile { path, kind: what, size: meta.size, mtime: meta.mtime, ..BootFile::default() };
        if what == BootFileKind::Kernel {
            (file.version, file.modules_dir) = kernel::version_and_modules(root, &file.path);
        }
        files.push(file);
    }
}

fn directories(reader: &Reader<'_>, path: &str) -> Vec<String> {
    reader.list(path).into_iter().filter(|(_, kind)| *kind == FileKind::Directory).map(|(name, _)| name).collect()
}

/// kernel-install names a directory by the machine id.
fn is_machine_id(name: &str) -> bool {
    name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn kind_of(name: &str) -> Option<BootFileKind> {
    let begins = |names: &[&str]| {
        names
            .iter()
            .any(|begin| name.strip_prefix(begin).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '.'])))
    };
    if begins(&["vmlinuz", "vmlinux", "kernel", "linux", "bzImage", "Image"]) {
        Some(BootFileKind::Kernel)
    } else if begins(&["initrd", "initramfs"]) {
        Some(BootFileKind::Initramfs)
    } else {
        None
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_looked_at_is_told() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("usr/lib")).unwrap();
        for (target, link) in [("modules", "usr/lib/modules"), ("efi", "efi")] {
            std::os::unix::fs::symlink(target, dir.path().join(link)).unwrap();
        }
        let (files, problems) = read(&Root::open(dir.path()).unwrap());
        assert_eq!(files, []);
        assert_eq!(
            problems.iter().map(|problem| problem.place.as_str()).collect::<Vec<_>>(),
            ["/efi", "/usr/lib/modules"]
        );
    }

    #[test]
    fn kernels_and_images_are_found_wherever_distributions_put_them() {
        let dir = tempfile::tempdir().unwrap();
        let machine = "0123456789abcdef0123456789abcdef";
        let paths = [
            "boot/vmlinuz-6.1.0-1-amd64",
            "boot/initrd.img-6.1.0-1-amd64",
            "boot/config-6.1.0-1-amd64",
            "boot/vmlinuz.txt.d/vmlinuz-5.0.0",
            &format!("efi/{machine}/6.2.0/linux"),
            &format!("efi/{machine}/6.2.0/initrd"),
            "usr/lib/modules/6.3.0/vmlinuz",
        ];
        for path in paths {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        std::fs::create_dir_all(dir.path().join("lib/modules/6.1.0-1-amd64")).unwrap();
        std::os::unix::fs::symlink("vmlinuz-6.1.0-1-amd64", dir.path().join("boot/vmlinuz")).unwrap();
        let (files, problems) = read(&Root::open(dir.path()).unwrap());
        assert_eq!(problems, []);
        let found: Vec<(&str, Option<&str>, bool)> = files
            .iter()
            .map(|file| (file.path.as_str(), file.version.as_deref(), file.modules_dir.is_some()))
            .collect();
        let in_efi = |name: &str| format!("/efi/{machine}/6.2.0/{name}");
        assert_eq!(
            found,
            [
                ("/boot/initrd.img-6.1.0-1-amd64", None, false),
                ("/boot/vmlinuz-6.1.0-1-amd64", Some("6.1.0-1-amd64"), true),
                (in_efi("initrd").as_str(), None, false),
                (in_efi("linux").as_str(), Some("6.2.0"), false),
                ("/usr/lib/modules/6.3.0/vmlinuz", Some("6.3.0"), true),
            ]
        );
    }
}
