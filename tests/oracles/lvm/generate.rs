//! Files of LVM, as people write them, and broken ones.

use super::FILE;
use crate::oracles::random::Random;

/// What stands around a pattern.
const DELIMITERS: [(&str, &str); 5] = [("|", "|"), ("/", "/"), ("!", "!"), ("(", ")"), ("{", "}")];
const PATTERNS: [&str; 20] = [
    ".*",
    "^/dev/sd",
    "^/dev/sda$",
    "^/dev/sd[a-c][0-9]*$",
    "sd[^a]",
    "vd",
    "^/dev/(sd|vd)a[12]?$",
    "nvme.n1",
    "^/dev/nvme0n1p?[0-9]*",
    "loop",
    "^/dev/mapper/",
    "(sd)+a",
    "a1|b2",
    "^/dev/(sda|vda$)",
    "da.$",
    "/dev/sd.2",
    "^.dev.sd.$",
    "(/dev/sd)?a1",
    "^/dev/x*sd",
    "^$",
];
const ODD_PATTERNS: [&str; 12] =
    ["", "/dev/disk/by-id/.*", "[", "(", "*a", "a**", "[]a]", "a|", "[a-]", "$x", "x^", "(a|)1"];
const LISTS: [&str; 4] = ["vg0", "vg0/root", "@san", "vg1"];
const ODD_LINES: [&str; 16] = [
    "devices {",
    "}",
    "junk",
    "junk = ",
    "junk = 1 2",
    "junk = [ 1, 2",
    "junk = word",
    "junk = \"open",
    "junk = 0x10",
    "junk = 1.5",
    "junk { deeper { still = 1 } }",
    "devices/dir = \"/dev\"",
    "filter",
    "= 1",
    "# filter = [ \"r|.*|\" ]",
    "junk = @\"word\"",
];

/// Lines of a case; those behind a mark are in a file of their own.
pub(super) fn lines(random: &mut Random) -> Vec<String> {
    let sound = !random.once_in(3);
    let mut lines = Vec::new();
    file(random, sound, &mut lines);
    if random.once_in(4) {
        lines.push(format!("{FILE}lvmlocal.conf"));
        file(random, sound, &mut lines);
    }
    lines
}

fn file(random: &mut Random, sound: bool, lines: &mut Vec<String>) {
    for _ in 0..=random.below(3) {
        let (section, setting) = setting(random, sound);
        match random.below(4) {
            0 => lines.push(format!("{section}/{setting}")),
            1 => lines.push(format!("{section} {{ {setting} }}")),
            2 => lines.push(format!("{section} {{ # {setting}\n\t{setting}\n}}")),
            _ => lines.push(format!("{section} {{\n    verbose = 0\n    {setting}\n}}")),
        }
        if !sound && random.once_in(6) {
            lines.push(random.of(&ODD_LINES).to_owned());
        }
    }
}

fn setting(random: &mut Random, sound: bool) -> (&'static str, String) {
    match random.below(8) {
        0..=2 => ("devices", format!("filter = {}", filter(random, sound))),
        3 | 4 => ("devices", format!("global_filter = {}", filter(random, sound))),
        5 => (
            "devices",
            format!("use_devicesfile = {}", random.of(&["0", "1", "0", "1", "2"][..if sound { 4 } else { 5 }])),
        ),
        6 => ("activation", format!("volume_list = {}", list(random))),
        _ => ("activation", format!("auto_activation_volume_list={}", list(random))),
    }
}

fn filter(random: &mut Random, sound: bool) -> String {
    let mut patterns: Vec<String> = (0..=random.below(3)).map(|_| pattern(random, sound)).collect();
    if random.once_in(2) {
        patterns.push("\"r|.*|\"".to_owned());
    }
    match patterns.as_slice() {
        [one] if random.once_in(2) => one.clone(),
        _ => bracketed(random, sound, &patterns),
    }
}

fn pattern(random: &mut Random, sound: bool) -> String {
    let odd = !sound && random.once_in(4);
    let (open, close) = DELIMITERS[random.below(DELIMITERS.len())];
    let pattern = if odd { random.of(&ODD_PATTERNS) } else { random.of(&PATTERNS) };
    // A delimiter in the pattern ends it.
    let (open, close) = if !odd && pattern.contains([open, close].concat().as_str().chars().next().unwrap()) {
        ("!", "!")
    } else {
        (open, close)
    };
    let kind = if !sound && random.once_in(20) { random.of(&["x", "A", ""]) } else { random.of(&["a", "r"]) };
    let quote = if random.once_in(6) { '\'' } else { '"' };
    format!("{quote}{kind}{open}{pattern}{close}{quote}")
}

fn list(random: &mut Random) -> String {
    if random.once_in(12) {
        return random.of(&["[]", "[ vg0 ]", "[vg0]", "vg0", "[ vg0, vg1 ]", "[ \"vg0\" \"vg1\" ]"]).to_owned();
    }
    let names: Vec<String> = (0..=random.below(2)).map(|_| format!("\"{}\"", random.of(&LISTS))).collect();
    match names.as_slice() {
        [one] if random.once_in(3) => one.clone(),
        _ => bracketed(random, true, &names),
    }
}

fn bracketed(random: &mut Random, sound: bool, items: &[String]) -> String {
    let between =
        if sound { random.of(&[", ", ",", " ,\n\t\t", ", # one\n\t\t"]) } else { random.of(&[", ", " ", ",,"]) };
    let end = random.of(&[" ]", "]", "\n\t]", ", ]"][..if sound { 3 } else { 4 }]);
    format!("[ {}{end}", items.join(between))
}
