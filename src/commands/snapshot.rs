//! `isctpl snapshot`: facts in a file, and back.

use super::output::Output;
use super::source::{gather, request_of_any};
use crate::cli::SnapshotArgs;
use crate::formats::text::printable;
use crate::system::replace::{Readers, write_whole};
use anyhow::{Context, bail};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use isctpl_checks::facts::{Facts, SCHEMA};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal, Read, Write, stdin, stdout};
use std::path::Path;

/// The most that a snapshot may unpack to: thirty times what a large instance gives.
const UNPACKED_LIMIT: u64 = 64 << 20;

/// The most JSON objects in a snapshot: a large instance has some thousands. One of two bytes, `{}`, takes several
/// hundred in memory.
const OBJECTS_LIMIT: usize = 50_000;

/// The window that a snapshot packed with zstd may ask the decoder to hold, as a power of two: 8 MiB.
const WINDOW_LOG_MAX: u32 = 23;

/// Standard input or output in place of a file.
const STREAM: &str = "-";

/// The first bytes of a gzip member (RFC 1952, section 2.3.1).
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The first bytes of a zstd frame (RFC 8878, section 3.1.1).
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// What stands in a snapshot.
#[derive(Serialize, Deserialize)]
struct Snapshot<F> {
    schema: String,
    tool: String,
    facts: F,
}

pub(super) fn run(args: &SnapshotArgs, output: &mut Output) -> anyhow::Result<u8> {
    let facts = gather(request_of_any(&args.source, &args.disk))?;
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let snapshot = serde_json::to_string(&Snapshot { schema: SCHEMA.to_owned(), tool: version, facts: &facts })?;
    let packed = pack(printable::json(&snapshot).as_bytes())?;
    if args.output == Path::new(STREAM) {
        return to_stdout(&packed, output);
    }
    let name = printable::path(&args.output);
    // Facts tell much about a machine.
    write_whole(&args.output, &packed, Readers::Owner).with_context(|| format!("cannot write {name}"))?;
    output.print(&format!(
        "{name}: {} bytes, no secrets. Judge it anywhere with: isctpl doctor --snapshot {name}\n",
        packed.len(),
    ))?;
    Ok(0)
}

/// As gzip, which every rescue system can unpack for a person to read.
fn pack(text: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text)?;
    encoder.finish()
}

fn to_stdout(packed: &[u8], output: &mut Output) -> anyhow::Result<u8> {
    if stdout().is_terminal() {
        bail!("a snapshot is binary data and not for a terminal; write it to a file or into a pipe");
    }
    output.print_bytes(packed)?;
    Ok(0)
}

/// Reads a snapshot, `-` from standard input; input may be hostile.
pub(super) fn load(path: &Path) -> anyhow::Result<Facts> {
    load_unnamed(path)
        .with_context(|| if path == Path::new(STREAM) { "standard input".into() } else { printable::path(path) })
}

/// The same, with errors that do not name the file.
pub(super) fn load_unnamed(path: &Path) -> anyhow::Result<Facts> {
    let file: Box<dyn Read> = if path == Path::new(STREAM) {
        Box::new(stdin())
    } else {
        Box::new(File::open(path).context("cannot be opened")?)
    };
    let mut file = BufReader::new(file);
    let mut text = Vec::new();
    // A snapshot may have been unpacked to be read by people; it is the same then.
    let begin = file.fill_buf().context("cannot be read")?;
    if begin.starts_with(&GZIP_MAGIC) {
        let decoder = GzDecoder::new(file);
        decoder.take(UNPACKED_LIMIT + 1).read_to_end(&mut text).context("is damaged or cut short")?;
    } else if begin.starts_with(&ZSTD_MAGIC) {
        let mut decoder = zstd::stream::read::Decoder::with_buffer(file)?;
        decoder.window_log_max(WINDOW_LOG_MAX)?;
        decoder.take(UNPACKED_LIMIT + 1).read_to_end(&mut text).context("is damaged or cut short")?;
    } else {
        file.take(UNPACKED_LIMIT + 1).read_to_end(&mut text).context("cannot be read")?;
    }
    if text.len() as u64 > UNPACKED_LIMIT {
        bail!("unpacks to more than {UNPACKED_LIMIT} bytes, the most that is read of a snapshot");
    }
    if has_more_objects_than(OBJECTS_LIMIT, &text) {
        bail!("holds more than {OBJECTS_LIMIT} objects, the most that is read of a snapshot");
    }
    let snapshot: Snapshot<Facts> =
        serde_json::from_slice(&text).context("is not a snapshot: it holds no facts that this isctpl understands")?;
    if snapshot.schema != SCHEMA {
        bail!("has schema `{}`; this isctpl reads `{SCHEMA}`", snapshot.schema);
    }
    Ok(snapshot.facts)
}

/// Counts the objects of a JSON text, before any is built.
fn has_more_objects_than(limit: usize, text: &[u8]) -> bool {
    let (mut quoted, mut escaped, mut objects) = (false, false, 0usize);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            b'{' if !quoted => objects += 1,
            _ => {}
        }
    }
    objects > limit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_counted_outside_of_strings() {
        let text = br#"{"a":"{\"{\\","b":[{},{}]}"#;
        assert!(has_more_objects_than(2, text) && !has_more_objects_than(3, text));
    }
}
