//! What dracut's configuration keeps out of every image that is built.

use super::Analysis;
use crate::facts::Omit;
use crate::{Evidence, Remedy, Sed, ShellCommand};

/// Modules of dracut without which the root is not reached.
const DRACUT_MODULES: [&str; 8] =
    ["iscsi", "network", "network-legacy", "network-manager", "systemd-networkd", "dm", "lvm", "kernel-modules"];

/// Drivers without which no session comes up.
const DRIVERS: [&str; 6] =
    ["iscsi_tcp", "libiscsi", "libiscsi_tcp", "scsi_transport_iscsi", "iscsi_boot_sysfs", "iscsi_ibft"];

impl Analysis<'_> {
    /// Lines that keep out what the boot needs, with the words that do.
    pub(super) fn omits(&self, wanted: &[&str]) -> Vec<(&Omit, Vec<&str>)> {
        let driver = |word: &str| word.trim_end_matches(".ko").replace('-', "_");
        let nics: Vec<String> =
            self.nics.known().into_iter().flatten().filter_map(|nic| nic.driver.as_deref()).map(driver).collect();
        let wanted: Vec<String> = wanted.iter().map(|name| driver(name)).chain(nics).collect();
        let needed = |omit: &Omit, word: &str| match omit.key.as_str() {
            "omit_dracutmodules" => DRACUT_MODULES.contains(&word),
            _ => DRIVERS.contains(&driver(word).as_str()) || wanted.contains(&driver(word)),
        };
        let with_words = |omit| -> (&Omit, Vec<&str>) {
            (omit, omit.words.iter().map(String::as_str).filter(|word| needed(omit, word)).collect())
        };
        self.loader.omits.iter().map(with_words).filter(|(_, words)| !words.is_empty()).collect()
    }

    /// The lines of dracut's configuration that keep out what the boot needs, as evidence; `wanted` are modules of the
    /// kernel beside those of the login and of the NICs.
    pub(crate) fn omitting(&self, wanted: &[&str]) -> Vec<Evidence> {
        self.omits(wanted)
            .into_iter()
            .map(|(omit, words)| Evidence::at(&omit.at, format!("{} lists {}", omit.key, words.join(" "))))
            .collect()
    }

    /// Edits those lines before the image is built: what they name is left out, whatever else asks for it.
    pub(super) fn without_omits(&self, wanted: &[&str], mut remedy: Remedy) -> Remedy {
        for (omit, words) in self.omits(wanted) {
            let script: Vec<Sed> = words
                .iter()
                .map(|word| {
                    // A single quote is \x27 to sed, which the shell's own quotes need not be ended for.
                    Sed::new("/^[[:space:]]*")
                        .literal(&omit.key)
                        .then(r#"/s/(["\x27= ])"#)
                        .literal(word)
                        .then(r#"(["\x27 ]|$)/\1\2/g"#)
                })
                .collect();
            remedy.text = format!(
                "{} First remove {} from {}; dracut excludes everything that this line lists.",
                remedy.text,
                words.join(" and "),
                omit.at
            );
            remedy = remedy.first(ShellCommand::sed(&script, &omit.at.path));
        }
        remedy
    }
}
