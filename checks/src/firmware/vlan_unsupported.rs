//! `ibft-vlan-unsupported`: the firmware booted over a VLAN, and the image cannot make one.

use crate::facts::NetworkKind;
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "ibft-vlan-unsupported",
    link: Link::Firmware,
    severity: Severity::Warning,
    scope: Scope::Machine,
    decided_by: &[],
    title: "the iBFT names a VLAN that the initramfs does not create",
    doc: Doc {
        finds: "The iBFT gives its NIC a VLAN id, and the initramfs configures that NIC with `iscsistart -N`, or has no \
                module 8021q.",
        breaks: "`iscsistart -N` sets address and route on the NIC itself and creates no VLAN interface, so its packets \
                 leave untagged and never reach the target. dracut derives vlan= from the iBFT, but needs \
                 the module 8021q for it.",
        fix: "Have the switch port carry the SAN VLAN untagged, or use an image that creates the VLAN: dracut with \
               rd.iscsi.ibft=1 and the module 8021q.",
        references: &[
            "open-iscsi usr/iscsi_net_util.c (net_setup_netdev)",
            "dracut modules.d/network-legacy/net-lib.sh (ibft_to_cmdline)",
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
    let words = facts.boot_words();
    if words.has("vlan") && !image.has_network(NetworkKind::IscsistartN) {
        return Ok(Outcome::pass(format!("vlan= on the kernel command line creates VLAN {}", nic.vlan)));
    }
    let finding =
        Finding::warning(format!("the SAN is on VLAN {}, and the initramfs does not create that VLAN", nic.vlan))
            .evidence(Evidence::new(&ibft.source, format!("ethernet{}: vlan {}", nic.index, nic.vlan)));
    let remedy =
        Remedy::new("Have the switch port carry the SAN VLAN untagged, or build an initramfs that creates the VLAN.");
    if let Some(network) = image.network.iter().find(|network| network.kind == NetworkKind::IscsistartN) {
        let says = "iscsistart -N configures the NIC without its VLAN";
        return finding.evidence(Evidence::at(&network.at, says)).remedy(remedy).into();
    }
    let Some(kernel) = facts.default_kernel() else {
        return Err(Outcome::not_applicable(
            "not checked: the kernel is not known, so whether it has 8021q is not known",
        ));
    };
    let missing = kernel.missing_in(image, "8021q")?;
    if missing.is_empty() {
        return Ok(Outcome::pass(format!("the initramfs has 8021q for VLAN {}", nic.vlan)));
    }
    finding.evidence(Evidence::new(&image.path, format!("no module {}", missing.join(", ")))).remedy(remedy).into()
}
