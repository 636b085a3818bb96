//! Files of netplan, as people write them, and broken ones.

use crate::oracles::files::FILE;
use crate::oracles::random::Random;

const NAMES: [&str; 5] = ["eth0", "eth1", "enp0s3", "san", "lan"];
const ADDRESSES: [&str; 5] = ["192.0.2.5/24", "100.64.16.54/29", "10.0.0.5/14", "\"2001:db8::5/64\"", "192.0.2.7/32"];
const ODD_ADDRESSES: [&str; 8] = [
    "192.0.2.5",
    "192.0.2.5/33",
    "192.0.2.256/24",
    "host/24",
    "010.0.0.5/24",
    "192.0.2.5/024",
    "\"\"",
    "192.0.2.5/24: {label: \"eth0:a\"}",
];
const NETS: [&str; 5] = ["default", "0.0.0.0/0", "100.97.0.0/16", "10.1.2.3/8", "100.97.0.10"];
const ODD_NETS: [&str; 6] = ["net", "10/8", "\"::/0\"", "10.0.0.0/33", "0/0", "Default"];
const GATEWAYS: [&str; 3] = ["192.0.2.1", "100.64.16.49", "10.0.0.1"];
const ODD_GATEWAYS: [&str; 3] = ["192.0.2.1/24", "gw", "\"2001:db8::1\""];
const TRUTHS: [&str; 6] = ["true", "false", "yes", "no", "on", "off"];
const ODD_TRUTHS: [&str; 6] = ["1", "maybe", "True", "\"true\"", "y", ""];
const ODD_KEYS: [&str; 32] = [
    "addresses: 192.0.2.5/24",
    "addresses: {}",
    "addresses:",
    "routes: {}",
    "routes: [{via: 192.0.2.1}]",
    "routes: [{to: 10.0.0.0/8, weight: 1}]",
    "routes: [{to: 10.0.0.0/8, scope: global}]",
    "set-name:",
    "match:",
    "match: {mac: \"52:54:00:12:34:56\"}",
    "match: {driver: [a, b]}",
    "nameservers: {addresses: [dns.example]}",
    "nameservers: {address: [192.0.2.53]}",
    "dhcp4-overrides: {use-route: false}",
    "dhcp4-overrides: {use-routes: }",
    "dhcp-identifier: MAC",
    "activation-mode: up",
    "link-local: ipv4",
    "mtu:",
    "optional: ~",
    "junk: 1",
    "mtu: 9000",
    "mtu: big",
    "dhcp6: true",
    "optional: true",
    "macaddress: 52:54:00:12:34:56",
    "macaddress: junk",
    "renderer: networkd",
    "renderer: junk",
    "nameservers: {addresses: [192.0.2.53]}",
    "link-local: [ipv4]",
    "wakeonlan: true",
];

/// Lines that YAML does not take, or takes for something else.
const DAMAGES: [&str; 9] =
    ["\tjunk: 1", "junk", "  : x", "- x", "'", "      x: [", "      mtu: a: b", " mtu: 1500", "      # a comment"];

struct Writer<'r> {
    random: &'r mut Random,
    sound: bool,
    lines: Vec<String>,
}

/// Lines of a case; those behind a mark are in a file of their own.
pub(super) fn lines(random: &mut Random) -> Vec<String> {
    let sound = !random.once_in(3);
    let mut writer = Writer { random, sound, lines: Vec::new() };
    writer.file();
    if writer.random.once_in(4) {
        writer.lines.push(format!("{FILE}b.yaml"));
        writer.file();
    }
    if !sound && writer.random.once_in(6) {
        let at = 1 + writer.random.below(writer.lines.len());
        let damage = writer.random.of(&DAMAGES).to_owned();
        writer.lines.insert(at, damage);
    }
    writer.lines
}

impl Writer<'_> {
    fn say(&mut self, depth: usize, text: impl AsRef<str>) {
        self.lines.push(format!("{:1$}{2}", "", depth * 2, text.as_ref()));
    }

    fn of<'a>(&mut self, plain: &[&'a str], odd: &[&'a str]) -> &'a str {
        if !self.sound && self.random.once_in(5) { self.random.of(odd) } else { self.random.of(plain) }
    }

    fn file(&mut self) {
        self.say(0, "network:");
        if self.sound || self.random.once_in(2) {
            self.say(1, "version: 2");
        } else {
            let odd = self.random.of(&[
                "version: 1",
                "renderer: networkd",
                "junk: {}",
                "version: 2.5",
                "renderer: junk",
                "bonds:",
                "version:",
            ]);
            self.say(1, odd);
        }
        if self.random.once_in(10) {
            let renderer = self.of(&["NetworkManager", "networkd"], &["networkmanager"]);
            self.say(1, format!("renderer: {renderer}"));
        }
        self.say(1, "ethernets:");
        if self.random.once_in(12) {
            self.say(2, "renderer: NetworkManager");
        }
        let first = self.random.below(NAMES.len());
        let count = 1 + self.random.below(2);
        for name in NAMES.iter().cycle().skip(first).take(count) {
            self.say(2, format!("{name}:"));
            self.nic();
        }
        if self.random.once_in(3) {
            let (group, name) = *[("bonds", "bond0"), ("bridges", "br0")].get(self.random.below(2)).unwrap();
            self.say(1, format!("{group}:"));
            self.say(2, format!("{name}:"));
            let port = if self.sound { NAMES[first] } else { self.random.of(&NAMES) };
            self.say(3, format!("interfaces: [{port}]"));
            self.body();
        }
        if self.random.once_in(5) {
            let link = if self.sound { NAMES[first] } else { self.random.of(&NAMES) };
            self.say(1, "vlans:");
            self.say(2, "vlan7:");
            let id = self.of(&["7", "100"], &["5000", "x", ""]);
            self.say(3, format!("id: {id}"));
            self.say(3, format!("link: {link}"));
            self.body();
        }
    }

    fn nic(&mut self) {
        if self.random.once_in(4) {
            let mac = self
                .of(&["52:54:00:12:34:56", "52:54:00:ab:cd:ef"], &["52-54-00-12-34-56", "junk", "52:54:00:AB:CD:EF"]);
            self.say(3, format!("match: {{macaddress: \"{mac}\"}}"));
            if self.random.once_in(2) {
                self.say(3, "set-name: san0");
            }
        } else if self.random.once_in(8) {
            let name = self.of(&["enp0s4", "en*"], &["[enp0s4]", ""]);
            self.say(3, format!("match: {{name: \"{name}\"}}"));
        } else if !self.sound && self.random.once_in(8) {
            self.say(3, "set-name: san0");
        }
        self.body();
    }

    fn body(&mut self) {
        // Without a line of its own it would be no mapping.
        if self.sound {
            self.say(3, "dhcp6: false");
        }
        if self.random.once_in(2) {
            let truth = self.of(&TRUTHS, &ODD_TRUTHS);
            self.say(3, format!("dhcp4: {truth}"));
        }
        if self.random.once_in(2) {
            let address = self.of(&ADDRESSES, &ODD_ADDRESSES);
            self.say(3, format!("addresses: [{address}]"));
        }
        if self.random.once_in(4) {
            let gateway = self.of(&GATEWAYS, &ODD_GATEWAYS);
            self.say(3, format!("gateway4: {gateway}"));
        } else if self.random.once_in(2) {
            self.say(3, "routes:");
            for _ in 0..=self.random.below(2) {
                let (net, gateway) = (self.of(&NETS, &ODD_NETS), self.of(&GATEWAYS, &ODD_GATEWAYS));
                self.say(4, format!("- to: {net}"));
                if self.sound || !self.random.once_in(6) {
                    self.say(5, format!("via: {gateway}"));
                }
                if self.random.once_in(8) {
                    let more = self.of(
                        &["table: 100", "table: 254", "on-link: true", "type: unicast", "type: blackhole", "mtu: 1400"],
                        &["table: main", "on-link:", "type: junk", "scope: link", "from: 192.0.2.5"],
                    );
                    self.say(5, more);
                }
                if self.random.once_in(4) {
                    let metric = self.of(&["50", "100"], &["-1", "x", "4294967296", "", "+5"]);
                    self.say(5, format!("metric: {metric}"));
                }
            }
        }
        if self.random.once_in(6) {
            let truth = self.of(&TRUTHS, &ODD_TRUTHS);
            self.say(3, format!("critical: {truth}"));
        }
        if self.random.once_in(6) {
            self.say(3, "dhcp4-overrides: {use-routes: false}");
        }
        if !self.sound && self.random.once_in(3) {
            let key = self.random.of(&ODD_KEYS);
            self.say(3, key);
        }
    }
}
