//! `--keep-route`: what is lost is put back as it was.

use super::*;

#[test]
fn a_lost_route_is_put_back_as_it_was() {
    let Some(namespace) = instance("watch-keep") else { return };
    namespace.ip("route replace 100.97.0.0/16 via 100.64.16.49 dev san proto dhcp metric 100 mtu 1400");
    namespace.ip("route del 100.97.0.0/16 via 100.64.16.49 metric 0");
    let before = namespace.ip("route show 100.97.0.0/16");
    let mut watch = Watch::begin(&namespace, &["--keep-route"]);
    for _ in 0..20 {
        namespace.ip("route del 100.97.0.0/16");
        let events: Vec<Value> = (0..3).map(|_| watch.next()).map(|line| line["event"].clone()).collect();
        assert_eq!(events, ["gap", "restored", "gap-end"]);
        assert_eq!(namespace.ip("route show 100.97.0.0/16"), before);
    }
    // An interface that goes down takes it along; it is put back when that is up again.
    namespace.ip("link set san down");
    assert_eq!(watch.next()["event"], "gap");
    namespace.ip("link set san up");
    while watch.next()["event"] != "gap-end" {}
    assert_eq!(namespace.ip("route show 100.97.0.0/16"), before);
    // Also where nothing else tells of that interface: IPv6 has addresses of its own to announce.
    let status = namespace.command("sysctl").args(["-qw", "net.ipv6.conf.san.disable_ipv6=1"]).status().unwrap();
    assert!(status.success());
    namespace.ip("link set san down");
    while watch.next()["event"] != "gap" {}
    namespace.ip("link set san up");
    while watch.next()["event"] != "gap-end" {}
    assert_eq!(namespace.ip("route show 100.97.0.0/16"), before);
    // A route in its place is not fought, and nothing is said to be put back.
    namespace.ip("route replace 100.97.0.0/16 via 192.0.2.1 dev wan metric 100");
    assert_eq!(watch.next()["event"], "gap");
    namespace.ip("route replace 100.97.0.0/16 via 100.64.16.49 dev san proto dhcp metric 100 mtu 1400");
    assert_eq!(watch.next()["event"], "gap-end");
    // A route that leads elsewhere is not fought: the SAN route stands.
    namespace.ip("route add 100.97.0.10 via 192.0.2.1 dev wan");
    assert_eq!(watch.next()["event"], "gap");
    let events: Vec<Value> = watch.end().into_iter().map(|line| line["event"].clone()).collect();
    assert_eq!(events, ["stop"]);
}

/// A NIC that is taken out takes the route along; one of its name that comes in its place gets it once it has an address.
#[test]
fn a_nic_may_go_and_come_back() {
    let Some(namespace) = instance("watch-removed") else { return };
    let before = namespace.ip("route show 100.97.0.0/16");
    let mut watch = Watch::begin(&namespace, &["--keep-route"]);
    for _ in 0..3 {
        namespace.ip("link del san");
        assert!(watch.told().starts_with("gap: "));
        namespace.nic("san", "52:54:00:00:00:01");
        namespace.ip("addr add 100.64.16.54/29 dev san");
        while watch.next()["event"] != "gap-end" {}
        assert_eq!(namespace.ip("route show 100.97.0.0/16"), before);
    }
}
