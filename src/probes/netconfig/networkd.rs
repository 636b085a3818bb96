//! systemd-networkd's files, and udev's `.link` files that stand beside them.

use super::generated;
use crate::formats::network::link;
use crate::formats::network::networkd::{netdev, read as read_network, uppers};
use crate::formats::systemd;
use crate::probes::files::Reader;
use isctpl_checks::facts::{HIDDEN, InterfaceConfig, Located, Manager, NetConfig, NicMatch, Source};
use std::collections::{BTreeMap, BTreeSet};

/// Where `.network`, `.netdev` and `.link` files lie, the highest priority first.
pub(super) const DIRECTORIES: [&str; 5] = [
    "/etc/systemd/network",
    "/run/systemd/network",
    "/usr/local/lib/systemd/network",
    "/usr/lib/systemd/network",
    "/lib/systemd/network",
];

/// Where `networkd.conf` and its drop-ins lie.
const CONF: [&str; 5] = ["/etc/systemd", "/run/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd", "/lib/systemd"];

/// Adds to the facts what networkd and udev read.
pub(super) fn read(files: &Reader<'_>, facts: &mut NetConfig) {
    let (mut interfaces, above) = networks(files);
    stack(files, &above, &mut interfaces);
    facts.interfaces.extend(interfaces);
    Source::Manager(Manager::Networkd).name(&mut files.problems());
    for path in files.conf_files(&DIRECTORIES, ".link") {
        if let Some((file, _)) = files.unit(&path, &DIRECTORIES) {
            facts.renames.extend(link::read(&file, &path));
        }
    }
    Source::LinkFiles.name(&mut files.problems());
    facts.manage_foreign_routes = manage_foreign_routes(files);
}

/// The `.network` files in the order in which they are matched, and which NICs bear a VLAN, by the VLAN's name.
pub(in crate::probes) fn networks(files: &Reader<'_>) -> (Vec<InterfaceConfig>, BTreeMap<String, NicMatch>) {
    let mut interfaces = Vec::new();
    let mut above = BTreeMap::new();
    for path in files.conf_files(&DIRECTORIES, ".network") {
        let Some((mut file, drop_ins)) = files.unit(&path, &DIRECTORIES) else { continue };
        files.problems().append(&mut file.problems);
        let Some(mut config) = read_network(&file, &files.name(&path), &mut files.problems()) else { continue };
        config.also = drop_ins.iter().map(|drop_in| files.location(drop_in)).collect();
        config.generated_by = author(files, &path);
        for (_, upper) in uppers(&file) {
            above.insert(upper, config.matches.clone());
        }
        interfaces.push(config);
    }
    (interfaces, above)
}

/// Who wrote a `.network` file. netplan and cloud-init put no comment in theirs: for them the name tells,
/// together with a place that nobody else writes to or the program itself.
fn author(files: &Reader<'_>, path: &str) -> Option<String> {
    let text = files.text(path).unwrap_or_default();
    if let Some(program) = generated::by(&text) {
        return Some(program);
    }
    let name = path.rsplit('/').next().unwrap_or_default();
    if path.starts_with("/run/") && name.starts_with("10-netplan-") {
        return Some("netplan".to_owned());
    }
    let cloud_init = name.starts_with("10-cloud-init-") && files.is_file("/usr/bin/cloud-init");
    cloud_init.then(|| "cloud-init".to_owned())
}

/// Fills in what lies below the VLANs, bonds and bridges that `.netdev` files make.
fn stack(files: &Reader<'_>, above: &BTreeMap<String, NicMatch>, interfaces: &mut [InterfaceConfig]) {
    let mut made = BTreeSet::new();
    for path in files.conf_files(&DIRECTORIES, ".netdev") {
        let Some((file, _)) = files.unit(&path, &DIRECTORIES) else { continue };
        let Some((name, _, vlan)) = netdev(&file) else { continue };
        made.insert(name.clone());
        for config in interfaces.iter_mut().filter(|config| config.matches.names.contains(&name)) {
            config.vlan = vlan;
            if let Some(below) = above.get(&name) {
                config.lower = if below.names.is_empty() { below.macs.clone() } else { below.names.clone() };
            }
        }
    }
    // networkd leaves out what it has no `.netdev` file for (network_resolve_netdev_one()).
    for config in interfaces.iter_mut() {
        config.port_of.take_if(|upper| !made.contains(&upper.value) && upper.value != HIDDEN);
    }
}

fn manage_foreign_routes(files: &Reader<'_>) -> Option<Located<bool>> {
    let mut conf = systemd::UnitFile::default();
    for directory in CONF {
        let path = format!("{directory}/networkd.conf");
        if let Some(text) = files.text(&path) {
            conf = systemd::parse(&text, &path);
            break;
        }
    }
    files.add_drop_ins(&mut conf, "networkd.conf", &CONF);
    files.problems().append(&mut conf.problems);
    conf.boolean("Network", "ManageForeignRoutes")
}
