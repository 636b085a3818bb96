//! Images that are small and hold much of what is looked into: for the tests of the bounds, and for
//! `cargo bench --bench costs -- --hostile`, which measures each.

use super::inputs::{FAILS, INITRD, Input, input, write};
use crate::support::elf;
use crate::support::image::{self, Record};
use crate::support::tree::Tree;

const FILE: u32 = 0o100_644;
const PROGRAM: u32 = 0o100_755;
const LINK: u32 = 0o120_777;

/// What is told of an image that is read whole, and has nothing of what a machine boots with.
const WHOLE: &str = "lacks dm_mod, iscsi_tcp";

const SCRIPTS: &str = "its scripts are too many to look into them all";

/// An image of the records that a function makes, of which the report has to say something.
fn holding(what: &str, told: &'static str, records: impl Fn(&mut dyn FnMut(&[Record<'_>])) + 'static) -> Input {
    let of_image = input(format!("{INITRD}: {what}"), told, move |root| {
        records(&mut |records| write(root, INITRD, image::compress(image::records(records).as_slice(), "zstd")));
    });
    of_image.at(format!("/{INITRD}"))
}

/// All of them.
pub(crate) fn images() -> Vec<Input> {
    let mut inputs = padded();
    inputs.extend(names());
    inputs.extend(hard_links());
    inputs.extend([dynamic_section(), libraries(), script(), links_to_one_unit()]);
    inputs.extend([order(), functions()].map(|input| input.ends(FAILS)));
    inputs
}

/// Zeros take next to nothing when they are packed, and the kernel leaves out any number of them.
fn padded() -> Vec<Input> {
    let padded = |compression: &'static str| {
        let name = format!("{INITRD}: a hundred MiB of zeros behind it, packed by {compression}");
        let of_image = input(name, "BOOTS: ", move |root| {
            let mut bytes = image::archive(&Tree::load("images/initramfs-tools.tree"));
            bytes.resize(100 << 20, 0);
            write(root, INITRD, image::compress(bytes.as_slice(), compression));
        });
        of_image.ends(0..=0)
    };
    ["gzip", "xz", "lzma", "bzip2", "zstd", "lz4-legacy"].map(padded).into()
}

/// Names beyond counting: long ones, deep ones, and many.
fn names() -> [Input; 3] {
    let named = |what: &str, count: usize, name: fn(usize) -> String| {
        holding(what, "in one run isctpl reads no more than", move |pack| {
            let names: Vec<String> = (0..count).map(name).collect();
            pack(&names.iter().map(|name| Record::new(name, FILE, b"")).collect::<Vec<_>>());
        })
    };
    [
        named("two hundred thousand long names", 200_000, |number| format!("{}/{number}", "d".repeat(200))),
        named("fifteen thousand deep names", 15_000, |number| format!("{}{number}", "a/".repeat(2000))),
        named("a hundred thousand names", 100_000, |number| number.to_string()),
    ]
}

/// Hard links that all come with data.
fn hard_links() -> [Input; 3] {
    let linked = |directory: &'static str, data: &'static [u8], told| {
        holding(&format!("sixty thousand hard links in /{directory}"), told, move |pack| {
            let names: Vec<String> = (0..60_000).map(|number| format!("{directory}a{number}")).collect();
            let record = |name| Record { inode: 7, links: 60_000, ..Record::new(name, FILE, data) };
            pack(&names.iter().map(|name| record(name)).collect::<Vec<_>>());
        })
    };
    [
        linked("", b"x", WHOLE).ends(FAILS),
        linked("etc/systemd/", &[b'x'; 200], WHOLE).ends(FAILS),
        linked("scripts/", b"#!/bin/sh\niscsistart -b\n", SCRIPTS),
    ]
}

fn dynamic_section() -> Input {
    holding("a dynamic section of 16 MB", "has a dynamic section of more than 64 KiB", |pack| {
        pack(&[Record::new("bin/x", PROGRAM, &elf::program(&vec!["needed=libx.so"; 1_000_000]))]);
    })
}

/// Programs that need a thousand libraries each, which need each other.
fn libraries() -> Input {
    holding("two thousand programs of a thousand libraries", "has too many libraries to keep", |pack| {
        let words: Vec<String> = (0..1000).map(|number| format!("needed=lib{number}.so")).collect();
        let all = elf::program(&words.iter().map(String::as_str).collect::<Vec<_>>());
        let names = (0..2000).map(|number| format!("bin/x{number}"));
        let names: Vec<String> = names.chain((0..1000).map(|number| format!("lib/lib{number}.so"))).collect();
        pack(&names.iter().map(|name| Record::new(name, PROGRAM, &all)).collect::<Vec<_>>());
    })
}

/// Names of the scripts of which an image's order can tell.
fn scripts() -> Vec<String> {
    (0..20_000).map(|number| format!("scripts/local-top/s{number}")).collect()
}

fn order() -> Input {
    holding("an order of seven thousand lines", WHOLE, |pack| {
        let order: String = (0..7000).map(|number| format!("/scripts/local-top/s{number} \"$@\"\n")).collect();
        let names = scripts();
        let mut records = vec![Record::new("scripts/local-top/ORDER", FILE, order.as_bytes())];
        records.extend(names.iter().map(|name| Record::new(name, PROGRAM, b"#!/bin/sh\niscsistart -b\n")));
        pack(&records);
    })
}

fn script() -> Input {
    holding("a script of twenty thousand names", SCRIPTS, |pack| {
        let script = format!("#!/bin/sh\n{}", "iscsistart -b\n".repeat(10_000));
        let names = scripts();
        let record = |name, data| Record { inode: 7, links: 20_000, ..Record::new(name, PROGRAM, data) };
        let data = |name: &String| if name.ends_with("/s0") { script.as_bytes() } else { &[] };
        pack(&names.iter().map(|name| record(name, data(name))).collect::<Vec<_>>());
    })
}

/// Functions within functions of a client's script, and a use of option 121 in each.
fn functions() -> Input {
    holding("a client's script of five thousand functions", WHOLE, |pack| {
        let uses: String = (0..5000).map(|n| format!("f{n}() {{\nf \"$new_classless_static_routes\"\n")).collect();
        let script = format!("#!/bin/sh\nf() {{\n{uses}");
        let conf = b"option classless-static-routes code 121 = text;\nrequest classless-static-routes;\n";
        pack(&[
            Record::new("usr/sbin/ifup", PROGRAM, b"#!/bin/sh\ndhclient \"$@\" -q\n"),
            Record::new("usr/sbin/dhclient", PROGRAM, &elf::program(&[])),
            Record::new("usr/sbin/dhclient-script", PROGRAM, script.as_bytes()),
            Record::new("etc/dhclient.conf", FILE, conf),
        ]);
    })
}

fn links_to_one_unit() -> Input {
    holding(
        "eight thousand links to one unit",
        "big.service:5001: a file and its drop-ins have more than 5000 lines",
        |pack| {
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
            pack(&records);
        },
    )
}
