//! Services that are scripts of System V init or OpenRC.

use crate::probes::files::Reader;
use isctpl_checks::facts::Location;

/// The runlevels of which systemd-sysv-generator(8) makes links to targets.
const GENERATED: [&str; 4] = ["2", "3", "4", "5"];

/// The runlevels of which System V init runs a service at some boot.
const RUNLEVELS: [&str; 4] = ["S", "2", "3", "5"];

const GENERATORS: [&str; 2] = [
    "/usr/lib/systemd/system-generators/systemd-sysv-generator",
    "/lib/systemd/system-generators/systemd-sysv-generator",
];

/// What is known of a service of a root.
pub(crate) struct Service {
    /// It is started at boot.
    pub(crate) enabled: bool,
    /// The link that starts it, the one that masks it, or the unit or script itself.
    pub(crate) at: Location,
}

/// Whether systemd makes units of scripts.
pub(super) fn has_generator(reader: &Reader<'_>) -> bool {
    reader.first_file(GENERATORS).is_some()
}

/// A service by its script's name; `None` when there is no such script.
pub(super) fn service(reader: &Reader<'_>, systemd: bool, name: &str) -> Option<Service> {
    let script = format!("/etc/init.d/{name}");
    if !reader.is_file(&script) {
        return None;
    }
    let link = if !systemd {
        in_runlevel(reader, &RUNLEVELS, name).or_else(|| in_openrc(reader, name))
    } else if has_generator(reader) {
        in_runlevel(reader, &GENERATED, name)
    } else {
        None
    };
    Some(Service { enabled: link.is_some(), at: reader.location(&link.unwrap_or(script)) })
}

/// The link that starts a script in one of the runlevels.
fn in_runlevel(reader: &Reader<'_>, runlevels: &[&str], name: &str) -> Option<String> {
    let directories =
        runlevels.iter().flat_map(|level| [format!("/etc/rc{level}.d"), format!("/etc/rc.d/rc{level}.d")]);
    directories.into_iter().find_map(|directory| {
        let starts = |link: &String| link.get(3..) == Some(name) && link.starts_with('S');
        let link = reader.names(&directory).into_iter().find(starts)?;
        Some(format!("{directory}/{link}"))
    })
}

/// The link of a runlevel of OpenRC.
fn in_openrc(reader: &Reader<'_>, name: &str) -> Option<String> {
    let mut links = ["boot", "default", "sysinit"].into_iter().map(|level| format!("/etc/runlevels/{level}/{name}"));
    links.find(|link| reader.link(link).is_some() || reader.is_file(link))
}
