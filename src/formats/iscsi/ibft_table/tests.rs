#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::sample::{CANARY, INITIATOR, NIC, Sample, TARGET, put, seal};
use super::*;
use proptest::prelude::*;

const SOURCE: &str = "/sys/firmware/acpi/tables/iBFT";

fn faults(table: &[u8]) -> Vec<String> {
    parse(table, SOURCE).unwrap().faults.iter().map(ToString::to_string).collect()
}

#[test]
fn reads_a_table() {
    let ibft = parse(&Sample::default().build(), SOURCE).unwrap();
    assert_eq!(ibft.faults, []);
    assert_eq!((ibft.oem_id.as_str(), ibft.oem_table_id.as_str()), ("FENSYS", "iPXE"));
    let initiator = ibft.initiator.unwrap();
    assert_eq!((initiator.flags, initiator.name.as_deref()), (3, Some("iqn.2020-10.com.example:instance-1")));
    assert_eq!(
        ibft.nics,
        [IbftNic {
            index: 0,
            flags: 3,
            ip: Some("100.64.16.54".parse().unwrap()),
            prefix_len: 29,
            origin: 3,
            gateway: Some("100.64.16.49".parse().unwrap()),
            dns: Vec::new(),
            dhcp: Some("100.64.16.49".parse().unwrap()),
            vlan: 0,
            mac: "52:54:00:00:00:01".to_owned(),
            pci_bdf: Some(0x18),
            hostname: None,
        }]
    );
    assert_eq!(
        ibft.targets,
        [IbftTarget {
            index: 0,
            flags: 3,
            ip: Some("100.97.0.10".parse().unwrap()),
            port: 3260,
            lun: Lun::Number(47),
            name: Some("iqn.2013-01.com.example:storage.1".to_owned()),
            nic_assoc: 0,
            chap_type: 1,
            chap_name_present: true,
            chap_secret_present: true,
            reverse_chap_secret_present: false,
        }]
    );
}

#[test]
fn never_keeps_a_secret() {
    let mut table = Sample::default().build();
    assert!(table.windows(CANARY.len()).any(|window| window == CANARY.as_bytes()));
    assert!(!format!("{:?}", parse(&table, SOURCE)).contains(CANARY));
    put(&mut table, TARGET + 44, &[0xff, 0xff]);
    assert!(!format!("{:?}", parse(&table, SOURCE)).contains(CANARY));
}

#[test]
fn tells_a_table_without_chap() {
    let ibft = parse(&Sample { chap: false, ..Sample::default() }.build(), SOURCE).unwrap();
    let target = &ibft.targets[0];
    assert!(!target.chap_name_present && !target.chap_secret_present);
}

#[test]
fn reads_ipv6_addresses_and_a_vlan() {
    let sample = Sample { ip: "2001:db8::54".parse().unwrap(), vlan: 7, ..Sample::default() };
    let ibft = parse(&sample.build(), SOURCE).unwrap();
    assert_eq!(ibft.nics[0].ip, Some("2001:db8::54".parse().unwrap()));
    assert_eq!(ibft.nics[0].vlan, 7);
}

#[test]
fn what_has_another_signature_is_no_ibft() {
    for bytes in [&b""[..], b"iBF", b"APIC\0\0\0\0", b"\x7fELF"] {
        assert!(parse(bytes, SOURCE).is_err());
    }
    for signature in SIGNATURES {
        let mut table = Sample::default().build();
        put(&mut table, 0, signature.as_bytes());
        seal(&mut table);
        assert_eq!(faults(&table), [""; 0]);
    }
}

#[test]
fn tells_a_wrong_checksum_and_revision() {
    let mut table = Sample::default().build();
    table[9] ^= 1;
    let [fault] = &faults(&table)[..] else { panic!() };
    assert!(fault.starts_with("/sys/firmware/acpi/tables/iBFT+0x9: the checksum is wrong"), "{fault}");
    let mut table = Sample::default().build();
    table[8] = 2;
    seal(&mut table);
    assert!(faults(&table)[0].contains("revision 2"));
    assert_eq!(parse(&table, SOURCE).unwrap().targets.len(), 1);
}

#[test]
fn takes_a_control_structure_for_more_than_two_targets_and_none_for_less() {
    let mut table = Sample::default().build();
    put(&mut table, 0x32, &[22, 0]);
    seal(&mut table);
    assert_eq!(faults(&table), Vec::<String>::new());
    put(&mut table, 0x32, &[14, 0]);
    seal(&mut table);
    let faults = faults(&table);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].contains("14 bytes; Linux requires at least 18"), "{faults:?}");
}

#[test]
fn tells_structures_of_a_wrong_length_id_or_place() {
    for (at, bytes, expected) in [
        (NIC + 2, &[100, 0][..], "the NIC structure has 100 bytes"),
        (TARGET, &[9][..], "unknown id 9"),
        (0x3c, &[0xff, 0x7f][..], "a structure is outside the table"),
        (0x3e, &[0xa0, 0][..], "points at 0xa0 a second time"),
        (0x3e, &[0x80, 1][..], "unknown id"),
        (0x30, &[2][..], "expected the control structure"),
        (NIC + 22, &[99][..], "a prefix length of 99"),
        (INITIATOR + 72, &[0xff, 0xff][..], "the initiator's name is outside the table, at 0xffff"),
        (TARGET + 36, &[0xf0, 1][..], "the target's name is outside the table"),
        (TARGET + 44, &[0xf0, 1][..], "the CHAP secret is outside the table"),
    ] {
        let mut table = Sample::default().build();
        put(&mut table, at, bytes);
        seal(&mut table);
        let faults = faults(&table);
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].contains(expected), "{faults:?}");
    }
}

#[test]
fn bytes_after_the_table_do_not_count() {
    let mut table = Sample::default().build();
    table.extend_from_slice(&[1, 2, 3]);
    assert_eq!(faults(&table), [""; 0]);
}

#[test]
fn names_are_made_fit_for_a_terminal() {
    let ibft = parse(&Sample { target: "iqn\x1b[2J", ..Sample::default() }.build(), SOURCE).unwrap();
    assert_eq!(ibft.targets[0].name.as_deref(), Some("iqn\u{fffd}[2J"));
}

#[test]
fn decodes_luns() {
    for (bytes, number) in [
        ([0, 0, 0, 0, 0, 0, 0, 0], 0),
        ([0, 47, 0, 0, 0, 0, 0, 0], 47),
        ([0, 255, 0, 0, 0, 0, 0, 0], 255),
        ([0x40, 1, 0, 0, 0, 0, 0, 0], 1),
        ([0x41, 0, 0, 0, 0, 0, 0, 0], 256),
        ([0x7f, 0xff, 0, 0, 0, 0, 0, 0], 16383),
        ([0xc0, 1, 0, 0, 0, 0, 0, 0], 0xc001_0000_0000_0000),
        ([0, 1, 0, 2, 0, 0, 0, 0], 0x0001_0002_0000_0000),
        ([1, 5, 0, 0, 0, 0, 0, 0], 0x0105_0000_0000_0000),
    ] {
        assert_eq!(lun_number(bytes), number, "{bytes:x?}");
    }
}

#[test]
fn a_cut_at_every_offset_is_told() {
    let table = Sample::default().build();
    for cut in 4..table.len() {
        assert!(!faults(&table[..cut]).is_empty(), "{cut}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
        let _ = parse(&bytes, SOURCE);
        let _ = parse(&[&b"iBFT"[..], &bytes].concat(), SOURCE);
    }

    #[test]
    fn never_panics_on_a_damaged_table(changes in proptest::collection::vec((0_usize..0x1c0, any::<u8>()), 1..20)) {
        let mut table = Sample::default().build();
        for (at, byte) in changes {
            if let Some(place) = table.get_mut(at) {
                *place = byte;
            }
        }
        let ibft = parse(&[&b"iBFT"[..], &table[4..]].concat(), SOURCE).unwrap();
        prop_assert!(ibft.targets.len() <= MOST_STRUCTURES);
    }
}
