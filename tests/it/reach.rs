//! Reaching portals in network namespaces: a machine, its SAN's gateway, and what stands in the way.

use crate::support::netns::{Namespace, PORTAL, instance};
use isctpl::system::reach::{Origin, Reach, connect};
use nix::errno::Errno;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::time::{Duration, Instant};

/// Long enough for an answer on this machine, and for the neighbour table to give up.
const ENOUGH: Duration = Duration::from_secs(10);

fn portal(address: &str) -> SocketAddr {
    SocketAddr::new(address.parse().unwrap(), 3260)
}

/// An instance, and the other end of its SAN NIC: the gateway, with a portal behind it.
fn bench(purpose: &str) -> Option<(Namespace, Namespace, TcpListener)> {
    let machine = instance(purpose)?;
    let san = Namespace::new(&format!("{purpose}-san"))?;
    machine.ip(&format!("link set san-peer netns {}", san.name()));
    san.ip("addr add 100.64.16.49/29 dev san-peer");
    san.ip("link set san-peer up");
    san.ip(&format!("addr add {PORTAL}/32 dev lo"));
    // The neighbour table gives up after three tries; a second between them is long for a test.
    for nic in ["san", "wan"] {
        let path = format!("/proc/sys/net/ipv4/neigh/{nic}/retrans_time_ms");
        machine.run(|| std::fs::write(path, "50")).unwrap();
    }
    let listener = san.run(|| TcpListener::bind(portal(PORTAL))).unwrap();
    Some((machine, san, listener))
}

fn try_from(machine: &Namespace, address: &str, from: Origin<'_>, within: Duration) -> Reach {
    machine.run(|| connect(portal(address), from, within))
}

fn try_it(machine: &Namespace, address: &str) -> Reach {
    try_from(machine, address, Origin::default(), ENOUGH)
}

#[test]
fn a_portal_answers_and_tells_where_from() {
    let Some((machine, _san, _listener)) = bench("answers") else { return };
    let origins = [
        Origin::default(),
        Origin { interface: Some("san"), ..Origin::default() },
        Origin { address: Some("100.64.16.54".parse().unwrap()), interface: Some("san") },
    ];
    for from in origins {
        let Reach::Connected { local } = try_from(&machine, PORTAL, from, ENOUGH) else {
            panic!("{from:?}: {}", try_from(&machine, PORTAL, from, ENOUGH));
        };
        assert_eq!(local.ip(), "100.64.16.54".parse::<IpAddr>().unwrap());
    }
}

#[test]
fn a_closed_port_refuses() {
    let Some((machine, _san, listener)) = bench("closed") else { return };
    drop(listener);
    assert_eq!(try_it(&machine, PORTAL), Reach::Refused);
}

#[test]
fn without_a_route_nothing_is_tried() {
    let Some((machine, _san, _listener)) = bench("noroute") else { return };
    machine.ip("route del default");
    machine.ip("route del 100.97.0.0/16");
    assert_eq!(try_it(&machine, PORTAL), Reach::NoRoute);
    assert!(matches!(try_it(&machine, "2001:db8::1"), Reach::NoRoute | Reach::Other(Errno::EAFNOSUPPORT)));
    machine.ip("route add unreachable 100.97.0.0/16");
    assert_eq!(try_it(&machine, PORTAL), Reach::NoRoute);
    machine.ip("route replace prohibit 100.97.0.0/16");
    assert_eq!(try_it(&machine, PORTAL), Reach::Other(Errno::EACCES));
}

#[test]
fn who_swallows_packets_is_not_waited_for_beyond_the_bound() {
    let Some((machine, _san, _listener)) = bench("silent") else { return };
    // The gateway does not forward, and says nothing.
    let started = Instant::now();
    let outcome = try_from(&machine, "100.97.0.11", Origin::default(), Duration::from_millis(300));
    assert_eq!(outcome, Reach::TimedOut);
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(300) && took < Duration::from_secs(3), "{took:?}");
}

#[test]
fn an_absent_gateway_and_a_router_that_knows_no_way_are_unreachable() {
    let Some((machine, san, _listener)) = bench("unreachable") else { return };
    san.run(|| std::fs::write("/proc/sys/net/ipv4/ip_forward", "1")).unwrap();
    san.ip("route add unreachable 100.97.0.12/32");
    assert_eq!(try_it(&machine, "100.97.0.12"), Reach::HostUnreachable);
    // A router without any route answers with another code: it is still not this machine that lacks one.
    assert_eq!(try_it(&machine, "100.97.0.13"), Reach::HostUnreachable);
    san.ip("addr del 100.64.16.49/29 dev san-peer");
    machine.ip("neigh flush all");
    assert_eq!(try_it(&machine, PORTAL), Reach::HostUnreachable);
}

#[test]
fn the_wrong_nic_does_not_get_there() {
    let Some((machine, _san, _listener)) = bench("wrongnic") else { return };
    let by = |interface| Origin { interface: Some(interface), ..Origin::default() };
    assert_eq!(try_from(&machine, PORTAL, by("wan"), ENOUGH), Reach::HostUnreachable);
    assert_eq!(try_from(&machine, PORTAL, by("nope0"), ENOUGH), Reach::CannotBind(Errno::ENODEV));
    // The target has no way back to the address of the other NIC.
    let other = Origin { address: Some("192.0.2.10".parse().unwrap()), ..Origin::default() };
    assert_eq!(try_from(&machine, PORTAL, other, Duration::from_millis(300)), Reach::TimedOut);
    let foreign = Origin { address: Some("203.0.113.9".parse().unwrap()), ..Origin::default() };
    assert_eq!(try_from(&machine, PORTAL, foreign, ENOUGH), Reach::CannotBind(Errno::EADDRNOTAVAIL));
}

#[test]
fn outcomes_are_told_in_plain_english() {
    let told =
        [Reach::NoRoute, Reach::Refused, Reach::TimedOut, Reach::CannotBind(Errno::ENODEV)].map(|o| o.to_string());
    assert_eq!(told[0], "this machine has no route to it");
    assert!(told[1].contains("nothing listens") && told[2].contains("in time"));
    assert_eq!(told[3], "the NIC or local address cannot be used: no such device");
}
