//! The initiator's name, as the target knows the instance: `/etc/iscsi/initiatorname.iscsi`.

use crate::formats::iscsi::open_iscsi;
use crate::procedures::replaced_file::{self, Replaced};
use crate::procedures::rescue::context::Context;
use crate::procedures::{Failure, Log, Planned, Step};
use crate::system::command::quoted;
use serde_json::Value;
use std::path::PathBuf;

pub(crate) const FILE: &str = "initiatorname.iscsi";

/// Sets the name.
pub(crate) struct InitiatorName;

fn path(cx: &Context) -> PathBuf {
    cx.settings.join(FILE)
}

impl Step<Context> for InitiatorName {
    fn id(&self) -> &'static str {
        "initiator-name"
    }

    fn title(&self, cx: &Context) -> String {
        format!("Set the initiator name {}", cx.request.initiator)
    }

    fn plan(&self, cx: &Context) -> Vec<Planned> {
        let (path, saved) = (path(cx), path(cx).with_file_name(format!("{FILE}{}", replaced_file::SAVED)));
        vec![
            Planned::Command(format!(
                "cp -a {} {}",
                quoted(&path.display().to_string()),
                quoted(&saved.display().to_string())
            )),
            Planned::Command(format!(
                "echo {} > {}",
                quoted(&format!("InitiatorName={}", cx.request.initiator)),
                quoted(&path.display().to_string())
            )),
        ]
    }

    fn is_done(&self, cx: &mut Context, _: &[Value]) -> Result<bool, Failure> {
        if cx.uses_session_of_others() {
            return Ok(true);
        }
        let path = path(cx);
        let text = replaced_file::read(&path)?.unwrap_or_default();
        let (name, _) = open_iscsi::initiator_name(&text, FILE);
        Ok(name.is_some_and(|name| name.value == cx.request.initiator))
    }

    fn perform(&self, cx: &mut Context, log: &mut Log<'_>) -> Result<String, Failure> {
        let path = path(cx);
        replaced_file::replace(log, &path, &format!("InitiatorName={}\n", cx.request.initiator))?;
        Ok(format!("in {}; `rescue down` restores the file", path.display()))
    }

    fn undo(&self, _: &mut Context, deed: &Value) -> Result<(), Failure> {
        replaced_file::restore(&crate::procedures::rescue::context::deed::<Replaced>(deed)?)
    }

    fn outlasts_restart(&self) -> bool {
        true
    }
}
