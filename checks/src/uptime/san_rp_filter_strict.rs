//! `san-rp-filter-strict`

use crate::analysis::san;
use crate::facts::{LookupAnswer, RpFilter};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity, ShellCommand};
use std::net::IpAddr;

pub(crate) static CHECK: Check = Check {
    id: "san-rp-filter-strict",
    link: Link::Uptime,
    severity: Severity::Warning,
    scope: Scope::Live,
    decided_by: &[],
    title: "strict reverse-path filtering drops the target's replies",
    doc: Doc {
        finds: "The replies of a session arrive at an interface with strict reverse-path filtering, while the kernel's \
                route to the portal goes out through another interface. The value in force is the larger of \
                net.ipv4.conf.all.rp_filter and that of the interface. Strict filtering with a symmetric route \
                passes.",
        breaks: "With the value 1 the kernel drops a packet that arrives at another interface than the one through which \
                 it would send to its source. The target's replies are dropped, and nothing is logged: the session times \
                 out although the target answers.",
        fix: "Route the portal through the interface on which its replies arrive; where the asymmetry is \
               intended, set loose filtering (2) on that interface.",
        references: &[
            "Linux Documentation/networking/ip-sysctl.rst, rp_filter",
            "RFC 3704, sections 2.2 and 2.4",
            "Red Hat solution 53031",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let addresses = facts.network.addresses.needed()?;
    let sessions = facts.iscsi.sessions.needed()?;
    // Where a portal's own route is wrong, the route is what has to be fixed.
    let portal_routes = facts.portal_routes()?;
    let mut findings = Vec::new();
    let mut sound = Vec::new();
    for path in portal_routes.iter().filter(|path| path.portal.ip.is_ipv4()) {
        let san::RouteVerdict::Sound(route) = path.verdict else { continue };
        let Some(out) = route.interface.as_deref() else { continue };
        let arrivals = sessions
            .iter()
            .filter(|session| session.address == Some(path.portal.ip))
            .filter_map(|session| session.local_address)
            .filter_map(|local| addresses.iter().find(|address| address.net.addr() == local));
        for arrival in arrivals {
            let Some(filter) = facts.network.rp_filter.iter().find(|filter| filter.interface == arrival.interface)
            else {
                continue;
            };
            if arrival.interface == out {
                sound.push(format!(
                    "{} is reached and replies through {out} (rp_filter {})",
                    path.portal.ip,
                    filter.effective()
                ));
            } else if filter.effective() == 1 {
                findings.push(finding(facts, path.portal.ip, out, arrival.net.addr(), filter));
            }
        }
    }
    if findings.is_empty() && sound.is_empty() {
        return Ok(no_session(facts));
    }
    Ok(Outcome::from_findings(findings, || sound.join("; ")))
}

fn no_session(facts: &Analysis<'_>) -> Outcome {
    let strict: Vec<_> = facts
        .network
        .rp_filter
        .iter()
        .filter(|filter| filter.effective() == 1)
        .map(|filter| filter.interface.as_str())
        .collect();
    if strict.is_empty() {
        Outcome::pass("no interface has strict reverse-path filtering")
    } else {
        Outcome::not_applicable("not checked: no session shows on which interface the target's replies arrive")
    }
}

fn finding(facts: &Analysis<'_>, portal: IpAddr, out: &str, local: IpAddr, filter: &RpFilter) -> Finding {
    let arrival = &filter.interface;
    let asked = facts
        .network
        .lookups
        .known()
        .into_iter()
        .flatten()
        .find(|lookup| lookup.destination == portal)
        .and_then(|lookup| match &lookup.answer {
            LookupAnswer::Route(route) => Some(san::route_text(route)),
            _ => None,
        })
        .unwrap_or_default();
    Finding::warning(format!(
        "packets to {portal} go out through {out}, and strict filtering on {arrival} drops its replies"
    ))
    .evidence(Evidence::new(
        format!("/proc/sys/net/ipv4/conf/{arrival}/rp_filter"),
        format!("{} (all: {}, in force: {})", filter.own, filter.all, filter.effective()),
    ))
    .evidence(Evidence::new(format!("ip route get {portal}"), asked))
    .evidence(Evidence::new("/sys/class/iscsi_session", format!("the session's own address {local} is on {arrival}")))
    .remedy(
        Remedy::new(format!(
            "Route {portal} through {arrival}; where the asymmetry is intended, set loose filtering on {arrival}"
        ))
        .commands(facts.route_command(portal, Some(arrival)))
        // A dot in the name is a slash here, as in sysctl.d(5).
        .command(
            ShellCommand::new(&["sysctl", "-w"])
                .operand(format!("net.ipv4.conf.{}.rp_filter=2", arrival.replace('.', "/"))),
        ),
    )
}
