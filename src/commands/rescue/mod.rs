//! `isctpl rescue`: an instance's root, mounted from its LUN and taken down again.

mod progress;
mod request;

use super::output::Output;
use crate::cli::{Rescue, RescueArgs, UpArgs};
use crate::formats::text::printable::line;
use crate::formats::text::secret::Secret;
use crate::procedures::engine::{Engine, Up};
use crate::procedures::journal::{Held, Journal};
use crate::procedures::rescue::{self, Context, RescueRequest};
use crate::procedures::{Failure, Planned};
use crate::report::rescue::{self as say, lines, refusal};
use crate::system::cancel::Cancel;
use crate::system::command::Runner;
use crate::system::{Root, mount};
use progress::Progress;
use std::path::Path;

/// Done.
const DONE: u8 = 0;
/// Failed and not wholly undone.
const STUCK: u8 = 2;
/// Refused, or used wrongly.
const REFUSED: u8 = 3;

/// Where the journal lies. It is gone after a restart, as are session, maps and mounts.
const STATE: &str = "/run/isctpl/rescue";

pub(super) fn run(action: &Rescue, output: &mut Output) -> anyhow::Result<u8> {
    let outcome = match action {
        Rescue::Plan(args) => plan(args, output),
        Rescue::Up(args) => up(args, output),
        Rescue::Enter { command } => enter(command, output),
        Rescue::Down => down(output),
        Rescue::Status => status(output),
    };
    match outcome {
        Ok(code) => Ok(code),
        Err(RescueError::Refused(failure)) => {
            output.complain(&refusal(&failure));
            Ok(REFUSED)
        }
        Err(RescueError::Unprinted(error)) => Err(error.into()),
    }
}

/// Why a command came to nothing.
enum RescueError {
    Refused(Failure),
    Unprinted(std::io::Error),
}

impl From<Failure> for RescueError {
    fn from(failure: Failure) -> Self {
        Self::Refused(failure)
    }
}

impl From<std::io::Error> for RescueError {
    fn from(error: std::io::Error) -> Self {
        Self::Unprinted(error)
    }
}

impl From<crate::procedures::journal::JournalError> for RescueError {
    fn from(error: crate::procedures::journal::JournalError) -> Self {
        Self::Refused(Failure::refused(error.to_string()))
    }
}

impl From<isctpl_checks::facts::Problem> for RescueError {
    fn from(problem: isctpl_checks::facts::Problem) -> Self {
        Self::Refused(problem.into())
    }
}

/// Names this start of the machine.
fn boot_id() -> Result<String, RescueError> {
    let host = Root::running()?;
    Ok(host.line("/proc/sys/kernel/random/boot_id")?.unwrap_or_default().trim().to_owned())
}

/// What the journal says was asked for.
fn asked(journal: &Journal) -> Result<RescueRequest, RescueError> {
    serde_json::from_value(journal.request().clone())
        .map_err(|error| Failure::refused(format!("{STATE}/journal: {error}")).into())
}

/// Whether the root of a rescue is mounted with all that its programs need.
fn is_whole(journal: &Journal) -> Result<bool, RescueError> {
    Ok(journal.boot() == boot_id()? && !journal.deeds_of("special").is_empty())
}

/// Whether `isctpl rescue enter` enters this directory.
pub(super) fn is_up_at(directory: &Path) -> bool {
    let up_at = || -> Result<Option<std::path::PathBuf>, RescueError> {
        let Some(journal) = Journal::look(Path::new(STATE))? else { return Ok(None) };
        Ok(is_whole(&journal)?.then_some(asked(&journal)?.at))
    };
    match (up_at(), directory.canonicalize()) {
        (Ok(Some(at)), Ok(directory)) => at.canonicalize().is_ok_and(|at| at == directory),
        _ => false,
    }
}

fn root_only() -> Result<(), RescueError> {
    if nix::unistd::geteuid().is_root() {
        Ok(())
    } else {
        Err(Failure::refused("must run as root").advise("run it with sudo").into())
    }
}

fn plan(args: &RescueArgs, output: &mut Output) -> Result<u8, RescueError> {
    let sysfs = Root::open_labelled(Path::new("/sys"), "/sys")?;
    let (request, _) = request::learn(args, &sysfs, request::Password::Leave)?;
    let cx = Context::on_this_machine(request, None, Runner::default())?;
    let engine = Engine { steps: &rescue::STEPS, cancel: Cancel::default(), boot: "" };
    let mut text = String::from("# The commands that `isctpl rescue up` would run. Nothing was changed.\n");
    for (number, (title, planned)) in (1..).zip(engine.plan(&cx)) {
        text.push_str(&format!("\n# {number}. {}\n", line(&title)));
        for planned in planned {
            text.push_str(&match planned {
                // What is escaped for the eye is no command any more.
                Planned::Command(command) if line(&command) != command => {
                    format!(
                        "# {} (not to be pasted: \\u{{}} and \\n stand for characters that cannot be shown)\n",
                        line(&command)
                    )
                }
                Planned::Command(command) => format!("{command}\n"),
                Planned::Remark(remark) => format!("# {}\n", line(&remark)),
            });
        }
    }
    output.print(&text)?;
    Ok(DONE)
}

fn up(args: &UpArgs, output: &mut Output) -> Result<u8, RescueError> {
    root_only()?;
    // A password is asked for before signals are taken over.
    let sysfs = Root::open_labelled(Path::new("/sys"), "/sys")?;
    let before = Journal::look(Path::new(STATE))?;
    let (request, password) = match &before {
        Some(journal) if request::says_nothing(&args.rescue) => {
            let request = asked(journal)?;
            // Once it stands in iscsid.conf nobody needs to know it any more.
            let password = match journal.has_done("chap") {
                true => None,
                false => request::password_again(&args.rescue, &request, &sysfs)?,
            };
            (request, password)
        }
        _ => request::learn(&args.rescue, &sysfs, request::Password::Ask)?,
    };
    let cancel = Cancel::on_signals()?;
    let held = Held::take(Path::new(STATE))?;
    let boot = boot_id()?;
    let mut journal = match Journal::open(&held)? {
        Some(journal) => {
            if asked(&journal)? != request {
                return Err(Failure::refused("another rescue is already up, or was interrupted")
                    .advise("isctpl rescue status   shows it")
                    .advise("isctpl rescue down     undoes it")
                    .into());
            }
            journal
        }
        None => {
            Journal::begin(&held, rescue::NAME, &boot, serde_json::to_value(&request).map_err(std::io::Error::other)?)?
        }
    };
    let mut cx = Context::on_this_machine(request, password, Runner { cancel: cancel.clone() })?;
    if journal.last_standing().is_none() {
        // Nothing is up: what has our names is of a rescue that a restart ended.
        for what in rescue::leftovers(&cx)? {
            cx.remark(format!("left from an earlier rescue: {what}"));
        }
    }
    cx.recall(&journal)?;
    let engine = Engine { steps: &rescue::STEPS, cancel, boot: &boot };
    let mut progress = Progress::new(output.quiet, args.step);
    let outcome = engine.up(&mut cx, &mut journal, &mut progress);
    let code = outcome.exit_code();
    match outcome {
        Up::Done => output.tell(&say::up(&cx, &output.style)),
        Up::Undone(failure) => {
            journal.finish()?;
            output.complain(&say::undone(&failure, &cx));
        }
        Up::Stuck(failure, stuck) => output.complain(&say::stuck(&failure, &stuck, &cx)),
    }
    Ok(code)
}

fn down(output: &mut Output) -> Result<u8, RescueError> {
    root_only()?;
    let cancel = Cancel::on_signals()?;
    let held = Held::take(Path::new(STATE))?;
    let Some(mut journal) = Journal::open(&held)? else {
        let cx = Context::on_this_machine(RescueRequest::nothing(), None, Runner { cancel })?;
        let put_back = rescue::leftovers(&cx)?;
        let mut text = "Nothing was up.\n".to_owned();
        for what in &put_back {
            text.push_str(&lines("  left from an earlier rescue: ", what, &output.style));
        }
        output.print(&text)?;
        return Ok(DONE);
    };
    let request = asked(&journal)?;
    let mut cx = Context::on_this_machine(request, None, Runner { cancel: cancel.clone() })?;
    let boot = boot_id()?;
    let same_start = journal.boot() == boot;
    if same_start {
        cx.recall(&journal)?;
        let holders = rescue::holders_elsewhere(&cx);
        if !holders.is_empty() {
            let mut failure = Failure::refused("the LUN is in use; nothing was changed. End this first:");
            failure.advice = holders;
            return Err(failure.into());
        }
    }
    let engine = Engine { steps: &rescue::STEPS, cancel, boot: &boot };
    let mut progress = Progress::new(output.quiet, false);
    match engine.down(&mut cx, &mut journal, &mut progress) {
        Ok(()) => {
            journal.finish()?;
            output.tell(&say::down(&cx, same_start, &output.style));
            Ok(DONE)
        }
        Err(failure) => {
            output.complain(&say::half_down(&failure, &cx));
            Ok(STUCK)
        }
    }
}

fn enter(command: &[String], output: &mut Output) -> Result<u8, RescueError> {
    root_only()?;
    let Some(journal) = Journal::look(Path::new(STATE))? else {
        return Err(Failure::refused("nothing is up").advise("isctpl rescue up").into());
    };
    let request = asked(&journal)?;
    if !is_whole(&journal)? {
        return Err(Failure::refused("the rescue is not complete").advise("isctpl rescue up   continues it").into());
    }
    let place = rescue::place(Path::new(STATE));
    let root = Root::open(&place)?;
    let (program, arguments) = match command {
        [program, arguments @ ..] => (program.clone(), arguments.to_vec()),
        [] => {
            let shell = ["/bin/bash", "/bin/sh"].into_iter().find(|shell| root.is_file(shell)).unwrap_or("/bin/sh");
            if !output.quiet {
                output.complain(&say::entering(&request));
            }
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

fn status(output: &mut Output) -> Result<u8, RescueError> {
    let Some(journal) = Journal::look(Path::new(STATE))? else {
        output.print("Nothing is up.\n")?;
        return Ok(DONE);
    };
    let request = asked(&journal)?;
    let mut cx = Context::on_this_machine(request, None, Runner::default())?;
    let same_start = journal.boot() == boot_id()?;
    if same_start {
        cx.recall(&journal)?;
    }
    output.print(&say::status(&cx, &journal, same_start, &output.style))?;
    Ok(DONE)
}

/// A secret that may have been given, and whether one is wanted at all.
type Given = Option<Secret>;
