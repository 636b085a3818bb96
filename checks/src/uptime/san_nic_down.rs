//! `san-nic-down`

use crate::analysis::san;
use crate::facts::NetLink;
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity, ShellCommand};

pub(crate) static CHECK: Check = Check {
    id: "san-nic-down",
    link: Link::Uptime,
    severity: Severity::Critical,
    scope: Scope::Live,
    decided_by: &[],
    title: "the SAN NIC is down",
    doc: Doc {
        finds: "The SAN NIC is administratively down, has no carrier, or the kernel reports it as down.",
        breaks: "Nothing reaches the target. The kernel removes the routes of an interface that is set down, so the \
                 route checks would fail too: they refer to this one instead. The root hangs, and gets I/O \
                 errors once the replacement timeout has passed.",
        fix: "Set the NIC up, and add its routes again: the kernel does not restore them. Without carrier, check \
               the cable and the switch port.",
        references: &["ip-link(8)", "Linux Documentation/networking/operstates.rst", "RFC 2863, ifOperStatus"],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    facts.network.links.needed()?;
    let Some(nic) = facts.any_nic() else {
        return Err(Outcome::not_applicable("not checked: the SAN NIC is not known (--san-nic NAME names it)"));
    };
    let Some(link) = facts.link(&nic.name) else {
        return Err(Outcome::unknown(format!("the kernel has no interface {}, although {}", nic.name, nic.how)));
    };
    if !san::is_down(link) {
        return Ok(Outcome::pass(format!("{} is up with carrier, MTU {}", link.name, link.mtu)));
    }
    let (what, advice) = if link.up {
        ("has no carrier", "Check the cable and the switch port of the SAN NIC")
    } else {
        ("is administratively down", "Set the SAN NIC up and add the routes to the target again")
    };
    let mut remedy = Remedy::new(advice);
    if !link.up {
        remedy =
            remedy.command(ShellCommand::new(&["ip", "link", "set", "dev"]).value(link.name.as_str()).args(&["up"]));
        for portal in facts.root_portals() {
            remedy = remedy.commands(facts.route_command(portal.ip, Some(&link.name)));
        }
    }
    Finding::critical(format!("the SAN NIC {} {what}", link.name))
        .evidence(Evidence::new(format!("ip link show dev {}", link.name), state(link)))
        .evidence(Evidence::new(format!("SAN NIC {}", nic.name), nic.how))
        .remedy(remedy)
        .into()
}

fn state(link: &NetLink) -> String {
    let flag = |set: bool| if set { "yes" } else { "no" };
    format!("up: {}, carrier: {}, operational state: {}", flag(link.up), flag(link.carrier), link.oper_state)
}
