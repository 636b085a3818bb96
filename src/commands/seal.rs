//! `isctpl seal`: a root is cleared of what a template must not carry.

use super::output::Output;
use super::progress::Progress;
use super::rescue::{self, root_only};
use crate::cli::SealArgs;
use crate::formats::text::printable;
use crate::probes::lun::system::{RootVerdict, judge, look};
use crate::procedures::Failure;
use crate::procedures::prepare::runs::Runs;
use crate::procedures::seal::{Plan, Wishes, clear, identify, key_maker, plan, refuse_unfinished};
use crate::report::next_steps;
use crate::report::rescue::refusal;
use crate::report::seal::{self as say, Named};
use crate::system::Root;
use crate::system::removal::Eraser;
use crate::system::terminal::read_line;
use isctpl_checks::facts::Problem;
use std::io::{IsTerminal, Write, stderr, stdin};

/// All is cleared, or was listed.
const DONE: u8 = 0;
/// Nothing could be cleared.
const NOTHING_CLEARED: u8 = 1;
/// Some of it could not be cleared.
const SOME_LEFT: u8 = 2;
/// Refused, and nothing was changed.
const REFUSED: u8 = 3;

/// A root that may be sealed.
struct Sealable {
    root: Root,
    eraser: Eraser,
    /// Whether it is the running system's own.
    live: bool,
    system: Option<String>,
    /// Keeps other processes from preparing it meanwhile.
    _runs: Option<Runs>,
}

pub(super) fn run(args: &SealArgs, output: &mut Output) -> anyhow::Result<u8> {
    match permitted(args) {
        Ok(sealable) => sealed(args, &sealable, output),
        Err(failure) => {
            output.complain(&refusal(&failure));
            Ok(REFUSED)
        }
    }
}

/// Opens the root, unless it must not be cleared.
fn permitted(args: &SealArgs) -> Result<Sealable, Failure> {
    if !args.dry_run {
        root_only()?;
    }
    let root = Root::open(&args.root)?;
    let name = printable::path(&args.root);
    let live = is_own(&root)?;
    if live && !args.yes_this_machine {
        return Err(Failure::refused(format!("{name} is the root of the running system"))
            .advise("for a root that is mounted elsewhere: isctpl seal --root DIR")
            .advise("if this machine itself becomes the template: isctpl seal --yes-this-machine"));
    }
    let evidence = look(&root);
    match judge(&evidence) {
        RootVerdict::Root => {}
        RootVerdict::NoRoot(why) => return Err(Failure::refused(format!("{name} is not the root of a system: {why}"))),
        RootVerdict::Unknown(problems) => {
            let why = problems.first().map(Problem::to_string).unwrap_or_default();
            return Err(Failure::refused(format!("whether {name} is the root of a system cannot be told: {why}")));
        }
    }
    if rescue::is_half_way()? {
        return Err(Failure::refused("a rescue was interrupted half way")
            .advise("isctpl rescue up     continues it")
            .advise("isctpl rescue down   undoes it"));
    }
    let eraser = Eraser::open(&args.root)?;
    if !args.dry_run && eraser.is_read_only() {
        return Err(Failure::refused(format!("{name} is mounted read-only")));
    }
    let runs = refuse_unfinished(&args.root, args.dry_run)?;
    Ok(Sealable { root, eraser, live, system: evidence.name, _runs: runs })
}

/// Whether it is the directory that this process has as its root, by whatever name.
fn is_own(root: &Root) -> Result<bool, Failure> {
    let same = |a: crate::system::Meta, b: crate::system::Meta| (a.dev, a.ino) == (b.dev, b.ino);
    let own = Root::running()?.stat("/")?;
    Ok(root.stat("/")?.zip(own).is_some_and(|(it, own)| same(it, own)))
}

fn sealed(args: &SealArgs, sealable: &Sealable, output: &mut Output) -> anyhow::Result<u8> {
    let Sealable { root, eraser, live, system, .. } = sealable;
    let path = printable::path(&args.root);
    let named = Named { root: &path, system: system.as_deref() };
    let wishes = Wishes { host_keys: args.host_keys, live: *live };
    let progress = Progress::start();
    progress.say("what is to be cleared");
    let planned = plan(root, eraser, wishes);
    progress.wipe();
    // Each look may read as much as one run, and a person may take long to answer.
    let identity = identify(&root.afresh());
    let closing = next_steps(&identity, args.cli, &args.volume_ids, *live, &output.style);
    if planned.items.is_empty() && planned.problems.is_empty() {
        output.print(&(say::clean(&named, &output.style) + &closing))?;
        return Ok(DONE);
    }
    output.print(&say::list(&named, &planned, &output.style))?;
    if args.host_keys {
        output.print(&say::host_keys(key_maker(root), &output.style))?;
    }
    if args.dry_run {
        output.print(say::DRY)?;
        return Ok(DONE);
    }
    if !planned.items.is_empty()
        && let Err(failure) = confirmed(args, &named)
    {
        output.complain(&refusal(&failure));
        return Ok(REFUSED);
    }
    let beat = &mut |at: &str| progress.say(&format!("clearing {at}"));
    let mut cleared = clear(&root.afresh(), eraser, &planned, beat);
    progress.wipe();
    // Of a running system the next look would tell what it has written meanwhile.
    let again = (!live).then(|| plan(&root.afresh(), eraser, wishes));
    let further = again.as_ref().map_or(&planned.problems, |again| &again.problems);
    let further: Vec<Problem> = further.iter().filter(|problem| !cleared.left.contains(problem)).cloned().collect();
    cleared.left.extend(further);
    let back = again.map(|again| still_there(&again, &cleared.left));
    cleared.left.extend(back.unwrap_or_default());
    if !cleared.left.is_empty() {
        output.complain(&say::unsealed(&cleared));
        return Ok(if cleared.places == 0 { NOTHING_CLEARED } else { SOME_LEFT });
    }
    output.tell(&(say::sealed(&named, &cleared, &output.style) + &say::notes(&output.style) + &closing));
    Ok(DONE)
}

/// What another look finds, and nothing has told of yet.
fn still_there(again: &Plan, told: &[Problem]) -> Vec<Problem> {
    let is_told = |path: &str| told.iter().any(|problem| problem.place.starts_with(path));
    let found =
        again.items.iter().map(|item| Problem::new(item.path.clone(), "is there again: something writes to it"));
    found.filter(|problem| !is_told(&problem.place)).collect()
}

/// Asks, unless that was answered already.
fn confirmed(args: &SealArgs, named: &Named<'_>) -> Result<(), Failure> {
    if args.yes {
        return Ok(());
    }
    if !stdin().is_terminal() {
        return Err(Failure::refused("there is no terminal to ask on; nothing was changed").advise("pass --yes"));
    }
    // A terminal that cannot be written to cannot be answered on either.
    let asked = stderr().write_all(say::question(named).as_bytes());
    let answer =
        asked.and_then(|()| read_line(&mut stdin().lock())).map_err(|error| Failure::failed(error.to_string()))?;
    match answer.trim() {
        "yes" => Ok(()),
        _ => Err(Failure::refused("the answer was not yes; nothing was changed")),
    }
}
