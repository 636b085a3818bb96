//! What the journal and the machine tell of an earlier rescue.

use crate::procedures::journal::Journal;
use crate::procedures::rescue::context::{Context, RescueRequest, TargetSession};
use crate::procedures::rescue::host::{mount_point, open_iscsi, session};
use crate::procedures::rescue::steps::chap::{self, Chap};
use crate::procedures::rescue::steps::initiator_name;
use crate::procedures::rescue::steps::login::Login;
use crate::procedures::run::request_of;
use crate::procedures::{Failure, Step, replaced_file};
use crate::system::command::Runner;
use isctpl_checks::facts::BlockDevice;

/// How far a rescue came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The root is mounted with all that its programs need.
    Up,
    /// It was interrupted.
    HalfUp,
    /// The machine was restarted since: only changed files are left of it.
    LeftOver,
}

/// What there is of a rescue.
#[derive(Debug)]
pub(crate) struct Status {
    /// What was asked for.
    pub(crate) request: RescueRequest,
    /// How far it came.
    pub(crate) stage: Stage,
    /// The session to its target.
    pub(crate) session: Option<TargetSession>,
    /// The LUN's disk.
    pub(crate) disk: Option<BlockDevice>,
    /// The ids of the steps that have changed something, in order.
    pub(crate) done: Vec<String>,
}

/// Looks what there is of the rescue that a journal tells of.
///
/// # Errors
/// When sysfs or the journal cannot be read.
pub(crate) fn status(journal: &Journal, boot: &str) -> Result<Status, Failure> {
    let cx = Context::on_this_machine(request_of(journal)?, None, Runner::default())?;
    let stage = if journal.boot() != boot {
        Stage::LeftOver
    } else if is_complete(journal, boot) {
        Stage::Up
    } else {
        Stage::HalfUp
    };
    // What a restart has ended is not looked for.
    let (session, disk) = if stage == Stage::LeftOver { (None, None) } else { recall(&cx, journal)? };
    let mut done: Vec<String> = Vec::new();
    for entry in journal.applied() {
        if !done.contains(&entry.step) {
            done.push(entry.step.clone());
        }
    }
    Ok(Status { request: cx.request, stage, session, disk, done })
}

/// Looks for session and disk of an earlier rescue.
pub(super) fn recall(cx: &Context, journal: &Journal) -> Result<(Option<TargetSession>, Option<BlockDevice>), Failure> {
    let session = session::find(cx, &Login.changes(journal)?)?;
    let disk = session.as_ref().and_then(|found| session::disk(cx, Some(&found.session)));
    Ok((session, disk))
}

/// Whether the root is mounted with all that its programs need, by a rescue of this start of the machine.
pub(crate) fn is_complete(journal: &Journal, boot: &str) -> bool {
    journal.boot() == boot && journal.is_complete()
}

/// Whether it takes the CHAP password to go on: once it stands in iscsid.conf nobody needs to know it any more.
pub(crate) fn needs_password(journal: &Journal) -> bool {
    !Chap.is_applied(journal)
}

/// Puts back what an earlier rescue left where no journal tells of it any more: the machine was restarted, and its
/// `/run` with it. Only what goes by a name of isctpl's own is taken for that. Tells what it was.
///
/// # Errors
/// When something cannot be put back.
pub(super) fn clean_up_stale(cx: &Context) -> Result<Vec<String>, Failure> {
    let mut done = Vec::new();
    if !open_iscsi::node_files(cx)?.is_empty() {
        open_iscsi::remove_nodes(cx)?;
        done.push(format!("the open-iscsi records named {} are removed", open_iscsi::RECORD_NAME));
    }
    open_iscsi::remove_interface(cx)?;
    done.extend(mount_point::forget(cx)?);
    for name in [chap::FILE, initiator_name::FILE] {
        let path = cx.settings.join(name);
        if replaced_file::restore_waiting(&path)? {
            done.push(format!("{} is restored", path.display()));
        }
    }
    Ok(done)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::procedures::journal::JournalLock;
    use crate::procedures::rescue::steps::bind_kernel_filesystems::BindKernelFilesystems;
    use serde_json::{Value, json};

    #[test]
    fn what_was_only_intended_is_not_complete() {
        let directory = tempfile::tempdir().unwrap();
        let lock = JournalLock::take(directory.path()).unwrap();
        let mut journal = Journal::begin(&lock, "rescue", "one", Value::Null).unwrap();
        let step = Step::id(&BindKernelFilesystems);
        let id = journal.intend(step, &json!({"at": "/target/proc"})).unwrap();
        assert!(!is_complete(&journal, "one"));
        journal.done(id).unwrap();
        journal.intend(step, &json!({"at": "/target/sys"})).unwrap();
        assert!(!is_complete(&journal, "one"), "one of several is there");
        journal.complete().unwrap();
        assert!(is_complete(&journal, "one") && !is_complete(&journal, "two"));
    }
}
