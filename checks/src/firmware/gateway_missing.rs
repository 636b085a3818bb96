//! `ibft-gateway-missing`: the iBFT's own addresses are used, the target lies behind a gateway, and
//! the iBFT has none.

use crate::facts::{IbftNic, NetworkKind};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "ibft-gateway-missing",
    link: Link::Firmware,
    severity: Severity::Critical,
    scope: Scope::Machine,
    decided_by: &[],
    title: "the iBFT names no gateway, and its target is in another subnet",
    doc: Doc {
        finds: "The image gives the SAN NIC the static address of the iBFT, the target is outside of that NIC's \
                subnet, and the iBFT names no gateway, or one outside that subnet, and no rd.route= that \
                the image reads covers the target. Where the address came by DHCP the image asks DHCP again and the \
                iBFT's gateway does not matter: this check passes, and login-option-121-dropped judges.",
        breaks: "The iBFT has a field for one gateway and none for the routes of DHCP option 121. iPXE fills it from \
                 option 3. `iscsistart -N` adds a route to each target through that gateway; without one it prints \
                 `Invalid or missing gateway` and adds none: the portal is unreachable and the login fails.",
        fix: "Give the firmware a gateway on the SAN segment (iPXE: set netX/gateway, or DHCP option 3 for \
               iPXE alone), or configure the NIC by DHCP with option 121 and an image that honours it. dracut \
               takes the route from rd.route=NET/LEN:GATEWAY:INTERFACE.",
        references: &[
            "open-iscsi usr/iscsi_net_util.c (net_setup_netdev)",
            "iPXE src/drivers/block/ibft.c",
            "dracut.cmdline(7), rd.route",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let ibft = super::table::ibft(facts)?;
    let image = match facts.judged_image() {
        Ok(image) => image,
        Err(_) => {
            return Err(Outcome::not_applicable(
                "not checked: the initramfs could not be read, so it is not known whether it uses the iBFT's addresses",
            ));
        }
    };
    if !facts.wants_firmware() {
        return Err(Outcome::not_applicable("the kernel command line does not ask for a login by the iBFT"));
    }
    let words = facts.boot_words();
    if !image.has_network(NetworkKind::IscsistartN) && !words.takes_firmware_nic(image)? {
        image.whole()?;
        return Err(Outcome::not_applicable("the initramfs does not take its addresses from the iBFT"));
    }
    let Some(nic) = super::table::boot_nic(facts, ibft) else {
        return Err(Outcome::not_applicable("the iBFT names no valid NIC"));
    };
    let Some(network) = nic.network() else {
        return Err(Outcome::not_applicable("the iBFT gives its NIC no address"));
    };
    let beyond: Vec<_> = ibft
        .targets
        .iter()
        .filter(|target| target.is_valid())
        .filter_map(|target| target.ip)
        .filter(|ip| !network.contains(ip))
        .collect();
    let Some(target) = beyond.first() else {
        return Ok(Outcome::pass(format!("the target is in the NIC's own subnet {network} and needs no gateway")));
    };
    if let Some(gateway) = usable_gateway(nic) {
        return Ok(Outcome::pass(format!("the iBFT names the gateway {gateway} for {target}")));
    }
    if nic.is_by_dhcp() {
        return Ok(Outcome::pass(format!("the initramfs takes the route to {target} from DHCP, not from the iBFT")));
    }
    let routes = words.routes_set(image)?;
    if beyond.iter().all(|ip| routes.iter().any(|route| route.destination.contains(ip))) {
        return Ok(Outcome::pass(format!("rd.route= sets a route to {target}")));
    }
    let what = match nic.gateway {
        Some(gateway) => format!("the iBFT's gateway {gateway} is outside {network}, so {target} is unreachable"),
        None => format!("the iBFT names no gateway, and its target {target} is outside {network}"),
    };
    let gateway = nic.gateway.map_or_else(|| "none".to_owned(), |gateway| gateway.to_string());
    Finding::critical(what)
        .evidence(Evidence::new(
            &ibft.source,
            format!("ethernet{}: {network}, gateway {gateway}, origin {}, no DHCP server", nic.index, nic.origin),
        ))
        .evidences(image.network.iter().map(|network| Evidence::at(&network.at, "configures the network")))
        .remedy(Remedy::new(
            "Give the boot firmware a gateway on the SAN segment (iPXE: set net0/gateway ADDRESS before sanboot), or \
             configure that NIC by DHCP.",
        ))
        .into()
}

/// The gateway, when the kernel can reach it from the NIC's subnet.
fn usable_gateway(nic: &IbftNic) -> Option<std::net::IpAddr> {
    let gateway = nic.gateway.filter(|gateway| !gateway.is_unspecified())?;
    nic.network()?.contains(&gateway).then_some(gateway)
}
