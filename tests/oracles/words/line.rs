//! Lines with the words of dracut.cmdline(7), as people write them, and broken ones.

use crate::oracles::random::Random;

const NICS: [&str; 9] = ["enp0s3", "enp0s4", "eth0", "eth1", "ens3", "san0", "ibft0", "enx525400123456", "em1"];
const ODD_NICS: [&str; 15] = [
    "52:54:00:12:34:56",
    "52-54-00-12-34-56",
    "52:54:00:AB:CD:EF",
    "enp0s3.5",
    "bond0",
    "br0",
    "vlan5",
    "ib0",
    "",
    "ibft",
    "anamewithsixteen",
    "all",
    "7",
    "eth%d",
    "a/b",
];
const ADDRESSES: [&str; 5] = ["192.0.2.5", "100.64.16.54", "10.0.0.2", "172.16.3.4", "[2001:db8::5]"];
const ODD_ADDRESSES: [&str; 15] = [
    "[2001:DB8::5]",
    "[2001:db8::5/64]",
    "[fe80::1]",
    "[::]",
    "2001:db8::5",
    "0.0.0.0",
    "192.0.2.256",
    "010.0.0.2",
    "10.2",
    "192.0.2.5/24",
    "192.0.2.5/33",
    "225.1.2.3",
    "host",
    "[2001:db8::5",
    "",
];
const GATEWAYS: [&str; 4] = ["192.0.2.1", "100.64.16.49", "", "[2001:db8::1]"];
const ODD_GATEWAYS: [&str; 6] = ["0.0.0.0", "[fe80::1]", "gw", "192.0.2.1/24", "2001:db8::1", "[::]"];
const MASKS: [&str; 5] = ["255.255.255.0", "255.255.255.248", "24", "29", "64"];
const ODD_MASKS: [&str; 14] = [
    "",
    "0",
    "33",
    "128",
    "129",
    "255.0.255.0",
    "0.0.0.0",
    "255.255.255.255",
    "024",
    "0x18",
    "/24",
    "+24",
    "24x",
    "-1",
];
const HOSTS: [&str; 4] = ["", "", "host", "a.example.org"];
const ODD_HOSTS: [&str; 5] = ["-host", "bad_host", "host.", "a..b", "0"];
const HOWS: [&str; 9] = ["dhcp", "dhcp", "none", "off", "on", "any", "dhcp6", "auto6", "link6"];
const ODD_HOWS: [&str; 15] = [
    "",
    "ibft",
    "either6",
    "link-local",
    "static",
    "bootp",
    "both",
    "single-dhcp",
    "dhcp,dhcp6",
    "auto6,dhcp",
    "auto",
    "DHCP",
    "fw",
    "dhcp,",
    "none,dhcp",
];
const TAILS: [&str; 6] = ["", "", "", ":1500", ":9000:52:54:00:12:34:56", ":192.0.2.53"];
const ODD_TAILS: [&str; 20] = [
    ":",
    "::",
    "::52:54:00:AB:CD:EF",
    "::52-54-00-12-34-56",
    ":192.0.2.53:192.0.2.54",
    ":[2001:db8::53]",
    ":[2001:db8::53]:[2001:db8::54]",
    ":192.0.2.53:",
    ":1500:",
    ":1K",
    ":0",
    ":junk",
    ":1500:junk",
    ":1500:random",
    ":::192.0.2.53",
    ":4294967296",
    ":1500:5254.0012.3456",
    ":192.0.2.53:192.0.2.54:192.0.2.55",
    ":01500",
    ":2001:db8::53",
];
const NETS: [&str; 4] = ["100.97.0.0/16", "10.0.0.0/8", "192.0.2.0/24", "[2001:db8:1::/64]"];
const ODD_NETS: [&str; 11] = [
    "0.0.0.0/0",
    "100.97.0.10",
    "10.0.0.0/33",
    "10.0.0.0/255.0.0.0",
    "[::/0]",
    "[2001:db8::]",
    "",
    "10/8",
    "net",
    "100.97.1.1/016",
    "[2001:db8::/129]",
];
const MACS: [&str; 3] = ["52:54:00:12:34:56", "52:54:00:ab:cd:ef", "52:54:00:AB:CD:EF"];
const ODD_MACS: [&str; 9] = [
    "52-54-00-12-34-56",
    "5254.0012.3456",
    "52:54:0:12:34:56",
    "52:54:00:12:34",
    "00:00:00:00:00:00",
    "192.0.2.5",
    "",
    "52:54:00:12:34:56:",
    "80:00:02:08:fe:80:00:00:00:00:00:00:00:02:c9:03:00:02:1a:ab",
];
const BOOTIFS: [&str; 8] = [
    "01-52-54-00-12-34-56",
    "52:54:00:12:34:56",
    "01:52:54:00:12:34:56",
    "01-52-54-00-AB-CD-EF",
    "20-52-54-00-12-34-56",
    "junk",
    "",
    "00-52-54-00-12-34-56",
];
const VLANS: [&str; 4] = ["enp0s3.5", "vlan5", "vlan0005", "eth0.100"];
const ODD_VLANS: [&str; 10] =
    ["enp0s3.4095", "enp0s3.0", "vlan", "san", "5", "enp0s3.5000", "enp0s3.008", "v", "", "enp0s3.70000"];
const PORTS: [&str; 4] = ["eth0,eth1", "enp0s3", "enp0s3,enp0s4", "eth0"];
const ODD_PORTS: [&str; 6] = ["", ",", "eth0,,eth1", "eth0,", "52:54:00:12:34:56", "eth0,a/b"];
const OPTIONS: [&str; 4] = ["", "mode=active-backup,miimon=100", "mode=4", "mode=802.3ad"];
const MTUS: [&str; 6] = ["1500", "9000", "", "1K", "junk", "1500:x"];
const SWITCHES: [&str; 8] = ["", "=1", "=0", "=no", "=off", "=yes", "=false", "=junk"];
const BARE: [&str; 12] = [
    "ip",
    "vlan",
    "bond",
    "bridge",
    "team",
    "nameserver",
    "rd.route",
    "ifname",
    "ip=",
    "bond=",
    "vlan=",
    "nameserver=",
];
const OTHERS: [&str; 20] = [
    "netroot=iscsi:100.97.0.10::3260:1:iqn.2009-01.com.example:disk",
    "netroot=dhcp",
    "netroot=iscsi:",
    "root=iscsi:100.97.0.10::3260:1:iqn.2009-01.com.example:disk",
    "iscsi_firmware",
    "ip=192.0.2.5 netmask=255.255.255.0 gateway=192.0.2.1 ksdevice=eth0",
    "quiet",
    "ro",
    "root=/dev/mapper/vg-root",
    "root=LABEL=a",
    "console=ttyS0,115200",
    "rd.iscsi.firmware=1",
    "rd.iscsi.firmware",
    "rd.retry=60",
    "rd.net.timeout.dhcp=30",
    "net.ifnames=0",
    "biosdevname=0",
    "rd.lvm.vg=vg",
    "rd.break",
    "--",
];

struct Writer<'r> {
    random: &'r mut Random,
    /// Whether nothing odd is written.
    sound: bool,
}

/// A line, word by word.
pub(super) fn line(random: &mut Random) -> Vec<String> {
    let sound = random.below(5) < 2;
    let count = 1 + random.below(4) + random.below(2) * random.below(3);
    let mut writer = Writer { random, sound };
    (0..count).map(|_| writer.word()).collect()
}

impl Writer<'_> {
    fn of(&mut self, common: &[&str], odd: &[&str]) -> String {
        let is_odd = !self.sound && self.random.once_in(5);
        self.random.of(if is_odd { odd } else { common }).to_owned()
    }

    fn nic(&mut self) -> String {
        self.of(&NICS, &ODD_NICS)
    }

    /// A field that is often left out.
    fn or_empty(&mut self, common: &[&str], odd: &[&str]) -> String {
        if self.random.once_in(3) { String::new() } else { self.of(common, odd) }
    }

    fn word(&mut self) -> String {
        match self.random.below(40) {
            0..=15 => self.ip(),
            16..=19 => self.route(),
            20 | 21 => self.vlan(),
            22 | 23 => self.stacked(),
            24 | 25 => format!("ifname={}:{}", self.nic(), self.of(&MACS, &ODD_MACS)),
            26 | 27 => self.server(),
            28 => format!("bootdev={}", self.nic()),
            29 => format!("BOOTIF={}", self.random.of(if self.sound { &BOOTIFS[..2] } else { &BOOTIFS })),
            30..=32 => self.switch(),
            33 => self.policy(),
            34 if !self.sound => self.random.of(&BARE).to_owned(),
            35 if !self.sound => self.quoted(),
            36 if !self.sound => {
                format!("rd.ethtool={}{}", self.nic(), self.random.of(&["", ":on", ":off:1000", "::x"]))
            }
            _ => self.random.of(&OTHERS).to_owned(),
        }
    }

    fn ip(&mut self) -> String {
        match self.random.below(12) {
            0 | 1 => format!("ip={}", self.of(&["dhcp", "on", "any", "dhcp6", "auto6", "ibft"], &ODD_HOWS)),
            2..=5 => {
                let how = self.of(&["dhcp", "on", "any", "dhcp6", "auto6"], &ODD_HOWS);
                let tail = self.of(&TAILS, &ODD_TAILS);
                format!("ip={}:{how}{tail}", self.nic())
            }
            6 if !self.sound => {
                let address = self.of(&ADDRESSES, &ODD_ADDRESSES);
                self.random
                    .of(&["ip=A", "ip=A:", "ip=A::G", "ip=A/24:G", "ip=A::G:M", "ip=A::G:M:h:"])
                    .replace('A', &address)
                    .replace('G', "192.0.2.1")
                    .replace('M', "255.255.255.0")
            }
            7 => format!("ip=:::::{}:{}", self.nic(), self.of(&HOWS, &ODD_HOWS)),
            _ => self.whole(),
        }
    }

    fn whole(&mut self) -> String {
        let v6 = self.random.once_in(4);
        let (address, gateway, mask) = match (v6, self.sound) {
            (true, true) => {
                ("[2001:db8::5]".to_owned(), self.random.of(&["[2001:db8::1]", ""]).to_owned(), "64".to_owned())
            }
            (_, true) => {
                let gateway = self.random.of(&GATEWAYS[..3]).to_owned();
                (self.random.of(&ADDRESSES[..4]).to_owned(), gateway, self.random.of(&MASKS[..4]).to_owned())
            }
            _ => {
                let gateway = self.of(&GATEWAYS, &ODD_GATEWAYS);
                (self.of(&ADDRESSES, &ODD_ADDRESSES), gateway, self.of(&MASKS, &ODD_MASKS))
            }
        };
        let peer = if self.random.once_in(8) { self.of(&["192.0.2.9"], &ODD_GATEWAYS) } else { String::new() };
        let host = self.of(&HOSTS, &ODD_HOSTS);
        let nic = self.or_empty(&NICS, &ODD_NICS);
        let how = self.of(&["none", "off", "none", "dhcp", "static"][..if self.sound { 3 } else { 5 }], &ODD_HOWS);
        let tail = self.of(&TAILS, &ODD_TAILS);
        format!("ip={address}:{peer}:{gateway}:{mask}:{host}:{nic}:{how}{tail}")
    }

    fn route(&mut self) -> String {
        let net = self.of(&NETS, &ODD_NETS);
        let gateway = match (self.sound, net.starts_with('[')) {
            (true, true) => "[fe80::1]".to_owned(),
            (true, false) => "100.64.16.49".to_owned(),
            _ => self.of(&GATEWAYS, &ODD_GATEWAYS),
        };
        match self.random.below(if self.sound { 2 } else { 5 }) {
            0 => format!("rd.route={net}:{gateway}:{}", self.nic()),
            1 => format!("rd.route={net}:{gateway}:"),
            2 => format!("rd.route={net}:{gateway}"),
            3 => format!("rd.route={net}"),
            _ => format!("rd.route={net}:{gateway}:{}:x", self.nic()),
        }
    }

    fn vlan(&mut self) -> String {
        let name = self.of(&VLANS, &ODD_VLANS);
        match self.random.below(if self.sound { 3 } else { 4 }) {
            3 => {
                self.random.of(&["vlan=N", "vlan=N:", "vlan=N:eth0:x", "vlan=N:52:54:00:12:34:56"]).replace('N', &name)
            }
            _ => format!("vlan={name}:{}", self.nic()),
        }
    }

    fn stacked(&mut self) -> String {
        let (key, name) = *[("bond", "bond0"), ("bridge", "br0"), ("team", "team0")].get(self.random.below(3)).unwrap();
        let name = if self.random.once_in(5) { self.nic() } else { name.to_owned() };
        let ports = self.of(&PORTS, &ODD_PORTS);
        match (key, self.random.below(if self.sound { 2 } else { 5 })) {
            ("bond", 1) => format!("bond={name}:{ports}:{}", self.random.of(&OPTIONS)),
            ("bond", 2) => format!("bond={name}:{ports}:{}:{}", self.random.of(&OPTIONS), self.random.of(&MTUS)),
            ("team", 1) => format!("team={name}:{ports}:activebackup"),
            (_, 3) => format!("{key}={name}"),
            (_, 4) => format!("{key}={name}:{ports}:x:1500:y"),
            _ => format!("{key}={name}:{ports}"),
        }
    }

    fn server(&mut self) -> String {
        let server =
            self.of(&["192.0.2.53", "2001:db8::53"], &["[2001:db8::53]", "", "192.0.2", "ns", "192.0.2.53,192.0.2.54"]);
        format!("nameserver={server}")
    }

    fn switch(&mut self) -> String {
        let key =
            self.random.of(&["rd.neednet", "rd.peerdns", "rd.iscsi.ibft", "rd.bootif", "rd.neednet", "rd.iscsi.ibft"]);
        let value = if self.sound { self.random.of(&["=1", "=0"]) } else { self.random.of(&SWITCHES) };
        format!("{key}{value}")
    }

    fn policy(&mut self) -> String {
        if !self.random.once_in(3) {
            return "quiet".to_owned();
        }
        let policy = self.of(
            &["keep,kernel", "path", "mac,52:54:00:12:34:56"],
            &["junk", "", "mac,", "52:54:00:12:34:56", "keep,52:54:00:12:34:56,x"],
        );
        format!("net.ifname-policy={policy}")
    }

    /// A word with quotes about it, or a part of it.
    fn quoted(&mut self) -> String {
        let word = self.ip();
        let (key, value) = word.split_once('=').unwrap_or((&word, ""));
        match self.random.below(6) {
            0 => format!("\"{word}\""),
            1 => format!("{key}=\"{value}\""),
            2 => format!("{key}='{value}'"),
            3 => format!("'{word}'"),
            4 => format!("{key}=\\{value}"),
            _ => format!("dyndbg=\"file a.c +p\" {word}"),
        }
    }
}
