//! `template-helper-missing`

use super::left::{Want, judge_wanted};
use crate::{Check, Doc, Link, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "template-helper-missing",
    link: Link::Template,
    severity: WANT.severity,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "no package for an iSCSI root is installed",
    doc: Doc {
        finds: "The template has no package with the scripts of an iSCSI root: the vendor's helpers, open-iscsi's \
                scripts for initramfs-tools, or dracut's iscsi module.",
        breaks: "The present initramfs may boot, but the initramfs that the next kernel update builds may not: \
                 nothing adds the login to it.",
        fix: "Install the package for the generator that builds the initramfs.",
        references: &["README.Debian of open-iscsi, root on iSCSI", "dracut modules.d/74iscsi"],
    },
    judge: |facts| judge_wanted(facts, &WANT),
};

const WANT: Want = Want {
    what: "helper",
    severity: Severity::Info,
    missing: "no package for an iSCSI root is installed",
    disabled: None,
    fix: "Install open-iscsi (initramfs-tools), dracut's network and iscsi modules, or your provider's helpers",
    commands: &[&["apt-get", "install", "open-iscsi"]],
};
