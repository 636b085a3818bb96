//! Reverse-path filters set at boot.

use crate::formats::systemd::sysctl::{parse, rp_filter as filter_of};
use crate::probes::files::Reader;
use isctpl_checks::facts::{Located, Problem};

/// Where systemd-sysctl and procps look, the highest priority first.
const DIRECTORIES: [&str; 5] =
    ["/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d"];

/// The most settings that are kept; a host with four thousand VLANs may set one for each.
const SETTING_LIMIT: usize = 10_000;

const CONF: &str = "/etc/sysctl.conf";

/// Programs whose presence means that `/etc/sysctl.conf` is read only through a link in `sysctl.d`.
const SYSTEMD_SYSCTL: [&str; 2] = ["/usr/lib/systemd/systemd-sysctl", "/lib/systemd/systemd-sysctl"];

/// Settings of `rp_filter` in the order in which they are applied; the last one for a name holds.
pub(super) fn rp_filter(files: &Reader<'_>) -> Vec<Located<(String, u8)>> {
    let mut paths = files.conf_files(&DIRECTORIES, ".conf");
    paths.retain(|path| !files.is_masked(path));
    if files.first_file(SYSTEMD_SYSCTL).is_none() {
        paths.push(CONF.to_owned());
    }
    let mut found = Vec::new();
    for path in paths {
        let Some(text) = files.text(&path) else { continue };
        let filters =
            parse(&text, &path).filter_map(|setting| Some(Located::new(filter_of(&setting)?, setting.at.clone())));
        found.extend(filters.take((SETTING_LIMIT + 1).saturating_sub(found.len())));
        if found.len() > SETTING_LIMIT {
            let what = format!("has no room: more than {SETTING_LIMIT} settings of rp_filter; the rest is not read");
            files.note(Problem::new(path, what));
            break;
        }
    }
    found
}
