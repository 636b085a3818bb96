//! netplan's files.

use super::{generated, version};
use crate::formats::network::netplan::Netplan;
use crate::probes::files::Reader;
use isctpl_checks::facts::NetConfig;

/// The directory of the highest priority first.
const DIRECTORIES: [&str; 4] = ["/run/netplan", "/etc/netplan", "/usr/lib/netplan", "/lib/netplan"];

/// Adds the interfaces of netplan to the facts.
pub(super) fn read(files: &Reader<'_>, facts: &mut NetConfig) {
    let mut netplan = Netplan::default();
    let paths = files.conf_files(&DIRECTORIES, ".yaml");
    let mut strict = !paths.is_empty() && version::netplan_refuses_as_a_whole(files);
    for path in paths {
        match files.text(&path) {
            Some(text) => netplan.add(&text, &path, generated::by(&text).as_deref()),
            // It may define what the others name.
            None => strict = false,
        }
    }
    let (interfaces, problems) = netplan.finish(strict);
    files.problems().extend(problems);
    facts.interfaces.extend(interfaces);
}
