//! `initramfs-login-tool-missing`: the image holds nothing that can log in.

use crate::analysis::Family;
use crate::facts::{Initramfs, LoginKind, NetworkKind};
use crate::{
    Analysis, Check, Doc, Evidence, Finding, ImageContents, Link, Outcome, Remedy, Scope, Severity, ShellCommand,
};

pub(crate) static CHECK: Check = Check {
    id: "initramfs-login-tool-missing",
    link: Link::Initramfs,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the initramfs has nothing that logs in to a target",
    doc: Doc {
        finds: "The initramfs has no script that logs in, or lacks the programs that this script runs: iscsistart for \
                initramfs-tools and older dracut, iscsid and iscsiadm for dracut with systemd, and ipconfig if the \
                network is brought up with it.",
        breaks: "open-iscsi's script for initramfs-tools exits silently if it cannot run /sbin/iscsistart. Its hook \
                 adds the script only if /etc/iscsi/iscsi.initramfs exists, and never with NO_ISCSI_IN_INITRAMFS=yes. \
                 dracut leaves out its module iscsi if no disk of the building host is an iSCSI disk, as in a chroot \
                 or in the virtual machine that a template is built in.",
        fix: "initramfs-tools: install open-iscsi, create /etc/iscsi/iscsi.initramfs, and rebuild the initramfs. \
              dracut: rebuild it with --no-hostonly --add iscsi.",
        references: &[
            "Debian open-iscsi, README.Debian and debian/extra/initramfs/hooks/iscsi",
            "dracut modules.d/95iscsi/module-setup.sh (check)",
            "dracut(8), --add",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let image = facts.judged_image()?;
    let mut lacking: Vec<(&str, Evidence)> = Vec::new();
    for login in &image.login {
        let missing: Vec<_> = programs(image, login.kind)
            .iter()
            .filter(|program| image.program(program).is_none())
            .map(|program| {
                (*program, Evidence::at(&login.at, format!("runs {program}, which is not in the initramfs")))
            })
            .collect();
        if missing.is_empty() {
            return Ok(Outcome::pass(format!("{} runs {}", login.at, programs(image, login.kind).join(" and "))));
        }
        lacking.extend(missing);
    }
    image.whole()?;
    if lacking.is_empty() {
        let summary = format!("{} has no script that logs in to an iSCSI target", image.path);
        let looked = "has neither scripts/local-top/iscsi nor iscsiroot";
        return Finding::critical(summary)
            .evidence(Evidence::new(&image.path, looked))
            .evidences(facts.omitting(&[]))
            .remedy(remedy(facts, image))
            .into();
    }
    let names: Vec<_> = lacking.iter().map(|(program, _)| *program).collect();
    Finding::critical(format!("{} lacks {}, which its login script runs", image.path, names.join(" and ")))
        .evidences(lacking.into_iter().map(|(_, evidence)| evidence))
        .evidences(facts.omitting(&[]))
        .remedy(remedy(facts, image))
        .into()
}

/// What a login runs.
fn programs(image: &Initramfs, kind: LoginKind) -> Vec<&'static str> {
    match kind {
        LoginKind::Iscsistart if image.has_network(NetworkKind::Ipconfig) => vec!["iscsistart", "ipconfig"],
        LoginKind::Iscsistart | LoginKind::DracutIscsistart => vec!["iscsistart"],
        LoginKind::DracutIscsid => vec!["iscsid", "iscsiadm"],
    }
}

fn remedy(facts: &Analysis<'_>, image: &Initramfs) -> Remedy {
    let contents = ImageContents { login_tools: true, ..ImageContents::default() };
    let remedy = facts.rebuild_holding(contents, "Add the login to the initramfs, and rebuild it.");
    if image.family() != Family::InitramfsTools {
        return remedy;
    }
    let conf = facts.iscsi.initramfs_conf.is_none();
    let conf = conf.then(|| ShellCommand::write_line("/etc/iscsi/iscsi.initramfs", "ISCSI_AUTO=true", &[]));
    let install = ShellCommand::new(&["apt-get", "install", "open-iscsi"]);
    conf.into_iter().chain([install]).fold(remedy, Remedy::first)
}
