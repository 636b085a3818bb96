//! Kernels and initramfs images that lie on the disk, whether or not a loader's entry names them.

use super::kernel;
use crate::system::{FileKind, Root};
use isctpl_checks::facts::{BootFile, BootFileKind};

/// The most files that are looked at.
const LIMIT: usize = 256;

/// Directories in which distributions put kernels and images.
const PLACES: [&str; 3] = ["/boot", "/boot/efi", "/efi"];

/// Where kernels lie beside their modules.
const MODULES: [&str; 2] = ["/usr/lib/modules", "/lib/modules"];

/// Lists them. A directory that cannot be read is told by the probes that need it.
pub(crate) fn read(root: &Root) -> Vec<BootFile> {
    let mut files = Vec::new();
    for place in PLACES {
        in_directory(root, place, &mut files);
        for machine in directories(root, place).iter().filter(|name| is_machine_id(name)) {
            for version in directories(root, &format!("{place}/{machine}")) {
                in_directory(root, &format!("{place}/{machine}/{version}"), &mut files);
            }
        }
    }
    // `/lib` is most often a link to `/usr/lib`: its files are listed once.
    if let Some(modules) = MODULES.iter().find(|modules| root.is_dir(modules)) {
        for version in directories(root, modules) {
            in_directory(root, &format!("{modules}/{version}"), &mut files);
        }
    }
    files
}

fn in_directory(root: &Root, directory: &str, files: &mut Vec<BootFile>) {
    for (name, kind) in root.list(directory).ok().flatten().unwrap_or_default() {
        let Some(what) = kind_of(&name).filter(|_| kind == FileKind::File && files.len() < LIMIT) else { continue };
        let path = format!("{directory}/{name}");
        let Ok(Some(meta)) = root.stat(&path) else { continue };
        let mut file = BootFile { path, kind: what, size: meta.size, mtime: meta.mtime, ..BootFile::default() };
        if what == BootFileKind::Kernel {
            (file.version, file.modules_dir) = kernel::version_and_modules(root, &file.path);
        }
        files.push(file);
    }
}

fn directories(root: &Root, path: &str) -> Vec<String> {
    let entries = root.list(path).ok().flatten().unwrap_or_default();
    entries.into_iter().filter(|(_, kind)| *kind == FileKind::Directory).map(|(name, _)| name).collect()
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
        let files = read(&Root::open(dir.path()).unwrap());
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
