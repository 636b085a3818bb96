//! Formats that stand alone: the command line, firewalls, isctpl's own files, and texts.

use super::target::{Target, text, two};
use crate::formats::cmdline::{self, edit};
use crate::formats::firewall::iptables::{self, Table};
use crate::formats::firewall::iptables_edit;
use crate::formats::firewall::nftables::{self, RuleSet};
use crate::formats::firewall::rules::{self, Packet};
use crate::formats::network::network_generator::{self, Numbers};
use crate::formats::snmp::{Awaits, Oid, Value, Values};
use crate::formats::text::{glob, harmless, names, net, printable, redact, yaml};
use crate::formats::{isctpl_toml, timeline};
use isctpl_checks::facts::{Located, Location};
use std::hint::black_box;

pub(super) const TARGETS: &[Target] = &[
    Target::new("cmdline", &["cmdline/", "network/network_generator.rs"], command_line),
    Target::new("nftables", &["firewall/nftables/", "firewall/rules.rs"], nftables),
    Target::new("iptables", &["firewall/iptables.rs", "firewall/iptables_edit.rs", "firewall/rules.rs"], iptables),
    Target::new("isctpl-toml", &["isctpl_toml.rs"], |input| drop(isctpl_toml::parse(&text(input), |_| true))),
    Target::new("timeline", &["timeline.rs"], |input| drop(timeline::parse(input))),
    Target::new("snmp", &["snmp.rs"], snmp),
    Target::new("yaml", &["text/yaml.rs"], yaml),
    Target::new("glob", &["text/glob.rs"], |input| {
        let (pattern, text) = two(input);
        black_box(glob::glob_matches(&pattern, &text));
    })
    .most(4 << 10),
    Target::new("names", &["text/names.rs", "text/printable.rs"], printable_names),
    Target::new("redact", &["text/redact.rs", "text/secret.rs", "text/harmless/", "text/net.rs"], redact),
];

fn command_line(input: &[u8]) {
    let line = text(input);
    let parsed = cmdline::parse(&line, None);
    for numbers in [Numbers::Nineties, Numbers::Seventies] {
        drop(network_generator::networks(&parsed, numbers));
    }
    black_box(Numbers::of(&line));
    let meant = |word: &str| word.starts_with("ip=") || word == "ro";
    let cut = edit::without(&line, meant);
    assert_eq!(edit::without(&cut, meant), cut, "words are left that were to go");
    let add = ["rd.iscsi.firmware=1".to_owned(), "ro".to_owned()];
    let missing = edit::missing(&[&line], &add);
    let with = edit::with(&line, &missing);
    black_box((edit::joint(&with), edit::raw_words(&with)));
}

fn policy(accepted: bool) -> (bool, Located<String>) {
    (accepted, Located::new("policy".to_owned(), Location::file("/f")))
}

fn nftables(input: &[u8]) {
    let text = text(input);
    let mut set = RuleSet::default();
    set.add(&text, "/f");
    for base in set.bases.iter().take(8) {
        for packet in [Packet::Request, Packet::Reply] {
            let outcome = rules::follow(&set.chains, &base.name, base.policy.clone(), packet, "10.0.0.1".parse().ok());
            black_box(outcome.is_by_state());
        }
    }
    black_box(set.refused());
    for packet in [Packet::Request, Packet::Reply] {
        drop(black_box(nftables::edit::accepting(&text, packet)));
    }
}

fn iptables(input: &[u8]) {
    let text = text(input);
    let mut table = Table::default();
    table.add(&text, "/f");
    let _: &iptables::Table = &table;
    for (chain, packet) in [("OUTPUT", Packet::Request), ("INPUT", Packet::Reply)] {
        black_box(rules::follow(&table.chains, chain, policy(true), packet, None));
        drop(black_box(iptables_edit::accepting(&text, chain, packet)));
    }
}

fn snmp(input: &[u8]) {
    let oid = |text: &str| Oid::parse(text);
    let values: Values = [(".1.3.6.1.4.1.8072.1", Value::Integer(1)), (".1.3.6.1.4.1.8072.2", Value::Gauge(2))]
        .into_iter()
        .filter_map(|(name, value)| Some((oid(name)?.below(&[3]), value)))
        .collect();
    let mut awaits = Awaits::default();
    for line in text(input).lines() {
        if let Some(answer) = awaits.take(line, &values) {
            assert!(answer.ends_with('\n'), "an answer without its end");
        }
    }
}

fn yaml(input: &[u8]) {
    fn walk(node: yaml::Node<'_>, depth: usize, left: &mut usize) {
        if depth == 0 || *left == 0 {
            return;
        }
        *left -= 1;
        black_box((node.line(), node.text(), node.scalar(), node.is_null()));
        node.items().into_iter().for_each(|item| walk(item, depth - 1, left));
        node.entries().into_iter().for_each(|(_, _, value)| walk(value, depth - 1, left));
    }
    if let Ok(document) = yaml::Document::read(&text(input))
        && let Some(root) = document.root()
    {
        walk(root, 16, &mut 1000);
        black_box(document.cut_short());
    }
}

fn printable_names(input: &[u8]) {
    let text = names::decode(input);
    assert_eq!(&*names::encode(&text), input, "a name does not lead to its file");
    black_box(names::path(&text));
    let hidden = |text: &str, allowed: &str| {
        let shown = |c: char| !c.is_control() || allowed.contains(c);
        assert!(text.chars().all(shown), "a terminal is given what it obeys: {text:?}");
    };
    hidden(&printable::line(&text), "");
    // Our own colours pass there.
    hidden(&printable::screen(&text), "\n\t\u{1b}");
    hidden(&printable::line(&printable::lossless(input)), "");
    black_box(printable::json(&text));
    let lossy = String::from_utf8_lossy(input);
    // What stands for a byte that is no UTF-8 comes out as that byte.
    let marked = lossy.chars().any(|character| names::byte_of(character).is_some());
    if let Ok(json) = serde_json::to_string(&lossy)
        && !marked
    {
        let escaped = printable::json(&json);
        let back: Option<String> = serde_json::from_str(&escaped).ok();
        assert_eq!(back.as_deref(), Some(&*lossy), "JSON that means something else");
    }
}

fn redact(input: &[u8]) {
    let (key, value) = two(input);
    black_box(redact::hide(&key, &value));
    black_box(redact::is_secret_name(&key));
    black_box(redact::redact_line(&key));
    let words: Vec<String> = key.split(' ').map(str::to_owned).collect();
    black_box(harmless::command::redact_command(&words));
    black_box(harmless::command::redact_command_line(&key));
    black_box(harmless::firewall::rule(&words));
    black_box(harmless::mount::options(words.into_iter()));
    black_box(harmless::mount::source(&key));
    black_box((harmless::plain(&key), harmless::title(&key), harmless::loader_file(&key), harmless::wrong_value(&key)));
    black_box((harmless::is_path(&key), harmless::is_address(&key), harmless::is_iscsi_name(&key)));
    black_box((harmless::is_device(&key), harmless::is_interface(&key), harmless::is_loader_setting(&key)));
    black_box((net::normal_mac(&key), net::prefix(&key)));
}
