//! NetworkManager's configuration and profiles.

use super::generated;
use crate::formats::network::keyfile::nm_conf::NmConf;
use crate::formats::network::keyfile::{parse, profile};
use crate::probes::files::Reader;
use isctpl_checks::facts::{InterfaceConfig, Manager, Method, NetConfig, Problem};

/// Where profiles lie, the highest priority first.
const PROFILES: [&str; 3] = [
    "/etc/NetworkManager/system-connections",
    "/run/NetworkManager/system-connections",
    "/usr/lib/NetworkManager/system-connections",
];

/// Drop-ins that are read before and after `NetworkManager.conf`, the highest priority first.
const CONF_D: [&str; 3] =
    ["/etc/NetworkManager/conf.d", "/run/NetworkManager/conf.d", "/usr/lib/NetworkManager/conf.d"];

const CONF: &str = "/etc/NetworkManager/NetworkManager.conf";

/// Adds devices that are left alone to the facts, then profiles. The interfaces of ifupdown are there already.
pub(super) fn read(files: &Reader<'_>, facts: &mut NetConfig) {
    let conf = conf(files);
    // A device that is left alone gets no profile, so these go first.
    let left = left_to_ifupdown(&conf, &facts.interfaces);
    let configs = &mut facts.interfaces;
    let (unmanaged, problems) = conf.unmanaged();
    configs.extend(unmanaged);
    files.problems().extend(problems);
    configs.extend(left);
    for path in files.conf_files(&PROFILES, "") {
        let name = path.rsplit('/').next().unwrap_or_default();
        // Without the suffix files count in /etc only; editors' left-overs never do.
        let counts = name.ends_with(".nmconnection")
            || (path.starts_with("/etc/") && !name.ends_with('~') && !name.contains(".nm") && !name.contains(".rpm"));
        if counts && may_be_read_by_networkmanager(files, &path) {
            profile_of(files, &path, configs);
        }
    }
}

/// With the plugin `ifupdown` and without `managed=true`, what ifupdown has is left to it.
fn left_to_ifupdown(conf: &NmConf, interfaces: &[InterfaceConfig]) -> Vec<InterfaceConfig> {
    let managed = conf.ifupdown_managed.as_ref().is_some_and(|managed| managed.value);
    let (Some(plugins), Some(true), false) = (&conf.plugins, conf.has_plugin("ifupdown"), managed) else {
        return Vec::new();
    };
    let real = |config: &&InterfaceConfig| config.manager == Manager::Ifupdown && config.method != Method::Loopback;
    let interfaces = interfaces.iter().filter(real);
    interfaces
        .map(|config| {
            let at = conf.ifupdown_managed.as_ref().map_or(&plugins.at, |managed| &managed.at);
            let mut left = InterfaceConfig::new(Manager::NetworkManager, at.clone());
            left.also.push(config.at.clone());
            left.matches = config.matches.clone();
            left.method = Method::Manual;
            left.unmanaged = true;
            left
        })
        .collect()
}

/// NetworkManager refuses a profile that others may read or write.
fn may_be_read_by_networkmanager(files: &Reader<'_>, path: &str) -> bool {
    match files.find(path).and_then(|found| found.mode) {
        Some(mode) if mode & 0o077 != 0 => {
            let what = "NetworkManager ignores this file: its mode gives group or others access (chmod 600)";
            files.note(Problem::new(path, what));
            false
        }
        _ => true,
    }
}

fn profile_of(files: &Reader<'_>, path: &str, configs: &mut Vec<InterfaceConfig>) {
    let Some(text) = files.text(path) else { return };
    let file = parse(&text, path);
    files.problems().extend(file.problems.iter().cloned());
    if let Some(mut config) = profile::read(&file, path, &mut files.problems()) {
        config.generated_by = generated::by(&text).or_else(|| initrd_generator(path));
        configs.push(config);
    }
}

/// Profiles below /run were put there by a program: those that the initramfs made keep its default names.
fn initrd_generator(path: &str) -> Option<String> {
    let name = path.rsplit('/').next().unwrap_or_default();
    if !path.starts_with("/run/") {
        return None;
    }
    Some(if name.starts_with("netplan-") { "netplan" } else { "a program at boot" }.to_owned())
}

/// Every configuration file in the order in which they are read: drop-ins of /usr/lib and /run, then
/// NetworkManager.conf, then drop-ins of /etc. Of drop-ins with one name the first directory's counts.
fn conf(files: &Reader<'_>) -> NmConf {
    let drop_ins = files.conf_files(&CONF_D, ".conf");
    let (own, others): (Vec<_>, Vec<_>) = drop_ins.into_iter().partition(|path| path.starts_with("/etc/"));
    let mut conf = NmConf::default();
    for path in others.into_iter().chain([CONF.to_owned()]).chain(own) {
        if let Some(text) = files.text(&path) {
            let file = parse(&text, &path);
            conf.add(&file);
            files.problems().extend(file.problems);
        }
    }
    conf
}
