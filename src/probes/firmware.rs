//! The iBFT, from ACPI and from sysfs.

use crate::formats::iscsi::ibft_sysfs::{self, Directory, READABLE};
use crate::formats::iscsi::ibft_table;
use crate::system::{FileKind, Root};
use isctpl_checks::facts::{Fact, Firmware, Ibft, Problem};

const TABLES: &str = "/firmware/acpi/tables";
const IBFT: &str = "/firmware/ibft";

/// The most that a table may hold. Its offsets have 16 bits, so nothing is reached beyond 64 KiB.
const TABLE_LIMIT: u64 = 1 << 20;

/// What the kernel shows of the iBFT, as it stands there: its directories; `None` where there is none.
pub(crate) type Attributes = Result<Option<Vec<Directory>>, Problem>;

/// Reads what the firmware handed over. `sysfs` is opened at `/sys`, or at a captured tree of it; `beforehand` is what was
/// read of its iBFT beforehand.
///
/// `table` is a saved ACPI table with its name. It may be of another machine than this one, so
/// the iBFT of this host's own kernel is then left out; that of a captured tree is not.
pub(crate) fn read(sysfs: &Root, beforehand: Option<&Attributes>, table: Option<(&str, &[u8])>) -> Firmware {
    let own = sysfs.path() == std::path::Path::new("/sys");
    Firmware {
        table: match table {
            Some((name, bytes)) => ibft_table::parse(bytes, name).map(Some).into(),
            None => read_table(sysfs).into(),
        },
        sysfs: match table {
            Some(_) if own => Fact::NotApplicable("the file of --ibft-table replaces this host's iBFT".to_owned()),
            _ => {
                let attributes = beforehand.cloned().unwrap_or_else(|| attributes(sysfs));
                attributes.map(|found| found.map(|found| ibft_sysfs::parse(&found, &sysfs.name(IBFT)))).into()
            }
        },
        efi: sysfs.stat("/firmware/efi").ok().map(|meta| meta.is_some()),
    }
}

/// Judges a saved ACPI table alone, where no sysfs is the instance's.
pub(crate) fn read_saved(name: &str, bytes: &[u8]) -> Firmware {
    Firmware {
        table: ibft_table::parse(bytes, name).map(Some).into(),
        sysfs: Fact::NotApplicable("the file of --ibft-table is judged, without --sysfs".to_owned()),
        efi: None,
    }
}

fn read_table(sysfs: &Root) -> Result<Option<Ibft>, Problem> {
    let names = sysfs.names(TABLES)?;
    let Some(name) = names.iter().find(|name| is_table_name(name)) else { return Ok(None) };
    let path = format!("{TABLES}/{name}");
    match sysfs.read(&path, TABLE_LIMIT)? {
        Some(bytes) => ibft_table::parse(&bytes, &sysfs.name(&path)).map(Some),
        None => Ok(None),
    }
}

/// The kernel puts a number after the signature where there is more than one table of it
/// (`drivers/acpi/sysfs.c`, `acpi_table_attr_init`).
fn is_table_name(name: &str) -> bool {
    ibft_table::SIGNATURES
        .iter()
        .filter_map(|signature| name.strip_prefix(signature))
        .any(|rest| rest.chars().all(|c| c.is_ascii_digit()))
}

/// Reads the kernel's iBFT, and understands nothing of it yet: the kernel answers it to CAP_SYS_ADMIN alone, which
/// nobody is to have who parses.
///
/// # Errors
/// When an attribute exists and cannot be read.
pub(crate) fn attributes(sysfs: &Root) -> Attributes {
    let Some(entries) = sysfs.list(IBFT)? else { return Ok(None) };
    let mut directories = Vec::new();
    for (name, kind) in entries {
        if kind == FileKind::Directory {
            directories.push(read_directory(sysfs, name)?);
        }
    }
    Ok(Some(directories))
}

/// An attribute that exists and cannot be read makes the whole unknown: without the capability
/// CAP_SYS_ADMIN every attribute has mode 0444 and answers EACCES.
fn read_directory(sysfs: &Root, name: String) -> Result<Directory, Problem> {
    let path = format!("{IBFT}/{name}");
    let mut directory = Directory { name, ..Directory::default() };
    for attribute in sysfs.names(&path)? {
        let text = match READABLE.contains(&attribute.as_str()) {
            true => sysfs.line(&format!("{path}/{attribute}"))?,
            false => None,
        };
        directory.attributes.insert(attribute, text);
    }
    Ok(directory)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::formats::iscsi::ibft_table::sample::{CANARY, Sample};
    use isctpl_checks::facts::Lun;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    struct Sysfs(tempfile::TempDir);

    impl Sysfs {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn file(self, path: &str, bytes: impl AsRef<[u8]>) -> Self {
            let path = self.0.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
            self
        }

        fn with_ibft(self) -> Self {
            self.file("firmware/ibft/acpi_header/oem_id", "FENSYS\n")
                .file("firmware/ibft/initiator/initiator-name", "iqn.2020-10.com.example:instance-1\n")
                .file("firmware/ibft/ethernet0/mac", "52:54:00:00:00:01\n")
                .file("firmware/ibft/ethernet0/flags", "3\n")
                .file("firmware/ibft/ethernet0/subnet-mask", "255.255.255.248")
                .file("firmware/ibft/target0/lun", "02f000000\n")
                .file("firmware/ibft/target0/chap-name", "user\n")
                .file("firmware/ibft/target0/chap-secret", CANARY)
        }

        fn read(&self, table: Option<(&str, &[u8])>) -> Firmware {
            read(&Root::open_labelled(self.0.path(), "/sys").unwrap(), None, table)
        }
    }

    #[test]
    fn a_machine_without_ibft_has_none() {
        let firmware = Sysfs::new().file("class/x", "").read(None);
        assert_eq!((firmware.table, firmware.sysfs, firmware.efi), (Fact::Known(None), Fact::Known(None), Some(false)));
    }

    #[test]
    fn reads_both_sources() {
        let table = Sample::default().build();
        let sysfs = Sysfs::new()
            .with_ibft()
            .file("firmware/acpi/tables/APIC", "APIC")
            .file("firmware/acpi/tables/iBFT", table)
            .file("firmware/efi/fw_platform_size", "64\n");
        symlink("../../../../../../etc", sysfs.0.path().join("firmware/ibft/ethernet0/device")).unwrap();
        let firmware = sysfs.read(None);
        let table = firmware.table.known().unwrap().as_ref().unwrap();
        assert_eq!(table.source, "/sys/firmware/acpi/tables/iBFT");
        assert_eq!(table.targets[0].lun, Lun::Number(47));
        let kernel = firmware.sysfs.known().unwrap().as_ref().unwrap();
        assert_eq!(kernel.source, "/sys/firmware/ibft");
        assert_eq!(kernel.nics[0].prefix_len, 29);
        assert_eq!(kernel.targets[0].lun, Lun::Number(47));
        assert!(kernel.targets[0].chap_secret_present);
        assert_eq!(firmware.efi, Some(true));
        assert!(!format!("{firmware:?}").contains(CANARY));
    }

    #[test]
    fn finds_a_table_with_a_number() {
        assert!(is_table_name("iBFT") && is_table_name("BIFT2"));
        assert!(!is_table_name("iBFTx") && !is_table_name("APIC"));
    }

    #[test]
    fn a_secret_is_not_even_opened() {
        let sysfs = Sysfs::new().with_ibft();
        let secret = sysfs.0.path().join("firmware/ibft/target0/chap-secret");
        fs::remove_file(&secret).unwrap();
        // A reader would stumble over a directory.
        fs::create_dir(&secret).unwrap();
        let firmware = sysfs.read(None);
        assert!(firmware.sysfs.known().unwrap().as_ref().unwrap().targets[0].chap_secret_present);
    }

    #[test]
    fn what_may_not_be_read_is_unknown_and_not_absent() {
        if nix::unistd::geteuid().is_root() {
            // Root reads everything; a directory in place of the attribute fails for root too.
            let sysfs = Sysfs::new().file("firmware/ibft/target0/lun/x", "").file("firmware/acpi/tables/iBFT/x", "");
            let firmware = sysfs.read(None);
            assert_eq!(firmware.sysfs.problem().unwrap().place, "/sys/firmware/ibft/target0/lun");
            assert_eq!(firmware.table.problem().unwrap().place, "/sys/firmware/acpi/tables/iBFT");
            return;
        }
        let sysfs = Sysfs::new().with_ibft().file("firmware/acpi/tables/iBFT", "iBFT");
        for path in ["firmware/ibft/target0/lun", "firmware/acpi/tables/iBFT"] {
            fs::set_permissions(sysfs.0.path().join(path), fs::Permissions::from_mode(0o000)).unwrap();
        }
        let firmware = sysfs.read(None);
        for problem in [firmware.sysfs.problem(), firmware.table.problem()] {
            assert_eq!(problem.unwrap().what, "permission denied; run as root");
        }
    }

    #[test]
    fn a_saved_table_is_judged_beside_a_captured_tree() {
        let table = Sample::default().build();
        let firmware = Sysfs::new().with_ibft().read(Some(("saved.bin", &table)));
        assert_eq!(firmware.table.known().unwrap().as_ref().unwrap().source, "saved.bin");
        assert!(firmware.sysfs.known().is_some());
        let own = read(&Root::sysfs().unwrap(), None, Some(("saved.bin", &table)));
        assert!(matches!(own.sysfs, Fact::NotApplicable(_)));
    }

    #[test]
    fn a_file_that_is_no_table_is_unknown() {
        let firmware = Sysfs::new().read(Some(("notes.txt", b"hello")));
        assert_eq!(firmware.table.problem().unwrap().place, "notes.txt");
    }
}
