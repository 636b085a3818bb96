//! `isctpl doctor`: the whole chain, judged.

use super::config::ConfigFile;
use super::deadline::{Ended, within};
use super::output::{Output, Redirected};
use super::progress::Progress;
use super::source::{add_what_is_known, gather_until, request_of_any};
use super::{fence, fleet, snapshot, timing};
use crate::cli::{DoctorArgs, ReportFormat, Source};
use crate::formats::text::printable;
use crate::probes;
use crate::report::{self, FailOn, Report, Stand};
use anyhow::bail;
use isctpl_checks::facts::{Facts, Problem};
use isctpl_checks::{Judgement, judge};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub(super) fn run(args: &DoctorArgs, output: &mut Output) -> anyhow::Result<u8> {
    if let Some(file) = &args.output {
        output.redirect(file);
    }
    let code = if args.snapshot.len() > 1 { fleet::run(args, output)? } else { one(args, output)? };
    output.settle()?;
    Ok(code)
}

/// What was judged, and what was not to count.
pub(super) struct Judged {
    facts: Facts,
    pub(super) judgement: Judgement,
    ignores: Vec<Stand>,
    /// What does not count does not make an answer out of none.
    fail_on: FailOn,
}

fn one(args: &DoctorArgs, output: &mut Output) -> anyhow::Result<u8> {
    let mut metrics = args.textfile.as_deref().map(Redirected::new);
    if !args.snapshot.is_empty() {
        let begun = metrics.as_mut().map(Redirected::begin).transpose()?.flatten();
        fence::around_snapshots(&args.snapshot, args.config.as_deref(), output.begin()?.into_iter().chain(begun), 1);
    }
    let Judged { facts, judgement, ignores, fail_on } = judged(args)?;
    let name = args.snapshot.first().map(|file| printable::path(file));
    let report = Report { facts: &facts, judgement: &judgement, snapshot: name.as_deref(), ignores: &ignores, fail_on };
    let text = match args.format {
        ReportFormat::Table => report::table(&report, &output.style),
        ReportFormat::Json => report::json(&report)?,
        ReportFormat::Prometheus => report::prometheus(&report, &timing::durations()),
        ReportFormat::Nagios => report::nagios(&report),
        ReportFormat::Checkmk => report::checkmk(&report),
        ReportFormat::Html => report::html(&report),
        ReportFormat::Junit => report::junit(&report),
    };
    // What fails here is told in place of the report, and not behind it.
    if let Some(mut metrics) = metrics {
        metrics.print(report::prometheus(&report, &timing::durations()).as_bytes())?;
        metrics.settle()?;
    }
    output.print(&text)?;
    Ok(report.exit_code())
}

/// The facts and what they come to; nothing, with the reason, when `--timeout` came first.
pub(super) fn judged(args: &DoctorArgs) -> anyhow::Result<Judged> {
    let progress = Arc::new(Progress::start());
    let limit = args.timeout.map(Duration::from_secs);
    let (source, file) = (args.source.clone(), args.snapshot.first().cloned());
    let request = request_of_any(&source, &args.disk);
    let (selection, config, fail_on) = (args.selection(), ConfigFile::of(args), args.fail_on);
    let outcome = within(limit, &progress, {
        let selection = selection.clone();
        move |progress, until| -> anyhow::Result<_> {
            let facts = match file {
                Some(file) => Some(loaded(&file, &source, progress)?),
                None => gather_until(request, progress, until)?,
            };
            let Some(mut facts) = facts else { return Ok(None) };
            progress.say("reading isctpl.toml");
            let config = config.read_for(&mut facts)?;
            progress.say("judging");
            let judgement = judge(&facts, &config.applied_to(&selection));
            let ignores = config.stands(&judgement);
            Ok(Some(Judged { facts, judgement, ignores, fail_on }))
        }
    });
    let outcome = match outcome {
        Ended::With(outcome) => outcome?,
        Ended::Late => None,
        Ended::Broken => bail!("isctpl failed while {}; please report it", progress.last()),
    };
    Ok(outcome.unwrap_or_else(|| {
        progress.wipe();
        let what = match progress.last() {
            last if last.is_empty() => "isctpl was starting to read".to_owned(),
            last => format!("isctpl was {last}"),
        };
        let why = format!("no answer within the {} s of --timeout: {what}", args.timeout.unwrap_or_default());
        let judgement = Judgement::of_nothing(&selection, &why);
        Judged { facts: nothing(args, &why), judgement, ignores: Vec::new(), fail_on: FailOn::Warning }
    }))
}

fn loaded(file: &Path, source: &Source, progress: &Progress) -> anyhow::Result<Facts> {
    progress.say(&format!("reading the snapshot {}", printable::path(file)));
    let mut facts = snapshot::load(file)?;
    add_what_is_known(&mut facts, source)?;
    Ok(facts)
}

/// Facts that tell only that there are none.
fn nothing(args: &DoctorArgs, why: &str) -> Facts {
    let mut facts =
        Facts { scope: probes::described_unread(&request_of_any(&args.source, &args.disk)), ..Facts::default() };
    let place = args.snapshot.first().or(args.disk.disk.as_ref()).unwrap_or(&args.source.root);
    facts.scope.problems.push(Problem::new(printable::path(place), why));
    facts
}
