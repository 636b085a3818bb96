//! Red Hat's ifcfg files.

use super::{generated, ifcfg_files};
use crate::formats::network::keyfile::ifcfg;
use crate::formats::text::net::default_gateway;
use crate::probes::files::Reader;
use crate::probes::units::load::Unit;
use isctpl_checks::facts::{Location, NetConfig};

const DIRECTORY: &str = "/etc/sysconfig/network-scripts";

/// Endings that initscripts and NetworkManager both skip.
const LEFT_OVERS: [&str; 7] = ["~", ".bak", ".orig", ".rej", ".rpmnew", ".rpmsave", ".old"];

/// Adds the interfaces of ifcfg files to the facts.
pub(super) fn read(files: &Reader<'_>, facts: &mut NetConfig) {
    for (name, path) in ifcfg_files::list(files, DIRECTORY, &LEFT_OVERS) {
        let Some(text) = files.text(&path) else { continue };
        let mut config = ifcfg::read(&text, &path, &name, &mut files.problems());
        config.generated_by = generated::by(&text);
        let routes_path = format!("{DIRECTORY}/route-{name}");
        if let Some(routes) = files.text(&routes_path) {
            config.routes = ifcfg::routes(&routes, &routes_path, &mut files.problems());
            config.also.push(Location::file(routes_path));
            config.gateway = config.gateway.or_else(|| default_gateway(&config.routes));
        }
        facts.interfaces.push(config);
    }
}

/// Whether a unit is that of Red Hat's initscripts, which runs their script.
pub(super) fn is_unit(unit: &Unit) -> bool {
    let lines = unit.file.list("Service", "ExecStart");
    lines.iter().any(|line| line.value.split_whitespace().any(|word| word.ends_with("/init.d/network")))
}

/// Whether a script of System V init is Red Hat's for the network.
pub(super) fn is_script(files: &Reader<'_>, script: &str) -> bool {
    script == "network" && files.first_directory([DIRECTORY]).is_some()
}
