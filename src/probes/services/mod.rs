//! Units that matter to an iSCSI root, what starts them, and what they run.

mod exec;
mod sysv;

use super::units::load::{self, Loaded, UnitFiles};
use super::units::started::{self, Started};
use crate::system::Root;
use exec::Scripts;
use isctpl_checks::facts::{Location, Problem, Services, Unit};
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

const SYSTEMD: [&str; 4] = ["/usr/lib/systemd/systemd", "/lib/systemd/systemd", "/usr/bin/systemd", "/bin/systemd"];

/// Reads units, their links, and what they run, from a root's files.
pub fn read(root: &Root) -> Services {
    let mut problems = Vec::new();
    let files = UnitFiles::list(root);
    let scripts = Scripts::new(root);
    let systemd = SYSTEMD.iter().any(|path| root.is_file(path));
    let started = started::started(&files, &started_otherwise(root, &mut problems));
    let mut units: Vec<Unit> = Vec::new();
    let every_name = files.names_of_units().filter(|name| !name.contains("@.")).map(str::to_owned);
    let names: std::collections::BTreeSet<String> = every_name.chain(started.keys().cloned()).collect();
    for name in names {
        let Some(loaded) = files.load(&name) else { continue };
        // An alias leads to a unit that has its own turn.
        if loaded.name != name {
            continue;
        }
        let how = started.get(&name);
        let matters = MATTER.contains(&name.as_str()) || FAMILIES.iter().any(|family| name.starts_with(family));
        if !matters && how.is_none() {
            continue;
        }
        let unit = unit(&loaded, how, &scripts);
        if matters || unit.exec.iter().any(|line| line.logout.is_some()) {
            units.push(unit);
        }
    }
    let sysv = sysv::links(root, &files, &scripts, systemd, &mut problems);
    if systemd {
        units.extend(sysv::generated_units(root, &sysv));
    }
    problems.extend(files.into_problems());
    problems.extend(scripts.into_problems());
    Services { units, sysv, systemd, problems }
}

fn unit(loaded: &Loaded, how: Option<&Started>, scripts: &Scripts<'_>) -> Unit {
    let file = &loaded.file;
    Unit {
        name: loaded.name.clone(),
        fragment: loaded.fragment.clone(),
        drop_ins: loaded.drop_ins.clone(),
        masked: loaded.masked.clone(),
        enabled_by: how.map(|how| how.links.clone()).unwrap_or_default(),
        exec: scripts.exec_lines(file),
        pulled_by: how.map(|how| how.by.iter().cloned().collect()).unwrap_or_default(),
        stopped_at_shutdown: loaded.fragment.is_some() && stops_at_shutdown(loaded),
        remain_after_exit: file.boolean("Service", "RemainAfterExit").is_some_and(|found| found.value),
        kind: file.last("Service", "Type").map(|entry| entry.value.clone()),
        from_sysv: false,
    }
}

/// Whether a shutdown stops it: `Conflicts=shutdown.target` is a default dependency (systemd.service(5),
/// systemd.socket(5)), or it says so itself.
fn stops_at_shutdown(loaded: &Loaded) -> bool {
    let says_so = loaded
        .file
        .words("Unit", "Conflicts")
        .iter()
        .any(|word| matches!(word.value.as_str(), "shutdown.target" | "umount.target"));
    says_so || loaded.file.boolean("Unit", "DefaultDependencies").is_none_or(|found| found.value)
}

/// Units that something other than a unit starts, and what: udev's rules, and generators that decide at boot.
fn started_otherwise(root: &Root, problems: &mut Vec<Problem>) -> Vec<(String, String)> {
    let mut started = Vec::new();
    let directories = ["/etc/udev/rules.d", "/usr/lib/udev/rules.d", "/lib/udev/rules.d"];
    // Of rules with one name the first directory's count, and a link to /dev/null masks them (udev(7)).
    let mut seen = BTreeSet::new();
    for directory in directories.iter().take(if load::is_merged(root) { 2 } else { 3 }) {
        let names = root.names(directory).unwrap_or_else(|problem| {
            problems.push(problem);
            Vec::new()
        });
        for name in names.iter().filter(|name| name.ends_with(".rules") && name.contains("iscsi")) {
            let path = format!("{directory}/{name}");
            let masked = root.read_link(&path).is_ok_and(|target| target.as_deref() == Some("/dev/null"));
            if !seen.insert(name.clone()) || masked {
                continue;
            }
            match root.text(&path) {
                Ok(text) => started.extend(wanted_by_rules(&text.unwrap_or_default(), &path)),
                Err(problem) => problems.push(problem),
            }
        }
    }
    // cloud-init's generator adds its target at every boot unless it is switched off.
    let generator = ["/usr/lib", "/lib"]
        .map(|lib| format!("{lib}/systemd/system-generators/cloud-init-generator"))
        .into_iter()
        .find(|path| root.is_file(path));
    if let Some(generator) = generator
        && !root.exists("/etc/cloud/cloud-init.disabled")
    {
        started.push(("cloud-init.target".to_owned(), generator));
    }
    started
}

/// Units in `ENV{SYSTEMD_WANTS}=` of udev's rules for block devices (systemd.device(5)): a disk of a session
/// starts them.
fn wanted_by_rules(text: &str, path: &str) -> Vec<(String, String)> {
    let mut wanted = Vec::new();
    for (line, rule) in (1u32..).zip(text.lines()) {
        let rule = rule.trim();
        if rule.starts_with('#') || !rule.contains("block") {
            continue;
        }
        for piece in rule.split("ENV{SYSTEMD_WANTS}").skip(1) {
            let assigned =
                piece.strip_prefix("+=").or_else(|| piece.strip_prefix('=').filter(|rest| !rest.starts_with('=')));
            let value = assigned.and_then(|rest| rest.strip_prefix('"')?.split('"').next());
            for unit in value.into_iter().flat_map(str::split_whitespace) {
                wanted.push((unit.to_owned(), Location::line(path, line).to_string()));
            }
        }
    }
    wanted
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
