//! Rule sets of nft(8), as people write them, and broken ones.

use crate::oracles::random::Random;

/// What a rule asks for.
const MATCHES: [&str; 46] = [
    "meta l4proto . th dport { tcp . 3260, udp . 53 }",
    "udp dport 53",
    "tcp dport 3260",
    "tcp dport 22",
    "tcp dport { 22, 3260 }",
    "tcp dport {22,443}",
    "tcp dport 3000-4000",
    "tcp dport != 3260",
    "tcp dport != { 22, 80 }",
    "tcp sport 3260",
    "tcp sport 32768-60999",
    "tcp sport { 22, 3260 }",
    "tcp sport != 3260",
    "tcp dport 1-1023",
    "tcp dport iscsi-target",
    "th dport 3260",
    "udp dport 3260",
    "udp sport 53",
    "ip daddr 100.97.0.10",
    "ip daddr 100.97.0.0/16",
    "ip saddr 100.97.0.0/16",
    "ip saddr { 100.97.0.10, 192.0.2.1 }",
    "ip daddr != 100.97.0.10",
    "ip saddr != 10.0.0.0/8",
    "ip daddr { 10.0.0.0/8, 172.16.0.0/12 }",
    "ip daddr 100.97.0.1-100.97.0.20",
    "ip protocol tcp",
    "ip protocol != tcp",
    "meta l4proto tcp",
    "meta l4proto { tcp, udp }",
    "meta l4proto 6",
    "meta l4proto icmp",
    "meta nfproto ipv4",
    "meta nfproto ipv6",
    "ip6 nexthdr tcp",
    "icmp type echo-request",
    "ct state established",
    "ct state established,related",
    "ct state { new, established }",
    "ct state new",
    "ct state invalid",
    "ct state != established",
    "iif lo",
    "oif lo",
    "iifname \"lo\"",
    "oifname != \"lo\"",
];
const ODD_MATCHES: [&str; 14] = [
    "iifname \"san\"",
    "oifname \"san*\"",
    "oif san",
    "meta mark 1",
    "tcp flags syn / syn,ack",
    "tcp flags & (fin|syn|rst|ack) == syn",
    "ct direction reply",
    "ct status assured",
    "limit rate 10/second",
    "meta skuid 0",
    "fib daddr type local",
    "tcp dport @ports",
    "ip daddr & 255.255.0.0 == 100.97.0.0",
    "tcp dport . ip daddr { 3260 . 100.97.0.10 }",
];
const VERDICTS: [&str; 12] = [
    "accept",
    "accept",
    "accept",
    "drop",
    "drop",
    "reject",
    "counter accept",
    "log prefix \"out \" drop",
    "counter packets 0 bytes 0 drop comment \"no\"",
    "return",
    "jump own",
    "goto own",
];
const MORE: [&str; 9] = [
    "udp dport vmap { 53 : drop, 3260 : accept }",
    "ip protocol . th dport vmap { tcp . 3260 : accept }",
    "iifname vmap { \"lo\" : accept }",
    "ct state vmap { established : accept, related : accept, invalid : drop }",
    "ct state vmap { new : accept, established : accept }",
    "counter",
    "log",
    "tcp dport vmap { 22 : drop, 3260 : accept }",
    "notrack",
];
const HOOKS: [(&str, &str); 7] = [
    ("filter", "output"),
    ("filter", "output"),
    ("filter", "input"),
    ("filter", "input"),
    ("filter", "prerouting"),
    ("filter", "postrouting"),
    ("route", "output"),
];

/// Lines of a rule set.
pub(super) fn lines(random: &mut Random) -> Vec<String> {
    let sound = !random.once_in(3);
    let mut lines = vec!["flush ruleset".to_owned()];
    for table in 0..=usize::from(random.once_in(4)) {
        let family = random.of(&["inet", "inet", "ip", "", "ip6"]);
        lines.push(format!("table {family} t{table} {{"));
        lines.push(" set ports { type inet_service; elements = { 22, 3260 }; }".to_owned());
        lines.push(" chain own {".to_owned());
        rules(random, sound, false, &mut lines);
        lines.push(" }".to_owned());
        for chain in 0..=random.below(2) {
            let (kind, hook) = HOOKS[random.below(HOOKS.len())];
            let priority = random.of(&["0", "filter", "-150", "10", "mangle"]);
            lines.push(format!(" chain c{chain} {{"));
            let policy = random.of(&["", "policy accept;", "policy drop;", "policy drop;"]);
            // The names of priorities depend on the family.
            let priority = if family.is_empty() && priority == "mangle" { "0" } else { priority };
            lines.push(format!("  type {kind} hook {hook} priority {priority}; {policy}"));
            rules(random, sound, true, &mut lines);
            lines.push(" }".to_owned());
        }
        lines.push("}".to_owned());
        if random.once_in(6) {
            let family = if family.is_empty() { "ip" } else { family };
            lines.push(format!(
                "add rule {family} t{table} c0 {}",
                random.of(&["accept", "tcp dport 3260 drop", "counter"])
            ));
        }
    }
    lines
}

fn rules(random: &mut Random, sound: bool, jumps: bool, lines: &mut Vec<String>) {
    for _ in 0..random.below(4) {
        if random.once_in(8) {
            lines.push(format!("  {}", random.of(&MORE[..if sound { 8 } else { 9 }])));
            continue;
        }
        let mut words = Vec::new();
        for _ in 0..[0, 1, 1, 1, 2][random.below(5)] {
            let odd = !sound && random.once_in(3);
            words.push(if odd { random.of(&ODD_MATCHES) } else { random.of(&MATCHES) });
        }
        words.push(random.of(&VERDICTS[..if jumps { 12 } else { 10 }]));
        lines.push(format!("  {}", words.join(" ")));
    }
}
