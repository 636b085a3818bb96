//! What is asked for: out of files, the iBFT, flags and what a person types, each piece from the first that
//! has it: flags, then files, then the iBFT.

use super::error::RescueError;
use crate::cli::RescueArgs;
use crate::formats::iscsi::credentials::{self, InitiatorCredentials, TargetAddress};
use crate::formats::text::secret::Secret;
use crate::procedures::Failure;
use crate::procedures::rescue::boot_target::{self, FirmwareTarget};
use crate::procedures::rescue::{self, Nic, RescueRequest, RootChoice, STATE};
use crate::system::command::Runner;
use crate::system::{Root, netlink, terminal};
use std::fs::File;
use std::io::{Read, stdin};
use std::net::SocketAddr;
use std::path::{Component, Path, PathBuf};
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

/// Whether nothing but the password was given: then an interrupted rescue goes on as it was asked for.
pub(super) fn says_nothing(args: &RescueArgs) -> bool {
    let bare = RescueArgs { at: PathBuf::from("/target"), ..RescueArgs::default() };
    RescueArgs { password_file: None, ..args.clone() } == bare
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

    fn by_flags(args: &RescueArgs) -> Self {
        let (target, initiator) = (args.target.clone(), args.initiator.clone());
        Self { target, portal: args.portal, lun: args.lun, initiator, username: args.username.clone(), secret: None }
    }

    fn by_files(args: &RescueArgs) -> Result<Self, RescueError> {
        let mut told = Self::default();
        if let Some(file) = &args.instance_yaml {
            let own = instance(file, args.instance.as_deref())?;
            told.initiator = Some(own.initiator_name);
            (told.username, told.secret) = (Some(own.username), Some(own.password));
        }
        if let Some(file) = &args.drive_yaml {
            let drive = drive(file, args.drive.as_deref())?;
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

/// Learns the request, and the password.
pub(super) fn learn(
    args: &RescueArgs,
    sysfs: &Root,
    password: Password,
) -> Result<(RescueRequest, Option<Secret>), RescueError> {
    let named = Told::by_flags(args).or(Told::by_files(args)?);
    if named.target.is_none() && !nix::unistd::geteuid().is_root() {
        return Err(Failure::refused("only root can read the iBFT, and no file or option names the target")
            .advise("run as root, for example with sudo")
            .advise("or give both files: --instance-yaml FILE --drive-yaml FILE")
            .into());
    }
    // A plan changes nothing, and loads no module.
    let runner = (password == Password::Ask).then(Runner::default);
    // Without a word on the target the iBFT's is meant. With one, it still knows NIC and initiator of that
    // target, where it has it; but then no fault of it may stand in the way.
    let boot = match boot_target::boot(sysfs, runner.as_ref(), named.target.as_deref()) {
        Ok(boot) => boot,
        Err(_) if named.target.is_some() && !args.ibft => None,
        Err(failure) => return Err(failure.into()),
    };
    let boot = boot.as_ref();
    let told = named.or(Told::by_ibft(boot));
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
    let same_machine = boot.is_some_and(|boot| {
        boot.target.eq_ignore_ascii_case(&target)
            && boot.lun == Some(lun)
            && boot.initiator.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(&initiator))
    });
    let request = RescueRequest {
        portal,
        target,
        lun,
        wwid: args.wwid.clone(),
        initiator,
        username: told.username,
        nic: nic(args, boot)?,
        at: place(&args.at)?,
        read_only: args.read_only,
        root: args.root_device.clone().map(|device| RootChoice { device, subvolume: args.subvolume.clone() }),
        source: source(args, boot.is_some()),
        same_machine,
    };
    Ok((request, secret))
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

/// The password once more, for a rescue that goes on.
pub(super) fn password_again(
    args: &RescueArgs,
    request: &RescueRequest,
    sysfs: &Root,
) -> Result<Option<Secret>, RescueError> {
    let Some(username) = &request.username else { return Ok(None) };
    if let Some(file) = &args.password_file {
        return Ok(Some(password_of(file)?));
    }
    let boot = boot_target::boot(sysfs, Some(&Runner::default()), Some(&request.target)).ok().flatten();
    match boot.and_then(|boot| boot.chap).filter(|(name, _)| name == username) {
        Some((_, secret)) => Ok(Some(secret)),
        None => ask(username).map(Some),
    }
}

fn source(args: &RescueArgs, ibft: bool) -> String {
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

fn nic(args: &RescueArgs, boot: Option<&FirmwareTarget>) -> Result<Option<Nic>, RescueError> {
    let Some(wanted) = &args.san_nic else {
        return match boot {
            Some(FirmwareTarget { nic: None, mac: Some(mac), target, .. }) => Err(Failure::refused(format!(
                "the iBFT names the NIC {mac} for {target}, but this machine has no such NIC"
            ))
            .advise("name the right NIC: --san-nic NAME")
            .into()),
            boot => Ok(boot.and_then(|boot| boot.nic.clone())),
        };
    };
    let links = netlink::snapshot(&[]).links;
    let Some(links) = links.known() else {
        return Err(Failure::failed("the kernel does not report which NICs this machine has").into());
    };
    let lower = wanted.to_ascii_lowercase();
    let is_it = |link: &&isctpl_checks::facts::NetLink| {
        &link.name == wanted || link.mac == lower || link.permanent_mac.as_deref() == Some(lower.as_str())
    };
    let Some(link) = links.iter().find(is_it) else {
        let names: Vec<&str> = links.iter().map(|link| link.name.as_str()).filter(|name| *name != "lo").collect();
        return Err(
            Failure::refused(format!("there is no NIC {wanted}; this machine has: {}", names.join(", "))).into()
        );
    };
    let own = boot.and_then(|boot| boot.nic.as_ref()).filter(|nic| nic.name == link.name);
    Ok(Some(Nic {
        name: link.name.clone(),
        address: args.san_address.or(own.and_then(|nic| nic.address)),
        gateway: args.san_gateway.or(own.and_then(|nic| nic.gateway)),
    }))
}

/// Where the root is mounted: absolute, no link, and not this system's own root.
fn place(at: &Path) -> Result<PathBuf, RescueError> {
    let refused = |why: &str| Err(Failure::refused(format!("--at {}: {why}", at.display())).into());
    if !at.is_absolute() || at.components().any(|part| matches!(part, Component::ParentDir)) {
        return refused("is not an absolute path, or contains `..`");
    }
    let clean: PathBuf = at.components().collect();
    if clean == Path::new("/") {
        return refused("is the root of this system");
    }
    // What is there of it must be what it says: a link would have things mounted elsewhere. But for the one that an
    // `up` before this one has put there.
    let is_ours = std::fs::read_link(&clean).is_ok_and(|to| to == rescue::place(Path::new(STATE)));
    let there = clean.ancestors().skip(usize::from(is_ours)).find(|path| std::fs::symlink_metadata(path).is_ok());
    match there.map(|path| (path, std::fs::canonicalize(path))) {
        Some((path, Ok(real))) if path == real => Ok(clean),
        Some((path, _)) => refused(&format!("{} is a symbolic link", path.display())),
        None => Ok(clean),
    }
}

fn read(file: &Path) -> Result<Zeroizing<String>, RescueError> {
    let failed = |error: std::io::Error| Failure::refused(format!("{}: {error}", file.display()));
    let mut text = Zeroizing::new(String::with_capacity(64 << 10));
    if file == Path::new("-") {
        stdin().take(FILE_LIMIT).read_to_string(&mut text).map_err(failed)?;
    } else {
        File::open(file).and_then(|open| open.take(FILE_LIMIT).read_to_string(&mut text)).map_err(failed)?;
    }
    Ok(text)
}

fn instance(file: &Path, name: Option<&str>) -> Result<InitiatorCredentials, RescueError> {
    let text = read(file)?;
    let entries = credentials::initiators(&text, &file.display().to_string())
        .map_err(|error| Failure::refused(error.to_string()))?;
    let entry = credentials::choose(&entries, name)
        .map_err(|error| Failure::refused(format!("{}: {error}", file.display())).advise("--instance ID"))?;
    Ok(entry.value.clone())
}

fn drive(file: &Path, name: Option<&str>) -> Result<TargetAddress, RescueError> {
    let text = read(file)?;
    let entries = credentials::targets(&text, &file.display().to_string())
        .map_err(|error| Failure::refused(error.to_string()))?;
    let entry = credentials::choose(&entries, name)
        .map_err(|error| Failure::refused(format!("{}: {error}", file.display())).advise("--drive ID"))?;
    Ok(entry.value.clone())
}

fn password_of(file: &Path) -> Result<Secret, RescueError> {
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
        ))
        .into());
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

fn ask(name: &str) -> Result<Secret, RescueError> {
    let secret = terminal::ask_secret(&format!("CHAP password of {name}: ")).map_err(|error| {
        Failure::refused(format!(
            "the CHAP password of {name} is not known, and there is no terminal to ask on: {error}"
        ))
        .advise("give it with --password-file FILE, or - for standard input")
    })?;
    if secret.is_empty() {
        return Err(Failure::refused("no password was given").into());
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

    /// The password of a file goes with the user name of that file, whether it is named once more or not, and with no
    /// other one; in the request, which is printed and kept, it never is.
    #[test]
    fn a_user_name_that_the_file_has_keeps_its_password_and_another_one_has_none() {
        let directory = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            std::fs::write(directory.path().join(name), text).unwrap();
            Some(directory.path().join(name))
        };
        let iscsi = "Initiator IQN: iqn.2020-10.com.example:instance-1 Username: user Password: canary-password-9 ";
        let lun = "Target: 192.0.2.10 Port:3260 IQN:iqn.2013-01.com.example:storage.1 LUN ID:47";
        let args = RescueArgs {
            instance_yaml: put("instance.yaml", &format!("- id: 1\n  iscsi: '{iscsi}'\n")),
            drive_yaml: put("drive.yaml", &format!("- id: 2\n  credentials: '{lun}'\n")),
            at: PathBuf::from("/target"),
            ..RescueArgs::default()
        };
        let sysfs = Root::open(directory.path()).unwrap();
        let password = Some("canary-password-9");
        for (username, logs_in_as, expected) in
            [(None, "user", password), (Some("user"), "user", password), (Some("other"), "other", None)]
        {
            let args = RescueArgs { username: username.map(str::to_owned), ..args.clone() };
            let learnt = learn(&args, &sysfs, Password::Leave);
            let Ok((request, secret)) = learnt else { panic!("{username:?}") };
            assert_eq!(request.username.as_deref(), Some(logs_in_as));
            assert_eq!(secret.as_ref().map(Secret::expose), expected, "{username:?}");
            let shown = format!("{request:?}{secret:?}{}", serde_json::to_string(&request).unwrap());
            assert!(!shown.contains("canary"), "{shown}");
        }
    }
}
