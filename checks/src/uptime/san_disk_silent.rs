//! `san-disk-silent`

use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity, ShellCommand};

pub(crate) static CHECK: Check = Check {
    id: "san-disk-silent",
    link: Link::Uptime,
    severity: Severity::Critical,
    scope: Scope::Live,
    decided_by: &[],
    title: "the root's disk does not answer",
    doc: Doc {
        finds: "A read of the root's device, bypassing every cache, fails or does not return. It shows that the \
                root is gone, whatever the cause; the other checks of this link look for the cause.",
        breaks: "What is in the page cache still works, so the machine looks alive for a while, and the session may \
                 still count as logged in: the kernel notices a silent target only where it pings it \
                 (noop_out_interval), and open-iscsi's README advises a root against that. Every process that needs \
                 to read from the disk sleeps and ignores signals, and a reboot hangs while it writes the \
                 filesystem back.",
        fix: "Restore the route to the target. Do not reboot before that: unwritten data is lost with the \
               memory.",
        references: &[
            "open(2), O_DIRECT",
            "open-iscsi README, section 8.2 (iSCSI settings for iSCSI root)",
            "Linux Documentation/scsi/scsi_eh.rst (blocked devices)",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    Ok(match facts.storage.root_silence.needed()? {
        None => Outcome::pass("the root's disk answers"),
        Some(silence) => Finding::critical(format!("the root's disk does not answer: {}", silence.what))
            .evidence(Evidence::new(silence.place.clone(), silence.what.clone()))
            .remedy(
                Remedy::new("Restore the route to the target, and do not reboot before that")
                    .command(ShellCommand::new(&["isctpl", "doctor", "--only", "uptime"]))
                    .command(ShellCommand::new(&["iscsiadm", "-m", "session", "-P", "1"]).on_machine()),
            )
            .into(),
    })
}
