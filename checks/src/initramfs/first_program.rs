//! Which program of an image the kernel starts first.

use crate::facts::{FirstProgram, HooksRun, Initramfs};
use crate::{Analysis, Outcome};

const INIT: &str = "/init";

/// What the kernel is asked to start, and what it does start.
pub(super) struct First<'a> {
    /// `/init`, or what `rdinit=` names.
    pub(super) asked: &'a str,
    /// Why it cannot.
    pub(super) refused: Option<&'a str>,
    /// What it starts.
    pub(super) runs: Option<&'a FirstProgram>,
}

impl FirstProgram {
    /// Whether it runs the image's scripts.
    pub(super) fn is_runner(&self) -> bool {
        matches!(self.hooks, HooksRun::By(_))
    }
}

/// What the kernel starts in an image (`kernel_init` in `init/main.c`).
///
/// # Errors
/// Where that is not known: a snapshot of an earlier version, or an `rdinit=` that names something else.
pub(super) fn first<'a>(facts: &'a Analysis<'_>, image: &'a Initramfs) -> Result<First<'a>, Outcome> {
    let tried = &image.first_programs;
    if tried.is_empty() {
        return Err(Outcome::not_applicable(
            "not checked: this snapshot does not tell what the initramfs starts first",
        ));
    }
    let words = facts.boot_words();
    let asked = words.last("rdinit").filter(|path| !path.is_empty()).unwrap_or(INIT);
    let named = |path: &str| tried.iter().find(|program| program.path == path);
    let Some(first) = named(asked) else {
        return Err(Outcome::unknown(format!("rdinit={asked} starts a program that isctpl does not follow")));
    };
    let Some(refused) = first.refused.as_deref() else {
        return Ok(First { asked, refused: None, runs: Some(first) });
    };
    // Where there is no such file at all, the kernel takes the initramfs for none and mounts root= by itself; a
    // requested init= that cannot be started ends in a panic.
    let runs = match (first.program.is_some(), words.last("init")) {
        (false, _) => None,
        (true, Some(init)) => named(init).filter(|program| program.refused.is_none()),
        (true, None) => tried.iter().filter(|program| program.path != INIT).find(|program| program.refused.is_none()),
    };
    Ok(First { asked, refused: Some(refused), runs })
}
