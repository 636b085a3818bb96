//! What a root says of the system that it is: what the platform asks of whoever makes a template of it.

use crate::formats::image::elf;
use crate::formats::shell::{Shell, Variables};
use crate::probes::loader;
use crate::system::{FileKind, Root};
use isctpl_checks::facts::Problem;

/// What a system is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Its name in a word or two (`NAME` of os-release(5)): `Ubuntu`.
    pub(crate) name: Option<String>,
    /// Its version as the distribution counts (`VERSION_ID`): `20.04`.
    pub(crate) version: Option<String>,
    /// The same with its point release, where that is told: `20.04.1`.
    pub(crate) point_version: Option<String>,
    /// The processor that its programs are for.
    pub(crate) architecture: Option<Architecture>,
    /// The firmware that it has loaders for.
    pub(crate) loaders: Loaders,
    /// How the platform sets up a copy.
    pub(crate) bootstrap: Bootstrap,
    /// What could not be read.
    pub(crate) problems: Vec<Problem>,
}

/// A processor, as the platform calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Architecture {
    /// `x86_64`
    X86_64,
    /// `aarch64`
    Aarch64,
}

/// Firmware that a root has loaders for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Loaders {
    /// UEFI: a loader on the ESP.
    pub(crate) uefi: bool,
    /// BIOS: GRUB's core image for it.
    pub(crate) bios: bool,
}

/// How the platform sets up a copy: the functions that its CLI knows for cloud-init.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Bootstrap {
    /// There is no cloud-init.
    #[default]
    None,
    /// cloud-init, by this function.
    Function(&'static str),
    /// cloud-init, on a system that no function is known for.
    Unknown,
}

/// GRUB's image for a BIOS, where grub-install(8) puts it.
const BIOS_LOADERS: [&str; 2] = ["/boot/grub/i386-pc/core.img", "/boot/grub2/i386-pc/core.img"];

/// Programs that every system has.
const PROGRAMS: [&str; 3] = ["/bin/sh", "/usr/bin/env", "/sbin/init"];

/// The most bytes of such a program.
const PROGRAM_LIMIT: u64 = 32 << 20;

/// Functions of the platform by the `ID` of os-release(5), as `volume-template create -h` names them.
const FUNCTIONS: [(&str, &str); 3] = [
    ("ubuntu", "provisioner_os_cloudinit_prepare_ubuntu"),
    ("centos", "provisioner_os_cloudinit_prepare_centos"),
    ("rhel", "provisioner_os_cloudinit_prepare_rhel"),
];

/// Looks what a root says.
pub(crate) fn identify(root: &Root) -> Identity {
    let mut identity = Identity::default();
    let release = ["/etc/os-release", "/usr/lib/os-release"].into_iter().find_map(|path| match root.text(path) {
        Ok(text) => text,
        Err(problem) => {
            identity.problems.push(problem);
            None
        }
    });
    let mut variables = Variables::default();
    variables.read(&release.unwrap_or_default(), "", Shell::Any);
    let value = |name: &str| variables.setting(name).ok().flatten().map(|it| it.value).filter(|it| !it.is_empty());
    let id = value("ID").unwrap_or_default();
    identity.name = value("NAME").map(|name| short_name(&id, &name));
    identity.version = value("VERSION_ID");
    identity.point_version = value("VERSION").and_then(|version| point_version(&version)).or(value("VERSION_ID"));
    let found = looked_at(root, &id, &mut identity);
    identity.problems.extend(found.err());
    identity
}

fn looked_at(root: &Root, id: &str, identity: &mut Identity) -> Result<(), Problem> {
    identity.architecture = architecture(root)?;
    let is_there = |path: &str| root.kind(path).map(|kind| kind == Some(FileKind::File));
    for path in BIOS_LOADERS {
        identity.loaders.bios |= is_there(path)?;
    }
    if is_there("/usr/bin/cloud-init")? {
        let function = FUNCTIONS.iter().find(|(of, _)| *of == id).map(|(_, function)| *function);
        identity.bootstrap = function.map_or(Bootstrap::Unknown, Bootstrap::Function);
    }
    let esp = loader::read(root).esp;
    if let Some(problem) = esp.problem() {
        return Err(problem.clone());
    }
    identity.loaders.uefi = esp.known().is_some_and(|esp| !esp.fallback.is_empty() || !esp.loaders.is_empty());
    Ok(())
}

/// A name without what says that it is a Linux.
fn short_name(id: &str, name: &str) -> String {
    if id == "rhel" {
        return "RHEL".to_owned();
    }
    let short = [" GNU/Linux", " Linux"].iter().find_map(|end| name.strip_suffix(end));
    short.unwrap_or(name).to_owned()
}

/// The number at the beginning of a version: `20.04.1` of `20.04.1 LTS (Focal Fossa)`.
fn point_version(version: &str) -> Option<String> {
    let first = version.split_whitespace().next()?;
    first.starts_with(|c: char| c.is_ascii_digit()).then(|| first.to_owned())
}

fn architecture(root: &Root) -> Result<Option<Architecture>, Problem> {
    /// `EM_X86_64` and `EM_AARCH64` of elf.h.
    const MACHINES: [(u16, Architecture); 2] = [(62, Architecture::X86_64), (183, Architecture::Aarch64)];
    for path in PROGRAMS {
        let Some(bytes) = root.read(path, PROGRAM_LIMIT)? else { continue };
        let Ok(Some(linkage)) = elf::linkage(&bytes) else { continue };
        if let Some((_, found)) = MACHINES.iter().find(|(machine, _)| *machine == linkage.machine) {
            return Ok(Some(*found));
        }
    }
    Ok(None)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_root_says_what_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let path = directory.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let identity = || identify(&Root::open(directory.path()).unwrap());
        assert_eq!(identity(), Identity::default());
        let ubuntu = "ID=ubuntu\nNAME=\"Ubuntu\"\nVERSION_ID=\"20.04\"\nVERSION=\"20.04.1 LTS (Focal Fossa)\"\n";
        put("etc/os-release", ubuntu);
        put("boot/grub/i386-pc/core.img", "x");
        put("boot/efi/EFI/BOOT/BOOTX64.EFI", "x");
        put("usr/bin/cloud-init", "x");
        fs::create_dir_all(directory.path().join("bin")).unwrap();
        fs::copy("/bin/sh", directory.path().join("bin/sh")).unwrap();
        let found = identity();
        assert_eq!(found.problems, []);
        let words = [found.name.as_deref(), found.version.as_deref(), found.point_version.as_deref()];
        assert_eq!(words, [Some("Ubuntu"), Some("20.04"), Some("20.04.1")]);
        assert_eq!(found.loaders, Loaders { uefi: true, bios: true });
        assert_eq!(found.bootstrap, Bootstrap::Function("provisioner_os_cloudinit_prepare_ubuntu"));
        if cfg!(target_arch = "x86_64") {
            assert_eq!(found.architecture, Some(Architecture::X86_64));
        }
        put("etc/os-release", "ID=debian\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=12\nVERSION=\"12 (bookworm)\"\n");
        let found = identity();
        assert_eq!((found.name.as_deref(), found.bootstrap), (Some("Debian"), Bootstrap::Unknown));
        put("etc/os-release", "ID=rhel\nNAME=\"Red Hat Enterprise Linux\"\nVERSION=Rolling\nVERSION_ID=9.4\n");
        let found = identity();
        assert_eq!((found.name.as_deref(), found.point_version.as_deref()), (Some("RHEL"), Some("9.4")));
    }
}
