//! `isctpl explain CHECK`: the documentation that stands in the check.

use super::Output;
use crate::cli::{DataFormat, ExplainArgs};
use crate::report;
use anyhow::bail;
use isctpl_checks::{Link, registry};

pub(super) fn run(args: &ExplainArgs, output: &mut Output) -> anyhow::Result<u8> {
    let checks: Vec<_> = match Link::from_name(&args.check) {
        Some(link) => registry::all().filter(|check| check.link == link).collect(),
        None => registry::find(&args.check).into_iter().collect(),
    };
    if checks.is_empty() {
        bail!("`{}` is neither a check nor a link; `isctpl checks` lists them", args.check);
    }
    let text = match args.format {
        DataFormat::Table => report::explain_text(&checks, &output.style),
        DataFormat::Json => report::explain_json(&checks)?,
    };
    output.print(&text)?;
    Ok(0)
}
