//! What logs sessions out, and which target carries the root.

use crate::Analysis;
use crate::facts::{ExecLine, Facts, IscsidConf, Logout, RequestKind, SysvLink, Unit};

/// A logout that happens on the way down, or at boot, by something that starts.
#[derive(Debug)]
pub(super) struct LogoutEvent<'a> {
    /// The unit or System V link.
    pub(super) by: &'a str,
    /// `ExecStop` and so on; empty for a System V script.
    pub(super) directive: &'a str,
    /// The logout.
    pub(super) logout: &'a Logout,
    /// The unit; `None` for a System V link.
    pub(super) unit: Option<&'a Unit>,
}

/// Every logout that happens, whatever sessions it is for.
pub(super) fn logout_events(facts: &Facts) -> Vec<LogoutEvent<'_>> {
    let services = &facts.services;
    let by_units = services.units.iter().filter(|unit| unit.starts()).flat_map(|unit| {
        unit.exec.iter().filter(|line| runs(unit, line)).filter_map(move |line| {
            let logout = line.logout.as_ref()?;
            Some(LogoutEvent { by: &unit.name, directive: &line.directive, logout, unit: Some(unit) })
        })
    });
    let by_links = services
        .sysv
        .iter()
        .filter(|link| link_runs(facts, link))
        .filter_map(|link| Some((link, link.logout.as_ref()?)))
        .map(|(link, logout)| LogoutEvent { by: &link.path, directive: "", logout, unit: None });
    by_units.chain(by_links).collect()
}

/// Whether a line of a unit that starts is run: what stops it, only when shutdown stops it.
fn runs(unit: &Unit, line: &ExecLine) -> bool {
    match line.directive.as_str() {
        "ExecStop" | "ExecStopPost" => unit.stopped_at_shutdown,
        "ExecReload" | "ExecCondition" => false,
        _ => true,
    }
}

/// Whether a link of System V init is followed at shutdown. systemd makes a unit of a script only
/// where a link starts it, and takes a unit of the same name instead where there is one.
fn link_runs(facts: &Facts, link: &SysvLink) -> bool {
    let services = &facts.services;
    let going_down = !link.start && matches!(link.runlevel.as_str(), "0" | "6");
    let started = || {
        services.sysv.iter().any(|other| {
            other.start && other.script == link.script && matches!(other.runlevel.as_str(), "S" | "2" | "3" | "4" | "5")
        })
    };
    let made_a_unit = || {
        let name = link.script.rsplit('/').next().unwrap_or_default();
        services.unit(&format!("{name}.service")).is_some()
    };
    going_down && !link.shadowed_by_unit && (!services.systemd || (started() && !made_a_unit()))
}

/// Why a logout spares the session of the root although it is for all; `None` where it does not, or where that is not
/// known: see [`Logout::keeps_unread`].
pub(super) fn spared(facts: &Analysis<'_>, logout: &Logout) -> Option<String> {
    // Debian's umountiscsi.sh hands pvs(8) names without a path, `sda1 sda2`, and today's pvs finds no such
    // device (LVM 2.03.16 and 2.03.31): the list stays empty where the root is on LVM.
    let unseen = logout.keeps_by_list && facts.root_volume().is_some();
    // It looks up the source of the mount at /, which of an overlay is no device ("KNOWN ISSUES" in the script).
    if logout.keeps_root && !unseen && !super::overlay::is_root(facts) {
        return Some(format!("{} keeps the session of the root", logout.at.path));
    }
    let safe = |conf: &IscsidConf| conf.safe_logout.as_ref().filter(|safe| safe.value).map(|safe| safe.at.clone());
    facts
        .iscsi
        .iscsid_conf
        .as_ref()
        .and_then(safe)
        .map(|at| format!("iscsid.safe_logout refuses to log out what is mounted ({at})"))
}

/// The names of the targets that carry the root, as far as they are known: of the session that holds
/// it, of the firmware, and of what the command line or the image asks for.
pub(crate) fn boot_target_names(facts: &Analysis<'_>) -> Vec<String> {
    let mut names: Vec<String> = facts.root_sessions().iter().map(|session| session.target.clone()).collect();
    names.extend(
        facts
            .handoff()
            .into_iter()
            .flat_map(|handoff| handoff.boot_targets())
            .filter_map(|target| target.name.map(str::to_owned)),
    );
    names.extend(facts.requests().iter().filter_map(|request| match &request.kind {
        RequestKind::Target { name, .. } => name.clone(),
        RequestKind::Firmware => None,
    }));
    names.sort();
    names.dedup();
    names
}
