//! The program's reading of an initramfs beside its peers', all in one run.
//!
//! `cargo bench --bench initramfs -- [--runs N] [--tree DIR ...] [--hostile] [IMAGE ...]`
//!
//! Of an image, `isctpl show initramfs IMAGE` is held against `3cpio -t`, `lsinitramfs` and the bare
//! decompressor; of a tree, `isctpl doctor --root DIR` is measured. Without either, an image is made: a
//! cpio archive of 140 MB whose data compresses as that of a real image, packed with zstd. The programs
//! take turns, so that a busy machine slows all of them alike; the table shows medians. CPU time and
//! memory are GNU time's (`/usr/bin/time`). A peer that is not installed is named, not left out in
//! silence.
//!
//! `--hostile` measures `isctpl doctor --root` over the inputs of the tests of its bounds (`tests/it/hostile/bounds`),
//! one run each: none is to take more than 2 s and 64 MB.

#[path = "../tests/it/hostile/inputs.rs"]
#[allow(dead_code, clippy::unwrap_used)]
mod inputs;
#[path = "../tests/it/support/mod.rs"]
mod support;

use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// The program that is measured.
const ISCTPL: &str = env!("CARGO_BIN_EXE_isctpl");

/// GNU time.
const TIME: &str = "/usr/bin/time";

/// Exit codes of `isctpl doctor` that are an answer: sound, a warning, critical.
const JUDGED: RangeInclusive<i32> = 0..=2;

fn main() -> ExitCode {
    match compare(std::env::args().skip(1).filter(|argument| argument != "--bench")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "initramfs bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A program to measure.
struct Contender {
    command: Vec<String>,
    /// Exit codes with which it did its work.
    success: RangeInclusive<i32>,
    runs: Vec<Run>,
}

impl Contender {
    fn new(command: &[&str]) -> Self {
        Self { command: command.iter().map(|&word| word.to_owned()).collect(), success: 0..=0, runs: Vec::new() }
    }

    /// The command without the path of the program and without what it is given to read.
    fn name(&self) -> String {
        let program = self.command.first().and_then(|program| program.rsplit('/').next()).into_iter();
        let words = self.command.iter().skip(1).map(String::as_str).filter(|word| !word.contains('/'));
        program.chain(words).collect::<Vec<_>>().join(" ")
    }
}

/// What one run took.
#[derive(Clone, Copy)]
struct Run {
    wall: Duration,
    /// Seconds of CPU, user and system.
    cpu: f64,
    /// Peak resident set, in KiB.
    memory: u64,
}

fn compare(mut arguments: impl Iterator<Item = String>) -> Outcome<()> {
    let mut runs = 15;
    let (mut images, mut trees, mut is_hostile) = (Vec::new(), Vec::new(), false);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--runs" => runs = arguments.next().ok_or("--runs needs a number")?.parse()?,
            "--tree" => trees.push(PathBuf::from(arguments.next().ok_or("--tree needs a directory")?)),
            "--hostile" => is_hostile = true,
            image => images.push(PathBuf::from(image)),
        }
    }
    if !Path::new(TIME).exists() {
        return Err(format!("{TIME} (GNU time) is not installed, and tells CPU time and memory").into());
    }
    if is_hostile {
        hostile()?;
    } else if images.is_empty() && trees.is_empty() {
        images.push(made_image()?);
    }
    for image in images {
        let image = fs::canonicalize(image)?;
        let size = fs::metadata(&image)?.len() as f64 / 1e6;
        writeln!(io::stdout(), "\n{}: {size:.1} MB, {runs} runs each, taking turns", image.display())?;
        measure(readers(&image)?, runs)?;
    }
    for tree in trees {
        let tree = fs::canonicalize(tree)?.display().to_string();
        writeln!(io::stdout(), "\n{tree}: {runs} runs")?;
        let doctor = Contender { success: JUDGED, ..Contender::new(&[ISCTPL, "doctor", "--root", &tree]) };
        measure(vec![doctor], runs)?;
    }
    Ok(())
}

/// Seconds and memory of each input that grows when it is read.
fn hostile() -> Outcome<()> {
    for input in inputs::files().into_iter().chain(inputs::trees()) {
        let root = support::tree::Tree::load("machines/initramfs-tools.tree").unpack();
        (input.write)(root.path());
        let root = root.path().display().to_string();
        let Run { wall, memory, .. } =
            run(&Contender { success: 0..=3, ..Contender::new(&[ISCTPL, "doctor", "--root", &root]) })?;
        writeln!(io::stdout(), "{:>7.2} s {:>7.1} MB  {}", wall.as_secs_f64(), memory as f64 / 1024.0, input.name)?;
    }
    Ok(())
}

/// Whatever reads an image here; what could and is not installed is named.
fn readers(image: &Path) -> Outcome<Vec<Contender>> {
    let path = image.display().to_string();
    let mut out = io::stdout();
    let mut peers: Vec<&[&str]> = Vec::new();
    match decompressor(image)? {
        Some(command) => peers.push(command),
        None => {
            writeln!(out, "NOT MEASURED: the bare decompressor, as the image does not begin with a compressed stream")?;
        }
    }
    peers.extend([["3cpio", "-t"].as_slice(), &["lsinitramfs"]]);
    let mut contenders = vec![
        Contender::new(&[ISCTPL, "show", "initramfs", &path]),
        Contender::new(&[ISCTPL, "show", "initramfs", &path, "--format", "json"]),
    ];
    for peer in peers {
        match peer.first() {
            Some(program) if installed(program) => contenders.push(Contender::new(&[peer, &[path.as_str()]].concat())),
            _ => writeln!(out, "NOT MEASURED: {} is not installed", peer.join(" "))?,
        }
    }
    Ok(contenders)
}

fn measure(mut contenders: Vec<Contender>, runs: usize) -> Outcome<()> {
    for _ in 0..runs {
        for contender in &mut contenders {
            let run = run(contender)?;
            contender.runs.push(run);
        }
    }
    let mut out = io::stdout();
    writeln!(out, "{:<36} {:>9} {:>9} {:>9} {:>9}", "", "wall ms", "min ms", "CPU ms", "peak MB")?;
    for contender in &contenders {
        let median = |mut values: Vec<f64>| {
            values.sort_by(f64::total_cmp);
            values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
        };
        let wall: Vec<f64> = contender.runs.iter().map(|run| run.wall.as_secs_f64() * 1e3).collect();
        let least = wall.iter().copied().fold(f64::INFINITY, f64::min);
        let cpu = median(contender.runs.iter().map(|run| run.cpu * 1e3).collect());
        let memory = median(contender.runs.iter().map(|run| run.memory as f64 / 1024.0).collect());
        writeln!(out, "{:<36} {:>9.0} {least:>9.0} {cpu:>9.0} {memory:>9.1}", contender.name(), median(wall))?;
    }
    Ok(())
}

fn run(contender: &Contender) -> Outcome<Run> {
    let report = std::env::temp_dir().join(format!("isctpl-bench-{}", std::process::id()));
    let begin = Instant::now();
    let status = Command::new(TIME)
        .args(["-q", "-f", "%U %S %M", "-o"])
        .arg(&report)
        .args(&contender.command)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    let wall = begin.elapsed();
    let text = fs::read_to_string(&report)?;
    fs::remove_file(&report)?;
    if !status.code().is_some_and(|code| contender.success.contains(&code)) {
        return Err(format!("`{}` failed: {status}", contender.command.join(" ")).into());
    }
    let numbers: Vec<f64> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    match *numbers.as_slice() {
        [user, system, memory] => Ok(Run { wall, cpu: user + system, memory: memory as u64 }),
        _ => Err(format!("{TIME} wrote `{}`", text.trim()).into()),
    }
}

/// The program that does nothing but unpack the image, by its first bytes.
fn decompressor(image: &Path) -> Outcome<Option<&'static [&'static str]>> {
    let mut magic = [0; 6];
    io::Read::read_exact(&mut File::open(image)?, &mut magic)?;
    Ok(match magic {
        [0x28, 0xb5, ..] => Some(&["zstd", "-qt"]),
        [0x1f, 0x8b, ..] => Some(&["gzip", "-t"]),
        [0xfd, b'7', ..] => Some(&["xz", "-qt"]),
        [0x5d, 0, ..] => Some(&["lzma", "-qt"]),
        [b'B', b'Z', ..] => Some(&["bzip2", "-qt"]),
        [0x02, 0x21, ..] | [0x04, 0x22, ..] => Some(&["lz4", "-qt"]),
        _ => None,
    })
}

fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
}

/// Makes an image beside the other build products, once.
fn made_image() -> Outcome<PathBuf> {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("made.initramfs.zst");
    if path.exists() {
        return Ok(path);
    }
    let mut encoder = zstd::stream::write::Encoder::new(File::create(&path)?, 9)?;
    encoder.include_checksum(true)?;
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for number in 0..1_200_u32 {
        let size = 1_000 + (number as usize * 7_919) % 230_000;
        let data = plausible(size, &mut random);
        let name = format!("usr/lib/modules/6.1.0/kernel/drivers/module{number}.ko");
        entry(&mut encoder, number, &name, 0o100_644, &data)?;
    }
    entry(&mut encoder, 0, "TRAILER!!!", 0, b"")?;
    encoder.finish()?;
    Ok(path)
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
