//! `isctpl rescue`: an instance's root, mounted from its LUN and taken down again.

mod enter;
mod progress;
mod request;

use super::output::Output;
use crate::cli::{Rescue as Action, RescueArgs, UpArgs};
use crate::procedures::engine::{self, Applied};
use crate::procedures::journal::Journal;
use crate::procedures::rescue::{Context, Rescue, RescueRequest, STATE, recovery};
use crate::procedures::run::{Run, TakenDown, request_of, this_boot};
use crate::procedures::{Failure, Procedure};
use crate::report::rescue as say;
use crate::system::Root;
use crate::system::cancel::Cancel;
use crate::system::command::Runner;
use progress::Progress;
use std::path::{Path, PathBuf};

/// All was done that was asked for.
const DONE: u8 = 0;
/// Failed and not wholly undone.
const NOT_UNDONE: u8 = 2;
/// Refused, or used wrongly.
const REFUSED: u8 = 3;

pub(super) fn run(action: &Action, output: &mut Output) -> anyhow::Result<u8> {
    let outcome = match action {
        Action::Plan(args) => plan(args, output),
        Action::Up(args) => up(args, output),
        Action::Enter { root, command } => enter::run(root.as_deref(), command, output),
        Action::Down => down(output),
        Action::Status => status(output),
    };
    match outcome {
        Ok(code) => Ok(code),
        Err(RescueError::Refused(failure)) => {
            output.complain(&say::refusal(&failure));
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

impl From<isctpl_checks::facts::Problem> for RescueError {
    fn from(problem: isctpl_checks::facts::Problem) -> Self {
        Self::Refused(problem.into())
    }
}

/// The journal of a rescue that is up, or was interrupted.
fn peek() -> Result<Option<Journal>, Failure> {
    Ok(Journal::peek(Path::new(STATE))?)
}

/// Whether `isctpl rescue enter` enters this directory.
pub(super) fn is_up_at(directory: &Path) -> bool {
    let up_at = || -> Result<Option<PathBuf>, Failure> {
        let Some(journal) =
            peek()?.filter(|journal| this_boot().is_ok_and(|boot| recovery::is_complete(journal, &boot)))
        else {
            return Ok(None);
        };
        Ok(Some(request_of::<RescueRequest>(&journal)?.at))
    };
    match (up_at(), directory.canonicalize()) {
        (Ok(Some(at)), Ok(directory)) => at.canonicalize().is_ok_and(|at| at == directory),
        _ => false,
    }
}

fn root_only() -> Result<(), Failure> {
    if nix::unistd::geteuid().is_root() {
        Ok(())
    } else {
        Err(Failure::refused("must run as root").advise("run it with sudo"))
    }
}

/// The rescue on this machine, which signals ask to stop from now on.
fn on_this_machine() -> Result<Run<'static, Rescue>, RescueError> {
    let cancel = Cancel::on_signals()?;
    Ok(Run { procedure: &Rescue, state: Path::new(STATE), boot: this_boot()?, cancel })
}

fn plan(args: &RescueArgs, output: &mut Output) -> Result<u8, RescueError> {
    let sysfs = Root::sysfs()?;
    let (request, _) = request::learn(args, &sysfs, request::Password::Leave)?;
    let cx = Context::on_this_machine(request, None, Runner::default())?;
    output.print(&say::plan(&engine::plan(&Rescue, &cx), Rescue::NAMES.up))?;
    Ok(DONE)
}

fn up(args: &UpArgs, output: &mut Output) -> Result<u8, RescueError> {
    root_only()?;
    // A password is asked for before signals are taken over.
    let sysfs = Root::sysfs()?;
    let (request, password) = match peek()? {
        Some(journal) if request::says_nothing(&args.rescue) => {
            let request: RescueRequest = request_of(&journal)?;
            let password = match recovery::needs_password(&journal) {
                true => request::password_again(&args.rescue, &request, &sysfs)?,
                false => None,
            };
            (request, password)
        }
        _ => request::learn(&args.rescue, &sysfs, request::Password::Ask)?,
    };
    let run = on_this_machine()?;
    let mut cx = Context::on_this_machine(request.clone(), password, Runner { cancel: run.cancel.clone() })?;
    let applied = run.up(&request, &mut cx, &mut Progress::new(output.quiet, args.step))?;
    match &applied {
        Applied::Done(root) => output.tell(&say::up(&request, root, &cx.remarks, &output.style)),
        Applied::RolledBack(failure) => output.complain(&say::rolled_back(failure, &cx.remarks)),
        Applied::RollbackFailed(failure, stuck) => output.complain(&say::rollback_failed(failure, stuck, &cx.remarks)),
    }
    Ok(applied.exit_code())
}

fn down(output: &mut Output) -> Result<u8, RescueError> {
    root_only()?;
    let run = on_this_machine()?;
    let runner = Runner { cancel: run.cancel.clone() };
    let context = |request: Option<RescueRequest>| {
        Context::on_this_machine(request.unwrap_or_else(RescueRequest::nothing), None, runner)
    };
    let (outcome, cx) = run.down(context, &mut Progress::new(output.quiet, false))?;
    match outcome {
        TakenDown::Nothing(stale) => output.print(&say::nothing_up(&stale, &output.style))?,
        TakenDown::Done { restarted } => output.tell(&say::down(&cx.remarks, restarted, &output.style)),
        TakenDown::Failed(failure) => {
            output.complain(&say::teardown_failed(&failure, &cx.remarks));
            return Ok(NOT_UNDONE);
        }
    }
    Ok(DONE)
}

fn status(output: &mut Output) -> Result<u8, RescueError> {
    let text = match peek()? {
        None => "Nothing is up.\n".to_owned(),
        Some(journal) => say::status(&recovery::status(&journal, &this_boot()?)?, &output.style),
    };
    output.print(&text)?;
    Ok(DONE)
}
