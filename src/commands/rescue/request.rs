//! What is asked for: the LUN and who logs in, the NIC, and how the root is mounted.

use crate::cli::{CredentialArgs, RescueArgs};
use crate::commands::credentials::{self, Credentials, Password};
use crate::commands::stopped::Stopped;
use crate::formats::text::secret::Secret;
use crate::probes::lun::choice::RootChoice;
use crate::procedures::Failure;
use crate::procedures::rescue::boot_target::FirmwareTarget;
use crate::procedures::rescue::{self, Nic, RescueRequest, STATE};
use crate::system::command::Runner;
use crate::system::{Root, netlink};
use std::path::{Component, Path, PathBuf};

/// Whether nothing but the password was given: then an interrupted rescue goes on as it was asked for.
pub(super) fn says_nothing(args: &RescueArgs) -> bool {
    let bare = RescueArgs { at: PathBuf::from("/target"), ..RescueArgs::default() };
    let credentials = CredentialArgs { password_file: None, ..args.credentials.clone() };
    RescueArgs { credentials, ..args.clone() } == bare
}

/// Learns the request, and the password.
pub(super) fn learn(
    args: &RescueArgs,
    sysfs: &Root,
    password: Password,
) -> Result<(RescueRequest, Option<Secret>), Stopped> {
    // A plan changes nothing, and loads no module.
    let loads = (password == Password::Ask).then(Runner::default);
    let Credentials { target, portal, lun, initiator, username, secret, source, boot } =
        credentials::learn(&args.credentials, sysfs, password, loads.as_ref())?;
    let boot = boot.as_ref();
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
        username,
        nic: nic(args, boot)?,
        at: place(&args.at)?,
        read_only: args.read_only,
        login_only: args.login_only,
        root: args.root_device.clone().map(|device| RootChoice { device, subvolume: args.subvolume.clone() }),
        source,
        same_machine,
    };
    Ok((request, secret))
}

/// The password once more, for a rescue that goes on.
pub(super) fn password_again(
    args: &RescueArgs,
    request: &RescueRequest,
    sysfs: &Root,
) -> Result<Option<Secret>, Stopped> {
    let Some(username) = &request.username else { return Ok(None) };
    Ok(Some(credentials::password_again(&args.credentials, username, &request.target, sysfs)?))
}

fn nic(args: &RescueArgs, boot: Option<&FirmwareTarget>) -> Result<Option<Nic>, Stopped> {
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
fn place(at: &Path) -> Result<PathBuf, Stopped> {
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

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
        let credentials = CredentialArgs {
            instance_yaml: put("instance.yaml", &format!("- id: 1\n  iscsi: '{iscsi}'\n")),
            drive_yaml: put("drive.yaml", &format!("- id: 2\n  credentials: '{lun}'\n")),
            ..CredentialArgs::default()
        };
        let args = RescueArgs { credentials, at: PathBuf::from("/target"), ..RescueArgs::default() };
        let sysfs = Root::open(directory.path()).unwrap();
        let password = Some("canary-password-9");
        for (username, logs_in_as, expected) in
            [(None, "user", password), (Some("user"), "user", password), (Some("other"), "other", None)]
        {
            let credentials = CredentialArgs { username: username.map(str::to_owned), ..args.credentials.clone() };
            let args = RescueArgs { credentials, ..args.clone() };
            let learnt = learn(&args, &sysfs, Password::Leave);
            let Ok((request, secret)) = learnt else { panic!("{username:?}") };
            assert_eq!(request.username.as_deref(), Some(logs_in_as));
            assert_eq!(secret.as_ref().map(Secret::expose), expected, "{username:?}");
            let shown = format!("{request:?}{secret:?}{}", serde_json::to_string(&request).unwrap());
            assert!(!shown.contains("canary"), "{shown}");
        }
    }
}
