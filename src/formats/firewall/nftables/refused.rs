//! What nft refuses, and with it the whole file (nft 1.0.6: src/evaluate.c, src/proto.c; nf_tables_api.c of the kernel).

use super::rule::operand;

/// What a rule is about, as far as nft knows while it reads it from left to right.
#[derive(Debug, Default)]
struct Context {
    /// `ip`, `ip6`, `arp`.
    network: Option<&'static str>,
    /// `tcp`, `udp`; [`SEVERAL`] after a set of them.
    transport: Option<&'static str>,
}

/// A set of protocols: which of them nft goes on with hangs on the order of the set.
const SEVERAL: &str = "several";

const TRANSPORTS: [&str; 11] = ["tcp", "udp", "udplite", "sctp", "dccp", "icmp", "icmpv6", "igmp", "esp", "ah", "comp"];

/// What ends a rule: nothing but a remark may follow.
const VERDICTS: [&str; 5] = ["accept", "drop", "return", "jump", "goto"];

/// The chains that a rule leads to, whatever it asks for, and whether it rejects.
pub(super) fn leads_to<'a>(words: &[&'a str]) -> (Vec<&'a str>, bool) {
    let (mut targets, mut rejects) = (Vec::new(), false);
    let mut words = words.iter();
    while let Some(&word) = words.next() {
        match word {
            "prefix" | "comment" => _ = words.next(),
            "reject" => rejects = true,
            // A chain in place, or the name of one in a variable, is not followed.
            "jump" | "goto" => targets.extend(words.next().filter(|name| !name.starts_with(['{', '$']))),
            _ => {}
        }
    }
    (targets, rejects)
}

/// Why nft refuses a rule in a table of this family, as far as that is known.
pub(super) fn refusal(words: &[&str], family: &str) -> Option<String> {
    let mut context = Context { network: network(family), ..Context::default() };
    let mut words = words.iter();
    while let Some(&word) = words.next() {
        let next = words.as_slice().first().copied();
        let conflict = match (word, next) {
            ("{", _) => {
                words.by_ref().find(|word| **word == "}");
                None
            }
            // What they hold has headers of its own.
            ("ipsec" | "vxlan" | "geneve" | "gre" | "gretap", _) => return None,
            ("prefix" | "comment" | "name" | "group" | "level" | "flags" | "socket" | "rt" | "exthdr", _) => {
                words.next();
                None
            }
            ("ct" | "fib", key) => {
                words.next();
                // `ct original ip saddr`
                if matches!(key, Some("original" | "reply" | "daddr" | "saddr")) {
                    words.next();
                }
                None
            }
            ("meta", Some("nfproto")) if family != "inet" => {
                return Some("meta nfproto is refused outside tables of the family inet".to_owned());
            }
            ("meta", Some("nfproto")) => {
                words.next();
                let (negated, list) = operand(&mut words);
                if let ([one], false, None) = (list.as_slice(), negated, context.network) {
                    context.network = network_of_protocol(one);
                }
                None
            }
            ("meta", Some("protocol")) | ("ether" | "vlan", Some("type")) => {
                words.next();
                operand(&mut words);
                None
            }
            ("meta", Some("l4proto")) => {
                words.next();
                context.takes_protocol(&mut words);
                None
            }
            ("ip", Some("protocol")) | ("ip6", Some("nexthdr")) => {
                words.next();
                let conflict = context.is_of(word);
                context.takes_protocol(&mut words);
                conflict
            }
            ("ip" | "ip6" | "arp", Some(_)) => {
                words.next();
                let conflict = context.is_of(word);
                operand(&mut words);
                conflict
            }
            ("tcp", Some("option")) => None,
            (transport, Some(_)) if TRANSPORTS.contains(&transport) => {
                words.next();
                let conflict = context.has(transport);
                operand(&mut words);
                conflict
            }
            // It has options, with names of protocols in them.
            ("reject", _) => return None,
            (verdict, _) if VERDICTS.contains(&verdict) => {
                if matches!(verdict, "jump" | "goto") && matches!(words.next(), Some(&"{")) {
                    return None;
                }
                let behind = words.as_slice().first().filter(|word| **word != "comment");
                behind.map(|behind| format!("{behind} behind {verdict}"))
            }
            _ => None,
        };
        if let Some(conflict) = conflict {
            return Some(conflict);
        }
    }
    None
}

impl Context {
    /// Takes a header of the network's in; tells why it does not fit.
    fn is_of(&mut self, header: &str) -> Option<String> {
        let header = network(header)?;
        let known = *self.network.get_or_insert(header);
        (known != header).then(|| format!("{known} and {header} in one rule"))
    }

    /// Takes a header of a transport protocol in; tells why it does not fit.
    fn has(&mut self, header: &str) -> Option<String> {
        let header = TRANSPORTS.into_iter().find(|known| *known == header)?;
        match header {
            "icmp" => _ = self.network.get_or_insert("ip"),
            "icmpv6" => _ = self.network.get_or_insert("ip6"),
            _ => {}
        }
        let known = *self.transport.get_or_insert(header);
        (known != header).then(|| format!("{known} and {header} in one rule"))
    }

    /// Takes `meta l4proto` and its like in.
    fn takes_protocol(&mut self, words: &mut std::slice::Iter<'_, &str>) {
        let (negated, list) = operand(words);
        if negated || self.transport.is_some() {
            return;
        }
        self.transport = match list.as_slice() {
            [one] => TRANSPORTS.into_iter().find(|known| known == one).or(match *one {
                "1" => Some("icmp"),
                "6" => Some("tcp"),
                "17" => Some("udp"),
                "58" | "ipv6-icmp" => Some("icmpv6"),
                _ => None,
            }),
            [] => None,
            _ => Some(SEVERAL),
        };
    }
}

fn network(family: &str) -> Option<&'static str> {
    ["ip", "ip6", "arp"].into_iter().find(|known| *known == family)
}

fn network_of_protocol(word: &str) -> Option<&'static str> {
    match word {
        "ipv4" | "2" => Some("ip"),
        "ipv6" | "10" => Some("ip6"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// nft 1.0.6 on Linux 6.1, each rule by itself.
    #[test]
    fn refuses_what_nft_refuses() {
        for (family, rule) in [
            ("inet", "meta l4proto { tcp , udp } tcp sport 22 accept"),
            ("inet", "meta l4proto 6 udp dport 1 accept"),
            ("inet", "ip protocol tcp udp dport 1 accept"),
            ("inet", "tcp dport 1 udp dport 1 accept"),
            ("inet", "tcp flags syn udp dport 1 accept"),
            ("inet", "icmp type echo-request tcp dport 1 accept"),
            ("inet", "icmp type echo-request ip6 nexthdr icmp accept"),
            ("inet", "icmp type echo-request icmpv6 type echo-request accept"),
            ("inet", "ip6 nexthdr tcp ip daddr 1.2.3.4 accept"),
            ("inet", "meta nfproto ipv6 ip daddr 1.2.3.4 accept"),
            ("inet", "ip6 nexthdr tcp udp dport 1 accept"),
            ("inet", "tcp dport . ip daddr { 1 . 1.2.3.4 } udp dport 1 accept"),
            ("ip", "meta nfproto ipv4 accept"),
            ("ip6", "meta nfproto ipv6 accept"),
            ("ip", "ip6 nexthdr tcp accept"),
            ("ip", "arp operation request accept"),
            ("ip6", "ip daddr 1.2.3.4 accept"),
            ("inet", "esp spi 1 tcp dport 1 accept"),
            ("inet", "accept drop"),
            ("inet", "accept tcp dport 1"),
        ] {
            let words: Vec<&str> = rule.split_whitespace().collect();
            assert!(refusal(&words, family).is_some(), "{family}: {rule}");
        }
    }

    #[test]
    fn takes_what_nft_takes() {
        for (family, rule) in [
            ("inet", "meta l4proto { tcp , udp } th sport 22 accept"),
            ("inet", "meta l4proto != tcp udp dport 1 accept"),
            ("inet", "meta l4proto 6 tcp dport 1 accept"),
            ("inet", "ip protocol tcp th dport 1 accept"),
            ("inet", "th dport 1 udp dport 1 accept"),
            ("inet", "tcp dport 1 meta l4proto udp accept"),
            ("inet", "ip daddr 1.2.3.4 meta nfproto ipv6 accept"),
            ("inet", "meta nfproto ipv4 ip daddr 1.2.3.4 accept"),
            ("inet", "meta nfproto { ipv4 , ipv6 } accept"),
            ("inet", "meta nfproto != ipv4 ip daddr 1.2.3.4 accept"),
            ("inet", "meta protocol ip6 ip daddr 1.2.3.4 accept"),
            ("inet", "ip6 nexthdr tcp tcp dport 1 accept"),
            ("ip", "meta l4proto tcp accept"),
            ("ip", "icmpv6 type echo-request accept"),
            ("ip6", "icmp type echo-request accept"),
            ("inet", "tcp dport 1 tcp dport 2 accept"),
            ("inet", "tcp option maxseg size 1 udp dport 1 accept"),
            ("inet", "ct original ip saddr 1.2.3.4 ip6 daddr ::1 accept"),
            ("inet", "udp dport 1 reject with icmp type host-unreachable"),
            ("inet", "tcp dport 1 log prefix udp accept comment udp"),
            ("inet", "tcp dport vmap { 22 : drop , 3260 : accept }"),
            ("ip6", "log flags ip options accept"),
            ("inet", "udp dport 1 log flags tcp sequence,options accept"),
            ("inet", "meta protocol != ip6 ip saddr 1.2.3.4 ip daddr 1.2.3.5 accept"),
            ("inet", "ether type ip6 ip saddr 1.2.3.4 accept"),
            ("inet", "udp dport 4789 vxlan tcp dport 80 accept"),
        ] {
            let words: Vec<&str> = rule.split_whitespace().collect();
            assert_eq!(refusal(&words, family), None, "{family}: {rule}");
        }
    }
}
