//! udev rules that name interfaces or keep ifupdown off the boot NIC.

use crate::formats::systemd::udev_rules::{DIRECTORIES, parse, programs, rename};
use crate::probes::files::Reader;
use isctpl_checks::facts::{Location, Rename};

/// The program of open-iscsi that writes the boot NIC into ifupdown's list of interfaces that are up.
const GUARD: &str = "net-interface-handler";

#[derive(Default)]
pub(super) struct Udev {
    pub(super) renames: Vec<Rename>,
    /// The rule, where the program that it runs is on the disk.
    pub(super) iscsi_nic_guard: Option<Location>,
}

pub(super) fn read(files: &Reader<'_>) -> Udev {
    let mut found = Udev::default();
    for path in files.conf_files(&DIRECTORIES, ".rules") {
        if files.is_masked(&path) {
            continue;
        }
        let Some(text) = files.text(&path) else { continue };
        // Most rules are about disks; none of those says it.
        if !text.contains("\"net\"") {
            continue;
        }
        for rule in parse(&text, &path) {
            found.renames.extend(rename(&rule));
            let guards = programs(&rule)
                .into_iter()
                .filter_map(|run| run.split_whitespace().next())
                .any(|program| program.ends_with(GUARD) && files.is_file(&absolute(program)));
            if guards && found.iscsi_nic_guard.is_none() {
                found.iscsi_nic_guard = Some(rule.at);
            }
        }
    }
    found
}

/// A program without a directory lies in udev's own (udev(7), `PROGRAM`).
fn absolute(program: &str) -> String {
    if program.starts_with('/') { program.to_owned() } else { format!("/usr/lib/udev/{program}") }
}
