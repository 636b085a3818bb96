//! `isctpl doctor`: the whole chain, judged.

use super::{Output, gather, snapshot};
use crate::cli::{DoctorArgs, ReportFormat};
use crate::report::{self, Report};
use isctpl_checks::{Selection, judge, unborne_san_nic};

pub(super) fn run(args: &DoctorArgs, output: &mut Output) -> anyhow::Result<u8> {
    let facts = match &args.snapshot {
        Some(file) => {
            let mut facts = snapshot::load(file)?;
            // What the person asking knows may be more than was known where the snapshot was taken.
            facts.scope.portals.extend(&args.source.portals);
            facts.scope.san_subnets.extend(&args.source.san_subnets);
            if args.source.san_nic.is_some() {
                facts.scope.san_nic.clone_from(&args.source.san_nic);
                if let Some(wrong) = unborne_san_nic(&facts) {
                    return Err(wrong.into());
                }
            }
            facts
        }
        None => gather(&args.source)?,
    };
    let judgement = judge(&facts, &Selection { only: args.only.clone(), skip: args.skip.clone() });
    let report = Report { facts: &facts, judgement: &judgement, from_snapshot: args.snapshot.is_some() };
    let text = match args.format {
        ReportFormat::Table => report::table(&report, &output.style),
        ReportFormat::Json => report::json(&report)?,
        ReportFormat::Prometheus => report::prometheus(&report),
        ReportFormat::Nagios => report::nagios(&report),
    };
    output.print(&text)?;
    Ok(judgement.exit_code())
}
