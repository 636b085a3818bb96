//! `kernel-modules-missing`: the kernel's modules are not on the disk, or are of another version.

use crate::analysis::InImage;
use crate::facts::{Kernel, Module, Source};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity, ShellCommand, analysis};

pub(crate) static CHECK: Check = Check {
    id: "kernel-modules-missing",
    link: Link::Kernel,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the kernel's modules are missing or of another version",
    doc: Doc {
        finds: "There is no modules directory for exactly the version that the kernel image states; or the kernel was \
                configured for an iSCSI module that modules.dep does not list; or modules.dep lists iscsi_tcp, \
                iscsi_ibft or a dependency, and the file does not exist; or a module was built for another \
                version (vermagic). Built-in modules need no file. Where the initramfs that boots has what the \
                root needs, of the kernel's version, a module missing on the disk is a warning; so is a module of \
                another version that the kernel accepts or rejects by its symbol checksums.",
        breaks: "A kernel loads modules of its own version only. Without the directory no initramfs can be built for \
                 this kernel, and after the boot nothing can be loaded from the disk: no further NIC, no firewall, \
                 no filesystem; a root with an initramfs that was built before still comes up. A kernel with CONFIG_MODVERSIONS \
                 does not compare the version where the module carries checksums of the symbols that it \
                 uses, and rejects the module when one of them differs. A kernel and modules of different versions \
                 point to an interrupted upgrade, or to a /boot that was not mounted during it.",
        fix: "Reinstall the kernel's package with /boot mounted, so that kernel, modules and initramfs are of one \
               version.",
        references: &["modprobe(8)", "depmod(8)", "Linux kernel/module/version.c (same_magic, check_version)"],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let kernel = facts.booted_kernel()?;
    let version = kernel.version.needed()?;
    let remedy = || {
        Remedy::new("Reinstall the package of this kernel with /boot mounted, then rebuild its initramfs.")
            .command(
                ShellCommand::new(&["apt-get", "install", "--reinstall"])
                    .value(format!("linux-image-{version}"))
                    .or(ShellCommand::new(&["dnf", "reinstall"]).value(format!("kernel-core-{version}"))),
            )
            .command(ShellCommand::new(&["depmod", "-a"]).operand(version.as_str()))
    };
    let suffices = image_suffices(facts, kernel);
    let Some(directory) = &kernel.modules_dir else {
        let configured = facts.needed_modules().iter().all(|module| kernel.config_of(module) == Some("y"));
        if configured {
            return Ok(Outcome::pass(format!("{} has everything it needs built in", kernel.name())));
        }
        facts.was_read(Source::Root)?;
        if let Some(problem) = kernel.unread_modules() {
            return Err(Outcome::unread(problem));
        }
        let summary = format!("no modules directory exists for {version}, the version of {}", kernel.name());
        let finding = if suffices {
            Finding::warning(format!(
                "{summary}; its initramfs has what the root needs, but no other module can be loaded"
            ))
        } else {
            Finding::critical(summary)
        };
        return finding
            .evidence(Evidence::new(format!("/lib/modules/{version}"), "does not exist"))
            .evidences(
                kernel.version_from_image.then(|| Evidence::new(&kernel.path, format!("states version {version}"))),
            )
            .remedy(remedy())
            .into();
    };
    let needed = facts.needed_modules();
    let unlisted: Vec<(&str, &str)> =
        needed.iter().filter_map(|module| Some((*module, unlisted(kernel, module)?))).collect();
    let mut absent = Vec::new();
    let mut foreign = Vec::new();
    let mut by_symbols = Vec::new();
    let own = own_vermagic(kernel, version);
    let files = needed.iter().flat_map(|module| kernel.closure(module));
    let mut count = 0;
    for module in files.collect::<std::collections::BTreeSet<_>>() {
        let Some(file) = kernel.modules.get(module).filter(|_| kernel.is_builtin(module) != Some(true)) else {
            continue;
        };
        count += 1;
        let was_looked_at = !kernel.problems.iter().any(|problem| problem.place == file.path);
        if !file.present && was_looked_at {
            absent.push(file);
        } else if let Some(vermagic) = file.vermagic.as_deref().filter(|vermagic| built_for(vermagic) != version) {
            let judged_by_symbols = own.is_some_and(|own| has_checksums(own) && rest(own) == rest(vermagic));
            if judged_by_symbols { &mut by_symbols } else { &mut foreign }.push((file, vermagic));
        }
    }
    let mut findings = Vec::new();
    if !unlisted.is_empty() {
        let names: Vec<_> = unlisted.iter().map(|(module, _)| *module).collect();
        let summary = format!("{directory} has no {}", names.join(" and no "));
        let finding = if suffices { Finding::warning(summary) } else { Finding::critical(summary) };
        let text = "Install the package that has these modules (some distributions have a separate one), then rebuild \
                    the initramfs.";
        findings.push(
            finding
                .evidence(Evidence::new(format!("{directory}/modules.dep"), format!("names no {}", names.join(", "))))
                .evidences(kernel.config.iter().flat_map(|config| {
                    unlisted.iter().map(|(_, option)| Evidence::at(&config.at, format!("{option}=m")))
                }))
                .remedy(
                    Remedy::new(text)
                        .command(
                            ShellCommand::new(&["apt-get", "install"])
                                .value(format!("linux-modules-extra-{version}"))
                                .or(ShellCommand::new(&["dnf", "install"]).value(format!("kernel-modules-{version}"))),
                        )
                        .command(ShellCommand::new(&["depmod", "-a"]).operand(version.as_str())),
                ),
        );
    }
    // What was only looked for, and not found, may be there all the same.
    if let Some(first) = absent.first().filter(|_| facts.unread(Source::Root).is_none()) {
        let summary = format!("{} of {count} iSCSI modules are missing on the disk: {} …", absent.len(), first.name);
        let finding = if suffices { Finding::warning(summary) } else { Finding::critical(summary) };
        findings.push(
            finding
                .evidences(absent.iter().map(|file| Evidence::new(&file.path, "listed in modules.dep, does not exist")))
                .remedy(remedy()),
        );
    }
    let vermagics = |files: &[(&Module, &str)]| -> Vec<Evidence> {
        files.iter().map(|(file, vermagic)| Evidence::new(&file.path, format!("vermagic: {vermagic}"))).collect()
    };
    if let Some((first, vermagic)) = foreign.first() {
        let other = built_for(vermagic);
        findings.push(
            Finding::critical(format!("{} was built for {other}, but the kernel is {version}", first.name))
                .evidences(vermagics(&foreign))
                .remedy(remedy()),
        );
    }
    if let Some((first, vermagic)) = by_symbols.first() {
        findings.push(
            Finding::warning(format!(
                "{} was built for {}: {version} loads it only while the symbols that it uses are the same",
                first.name,
                built_for(vermagic)
            ))
            .evidences(vermagics(&by_symbols))
            .remedy(remedy()),
        );
    }
    if let Some(problem) = kernel.unread_modules().filter(|_| findings.is_empty()) {
        return Err(Outcome::unread(problem));
    }
    Ok(Outcome::from_findings(findings, || pass_reason(kernel, directory, count)))
}

fn pass_reason(kernel: &Kernel, directory: &str, count: usize) -> String {
    if count == 0 {
        format!("{directory} exists, and {} needs no module from it for iSCSI", kernel.name())
    } else {
        format!("all {count} modules for iSCSI are in {directory}")
    }
}

/// Whether the image that boots holds what the root needs of this kernel's modules: then the machine comes
/// up without those on the disk.
fn image_suffices(facts: &Analysis<'_>, kernel: &Kernel) -> bool {
    facts.judged_image().is_ok_and(|image| {
        facts
            .needed_modules()
            .iter()
            .all(|module| matches!(kernel.in_image(image, module), InImage::BuiltIn | InImage::Module))
    })
}

/// The option of a module that the kernel was configured for, and that its `modules.dep` does not name.
fn unlisted(kernel: &Kernel, module: &str) -> Option<&'static str> {
    let listed = kernel.modules.is_empty() || kernel.modules.contains_key(module);
    let configured = kernel.config_of(module) == Some("m") && kernel.is_builtin(module) != Some(true);
    (configured && !listed).then(|| analysis::option_of(module)).flatten()
}

/// The kernel's own vermagic, as its modules of the right version say it.
fn own_vermagic<'a>(kernel: &'a Kernel, version: &str) -> Option<&'a str> {
    kernel.modules.values().filter_map(|file| file.vermagic.as_deref()).find(|vermagic| built_for(vermagic) == version)
}

/// The version that a module was built for: the first word of its vermagic.
fn built_for(vermagic: &str) -> &str {
    vermagic.split_whitespace().next().unwrap_or_default()
}

/// What the kernel compares besides the version.
fn rest(vermagic: &str) -> Vec<&str> {
    vermagic.split_whitespace().skip(1).collect()
}

/// Whether kernel and module carry checksums of symbols (CONFIG_MODVERSIONS): then the version does not
/// count (`kernel/module/version.c`, `same_magic`).
fn has_checksums(vermagic: &str) -> bool {
    vermagic.split_whitespace().any(|word| word == "modversions")
}
