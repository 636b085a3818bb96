//! `login-word-refused` for initramfs-tools: an `ip=` that klibc's ipconfig does not take.

use super::interface_named_ibft::names_ibft;
use super::source_of::source_of;
use crate::facts::{Initramfs, NetworkKind};
use crate::readers::initramfs_tools::{network, word};
use crate::readers::{Refused, Stop};
use crate::{Analysis, Evidence, Finding, Outcome, analysis};

pub(super) fn judge(facts: &Analysis<'_>, image: &Initramfs) -> Result<Outcome, Outcome> {
    let words = facts.boot_words();
    let Some(heeded) = word(words) else {
        return Err(Outcome::not_applicable("the command line has no ip= for ipconfig"));
    };
    if names_ibft(heeded) {
        return Err(Outcome::not_applicable("not checked: ip= names ibft (see login-interface-named-ibft)"));
    }
    let nics = facts.nics.known().map(Vec::as_slice).unwrap_or_default();
    let nic_of = |mac: &str| nics.iter().find(|nic| nic.mac == mac).map(|nic| nic.name.clone());
    match network(words, None, &nic_of) {
        Ok(_) => Ok(Outcome::pass(format!("ipconfig takes {heeded}"))),
        Err(Stop::Unclear(why)) => Err(Outcome::unknown(why)),
        Err(Stop::Refused(found)) => refused(facts, image, &found),
    }
}

/// Nothing is brought up. Scripts before initramfs-tools 0.148 then end, at a file that ipconfig has not written; later
/// ones go on, with what the firmware's NIC has got from `iscsistart -N`.
fn refused(facts: &Analysis<'_>, image: &Initramfs, found: &Refused) -> Result<Outcome, Outcome> {
    let ends = image.refusals.first();
    if facts.wants_firmware() && image.has_network(NetworkKind::IscsistartN) {
        let nic = facts.handoff().and_then(|handoff| handoff.boot_nic());
        if nic.is_some_and(|nic| !nic.by_dhcp && nic.address.is_some()) {
            return Ok(Outcome::pass("the iBFT's address is static, and the script asks ipconfig for no other"));
        }
        if ends.is_none() {
            image.whole()?;
            return Ok(Outcome::pass(format!(
                "ipconfig refuses {}, and the script goes on with the address that iscsistart -N sets",
                found.word
            )));
        }
        if nic.is_none() {
            return Err(Outcome::unknown(format!(
                "ipconfig refuses {}, which ends the login unless the iBFT's address is static; the iBFT is not known",
                found.word
            )));
        }
    }
    let by = image.network.iter().find(|network| network.kind == NetworkKind::Ipconfig);
    let place = by.map_or("configure_networking", |by| analysis::path_inside(&by.at.path));
    let text = format!(
        "Write {} as klibc's ipconfig has it: ip=:::::NIC:dhcp, or ip=ADDRESS::GATEWAY:NETMASK::NIC:none.",
        found.word
    );
    let summary = format!(
        "ipconfig, which {place} calls, refuses {}: {:?}; the initramfs brings up no network, and does not log in",
        found.word, found.says
    );
    Finding::critical(summary)
        .evidence(source_of(facts, image, &found.word))
        .evidences(by.map(|by| Evidence::at(&by.at, "hands ip= to ipconfig")))
        .evidences(ends.map(Evidence::from))
        .remedy(facts.update_loader(text).repairs_by(facts.request_login()))
        .into()
}
