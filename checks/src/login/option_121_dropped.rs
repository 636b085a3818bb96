//! `login-option-121-dropped`: the image's DHCP client loses the route to the target.

use crate::analysis::BootHandoff;
use crate::facts::{Initramfs, NetworkKind, Option121, Option121Support};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity, ShellCommand, analysis};

pub(crate) static CHECK: Check = Check {
    id: "login-option-121-dropped",
    link: Link::Login,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the DHCP client in the initramfs drops the routes of option 121",
    doc: Doc {
        finds: "The SAN NIC gets its address by DHCP in the initramfs, the DHCP client or its script does not install \
                the classless static routes of option 121, and no other route to the target is known: no rd.route= \
                that the initramfs reads for every portal, no gateway in ip=, no route that `iscsistart -N` sets \
                through the iBFT's gateway, no lease with a router, and a portal outside of the subnets of the \
                firmware's NICs. Since dracut 054, network-legacy passes the option to its parser as one word, so \
                that it sets no route or rejects the whole lease. klibc's ipconfig has used the option since 2019. \
                That the target is behind a gateway takes evidence: a portal outside of the networks that the SAN NIC \
                is in (by the firmware, its lease, its configuration), a route to it by a gateway, or a --san-subnet \
                outside of these networks. Without any the answer is unknown; in a flat network say --san-on-link.",
        breaks: "The target is behind a gateway that only option 121 announces. The NIC comes up without the route, \
                 and the login never reaches the target. Seen in a boot of Debian 12 with dracut 059: `Illegal \
                 number: 16 100 97 100 64 16 49`, `dhcp for interface ibft0 failed`.",
        fix: "dracut: add the route as rd.route=NET/LEN:GATEWAY:INTERFACE (seen to boot), or use the module \
              network-manager, which uses option 121. initramfs-tools: install a newer klibc.",
        references: &[
            "RFC 3442",
            "dracut commit 8c0fcdd9, modules.d/35network-legacy/dhclient-script.sh (parse_option_121)",
            "klibc commit ee59de58, https://bugs.debian.org/884716",
            "dracut.cmdline(7), rd.route",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let image = facts.image_that_logs_in()?;
    let clients: Vec<_> = image.network.iter().filter(|network| network.kind != NetworkKind::IscsistartN).collect();
    if clients.is_empty() {
        return Err(Outcome::not_applicable("no DHCP client in the initramfs brings up the network"));
    }
    if let Some(outcome) = other_way(facts, image)? {
        return Ok(outcome);
    }
    let handling: Vec<&Option121> = image
        .classless
        .iter()
        .filter(|handling| clients.iter().any(|network| network.kind == handling.network))
        .collect();
    let takes = handling.iter().find(|handling| handling.support == Option121Support::Yes);
    let unclear = handling.iter().find_map(|handling| match &handling.support {
        Option121Support::Unclear(why) => Some((handling, why)),
        _ => None,
    });
    let drops = handling.iter().find_map(|handling| match &handling.support {
        Option121Support::No(why) => Some((handling, why)),
        _ => None,
    });
    Ok(match (takes, drops, unclear) {
        (Some(takes), None, None) => {
            Outcome::pass(format!("{} installs the routes of option 121", analysis::path_inside(&takes.at.to_string())))
        }
        (None, Some((handling, why)), None) => return dropped(facts, image, handling, why),
        (_, _, Some((unclear, why))) => Outcome::Unknown {
            reason: format!(
                "it is not known what {} does with option 121",
                analysis::path_inside(&unclear.at.to_string())
            ),
            evidence: vec![Evidence::at(&unclear.at, unclear.excerpt.clone()), Evidence::at(&unclear.at, why)],
        },
        (Some(_), Some((handling, why)), None) => Outcome::Unknown {
            reason: "the initramfs has one DHCP client that uses option 121 and one that drops it".to_owned(),
            evidence: vec![Evidence::at(&handling.at, why.clone())],
        },
        (None, None, None) => Outcome::unknown("it is not known what the initramfs's DHCP client does with option 121"),
    })
}

/// The way to the target where it is not option 121, or why there is nothing to judge.
fn other_way(facts: &Analysis<'_>, image: &Initramfs) -> Result<Option<Outcome>, Outcome> {
    let words = facts.boot_words();
    let ips = words.ip_words(Some(image));
    if let Some(ip) = ips.iter().find(|ip| ip.is_static()) {
        return Err(Outcome::not_applicable(format!("ip={} sets the address, not DHCP", ip.text)));
    }
    let routes = words.routes_set(image)?;
    if let Some(route) = facts.route_to_portals(&routes) {
        let reason = format!("rd.route={} sets a route to the target without option 121", route.text);
        return Ok(Some(Outcome::pass(reason)));
    }
    if let Some(route) = facts.route_left_out(image)? {
        return Err(Outcome::not_applicable(format!(
            "not checked: rd.route={} names an interface that the initramfs lacks (see login-route-interface-unknown)",
            route.text
        )));
    }
    let nic = facts.handoff().and_then(BootHandoff::boot_nic);
    if nic.is_some_and(|nic| !nic.by_dhcp && nic.address.is_some())
        && (image.has_network(NetworkKind::IscsistartN) || words.takes_firmware_nic(image)?)
    {
        return Err(Outcome::not_applicable("the iBFT sets the address, not DHCP"));
    }
    let portals = facts.login_portals();
    if !portals.is_empty() && portals.iter().all(|portal| facts.has_way(*portal, &routes)) {
        let routed = portals.iter().find_map(|portal| routes.iter().find(|route| route.leads_to(*portal)));
        return Ok(Some(Outcome::pass(match routed {
            Some(route) => format!(
                "every portal is in the subnet of a NIC of the firmware, or has a route such as rd.route={}",
                route.text
            ),
            None => "every portal is in the subnet of a NIC of the firmware".to_owned(),
        })));
    }
    Ok(lease_without_option(facts))
}

/// What a lease of the SAN NIC says that has a router and no option 121.
fn lease_without_option(facts: &Analysis<'_>) -> Option<Outcome> {
    let lease = facts.dhcp.leases.iter().find(|lease| {
        let mac = facts.san_mac();
        lease.mac.is_some() && lease.mac.as_deref() == mac
    })?;
    let without = lease.classless.as_ref().is_none_or(Vec::is_empty);
    (without && !lease.routers.is_empty()).then(|| {
        let routers: Vec<_> = lease.routers.iter().map(ToString::to_string).collect();
        Outcome::pass(format!("the lease of the SAN NIC has the router {} and no option 121", routers.join(", ")))
    })
}

/// What to know of a gateway on a command line that a template carries to other machines.
const OF_ONE_NETWORK: &str =
    "The gateway is that of this machine's SAN segment: a copy in another segment needs its own.";

/// The client drops the option: unless `iscsistart -N` makes a route of its own, that is the end.
fn dropped(facts: &Analysis<'_>, image: &Initramfs, handling: &Option121, why: &str) -> Result<Outcome, Outcome> {
    // Another client, or iscsistart -N, may be in what was not read.
    image.whole()?;
    if image.has_network(NetworkKind::IscsistartN) && facts.wants_firmware() {
        let nic = facts.handoff().and_then(BootHandoff::boot_nic);
        match nic.map(|nic| nic.gateway) {
            Some(Some(gateway)) => {
                return Ok(Outcome::pass(format!(
                    "iscsistart -N sets a route to the target through the iBFT's gateway {gateway}"
                )));
            }
            Some(None) => {}
            None => {
                return Err(Outcome::Unknown {
                    reason: "the DHCP client drops option 121, and it is not known here whether the iBFT has a gateway"
                        .to_owned(),
                    evidence: vec![Evidence::at(&handling.at, handling.excerpt.clone())],
                });
            }
        }
    }
    let target = facts.target_network();
    let evidence = || vec![Evidence::at(&handling.at, handling.excerpt.clone()), Evidence::at(&handling.at, why)];
    if let Some(outcome) = target.without_route("the DHCP client in the initramfs drops option 121", evidence()) {
        return Ok(outcome);
    }
    let remedy = match handling.network {
        NetworkKind::DracutLegacy | NetworkKind::Networkd | NetworkKind::NetworkManager => {
            let (word, known) = route_word(facts, image)?;
            let text = match facts.network_for_option_121() {
                Some(network) => format!(
                    "Rebuild the initramfs with dracut's module {network}, which uses option 121, and request the \
                     login in its words (isctpl prepare does both); or add {word} to GRUB_CMDLINE_LINUX. {OF_ONE_NETWORK}"
                ),
                None => format!("Add {word} to GRUB_CMDLINE_LINUX. {OF_ONE_NETWORK}"),
            };
            if known { facts.edit_words_by_hand(text, &[], &[&word]) } else { facts.update_loader(text) }
        }
        _ => Remedy::new("Install a klibc of 2019 or later, which uses option 121, and rebuild the initramfs.")
            .command(ShellCommand::new(&["apt-get", "install", "--only-upgrade", "klibc-utils", "libklibc"]))
            .command(ShellCommand::new(&["update-initramfs", "-u", "-k", "all"])),
    };
    Finding::critical(format!(
        "the DHCP client in the initramfs drops option 121, the only source of the route to the target: {}",
        analysis::path_inside(&handling.at.to_string())
    ))
    .evidences(evidence())
    .evidences(target.shown())
    .evidences(routes_elsewhere(facts))
    .remedy(remedy.repairs_by(facts.request_login()))
    .into()
}

/// The rd.route= that do not lead to the known portals.
fn routes_elsewhere(facts: &Analysis<'_>) -> Vec<Evidence> {
    let words = facts.boot_words();
    let portals = facts.login_portals();
    let source = words.at.as_ref().map_or_else(|| "kernel command line".to_owned(), ToString::to_string);
    words
        .route_words()
        .into_iter()
        .filter_map(|route| {
            let portal = portals.iter().find(|portal| !route.leads_to(**portal))?;
            Some(Evidence::new(&source, format!("rd.route={} does not cover {portal}", route.text)))
        })
        .collect()
}

/// The word that names the route, as far as its parts are known, and whether all of them are.
fn route_word(facts: &Analysis<'_>, image: &Initramfs) -> Result<(String, bool), Outcome> {
    // network-legacy names the NIC of the iBFT ibft0 when it is told to read it.
    let words = facts.boot_words();
    let nic = words.renames_firmware_nic(image)?.then_some("ibft0");
    let interface = nic.map(|nic| format!(":{nic}")).unwrap_or_default();
    Ok(match (facts.san_route().and_then(|route| route.as_word(nic)), facts.login_portals().first()) {
        (Some(word), _) => (word, true),
        (None, Some(portal)) => (format!("rd.route={portal}:SAN-GATEWAY{interface}"), false),
        (None, None) => (format!("rd.route=TARGET-NET/LEN:SAN-GATEWAY{interface}"), false),
    })
}
