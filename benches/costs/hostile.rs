//! What means harm: each input of the tests of the bounds (`tests/it/hostile/bounds.rs`), of which none is to take more
//! than these seconds and the memory that the tests allow it.

#[path = "../../tests/it/hostile/archives.rs"]
#[allow(clippy::unwrap_used)]
mod archives;
#[path = "../../tests/it/hostile/bombs.rs"]
#[allow(clippy::unwrap_used)]
mod bombs;
#[path = "../../tests/it/hostile/inputs.rs"]
#[allow(dead_code, clippy::unwrap_used)]
pub(crate) mod inputs;
#[path = "../../tests/it/hostile/lists.rs"]
#[allow(clippy::unwrap_used)]
mod lists;

use super::measure::{Contender, Run};
use super::support::tree::Tree;
use super::{Outcome, workplace};
use std::fs;
use std::io::{self, Write};

/// The most seconds of wall clock.
const SECONDS: f64 = 2.0;

/// Prints what each input takes, in one run each.
///
/// # Errors
/// When one takes more than it may.
pub(crate) fn measure() -> Outcome<()> {
    let mut out = io::stdout();
    writeln!(out, "{:>7} {:>9} {:>10}", "wall", "CPU", "peak")?;
    let mut all = Vec::new();
    let roots = [inputs::files(), inputs::lines(), inputs::trees(), archives::images()].into_iter();
    for input in roots.chain([bombs::images(), bombs::windows(), bombs::modules(), bombs::sparse()]).flatten() {
        let root = Tree::load("machines/initramfs-tools.tree").unpack();
        (input.write)(root.path());
        let root = root.path().display().to_string();
        all.push(Taken::by(input.name, input.memory, &["doctor", "--root", &root])?);
    }
    for (name, bytes) in lists::snapshots() {
        let file = workplace("hostile")?.join("snapshot");
        fs::write(&file, bytes)?;
        all.push(Taken::by(name, inputs::MEMORY, &["doctor", "--snapshot", &file.display().to_string()])?);
    }
    let most = |of: fn(&Taken) -> f64| all.iter().max_by(|one, other| of(one).total_cmp(&of(other)));
    for (what, taken) in [("longest", most(|taken| taken.seconds)), ("largest", most(|taken| taken.mebibytes))] {
        writeln!(out, "{what}: {}", taken.map(Taken::line).unwrap_or_default())?;
    }
    match all.iter().filter(|taken| taken.is_too_much()).count() {
        0 => Ok(writeln!(out, "none of {} takes more than {SECONDS} s and its memory", all.len())?),
        count => Err(format!("{count} of {} take more than {SECONDS} s or their memory", all.len()).into()),
    }
}

/// What isctpl took over one input.
struct Taken {
    name: String,
    seconds: f64,
    cpu_seconds: f64,
    /// The largest resident set of a process.
    mebibytes: f64,
    /// The most that this may be.
    most_mebibytes: f64,
}

impl Taken {
    /// Runs isctpl with these arguments once, and prints it. It may take so many KiB.
    fn by(name: String, most: u32, arguments: &[&str]) -> Outcome<Self> {
        let Run { wall, cpu, memory } = Contender::isctpl(arguments).judging_what_it_can().run()?;
        let (mebibytes, most_mebibytes) = (memory / f64::from(1 << 20), f64::from(most) / 1024.0);
        let taken = Self { name, seconds: wall / 1e3, cpu_seconds: cpu / 1e3, mebibytes, most_mebibytes };
        let mark = if taken.is_too_much() { "  *** TOO MUCH ***" } else { "" };
        writeln!(io::stdout(), "{}{mark}", taken.line())?;
        Ok(taken)
    }

    fn is_too_much(&self) -> bool {
        self.seconds > SECONDS || self.mebibytes > self.most_mebibytes
    }

    fn line(&self) -> String {
        let Self { name, seconds, cpu_seconds, mebibytes, most_mebibytes } = self;
        format!("{seconds:>5.2} s {cpu_seconds:>7.2} s {mebibytes:>6.1} of {most_mebibytes} MiB  {name}")
    }
}
