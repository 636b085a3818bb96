//! What systemd-network-generator makes of the command line in the real root: `.network` files for networkd
//! (systemd-network-generator.service(8)). It runs there as it does in an initramfs, and reads `ip=` once more; words
//! that begin with `rd.` are the initramfs's alone.

use isctpl_checks::facts::{Cmdline, HIDDEN};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::IpAddr;

/// A file that it writes to `/run/systemd/network`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Generated {
    /// Its name.
    pub(crate) name: String,
    /// What stands in it, as far as the network of IPv4 is concerned.
    pub(crate) text: String,
}

/// Before 70 and 71 the numbers in front of the names were 90 and 91; which they are stands in the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// `90-NAME`, `91-default`.
    Nineties,
    /// `70-NAME`, `71-default`.
    Seventies,
}

impl Numbers {
    /// The numbers that a program uses, by the pattern of its `.netdev` files.
    pub(crate) fn of(program: &str) -> Option<Self> {
        match (program.contains("70-%s.netdev"), program.contains("90-%s.netdev")) {
            (true, false) => Some(Self::Seventies),
            (false, true) => Some(Self::Nineties),
            _ => None,
        }
    }
}

#[derive(Debug, Default)]
struct Network {
    dhcp: Option<&'static str>,
    addresses: Vec<String>,
    gateways: Vec<IpAddr>,
}

/// The files, by what `ip=` says.
pub(crate) fn networks(line: &Cmdline, numbers: Numbers) -> Vec<Generated> {
    // The empty name is for every NIC.
    let mut networks: BTreeMap<&str, Network> = BTreeMap::new();
    for value in line.all("ip").filter(|value| !value.is_empty() && !value.contains(HIDDEN)) {
        read(value, &mut networks);
    }
    if networks.len() > 1 {
        // What is for every NIC goes into those that are named.
        networks.remove("");
    }
    let (named, default) = match numbers {
        Numbers::Nineties => ("90", "91"),
        Numbers::Seventies => ("70", "71"),
    };
    networks
        .into_iter()
        .map(|(nic, network)| {
            let name = match nic {
                "" => format!("{default}-default.network"),
                nic => format!("{named}-{nic}.network"),
            };
            Generated { name, text: text(if nic.is_empty() { "*" } else { nic }, &network) }
        })
        .collect()
}

fn text(nic: &str, network: &Network) -> String {
    let mut text = format!("[Match]\nName={nic}\n[Network]\n");
    if let Some(dhcp) = network.dhcp {
        let _ = writeln!(text, "DHCP={dhcp}");
    }
    for address in &network.addresses {
        let _ = writeln!(text, "Address={address}");
    }
    for gateway in &network.gateways {
        let _ = writeln!(text, "[Route]\nGateway={gateway}");
    }
    text
}

fn read<'l>(value: &'l str, networks: &mut BTreeMap<&'l str, Network>) {
    if !value.contains(':') {
        if let Some(dhcp) = dhcp_of(value) {
            networks.entry("").or_default().dhcp = Some(dhcp);
        }
        return;
    }
    if value.ends_with(':') || of_address(value, networks).is_some() {
        return;
    }
    let mut parts = value.split(':');
    if let (Some(nic), Some(dhcp)) = (parts.next().filter(|nic| is_nic(nic)), parts.next().and_then(dhcp_of)) {
        networks.entry(nic).or_default().dhcp = Some(dhcp);
    }
}

/// `ADDRESS:PEER:GATEWAY:NETMASK:HOST:NIC:HOW…`, of IPv4; all but the last may be empty.
fn of_address<'l>(value: &'l str, networks: &mut BTreeMap<&'l str, Network>) -> Option<()> {
    let parts: Vec<&str> = value.split(':').collect();
    let [address, _, gateway, mask, _, nic, how, ..] = parts.as_slice() else { return None };
    let parsed = |text: &str| if text.is_empty() { Some(None) } else { text.parse::<IpAddr>().ok().map(Some) };
    let (address, gateway) = (parsed(address)?, parsed(gateway)?);
    let length = prefix_length(mask)?;
    let dhcp = dhcp_of(how)?;
    if !nic.is_empty() && !is_nic(nic) {
        return None;
    }
    let network = networks.entry(nic).or_default();
    network.dhcp = Some(dhcp);
    network.addresses.extend(address.filter(|ip| !ip.is_unspecified()).map(|ip| format!("{ip}/{length}")));
    network.gateways.extend(gateway.filter(|ip| !ip.is_unspecified()));
    Some(())
}

fn prefix_length(mask: &str) -> Option<u8> {
    match mask {
        "" => Some(32),
        mask if mask.contains('.') => ipnet::ip_mask_to_prefix(mask.parse().ok()?).ok(),
        length => length.parse().ok(),
    }
}

/// A name that the kernel gives an interface.
fn is_nic(name: &str) -> bool {
    !name.is_empty() && name.len() < 16 && !name.contains(['/', ':']) && !name.contains(char::is_whitespace)
}

/// networkd's `DHCP=` for a word of dracut.cmdline(7).
fn dhcp_of(word: &str) -> Option<&'static str> {
    Some(match word {
        "on" | "any" => "yes",
        "dhcp" => "ipv4",
        "dhcp6" | "either6" => "ipv6",
        "none" | "off" | "ibft" | "auto6" | "link6" | "link-local" => "no",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use isctpl_checks::facts::Word;

    fn made(words: &str) -> Vec<(String, String)> {
        let words = words.split_whitespace().map(|word| {
            let (key, value) = word.split_once('=').map_or((word, None), |(key, value)| (key, Some(value)));
            Word { key: key.to_owned(), value: value.map(str::to_owned), secret: false }
        });
        let line = Cmdline { at: None, words: words.collect() };
        let files = networks(&line, Numbers::Nineties);
        files.into_iter().map(|file| (file.name, file.text.replace('\n', " ").trim_end().to_owned())).collect()
    }

    /// As the program of systemd 252 was seen to make them, but for the names of every NIC.
    #[test]
    fn files_are_made_as_systemd_makes_them() {
        let dhcp = |nic: &str| format!("[Match] Name={nic} [Network] DHCP=ipv4");
        for (words, files) in [
            ("root=/dev/x quiet", vec![]),
            (
                "ip=dhcp rd.iscsi.firmware=1 rd.route=100.97.0.0/16:100.64.16.49",
                vec![("91-default.network", dhcp("*"))],
            ),
            ("ip=enp0s3:dhcp", vec![("90-enp0s3.network", dhcp("enp0s3"))]),
            ("ip=:::::enp0s3:dhcp", vec![("90-enp0s3.network", dhcp("enp0s3"))]),
            ("ip=dhcp ip=enp0s3:dhcp", vec![("90-enp0s3.network", dhcp("enp0s3"))]),
            ("ip=ibft", vec![("91-default.network", "[Match] Name=* [Network] DHCP=no".to_owned())]),
            (
                "ip=10.0.0.2::10.0.0.1:255.255.255.0:h:enp0s3:none",
                vec![(
                    "90-enp0s3.network",
                    "[Match] Name=enp0s3 [Network] DHCP=no Address=10.0.0.2/24 [Route] Gateway=10.0.0.1".to_owned(),
                )],
            ),
            ("rd.route=100.97.0.0/16:100.64.16.49:enp0s3", vec![]),
            ("ip=enp0s3:static ip=nonsense ip=a:b:c:", vec![]),
        ] {
            let files: Vec<_> = files.into_iter().map(|(name, text)| (name.to_owned(), text)).collect();
            assert_eq!(made(words), files, "{words}");
        }
    }

    #[test]
    fn the_program_tells_its_numbers() {
        assert_eq!(Numbers::of("x%s/70-%s.netdev\0y"), Some(Numbers::Seventies));
        assert_eq!(Numbers::of("x%s/90-%s.netdev\0y"), Some(Numbers::Nineties));
        assert_eq!(Numbers::of("x"), None);
    }
}
