//! Builds the image and GRUB's configuration inside the root, and replaces them.

use crate::procedures::prepare::build::Build as Built;
use crate::procedures::prepare::context::Context;
use crate::procedures::prepare::replacement::{NewContent, Replacement};
use crate::procedures::{Failure, Log, Planned, Step};
use crate::system::inside::inside;
use serde::{Deserialize, Serialize};
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

/// Builds what is to be built anew.
#[derive(Debug)]
pub(crate) struct Build;

/// What is built, or where.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Change {
    /// The directory in which generators write.
    Work,
    /// What was built takes its place.
    Replaced(Replacement),
}

impl Step for Build {
    type Context = Context;
    type Change = Change;
    type Input = ();
    type Output = ();

    fn id(&self) -> &'static str {
        "build"
    }

    fn title(&self, cx: &Context) -> String {
        let paths: Vec<&str> = cx.work.builds.iter().map(Built::path).collect();
        if paths.is_empty() { "rebuild nothing".to_owned() } else { format!("rebuild {}", paths.join(" and ")) }
    }

    fn plan(&self, _: &Context) -> Vec<Planned> {
        Vec::new()
    }

    fn inspect(&self, cx: &mut Context, (): &(), _: &[Change]) -> Result<Option<()>, Failure> {
        Ok(cx.work.builds.is_empty().then_some(()))
    }

    fn apply(&self, cx: &mut Context, (): &(), log: &mut Log<'_, Change>) -> Result<(), Failure> {
        let (work, kept) = (cx.work_directory(), cx.kept());
        log.guarded(Change::Work, || {
            let made = DirBuilder::new().mode(0o700).create(&work);
            made.map_err(|error| Failure::of_file(&work, &error))
        })?;
        for (number, build) in cx.work.builds.iter().enumerate() {
            let output = work.join(format!("built-{number}"));
            run(cx, build, &work, &output)?;
            let replacement = Replacement::of(&cx.tree, build.path(), format!("built-{number}"))?;
            let content = NewContent::CopyOf(output);
            log.guarded(Change::Replaced(replacement.clone()), || replacement.apply(&cx.tree, &kept, &content))?;
        }
        remove(&work)
    }

    fn undo(&self, cx: &mut Context, change: Change) -> Result<(), Failure> {
        match change {
            Change::Work => remove(&cx.work_directory()),
            Change::Replaced(replacement) => replacement.undo(&cx.tree, &cx.kept()),
        }
    }

    fn outlasts_restart(&self) -> bool {
        true
    }
}

/// Runs a generator inside the root. It may write nothing there but its output.
fn run(cx: &Context, build: &Built, work: &Path, output: &Path) -> Result<(), Failure> {
    let named = cx.tree.name_of(output);
    let (runner, invocation) = (&cx.runner, build.invocation(&named));
    inside(&cx.tree.at, work, move || runner.run(&invocation))??;
    match output.metadata() {
        Ok(meta) if meta.is_file() && meta.len() > 0 => Ok(()),
        _ => Err(Failure::failed(format!("{} ended well and wrote nothing", build.program()))),
    }
}

/// Removes the directory in which generators write. What a killed one has left there goes too.
fn remove(work: &Path) -> Result<(), Failure> {
    match std::fs::remove_dir_all(work) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Failure::of_file(work, &error)),
        _ => Ok(()),
    }
}
