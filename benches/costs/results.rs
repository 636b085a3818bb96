//! What was measured, as tables of Markdown.

use super::measure::{Contender, Spread};
use super::plot::Plot;
use super::{Outcome, contenders, machine};
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// A part of the whole: some tables, and the plots beside them.
pub(crate) struct Part {
    pub(crate) title: &'static str,
    /// What is measured, and how it is to be read.
    pub(crate) about: String,
    pub(crate) tables: Vec<Table>,
    /// By the name of the file.
    pub(crate) plots: Vec<(&'static str, Plot)>,
}

/// Contenders over one input.
pub(crate) struct Table {
    /// What they were given.
    pub(crate) input: String,
    pub(crate) contenders: Vec<Contender>,
}

/// All parts, with machine and versions.
pub(crate) fn text(parts: &[Part], quick: bool) -> Outcome<String> {
    let mut text = String::from("# What isctpl costs\n\n");
    text +=
        "Written by `cargo bench --bench costs`; the same command repeats it (`benches/run` gets the peers first).\n";
    text +=
        "Programs took turns; medians are told, and in brackets the least and the most. CPU time is user and system.\n";
    text += "The ratio is wall clock to that of the first row of an input, in medians.\n";
    if quick {
        text += "\nA QUICK RUN: few runs over small inputs.\n";
    }
    writeln!(text, "\n| | |\n|---|---|")?;
    for (name, value) in machine::facts().into_iter().chain(contenders::versions()) {
        writeln!(text, "| {name} | {value} |")?;
    }
    for part in parts {
        writeln!(text, "\n## {}\n\n{}", part.title, part.about)?;
        for (name, _) in &part.plots {
            writeln!(text, "\n![{}]({name}.svg)", part.title)?;
        }
        writeln!(text, "\n| input | program | runs | wall ms | CPU ms | peak MB | ratio |")?;
        writeln!(text, "|---|---|--:|--:|--:|--:|--:|")?;
        for table in &part.tables {
            rows(&mut text, table)?;
        }
    }
    Ok(text)
}

fn rows(text: &mut String, table: &Table) -> Outcome<()> {
    let Some(base) = table.contenders.first().map(|first| first.wall().median) else { return Ok(()) };
    for (number, contender) in table.contenders.iter().enumerate() {
        let input = if number == 0 { table.input.as_str() } else { "" };
        let wall = contender.wall();
        writeln!(
            text,
            "| {input} | {} | {} | {} | {} | {:.1} | {:.2} |",
            contender.name,
            contender.runs.len(),
            spread(wall),
            spread(contender.cpu()),
            contender.memory().median,
            wall.median / base
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
    for (name, plot) in parts.iter().flat_map(|part| &part.plots) {
        plot.draw(&into.join(format!("{name}.svg")))?;
    }
    Ok(fs::write(into.join("README.md"), text)?)
}
