//! Rules of a firewall that stop the session's packets.

use crate::formats::firewall::rules::Packet;
use crate::formats::firewall::{iptables_edit, nftables};
use crate::procedures::prepare::draft::{Draft, Refusal};
use isctpl_checks::facts::Facts;

/// What ufw hands to the chains OUTPUT and INPUT first.
const UFW_RULES: &str = "/etc/ufw/before.rules";

/// Lets a session's packets pass, in the directions in which this firewall stops them.
pub(crate) fn accept_portal(draft: &mut Draft<'_>, facts: &Facts, kind: &str, path: &str) -> Result<(), Refusal> {
    const BY_HAND: &str = "Accept outgoing TCP port 3260 and incoming packets of established connections before any \
                           other rule, by hand.";
    let firewall = facts.netconfig.firewalls.iter().find(|firewall| firewall.kind == kind);
    let stops_replies = firewall.is_some_and(|firewall| !firewall.established_in);
    let stops_requests = firewall.is_none_or(|firewall| !firewall.portal_out);
    let directions = [(stops_requests, Packet::Request), (stops_replies, Packet::Reply)];
    for (_, packet) in directions.into_iter().filter(|(stopped, _)| *stopped) {
        let chain = |request, reply| if packet == Packet::Request { request } else { reply };
        match kind {
            "nftables" => draft.edit(path, BY_HAND, |text| nftables::edit::accepting(text, packet))?,
            "iptables" => {
                let chain = chain("OUTPUT", "INPUT");
                draft.edit(path, BY_HAND, |text| iptables_edit::accepting(text, chain, packet))?;
            }
            "ufw" => {
                let chain = chain("ufw-before-output", "ufw-before-input");
                draft.edit(UFW_RULES, BY_HAND, |text| iptables_edit::accepting(text, chain, packet))?;
            }
            _ => {
                let what = "is a firewall whose policies and direct rules isctpl does not edit";
                return Err(Refusal::new(path, what, BY_HAND));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::sample::Tree;
    use super::*;
    use isctpl_checks::facts::{Firewall, Location};

    fn facts(kind: &str, established_in: bool, portal_out: bool) -> Facts {
        let mut facts = Facts::default();
        facts.netconfig.firewalls = vec![Firewall {
            kind: kind.to_owned(),
            at: Location::file("/x"),
            output_policy: "drop".to_owned(),
            input_policy: "drop".to_owned(),
            established_in,
            portal_out,
            deciding: None,
            unclear: Vec::new(),
        }];
        facts
    }

    #[test]
    fn each_firewall_accepts_what_it_stopped() {
        let tree = Tree::of(&[
            ("/etc/iptables/rules.v4", "*filter\n:INPUT DROP [0:0]\n:OUTPUT DROP [0:0]\nCOMMIT\n"),
            (UFW_RULES, "*filter\n:ufw-before-output - [0:0]\n-A ufw-before-output -o lo -j ACCEPT\nCOMMIT\n"),
            ("/etc/nftables.conf", "table inet t { chain o { type filter hook output priority 0; policy drop; } }\n"),
        ]);
        for (kind, path, expected) in [
            ("iptables", "/etc/iptables/rules.v4", "-A OUTPUT -p tcp -m tcp --dport 3260 -j ACCEPT\n"),
            ("ufw", UFW_RULES, "-A ufw-before-output -p tcp -m tcp --dport 3260 -j ACCEPT\n"),
            ("nftables", "/etc/nftables.conf", " tcp dport 3260 accept; policy drop;"),
        ] {
            let facts = facts(kind, true, false);
            let texts = tree.texts(|draft| accept_portal(draft, &facts, kind, path));
            assert!(texts[path].contains(expected), "{}", texts[path]);
            assert!(!texts[path].contains("ESTABLISHED"));
        }
        let facts = facts("iptables", false, true);
        let texts = tree.texts(|draft| accept_portal(draft, &facts, "iptables", "/etc/iptables/rules.v4"));
        assert!(texts["/etc/iptables/rules.v4"].contains("-A INPUT -m conntrack"));
    }

    #[test]
    fn firewalld_is_left_to_the_person() {
        let facts = facts("firewalld", true, false);
        let path = "/etc/firewalld/direct.xml";
        let refused = Tree::of(&[]).changes(|draft| accept_portal(draft, &facts, "firewalld", path)).unwrap_err();
        assert_eq!(refused.place, path);
    }
}
