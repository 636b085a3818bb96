//! `handover-dhcp-timeout-long`

use super::config_match::unread_manager;
use super::managers::in_force;
use crate::facts::{InterfaceConfig, Manager, Method, Source};
use crate::{
    Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Repair, Scope, Sed, Severity, ShellCommand,
};

/// dhclient.conf(5): "The default timeout is sixty seconds."
const DEFAULT: u32 = 60;
/// Longer than this, in seconds, each NIC without a DHCP server behind it holds the boot up for too long: what
/// `isctpl prepare` sets must not be more.
pub const LONGEST_DHCP_TIMEOUT: u32 = 30;

pub(crate) static CHECK: Check = Check {
    id: "handover-dhcp-timeout-long",
    link: Link::Handover,
    severity: Severity::Warning,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "dhclient waits too long on each NIC without a DHCP server",
    doc: Doc {
        finds: "A dhclient that ifupdown runs for one of several `auto` NICs and that waits more than 30 seconds for \
                an answer. Without a `timeout` statement it waits 60 seconds. The boot does not wait for \
                `allow-hotplug` NICs, so they do not count. A line that is commented out does not count either: \
                Debian's file has `#timeout 60;`, and an edit that looks for another number changes nothing and \
                reports no error.",
        breaks: "ifupdown brings up one `auto` NIC after the other. Each NIC without a DHCP server delays the boot for \
                 the whole timeout, and the SAN or the WAN NIC is not configured until its turn comes.",
        fix: "Set `timeout 10;` in dhclient.conf, with the semicolon.",
        references: &["dhclient.conf(5), timeout", "Debian /etc/dhcp/dhclient.conf", "interfaces(5)"],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    if !facts.dhcp.dhclient_installed {
        facts.was_read(Source::Dhclient)?;
        return Err(Outcome::not_applicable("not checked: dhclient is not installed"));
    }
    let by_dhcp: Vec<_> =
        facts.netconfig.interfaces.iter().filter(|config| waits_for_dhclient(facts, config)).collect();
    let Some(first) = by_dhcp.first() else {
        if let Some(problem) = unread_manager(facts) {
            return Err(Outcome::unread(problem));
        }
        return Ok(Outcome::pass("the boot does not wait for dhclient on any NIC"));
    };
    if facts.nics.known().is_some_and(|nics| nics.iter().filter(|nic| nic.physical).count() == 1) {
        return Ok(Outcome::pass("dhclient runs on the only NIC"));
    }
    facts.was_read(Source::DhclientConf)?;
    let conf = facts.dhcp.dhclient.as_ref();
    let stated = conf.and_then(|conf| conf.timeout.as_ref());
    let seconds = stated.map_or(DEFAULT, |timeout| timeout.value);
    if seconds <= LONGEST_DHCP_TIMEOUT {
        return Ok(Outcome::pass(format!("dhclient waits {seconds} s at most")));
    }
    let path = conf.map_or("/etc/dhcp/dhclient.conf", |conf| conf.path.as_str());
    let (evidence, command) = match stated {
        Some(timeout) => (
            Evidence::at(&timeout.at, format!("timeout {seconds};")),
            // That line of that file: it may be one that the main file includes, with more statements on it.
            ShellCommand::sed(
                &[Sed::new("")
                    .literal(&timeout.at.line.to_string())
                    .then(r"s/(^|[[:space:]{};])timeout[[:space:]]+[0-9]+[[:space:]]*;?/\1timeout 10;/")],
                &timeout.at.path,
            ),
        ),
        None => (
            Evidence::new(path, format!("no timeout statement: {DEFAULT} s by default")),
            ShellCommand::append_line(path, "timeout 10;", &[]),
        ),
    };
    Finding::warning(format!("dhclient waits {seconds} s on each NIC without a DHCP server"))
        .evidence(evidence)
        .evidence(Evidence::at(&first.at, format!("{}: DHCP by ifupdown", first.matches.names.join(" "))))
        .remedy(Remedy::new("Set the timeout to 10 seconds").command(command).repair(Repair::DhcpTimeout {
            path: stated.map_or(path, |timeout| timeout.at.path.as_str()).to_owned(),
            seconds: 10,
        }))
        .into()
}

/// Whether the boot waits for a dhclient on it.
fn waits_for_dhclient(facts: &Analysis<'_>, config: &InterfaceConfig) -> bool {
    config.manager == Manager::Ifupdown
        && config.at_boot
        && !config.optional
        && !config.unmanaged
        && config.method == Method::Dhcp
        && in_force(facts, config)
}
