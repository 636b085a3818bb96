//! What ifupdown and ifupdown2 do to a SAN NIC that the initramfs has brought up.

use super::disruption::{Disruption, DisruptionKind, covered, reconfigured};
use super::managers::is_brought_up_by_iscsistart;
use crate::analysis::IpWord;
use crate::facts::{Ifupdown2, InterfaceConfig, Location, Manager, ManagerState, Method, Problem, Source};
use crate::{Analysis, SanNicNeed, Sed, ShellCommand};
use ipnet::IpNet;
use std::net::IpAddr;

/// What the stanza of a NIC that is up with an address does to it.
pub(super) fn disruptions(facts: &Analysis<'_>, config: &InterfaceConfig) -> Vec<Disruption> {
    let mut disruptions = match &facts.netconfig.ifupdown2 {
        Some(two) => stopped_by_ifupdown2(facts, config, two),
        None if guard(facts).is_some() => return Vec::new(),
        None if config.method == Method::Static => static_address(facts, config),
        None => vec![stopped(config, "by DHCP")],
    };
    if config.method == Method::Dhcp && !covered(facts, config) {
        disruptions.extend(dhclient_drops_classless(facts, config));
    }
    // The guard's rule may be among those that were not read.
    let in_doubt = facts.unread(Source::LinkFiles).filter(|_| is_guarded_where_noted(facts));
    for disruption in &mut disruptions {
        disruption.in_doubt = disruption.in_doubt.take().or_else(|| in_doubt.cloned());
    }
    disruptions
}

/// ifupdown2 adds what a stanza says at boot and takes nothing away; its service runs `ifdown -a` at shutdown, which takes
/// every `auto` interface down, `no-auto-down` or not (3.0.0 run in a network namespace), unless it is told to skip that.
fn stopped_by_ifupdown2(facts: &Analysis<'_>, config: &InterfaceConfig, two: &Ifupdown2) -> Vec<Disruption> {
    if two.stays_up.is_some() || config.optional {
        return Vec::new();
    }
    let what = "ifupdown2 takes this NIC down at shutdown while the root still needs it, whatever no-auto-down says";
    let in_doubt = facts.unread(Source::Manager(Manager::Ifupdown)).cloned();
    vec![Disruption { in_doubt, ..reconfigured(config, what.to_owned(), STOP_OF_IFUPDOWN2) }]
}

/// What to do about a stanza where ifupdown2 stops interfaces at shutdown.
pub(crate) const STOP_OF_IFUPDOWN2: &str =
    "Remove the SAN NIC from /etc/network/interfaces, or set SKIP_DOWN_AT_SYSRESET=yes in /etc/default/networking";

/// A static address is added to what the NIC has. One that it has already makes `ip addr add` fail: ifup gives up, and
/// holds the interface to be down, so that `ifdown -a` leaves it alone (0.8.41 run in a network namespace).
fn static_address(facts: &Analysis<'_>, config: &InterfaceConfig) -> Vec<Disruption> {
    if config.left_up {
        return Vec::new();
    }
    let given = addresses_given(facts);
    if config.addresses.iter().any(|net| given.contains(net)) {
        return Vec::new();
    }
    let disruption = stopped(config, "with a static address");
    let in_doubt = given.is_empty().then(|| {
        let addresses: Vec<String> = config.addresses.iter().take(4).map(ToString::to_string).collect();
        let what = format!(
            "ifupdown takes this NIC down at shutdown unless the initramfs gives it this address, {}, so that ifup fails \
             and leaves it alone; what the initramfs gives it is not known",
            addresses.join(" or ")
        );
        Problem::new(config.at.to_string(), what)
    });
    vec![Disruption { in_doubt, ..disruption }]
}

/// Addresses that the firmware or the command line has the initramfs give a NIC, as far as they are written down.
fn addresses_given(facts: &Analysis<'_>) -> Vec<IpNet> {
    let of_firmware = facts.handoff().and_then(|handoff| handoff.boot_nic());
    let of_firmware = of_firmware.and_then(|nic| Some((nic.address?, nic.network?)));
    let words = facts.boot_words().ip_words(facts.default_image()).into_iter().filter(IpWord::is_static);
    let of_words = words.filter_map(|word| Some((word.address?, word.network?)));
    let with_prefix = |(address, network): (IpAddr, IpNet)| IpNet::new(address, network.prefix_len()).ok();
    of_firmware.into_iter().chain(of_words).filter_map(with_prefix).collect()
}

fn stopped(config: &InterfaceConfig, how: &str) -> Disruption {
    let mut disruption = reconfigured(
        config,
        format!("ifupdown reconfigures this NIC {how}, and stops it at shutdown while the root still needs it"),
        "Set the SAN NIC to `manual` and `no-auto-down` in ifupdown; the initramfs has already brought it up",
    );
    if let [name] = config.matches.names.as_slice() {
        let manual = Sed::new("s/^( *iface +").literal(name).then(" +inet +).*/\\1manual/");
        disruption.commands.push(ShellCommand::sed(&[manual], &config.at.path));
        disruption.commands.push(ShellCommand::append_line(&config.at.path, "no-auto-down {}", &[name]));
    }
    disruption
}

/// open-iscsi's own guard, where it holds. It knows the NIC by a file that only initramfs-tools' script
/// writes, and notes it in `/run/network/ifstate` as up already. Debian's ifupdown has a file of its own
/// for each interface, `ifstate.NAME`, and does not ask that one: it brings the NIC up all the same. And
/// what is noted as up is taken down by `ifdown -a`, which is what networking.service stops with. Only the
/// script of a run level leaves the network alone while a network filesystem is mounted.
pub(super) fn guard<'a>(facts: &'a Analysis<'_>) -> Option<&'a Location> {
    noted(facts).filter(|_| is_guarded_where_noted(facts))
}

/// Whether ifupdown heeds the note: a run level starts it.
fn is_guarded_where_noted(facts: &Analysis<'_>) -> bool {
    let of_ifupdown = |state: &&ManagerState| state.manager == Manager::Ifupdown && state.enabled;
    let started_by = facts.netconfig.managers.iter().find(of_ifupdown).and_then(|state| state.at.as_ref());
    started_by.is_some_and(|at| at.path.starts_with("/etc/rc") || at.path.starts_with("/etc/runlevels/"))
}

/// The guard's rule, where the image writes the note that it goes by: such an image brings the SAN NIC up
/// for good, and needs no stanza for it.
pub(crate) fn noted<'a>(facts: &'a Analysis<'_>) -> Option<&'a Location> {
    let guard = facts.netconfig.iscsi_nic_guard.as_ref()?;
    is_brought_up_by_iscsistart(facts).then_some(guard)
}

fn dhclient_drops_classless(facts: &Analysis<'_>, config: &InterfaceConfig) -> Option<Disruption> {
    let conf = facts.dhcp.dhclient.as_ref();
    let block = conf.and_then(|conf| {
        let mut blocks = conf.interfaces.iter().filter(|block| block.is_in_common_file());
        blocks.find(|block| config.matches.names.contains(&block.name))
    });
    let asks = match block {
        Some(block) => block.asks_classless,
        None => conf.is_some_and(|conf| conf.asks_classless),
    };
    let installs = facts.dhcp.hooks.iter().any(|hook| hook.active && hook.installs_classless);
    let of_program = facts.unread(Source::Dhclient);
    let of_conf = facts.unread(Source::DhclientConf);
    let ignored = |what: &str, fix: &'static str, place: Option<(Location, String)>, in_doubt: Option<&Problem>| {
        let by_dhcp = (config.at.clone(), "DHCP by ifupdown".to_owned());
        Disruption {
            kind: DisruptionKind::ClasslessIgnored,
            what: what.to_owned(),
            dormant: false,
            of_route: true,
            fix,
            commands: Vec::new(),
            at: std::iter::once(by_dhcp).chain(place).collect(),
            in_doubt: in_doubt.cloned(),
            need: Some(SanNicNeed::Keep),
        }
    };
    let requests = "Have dhclient request rfc3442-classless-static-routes";
    let in_doubt = match (facts.dhcp.dhclient_installed, asks, installs) {
        (false, ..) => Some(of_program?),
        (true, false, _) => of_program.or(of_conf),
        (true, true, false) => of_conf.or(facts.unread(Source::DhclientHooks)),
        (true, true, true) => {
            let what = "dhclient may not request option 121, and then the lease brings no route to the target";
            return Some(ignored(what, requests, None, Some(of_conf?)));
        }
    };
    Some(if asks {
        ignored(
            "dhclient has no exit hook that adds the routes of option 121",
            "Restore Debian's exit hook of dhclient, rfc3442-classless-routes",
            Some((Location::file("/etc/dhcp/dhclient-exit-hooks.d"), "no active hook for classless routes".to_owned())),
            in_doubt,
        )
    } else {
        let place = conf.map(|conf| {
            let list = block.and_then(|block| block.requested.as_ref()).or(conf.requested.as_ref());
            let at = list.map_or_else(|| Location::file(&conf.path), |list| list.at.clone());
            (at, "rfc3442-classless-static-routes is not requested".to_owned())
        });
        let what = "dhclient does not request option 121, so the lease brings no route to the target";
        ignored(what, requests, place, in_doubt)
    })
}
