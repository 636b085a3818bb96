//! Where the LUN is and who logs in: out of options, files, the iBFT and what a person types, each piece from the
//! first that has it: options, then files, then the iBFT.

use crate::cli::CredentialArgs;
use crate::formats::iscsi::credentials::{self, CredentialsError, Entry};
use crate::formats::text::secret::Secret;
use crate::procedures::Failure;
use crate::procedures::rescue::boot_target::{self, FirmwareTarget};
use crate::system::command::Runner;
use crate::system::{Root, terminal};
use std::fs::File;
use std::io::{Read, stdin};
use std::net::SocketAddr;
use std::path::Path;
use zeroize::Zeroizing;

/// The most that a file of credentials may hold.
const FILE_LIMIT: u64 = 1 << 20;

/// What to do about a password that no source has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Password {
    /// Ask for it on the terminal.
    Ask,
    /// It is not needed.
    Leave,
}

/// What one source tells of the LUN, and of who logs in.
#[derive(Default)]
struct Told {
    target: Option<String>,
    portal: Option<SocketAddr>,
    lun: Option<u64>,
    initiator: Option<String>,
    username: Option<String>,
    /// The secret that goes with this user name, and with no other one.
    secret: Option<Secret>,
}

impl Told {
    /// Each piece from the first of two sources that has it.
    fn or(self, other: Self) -> Self {
        let secret = match (&self.username, &other.username) {
            (Some(own), Some(name)) if own == name => self.secret.or(other.secret),
            (Some(_), _) => self.secret,
            (None, _) => other.secret,
        };
        Self {
            target: self.target.or(other.target),
            portal: self.portal.or(other.portal),
            lun: self.lun.or(other.lun),
            initiator: self.initiator.or(other.initiator),
            username: self.username.or(other.username),
            secret,
        }
    }

    fn by_flags(args: &CredentialArgs) -> Self {
        let (target, initiator) = (args.target.clone(), args.initiator.clone());
        Self { target, portal: args.portal, lun: args.lun, initiator, username: args.username.clone(), secret: None }
    }

    fn by_files(args: &CredentialArgs) -> Result<Self, Failure> {
        let mut told = Self::default();
        if let Some(file) = &args.instance_yaml {
            let own = chosen(file, args.instance.as_deref(), credentials::initiators, "--instance ID")?;
            told.initiator = Some(own.initiator_name);
            (told.username, told.secret) = (Some(own.username), Some(own.password));
        }
        if let Some(file) = &args.drive_yaml {
            let drive = chosen(file, args.drive.as_deref(), credentials::targets, "--drive ID")?;
            told.portal = Some((drive.address, drive.port).into());
            (told.target, told.lun) = (Some(drive.target_name), Some(drive.lun));
        }
        Ok(told)
    }

    fn by_ibft(boot: Option<&FirmwareTarget>) -> Self {
        let Some(boot) = boot.cloned() else { return Self::default() };
        let (username, secret) = boot.chap.unzip();
        let (portal, lun, initiator) = (boot.portal, boot.lun, boot.initiator);
        Self { target: Some(boot.target), portal, lun, initiator, username, secret }
    }
}

/// What is known of the LUN, and of who logs in.
pub(super) struct Credentials {
    pub(super) target: String,
    pub(super) portal: SocketAddr,
    pub(super) lun: u64,
    pub(super) initiator: String,
    pub(super) username: Option<String>,
    pub(super) secret: Option<Secret>,
    /// What tells of it, in words.
    pub(super) source: String,
    /// The iBFT's target, where it was looked at and is the one that is meant.
    pub(super) boot: Option<FirmwareTarget>,
}

/// Learns where the LUN is, and who logs in. `loads` is what may load the iBFT's module; without it the machine stays
/// as it is.
///
/// # Errors
/// When a piece is missing, a file is not understood, or the iBFT was to be read and cannot be.
pub(super) fn learn(
    args: &CredentialArgs,
    sysfs: &Root,
    password: Password,
    loads: Option<&Runner>,
) -> Result<Credentials, Failure> {
    let named = Told::by_flags(args).or(Told::by_files(args)?);
    if named.target.is_none() && !nix::unistd::geteuid().is_root() {
        return Err(Failure::refused("only root can read the iBFT, and no file or option names the target")
            .advise("run as root, for example with sudo")
            .advise("or give both files: --instance-yaml FILE --drive-yaml FILE"));
    }
    // Without a word on the target the iBFT's is meant. With one, it still knows NIC and initiator of that
    // target, where it has it; but then no fault of it may stand in the way.
    let boot = match boot_target::boot(sysfs, loads, named.target.as_deref()) {
        Ok(boot) => boot,
        Err(_) if named.target.is_some() && !args.ibft => None,
        Err(failure) => return Err(failure),
    };
    let told = named.or(Told::by_ibft(boot.as_ref()));
    let missing = |what: &str, flag: &str| missing(what, flag, boot.is_some(), password);
    let target = told.target.ok_or_else(|| missing("the target", "--target IQN"))?;
    let portal = told.portal.ok_or_else(|| missing("the portal", "--portal ADDR[:PORT]"))?;
    let lun = told.lun.ok_or_else(|| missing("the LUN number", "--lun NUMBER"))?;
    let initiator = told.initiator.ok_or_else(|| missing("the initiator name", "--initiator IQN"))?;
    let secret = match (&told.username, &args.password_file, told.secret) {
        (None, ..) => None,
        (Some(_), Some(file), _) => Some(password_of(file)?),
        (Some(name), None, None) if password == Password::Ask => Some(ask(name)?),
        (Some(_), None, secret) => secret,
    };
    let source = source(args, boot.is_some());
    Ok(Credentials { target, portal, lun, initiator, username: told.username, secret, source, boot })
}

/// That no source tells something.
fn missing(what: &str, flag: &str, has_ibft: bool, password: Password) -> Failure {
    let ibft = match (has_ibft, password) {
        (true, _) => "this machine's iBFT does not contain it",
        (false, Password::Ask) => "this machine has no iBFT that names such a target",
        (false, Password::Leave) => "this machine shows no iBFT that names such a target",
    };
    let failure = Failure::refused(format!("{what} is not known: {ibft}"))
        .advise("give both files: --instance-yaml FILE --drive-yaml FILE")
        .advise(format!("or give {flag}"));
    match (has_ibft, password) {
        (false, Password::Leave) => failure.advise("or, on a BIOS machine, load the iBFT first: modprobe iscsi_ibft"),
        _ => failure,
    }
}

/// The password of this user and target once more.
///
/// # Errors
/// When the file cannot be read, or there is nobody to ask.
pub(super) fn password_again(
    args: &CredentialArgs,
    username: &str,
    target: &str,
    sysfs: &Root,
) -> Result<Secret, Failure> {
    if let Some(file) = &args.password_file {
        return password_of(file);
    }
    let boot = boot_target::boot(sysfs, Some(&Runner::default()), Some(target)).ok().flatten();
    match boot.and_then(|boot| boot.chap).filter(|(name, _)| name == username) {
        Some((_, secret)) => Ok(secret),
        None => ask(username),
    }
}

fn source(args: &CredentialArgs, ibft: bool) -> String {
    let mut parts: Vec<String> =
        [&args.instance_yaml, &args.drive_yaml].into_iter().flatten().map(|path| path.display().to_string()).collect();
    if args.target.is_some() || args.initiator.is_some() || args.portal.is_some() {
        parts.push("flags".to_owned());
    }
    if ibft {
        parts.push("this machine's iBFT".to_owned());
    }
    parts.join(", ")
}

fn read(file: &Path) -> Result<Zeroizing<String>, Failure> {
    let failed = |error: std::io::Error| Failure::refused(format!("{}: {error}", file.display()));
    let mut text = Zeroizing::new(String::with_capacity(64 << 10));
    if file == Path::new("-") {
        stdin().take(FILE_LIMIT).read_to_string(&mut text).map_err(failed)?;
    } else {
        File::open(file).and_then(|open| open.take(FILE_LIMIT).read_to_string(&mut text)).map_err(failed)?;
    }
    Ok(text)
}

/// What a file of credentials holds, or why it is not understood.
type Entries<T> = Result<Vec<Entry<T>>, CredentialsError>;

/// The entry of a file of credentials that is meant; `option` names another one.
fn chosen<T: Clone>(
    file: &Path,
    name: Option<&str>,
    entries: fn(&str, &str) -> Entries<T>,
    option: &str,
) -> Result<T, Failure> {
    let text = read(file)?;
    let entries = entries(&text, &file.display().to_string()).map_err(|error| Failure::refused(error.to_string()))?;
    let entry = credentials::choose(&entries, name)
        .map_err(|error| Failure::refused(format!("{}: {error}", file.display())).advise(option))?;
    Ok(entry.value.clone())
}

fn password_of(file: &Path) -> Result<Secret, Failure> {
    let failed = |error: std::io::Error| Failure::refused(format!("{}: {error}", file.display()));
    let line = if file == Path::new("-") {
        terminal::read_line(&mut Unbuffered)
    } else {
        File::open(file).and_then(|mut open| terminal::read_line(&mut open))
    };
    let line = line.map_err(failed)?;
    if line.is_empty() {
        return Err(Failure::refused(format!(
            "{}: the first line, which must be the password, is empty",
            file.display()
        )));
    }
    Ok(Secret::new(line.to_string()))
}

/// Standard input without a buffer, so that what follows the password is left for answers.
struct Unbuffered;

impl Read for Unbuffered {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        nix::unistd::read(stdin(), buffer).map_err(Into::into)
    }
}

fn ask(name: &str) -> Result<Secret, Failure> {
    let secret = terminal::ask_secret(&format!("CHAP password of {name}: ")).map_err(|error| {
        Failure::refused(format!(
            "the CHAP password of {name} is not known, and there is no terminal to ask on: {error}"
        ))
        .advise("give it with --password-file FILE, or - for standard input")
    })?;
    if secret.is_empty() {
        return Err(Failure::refused("no password was given"));
    }
    Ok(secret)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn told(target: Option<&str>, username: Option<&str>, secret: Option<&str>) -> Told {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Told {
            target: owned(target),
            username: owned(username),
            secret: secret.map(|secret| Secret::new(secret.to_owned())),
            ..Told::default()
        }
    }

    #[test]
    fn each_piece_is_of_the_first_source_that_has_it_and_a_secret_goes_with_its_name() {
        let ibft = || told(Some("iqn.ibft"), Some("own"), Some("of-own"));
        for (username, secret, expected) in [
            (None, None, ("own", Some("of-own"))),
            (Some("own"), None, ("own", Some("of-own"))),
            (Some("own"), Some("of-file"), ("own", Some("of-file"))),
            (Some("other"), None, ("other", None)),
        ] {
            let both = told(None, username, secret).or(ibft());
            assert_eq!(both.target.as_deref(), Some("iqn.ibft"));
            let found = (both.username.as_deref().unwrap(), both.secret.as_ref().map(Secret::expose));
            assert_eq!(found, expected);
        }
        assert_eq!(told(Some("iqn.flag"), None, None).or(ibft()).target.as_deref(), Some("iqn.flag"));
    }
}
