//! `san-disk-silent`

use crate::facts::Facts;
use crate::{Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity, ShellCommand};

pub(crate) static CHECK: Check = Check {
    id: "san-disk-silent",
    link: Link::Uptime,
    severity: Severity::Critical,
    scope: Scope::Live,
    decided_by: &[],
    title: "the root's disk does not answer",
    doc: Doc {
        finds: "A read of the root's device, past every cache, that fails or does not come back. It says that the \
                root is gone, whatever took it away; the other checks of this link say what did.",
        breaks: "What lies in the page cache still works, so the machine looks alive for a while, and the session may \
                 still count as logged in: the kernel notices a silent target only where it pings it \
                 (noop_out_interval), and open-iscsi's README advises a root against that. Every process that needs \
                 something new from the disk sleeps, where no signal wakes it, and a reboot hangs in writing the \
                 root back.",
        fix: "Restore the way to the target. Do not reboot before that: what was not written is lost with the \
               memory.",
        references: &[
            "open(2), O_DIRECT",
            "open-iscsi README, section 8.2 (iSCSI settings for iSCSI root)",
            "Linux Documentation/scsi/scsi_eh.rst (blocked devices)",
        ],
    },
    judge,
};

fn judge(facts: &Facts) -> Outcome {
    match crate::known!(facts.storage.root_silence) {
        None => Outcome::pass("the root's disk answers"),
        Some(silence) => Finding::critical(format!("the root's disk does not answer: {}", silence.what))
            .evidence(Evidence::new(silence.place.clone(), silence.what.clone()))
            .remedy(
                Remedy::new("Restore the way to the target, and do not reboot before that")
                    .command(ShellCommand::new(&["isctpl", "doctor", "--only", "uptime"]))
                    .command(ShellCommand::new(&["iscsiadm", "-m", "session", "-P", "1"]).on_machine()),
            )
            .into(),
    }
}
