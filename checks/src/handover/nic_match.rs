//! Whether a configuration is for the SAN NIC.

use super::identity::SanIdentity;
use crate::facts::NicMatch;

/// Drivers of interfaces that no firmware can boot by (ETHTOOL_GDRVINFO). networkd ships files for them.
const NO_HARDWARE: [&str; 8] = ["bonding", "bridge", "dummy", "macvlan", "team", "tun", "veth", "vxlan"];

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
        None if san.settled => Matches::No,
        None => Matches::Maybe,
    };
    let drivers = match &san.driver {
        _ if of.drivers.is_empty() => Matches::Yes,
        Some(driver) => yes_or_no(any_pattern(&of.drivers, driver)),
        // Every NIC of hardware has one.
        None if of.drivers.iter().any(|driver| driver == "?*") => Matches::Yes,
        None if of.drivers.iter().all(|driver| NO_HARDWARE.contains(&driver.as_str())) => Matches::No,
        None => Matches::Maybe,
    };
    let types = yes_or_no(of.types.is_empty() || any_pattern(&of.types, "ether"));
    let other = of.other.iter().map(|condition| holds(condition, san)).min().unwrap_or(Matches::Yes);
    names_match(&of.names, san).min(macs).min(drivers).min(types).min(other)
}

/// Whether a NIC of hardware, whatever its name and address, can meet the other conditions of a match. networkd
/// ships files for tunnels, containers and virtual machines that none can meet.
pub(super) fn may_be_hardware(of: &NicMatch) -> bool {
    let others = NicMatch { names: Vec::new(), macs: Vec::new(), ..of.clone() };
    matches(&others, &SanIdentity::default()) != Matches::No
}

/// A further condition of systemd.network(5), as far as it is settled by what a SAN NIC is: hardware,
/// Ethernet, and not inside a container.
fn holds(condition: &str, san: &SanIdentity) -> Matches {
    let Some((key, value)) = condition.split_once('=') else { return Matches::Maybe };
    // A rule of udev for what hangs on USB, such as a management processor's NIC.
    if condition == "SUBSYSTEMS==usb" {
        return Matches::No;
    }
    let (inverted, value) = match value.trim().strip_prefix('!') {
        Some(rest) => (true, rest.trim()),
        None => (false, value.trim()),
    };
    let held = match (key, &san.mac) {
        ("Kind" | "WLANInterfaceType" | "SSID" | "BSSID", _) => false,
        ("Virtualization", _) if matches!(value, "container" | "private-users") => false,
        ("PermanentMACAddress", None) if san.settled => false,
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
    let mut including = patterns.iter().filter(|pattern| !pattern.starts_with('!')).peekable();
    if san.settled && including.peek().is_none() {
        return Matches::Yes;
    }
    match (including.any(|pattern| is_wide(pattern, san.kernel_names)), san.settled) {
        (true, _) => Matches::Yes,
        (false, true) => Matches::No,
        (false, false) => Matches::Maybe,
    }
}

/// Whether a pattern takes every Ethernet NIC: each has a name like one of these, unless something gave it
/// another.
pub(super) fn is_wide(pattern: &str, kernel_names: bool) -> bool {
    pattern.ends_with('*') && glob(pattern, if kernel_names { "eth7" } else { "enp7s7" })
}

/// A name that a pattern takes; the pattern itself where it is none.
pub(super) fn example(pattern: &str) -> Option<String> {
    let mut name = String::new();
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            '*' => name.push('7'),
            '?' => name.push('0'),
            '[' => {
                let inside: String = characters.by_ref().take_while(|c| *c != ']').collect();
                name.push(match inside.strip_prefix(['!', '^']) {
                    Some(excluded) => ('0'..='9').chain('a'..='z').find(|c| !excluded.contains(*c))?,
                    None => inside.chars().next()?,
                });
            }
            literal => name.push(literal),
        }
    }
    glob(pattern, &name).then_some(name)
}

/// Whether a list of globs takes a text: one that fits, none with a leading `!` that does.
pub(super) fn any_pattern(patterns: &[String], text: &str) -> bool {
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
            ..SanIdentity::default()
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
    fn a_nic_that_no_configuration_names_is_matched_by_what_takes_every_nic() {
        let unnamed = SanIdentity { settled: true, ..SanIdentity::default() };
        assert_eq!(matches(&named(&["en*"]), &unnamed), Matches::Yes);
        assert_eq!(matches(&named(&["!enp0s3"]), &unnamed), Matches::Yes);
        assert_eq!(matches(&named(&["ens3", "ens4"]), &unnamed), Matches::No);
        let by_mac = NicMatch { macs: vec!["52:54:00:00:00:02".to_owned()], ..NicMatch::default() };
        assert_eq!(matches(&by_mac, &unnamed), Matches::No);
    }

    #[test]
    fn an_example_of_a_pattern_is_taken_by_it() {
        for (pattern, name) in
            [("ens*", "ens7"), ("enp3s0f?", "enp3s0f0"), ("enp0s[3-5]", "enp0s3"), ("eth[!0]", "eth1")]
        {
            assert_eq!(example(pattern).as_deref(), Some(name), "{pattern}");
        }
    }

    #[test]
    fn classes_never_panic() {
        for pattern in ["[", "[[", "[a", "[-", "[!", "[!]", "[a-]", "[]a]", "*[", "?["] {
            for text in ["", "a", "[", "-", "]"] {
                glob(pattern, text);
            }
            example(pattern);
        }
    }
}
