//! Whether a configuration is for the SAN NIC.

use crate::facts::{Cmdline, Facts, Mode, NetworkKind, NicMatch};
use crate::view;
use crate::view::san;

/// The name that dracut's network-legacy gives the NIC of an iBFT (`net-lib.sh`, `ibft_to_cmdline`).
const DRACUT_IBFT_NAME: &str = "ibft0";

/// Drivers of interfaces that no firmware can boot by (ETHTOOL_GDRVINFO). networkd ships files for them.
const NO_HARDWARE: [&str; 8] = ["bonding", "bridge", "dummy", "macvlan", "team", "tun", "veth", "vxlan"];

/// What is known of the SAN NIC as the real root will see it.
#[derive(Debug, Default)]
pub(crate) struct SanIdentity {
    /// Its name on the real root.
    pub(crate) name: Option<String>,
    /// Its MAC address.
    pub(crate) mac: Option<String>,
    /// Its driver.
    driver: Option<String>,
    /// Whether a NIC without a name of its own is called `eth0` and so on (`net.ifnames=0`).
    pub(super) kernel_names: bool,
}

impl SanIdentity {
    /// Gathers it from the running kernel, from the image and its command line, or from a lease that
    /// lies on the disk.
    pub(crate) fn of(facts: &Facts) -> Self {
        let words = view::boot_words(facts);
        let live = facts.scope.mode == Mode::Live;
        let current = san::any_nic(facts).map(|nic| nic.name);
        let named = || name_by_initramfs(facts, &words);
        let name = match (facts.scope.san_nic_name(), live) {
            (Some(given), _) => Some(given.to_owned()),
            (None, true) => current.clone(),
            (None, false) => named().or_else(|| current.clone()).or_else(|| name_by_lease(facts)),
        };
        let hardware = current.and_then(|name| facts.nics.known()?.iter().find(|nic| nic.name == name));
        let given = facts.scope.san_nic_mac();
        let mac =
            given.or_else(|| view::san_mac(facts).map(str::to_owned)).or_else(|| hardware.map(|nic| nic.mac.clone()));
        let by_mac =
            mac.as_ref().and_then(|mac| facts.nics.known()?.iter().find(|nic| nic.physical && &nic.mac == mac));
        Self {
            name,
            mac,
            driver: hardware.or(by_mac).and_then(|nic| nic.driver.clone()),
            kernel_names: words.last("net.ifnames") == Some("0"),
        }
    }

    /// Another NIC, as far as a configuration that is for it alone says what it is.
    pub(super) fn of_another(of: &NicMatch) -> Self {
        let name = match of.names.as_slice() {
            [name] if !name.contains(['*', '?', '[', '!']) => Some(name.clone()),
            _ => None,
        };
        Self { name, mac: of.macs.first().cloned(), ..Self::default() }
    }

    /// How to call it in a sentence.
    pub(crate) fn title(&self) -> String {
        match (&self.name, &self.mac) {
            (Some(name), _) => format!("the SAN NIC {name}"),
            (None, Some(mac)) => format!("the SAN NIC ({mac})"),
            (None, None) => "the SAN NIC".to_owned(),
        }
    }
}

/// The name that the NIC has in the initramfs, and that stays: an interface that is up is not renamed.
fn name_by_initramfs(facts: &Facts, words: &Cmdline) -> Option<String> {
    let legacy = view::default_image(facts).is_some_and(|image| view::has_network(image, NetworkKind::DracutLegacy));
    if legacy && (words.is_on("rd.iscsi.ibft") || words.last("ip") == Some("ibft")) {
        return Some(DRACUT_IBFT_NAME.to_owned());
    }
    let by_route = view::route_words(words).into_iter().find_map(|route| route.interface);
    // Several ip= may name several NICs, and then none of them says which is the SAN NIC.
    let by_address = || match view::ip_words(words).as_slice() {
        [only] => only.interface.clone(),
        _ => None,
    };
    by_route.or_else(by_address)
}

/// The interface whose lease on the disk has the mark of a SAN: option 121 without a default route.
fn name_by_lease(facts: &Facts) -> Option<String> {
    let mut names = facts.dhcp.leases.iter().filter_map(|lease| {
        let routes = lease.classless.as_deref().filter(|routes| !routes.is_empty())?;
        let specific = routes.iter().all(|route| route.destination.prefix_len() > 0);
        lease.interface.as_ref().filter(|_| specific)
    });
    let first = names.next()?;
    names.all(|name| name == first).then(|| first.clone())
}

/// Three-valued: what is known may not decide it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Matches {
    No,
    Maybe,
    Yes,
}

/// Whether a match is for the SAN NIC. All that is given must hold.
pub(crate) fn matches(of: &NicMatch, san: &SanIdentity) -> Matches {
    let macs = match &san.mac {
        _ if of.macs.is_empty() => Matches::Yes,
        Some(mac) if of.macs.iter().any(|wanted| wanted.eq_ignore_ascii_case(mac)) => Matches::Yes,
        Some(_) => Matches::No,
        None => Matches::Maybe,
    };
    let drivers = match &san.driver {
        _ if of.drivers.is_empty() => Matches::Yes,
        Some(driver) => yes_or_no(any_pattern(&of.drivers, driver)),
        None if of.drivers.iter().all(|driver| NO_HARDWARE.contains(&driver.as_str())) => Matches::No,
        None => Matches::Maybe,
    };
    let types = yes_or_no(of.types.is_empty() || any_pattern(&of.types, "ether"));
    let other = of.other.iter().map(|condition| holds(condition, san)).min().unwrap_or(Matches::Yes);
    names_match(&of.names, san).min(macs).min(drivers).min(types).min(other)
}

/// A further condition of systemd.network(5), as far as it is settled by what a SAN NIC is: hardware,
/// Ethernet, and not inside a container.
fn holds(condition: &str, san: &SanIdentity) -> Matches {
    let Some((key, value)) = condition.split_once('=') else { return Matches::Maybe };
    let (inverted, value) = match value.trim().strip_prefix('!') {
        Some(rest) => (true, rest.trim()),
        None => (false, value.trim()),
    };
    let held = match (key, &san.mac) {
        ("Kind" | "WLANInterfaceType" | "SSID" | "BSSID", _) => false,
        ("Virtualization", _) if matches!(value, "container" | "private-users") => false,
        ("PermanentMACAddress", Some(mac)) => value.split_whitespace().any(|wanted| wanted.eq_ignore_ascii_case(mac)),
        _ => return Matches::Maybe,
    };
    yes_or_no(held != inverted)
}

fn yes_or_no(holds: bool) -> Matches {
    if holds { Matches::Yes } else { Matches::No }
}

fn names_match(patterns: &[String], san: &SanIdentity) -> Matches {
    if patterns.is_empty() {
        return Matches::Yes;
    }
    if let Some(name) = &san.name {
        return yes_or_no(any_pattern(patterns, name));
    }
    if patterns.iter().all(|pattern| pattern == "lo") {
        return Matches::No;
    }
    // Every Ethernet NIC has a name like one of these, unless something gave it another.
    let usual = if san.kernel_names { "eth7" } else { "enp7s7" };
    let wide = patterns.iter().filter(|pattern| pattern.ends_with('*') && !pattern.starts_with('!'));
    if wide.into_iter().any(|pattern| glob(pattern, usual)) { Matches::Yes } else { Matches::Maybe }
}

/// Whether a list of globs takes a text: one that fits, none with a leading `!` that does.
fn any_pattern(patterns: &[String], text: &str) -> bool {
    let (excluding, including): (Vec<&str>, Vec<&str>) =
        patterns.iter().map(String::as_str).partition(|pattern| pattern.starts_with('!'));
    let excluded = excluding.iter().any(|pattern| glob(&pattern[1..], text));
    !excluded && (including.is_empty() || including.iter().any(|pattern| glob(pattern, text)))
}

/// A shell pattern with `*`, `?` and `[…]`, matched against a whole text.
fn glob(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    // The usual greedy walk: on a mismatch, let the last star take one character more.
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
                continue;
            }
            Some('?') => {
                p += 1;
                t += 1;
                continue;
            }
            Some('[') => {
                if let Some((fits, next)) = class(&pattern, p, text[t]) {
                    if fits {
                        p = next;
                        t += 1;
                        continue;
                    }
                } else if text[t] == '[' {
                    p += 1;
                    t += 1;
                    continue;
                }
            }
            Some(literal) if *literal == text[t] => {
                p += 1;
                t += 1;
                continue;
            }
            _ => {}
        }
        match &mut star {
            Some((at, taken)) => {
                *taken += 1;
                p = *at + 1;
                t = *taken;
            }
            None => return false,
        }
    }
    pattern[p..].iter().all(|rest| *rest == '*')
}

/// Whether the class that opens at `open` takes a character, and where the pattern goes on; `None`
/// when it does not close.
fn class(pattern: &[char], open: usize, text: char) -> Option<(bool, usize)> {
    let close = open + 1 + pattern.get(open + 2..)?.iter().position(|c| *c == ']')? + 1;
    let inside = &pattern[open + 1..close];
    let (negated, members) = match inside {
        ['!' | '^', members @ ..] => (true, members),
        members => (false, members),
    };
    let mut takes = false;
    let mut at = 0;
    while at < members.len() {
        match members[at..] {
            [from, '-', to, ..] => {
                takes |= (from..=to).contains(&text);
                at += 3;
            }
            _ => {
                takes |= members[at] == text;
                at += 1;
            }
        }
    }
    Some((takes != negated, close + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str]) -> NicMatch {
        NicMatch { names: names.iter().map(|&name| name.to_owned()).collect(), ..NicMatch::default() }
    }

    fn known() -> SanIdentity {
        SanIdentity {
            name: Some("enp0s3".to_owned()),
            mac: Some("52:54:00:00:00:01".to_owned()),
            driver: Some("virtio_net".to_owned()),
            kernel_names: false,
        }
    }

    #[test]
    fn patterns() {
        for (pattern, text, fits) in [
            ("enp*", "enp0s3", true),
            ("*", "", true),
            ("e*3", "enp0s3", true),
            ("e*4", "enp0s3", false),
            ("e?p0s3", "enp0s3", true),
            ("enp0s[3-5]", "enp0s3", true),
            ("enp0s[!3-5]", "enp0s3", false),
            ("enp0s[", "enp0s3", false),
            ("enp0s[", "enp0s[", true),
            ("[]", "a", false),
            ("eth0", "eth01", false),
            ("a*b*c", "aXbYbZc", true),
        ] {
            assert_eq!(glob(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn a_known_nic_is_matched_by_name_and_mac() {
        assert_eq!(matches(&named(&["enp0s3"]), &known()), Matches::Yes);
        assert_eq!(matches(&named(&["en*", "!enp0s3"]), &known()), Matches::No);
        assert_eq!(matches(&named(&["eth0"]), &known()), Matches::No);
        let by_mac = |mac: &str| NicMatch { macs: vec![mac.to_owned()], ..NicMatch::default() };
        assert_eq!(matches(&by_mac("52:54:00:00:00:01"), &known()), Matches::Yes);
        assert_eq!(matches(&by_mac("52:54:00:00:00:02"), &known()), Matches::No);
        let conditional = NicMatch { other: vec!["Path=pci-*".to_owned()], ..NicMatch::default() };
        assert_eq!(matches(&conditional, &known()), Matches::Maybe);
        for (condition, expected) in [
            ("Kind=veth", Matches::No),
            ("Kind=!veth", Matches::Yes),
            ("Virtualization=container", Matches::No),
            ("Virtualization=!container", Matches::Yes),
            ("Virtualization=kvm", Matches::Maybe),
            ("PermanentMACAddress=aa:bb:cc:dd:ee:ff 52:54:00:00:00:01", Matches::Yes),
            ("PermanentMACAddress=aa:bb:cc:dd:ee:ff", Matches::No),
        ] {
            let of = NicMatch { other: vec![condition.to_owned()], ..NicMatch::default() };
            assert_eq!(matches(&of, &known()), expected, "{condition}");
        }
        let container = NicMatch { drivers: vec!["veth".to_owned()], ..named(&["vb-*"]) };
        let by_firmware = SanIdentity { mac: known().mac, ..SanIdentity::default() };
        assert_eq!(matches(&container, &by_firmware), Matches::No);
        let wireless = NicMatch { types: vec!["wlan".to_owned()], ..NicMatch::default() };
        assert_eq!(matches(&wireless, &known()), Matches::No);
    }

    #[test]
    fn an_unknown_nic_is_matched_by_what_takes_every_nic() {
        let unknown = SanIdentity::default();
        assert_eq!(matches(&named(&["*"]), &unknown), Matches::Yes);
        assert_eq!(matches(&named(&["en*"]), &unknown), Matches::Yes);
        assert_eq!(matches(&named(&["eth*"]), &unknown), Matches::Maybe);
        assert_eq!(matches(&named(&["ens3"]), &unknown), Matches::Maybe);
        assert_eq!(matches(&named(&["lo"]), &unknown), Matches::No);
        assert_eq!(matches(&NicMatch::default(), &unknown), Matches::Yes);
    }

    #[test]
    fn classes_never_panic() {
        for pattern in ["[", "[[", "[a", "[-", "[!", "[!]", "[a-]", "[]a]", "*[", "?["] {
            for text in ["", "a", "[", "-", "]"] {
                glob(pattern, text);
            }
        }
    }
}
