//! Rules of udev, as people and installers write them, and broken ones.

use crate::oracles::files::FILE;
use crate::oracles::random::Random;

const NAMES: [&str; 6] = ["eth0", "eth7", "lan0", "iscsi.1", "san_0", "san"];
const CONDITIONS: [&str; 30] = [
    "SUBSYSTEM==\"net\"",
    "SUBSYSTEM==\"net\"",
    "ACTION==\"add\"",
    "ACTION==\"add|change\"",
    "ACTION!=\"remove\"",
    "ATTR{address}==\"52:54:00:00:00:01\"",
    "ATTR{address}==\"52:54:00:00:00:01\"",
    "ATTR{address}==\"52:54:00:00:00:02|52:54:00:00:00:01\"",
    "ATTR{address}==\"52:54:00:00:00:02\"",
    "ATTR{address}!=\"\"",
    "ATTR{type}==\"1\"",
    "ATTR{type}!=\"32\"",
    "ATTR{dev_id}==\"0x0\"",
    "ATTR{dev_port}==\"0\"",
    "KERNEL==\"san\"",
    "KERNEL==\"s*\"",
    "KERNEL==\"eth*|san\"",
    "KERNEL==\"eth*\"",
    "KERNEL!=\"eth*\"",
    "KERNEL!=\"lo\"",
    "KERNEL==\"[rs]an\"",
    "KERNEL==\"?an|x\"",
    "DRIVERS==\"?*\"",
    "DRIVERS==\"virtio_net\"",
    "NAME==\"\"",
    "NAME!=\"?*\"",
    "ENV{INTERFACE}==\"san\"",
    "ENV{DEVTYPE}==\"\"",
    "SUBSYSTEMS==\"net\"",
    "ATTRS{address}==\"52:54:00:00:00:01\"",
];
const ODD_CONDITIONS: [&str; 42] = [
    "SUBSYSTEM==\"block\"",
    "SUBSYSTEM!=\"net\"",
    "SUBSYSTEM==\"class\"",
    "SUBSYSTEM==\"NET\"",
    "SUBSYSTEM=\"net\"",
    "subsystem==\"net\"",
    "ACTION==\"remove\"",
    "ACTION==\"\"",
    "ACTION{x}==\"add\"",
    "ATTR{address}==\"52:54:00:00:00:0A\"",
    "ATTR{address}==\"52-54-00-00-00-01\"",
    "ATTR{address}==\"52:54:00:00:00:01 \"",
    "ATTR{address}==\"52:54:*\"",
    "ATTR{address}==\"|52:54:00:00:00:01\"",
    "ATTR{address}!=\"52:54:00:00:00:01\"",
    "ATTR{address}=\"52:54:00:00:00:01\"",
    "ATTR{}==\"1\"",
    "ATTR==\"1\"",
    "ATTR{type}==\"32\"",
    "ATTR{type}==e\"\\x31\"",
    "KERNEL==e\"sa\\x6e\"",
    "KERNEL==\"s\\an\"",
    "KERNEL==\"\"",
    "KERNEL==\"?*\"",
    "KERNEL==\"san\\\"\"",
    "KERNEL==san",
    "KERNEL==\"san",
    "DRIVER==\"\"",
    "DRIVER==\"veth\"",
    "DRIVERS==\"\"",
    "DRIVERS!=\"veth\"",
    "NAME==\"eth7\"",
    "ENV{ID_BUS}==\"pci\"",
    "ENV{DEVTYPE}==\"wlan\"",
    "TEST==\"address\"",
    "TAG==\"x\"",
    "OPTIONS==\"x\"",
    "PROGRAM==\"/bin/false\"",
    "IMPORT{nothing}==\"x\"",
    "WHAT==\"x\"",
    "KERNELS==\"san\"",
    "SUBSYSTEMS==\"pci\"",
];
const EXTRAS: [&str; 8] = [
    "ENV{NM_UNMANAGED}=\"1\"",
    "RUN+=\"/bin/true\"",
    "TAG+=\"systemd\"",
    "OPTIONS+=\"link_priority=1\"",
    "OPTIONS=\"nothing\"",
    "MODE=\"0660\"",
    "SYMLINK+=\"x\"",
    "ENV{DEVTYPE}=\"x\"",
];

/// Lines of a case; those behind a mark are in a file of their own.
pub(super) fn lines(random: &mut Random) -> Vec<String> {
    let sound = !random.once_in(3);
    let mut lines = Vec::new();
    rules(random, sound, &mut lines);
    if random.once_in(4) {
        lines
            .push(format!("{FILE}etc/udev/rules.d/{}", random.of(&["60-b.rules", "80-b.rules", "90-b", "70-B.rules"])));
        rules(random, sound, &mut lines);
    }
    lines
}

fn rules(random: &mut Random, sound: bool, lines: &mut Vec<String>) {
    let jumps = random.once_in(4);
    for _ in 0..=random.below(4) {
        if jumps && random.once_in(2) {
            lines.push(
                random
                    .of(&[
                        "SUBSYSTEM!=\"net\", GOTO=\"end\"",
                        "ACTION!=\"add\", GOTO=\"end\"",
                        "ACTION==\"add\", GOTO=\"end\"",
                        "KERNEL==\"lo\", GOTO=\"end\"",
                        "KERNEL==\"san\", GOTO=\"end\"",
                        "GOTO=\"nowhere\"",
                        "GOTO=\"end\"",
                        "GOTO+=\"end\"",
                        "LABEL=\"end\"",
                        "LABEL=\"nowhere\", NAME=\"lan0\"",
                    ])
                    .to_owned(),
            );
        } else {
            rule(random, sound, lines);
        }
    }
    if jumps && !random.once_in(4) {
        lines.push("LABEL=\"end\"".to_owned());
        if random.once_in(2) {
            rule(random, sound, lines);
        }
    }
}

fn rule(random: &mut Random, sound: bool, lines: &mut Vec<String>) {
    let mut parts: Vec<String> = Vec::new();
    for _ in 0..random.below(5) {
        let odd = !sound && random.once_in(4);
        parts.push(if odd { random.of(&ODD_CONDITIONS) } else { random.of(&CONDITIONS) }.to_owned());
    }
    if random.once_in(6) {
        parts.push(random.of(&EXTRAS[..if sound { 7 } else { 8 }]).to_owned());
    }
    let operator = if sound { "=" } else { random.of(&["=", "=", "=", ":=", "+=", "-=", " = "]) };
    let name = match random.below(if sound { 20 } else { 8 }) {
        0 => random.of(&["", "%k", "$name", "eth%n", "a/b", "averyveryverylongname"]),
        _ => random.of(&NAMES),
    };
    // What cannot be a name is not always one that is not understood.
    let at = if random.once_in(5) { 0 } else { parts.len() };
    parts.insert(at, format!("NAME{operator}\"{name}\""));
    let between = if sound { random.of(&[", ", ", ", ","]) } else { random.of(&[", ", ",", " ", ", , ", ""]) };
    let line = parts.join(between);
    let broken = || line.replacen(", ", ", \\\n    ", 1);
    match random.below(if sound { 8 } else { 16 }) {
        0 => lines.extend(broken().lines().map(str::to_owned)),
        1 => lines.push(format!("  \t{line}")),
        2 => lines.push(format!("{line}   ")),
        3 => lines.push(format!("# {line}")),
        8 => lines.push(format!("{line}\r")),
        9 => lines.push(format!("{line} # a comment")),
        10 => lines.extend(broken().replacen('\n', "\n# a comment\n", 1).lines().map(str::to_owned)),
        11 => lines.extend(broken().replacen("\\\n", "\\ \n", 1).lines().map(str::to_owned)),
        12 => lines.push(format!("{line}\\")),
        13 => lines.push(format!("{line},")),
        14 => lines.push(format!(",{line}")),
        15 => lines.push(line.replace('"', "'")),
        _ => lines.push(line),
    }
}
