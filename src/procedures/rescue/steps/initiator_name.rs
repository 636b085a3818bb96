//! The initiator's name, as the target knows the instance: `/etc/iscsi/initiatorname.iscsi`.

use crate::formats::iscsi::open_iscsi;
use crate::procedures::replaced_file::{self, Replaced};
use crate::procedures::rescue::context::{Context, Earlier};
use crate::procedures::{Failure, Log, Planned, Step};
use crate::system::command::{quoted, quoted_path};
use std::path::PathBuf;

pub(crate) const FILE: &str = "initiatorname.iscsi";

/// Sets the name.
pub(crate) struct InitiatorName;

fn path(cx: &Context) -> PathBuf {
    cx.settings.join(FILE)
}

impl Step for InitiatorName {
    type Context = Context;
    type Change = Replaced;
    type Input = Earlier;
    type Output = ();

    fn id(&self) -> &'static str {
        "initiator-name"
    }

    fn title(&self, cx: &Context) -> String {
        format!("Set the initiator name {}", cx.request.initiator)
    }

    fn plan(&self, cx: &Context) -> Vec<Planned> {
        let (path, line) = (path(cx), format!("InitiatorName={}", cx.request.initiator));
        vec![
            replaced_file::planned_copy(&path),
            Planned::Command(format!("echo {} > {}", quoted(&line), quoted_path(&path))),
        ]
    }

    fn inspect(&self, cx: &mut Context, session: &Earlier, _: &[Replaced]) -> Result<Option<()>, Failure> {
        if session.as_ref().is_some_and(|session| !session.is_ours) {
            return Ok(Some(()));
        }
        let path = path(cx);
        let text = replaced_file::read(&path)?.unwrap_or_default();
        let (name, _) = open_iscsi::initiator_name(&text, FILE);
        Ok(name.filter(|name| name.value == cx.request.initiator).map(drop))
    }

    fn apply(&self, cx: &mut Context, _: &Earlier, log: &mut Log<'_, Replaced>) -> Result<(), Failure> {
        let path = path(cx);
        replaced_file::replace(log, &path, &format!("InitiatorName={}\n", cx.request.initiator))?;
        log.say(format!("in {}; `rescue down` restores the file", path.display()));
        Ok(())
    }

    fn undo(&self, _: &mut Context, change: Replaced) -> Result<(), Failure> {
        replaced_file::restore(&change)
    }

    fn outlasts_restart(&self) -> bool {
        true
    }
}
