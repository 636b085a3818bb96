//! `handover-san-route-not-kept`

use super::disruption::DisruptionKind;
use super::ifupdown::guard;
use super::outcome;
use crate::facts::{Manager, Method};
use crate::{Analysis, Check, Doc, Link, Outcome, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "handover-san-route-not-kept",
    link: Link::Handover,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the configuration of the SAN NIC has no route to the target",
    doc: Doc {
        finds: "A configuration without DHCP that takes over the SAN NIC and has no route to the target: a static \
                address alone, or neither an address nor DHCP. The check passes with a route to the target's subnet, a \
                gateway, or a command of ifupdown that adds a route, and with KeepConfiguration=yes or \
                ManageForeignRoutes=no of networkd. Without evidence that the target is behind a gateway a static \
                address alone is unknown; in a flat network say --san-on-link.",
        breaks: "The routes that the initramfs made from option 121 have the protocol `boot`. When networkd takes over \
                 an interface, it removes routes that it did not make; KeepConfiguration=static and dhcp keep only \
                 routes of those protocols. The target is behind a gateway, so the session has no route left, and the \
                 root freezes while the system comes up. NetworkManager does not touch a NIC that is up when it \
                 starts; there the route is lost only when somebody activates the profile, and the finding is a \
                 warning.",
        fix: "Add the route to the target's subnet to the configuration of the SAN NIC, or use DHCP with the routes of \
              the lease.",
        references: &[
            "systemd src/network/networkd-route.c (foreign routes, KEEP_CONFIGURATION_STATIC)",
            "systemd issue 23005 (Removing foreign route … proto: boot)",
            "systemd.network(5); networkd.conf(5), ManageForeignRoutes=",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    outcome::judge(facts, DisruptionKind::RouteNotKept, |san, config| {
        let Some(config) = config else {
            return "no network configuration removes the routes that the initramfs made".to_owned();
        };
        let by = match config.method {
            _ if config.manager == Manager::Ifupdown && guard(facts).is_some() => "from the initramfs",
            Method::Dhcp | Method::Unset => "from its lease",
            _ if config.manager == Manager::Ifupdown => "from the initramfs",
            _ => "from its configuration",
        };
        format!("{} gets its route to the target {by} ({})", san.title(), config.at)
    })
}
