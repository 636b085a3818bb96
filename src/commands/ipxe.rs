//! `isctpl ipxe`: the script that boots from a LUN, and what an existing one means.

use super::credentials::{self, Credentials, Password};
use super::output::Output;
use crate::cli::{self, IpxeArgs};
use crate::formats::iscsi::credentials::is_iscsi_name;
use crate::formats::iscsi::ipxe::installer::{Installer, Netboot};
use crate::formats::iscsi::ipxe::{SanUri, check, write};
use crate::procedures::Failure;
use crate::report::ipxe as say;
use crate::report::rescue::refusal;
use crate::system::Root;
use crate::system::replace::{Readers, write_whole};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, stdin};
use std::net::SocketAddr;
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
    let (boot, learnt) = match booted(args).and_then(|boot| Ok((boot, learn(args)?))) {
        Ok(known) => known,
        Err(failure) => return Ok(Err(failure)),
    };
    let Credentials { target, portal, lun, initiator, username, secret, source, .. } = learnt;
    let uri = SanUri::new(portal, lun, &target);
    let script = write::script(&write::Wanted {
        uri: &uri,
        initiator: &initiator,
        username: username.as_deref(),
        secret: secret.as_ref().filter(|_| args.with_secret.is_some()),
        interface: args.interface.as_deref(),
        boot,
    });
    match &args.with_secret {
        Some(file) => {
            if let Err(error) = write_whole(file, script.as_bytes(), Readers::Owner) {
                return Ok(Err(Failure::failed(format!("{}: {error}", file.display()))));
            }
            let is_booted = args.boot.is_none() && args.installer.is_none();
            output.tell(&say::written(file, &uri, is_booted, &source, &output.style));
        }
        None => output.print(&script)?,
    }
    if args.interface.is_none() {
        output.complain(say::NO_INTERFACE);
    }
    if args.installer.is_some_and(|named| !installer(named).logs_in()) {
        output.complain(say::LOG_IN);
    }
    Ok(Ok(DONE))
}

/// What the script boots.
fn booted(args: &IpxeArgs) -> Result<write::Boot<'_>, Failure> {
    let (Some(named), Some(kernel), Some(initrd)) = (args.installer, &args.kernel, &args.initrd) else {
        return Ok(args.boot.as_deref().map_or(write::Boot::Lun, write::Boot::Drive));
    };
    let (installer, source) = (installer(named), args.source.as_deref());
    match (installer.needs_source(), source) {
        (true, None) => {
            return Err(Failure::refused("this installer is fetched from a tree or an image: --source URL"));
        }
        (false, Some(_)) => {
            return Err(Failure::refused("Debian's installer has no --source: its preseed names the mirror"));
        }
        _ => {}
    }
    let answers = args.answers.as_deref();
    Ok(write::Boot::Installer(Netboot { installer, kernel, initrd, source, answers, append: &args.append }))
}

/// The installer that the command line names.
fn installer(named: cli::Installer) -> Installer {
    match named {
        cli::Installer::Anaconda => Installer::Anaconda,
        cli::Installer::Subiquity => Installer::Subiquity,
        cli::Installer::Debian => Installer::Debian,
    }
}

/// Learns what stands in the script, and refuses what iPXE would take for something else.
fn learn(args: &IpxeArgs) -> Result<Credentials, Failure> {
    let holds_secret = args.with_secret.is_some();
    if args.credentials.password_file.is_some() && !holds_secret {
        return Err(Failure::refused("a password goes only into a file: --with-secret FILE"));
    }
    let password = if holds_secret { Password::Ask } else { Password::Leave };
    let learnt = credentials::learn(&args.credentials, &Root::sysfs()?, password, None)?;
    if holds_secret && learnt.secret.is_none() {
        return Err(Failure::refused("there is no password to write: no source names a CHAP user")
            .advise("give it with --username NAME, or leave --with-secret out"));
    }
    if learnt.username.as_deref() == Some("") {
        return Err(Failure::refused("the CHAP user name is empty, which iPXE takes for none"));
    }
    for (what, name) in [("initiator", &learnt.initiator), ("target", &learnt.target)] {
        if !is_iscsi_name(name) {
            return Err(Failure::refused(format!("the {what} name {name:?} is no iSCSI name: iqn., eui. or naa.")));
        }
    }
    if matches!(learnt.portal, SocketAddr::V6(portal) if portal.scope_id() != 0) {
        return Err(Failure::refused(
            "the portal's address belongs to a link of this machine; iPXE has links of its own",
        ));
    }
    Ok(learnt)
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
