//! What the checks on a template have in common: something was left, or something is missing.

use crate::facts::{Leftover, LeftoverKind, Source, Wanted};
use crate::{Analysis, Evidence, Finding, Outcome, Remedy, Severity, ShellCommand};

/// What one check looks for among the leftovers.
pub(super) struct Left {
    /// The kind of leftover.
    pub(super) kind: LeftoverKind,
    /// How bad it is.
    pub(super) severity: Severity,
    /// What is left, for the end of "… holds".
    pub(super) what: &'static str,
    /// The reason to pass.
    pub(super) clean: &'static str,
    /// How `amount` counts.
    pub(super) unit: &'static str,
    /// What to do.
    pub(super) fix: &'static str,
    /// The command that removes what is left at a path, where one does.
    pub(super) command: fn(&str) -> Option<ShellCommand>,
}

/// Fails with one finding for everything that was left of a kind.
pub(super) fn judge_left(facts: &Analysis<'_>, left: &Left) -> Result<Outcome, Outcome> {
    let found: Vec<&Leftover> = facts.template.left.iter().filter(|leftover| leftover.kind == left.kind).collect();
    let Some(first) = found.first() else {
        facts.was_read(Source::Leftover(left.kind))?;
        return Ok(Outcome::pass(left.clean));
    };
    let more = match found.len() - 1 {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    let mut paths: Vec<&str> = found.iter().map(|leftover| leftover.path.as_str()).collect();
    paths.dedup();
    let commands = paths.iter().filter_map(|path| (left.command)(path));
    let remedy = Remedy::new(left.fix).commands(commands);
    finding(left.severity, format!("{} contains {}{more}", first.path, left.what))
        .evidences(found.iter().map(|leftover| evidence(leftover, left.unit)))
        .remedy(remedy)
        .into()
}

fn evidence(leftover: &Leftover, unit: &str) -> Evidence {
    let source = match leftover.line {
        0 => leftover.path.clone(),
        line => format!("{}:{line}", leftover.path),
    };
    let amount = match leftover.kind {
        // Where it stands is all that may be said of it.
        LeftoverKind::Credentials => "credentials (hidden)".to_owned(),
        _ => format!("{} {unit}", leftover.amount),
    };
    Evidence::new(source, amount)
}

/// What one check looks for among the things wanted.
pub(super) struct Want {
    /// Its name in the facts.
    pub(super) what: &'static str,
    /// How bad it is.
    pub(super) severity: Severity,
    /// What is missing, as a sentence.
    pub(super) missing: &'static str,
    /// What is there and does not start, as a sentence; `None` where it does not matter.
    pub(super) disabled: Option<&'static str>,
    /// What to do.
    pub(super) fix: &'static str,
    /// Commands that do it.
    pub(super) commands: &'static [&'static [&'static str]],
}

/// Fails when a thing is not there, or does not start.
pub(super) fn judge_wanted(facts: &Analysis<'_>, want: &Want) -> Result<Outcome, Outcome> {
    let Some(wanted) = facts.template.wanted.iter().find(|wanted| wanted.what == want.what) else {
        return Err(match facts.template.problems.first() {
            Some(problem) => Outcome::unread(problem),
            None => Outcome::unknown(format!("{} was not searched for", want.what)),
        });
    };
    let summary = match (&wanted.found, want.disabled) {
        (None, _) => {
            facts.was_read(Source::Wanted)?;
            want.missing
        }
        (Some(_), Some(disabled)) if wanted.enabled == Some(false) => {
            facts.was_read(Source::Wanted)?;
            disabled
        }
        (Some(path), _) => {
            let starts = if wanted.enabled == Some(true) { ", and starts at boot" } else { "" };
            return Ok(Outcome::pass(format!("{} is installed at {path}{starts}", want.what)));
        }
    };
    let remedy = Remedy::new(want.fix).commands(want.commands.iter().map(|words| ShellCommand::new(words)));
    finding(want.severity, summary.to_owned()).evidence(looked_for(wanted)).remedy(remedy).into()
}

fn looked_for(wanted: &Wanted) -> Evidence {
    match &wanted.found {
        Some(path) => Evidence::new(path.clone(), "is installed, but not enabled"),
        None => Evidence::new(wanted.looked_for.join(", "), "not found"),
    }
}

fn finding(severity: Severity, summary: String) -> Finding {
    let mut finding = Finding::info(summary);
    finding.severity = severity;
    finding
}

/// Empties a file. Its mode and owner stay.
pub(super) fn empty(path: &str) -> Option<ShellCommand> {
    Some(ShellCommand::new(&["truncate", "-s", "0"]).path(path))
}

/// Removes a file.
pub(super) fn remove(path: &str) -> Option<ShellCommand> {
    Some(ShellCommand::new(&["rm", "-f"]).path(path))
}
