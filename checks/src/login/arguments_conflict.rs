//! `login-arguments-conflict`: words of the command line that dracut does not take together.

use crate::facts::{Cmdline, LoginKind, Word};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "login-arguments-conflict",
    link: Link::Login,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "iSCSI words on the kernel command line contradict each other",
    doc: Doc {
        finds: "The initramfs was built by dracut, and the kernel command line has iscsiroot= together with \
                rd.iscsi.firmware (or its old name iscsi_firmware), or together with a root= or netroot= that names \
                something else than iscsi; or it has netroot=iscsi or netroot=iscsi:ibft, and dracut takes `ibft` for \
                the name of a server. The latter is a warning if the login with the \
                firmware is requested as well.",
        breaks: "dracut stops with `Mixing iscsiroot and iscsi_firmware is dangerous`, or with `Argument iscsiroot only \
                 accepted for empty root= or [net]root=iscsi`. With netroot=iscsi:ibft it \
                 tries to resolve a server named ibft and never logs in.",
        fix: "Request the login in one way only: root= with the volume or UUID, plus rd.iscsi.firmware=1 \
              rd.iscsi.ibft=1 for the target of the iBFT; or netroot=iscsi:… alone for a target that you name.",
        references: &[
            "dracut modules.d/95iscsi/parse-iscsiroot.sh",
            "https://github.com/dracutdevs/dracut/issues/2279",
            "https://github.com/open-iscsi/open-iscsi/issues/400",
            "dracut.cmdline(7), iSCSI",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let image = facts.image_that_logs_in()?;
    let Some(login) = image.login.iter().find(|login| login.kind != LoginKind::Iscsistart) else {
        return Ok(Outcome::pass(
            "the initramfs logs in with iscsistart, and its script has no words that exclude each other",
        ));
    };
    let words = facts.boot_words();
    let firmware = ["rd.iscsi.firmware", "iscsi_firmware"]
        .iter()
        .filter(|key| words.is_on(key))
        .find_map(|key| words.words.iter().find(|word| word.key == **key));
    let mut findings = Vec::new();
    let iscsiroot = words.words.iter().find(|word| word.key == "iscsiroot");
    if let (Some(firmware), Some(iscsiroot)) = (firmware, iscsiroot) {
        findings.push(report(
            facts,
            words,
            Finding::critical(format!(
                "dracut stops the boot: the command line has both {} and iscsiroot=",
                firmware.key
            )),
            &[firmware, iscsiroot],
            Evidence::at(&login.at, "Mixing iscsiroot and iscsi_firmware is dangerous"),
        ));
    } else if let Some((iscsiroot, other)) = iscsiroot.and_then(|word| Some((word, beside_iscsiroot(words)?))) {
        findings.push(report(
            facts,
            words,
            Finding::critical(format!("dracut stops the boot: it takes iscsiroot= only without {}=", other.key)),
            &[iscsiroot, other],
            Evidence::at(&login.at, "Argument iscsiroot only accepted for empty root= or [net]root=iscsi"),
        ));
    }
    let no_target =
        |word: &&Word| word.key == "netroot" && matches!(word.value.as_deref(), Some("iscsi" | "iscsi:ibft"));
    if let Some(netroot) = words.words.iter().find(no_target) {
        let summary = format!("{netroot} names no target: dracut takes its value for the name of a server");
        let finding = if firmware.is_some() { Finding::warning(summary) } else { Finding::critical(summary) };
        let says = Evidence::at(&login.at, "splits netroot= into a server, a protocol, a port, a LUN and a target");
        findings.push(report(facts, words, finding, &[netroot], says));
    }
    Ok(Outcome::from_findings(findings, || {
        "the iSCSI words on the command line do not contradict each other".to_owned()
    }))
}

/// The word that stands in the way of `iscsiroot=`, as `parse-iscsiroot.sh` looks for it: `netroot=` of iSCSI, or else of
/// DHCP, or else the last one; `root=` of iSCSI goes before it, and any other where there is none.
fn beside_iscsiroot(words: &Cmdline) -> Option<&Word> {
    let value = |word: &Word| word.value.clone().unwrap_or_default();
    let kind = |word: &&Word, kind: &str| value(word).split(':').next() == Some(kind);
    let root = words.words.iter().rev().find(|word| word.key == "root" && !value(word).is_empty());
    let netroots = || words.words.iter().filter(|word| word.key == "netroot" && !value(word).is_empty());
    let first = |of: &str| netroots().find(|word| kind(word, of));
    let of_root = root.filter(|word| kind(word, "iscsi"));
    let netroot = first("iscsi").or(of_root).or_else(|| first("dhcp")).or_else(|| netroots().next_back());
    netroot.or(root).filter(|word| value(word) != "iscsi")
}

fn report(facts: &Analysis<'_>, words: &Cmdline, finding: Finding, of: &[&Word], script: Evidence) -> Finding {
    finding.evidences(of.iter().map(|word| words.evidence_of(word))).evidence(script).remedy(
        facts
            .update_loader(
                "Keep one request in GRUB_CMDLINE_LINUX: rd.iscsi.firmware=1 rd.iscsi.ibft=1, or \
         netroot=iscsi:SERVER::::TARGET.",
            )
            .repairs_by(facts.request_login()),
    )
}
