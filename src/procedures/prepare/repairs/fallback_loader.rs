//! A loader where firmware looks for one without a boot entry (UEFI 2.10, section 3.5.1.1).

use crate::procedures::prepare::draft::{Draft, Refusal};
use crate::system::FileKind;

const BY_HAND: &str = "Run grub-install with --removable in the root, with the EFI system partition mounted.";

/// Machine types, as loaders are named, and as the fallback is.
const MACHINES: [(&str, &str); 5] = [
    ("x64", "BOOTX64.EFI"),
    ("aa64", "BOOTAA64.EFI"),
    ("ia32", "BOOTIA32.EFI"),
    ("riscv64", "BOOTRISCV64.EFI"),
    ("loongarch64", "BOOTLOONGARCH64.EFI"),
];

/// Copies a loader of the EFI system partition to its fallback path. Where a GRUB has a shim, that goes there, with what
/// it starts beside it: firmware with Secure Boot starts nothing else. A GRUB finds its configuration as before: where it
/// looks for it is written in it.
pub(crate) fn install_fallback_loader(draft: &mut Draft<'_>, from: &str) -> Result<(), Refusal> {
    let unread = |problem| Refusal::unread(problem, BY_HAND);
    let is_file = |draft: &Draft<'_>, path: &str| draft.root().kind(path).map(|kind| kind == Some(FileKind::File));
    let odd = || Refusal::new(from, "is no loader below EFI/ whose machine type its name tells", BY_HAND);
    let (directory, name) = from.rsplit_once('/').ok_or_else(odd)?;
    let (efi, _) = directory.rsplit_once('/').ok_or_else(odd)?;
    if !is_file(draft, from).map_err(unread)? {
        return Err(Refusal::new(from, "is not a file of the root", BY_HAND));
    }
    let lower = name.to_ascii_lowercase();
    let stem = lower.strip_suffix(".efi").ok_or_else(odd)?;
    let (machine, fallback) = MACHINES.iter().find(|(machine, _)| stem.ends_with(machine)).ok_or_else(odd)?;
    // FAT does not tell cases apart, but a copy of it may.
    let names = draft.names(efi).map_err(unread)?;
    let boot = names.iter().find(|name| name.eq_ignore_ascii_case("boot")).map_or("BOOT", String::as_str);
    let boot = format!("{efi}/{boot}");
    let beside = draft.names(directory).map_err(unread)?;
    let sibling = |loader: &str| {
        let loader = format!("{loader}{machine}.efi");
        beside.iter().find(|name| name.eq_ignore_ascii_case(&loader)).map(|name| (format!("{directory}/{name}"), name))
    };
    let shim =
        sibling("shim").filter(|_| [format!("shim{machine}"), format!("grub{machine}")].iter().any(|of| of == stem));
    let first = shim.as_ref().map_or(from, |(path, _)| path);
    let mut copies = vec![(first.to_owned(), (*fallback).to_owned())];
    if shim.is_some() {
        let started = ["grub", "mm"].into_iter().filter_map(sibling);
        copies.extend(started.map(|(path, name)| (path, name.clone())));
    }
    let there = draft.names(&boot).map_err(unread)?;
    for (from, name) in copies {
        if !there.iter().any(|present| present.eq_ignore_ascii_case(&name)) {
            draft.copy(&from, &format!("{boot}/{name}")).map_err(unread)?;
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::sample::Tree;
    use super::*;
    use crate::procedures::prepare::draft::Content;

    fn copied(files: &[(&str, &str)], from: &str) -> Vec<(String, String)> {
        let contents = Tree::of(files).repaired(|draft| install_fallback_loader(draft, from));
        let copy = |(path, content)| match content {
            Content::Copy { from } => (from, path),
            other => panic!("{path}: {other:?}"),
        };
        contents.into_iter().map(copy).collect()
    }

    fn pair(from: &str, to: &str) -> (String, String) {
        (format!("/boot/efi/EFI/{from}"), format!("/boot/efi/EFI/{to}"))
    }

    #[test]
    fn a_loader_is_copied_with_what_it_starts() {
        let grub = ("/boot/efi/EFI/debian/grubx64.efi", "grub");
        let shim = ("/boot/efi/EFI/debian/shimx64.efi", "shim");
        let manager = ("/boot/efi/EFI/debian/mmx64.efi", "mm");
        assert_eq!(copied(&[grub], grub.0), [pair("debian/grubx64.efi", "BOOT/BOOTX64.EFI")]);
        for from in [shim.0, grub.0] {
            assert_eq!(
                copied(&[grub, shim, manager], from),
                [
                    pair("debian/shimx64.efi", "BOOT/BOOTX64.EFI"),
                    pair("debian/grubx64.efi", "BOOT/grubx64.efi"),
                    pair("debian/mmx64.efi", "BOOT/mmx64.efi"),
                ]
            );
        }
        let there = ("/boot/efi/EFI/Boot/GRUBX64.EFI", "another");
        assert_eq!(copied(&[grub, shim, there], shim.0), [pair("debian/shimx64.efi", "Boot/BOOTX64.EFI")]);
        let systemd = ("/boot/efi/EFI/systemd/systemd-bootaa64.efi", "");
        assert_eq!(copied(&[systemd], systemd.0), [pair("systemd/systemd-bootaa64.efi", "BOOT/BOOTAA64.EFI")]);
    }

    #[test]
    fn what_is_no_loader_is_refused() {
        let tree = Tree::of(&[("/boot/efi/EFI/x/loader.efi", ""), ("/boot/efi/EFI/x/grubx64.txt", "")]);
        for name in ["loader.efi", "grubx64.txt", "absentx64.efi"] {
            let from = format!("/boot/efi/EFI/x/{name}");
            assert_eq!(tree.changes(|draft| install_fallback_loader(draft, &from)).unwrap_err().place, from);
        }
    }
}
