//! Judges the root again.

use crate::procedures::prepare::context::{Context, FOUND};
use crate::procedures::{Failure, Log, NoChange, Planned, Step};

/// Judges the root again: where it is worse than before, all is put back.
#[derive(Debug)]
pub(crate) struct Check;

impl Step for Check {
    type Context = Context;
    type Change = NoChange;
    type Input = ();
    type Output = ();

    fn id(&self) -> &'static str {
        "check"
    }

    fn title(&self, _: &Context) -> String {
        "check the root again".to_owned()
    }

    fn plan(&self, _: &Context) -> Vec<Planned> {
        Vec::new()
    }

    fn inspect(&self, _: &mut Context, (): &(), _: &[NoChange]) -> Result<Option<()>, Failure> {
        Ok(None)
    }

    fn apply(&self, cx: &mut Context, (): &(), log: &mut Log<'_, NoChange>) -> Result<(), Failure> {
        let checked = (cx.check)()?;
        let path = cx.state.join(FOUND);
        let text = serde_json::to_vec(&checked.found).map_err(|error| Failure::failed(error.to_string()))?;
        std::fs::write(&path, text).map_err(|error| Failure::of_file(&path, &error))?;
        log.say(checked.verdict);
        Ok(())
    }

    fn undo(&self, _: &mut Context, change: NoChange) -> Result<(), Failure> {
        match change {}
    }
}
