//! `service-takes-san-nic-down`

use crate::facts::{ExecLine, Facts, InterfaceConfig, LeavesUp, Manager, Method, Source, Unit};
use crate::handover::{
    ConfigMatch, Matches, STOP_OF_IFUPDOWN2, SanIdentity, config_text, matches, noted, san_config_matches,
};
use crate::{
    Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Repair, SanNicNeed, Scope, Sed, Severity,
    ShellCommand, TakenDown, taken_down,
};

/// The unit of wicked.
const WICKED: &str = "wicked.service";

pub(crate) static CHECK: Check = Check {
    id: "service-takes-san-nic-down",
    link: Link::Shutdown,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "a service takes the SAN NIC down at shutdown while the root still needs it",
    doc: Doc {
        finds: "A service that is stopped at shutdown and takes the SAN NIC down. ifupdown's networking.service runs \
                `ifdown -a`: that takes down every interface that has a stanza in /etc/network/interfaces, of any method, \
                and that ifupdown has recorded as up: those brought up by `auto` or `allow-hotplug`, and the boot NIC \
                wherever open-iscsi's udev rule records it as up to keep `ifup` away from it. `no-auto-down` passes, but for \
                ifupdown2, which does not know it: that one leaves everything up with SKIP_DOWN_AT_SYSRESET=yes in \
                /etc/default/networking, or where /etc/iscsi/iscsi.initramfs exists. wicked.service runs \
                `wicked ifdown all`: that takes down what an ifcfg file has it bring up, but for STARTMODE=nfsroot and for \
                what the iBFT describes, where wicked has the script for that. The script `network` of Red Hat's initscripts \
                stops every interface that has an ifcfg file, unless fstab marks the root with _netdev: later ones ask \
                systemd for that, older ones look into /etc/mtab, and find nothing there where it is a link to what the \
                kernel says. A unit of one's own counts where it names the \
                NIC. A stanza that reconfigures the NIC at boot is handover-san-nic-reconfigured.",
        breaks: "The NIC goes down while the root is still mounted: `manual` interfaces too (ip link set down). \
                 All units stop, and then systemd cannot read the program that ends the shutdown; what \
                 was not written back is lost, and the machine hangs until it is power-cycled.",
        fix: "Remove the SAN NIC from /etc/network/interfaces, or add `no-auto-down` for it. With wicked, set \
              STARTMODE=nfsroot; with initscripts, mark the root in fstab with _netdev.",
        references: &[
            "Debian /usr/lib/systemd/system/networking.service, ExecStop=/sbin/ifdown -a",
            "ifdown(8), --all; interfaces(5), no-auto-down",
            "ifupdown2 /usr/share/ifupdown2/sbin/start-networking, stop and check_network_file_systems()",
            "wicked etc/systemd/wicked.service.in, client/ifdown.c, extensions/ibft; ifcfg(5), STARTMODE",
            "initscripts /etc/rc.d/init.d/network, stop and check_device_down()",
            "Debian /lib/open-iscsi/net-interface-handler (writes /run/network/ifstate)",
        ],
    },
    judge,
};

/// A line that a unit runs when it is stopped at a shutdown.
struct Stop<'f> {
    unit: &'f Unit,
    line: &'f ExecLine,
}

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let san = SanIdentity::of(facts);
    let stops = stops(facts);
    let mut in_doubt = None;
    let mut left_up = None;
    for stop in &stops {
        let found = match taken_down(&stop.line.command) {
            _ if is_stop_of_initscripts(&stop.line.command) => by_initscripts(facts, &san, stop)?,
            _ if is_stop_of_ifupdown2(facts, &stop.line.command) => by_ifupdown(facts, &san, stop),
            Some(TakenDown::All) if stop.unit.name == WICKED => by_wicked(facts, &san, stop),
            Some(TakenDown::All) if stop.line.command.contains("ifdown") => by_ifupdown(facts, &san, stop),
            Some(TakenDown::Named(name)) if san.name.as_deref() == Some(name) => Found::Down(by_name(&san, stop)),
            Some(TakenDown::Named(_)) if san.name.is_some() || san.settled => Found::LeftUp,
            Some(_) => Found::Doubt(may_be(&san, stop)),
            None => continue,
        };
        match found {
            Found::Down(finding) => {
                // What leaves it up stands in any file.
                facts.was_read(Source::Root)?;
                return Ok(finding.into());
            }
            Found::Doubt(outcome) => in_doubt = in_doubt.or(Some(outcome)),
            Found::LeftUp => left_up = left_up.or(Some(stop)),
        }
    }
    if let Some(outcome) = in_doubt {
        return Err(outcome);
    }
    // Whoever brings interfaces up may take them down.
    facts.was_read(Source::Manager(Manager::Unread))?;
    let Some(stop) = left_up else {
        return Ok(match facts.services.problems.first() {
            Some(problem) => Outcome::unread(problem),
            None => Outcome::pass("no enabled service takes interfaces down at shutdown"),
        });
    };
    facts.was_read(Source::Manager(Manager::Ifupdown))?;
    facts.was_read(Source::Manager(Manager::Wicked))?;
    // One of udev's rules may note the NIC as one that is up.
    facts.was_read(Source::LinkFiles)?;
    Ok(Outcome::pass(format!("{} leaves {} up at shutdown", stop.unit.name, san.title())))
}

/// What a line does to the SAN NIC.
enum Found {
    Down(Finding),
    Doubt(Outcome),
    LeftUp,
}

/// The lines by which units that start are stopped.
fn stops(facts: &Facts) -> Vec<Stop<'_>> {
    let units = facts.services.units.iter().filter(|unit| unit.starts() && unit.stopped_at_shutdown);
    let lines = units.flat_map(|unit| unit.exec.iter().map(move |line| Stop { unit, line }));
    lines.filter(|stop| matches!(stop.line.directive.as_str(), "ExecStop" | "ExecStopPost")).collect()
}

fn down(san: &SanIdentity, stop: &Stop<'_>) -> String {
    format!("{} takes {} down at shutdown while the root still needs it", stop.unit.name, san.title())
}

fn evidence(stop: &Stop<'_>) -> Evidence {
    Evidence::at(&stop.line.at, format!("{}={}", stop.line.directive, stop.line.command))
}

/// A command that names the SAN NIC.
fn by_name(san: &SanIdentity, stop: &Stop<'_>) -> Finding {
    let what = format!("{} ({})", down(san, stop), stop.line.at);
    let remedy = Remedy::new("Leave the SAN NIC up when the service is stopped");
    Finding::critical(what).evidence(evidence(stop)).remedy(remedy)
}

fn may_be(san: &SanIdentity, stop: &Stop<'_>) -> Outcome {
    let reason = format!(
        "isctpl cannot tell whether {} takes {} down at shutdown ({})",
        stop.unit.name,
        san.title(),
        stop.line.at
    );
    Outcome::Unknown { reason, evidence: vec![evidence(stop)] }
}

/// `ifdown -a`, which takes down what has a stanza and is up.
fn by_ifupdown(facts: &Analysis<'_>, san: &SanIdentity, stop: &Stop<'_>) -> Found {
    let excluded = excluded(&stop.line.command);
    let stanza = facts.netconfig.interfaces.iter().find(|config| {
        config.manager == Manager::Ifupdown
            && config.method != Method::Loopback
            && config.given_up.is_none()
            && (!config.left_up || facts.netconfig.ifupdown2.is_some())
            && is_held_up(facts, config)
            && matches(&config.matches, san) == Matches::Yes
    });
    match stanza.filter(|_| !san.name.as_ref().is_some_and(|name| excluded.contains(&name.as_str()))) {
        Some(config) => Found::Down(finding(facts, san, config, stop)),
        None => Found::LeftUp,
    }
}

/// `wicked ifdown all`, which takes down what ifup has configured and is not persistent (ifdown.c): of what the iBFT
/// describes wicked's own script says that it is, before any ifcfg file (ni_ifconfig_validate_adding_doc()).
fn by_wicked(facts: &Analysis<'_>, san: &SanIdentity, stop: &Stop<'_>) -> Found {
    let takes = |found: &ConfigMatch<'_>| found.config.manager == Manager::Wicked && !found.config.left_up;
    let Some(found) = san_config_matches(facts).into_iter().find(takes) else { return Found::LeftUp };
    let of_firmware = facts.netconfig.wicked_ibft.as_ref();
    if of_firmware.is_some() && facts.handoff().is_some() {
        return Found::LeftUp;
    }
    if of_firmware.is_some() || !found.certain {
        return Found::Doubt(may_be(san, stop));
    }
    let config = found.config;
    let script = [Sed::new("s/^STARTMODE=.*/STARTMODE=nfsroot/")];
    let remedy = Remedy::new("Set STARTMODE=nfsroot for the SAN NIC, which wicked leaves up")
        .command(ShellCommand::sed(&script, &config.at.path))
        .repairs_by(Repair::of_san_nic(config, SanNicNeed::StayUp));
    let finding = Finding::critical(format!("{} ({})", down(san, stop), config.at));
    Found::Down(finding.evidence(Evidence::at(&config.at, config_text(config))).evidence(evidence(stop)).remedy(remedy))
}

/// The script of Red Hat's initscripts stops every interface that has an ifcfg file and is up, unless the root needs the
/// network.
fn by_initscripts(facts: &Analysis<'_>, san: &SanIdentity, stop: &Stop<'_>) -> Result<Found, Outcome> {
    let Some(script) = &facts.netconfig.initscripts else { return Ok(Found::LeftUp) };
    let files = facts.netconfig.interfaces.iter().filter(|config| {
        config.manager == Manager::Ifcfg && config.method != Method::Loopback && config.given_up.is_none()
    });
    let mut fits = files.map(|config| (matches(&config.matches, san), config)).filter(|(fits, _)| *fits != Matches::No);
    let certain = fits.clone().find(|(fits, _)| *fits == Matches::Yes);
    let Some((fits, config)) = certain.or_else(|| fits.next()) else { return Ok(Found::LeftUp) };
    let root = facts.storage.fstab.iter().find(|entry| entry.target == "/");
    let is_marked = root.is_some_and(|root| root.options.iter().any(|option| option == "_netdev"));
    if !is_marked {
        facts.was_read(Source::Fstab)?;
    }
    let what = match (script.leaves_up, is_marked) {
        (LeavesUp::RemoteRoot | LeavesUp::Mtab, true) => return Ok(Found::LeftUp),
        (LeavesUp::RemoteRoot | LeavesUp::Mtab | LeavesUp::KernelMounts, false) if fits == Matches::Yes => {
            "fstab does not mark the root with _netdev, by which initscripts would know that it needs the network"
        }
        _ => return Ok(Found::Doubt(may_be(san, stop))),
    };
    let line = root.map(|root| Evidence::at(&root.at, format!("{} / {}", root.spec, root.options.join(","))));
    let remedy = Remedy::new("Add _netdev to the options of / in /etc/fstab, so that initscripts leave the network up");
    let can = root.is_some() && script.leaves_up != LeavesUp::KernelMounts;
    let repair = Repair::MountOption { mount_point: "/".to_owned(), option: "_netdev".to_owned() };
    let finding = Finding::critical(format!("{} ({}): {what}", down(san, stop), config.at))
        .evidence(Evidence::at(&config.at, config_text(config)))
        .evidence(evidence(stop))
        .evidences(line)
        .remedy(remedy.repairs_by(can.then_some(repair)));
    Ok(Found::Down(finding))
}

/// `/etc/init.d/network stop`, or what leads there.
fn is_stop_of_initscripts(command: &str) -> bool {
    let mut words = command.split_whitespace();
    words.any(|word| word.ends_with("/init.d/network")) && words.any(|word| word == "stop")
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

fn finding(facts: &Facts, san: &SanIdentity, config: &InterfaceConfig, stop: &Stop<'_>) -> Finding {
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
    Finding::critical(format!("{} ({})", down(san, stop), config.at))
        .evidence(Evidence::at(&config.at, stanza))
        .evidence(evidence(stop))
        .remedy(remedy.repairs_by(Repair::of_san_nic(config, SanNicNeed::StayUp)))
}
