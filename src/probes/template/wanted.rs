//! What a template must carry: monitoring, a Python for the platform's scripts, and what logs in at boot.

use super::search::Search;
use crate::probes::units::startup::Startup;
use isctpl_checks::facts::Wanted;

/// Directories in which a platform's own helper would lie, by a name of its vendor's.
const HELPER_DIRECTORIES: [&str; 10] = [
    "/usr/share/initramfs-tools/hooks",
    "/usr/share/initramfs-tools/scripts/local-top",
    "/usr/share/initramfs-tools/scripts/init-premount",
    "/etc/initramfs-tools/hooks",
    "/etc/initramfs-tools/scripts/local-top",
    "/etc/initramfs-tools/scripts/init-premount",
    "/usr/lib/dracut/modules.d",
    "/etc/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];
const VENDORS: [&str; 2] = ["metalsoft", "bigstep"];

/// The distribution's own helpers: open-iscsi's script for initramfs-tools, dracut's module.
const OPEN_ISCSI_SCRIPT: &str = "/usr/share/initramfs-tools/scripts/local-top/iscsi";
const DRACUT_MODULES: &str = "/usr/lib/dracut/modules.d";

/// Interpreters that provisioning runs by: any one will do. The last is that of RHEL 8.
const PYTHONS: [&str; 5] = [
    "/usr/bin/python3",
    "/usr/bin/python",
    "/usr/bin/python2",
    "/usr/local/bin/python3",
    "/usr/libexec/platform-python",
];

/// Looks for each of them.
pub(super) fn look(search: &mut Search<'_>, startup: &Startup<'_>) -> Vec<Wanted> {
    let snmpd = search.first_file(&["/usr/sbin/snmpd", "/usr/local/sbin/snmpd"]);
    let starts = || startup.service("snmpd.service").is_some_and(|service| service.enabled);
    let enabled = snmpd.is_some().then(starts);
    if enabled == Some(false) {
        search.problems.extend(startup.problems());
        search.problems.extend(startup.cut_short());
    }
    let helper = helper(search);
    vec![
        Wanted {
            what: "snmpd".to_owned(),
            found: snmpd,
            enabled,
            looked_for: owned(&["/usr/sbin/snmpd", "/usr/local/sbin/snmpd"]),
        },
        Wanted {
            what: "python".to_owned(),
            found: search.first_file(&PYTHONS),
            enabled: None,
            looked_for: owned(&PYTHONS),
        },
        helper,
    ]
}

fn owned(paths: &[&str]) -> Vec<String> {
    paths.iter().map(|path| (*path).to_owned()).collect()
}

fn helper(search: &mut Search<'_>) -> Wanted {
    let mut found = None;
    for directory in HELPER_DIRECTORIES {
        let names = search.list(directory);
        let name = names.iter().map(|(name, _)| name).find(|name| VENDORS.iter().any(|vendor| name.contains(vendor)));
        found = found.or_else(|| name.map(|name| format!("{directory}/{name}")));
    }
    let found = found.or_else(|| search.first_file(&[OPEN_ISCSI_SCRIPT])).or_else(|| {
        let modules = search.list(DRACUT_MODULES);
        let module = modules
            .iter()
            .map(|(name, _)| name)
            .find(|name| name.trim_start_matches(|c: char| c.is_ascii_digit()) == "iscsi");
        module.map(|name| format!("{DRACUT_MODULES}/{name}"))
    });
    let looked_for = VENDORS
        .iter()
        .map(|vendor| format!("*{vendor}* in hooks and units"))
        .chain(owned(&[OPEN_ISCSI_SCRIPT]))
        .chain([format!("{DRACUT_MODULES}/*iscsi")])
        .collect();
    Wanted { what: "helper".to_owned(), found, enabled: None, looked_for }
}
