//! The tables that the lab's machines have before iPXE's own: each is the one that iPXE makes for the
//! lab, with one fault; and that one itself, for a rescue system that iPXE did not start.
//! `ISCTPL_UPDATE=1 cargo test --lib ibft_table::lab` writes them anew.
#![allow(clippy::unwrap_used)]

use super::parse;
use super::sample::{NIC, Sample, TARGET, put, seal};
use std::path::Path;

/// What iPXE hands over in the lab: its target, its names, and the CHAP account of the lab's recipe.
fn lab() -> Sample {
    Sample {
        initiator: "iqn.2020-10.com.bigstep.storage:instance-59725",
        target: "iqn.2013-01.com.bigstep:storage.pb429od.q6xjxws.6vykjr4",
        account: ("GMBYHg5keXknd", "WpccjYD9NgYhR"),
        ..Sample::default()
    }
}

/// The MAC address of a NIC that the machine does not have.
fn nic_absent() -> Vec<u8> {
    let mut table = lab().build();
    put(&mut table, NIC + 95, &[0x99]);
    seal(&mut table);
    table
}

/// A target without a name.
fn target_unnamed() -> Vec<u8> {
    let mut table = lab().build();
    put(&mut table, TARGET + 34, &[0; 4]);
    seal(&mut table);
    table
}

/// A NIC's structure that is two bytes short.
fn nic_short() -> Vec<u8> {
    let mut table = lab().build();
    put(&mut table, NIC + 2, &100_u16.to_le_bytes());
    seal(&mut table);
    table
}

/// Three paths: iPXE then makes the control structure longer than 18 bytes, with an offset more for each
/// NIC and target, and every structure once a path.
fn three_targets() -> Vec<u8> {
    let mut table = lab().build();
    put(&mut table, 0x32, &26_u16.to_le_bytes());
    for index in 1..3_u8 {
        for (structure, length, place) in [(NIC, 102, 0x3a), (TARGET, 54, 0x3c)] {
            table.resize(table.len().next_multiple_of(16), 0);
            let copy = table.len();
            table.extend_from_within(structure..structure + length);
            put(&mut table, copy + 4, &[index]);
            if structure == TARGET {
                put(&mut table, copy + 33, &[index]);
            }
            put(&mut table, place + 4 * usize::from(index), &u16::try_from(copy).unwrap().to_le_bytes());
        }
    }
    seal(&mut table);
    table
}

/// A static address, a target beyond its subnet, and no gateway.
fn gateway_missing() -> Vec<u8> {
    let mut table = lab().build();
    put(&mut table, NIC + 23, &[1]);
    for address in [24, 72] {
        put(&mut table, NIC + address, &[0; 16]);
    }
    seal(&mut table);
    table
}

#[test]
fn the_labs_tables_are_these() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab");
    for (name, table) in [
        ("scenarios/ibft-nic-absent", nic_absent()),
        ("scenarios/ibft-nic-short", nic_short()),
        ("scenarios/ibft-target-unnamed", target_unnamed()),
        ("scenarios/ibft-three-targets", three_targets()),
        ("scenarios/ibft-gateway-missing", gateway_missing()),
        ("rescue", lab().build()),
    ] {
        let path = folder.join(name).join("ibft.table");
        if std::env::var_os("ISCTPL_UPDATE").is_some() {
            std::fs::write(&path, &table).unwrap();
        }
        assert_eq!(std::fs::read(&path).unwrap(), table, "{}", path.display());
        assert_eq!(parse(&table, name).unwrap().faults.is_empty(), name != "scenarios/ibft-nic-short", "{name}");
    }
}
