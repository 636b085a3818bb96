//! `isctpl snmp`: answers snmpd out of the last report. It runs as snmpd's user, and reads that one file.

use super::output::Output;
use crate::cli::SnmpArgs;
use crate::formats::snmp::{Awaits, Oid, Values};
use crate::formats::text::printable;
use crate::report::{Kept, snmp};
use anyhow::{Context, bail};
use std::fs::{File, Metadata};
use std::io::{BufRead, Read, stdin};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The most that a report may hold.
const REPORT_LIMIT: u64 = 16 << 20;

/// The longest line that is taken of snmpd.
const LINE_LIMIT: u64 = 64 << 10;

pub(super) fn run(args: &SnmpArgs, output: &mut Output) -> anyhow::Result<u8> {
    let base = Oid::parse(&args.base).with_context(|| format!("--base {}: is no OID", printable::told(&args.base)))?;
    let mut report = Source { seen: None, kept: Err(String::new()) };
    let (mut lines, mut awaits) = (stdin().lock(), Awaits::default());
    loop {
        let mut line = Vec::new();
        let length = lines.by_ref().take(LINE_LIMIT).read_until(b'\n', &mut line)?;
        if length == 0 {
            return Ok(0);
        }
        if !line.ends_with(b"\n") && u64::try_from(length)? == LINE_LIMIT {
            bail!("snmpd sent a line of more than {LINE_LIMIT} bytes");
        }
        let values = if awaits == Awaits::Command { Values::new() } else { report.values(args, &base) };
        if let Some(answer) = awaits.take(&String::from_utf8_lossy(&line), &values) {
            output.print(&answer)?;
        }
    }
}

/// The report, read again when the file is another one.
struct Source {
    /// By what the file is known again.
    seen: Option<(u64, u64, i64, i64)>,
    kept: Result<Kept, String>,
}

impl Source {
    fn values(&mut self, args: &SnmpArgs, base: &Oid) -> Values {
        let path = &args.report;
        let sign = |data: &Metadata| (data.dev(), data.ino(), data.mtime(), data.mtime_nsec());
        let seen = path.metadata().ok().filter(Metadata::is_file).map(|data| sign(&data));
        if seen.is_none() || seen != self.seen {
            self.seen = seen;
            self.kept = read(path);
        }
        snmp(&self.kept, base, jiff::Timestamp::now().as_second(), args.max_age)
    }
}

/// The report, or why there is none.
fn read(path: &Path) -> Result<Kept, String> {
    let told = |what: String| format!("{}: {what}", printable::path(path));
    // A FIFO would never answer.
    if !path.metadata().map_err(|error| told(error.to_string()))?.is_file() {
        return Err(told("is no regular file".to_owned()));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| told(error.to_string()))?;
    file.take(REPORT_LIMIT).read_to_end(&mut bytes).map_err(|error| told(error.to_string()))?;
    Kept::parse(&bytes).map_err(told)
}
