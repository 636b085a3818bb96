//! Which managers of network configuration start on the real root.

use super::files::Files;
use crate::system::FileKind;
use isctpl_checks::facts::{InterfaceConfig, Location, Manager, ManagerState};

/// Where units lie, the highest priority first.
pub(super) const UNITS: [&str; 5] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// netplan's generator, which systemd runs before anything else.
const NETPLAN_GENERATORS: [&str; 4] = [
    "/etc/systemd/system-generators/netplan",
    "/usr/lib/systemd/system-generators/netplan",
    "/lib/systemd/system-generators/netplan",
    "/usr/local/lib/systemd/system-generators/netplan",
];

/// The services of each manager.
const SERVICES: [(Manager, &[&str]); 5] = [
    (Manager::Ifupdown, &["networking.service"]),
    (Manager::Networkd, &["systemd-networkd.service"]),
    (Manager::NetworkManager, &["NetworkManager.service"]),
    (Manager::Dhcpcd, &["dhcpcd.service", "dhcpcd5.service"]),
    (Manager::Ifcfg, &["network.service"]),
];

/// What is known of a service in a root.
pub(super) struct Service {
    /// It will be started at boot.
    pub(super) enabled: bool,
    /// The link that starts it, the one that masks it, or the unit itself.
    pub(super) at: Location,
}

/// The managers that are installed, with whether they start.
pub(super) fn read(files: &mut Files<'_>, netplan: &[InterfaceConfig]) -> Vec<ManagerState> {
    let mut states = Vec::new();
    let generator = NETPLAN_GENERATORS.iter().find(|path| files.root.is_file(path));
    if let Some(path) = generator {
        let at = Some(Location::file(*path));
        states.push(ManagerState { manager: Manager::Netplan, enabled: true, at });
    }
    for (manager, units) in SERVICES {
        let found: Vec<Service> = units.iter().filter_map(|unit| service(files, unit)).collect();
        let Some(best) = found.iter().find(|service| service.enabled).or(found.first()) else { continue };
        let mut state = ManagerState { manager, enabled: best.enabled, at: Some(best.at.clone()) };
        // netplan's generator starts the one that it writes for.
        if let (Some(path), false) = (generator, state.enabled)
            && manager == Manager::Networkd
            && netplan.iter().any(|config| config.renderer.as_deref() == Some("networkd"))
            && !files.is_masked(&format!("{}/{}", UNITS[0], units[0]))
        {
            state = ManagerState { manager, enabled: true, at: Some(Location::file(*path)) };
        }
        states.push(state);
    }
    states
}

/// A service of the root; `None` when it is not installed. It starts when a `.wants` or `.requires`
/// directory or a SysV or OpenRC run level names it, and nothing masks it.
pub(super) fn service(files: &mut Files<'_>, unit: &str) -> Option<Service> {
    let unit_path = UNITS
        .iter()
        .map(|directory| format!("{directory}/{unit}"))
        .find(|path| files.root.lstat(path).is_ok_and(|meta| meta.is_some()));
    let Some(unit_path) = unit_path else { return run_level(files, unit) };
    if files.is_masked(&unit_path) {
        return Some(Service { enabled: false, at: Location::file(unit_path) });
    }
    match wanted(files, unit) {
        Some(link) => Some(Service { enabled: true, at: Location::file(link) }),
        None => Some(Service { enabled: false, at: Location::file(unit_path) }),
    }
}

fn wanted(files: &mut Files<'_>, unit: &str) -> Option<String> {
    for directory in UNITS {
        for (name, kind) in files.list(directory) {
            if kind == FileKind::Directory && (name.ends_with(".wants") || name.ends_with(".requires")) {
                let link = format!("{directory}/{name}/{unit}");
                if files.root.lstat(&link).is_ok_and(|meta| meta.is_some()) {
                    return Some(link);
                }
            }
        }
    }
    None
}

/// Run levels of init systems that know no units.
fn run_level(files: &mut Files<'_>, unit: &str) -> Option<Service> {
    let name = unit.strip_suffix(".service")?;
    let script = format!("/etc/init.d/{name}");
    if !files.root.is_file(&script) {
        return None;
    }
    for directory in ["/etc/rcS.d", "/etc/rc2.d", "/etc/rc3.d", "/etc/rc5.d", "/etc/rc.d/rc3.d"] {
        let starts = |link: &String| link.get(3..) == Some(name) && link.starts_with('S');
        if let Some(link) = files.names(directory).into_iter().find(starts) {
            return Some(Service { enabled: true, at: Location::file(format!("{directory}/{link}")) });
        }
    }
    for level in ["boot", "default", "sysinit"] {
        let link = format!("/etc/runlevels/{level}/{name}");
        if files.root.lstat(&link).is_ok_and(|meta| meta.is_some()) {
            return Some(Service { enabled: true, at: Location::file(link) });
        }
    }
    Some(Service { enabled: false, at: Location::file(script) })
}

/// systemd's version, from the name of its library: `libsystemd-shared-252.so`,
/// `libsystemd-shared-255.4-1ubuntu8.so`.
pub(super) fn systemd_version(files: &mut Files<'_>) -> Option<u32> {
    let mut directories = vec!["/usr/lib/systemd".to_owned(), "/lib/systemd".to_owned()];
    for library in ["/usr/lib", "/usr/lib64"] {
        directories.push(format!("{library}/systemd"));
        directories.extend(
            files
                .list(library)
                .into_iter()
                .filter(|(name, kind)| *kind == FileKind::Directory && name.contains("-linux-"))
                .map(|(name, _)| format!("{library}/{name}/systemd")),
        );
    }
    directories.iter().find_map(|directory| files.names(directory).iter().find_map(|name| version_of(name)))
}

fn version_of(name: &str) -> Option<u32> {
    let rest = name.strip_prefix("libsystemd-shared-")?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).and_then(|end| rest.get(..end))?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::version_of;

    #[test]
    fn the_library_tells_the_version() {
        assert_eq!(version_of("libsystemd-shared-252.so"), Some(252));
        assert_eq!(version_of("libsystemd-shared-255.4-1ubuntu8.so"), Some(255));
        assert_eq!(version_of("libsystemd-core-252.so"), None);
    }
}
