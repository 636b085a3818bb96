//! The iBFT as the kernel shows it in `/sys/firmware/ibft` (`drivers/firmware/iscsi_ibft.c`,
//! `drivers/scsi/iscsi_boot_sysfs.c`).

use crate::formats::iscsi::ibft_table::{lun_number, single_level};
use isctpl_checks::facts::{Ibft, IbftInitiator, IbftNic, IbftTarget, Lun, Problem};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

/// The attributes whose text is wanted. Of all others, the CHAP secrets before all, only their
/// existence may be looked at.
pub(crate) const READABLE: [&str; 21] = [
    "chap-type",
    "dhcp",
    "flags",
    "gateway",
    "hostname",
    "index",
    "initiator-name",
    "ip-addr",
    "lun",
    "mac",
    "nic-assoc",
    "oem_id",
    "oem_table_id",
    "origin",
    "port",
    "prefix-len",
    "primary-dns",
    "secondary-dns",
    "subnet-mask",
    "target-name",
    "vlan",
];

/// A directory of `/sys/firmware/ibft`, such as `ethernet0`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Directory {
    /// Its name.
    pub name: String,
    /// Its attributes. Of one that is not [`READABLE`], only that it exists: `None`.
    pub attributes: BTreeMap<String, Option<String>>,
}

/// Reads the directories of an iBFT. `source` is the path of their parent; text that cannot be
/// understood stands in `faults`. The kernel gives the directories numbers out of the table, which
/// may have holes.
pub(crate) fn parse(directories: &[Directory], source: &str) -> Ibft {
    let mut ibft = Ibft { source: source.to_owned(), ..Ibft::default() };
    let mut numbered: Vec<(Option<u8>, &Directory)> = Vec::new();
    for directory in directories {
        let digits = directory.name.trim_start_matches(|c: char| !c.is_ascii_digit());
        numbered.push((digits.parse().ok(), directory));
    }
    numbered.sort_by_key(|(number, _)| *number);
    for (number, directory) in numbered {
        let mut texts = Texts { directory, source, faults: Vec::new() };
        match directory.name.as_str() {
            "initiator" => ibft.initiator = Some(initiator(&mut texts)),
            "acpi_header" => {
                ibft.oem_id = texts.text("oem_id").unwrap_or_default();
                ibft.oem_table_id = texts.text("oem_table_id").unwrap_or_default();
            }
            name if name.starts_with("ethernet") => ibft.nics.push(nic(&mut texts, number)),
            name if name.starts_with("target") => ibft.targets.push(target(&mut texts, number)),
            _ => {}
        }
        ibft.faults.append(&mut texts.faults);
    }
    ibft
}

/// Linux makes a directory of a structure that the table has: a capture without its `flags` says nothing against it.
const VALID: u8 = 1;

fn initiator(texts: &mut Texts<'_>) -> IbftInitiator {
    IbftInitiator { flags: texts.number("flags").unwrap_or(VALID), name: texts.text("initiator-name") }
}

fn nic(texts: &mut Texts<'_>, number: Option<u8>) -> IbftNic {
    let prefix_len = texts.number("prefix-len").or_else(|| {
        let mask: Ipv4Addr = texts.parsed("subnet-mask")?;
        ipnet::ipv4_mask_to_prefix(mask).ok()
    });
    IbftNic {
        index: texts.number("index").or(number).unwrap_or_default(),
        flags: texts.number("flags").unwrap_or(VALID),
        ip: texts.ip("ip-addr"),
        prefix_len: prefix_len.unwrap_or_default(),
        origin: texts.number("origin").unwrap_or_default(),
        gateway: texts.ip("gateway"),
        dns: ["primary-dns", "secondary-dns"].into_iter().filter_map(|name| texts.ip(name)).collect(),
        dhcp: texts.ip("dhcp"),
        vlan: texts.number("vlan").unwrap_or_default(),
        mac: texts.text("mac").unwrap_or_default().to_ascii_lowercase(),
        // The `device` link is the kernel's guess in PCI domain 0, not what the table says.
        pci_bdf: None,
        hostname: texts.text("hostname"),
    }
}

fn target(texts: &mut Texts<'_>, number: Option<u8>) -> IbftTarget {
    IbftTarget {
        index: texts.number("index").or(number).unwrap_or_default(),
        flags: texts.number("flags").unwrap_or(VALID),
        ip: texts.ip("ip-addr"),
        port: texts.number("port").unwrap_or_default(),
        lun: lun(&texts.text("lun").unwrap_or_default()),
        name: texts.text("target-name"),
        nic_assoc: texts.number("nic-assoc").unwrap_or_default(),
        chap_type: texts.number("chap-type").unwrap_or_default(),
        chap_name_present: texts.exists("chap-name"),
        chap_secret_present: texts.exists("chap-secret"),
        reverse_chap_secret_present: texts.exists("rev-chap-name-secret"),
    }
}

/// The LUN of an attribute's text.
///
/// The kernel prints each of the eight bytes in hexadecimal without padding: LUN 1 is `01000000`, LUN
/// 47 is `02f000000`. Every way to split the text is tried; the one that gives a LUN of a single
/// level is it, when there is no other.
pub(crate) fn lun(text: &str) -> Lun {
    let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect();
    let Some(digits) = digits.filter(|digits| (8..=16).contains(&digits.len())) else {
        return Lun::Invalid(text.to_owned());
    };
    let mut splits = Vec::new();
    split(&digits, &mut Vec::new(), &mut splits);
    // Drivers of offload adapters, which show the same attribute, pad.
    if let ([], Some(padded)) = (splits.as_slice(), padded(&digits)) {
        splits.push(padded);
    }
    let sane: BTreeSet<u64> = splits.iter().filter_map(|bytes| single_level(*bytes)).map(u64::from).collect();
    let candidates = if sane.is_empty() { splits.into_iter().map(lun_number).collect() } else { sane };
    match candidates.iter().collect::<Vec<_>>().as_slice() {
        [] => Lun::Invalid(text.to_owned()),
        [number] => Lun::Number(**number),
        _ => Lun::Ambiguous { text: text.to_owned(), candidates: candidates.into_iter().collect() },
    }
}

/// Splits digits into eight numbers of one digit, or of two when the first is not 0. There are at
/// most 70 ways (8 over 4).
fn split(digits: &[u8], bytes: &mut Vec<u8>, splits: &mut Vec<[u8; 8]>) {
    if let ([], Ok(whole)) = (digits, <[u8; 8]>::try_from(bytes.as_slice())) {
        splits.push(whole);
        return;
    }
    let left = 8 - bytes.len().min(8);
    if digits.len() < left || digits.len() > left * 2 {
        return;
    }
    for width in 1..=2 {
        let (value, rest) = match (width, digits) {
            (1, [digit, rest @ ..]) => (*digit, rest),
            (2, [high, low, rest @ ..]) if *high != 0 => (high << 4 | low, rest),
            _ => continue,
        };
        bytes.push(value);
        split(rest, bytes, splits);
        bytes.pop();
    }
}

fn padded(digits: &[u8]) -> Option<[u8; 8]> {
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| high << 4 | low).collect::<Vec<_>>().try_into().ok()
}

/// The texts of one directory.
struct Texts<'a> {
    directory: &'a Directory,
    source: &'a str,
    faults: Vec<Problem>,
}

impl Texts<'_> {
    fn exists(&self, name: &str) -> bool {
        self.directory.attributes.contains_key(name)
    }

    /// The text of an attribute, fit for a terminal; `None` when it is empty or absent.
    fn text(&self, name: &str) -> Option<String> {
        let text = self.directory.attributes.get(name)?.as_deref()?.trim();
        let clean = text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c });
        Some(clean.collect()).filter(|text: &String| !text.is_empty())
    }

    fn parsed<T: std::str::FromStr>(&mut self, name: &str) -> Option<T> {
        let text = self.text(name)?;
        let value = text.parse().ok();
        if value.is_none() {
            let place = format!("{}/{}/{name}", self.source, self.directory.name);
            self.faults.push(Problem::new(place, format!("\"{text}\" is not a valid value")));
        }
        value
    }

    fn number<T: std::str::FromStr>(&mut self, name: &str) -> Option<T> {
        self.parsed(name)
    }

    /// An address. Older kernels show one that is not set as 0.0.0.0.
    fn ip(&mut self, name: &str) -> Option<IpAddr> {
        self.parsed::<IpAddr>(name).map(|ip| ip.to_canonical()).filter(|ip| !ip.is_unspecified())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SOURCE: &str = "/sys/firmware/ibft";

    fn directory(name: &str, attributes: &[(&str, &str)]) -> Directory {
        let attributes = attributes.iter().map(|(name, text)| ((*name).to_owned(), Some((*text).to_owned()))).collect();
        Directory { name: name.to_owned(), attributes }
    }

    fn nic2() -> Directory {
        directory(
            "ethernet2",
            &[
                ("index", "2"),
                ("flags", "3"),
                ("origin", "3"),
                ("ip-addr", "100.64.16.54"),
                ("prefix-len", "29"),
                ("subnet-mask", "255.255.255.248"),
                ("gateway", "100.64.16.49"),
                ("dhcp", "0.0.0.0"),
                ("primary-dns", "192.0.2.53"),
                ("vlan", "0"),
                ("mac", "52:54:00:00:00:01"),
            ],
        )
    }

    fn target0() -> Directory {
        let mut target = directory(
            "target0",
            &[
                ("index", "0"),
                ("flags", "3"),
                ("ip-addr", "100.97.0.10"),
                ("port", "3260"),
                ("lun", "02f000000"),
                ("nic-assoc", "2"),
                ("chap-type", "1"),
                ("target-name", "iqn.2013-01.com.example:storage.1"),
            ],
        );
        target.attributes.insert("chap-name".to_owned(), None);
        target.attributes.insert("chap-secret".to_owned(), None);
        target
    }

    #[test]
    fn reads_an_ibft_with_holes_in_its_numbers() {
        let directories = [
            target0(),
            directory(
                "ethernet10",
                &[("mac", "52:54:00:00:00:0A"), ("ip-addr", "2001:0db8:0000:0000:0000:0000:0000:0054")],
            ),
            nic2(),
            directory("initiator", &[("index", "0"), ("flags", "3"), ("initiator-name", "iqn.2020-10.com.example:i1")]),
            directory("acpi_header", &[("signature", "iBFT"), ("oem_id", "FENSYS"), ("oem_table_id", "iPXE")]),
        ];
        let ibft = parse(&directories, SOURCE);
        assert_eq!(ibft.faults, []);
        assert_eq!((ibft.oem_id.as_str(), ibft.oem_table_id.as_str(), ibft.length), ("FENSYS", "iPXE", 0));
        assert_eq!(ibft.initiator.unwrap().name.as_deref(), Some("iqn.2020-10.com.example:i1"));
        assert_eq!(ibft.nics.iter().map(|nic| nic.index).collect::<Vec<_>>(), [2, 10]);
        let nic = &ibft.nics[0];
        assert_eq!((nic.ip, nic.prefix_len), (Some("100.64.16.54".parse().unwrap()), 29));
        assert_eq!((nic.dhcp, nic.dns.len()), (None, 1));
        assert_eq!(ibft.nics[1].mac, "52:54:00:00:00:0a");
        assert!(ibft.nics[1].is_valid() && !ibft.nics[1].is_boot(), "its flags were not captured");
        assert_eq!(ibft.nics[1].ip, Some("2001:db8::54".parse().unwrap()));
        let target = &ibft.targets[0];
        assert_eq!((target.port, &target.lun, target.nic_assoc), (3260, &Lun::Number(47), 2));
        assert!(target.chap_name_present && target.chap_secret_present && !target.reverse_chap_secret_present);
    }

    #[test]
    fn takes_the_mask_where_there_is_no_prefix_length() {
        let mut nic = nic2();
        nic.attributes.remove("prefix-len");
        assert_eq!(parse(&[nic], SOURCE).nics[0].prefix_len, 29);
    }

    #[test]
    fn text_that_is_no_value_is_a_fault() {
        let ibft = parse(&[directory("ethernet0", &[("vlan", "no"), ("ip-addr", "10.0.0")])], SOURCE);
        let places: Vec<_> = ibft.faults.iter().map(|fault| fault.place.as_str()).collect();
        assert_eq!(places, ["/sys/firmware/ibft/ethernet0/ip-addr", "/sys/firmware/ibft/ethernet0/vlan"]);
    }

    #[test]
    fn decodes_luns_in_the_kernels_form() {
        for (text, number) in [
            ("00000000", 0),
            ("01000000", 1),
            ("0f000000", 15),
            ("010000000", 16),
            ("02f000000", 47),
            ("0ff000000", 255),
            ("401000000", 1),
            ("40ff000000", 255),
            ("002f000000000000", 47),
        ] {
            assert_eq!(lun(text), Lun::Number(number), "{text}");
        }
    }

    #[test]
    fn a_lun_that_can_be_read_in_two_ways_is_ambiguous() {
        // 40 11 0 … is flat LUN 17; 4 0 11 0 … has more than one level.
        assert_eq!(lun("4011000000"), Lun::Number(17));
        let Lun::Ambiguous { text, candidates } = lun("411100000") else { panic!() };
        assert_eq!(text, "411100000");
        let four = [0x0401_0110_0000_0000, 0x0401_1100_0000_0000, 0x0411_0100_0000_0000, 0x4101_0100_0000_0000];
        assert_eq!(candidates, four);
    }

    #[test]
    fn what_is_no_lun_is_invalid() {
        for text in ["", "0", "0000000", "0000000g", "00000000000000000", "0x000000", "é0000000"] {
            assert_eq!(lun(text), Lun::Invalid(text.to_owned()), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn reads_what_the_kernel_prints(number in 0_u8.., flat in any::<bool>()) {
            let bytes = [if flat { 0x40 } else { 0 }, number, 0, 0, 0, 0, 0, 0];
            let text: String = bytes.iter().map(|byte| format!("{byte:x}")).collect();
            match lun(&text) {
                Lun::Number(read) => prop_assert_eq!(read, u64::from(number)),
                Lun::Ambiguous { candidates, .. } => prop_assert!(candidates.contains(&u64::from(number))),
                Lun::Invalid(_) => prop_assert!(false, "{}", text),
            }
        }

        #[test]
        fn never_panics_on_a_lun(text in "[0-9a-fg]{0,20}") {
            lun(&text);
        }

        #[test]
        fn never_panics(
            name in "(ethernet|target|initiator|acpi_header)?[0-9]{0,4}",
            texts in proptest::collection::vec((proptest::sample::select(&READABLE[..]), "\\PC{0,20}"), 0..20),
        ) {
            let attributes = texts.into_iter().map(|(name, text)| (name.to_owned(), Some(text))).collect();
            parse(&[Directory { name, attributes }], SOURCE);
        }
    }
}
