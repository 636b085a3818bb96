//! What the kernel starts first in an image, and whether that runs the scripts that log in.

use super::content::Content;
use super::scripts::is_dracut;
use super::tree::Tree;
use crate::probes::files::Files;
use crate::probes::units::load::Units;
use crate::probes::units::started::{Follow, started};
use isctpl_checks::facts::{EntryKind, FirstProgram, HooksRun, Location};

/// What the kernel tries, in its order (`kernel_init` in `init/main.c`).
const TRIED: [&str; 5] = ["/init", "/sbin/init", "/etc/init", "/bin/init", "/bin/sh"];

/// How often the kernel goes on to the interpreter of an interpreter (`exec_binprm` in `fs/exec.c`).
const INTERPRETERS: usize = 5;

/// What the kernel runs as nothing (`exec_binprm`).
const NO_PROGRAM: &str = "is neither an ELF program nor a script that begins with #!";

/// The first bytes of a script.
const SHEBANG: &str = "#!";

/// The units of dracut's `dracut-systemd` that run its hooks: without the first no word of the command line is read,
/// without the second nothing logs in.
const RUNNERS: [&str; 2] = ["dracut-cmdline.service", "dracut-initqueue.service"];

/// What tells systemd that it runs in an initramfs (`in_initrd` in `src/basic/initrd-util.c`), and what it starts then.
const INITRD_RELEASE: &str = "etc/initrd-release";
const INITRD_TARGET: &str = "initrd.target";
const DEFAULT_TARGET: &str = "default.target";

/// What runs the scripts of an image in the `/init` of its generator: `run_scripts` of initramfs-tools, and
/// `source_hook` of dracut.
const CALLS: [&str; 2] = ["run_scripts", "source_hook"];

/// The programs that the kernel tries: `/init` always, the others where they are.
pub(super) fn first_programs(tree: &Tree) -> Vec<FirstProgram> {
    let tried = TRIED.iter().enumerate().filter(|(index, path)| *index == 0 || tree.resolve(path).is_some());
    tried.map(|(_, path)| first_program(tree, path)).collect()
}

fn first_program(tree: &Tree, path: &str) -> FirstProgram {
    let program = tree.entry(path).map(str::to_owned);
    let refused = refused(tree, path, INTERPRETERS);
    let hooks = program.as_deref().map_or_else(|| unclear("there is none"), |program| hooks(tree, program));
    FirstProgram { path: path.to_owned(), program: program.map(|program| format!("/{program}")), refused, hooks }
}

/// Why the kernel cannot start a program; `None` also where what it is was not kept.
fn refused(tree: &Tree, path: &str, interpreters: usize) -> Option<String> {
    let Some(entry) = tree.entry(path) else {
        let link = match tree.node(path.trim_start_matches('/')).map(|node| &node.kind) {
            Some(EntryKind::Link(target)) => format!("is a link to {target}, which is not in the initramfs"),
            _ => "is not in the initramfs".to_owned(),
        };
        return Some(link);
    };
    match tree.node(entry).map(|node| &node.kind) {
        Some(EntryKind::Program(0)) => return Some("is empty".to_owned()),
        Some(EntryKind::Program(_)) => {}
        Some(EntryKind::File(_)) => return Some("may not be executed: its mode has no x".to_owned()),
        _ => return Some("is not a file".to_owned()),
    }
    let interpreter = match tree.content(entry)? {
        Content::Elf(binary) => binary.linkage.interpreter.as_deref()?,
        Content::Text(text) => match interpreter(text) {
            Some(interpreter) => interpreter,
            None => return Some(NO_PROGRAM.to_owned()),
        },
        _ => return Some(NO_PROGRAM.to_owned()),
    };
    if interpreters == 0 {
        return Some("has an interpreter that is a script itself, and so on: the kernel gives up".to_owned());
    }
    let why = refused(tree, interpreter, interpreters - 1)?;
    Some(format!("needs {interpreter} to run it, which {why}"))
}

/// The interpreter that a script names.
fn interpreter(text: &str) -> Option<&str> {
    let line = text.lines().next()?.strip_prefix(SHEBANG)?;
    line.trim_start_matches([' ', '\t']).split([' ', '\t']).next().filter(|interpreter| !interpreter.is_empty())
}

fn unclear(why: impl Into<String>) -> HooksRun {
    HooksRun::Unclear(why.into())
}

/// Whether the scripts that log in are run where this program is the first process.
fn hooks(tree: &Tree, program: &str) -> HooksRun {
    if program.ends_with("/systemd/systemd") {
        return match is_dracut(tree) {
            true => by_units(tree),
            false => unclear("systemd is started, and what it starts for the login is not known"),
        };
    }
    match tree.text(program) {
        Some(text) => by_script(text, &tree.name(program)),
        None => unclear(format!("/{program} is no script, and what it runs is not known")),
    }
}

fn by_script(text: &str, name: &str) -> HooksRun {
    let calls = |line: &str| CALLS.iter().any(|call| line.trim_start().starts_with(call));
    match text.lines().position(calls) {
        Some(index) => HooksRun::By(Location::line(name, u32::try_from(index + 1).unwrap_or(u32::MAX))),
        None => unclear(format!("{name} is a script that isctpl does not follow")),
    }
}

fn by_units(tree: &Tree) -> HooksRun {
    let target = if tree.resolve(INITRD_RELEASE).is_some() { INITRD_TARGET } else { DEFAULT_TARGET };
    let units = Units::list(tree);
    let all = started(&units, [(target.to_owned(), None)], Follow::All);
    // A unit that is masked has no file.
    let file = |unit: &str| units.load(unit).filter(|_| all.contains_key(unit)).and_then(|unit| unit.fragment.clone());
    let missing = match RUNNERS.map(|unit| (unit, file(unit))) {
        [(_, Some(_)), (_, Some(at))] => return HooksRun::By(at),
        [(missing, None), _] | [_, (missing, None)] => missing,
    };
    if let Some(problem) = units.problems().first().cloned().or_else(|| units.cut_short()) {
        return unclear(problem.to_string());
    }
    HooksRun::ByNothing(if units.own_name(target).is_none() {
        format!("systemd starts {target}, which is not in the initramfs")
    } else if target == DEFAULT_TARGET {
        format!(
            "{INITRD_RELEASE} is not in the initramfs, and {target}, which systemd then starts, starts no {missing}"
        )
    } else {
        format!("{target} starts no {missing}")
    })
}
