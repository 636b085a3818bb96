//! Policy rules, with all that they ask of a packet.

use super::names;
use ipnet::IpNet;
use isctpl_checks::facts::Rule;
use netlink_packet_route::rule::{RuleAttribute, RuleFlags, RuleMessage};
use netlink_packet_route::{AddressFamily, IpProtocol};

/// A rule as iproute2 tells it (`ip/iprule.c`, `print_rule`).
pub(super) fn rule(message: &RuleMessage) -> Rule {
    let header = &message.header;
    let mut rule = Rule {
        table: u32::from(header.table),
        action: names::action(header.action),
        ipv6: header.family == AddressFamily::Inet6,
        ..Rule::default()
    };
    if header.flags.contains(RuleFlags::Invert) {
        rule.selectors.push("not".to_owned());
    }
    if header.tos != 0 {
        rule.selectors.push(format!("tos {:#x}", header.tos));
    }
    let mut mark = None;
    let mut mask = None;
    for attribute in &message.attributes {
        match attribute {
            RuleAttribute::Priority(priority) => rule.priority = *priority,
            RuleAttribute::Source(ip) => rule.from = IpNet::new(*ip, header.src_len).ok(),
            RuleAttribute::Destination(ip) => rule.to = IpNet::new(*ip, header.dst_len).ok(),
            RuleAttribute::Table(table) => rule.table = *table,
            RuleAttribute::FwMark(value) => mark = Some(*value),
            RuleAttribute::FwMask(value) => mask = Some(*value),
            other => rule.selectors.extend(selector(other)),
        }
    }
    let (mark, mask) = (mark.unwrap_or_default(), mask.unwrap_or_default());
    if mark != 0 || mask != 0 {
        let mask = if mask == u32::MAX { String::new() } else { format!("/{mask:#x}") };
        rule.selectors.push(format!("fwmark {mark:#x}{mask}"));
    }
    rule
}

/// What an attribute asks of a packet, in the words of ip-rule(8); `None` for what does not choose packets.
fn selector(attribute: &RuleAttribute) -> Option<String> {
    Some(match attribute {
        RuleAttribute::Iifname(name) => format!("iif {name}"),
        RuleAttribute::Oifname(name) => format!("oif {name}"),
        RuleAttribute::L3MDev(true) => "l3mdev".to_owned(),
        RuleAttribute::UidRange(range) => format!("uidrange {}-{}", range.start, range.end),
        RuleAttribute::IpProtocol(IpProtocol::Tcp) => "ipproto tcp".to_owned(),
        RuleAttribute::IpProtocol(IpProtocol::Udp) => "ipproto udp".to_owned(),
        RuleAttribute::IpProtocol(other) => format!("ipproto {}", u8::from(*other)),
        RuleAttribute::SourcePortRange(range) => format!("sport {}", ports(range.start, range.end)),
        RuleAttribute::DestinationPortRange(range) => format!("dport {}", ports(range.start, range.end)),
        RuleAttribute::TunId(id) if *id != 0 => format!("tun_id {id}"),
        // Not -1: the rule passes over a route of this length or shorter.
        RuleAttribute::SuppressPrefixLen(length) if *length != u32::MAX => format!("suppress_prefixlength {length}"),
        _ => return None,
    })
}

fn ports(start: u16, end: u16) -> String {
    if start == end { start.to_string() } else { format!("{start}-{end}") }
}
