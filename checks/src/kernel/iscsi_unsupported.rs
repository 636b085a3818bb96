//! `kernel-iscsi-unsupported`: the kernel was built without iSCSI.

use crate::facts::Kernel;
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity, analysis};

pub(crate) static CHECK: Check = Check {
    id: "kernel-iscsi-unsupported",
    link: Link::Kernel,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the kernel was built without a driver that an iSCSI root needs",
    doc: Doc {
        finds: "The kernel that will boot lacks one of these, built in or as a module: iscsi_tcp, scsi_transport_iscsi and \
                sd_mod; iscsi_ibft where the login goes by the iBFT; dm_mod where the root is a logical volume. Its \
                configuration decides, or, without one, the lists of its modules directory.",
        breaks: "Without iscsi_tcp no session is possible, and without iscsi_ibft the kernel does not show what the \
                 firmware passed, so the login has no target. Kernels for clouds and for containers are often \
                 built without them: Talos loaded its kernel from an iSCSI disk, and that kernel then saw no disk.",
        fix: "Install a server kernel (linux-image-generic, linux-image-amd64, kernel), and make it the \
               one that boots.",
        references: &[
            "Linux drivers/scsi/Kconfig (ISCSI_TCP), drivers/firmware/Kconfig (ISCSI_IBFT)",
            "https://github.com/siderolabs/pkgs/issues/1233",
        ],
    },
    judge,
};

/// How the kernel has something.
enum Support {
    BuiltIn,
    Module,
    No(Evidence),
    Unclear,
}

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let kernel = facts.booted_kernel()?;
    let needed = facts.needed_modules();
    let mut lacking = Vec::new();
    let mut modules = Vec::new();
    let mut unclear = Vec::new();
    let mut builtin = Vec::new();
    for module in &needed {
        match support(kernel, module) {
            Support::BuiltIn => builtin.push(*module),
            Support::Module => modules.push(*module),
            // Only the modules of iSCSI are surely looked for on every disk; of the others nothing seen is nothing known.
            Support::Unclear if module.contains("iscsi") => unclear.push(*module),
            Support::Unclear => {}
            Support::No(evidence) => lacking.push((*module, evidence)),
        }
    }
    if !lacking.is_empty() {
        let names: Vec<_> = lacking.iter().map(|(module, _)| *module).collect();
        return Finding::critical(format!("{} was built without {}", kernel.name(), names.join(" and ")))
            .evidences(lacking.into_iter().map(|(_, evidence)| evidence))
            .remedy(Remedy::new("Install a kernel that is built with iSCSI, and make the loader boot it."))
            .into();
    }
    if let Some(first) = unclear.first() {
        return Ok(match kernel.builtin.problem().or(kernel.problems.first()) {
            Some(problem) => Outcome::unread(problem),
            None => Outcome::unknown(format!("whether {} has {first} could not be determined", kernel.name())),
        });
    }
    // The two that tell most are named, the rest is only had.
    let telling = |modules: Vec<&'static str>| {
        modules.into_iter().filter(|module| module.starts_with("iscsi_")).collect::<Vec<_>>().join(" and ")
    };
    let (modules, builtin) = (telling(modules), telling(builtin));
    let kind = if modules.contains(" and ") { "as modules" } else { "as a module" };
    Ok(Outcome::pass(match (modules.is_empty(), builtin.is_empty()) {
        (false, false) => format!("{} has {builtin} built in and {modules} {kind}", kernel.name()),
        (true, false) => format!("{} has {builtin} built in", kernel.name()),
        _ => format!("{} has {modules} {kind}", kernel.name()),
    }))
}

fn support(kernel: &Kernel, module: &str) -> Support {
    if kernel.is_builtin(module) == Some(true) {
        return Support::BuiltIn;
    }
    if kernel.modules.contains_key(module) {
        return Support::Module;
    }
    let config = kernel.config.as_ref();
    match (kernel.config_of(module), config) {
        (Some("y"), _) => Support::BuiltIn,
        (Some("m"), _) => Support::Module,
        (Some(value), Some(config)) => {
            let option = analysis::option_of(module).unwrap_or_default();
            Support::No(Evidence::at(&config.at, format!("{option}={value}")))
        }
        // Neither configuration nor module: only both lists of the modules directory together tell.
        _ => match (&kernel.modules_dir, kernel.builtin.known()) {
            (Some(directory), Some(_)) if !kernel.modules.is_empty() => Support::No(Evidence::new(
                directory,
                format!("{module} is neither in modules.dep nor in modules.builtin"),
            )),
            _ => Support::Unclear,
        },
    }
}
