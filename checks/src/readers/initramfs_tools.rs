//! initramfs-tools: `configure_networking`, and klibc's `ipconfig`, which it asks. Sources: initramfs-tools 0.142 and
//! 0.148, `init` and `scripts/functions`; klibc 2.0.12, `usr/kinit/ipconfig/main.c` and `usr/klibc/inet/inet_aton.c`.

use super::{Refused, Stop};
use crate::facts::{Cmdline, Word};
use std::net::Ipv4Addr;

const NO_ADDRESS: &str = "can't parse IP address";
const NO_PROTOCOL: &str = "invalid protocol";

/// By what an address is asked for; by nothing at all where it is given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asks {
    /// DHCP.
    pub dhcp: bool,
    /// BOOTP.
    pub bootp: bool,
    /// RARP.
    pub rarp: bool,
}

impl Asks {
    const ALL: Self = Self { dhcp: true, bootp: true, rarp: true };
    const NOTHING: Self = Self { dhcp: false, bootp: false, rarp: false };

    /// `parse_proto`.
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "" | "on" | "any" => Self::ALL,
            "both" => Self { dhcp: false, ..Self::ALL },
            "dhcp" => Self { rarp: false, ..Self::ALL },
            "bootp" => Self { bootp: true, ..Self::NOTHING },
            "rarp" => Self { rarp: true, ..Self::NOTHING },
            "none" | "static" | "off" => Self::NOTHING,
            _ => return None,
        })
    }

    /// Whether nothing is asked.
    pub fn is_nothing(self) -> bool {
        self == Self::NOTHING
    }
}

/// What ipconfig brings up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Network {
    /// The NIC; `None` for every one, of which the first that gets an answer ends the search.
    pub device: Option<String>,
    /// By what it asks.
    pub asks: Asks,
    /// The address that is given.
    pub address: Option<Ipv4Addr>,
    /// The gateway that is given.
    pub gateway: Option<Ipv4Addr>,
    /// The netmask that is given.
    pub netmask: Option<Ipv4Addr>,
    /// Name servers that are given.
    pub servers: [Option<Ipv4Addr>; 2],
    /// The host's name.
    pub host: String,
}

impl Network {
    /// The netmask that the NIC gets beside a given address: where none is given, that of the address's class.
    pub fn mask(&self) -> Ipv4Addr {
        let of_class = |address: Ipv4Addr| match address.octets() {
            [0..=127, ..] => Ipv4Addr::new(255, 0, 0, 0),
            [128..=191, ..] => Ipv4Addr::new(255, 255, 0, 0),
            [192..=223, ..] => Ipv4Addr::new(255, 255, 255, 0),
            _ => Ipv4Addr::UNSPECIFIED,
        };
        self.netmask.unwrap_or_else(|| of_class(self.address.unwrap_or(Ipv4Addr::UNSPECIFIED)))
    }
}

/// The word that is heeded: the last `ip=`.
pub fn word(line: &Cmdline) -> Option<&Word> {
    last(line, "ip")
}

/// The last word with a key; one without `=` is another.
fn last<'w>(line: &'w Cmdline, key: &str) -> Option<&'w Word> {
    line.words.iter().rev().find(|word| word.key == key && word.value.is_some())
}

/// The value of the last word with a key; empty where there is none.
fn value<'w>(line: &'w Cmdline, key: &str) -> &'w str {
    last(line, key).and_then(|word| word.value.as_deref()).unwrap_or_default()
}

/// What is brought up; `None` where `ip=off` says that nothing is. `device` is what `DEVICE=` in the image's
/// configuration says, and `nic_of` finds the NIC with an address, for `BOOTIF=`.
///
/// # Errors
/// The word that ipconfig does not take, or what depends on the shell of the image.
pub fn network(
    line: &Cmdline,
    device: Option<&str>,
    nic_of: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<Network>, Stop> {
    let ip = value(line, "ip");
    let fields = shell_fields(ip);
    let named = fields.get(5).filter(|name| !name.is_empty());
    let device = match named {
        Some(name) => (*name).to_owned(),
        None => {
            let of_bootif = Some(value(line, "BOOTIF")).filter(|bootif| !bootif.is_empty());
            let of_bootif = of_bootif.and_then(|bootif| nic_of(&hardware_address(bootif)));
            of_bootif.unwrap_or_else(|| device.unwrap_or_default().to_owned())
        }
    };
    if named.is_some_and(|name| *name == "all") {
        let what = "brings up every NIC, and the script then finds no file of a NIC that is called so";
        return Err(Stop::Unclear(format!("ip={ip} {what}")));
    }
    let refused = |says| {
        let word = word(line).cloned().unwrap_or_else(|| Word { key: "ip".to_owned(), ..Word::default() });
        Stop::Refused(Refused::new(&word, says))
    };
    let parsed = match ip {
        "none" | "off" => return Ok(None),
        "" | "on" | "any" => parse(&device, Asks::ALL),
        "dhcp" | "bootp" | "rarp" | "both" => parse(&device, Asks::named(ip).unwrap_or_default()),
        _ if named.is_none() && fields.len() >= 2 && !device.is_empty() => {
            if fields.len() < 6 {
                return Err(Stop::Unclear(format!(
                    "at ip={ip} beside {device} dash ends the script, by a shift of six fields, and busybox goes on"
                )));
            }
            let before: Vec<&str> = fields.iter().take(5).copied().collect();
            let after: Vec<&str> = fields.iter().skip(6).copied().collect();
            parse(&format!("{}:{device}:{}", before.join(":"), after.join(":")), Asks::ALL)
        }
        _ => parse(ip, Asks::ALL),
    };
    parsed.map(Some).map_err(refused)
}

/// What open-iscsi's `local-top/iscsi` logs in to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Login {
    /// Whatever the firmware names.
    pub firmware: bool,
    /// A target by its name, portal and port, where both are said.
    pub target: Option<Target>,
}

/// A target of the command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// Its portal.
    pub portal: String,
    /// The portal's port; empty for 3260.
    pub port: String,
    /// The portal's group; empty for 1.
    pub group: String,
    /// The name that the login says it comes from; empty for that of the image.
    pub initiator: String,
    /// Whether an account is said.
    pub account: bool,
    /// The unit, where `root=iscsi:` says the target; it may be empty.
    pub lun: Option<String>,
}

/// What a line logs in to (open-iscsi 2.1.8 and 2.1.11, `debian/extra/initramfs.local-top`).
///
/// # Errors
/// Why it is not known, where that depends on the shell of the image.
pub fn login(line: &Cmdline) -> Result<Login, Stop> {
    let mut target = Target::default();
    for word in &line.words {
        let value = word.value.clone();
        match (word.key.as_str(), value) {
            ("iscsi_initiator", Some(value)) => target.initiator = value,
            ("iscsi_target_name", Some(value)) => target.name = value,
            ("iscsi_target_ip", Some(value)) => target.portal = value,
            ("iscsi_target_port", Some(value)) => target.port = value,
            ("iscsi_target_group", Some(value)) => target.group = value,
            ("iscsi_username", Some(value)) => target.account = !value.is_empty(),
            ("root", Some(value)) => {
                if let Some(spec) = value.strip_prefix("iscsi:") {
                    target.set(spec)?;
                }
            }
            _ => {}
        }
    }
    let named = !target.name.is_empty() && !target.portal.is_empty();
    let firmware = line.words.iter().any(|word| word.key == "iscsi_auto" && word.value.is_none());
    Ok(Login { firmware, target: Some(target).filter(|_| named) })
}

impl Target {
    /// `parse_root_param`: fields between colons, whatever brackets stand there; the name ends at an empty one.
    fn set(&mut self, spec: &str) -> Result<(), Stop> {
        let (account, spec) = spec.split_once('@').unwrap_or(("", spec));
        let fields = shell_fields(spec);
        let [portal, _, port, lun, name @ ..] = fields.as_slice() else { return Err(Self::unclear(spec)) };
        if name.is_empty() {
            return Err(Self::unclear(spec));
        }
        let first = name.first().copied().unwrap_or_default();
        let more = name.iter().skip(1).take_while(|part| !part.is_empty());
        let name = std::iter::once(&first).chain(more).copied().collect::<Vec<_>>().join(":");
        let account = shell_fields(account);
        if portal.is_empty() || name.is_empty() || account.len() > 4 {
            return Ok(());
        }
        self.account |= account.first().is_some_and(|user| !user.is_empty());
        (self.portal, self.port, self.lun) = ((*portal).to_owned(), (*port).to_owned(), Some((*lun).to_owned()));
        self.name = name;
        Ok(())
    }

    fn unclear(spec: &str) -> Stop {
        let what = "has less than five fields: dash ends the script at it, and busybox makes a name of the rest";
        Stop::Unclear(format!("root=iscsi:{spec} {what}"))
    }
}

/// Fields as a shell splits them: an empty one at the end is none.
fn shell_fields(value: &str) -> Vec<&str> {
    let mut fields: Vec<&str> = value.split(':').collect();
    if fields.last().is_some_and(|last| last.is_empty()) {
        fields.pop();
    }
    fields
}

/// `BOOTIF=01-52-54-…` as an address with colons: what stands before the first hyphen is dropped.
fn hardware_address(bootif: &str) -> String {
    let address = bootif.split_once('-').map_or(bootif, |(_, address)| address);
    address.trim_start_matches('-').trim_end_matches('-').replace('-', ":")
}

/// `parse_device`, with what is asked where the text says nothing.
fn parse(text: &str, asks: Asks) -> Result<Network, &'static str> {
    let mut network = Network { asks, ..Network::default() };
    let bare = text.strip_prefix("ip=").or_else(|| text.strip_prefix("nfsaddrs="));
    let given = bare.unwrap_or(text);
    if !given.contains(':') {
        match bare {
            Some(name) => network.asks = Asks::named(name).ok_or(NO_PROTOCOL)?,
            None => network.device = Some(given.to_owned()),
        }
    } else {
        for (index, field) in given.split(':').enumerate().filter(|(_, field)| !field.is_empty()) {
            match index {
                0 => (network.address, network.asks) = (address(field)?, Asks::NOTHING),
                1 => drop(address(field)?),
                2 => network.gateway = address(field)?,
                3 => network.netmask = address(field)?,
                4 => network.host = field.chars().take(64).collect(),
                5 => network.device = Some(field.to_owned()),
                6 => network.asks = Asks::named(field).ok_or(NO_PROTOCOL)?,
                _ => {
                    let server = address(field);
                    for (_, known) in (7..).zip(&mut network.servers).filter(|(at, _)| *at == index) {
                        *known = server?;
                    }
                }
            }
        }
    }
    network.device = network.device.filter(|name| !name.is_empty() && name != "all");
    Ok(network)
}

/// klibc's `inet_aton`: four numbers between dots, each modulo 256, and anything behind; 0.0.0.0 is none.
fn address(text: &str) -> Result<Option<Ipv4Addr>, &'static str> {
    let mut octets = [0_u8; 4];
    let mut rest = text;
    for (index, octet) in octets.iter_mut().enumerate() {
        if index > 0 {
            rest = rest.strip_prefix('.').ok_or(NO_ADDRESS)?;
        }
        let unsigned = rest.strip_prefix(['+', '-']).unwrap_or(rest);
        let digits = unsigned.len() - unsigned.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if unsigned.len() == rest.len() && digits == 0 {
            return Err(NO_ADDRESS);
        }
        let (number, after) = unsigned.split_at_checked(digits).ok_or(NO_ADDRESS)?;
        let number =
            number.bytes().fold(0_u8, |sum, digit| sum.wrapping_mul(10).wrapping_add(digit.wrapping_sub(b'0')));
        *octet = if rest.starts_with('-') { number.wrapping_neg() } else { number };
        rest = after;
    }
    let address = Ipv4Addr::from(octets);
    Ok(Some(address).filter(|address| !address.is_unspecified()))
}
