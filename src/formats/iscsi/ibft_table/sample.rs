//! Tables for tests, put together field by field.
#![allow(clippy::unwrap_used)]

use std::net::IpAddr;

/// Stands for a CHAP secret; no output may have it.
pub(crate) const CANARY: &str = "canary-secret-1";

/// What a table is made of; [`Sample::default`] is one that iPXE would make.
#[derive(Clone)]
pub(crate) struct Sample {
    pub(crate) initiator: &'static str,
    pub(crate) target: &'static str,
    pub(crate) ip: IpAddr,
    pub(crate) gateway: IpAddr,
    pub(crate) portal: IpAddr,
    pub(crate) lun: [u8; 8],
    pub(crate) vlan: u16,
    pub(crate) chap: bool,
    /// The CHAP name and secret, where `chap` is set.
    pub(crate) account: (&'static str, &'static str),
}

impl Default for Sample {
    fn default() -> Self {
        Self {
            initiator: "iqn.2020-10.com.example:instance-1",
            target: "iqn.2013-01.com.example:storage.1",
            ip: IpAddr::from([100, 64, 16, 54]),
            gateway: IpAddr::from([100, 64, 16, 49]),
            portal: IpAddr::from([100, 97, 0, 10]),
            lun: [0, 47, 0, 0, 0, 0, 0, 0],
            vlan: 0,
            chap: true,
            account: ("user", CANARY),
        }
    }
}

/// Where the structures stand in the table of [`Sample::build`].
pub(crate) const INITIATOR: usize = 0x50;
/// The NIC.
pub(crate) const NIC: usize = 0xa0;
/// The target.
pub(crate) const TARGET: usize = 0x110;
const STRINGS: usize = 0x150;

impl Sample {
    /// The bytes of the table, checksum included.
    pub(crate) fn build(&self) -> Vec<u8> {
        let mut table = vec![0; STRINGS];
        put(&mut table, 0, b"iBFT");
        put(&mut table, 8, &[1]);
        put(&mut table, 10, b"FENSYSiPXE");
        put(&mut table, 0x30, &[1, 1, 18, 0, 0, 0]);
        for (at, offset) in [(0x38, INITIATOR), (0x3a, NIC), (0x3c, TARGET)] {
            put(&mut table, at, &u16::try_from(offset).unwrap().to_le_bytes());
        }
        put(&mut table, INITIATOR, &[2, 1, 74, 0, 0, 3]);
        string(&mut table, INITIATOR + 70, self.initiator);
        put(&mut table, NIC, &[3, 1, 102, 0, 0, 3]);
        put(&mut table, NIC + 6, &address(self.ip));
        put(&mut table, NIC + 22, &[29, 3]);
        put(&mut table, NIC + 24, &address(self.gateway));
        put(&mut table, NIC + 40, &address(IpAddr::from([0, 0, 0, 0])));
        put(&mut table, NIC + 72, &address(self.gateway));
        put(&mut table, NIC + 88, &self.vlan.to_le_bytes());
        put(&mut table, NIC + 90, &[0x52, 0x54, 0, 0, 0, 1, 0x18, 0]);
        put(&mut table, TARGET, &[4, 1, 54, 0, 0, 3]);
        put(&mut table, TARGET + 6, &address(self.portal));
        put(&mut table, TARGET + 22, &3260_u16.to_le_bytes());
        put(&mut table, TARGET + 24, &self.lun);
        put(&mut table, TARGET + 32, &[u8::from(self.chap), 0]);
        string(&mut table, TARGET + 34, self.target);
        if self.chap {
            string(&mut table, TARGET + 38, self.account.0);
            string(&mut table, TARGET + 42, self.account.1);
        }
        seal(&mut table);
        table
    }
}

/// Writes length and checksum anew, after a change.
pub(crate) fn seal(table: &mut [u8]) {
    let length = u32::try_from(table.len()).unwrap();
    put(table, 4, &length.to_le_bytes());
    put(table, 9, &[0]);
    let sum = table.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    put(table, 9, &[sum.wrapping_neg()]);
}

/// Overwrites bytes.
pub(crate) fn put(table: &mut [u8], at: usize, bytes: &[u8]) {
    table[at..at + bytes.len()].copy_from_slice(bytes);
}

fn string(table: &mut Vec<u8>, at: usize, text: &str) {
    let offset = u16::try_from(table.len()).unwrap();
    put(table, at, &u16::try_from(text.len()).unwrap().to_le_bytes());
    put(table, at + 2, &offset.to_le_bytes());
    table.extend_from_slice(text.as_bytes());
    table.push(0);
}

fn address(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
        IpAddr::V6(ip) => ip.octets(),
    }
}
