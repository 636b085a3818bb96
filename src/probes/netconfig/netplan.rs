//! netplan's files.

use super::generated;
use crate::formats::network::netplan::Netplan;
use crate::probes::files::Reader;
use isctpl_checks::facts::NetConfig;

/// The directory of the highest priority first.
const DIRECTORIES: [&str; 4] = ["/run/netplan", "/etc/netplan", "/usr/lib/netplan", "/lib/netplan"];

/// Adds the interfaces of netplan to the facts.
pub(super) fn read(files: &Reader<'_>, facts: &mut NetConfig) {
    let mut netplan = Netplan::default();
    for path in files.conf_files(&DIRECTORIES, ".yaml") {
        if let Some(text) = files.text(&path) {
            netplan.add(&text, &path, generated::by(&text).as_deref());
        }
    }
    let (interfaces, problems) = netplan.finish();
    files.problems().extend(problems);
    facts.interfaces.extend(interfaces);
}
