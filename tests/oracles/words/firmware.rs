//! What firmware hands over, as facts and as the sysfs of a machine.

use isctpl_checks::facts::IbftNic;
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

/// NICs that sysfs has, with their MAC addresses.
pub(super) const NICS: [(&str, &str); 3] =
    [("enp0s3", "52:54:00:12:34:56"), ("eth0", "52:54:00:ab:cd:ef"), ("eth1", "52:54:00:00:00:01")];

/// How many firmwares there are.
pub(super) const FIRMWARES: usize = 7;

/// The number of the firmware that a line is read with, which its length chooses.
pub(super) fn number_of(line: &str) -> usize {
    line.len() % FIRMWARES
}

/// The NICs of a firmware.
pub(super) fn firmware(number: usize) -> Vec<IbftNic> {
    let nic = |index: u8, mac: usize| IbftNic { index, flags: 3, mac: NICS[mac].1.to_owned(), ..IbftNic::default() };
    let address = |text: &str| text.parse::<IpAddr>().ok();
    let lease = IbftNic {
        ip: address("100.64.16.54"),
        prefix_len: 29,
        origin: 3,
        gateway: address("100.64.16.49"),
        dhcp: address("100.64.16.49"),
        ..nic(0, 0)
    };
    let fixed = IbftNic { origin: 1, dhcp: None, dns: vec![address("192.0.2.53").unwrap()], ..lease.clone() };
    match number {
        0 => Vec::new(),
        1 | 2 => vec![lease],
        3 => vec![fixed],
        4 => vec![IbftNic { vlan: 7, ..fixed }, IbftNic { ip: address("10.1.1.1"), prefix_len: 24, ..nic(1, 1) }],
        5 => vec![IbftNic { ip: address("2001:db8::7"), prefix_len: 64, origin: 1, ..nic(0, 0) }, nic(1, 2)],
        _ => vec![IbftNic { gateway: address("2001:db8::1"), ..fixed }, IbftNic { origin: 3, ..nic(1, 1) }],
    }
}

/// Writes a sysfs with these NICs: `class/net` and `firmware/ibft`.
pub(super) fn write_sysfs(root: &Path, firmware: &[IbftNic]) {
    let write = |path: String, text: &str| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("{text}\n")).unwrap();
    };
    for (name, mac) in NICS {
        write(format!("class/net/{name}/address"), mac);
    }
    fs::create_dir_all(root.join("firmware/ibft")).unwrap();
    for nic in firmware {
        let write = |file: &str, text: String| write(format!("firmware/ibft/ethernet{}/{file}", nic.index), &text);
        write("index", nic.index.to_string());
        write("flags", nic.flags.to_string());
        write("mac", nic.mac.clone());
        write("vlan", nic.vlan.to_string());
        write("origin", nic.origin.to_string());
        write("prefix-len", nic.prefix_len.to_string());
        if nic.ip.is_some_and(|ip| ip.is_ipv4()) {
            let bits = u32::MAX.checked_shl(32 - u32::from(nic.prefix_len)).unwrap_or_default();
            write("subnet-mask", Ipv4Addr::from(bits).to_string());
        }
        let addresses = [("ip-addr", nic.ip), ("gateway", nic.gateway), ("dhcp", nic.dhcp)];
        let servers = ["primary-dns", "secondary-dns"].into_iter().zip(nic.dns.iter().copied().map(Some));
        for (file, address) in addresses.into_iter().chain(servers) {
            address.iter().for_each(|address| write(file, address.to_string()));
        }
    }
}
