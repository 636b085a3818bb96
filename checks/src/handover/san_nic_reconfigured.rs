//! `handover-san-nic-reconfigured`

use super::disruption::DisruptionKind;
use super::identity::SanIdentity;
use super::ifupdown::guard;
use super::managers::{keeps, renderer};
use super::nic_match::{Matches, matches};
use super::outcome;
use crate::facts::{InterfaceConfig, Located, Manager, Method};
use crate::{Analysis, Check, Doc, Link, Outcome, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "handover-san-nic-reconfigured",
    link: Link::Handover,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the real root stops or reconfigures the SAN NIC under the running session",
    doc: Doc {
        finds: "A network configuration of the real root that takes over the SAN NIC without keeping what the \
                initramfs set up: an `auto` or `allow-hotplug` stanza of ifupdown with DHCP or a static address, DHCP \
                by networkd (or netplan) without KeepConfiguration= or critical, also where \
                systemd-network-generator makes a file for networkd of `ip=` on the command line once more, or a bond or bridge that takes the \
                NIC as a port. open-iscsi's udev rule, which records the NIC of the boot in /run/network/ifstate, \
                keeps ifupdown away only where a run level starts ifupdown: networking.service stops the NIC at \
                shutdown all the same.",
        breaks: "The NIC loses its address while the session carries the root. ifupdown reconfigures the NIC at boot, \
                 and `ifdown -a` stops it at shutdown, before the root is synced. When networkd starts, it removes the \
                 addresses and routes that it did not make; when it stops or restarts, it releases the lease. The root \
                 freezes, an upgrade hangs, or a shutdown takes more than an hour.",
        fix: "With ifupdown, leave the NIC out, or set it to `manual` and `no-auto-down`. With networkd, set \
              KeepConfiguration=yes; with netplan, critical: true. Remove the SAN NIC from bonds and bridges.",
        references: &[
            "cloud-init issue 2644 (LP: #1568637), `auto` on the NIC of an iSCSI root",
            "Debian /usr/lib/systemd/system/networking.service, ExecStop=/sbin/ifdown -a",
            "systemd.network(5), KeepConfiguration=; systemd-networkd.service(8)",
            "systemd issue 35949; cloud-init issue 6915",
            "systemd-network-generator.service(8)",
            "Debian /usr/lib/udev/rules.d/70-iscsi-network-interface.rules",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    outcome::judge(facts, DisruptionKind::Reconfigured, |san, config| pass(facts, san, config))
}

fn pass(facts: &Analysis<'_>, san: &SanIdentity, config: Option<&InterfaceConfig>) -> String {
    let Some(config) = config else {
        if let Some((config, why)) = given_up(facts, san) {
            return format!(
                "{} does nothing for {}, which keeps the address and routes of the initramfs: {} ({})",
                config.manager.name(),
                san.title(),
                why.value,
                why.at
            );
        }
        return match (&san.name, &san.mac) {
            // Nothing but that no configuration is for it is known of it.
            (None, None) => {
                "no network configuration is for the SAN NIC; it keeps the address and routes of the initramfs"
                    .to_owned()
            }
            _ => {
                format!("no network manager touches {}; it keeps the address and routes of the initramfs", san.title())
            }
        };
    };
    let title = san.title();
    if config.manager == Manager::Ifupdown {
        return match guard(facts) {
            Some(guard) => format!("{} keeps ifupdown away from {title}", guard.path),
            None => format!("ifupdown leaves {title} as it is"),
        };
    }
    format!("{} takes over {title} {}{}", renderer(config).name(), how(config), kept(config))
}

/// A configuration for the SAN NIC that its manager does nothing for.
fn given_up<'a>(facts: &'a Analysis<'_>, san: &SanIdentity) -> Option<(&'a InterfaceConfig, &'a Located<String>)> {
    let for_it =
        |config: &&InterfaceConfig| config.method != Method::Loopback && matches(&config.matches, san) == Matches::Yes;
    let configs = facts.netconfig.interfaces.iter().filter(for_it);
    configs.filter_map(|config| Some((config, config.given_up.as_ref()?))).next()
}

fn how(config: &InterfaceConfig) -> &'static str {
    match config.method {
        Method::Dhcp => "by DHCP",
        Method::Static => "with a static address",
        _ => "without DHCP or a static address",
    }
}

fn kept(config: &InterfaceConfig) -> String {
    match &config.keep {
        Some(keep) if keeps(config) => format!(" and keeps the existing configuration ({})", keep.at),
        _ => String::new(),
    }
}
