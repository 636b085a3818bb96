//! What somebody names is measured, and told on the terminal alone.

#[path = "../../tests/it/hostile/bombs.rs"]
#[allow(clippy::unwrap_used)]
mod bombs;
#[path = "../../tests/it/hostile/inputs.rs"]
#[allow(dead_code, clippy::unwrap_used)]
mod inputs;

use super::measure::{Contender, Run, take_turns};
use super::support::tree::Tree;
use super::{Outcome, contenders, corpus};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What was named.
pub(crate) struct Given {
    pub(crate) images: Vec<PathBuf>,
    pub(crate) trees: Vec<PathBuf>,
    pub(crate) hostile: bool,
    pub(crate) runs: usize,
}

impl Default for Given {
    fn default() -> Self {
        Self { images: Vec::new(), trees: Vec::new(), hostile: false, runs: 15 }
    }
}

impl Given {
    pub(crate) fn is_nothing(&self) -> bool {
        self.images.is_empty() && self.trees.is_empty() && !self.hostile
    }

    pub(crate) fn measure(self) -> Outcome<()> {
        if self.hostile {
            hostile()?;
        }
        for image in self.images {
            let image = fs::canonicalize(image)?;
            writeln!(io::stdout(), "\n{}: {:.1} MB, {} runs each", image.display(), corpus::size(&image)?, self.runs)?;
            measured(contenders::of_image(&image)?, self.runs)?;
        }
        for tree in self.trees {
            let tree = fs::canonicalize(tree)?.display().to_string();
            writeln!(io::stdout(), "\n{tree}: {} runs", self.runs)?;
            measured(vec![Contender::isctpl(&["doctor", "--root", &tree]).judging()], self.runs)?;
        }
        Ok(())
    }
}

fn measured(mut contenders: Vec<Contender>, runs: usize) -> Outcome<()> {
    take_turns(&mut contenders, runs)?;
    let mut out = io::stdout();
    writeln!(out, "{:<36} {:>9} {:>9} {:>9} {:>9}", "", "wall ms", "min ms", "CPU ms", "peak MB")?;
    for contender in &contenders {
        let (wall, cpu, memory) = (contender.wall(), contender.cpu().median, contender.memory().median);
        let (name, median, least) = (&contender.name, wall.median, wall.least);
        writeln!(out, "{name:<36} {median:>9.0} {least:>9.0} {cpu:>9.0} {memory:>9.1}")?;
    }
    Ok(())
}

/// Seconds and memory of each input that means harm, one run each.
fn hostile() -> Outcome<()> {
    let bombs = [bombs::images(), bombs::modules(), bombs::sparse()].into_iter().flatten();
    for input in bombs.chain(inputs::files()).chain(inputs::trees()) {
        let root = Tree::load("machines/initramfs-tools.tree").unpack();
        (input.write)(root.path());
        told(&input.name, root.path())?;
    }
    Ok(())
}

fn told(what: &str, root: &Path) -> Outcome<()> {
    let doctor = Contender::isctpl(&["doctor", "--root", &root.display().to_string()]).judging();
    let Run { wall, memory, .. } = doctor.run()?;
    writeln!(io::stdout(), "{:>7.2} s {:>7.1} MB  {what}", wall / 1e3, memory / 1e6)?;
    Ok(())
}
