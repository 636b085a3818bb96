//! `isctpl explain CHECK`: the documentation that stands in the check.

use super::output::Output;
use crate::cli::{DataFormat, ExplainArgs};
use crate::{names, report};
use anyhow::bail;
use isctpl_checks::{Link, registry};

pub(super) fn run(args: &ExplainArgs, output: &mut Output) -> anyhow::Result<u8> {
    let name = args.check.to_ascii_lowercase();
    let checks: Vec<_> = match Link::from_name(&name) {
        Some(link) => registry::all().filter(|check| check.link == link).collect(),
        None => registry::find(&name).into_iter().collect(),
    };
    if checks.is_empty() {
        bail!(names::unknown_name(&args.check));
    }
    let text = match args.format {
        DataFormat::Table => report::explain_text(&checks, &output.style),
        DataFormat::Json => report::explain_json(&checks)?,
    };
    output.print(&text)?;
    Ok(0)
}
