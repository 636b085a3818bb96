//! Images that look like those of a machine, of any size, in each compression.

use super::support::has;
use super::{Outcome, workplace};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Compressions by name, with the command that packs standard input into standard output as the generators of images
/// do; none for an archive as it is.
pub(crate) const COMPRESSIONS: [(&str, &[&str]); 7] = [
    ("none", &[]),
    ("lz4", &["lz4", "-l", "-c"]),
    ("zstd", &["zstd", "-q", "-9", "-c"]),
    ("gzip", &["gzip", "-n", "-6", "-c"]),
    ("xz", &["xz", "--check=crc32", "-6", "-c"]),
    ("lzma", &["xz", "--format=lzma", "-6", "-c"]),
    ("bzip2", &["bzip2", "-9", "-c"]),
];

/// Whether the images can be packed here in these compressions.
pub(crate) fn ready(compressions: &[&str]) -> Outcome<()> {
    let mut programs =
        COMPRESSIONS.iter().filter(|(name, _)| compressions.contains(name)).filter_map(|(_, command)| command.first());
    match programs.find(|program| !has(program)) {
        Some(program) => Err(format!("the images are packed by `{program}`, which is not installed").into()),
        None => Ok(()),
    }
}

/// Packs an archive of so many megabytes (unpacked), once; later runs find it.
pub(crate) fn image(megabytes: u64, compression: &str) -> Outcome<PathBuf> {
    let path = workplace("images")?.join(format!("{megabytes}.{compression}"));
    if path.exists() {
        return Ok(path);
    }
    let (_, command) = COMPRESSIONS.iter().find(|(name, _)| *name == compression).ok_or("no such compression")?;
    let Some((program, options)) = command.split_first() else {
        let unfinished = path.with_extension("unfinished");
        archive(&mut BufWriter::new(File::create(&unfinished)?), megabytes * 1_000_000)?;
        fs::rename(unfinished, &path)?;
        return Ok(path);
    };
    let archive = image(megabytes, "none")?;
    let unfinished = path.with_extension("unfinished");
    let status = Command::new(program)
        .args(options)
        .stdin(File::open(archive)?)
        .stdout(File::create(&unfinished)?)
        .stderr(Stdio::inherit())
        .status()
        .map_err(|error| format!("{program}: {error}"))?;
    if !status.success() {
        return Err(format!("{program}: {status}").into());
    }
    fs::rename(unfinished, &path)?;
    Ok(path)
}

/// The size of a file, in MB.
pub(crate) fn size(path: &Path) -> Outcome<f64> {
    Ok(fs::metadata(path)?.len() as f64 / 1e6)
}

/// An archive (newc) of modules, until it has so many bytes.
fn archive(out: &mut impl Write, size: u64) -> Outcome<()> {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut written = 0;
    for number in 0_u32.. {
        let data = plausible(1_000 + (number as usize * 7_919) % 230_000, &mut random);
        written += data.len() as u64;
        let name = format!("usr/lib/modules/6.1.0/kernel/drivers/module{number}.ko");
        entry(out, number, &name, 0o100_644, &data)?;
        if written >= size {
            break;
        }
    }
    entry(out, 0, "TRAILER!!!", 0, b"")?;
    Ok(out.flush()?)
}

/// Data that compresses to about a quarter, as an image of programs and modules does: one part noise,
/// three parts repeated from a little before.
fn plausible(size: usize, random: &mut u64) -> Vec<u8> {
    let mut data = Vec::with_capacity(size + 64);
    while data.len() < size {
        *random ^= *random << 13;
        *random ^= *random >> 7;
        *random ^= *random << 17;
        let back = 1 + (*random >> 40) as usize % 4_096;
        match data.len().checked_sub(back) {
            Some(from) if *random & 3 != 0 => {
                let length = 8 + (*random >> 3) as usize % 24;
                data.extend_from_within(from..(from + length).min(data.len()));
            }
            _ => data.extend_from_slice(&random.to_le_bytes()),
        }
    }
    data.truncate(size);
    data
}

fn entry(out: &mut impl Write, ino: u32, name: &str, mode: u32, data: &[u8]) -> io::Result<()> {
    let (size, name_size) = (data.len(), name.len() + 1);
    write!(out, "070701{ino:08X}{mode:08X}{:024X}{:08X}{size:08X}{:032X}{name_size:08X}{:08X}", 1, 0, 0, 0)?;
    out.write_all(name.as_bytes())?;
    out.write_all(&[0; 4][..1 + (110 + name_size).wrapping_neg() % 4])?;
    out.write_all(data)?;
    out.write_all(&[0; 4][..size.wrapping_neg() % 4])
}
