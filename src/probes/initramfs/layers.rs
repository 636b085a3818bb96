//! What sets up the layers below the root in an image: the lines by which udev, the scripts and the units run the tool
//! of each, and what these tools read.

use super::scripts::Scripts;
use super::tree::Tree;
use super::units;
use crate::formats::storage::{crypttab, mdadm_conf};
use crate::formats::systemd::udev_rules;
use crate::probes::files::{Files, Reader};
use isctpl_checks::facts::{Initramfs, Layer, Location, Source, Starter};
use std::collections::BTreeSet;

/// What stands in the names of udev's rules about these layers.
const RULES: [&str; 9] = ["lvm", "md-", "raid", "mpath", "multipath", "btrfs", "crypt", "luks", "dm"];

/// Names of udev's daemon.
const DAEMONS: [&str; 6] = [
    "usr/lib/systemd/systemd-udevd",
    "lib/systemd/systemd-udevd",
    "usr/sbin/udevd",
    "sbin/udevd",
    "usr/lib/udev/udevd",
    "lib/udev/udevd",
];

/// Units that set up a layer by themselves where they are started.
const UNITS: [(&str, Layer); 2] =
    [("multipathd.service", Layer::Multipath), ("systemd-volatile-root.service", Layer::Overlay)];

/// Scripts that put an overlay over the root, by the end of their path.
const OVERLAYS: [&str; 6] = [
    "scripts/init-bottom/overlayroot",
    "scripts/live",
    "overlay-mount.sh",
    "mount-overlayfs.sh",
    "dmsquash-live-root.sh",
    "sbin/dmsquash-live-root",
];

/// The most that is kept; an ordinary image has a handful.
const LIMIT: usize = 64;

/// Whether a file of an image is a rule of udev about these layers.
pub(super) fn is_rule(path: &str) -> bool {
    path.rsplit_once('/').is_some_and(|(directory, name)| {
        directory.ends_with("udev/rules.d") && name.ends_with(".rules") && RULES.iter().any(|word| name.contains(word))
    })
}

/// Fills in what the image holds for these layers.
pub(super) fn fill(tree: &Tree, scripts: &Scripts<'_>, facts: &mut Initramfs) {
    facts.starters = Some(starters(tree, scripts));
    for path in ["cryptroot/crypttab", "etc/crypttab"] {
        if let Some(text) = tree.text(path) {
            let (mut entries, mut trouble) = crypttab::parse(text, &tree.name(path));
            for entry in &mut entries {
                let key = entry.key.as_deref().filter(|key| key.starts_with('/') && !key.starts_with("/dev/"));
                entry.key_present = key.map(|key| tree.resolve(key.trim_start_matches('/')).is_some());
            }
            Source::Crypttab.name(&mut trouble);
            facts.problems.extend(trouble);
            facts.crypttab = entries;
            break;
        }
    }
    for path in ["etc/mdadm/mdadm.conf", "etc/mdadm.conf"] {
        if let Some(text) = tree.text(path) {
            let conf = mdadm_conf::parse(text, &tree.name(path));
            (facts.md_arrays, facts.md_named_only) = (conf.arrays, conf.named_only);
            break;
        }
    }
}

/// Each layer with the lines that set it up, those of scripts first.
fn starters(tree: &Tree, scripts: &Scripts<'_>) -> Vec<Starter> {
    let mut found: Vec<Starter> = Vec::new();
    let mut add = |layer: Layer, at: Location| {
        let is_known = found.iter().any(|known| known.layer == layer && known.at.path == at.path);
        if !is_known && found.len() < LIMIT {
            found.push(Starter { layer, at });
        }
    };
    for (path, text) in scripts.texts() {
        // A program counts where one of these, or a rule, calls it.
        let is_stage = path == "init" || path.starts_with("scripts/") || path.contains("/hooks/");
        for (number, line) in (1u32..).zip(text.lines()).filter(|_| is_stage) {
            let line = line.trim_start();
            if !line.starts_with('#')
                && let Some(layer) = set_up_by(line)
            {
                add(layer, Location::line(tree.name(path), number));
            }
        }
        if OVERLAYS.iter().any(|overlay| path.ends_with(overlay)) {
            add(Layer::Overlay, Location::file(tree.name(path)));
        }
    }
    if DAEMONS.iter().any(|daemon| tree.resolve(daemon).is_some()) {
        for (path, text) in rules(tree) {
            for rule in udev_rules::parse(text, &tree.name(&path)) {
                // IMPORT takes in other things than what a program prints, such as a word of the command line.
                let is_command = |pair: &&udev_rules::Pair| match (pair.key.as_str(), pair.attribute.as_deref()) {
                    ("RUN" | "PROGRAM", _) | ("IMPORT", Some("program" | "builtin")) => true,
                    (_, attribute) => attribute == Some("SYSTEMD_WANTS"),
                };
                let commands = rule.pairs.iter().filter(is_command).map(|pair| pair.value.as_str());
                for layer in commands.filter_map(set_up_by) {
                    add(layer, rule.at.clone());
                }
            }
        }
    }
    for directory in ["usr/lib/systemd/system-generators", "lib/systemd/system-generators"] {
        let generator = format!("{directory}/systemd-cryptsetup-generator");
        if tree.is_file(&generator) {
            add(Layer::Crypt, Location::file(tree.name(&generator)));
            break;
        }
    }
    for (unit, layer) in UNITS {
        if let Some(at) = units::started_unit(tree, unit) {
            add(layer, at);
        }
    }
    found
}

/// The rules that udev reads: of one name those of the first directory, none that is a link to nothing.
fn rules(tree: &Tree) -> Vec<(String, &str)> {
    let reader = Reader::new(tree);
    let mut seen = BTreeSet::new();
    let mut rules = Vec::new();
    for directory in udev_rules::DIRECTORIES {
        for name in tree.names(directory.trim_start_matches('/')) {
            let path = format!("{directory}/{name}");
            if is_rule(&path) && seen.insert(name.to_owned()) && !reader.is_masked(&path) {
                let path = path.trim_start_matches('/').to_owned();
                rules.extend(tree.text(&path).map(|text| (path, text)));
            }
        }
    }
    rules
}

/// The layer that a command sets up. What asks a tool for something else sets up nothing: `multipath -u` only tells
/// whether a disk is a path.
fn set_up_by(command: &str) -> Option<Layer> {
    let words: Vec<&str> =
        command.split([' ', '\t', '"', '\'', ';', '(', ')', '&', '|']).filter(|word| !word.is_empty()).collect();
    let at = |name: &str| words.iter().position(|word| word.rsplit('/').next() == Some(name));
    let after = |from: usize| words.iter().skip(from + 1);
    if let Some(from) = at("mdadm") {
        let assembles = |word: &&&str| {
            matches!(
                **word,
                "--assemble" | "--incremental" | "-A" | "-As" | "-I" | "-IRs" | "-Is" | "--run" | "-R" | "-IR"
            )
        };
        if after(from).any(|word| assembles(&word)) {
            return Some(Layer::Raid);
        }
    }
    if at("mdraid_start").is_some() {
        return Some(Layer::Raid);
    }
    let lvm = ["vgchange", "lvchange"].into_iter().find_map(at);
    if lvm.is_some_and(|from| {
        after(from)
            .any(|word| word.starts_with("-a") || word.starts_with("--activate") || word.starts_with("--autoact"))
    }) || at("lvm_scan").is_some()
        || at("lvm").is_some_and(|from| {
            after(from).any(|word| *word == "pvscan")
                && after(from).any(|word| word.contains("-aay") || word.contains("autoactivation"))
        })
        || words.iter().any(|word| word.starts_with("lvm2-pvscan@"))
    {
        return Some(Layer::Lvm);
    }
    // Messages name these two as well: only a command's first word is one.
    if at("multipathd") == Some(0)
        && after(0).all(|word| matches!(*word, "-B" | "-d" | "-s" | "multipathd" | "/sbin/multipathd"))
        || at("multipath") == Some(0)
            && after(0).all(|word| {
                matches!(*word, "-r" | "-B" | "-v" | "-v0" | "-v1" | "-v2" | "0" | "1" | "2" | "$VERBOSITY" | "-a0")
            })
    {
        return Some(Layer::Multipath);
    }
    if at("btrfs").is_some_and(|from| {
        let next: Vec<_> = after(from).take(2).collect();
        matches!(next.as_slice(), [a, b] if (**a == "device" || **a == "dev") && matches!(**b, "scan" | "ready"))
            || matches!(next.first(), Some(word) if **word == "ready")
    }) {
        return Some(Layer::Btrfs);
    }
    (at("crypttab_foreach_entry").is_some_and(|from| after(from).any(|word| *word == "setup_mapping"))
        || at("cryptroot-ask").is_some())
    .then_some(Layer::Crypt)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_command_sets_up_a_layer_or_only_asks() {
        for (command, layer) in [
            ("/sbin/mdadm --incremental --export $devnode --offroot $env{DEVLINKS}", Some(Layer::Raid)),
            ("mdadm -q --assemble --scan --no-degraded || true", Some(Layer::Raid)),
            ("/sbin/mdadm --examine --export $tempnode", None),
            ("/sbin/mdadm --detail --no-devices --export $devnode", None),
            ("/sbin/lvm vgchange -aay --autoactivation event $env{LVM_VG_NAME_COMPLETE}", Some(Layer::Lvm)),
            ("lvm lvchange -aay -y --sysinit --ignoreskippedcluster \"$@\"", Some(Layer::Lvm)),
            ("/sbin/initqueue --settled --onetime --unique /sbin/lvm_scan", Some(Layer::Lvm)),
            ("lvm2-pvscan@$major:$minor.service", Some(Layer::Lvm)),
            ("/sbin/lvm pvs --noheadings", None),
            ("/sbin/multipath -v $VERBOSITY", Some(Layer::Multipath)),
            ("multipathd -B", Some(Layer::Multipath)),
            ("multipathd -B || multipathd", Some(Layer::Multipath)),
            ("$env{MPATH_SBIN_PATH}/multipath -u %k", None),
            ("multipath -c /dev/sda", None),
            ("maybe_break pre-multipath", None),
            ("verbose && log_begin_msg \"Stopping multipathd\"", None),
            ("/bin/btrfs device scan", Some(Layer::Btrfs)),
            ("btrfs ready $devnode", Some(Layer::Btrfs)),
            ("crypttab_foreach_entry setup_mapping", Some(Layer::Crypt)),
            ("cryptsetup luksOpen \"$dev\" \"$mapname\" --key-file -", None),
        ] {
            assert_eq!(set_up_by(command), layer, "{command}");
        }
    }
}
