//! cloud-init, which writes the network configuration anew at the first boot of an instance.

use crate::formats::network::cloud_init::{self as format, Network};
use crate::probes::files::Reader;
use crate::probes::units::startup::Startup;
use isctpl_checks::facts::{Cmdline, Location, Manager, ManagerState, NetConfig, Problem, Source};

/// The units that write it: of cloud-init before 24.3, and since.
const UNITS: [&str; 3] = ["cloud-init-local.service", "cloud-init.service", "cloud-init-main.service"];

/// What is there once an instance was set up: nothing is written again for the same one (apply_network_config() in
/// cloudinit/stages.py).
const INSTANCE: [&str; 2] = ["/var/lib/cloud/data/instance-id", "/var/lib/cloud/instance/datasource"];

/// Notes that the configuration of the network is not the one on the disk, where that is so.
pub(super) fn read(files: &Reader<'_>, startup: &Startup<'_>, words: Option<&Cmdline>, facts: &mut NetConfig) {
    let Some(unit) = UNITS.iter().filter_map(|name| startup.service(name)).find(|service| service.enabled) else {
        return;
    };
    let is_off = words.is_some_and(|words| {
        words.last("cloud-init") == Some("disabled") || words.last("network-config") == Some("disabled")
    });
    if is_off || files.first_file(INSTANCE).is_some() || files.is_file("/var/lib/cloud/data/upgraded-network") {
        return;
    }
    let (what, at) = match network(files) {
        (Network::Disabled, _) => return,
        (_, Some(at)) => ("cloud-init makes the network configuration of this at the first boot", at),
        (_, None) => ("cloud-init writes the network configuration anew at the first boot", unit.at.clone()),
    };
    let what = format!("{what}; what becomes of the SAN NIC then is not known");
    files.note(Problem::new(at.to_string(), what).of(Source::Manager(Manager::CloudInit)));
    facts.managers.push(ManagerState { manager: Manager::CloudInit, enabled: true, at: Some(unit.at) });
}

/// What the files say of the network: a later one replaces what an earlier one says; and the place of a configuration.
fn network(files: &Reader<'_>) -> (Network, Option<Location>) {
    let main = files.is_file("/etc/cloud/cloud.cfg").then(|| "/etc/cloud/cloud.cfg".to_owned());
    let mut said = (Network::Unsaid, None);
    for path in main.into_iter().chain(files.conf_files(&["/etc/cloud/cloud.cfg.d"], ".cfg")) {
        let Some(text) = files.text(&path) else { continue };
        match format::network(&text) {
            Ok(Network::Unsaid) => {}
            Ok(Network::Disabled) => said = (Network::Disabled, None),
            Ok(own @ Network::Own(line)) => said = (own, Some(Location::line(files.name(&path), line))),
            Err(fault) => {
                let problem = Problem::new(Location::line(files.name(&path), fault.line).to_string(), fault.what);
                files.note(problem.of(Source::Manager(Manager::CloudInit)));
            }
        }
    }
    said
}
