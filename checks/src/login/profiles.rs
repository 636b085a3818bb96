//! The profiles with which NetworkManager brings up the network of the initramfs.

use crate::facts::{Cmdline, Word};
use crate::readers::network_manager::{Of, Profile, profiles};
use crate::{Analysis, Outcome};
use std::cell::RefCell;
use std::net::IpAddr;

/// The program of dracut's image that writes them.
pub(crate) const NETWORK_MANAGER: &str = "nm-initrd-generator";

/// The words that the generator reads, and the profiles that it makes of them.
///
/// # Errors
/// The outcome of a check where that is not known.
pub(crate) fn made_by_network_manager(facts: &Analysis<'_>) -> Result<(Cmdline, Vec<Profile>), Outcome> {
    let mut line = facts.boot_words().clone();
    // A login over the network has nm-config.sh add it.
    line.words.push(Word { key: "rd.neednet".to_owned(), ..Word::default() });
    let nics = facts.firmware.ibft().map(|ibft| ibft.nics.clone()).unwrap_or_default();
    let asked = RefCell::new(None);
    let not_known = |name: &str| {
        *asked.borrow_mut() = Some(name.to_owned());
        None
    };
    let made = profiles(&line, &nics, &not_known)
        .map_err(|why| Outcome::unknown(format!("what {NETWORK_MANAGER} writes is not known: {why}")))?;
    // What the profile of a NIC with the iBFT's address holds hangs on whether it has its name by then.
    if let Some(name) = asked.into_inner() {
        return Err(Outcome::unknown(format!(
            "whether {NETWORK_MANAGER} finds {name} in sysfs before its driver is loaded is not known"
        )));
    }
    Ok((line, made))
}

/// Those of the profiles that fit the SAN NIC, the one that is taken first.
pub(crate) fn san_profiles<'p>(facts: &Analysis<'_>, line: &Cmdline, made: &'p [Profile]) -> Vec<&'p Profile> {
    let mac = facts.scope.san_nic_mac().or_else(|| facts.san_mac().map(str::to_owned));
    let fits = |profile: &&Profile| match &profile.of {
        Of::Any => true,
        Of::Name(name) => is_for_san(facts, line, name),
        Of::Mac(of) => mac.as_deref().is_some_and(|mac| mac.eq_ignore_ascii_case(of)),
    };
    let mut fitting: Vec<&Profile> = made.iter().filter(fits).collect();
    fitting.sort_by_key(|profile| std::cmp::Reverse(profile.priority));
    fitting
}

/// The one that the SAN NIC has in the end. Where no server answers the DHCP of the first one, NetworkManager takes the
/// next that fits: with a static iBFT and `rd.route=` to the NIC's name a boot of Debian 13 had the iBFT's after 95 s.
pub(crate) fn settled_profile<'p>(facts: &Analysis<'_>, fitting: &[&'p Profile]) -> Option<&'p Profile> {
    let first = fitting.first()?;
    let other = fitting.iter().find(|profile| !profile.addresses.is_empty());
    let unanswered = first.runs_dhcp() && static_address(facts).is_some();
    other.filter(|_| unanswered).or(Some(first)).copied()
}

/// The MAC of the firmware's NIC and its address, where that is static and no server has given one either.
pub(super) fn static_address(facts: &Analysis<'_>) -> Option<(String, IpAddr)> {
    let handoff = facts.handoff()?;
    let nic = handoff.boot_nic().filter(|nic| !nic.by_dhcp)?;
    let is_leased = facts.dhcp.leases.iter().any(|lease| lease.mac.as_deref() == Some(nic.mac));
    if is_leased { None } else { Some((nic.mac.to_owned(), nic.address?)) }
}

/// Whether a name is the SAN NIC's: the one that it has, or that `ifname=` gives it.
pub(super) fn is_for_san(facts: &Analysis<'_>, line: &Cmdline, name: &str) -> bool {
    let mac = facts.scope.san_nic_mac().or_else(|| facts.san_mac().map(str::to_owned));
    let renamed = line.all("ifname").filter_map(|value| value.split_once(':'));
    let mut renamed = renamed.filter(|(_, of)| mac.as_deref().is_some_and(|mac| mac.eq_ignore_ascii_case(of)));
    let own = || facts.san_nic().is_some_and(|(own, _)| own == name);
    !name.is_empty() && renamed.next().map_or_else(own, |(given, _)| given == name)
}
