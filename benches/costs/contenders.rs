//! What else reads an image.

use super::measure::Contender;
use super::{ISCTPL, Outcome};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where `benches/run` has peers put that are not installed.
const PEERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/peers/bin");
/// Where `scripts/unpack-oracles` unpacks packages.
const ORACLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/oracles");

/// What a row calls the bare decompressor.
pub(crate) const BARE: &str = "bare decompressor";

/// Where a program is.
fn found(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut directories: Vec<PathBuf> = std::env::split_paths(&path).collect();
    directories.extend([PathBuf::from(PEERS), Path::new(ORACLES).join("usr/bin")]);
    directories.into_iter().map(|directory| directory.join(program)).find(|path| path.is_file())
}

/// The peers by name, with the option that lists.
const LISTERS: [(&str, &[&str]); 3] = [("3cpio", &["-t"]), ("lsinitramfs", &[]), ("lsinitrd", &[])];

/// Whatever reads an image here, isctpl first; and what could and does not, with the reason, which is told at once, too.
/// `what` says which image it is.
pub(crate) fn of_image(image: &Path, what: &str) -> Outcome<(Vec<Contender>, Vec<String>)> {
    let path = image.display().to_string();
    let (mut contenders, mut missing) = (vec![Contender::isctpl(&["show", "initramfs", &path])], Vec::new());
    // What is not compressed is copied.
    let (bare, options) = decompressor(image)?.unwrap_or(("cat", &[]));
    let listers = LISTERS.map(|(program, options)| ([&[program], options].concat().join(" "), program, options));
    for (name, program, options) in std::iter::once((BARE.to_owned(), bare, options)).chain(listers) {
        let Some(at) = found(program) else {
            missing.push(format!("`{name}`: {program} is not installed"));
            continue;
        };
        let command = [&[at.to_str().ok_or("a path that is no text")?], options, &[&path]].concat();
        contenders.push(at_work(Contender::new(&name, &command), &at));
    }
    // A peer that cannot read this image at all is named, too, and not held against it.
    let mut able = Vec::new();
    for contender in contenders {
        match contender.run() {
            Ok(_) => able.push(contender),
            Err(error) => missing.push(format!("{what}: {error}")),
        }
    }
    missing.iter().try_for_each(|missing| writeln!(io::stdout(), "*** NOT MEASURED: {missing} ***"))?;
    Ok((able, missing))
}

/// With what a program needs that is unpacked, and not installed: what it calls lies there, too.
fn at_work(contender: Contender, at: &Path) -> Contender {
    if !at.starts_with(ORACLES) {
        return contender;
    }
    let search = format!("{ORACLES}/usr/bin:{}", std::env::var("PATH").unwrap_or_default());
    contender.with("dracutbasedir", &format!("{ORACLES}/usr/lib/dracut")).with("PATH", &search)
}

/// The program that does nothing but unpack the image, by its first bytes, and its options.
fn decompressor(image: &Path) -> Outcome<Option<(&'static str, &'static [&'static str])>> {
    let mut magic = [0; 6];
    File::open(image)?.read_exact(&mut magic)?;
    Ok(match magic {
        [0x28, 0xb5, ..] => Some(("zstd", &["-qt"])),
        [0x1f, 0x8b, ..] => Some(("gzip", &["-t"])),
        [0xfd, b'7', ..] => Some(("xz", &["-qt"])),
        [0x5d, 0, ..] => Some(("xz", &["--format=lzma", "-qt"])),
        [b'B', b'Z', ..] => Some(("bzip2", &["-qt"])),
        [0x02, 0x21, ..] | [0x04, 0x22, ..] => Some(("lz4", &["-qt"])),
        _ => None,
    })
}

/// The programs that were measured beside isctpl, and their versions.
pub(crate) fn versions<'a>(measured: impl Iterator<Item = &'a Contender>) -> Vec<(String, String)> {
    let programs: BTreeSet<&Path> =
        measured.map(Contender::program).filter(|path| *path != Path::new(ISCTPL)).collect();
    let named = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let versioned =
        programs.into_iter().map(|path| (named(path), version(path).unwrap_or_else(|| "unknown".to_owned())));
    versioned.collect()
}

/// What a program says of itself, or its package's name and version, where it says nothing.
fn version(program: &Path) -> Option<String> {
    let said = |program: &Path, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr))
    };
    let package = match program.file_name()?.to_str()? {
        "lsinitramfs" => "initramfs-tools-core",
        "lsinitrd" => "dracut-core",
        name => {
            let text = said(program, &[if name == "ip" { "-V" } else { "--version" }])?;
            let line = text.lines().find(|line| line.chars().any(|character| character.is_ascii_digit()))?;
            return Some(line.trim().trim_matches('*').trim().to_owned());
        }
    };
    let packages = match program.starts_with(ORACLES) {
        true => std::fs::read_to_string(Path::new(ORACLES).join("versions")).ok()?,
        false => said(Path::new("dpkg-query"), &["-W", "-f=${Package} ${Version}\n", package])?,
    };
    packages.lines().find(|line| line.split(' ').next() == Some(package)).map(str::to_owned)
}
