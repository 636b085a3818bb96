//! What makes new SSH host keys at the start of a copy.

use crate::formats::systemd::exec::commands;
use crate::formats::systemd::{UnitFile, boolean};
use crate::probes::units::load::Units;
use crate::system::Root;
use isctpl_checks::facts::Problem;

/// What makes new SSH host keys at the start of a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeyMaker {
    /// cloud-init.
    CloudInit,
    /// A unit, by its name.
    Unit(String),
    /// A unit that runs at a system's first boot alone, by its name. A copy's is none: an empty `/etc/machine-id` asks
    /// for a new ID, and only a missing one, or the word `uninitialized`, for a first boot (machine-id(5), "First Boot
    /// Semantics").
    FirstBoot(String),
}

/// The units of the SSH server itself: what they run before it makes keys, too.
const SERVERS: [&str; 2] = ["ssh.service", "sshd.service"];

/// Where units of packages, and of administrators, lie.
const UNITS: [&str; 3] = ["/usr/lib/systemd/system", "/lib/systemd/system", "/etc/systemd/system"];

/// What makes new host keys, where something does.
///
/// # Errors
/// When it cannot be looked at.
pub(crate) fn key_maker(root: &Root) -> Result<Option<KeyMaker>, Problem> {
    if root.stat("/usr/bin/cloud-init")?.is_some() {
        return Ok(Some(KeyMaker::CloudInit));
    }
    let mut makers: Vec<String> = Vec::new();
    for directory in UNITS {
        let names = root.names(directory)?.into_iter();
        makers.extend(names.filter(|name| name.starts_with("sshd-keygen") && name.ends_with(".service")));
    }
    let units = Units::list(root);
    let mut at_first_boot = None;
    for name in SERVERS.into_iter().chain(makers.iter().map(String::as_str)) {
        // A template has no text of its own to load; any instance has it.
        let instance = name.replace("@.", "@rsa.");
        let Some(unit) = units.load(&instance).filter(|unit| unit.masked.is_none()) else { continue };
        if SERVERS.contains(&name) && !makes_keys(&unit.file) {
            continue;
        }
        let maker = name.to_owned();
        if !asks_for_a_first_boot(&unit.file) {
            return Ok(Some(KeyMaker::Unit(maker)));
        }
        at_first_boot.get_or_insert(KeyMaker::FirstBoot(maker));
    }
    match units.problems().into_iter().next().or_else(|| units.cut_short()) {
        Some(problem) => Err(problem),
        None => Ok(at_first_boot),
    }
}

/// Whether what a server's unit runs first makes the keys that are missing: `ssh-keygen -A`.
fn makes_keys(file: &UnitFile) -> bool {
    let lines = file.list("Service", "ExecStartPre").into_iter().flat_map(|entry| commands(&entry.value));
    lines.into_iter().any(|command| {
        command.program().rsplit('/').next() == Some("ssh-keygen") && command.argv.iter().any(|word| word == "-A")
    })
}

/// Whether a unit runs at the first boot alone.
fn asks_for_a_first_boot(file: &UnitFile) -> bool {
    file.list("Unit", "ConditionFirstBoot")
        .iter()
        .any(|entry| boolean(entry.value.trim_start_matches('|')) != Some(false))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::fs;

    fn maker(files: &[(&str, &str)]) -> Option<KeyMaker> {
        let directory = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let path = directory.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        key_maker(&Root::open(directory.path()).unwrap()).unwrap()
    }

    const SERVER: (&str, &str) = (
        "usr/lib/systemd/system/ssh.service",
        "[Service]\nExecStartPre=/usr/sbin/sshd -t\nExecStart=/usr/sbin/sshd -D\n",
    );
    const DEBIAN: (&str, &str) = (
        "usr/lib/systemd/system/sshd-keygen.service",
        "[Unit]\nConditionFirstBoot=yes\n[Service]\nExecStart=ssh-keygen -A\n",
    );

    #[test]
    fn a_server_alone_makes_no_keys() {
        assert_eq!(maker(&[SERVER]), None);
    }

    #[test]
    fn a_unit_for_the_first_boot_makes_none_on_a_copy() {
        assert_eq!(maker(&[SERVER, DEBIAN]), Some(KeyMaker::FirstBoot("sshd-keygen.service".to_owned())));
        let always = ("etc/systemd/system/sshd-keygen.service.d/always.conf", "[Unit]\nConditionFirstBoot=\n");
        assert_eq!(maker(&[SERVER, DEBIAN, always]), Some(KeyMaker::Unit("sshd-keygen.service".to_owned())));
    }

    #[test]
    fn a_unit_without_that_condition_makes_them() {
        let red_hat = (
            "usr/lib/systemd/system/sshd-keygen@.service",
            "[Unit]\nConditionFileNotEmpty=|!/etc/ssh/ssh_host_%i_key\n[Service]\nExecStart=/usr/libexec/openssh/sshd-keygen %i\n",
        );
        assert_eq!(maker(&[red_hat]), Some(KeyMaker::Unit("sshd-keygen@.service".to_owned())));
    }

    #[test]
    fn what_the_server_runs_first_makes_them() {
        let before = (
            "etc/systemd/system/ssh.service.d/host-keys.conf",
            "[Service]\nExecStartPre=\nExecStartPre=/usr/bin/ssh-keygen -A\nExecStartPre=/usr/sbin/sshd -t\n",
        );
        assert_eq!(maker(&[SERVER, DEBIAN, before]), Some(KeyMaker::Unit("ssh.service".to_owned())));
    }

    #[test]
    fn cloud_init_makes_them() {
        assert_eq!(maker(&[SERVER, DEBIAN, ("usr/bin/cloud-init", "")]), Some(KeyMaker::CloudInit));
    }
}
