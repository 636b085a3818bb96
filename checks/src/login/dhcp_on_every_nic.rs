//! `login-dhcp-on-every-nic`: nothing tells the image which NIC is the SAN's.

use crate::analysis::Family;
use crate::facts::{Initramfs, InterfaceConfig, Method, NetworkKind, Nic, NicMatch};
use crate::handover::{Matches, SanIdentity, matches};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "login-dhcp-on-every-nic",
    link: Link::Login,
    severity: Severity::Warning,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the initramfs runs DHCP on every NIC",
    doc: Doc {
        finds: "The machine has several NICs, the initramfs brings up its network by DHCP, and nothing names the SAN \
                NIC: no interface in ip=, no BOOTIF=, no bootdev=, and neither `iscsistart -N` nor rd.iscsi.ibft, \
                which take the NIC from the iBFT. rd.iscsi.firmware alone brings up every NIC.",
        breaks: "klibc's ipconfig stops at the first NIC that gets an answer, and leaves the other NICs without an \
                 address. If that is not the SAN NIC, the login goes out through the wrong NIC and hangs: in the lab, \
                 the same machine booted once and hung the next time. Each NIC without an answer costs minutes: \
                 ipconfig waits 2, 3, 4, 6, 9, 16, 25, 36, 64 and 100 seconds. With dracut, the WAN NIC may answer \
                 first and bring a default route, and the traffic to the target then takes that route.",
        fix: "Name the NIC: rd.iscsi.ibft=1 with dracut's network-legacy and network-manager, ip=NAME:dhcp with its \
              systemd-networkd, ip=:::::NAME:dhcp or BOOTIF=01-MAC with initramfs-tools.",
        references: &[
            "https://github.com/rhinstaller/anaconda/pull/3750",
            "dracut.cmdline(7), rd.iscsi.ibft, BOOTIF, bootdev",
            "initramfs-tools scripts/functions (configure_networking)",
            "https://bugs.launchpad.net/bugs/2098515",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let image = facts.image_that_logs_in()?;
    let requests = facts.effective_requests();
    let Some(request) = requests.first() else {
        return Err(Outcome::not_applicable("not checked: nothing requests a login (see login-not-requested)"));
    };
    let words = facts.boot_words();
    if facts.wants_firmware() && image.has_network(NetworkKind::IscsistartN) {
        return Ok(Outcome::pass("iscsistart -N takes the NIC from the iBFT"));
    }
    if words.takes_firmware_nic(image)? {
        return Ok(Outcome::pass("the initramfs takes the NIC from the iBFT"));
    }
    if let Some(ip) = words.ip_words(Some(image)).iter().find(|ip| ip.interface.is_some() || ip.address.is_some()) {
        return Ok(Outcome::pass(format!("ip={} names the NIC", ip.text)));
    }
    if let Some(word) = words.words.iter().find(|word| matches!(word.key.as_str(), "BOOTIF" | "bootdev" | "ifname")) {
        return Ok(Outcome::pass(format!("{word} names the NIC")));
    }
    let Some(nics) = facts.nics.known() else {
        return Err(Outcome::not_applicable("not checked: the NICs of the instance are not known here"));
    };
    let nics: Vec<&Nic> = nics.iter().filter(|nic| nic.physical).collect();
    let physical: Vec<&str> = nics.iter().map(|nic| nic.name.as_str()).collect();
    if physical.len() < 2 {
        return Ok(Outcome::pass(format!("there is only one NIC, {}", physical.first().unwrap_or(&"none"))));
    }
    if facts.wants_firmware() {
        // iscsistart -N may be in what was not read.
        image.whole()?;
    }
    let summary =
        format!("the initramfs runs DHCP on all of {}, because nothing names the SAN NIC", physical.join(", "));
    let rival = image.has_network(NetworkKind::Ipconfig).then(|| answered_elsewhere(facts, &nics)).flatten();
    let finding = match rival {
        Some(rival) => Finding::warning(format!(
            "{summary}; the first NIC that gets an answer wins, so the boot works only by chance"
        ))
        .evidence(Evidence::at(
            &rival.at,
            format!("{} uses DHCP, so a DHCP server answers there", rival.matches.names.join(" ")),
        )),
        None => Finding::warning(summary),
    };
    let source = words.at.as_ref().map_or_else(|| "kernel command line".to_owned(), ToString::to_string);
    finding
        .evidence(request.evidence.clone())
        .evidence(Evidence::new(source, words.text()))
        .evidences(image.network.iter().map(|network| Evidence::at(&network.at, "brings up every NIC by default")))
        .remedy(remedy(facts, image))
        .into()
}

/// The word that names the NIC to this image. `isctpl prepare` names none: a template is for machines with other NICs.
fn remedy(facts: &Analysis<'_>, image: &Initramfs) -> Remedy {
    let nic = facts.san_nic().map_or_else(|| "NAME".to_owned(), |(name, _)| name);
    match image.family() {
        Family::Dracut if image.reads_firmware_nic("rd.iscsi.ibft") => {
            facts.update_loader("Add rd.iscsi.ibft=1 to GRUB_CMDLINE_LINUX.").repairs_by(facts.request_login())
        }
        Family::Dracut => facts.update_loader(format!(
            "Put ip={nic}:dhcp into GRUB_CMDLINE_LINUX in place of ip=dhcp: nothing in this image takes the NIC from \
             the iBFT."
        )),
        _ => facts
            .update_loader(format!("Add ip=:::::{nic}:dhcp to GRUB_CMDLINE_LINUX."))
            .repairs_by(facts.request_login()),
    }
}

/// What the real root sets up by DHCP on one of these NICs that is surely not the SAN's.
fn answered_elsewhere<'a>(facts: &'a Analysis<'_>, nics: &[&Nic]) -> Option<&'a InterfaceConfig> {
    let san = SanIdentity::of(facts);
    let is_one = |of: &NicMatch| {
        nics.iter()
            .any(|nic| of.names.contains(&nic.name) || of.macs.iter().any(|mac| mac.eq_ignore_ascii_case(&nic.mac)))
    };
    let by_dhcp = |config: &&InterfaceConfig| config.method == Method::Dhcp && config.at_boot && !config.unmanaged;
    let mut configs = facts.netconfig.interfaces.iter().filter(by_dhcp);
    configs.find(|config| is_one(&config.matches) && matches(&config.matches, &san) == Matches::No)
}
