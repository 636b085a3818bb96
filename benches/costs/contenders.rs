//! What else reads an image.

use super::Outcome;
use super::measure::Contender;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;

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

/// The peers by name, with the option that lists, and that which tells the version.
const LISTERS: [(&str, &[&str]); 3] = [("3cpio", &["-t"]), ("lsinitramfs", &[]), ("lsinitrd", &[])];

/// Whatever reads an image here, the bare decompressor first; what could and is not installed is named, once.
pub(crate) fn of_image(image: &Path) -> Outcome<Vec<Contender>> {
    static TOLD: Once = Once::new();
    let path = image.display().to_string();
    let mut contenders = Vec::new();
    match decompressor(image)? {
        Some([program, options @ ..]) if found(program).is_some() => {
            contenders.push(Contender::new(BARE, &[&[*program], options, &[path.as_str()]].concat()));
        }
        Some(command) => not_measured(&format!("{} is not installed", command.join(" ")))?,
        // What is not compressed is copied.
        None => contenders.push(Contender::new(BARE, &["cat", &path])),
    }
    contenders.push(Contender::isctpl(&["show", "initramfs", &path]));
    let mut missing = Vec::new();
    for (program, options) in LISTERS {
        let Some(at) = found(program) else {
            missing.push(program);
            continue;
        };
        let name = std::iter::once(program).chain(options.iter().copied()).collect::<Vec<_>>().join(" ");
        let mut contender = Contender::new(&name, &[&[at.to_str().ok_or("a path")?], options, &[&path]].concat());
        if at.starts_with(ORACLES) {
            // It is unpacked, and not installed: what it calls lies there, too.
            let search = format!("{ORACLES}/usr/bin:{}", std::env::var("PATH").unwrap_or_default());
            contender = contender.with("dracutbasedir", &format!("{ORACLES}/usr/lib/dracut")).with("PATH", &search);
        }
        contenders.push(contender);
    }
    let mut told = Ok(());
    TOLD.call_once(|| {
        told = missing.iter().try_for_each(|program| not_measured(&format!("{program} is not installed")))
    });
    told?;
    // A peer that cannot read this image at all is named, too, and not held against it.
    let mut able = Vec::new();
    for contender in contenders {
        match contender.run() {
            Ok(_) => able.push(contender),
            Err(error) => not_measured(&error.to_string())?,
        }
    }
    Ok(able)
}

fn not_measured(why: &str) -> Outcome<()> {
    Ok(writeln!(io::stdout(), "*** NOT MEASURED: {why} ***")?)
}

/// The program that does nothing but unpack the image, by its first bytes.
fn decompressor(image: &Path) -> Outcome<Option<&'static [&'static str]>> {
    let mut magic = [0; 6];
    File::open(image)?.read_exact(&mut magic)?;
    Ok(match magic {
        [0x28, 0xb5, ..] => Some(&["zstd", "-qt"]),
        [0x1f, 0x8b, ..] => Some(&["gzip", "-t"]),
        [0xfd, b'7', ..] => Some(&["xz", "-qt"]),
        [0x5d, 0, ..] => Some(&["xz", "--format=lzma", "-qt"]),
        [b'B', b'Z', ..] => Some(&["bzip2", "-qt"]),
        [0x02, 0x21, ..] | [0x04, 0x22, ..] => Some(&["lz4", "-qt"]),
        _ => None,
    })
}

/// Programs that were measured, and their versions.
pub(crate) fn versions() -> Vec<(String, String)> {
    let asked = |program: &str, option: &str| {
        let output = Command::new(found(program)?).arg(option).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        let line = text.lines().find(|line| line.chars().any(|character| character.is_ascii_digit()))?;
        Some(line.trim().trim_matches('*').trim().to_owned())
    };
    let packaged = |package: &str| {
        let unpacked = std::fs::read_to_string(Path::new(ORACLES).join("versions")).ok()?;
        let line = unpacked.lines().find(|line| line.split(' ').next() == Some(package))?;
        Some(line.to_owned())
    };
    let mut versions: Vec<(String, String)> = ["3cpio", "zstd", "gzip", "xz", "bzip2", "lz4"]
        .iter()
        .filter_map(|program| Some(((*program).to_owned(), asked(program, "--version")?)))
        .collect();
    let scripts = [("lsinitramfs", "initramfs-tools-core"), ("lsinitrd", "dracut-core")];
    versions.extend(scripts.iter().filter_map(|(program, package)| Some(((*program).to_owned(), packaged(package)?))));
    versions
}
