//! Units that something other than a unit starts: udev's rules, and generators that decide at boot.

use super::started::First;
use crate::formats::systemd::udev_rules;
use crate::probes::files::Reader;
use isctpl_checks::facts::Location;

/// Units that are started, with what starts them.
pub(super) fn started(reader: &Reader<'_>) -> Vec<First> {
    let mut started = Vec::new();
    for path in reader.conf_files(&udev_rules::DIRECTORIES, ".rules") {
        let of_iscsi = path.rsplit('/').next().is_some_and(|name| name.contains("iscsi"));
        if of_iscsi && !reader.is_masked(&path) {
            started.extend(wanted_by_rules(&reader.text(&path).unwrap_or_default(), &path));
        }
    }
    // cloud-init's generator adds its target at every boot unless it is switched off.
    let generators = ["/usr/lib", "/lib"].map(|lib| format!("{lib}/systemd/system-generators/cloud-init-generator"));
    if let Some(generator) = reader.first_file(generators)
        && reader.find("/etc/cloud/cloud-init.disabled").is_none()
    {
        started.push(("cloud-init.target".to_owned(), Some(generator)));
    }
    started
}

/// Units in `ENV{SYSTEMD_WANTS}=` of udev's rules for block devices (systemd.device(5)): a disk of a session
/// starts them.
fn wanted_by_rules(text: &str, path: &str) -> Vec<First> {
    let mut wanted = Vec::new();
    for (line, rule) in (1u32..).zip(text.lines()) {
        let rule = rule.trim();
        if rule.starts_with('#') || !rule.contains("block") {
            continue;
        }
        for piece in rule.split("ENV{SYSTEMD_WANTS}").skip(1) {
            let assigned =
                piece.strip_prefix("+=").or_else(|| piece.strip_prefix('=').filter(|rest| !rest.starts_with('=')));
            let value = assigned.and_then(|rest| rest.strip_prefix('"')?.split('"').next());
            for unit in value.into_iter().flat_map(str::split_whitespace) {
                wanted.push((unit.to_owned(), Some(Location::line(path, line).to_string())));
            }
        }
    }
    wanted
}
