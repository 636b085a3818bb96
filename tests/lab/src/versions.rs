//! What a run was made with.

use crate::lab::Lab;
use anyhow::{Context, Result};
use std::process::Command;

/// Debian packages of the host that decide what a boot does.
const PACKAGES: &[&str] = &["qemu-system-x86", "ovmf", "ipxe-qemu", "tgt", "dnsmasq-base"];

/// The program that was tried and the packages that it was tried with.
///
/// # Errors
/// When one of them does not tell its version.
pub(crate) fn versions(lab: &Lab) -> Result<Vec<(String, String)>> {
    let mut versions = vec![("isctpl".to_owned(), ask(Command::new(&lab.program).arg("--version"))?)];
    for package in PACKAGES {
        let version = ask(Command::new("dpkg-query").args(["-W", "-f=${Version}", package]))?;
        versions.push(((*package).to_owned(), version));
    }
    Ok(versions)
}

fn ask(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("{name}: cannot be started"))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
