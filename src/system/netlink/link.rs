//! Interfaces and their addresses.

use super::names::{self, Names};
use ipnet::IpNet;
use isctpl_checks::facts::{Address, NetLink, OperState};
use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_packet_route::link::{InfoData, InfoKind, InfoVlan, LinkAttribute, LinkFlags, LinkInfo, LinkMessage};

/// The lifetime that stands for no end (`INFINITY_LIFE_TIME` of `net/addrconf.h`).
const FOREVER: u32 = u32::MAX;

pub(super) fn link(message: &LinkMessage) -> NetLink {
    let flags = message.header.flags;
    let mut link = NetLink {
        index: message.header.index,
        up: flags.contains(LinkFlags::Up),
        carrier: flags.contains(LinkFlags::LowerUp),
        oper_state: OperState::Unknown,
        ..NetLink::default()
    };
    let mut other_namespace = false;
    for attribute in &message.attributes {
        match attribute {
            LinkAttribute::IfName(name) => link.name.clone_from(name),
            LinkAttribute::Address(mac) => link.mac = hardware(mac),
            LinkAttribute::PermAddress(mac) => link.permanent_mac = Some(hardware(mac)),
            LinkAttribute::Mtu(mtu) => link.mtu = *mtu,
            LinkAttribute::OperState(state) => link.oper_state = names::oper_state(*state).into(),
            LinkAttribute::Controller(index) => link.master = Some(*index).filter(|index| *index != 0),
            LinkAttribute::Link(index) => link.lower = Some(*index).filter(|index| *index != 0),
            LinkAttribute::LinkNetNsId(_) => other_namespace = true,
            LinkAttribute::LinkInfo(infos) => infos.iter().for_each(|info| fill_kind(&mut link, info)),
            _ => {}
        }
    }
    // The other end of a pair is not below, and the index of another namespace says nothing here.
    if other_namespace || [InfoKind::Veth, InfoKind::Netkit].iter().any(|pair| link.kind.as_str() == pair.to_string()) {
        link.lower = None;
    }
    link
}

fn fill_kind(link: &mut NetLink, info: &LinkInfo) {
    match info {
        LinkInfo::Kind(kind) => link.kind = kind.to_string().into(),
        LinkInfo::Data(InfoData::Vlan(values)) => {
            link.vlan = values.iter().find_map(|value| match value {
                InfoVlan::Id(id) => Some(*id),
                _ => None,
            });
        }
        _ => {}
    }
}

fn hardware(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().join(":")
}

/// `None` for a message without an address.
pub(super) fn address(message: &AddressMessage, names: &Names) -> Option<Address> {
    let (mut local, mut address, mut valid) = (None, None, FOREVER);
    for attribute in &message.attributes {
        match attribute {
            // On a point-to-point link `Address` is the other end, and `Local` this one.
            AddressAttribute::Local(ip) => local = Some(*ip),
            AddressAttribute::Address(ip) => address = Some(*ip),
            AddressAttribute::CacheInfo(info) => valid = info.ifa_valid,
            _ => {}
        }
    }
    Some(Address {
        index: message.header.index,
        interface: names.get(&message.header.index).cloned().unwrap_or_default(),
        net: IpNet::new(local.or(address)?, message.header.prefix_len).ok()?,
        valid_seconds: Some(valid).filter(|seconds| *seconds != FOREVER),
    })
}
