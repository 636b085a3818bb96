#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::connection::Message;
use super::*;
use isctpl_checks::facts::{LinkKind, OperState};
use netlink_packet_route::address::{AddressAttribute, CacheInfo};
use netlink_packet_route::link::{InfoData, InfoKind, InfoVlan, LinkAttribute, LinkFlags, LinkInfo, State};
use netlink_packet_route::route::{RouteAttribute, RouteFlags};
use proptest::prelude::*;
use rtnetlink::packet_core::{NetlinkDeserializable, NetlinkHeader};

const RTM_NEWROUTE: u16 = 24;

fn vlan(infos: Vec<LinkInfo>, more: Option<LinkAttribute>) -> LinkMessage {
    let mut message = LinkMessage::default();
    message.header.index = 7;
    message.header.flags = LinkFlags::Up | LinkFlags::LowerUp;
    message.attributes.extend([
        LinkAttribute::IfName("san.7".to_owned()),
        LinkAttribute::Address(vec![0x52, 0x54, 0, 0, 0, 1]),
        LinkAttribute::PermAddress(vec![0x52, 0x54, 0, 0, 0, 2]),
        LinkAttribute::Mtu(9000),
        LinkAttribute::OperState(State::Up),
        LinkAttribute::Link(2),
        LinkAttribute::Controller(3),
        LinkAttribute::LinkInfo(infos),
    ]);
    message.attributes.extend(more);
    message
}

#[test]
fn a_vlan_tells_its_id_and_what_is_below() {
    let infos = vec![LinkInfo::Kind(InfoKind::Vlan), LinkInfo::Data(InfoData::Vlan(vec![InfoVlan::Id(7)]))];
    assert_eq!(
        link::link(&vlan(infos, None)),
        NetLink {
            index: 7,
            name: "san.7".to_owned(),
            mac: "52:54:00:00:00:01".to_owned(),
            permanent_mac: Some("52:54:00:00:00:02".to_owned()),
            up: true,
            carrier: true,
            oper_state: OperState::Up,
            mtu: 9000,
            master: Some(3),
            lower: Some(2),
            kind: LinkKind::Vlan,
            vlan: Some(7),
        }
    );
}

#[test]
fn what_is_in_another_namespace_is_not_below() {
    let macvlan = vec![LinkInfo::Kind(InfoKind::MacVlan)];
    assert_eq!(link::link(&vlan(macvlan.clone(), None)).lower, Some(2));
    assert_eq!(link::link(&vlan(macvlan, Some(LinkAttribute::LinkNetNsId(0)))).lower, None);
    assert_eq!(link::link(&vlan(vec![LinkInfo::Kind(InfoKind::Veth)], None)).lower, None);
}

#[test]
fn the_own_end_of_a_point_to_point_link_is_the_address() {
    let mut message = AddressMessage::default();
    message.header.index = 4;
    message.header.prefix_len = 32;
    let mut life = CacheInfo::default();
    life.ifa_valid = 60;
    message.attributes.extend([
        AddressAttribute::Address("10.0.0.2".parse().unwrap()),
        AddressAttribute::Local("10.0.0.1".parse().unwrap()),
        AddressAttribute::CacheInfo(life),
    ]);
    let address = link::address(&message, &Names::new()).unwrap();
    assert_eq!((address.net, address.valid_seconds), ("10.0.0.1/32".parse().unwrap(), Some(60)));
    assert_eq!(link::address(&AddressMessage::default(), &Names::new()), None);
}

#[test]
fn a_table_above_255_stands_in_its_attribute() {
    let mut message = RouteMessage::default();
    message.header.table = 252;
    message.attributes.push(RouteAttribute::Table(1000));
    assert_eq!(route::route(&message, &Names::new()).table, 1000);
    assert!(!route::is_cached(&message));
    message.header.flags = RouteFlags::Cloned;
    assert!(route::is_cached(&message));
}

#[test]
fn a_message_that_cannot_be_decoded_is_not_lost() {
    let mut header = NetlinkHeader::default();
    header.message_type = RTM_NEWROUTE;
    let Ok(message) = Message::deserialize(&header, &[2, 16, 0]);
    assert!(matches!(message, Message::Unreadable { kind: RTM_NEWROUTE, .. }), "{message:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn never_panics(kind in 16_u16..40, payload in proptest::collection::vec(any::<u8>(), 0..256)) {
        let mut header = NetlinkHeader::default();
        header.message_type = kind;
        let Ok(message) = Message::deserialize(&header, &payload);
        if let Message::Route(message) = message {
            match *message {
                RouteNetlinkMessage::NewLink(message) => drop(link::link(&message)),
                RouteNetlinkMessage::NewAddress(message) => drop(link::address(&message, &Names::new())),
                RouteNetlinkMessage::NewRoute(message) => drop(route::route(&message, &Names::new())),
                RouteNetlinkMessage::NewRule(message) => drop(rule::rule(&message)),
                _ => {}
            }
        }
    }
}
