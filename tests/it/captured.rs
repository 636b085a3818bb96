//! Instances captured by `isctpl snapshot`, all but one while they ran in the lab: what was said on the spot
//! is said of the capture. And files of theirs, as programs of the instance wrote them.

use crate::support::run::isctpl;
use isctpl::formats::network::leases;

/// The verdict and every finding, with its severity.
fn said(name: &str) -> Vec<String> {
    let path = crate::support::fixtures().join("captured").join(name);
    let report = isctpl(["doctor", "--format", "json", "--snapshot", path.to_str().unwrap()]).json();
    assert_eq!(report["mode"], "snapshot");
    let verdict = &report["verdict"];
    let mut said = vec![match verdict["broken_link"].as_str() {
        Some(link) => format!("{} at {link}", verdict["boot"].as_str().unwrap()),
        None => verdict["boot"].as_str().unwrap().to_owned(),
    }];
    said.extend(report["findings"].as_array().unwrap().iter().map(|finding| {
        let word = |key: &str| finding[key].as_str().unwrap().to_owned();
        format!("{} {} {}", word("status"), word("severity"), word("check"))
    }));
    said
}

#[test]
fn the_recipes_own_command_line() {
    assert_eq!(said("debian-12-seed-cmdline.json"), ["fails at login", "fail critical login-interface-named-ibft"]);
}

/// Booted by `iscsi_auto`: every link holds; the default route into the SAN is iscsistart's, and the only one.
#[test]
fn a_booted_instance() {
    assert_eq!(said("debian-12-live.json"), ["boots", "fail info default-route-via-san"]);
}

/// Booted by dracut's network-legacy: the address on the SAN NIC has a lifetime, and nobody renews
/// it. With a short lease the root was seen to go when it ran out.
#[test]
fn a_booted_instance_whose_address_runs_out() {
    let said = said("debian-12-dracut-live.json");
    assert_eq!(said[..2], ["at-risk at uptime", "fail critical san-address-expires"]);
}

/// Three more ways to hand the SAN NIC over to the real root. networkd takes away the default route that the
/// initramfs left.
#[test]
fn booted_instances_of_three_managers() {
    // KeepConfiguration=dhcp does not keep the address that initramfs-tools sets.
    assert_eq!(said("debian-12-networkd-live.json"), ["boots", "fail warning handover-wan-before-san"]);
    for manager in ["netplan", "networkmanager"] {
        let said = said(&format!("debian-12-{manager}-live.json"));
        assert_eq!(said, ["boots", "fail warning default-route-via-san"], "{manager}");
    }
}

/// Two clients got the same from one server: an address, no router, and the SAN route by option 121.
#[test]
fn leases_of_booted_instances() {
    let text = |name: &str| std::fs::read_to_string(crate::support::fixtures().join("captured").join(name)).unwrap();
    let networkd = leases::networkd::parse(&text("networkd.lease"), "/run/systemd/netif/leases/2", Some(2));
    let klibc = leases::klibc::parse(&text("net-enp0s3.conf"), "/run/net-enp0s3.conf");
    for (leases, problems) in [networkd, klibc] {
        assert_eq!(problems, []);
        let [lease] = leases.as_slice() else { panic!("{leases:?}") };
        assert_eq!(lease.address.unwrap().to_string(), "100.64.16.54/29");
        assert!(lease.routers.is_empty(), "{:?}", lease.routers);
        let Some([route]) = lease.classless.as_deref() else { panic!("{:?}", lease.classless) };
        assert_eq!(route.destination.to_string(), "100.97.0.0/16");
        assert_eq!(route.gateway.to_string(), "100.64.16.49");
    }
}
