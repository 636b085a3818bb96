//! `san-route-missing`

use crate::analysis::policy;
use crate::analysis::san::{self, PortalRoute, RouteVerdict};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "san-route-missing",
    link: Link::Uptime,
    severity: Severity::Critical,
    scope: Scope::Live,
    decided_by: &[],
    title: "no route leads to a portal",
    doc: Doc {
        finds: "A portal to which the kernel has no route, or only the default route although that goes out through \
                another NIC than the SAN NIC. isctpl asks the kernel itself (RTM_GETROUTE): a table that looks right \
                may still send the packets elsewhere.",
        breaks: "The target is in another subnet than the SAN NIC, and the only route to it comes from DHCP option \
                 121. When that route is lost, the session cannot send: the root freezes, writes pile up, and after \
                 the replacement timeout the filesystem gets I/O errors. The short time in which the WAN NIC already \
                 has its default route and the SAN NIC has no route is enough.",
        fix: "Add the route by hand now, then make it permanent: use option 121 of the SAN NIC's lease, \
              or configure a static route on the SAN NIC.",
        references: &[
            "RFC 3442, The Classless Static Route Option for DHCPv4",
            "rtnetlink(7), RTM_GETROUTE",
            "open-iscsi README, section 8.2 (iSCSI settings for iSCSI root)",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let portal_routes = facts.portal_routes()?;
    if let Some(problem) = portal_routes.iter().find_map(|path| match path.verdict {
        RouteVerdict::Failed(problem) => Some(problem),
        _ => None,
    }) {
        return Err(Outcome::unread(problem));
    }
    let findings = portal_routes.iter().filter_map(|path| finding(facts, path)).collect();
    Ok(Outcome::from_findings(findings, || portal_routes.iter().map(reached).collect::<Vec<_>>().join("; ")))
}

fn finding(facts: &Analysis<'_>, path: &PortalRoute<'_>) -> Option<Finding> {
    let ip = path.portal.ip;
    let nic = path.nic.as_ref().map(|nic| nic.name.as_str());
    let (summary, seen) = match path.verdict {
        RouteVerdict::Unreachable(words) => (format!("no route leads to {ip}: {words}"), words.to_owned()),
        RouteVerdict::OnlyDefault(route) => (
            format!("only the default route leads to {ip}, and it goes out {}", san::hop_text(route)),
            san::route_text(route),
        ),
        _ => return None,
    };
    let finding = Finding::critical(summary)
        .evidence(Evidence::new(&path.asked, seen))
        .evidence(Evidence::new(path.portal.source.clone(), format!("portal {ip}:{}", path.portal.port)));
    Some(with_remedy(facts, path, nic, finding))
}

/// A route in the main table is of no use where a rule answers before that table is asked, nor beside a more
/// particular one that refuses.
fn with_remedy(facts: &Analysis<'_>, path: &PortalRoute<'_>, nic: Option<&str>, finding: Finding) -> Finding {
    let ip = path.portal.ip;
    let rule = match path.verdict {
        RouteVerdict::OnlyDefault(route) => facts.rule_of(ip, route),
        _ => facts.refusing_rule(ip),
    };
    if let Some(rule) = rule {
        let text = rule.to_string();
        let remedy = Remedy::new(format!(
            "The rule `{text}` applies before the main table. Add a rule that looks up the target's network in the main \
             table first, and find out who made the rule"
        ));
        return finding
            .evidence(Evidence::new("ip rule", text))
            .remedy(remedy.commands(facts.pass_rule(rule, ip, nic)));
    }
    let stands = nic.and_then(|nic| facts.prefix_that_stands(ip, nic));
    let wanted = stands.or_else(|| Some(facts.route_wanted(ip)?.destination));
    let wanted = wanted.map_or(u8::MAX, |prefix| prefix.prefix_len());
    let refusing = facts
        .refusing_route(ip)
        .filter(|_| matches!(path.verdict, RouteVerdict::Unreachable(_)))
        .and_then(|route| Some((route.destination?, route)))
        .filter(|(prefix, _)| prefix.prefix_len() >= wanted);
    let remedy = Remedy::new(
        "Add the route now; then make it permanent in the SAN NIC's configuration: option 121 of its lease, or a static \
         route",
    );
    let delete = refusing.map(|(prefix, route)| policy::delete_route(prefix, route));
    finding.remedy(remedy.commands(delete).commands(facts.route_command(ip, nic)))
}

fn reached(path: &PortalRoute<'_>) -> String {
    let (RouteVerdict::Sound(route) | RouteVerdict::WrongNic(route) | RouteVerdict::WrongLeg(route, _)) = path.verdict
    else {
        return format!("{} is reached", path.portal.ip);
    };
    let matched = match path.matched {
        Some(prefix) if prefix.prefix_len() == 0 => " (default route)".to_owned(),
        Some(prefix) => format!(" ({prefix})"),
        None => String::new(),
    };
    format!("{} is reached {}{matched}", path.portal.ip, san::hop_text(route))
}
