//! `san-address-expires`

use crate::facts::{Address, Facts, Manager, Method};
use crate::handover::{manager_starts, san_claims};
use crate::view::san;
use crate::{Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity, ShellCommand};

pub(crate) static CHECK: Check = Check {
    id: "san-address-expires",
    link: Link::Uptime,
    severity: Severity::Critical,
    scope: Scope::Live,
    decided_by: &[],
    title: "the SAN NIC's address runs out and nothing renews it",
    doc: Doc {
        finds: "An IPv4 address of the SAN NIC that the kernel will remove after some seconds, while no DHCP client \
                of the running system has that NIC: no manager that starts is told to run DHCP on it, and no client \
                has a lease in force for it. An address that is valid forever passes.",
        breaks: "A DHCP client inside the initramfs (dracut's dhclient) gives the address the lifetime of the lease, \
                 and is ended before the real root takes over. If that leaves the NIC alone, nobody renews the lease. \
                 When the time is up the kernel removes the address, the session loses its source, and the root \
                 stands still: hours or days after a boot that looked sound.",
        fix: "Let the real root run DHCP on the SAN NIC and keep what is there (networkd: KeepConfiguration=yes, \
               netplan: critical: true), or make the address static. Until then, take away the lifetime by hand.",
        references: &[
            "dracut modules.d/35network-legacy/dhclient-script.sh (valid_lft)",
            "ip-address(8), valid_lft",
            "systemd issues 16071 and 33934, xcat-core issue 1972",
        ],
    },
    judge,
};

fn judge(facts: &Facts) -> Outcome {
    let addresses = crate::known!(facts.network.addresses);
    let Some(nic) = san::any_nic(facts) else {
        return Outcome::not_applicable("which NIC is the SAN NIC is not known: --san-nic NAME settles it");
    };
    let own: Vec<&Address> = addresses
        .iter()
        .filter(|address| address.net.addr().is_ipv4() && san::leads_through(facts, &address.interface, &nic.name))
        .collect();
    if own.is_empty() {
        return Outcome::not_applicable(format!("{} has no IPv4 address", nic.name));
    }
    let Some((address, seconds)) = own.iter().find_map(|address| Some((*address, address.valid_seconds?))) else {
        let texts: Vec<_> = own.iter().map(|address| address.net.to_string()).collect();
        return Outcome::pass(format!("{} has {}, valid forever", nic.name, texts.join(", ")));
    };
    match renewal(facts, &nic.name) {
        Renewal::By(who) => Outcome::pass(format!("{} on {} runs {seconds} s, and {who}", address.net, nic.name)),
        Renewal::Unclear(why) => {
            Outcome::unknown(format!("{} on {} runs out in {seconds} s, and {why}", address.net, nic.name))
        }
        Renewal::Nobody(evidence) => finding(&nic.name, address, seconds, evidence).into(),
    }
}

/// Whether anything renews the lease of the SAN NIC.
enum Renewal {
    By(String),
    Unclear(String),
    Nobody(Vec<Evidence>),
}

fn renewal(facts: &Facts, nic: &str) -> Renewal {
    // klibc's ipconfig asks once, inside the initramfs, and is gone.
    if let Some(lease) = san::leases_of(facts, nic).find(|lease| lease.client != "klibc") {
        let place = lease.at.as_ref().map(|at| format!(" ({at})")).unwrap_or_default();
        return Renewal::By(format!("{} has the lease{place}", lease.client));
    }
    let claims = san_claims(facts);
    let by_dhcp = claims.iter().find(|claim| match claim.config.method {
        Method::Dhcp => true,
        Method::Unset => matches!(claim.config.manager, Manager::Dhcpcd | Manager::NetworkManager),
        _ => false,
    });
    if let Some(claim) = by_dhcp {
        return Renewal::By(format!("{} says DHCP for it", claim.config.at));
    }
    // These take interfaces without being told about each.
    for (manager, name) in [(Manager::Dhcpcd, "dhcpcd"), (Manager::NetworkManager, "NetworkManager")] {
        if manager_starts(facts, manager) && !claims.iter().any(|claim| claim.config.manager == manager) {
            return Renewal::Unclear(format!("whether {name}, which starts, renews it is not written anywhere"));
        }
    }
    if let Some(problem) = facts.netconfig.problems.first().or(facts.dhcp.problems.first()) {
        return Renewal::Unclear(format!("who renews it could not be read: {problem}"));
    }
    let mut evidence: Vec<Evidence> =
        claims.iter().map(|claim| Evidence::at(&claim.config.at, format!("{nic} without DHCP"))).collect();
    if evidence.is_empty() {
        evidence.push(Evidence::new("network configuration", format!("no manager that starts runs DHCP on {nic}")));
    }
    Renewal::Nobody(evidence)
}

fn finding(nic: &str, address: &Address, seconds: u32, evidence: Vec<Evidence>) -> Finding {
    Finding::critical(format!("{} on {nic} runs out in {seconds} s, and nothing renews it", address.net))
        .evidence(Evidence::new(
            format!("ip address show dev {}", address.interface),
            format!("{} valid_lft {seconds}sec", address.net),
        ))
        .evidences(evidence)
        .remedy(
            Remedy::new(
                "Take the lifetime away now; then let the real root run DHCP on the SAN NIC with KeepConfiguration=yes, \
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
