//! `ibft-vlan-unsupported`: the firmware booted over a VLAN, and the image gives that VLAN no address.

use crate::facts::{Cmdline, IbftNic, Initramfs, NetworkKind};
use crate::readers::network_legacy::words_of_firmware;
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "ibft-vlan-unsupported",
    link: Link::Firmware,
    severity: Severity::Critical,
    scope: Scope::Machine,
    decided_by: &[],
    title: "the iBFT names a VLAN on which the initramfs has no address",
    doc: Doc {
        finds: "The iBFT gives its NIC a VLAN id, and nothing in the initramfs sets an address on that VLAN: \
                `iscsistart -N` and initramfs-tools know no VLAN of the iBFT, dracut's network-legacy creates the VLAN \
                and puts the address on the NIC below it (ibft0), systemd-networkd reads no iBFT. An ip= for the \
                VLAN's interface, beside vlan=, counts; so does NetworkManager, which sets the iBFT's address on the \
                VLAN. Either needs the module 8021q.",
        breaks: "Packets leave the NIC untagged and never reach the target. The firmware reached it: the kernel and \
                 the initramfs still load, and the login times out.",
        fix: "Have the switch port carry the SAN VLAN untagged; or use dracut with the module network-manager, \
              rd.iscsi.ibft=1 and 8021q. With network-legacy, add ip=ibft0.ID:dhcp for the VLAN's interface.",
        references: &[
            "open-iscsi usr/iscsi_net_util.c (net_setup_netdev)",
            "dracut 059, modules.d/40network/net-lib.sh (ibft_to_cmdline), modules.d/35network-legacy/ifup.sh",
            "NetworkManager src/nm-initrd-generator/nmi-ibft-reader.c (vlan_setting_add_from_block)",
            "iPXE commit 7d64abbc5",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let ibft = super::table::ibft(facts)?;
    let Some(nic) = super::table::boot_nic(facts, ibft) else {
        return Err(Outcome::not_applicable("the iBFT names no valid NIC"));
    };
    if nic.vlan == 0 {
        return Ok(Outcome::pass(format!("{} boots without a VLAN", nic.mac)));
    }
    let Ok(image) = facts.judged_image() else {
        return Err(Outcome::not_applicable(
            "not checked: the initramfs could not be read, so it is not known whether it creates the VLAN",
        ));
    };
    if let Some(summary) = without_address(facts, image, nic)? {
        return finding(image, nic, &ibft.source, summary).into();
    }
    let Some(kernel) = facts.default_kernel() else {
        return Err(Outcome::not_applicable(
            "not checked: the kernel is not known, so whether it has 8021q is not known",
        ));
    };
    let missing = kernel.missing_in(image, "8021q")?;
    if missing.is_empty() {
        return Ok(Outcome::pass(format!("the initramfs sets an address on VLAN {}, and has 8021q", nic.vlan)));
    }
    let summary = format!("the SAN is on VLAN {}, and the initramfs lacks the module {}", nic.vlan, missing.join(", "));
    finding(image, nic, &ibft.source, summary).into()
}

/// Why no interface of this VLAN gets an address; `None` where one does.
fn without_address(facts: &Analysis<'_>, image: &Initramfs, nic: &IbftNic) -> Result<Option<String>, Outcome> {
    let on = format!("the SAN is on VLAN {}", nic.vlan);
    if image.has_network(NetworkKind::IscsistartN) {
        return Ok(Some(format!("{on}, and iscsistart -N sends packets without a tag")));
    }
    let words = facts.boot_words();
    let legacy = image.has_network(NetworkKind::DracutLegacy);
    let of_firmware = words.takes_firmware_nic(image)?;
    let added = if legacy && of_firmware { words_of_firmware(words, [nic.clone()].iter()) } else { Vec::new() };
    let added = Cmdline { at: None, words: added };
    let vlans: Vec<&str> =
        words.all("vlan").chain(added.all("vlan")).filter_map(|value| value.split(':').next()).collect();
    let is_of_id =
        |name: &str| name.rsplit(|c: char| !c.is_ascii_digit()).next().and_then(|id| id.parse().ok()) == Some(nic.vlan);
    let addressed = |name: &str| words.ip_words(Some(image)).iter().any(|ip| ip.interface.as_deref() == Some(name));
    let by_manager = image.has_network(NetworkKind::NetworkManager);
    let reads = legacy || by_manager || image.has_network(NetworkKind::Networkd);
    if reads && vlans.iter().any(|name| is_of_id(name) && (addressed(name) || by_manager)) || by_manager && of_firmware
    {
        return Ok(None);
    }
    image.whole()?;
    if image.network.is_empty() {
        return Err(Outcome::unknown(format!("it is not known what brings up the network in {}", image.path)));
    }
    Ok(Some(match added.all("vlan").next() {
        Some(vlan) => {
            format!("{on}: network-legacy makes vlan={vlan} of the iBFT, and sets the address on the NIC below it")
        }
        None => format!("{on}, and the initramfs does not set an address on that VLAN"),
    }))
}

fn finding(image: &Initramfs, nic: &IbftNic, source: &str, summary: String) -> Finding {
    Finding::critical(summary)
        .evidence(Evidence::new(source, format!("ethernet{}: vlan {}", nic.index, nic.vlan)))
        .evidences(image.network.iter().map(|network| Evidence::at(&network.at, "brings up the network")))
        .remedy(Remedy::new(
            "Have the switch port carry the SAN VLAN untagged, or build an initramfs with dracut's module \
             network-manager and 8021q: it sets the iBFT's address on the VLAN.",
        ))
}
