//! `loader-secret-on-cmdline`: a CHAP password stands on a kernel command line.

use crate::facts::{Cmdline, Location, Source};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity};
use std::collections::BTreeSet;

pub(crate) static CHECK: Check = Check {
    id: "loader-secret-on-cmdline",
    link: Link::Loader,
    severity: Severity::Warning,
    scope: Scope::Everywhere,
    decided_by: &[Source::GrubDefaults, Source::KernelCmdline],
    title: "a CHAP password is on a kernel command line",
    doc: Doc {
        finds: "A word that carries a CHAP password (iscsi_password=, rd.iscsi.password=, the credentials of \
                netroot=iscsi:USER:PASSWORD@…) in a loader entry, in the files the entries are made from, or on the \
                command line of the running kernel. Its value is never printed.",
        breaks: "Every user of the machine can read /proc/cmdline, and grub.cfg is often world-readable, so \
                 any local user can log in to its disk. The password also ends up in the kernel's log. \
                 dracut.cmdline(7) warns of it.",
        fix: "Have the firmware pass the credentials in the iBFT, and log in by the iBFT (iscsi_auto for \
               initramfs-tools, rd.iscsi.firmware=1 for dracut). Then change the password at the target.",
        references: &["dracut.cmdline(7), WARNING under iSCSI", "proc_cmdline(5)"],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let entries =
        facts.loader.entries.iter().map(|entry| (entry.cmdline.at.as_ref().or(entry.at.as_ref()), &entry.cmdline));
    let defaults = &facts.loader.defaults;
    let files = [&defaults.cmdline_linux, &defaults.cmdline_linux_default, &defaults.kernel_cmdline];
    let files = files.into_iter().flatten().map(|line| (Some(&line.at), &line.value));
    let running = facts.cmdline.known().map(|cmdline| (cmdline.at.as_ref(), cmdline));
    let mut lines = 0;
    let mut seen = BTreeSet::new();
    for (at, cmdline) in entries.chain(files).chain(running) {
        lines += 1;
        seen.extend(secrets(at, cmdline));
    }
    if lines == 0 {
        return Err(Outcome::not_applicable("no command line was read"));
    }
    if seen.is_empty() {
        return Ok(Outcome::pass(format!("none of {lines} kernel command lines contains a known password word")));
    }
    let keys: BTreeSet<_> = seen.iter().map(|(_, key)| key.as_str()).collect();
    let keys = keys.into_iter().collect::<Vec<_>>().join(" and ");
    Finding::warning(format!("{keys} puts a CHAP password on the kernel command line, which every user can read"))
        .evidences(seen.iter().map(|(source, key)| Evidence::new(source, format!("{key}={}", crate::facts::HIDDEN))))
        .remedy(
            Remedy::new(
                "Remove the word and log in by the iBFT (iscsi_auto or rd.iscsi.firmware=1), then change the password \
             at the target.",
            )
            .repairs_by(facts.request_login()),
        )
        .into()
}

/// The source and the key of every word with a secret.
fn secrets(at: Option<&Location>, cmdline: &Cmdline) -> Vec<(String, String)> {
    let source = at.map_or_else(|| "kernel command line".to_owned(), ToString::to_string);
    cmdline.words.iter().filter(|word| word.secret).map(|word| (source.clone(), word.key.clone())).collect()
}
