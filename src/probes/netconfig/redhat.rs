//! Red Hat's ifcfg files.

use super::{generated, ifcfg_files};
use crate::formats::network::keyfile::ifcfg;
use crate::formats::text::net::default_gateway;
use crate::probes::files::Reader;
use crate::probes::units::load::Unit;
use isctpl_checks::facts::{Initscripts, LeavesUp, Location, NetConfig};

const DIRECTORY: &str = "/etc/sysconfig/network-scripts";

/// Endings that initscripts and NetworkManager both skip.
const LEFT_OVERS: [&str; 7] = ["~", ".bak", ".orig", ".rej", ".rpmnew", ".rpmsave", ".old"];

/// Where initscripts keep their script for the network.
const SCRIPTS: [&str; 2] = ["/etc/rc.d/init.d/network", "/etc/init.d/network"];

/// What the script asks for `_netdev` where it does not ask systemd.
const MTAB: &str = "/etc/mtab";

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
    facts.initscripts = initscripts(files);
}

/// The script for the network, and by what it knows a root that needs it: initscripts 9.49.47 and later ask systemd
/// whether `remote-fs.target` requires the root, older ones look for `_netdev` in `/etc/mtab`.
fn initscripts(files: &Reader<'_>) -> Option<Initscripts> {
    let path = files.first_file(SCRIPTS).filter(|_| is_script(files, "network"))?;
    let text = files.text(path)?;
    let says = |words: &[&str]| {
        let mut lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        lines.any(|line| words.iter().all(|word| line.contains(word)))
    };
    let leaves_up = if says(&["systemctl", "remote-fs.target"]) {
        LeavesUp::RemoteRoot
    } else if !says(&["/etc/mtab"]) || !says(&["netdev"]) {
        LeavesUp::Unclear
    } else if files.link(MTAB).is_some() {
        LeavesUp::KernelMounts
    } else {
        LeavesUp::Mtab
    };
    Some(Initscripts { at: files.location(path), leaves_up })
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
