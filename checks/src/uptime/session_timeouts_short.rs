//! `session-timeouts-short`

use crate::facts::Source;
use crate::{
    Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Repair, Scope, Sed, Severity, ShellCommand,
};

/// open-iscsi's own default of `node.session.timeo.replacement_timeout`, in seconds.
const DEFAULT: i64 = 120;

pub(crate) static CHECK: Check = Check {
    id: "session-timeouts-short",
    link: Link::Uptime,
    severity: Severity::Warning,
    scope: Scope::Everywhere,
    decided_by: &[Source::IscsidConf, Source::NodeRecords],
    title: "the root's session gives up sooner than open-iscsi's default",
    doc: Doc {
        finds: "The replacement timeout of a root without dm-multipath is below open-iscsi's default of 120 s: in force \
                in the kernel (recovery_tmo), in a node record, or in iscsid.conf. 0 fails I/O at once; a negative \
                value never does. The default passes, although open-iscsi's README recommends more for a root: \
                replacement_timeout 86400, noop_out_interval 0 and noop_out_timeout 0.",
        breaks: "When the target does not reply for that long, the disks return I/O errors. A root filesystem \
                 then goes read-only, and the machine needs a reboot: because a switch restarted \
                 or a controller failed over. With dm-multipath below the root short timeouts are right, since \
                 the other path takes over.",
        fix: "Set the timeout in iscsid.conf, from which iscsid takes it for a session of the boot firmware, and in \
               the node record of the target where there is one. The value in force can be set in sysfs.",
        references: &[
            "open-iscsi README, section 8.2 (iSCSI settings for iSCSI root)",
            "open-iscsi etc/iscsid.conf, node.session.timeo.replacement_timeout",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    if let Some(at) = &facts.storage.multipath {
        return Err(Outcome::not_applicable(format!(
            "dm-multipath is configured ({at}): short timeouts are right for its paths"
        )));
    }
    let short = |seconds: i64| (0..DEFAULT).contains(&seconds);
    let mut findings = Vec::new();
    let mut sound = Vec::new();
    for session in facts.root_sessions() {
        let Some(seconds) = session.recovery_tmo else { continue };
        if short(seconds) {
            let path = format!("/sys/class/iscsi_session/{}/recovery_tmo", session.name);
            findings.push(
                Finding::warning(format!(
                    "{} returns I/O errors once the target is silent for {seconds} s",
                    session.name
                ))
                .evidence(Evidence::new(path.clone(), seconds.to_string()))
                .remedy(
                    Remedy::new("Set the timeout in the kernel now, and in iscsid.conf for the next boot")
                        .command(ShellCommand::write_line(&path, "86400", &[])),
                ),
            );
        } else {
            sound.push(format!("{} waits {} for its target", session.name, waits(seconds)));
        }
    }
    let targets = crate::shutdown::boot_target_names(facts);
    let records = facts.iscsi.nodes.iter().filter(|node| targets.contains(&node.target));
    for (value, remedy) in
        records.filter_map(|node| Some((node.replacement_timeout.as_ref()?, record_remedy(&node.target)))).chain(
            facts
                .iscsi
                .iscsid_conf
                .iter()
                .filter_map(|conf| Some((conf.replacement_timeout.as_ref()?, conf_remedy(&conf.path)))),
        )
    {
        if short(value.value) {
            findings.push(
                Finding::warning(format!(
                    "{} makes the root return I/O errors once the target is silent for {} s",
                    value.at.path, value.value
                ))
                .evidence(Evidence::at(&value.at, format!("node.session.timeo.replacement_timeout = {}", value.value)))
                .remedy(remedy.repair(Repair::SetIscsi {
                    path: value.at.path.clone(),
                    key: "node.session.timeo.replacement_timeout".to_owned(),
                    value: "86400".to_owned(),
                })),
            );
        } else {
            sound.push(format!("{} says {}", value.at.path, waits(value.value)));
        }
    }
    if findings.is_empty() && sound.is_empty() {
        sound.push(format!("no file sets a replacement timeout, so the default of {DEFAULT} s holds"));
    }
    Ok(Outcome::from_findings(findings, || sound.join("; ")))
}

fn waits(seconds: i64) -> String {
    if seconds < 0 { "indefinitely".to_owned() } else { format!("{seconds} s") }
}

fn record_remedy(target: &str) -> Remedy {
    Remedy::new("Set the timeout in the node record").command(
        ShellCommand::new(&["iscsiadm", "-m", "node", "-T"]).value(target).args(&[
            "-o",
            "update",
            "-n",
            "node.session.timeo.replacement_timeout",
            "-v",
            "86400",
        ]),
    )
}

fn conf_remedy(path: &str) -> Remedy {
    Remedy::new("Set the timeout in iscsid.conf").command(ShellCommand::sed(
        &[Sed::new(r"s/^([[:space:]]*node\.session\.timeo\.replacement_timeout[[:space:]]*=).*/\1 86400/")],
        path,
    ))
}
