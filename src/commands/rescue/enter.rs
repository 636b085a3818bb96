//! `isctpl rescue enter`: a shell or a command in the mounted root.

use super::{RescueError, peek, root_only};
use crate::commands::output::Output;
use crate::procedures::Failure;
use crate::procedures::rescue::{RescueRequest, STATE, place, recovery};
use crate::procedures::run::{request_of, this_boot};
use crate::report::rescue as say;
use crate::system::{Root, mount};
use std::path::Path;

pub(super) fn run(command: &[String], output: &mut Output) -> Result<u8, RescueError> {
    root_only()?;
    let Some(journal) = peek()? else {
        return Err(Failure::refused("nothing is up").advise("isctpl rescue up").into());
    };
    let request: RescueRequest = request_of(&journal)?;
    if !recovery::is_complete(&journal, &this_boot()?) {
        return Err(Failure::refused("the rescue is not complete").advise("isctpl rescue up   continues it").into());
    }
    let place = place(Path::new(STATE));
    let root = Root::open(&place)?;
    let (program, arguments) = match command {
        [program, arguments @ ..] => (program.clone(), arguments.to_vec()),
        [] => {
            let shell = ["/bin/bash", "/bin/sh"].into_iter().find(|shell| root.is_file(shell)).unwrap_or("/bin/sh");
            output.complain(&say::entering(&request.at));
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
        ("debian_chroot", request.at.display().to_string()),
    ];
    Err(mount::enter(&place, &program, &arguments, &environment).into())
}
