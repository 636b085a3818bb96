//! Replaces files and links.

use crate::procedures::prepare::context::Context;
use crate::procedures::prepare::replacement::{NewDirectory, Replacement};
use crate::procedures::{Failure, Log, Planned, Step};
use serde::{Deserialize, Serialize};

/// Replaces every file and link that is to change.
#[derive(Debug)]
pub(crate) struct Files;

/// A file, or a directory above one.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Change {
    /// A directory that was not there.
    Directory(NewDirectory),
    /// A path that is replaced.
    Replaced(Replacement),
}

impl Step for Files {
    type Context = Context;
    type Change = Change;
    type Input = ();
    type Output = ();

    fn id(&self) -> &'static str {
        "files"
    }

    fn title(&self, cx: &Context) -> String {
        match cx.work.files.len() {
            0 => "replace files".to_owned(),
            1 => "replace 1 file".to_owned(),
            many => format!("replace {many} files"),
        }
    }

    fn plan(&self, _: &Context) -> Vec<Planned> {
        Vec::new()
    }

    fn inspect(&self, cx: &mut Context, (): &(), _: &[Change]) -> Result<Option<()>, Failure> {
        Ok(cx.work.files.is_empty().then_some(()))
    }

    fn apply(&self, cx: &mut Context, (): &(), log: &mut Log<'_, Change>) -> Result<(), Failure> {
        let kept = cx.kept();
        for (number, (path, content)) in cx.work.files.iter().enumerate() {
            for missing in cx.tree.missing_above(path)? {
                let directory = NewDirectory::of(&cx.tree, &missing)?;
                log.guarded(Change::Directory(directory.clone()), || directory.apply(&cx.tree))?;
            }
            let replacement = Replacement::of(&cx.tree, path, format!("file-{number}"))?;
            log.guarded(Change::Replaced(replacement.clone()), || replacement.apply(&cx.tree, &kept, content))?;
        }
        Ok(())
    }

    fn undo(&self, cx: &mut Context, change: Change) -> Result<(), Failure> {
        match change {
            Change::Directory(directory) => directory.undo(&cx.tree),
            Change::Replaced(replacement) => replacement.undo(&cx.tree, &cx.kept()),
        }
    }

    fn outlasts_restart(&self) -> bool {
        true
    }
}
