#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::prelude::*;

fn nft(text: &str) -> (bool, bool, Vec<String>) {
    nft_for(text, &[])
}

fn nft_for(text: &str, portals: &[IpAddr]) -> (bool, bool, Vec<String>) {
    let mut set = RuleSet::default();
    set.add(text, "/n");
    let [request, reply] = [Packet::Request, Packet::Reply].map(|packet| follow_hooks(&set, packet, portals));
    let refused = set.refused();
    let unclear = set.unclear.into_iter().chain(refused).chain(request.unclear).chain(reply.unclear).collect();
    (request.accepted, reply.accepted, unclear)
}

fn saved(text: &str) -> (bool, bool, Vec<String>) {
    saved_for(text, &[])
}

fn saved_for(text: &str, portals: &[IpAddr]) -> (bool, bool, Vec<String>) {
    let mut table = Table::default();
    table.add(text, "/r");
    let policy = |chain: &str| table.policies.get(chain).cloned().unwrap();
    let request = follow(&table.chains, "OUTPUT", &policy("OUTPUT"), Packet::Request, portals);
    let reply = follow(&table.chains, "INPUT", &policy("INPUT"), Packet::Reply, portals);
    let unclear = request.unclear.into_iter().chain(reply.unclear).chain(table.unclear.clone()).collect();
    (request.accepted, reply.accepted, unclear)
}

const WORKSTATION: &str = "#!/usr/sbin/nft -f\nflush ruleset\ndefine X = { 1, 2 }\ntable inet filter {\n\tset s {\n\t\ttype ipv4_addr\n\t\telements = { 1.2.3.4, 5.6.7.8 }\n\t}\n\tchain input {\n\t\ttype filter hook input priority 0; policy drop;\n\t\tct state established,related accept\n\t\tiif lo accept\n\t\ttcp dport { 22,\n\t\t 80 } accept\n\t\tip saddr @s tcp dport 443 accept comment \"x # y\"\n\t}\n\tchain forward { type filter hook forward priority 0; policy drop; }\n\tchain output { type filter hook output priority 0; }\n}\n";

#[test]
fn nft_that_lets_replies_in() {
    assert_eq!(nft(WORKSTATION), (true, true, vec![]));
}

#[test]
fn what_nft_says_behind_the_limit_is_unclear() {
    let chain = |before: usize, behind: &str| {
        let rules = "ip saddr 10.0.0.1 accept\n".repeat(before);
        format!("table inet f {{\nchain output {{\n{rules}{behind}\n}}\n}}\n")
    };
    let hook = "type filter hook output priority 0; policy accept;";
    let all = format!("{hook}\ntcp dport 3260 drop");
    assert_eq!(nft(&chain(0, &all)), (false, true, vec![]));
    for text in [
        chain(0, &format!("{hook}\n{}tcp dport 3260 drop", "ip saddr 10.0.0.1 accept\n".repeat(20_000))),
        chain(20_000, &all),
        format!("{}{}", "table inet t {}\n".repeat(20_000), chain(0, &all)),
    ] {
        assert_eq!(nft(&text).2, ["/n: more than 20000 statements"]);
    }
}

#[test]
fn nft_that_drops_what_leaves() {
    let drops = WORKSTATION.replace("hook output priority 0;", "hook output priority 0; policy drop;");
    assert_eq!(nft(&drops), (false, true, vec![]));
    for rule in [
        "tcp dport 3260 accept",
        "tcp dport { 443, 3000-4000 } counter packets 0 bytes 0 accept",
        "meta l4proto tcp accept",
        "ct state new,established accept",
        "ct state { new, established } log prefix \"out \" accept",
        "tcp dport iscsi-target accept",
        "udp dport 53 accept; tcp dport 3260 accept",
        "jump san",
    ] {
        let with =
            drops.replace("policy drop; }\n}", &format!("policy drop; {rule}; }}\n chain san {{ accept\n }}\n}}"));
        assert!(nft(&with).0, "{rule}");
    }
    for rule in ["tcp dport 22 accept", "udp dport 3260 accept", "oif lo accept", "tcp sport 3260 accept", "counter"] {
        let with = drops.replace("policy drop; }\n}", &format!("policy drop; {rule}; }}\n}}"));
        assert_eq!(nft(&with), (false, true, vec![]), "{rule}");
    }
    for rule in
        ["ip daddr 100.97.0.0/16 accept", "oifname \"san*\" accept", "tcp dport @ports accept", "meta skuid 0 accept"]
    {
        let with = drops.replace("policy drop; }\n}", &format!("policy drop; {rule}; }}\n}}"));
        let (request, _, unclear) = nft(&with);
        assert!(!request && unclear.len() == 1, "{rule} {unclear:?}");
    }
}

/// A rule that may match matters only where it decides otherwise than what comes after it.
#[test]
fn only_what_may_decide_otherwise_is_unclear() {
    let with = |policy: &str, rule: &str| {
        nft(&format!(
            "table ip f {{ chain o {{ type filter hook output priority 0; policy {policy}; {rule}; }}\n chain deny {{ ip daddr 10.0.0.1 return; drop; }}\n chain empty {{ }} }}"
        ))
    };
    for (rule, decides_otherwise) in [
        ("ip daddr 10.0.0.1 drop", true),
        ("ip daddr 10.0.0.1 accept", false),
        ("ip daddr 10.0.0.1 goto nothing", true),
        // nft refuses the whole file then, and the rules of before stay.
        ("ip daddr 10.0.0.1 jump nothing", true),
        ("ip daddr 10.0.0.1 jump empty", false),
        ("ip daddr 10.0.0.1 jump deny", true),
    ] {
        let (request, _, unclear) = with("accept", rule);
        assert!(request && unclear.is_empty() != decides_otherwise, "{rule}: {unclear:?}");
    }
    assert!(with("drop", "ip daddr 10.0.0.1 drop").2.is_empty());
    assert_eq!(with("drop", "ip daddr 10.0.0.1 accept").2.len(), 1);
}

/// Oracle's Ubuntu images: the volumes' network for root alone; and what fail2ban, kubelet and a list of addresses add.
const CLOUD: &str = "*filter\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:InstanceServices - [0:0]\n:f2b - [0:0]\n\
    -A INPUT -p tcp -j f2b\n-A INPUT -s 198.51.100.0/255.255.255.0 -j DROP\n\
    -A INPUT -p tcp -m state --state RELATED,ESTABLISHED -j ACCEPT\n-A INPUT -j REJECT\n\
    -A f2b -s 203.0.113.5/32 -j REJECT\n-A OUTPUT ! -s 127.0.0.0/8 -d 127.0.0.0/8 -j DROP\n\
    -A OUTPUT -d 169.254.0.0/16 -j InstanceServices\n\
    -A InstanceServices -d 169.254.0.2/32 -p tcp -m owner --uid-owner 0 -m tcp --dport 3260 -j ACCEPT\n\
    -A InstanceServices -d 169.254.0.0/16 -p tcp -m tcp -j REJECT\nCOMMIT\n";

#[test]
fn rules_for_other_addresses_than_the_portals_decide_nothing() {
    let of = |portal: &str| saved_for(CLOUD, &[portal.parse().unwrap()]);
    for portal in ["169.254.0.2", "100.97.0.10", "2001:db8::1"] {
        assert_eq!(of(portal), (true, true, vec![]), "{portal}");
    }
    assert_eq!(of("169.254.3.4"), (false, true, vec![]), "the volumes' network, without a rule that lets it out");
    assert_eq!(of("198.51.100.7"), (true, false, vec![]));
    assert_eq!(of("203.0.113.5"), (true, false, vec![]));
    let two = ["100.97.0.10", "203.0.113.5"].map(|ip| ip.parse().unwrap());
    assert_eq!(saved_for(CLOUD, &two), (true, false, vec![]), "one portal that is cut off is enough");
    assert!(!saved(CLOUD).2.is_empty(), "no portal is known");
    let other = saved_for(&CLOUD.replace("--uid-owner 0", "--uid-owner 33"), &["169.254.0.2".parse().unwrap()]);
    assert_eq!(other, (false, true, vec![]), "for another user's sockets alone");
    let nft = |rule: &str| {
        let text =
            format!("table ip f {{ chain o {{ type filter hook output priority 0; policy accept; {rule}; }}\n }}");
        let (request, _, unclear) = nft_for(&text, &["100.97.0.10".parse().unwrap()]);
        (request, unclear.len())
    };
    for (rule, expected) in [
        ("ip daddr { 10.0.0.0/8, 192.0.2.1 } drop", (true, 0)),
        ("ip daddr { 10.0.0.0/8, 100.97.0.0/16 } drop", (false, 0)),
        ("ip daddr != 100.97.0.0/16 drop", (true, 0)),
        ("ip daddr @blocked drop", (true, 1)),
        ("ip daddr 100.97.0.1-100.97.0.20 drop", (true, 1)),
        ("ip daddr & 255.255.0.0 == 100.97.0.0 drop", (true, 1)),
        ("ip saddr 10.0.0.1 drop", (true, 1)),
    ] {
        assert_eq!(nft(rule), expected, "{rule}");
    }
}

#[test]
fn nft_that_drops_replies() {
    let without = WORKSTATION.replace("\t\tct state established,related accept\n", "");
    assert_eq!(nft(&without), (true, false, vec![]));
    let map = WORKSTATION.replace(
        "ct state established,related accept",
        "ct state vmap { established : accept, related : accept, invalid : drop }",
    );
    assert_eq!(nft(&map), (true, true, vec![]));
    let map = WORKSTATION
        .replace("ct state established,related accept", "ct state vmap { invalid:drop, established:accept }");
    assert!(nft(&map).1);
    let flat = "add table ip f\nadd chain ip f i { type filter hook input priority 0; policy drop; }\nadd rule ip f i tcp sport 3260 accept\n";
    assert_eq!(nft(flat), (true, true, vec![]));
    let front = "add table ip f\nadd chain ip f o { type filter hook output priority 0; policy accept; }\n\
                 add rule ip f o tcp dport 3260 drop\ninsert rule ip f o tcp dport 3260 accept\n";
    assert_eq!(nft(front), (true, true, vec![]), "insert puts a rule in front");
    assert!(nft("table ip6 f { chain i { type filter hook input priority 0; policy drop; } }").1, "not for IPv4");
    assert!(!nft("what is this\n").2.is_empty());
}

const SAVED: &str = "# Generated by iptables-save\n*nat\n:OUTPUT DROP [0:0]\nCOMMIT\n*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT DROP [0:0]\n:san - [0:0]\n-A INPUT -i lo -j ACCEPT\n-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n-A OUTPUT -o lo -j ACCEPT\n-A OUTPUT -p udp -m udp --dport 53 -j ACCEPT\n-A OUTPUT -j san\n-A san -p tcp -m multiport --dports 443,3260 -m comment --comment \"to the -j DROP san\" -j ACCEPT\nCOMMIT\n";

#[test]
fn saved_rules_are_followed() {
    assert_eq!(saved(SAVED), (true, true, vec![]));
    let gone = SAVED.replace("443,3260", "443");
    assert_eq!(saved(&gone), (false, true, vec![]));
    let by_address = SAVED.replace("--dports 443,3260", "--dports 3260 -d 100.97.0.10/32");
    let (request, _, unclear) = saved(&by_address);
    assert!(!request && unclear.len() == 1, "{unclear:?}");
    let no_replies = SAVED.replace("RELATED,ESTABLISHED", "INVALID");
    assert_eq!(saved(&no_replies), (true, false, vec![]));
    let circle = SAVED.replace("-A san -p", "-A san -j san\n-A san -p");
    saved(&circle);
    assert!(!saved(&SAVED.replace("-A INPUT -i lo", "nonsense")).2.is_empty());
}

#[test]
fn a_truncation_anywhere_is_read() {
    for end in 0..WORKSTATION.len() {
        nft(WORKSTATION.get(..end).unwrap());
    }
    for end in 0..SAVED.len() {
        Table::default().add(SAVED.get(..end).unwrap(), "/r");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn never_panics(
        bytes in proptest::collection::vec(any::<u8>(), 0..1024),
        words in "(table|chain|inet|type filter hook input|policy|drop|accept|jump a|tcp dport|[{};,\n]| |ct state|vmap|[0-9a-z@:-]{1,4}){0,80}",
        flags in "(-A INPUT|-j|-p tcp|--dport|--ctstate|!|:INPUT DROP|\\*filter|\n| |[0-9a-zA-Z,:]{1,5}){0,60}",
    ) {
        nft(&String::from_utf8_lossy(&bytes));
        nft(&words);
        Table::default().add(&flags, "/r");
    }
}

/// `table ip t` with one chain of a hook, and what becomes of the request and of the reply.
fn by_hook(kind: &str, hook: &str, rules: &str) -> (bool, bool, Vec<String>) {
    nft(&format!(
        "table ip t {{\n chain c {{\n  type {kind} hook {hook} priority -300; policy accept;\n  {rules}\n }}\n}}\n"
    ))
}

#[test]
fn nft_has_its_say_in_every_hook_on_the_way() {
    let (to, from) = ("tcp dport 3260 drop", "tcp sport 3260 drop");
    assert_eq!(by_hook("filter", "prerouting", from), (true, false, vec![]));
    assert_eq!(by_hook("filter", "postrouting", to), (false, true, vec![]));
    assert_eq!(by_hook("route", "output", to), (false, true, vec![]));
    assert_eq!(by_hook("nat", "output", to), (false, true, vec![]));
    assert_eq!(by_hook("filter", "forward", to), (true, true, vec![]), "nothing of the session is forwarded");
    assert_eq!(
        by_hook("nat", "prerouting", from),
        (true, true, vec![]),
        "nat sees no reply of a connection that stands"
    );
    assert_eq!(by_hook("nat", "postrouting", "masquerade"), (true, true, vec![]));
    let turned = by_hook("nat", "output", "tcp dport 3260 dnat to 10.0.0.1");
    assert_eq!((turned.0, turned.2.len()), (true, 1), "{turned:?}");
    let device =
        "table netdev t {\n chain c {\n  type filter hook ingress device \"enp0s3\" priority 0; policy drop;\n }\n}\n";
    let (request, reply, unclear) = nft(device);
    assert!(request && reply && unclear.len() == 1, "{unclear:?}");
}

/// All that iptables-restore(8) puts into the kernel of a file, in `filter` and elsewhere.
fn restored(tables: &str) -> Firewall {
    let text = format!(
        "*filter\n:INPUT DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\nCOMMIT\n{tables}"
    );
    let mut table = Table::default();
    table.add(&text, "/r");
    let policy = |chain: &str| table.policies.get(chain).cloned().unwrap();
    let request = follow(&table.chains, "OUTPUT", &policy("OUTPUT"), Packet::Request, &[]);
    let reply = follow(&table.chains, "INPUT", &policy("INPUT"), Packet::Reply, &[]);
    let mut unclear = Vec::new();
    let [request, reply] = with_other_tables(&[(text.into(), "/r")], [request, reply], &[], &mut unclear);
    let mut firewall = firewall("iptables", Location::file("/r"), (true, false), request, reply);
    firewall.unclear.extend(unclear);
    firewall
}

#[test]
fn iptables_has_its_say_in_every_table_on_the_way() {
    for (tables, request, reply, unclear) in [
        ("", true, true, 0),
        ("*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp --sport 3260 -j DROP\nCOMMIT\n", true, false, 0),
        ("*raw\n:OUTPUT DROP [0:0]\nCOMMIT\n", false, true, 0),
        ("*mangle\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -p tcp --dport 3260 -j DROP\nCOMMIT\n", false, true, 0),
        ("*mangle\n-A INPUT -p tcp --sport 3260 -j DROP\nCOMMIT\n", true, false, 0),
        ("*mangle\n-A FORWARD -j DROP\nCOMMIT\n", true, true, 0),
        (
            "*mangle\n-A POSTROUTING -p tcp -j DSCP --set-dscp 1\n-A OUTPUT -j MARK --set-mark 1\nCOMMIT\n",
            true,
            true,
            0,
        ),
        ("*security\n-A OUTPUT -p tcp --dport 3260 -j DROP\nCOMMIT\n", false, true, 0),
        ("*nat\n-A POSTROUTING -o enp0s4 -j MASQUERADE\nCOMMIT\n", true, true, 0),
        ("*nat\n-A OUTPUT -p tcp --dport 3260 -j REDIRECT --to-ports 9\nCOMMIT\n", true, true, 1),
        ("*nat\n-A OUTPUT -p tcp --dport 80 -j REDIRECT --to-ports 9\nCOMMIT\n", true, true, 0),
        ("*mangle\n-A OUTPUT -p tcp --dport 3260 -j SOMETHING\nCOMMIT\n", true, true, 1),
        // What is not tracked is no established connection: the rule of the table filter does not take it.
        ("*raw\n-A PREROUTING -p tcp --sport 3260 -j CT --notrack\nCOMMIT\n", true, true, 1),
        ("*raw\n-A PREROUTING -p tcp --sport 3260 -j NOTRACK\nCOMMIT\n", true, true, 1),
        ("*raw\n-A PREROUTING -p tcp --sport 21 -j CT --helper ftp\nCOMMIT\n", true, true, 0),
    ] {
        let firewall = restored(tables);
        let seen = (firewall.portal_out, firewall.established_in, firewall.unclear.len());
        assert_eq!(seen, (request, reply, unclear), "{tables} {:?}", firewall.unclear);
    }
}

/// What nft refuses as a whole has no effect, whatever it says: no verdict of it is certain.
#[test]
fn what_nft_refuses_as_a_whole_is_not_relied_upon() {
    let output = |rules: &str| {
        format!("table inet t {{\n chain o {{\n type filter hook output priority 0; policy drop;\n{rules}\n }}\n}}\n")
    };
    for text in [
        output("tcp dport 1 udp dport 1 accept"),
        output("jump nowhere"),
        output("accept").trim_end().trim_end_matches('}').to_owned(),
        output("accept").replace("output", "postrouting").replace("accept", "tcp dport 3260 reject"),
        format!("table ip6 x {{\n chain c {{\n ip daddr 10.0.0.1 drop\n }}\n}}\n{}", output("accept")),
    ] {
        assert!(!nft(&text).2.is_empty(), "{text}");
    }
    assert_eq!(nft(&output("tcp dport 3260 accept")), (true, true, vec![]));
}

/// A packet that leaves came in by no interface, one that comes in leaves by none. What a kernel makes of that where the
/// rule is for any but one hangs on its age.
#[test]
fn an_interface_that_a_packet_has_not_is_none_of_those_named() {
    for (hook, rule, unclear) in [
        ("output", "iifname \"lo\" accept", false),
        ("input", "oif lo accept", false),
        ("output", "iifname != \"lo\" accept", true),
        ("input", "oifname != \"lo\" accept", true),
    ] {
        let text = format!(
            "table inet t {{\n chain c {{\n type filter hook {hook} priority 0; policy drop;\n{rule}\n }}\n}}\n"
        );
        let (request, reply, doubts) = nft(&text);
        assert!(!(if hook == "output" { request } else { reply }), "{rule}");
        assert_eq!(!doubts.is_empty(), unclear, "{rule}: {doubts:?}");
    }
}

/// Keys that are asked together are not followed.
#[test]
fn joined_keys_are_unclear() {
    for (rule, unclear) in [
        ("meta l4proto . th dport { tcp . 3260 } accept", true),
        ("ip protocol . th dport vmap { tcp . 3260 : accept }", true),
        ("tcp dport . ip daddr { 3260 . 100.97.0.10 } accept", true),
        ("udp dport . ip daddr vmap { 53 . 10.0.0.1 : accept }", false),
        ("iifname vmap { \"lo\" : accept }", false),
        ("icmpv6 type vmap { nd-router-advert : accept }", false),
    ] {
        let text = format!(
            "table inet t {{\n chain c {{\n type filter hook output priority 0; policy drop;\n{rule}\n }}\n}}\n"
        );
        assert_eq!(!nft(&text).2.is_empty(), unclear, "{rule}: {:?}", nft(&text).2);
    }
}

/// Chains may be declared before they have rules, and be where they are not followed to.
#[test]
fn chains_that_are_declared_or_may_be_elsewhere_are_not_lost() {
    let with = |more: &str, inside: &str| {
        let text = format!(
            "add table inet t\n{more}\ntable inet t {{\n{inside}\n chain o {{\n type filter hook output priority 0;\n\
             udp dport 53 jump other\n }}\n}}\n"
        );
        nft(&text).2
    };
    assert_eq!(with("", "").len(), 1, "also of a rule that is not for the session's packets");
    assert_eq!(with("add chain inet t other", ""), [""; 0]);
    assert_eq!(with("", " include \"/etc/nftables/*.nft\""), [""; 0]);
    assert_eq!(with("", " chain other {\n }"), [""; 0]);
    assert_eq!(with("add chain ip t other", "").len(), 1);
}

/// Tables of two families may have one name, and chains of one.
#[test]
fn tables_of_one_name_are_two() {
    let text = "table ip t {\n chain c { type filter hook input priority 0; policy accept; }\n}\n\
                table inet t {\n chain c {\n tcp sport 3260 drop\n }\n}\n";
    assert_eq!(nft(text), (true, true, vec![]));
}

/// A map of verdicts decides, and by what is not followed.
#[test]
fn a_map_of_verdicts_is_unclear() {
    let text = "table inet t {\n chain o {\n type filter hook output priority 0; policy drop;\n\
                tcp dport vmap { 22 : drop, 3260 : accept }\n }\n}\n";
    let (request, _, unclear) = nft(text);
    assert!(!request && unclear.len() == 1, "{unclear:?}");
    assert_eq!(nft(&text.replace("tcp dport vmap", "oif lo tcp dport vmap")).2, [""; 0]);
}
