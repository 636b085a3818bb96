//! `handover-classless-routes-ignored`

use super::disruption::DisruptionKind;
use super::ifupdown::guard;
use super::managers::{keeps_all, leaves_foreign_routes, renderer};
use super::outcome;
use crate::facts::{Manager, Method};
use crate::{Analysis, Check, Doc, Link, Outcome, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "handover-classless-routes-ignored",
    link: Link::Handover,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "DHCP on the SAN NIC ignores the routes of option 121",
    doc: Doc {
        finds: "DHCP on the SAN NIC that does not use the routes of the lease: UseRoutes=no of networkd, use-routes: \
                false of netplan, ignore-auto-routes of NetworkManager, or a dhclient of ifupdown that does not \
                request option 121 or has no exit hook that adds its routes. The check passes where a static route to \
                the target is configured as well, and where networkd keeps the routes of the initramfs \
                (KeepConfiguration=yes, ManageForeignRoutes=no). Without evidence that the target is behind a gateway \
                the answer is unknown; in a flat network say --san-on-link.",
        breaks: "The only route to the target comes by option 121. Without it, the session has no route once the real \
                 root has reconfigured the NIC, and the root freezes. NetworkManager does not touch a NIC that is up \
                 when it starts; there the route is lost only when somebody activates the profile, and the finding is \
                 a warning.",
        fix: "Let the DHCP client use the routes of the lease. dhclient needs both: the option in its request, and \
              Debian's hook rfc3442-classless-routes.",
        references: &[
            "RFC 3442",
            "systemd.network(5), [DHCPv4] UseRoutes=",
            "nm-settings(5), ipv4.ignore-auto-routes",
            "Debian /etc/dhcp/dhclient-exit-hooks.d/rfc3442-classless-routes",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    outcome::judge(facts, DisruptionKind::ClasslessIgnored, |san, config| match config {
        Some(config) if config.manager == Manager::Ifupdown && guard(facts).is_some() => {
            format!("open-iscsi's udev rule keeps ifupdown away from {}, so its routes stay", san.title())
        }
        Some(config)
            if renderer(config) == Manager::Networkd && (keeps_all(config) || leaves_foreign_routes(facts)) =>
        {
            format!("networkd keeps the routes of the initramfs on {} ({})", san.title(), config.at)
        }
        Some(config) if config.use_dhcp_routes.as_ref().is_some_and(|routes| !routes.value) => {
            format!("{} has a static route to the target besides its lease ({})", san.title(), config.at)
        }
        Some(config) if config.method == Method::Dhcp => {
            format!("{} uses the routes of the lease of {} ({})", renderer(config).name(), san.title(), config.at)
        }
        _ => "no configuration of the real root runs DHCP on the SAN NIC, so no route of a lease is lost".to_owned(),
    })
}
