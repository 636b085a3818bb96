//! `handover-interface-renamed`

use super::config_match::{config_matches, unread_manager};
use super::identity::SanIdentity;
use super::managers::in_force;
use super::nic_match::{Matches, matches};
use crate::facts::{BootEntry, InterfaceConfig, Located, Location, Method, Rename, Source, Word};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Remedy, Repair, Scope, Severity, WordMatch};

pub(crate) static CHECK: Check = Check {
    id: "handover-interface-renamed",
    link: Link::Handover,
    severity: Severity::Warning,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the real root is configured for a NIC name that the NIC does not have",
    doc: Doc {
        finds: "A file on the real root that gives the SAN NIC another name than the initramfs did: a .link file, a \
                rule of 70-persistent-net.rules, or set-name of netplan. Also a configuration for an interface name \
                that no NIC has, while another NIC has no configuration. When only the disk is read: a name such as \
                enp0s4 although the kernel command line has net.ifnames=0.",
        breaks: "The initramfs may name the NIC differently than the real root: dracut's network-legacy calls it \
                 ibft0. A NIC that is up and carries the root keeps its name, or is renamed under the running session. \
                 A configuration for the other name then applies to no NIC: no address, no lease, no route, and no \
                 firewall rule.",
        fix: "Write the configuration for the MAC address, or for the name that the NIC really has, and remove what \
              renames it.",
        references: &[
            "dracut modules.d/35network-legacy/net-lib.sh (ibft0)",
            "open-iscsi utils/ibft-rule-generator (79-ibft.rules)",
            "systemd.link(5); netplan-yaml(5), set-name",
        ],
    },
    judge,
};

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let san = SanIdentity::of(facts);
    let mut findings: Vec<Finding> = renames(facts, &san);
    if let Some(Rename { at, name, .. }) = may_rename(facts, &san).filter(|_| findings.is_empty()) {
        return Err(Outcome::unknown(format!(
            "{at} may rename the SAN NIC to {name}: it is not known which NICs it is for"
        )));
    }
    // A name that nobody seems to have may be in what was not read.
    match facts.unread(Source::LinkFiles).or(unread_manager(facts)) {
        None => findings.extend(names_of_nobody(facts, &san)),
        Some(problem) if findings.is_empty() => return Err(Outcome::unread(problem)),
        Some(_) => {}
    }
    Ok(Outcome::from_findings(findings, || match &san.name {
        Some(name) => format!("no file on the real root gives the SAN NIC another name than {name}"),
        None => "no file on the real root gives the SAN NIC another name".to_owned(),
    }))
}

/// Renames of the SAN NIC to something that it is not called.
fn renames(facts: &Analysis<'_>, san: &SanIdentity) -> Vec<Finding> {
    let Some(current) = &san.name else { return Vec::new() };
    let fitting = || {
        let explicit = facts.netconfig.renames.iter().filter(|rename| is_explicit(&rename.name));
        explicit.filter(|rename| matches(&rename.matches, san) == Matches::Yes)
    };
    // The last of udev's rules holds, and `.link` files name what no rule does.
    let rule = fitting().rfind(|rename| is_rule(rename));
    let links = fitting().filter(|_| rule.is_none());
    let by_rule = rule.into_iter().chain(links).map(|rename| (&rename.at, &rename.name));
    let by_config = facts
        .netconfig
        .interfaces
        .iter()
        .filter(|config| in_force(facts, config) && matches(&config.matches, san) == Matches::Yes)
        .filter_map(|config| config.set_name.as_ref().map(|Located { value, at }| (at, value)));
    by_rule.chain(by_config).filter(|(_, name)| *name != current).map(|(at, name)| renamed(at, current, name)).collect()
}

/// The last of udev's rules that may give the SAN NIC another name, where what it asks for is not understood.
fn may_rename<'a>(facts: &'a Analysis<'_>, san: &SanIdentity) -> Option<&'a Rename> {
    let mut rules = facts.netconfig.renames.iter().rev().filter(|rename| is_rule(rename));
    let decides = rules.find(|rename| matches(&rename.matches, san) != Matches::No)?;
    let is_another = san.name.as_ref().is_some_and(|name| *name != decides.name) && is_explicit(&decides.name);
    (is_another && !decides.matches.other.is_empty()).then_some(decides)
}

fn is_rule(rename: &Rename) -> bool {
    rename.at.path.ends_with(".rules")
}

/// A name, and not a naming policy such as `NamePolicy=keep kernel database onboard slot path`.
fn is_explicit(name: &str) -> bool {
    !name.is_empty()
        && !name.contains('=')
        && !name.contains(char::is_whitespace)
        && !matches!(name, "keep" | "kernel" | "database" | "onboard" | "slot" | "path" | "mac")
}

fn renamed(at: &Location, current: &str, name: &str) -> Finding {
    Finding::warning(format!("{at} renames the SAN NIC {current} to {name}"))
        .evidence(Evidence::at(at, format!("name {name}")))
        .remedy(Remedy::new(format!(
            "Remove this rename, or have the initramfs name the NIC {name} too; match the MAC address in the configuration \
             for {name}"
        )))
}

/// Configurations for a name that no NIC has, while some NIC goes without one.
fn names_of_nobody(facts: &Analysis<'_>, san: &SanIdentity) -> Vec<Finding> {
    let Some(nics) = facts.nics.known() else { return names_that_the_kernel_never_gives(facts, san) };
    // The NICs as the real root will see them: the SAN NIC may have another name there than here.
    let names: Vec<&str> = nics
        .iter()
        .filter(|nic| nic.physical)
        .map(|nic| match (&san.mac, &san.name) {
            (Some(mac), Some(name)) if mac == &nic.mac => name.as_str(),
            _ => nic.name.as_str(),
        })
        .collect();
    let at_boot: Vec<_> = facts
        .netconfig
        .interfaces
        .iter()
        .filter(|config| config.method != Method::Loopback && in_force(facts, config))
        .collect();
    let has_config = |name: &str| at_boot.iter().any(|config| config.matches.names.iter().any(|given| given == name));
    let by_anything = |name: &str| has_config(name) || claimed_otherwise(facts, san, &at_boot, name);
    let Some(left) = names.iter().find(|name| !by_anything(name)) else { return Vec::new() };
    at_boot
        .iter()
        .filter(|config| {
            config.at_boot && config.lower.is_empty() && config.vlan.is_none() && config.matches.macs.is_empty()
        })
        .filter_map(|config| Some((*config, config.matches.only_name()?)))
        .filter(|(_, name)| looks_like_hardware(name) && !exists(facts, &names, name))
        .map(|(config, name)| nobody(config, name, left))
        .collect()
}

/// Of a disk alone: with `net.ifnames=0` udev gives no NIC a name of its own, and the kernel's are `eth0`
/// and so on. A configuration by any other name is for nobody, unless a rule or `.link` file gives it.
fn names_that_the_kernel_never_gives(facts: &Analysis<'_>, san: &SanIdentity) -> Vec<Finding> {
    let Some(entry) = facts.loader.default_entry().filter(|_| san.kernel_names) else { return Vec::new() };
    let at_boot = || {
        let all = facts.netconfig.interfaces.iter();
        all.filter(|config| config.method != Method::Loopback && config.at_boot && in_force(facts, config))
    };
    let is_kernels = |name: &str| {
        name.strip_prefix("eth").is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
    };
    // Who wrote for the kernel's names too has thought of both.
    if at_boot().filter_map(|config| config.matches.only_name()).any(is_kernels) {
        return Vec::new();
    }
    let is_given = |name: &str| {
        facts.netconfig.renames.iter().any(|rename| rename.name == name)
            || facts
                .netconfig
                .interfaces
                .iter()
                .any(|config| config.set_name.as_ref().is_some_and(|given| given.value == name))
    };
    at_boot()
        .filter(|config| !config.unmanaged && config.lower.is_empty() && config.vlan.is_none())
        .filter(|config| config.matches.macs.is_empty())
        .filter_map(|config| Some((config, config.matches.only_name()?)))
        .filter(|(_, name)| is_predictable(name) && san.name.as_deref() != Some(name) && !is_given(name))
        .map(|(config, name)| {
            Finding::warning(format!("{} configures {name}, but with net.ifnames=0 no NIC has that name", config.at))
                .evidence(Evidence::at(&config.at, format!("configuration for {name}")))
                .evidence(entry.cmdline_evidence())
                .remedy(
                    Remedy::new(
                        "Remove net.ifnames=0 from the kernel command line, or write the configuration for the MAC \
                         address",
                    )
                    .repairs_by(names_by_place(facts, entry)),
                )
        })
        .collect()
}

/// That NICs get systemd's names again, where no other word of the command line names one by the kernel's.
fn names_by_place(facts: &Analysis<'_>, entry: &BootEntry) -> Option<Repair> {
    let is_kernels =
        |part: &str| part.strip_prefix("eth").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let names = |word: &Word| word.value.as_deref().is_some_and(|value| value.split([':', ',']).any(is_kernels));
    if entry.cmdline.words.iter().any(names) {
        return None;
    }
    facts.change_words(vec![WordMatch::Word("net.ifnames=0".to_owned())], Vec::new())
}

/// Whether a name is one of systemd's for Ethernet (systemd.net-naming-scheme(7)): by the place on the
/// board (`eno1`), the slot (`ens3`), the path (`enp0s3`) or the MAC address (`enx525400000001`).
fn is_predictable(name: &str) -> bool {
    let rest = name.strip_prefix("en").unwrap_or_default();
    let mut characters = rest.chars();
    matches!(characters.next(), Some('o' | 's' | 'p' | 'x' | 'P'))
        && characters.next().is_some_and(|c| c.is_ascii_hexdigit())
}

/// Whether a NIC is configured by a pattern, a MAC address or a driver.
fn claimed_otherwise(facts: &Analysis<'_>, san: &SanIdentity, at_boot: &[&InterfaceConfig], name: &str) -> bool {
    if san.name.as_deref() == Some(name) {
        return !config_matches(facts, san).is_empty()
            || at_boot.iter().any(|config| matches(&config.matches, san) != Matches::No);
    }
    let nic = facts.nics.known().and_then(|nics| nics.iter().find(|nic| nic.name == name));
    at_boot.iter().any(|config| {
        let of = &config.matches;
        let by_mac = nic.is_some_and(|nic| of.macs.contains(&nic.mac));
        let by_pattern = of.macs.is_empty() && config.matches.only_name().is_none();
        by_mac || by_pattern
    })
}

/// Names that Ethernet NICs have; those of modems, tunnels, bridges and the like come and go.
fn looks_like_hardware(name: &str) -> bool {
    ["en", "eth", "em", "ibft", "p1p", "p2p"].iter().any(|prefix| name.starts_with(prefix))
        && name.contains(|c: char| c.is_ascii_digit())
        && !name.contains(['.', ':'])
}

fn exists(facts: &Analysis<'_>, names: &[&str], name: &str) -> bool {
    names.contains(&name) || facts.network.links.known().is_some_and(|links| links.iter().any(|link| link.name == name))
}

fn nobody(config: &InterfaceConfig, name: &str, left: &str) -> Finding {
    Finding::warning(format!("{} configures {name}, but no NIC has that name; {left} has no configuration", config.at))
        .evidence(Evidence::at(&config.at, format!("configuration for {name}")))
        .evidence(Evidence::new("/sys/class/net", format!("{left} exists, {name} does not")))
        .remedy(Remedy::new(format!(
            "If {left} is meant, write the configuration for {left}, or better for its MAC address"
        )))
}
