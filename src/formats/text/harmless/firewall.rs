//! Rules of firewalls. Their words have meanings, but for the texts that one may put into them.

use super::{is_plain, is_setting_name};
use isctpl_checks::facts::HIDDEN;

/// Words behind which a text stands: of iptables-extensions(8) and nft(8).
const BEFORE_TEXT: [&str; 10] = [
    "--comment",
    "--string",
    "--hex-string",
    "--log-prefix",
    "--nflog-prefix",
    "--ulog-prefix",
    "--name",
    "--set-name",
    "prefix",
    "comment",
];

/// Words behind which the name of a chain stands.
const BEFORE_CHAIN: [&str; 13] =
    ["-A", "-I", "-P", "-N", "-j", "-g", "--append", "--insert", "--policy", "--jump", "--goto", "jump", "goto"];

/// Targets, states and flags in capitals.
const CAPITALS: [&str; 32] = [
    "ACCEPT",
    "DROP",
    "REJECT",
    "RETURN",
    "QUEUE",
    "NFQUEUE",
    "LOG",
    "NFLOG",
    "MARK",
    "CONNMARK",
    "DNAT",
    "SNAT",
    "MASQUERADE",
    "REDIRECT",
    "TPROXY",
    "NOTRACK",
    "TCPMSS",
    "CT",
    "INPUT",
    "OUTPUT",
    "FORWARD",
    "ESTABLISHED",
    "RELATED",
    "NEW",
    "INVALID",
    "UNTRACKED",
    "SYN",
    "ACK",
    "FIN",
    "RST",
    "ALL",
    "NONE",
];

/// A rule as evidence.
pub(crate) fn rule(words: &[impl AsRef<str>]) -> String {
    let mut before = "";
    let mut shown = Vec::new();
    for word in words.iter().map(AsRef::as_ref) {
        let harmless =
            !BEFORE_TEXT.contains(&before) && (shows(word) || BEFORE_CHAIN.contains(&before) && is_chain(word));
        shown.push(if harmless { word } else { HIDDEN });
        before = word;
    }
    shown.join(" ").chars().take(160).collect()
}

fn is_chain(word: &str) -> bool {
    word.len() <= 29 && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
}

fn shows(word: &str) -> bool {
    let core = word.trim_matches(|c: char| "!@:{}$".contains(c));
    let capital = |part: &str| CAPITALS.contains(&part) || is_setting_name(part);
    let small = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._,:/+[]*-".contains(c);
    let operator = word.chars().all(|c| "!@:{}$<>=&|,.*-".contains(c));
    operator
        || core.split(',').all(capital)
        || BEFORE_CHAIN.contains(&word)
        || core.len() == 2 && core.starts_with('-')
        || is_plain(core) && core.chars().all(small)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        rule(&text.split(' ').collect::<Vec<_>>())
    }

    #[test]
    fn what_a_rule_does_is_shown() {
        for text in [
            "-A INPUT -p tcp -m tcp --sport 3260 -m state --state RELATED,ESTABLISHED -j ACCEPT",
            "-A ufw-user-input ! -s 10.0.0.0/8 -i enp0s3 -j DOCKER-USER",
            ":INPUT DROP [0:0]",
            "tcp sport != 3260 ct state established,related ip saddr @trusted counter packets 0 bytes 0 drop",
            "type filter hook input priority 0",
        ] {
            assert_eq!(shown(text), text);
        }
    }

    #[test]
    fn texts_in_a_rule_are_not() {
        for text in [
            "-A INPUT -m comment --comment geheim -j DROP",
            "-A INPUT -m string --string geheim -j DROP",
            "-A INPUT GeHeim-geheim",
            "tcp sport 3260 log prefix geheim drop comment geheim",
        ] {
            assert!(!shown(text).to_lowercase().contains("geheim"), "{}", shown(text));
        }
    }
}
