//! Tables that sfdisk writes, and damage.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use std::fs::{self, File};
use std::io::Write;
use std::process::{Command, Stdio};

const MIB: u64 = 1 << 20;

/// A disk of 64 MiB with the table that sfdisk makes of a script.
fn disk(script: &str) -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("disk");
    File::create(&path).unwrap().set_len(64 * MIB).unwrap();
    let mut child = Command::new("sfdisk")
        .arg("-q")
        .arg(&path)
        .stdin(Stdio::piped())
        .spawn()
        .expect("needs sfdisk (package fdisk)");
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    fs::read(path).unwrap()
}

fn found(disk: &Vec<u8>) -> Vec<(u32, u64, u64, String)> {
    let partitions = partitions(disk).unwrap().unwrap();
    partitions.into_iter().map(|one| (one.number, one.start / 512, one.size / 512, one.uuid)).collect()
}

const GPT: &str = "label: gpt\nlabel-id: 11111111-2222-3333-4444-555555555555\n\
    2: start=2048, size=4096, name=boot, uuid=0fc63daf-8483-4772-8e79-3d69d8477de4\n\
    5: start=8192, size=2048, uuid=AAC63DAF-8483-4772-8E79-3D69D8477DE4\n";

#[test]
fn a_guid_table_is_read() {
    let disk = disk(GPT);
    let expected = [
        (2, 2048, 4096, "0fc63daf-8483-4772-8e79-3d69d8477de4".to_owned()),
        (5, 8192, 2048, "aac63daf-8483-4772-8e79-3d69d8477de4".to_owned()),
    ];
    assert_eq!(found(&disk), expected);
    let labels: Vec<_> = partitions(&disk).unwrap().unwrap().into_iter().map(|one| one.label).collect();
    assert_eq!(labels, [Some("boot".to_owned()), None]);
}

#[test]
fn a_guid_table_is_held_to_the_kernels_rules() {
    let good = disk(GPT);
    let told = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut disk = good.clone();
        change(&mut disk);
        partitions(&disk).map(|found| found.map(|found| found.len())).map_err(|error| error.to_string())
    };
    let damaged = |what: &str| Err(format!("the GUID partition table is damaged: {what}"));
    assert_eq!(told(&|disk| disk[512 + 56] ^= 1), damaged("the checksum of its header is wrong"));
    assert_eq!(told(&|disk| disk[1024 + 400] ^= 1), damaged("the checksum of its entries is wrong"));
    assert_eq!(
        told(&|disk| disk.truncate(32 << 20)),
        damaged("partitions may lie in blocks 2048 to 131038, but the disk ends with block 65535")
    );
    assert_eq!(
        told(&|disk| disk[512..520].fill(0)),
        damaged("its header is not there, although the disk's first block says that it has one")
    );
    // A larger LUN than the image was made for: the copy is not at the end any more, and the kernel only warns.
    assert_eq!(told(&|disk| disk.resize(128 << 20, 0)), Ok(Some(2)));
    // Without its protective table the kernel does not look for it.
    assert_eq!(told(&|disk| disk[..512].fill(0)), Ok(None));
}

#[test]
fn a_dos_table_is_read_with_what_is_in_its_extended_partition() {
    let disk = disk(
        "label: dos\nlabel-id: 0x1234abcd\n1: start=2048, size=2048, type=83\n3: start=8192, size=65536, type=5\n\
         5: start=10240, size=2048\n6: start=14336, size=4096\n",
    );
    let expected = [
        (1, 2048, 2048, "1234abcd-01".to_owned()),
        (3, 8192, 2, "1234abcd-03".to_owned()),
        (5, 10240, 2048, "1234abcd-05".to_owned()),
        (6, 14336, 4096, "1234abcd-06".to_owned()),
    ];
    assert_eq!(found(&disk), expected);
}

#[test]
fn a_chain_of_tables_that_goes_round_has_an_end() {
    let mut disk =
        disk("label: dos\n1: start=2048, size=65536, type=5\n5: start=4096, size=2048\n6: start=8192, size=2048\n");
    // The second table names the first one as the next.
    let link = 2048 * 512 + 446 + 16;
    disk[link + 8..link + 12].fill(0);
    let error = partitions(&disk).unwrap_err();
    assert_eq!(error.to_string(), "the extended partition is damaged: it has more than 100 tables");
}

#[test]
fn a_disk_without_a_table_has_none() {
    for disk in [Vec::new(), vec![0; 100], vec![0; 1 << 20]] {
        assert_eq!(partitions(&disk).unwrap(), None);
    }
}

#[test]
fn no_damage_makes_it_panic() {
    let mut random = 1u64;
    for good in [disk(GPT), disk("label: dos\n1: start=2048, size=65536, type=5\n5: start=4096, size=2048\n")] {
        for _ in 0..2000 {
            let mut disk = good[..4 << 20].to_vec();
            for _ in 0..4 {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let at = usize::try_from(random >> 33).unwrap() % 1536;
                disk[at] = u8::try_from(random >> 56).unwrap();
            }
            let _ = partitions(&disk);
        }
    }
}
