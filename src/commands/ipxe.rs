//! `isctpl ipxe`: the script that boots from a LUN, and what an existing one means.

use super::credentials::{self, Credentials, Password};
use super::output::Output;
use crate::cli::IpxeArgs;
use crate::formats::iscsi::ipxe::{SanUri, check, write};
use crate::procedures::Failure;
use crate::report::ipxe as say;
use crate::report::rescue::refusal;
use crate::system::Root;
use crate::system::replace::{Readers, write_whole};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, stdin};
use std::path::Path;

/// A script was written, or iPXE takes the one that was looked at.
const DONE: u8 = 0;
/// iPXE refuses a part of the script.
const FAULTY: u8 = 2;
/// Refused, or not known.
const REFUSED: u8 = 3;

/// The most of a script that is read, in bytes.
const SCRIPT_LIMIT: u64 = 1 << 20;

pub(super) fn run(args: &IpxeArgs, output: &mut Output) -> anyhow::Result<u8> {
    let outcome = match &args.check {
        Some(what) => explain(what, output)?,
        None => written(args, output)?,
    };
    Ok(outcome.unwrap_or_else(|failure| {
        output.complain(&refusal(&failure));
        REFUSED
    }))
}

/// Writes a script.
fn written(args: &IpxeArgs, output: &mut Output) -> std::io::Result<Result<u8, Failure>> {
    let learnt = Root::sysfs().map_err(Failure::from).and_then(|sysfs| {
        let password = if args.with_secret.is_some() { Password::Ask } else { Password::Leave };
        credentials::learn(&args.credentials, &sysfs, password)
    });
    let Credentials { target, portal, lun, initiator, username, secret, source, .. } = match learnt {
        Ok(learnt) => learnt,
        Err(failure) => return Ok(Err(failure)),
    };
    let uri = SanUri::new(portal, lun, &target);
    // A name that is none would be one field more, or another target.
    if let Err(fault) = SanUri::parse(&uri.to_string()) {
        return Ok(Err(Failure::refused(format!("iPXE would not take the URI {uri}: {fault}"))));
    }
    let script = write::script(&write::Wanted {
        uri: &uri,
        initiator: &initiator,
        username: username.as_deref(),
        secret: secret.as_ref().filter(|_| args.with_secret.is_some()),
        interface: args.interface.as_deref(),
        boot: args.boot.as_deref(),
    });
    match &args.with_secret {
        Some(file) => {
            if let Err(error) = write_whole(file, script.as_bytes(), Readers::Owner) {
                return Ok(Err(Failure::failed(format!("{}: {error}", file.display()))));
            }
            output.tell(&say::written(file, &uri, &source, &output.style));
        }
        None => output.print(&script)?,
    }
    Ok(Ok(DONE))
}

/// Explains a script or a URI.
fn explain(what: &OsStr, output: &mut Output) -> std::io::Result<Result<u8, Failure>> {
    let is_uri = |text: &&str| text.get(..6).is_some_and(|begin| begin.eq_ignore_ascii_case("iscsi:"));
    let checked = match what.to_str().filter(is_uri) {
        Some(uri) => check::uri(uri),
        None => match text_of(Path::new(what)) {
            Ok(text) => check::script(&text),
            Err(failure) => return Ok(Err(failure)),
        },
    };
    output.print(&say::checked(&checked, &output.style))?;
    Ok(Ok(match (checked.faults.is_empty(), checked.doubts.is_empty()) {
        (false, _) => FAULTY,
        (true, false) => REFUSED,
        (true, true) => DONE,
    }))
}

fn text_of(file: &Path) -> Result<String, Failure> {
    let failed = |error: std::io::Error| Failure::refused(format!("{}: {error}", file.display()));
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        stdin().take(SCRIPT_LIMIT + 1).read_to_end(&mut bytes).map_err(failed)?;
    } else {
        File::open(file).and_then(|open| open.take(SCRIPT_LIMIT + 1).read_to_end(&mut bytes)).map_err(failed)?;
    }
    if bytes.len() > SCRIPT_LIMIT as usize {
        return Err(Failure::refused(format!("{}: is larger than 1 MiB, and no script", file.display())));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
