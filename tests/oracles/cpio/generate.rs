//! Generated archives: ordinary ones, with what the kernel skips, refuses, or cannot make.

use super::super::random::Random;

/// What most cases begin with.
const GROUND: [&str; 8] = [
    "entry 40755 .",
    "entry 40755 a",
    "entry 40755 b links=2",
    "entry 40755 a/b",
    "entry 120777 l to=a",
    "entry 120777 m to=/b/../a",
    "entry 120777 n to=nowhere",
    "entry 120777 o to=o",
];

/// Names; those of FIFOs and disks are no links' names, since the kernel would wait where it opens one.
const NAMES: [&str; 48] = [
    "a",
    "a",
    "b",
    "b",
    "a/b",
    "a/c",
    "b/x",
    "b/y",
    "a/b/c",
    "a/b/c/d",
    "f",
    "g",
    "h",
    "a/h",
    "b/h",
    "l/x",
    "l/h",
    "l/b/c",
    "m/x",
    "n/x",
    "o/x",
    "l",
    "m",
    "n",
    "./a",
    "/b/x",
    "//a//c",
    "a/",
    "l/",
    "n/",
    "x/",
    "f/",
    "./a/../b/x",
    "a/./c",
    "../b/x",
    "nowhere",
    "nowhere/x",
    "f/x",
    ".",
    "..",
    "/",
    "a/.",
    "a/..",
    "root/x",
    "root",
    "dev/x",
    "dev",
    "dev/console",
];
const ODD_NAMES: [&str; 14] = [
    "",
    "{255}",
    "{256}",
    "a/{255}",
    "a/{256}/x",
    "{300}/../b",
    "a%00b",
    "caf%C3%A9",
    "caf%E9",
    "a%0Ab",
    "{200}/{200}",
    "TRAILER!!",
    "TRAILER!!!%00",
    "./TRAILER!!!",
];
const LINKED: [&str; 7] = ["h", "a/h", "b/h", "h", "g", "l/h", "b/y"];
const TARGETS: [&str; 14] =
    ["a", "b", "/a", "a/b", "../a", "/", ".", "..", "nowhere", "l", "", "a%00b", "{4095}", "caf%E9"];
const SPECIAL: [&str; 8] = ["20600", "20600", "60600", "10600", "140600", "0", "644", "150600"];

/// Lines of a case.
pub(super) fn lines(random: &mut Random) -> Vec<String> {
    let mut lines = Vec::new();
    if random.once_in(5) {
        lines.push(format!("pack {}", random.of(&["gzip", "gzip", "zstd", "xz"])));
    }
    if !random.once_in(8) {
        let ground = GROUND.iter().filter(|_| !random.once_in(4)).map(|line| (*line).to_owned());
        lines.extend(ground.collect::<Vec<_>>());
    }
    let is_crc = random.once_in(5);
    for _ in 0..=random.below(9) {
        match random.below(24) {
            0 | 1 => between(random, &mut lines),
            2 => lines.push(format!("zeros {}", random.of(&["4", "4", "8", "512", "1", "2", "3"]))),
            3 => segment(random, &mut lines),
            4..=7 => links(random, is_crc, &mut lines),
            _ => lines.push(entry(random, is_crc)),
        }
    }
    if !random.once_in(3) {
        lines.push("trailer".to_owned());
    }
    if random.once_in(25) {
        lines.push(format!("cut {}", 1 + random.below(8)));
    }
    lines
}

fn between(random: &mut Random, lines: &mut Vec<String>) {
    let trailers = ["trailer", "trailer", "trailer", "trailer data=9", "trailer links=2", "trailer size=3 unpadded"];
    lines.push(random.of(&trailers).to_owned());
    if random.once_in(2) {
        lines.push(format!("zeros {}", random.of(&["4", "512", "8", "2"])));
    }
}

fn segment(random: &mut Random, lines: &mut Vec<String>) {
    lines.push(match random.below(6) {
        0 | 1 => format!("pack {}", random.of(&["gzip", "zstd", "xz", "bzip2"])),
        2 | 3 => "end".to_owned(),
        4 => "trailer".to_owned(),
        _ => format!("bytes {}", random.of(&["0", "x", "070701", "%00%00x", "MZ%90%00", "%00%00%000", "0000"])),
    });
}

/// Names of one file.
fn links(random: &mut Random, is_crc: bool, lines: &mut Vec<String>) {
    let mode = random.of(&["100644", "100755", "100644", "20600"]);
    let ino = 1 + random.below(2);
    let links = 2 + random.below(2);
    for _ in 0..=random.below(3) {
        let name = random.of(&LINKED);
        let mode = if random.once_in(8) { "100755" } else { mode };
        let data = if mode == "20600" || random.once_in(2) { 0 } else { 1 + random.below(60) };
        let dev = usize::from(random.once_in(10));
        let sum = if is_crc { " crc" } else { "" };
        lines.push(format!("entry {mode} {name} ino={ino} links={links} dev={dev} data={data}{sum}"));
        if random.once_in(5) {
            lines.push(entry(random, is_crc));
        }
    }
}

fn entry(random: &mut Random, is_crc: bool) -> String {
    let name = if random.once_in(12) { random.of(&ODD_NAMES) } else { random.of(&NAMES) };
    let mut words = vec!["entry".to_owned()];
    match random.below(10) {
        0..=4 => {
            words.extend([random.of(&["100644", "100755", "100600"]).to_owned(), name.to_owned()]);
            words.push(format!("data={}", random.below(70)));
        }
        5 | 6 => words.extend([random.of(&["40755", "40700"]).to_owned(), name.to_owned()]),
        7 | 8 => {
            words.extend(["120777".to_owned(), name.to_owned()]);
            words.push(format!("to={}", random.of(&TARGETS)));
        }
        _ => {
            let mode = random.of(&SPECIAL);
            let waits = matches!(mode, "10600" | "60600");
            let name = if waits { random.of(&["fifo", "a/fifo", "b/fifo"]) } else { name };
            words.extend([mode.to_owned(), name.to_owned()]);
        }
    }
    if is_crc {
        words.push("crc".to_owned());
    }
    if random.once_in(14) {
        words.extend(odd(random).split(' ').map(str::to_owned));
    }
    words.join(" ")
}

/// What is wrong with an entry.
fn odd(random: &mut Random) -> &'static str {
    random.of(&[
        "name=0",
        "name=4097",
        "name=1",
        "name=4294967295",
        "size=4294967295",
        "size=2147483648",
        "size=5000",
        "size=4",
        "size=0",
        "data=5",
        "data=4097",
        "to={4097}",
        "magic=070703",
        "magic=070707",
        "magic=07070a",
        "magic=x70701",
        "magic=070702",
        "crc sum=7",
        "crc sum=0",
        "field=1:0000zzzz",
        "field=6:0x000004",
        "field=6:-0000001",
        "unended",
        "unpadded",
        "unpadded",
        "links=2 ino=1",
    ])
}
