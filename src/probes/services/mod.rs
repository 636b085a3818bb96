//! Units that matter to an iSCSI root, what starts them, and what they run.

mod exec;
mod sysv;

use super::units::load;
use super::units::started::Started;
use super::units::startup::Startup;
use crate::formats::systemd::UnitFile;
use crate::system::Root;
use exec::Scripts;
use isctpl_checks::facts::{Located, Services, Unit};
use isctpl_checks::taken_down;
use std::collections::BTreeSet;

/// Units that matter whatever they run.
const MATTER: [&str; 27] = [
    "iscsid.service",
    "iscsid.socket",
    "open-iscsi.service",
    "iscsi.service",
    "iscsi-init.service",
    "iscsi-onboot.service",
    "iscsi-shutdown.service",
    "iscsi-starter.service",
    "iscsiuio.service",
    "iscsiuio.socket",
    "networking.service",
    "network.service",
    "systemd-networkd.service",
    "systemd-networkd.socket",
    "systemd-networkd-wait-online.service",
    "NetworkManager.service",
    "NetworkManager-wait-online.service",
    "dhcpcd.service",
    "multipathd.service",
    "multipathd.socket",
    "blk-availability.service",
    "snmpd.service",
    "ufw.service",
    "nftables.service",
    "iptables.service",
    "netfilter-persistent.service",
    "firewalld.service",
];

/// Beginnings of names that matter.
const FAMILIES: [&str; 3] = ["lvm2-", "cloud-", "bigstep"];

/// Reads units, their links, and what they run, of the units of a root.
pub(crate) fn read(root: &Root, startup: &Startup<'_>) -> Services {
    let scripts = Scripts::new(root);
    let mut units: Vec<Unit> = Vec::new();
    let names: BTreeSet<&str> = startup.units.own_names().chain(startup.started.keys().map(String::as_str)).collect();
    for name in names {
        let how = startup.started.get(name);
        let matters = MATTER.contains(&name) || FAMILIES.iter().any(|family| name.starts_with(family));
        if !matters && how.is_none() {
            continue;
        }
        let Some(loaded) = startup.units.load(name) else { continue };
        let unit = unit(&loaded, how, &scripts);
        if matters || unit.exec.iter().any(|line| line.logout.is_some() || taken_down(&line.command).is_some()) {
            units.push(unit);
        }
    }
    let mut problems = Vec::new();
    let sysv = sysv::links(root, startup, &scripts, &mut problems);
    if startup.makes_units_of_scripts() {
        units.extend(sysv::generated_units(root, &sysv));
    }
    problems.extend(startup.problems());
    problems.extend(startup.cut_short());
    problems.extend(scripts.into_problems());
    Services { units, sysv, systemd: startup.systemd, problems }
}

fn unit(loaded: &load::Unit, how: Option<&Started>, scripts: &Scripts<'_>) -> Unit {
    let file = &loaded.file;
    Unit {
        name: loaded.name.clone(),
        fragment: loaded.fragment.clone(),
        drop_ins: loaded.drop_ins.clone(),
        masked: loaded.masked.clone(),
        enabled_by: how.map(|how| how.links.iter().cloned().collect()).unwrap_or_default(),
        exec: scripts.exec_lines(file),
        pulled_by: how.map(|how| how.by.iter().cloned().collect()).unwrap_or_default(),
        stopped_at_shutdown: loaded.fragment.is_some() && stops_at_shutdown(loaded),
        remain_after_exit: file.boolean("Service", "RemainAfterExit").is_some_and(|found| found.value),
        kind: file.last("Service", "Type").map(|entry| entry.value.clone()),
        environment: environment(file),
        unread_environment: file.list("Service", "EnvironmentFile").last().map(|entry| entry.at.clone()),
        from_sysv: false,
    }
}

/// Where OpenSSL reads its configuration.
fn environment(file: &UnitFile) -> Vec<Located<String>> {
    file.words("Service", "Environment").into_iter().filter(|word| word.value.starts_with("OPENSSL_CONF=")).collect()
}

/// Whether a shutdown stops it: `Conflicts=shutdown.target` is a default dependency (systemd.service(5),
/// systemd.socket(5)), or it says so itself.
fn stops_at_shutdown(loaded: &load::Unit) -> bool {
    let says_so = loaded
        .file
        .words("Unit", "Conflicts")
        .iter()
        .any(|word| matches!(word.value.as_str(), "shutdown.target" | "umount.target"));
    says_so || loaded.file.boolean("Unit", "DefaultDependencies").is_none_or(|found| found.value)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
