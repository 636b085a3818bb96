//! Units and System V scripts that touch the network or the session.

use super::page::{Page, list};
use isctpl_checks::facts::{Logout, LogoutScope, Services, Unit};

/// Units, what starts them, and what they run.
pub(super) fn services(services: &Services, page: &mut Page<'_>) {
    page.heading(if services.systemd { "Units of systemd" } else { "Units (systemd is not in this root)" });
    if services.units.is_empty() {
        page.line("none that touches the network or the session");
    }
    services.units.iter().for_each(|one| unit(one, page));
    if !services.sysv.is_empty() {
        page.heading("Links of System V init");
        let rows = services.sysv.iter().map(|link| {
            let mut words =
                vec![format!("{} at runlevel {}", if link.start { "starts" } else { "stops" }, link.runlevel)];
            words.extend(link.shadowed_by_unit.then(|| "a unit of the same name takes its place".to_owned()));
            words.extend(link.logout.as_ref().map(logout));
            vec![link.path.clone(), words.join(", ")]
        });
        page.rows(rows.collect());
    }
    page.problems(&services.problems);
}

fn unit(unit: &Unit, page: &mut Page<'_>) {
    let state = match (&unit.masked, &unit.fragment) {
        (Some(at), _) => format!("masked ({at})"),
        (None, None) => "not installed; only a link names it".to_owned(),
        (None, Some(_)) if unit.starts() => "starts at boot".to_owned(),
        (None, Some(_)) => "does not start at boot".to_owned(),
    };
    page.line(&format!("{}: {state}", unit.name));
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut row = |label: &str, value: String| rows.push(vec![format!("  {label}"), value]);
    if let Some(fragment) = &unit.fragment {
        row("file", fragment.to_string());
    }
    if !unit.drop_ins.is_empty() {
        row("drop-ins", list(&unit.drop_ins));
    }
    if !unit.enabled_by.is_empty() {
        row("enabled by", list(&unit.enabled_by));
    }
    if !unit.pulled_by.is_empty() {
        row("started by", list(&unit.pulled_by));
    }
    for exec in &unit.exec {
        let at = if exec.at.line > 0 { format!(" (line {})", exec.at.line) } else { String::new() };
        row(&exec.directive, format!("{}{at}", exec.command));
        if let Some(found) = &exec.logout {
            row("", logout(found));
        }
    }
    if unit.starts() && unit.stopped_at_shutdown {
        row("at shutdown", "stopped".to_owned());
    }
    page.rows(rows);
}

fn logout(logout: &Logout) -> String {
    let sessions = match &logout.of {
        LogoutScope::All => "every session".to_owned(),
        LogoutScope::ByStartup(startup) => format!("sessions with node.startup {startup}"),
        LogoutScope::Target(target) => format!("sessions to {target}"),
    };
    let kept = if logout.keeps_root { ", except those that hold the root" } else { "" };
    format!("logs out {sessions}{kept}: {} ({})", logout.excerpt, logout.at)
}
