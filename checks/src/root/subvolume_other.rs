//! `root-subvolume-other`: the boot mounts another subvolume of the root's btrfs than this one.

use crate::facts::Located;
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "root-subvolume-other",
    link: Link::Root,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the boot mounts another subvolume of the root's btrfs",
    doc: Doc {
        finds: "The root is a subvolume of a btrfs, and subvol= in rootflags= of the loader entry that boots names \
                another one, or there is no subvol= and no subvolid=, so that the filesystem's default subvolume is \
                mounted. Which subvolume this root is, the list of mounts tells (of a running system, or of the root \
                that --root names), or else the line for / in /etc/fstab. What the default subvolume is was not read: \
                that is `unknown`, and so is subvolid=, which is a number.",
        breaks: "The initramfs mounts a subvolume without this system: an old snapshot boots in its place, or there is no \
                 init in it and the boot stops (`No init found`, `Failed to switch root`). A subvolume that does not \
                 exist cannot be mounted.",
        fix: "Set rootflags=subvol= of the loader entry to the root's subvolume, or make it the default one (btrfs \
              subvolume set-default).",
        references: &[
            "btrfs(5), subvol=, subvolid=",
            "btrfs-subvolume(8), set-default",
            "grub-mkconfig's 10_linux, rootflags=subvol=",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let entry = facts.booting_entry()?;
    if facts.root_filesystem().is_none_or(|(kind, _)| kind != "btrfs") {
        return Err(Outcome::not_applicable("the root is not known to be a btrfs"));
    }
    let Some(own) = own_subvolume(facts) else {
        return Err(Outcome::not_applicable("not checked: which subvolume the root is, is not known"));
    };
    let words = facts.boot_words();
    // The kernel takes the last one; dracut's scripts and those of initramfs-tools do the same.
    let flags = words.words.iter().rev().find(|word| word.key == "rootflags");
    let options = || flags.and_then(|word| word.value.as_deref()).unwrap_or_default().split(',');
    let seen = || Evidence::from(&own);
    let named = options().filter_map(|option| option.strip_prefix("subvol=")).next_back();
    if let Some(named) = named {
        if named.contains(crate::facts::HIDDEN) {
            return Err(Outcome::unknown("the subvolume that rootflags= names is not shown, and was not compared"));
        }
        if plain(named) == plain(&own.value) {
            return Ok(Outcome::pass(format!("rootflags= mounts the subvolume {named}, which this root is")));
        }
        let remedy = facts.write_loader(
            "Regenerate the loader's configuration from inside the root, so that rootflags= names its subvolume.",
        );
        return Finding::critical(format!("rootflags= mounts the subvolume {named}, and this root is {}", own.value))
            .evidences(flags.map(|word| words.evidence_of(word)))
            .evidence(seen())
            .remedy(remedy)
            .into();
    }
    if options().any(|option| option.starts_with("subvolid=")) {
        return Err(Outcome::unknown(format!(
            "rootflags= names a subvolume by its number, and whether that is {} is not known",
            own.value
        )));
    }
    if plain(&own.value).is_empty() {
        return Ok(Outcome::pass("the root is no subvolume, and rootflags= names none"));
    }
    Err(Outcome::Unknown {
        reason: format!(
            "the boot mounts the default subvolume of the root's btrfs, and whether that is {}, which this root is, is not known",
            own.value
        ),
        evidence: vec![entry.cmdline_evidence(), seen()],
    })
}

/// Without the slashes around it, which mean nothing.
fn plain(subvolume: &str) -> &str {
    subvolume.trim_matches('/')
}

/// Which subvolume the judged root is.
fn own_subvolume(facts: &Analysis<'_>) -> Option<Located<String>> {
    if let Some(subvolume) = &facts.storage.root_subvolume {
        return Some(Located::new(subvolume.clone(), crate::facts::Location::file("/proc/self/mountinfo")));
    }
    let line = facts.storage.fstab.iter().find(|line| line.target == "/")?;
    let named = line.options.iter().rev().find_map(|option| option.strip_prefix("subvol="))?;
    Some(Located::new(named.to_owned(), line.at.clone()))
}
