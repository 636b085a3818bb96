//! The managers of network configuration: the files of each, and whether it starts on the real root.

use super::{dhcpcd, ifupdown, netplan, networkd, networkmanager, redhat, wicked};
use crate::probes::files::Reader;
use crate::probes::units::startup::Startup;
use isctpl_checks::facts::{InterfaceConfig, Location, Manager, ManagerState, NetConfig, Source};

/// A manager.
struct Row {
    manager: Manager,
    starts: Starts,
    /// Adds its configuration to the facts.
    read: fn(&Reader<'_>, &mut NetConfig),
}

/// What starts a manager.
enum Starts {
    /// One of these services.
    Services(&'static [&'static str]),
    /// systemd itself, where one of these programs is installed, before anything else.
    Generators(&'static [&'static str]),
    /// Red Hat's initscripts: their script, or a unit that runs it. The name is also an alias of other managers, and
    /// SUSE's script has it too.
    Initscripts,
}

/// Every manager, in the order in which facts have them; NetworkManager leaves to ifupdown what that has.
const MANAGERS: [Row; 7] = [
    Row { manager: Manager::Ifupdown, starts: Starts::Services(Manager::Ifupdown.services()), read: ifupdown::read },
    Row {
        manager: Manager::Netplan,
        starts: Starts::Generators(&[
            "/etc/systemd/system-generators/netplan",
            "/usr/lib/systemd/system-generators/netplan",
            "/lib/systemd/system-generators/netplan",
            "/usr/local/lib/systemd/system-generators/netplan",
        ]),
        read: netplan::read,
    },
    Row { manager: Manager::Networkd, starts: Starts::Services(Manager::Networkd.services()), read: networkd::read },
    Row {
        manager: Manager::NetworkManager,
        starts: Starts::Services(Manager::NetworkManager.services()),
        read: networkmanager::read,
    },
    Row { manager: Manager::Ifcfg, starts: Starts::Initscripts, read: redhat::read },
    Row { manager: Manager::Wicked, starts: Starts::Services(Manager::Wicked.services()), read: wicked::read },
    Row { manager: Manager::Dhcpcd, starts: Starts::Services(Manager::Dhcpcd.services()), read: dhcpcd::read },
];

const INITSCRIPTS: &str = "network.service";

/// The services that start managers.
pub(super) fn services() -> impl Iterator<Item = &'static str> {
    MANAGERS
        .iter()
        .flat_map(|row| match row.starts {
            Starts::Services(names) => names,
            Starts::Generators(_) => &[],
            Starts::Initscripts => &[INITSCRIPTS],
        })
        .copied()
}

/// Reads the configuration of every manager, and whether those that are installed start.
pub(super) fn read(files: &Reader<'_>, startup: &Startup<'_>, facts: &mut NetConfig) {
    for row in &MANAGERS {
        (row.read)(files, facts);
        facts.managers.extend(state(files, startup, row));
        Source::Manager(row.manager).name(&mut files.problems());
    }
    started_by_netplan(startup, facts);
}

fn state(files: &Reader<'_>, startup: &Startup<'_>, row: &Row) -> Option<ManagerState> {
    let (enabled, at) = match row.starts {
        Starts::Generators(paths) => (true, Location::file(*files.first_file(paths)?)),
        Starts::Services(names) => {
            let mut found: Vec<_> = names.iter().filter_map(|name| startup.service(name)).collect();
            let best = found.iter().position(|service| service.enabled).unwrap_or(0);
            let best = (best < found.len()).then(|| found.swap_remove(best))?;
            (best.enabled, best.at)
        }
        Starts::Initscripts => {
            let is_theirs = match startup.units.load(INITSCRIPTS) {
                Some(unit) => unit.masked.is_some() || redhat::is_unit(&unit),
                None => redhat::is_script(files, "network"),
            };
            let service = startup.service(INITSCRIPTS).filter(|_| is_theirs)?;
            (service.enabled, service.at)
        }
    };
    Some(ManagerState { manager: row.manager, enabled, at: Some(at) })
}

/// netplan's generator starts networkd where it writes for it.
fn started_by_netplan(startup: &Startup<'_>, facts: &mut NetConfig) {
    let state = |manager| facts.managers.iter().position(|state: &ManagerState| state.manager == manager);
    let (Some(netplan), Some(networkd)) = (state(Manager::Netplan), state(Manager::Networkd)) else { return };
    let is_for_it = |config: &InterfaceConfig| config.renderer.as_deref() == Some("networkd");
    let writes = facts.interfaces.iter().any(|config| is_for_it(config) && config.given_up.is_none());
    let masked = startup.units.load("systemd-networkd.service").is_none_or(|unit| unit.masked.is_some());
    if writes && !masked && !facts.managers[networkd].enabled {
        facts.managers[networkd].enabled = true;
        facts.managers[networkd].at = facts.managers[netplan].at.clone();
    }
}
