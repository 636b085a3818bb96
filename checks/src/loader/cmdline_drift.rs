//! `loader-cmdline-drift`: the loader's entry and the file it is made from say different things.

use crate::facts::{Cmdline, HIDDEN, Located, Source, Word};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Repair, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "loader-cmdline-drift",
    link: Link::Loader,
    severity: Severity::Warning,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the loader's entry differs from /etc/default/grub",
    doc: Doc {
        finds: "The entry that will boot lacks a word of GRUB_CMDLINE_LINUX or GRUB_CMDLINE_LINUX_DEFAULT, or has a \
                word for iSCSI, the network or the root disk that is in neither. The files of \
                /etc/default/grub.d are evaluated after /etc/default/grub, as grub-mkconfig does: a later one replaces the \
                whole variable. Entries in loader/entries are compared with /etc/kernel/cmdline.",
        breaks: "A manual edit of grub.cfg is lost with the next kernel, and an edit of /etc/default/grub has no \
                 effect until grub.cfg is regenerated. Either way the machine boots today and fails after \
                 the next update, or the other way round.",
        fix: "Decide which of the two is right, set it in GRUB_CMDLINE_LINUX of the last file that assigns it, and \
               regenerate grub.cfg.",
        references: &["GRUB manual, Simple configuration handling", "grub-mkconfig(8)", "kernel-install(8)"],
    },
    judge,
};

/// Beginnings of words that decide an iSCSI boot.
const BOOT_WORDS: [&str; 10] =
    ["iscsi", "rd.", "ip", "netroot", "BOOTIF", "bootdev", "ifname", "vlan", "net.ifnames", "biosdevname"];

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let entry = facts.booting_entry()?;
    let defaults = &facts.loader.defaults;
    let bls = entry.at.as_ref().is_some_and(|at| at.path.contains("/loader/entries/"));
    let unified = entry.unified_image();
    let (origin, sources): (_, Vec<&Located<Cmdline>>) = if bls || unified.is_some() {
        (Source::KernelCmdline, defaults.kernel_cmdline.iter().collect())
    } else {
        let default_only = defaults.cmdline_linux_default.iter().filter(|_| !entry.recovery);
        (Source::GrubDefaults, defaults.cmdline_linux.iter().chain(default_only).collect())
    };
    if sources.is_empty() {
        facts.was_read(origin)?;
        return Err(Outcome::not_applicable(
            "not checked: the root has neither /etc/default/grub nor /etc/kernel/cmdline",
        ));
    }
    let stands_in = |word: &Word, words: &[Word]| words.iter().any(|other| same(word, other));
    let mut findings = Vec::new();
    let mut report = |summary: String, evidence: Evidence, against: Evidence, repair: Option<Repair>| {
        let text = match unified {
            Some(_) => {
                "Set /etc/kernel/cmdline to the words that the machine needs, then build the unified kernel image anew."
            }
            None => "Set GRUB_CMDLINE_LINUX to the words that the machine needs, then regenerate the loader's entries.",
        };
        let remedy = facts.update_loader(text);
        findings.push(Finding::warning(summary).evidence(evidence).evidence(against).remedy(remedy.repairs_by(repair)));
    };
    let entry_line = || entry.cmdline_evidence();
    for source in &sources {
        let line = Evidence::at(&source.at, source.value.text());
        let lacking = source.value.words.iter().filter(|word| !stands_in(word, &entry.cmdline.words));
        if let Some((words, one)) = listed(lacking) {
            let are = if one { "is" } else { "are" };
            report(
                format!("{words} from {} {are} not in the loader entry that will boot", source.at.path),
                line,
                entry_line(),
                facts.loader_can_be_written().then_some(Repair::WriteLoader),
            );
        }
    }
    let first = sources.first().map(|source| Evidence::at(&source.at, source.value.text()));
    let unfounded =
        |word: &&Word| is_boot_word(word) && !sources.iter().any(|source| stands_in(word, &source.value.words));
    if let (Some((words, one)), Some(first)) = (listed(entry.cmdline.words.iter().filter(unfounded)), first)
        && facts.unread(origin).is_none()
    {
        let (are, them) = if one { ("is", "it") } else { ("are", "them") };
        report(
            format!("{words} {are} in the loader entry that will boot, but the next update of the loader drops {them}"),
            entry_line(),
            first,
            kept_words(facts, entry.cmdline.words.iter().filter(unfounded), &sources),
        );
    }
    if findings.is_empty() {
        facts.was_read(origin)?;
    }
    Ok(Outcome::from_findings(findings, || {
        let count: usize = sources.iter().map(|source| source.value.words.len()).sum();
        let path = sources.first().map_or("", |source| source.at.path.as_str());
        let hidden = sources.iter().flat_map(|source| &source.value.words).any(is_hidden);
        let but = if hidden { "; values that are never shown were not compared" } else { "" };
        format!("the loader entry has all {count} words of {path}{but}")
    }))
}

/// That words of the entry join the lines from which it is made. A word that these have with another value is left to
/// them: they are what somebody wrote for good.
fn kept_words<'a>(
    facts: &Analysis<'_>,
    words: impl Iterator<Item = &'a Word>,
    sources: &[&Located<Cmdline>],
) -> Option<Repair> {
    let told = |word: &&Word| !sources.iter().any(|source| source.value.has(&word.key));
    let add: Vec<String> = words.filter(told).map(ToString::to_string).collect();
    if add.is_empty() { None } else { facts.change_words(Vec::new(), add) }
}

/// Words in a row, and whether it is only one; `None` when there is none.
fn listed<'a>(words: impl Iterator<Item = &'a Word>) -> Option<(String, bool)> {
    let words: Vec<String> = words.map(ToString::to_string).collect();
    (!words.is_empty()).then(|| (words.join(" "), words.len() == 1))
}

/// A value that is hidden is not known, so two words with hidden values cannot differ.
fn same(one: &Word, two: &Word) -> bool {
    one.key == two.key && (one.secret || two.secret || one.value == two.value)
}

fn is_hidden(word: &Word) -> bool {
    word.key == HIDDEN || word.value.as_deref().is_some_and(|value| value.contains(HIDDEN))
}

fn is_boot_word(word: &Word) -> bool {
    let exact =
        |key: &&&str| word.key == **key || (key.ends_with('.') || **key == "iscsi") && word.key.starts_with(**key);
    BOOT_WORDS.iter().any(|key| exact(&key))
}
