//! Files of ifupdown, as people write them, and broken ones.

use crate::oracles::files::FILE;
use crate::oracles::random::Random;

const NICS: [&str; 6] = ["eth0", "eth1", "enp0s3", "enp0s4", "san", "br0"];
const ADDRESSES: [&str; 7] = [
    "192.0.2.5",
    "192.0.2.5/24",
    "100.64.16.54/29",
    "10.0.0.5/14",
    "172.16.3.4",
    "10.1.2.3/255.255.0.0",
    "192.0.2.7/32",
];
const MASKS: [&str; 7] = ["255.255.255.0", "24", "255.255.255.248", "29", "/24", "255.0.0.0", "0"];
const GATEWAYS: [&str; 3] = ["192.0.2.1", "100.64.16.49", "10.0.0.1"];
const METHODS: [&str; 8] = ["static", "static", "static", "dhcp", "dhcp", "manual", "loopback", "bootp"];
const ODD_HEADS: [&str; 9] = [
    "iface",
    "iface eth0",
    "iface eth0 inet",
    "iface eth0 inet nothing",
    "iface eth0 inet9 static",
    "iface eth0 inet static inherits",
    "iface eth0 inherits nobody",
    "iface eth0 inet inherits eth1",
    "iface eth0 inet static dhcp",
];
const ODD_LINES: [&str; 16] = [
    "address",
    "netmask",
    "mtu 9000",
    "junk",
    "junk of a word",
    "# a comment",
    "",
    "    hwaddress 52:54:00:12:34:56",
    "no-scripts eth0",
    "rename eth9=eth8",
    "template base inet static",
    "auto",
    "allow-hotplug",
    "metric 100",
    "broadcast 192.0.2.255",
    "dns-nameservers 192.0.2.53",
];

/// Lines of a case; those behind a mark are in a file of their own.
pub(super) fn lines(random: &mut Random) -> Vec<String> {
    let sound = !random.once_in(3);
    let mut lines = Vec::new();
    for _ in 0..=random.below(3) {
        stanzas(random, sound, &mut lines);
    }
    if random.once_in(4) {
        let source = [
            "source interfaces.d/*",
            "source /etc/network/interfaces.d/*",
            "source-directory interfaces.d",
            "source-directory /etc/network/interfaces.d",
            "source interfaces.d/a",
            "source interfaces.d",
            "source interfaces.d/*.cfg",
            "source-directory interfaces.d/*",
            "source nowhere",
        ];
        let at = random.below(lines.len() + 1);
        lines.insert(at, random.of(&source[..if sound { 4 } else { 9 }]).to_owned());
        let names = ["a", "b.cfg", "b-c", "z~", "0_1"];
        for name in names.iter().take(1 + random.below(5)) {
            lines.push(format!("{FILE}interfaces.d/{name}"));
            stanzas(random, sound, &mut lines);
        }
    }
    lines
}

fn stanzas(random: &mut Random, sound: bool, lines: &mut Vec<String>) {
    for _ in 0..=random.below(2) {
        let nic = random.of(&NICS);
        match random.below(5) {
            0 => lines.push(format!("allow-hotplug {nic}")),
            1 => lines.push(format!("auto {nic} {}", random.of(&NICS))),
            2 if !sound => {
                lines.push(random.of(&["auto /eth*", "auto eth*", "no-auto-down eth0", "allow-auto eth1"]).to_owned())
            }
            _ => lines.push(format!("auto {nic}")),
        }
        if !sound && random.once_in(4) {
            lines.push(random.of(&ODD_HEADS).to_owned());
        } else {
            let nic = if random.once_in(4) { random.of(&NICS) } else { nic };
            let family = if random.once_in(8) { "inet6" } else { "inet" };
            let heir = if random.once_in(8) { format!(" inherits {}", random.of(&NICS)) } else { String::new() };
            lines.push(format!("iface {nic} {family} {}{heir}", random.of(&METHODS)));
        }
        options(random, sound, lines);
    }
}

fn options(random: &mut Random, sound: bool, lines: &mut Vec<String>) {
    let indent = random.of(&["", "    ", "\t"]);
    let mut say = |line: String| lines.push(format!("{indent}{line}"));
    if !random.once_in(6) {
        say(format!("address {}", random.of(&ADDRESSES)));
    }
    if random.once_in(2) {
        say(format!("netmask {}", random.of(&MASKS)));
    }
    if random.once_in(2) {
        say(format!("gateway {}", random.of(&GATEWAYS)));
    }
    if !sound && random.once_in(4) {
        say(format!("address {}", random.of(&ADDRESSES)));
    }
    if !sound && random.once_in(4) {
        say(format!("address {} \\", random.of(&ADDRESSES)));
    }
    if !sound && random.once_in(2) {
        say(random.of(&ODD_LINES).to_owned());
    }
}
