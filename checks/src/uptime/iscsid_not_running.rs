//! `iscsid-not-running`

use crate::facts::Unit;
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Repair, Scope, Severity, ShellCommand};

pub(crate) static CHECK: Check = Check {
    id: "iscsid-not-running",
    link: Link::Uptime,
    severity: Severity::Warning,
    scope: Scope::Live,
    decided_by: &[],
    title: "iscsid is not running, so a lost session is not restored",
    doc: Doc {
        finds: "The running instance has a session, but iscsid is not running.",
        breaks: "The kernel transfers a session's data without help, but only iscsid logs in again after the \
                 connection was lost. Without it the root does not survive a short network outage. That its unit \
                 is disabled proves little: a udev rule of Debian's package starts it when an iSCSI disk appears.",
        fix: "Start iscsid. If it does not start at boot, check that its unit is not masked and that the udev rule \
               70-open-iscsi.rules exists, or enable the unit. iscsid itself logs nothing out when it stops.",
        references: &[
            "Debian open-iscsi README.Debian",
            "Debian /usr/lib/udev/rules.d/70-open-iscsi.rules (LP: #1802354)",
            "iscsid(8)",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let sessions = facts.iscsi.sessions.needed()?;
    if sessions.is_empty() {
        return Err(Outcome::not_applicable("the kernel has no iSCSI session"));
    }
    if *facts.iscsi.iscsid_running.needed()? {
        return Ok(Outcome::pass("iscsid is running and reconnects a lost session"));
    }
    let session = facts.root_sessions().first().map_or(sessions[0].name.as_str(), |session| session.name.as_str());
    let mut finding =
        Finding::warning(format!("iscsid is not running: {session} will not be restored once its connection is lost"))
            .evidence(Evidence::new("/proc/net/unix", "no @ISCSIADM_ABSTRACT_NAMESPACE"));
    let mut remedy = Remedy::new("Start iscsid, and make sure that it starts at boot");
    let unit = facts.services.unit(Unit::ISCSID);
    if let Some(masked) = unit.and_then(|unit| unit.masked.as_ref()) {
        finding = finding.evidence(Evidence::at(masked, "iscsid.service is masked"));
        remedy = remedy.command(ShellCommand::new(&["systemctl", "unmask", Unit::ISCSID]).on_machine());
    }
    // One that starts at boot was stopped since, and no file would change that.
    let enable = unit.filter(|unit| unit.masked.is_none() && unit.fragment.is_some() && !unit.starts());
    let remedy = remedy.repairs_by(enable.map(|_| Repair::EnableUnit { unit: Unit::ISCSID.to_owned() }));
    finding
        .remedy(remedy.command(ShellCommand::new(&["systemctl", "enable", "--now", Unit::ISCSID]).on_machine()))
        .into()
}
