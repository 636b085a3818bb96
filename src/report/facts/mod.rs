//! Facts as they are, for `isctpl show`: a page a group, in the words of the field.

mod boot;
mod iscsi;
mod netconfig;
mod network;
mod page;
mod services;
mod storage;

use super::json::written;
use super::style::Style;
use clap::ValueEnum;
use isctpl_checks::facts::{Facts, SCHEMA};
use page::Page;
pub(super) use page::bytes;
use serde_json::{Map, Value, json, to_value};

/// What `isctpl show` can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// The iBFT: what the boot firmware handed over
    Ibft,
    /// Routes, policy rules, and the kernel's route to each portal
    Routes,
    /// Network interfaces
    Nics,
    /// Initramfs images on the disk, and what is in the one that boots; or any image
    Initramfs,
    /// Boot loader entries, and which one boots
    Loader,
    /// Kernels, their modules, and kernels that no loader entry names
    Kernel,
    /// DHCP clients, their hooks and leases
    Dhcp,
    /// Network configuration of the installed system, and what reads it
    Netconfig,
    /// open-iscsi: initiator name, settings, node records, sessions
    Iscsi,
    /// The root's disk, volumes, mounts, fstab, LVM filters
    Storage,
    /// Services that touch the network or the session, and what starts them
    Services,
}

/// One group of facts as JSON: `{"schema", "what", "time", "root", "mode", WHAT}`.
///
/// # Errors
/// When it cannot be written as JSON, which no fact can bring about.
pub fn facts_json(what: What, facts: &Facts) -> serde_json::Result<String> {
    let (name, group) = group(what, facts)?;
    let mut object = Map::new();
    object.insert("schema".to_owned(), json!(SCHEMA));
    object.insert("what".to_owned(), json!(name));
    object.insert("time".to_owned(), json!(facts.scope.time));
    object.insert("root".to_owned(), json!(facts.scope.root));
    object.insert("mode".to_owned(), to_value(facts.scope.mode)?);
    object.insert(name.to_owned(), group);
    if matches!(what, What::Kernel | What::Initramfs) {
        object.insert("boot_files".to_owned(), to_value(&facts.boot_files)?);
    }
    written(&Value::Object(object))
}

fn group(what: What, facts: &Facts) -> serde_json::Result<(&'static str, Value)> {
    Ok(match what {
        What::Ibft => ("ibft", to_value(&facts.firmware)?),
        What::Routes => ("routes", to_value(&facts.network)?),
        What::Nics => (
            "nics",
            json!({"hardware": facts.nics, "links": facts.network.links, "addresses": facts.network.addresses}),
        ),
        What::Initramfs => ("initramfs", to_value(&facts.images)?),
        What::Loader => ("loader", json!({"loader": facts.loader, "running_cmdline": facts.cmdline})),
        What::Kernel => ("kernel", to_value(&facts.kernels)?),
        What::Dhcp => ("dhcp", to_value(&facts.dhcp)?),
        What::Netconfig => ("netconfig", to_value(&facts.netconfig)?),
        What::Iscsi => ("iscsi", to_value(&facts.iscsi)?),
        What::Storage => ("storage", to_value(&facts.storage)?),
        What::Services => ("services", to_value(&facts.services)?),
    })
}

/// One group of facts for people.
pub(crate) fn facts_text(what: What, facts: &Facts, style: &Style) -> String {
    let mut page = Page::new(style);
    match what {
        What::Ibft => iscsi::ibft(facts, &mut page),
        What::Routes => network::routes(&facts.network, &mut page),
        What::Nics => network::nics(facts, &mut page),
        What::Initramfs => boot::images(facts, &mut page),
        What::Loader => boot::loader(facts, &mut page),
        What::Kernel => boot::kernels(facts, &mut page),
        What::Dhcp => netconfig::dhcp(&facts.dhcp, &mut page),
        What::Netconfig => netconfig::netconfig(&facts.netconfig, &mut page),
        What::Iscsi => iscsi::iscsi(&facts.iscsi, &mut page),
        What::Storage => storage::storage(&facts.storage, &mut page),
        What::Services => services::services(&facts.services, &mut page),
    }
    page.text()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use std::path::Path;

    /// Every captured machine.
    fn captured() -> Vec<(String, Facts)> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/captured");
        let mut found = Vec::new();
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "json") {
                let mut value: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
                let facts = serde_json::from_value(value["facts"].take()).unwrap();
                found.push((path.file_name().unwrap().to_string_lossy().into_owned(), facts));
            }
        }
        assert!(found.len() > 3);
        found
    }

    fn style(width: u16) -> Style {
        Style { width, ascii: true, verbose: false }
    }

    fn words(text: &str) -> Vec<&str> {
        text.split_whitespace().collect()
    }

    #[test]
    fn every_word_is_whole_at_every_width() {
        for (name, facts) in captured() {
            for what in What::value_variants() {
                let wide = facts_text(*what, &facts, &style(u16::MAX));
                for width in [40, 60, 80] {
                    let narrow = facts_text(*what, &facts, &style(width));
                    assert_eq!(words(&narrow), words(&wide), "{name} {what:?} at {width}:\n{narrow}");
                    let long = narrow
                        .lines()
                        .filter(|line| anstream::adapter::strip_str(line).to_string().len() > width.into());
                    for line in long {
                        assert_eq!(
                            words(line.trim()).len(),
                            1,
                            "{name} {what:?} at {width}: `{line}` has room to be wrapped"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn pages_are_texts_and_no_structs() {
        for (name, facts) in captured() {
            for what in What::value_variants() {
                let text = facts_text(*what, &facts, &style(80));
                for line in text.lines().map(str::trim) {
                    let field = line.split(": ").next().unwrap_or_default();
                    let field = field.trim_start_matches("- ");
                    let snake =
                        field.contains('_') && field.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
                    assert!(!snake && !line.contains("Some(") && !line.starts_with('{'), "{name} {what:?}: {line}");
                    assert!(!line.ends_with(": yes") && !line.ends_with(": no"), "{name} {what:?}: {line}");
                }
            }
        }
    }

    #[test]
    fn a_page_says_what_an_engineer_looks_for() {
        let (_, facts) = captured().into_iter().find(|(name, _)| name == "debian-12-live.json").unwrap();
        for (what, needles) in [
            (What::Ibft, &["100.64.16.54/29 (DHCP)", "portal 100.97.0.10:3260, LUN 47", "started by UEFI"][..]),
            (What::Routes, &["default via ", "0: from all lookup local", "100.97.0.10 via 100.64.16.49 dev enp0s3"]),
            (What::Nics, &["enp0s3", "UP", "SAN NIC", "enp0s3: the iBFT names its MAC address"]),
            (What::Initramfs, &["/boot/initrd.img-6.1.0-50-amd64", "boots", "iscsistart in "]),
            (What::Loader, &["Entry 0 [boots]: Debian GNU/Linux", "cmdline", "entry 0, by set default"]),
            (What::Kernel, &["6.1.0-50-amd64 (stated by the image)", "iscsi_tcp as a module"]),
            (What::Dhcp, &["10 s (/etc/dhcp/dhclient.conf:27)", "100.97.0.0/16 via 100.64.16.49"]),
            (What::Netconfig, &["ifupdown", "starts at boot"]),
            (What::Iscsi, &["LOGGED_IN", "holds the root filesystem"]),
            (What::Storage, &["/dev/mapper/ubuntu--vg-ubuntu--lv", "LVM physical volume of volume group ubuntu-vg"]),
            (What::Services, &["networking.service: starts at boot", "ExecStart"]),
        ] {
            let text = facts_text(what, &facts, &style(u16::MAX));
            for needle in needles {
                assert!(text.contains(needle), "{what:?} lacks `{needle}`:\n{text}");
            }
        }
    }

    #[test]
    fn what_was_not_read_is_not_called_absent() {
        let facts = Facts::default();
        let text = facts_text(What::Ibft, &facts, &style(80));
        assert!(text.contains("not read: ") && !text.contains("No iBFT"), "{text}");
        let (_, facts) = captured().into_iter().find(|(name, _)| name == "debian-12-live.json").unwrap();
        let text = facts_text(What::Netconfig, &facts, &style(80));
        assert!(text.contains("\n  networkd  does not start"), "{text}");
        assert!(text.contains("start    never: its manager does not start"), "{text}");
    }

    #[test]
    fn kernels_and_images_without_an_entry_are_listed() {
        use isctpl_checks::facts::{BootFile, BootFileKind};
        let (_, mut facts) = captured().into_iter().find(|(name, _)| name == "debian-12-live.json").unwrap();
        let file = |path: &str, kind| BootFile { path: path.to_owned(), kind, size: 1 << 20, ..BootFile::default() };
        facts.boot_files = vec![
            file("/boot/vmlinuz-6.1.0-49-amd64", BootFileKind::Kernel),
            file("/boot/vmlinuz-6.1.0-50-amd64", BootFileKind::Kernel),
            file("/boot/initrd.img-6.1.0-49-amd64", BootFileKind::Initramfs),
            file("/boot/initrd.img-6.1.0-50-amd64", BootFileKind::Initramfs),
        ];
        let kernels = facts_text(What::Kernel, &facts, &style(u16::MAX));
        let unnamed = kernels.split("Kernels without a loader entry").nth(1).unwrap();
        assert!(unnamed.contains("/boot/vmlinuz-6.1.0-49-amd64") && !unnamed.contains("6.1.0-50"), "{kernels}");
        let images = facts_text(What::Initramfs, &facts, &style(u16::MAX));
        assert!(images.contains("initrd.img-6.1.0-49-amd64  1.0 MiB, no loader entry names it"), "{images}");
        assert!(images.contains("initrd.img-6.1.0-50-amd64  1.0 MiB, boots"), "{images}");
    }
}
