//! `initramfs-init-refused`: the kernel cannot start the first program of the image.

use super::first_program::{First, first};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "initramfs-init-refused",
    link: Link::Initramfs,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the kernel cannot start the initramfs's init",
    doc: Doc {
        finds: "The file that the kernel starts first, /init or what rdinit= names, is not in the initramfs, may not be \
                executed, is neither an ELF program nor a script, or its interpreter is missing. Where the kernel then \
                starts another program that runs the initramfs's scripts, it is a warning.",
        breaks: "If there is no /init, the kernel mounts root= by itself, which it cannot over iSCSI: `VFS: Unable to \
                 mount root fs`. If it cannot run /init, it tries init=, /sbin/init, /etc/init, /bin/init and /bin/sh \
                 of the initramfs, and panics where none runs: `No working init found`.",
        fix: "Rebuild the initramfs.",
        references: &["Linux init/main.c (kernel_init, kernel_init_freeable)", "Linux fs/exec.c, fs/binfmt_script.c"],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let image = facts.judged_image()?;
    let First { asked, refused, runs } = first(facts, image)?;
    let Some(refused) = refused else {
        let program = runs.and_then(|runs| runs.program.as_deref()).unwrap_or(asked);
        return Ok(Outcome::pass(format!("the kernel starts {program} in {}", image.name())));
    };
    image.whole()?;
    let summary = format!("{asked}, which the kernel starts first, {refused}");
    let finding = match runs {
        Some(runs) if runs.is_runner() => Finding::warning(format!("{summary}; it starts {} instead", runs.path)),
        Some(runs) => Finding::critical(format!("{summary}; it starts {} instead, which logs in nowhere", runs.path)),
        None => Finding::critical(summary),
    };
    let words = facts.boot_words();
    let asking = words.words.iter().filter(|word| word.key == "rdinit").map(|word| words.evidence_of(word));
    finding
        .evidence(Evidence::new(&image.path, format!("{asked} {refused}")))
        .evidences(asking)
        .remedy(facts.rebuild("Rebuild the initramfs."))
        .into()
}
