//! Discovery, and the record of the target in open-iscsi's database.

use crate::procedures::rescue::context::{Context, Earlier};
use crate::procedures::rescue::host::open_iscsi::{self, AddedRecord, RECORD_NAME, iscsiadm};
use crate::procedures::{Failure, Log, Planned, Step};
use crate::system::command::{CommandError, Invocation};

/// What a rescue wants otherwise than iscsid.conf may have it: nobody logs in by this record at the next
/// start, only the wanted unit is attached, and a portal that falls silent is given up soon. Keys that an
/// older open-iscsi does not know are left.
const SETTINGS: [(&str, &str); 4] = [
    ("node.startup", "manual"),
    ("node.session.scan", "manual"),
    ("node.session.initial_login_retry_max", "2"),
    ("node.conn[0].timeo.login_timeout", "10"),
];

/// Discovers the target and adds its record.
pub(crate) struct NodeRecord;

/// One that a portal tells of.
#[derive(Debug, PartialEq, Eq)]
struct Discovered<'a> {
    portal: &'a str,
    group: &'a str,
    target: &'a str,
}

/// Reads what discovery prints: `ADDRESS:PORT,GROUP TARGET`, a line each.
fn discovered(text: &str) -> Vec<Discovered<'_>> {
    let mut found = Vec::new();
    for line in text.lines() {
        let Some((portal, target)) = line.trim().split_once(' ') else { continue };
        let Some((portal, group)) = portal.rsplit_once(',') else { continue };
        found.push(Discovered { portal, group, target: target.trim() });
    }
    found
}

fn discovery(cx: &Context) -> Invocation {
    iscsiadm(40, ["-m", "discovery", "-t", "st", "-p", &cx.portal(), "-I", RECORD_NAME, "-o", "nonpersistent"])
}

fn node(cx: &Context, arguments: &[&str]) -> Invocation {
    let invocation = iscsiadm(30, ["-m", "node", "-T", &cx.request.target, "-p", &cx.portal(), "-I", RECORD_NAME]);
    invocation.args(arguments.iter().copied())
}

fn new_node(cx: &Context, group: &str) -> Invocation {
    let portal = format!("{},{group}", cx.portal());
    iscsiadm(30, ["-m", "node", "-T", &cx.request.target, "-p", &portal, "-I", RECORD_NAME, "-o", "new"])
}

/// Discovers the target and makes its record; gives the portal group.
fn add(cx: &Context) -> Result<String, Failure> {
    let printed = open_iscsi::run(cx, &discovery(cx)).map_err(explain)?;
    let found = discovered(&printed.out);
    let ours: Vec<&Discovered<'_>> =
        found.iter().filter(|one| one.target.eq_ignore_ascii_case(&cx.request.target)).collect();
    let portal = cx.portal();
    // A portal behind address translation tells of an address that nobody here reaches: the one that
    // was asked counts.
    let Some(one) = ours.iter().find(|one| one.portal == portal).or_else(|| ours.first()) else {
        let mut others: Vec<&str> = found.iter().map(|one| one.target).collect();
        others.dedup();
        let others = if others.is_empty() { "no target".to_owned() } else { others.join(", ") };
        return Err(Failure::failed(format!(
            "{portal} offers {others} to this initiator, but not {}",
            cx.request.target
        ))
        .advise("check the target name and the initiator name: a target is shown only to initiators that it allows"));
    };
    open_iscsi::run(cx, &new_node(cx, one.group))?;
    for (key, value) in SETTINGS {
        match open_iscsi::run(cx, &node(cx, &["-o", "update", "-n", key, "-v", value])) {
            Ok(_) | Err(CommandError::Failed { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(one.group.to_owned())
}

impl Step for NodeRecord {
    type Context = Context;
    type Change = AddedRecord;
    type Input = Earlier;
    type Output = ();

    fn id(&self) -> &'static str {
        "record"
    }

    fn title(&self, cx: &Context) -> String {
        format!("Discover the target at {}", cx.request.portal)
    }

    fn plan(&self, cx: &Context) -> Vec<Planned> {
        let mut lines = vec![Planned::command(&discovery(cx)), Planned::command(&new_node(cx, "1"))];
        lines.extend(
            SETTINGS.iter().map(|(key, value)| Planned::command(&node(cx, &["-o", "update", "-n", key, "-v", value]))),
        );
        lines
    }

    fn inspect(&self, _: &mut Context, session: &Earlier, changes: &[AddedRecord]) -> Result<Option<()>, Failure> {
        Ok((session.is_some() || !changes.is_empty()).then_some(()))
    }

    fn apply(&self, cx: &mut Context, _: &Earlier, log: &mut Log<'_, AddedRecord>) -> Result<(), Failure> {
        let group = log.guarded(AddedRecord::new(cx), || add(cx))?;
        log.say(format!("found, in portal group {group}"));
        Ok(())
    }

    fn undo(&self, cx: &mut Context, added: AddedRecord) -> Result<(), Failure> {
        open_iscsi::remove_nodes(cx)?;
        added.remove_directories();
        Ok(())
    }

    fn outlasts_restart(&self) -> bool {
        true
    }
}

/// What discovery's exit codes mean (iscsiadm(8), EXIT STATUS).
fn explain(error: CommandError) -> Failure {
    let advice = match &error {
        CommandError::Failed { code: Some(24), .. } => {
            "the portal requires CHAP for discovery too, or does not allow this initiator"
        }
        CommandError::Failed { code: Some(4 | 8), .. } | CommandError::TimedOut { .. } => {
            "the portal accepts the connection but does not answer: it may not be an iSCSI portal"
        }
        CommandError::Failed { code: Some(20), .. } => "iscsid does not answer: journalctl -u iscsid -n 20",
        _ => return error.into(),
    };
    Failure::from(error).advise(advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_discovery_prints() {
        let text = "100.97.0.10:3260,1 iqn.2013-01.com.example:a\n[2001:db8::1]:3260,1024 iqn.b\n\nrubbish\n";
        assert_eq!(
            discovered(text),
            [
                Discovered { portal: "100.97.0.10:3260", group: "1", target: "iqn.2013-01.com.example:a" },
                Discovered { portal: "[2001:db8::1]:3260", group: "1024", target: "iqn.b" },
            ]
        );
    }
}
