//! Builds the image and GRUB's configuration inside the root, and replaces them.

use crate::formats::text::harmless::title;
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
        if paths.is_empty() {
            "rebuild what is built of the files".to_owned()
        } else {
            format!("rebuild {}", paths.join(" and "))
        }
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
            if let Built::GrubConfig { path, .. } = build {
                say_what_goes(cx, path, &output, log)?;
            }
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

/// Runs a generator inside the root. Its scripts see the root read-only, but for the directory of its output; it is
/// the root's own code all the same, and runs as root ([`crate::system::inside`] says what that holds).
fn run(cx: &Context, build: &Built, work: &Path, output: &Path) -> Result<(), Failure> {
    let named = cx.tree.name_of(output);
    let (runner, invocation) = (&cx.runner, build.invocation(&named));
    inside(&cx.tree.at, work, move || runner.run(&invocation))??;
    match output.metadata() {
        Ok(meta) if meta.is_file() && meta.len() > 0 => Ok(()),
        _ => Err(Failure::failed(format!("{} ended well and wrote nothing", build.program()))),
    }
}

/// Tells which entries of GRUB's menu the new configuration does not have.
fn say_what_goes(cx: &Context, path: &str, output: &Path, log: &mut Log<'_, Change>) -> Result<(), Failure> {
    let before = cx.tree.root.text(path)?.unwrap_or_default();
    let after = std::fs::read(output).map_err(|error| Failure::of_file(output, &error))?;
    let after = menu_titles(&String::from_utf8_lossy(&after));
    let gone: Vec<String> = menu_titles(&before).into_iter().filter(|title| !after.contains(title)).collect();
    if !gone.is_empty() {
        log.say(format!("no longer in GRUB's menu: {}", gone.join(", ")));
    }
    Ok(())
}

/// The titles of the entries of a configuration, as they are written.
fn menu_titles(text: &str) -> Vec<String> {
    let of_line = |line: &str| {
        let rest = line.trim_start().strip_prefix("menuentry")?.trim_start();
        let quote = rest.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
        rest.get(1..)?.split(quote).next().map(title)
    };
    text.lines().filter_map(of_line).collect()
}

/// Removes the directory in which generators write. What a killed one has left there goes too.
fn remove(work: &Path) -> Result<(), Failure> {
    match std::fs::remove_dir_all(work) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Failure::of_file(work, &error)),
        _ => Ok(()),
    }
}
