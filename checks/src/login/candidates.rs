//! Words with which an image may log in: what is tried, in order.

use crate::analysis::Family;
use crate::facts::{Cmdline, HIDDEN, Initramfs, Mode, NetworkKind, Word};
use crate::{Analysis, WordMatch};

/// Keys of the words that bring up the network of an image or ask it to log in.
const KEYS: [&str; 13] = [
    "ip",
    "netroot",
    "iscsiroot",
    "iscsi_auto",
    "iscsi_firmware",
    "iscsi_initiator",
    "iscsi_username",
    "iscsi_password",
    "iscsi_in_username",
    "iscsi_in_password",
    "BOOTIF",
    "bootdev",
    "ifname",
];

/// A change of the command line that is tried.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// Words that leave it.
    pub(crate) remove: Vec<WordMatch>,
    /// Words that join it, where no equal one stands there.
    pub(crate) add: Vec<String>,
    /// It names a NIC of this machine by its MAC address: only for where nothing else logs in.
    pub(crate) names_machine: bool,
}

/// What is tried for the image that boots: the line as it stands, less of it, more of it, and the words of each way
/// that the image may read in place of those that stand there.
pub(crate) fn candidates(facts: &Analysis<'_>, image: &Initramfs) -> Vec<Candidate> {
    let words = entry_words(facts);
    let mut groups: Vec<fn(&Word) -> bool> = vec![is_of_target, |word| word.key == "rd.route"];
    // networkd without a word for its NIC runs DHCP on every one.
    if !image.has_network(NetworkKind::Networkd) {
        groups.insert(0, |word| word.key == "ip");
    }
    let less = groups.into_iter().map(|is_meant| Candidate {
        remove: matches_of(words.iter().copied().filter(|word| is_meant(word))),
        ..Candidate::default()
    });
    let mut found = vec![Candidate::default()];
    found.extend(by_dhcp_on_the_named_nic(&words, image));
    found.extend(less.filter(|candidate| !candidate.remove.is_empty()));
    for way in ways(facts, image) {
        let others =
            || words.iter().copied().filter(|word| is_of_login(word) && !way.words.contains(&word.to_string()));
        // A line that names a NIC or an address is one machine's, and the words of another way come in its place.
        if !others().any(is_of_one_machine) {
            found.push(Candidate { remove: Vec::new(), add: way.words.clone(), names_machine: way.names_machine });
        }
        found.push(Candidate { remove: matches_of(others()), add: way.words, names_machine: way.names_machine });
    }
    found
}

/// DHCP on the NIC that an `ip=` of initramfs-tools names already, for a login to a target of the line. Without the name klibc's ipconfig takes the first NIC
/// that gets an answer, be it the WAN's.
fn by_dhcp_on_the_named_nic(words: &[&Word], image: &Initramfs) -> Option<Candidate> {
    let names_target = words.iter().any(|word| is_of_target(word));
    if image.family() == Family::Dracut || !names_target {
        return None;
    }
    let of_ip = |word: &&Word| word.key == "ip";
    let line = Cmdline { at: None, words: words.iter().copied().filter(of_ip).cloned().collect() };
    let [ip] = line.ip_words(Some(image)).try_into().ok()?;
    let add = vec![format!("ip=:::::{}:dhcp", ip.interface?)];
    Some(Candidate { remove: matches_of(words.iter().copied().filter(of_ip)), add, names_machine: false })
}

/// The loader's words, without those that the image itself adds.
fn entry_words<'a>(facts: &'a Analysis<'_>) -> Vec<&'a Word> {
    facts.loader.default_entry().into_iter().flat_map(|entry| &entry.cmdline.words).collect()
}

/// Whether a word names a target or what belongs to it. What `root=` says of it stays: nothing could take its place.
fn is_of_target(word: &Word) -> bool {
    let key = word.key.as_str();
    matches!(key, "iscsiroot" | "netroot" | "iscsi_initiator" | "rd.iscsi.initiator")
        || ["iscsi_target", "rd.iscsi.target", "iscsi_username", "rd.iscsi.username"]
            .iter()
            .any(|of| key.starts_with(of))
        || ["iscsi_password", "rd.iscsi.password", "iscsi_in_", "rd.iscsi.in."].iter().any(|of| key.starts_with(of))
}

fn is_of_login(word: &Word) -> bool {
    KEYS.contains(&word.key.as_str())
        || word.key.starts_with("rd.iscsi.")
        || word.key == "rd.route"
        || is_of_target(word)
}

/// Whether a word names a NIC or an address that other machines made of a template do not have.
fn is_of_one_machine(word: &Word) -> bool {
    let one = Cmdline { at: None, words: vec![word.clone()] };
    matches!(word.key.as_str(), "BOOTIF" | "bootdev" | "ifname")
        || one.ip_words(None).iter().any(|ip| ip.interface.is_some() || ip.address.is_some())
}

/// Each word as a match: by its key where its value is not shown.
fn matches_of<'a>(words: impl Iterator<Item = &'a Word>) -> Vec<WordMatch> {
    let mut found = Vec::new();
    for word in words {
        let shown = !word.secret && !word.value.as_deref().is_some_and(|value| value.contains(HIDDEN));
        let of = if shown { WordMatch::Word(word.to_string()) } else { WordMatch::Key(word.key.clone()) };
        if !found.contains(&of) {
            found.push(of);
        }
    }
    found
}

/// Words by which an image logs in to what the firmware names.
struct Way {
    words: Vec<String>,
    names_machine: bool,
}

impl Way {
    fn new(words: &[&str]) -> Self {
        Self { words: words.iter().map(|&word| word.to_owned()).collect(), names_machine: false }
    }

    fn with(mut self, word: Option<String>) -> Self {
        self.words.extend(word);
        self
    }
}

/// The ways that this image may read, in the order in which they are preferred.
fn ways(facts: &Analysis<'_>, image: &Initramfs) -> Vec<Way> {
    if firmware_names_no_target(facts) {
        return Vec::new();
    }
    let reads = |token: &str| image.reader(token).is_some();
    if image.family() != Family::Dracut {
        return match (reads("iscsi_auto"), reads("iscsi_firmware")) {
            (true, _) => vec![Way::new(&["iscsi_auto"])],
            (false, true) if reads("ip=ibft") => vec![Way::new(&["iscsi_firmware", "ip=ibft"])],
            (false, true) => vec![Way::new(&["iscsi_firmware"])],
            (false, false) => Vec::new(),
        };
    }
    let mut ways = Vec::new();
    for network in &image.network {
        match network.kind {
            NetworkKind::NetworkManager => ways.extend(by_network_manager(facts)),
            NetworkKind::DracutLegacy => ways.extend(by_network_legacy(facts, image)),
            NetworkKind::Networkd => ways.extend(by_networkd(facts)),
            NetworkKind::Ipconfig | NetworkKind::InitramfsDhclient | NetworkKind::IscsistartN => {}
        }
    }
    ways
}

/// Whether this is the instance's firmware, and it hands over no target.
fn firmware_names_no_target(facts: &Analysis<'_>) -> bool {
    let firmware = &facts.firmware;
    let own = facts.scope.mode == Mode::Live || facts.scope.firmware_given;
    let unread = firmware.table.problem().is_some() || firmware.sysfs.problem().is_some();
    let known = firmware.table.known().is_some() || firmware.sysfs.known().is_some();
    own && known && !unread && firmware.ibft().is_none()
}

/// nm-initrd-generator writes a profile for the iBFT's NIC by its MAC address, and keeps `rd.route=…:ibft0` for that
/// profile though no NIC is ever called so.
fn by_network_manager(facts: &Analysis<'_>) -> Vec<Way> {
    let way = || Way::new(&["rd.iscsi.firmware=1", "rd.iscsi.ibft=1", "ip=ibft", "rd.neednet=1"]);
    let routed = route_word(facts, "ibft0").map(|route| way().with(Some(route)));
    std::iter::once(way()).chain(routed).collect()
}

/// network-legacy calls the iBFT's NIC ibft0. A DHCP client that drops option 121 needs the route in words, and an awk
/// without `and()` reads no iBFT: then the NIC is named.
fn by_network_legacy(facts: &Analysis<'_>, image: &Initramfs) -> Vec<Way> {
    let of = |words: &[&str], nic: &str| {
        Way::new(words).with(image.drops_option_121().then(|| route_word(facts, nic)).flatten())
    };
    let named = stable_name(facts).map(|nic| {
        let ip = format!("ip={nic}:dhcp");
        of(&[&ip, "rd.iscsi.firmware=1", "rd.neednet=1"], &nic)
    });
    std::iter::once(of(&["rd.iscsi.firmware=1", "rd.iscsi.ibft=1"], "ibft0")).chain(named).collect()
}

/// systemd-network-generator knows no iBFT: it is told the NIC, or runs DHCP on all of them.
fn by_networkd(facts: &Analysis<'_>) -> Vec<Way> {
    let mut ways = Vec::new();
    if let Some(nic) = stable_name(facts) {
        ways.push(Way::new(&[&format!("ip={nic}:dhcp"), "rd.iscsi.firmware=1", "rd.neednet=1"]));
    }
    ways.push(Way::new(&["rd.iscsi.firmware=1", "rd.neednet=1", "ip=dhcp"]));
    if let Some(mac) = facts.scope.san_nic_mac().or_else(|| facts.san_mac().map(str::to_owned)) {
        let ifname = format!("ifname=san0:{mac}");
        let way = Way::new(&[&ifname, "ip=san0:dhcp", "rd.iscsi.firmware=1", "rd.neednet=1"]);
        ways.push(Way { names_machine: true, ..way });
    }
    ways
}

/// `rd.route=` to the target through an interface.
fn route_word(facts: &Analysis<'_>, nic: &str) -> Option<String> {
    facts.san_route()?.as_word(Some(nic))
}

/// The SAN NIC's name where it is made of its place in the machine (systemd.net-naming-scheme(7)), and not of the
/// order in which the kernel found it.
fn stable_name(facts: &Analysis<'_>) -> Option<String> {
    let by_place = |name: &String| {
        let rest = name.strip_prefix("en");
        rest.is_some_and(|rest| rest.starts_with(['o', 's', 'p', 'P']) && rest.contains(|c: char| c.is_ascii_digit()))
    };
    let kernel_names = facts.boot_words().last("net.ifnames") == Some("0");
    facts.san_nic().map(|(name, _)| name).filter(by_place).filter(|_| !kernel_names)
}
