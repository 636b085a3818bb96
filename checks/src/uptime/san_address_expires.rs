//! `san-address-expires`

use crate::facts::{Address, LeaseClient, Manager, Method, Source};
use crate::handover::{ConfigMatch, config_text, manager_starts, san_config_matches, unread_manager};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity, ShellCommand};

pub(crate) static CHECK: Check = Check {
    id: "san-address-expires",
    link: Link::Uptime,
    severity: Severity::Critical,
    scope: Scope::Live,
    decided_by: &[],
    title: "the SAN NIC's address expires and nothing renews it",
    doc: Doc {
        finds: "The kernel will remove an IPv4 address of the SAN NIC when its lifetime ends, while no DHCP client \
                of the running system serves that NIC: no enabled network manager is configured to run DHCP on it, and no client \
                holds a valid lease for it. An address that is valid forever passes.",
        breaks: "The DHCP client in the initramfs (dracut's dhclient) gives the address the lifetime of the lease, \
                 and is stopped before the real root takes over. If the real root leaves the NIC alone, nobody renews the lease. \
                 At the end of the lifetime the kernel removes the address, the session loses its source address, and the root \
                 hangs: hours or days after a boot that looked healthy.",
        fix: "Have the real root run DHCP on the SAN NIC and keep its address and routes (networkd: KeepConfiguration=yes, \
               netplan: critical: true), or make the address static. Until then, set the lifetime to forever by hand.",
        references: &[
            "dracut modules.d/35network-legacy/dhclient-script.sh (valid_lft)",
            "ip-address(8), valid_lft",
            "systemd issues 16071 and 33934, xcat-core issue 1972",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let addresses = facts.network.addresses.needed()?;
    let Some(nic) = facts.any_nic() else {
        return Err(Outcome::not_applicable("not checked: the SAN NIC is not known (--san-nic NAME names it)"));
    };
    let own: Vec<&Address> = addresses
        .iter()
        .filter(|address| address.net.addr().is_ipv4() && facts.leads_through(&address.interface, &nic.name))
        .collect();
    if own.is_empty() {
        return Err(Outcome::not_applicable(format!("{} has no IPv4 address", nic.name)));
    }
    let Some((address, seconds)) = own.iter().find_map(|address| Some((*address, address.valid_seconds?))) else {
        let texts: Vec<_> = own.iter().map(|address| address.net.to_string()).collect();
        return Ok(Outcome::pass(format!("{} has {}, valid forever", nic.name, texts.join(", "))));
    };
    Ok(match renewal(facts, &nic.name) {
        Renewal::By(who) => {
            Outcome::pass(format!("{} on {} is valid for {seconds} s, and {who}", address.net, nic.name))
        }
        Renewal::Unclear(why, evidence) => Outcome::Unknown {
            reason: format!("{} on {} expires in {seconds} s, and {why}", address.net, nic.name),
            evidence,
        },
        Renewal::Nobody(evidence) => finding(&nic.name, address, seconds, evidence).into(),
    })
}

/// Whether anything renews the lease of the SAN NIC.
enum Renewal {
    By(String),
    Unclear(String, Vec<Evidence>),
    Nobody(Vec<Evidence>),
}

fn renewal(facts: &Analysis<'_>, nic: &str) -> Renewal {
    // klibc's ipconfig asks once, inside the initramfs, and is gone.
    if let Some(lease) = facts.leases_of(nic).find(|lease| lease.client != LeaseClient::Klibc) {
        let place = lease.at.as_ref().map(|at| format!(" ({at})")).unwrap_or_default();
        return Renewal::By(format!("{} holds the lease{place}", lease.client));
    }
    let config_matches = san_config_matches(facts);
    let by_dhcp = |found: &&ConfigMatch<'_>| match found.config.method {
        Method::Dhcp => true,
        Method::Unset => matches!(found.config.manager, Manager::Dhcpcd | Manager::NetworkManager),
        _ => false,
    };
    // What is for it goes before what may be.
    let (certain, possible): (Vec<_>, Vec<_>) = config_matches.iter().partition(|found| found.certain);
    if let Some(found) = certain.iter().copied().find(by_dhcp) {
        return Renewal::By(format!("{} configures DHCP on it", found.config.at));
    }
    if let Some(found) = possible.into_iter().find(by_dhcp) {
        let why = format!("it is not known whether {}, which configures DHCP, is for it", found.config.at);
        return Renewal::Unclear(why, vec![Evidence::at(&found.config.at, config_text(found.config))]);
    }
    // These take interfaces without being told about each.
    for (manager, name) in [(Manager::Dhcpcd, "dhcpcd"), (Manager::NetworkManager, "NetworkManager")] {
        if manager_starts(facts, manager) && !certain.iter().any(|found| found.config.manager == manager) {
            let why = format!("no configuration says whether {name}, which is enabled, renews it");
            return Renewal::Unclear(why, Vec::new());
        }
    }
    if let Some(problem) = unread_manager(facts).or(facts.unread(Source::Leases)) {
        return Renewal::Unclear(format!("what renews it could not be read: {problem}"), vec![problem.into()]);
    }
    let mut evidence: Vec<Evidence> =
        certain.iter().map(|found| Evidence::at(&found.config.at, format!("configures {nic} without DHCP"))).collect();
    if evidence.is_empty() {
        evidence.push(Evidence::new("network configuration", format!("no enabled network manager runs DHCP on {nic}")));
    }
    Renewal::Nobody(evidence)
}

fn finding(nic: &str, address: &Address, seconds: u32, evidence: Vec<Evidence>) -> Finding {
    Finding::critical(format!("{} on {nic} expires in {seconds} s, and nothing renews it", address.net))
        .evidence(Evidence::new(
            format!("ip address show dev {}", address.interface),
            format!("{} valid_lft {seconds}sec", address.net),
        ))
        .evidences(evidence)
        .remedy(
            Remedy::new(
                "Set the lifetime to forever now; then have the real root run DHCP on the SAN NIC with KeepConfiguration=yes, \
                 or make the address static",
            )
            .command(
                ShellCommand::new(&["ip", "address", "change"])
                    .value(address.net.to_string())
                    .args(&["dev"])
                    .value(address.interface.as_str())
                    .args(&["valid_lft", "forever", "preferred_lft", "forever"]),
            ),
        )
}
