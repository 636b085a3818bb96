//! What makes a NIC a port, from below and from above.

use super::*;

/// Which NICs are ports of what, and what names its ports, as the facts have it.
fn ports(files: &[(&str, &str)]) -> (Vec<(String, String)>, Vec<String>) {
    let facts = read(&SampleRoot::of(files));
    let name = |config: &isctpl_checks::facts::InterfaceConfig| config.matches.names.join(" ");
    let below = facts.interfaces.iter().filter_map(|config| Some((name(config), config.port_of.clone()?.value)));
    (below.collect(), facts.interfaces.iter().flat_map(|config| config.lower.clone()).collect())
}

/// network_resolve_netdev_one() of networkd-network.c: a name without a `.netdev` file is ignored.
#[test]
fn networkd_makes_a_port_only_for_what_a_netdev_file_makes() {
    let port = ("/etc/systemd/network/10-san.network", "[Match]\nName=enp0s3\n[Network]\nBridge=br0\n");
    let every = ("/etc/systemd/network/20-dhcp.network", "[Match]\nName=en*\n[Network]\nDHCP=yes\n");
    let bridge = ("/etc/systemd/network/br0.netdev", "[NetDev]\nName=br0\nKind=bridge\n");
    assert_eq!(ports(&[port, every, bridge]).0, [("enp0s3".to_owned(), "br0".to_owned())]);
    assert!(ports(&[port, every]).0.is_empty());
    let vlan = ("/etc/systemd/network/10-san.network", "[Match]\nName=enp0s3\n[Network]\nVLAN=san\n");
    let made = ("/etc/systemd/network/san.netdev", "[NetDev]\nName=san\nKind=vlan\n[VLAN]\nId=47\n");
    assert!(ports(&[vlan, made]).0.is_empty());
}

#[test]
fn ifupdown_tells_a_port_from_either_side() {
    let of = |text: &str| ports(&[("/etc/network/interfaces", text)]);
    // ifenslave's if-pre-up.d/ifenslave: `bond-master` in the NIC's stanza, `bond-slaves` in the bond's.
    let (below, _) = of("auto enp0s3\niface enp0s3 inet manual\n bond-master bond0\n");
    assert_eq!(below, [("enp0s3".to_owned(), "bond0".to_owned())]);
    assert_eq!(of("auto bond0\niface bond0 inet dhcp\n bond_slaves enp0s3 enp0s4\n").1, ["enp0s3", "enp0s4"]);
    assert_eq!(of("auto br0\niface br0 inet dhcp\n bridge_ports regex en.*\n").1, ["en*"]);
    assert_eq!(of("auto ovs0\niface ovs0 inet dhcp\n ovs_type OVSBridge\n ovs_ports enp0s3\n").1, ["enp0s3"]);
    let (below, _) = of("auto enp0s3\niface enp0s3\n vrf san\n");
    assert_eq!(below, [("enp0s3".to_owned(), "san".to_owned())]);
    assert!(of("auto enp0s3\niface enp0s3 inet manual\n bond-master none\n").0.is_empty());
    let facts = read(&SampleRoot::of(&[(
        "/etc/network/interfaces",
        "auto br0\niface br0 inet dhcp\n bridge_ports regex (en|eth).*\n",
    )]));
    assert_eq!(facts.problems[0].source, Source::Manager(Manager::Ifupdown), "{:?}", facts.problems);
}
