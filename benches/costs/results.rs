//! What was measured, as tables of Markdown.

use super::measure::{Contender, Spread, take_turns};
use super::plot::{Plot, Point};
use super::{Outcome, contenders};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// A part of the whole: some tables, and perhaps a plot beside them.
pub(crate) struct Part {
    title: &'static str,
    /// What is measured, and how it is to be read.
    about: String,
    /// The name of the contender to which the others are held.
    base: &'static str,
    /// The name of the plot's file, and what its x axis shows.
    drawn: Option<(&'static str, &'static str)>,
    tables: Vec<Table>,
    /// What was to be measured and could not be: what, and why.
    missing: BTreeSet<String>,
}

/// Contenders over one input.
struct Table {
    /// What they were given.
    input: String,
    /// The picture of the plot in which they stand, and where there.
    at: (String, f64),
    contenders: Vec<Contender>,
}

impl Part {
    pub(crate) fn new(title: &'static str, about: impl Into<String>, base: &'static str) -> Self {
        Self { title, about: about.into(), base, drawn: None, tables: Vec::new(), missing: BTreeSet::new() }
    }

    /// With a plot of wall clock, in a file of this name, over what `x` says.
    pub(crate) fn drawn(self, name: &'static str, x: &'static str) -> Self {
        Self { drawn: Some((name, x)), ..self }
    }

    /// Has contenders run over one input, so many times each. `at` is the picture of the plot in which they stand, and
    /// where there.
    pub(crate) fn measure(
        &mut self,
        input: impl Into<String>,
        at: (&str, f64),
        mut contenders: Vec<Contender>,
        runs: usize,
    ) -> Outcome<()> {
        take_turns(&mut contenders, runs)?;
        self.tables.push(Table { input: input.into(), at: (at.0.to_owned(), at.1), contenders });
        Ok(())
    }

    /// Tells in the results what could not be measured, once.
    pub(crate) fn misses(&mut self, what: impl IntoIterator<Item = String>) {
        self.missing.extend(what);
    }

    /// What was measured.
    pub(crate) fn contenders(&self) -> impl Iterator<Item = &Contender> {
        self.tables.iter().flat_map(|table| &table.contenders)
    }

    fn plot(&self) -> Option<(&'static str, Plot)> {
        let (name, x) = self.drawn?;
        let points = self.tables.iter().flat_map(|table| {
            let (facet, x) = &table.at;
            table.contenders.iter().map(move |contender| Point {
                facet: facet.clone(),
                line: contender.name.clone(),
                x: *x,
                y: contender.wall().median,
            })
        });
        Some((name, Plot { x, y: "ms", points: points.collect() }))
    }

    fn write(&self, text: &mut String) -> Outcome<()> {
        let Self { title, about, base, .. } = self;
        writeln!(text, "\n## {title}\n\n{about} The ratio is that to `{base}`.")?;
        if let Some((name, _)) = self.drawn {
            writeln!(text, "\n![{title}]({name}.svg)")?;
        }
        if !self.missing.is_empty() {
            writeln!(text, "\nNOT MEASURED:\n")?;
            self.missing.iter().try_for_each(|missing| writeln!(text, "- {missing}"))?;
        }
        writeln!(text, "\n| input | program | runs | wall ms | CPU ms | peak MB | ratio |")?;
        writeln!(text, "|---|---|--:|--:|--:|--:|--:|")?;
        self.tables.iter().try_for_each(|table| rows(text, table, base))
    }
}

/// How the numbers are to be read.
const ABOUT: &str = "\
Written by `cargo bench --bench costs`; the same command repeats it (`benches/run` gets the peers first).
Programs took turns; medians are told, and in brackets the least and the most. CPU time is user and system, of all
processes that a program started and waited for. The peak is the largest resident set that any one of these processes had
(`ru_maxrss`), not their sum: isctpl is two processes, of which one reads, and a script is many. It is never less than what
the measuring program has itself, from which each is started. The ratio is one of medians of wall clock.
";

/// All parts, with facts of the machine and versions.
pub(crate) fn text(parts: &[Part], machine: Vec<(String, String)>, quick: bool) -> Outcome<String> {
    let mut text = format!("# What isctpl costs\n\n{ABOUT}");
    if quick {
        text += "\nA QUICK RUN: few runs over small inputs.\n";
    }
    writeln!(text, "\n| | |\n|---|---|")?;
    for (name, value) in machine.into_iter().chain(contenders::versions(parts.iter().flat_map(Part::contenders))) {
        writeln!(text, "| {name} | {value} |")?;
    }
    parts.iter().try_for_each(|part| part.write(&mut text))?;
    Ok(text)
}

fn rows(text: &mut String, table: &Table, base: &str) -> Outcome<()> {
    let base = table.contenders.iter().find(|contender| contender.name == base).map(|base| base.wall().median);
    for (number, contender) in table.contenders.iter().enumerate() {
        let input = if number == 0 { table.input.as_str() } else { "" };
        let wall = contender.wall();
        // Without what it is held to it has none.
        let ratio = base.map_or_else(|| "–".to_owned(), |base| format!("{:.2}", wall.median / base));
        writeln!(
            text,
            "| {input} | {} | {} | {} | {} | {:.1} | {ratio} |",
            contender.name,
            contender.runs.len(),
            spread(wall),
            spread(contender.cpu()),
            contender.memory().median,
        )?;
    }
    Ok(())
}

fn spread(Spread { median, least, most }: Spread) -> String {
    let digits = if most < 100.0 { 1 } else { 0 };
    format!("{median:.digits$} [{least:.digits$} {most:.digits$}]")
}

/// Writes tables and plots into a directory.
pub(crate) fn write(parts: &[Part], text: &str, into: &Path) -> Outcome<()> {
    fs::create_dir_all(into)?;
    for (name, plot) in parts.iter().filter_map(Part::plot) {
        plot.draw(&into.join(format!("{name}.svg")))?;
    }
    Ok(fs::write(into.join("README.md"), text)?)
}
