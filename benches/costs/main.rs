//! What isctpl costs, beside its peers.
//!
//! `cargo bench --bench costs -- [--quick] [--only PART]... [--into DIR]`
//!
//! - `start`: `isctpl --version`, beside a program that does nothing.
//! - `images`: `isctpl show initramfs IMAGE` beside `3cpio -t`, `lsinitramfs`, `lsinitrd` and the bare decompressor, over
//!   images of 10 to 200 MB (unpacked) that are built here, in each compression.
//! - `roots`: `isctpl doctor --root` over a root with such an image, beside the listing of that image alone.
//! - `routes`: the kernel's answer for a portal, and what is read beside it, with 10 to 1,000,000 routes in a network
//!   namespace. It takes root.
//! - `snapshots`: `isctpl doctor --snapshot`, of 10 to 10,000 files.
//!
//! A table with ratios and a plot of each part are written to DIR, which is `benches/results` for a whole run; a run that
//! leaves something out (`--quick`, `--only`) prints only, unless it is told where to. `benches/run` gets the peers first.
//!
//! `cargo bench --bench costs -- [--runs N] [--tree DIR]... [--hostile] [IMAGE...]`
//!
//! measures what it is given instead: images, `isctpl doctor --root DIR`, and with `--hostile` the inputs of the tests of
//! the bounds (`tests/it/hostile`): it fails where one takes more than 2 s or the memory that the tests allow it.
//!
//! Programs take turns, so that a busy machine slows all of them alike; medians are told, with the least and the most.
//! A peer that is not installed is named, in the results too, not left out in silence. What a part cannot do without is
//! looked for before the first one begins.

#![allow(missing_docs, reason = "a program, whose parts nobody else uses")]

mod contenders;
mod corpus;
mod given;
mod hostile;
mod images;
mod machine;
mod measure;
mod plot;
mod results;
mod roots;
mod routes;
mod snapshots;
mod start;
#[path = "../../tests/it/support/mod.rs"]
mod support;

use results::Part;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What went wrong ends the run.
type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// The program that is measured.
const ISCTPL: &str = env!("CARGO_BIN_EXE_isctpl");

/// Where the results of a whole run are kept.
const RESULTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/results");

/// How much is measured.
#[derive(Clone, Copy)]
struct Extent {
    /// Little, for a first look.
    quick: bool,
}

/// A part that can be measured.
struct Kind {
    name: &'static str,
    /// Says at once what would stop it later.
    ready: fn() -> Outcome<()>,
    measure: fn(Extent) -> Outcome<Part>,
}

/// The parts in their order.
const PARTS: [Kind; 5] = [
    Kind { name: "start", ready: || Ok(()), measure: start::measure },
    Kind {
        name: "images",
        ready: || corpus::ready(&corpus::COMPRESSIONS.map(|(name, _)| name)),
        measure: images::measure,
    },
    Kind { name: "roots", ready: || corpus::ready(&["zstd"]), measure: roots::measure },
    Kind { name: "routes", ready: routes::ready, measure: routes::measure },
    Kind { name: "snapshots", ready: || Ok(()), measure: snapshots::measure },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let done = match arguments.split_first() {
        Some((first, command)) if first == measure::MEASURED => measure::run_measured(command),
        _ => all(arguments.into_iter()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "costs bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn all(mut arguments: impl Iterator<Item = String>) -> Outcome<()> {
    let mut given = given::Given::default();
    let (mut only, mut into, mut quick) = (Vec::new(), None, false);
    while let Some(argument) = arguments.next() {
        let mut value = |what: &str| arguments.next().ok_or_else(|| format!("{argument} needs {what}"));
        match argument.as_str() {
            "--quick" => quick = true,
            "--only" => only.push(value("a part")?),
            "--into" => into = Some(PathBuf::from(value("a directory")?)),
            "--runs" => given.runs = value("a number")?.parse()?,
            "--tree" => given.trees.push(PathBuf::from(value("a directory")?)),
            "--hostile" => given.hostile = true,
            option if option.starts_with('-') => return Err(format!("knows no {option}").into()),
            image => given.images.push(PathBuf::from(image)),
        }
    }
    if !given.is_nothing() {
        if quick || into.is_some() || !only.is_empty() {
            return Err("what is given is measured alone, without --quick, --only and --into".into());
        }
        return given.measure();
    }
    if let Some(name) = only.iter().find(|name| !PARTS.iter().any(|part| part.name == **name)) {
        return Err(format!("knows no part {name}").into());
    }
    if into.is_none() && only.is_empty() && !quick {
        into = Some(PathBuf::from(RESULTS));
    }
    into.as_ref().map_or(Ok(()), std::fs::create_dir_all)?;
    let machine = machine::facts();
    let wanted = || PARTS.iter().filter(|part| only.is_empty() || only.iter().any(|name| name == part.name));
    wanted().try_for_each(|part| (part.ready)())?;
    let mut parts = Vec::new();
    for part in wanted() {
        writeln!(io::stdout(), "measures {}", part.name)?;
        parts.push((part.measure)(Extent { quick })?);
    }
    let text = results::text(&parts, machine, quick)?;
    writeln!(io::stdout(), "\n{text}")?;
    let Some(into) = into else { return Ok(()) };
    results::write(&parts, &text, &into)?;
    writeln!(io::stdout(), "written to {}", into.display())?;
    Ok(())
}

/// A directory for what is made here, beside the other build products.
fn workplace(name: &str) -> Outcome<PathBuf> {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("costs").join(name);
    std::fs::create_dir_all(&path)?;
    Ok(path)
}
