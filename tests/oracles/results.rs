//! What the oracles found, in a table.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::{fs, io};

/// What became of an oracle's cases.
pub(super) struct Tally<'a> {
    /// The language.
    pub(super) language: &'a str,
    /// The program that owns it, with its version.
    pub(super) program: &'a str,
    pub(super) cases: usize,
    /// Those in which isctpl says that it does not know.
    pub(super) unknown: usize,
    pub(super) disagreements: usize,
}

/// Prints a tally, on standard error itself since the output of a test that passes is not shown; keeps it in the
/// table where that is to be written.
pub(super) fn tell(tally: &Tally<'_>) {
    let Tally { language, program, cases, unknown, disagreements } = tally;
    let line = format!("| {language} | {program} | {cases} | {unknown} | {disagreements} |");
    let _ = writeln!(io::stderr(), "\n*** oracle: {line} ***\n");
    if std::env::var_os("ISCTPL_UPDATE").is_none() {
        return;
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/results.md");
    let begin = format!("| {language} |");
    let before = fs::read_to_string(&path).unwrap_or_default();
    let mut rows: Vec<String> = before.lines().filter(|row| row.starts_with("| ")).skip(1).map(str::to_owned).collect();
    rows.retain(|row| !row.starts_with(&begin));
    rows.push(line);
    rows.sort();
    let mut table = String::from(
        "# Oracles\n\nWhat isctpl makes of generated inputs, held against the program that owns the language. \
         `ISCTPL_UPDATE=1 cargo test --test it oracles` writes this table.\n\n\
         | language | program | cases | isctpl does not know | disagreements |\n|---|---|---|---|---|\n",
    );
    for row in rows {
        writeln!(table, "{row}").unwrap();
    }
    fs::write(path, table).unwrap();
}
