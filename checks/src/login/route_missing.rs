//! `login-route-missing`: the command line sets the network up, and leaves the target out of reach.

use crate::analysis::IpWord;
use crate::facts::{Cmdline, Initramfs, NetworkKind};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "login-route-missing",
    link: Link::Login,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the command line sets an address but no route to the target",
    doc: Doc {
        finds: "ip= on the kernel command line sets a static address without a gateway, the known portals are outside \
                that subnet, no rd.route= that the initramfs reads covers each of them, and nothing else brings a \
                route; or ip=off is the only ip=, and the login needs the network.",
        breaks: "The initramfs tries to log in, and the kernel reports `Network is unreachable`. dracut does not even \
                 try: it tests the route first (rd.iscsi.testroute).",
        fix: "Write the gateway into the third field of ip=; or add rd.route=NET/LEN:GATEWAY:INTERFACE (dracut); or \
              remove ip=, so that DHCP brings the route.",
        references: &[
            "Linux Documentation/admin-guide/nfs/nfsroot.rst, ip=",
            "dracut.cmdline(7), ip=, rd.route, rd.iscsi.testroute",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let image = facts.image_that_logs_in()?;
    let words = facts.boot_words();
    let ips = words.ip_words(Some(image));
    if takes_firmware_route(facts, image) {
        return Ok(Outcome::pass("iscsistart -N takes the address and the route from the iBFT"));
    }
    if let [only] = ips.as_slice()
        && matches!(only.method.as_str(), "off" | "none")
        && only.address.is_none()
        && image.has_network(NetworkKind::Ipconfig)
    {
        return missing(facts, image, words, only, "the initramfs brings up no network".to_owned());
    }
    let routes = words.routes_set(image)?;
    if let Some(route) = facts.route_to_portals(&routes) {
        return Ok(Outcome::pass(format!("rd.route={} sets a route to the target", route.text)));
    }
    if let Some(ip) = ips.iter().find(|ip| ip.gateway.is_some()) {
        return Ok(Outcome::pass(format!("ip={} has a gateway", ip.text)));
    }
    if ips.is_empty() || ips.iter().any(|ip| !ip.is_static()) {
        return Ok(Outcome::pass("the route to the target comes from DHCP or the iBFT"));
    }
    let portals = facts.login_portals();
    let beyond = portals
        .iter()
        .filter(|portal| !routes.iter().any(|route| route.leads_to(**portal)))
        .find(|portal| !ips.iter().any(|ip| ip.network.is_none_or(|network| network.contains(*portal))));
    match (beyond, ips.first()) {
        (Some(portal), Some(ip)) => {
            missing(facts, image, words, ip, format!("the portal {portal} is outside its subnet"))
        }
        _ if portals.is_empty() => Err(Outcome::not_applicable("not checked: no portal is known")),
        _ => Ok(Outcome::pass("every portal is in the subnet of the static address, or a static route leads to it")),
    }
}

/// Whether `iscsistart -N` brings a route by itself. Without the iBFT at hand this is left to the
/// check of its gateway.
fn takes_firmware_route(facts: &Analysis<'_>, image: &Initramfs) -> bool {
    image.has_network(NetworkKind::IscsistartN) && facts.wants_firmware()
}

fn missing(
    facts: &Analysis<'_>,
    image: &Initramfs,
    words: &Cmdline,
    ip: &IpWord,
    why: String,
) -> Result<Outcome, Outcome> {
    if facts.wants_firmware() {
        // iscsistart -N may be in what was not read.
        image.whole()?;
    }
    let source = words.at.as_ref().map_or_else(|| "kernel command line".to_owned(), ToString::to_string);
    Finding::critical(format!("ip={} sets no route to the target: {why}", ip.text))
        .evidence(Evidence::new(source, format!("ip={}", ip.text)))
        .evidences(image.network.iter().map(|network| Evidence::at(&network.at, "brings up the network from ip=")))
        .evidences(facts.portals().into_iter().map(|portal| Evidence::new(portal.source, portal.ip.to_string())))
        .remedy(facts.update_loader(
            "Write the SAN gateway into the third field of ip=, or (dracut) add rd.route=NET/LEN:GATEWAY:INTERFACE.",
        ).repairs_by(facts.request_login()))
        .into()
}
