//! `template-helper-missing`

use super::left::{Want, judge_wanted};
use crate::{Check, Doc, Link, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "template-helper-missing",
    link: Link::Template,
    severity: WANT.severity,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "no helper that sets up the iSCSI root is installed",
    doc: Doc {
        finds: "A template without a package that brings the scripts of the iSCSI root: vendor's helpers, or the \
                scripts of open-iscsi for initramfs-tools, or dracut's iscsi module.",
        breaks: "The image that is in place may boot, and the one that the next kernel update builds may not: \
                 nothing would put the login into it.",
        fix: "Install the package that fits the generator of the initramfs.",
        references: &["README.Debian of open-iscsi, root on iSCSI", "dracut modules.d/74iscsi"],
    },
    judge: |facts| judge_wanted(facts, &WANT),
};

const WANT: Want = Want {
    what: "helper",
    severity: Severity::Info,
    missing: "no helper for an iSCSI root is installed",
    disabled: None,
    fix: "Install open-iscsi (initramfs-tools) or dracut's network and iscsi modules, or the helpers of your provider",
    commands: &[&["apt-get", "install", "open-iscsi"]],
};
