//! `service-takes-san-nic-down`

use crate::facts::{ExecLine, Facts, InterfaceConfig, Manager, Method, Source};
use crate::handover::{Matches, STOP_OF_IFUPDOWN2, SanIdentity, matches, noted};
use crate::{
    Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Repair, SanNicNeed, Scope, Severity, ShellCommand,
};

/// The unit of ifupdown.
const UNIT: &str = "networking.service";

pub(crate) static CHECK: Check = Check {
    id: "service-takes-san-nic-down",
    link: Link::Shutdown,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "a service takes the SAN NIC down at shutdown while the root still needs it",
    doc: Doc {
        finds: "/etc/network/interfaces has a stanza for the SAN NIC, of any method, and networking.service runs `ifdown -a` \
                when it stops: that takes down every interface that has a stanza and that ifupdown has recorded as \
                up: those brought up by `auto` or `allow-hotplug`, and the boot NIC wherever \
                open-iscsi's udev rule records it as up to keep `ifup` away from it. `no-auto-down` passes, but for ifupdown2, which \
                does not know it: that one leaves everything up with SKIP_DOWN_AT_SYSRESET=yes in /etc/default/networking, or \
                where /etc/iscsi/iscsi.initramfs exists. A stanza that \
                reconfigures the NIC at boot is handover-san-nic-reconfigured.",
        breaks: "The NIC goes down while the root is still mounted: `manual` interfaces too (ip link set down). \
                 All units stop, and then systemd cannot read the program that ends the shutdown; what \
                 was not written back is lost, and the machine hangs until it is power-cycled.",
        fix: "Remove the SAN NIC from /etc/network/interfaces, or add `no-auto-down` for it.",
        references: &[
            "Debian /usr/lib/systemd/system/networking.service, ExecStop=/sbin/ifdown -a",
            "ifdown(8), --all; interfaces(5), no-auto-down",
            "ifupdown2 /usr/share/ifupdown2/sbin/start-networking, stop and check_network_file_systems()",
            "Debian /lib/open-iscsi/net-interface-handler (writes /run/network/ifstate)",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let Some(line) = takes_all_down(facts) else {
        return Ok(match facts.services.problems.first() {
            Some(problem) => Outcome::unread(problem),
            None => {
                // Whoever brings interfaces up may take them down.
                facts.was_read(Source::Manager(Manager::Unread))?;
                Outcome::pass("no enabled service takes interfaces down at shutdown")
            }
        });
    };
    let san = SanIdentity::of(facts);
    let excluded = excluded(&line.command);
    let is_excluded = || san.name.as_ref().is_some_and(|name| excluded.contains(&name.as_str()));
    let stanza = facts.netconfig.interfaces.iter().find(|config| {
        config.manager == Manager::Ifupdown
            && config.method != Method::Loopback
            && (!config.left_up || facts.netconfig.ifupdown2.is_some())
            && is_held_up(facts, config)
            && matches(&config.matches, &san) == Matches::Yes
    });
    Ok(match stanza {
        Some(config) if !is_excluded() => {
            // What leaves it up stands in any file.
            facts.was_read(Source::Root)?;
            finding(facts, &san, config, line).into()
        }
        _ => {
            facts.was_read(Source::Manager(Manager::Ifupdown))?;
            facts.was_read(Source::Manager(Manager::Unread))?;
            // One of udev's rules may note the NIC as one that is up.
            facts.was_read(Source::LinkFiles)?;
            Outcome::pass(format!("{UNIT} leaves {} up at shutdown", san.title()))
        }
    })
}

/// The line by which ifupdown's unit takes every interface down at shutdown.
fn takes_all_down(facts: &Facts) -> Option<&ExecLine> {
    let unit = facts.services.unit(UNIT).filter(|unit| unit.starts() && unit.stopped_at_shutdown)?;
    let stops = |line: &&ExecLine| matches!(line.directive.as_str(), "ExecStop" | "ExecStopPost");
    unit.exec
        .iter()
        .filter(stops)
        .find(|line| is_ifdown_of_all(&line.command) || is_stop_of_ifupdown2(facts, &line.command))
}

fn is_ifdown_of_all(command: &str) -> bool {
    let mut words = command.split_whitespace();
    words.any(|word| name(word) == "ifdown") && words.any(|word| matches!(word, "-a" | "--all"))
}

/// ifupdown2's script runs `ifdown -a`, unless it is told not to at a shutdown.
fn is_stop_of_ifupdown2(facts: &Facts, command: &str) -> bool {
    let mut words = command.split_whitespace();
    let takes_down = facts.netconfig.ifupdown2.as_ref().is_some_and(|two| two.stays_up.is_none());
    takes_down && words.any(|word| name(word) == "start-networking") && words.any(|word| word == "stop")
}

fn name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or_default()
}

/// Names behind `--exclude=` and `-X`.
fn excluded(command: &str) -> Vec<&str> {
    let words: Vec<&str> = command.split_whitespace().collect();
    let joined = words.iter().filter_map(|word| word.strip_prefix("--exclude="));
    let apart = words.windows(2).filter_map(|pair| match pair {
        ["-X" | "--exclude", name] => Some(*name),
        _ => None,
    });
    joined.chain(apart).collect()
}

/// Whether ifupdown holds the interface of a stanza to be up. What it sets up anew at boot is told by
/// handover-san-nic-reconfigured.
fn is_held_up(facts: &Analysis<'_>, config: &InterfaceConfig) -> bool {
    if facts.netconfig.ifupdown2.is_some() {
        // It keeps a state of its own, and `ifdown -a` is for what is `auto`.
        return config.at_boot && !config.optional && config.method == Method::Manual;
    }
    noted(facts).is_some() || (config.at_boot && config.method == Method::Manual)
}

fn finding(facts: &Facts, san: &SanIdentity, config: &InterfaceConfig, line: &ExecLine) -> Finding {
    let name = config.matches.names.first().or(san.name.as_ref()).cloned().unwrap_or_default();
    let (stanza, remedy) = match facts.netconfig.ifupdown2 {
        Some(_) => (format!("iface {name}, auto"), Remedy::new(STOP_OF_IFUPDOWN2)),
        None => (
            format!("iface {name}, without no-auto-down"),
            Remedy::new("Make ifupdown leave the SAN NIC up at shutdown").command(ShellCommand::append_line(
                &config.at.path,
                "no-auto-down {}",
                &[&name],
            )),
        ),
    };
    Finding::critical(format!(
        "{UNIT} takes {} down at shutdown while the root still needs it ({})",
        san.title(),
        config.at
    ))
    .evidence(Evidence::at(&config.at, stanza))
    .evidence(Evidence::at(&line.at, format!("{}={}", line.directive, line.command)))
    .remedy(remedy.repairs_by(Repair::of_san_nic(config, SanNicNeed::StayUp)))
}
