//! `san-route-wrong-nic`

use crate::analysis::policy;
use crate::analysis::san::{self, PortalRoute, RouteVerdict};
use crate::facts::Route;
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "san-route-wrong-nic",
    link: Link::Uptime,
    severity: Severity::Critical,
    scope: Scope::Live,
    decided_by: &[],
    title: "the route to a portal goes out through another NIC than the SAN NIC",
    doc: Doc {
        finds: "A portal with a route that goes out through another interface than the SAN NIC: the NIC that --san-nic \
                names, or the one with the MAC address in the iBFT. A VLAN, bond or bridge on the SAN NIC counts as \
                the SAN NIC. The kernel is asked for the packets of the session: its addresses, its ports, TCP, and the \
                interface that it is bound to, for a policy rule may choose by any of them. Of a route with several \
                next hops each must lead out of the SAN NIC. Where only the default route leads to the portal, see \
                san-route-missing.",
        breaks: "The other network does not lead to the target, or leads there from an address that the target does \
                 not accept. The current session may survive for a while; the next reconnect fails and the root \
                 freezes. One host route is enough: the kernel uses the longest prefix, so a wrong /32 beats the \
                 correct /16.",
        fix: "Delete the wrong route and add the correct one. Then find out who made it: its protocol tells (dhcp, \
              static, boot). Where a policy rule (ip-rule(8)) sends the packets to a table of its own, as VPNs do, the \
              route in that table comes back: add a rule that looks up the target's network in the main table first, \
              and exclude that network from the VPN.",
        references: &["RFC 1812, section 5.2.4.3 (longest match)", "rtnetlink(7), RTM_GETROUTE", "ip-route(8)"],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let portal_routes = facts.portal_routes()?;
    if portal_routes.iter().all(|path| path.nic.is_none()) {
        return Err(Outcome::not_applicable(
            "not checked: only the routes tell which NIC is the SAN NIC (--san-nic NAME names it)",
        ));
    }
    let mut findings = Vec::new();
    let mut sound = Vec::new();
    for path in &portal_routes {
        let ip = path.portal.ip;
        match (path.verdict, &path.nic) {
            (RouteVerdict::WrongNic(route), Some(nic)) => {
                let summary =
                    format!("packets to {ip} go out {}, not through the SAN NIC {}", san::hop_text(route), nic.name);
                let finding = Finding::critical(summary)
                    .evidence(Evidence::new(&path.asked, san::route_text(route)))
                    .evidence(Evidence::new(format!("SAN NIC {}", nic.name), nic.how.clone()));
                findings.push(with_remedy(facts, path, route, &nic.name, finding));
            }
            (RouteVerdict::WrongLeg(route, leg), Some(nic)) => {
                let summary = format!(
                    "the route to {ip} has a next hop out of {leg}, not through the SAN NIC {}: a connection that is \
                     given it does not reach the target",
                    nic.name
                );
                let finding = Finding::critical(summary)
                    .evidence(Evidence::new(&path.asked, route.next_hops.join("; ")))
                    .evidence(Evidence::new(format!("SAN NIC {}", nic.name), nic.how.clone()));
                findings.push(with_remedy(facts, path, route, &nic.name, finding));
            }
            (RouteVerdict::UnknownLegs(route, id), _) => {
                return Err(Outcome::Unknown {
                    reason: format!(
                        "the route to {ip} is by nexthop object {id}, whose members the kernel does not tell here \
                         (net.ipv4.nexthop_compat_mode=0; see ip nexthop get id {id})"
                    ),
                    evidence: vec![Evidence::new(&path.asked, san::route_text(route))],
                });
            }
            (RouteVerdict::Failed(problem), _) => return Err(Outcome::unread(problem)),
            (RouteVerdict::Sound(_), Some(nic)) => {
                sound.push(format!("{ip} is reached through the SAN NIC {}", nic.name))
            }
            _ => {}
        }
    }
    if findings.is_empty() && sound.is_empty() {
        return Err(Outcome::not_applicable("not checked: no portal has a route of its own (see san-route-missing)"));
    }
    Ok(Outcome::from_findings(findings, || sound.join("; ")))
}

fn with_remedy(facts: &Analysis<'_>, path: &PortalRoute<'_>, route: &Route, nic: &str, finding: Finding) -> Finding {
    let ip = path.portal.ip;
    if let Some(rule) = facts.rule_of(ip, route) {
        let text = rule.to_string();
        let remedy = Remedy::new(format!(
            "The rule `{text}` sends the packets to table {}. The owner of the rule, such as a VPN, fills that table \
             again. Add a rule that looks up the target's network in the main table first, and exclude that network \
             from the VPN",
            route.table
        ));
        return finding.evidence(Evidence::new("ip rule", text)).remedy(remedy.commands(facts.pass_rule(
            rule,
            ip,
            Some(nic),
        )));
    }
    let remedy = Remedy::new("Delete the wrong route and add the correct one");
    let delete = path.matched.map(|prefix| policy::delete_route(prefix, route));
    finding.remedy(remedy.commands(delete).commands(facts.route_command(ip, Some(nic))))
}
