//! `isctpl rescue enter`: a shell or a command in the mounted root.

use super::state::{is_up_at, peek, root_only};
use crate::commands::output::Output;
use crate::commands::stopped::Stopped;
use crate::procedures::Failure;
use crate::procedures::rescue::{RescueRequest, STATE, place, recovery};
use crate::procedures::run::{request_of, this_boot};
use crate::report::rescue as say;
use crate::system::{FileKind, Root, mount};
use std::path::{Path, PathBuf};

/// A root to enter.
struct Entrance {
    /// Where it is mounted.
    place: PathBuf,
    /// What people call that.
    name: PathBuf,
    /// Whether it lacks what most programs need.
    is_bare: bool,
}

impl Entrance {
    /// The root of the rescue that is up.
    fn of_rescue() -> Result<Self, Stopped> {
        let Some(journal) = peek()? else {
            return Err(Failure::refused("nothing is up").advise("isctpl rescue up").into());
        };
        let request: RescueRequest = request_of(&journal)?;
        if !recovery::is_complete(&journal, &this_boot()?) {
            return Err(Failure::refused("the rescue is not complete")
                .advise("isctpl rescue up   continues it")
                .into());
        }
        if request.login_only {
            return Err(Failure::refused("the rescue has only logged in, and mounted nothing")
                .advise("isctpl rescue enter --root DIR   where somebody else has mounted a root")
                .into());
        }
        Ok(Self { place: place(Path::new(STATE)), name: request.at, is_bare: false })
    }

    /// One that is mounted at a directory.
    fn at(root: &Path) -> Result<Self, Stopped> {
        if is_up_at(root) {
            return Self::of_rescue();
        }
        Ok(Self { place: root.to_owned(), name: root.to_owned(), is_bare: true })
    }
}

/// Becomes a command in a root: that of the rescue, or another one.
pub(super) fn run(root: Option<&Path>, command: &[String], output: &mut Output) -> Result<u8, Stopped> {
    root_only()?;
    let Entrance { place, name, is_bare } = root.map_or_else(Entrance::of_rescue, Entrance::at)?;
    let root = Root::open(&place)?;
    let (program, arguments) = match command {
        [program, arguments @ ..] => (program.clone(), arguments.to_vec()),
        [] => {
            // One that cannot be looked at cannot be run; where it is the last, running it says why.
            let is_there = |shell: &&str| root.kind(shell) == Ok(Some(FileKind::File));
            let shell = ["/bin/bash", "/bin/sh"].into_iter().find(is_there).unwrap_or("/bin/sh");
            output.complain(&say::entering(&name));
            (shell.to_owned(), vec!["-i".to_owned()])
        }
    };
    let terminal = std::env::var("TERM").unwrap_or_else(|_| "dumb".to_owned());
    let environment = [
        ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned()),
        ("HOME", "/root".to_owned()),
        ("TERM", terminal),
        ("LANG", "C.UTF-8".to_owned()),
        // Debian's bash shows it in the prompt.
        ("debian_chroot", name.display().to_string()),
    ];
    Err(mount::enter(&place, is_bare, &program, &arguments, &environment).into())
}
