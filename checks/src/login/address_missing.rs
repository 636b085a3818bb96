//! `login-address-missing`: what brings up the network in the image gives the SAN NIC no address.

use super::interface_named_ibft::names_ibft;
use super::profiles::{NETWORK_MANAGER, is_for_san, made_by_network_manager, san_profiles, static_address};
use super::source_of::source_of;
use crate::analysis::Family;
use crate::facts::{Cmdline, Initramfs, NetworkKind};
use crate::readers::Stop;
use crate::readers::network_generator::{self, Network};
use crate::readers::network_manager::{Of, Profile};
use crate::{Analysis, Check, Doc, Evidence, Finding, Link, Outcome, Scope, Severity};

pub(crate) static CHECK: Check = Check {
    id: "login-address-missing",
    link: Link::Login,
    severity: Severity::Critical,
    scope: Scope::Everywhere,
    decided_by: &[],
    title: "the words of the command line give the SAN NIC no address",
    doc: Doc {
        finds: "The initramfs brings up its network with systemd-networkd or NetworkManager, and what their generators \
                make of the command line leaves the SAN NIC without an address, or asks DHCP for it where the iBFT has \
                a static one and the line asks for that (rd.iscsi.ibft, ip=ibft). systemd-network-generator writes \
                nothing at all when it cannot parse one word, reads no iBFT, and makes of rd.route=, nameserver= or \
                rd.peerdns= without ip= a file without DHCP; it reads /proc/cmdline, and not the image's \
                etc/cmdline.d. nm-initrd-generator makes of ip=dhcp or rd.route=NET:GATEWAY:NIC a profile of its own, \
                whose priority -100 goes before the iBFT's -200: where no server answers, NetworkManager takes that \
                one afterwards (95 s later in a boot of Debian 13), and nothing is missing.",
        breaks: "The NIC comes up without an address, or waits for a DHCP server that the SAN segment does not have. \
                 The login has no route, and the root never appears.",
        fix: "systemd-networkd: name the NIC with its address, ip=NIC:dhcp or \
              ip=ADDRESS::GATEWAY:NETMASK::NIC:none. NetworkManager: rd.iscsi.ibft=1 without another ip=, and ibft0 \
              as the interface in rd.route=.",
        references: &[
            "systemd src/network/generator/network-generator.c",
            "NetworkManager src/nm-initrd-generator/nmi-cmdline-reader.c, nmi-ibft-reader.c",
            "dracut modules.d/01systemd-networkd/networkd-config.sh",
            "dracut.cmdline(7), ip=, rd.route, rd.iscsi.ibft",
        ],
    },
    judge,
};

/// What the SAN NIC gets.
enum Given {
    /// An address that is written down.
    Address,
    /// What a DHCP server says.
    Dhcp,
    /// The same, and where none answers an address that is written down.
    AddressAfterDhcp,
    /// Nothing, and why.
    Nothing(String),
}

/// What brings up the network gives the SAN NIC this, for this word.
struct Way {
    given: Given,
    program: &'static str,
    word: Option<String>,
}

fn judge(facts: &Analysis<'_>) -> Result<Outcome, Outcome> {
    let image = facts.image_that_logs_in()?;
    let is_legacy = image.has_network(NetworkKind::DracutLegacy);
    let has_other = image.has_network(NetworkKind::NetworkManager) || image.has_network(NetworkKind::Networkd);
    if is_legacy || !has_other || image.family() != Family::Dracut {
        image.whole()?;
        return Err(Outcome::not_applicable(
            "neither systemd-networkd nor NetworkManager brings up the network of the initramfs",
        ));
    }
    if facts.effective_requests().is_empty() {
        return Err(Outcome::not_applicable("not checked: nothing requests a login (see login-not-requested)"));
    }
    if let Some(word) = facts.boot_words().unclear_network_word() {
        return Err(Outcome::unknown(format!("it is not known what the initramfs makes of {word}")));
    }
    let way = match image.has_network(NetworkKind::NetworkManager) {
        true => by_network_manager(facts)?,
        false => by_networkd(facts, image)?,
    };
    match &way.given {
        Given::Address => Ok(Outcome::pass(format!("{} sets an address on the SAN NIC", way.program))),
        Given::AddressAfterDhcp => Ok(Outcome::pass(format!(
            "{} asks DHCP for the SAN NIC's address, and sets the one of another profile where no server answers",
            way.program
        ))),
        Given::Nothing(why) => {
            image.whole()?;
            finding(facts, image, &way, format!("{} gives the SAN NIC no address: {why}", way.program)).into()
        }
        Given::Dhcp => by_dhcp(facts, image, &way),
    }
}

/// DHCP where the firmware itself was given a static address: whether a server answers shows in a lease alone.
fn by_dhcp(facts: &Analysis<'_>, image: &Initramfs, way: &Way) -> Result<Outcome, Outcome> {
    let pass = || Ok(Outcome::pass(format!("{} asks DHCP for the SAN NIC's address", way.program)));
    let Some((mac, address)) = static_address(facts) else { return pass() };
    let Some(word) = facts.boot_words().firmware_nic_words().next() else {
        return Err(Outcome::unknown(format!(
            "fails unless a DHCP server answers on the SAN NIC: {} asks DHCP, and the firmware has the static address \
             {address}",
            way.program
        )));
    };
    let because = match &way.word {
        Some(other) if *other != word.to_string() => format!(", because of {other}"),
        _ => String::new(),
    };
    let summary =
        format!("{} asks DHCP for the SAN NIC's address{because}; the iBFT has the static {address}", way.program);
    let ibft = facts.handoff().map(|handoff| Evidence::new(handoff.source, format!("{mac}: static {address}")));
    let finding = finding(facts, image, way, summary);
    finding.evidence(source_of(facts, image, &word.to_string())).evidences(ibft).into()
}

fn finding(facts: &Analysis<'_>, image: &Initramfs, way: &Way, summary: String) -> Finding {
    let nic = facts.san_nic().map_or_else(|| "NIC".to_owned(), |(name, _)| name);
    let text = match way.program {
        NETWORKD => format!(
            "Write ip={nic}:dhcp, or ip=ADDRESS::GATEWAY:NETMASK::{nic}:none, into GRUB_CMDLINE_LINUX; this image reads \
             no iBFT."
        ),
        _ => {
            "Leave rd.iscsi.ibft=1 on the command line, remove every other ip=, and name ibft0 in rd.route=.".to_owned()
        }
    };
    let networks = image
        .network
        .iter()
        .filter(|network| matches!(network.kind, NetworkKind::Networkd | NetworkKind::NetworkManager));
    Finding::critical(summary)
        .evidences(way.word.as_deref().map(|word| source_of(facts, image, word)))
        .evidences(networks.map(|network| Evidence::at(&network.at, "brings up the network")))
        .remedy(facts.update_loader(text).repairs_by(facts.request_login()))
}

const NETWORKD: &str = "systemd-network-generator";

/// dracut's own file for every NIC, which stands where the generator writes none.
const DRACUT_DEFAULT: &str = "zzzz-dracut-default.network";

/// Files of systemd for interfaces that are no NIC of a server.
const STOCK: [&str; 3] = ["80-", "89-ethernet.network.example", DRACUT_DEFAULT];

fn by_networkd(facts: &Analysis<'_>, image: &Initramfs) -> Result<Way, Outcome> {
    let line = facts.booting_entry()?.cmdline.clone();
    if line.words.iter().any(names_ibft) {
        return Err(Outcome::not_applicable("not checked: ibft is no interface here (see login-interface-named-ibft)"));
    }
    let way = |given: Given, word: Option<String>| Ok(Way { given, program: NETWORKD, word });
    let (networks, refused) = match network_generator::networks(&line) {
        Ok(networks) => (networks, None),
        Err(Stop::Refused(refused)) => (std::collections::BTreeMap::new(), Some(refused.word)),
        Err(Stop::Unclear(why)) => return Err(Outcome::unknown(format!("what {NETWORKD} writes is not known: {why}"))),
    };
    let of = networks.iter().find(|(name, _)| is_for_san(facts, &line, name)).or_else(|| networks.get_key_value(""));
    if let Some((name, network)) = of {
        own_networks(image)?;
        let word = word_for(&line, name);
        return way(given_by(network, word.as_deref().unwrap_or("the command line")), word);
    }
    if let Some((name, other)) = networks.iter().next() {
        if networks.values().any(Network::has_address) || other.is_port() {
            return Err(Outcome::not_applicable(format!(
                "not checked: it is not known that {name} is the SAN NIC (see login-interface-absent)"
            )));
        }
        own_networks(image)?;
        let word = word_for(&line, name);
        return way(given_by(other, word.as_deref().unwrap_or("the command line")), word);
    }
    own_networks(image)?;
    if image.files.keys().any(|path| path.ends_with(DRACUT_DEFAULT)) {
        return way(Given::Dhcp, refused);
    }
    let why = match &refused {
        Some(word) => format!("it cannot parse {word} and writes no file at all"),
        None => "the command line has no ip= for it, and the image has no file of its own".to_owned(),
    };
    way(Given::Nothing(why), refused)
}

/// What a file gives its NIC. A port, and what lies under a VLAN, has its addresses elsewhere.
fn given_by(network: &Network, word: &str) -> Given {
    if network.has_static_address() || !network.vlans.is_empty() || network.is_port() {
        Given::Address
    } else if network.runs_dhcp() {
        Given::Dhcp
    } else {
        Given::Nothing(format!("of {word} it makes a file without DHCP and without an address"))
    }
}

/// The word from which a network comes.
fn word_for(line: &Cmdline, name: &str) -> Option<String> {
    const KEYS: [&str; 4] = ["ip", "rd.route", "nameserver", "rd.peerdns"];
    let names_it = |value: &str| name.is_empty() || value.split(':').any(|field| field == name);
    KEYS.iter().find_map(|key| {
        let mut of_key = line.words.iter().filter(|word| word.key == *key);
        of_key.rfind(|word| names_it(word.value.as_deref().unwrap_or_default())).map(ToString::to_string)
    })
}

/// Goes on where the image has no file for networkd that the machine's administrator wrote.
fn own_networks(image: &Initramfs) -> Result<(), Outcome> {
    let is_own = |path: &&String| {
        let name = path.rsplit('/').next().unwrap_or_default();
        path.contains("systemd/network/") && name.ends_with(".network") && !STOCK.iter().any(|of| name.starts_with(of))
    };
    image.files.keys().find(is_own).map_or(Ok(()), |path| {
        Err(Outcome::unknown(format!("{path} in the initramfs configures NICs as well, and was not read")))
    })
}

fn by_network_manager(facts: &Analysis<'_>) -> Result<Way, Outcome> {
    let (line, made) = made_by_network_manager(facts)?;
    let fitting = san_profiles(facts, &line, &made);
    let way = |given: Given, word: Option<String>| Ok(Way { given, program: NETWORK_MANAGER, word });
    let Some(first) = fitting.first() else {
        // Without the firmware at hand its profile is not among them.
        let reads_firmware = line.firmware_nic_words().next().is_some() && facts.firmware.ibft().is_none();
        if reads_firmware || made.iter().any(Profile::has_address) {
            return Err(Outcome::not_applicable(
                "not checked: it is not known which profile is the SAN NIC's (see login-interface-absent)",
            ));
        }
        return way(Given::Nothing("it makes no profile for it".to_owned()), None);
    };
    let word = match &first.of {
        Of::Name(name) => word_for(&line, name),
        Of::Any => word_for(&line, ""),
        Of::Mac(_) => None,
    };
    let equals = || fitting.iter().filter(|profile| profile.priority == first.priority);
    let shown = |profile: &Profile| (profile.has_address(), profile.runs_dhcp());
    if equals().any(|profile| shown(profile) != shown(first)) {
        return Err(Outcome::unknown(
            "two profiles of NetworkManager fit the SAN NIC, and which one is taken is not known",
        ));
    }
    let elsewhere = first.port_of.is_some() || made.iter().any(|profile| profile.kind != "ethernet");
    if !first.addresses.is_empty() || elsewhere {
        way(Given::Address, word)
    } else if first.runs_dhcp() {
        let has_other = fitting.iter().any(|profile| !profile.addresses.is_empty());
        way(if has_other { Given::AddressAfterDhcp } else { Given::Dhcp }, word)
    } else {
        let of = word.as_deref().unwrap_or("the command line").to_owned();
        way(Given::Nothing(format!("of {of} it makes a profile without DHCP and without an address")), word)
    }
}
