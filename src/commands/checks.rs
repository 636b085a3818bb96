//! `isctpl checks`: the catalogue.

use super::output::Output;
use crate::cli::{ChecksArgs, DataFormat};
use crate::report;

pub(super) fn run(args: &ChecksArgs, output: &mut Output) -> anyhow::Result<u8> {
    let text = match args.format {
        DataFormat::Table => report::catalogue_table(&output.plain_lines()),
        DataFormat::Json => report::catalogue_json()?,
    };
    output.print(&text)?;
    Ok(0)
}
