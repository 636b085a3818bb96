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

/// One `ip=`, as `ip_to_var` splits it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Ip {
    address: String,
    mask: String,
    interface: String,
    autoconf: String,
}

/// The first word at which these scripts end the boot; `of_firmware` is what [`words_of_firmware`] adds to the line.
pub fn refused(line: &Cmdline, of_firmware: &[Word]) -> Option<Refused> {
    let words: Vec<&Word> = of_firmware.iter().chain(&line.words).collect();
    stacked(&words).or_else(|| addresses(line, &words)).or_else(|| names(&words))
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
        let of_key = words.iter().filter(|word| word.key == key);
        // A value that is the key itself stands for none.
        let valued = |word: &&&Word| word.value.as_deref().is_some_and(|value| !value.is_empty() && value != key);
        let takes =
            |word: &&Word| (least..=most).contains(&word.value.as_deref().unwrap_or_default().split(':').count());
        of_key.filter(valued).find(|word| !takes(word)).map(|word| Refused::new(word, says))
    })
}

/// `ip=`, as `parse-ip-opts.sh` has it.
fn addresses(line: &Cmdline, words: &[&Word]) -> Option<Refused> {
    let ips = || words.iter().filter(|word| word.key == "ip" && word.value.as_deref().is_some_and(|v| !v.is_empty()));
    let last = words.iter().rev().find(|word| word.key == "ip").and_then(|word| word.value.as_deref());
    let no_ip = last.is_none_or(str::is_empty) && line.last("BOOTIF").is_none_or(str::is_empty);
    let asks_target = line.has("netroot") || ["rd.iscsi.firmware", "iscsi_firmware"].iter().any(|key| line.is_on(key));
    if no_ip && asks_target {
        return None;
    }
    let is_ibft = |word: &&&Word| word.value.as_deref() == Some("ibft");
    let off = line.has("rd.neednet") && !line.is_on("rd.neednet");
    let several = ips().filter(|word| !is_ibft(word)).count() > 1 && !off;
    let mut known: Vec<String> = Vec::new();
    for word in ips() {
        let ip = split(line, word.value.as_deref().unwrap_or_default());
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

fn split(line: &Cmdline, value: &str) -> Ip {
    let fields = split_fields(value);
    let field = |index: usize| fields.get(index).cloned().unwrap_or_default();
    if fields.len() == 1 {
        let only = field(0);
        if only.matches('.').count() < 3 {
            return Ip { autoconf: only, ..Ip::default() };
        }
        // An address alone has its mask in a word of its own.
        let mask = line.last("netmask").unwrap_or_default().to_owned();
        return Ip { address: only, mask, autoconf: "none".to_owned(), ..Ip::default() };
    }
    if matches!(field(1).as_str(), "dhcp" | "on" | "any" | "dhcp6" | "auto6" | "either6") {
        return Ip { interface: field(0), autoconf: field(1), ..Ip::default() };
    }
    Ip { address: field(0), mask: field(3), interface: field(5), autoconf: field(6) }
}

/// `ifname=NAME:MAC`, of Ethernet or InfiniBand; the shell's splitting drops an empty last field.
fn names(words: &[&Word]) -> Option<Refused> {
    let of_name = words.iter().filter(|word| word.key == "ifname");
    let takes = |word: &&Word| {
        let value = word.value.as_deref().unwrap_or_default();
        value.is_empty() || matches!(value.strip_suffix(':').unwrap_or(value).split(':').count(), 7 | 21)
    };
    of_name
        .filter(|word| word.value.is_some())
        .find(|word| !takes(word))
        .map(|word| Refused::new(word, "Invalid arguments for ifname="))
}
