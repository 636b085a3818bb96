//! Settings inside an image: what it asks for, who it says it is, and what it must not carry.

use super::tree::{Tree, join};
use crate::formats::cmdline;
use crate::formats::iscsi::open_iscsi;
use crate::formats::shell::{Shell, Variables};
use crate::formats::storage::lvm;
use crate::formats::systemd;
use crate::probes::files::Files;
use isctpl_checks::facts::{
    Cmdline, EntryKind, Initramfs, InitramfsConf, Located, Location, LoginRequest, Problem, RequestKind, Source,
};
use isctpl_checks::parse_root_spec;

/// Fills the facts that come from settings.
pub(super) fn fill(tree: &Tree, facts: &mut Initramfs) {
    let config = Config { tree };
    let problems = &mut facts.problems;
    Source::Other.name(problems);
    let iscsi = config.iscsi_initramfs(problems);
    Source::IscsiInitramfs.name(problems);
    facts.own_cmdline = config.own_cmdline();
    facts.requests = requests(&iscsi, &facts.own_cmdline);
    // The other place is the root's, which the script does not read.
    let sourced = iscsi.iter().find(|conf| conf.path == tree.name(ISCSI_INITRAMFS[0]));
    facts.account = sourced.and_then(|conf| conf.account);
    (facts.initiator_name, facts.initiator_generated) = config.initiator();
    facts.secrets = config.secrets(&iscsi, &facts.own_cmdline);
    let lvm = config.lvm(problems);
    facts.lvm_filters = lvm.filter.unwrap_or_default();
    facts.lvm_global_filters = lvm.global_filter.unwrap_or_default();
    facts.lvm_devices = config.lvm_devices(problems);
    Source::Lvm.name(problems);
    let settings = config.initramfs_conf(problems);
    let mut setting = |name: &str, source: Source| {
        let setting = settings.setting(name).unwrap_or_else(|problem| {
            problems.push(problem.of(source));
            None
        });
        setting.filter(|setting| !setting.value.is_empty())
    };
    facts.resume = setting("RESUME", Source::Resume);
    facts.modules_policy = setting("MODULES", Source::Other);
    facts.modules_listed = config.modules_listed().collect();
    facts.link_files = config.link_files();
    facts.dracut_modules = config.dracut_modules();
    facts.hostonly = config.hostonly();
}

/// The files with open-iscsi's settings for initramfs-tools: in the image, and as the root has it.
const ISCSI_INITRAMFS: &[&str] = &["etc/iscsi.initramfs", "etc/iscsi/iscsi.initramfs"];

struct Config<'t> {
    tree: &'t Tree,
}

impl<'t> Config<'t> {
    /// The text of a file with its name in messages; `None` when there is no such file.
    fn named_text(&self, path: &str) -> Option<(&'t str, String)> {
        Some((self.tree.text(path)?, self.tree.name(path)))
    }

    /// Lines of a file without comments, numbered from 1.
    fn lines(&self, path: &str) -> impl Iterator<Item = (u32, &'t str)> + use<'t> {
        let lines = (1..).zip(self.tree.text(path).unwrap_or_default().lines());
        lines.map(|(number, line)| (number, line.trim())).filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
    }

    /// In the order of dracut's `getcmdline`, which knows no comments.
    fn own_cmdline(&self) -> Vec<Located<Cmdline>> {
        let dropins = self.tree.names("etc/cmdline.d").into_iter().filter(|name| name.ends_with(".conf"));
        let dropins = dropins.map(|name| join("etc/cmdline.d", name));
        let mut found = Vec::new();
        for path in dropins.chain(["etc/cmdline".to_owned()]) {
            let lines = (1..).zip(self.tree.text(&path).unwrap_or_default().lines());
            for (number, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
                let at = Location::line(self.tree.name(&path), number);
                found.push(Located::new(cmdline::parse(line, Some(at.clone())), at));
            }
        }
        found
    }

    /// The settings of initramfs-tools, which its files make one after the other.
    fn initramfs_conf(&self, problems: &mut Vec<Problem>) -> Variables {
        let mut variables = Variables::default();
        let parts = self.tree.names("conf/conf.d").into_iter().map(|file| join("conf/conf.d", file));
        for path in std::iter::once("conf/initramfs.conf".to_owned()).chain(parts) {
            if let Some((text, name)) = self.named_text(&path) {
                problems.extend(variables.read(text, &name, Shell::Any));
            }
        }
        Source::Other.name(problems);
        variables
    }

    /// What open-iscsi's script in the image is told.
    fn iscsi_initramfs(&self, problems: &mut Vec<Problem>) -> Vec<InitramfsConf> {
        let files = ISCSI_INITRAMFS.iter().filter_map(|path| self.named_text(path));
        files
            .map(|(text, name)| {
                let (conf, trouble) = open_iscsi::initramfs_conf(text, &name);
                problems.extend(trouble);
                conf
            })
            .collect()
    }

    fn initiator(&self) -> (Option<Located<String>>, bool) {
        let mut generated = false;
        for path in ["etc/initiatorname.iscsi", "etc/iscsi/initiatorname.iscsi"] {
            let Some((text, name)) = self.named_text(path) else { continue };
            let (initiator, generate) = open_iscsi::initiator_name(text, &name);
            generated |= generate.is_some();
            if initiator.is_some() {
                return (initiator, generated);
            }
        }
        (None, generated)
    }

    /// Where secrets are, each file of settings once.
    fn secrets(&self, iscsi: &[InitramfsConf], own_cmdline: &[Located<Cmdline>]) -> Vec<Location> {
        let words = own_cmdline.iter().filter(|cmdline| cmdline.value.words.iter().any(|word| word.secret));
        let mut secrets: Vec<Location> = words.map(|cmdline| cmdline.at.clone()).collect();
        secrets.extend(iscsi.iter().filter_map(|conf| conf.secret.clone()));
        // iscsid.conf, node, discovery and interface records.
        let settings = self.tree.texts().filter(|(path, _)| {
            (path.starts_with("etc/iscsi/") || path.starts_with("var/lib/iscsi/")) && !ISCSI_INITRAMFS.contains(path)
        });
        secrets.extend(
            settings.filter_map(|(path, text)| open_iscsi::secrets(text, &self.tree.name(path)).into_iter().next()),
        );
        secrets
    }

    /// LVM's settings: lvm.conf, and what lvmlocal.conf sets over it.
    fn lvm(&self, problems: &mut Vec<Problem>) -> lvm::Settings {
        let files = ["etc/lvm/lvm.conf", "etc/lvm/lvmlocal.conf"].into_iter().filter_map(|path| self.named_text(path));
        files.fold(lvm::Settings::default(), |settings, (text, name)| {
            let (found, trouble) = lvm::settings(text, &name);
            problems.extend(trouble);
            settings.overridden_by(found)
        })
    }

    fn lvm_devices(&self, problems: &mut Vec<Problem>) -> Option<Vec<Located<String>>> {
        let path = "etc/lvm/devices/system.devices";
        self.tree.resolve(path)?;
        // An empty file lists no device, which is not the same as no list.
        let (devices, trouble) = lvm::devices_file(self.tree.text(path).unwrap_or_default(), &self.tree.name(path));
        problems.extend(trouble);
        Some(devices.into_iter().map(|device| Located::new(device.value.id_name, device.at)).collect())
    }

    fn modules_listed(&self) -> impl Iterator<Item = String> + use<'_, 't> {
        let directories = ["etc/modules-load.d", "usr/lib/modules-load.d", "lib/modules-load.d"];
        let files = directories
            .into_iter()
            .flat_map(|directory| self.tree.names(directory).into_iter().map(move |name| join(directory, name)));
        std::iter::once("conf/modules".to_owned()).chain(files).flat_map(|path| {
            self.lines(&path)
                .filter(|(_, line)| !line.starts_with(';'))
                .filter_map(|(_, line)| line.split_whitespace().next())
                .map(|name| name.replace('-', "_"))
                .collect::<Vec<_>>()
        })
    }

    fn link_files(&self) -> Vec<String> {
        let is_link = |path: &str| path.contains("systemd/network/") && path.ends_with(".link");
        let is_rule = |path: &str| {
            path.contains("udev/rules.d/")
                && path.ends_with(".rules")
                && path.rsplit('/').next().is_some_and(|name| name.contains("net"))
        };
        let files = self.tree.nodes().filter(|(_, node)| node.kind != EntryKind::Directory);
        files.map(|(path, _)| path.to_owned()).filter(|path| is_link(path) || is_rule(path)).collect()
    }

    fn dracut_modules(&self) -> Vec<String> {
        let text = self.tree.text("usr/lib/dracut/modules.txt").or_else(|| self.tree.text("lib/dracut/modules.txt"));
        text.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
    }

    /// From dracut's arguments; a list of the host's modules is in no image but one for a host.
    fn hostonly(&self) -> Option<bool> {
        let file = |name: &str| {
            ["usr/lib/dracut", "lib/dracut"]
                .map(|directory| join(directory, name))
                .into_iter()
                .find(|path| self.tree.is_file(path))
        };
        if file("hostonly-kernel-modules.txt").is_some() || file("hostonly-files").is_some() {
            return Some(true);
        }
        let arguments = systemd::split_words(self.tree.text(&file("build-parameter.txt")?)?);
        arguments.iter().rev().find_map(|argument| match argument.as_str() {
            "--no-hostonly" | "-N" => Some(false),
            "--hostonly" | "-H" => Some(true),
            _ => None,
        })
    }
}

/// Who asks for a login: open-iscsi's settings, and the image's own words.
fn requests(iscsi: &[InitramfsConf], own_cmdline: &[Located<Cmdline>]) -> Vec<LoginRequest> {
    let mut requests = Vec::new();
    for conf in iscsi {
        if let Some(at) = &conf.auto {
            requests.push(LoginRequest { kind: RequestKind::Firmware, at: at.clone() });
        }
        let value = |located: &Option<Located<String>>| located.as_ref().map(|located| located.value.clone());
        if let Some(stated) = conf.target_name.as_ref().or(conf.target_ips.first()) {
            let kind = RequestKind::Target {
                name: value(&conf.target_name),
                portals: conf.target_ips.iter().map(|ip| ip.value.clone()).collect(),
                initiator: value(&conf.initiator),
                account: conf.account,
            };
            requests.push(LoginRequest { kind, at: stated.at.clone() });
        }
    }
    for cmdline in own_cmdline {
        let (words, at) = (&cmdline.value, &cmdline.at);
        let firmware = ["rd.iscsi.firmware", "iscsi_firmware"].iter().any(|key| words.is_on(key));
        if firmware || words.has("iscsi_auto") {
            requests.push(LoginRequest { kind: RequestKind::Firmware, at: at.clone() });
        }
        // `netroot=iscsi:` alone leaves the target to the other words.
        let specs = words.all("netroot").filter_map(|value| value.strip_prefix("iscsi:"));
        for spec in specs.filter_map(parse_root_spec) {
            let portals = spec.portal.into_iter().collect();
            let account = Some(spec.account);
            let kind = RequestKind::Target { name: Some(spec.target), portals, initiator: None, account };
            requests.push(LoginRequest { kind, at: at.clone() });
        }
    }
    requests
}
