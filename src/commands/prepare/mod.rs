//! `isctpl prepare`: fixes what doctor finds in the files of a root, and takes that back.

mod standing;

use super::output::Output;
use super::rescue::root_only;
use super::source::{gather, request_of};
use super::step_progress::{StepProgress, is_yes};
use super::stopped::Stopped;
use crate::cli::{PrepareArgs, Source};
use crate::procedures::engine::Applied;
use crate::procedures::prepare::context::{Check, Checked};
use crate::procedures::prepare::packages::Packages;
use crate::procedures::prepare::plan::{Options, Plan};
use crate::procedures::prepare::runs::Runs;
use crate::procedures::prepare::tree::Tree;
use crate::procedures::prepare::work::work_of;
use crate::procedures::{Failure, Kind};
use crate::report::prepare as say;
use crate::report::{FailOn, Report};
use crate::system::cancel::Cancel;
use crate::system::command::Runner;
use isctpl_checks::facts::{Facts, Problem};
use isctpl_checks::{Finding, Judgement, Selection, Severity, is_unborne_san_nic, judge};
use standing::Standing;
use std::io::{IsTerminal, Write, stderr, stdin};
use std::net::IpAddr;

/// All was done that was asked for.
const DONE: u8 = 0;
/// Failed, and all was put back.
const UNDONE: u8 = 1;
/// Failed, and not all could be put back.
const NOT_UNDONE: u8 = 2;
/// Refused, or used wrongly.
const REFUSED: u8 = 3;

/// What `--san-nic` says of a NIC that no configuration is for.
const UNCONFIGURED: &str = isctpl_checks::facts::UNCONFIGURED;

/// One round may uncover what the next one fixes: whether an image logs in is told once it can be read.
const ROUNDS: usize = 4;

pub(super) fn run(args: &PrepareArgs, output: &mut Output) -> anyhow::Result<u8> {
    match if args.undo { undo(args, output) } else { prepare(args, output) } {
        Ok(code) => Ok(code),
        Err(Stopped::Refused(failure)) => {
            output.complain(&say::refusal(&failure));
            Ok(REFUSED)
        }
        Err(Stopped::Unprinted(error)) => Err(error.into()),
    }
}

/// A root as it stands.
struct Judged {
    facts: Facts,
    judgement: Judgement,
}

impl Judged {
    /// `is_changed` tells that prepare has changed the root meanwhile.
    fn of(source: &Source, gateway: Option<IpAddr>, is_changed: bool) -> Result<Self, Problem> {
        let mut facts = gather(request_of(source)).or_else(|problem| match &source.san_nic {
            // Where the configuration that bore its name is gone by now, none is for it any more.
            Some(nic) if is_changed && is_unborne_san_nic(&problem, nic) => {
                gather(request_of(&Source { san_nic: Some(UNCONFIGURED.to_owned()), ..source.clone() }))
            }
            _ => Err(problem),
        })?;
        facts.scope.san_gateway = gateway;
        let judgement = judge(&facts, &Selection::default());
        Ok(Self { facts, judgement })
    }

    /// The findings that are more than worth knowing.
    fn open(&self) -> Vec<(&'static isctpl_checks::Check, &Finding)> {
        let mut findings = self.judgement.findings();
        findings.retain(|(_, finding)| finding.severity > Severity::Info);
        findings
    }

    /// Whether nothing critical is left of what was asked for.
    fn is_fixed(&self, options: &Options) -> bool {
        !self.open().iter().any(|(check, finding)| finding.severity == Severity::Critical && options.takes(check))
    }

    fn report(&self) -> Report<'_> {
        Report {
            facts: &self.facts,
            judgement: &self.judgement,
            snapshot: None,
            ignores: &[],
            fail_on: FailOn::Warning,
        }
    }
}

fn prepare(args: &PrepareArgs, output: &mut Output) -> Result<u8, Stopped> {
    let tree = Tree::open(&args.source.root)?;
    if args.dry_run {
        let judged = Judged::of(&args.source, args.san_gateway, false)?;
        let runs = Runs::peek(tree.clone())?;
        let plan = Plan::of(&tree, &judged.facts, &judged.judgement, &options(args), runs.as_ref())?;
        output.print(&say::plan(&judged.report(), &plan, &output.style))?;
        return Ok(if plan.is_empty() && !plan.left.is_empty() { REFUSED } else { DONE });
    }
    root_only()?;
    let cancel = Cancel::on_signals()?;
    let mut progress = StepProgress::new(output.quiet, false);
    if let Some(runs) = Runs::existing(tree.clone())?
        && runs.is_interrupted()?
    {
        output.complain(say::INTERRUPTED);
        if let Some(Err(failure)) = runs.undo_last(&cancel, &mut progress)? {
            output.complain(&say::teardown_failed(&failure, &args.source.root));
            return Ok(NOT_UNDONE);
        }
    }
    if args.install {
        install(args, &tree, &cancel, output)?;
    }
    let mut rounds = Rounds { args, tree: &tree, cancel: &cancel, progress, applied: 0, before: None };
    match rounds.all(output) {
        Ok(code) => Ok(code),
        Err(stopped) => rounds.put_back(stopped, output),
    }
}

/// The rounds of one run, of which either all are made or none is.
struct Rounds<'a> {
    args: &'a PrepareArgs,
    tree: &'a Tree,
    cancel: &'a Cancel,
    progress: StepProgress,
    /// How many were made.
    applied: usize,
    /// How the root stood before the first.
    before: Option<Standing>,
}

impl Rounds<'_> {
    /// Goes on until there is nothing left to change, or all rounds are used.
    ///
    /// # Errors
    /// When a round came to nothing; those before it stand.
    fn all(&mut self, output: &mut Output) -> Result<u8, Stopped> {
        loop {
            let (source, changed) = (&self.args.source, self.applied > 0);
            let judged = Judged::of(source, self.args.san_gateway, changed)?;
            let runs = Runs::existing(self.tree.clone())?;
            let plan = Plan::of(self.tree, &judged.facts, &judged.judgement, &options(self.args), runs.as_ref())?;
            if plan.is_empty() || self.applied == ROUNDS {
                // Nothing is left that would fix what a round has broken.
                if let Some(broken) = self.before.as_ref().and_then(|before| before.broken(&judged.judgement, false)) {
                    return Err(broken.into());
                }
                output.tell(&say::done(&judged.report(), &plan, &judged.open(), changed, &output.style));
                return Ok(if judged.is_fixed(&options(self.args)) { DONE } else { REFUSED });
            }
            output.print(&say::plan(&judged.report(), &plan, &output.style))?;
            let stays = if changed { "the changes before these stay" } else { "nothing was changed" };
            if !self.args.yes {
                let answer = agreed(&say::question(&source.root), stays);
                if let Some(failure) = answer.map_or_else(Some, |yes| (!yes).then(|| Failure::refused(stays))) {
                    // Somebody has looked at it and may go on later: what was agreed to before stays.
                    output.complain(&say::refusal(&failure));
                    return Ok(REFUSED);
                }
            }
            let work = work_of(&plan, self.tree)?;
            let runs = match runs {
                Some(runs) => runs,
                None => Runs::take(self.tree.clone())?,
            };
            let before = self.before.get_or_insert_with(|| Standing::of(&judged.judgement)).clone();
            let check = check(source.clone(), self.args.san_gateway, before);
            match runs.apply(work, check, self.cancel, &mut self.progress)? {
                Applied::Done(()) => self.applied += 1,
                Applied::Unchanged(failure) | Applied::RolledBack(failure) => return Err(failure.into()),
                Applied::RollbackFailed(failure, stuck) => {
                    output.complain(&say::rollback_failed(&failure, &stuck, &source.root));
                    return Ok(NOT_UNDONE);
                }
            }
        }
    }

    /// Puts the rounds back that were made.
    fn put_back(mut self, stopped: Stopped, output: &mut Output) -> Result<u8, Stopped> {
        let failure = match stopped {
            Stopped::Refused(failure) => failure,
            Stopped::Unprinted(error) => Failure::failed(format!("standard output: {error}")),
        };
        let root = &self.args.source.root;
        while self.applied > 0 {
            let undone = match Runs::existing(self.tree.clone())? {
                Some(runs) => runs.undo_last(self.cancel, &mut self.progress)?,
                None => None,
            };
            if let Some(Err(stuck)) = undone {
                output.complain(&say::rollback_failed(&failure, &stuck, root));
                return Ok(NOT_UNDONE);
            }
            self.applied -= 1;
        }
        output.complain(&say::rolled_back(&failure));
        Ok(if failure.kind == Kind::Refused { REFUSED } else { UNDONE })
    }
}

/// Installs what the root lacks.
fn install(args: &PrepareArgs, tree: &Tree, cancel: &Cancel, output: &mut Output) -> Result<(), Failure> {
    let judged = Judged::of(&args.source, args.san_gateway, false)?;
    let Some(packages) = Packages::missing(&tree.root, &judged.facts) else { return Ok(()) };
    let question = say::install(&packages, &args.source.root);
    if !args.yes && !agreed(&question, "nothing was installed")? {
        return Err(Failure::refused("nothing was installed"));
    }
    output.complain(&say::installing(&packages));
    let failed = |failure: Failure| failure.advise("nothing else was changed");
    packages.install(tree, &Runner { cancel: cancel.clone() }).map_err(failed)
}

fn options(args: &PrepareArgs) -> Options {
    Options { only: args.only.clone(), dhcp_timeout: args.dhcp_timeout }
}

/// Asks whether to go on; `stays` tells what comes of a no.
fn agreed(question: &str, stays: &str) -> Result<bool, Failure> {
    if !stdin().is_terminal() {
        return Err(Failure::refused(format!("{stays}: there is no terminal to ask on"))
            .advise("give --yes to make the changes that are shown"));
    }
    // A terminal that cannot be written to cannot answer either.
    let _ = write!(stderr(), "{question}");
    Ok(is_yes())
}

/// Judges the root again, and refuses what broke what held before, unless the next round can fix that and the verdict
/// is no worse meanwhile.
fn check(source: Source, gateway: Option<IpAddr>, before: Standing) -> Check {
    Box::new(move || {
        let judged = Judged::of(&source, gateway, true)?;
        if let Some(broken) = before.broken(&judged.judgement, true) {
            return Err(broken);
        }
        let findings = judged.judgement.findings();
        let found = findings.iter().map(|(check, finding)| (check.id.to_owned(), finding.summary.clone())).collect();
        Ok(Checked { verdict: say::verdict(&judged.report()), found })
    })
}

fn undo(args: &PrepareArgs, output: &mut Output) -> Result<u8, Stopped> {
    root_only()?;
    let root = &args.source.root;
    let Some(runs) = Runs::existing(Tree::open(root)?)? else {
        output.print(&say::nothing_to_undo(root))?;
        return Ok(DONE);
    };
    let changed = runs.changed_since()?;
    if !changed.is_empty() && !args.yes {
        let mut failure = Failure::refused("nothing was undone: these files were changed since prepare wrote them");
        failure.advice = changed;
        return Err(failure.advise("give --yes to put back what was there before prepare all the same").into());
    }
    let cancel = Cancel::on_signals()?;
    let mut progress = StepProgress::new(output.quiet, false);
    let mut undone = false;
    while let Some(outcome) = runs.undo_last(&cancel, &mut progress)? {
        if let Err(failure) = outcome {
            output.complain(&say::teardown_failed(&failure, root));
            return Ok(NOT_UNDONE);
        }
        undone = true;
    }
    output.tell(&if undone { say::undone(root) } else { say::nothing_to_undo(root) });
    Ok(DONE)
}
