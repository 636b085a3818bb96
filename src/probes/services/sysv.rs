//! Links of System V init, and the units that systemd-sysv-generator(8) makes of its scripts.

use super::exec::Scripts;
use crate::probes::units::startup::Startup;
use crate::system::{FileKind, Root};
use isctpl_checks::facts::{ExecLine, Location, Problem, SysvLink, Unit};

/// Runlevels that have a directory of links.
const RUNLEVELS: [&str; 8] = ["0", "1", "2", "3", "4", "5", "6", "S"];

/// Scripts that matter to an iSCSI root, logouts aside.
const MATTER: [&str; 7] =
    ["open-iscsi", "iscsid", "iscsi", "network", "networking", "multipath-tools", "umountiscsi.sh"];

/// The links that matter: of scripts named above, and of any script that logs out.
pub(super) fn links(
    root: &Root,
    startup: &Startup<'_>,
    scripts: &Scripts<'_>,
    problems: &mut Vec<Problem>,
) -> Vec<SysvLink> {
    let mut links = Vec::new();
    for runlevel in RUNLEVELS {
        let directory = format!("/etc/rc{runlevel}.d");
        let names = match root.names(&directory) {
            Ok(names) => names,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        for name in names {
            let Some((start, service)) = take_apart(&name) else { continue };
            let script = format!("/etc/init.d/{service}");
            let logout = scripts.of_script(&script);
            if logout.is_none() && !MATTER.contains(&service) {
                continue;
            }
            let unit = format!("{}.service", service.trim_end_matches(".sh"));
            links.push(SysvLink {
                path: format!("{directory}/{name}"),
                script,
                runlevel: runlevel.to_owned(),
                start,
                logout,
                shadowed_by_unit: startup.systemd && startup.units.load(&unit).is_some(),
            });
        }
    }
    links
}

/// `S` or `K`, two digits, and the script's name.
fn take_apart(name: &str) -> Option<(bool, &str)> {
    let start = match name.get(..1)? {
        "S" => true,
        "K" => false,
        _ => return None,
    };
    let digits = name.get(1..3)?;
    let service = name.get(3..).filter(|service| !service.is_empty())?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then_some((start, service))
}

/// The units that the generator makes at every boot: of scripts without a unit of their own that are started in
/// runlevels 2 to 5.
pub(super) fn generated_units(root: &Root, links: &[SysvLink]) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    let starts = |link: &&SysvLink| link.start && matches!(link.runlevel.as_str(), "2" | "3" | "4" | "5");
    // A script that cannot be looked at could not be read for its link either, which is noted.
    let is_there = |link: &&SysvLink| root.kind(&link.script) == Ok(Some(FileKind::File));
    for link in links.iter().filter(starts).filter(|link| !link.shadowed_by_unit).filter(is_there) {
        let service = link.script.rsplit('/').next().unwrap_or_default().trim_end_matches(".sh");
        let name = format!("{service}.service");
        if let Some(known) = units.iter_mut().find(|unit| unit.name == name) {
            known.enabled_by.push(Location::file(&link.path));
            continue;
        }
        let line = |directive: &str, action: &str| ExecLine {
            directive: directive.to_owned(),
            command: format!("{} {action}", link.script),
            at: Location::file(&link.script),
            logout: None,
        };
        units.push(Unit {
            name,
            fragment: Some(Location::file(&link.script)),
            enabled_by: vec![Location::file(&link.path)],
            exec: vec![
                line("ExecStart", "start"),
                ExecLine { logout: link.logout.clone(), ..line("ExecStop", "stop") },
            ],
            stopped_at_shutdown: true,
            remain_after_exit: true,
            kind: Some("forking".to_owned()),
            from_sysv: true,
            ..Unit::default()
        });
    }
    units
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn takes_link_names_apart() {
        assert_eq!(take_apart("K01open-iscsi"), Some((false, "open-iscsi")));
        assert_eq!(take_apart("S20x"), Some((true, "x")));
        for name in ["README", "S1x", "K01", "ß", "Sé1x", ""] {
            assert_eq!(take_apart(name), None, "{name}");
        }
    }
}
