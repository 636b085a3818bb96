//! `template-credentials-left`

use super::left::{Left, judge_left};
use crate::facts::LeftoverKind;
use crate::{Check, Doc, Link, Scope, Sed, Severity, ShellCommand};

pub(crate) static CHECK: Check = Check {
    id: "template-credentials-left",
    link: Link::Template,
    severity: LEFT.severity,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "CHAP credentials are left in the template",
    doc: Doc {
        finds: "A CHAP user name or password in iscsid.conf, in iscsi.initramfs, or in a node record. The values are \
                never shown.",
        breaks: "Every machine made from the template has the credentials of the machine that it was built on, and \
                 everybody who can read the template can read them. A machine that boots with its iBFT needs no \
                 credentials on the disk: the firmware passes on its own.",
        fix: "Remove the lines from iscsid.conf, delete the node records, and rebuild the initramfs, which may have a \
              copy.",
        references: &[
            "iscsid.conf, node.session.auth.password",
            "iSCSI Boot Firmware Table 1.03, target structure (CHAP)",
            "open-iscsi README, section 7",
        ],
    },
    judge: |facts| judge_left(facts, &LEFT),
};

const LEFT: Left = Left {
    kind: LeftoverKind::Credentials,
    severity: Severity::Warning,
    what: "CHAP credentials",
    clean: "no CHAP credentials are left",
    unit: "entries",
    fix: "Remove the credentials, and rebuild the initramfs",
    command: remove_lines,
};

/// Takes the lines out: those of open-iscsi's own files, and of the file for its image.
fn remove_lines(path: &str) -> Option<ShellCommand> {
    // cloud-init's data is the provider's, and no line of it stands alone.
    if path.starts_with("/var/lib/cloud/") {
        return None;
    }
    let lines = r"/^[[:space:]]*(node\.session|discovery\.sendtargets)\.auth\.(username|password)/d";
    let of_image = r"/^[[:space:]]*(export +)?ISCSI_(IN_)?(USERNAME|PASSWORD)=/d";
    Some(ShellCommand::sed(&[Sed::new(lines), Sed::new(of_image)], path))
}
