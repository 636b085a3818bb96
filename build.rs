//! How the release executable is linked.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// Keeps the tables out by which frames are unwound.
const WITHOUT_FRAMES: &str = "SECTIONS { /DISCARD/ : { *(.eh_frame) } } INSERT AFTER .rodata;\n";

/// A release ends on a panic without unwinding, and has no symbols (Cargo.toml): nothing looks for a frame in it, and the
/// tables would be a tenth of its size. Whatever records a backtrace would abort here, so anyhow is built without `std`;
/// tests/static-executable asks for one. Said for the target whose linker .cargo/config.toml knows.
#[allow(clippy::print_stdout, reason = "this is how cargo is told")]
fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    if is("PROFILE", "release") && is("TARGET", "x86_64-unknown-linux-gnu") {
        let script = Path::new(&env::var("OUT_DIR").unwrap_or_default()).join("without-frames.ld");
        fs::write(&script, WITHOUT_FRAMES)?;
        println!("cargo::rustc-link-arg-bins=-Wl,--no-eh-frame-hdr");
        println!("cargo::rustc-link-arg-bins=-T{}", script.display());
        if c_library_relocates_by_bitmap() {
            println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
        }
    }
    Ok(())
}

/// Whether the C library that is linked in knows relocations that stand in a bitmap (`DT_RELR`), by which a static
/// executable moves itself to where it was loaded: glibc does from 2.36 on. As a list they take 24 bytes each.
fn c_library_relocates_by_bitmap() -> bool {
    let told = Command::new("getconf").arg("GNU_LIBC_VERSION").output();
    let text = told.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let version = text.trim().strip_prefix("glibc ").and_then(|version| version.split_once('.'));
    version.is_some_and(|(major, minor)| match (major.parse::<u32>(), minor.parse::<u32>()) {
        (Ok(major), Ok(minor)) => (major, minor) >= (2, 36),
        _ => false,
    })
}
