//! Files of the root about storage: LVM's settings, the resume device, multipath.

use crate::formats::shell::{Shell, Variables};
use crate::formats::storage::{lvm, mdadm_conf};
use crate::formats::text::harmless::mount;
use crate::probes::files::first_of;
use crate::system::{FileKind, Root};
use isctpl_checks::facts::{HIDDEN, Located, Location, LvmConfig, MdArray, Problem, Source, Storage};

const LVM_CONF: [&str; 2] = ["/etc/lvm/lvm.conf", "/etc/lvm/lvmlocal.conf"];

/// LVM's configuration: lvm.conf, what lvmlocal.conf sets over it, and the devices file.
pub(super) fn lvm_config(root: &Root, problems: &mut Vec<Problem>) -> LvmConfig {
    let mut settings = lvm::Settings::default();
    for path in LVM_CONF {
        if let Some(text) = text(root, path, problems) {
            let (found, trouble) = lvm::settings(&text, path);
            problems.extend(trouble);
            settings = settings.overridden_by(found);
        }
    }
    let name = settings.devicesfile.as_ref().map_or("system.devices", |name| name.value.as_str());
    let path = format!("/etc/lvm/devices/{name}");
    let devices_file = text(root, &path, problems).map(|text| {
        let (entries, trouble) = lvm::devices_file(&text, &path);
        problems.extend(trouble);
        entries
    });
    // volume_list binds every activation, the other one only that at boot.
    let lists = [
        ("activation/volume_list", settings.volume_list),
        ("activation/auto_activation_volume_list", settings.auto_activation_volume_list),
    ];
    let list = lists.into_iter().find_map(|(setting, list)| Some((setting.to_owned(), list?)));
    let (activation_setting, activation_list) = list.unzip();
    LvmConfig {
        filter: settings.filter.unwrap_or_default(),
        global_filter: settings.global_filter.unwrap_or_default(),
        use_devicesfile: settings.use_devicesfile,
        devices_file,
        activation_list,
        activation_setting,
    }
}

/// The volume groups that LVM has kept a backup of (vgcfgbackup(8)): what their volumes are made of, and on which devices
/// they were seen.
pub(super) fn volume_groups(root: &Root, storage: &mut Storage, problems: &mut Vec<Problem>) {
    const DIRECTORY: &str = "/etc/lvm/backup";
    const LIMIT: usize = 64;
    let names = root.names(DIRECTORY).unwrap_or_else(|problem| {
        problems.push(problem);
        Vec::new()
    });
    for name in names.iter().take(LIMIT) {
        let path = format!("{DIRECTORY}/{name}");
        if let Some(group) = text(root, &path, problems).and_then(|text| lvm::volume_group(&text)) {
            let disks = group.disks.iter().map(|disk| mount::source(disk)).collect();
            storage.volume_disks.insert(group.name.clone(), disks);
            storage.volume_groups.insert(group.name, Located::new(group.layers, Location::file(path)));
        }
    }
}

/// What overlayroot's files in the root tell it to do; the last one that says so wins. Of the value only the kind is
/// kept: what follows may be a passphrase.
pub(super) fn overlayroot(root: &Root, problems: &mut Vec<Problem>) -> Option<Located<String>> {
    let mut variables = Variables::default();
    for path in ["/etc/overlayroot.conf", "/etc/overlayroot.local.conf"] {
        if let Some(text) = text(root, path, problems) {
            variables.read(&text, path, Shell::Any);
        }
    }
    let setting = variables.setting("overlayroot").unwrap_or_else(|problem| {
        problems.push(problem);
        None
    })?;
    let kind = match setting.value.split(':').next().unwrap_or_default() {
        kind @ ("" | "disabled" | "tmpfs" | "crypt" | "device") => kind,
        kind if kind.starts_with("/dev/") => "device",
        _ => HIDDEN,
    };
    Some(Located::new(kind.to_owned(), setting.at))
}

/// The arrays that mdadm.conf(5) names.
pub(super) fn md_arrays(root: &Root, problems: &mut Vec<Problem>) -> Vec<Located<MdArray>> {
    let paths = ["/etc/mdadm/mdadm.conf", "/etc/mdadm.conf"];
    let found = paths.into_iter().find_map(|path| Some((path, text(root, path, problems)?)));
    found.map(|(path, text)| mdadm_conf::parse(&text, path).arrays).unwrap_or_default()
}

/// `RESUME=` of initramfs-tools (initramfs.conf(5)): files of conf.d come after the main one, in the order of
/// their names, and the last assignment wins.
pub(super) fn resume(root: &Root, problems: &mut Vec<Problem>) -> Option<Located<String>> {
    const DIRECTORY: &str = "/etc/initramfs-tools/conf.d";
    let mut paths = vec!["/etc/initramfs-tools/initramfs.conf".to_owned()];
    match root.names(DIRECTORY) {
        // mkinitramfs leaves out hidden files and those of dpkg.
        Ok(names) => paths.extend(
            names
                .iter()
                .filter(|name| name.starts_with(|c: char| c.is_ascii_alphanumeric()) && !name.contains(".dpkg-"))
                .map(|name| format!("{DIRECTORY}/{name}")),
        ),
        Err(problem) => problems.push(problem),
    }
    let mut variables = Variables::default();
    for path in paths {
        if let Some(text) = text(root, &path, problems) {
            variables.read(&text, &path, Shell::Any);
        }
    }
    variables.setting("RESUME").unwrap_or_else(|problem| {
        problems.push(problem.of(Source::Resume));
        None
    })
}

/// Where dm-multipath is set up: the daemon is installed, and it is configured or started at boot.
pub(super) fn multipath(root: &Root, problems: &mut Vec<Problem>) -> Option<Location> {
    first(root, &["/usr/sbin/multipathd", "/sbin/multipathd"], problems)?;
    let links =
        ["multi-user", "sysinit"].map(|target| format!("/etc/systemd/system/{target}.target.wants/multipathd.service"));
    for path in std::iter::once("/etc/multipath.conf".to_owned()).chain(links) {
        match root.lstat(&path) {
            Ok(Some(_)) => return Some(Location::file(path)),
            Ok(None) => {}
            Err(problem) => problems.push(problem),
        }
    }
    None
}

/// The first of these that is a file.
pub(super) fn first(root: &Root, paths: &[&str], problems: &mut Vec<Problem>) -> Option<String> {
    let first = first_of(root, paths, FileKind::File).unwrap_or_else(|problem| {
        problems.push(problem);
        None
    });
    first.map(|path| (*path).to_owned())
}

/// A file's text; what stands in the way of it is a problem, that there is none is not.
pub(super) fn text(root: &Root, path: &str, problems: &mut Vec<Problem>) -> Option<String> {
    root.text(path).unwrap_or_else(|problem| {
        problems.push(problem);
        None
    })
}
