//! `san-mtu-mismatch`

use crate::analysis::san;
use crate::facts::{LookupAnswer, Source};
use crate::handover::{san_configs, unread_manager};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity, ShellCommand};

pub(crate) static CHECK: Check = Check {
    id: "san-mtu-mismatch",
    link: Link::Uptime,
    severity: Severity::Warning,
    scope: Scope::Live,
    decided_by: &[],
    title: "the SAN NIC's MTU differs from its lease, a route or its configuration",
    doc: Doc {
        finds: "The SAN NIC's MTU is larger than the lease allows (option 26), smaller than the MTU of the route to \
                a portal, or differs from its configuration.",
        breaks: "Packets larger than the network carries are dropped silently: the login works, since its \
                 packets are small, and then large reads and writes stall. An MTU that the configuration changes \
                 later changes it under the session that carries the root.",
        fix: "Set one MTU on the NIC, on the switch port and on the target's side, and have the lease or the \
               configuration say the same.",
        references: &[
            "RFC 2132, section 5.1 (interface MTU option)",
            "open-iscsi commit cc2c48a0 (a change of MTU can disrupt sessions)",
            "cloud-init, iscsi root on Oracle Cloud (MTU=9000)",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    facts.network.links.needed()?;
    let Some(nic) = facts.any_nic() else {
        return Err(Outcome::not_applicable("not checked: the SAN NIC is not known (--san-nic NAME names it)"));
    };
    let Some(link) = facts.link(&nic.name) else {
        return Err(Outcome::not_applicable(format!("the kernel has no interface {}", nic.name)));
    };
    let name = &link.name;
    let set = Evidence::new(format!("ip link show dev {name}"), format!("mtu {}", link.mtu));
    let mut findings = Vec::new();
    for lease in facts.leases_of(name) {
        if let Some(leased) = lease.mtu.filter(|leased| *leased < link.mtu) {
            let place = lease.at.as_ref().map_or_else(|| format!("lease of {name}"), ToString::to_string);
            findings.push(
                Finding::warning(format!("{name} has MTU {}, but its lease allows {leased}", link.mtu))
                    .evidence(set.clone())
                    .evidence(Evidence::new(place, format!("option 26: {leased}")))
                    .remedy(
                        Remedy::new("Set the MTU to the lease's value, unless the lease is wrong").command(
                            ShellCommand::new(&["ip", "link", "set", "dev"])
                                .value(name.as_str())
                                .args(&["mtu"])
                                .value(leased.to_string()),
                        ),
                    ),
            );
        }
    }
    for lookup in facts.network.lookups.known().into_iter().flatten() {
        if let LookupAnswer::Route(route) = &lookup.answer
            && let Some(mtu) = route.mtu.filter(|mtu| *mtu > link.mtu)
            && route.interface.as_deref() == Some(name)
        {
            findings.push(
                Finding::warning(format!(
                    "the route to {} has MTU {mtu}, but {name} has only {}",
                    lookup.destination, link.mtu
                ))
                .evidence(set.clone())
                .evidence(Evidence::new(
                    format!("ip route get {}", lookup.destination),
                    format!("{} mtu {mtu}", san::route_text(route)),
                ))
                .remedy(Remedy::new("Remove the MTU from the route, or raise the NIC's MTU")),
            );
        }
    }
    for config in san_configs(facts) {
        if let Some(mtu) = config.mtu.as_ref().filter(|mtu| mtu.value != link.mtu) {
            findings.push(
                Finding::warning(format!("{name} has MTU {}, but its configuration says {}", link.mtu, mtu.value))
                    .evidence(set.clone())
                    .evidence(Evidence::at(&mtu.at, format!("MTU {}", mtu.value)))
                    .remedy(Remedy::new("Find out which of the two the network carries, and set it in both places")),
            );
        }
    }
    let unread = unread_manager(facts).or(facts.unread(Source::Leases));
    if let Some(problem) = unread.filter(|_| findings.is_empty()) {
        return Err(Outcome::unread(problem));
    }
    Ok(Outcome::from_findings(findings, || {
        format!("{name} has MTU {}; no lease, route or configuration says otherwise", link.mtu)
    }))
}
