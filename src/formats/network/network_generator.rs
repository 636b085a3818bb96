//! What systemd-network-generator makes of the command line in the real root: `.network` files for networkd
//! (systemd-network-generator.service(8)). It runs there as it does in an initramfs, and reads `ip=` once more; words
//! that begin with `rd.` are the initramfs's alone.

use isctpl_checks::facts::Cmdline;
use isctpl_checks::readers::Stop;
use isctpl_checks::readers::network_generator::{self, Network};
use std::fmt::Write;

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

/// The files, by what `ip=` and its like say: none at all where the program refuses one word.
///
/// # Errors
/// Why it is not known what the program makes of a word.
pub(crate) fn networks(line: &Cmdline, numbers: Numbers) -> Result<Vec<Generated>, String> {
    let mut line = line.clone();
    line.words.retain(|word| !word.key.starts_with("rd."));
    if let Some(word) = line.unclear_network_word() {
        return Err(format!("what it makes of {word} is not known"));
    }
    let (named, default) = match numbers {
        Numbers::Nineties => ("90", "91"),
        Numbers::Seventies => ("70", "71"),
    };
    let networks = match network_generator::networks(&line) {
        Ok(networks) => networks,
        Err(Stop::Refused(_)) => return Ok(Vec::new()),
        Err(Stop::Unclear(why)) => return Err(why),
    };
    let files = networks
        .into_iter()
        .map(|(nic, network)| {
            let name = match nic.as_str() {
                "" => format!("{default}-default.network"),
                nic => format!("{named}-{nic}.network"),
            };
            Generated { name, text: text(if nic.is_empty() { "*" } else { &nic }, &network) }
        })
        .collect();
    Ok(files)
}

fn text(nic: &str, network: &Network) -> String {
    let mut text = format!("[Match]\nName={nic}\n[Network]\n");
    if let Some(dhcp) = network.dhcp {
        let _ = writeln!(text, "DHCP={dhcp}");
    }
    for (address, length) in &network.addresses {
        let _ = writeln!(text, "Address={address}/{length}");
    }
    for gateway in network.routes.iter().filter_map(|route| route.gateway) {
        let _ = writeln!(text, "[Route]\nGateway={gateway}");
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use isctpl_checks::facts::Word;

    fn made(words: &str) -> Vec<(String, String)> {
        let words = words.split_whitespace().map(|word| {
            let (key, value) = word.split_once('=').map_or((word, None), |(key, value)| (key, Some(value)));
            Word { key: key.to_owned(), value: value.map(str::to_owned), ..Word::default() }
        });
        let line = Cmdline { at: None, words: words.collect() };
        let files = networks(&line, Numbers::Nineties).unwrap();
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
            // It gives up at a word that it does not take, and writes nothing of the others.
            ("ip=enp0s3:dhcp ip=enp0s4:static", vec![]),
            ("ip=enp0s3:dhcp ip=", vec![]),
            ("nameserver=192.0.2.1", vec![("91-default.network", "[Match] Name=* [Network]".to_owned())]),
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
