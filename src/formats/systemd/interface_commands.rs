//! Whether the commands of a service leave the network interfaces as they are.

use super::exec::commands;
use super::{Section, UnitFile};

/// Programs that give no interface an address, a route or a state, and take none away.
const HARMLESS: [&str; 31] = [
    "[",
    "arptables",
    "arptables-restore",
    "chmod",
    "chown",
    "ebtables",
    "ebtables-restore",
    "echo",
    "ethtool",
    "exit",
    "false",
    "hostname",
    "hostnamectl",
    "install",
    "ip6tables",
    "ip6tables-restore",
    "ipset",
    "iptables",
    "iptables-restore",
    "logger",
    "mkdir",
    "modprobe",
    "nft",
    "printf",
    "rm",
    "sleep",
    "sysctl",
    "tc",
    "test",
    "touch",
    "true",
];

/// Words of a shell that a command may follow.
const KEYWORDS: [&str; 9] = ["!", "do", "elif", "else", "if", "then", "until", "while", "{"];

/// Words of a shell that run nothing themselves.
const CLOSING: [&str; 5] = ["done", "fi", "}", ":", ""];

/// Whether every command of a service is known to leave the interfaces alone. What a script does is not known.
pub(crate) fn leave_interfaces_alone(file: &UnitFile) -> bool {
    let sections = file.sections.iter().filter(|section: &&Section| section.name == "Service");
    let lines = sections.flat_map(|section| &section.entries).filter(|entry| entry.key.starts_with("Exec"));
    let mut found = lines.flat_map(|entry| commands(&entry.value)).peekable();
    found.peek().is_some() && found.all(|command| is_harmless(&command.argv))
}

fn is_harmless(argv: &[String]) -> bool {
    let program = argv.first().map_or("", String::as_str);
    match (name(program), argv.get(1..)) {
        ("sh" | "bash" | "dash", Some([option, text, ..])) if option.starts_with('-') && option.ends_with('c') => {
            !text.contains(['`', '$']) && text.split([';', '&', '|', '\n']).all(is_harmless_piece)
        }
        (name, _) => HARMLESS.contains(&name),
    }
}

/// A command of a shell's line.
fn is_harmless_piece(piece: &str) -> bool {
    let mut words = piece.split_whitespace().skip_while(|word| KEYWORDS.contains(word));
    let program = words.next().unwrap_or_default();
    CLOSING.contains(&program) || HARMLESS.contains(&name(program))
}

fn name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::systemd::parse;

    #[test]
    fn commands_that_leave_the_interfaces_alone() {
        for (lines, alone) in [
            ("ExecStart=/sbin/ethtool -K enp0s3 tso off", true),
            ("ExecStart=/bin/true\nExecStop=-/bin/sh -c 'test -f /x && echo done; sleep 1'", true),
            ("ExecStart=/bin/true\nExecStop=/sbin/ip link set enp0s3 down", false),
            ("ExecStart=/bin/sh -c 'if true; then ip link set enp0s3 down; fi'", false),
            ("ExecStart=/bin/sh -c '$(cat /etc/up)'", false),
            ("ExecStart=/usr/local/sbin/net-up", false),
            ("", false),
        ] {
            let file = parse(&format!("[Unit]\nBefore=network.target\n[Service]\n{lines}\n"), "/u.service");
            assert_eq!(leave_interfaces_alone(&file), alone, "{lines}");
        }
    }
}
