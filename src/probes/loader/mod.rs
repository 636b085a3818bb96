//! GRUB, BLS entries and the EFI system partition.

mod disk;
mod dracut;
mod esp;
mod grub;
mod systemd_boot;

#[cfg(test)]
mod tests;

use crate::formats::cmdline;
use crate::formats::loader::grub_defaults;
use crate::formats::loader::grubenv;
use crate::system::Root;
use disk::Disk;
use isctpl_checks::facts::{BootEntry, Chosen, Esp, Fact, GrubDefaults, Loader, Located, Location, Problem};
use std::collections::BTreeMap;

/// What one loader makes of its files.
#[derive(Debug, Default)]
struct Found {
    entries: Vec<BootEntry>,
    chosen: Fact<Chosen>,
    no_entries: Option<Located<String>>,
    timeout: Option<Located<i64>>,
    grubenv: BTreeMap<String, String>,
    problems: Vec<Problem>,
}

/// Reads what the boot loader on a root will do.
pub fn read(root: &Root) -> Loader {
    let disk = Disk::new(root);
    let mut problems = disk.problems.clone();
    let defaults = defaults(root, &mut problems);
    let esp = esp::read(&disk);
    let grub = grub::read(&disk);
    let systemd_boot = systemd_boot::read(&disk, esp.known());
    let found = which(&disk, esp.known(), grub, systemd_boot);
    problems.extend(found.problems);
    problems.dedup();
    Loader {
        entries: found.entries,
        chosen: found.chosen,
        no_entries: found.no_entries,
        timeout: found.timeout,
        defaults,
        grubenv: found.grubenv,
        esp,
        tools: tools(root),
        omits: dracut::omits(root),
        problems,
    }
}

/// Which of the programs that build images and write the loader's configuration the root has.
fn tools(root: &Root) -> Vec<String> {
    const TOOLS: [&str; 5] = ["update-initramfs", "dracut", "update-grub", "grub-mkconfig", "grub2-mkconfig"];
    let installed = |tool: &&str| {
        ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].iter().any(|bin| root.is_file(&format!("{bin}/{tool}")))
    };
    TOOLS.iter().filter(|tool| installed(tool)).map(|tool| (*tool).to_owned()).collect()
}

/// Where both loaders have entries, the one that the ESP's fallback loader is; else the one that has some.
fn which(disk: &Disk<'_>, esp: Option<&Esp>, grub: Option<Found>, systemd_boot: Option<Found>) -> Found {
    match (grub, systemd_boot) {
        (Some(grub), Some(systemd_boot)) => {
            let fallback_is_systemd = esp.is_some_and(|esp| systemd_boot::is_fallback(disk, esp));
            let (mut first, second) = if fallback_is_systemd { (systemd_boot, grub) } else { (grub, systemd_boot) };
            // The other's entries are on the disk too, though they do not boot by themselves.
            let known: Vec<_> = first.entries.iter().map(|entry| entry.at.clone()).collect();
            first.entries.extend(second.entries.into_iter().filter(|entry| !known.contains(&entry.at)));
            first
        }
        (Some(found), None) | (None, Some(found)) => found,
        (None, None) => Found { chosen: Fact::Unknown(disk.no_loader()), ..Found::default() },
    }
}

fn defaults(root: &Root, problems: &mut Vec<Problem>) -> GrubDefaults {
    let mut paths = vec!["/etc/default/grub".to_owned()];
    match root.names("/etc/default/grub.d") {
        Ok(names) => paths.extend(
            names.iter().filter(|name| name.ends_with(".cfg")).map(|name| format!("/etc/default/grub.d/{name}")),
        ),
        Err(problem) => problems.push(problem),
    }
    let mut files = Vec::new();
    for path in paths {
        match root.text(&path) {
            Ok(Some(text)) => files.push((root.name(&path), text)),
            Ok(None) => {}
            Err(problem) => problems.push(problem),
        }
    }
    let (mut defaults, doubts) = grub_defaults::evaluate(&files);
    problems.extend(doubts);
    match root.text("/etc/kernel/cmdline") {
        Ok(Some(text)) => {
            let at = Location::line(root.name("/etc/kernel/cmdline"), 1);
            defaults.kernel_cmdline = Some(Located::new(cmdline::parse(&text, Some(at.clone())), at));
        }
        Ok(None) => {}
        Err(problem) => problems.push(problem),
    }
    defaults
}

/// The variables of an environment block, and what could not be understood of it.
type Environment = (BTreeMap<String, String>, Vec<Problem>);

/// Reads an environment block; `Ok(None)` when there is none.
fn environment(root: &Root, path: &str) -> Result<Option<Environment>, Problem> {
    const LIMIT: u64 = 64 * 1024;
    Ok(root.read(path, LIMIT)?.map(|bytes| grubenv::parse(&bytes, &root.name(path))))
}

/// Whether a Linux entry is meant for the repair of a machine: it boots otherwise than the others on purpose.
fn is_recovery(entry: &BootEntry) -> bool {
    let title = entry.title.to_lowercase();
    let id = entry.id.as_deref().unwrap_or_default().to_lowercase();
    let named = |text: &str| text.contains("recovery") || text.contains("rescue");
    let words = ["single", "recovery", "rescue", "emergency", "rd.break"];
    named(&title)
        || named(&id)
        || words.iter().any(|word| entry.cmdline.words.iter().any(|seen| seen.key == *word && seen.value.is_none()))
        || entry
            .cmdline
            .last("systemd.unit")
            .is_some_and(|unit| unit.starts_with("rescue.") || unit.starts_with("emergency."))
}
