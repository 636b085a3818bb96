//! Red Hat's ifcfg files.

use super::generated;
use crate::formats::network::keyfile::ifcfg;
use crate::formats::text::net::default_gateway;
use crate::probes::files::Reader;
use isctpl_checks::facts::{Location, NetConfig};

const DIRECTORY: &str = "/etc/sysconfig/network-scripts";

/// Endings that initscripts and NetworkManager both skip.
const LEFT_OVERS: [&str; 7] = ["~", ".bak", ".orig", ".rej", ".rpmnew", ".rpmsave", ".old"];

/// Adds the interfaces of ifcfg files to the facts.
pub(super) fn read(files: &Reader<'_>, facts: &mut NetConfig) {
    for file_name in files.names(DIRECTORY) {
        let Some(name) = file_name.strip_prefix("ifcfg-") else { continue };
        if name.is_empty() || LEFT_OVERS.iter().any(|ending| name.ends_with(ending)) {
            continue;
        }
        let path = format!("{DIRECTORY}/{file_name}");
        let Some(text) = files.text(&path) else { continue };
        let mut config = ifcfg::read(&text, &path, name, &mut files.problems());
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
