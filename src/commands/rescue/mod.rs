//! `isctpl rescue`: an instance's root, mounted from its LUN and taken down again.

mod enter;
mod request;
mod state;

use super::credentials::Password;
use super::output::Output;
use super::step_progress::StepProgress;
use super::stopped::Stopped;
use crate::cli::{Rescue as Action, RescueArgs, UpArgs};
use crate::procedures::Procedure;
use crate::procedures::engine::{self, Applied};
use crate::procedures::rescue::{Context, Rescue, RescueRequest, STATE, recovery};
use crate::procedures::run::{Run, TakenDown, request_of, this_boot};
use crate::report::rescue as say;
use crate::system::Root;
use crate::system::cancel::Cancel;
use crate::system::command::Runner;
use state::peek;
pub(super) use state::{is_half_way, is_up_at, root_only};
use std::path::Path;

/// All was done that was asked for.
const DONE: u8 = 0;
/// Failed and not wholly undone.
pub(super) const NOT_UNDONE: u8 = 2;
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
        Err(Stopped::Refused(failure)) => {
            output.complain(&say::refusal(&failure));
            Ok(REFUSED)
        }
        Err(Stopped::Unprinted(error)) => Err(error.into()),
    }
}

/// A rescue on this machine, which signals ask to stop from now on.
fn on_this_machine(procedure: &'static Rescue) -> Result<Run<'static, Rescue>, Stopped> {
    let cancel = Cancel::on_signals()?;
    Ok(Run { procedure, state: Path::new(STATE), boot: this_boot()?, cancel })
}

fn plan(args: &RescueArgs, output: &mut Output) -> Result<u8, Stopped> {
    let sysfs = Root::sysfs()?;
    let (request, _) = request::learn(args, &sysfs, Password::Leave)?;
    let procedure = Rescue::of(&request);
    let cx = Context::on_this_machine(request, None, Runner::default())?;
    output.print(&say::plan(&engine::plan(procedure, &cx), Rescue::NAMES.up))?;
    Ok(DONE)
}

fn up(args: &UpArgs, output: &mut Output) -> Result<u8, Stopped> {
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
        _ => request::learn(&args.rescue, &sysfs, Password::Ask)?,
    };
    let run = on_this_machine(Rescue::of(&request))?;
    let mut cx = Context::on_this_machine(request.clone(), password, Runner { cancel: run.cancel.clone() })?;
    let applied = run.up(&request, &mut cx, &mut StepProgress::new(output.quiet, args.step))?;
    match &applied {
        Applied::Done(rescued) => output.tell(&say::up(&request, rescued, &cx.remarks, &output.style)),
        Applied::Unchanged(failure) => output.complain(&say::unchanged(failure, &cx.remarks)),
        Applied::RolledBack(failure) => output.complain(&say::rolled_back(failure, &cx.remarks)),
        Applied::RollbackFailed(failure, stuck) => output.complain(&say::rollback_failed(failure, stuck, &cx.remarks)),
    }
    Ok(applied.exit_code())
}

fn down(output: &mut Output) -> Result<u8, Stopped> {
    root_only()?;
    let run = on_this_machine(Rescue::WHOLE)?;
    let runner = Runner { cancel: run.cancel.clone() };
    let context = |request: Option<RescueRequest>| {
        Context::on_this_machine(request.unwrap_or_else(RescueRequest::nothing), None, runner)
    };
    let (outcome, mut cx) = run.down(context, &mut StepProgress::new(output.quiet, false))?;
    match outcome {
        TakenDown::Nothing(stale) => output.print(&say::nothing_up(&stale, &output.style))?,
        TakenDown::Done { restarted, journal } => {
            if let Some(failure) = journal {
                cx.remark(format!("the journal tells of nothing any more, and could not be removed: {}", failure.what));
            }
            output.tell(&say::down(&cx.remarks, restarted, &output.style));
        }
        TakenDown::Failed(failure) => {
            output.complain(&say::teardown_failed(&failure, &cx.remarks));
            return Ok(NOT_UNDONE);
        }
    }
    Ok(DONE)
}

fn status(output: &mut Output) -> Result<u8, Stopped> {
    let text = match peek()? {
        None => "Nothing is up.\n".to_owned(),
        Some(journal) => say::status(&recovery::status(&journal, &this_boot()?)?, &output.style),
    };
    output.print(&text)?;
    Ok(DONE)
}
