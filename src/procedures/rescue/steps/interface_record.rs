//! An interface record of open-iscsi with the initiator's name in it.
//!
//! iscsid reads initiatorname.iscsi when it starts, and must not be restarted while it has sessions: it would
//! reset every one of them. A record with a name of its own gives this session the right initiator whatever
//! iscsid has read; and whatever is bound to it lies beside the records of others, so that none is changed.

use crate::procedures::rescue::context::{Context, Earlier};
use crate::procedures::rescue::host::open_iscsi::{self, AddedRecord, RECORD_NAME, iscsiadm};
use crate::procedures::{Failure, Log, Planned, Step};
use crate::system::command::Invocation;

/// Adds the record.
pub(crate) struct InterfaceRecord;

fn invocations(cx: &Context) -> [Invocation; 2] {
    [
        iscsiadm(20, ["-m", "iface", "-I", RECORD_NAME, "-o", "new"]),
        iscsiadm(
            20,
            [
                "-m",
                "iface",
                "-I",
                RECORD_NAME,
                "-o",
                "update",
                "-n",
                "iface.initiatorname",
                "-v",
                &cx.request.initiator,
            ],
        ),
    ]
}

impl Step for InterfaceRecord {
    type Context = Context;
    type Change = AddedRecord;
    type Input = Earlier;
    type Output = ();

    fn id(&self) -> &'static str {
        "interface"
    }

    fn title(&self, _: &Context) -> String {
        format!("Add the interface record {RECORD_NAME}")
    }

    fn plan(&self, cx: &Context) -> Vec<Planned> {
        invocations(cx).iter().map(Planned::command).collect()
    }

    fn inspect(&self, _: &mut Context, session: &Earlier, changes: &[AddedRecord]) -> Result<Option<()>, Failure> {
        Ok((session.is_some() || !changes.is_empty()).then_some(()))
    }

    fn apply(&self, cx: &mut Context, _: &Earlier, log: &mut Log<'_, AddedRecord>) -> Result<(), Failure> {
        if let Some(path) = open_iscsi::interface_files(cx)?.first() {
            return Err(log.left_over(path));
        }
        log.guarded(AddedRecord::new(cx), || {
            invocations(cx).iter().try_for_each(|one| open_iscsi::run(cx, one).map(drop).map_err(Failure::from))
        })?;
        log.say("this session uses the initiator name above, whatever name iscsid has read");
        Ok(())
    }

    fn undo(&self, cx: &mut Context, added: AddedRecord) -> Result<(), Failure> {
        open_iscsi::remove_interface(cx)?;
        added.remove_directories();
        Ok(())
    }

    fn outlasts_restart(&self) -> bool {
        true
    }
}
