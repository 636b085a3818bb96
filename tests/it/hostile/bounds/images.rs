//! Images that are small and unpack to much.

use super::super::INITRD;
use super::*;
use crate::support::image::{self, Record};
use crate::support::tree::Tree;

const FILE: u32 = 0o100_644;
const PROGRAM: u32 = 0o100_755;
const LINK: u32 = 0o120_777;

/// Judges the machine with another image; it is never sound then.
fn doctor_with(image: &[u8], what: &str) -> Answer {
    let root = machine();
    write(root.path(), INITRD, image);
    let answer = doctor(root.path(), what);
    assert!(answer.code >= 2, "{what}:\n{}", answer.out);
    assert!(answer.out.contains(INITRD), "{what}:\n{}", answer.out);
    answer
}

fn packed(records: &[Record<'_>]) -> Vec<u8> {
    image::compress(&image::records(records), "zstd")
}

#[test]
fn hard_links_that_all_come_with_data() {
    for (directory, data) in
        [("", &b"x"[..]), ("etc/systemd/", &[b'x'; 200]), ("scripts/", b"#!/bin/sh\niscsistart -b\n")]
    {
        let names: Vec<String> = (0..60_000).map(|number| format!("{directory}a{number}")).collect();
        let record = |name| Record { inode: 7, links: 60_000, ..Record::new(name, FILE, data) };
        let records: Vec<Record<'_>> = names.iter().map(|name| record(name)).collect();
        doctor_with(&packed(&records), "hard links");
    }
}

#[test]
fn programs_that_need_many_libraries() {
    let same = crate::support::elf::program(&vec!["needed=libx.so"; 1_000_000]);
    let answer = doctor_with(&packed(&[Record::new("bin/x", PROGRAM, &same)]), "a dynamic section of 16 MB");
    assert!(answer.out.contains("has a dynamic section of more than 64 KiB"), "{}", answer.out);

    let words: Vec<String> = (0..1000).map(|number| format!("needed=lib{number}.so")).collect();
    let all = crate::support::elf::program(&words.iter().map(String::as_str).collect::<Vec<_>>());
    let names = (0..2000).map(|number| format!("bin/x{number}"));
    let names: Vec<String> = names.chain((0..1000).map(|number| format!("lib/lib{number}.so"))).collect();
    let records: Vec<Record<'_>> = names.iter().map(|name| Record::new(name, PROGRAM, &all)).collect();
    let answer = doctor_with(&packed(&records), "programs that need a thousand libraries");
    assert!(answer.out.contains("has too many libraries to keep"), "{}", answer.out);
}

#[test]
fn names_beyond_counting() {
    let (wide, deep) = ("d".repeat(200), "a/".repeat(2000));
    for names in [
        (0..200_000).map(|number| format!("{wide}/{number}")).collect::<Vec<_>>(),
        (0..15_000).map(|number| format!("{deep}{number}")).collect(),
        (0..100_000).map(|number| number.to_string()).collect(),
    ] {
        let records: Vec<Record<'_>> = names.iter().map(|name| Record::new(name, FILE, b"")).collect();
        let answer = doctor_with(&packed(&records), &names[0]);
        assert!(answer.out.contains("in one run isctpl reads no more than"), "{}", answer.out);
    }
}

/// Zeros take next to nothing when they are packed, and the kernel leaves out any number of them.
#[test]
fn an_image_that_is_padded_with_zeros_is_read_whole() {
    let archive = image::archive(&Tree::load("images/initramfs-tools.tree"));
    for compression in ["zstd", "xz"] {
        let root = machine();
        let mut bytes = archive.clone();
        bytes.resize(100 << 20, 0);
        write(root.path(), INITRD, image::compress(&bytes, compression));
        let answer = doctor(root.path(), compression);
        assert_eq!(answer.code, 0, "{compression}: {}", answer.out);
    }
}

#[test]
fn scripts_of_many_names_and_orders_of_many_lines() {
    let order: String = (0..7000).map(|number| format!("/scripts/local-top/s{number} \"$@\"\n")).collect();
    let names: Vec<String> = (0..20_000).map(|number| format!("scripts/local-top/s{number}")).collect();
    let mut records = vec![Record::new("scripts/local-top/ORDER", FILE, order.as_bytes())];
    records.extend(names.iter().map(|name| Record::new(name, PROGRAM, b"#!/bin/sh\niscsistart -b\n")));
    doctor_with(&packed(&records), "an order of seven thousand lines");

    let script = format!("#!/bin/sh\n{}", "iscsistart -b\n".repeat(10_000));
    let record = |name, data| Record { inode: 7, links: 20_000, ..Record::new(name, PROGRAM, data) };
    let empty = |name: &String| if name.ends_with("/s0") { script.as_bytes() } else { &[] };
    let records: Vec<Record<'_>> = names.iter().map(|name| record(name, empty(name))).collect();
    let answer = doctor_with(&packed(&records), "a script of twenty thousand names");
    assert!(answer.out.contains("its scripts are too many to look into them all"), "{}", answer.out);
}

/// Functions within functions, and a use of option 121 in each.
#[test]
fn a_clients_script_of_many_functions() {
    let uses: String = (0..5000).map(|n| format!("f{n}() {{\nf \"$new_classless_static_routes\"\n")).collect();
    let script = format!("#!/bin/sh\nf() {{\n{uses}");
    let conf = b"option classless-static-routes code 121 = text;\nrequest classless-static-routes;\n";
    let program = crate::support::elf::program(&[]);
    let records = [
        Record::new("usr/sbin/ifup", PROGRAM, b"#!/bin/sh\ndhclient \"$@\" -q\n"),
        Record::new("usr/sbin/dhclient", PROGRAM, &program),
        Record::new("usr/sbin/dhclient-script", PROGRAM, script.as_bytes()),
        Record::new("etc/dhclient.conf", FILE, conf),
    ];
    doctor_with(&packed(&records), "a script of many functions");
}

#[test]
fn links_to_one_unit() {
    let unit = format!("[Unit]\nRequires=x.service\n[Service]\n{}", "ExecStart=/bin/x\n".repeat(10_000));
    let system = "usr/lib/systemd/system";
    let links: Vec<(String, &[u8])> = (0..4000)
        .flat_map(|number| {
            let wanted = format!("{system}/initrd.target.wants/l{number}.service");
            [(wanted, &b"../big.service"[..]), (format!("{system}/l{number}.service"), b"big.service")]
        })
        .collect();
    let mut records = vec![
        Record::new("usr/lib/systemd/systemd", PROGRAM, b"\x7fELF"),
        Record::new("usr/lib/systemd/system/initrd.target", FILE, b"[Unit]\n"),
        Record::new("usr/lib/systemd/system/big.service", FILE, unit.as_bytes()),
    ];
    records.extend(links.iter().map(|(name, target)| Record::new(name, LINK, target)));
    doctor_with(&packed(&records), "links to one unit");
}
