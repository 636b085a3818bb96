//! dhcpcd as a service.

use crate::formats::network::dhcpcd_conf::parse;
use crate::probes::files::Reader;
use isctpl_checks::facts::NetConfig;

/// The configuration.
pub(in crate::probes) const CONF: &str = "/etc/dhcpcd.conf";

const PROGRAMS: [&str; 4] = ["/usr/sbin/dhcpcd", "/sbin/dhcpcd", "/usr/sbin/dhcpcd5", "/usr/bin/dhcpcd"];

/// Adds the configurations that dhcpcd works by to the facts, where it is installed.
pub(super) fn read(files: &Reader<'_>, facts: &mut NetConfig) {
    if files.first_file(PROGRAMS).is_some() {
        let text = files.text(CONF).unwrap_or_default();
        facts.interfaces.extend(parse(&text, CONF, &mut files.problems()));
    }
}
