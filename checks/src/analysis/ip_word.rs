//! `ip=` as the program in the image reads it.

use crate::facts::{Cmdline, Initramfs, NetworkKind};
use crate::readers::{initramfs_tools, network_legacy};
use ipnet::IpNet;
use std::net::IpAddr;

/// One `ip=`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct IpWord {
    /// As written, without `ip=`.
    pub text: String,
    /// The client's address.
    pub address: Option<IpAddr>,
    /// The gateway.
    pub gateway: Option<IpAddr>,
    /// The client's network, where address and mask are written.
    pub network: Option<IpNet>,
    /// The interface.
    pub interface: Option<String>,
    /// How it is configured: `dhcp`, `on`, `none`, `ibft` …; empty when nothing is said.
    pub method: String,
}

impl IpWord {
    /// Reads the value of an `ip=` as the kernel's nfsroot documentation and dracut.cmdline(7) have it, whoever reads it.
    fn parse(text: &str) -> Self {
        let mut word = Self { text: text.to_owned(), ..Self::default() };
        let fields = split_fields(text);
        let field = |index: usize| fields.get(index).map(String::as_str).filter(|field| !field.is_empty());
        let address = field(0).and_then(parse_address);
        if fields.len() == 1 {
            match address {
                Some((address, _)) => word.address = Some(address),
                None => word.method = text.to_owned(),
            }
            return word;
        }
        // dracut's short form: INTERFACE:METHOD. The long form begins with an address or is longer.
        if address.is_none() && fields.len() < 6 {
            word.interface = field(0).map(str::to_owned);
            word.method = field(1).unwrap_or_default().to_owned();
            return word;
        }
        word.interface = field(5).map(str::to_owned);
        word.method = field(6).unwrap_or_default().to_owned();
        word.place(field(0), field(2), field(3));
        word
    }

    /// Sets what the fields of the long form say of addresses.
    fn place(&mut self, address: Option<&str>, gateway: Option<&str>, mask: Option<&str>) {
        self.gateway = gateway.and_then(parse_address).map(|(gateway, _)| gateway);
        if let Some((address, prefix)) = address.and_then(parse_address) {
            self.address = Some(address);
            let prefix = prefix.or_else(|| mask.and_then(parse_mask));
            self.network = prefix.and_then(|prefix| IpNet::new(address, prefix).ok()).map(|net| net.trunc());
        }
    }

    /// As dracut's network-legacy reads it.
    fn of_legacy(line: &Cmdline, text: &str) -> Self {
        let ip = network_legacy::split(line, text);
        let given = |field: &'_ String| Some(field.clone()).filter(|field| !field.is_empty());
        let mut word = Self { text: text.to_owned(), interface: given(&ip.interface), ..Self::default() };
        word.place(Some(&ip.address), Some(&ip.gateway), Some(&ip.mask));
        word.method = ip.autoconf;
        word
    }

    /// As ipconfig reads what initramfs-tools hands it; as everybody does where it does not take it.
    fn of_ipconfig(line: &Cmdline, text: &str) -> Self {
        let Ok(network) = initramfs_tools::network(line, None, &|_| None) else { return Self::parse(text) };
        let Some(network) = network else {
            return Self { text: text.to_owned(), method: text.to_owned(), ..Self::default() };
        };
        // What no NIC is named by says nothing of one: see login-interface-named-ibft.
        if network.device.as_deref().is_some_and(is_ibft) {
            return Self::parse(text);
        }
        let mask = network.mask();
        let net = |address: IpAddr| IpNet::with_netmask(address, mask.into()).ok().map(|net| net.trunc());
        let address = network.address.map(IpAddr::V4);
        let method = if network.asks.is_nothing() { "none" } else { "dhcp" };
        Self {
            text: text.to_owned(),
            address,
            gateway: network.gateway.map(IpAddr::V4),
            network: address.and_then(net),
            interface: network.device,
            method: method.to_owned(),
        }
    }

    /// Whether it sets an address of its own, so that nothing is asked of DHCP.
    pub(crate) fn is_static(&self) -> bool {
        self.address.is_some() && matches!(self.method.as_str(), "" | "none" | "off" | "static")
    }
}

impl Cmdline {
    /// Every `ip=` of a command line that is heeded, as the image's program reads it where that is known.
    pub(crate) fn ip_words(&self, image: Option<&Initramfs>) -> Vec<IpWord> {
        let has = |kind| image.is_some_and(|image| image.has_network(kind));
        let values = self.all("ip");
        if has(NetworkKind::Ipconfig) {
            values.last().map(|text| IpWord::of_ipconfig(self, text)).into_iter().collect()
        } else if has(NetworkKind::DracutLegacy) {
            values.map(|text| IpWord::of_legacy(self, text)).collect()
        } else {
            values.map(IpWord::parse).collect()
        }
    }
}

/// Whether this is the iBFT's name in dracut's words, `ibft` or `ibft0`, which initramfs-tools takes for an interface's.
pub(crate) fn is_ibft(name: &str) -> bool {
    name.strip_prefix("ibft").is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Splits at colons, but not inside the brackets of an IPv6 address; the brackets are dropped.
pub(super) fn split_fields(text: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut bracketed = false;
    for character in text.chars() {
        match character {
            '[' => bracketed = true,
            ']' => bracketed = false,
            ':' if !bracketed => fields.push(String::new()),
            other => {
                if let Some(field) = fields.last_mut() {
                    field.push(other);
                }
            }
        }
    }
    fields
}

fn parse_address(text: &str) -> Option<(IpAddr, Option<u8>)> {
    match text.split_once('/') {
        Some((address, prefix)) => Some((address.parse().ok()?, prefix.parse().ok())),
        None => Some((text.parse().ok()?, None)),
    }
}

/// A netmask in either form; `None` for one with holes.
fn parse_mask(text: &str) -> Option<u8> {
    text.parse::<u8>().ok().or_else(|| ipnet::ip_mask_to_prefix(text.parse().ok()?).ok())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_form_of_ip() {
        assert_eq!(IpWord::parse("ibft").method, "ibft");
        assert_eq!(IpWord::parse("dhcp").method, "dhcp");
        let short = IpWord::parse("ibft0:dhcp");
        assert_eq!((short.interface.as_deref(), short.method.as_str()), (Some("ibft0"), "dhcp"));
        let long = IpWord::parse("100.64.16.54::100.64.16.49:255.255.255.248::enp0s3:none");
        assert!(long.is_static());
        assert_eq!(long.network, Some("100.64.16.48/29".parse().unwrap()));
        assert_eq!(long.gateway, Some("100.64.16.49".parse().unwrap()));
        assert_eq!(long.interface.as_deref(), Some("enp0s3"));
        let kernel = IpWord::parse(":::::enp0s3:dhcp");
        assert!(kernel.method == "dhcp" && !kernel.is_static());
        assert_eq!(kernel.interface.as_deref(), Some("enp0s3"));
        let six = IpWord::parse("[2001:db8::2/64]::[2001:db8::1]:::enp0s3:none");
        assert_eq!(six.network, Some("2001:db8::/64".parse().unwrap()));
        assert_eq!(six.gateway, Some("2001:db8::1".parse().unwrap()));
    }

    #[test]
    fn ipconfig_takes_the_mask_of_the_class_whatever_stands_behind_a_slash() {
        let words = ["10.0.0.2/24::10.0.0.1:::eth0:none", "192.0.2.5::192.0.2.1:255.255.255.240::eth0:none"];
        for (text, network) in words.into_iter().zip(["10.0.0.0/8", "192.0.2.0/28"]) {
            let word = crate::facts::Word { key: "ip".to_owned(), value: Some(text.to_owned()), ..Default::default() };
            let read = IpWord::of_ipconfig(&Cmdline { at: None, words: vec![word] }, text);
            assert!(read.is_static() && read.network == Some(network.parse().unwrap()), "{read:?}");
        }
    }
}
