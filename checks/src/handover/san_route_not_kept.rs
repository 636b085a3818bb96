//! `handover-san-route-not-kept`

use super::hazard::{HazardKind, guard};
use super::outcome;
use crate::facts::{Facts, Manager, Method};
use crate::{Check, Doc, Link, Outcome, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "handover-san-route-not-kept",
    link: Link::Handover,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the configuration of the SAN NIC does not bring the route to the target",
    doc: Doc {
        finds: "A configuration without DHCP that takes the SAN NIC over and says no route to the target: a static \
                address alone, or neither address nor DHCP. A route to the target's subnet, a gateway, or a command \
                of ifupdown that adds a route passes, and so does networkd with KeepConfiguration=yes or \
                ManageForeignRoutes=no.",
        breaks: "The routes that the initramfs made by option 121 have the protocol `boot`. networkd removes routes \
                 that it did not make when it takes an interface over; KeepConfiguration=static and dhcp keep only \
                 routes of those protocols. The target lies behind a gateway, so the session has no way left, and the \
                 root stands still while the system comes up. NetworkManager leaves a NIC alone that is up when it \
                 starts; there the route goes when the profile is activated, and it is a warning.",
        fix: "Write the route to the target's subnet down in the configuration of the SAN NIC, or use DHCP with the \
               lease's routes.",
        references: &[
            "systemd src/network/networkd-route.c (foreign routes, KEEP_CONFIGURATION_STATIC)",
            "systemd issue 23005 (Removing foreign route … proto: boot)",
            "systemd.network(5); networkd.conf(5), ManageForeignRoutes=",
        ],
    },
    judge,
};

fn judge(facts: &Facts) -> Outcome {
    outcome::judge(facts, HazardKind::RouteNotKept, |san, config| {
        let Some(config) = config else { return "nothing takes away the routes that the initramfs made".to_owned() };
        let by = match config.method {
            _ if config.manager == Manager::Ifupdown && guard(facts).is_some() => "from the initramfs",
            Method::Dhcp | Method::Unset => "by its lease",
            _ if config.manager == Manager::Ifupdown => "from the initramfs",
            _ => "as it is written there",
        };
        format!("{} has its route to the target {by} ({})", san.title(), config.at)
    })
}
