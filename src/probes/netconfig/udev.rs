//! udev rules that name interfaces or keep ifupdown off the boot NIC.

use crate::formats::systemd::udev_rules::{DIRECTORIES, Names};
use crate::probes::files::Reader;
use isctpl_checks::facts::{Location, Rename};

/// The program of open-iscsi that writes the boot NIC into ifupdown's list of interfaces that are up.
const GUARD: &str = "net-interface-handler";

pub(super) struct Udev {
    pub(super) renames: Vec<Rename>,
    /// The rule, where the program that it runs is on the disk.
    pub(super) iscsi_nic_guard: Option<Location>,
}

pub(super) fn read(files: &Reader<'_>) -> Udev {
    let mut names = Names::default();
    let mut iscsi_nic_guard = None;
    for path in files.conf_files(&DIRECTORIES, ".rules") {
        if files.is_masked(&path) {
            continue;
        }
        let Some(text) = files.text(&path) else { continue };
        names.read(&text, &path, &mut |rule| {
            let is_guard = |run: &str| {
                let program = run.split_whitespace().next().unwrap_or_default();
                program.ends_with(GUARD) && files.is_file(&absolute(program))
            };
            if iscsi_nic_guard.is_none() && rule.programs().any(is_guard) {
                iscsi_nic_guard = Some(rule.at.clone());
            }
        });
    }
    let (renames, problems) = names.finish();
    files.problems().extend(problems);
    Udev { renames, iscsi_nic_guard }
}

/// A program without a directory lies in udev's own (udev(7), `PROGRAM`).
fn absolute(program: &str) -> String {
    if program.starts_with('/') { program.to_owned() } else { format!("/usr/lib/udev/{program}") }
}
