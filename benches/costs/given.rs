//! What somebody names is measured, and told on the terminal alone.

use super::measure::{Contender, take_turns};
use super::{Outcome, contenders, corpus, hostile};
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

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
            hostile::measure()?;
        }
        for image in self.images {
            let image = fs::canonicalize(image)?;
            writeln!(io::stdout(), "\n{}: {:.1} MB, {} runs each", image.display(), corpus::size(&image)?, self.runs)?;
            let (contenders, _) = contenders::of_image(&image, "this image")?;
            measured(contenders, self.runs)?;
        }
        for tree in self.trees {
            let tree = fs::canonicalize(tree)?.display().to_string();
            writeln!(io::stdout(), "\n{tree}: {} runs", self.runs)?;
            measured(vec![Contender::isctpl(&["doctor", "--root", &tree]).judging_what_it_can()], self.runs)?;
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
