//! dracut's network-legacy: scripts of its cmdline hook, which end the boot (`die` in `dracut-lib.sh`) at a word that
//! they do not take. Sources: dracut 059 to 106, `modules.d/35network-legacy/parse-*.sh`, and `ip_to_var` and
//! `parse_ifname_opts` in `modules.d/40network/net-lib.sh`.

use super::Refused;
use crate::facts::{Cmdline, IbftNic, Word};

/// What these scripts say where they end the boot.
pub const SAYS: [&str; 13] = [
    "vlan= requires two parameters",
    "bond= requires zero to four parameters",
    "team= requires zero to three parameters",
    "bridge= requires two parameters",
    "Error parsing option",
    "is currenty unsupported",
    "without static configuration does not make sense",
    "automatic calculation of netmask is not yet supported",
    "does not make sense for multiple interface configurations",
    "setting client-ip does not make sense for",
    "unknown value",
    "Duplication configurations for",
    "Invalid arguments for ifname=",
];

/// One `ip=`, as `ip_to_var` splits it; what is not given is empty.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Ip {
    /// The address, for IPv6 with its prefix.
    pub address: String,
    /// The gateway.
    pub gateway: String,
    /// The netmask, or the length of the prefix.
    pub mask: String,
    /// The name or MAC address of the interface.
    pub interface: String,
    /// How it comes to its address.
    pub autoconf: String,
}

/// Every `ip=`, first those of the firmware.
pub fn ips(line: &Cmdline, of_firmware: &[Word]) -> Vec<Ip> {
    values(&of_firmware.iter().chain(&line.words).collect::<Vec<_>>(), "ip")
        .map(|(_, value)| split(line, value))
        .collect()
}

/// The interfaces that are brought up, the one to boot by first (`/tmp/net.ifaces`), where the words name any.
pub fn interfaces(line: &Cmdline, of_firmware: &[Word]) -> Vec<String> {
    let words: Vec<&Word> = of_firmware.iter().chain(&line.words).collect();
    let mut names: Vec<String> = Vec::new();
    let mut first = line.last("bootdev").map(str::to_owned).filter(|name| !name.is_empty());
    if !ends_before_addresses(line, &words) {
        let several = are_several(line, &words);
        for (_, value) in values(&words, "ip") {
            let ip = split(line, value);
            if several && first.is_none() && !ip.interface.is_empty() {
                first = Some(ip.interface.clone());
            }
            if ip.autoconf != "ibft" && !ip.interface.is_empty() {
                names.push(ip.interface);
            }
        }
        if let Some(bootif) = line.last("BOOTIF").filter(|_| !line.has("rd.bootif") || line.is_on("rd.bootif")) {
            let address = fixed_bootif(bootif);
            first = Some(address.clone()).filter(|address| !address.is_empty());
            names.splice(0..0, first.clone());
        }
        if let Some(first) = first.filter(|_| !names.is_empty()) {
            names = put_first(&first, &names.join(" "));
        }
    }
    names
}

/// Names with one before them, as the script does it: what stands before the last place where that name is written, even
/// as a part of another, and what stands behind the first.
fn put_first(first: &str, names: &str) -> Vec<String> {
    let before = names.rsplit_once(first).map_or(names, |(before, _)| before);
    let after = names.split_once(first).map_or(names, |(_, after)| after);
    let mut ordered: Vec<String> = Vec::new();
    for name in std::iter::once(first).chain(before.split_whitespace()).chain(after.split_whitespace()) {
        if !ordered.iter().any(|known| known == name) {
            ordered.push(name.to_owned());
        }
    }
    ordered
}

/// Whether the iBFT is read: `rd.iscsi.ibft`, or where that is not given, `ip=ibft` as the last `ip=`.
pub fn reads_firmware(line: &Cmdline) -> bool {
    if line.has("rd.iscsi.ibft") { line.is_on("rd.iscsi.ibft") } else { line.last("ip") == Some("ibft") }
}

/// `BOOTIF=` as a MAC address (`fix_bootif`): PXELINUX writes it with hyphens, behind the type of the hardware.
fn fixed_bootif(bootif: &str) -> String {
    let address = bootif.replace('-', ":").to_lowercase();
    match address.split_once(':') {
        Some((kind, rest)) if kind.len() == 2 && rest.len() == 17 => rest.to_owned(),
        _ => address,
    }
}

/// The values of a key, as `getargs` prints them: a word without value gives its key, and an empty value nothing.
fn values<'w>(words: &[&'w Word], key: &'static str) -> impl Iterator<Item = (&'w Word, &'w str)> {
    let of_key: Vec<&Word> = words.iter().copied().filter(|word| word.key == key).collect();
    let valued = |word: &'w Word| (word, word.value.as_deref().unwrap_or(word.key.as_str()));
    of_key.into_iter().map(valued).filter(|(_, value)| !value.is_empty())
}

/// Whether no `ip=` is looked at: a target is asked for, and the last `ip=` and `BOOTIF=` are empty.
fn ends_before_addresses(line: &Cmdline, words: &[&Word]) -> bool {
    let last = words.iter().rev().find(|word| word.key == "ip").and_then(|word| word.value.as_deref());
    let no_ip = last.is_none_or(str::is_empty) && line.last("BOOTIF").is_none_or(str::is_empty);
    let of_firmware = match line.has("rd.iscsi.firmware") {
        true => line.is_on("rd.iscsi.firmware"),
        false => line.has("iscsi_firmware"),
    };
    let of_root = line.last("root").is_some_and(|root| root.split(':').next() == Some("iscsi"));
    no_ip && (of_firmware || of_root || values(words, "netroot").next().is_some())
}

/// Whether several `ip=` ask for the NIC to boot by.
fn are_several(line: &Cmdline, words: &[&Word]) -> bool {
    let off = line.has("rd.neednet") && !line.is_on("rd.neednet");
    values(words, "ip").filter(|(_, value)| *value != "ibft").count() > 1 && !off
}

/// The first word at which these scripts end the boot; `of_firmware` is what [`words_of_firmware`] adds to the line.
pub fn refused(line: &Cmdline, of_firmware: &[Word]) -> Option<Refused> {
    let words: Vec<&Word> = of_firmware.iter().chain(&line.words).collect();
    shifted_too_far(line).or_else(|| stacked(&words)).or_else(|| addresses(line, &words)).or_else(|| names(&words))
}

/// What dash says, and ends the script at, where `parse_iscsi_root` drops more fields than there are; bash goes on.
pub const SHIFTED_TOO_FAR: &str = "can't shift that many";

/// The first `netroot=iscsi…` with less than three fields behind the server.
fn shifted_too_far(line: &Cmdline) -> Option<Refused> {
    let targets = line.words.iter().filter(|word| word.key == "netroot").filter_map(|word| {
        let value = word.value.as_deref()?;
        (value.split(':').next() == Some("iscsi")).then(|| (word, value.strip_prefix("iscsi:").unwrap_or(value)))
    });
    for (word, spec) in targets {
        let spec = match spec.split_once('@') {
            Some((_, server)) if server.matches(':').count() >= 4 => server,
            _ => spec,
        };
        let bracketed = spec.strip_prefix('[').and_then(|inside| inside.split_once("]:"));
        let rest = bracketed.or_else(|| spec.split_once(':')).map_or(spec, |(_, rest)| rest);
        let name = ["iqn.", "eui.", "naa."].iter().find_map(|kind| rest.rfind(&format!(":{kind}")));
        let rest = name.and_then(|at| rest.get(..=at)).unwrap_or(rest);
        let fields = rest.strip_suffix(':').unwrap_or(rest).split(':').count();
        if fields < 3 {
            return Some(Refused::new(word, SHIFTED_TOO_FAR));
        }
        if name.is_some() && fields > 5 {
            return None;
        }
    }
    None
}

/// What `ibft_to_cmdline` adds: an `ip=` for each NIC by which the firmware booted, and the VLAN over it. A NIC has the
/// name that `ifname=` gives it, or else ibft0, ibft1 and so on (`set_ifname`).
pub fn words_of_firmware<'n>(line: &Cmdline, nics: impl Iterator<Item = &'n IbftNic>) -> Vec<Word> {
    let all = line.is_on("rd.iscsi.mp");
    let mut number = 0;
    let mut words = Vec::new();
    for nic in nics {
        let named = line.all("ifname").find(|value| value.contains(&nic.mac)).and_then(|value| value.split(':').next());
        let name = named.map_or_else(|| format!("ibft{number}"), str::to_owned);
        number += u32::from(named.is_none());
        if !nic.is_valid() || !(all || nic.is_boot()) {
            continue;
        }
        let mut add = |key: &str, value: String| {
            words.push(Word { key: key.to_owned(), value: Some(value), ..Word::default() });
        };
        match (nic.is_by_dhcp(), nic.ip) {
            (true, ip) => add("ip", format!("{name}:dhcp{}", if ip.is_some_and(|ip| ip.is_ipv6()) { "6" } else { "" })),
            (false, Some(ip)) if !ip.is_unspecified() => {
                let address = if ip.is_ipv6() { format!("[{ip}/{}]", nic.prefix_len) } else { ip.to_string() };
                let gateway = nic.gateway.map(|gateway| gateway.to_string()).unwrap_or_default();
                let mask = if ip.is_ipv6() { String::new() } else { mask(nic.prefix_len) };
                add("ip", format!("{address}::{gateway}:{mask}::{name}:none"));
            }
            _ => {}
        }
        if nic.vlan != 0 {
            add("vlan", format!("{name}.{}:{name}", nic.vlan));
        }
    }
    words
}

/// A prefix length of IPv4 as a mask.
fn mask(prefix_len: u8) -> String {
    let bits = u32::MAX.checked_shl(32_u32.saturating_sub(prefix_len.into())).unwrap_or_default();
    std::net::Ipv4Addr::from(bits).to_string()
}

/// `vlan=`, `bond=`, `team=`, `bridge=`: how many fields each takes.
fn stacked(words: &[&Word]) -> Option<Refused> {
    const TAKES: [(&str, usize, usize, &str); 4] = [
        ("vlan", 2, 2, "vlan= requires two parameters"),
        ("bond", 1, 4, "bond= requires zero to four parameters"),
        ("team", 1, 3, "team= requires zero to three parameters"),
        ("bridge", 2, 2, "bridge= requires two parameters"),
    ];
    TAKES.into_iter().find_map(|(key, least, most, says)| {
        // A value that is the key itself stands for none.
        let mut valued = values(words, key).filter(|(_, value)| *value != key);
        let takes = |value: &str| (least..=most).contains(&value.split(':').count());
        valued.find(|(_, value)| !takes(value)).map(|(word, _)| Refused::new(word, says))
    })
}

/// `ip=`, as `parse-ip-opts.sh` has it.
fn addresses(line: &Cmdline, words: &[&Word]) -> Option<Refused> {
    if ends_before_addresses(line, words) {
        return None;
    }
    let several = are_several(line, words);
    let mut known: Vec<String> = Vec::new();
    for (word, value) in values(words, "ip") {
        let ip = split(line, value);
        if ip.autoconf == "ibft" {
            continue;
        }
        if let Some(says) = ip.is_refused(several) {
            return Some(Refused::new(word, says));
        }
        if !ip.interface.is_empty() {
            if known.contains(&ip.interface) {
                return Some(Refused::new(word, "Duplication configurations for"));
            }
            known.push(ip.interface);
        }
    }
    None
}

impl Ip {
    /// What the script says where it ends at one of these.
    fn is_refused(&self, several: bool) -> Option<&'static str> {
        let autoconf = if self.autoconf.is_empty() { "dhcp" } else { &self.autoconf };
        autoconf.split([',', ' ']).filter(|how| !how.is_empty()).find_map(|how| match how {
            "error" => Some("Error parsing option"),
            "bootp" | "rarp" | "both" => Some("is currenty unsupported"),
            "none" | "off" if self.address.is_empty() => Some("without static configuration does not make sense"),
            "none" | "off" if self.mask.is_empty() => Some("automatic calculation of netmask is not yet supported"),
            "none" | "off" | "auto6" | "link6" | "either6" => None,
            "dhcp" | "dhcp6" | "on" | "any" | "single-dhcp" => {
                if several && self.interface.is_empty() {
                    Some("does not make sense for multiple interface configurations")
                } else if !self.address.is_empty() {
                    Some("setting client-ip does not make sense for")
                } else {
                    None
                }
            }
            _ => Some("unknown value"),
        })
    }
}

/// Fields between colons; an address of IPv6 stands in brackets.
fn split_fields(value: &str) -> Vec<String> {
    let with_end = format!("{value}:");
    let mut rest = with_end.as_str();
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let bracketed = rest.strip_prefix('[').and_then(|inside| {
            let is_address = inside.match_indices("]:").any(|(at, _)| inside[..at].matches(':').count() >= 2);
            is_address.then(|| inside.split_once("]:")).flatten()
        });
        let (field, after) = bracketed.or_else(|| rest.split_once(':')).unwrap_or((rest, ""));
        fields.push(field.to_owned());
        rest = after;
    }
    fields
}

/// The value of one `ip=`, as `ip_to_var` splits it.
pub fn split(line: &Cmdline, value: &str) -> Ip {
    let fields = split_fields(value);
    let field = |index: usize| fields.get(index).cloned().unwrap_or_default();
    if fields.len() == 1 {
        let only = field(0);
        if only.matches('.').count() < 3 {
            return Ip { autoconf: only, ..Ip::default() };
        }
        // An address alone has the rest in words of their own.
        let own = |key: &str| line.last(key).unwrap_or_default().to_owned();
        let interface = match own("ksdevice").as_str() {
            "bootif" | "BOOTIF" => fixed_bootif(&own("BOOTIF")),
            "link" | "ibft" => String::new(),
            name => name.to_owned(),
        };
        let (gateway, mask) = (own("gateway"), own("netmask"));
        return Ip { address: only, gateway, mask, interface, autoconf: "none".to_owned() };
    }
    if matches!(field(1).as_str(), "dhcp" | "on" | "any" | "dhcp6" | "auto6" | "either6") {
        return Ip { interface: field(0), autoconf: field(1), ..Ip::default() };
    }
    Ip { address: field(0), gateway: field(2), mask: field(3), interface: field(5), autoconf: field(6) }
}

/// `ifname=NAME:MAC`, of Ethernet or InfiniBand; the shell's splitting drops an empty last field.
fn names(words: &[&Word]) -> Option<Refused> {
    let takes = |value: &str| matches!(value.strip_suffix(':').unwrap_or(value).split(':').count(), 7 | 21);
    let mut named = values(words, "ifname");
    named.find(|(_, value)| !takes(value)).map(|(word, _)| Refused::new(word, "Invalid arguments for ifname="))
}
