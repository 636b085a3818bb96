//! The LUN that this machine's own firmware names.

use crate::formats::iscsi::ibft_table::SIGNATURES;
use crate::formats::iscsi::ibft_table::chap;
use crate::formats::text::secret::Secret;
use crate::probes::firmware;
use crate::procedures::Failure;
use crate::procedures::rescue::context::Nic;
use crate::system::command::{Invocation, Runner};
use crate::system::{Root, netlink};
use ipnet::IpNet;
use isctpl_checks::facts::{Ibft, IbftNic, IbftTarget, Lun};
use std::net::SocketAddr;
use std::time::Duration;
use zeroize::Zeroizing;

const TABLES: &str = "/firmware/acpi/tables";
const TABLE_LIMIT: u64 = 1 << 20;

/// What the iBFT says about a target.
#[derive(Debug, Clone)]
pub(crate) struct FirmwareTarget {
    /// The initiator's name.
    pub(crate) initiator: Option<String>,
    /// Address and port of the target, where the iBFT has an address.
    pub(crate) portal: Option<SocketAddr>,
    /// The target's name.
    pub(crate) target: String,
    /// The unit's number, where it is sure.
    pub(crate) lun: Option<u64>,
    /// The NIC, where it is one of this machine's.
    pub(crate) nic: Option<Nic>,
    /// The MAC address of the NIC that it names.
    pub(crate) mac: Option<String>,
    /// CHAP user name and secret, where it has them.
    pub(crate) chap: Option<(String, Secret)>,
}

/// Reads this machine's iBFT; the target of this name, or else the one that it was booted from. `None` when
/// there is no iBFT, or no such target in it. Without a runner no module is loaded, and on BIOS the kernel may
/// then not show what is there.
///
/// # Errors
/// When there is one that cannot be read.
pub(crate) fn boot(
    sysfs: &Root,
    runner: Option<&Runner>,
    wanted: Option<&str>,
) -> Result<Option<FirmwareTarget>, Failure> {
    let is_absent = |firmware: &isctpl_checks::facts::Firmware| firmware.ibft().is_none();
    let mut seen = firmware::read(sysfs, None, None);
    if let (true, Some(runner)) = (is_absent(&seen), runner) {
        // On BIOS the kernel finds it only with this module; where it is not, there is no iBFT for anybody.
        let _ = runner.run(&Invocation::new("modprobe", Duration::from_secs(20)).args(["-q", "iscsi_ibft"]));
        seen = firmware::read(sysfs, None, None);
    }
    let Some(ibft) = seen.ibft() else {
        return match seen.table.problem().or(seen.sysfs.problem()) {
            Some(problem) => Err(Failure::refused(problem.to_string())),
            None => Ok(None),
        };
    };
    let Some(target) = choose(ibft, wanted) else { return Ok(None) };
    let Some(name) = target.name.clone() else { return Ok(None) };
    let nic = nic_of(ibft, target);
    let mac = nic.map(|nic| nic.mac.clone());
    let here = nic.and_then(|nic| {
        let links = netlink::snapshot(&[]).links;
        let own = |link: &&isctpl_checks::facts::NetLink| {
            link.mac == nic.mac || link.permanent_mac.as_deref() == Some(nic.mac.as_str())
        };
        let link = links.known()?.iter().find(own)?.name.clone();
        let address = nic.ip.and_then(|ip| IpNet::new(ip, nic.prefix_len).ok()).filter(|net| net.prefix_len() > 0);
        Some(Nic { name: link, address, gateway: nic.gateway })
    });
    let lun = match &target.lun {
        Lun::Number(number) => Some(*number),
        _ => None,
    };
    let port = if target.port == 0 { isctpl_checks::facts::ISCSI_PORT } else { target.port };
    Ok(Some(FirmwareTarget {
        initiator: ibft.initiator.as_ref().and_then(|initiator| initiator.name.clone()),
        portal: target.ip.map(|ip| SocketAddr::new(ip, port)),
        chap: chap_of(sysfs, &name, target.index)?,
        target: name,
        lun,
        nic: here,
        mac,
    }))
}

/// Bit 0 says that a structure is valid, bit 1 that the firmware booted from it.
fn choose<'a>(ibft: &'a Ibft, wanted: Option<&str>) -> Option<&'a IbftTarget> {
    let named = |target: &&IbftTarget| match (wanted, &target.name) {
        (Some(wanted), Some(name)) => name.eq_ignore_ascii_case(wanted),
        (None, Some(_)) => true,
        (_, None) => false,
    };
    let fitting = || ibft.targets.iter().filter(named);
    fitting().find(|target| target.flags & 3 == 3).or_else(|| fitting().find(|target| target.flags & 1 == 1))
}

/// The NIC that a target names; the only one there is, where it names another one.
fn nic_of<'a>(ibft: &'a Ibft, target: &IbftTarget) -> Option<&'a IbftNic> {
    match ibft.nics.as_slice() {
        [only] => Some(only),
        several => several.iter().find(|nic| nic.index == target.nic_assoc),
    }
}

/// The credentials: out of the table, or of the kernel's view of it.
fn chap_of(sysfs: &Root, target: &str, index: u8) -> Result<Option<(String, Secret)>, Failure> {
    for name in
        sysfs.names(TABLES)?.iter().filter(|name| SIGNATURES.iter().any(|signature| name.starts_with(signature)))
    {
        let table = sysfs.read(&format!("{TABLES}/{name}"), TABLE_LIMIT)?.map(Zeroizing::new);
        if let Some(chap) = table.and_then(|table| chap::of_target(&table, target)) {
            return Ok(Some((chap.name, chap.secret)));
        }
    }
    let attribute = |name: &str| sysfs.line(&format!("/firmware/ibft/target{index}/{name}"));
    match (attribute("chap-name")?, attribute("chap-secret")?.map(Zeroizing::new)) {
        (Some(name), Some(secret)) if !secret.trim().is_empty() => {
            Ok(Some((name.trim().to_owned(), Secret::new(secret.trim_end_matches('\n').to_owned()))))
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_that_the_firmware_does_not_call_valid_is_none() {
        let target =
            |index: u8, flags: u8| IbftTarget { index, flags, name: Some("iqn.x".into()), ..IbftTarget::default() };
        for (flags, expected) in [(vec![0], None), (vec![2, 1], Some(1)), (vec![1, 3], Some(1)), (vec![0, 2], None)] {
            let targets = (0..).zip(flags).map(|(index, flags)| target(index, flags)).collect();
            let ibft = Ibft { targets, ..Ibft::default() };
            assert_eq!(choose(&ibft, None).map(|target| target.index), expected);
            assert_eq!(choose(&ibft, Some("IQN.X")).map(|target| target.index), expected);
        }
    }

    #[test]
    fn a_target_has_the_nic_that_it_names_and_no_other_of_several() {
        let nic = |index: u8| IbftNic { index, ..IbftNic::default() };
        let target = IbftTarget { nic_assoc: 1, ..IbftTarget::default() };
        for (nics, expected) in [(vec![], None), (vec![0], Some(0)), (vec![0, 1], Some(1)), (vec![0, 2], None)] {
            let ibft = Ibft { nics: nics.into_iter().map(nic).collect(), ..Ibft::default() };
            assert_eq!(nic_of(&ibft, &target).map(|nic| nic.index), expected);
        }
    }
}
