//! GRUB, BLS entries, unified kernel images and the EFI system partition.

mod disk;
mod dracut;
mod esp;
mod found;
mod grub;
mod systemd_boot;
mod type2;

#[cfg(test)]
mod tests;

use crate::formats::cmdline;
use crate::formats::loader::grub_defaults;
use crate::probes::files::first_of;
use crate::system::{FileKind, Root};
use disk::Disk;
use found::Found;
use isctpl_checks::facts::{Esp, Fact, GrubDefaults, Loader, Located, Location, Problem, Source};
use std::collections::BTreeSet;

/// Reads what the boot loader on a root will do.
pub(crate) fn read(root: &Root) -> Loader {
    let disk = Disk::new(root);
    let mut problems = disk.problems.clone();
    Source::Other.name(&mut problems);
    let defaults = defaults(root, &mut problems);
    let esp = esp::read(&disk);
    // Before what may take all that one run reads.
    let by_firmware = esp.known().and_then(|esp| type2::by_firmware(&disk, esp));
    let grub = grub::read(&disk);
    let systemd_boot = systemd_boot::read(&disk, esp.known());
    let others = which(&disk, esp.known(), grub, systemd_boot);
    let found = match by_firmware {
        Some(first) => beside(first, others),
        None => others,
    };
    problems.extend(found.problems);
    let tools = tools(root, &mut problems);
    let networks = dracut::networks(root).unwrap_or_else(|problem| {
        problems.push(problem);
        Vec::new()
    });
    Source::Other.name(&mut problems);
    let mut seen = BTreeSet::new();
    problems.retain(|problem| seen.insert(problem.clone()));
    Loader {
        entries: found.entries,
        chosen: found.chosen,
        no_entries: found.no_entries,
        timeout: found.timeout,
        defaults,
        grubenv: found.grubenv,
        esp,
        tools,
        omits: dracut::omits(root),
        networks,
        problems,
    }
}

/// Which of the programs that build images and write the loader's configuration the root has.
fn tools(root: &Root, problems: &mut Vec<Problem>) -> Vec<String> {
    const TOOLS: [&str; 5] = ["update-initramfs", "dracut", "update-grub", "grub-mkconfig", "grub2-mkconfig"];
    let mut tools = Vec::new();
    for tool in TOOLS {
        let paths = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].map(|directory| format!("{directory}/{tool}"));
        match first_of(root, paths, FileKind::File) {
            Ok(found) => tools.extend(found.map(|_| tool.to_owned())),
            Err(problem) => problems.push(problem),
        }
    }
    tools
}

/// Where both loaders have entries, the one that the ESP's fallback loader is; else the one that has some.
fn which(disk: &Disk<'_>, esp: Option<&Esp>, grub: Option<Found>, systemd_boot: Option<Found>) -> Found {
    match (grub, systemd_boot) {
        (Some(grub), Some(systemd_boot)) => {
            let fallback_is_systemd = esp.is_some_and(|esp| systemd_boot::is_fallback(disk, esp));
            if fallback_is_systemd { beside(systemd_boot, grub) } else { beside(grub, systemd_boot) }
        }
        (Some(found), None) | (None, Some(found)) => found,
        (None, None) => Found { chosen: Fact::Unknown(disk.no_loader()), ..Found::default() },
    }
}

/// The other's entries are on the disk too, though they do not boot by themselves.
fn beside(mut first: Found, second: Found) -> Found {
    let known: Vec<_> = first.entries.iter().map(|entry| entry.at.clone()).collect();
    first.entries.extend(second.entries.into_iter().filter(|entry| !known.contains(&entry.at)));
    first
}

fn defaults(root: &Root, problems: &mut Vec<Problem>) -> GrubDefaults {
    let mut paths = vec!["/etc/default/grub".to_owned()];
    match root.names("/etc/default/grub.d") {
        Ok(names) => paths.extend(
            names.iter().filter(|name| name.ends_with(".cfg")).map(|name| format!("/etc/default/grub.d/{name}")),
        ),
        Err(problem) => problems.push(problem),
    }
    // One after the other: there may be many.
    let files = paths.iter().filter_map(|path| match root.text(path) {
        Ok(text) => Some((root.name(path), text?)),
        Err(problem) => {
            problems.push(problem);
            None
        }
    });
    let (mut defaults, doubts) = grub_defaults::evaluate(files);
    problems.extend(doubts);
    Source::GrubDefaults.name(problems);
    match root.text("/etc/kernel/cmdline") {
        Ok(Some(text)) => {
            let at = Location::line(root.name("/etc/kernel/cmdline"), 1);
            defaults.kernel_cmdline = Some(Located::new(cmdline::parse(&text, Some(at.clone())), at));
        }
        Ok(None) => {}
        Err(problem) => problems.push(problem.of(Source::KernelCmdline)),
    }
    defaults
}
