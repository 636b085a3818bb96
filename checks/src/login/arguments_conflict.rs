//! `login-arguments-conflict`: words of the command line that dracut does not take together.

use crate::facts::{Cmdline, Facts, LoginKind, Word};
use crate::{Check, Doc, Evidence, Finding, Link, Outcome, Scope, Severity, view};

pub(crate) static CHECK: Check = Check {
    id: "login-arguments-conflict",
    link: Link::Login,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "words of the command line contradict each other",
    doc: Doc {
        finds: "In an image of dracut: iscsiroot= together with rd.iscsi.firmware (or its old name iscsi_firmware), \
                and netroot=iscsi or netroot=iscsi:ibft, where `ibft` is taken for the name of a server. The latter \
                is a warning when the login by the firmware is asked for as well.",
        breaks: "dracut stops with `Mixing iscsiroot and iscsi_firmware is dangerous`. With netroot=iscsi:ibft it \
                 tries to resolve a server of that name and never logs in.",
        fix: "Say it once: root= with the volume or UUID, and rd.iscsi.firmware=1 rd.iscsi.ibft=1 for whatever the \
               iBFT names; or netroot=iscsi:… alone for a target named by hand.",
        references: &[
            "dracut modules.d/95iscsi/parse-iscsiroot.sh",
            "https://github.com/dracutdevs/dracut/issues/2279",
            "https://github.com/open-iscsi/open-iscsi/issues/400",
            "dracut.cmdline(7), iSCSI",
        ],
    },
    judge,
};

fn judge(facts: &Facts) -> Outcome {
    let image = match super::image_that_logs_in(facts) {
        Ok(image) => image,
        Err(outcome) => return outcome,
    };
    let Some(login) = image.login.iter().find(|login| login.kind != LoginKind::Iscsistart) else {
        return Outcome::pass("the words that the image's script reads do not exclude each other");
    };
    let words = view::boot_words(facts);
    let firmware = ["rd.iscsi.firmware", "iscsi_firmware"]
        .iter()
        .filter(|key| words.is_on(key))
        .find_map(|key| words.words.iter().find(|word| word.key == **key));
    let mut findings = Vec::new();
    let iscsiroot = words.words.iter().find(|word| word.key == "iscsiroot");
    if let (Some(firmware), Some(iscsiroot)) = (firmware, iscsiroot) {
        findings.push(report(
            facts,
            &words,
            Finding::critical(format!("dracut stops the boot because {} and iscsiroot= stand together", firmware.key)),
            &[firmware, iscsiroot],
            Evidence::at(&login.at, "Mixing iscsiroot and iscsi_firmware is dangerous"),
        ));
    }
    let no_target =
        |word: &&Word| word.key == "netroot" && matches!(word.value.as_deref(), Some("iscsi" | "iscsi:ibft"));
    if let Some(netroot) = words.words.iter().find(no_target) {
        let summary = format!("{netroot} names no target: what stands there is taken for a server");
        let finding = if firmware.is_some() { Finding::warning(summary) } else { Finding::critical(summary) };
        let says = Evidence::at(&login.at, "splits netroot= into a server, a protocol, a port, a LUN and a target");
        findings.push(report(facts, &words, finding, &[netroot], says));
    }
    Outcome::from_findings(findings, || "the words for iSCSI do not contradict each other".to_owned())
}

fn report(facts: &Facts, words: &Cmdline, finding: Finding, of: &[&Word], script: Evidence) -> Finding {
    finding.evidences(of.iter().map(|word| view::word_evidence(words, word))).evidence(script).remedy(view::update_loader(
        facts,
        "Leave one way to ask in GRUB_CMDLINE_LINUX: rd.iscsi.firmware=1 rd.iscsi.ibft=1, or netroot=iscsi:SERVER::::TARGET.",
    ))
}
