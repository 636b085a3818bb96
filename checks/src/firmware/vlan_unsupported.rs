//! `ibft-vlan-unsupported`: the firmware booted over a VLAN, and the image cannot make one.

use crate::facts::{Facts, NetworkKind};
use crate::{Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity, view};

pub(crate) static CHECK: Check = Check {
    id: "ibft-vlan-unsupported",
    link: Link::Firmware,
    severity: Severity::Warning,
    scope: Scope::Machine,
    decided_by: &[],
    title: "the iBFT names a VLAN that the image does not set up",
    doc: Doc {
        finds: "The NIC of the iBFT has a VLAN id, and the image brings that NIC up with `iscsistart -N`, or holds no \
                module 8021q.",
        breaks: "`iscsistart -N` sets address and route on the NIC itself and makes no VLAN interface, so its packets \
                 leave untagged and never reach the target. dracut writes vlan= for itself from the iBFT, but needs \
                 the module 8021q for it.",
        fix: "Let the switch port carry the SAN untagged, or use an image that makes the VLAN: dracut with \
               rd.iscsi.ibft=1 and the module 8021q.",
        references: &[
            "open-iscsi usr/iscsi_net_util.c (net_setup_netdev)",
            "dracut modules.d/network-legacy/net-lib.sh (ibft_to_cmdline)",
            "iPXE commit 7d64abbc5",
        ],
    },
    judge,
};

fn judge(facts: &Facts) -> Outcome {
    let ibft = match super::ibft(facts) {
        Ok(ibft) => ibft,
        Err(outcome) => return outcome,
    };
    let Some(nic) = super::boot_nic(ibft) else { return Outcome::not_applicable("the iBFT names no valid NIC") };
    if nic.vlan == 0 {
        return Outcome::pass(format!("{} boots without a VLAN", nic.mac));
    }
    let Ok(image) = view::judged_image(facts) else {
        return Outcome::not_applicable("without the image it is not known who would make the VLAN");
    };
    let words = view::boot_words(facts);
    if words.has("vlan") && !view::has_network(image, NetworkKind::IscsistartN) {
        return Outcome::pass(format!("vlan= on the command line makes the VLAN {}", nic.vlan));
    }
    let finding = Finding::warning(format!("the SAN is on VLAN {}, and the image does not set it up", nic.vlan))
        .evidence(Evidence::new(&ibft.source, format!("ethernet{}: vlan {}", nic.index, nic.vlan)));
    let remedy = Remedy::new("Let the switch port carry the SAN untagged, or build an image that makes the VLAN.");
    if let Some(network) = image.network.iter().find(|network| network.kind == NetworkKind::IscsistartN) {
        let says = "iscsistart -N sets the NIC up without its VLAN";
        return finding.evidence(Evidence::at(&network.at, says)).remedy(remedy).into();
    }
    let Some(kernel) = view::default_kernel(facts) else {
        return Outcome::not_applicable("without the kernel it is not known whether it has 8021q");
    };
    match view::in_image(kernel, image, "8021q") {
        view::InImage::Missing if !image.incomplete => {
            finding.evidence(Evidence::new(&image.path, "no module 8021q")).remedy(remedy).into()
        }
        view::InImage::Missing | view::InImage::Unclear => {
            Outcome::unknown(format!("whether {} has the module 8021q could not be read", image.path))
        }
        _ => Outcome::pass(format!("the image has 8021q for the VLAN {}", nic.vlan)),
    }
}
