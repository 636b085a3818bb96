//! A target in the SAN NIC's own network needs no route: only evidence makes its absence a fault.
//!
//! A dracut image of network-legacy with `netroot=iscsi:192.168.50.1::::… ip=dhcp` boots in such a network; the same
//! image behind a gateway loses its target (seen in a boot of Debian 12, dracut 059).
use super::machine::{Machine, machine};
use super::san_nic::stanza;
use isctpl_checks::{BootVerdict, Outcome};
use serde_json::{Value, json};

const WORDS: &str = "root=/dev/mapper/ubuntu--vg-ubuntu--lv ip=dhcp \
                     netroot=iscsi:192.168.50.1::::iqn.2013-01.com.bigstep:storage.100.98.0.10";

fn by_netroot() -> Machine {
    machine("dracut-root").cmdline(WORDS)
}

fn dropped(machine: Machine) -> Outcome {
    machine.says("login-option-121-dropped")
}

fn lease(address: &str, classless: Value) -> Value {
    json!([{"op": "add", "path": "/dhcp/leases/-", "value": {
        "at": {"path": "/var/lib/dhcp/dhclient.leases", "line": 3}, "client": "dhclient", "interface": "enp0s3",
        "address": address, "classless": classless,
    }}])
}

fn set(path: &str, value: Value) -> Value {
    json!([{"op": "add", "path": path, "value": value}])
}

#[test]
fn without_evidence_the_verdict_is_a_condition() {
    let verdict = by_netroot().judged().verdict;
    assert_eq!(verdict.boot, BootVerdict::Unknown, "{}", verdict.because);
    let condition = "fails unless the target is in the SAN NIC's own network: the DHCP client in the initramfs drops";
    assert!(verdict.because.contains(condition), "{}", verdict.because);
    let outcome = dropped(by_netroot());
    let Outcome::Unknown { evidence, .. } = &outcome else { panic!("{outcome:?}") };
    assert!(!evidence.is_empty(), "{outcome:?}");
}

#[test]
fn a_target_that_is_known_to_be_on_the_link_needs_no_option() {
    let san = || by_netroot().patch(set("/scope/san_nic", json!("enp0s3")));
    let flat = [
        ("said so", by_netroot().patch(set("/scope/san_on_link", json!(true)))),
        ("its lease", san().patch(lease("192.168.50.23/24", Value::Null))),
        (
            "its lease, with routes to other networks",
            san().patch(lease("192.168.50.23/24", json!([{"destination": "10.0.0.0/8", "gateway": "192.168.50.254"}]))),
        ),
        (
            "its configuration",
            san().patch(set(
                "/netconfig/interfaces/-",
                stanza("enp0s3", json!({"method": "static", "addresses": ["192.168.50.23/24"]})),
            )),
        ),
    ];
    for (how, machine) in flat {
        let outcome = dropped(machine);
        assert!(matches!(outcome, Outcome::Pass(_)), "{how}: {outcome:?}");
    }
}

#[test]
fn a_target_that_is_known_to_be_behind_a_gateway_is_lost() {
    let san = || by_netroot().patch(set("/scope/san_nic", json!("enp0s3")));
    let routed = [
        ("another network", san().patch(lease("10.7.0.23/24", Value::Null))),
        (
            "option 121",
            by_netroot()
                .patch(lease("10.7.0.23/24", json!([{"destination": "192.168.50.0/24", "gateway": "10.7.0.1"}]))),
        ),
        (
            "a configured route",
            by_netroot().patch(set(
                "/netconfig/interfaces/-",
                stanza(
                    "enp0s3",
                    json!({
                        "routes": [{"value": {"destination": "192.168.50.0/24", "gateway": "10.7.0.1"},
                                    "at": {"path": "/etc/network/interfaces", "line": 9}}],
                    }),
                ),
            )),
        ),
        // Without a portal, the subnet that the user names is held against the NIC's own.
        (
            "--san-subnet",
            machine("dracut-root")
                .cmdline("root=/dev/mapper/ubuntu--vg-ubuntu--lv ip=dhcp rd.iscsi.firmware=1")
                .patch(set("/scope/san_nic", json!("enp0s3")))
                .patch(set("/scope/san_subnets/-", json!("192.168.50.0/24")))
                .patch(lease("10.7.0.23/24", Value::Null)),
        ),
    ];
    for (how, machine) in routed {
        let outcome = dropped(machine);
        assert!(matches!(outcome, Outcome::Fail(_)), "{how}: {outcome:?}");
    }
}

#[test]
fn a_lease_of_one_address_or_of_another_nic_shows_no_network() {
    let san = || by_netroot().patch(set("/scope/san_nic", json!("enp0s4")));
    for (how, machine) in [
        ("another NIC's", san().patch(lease("192.168.50.23/24", Value::Null))),
        (
            "one address",
            by_netroot().patch(set("/scope/san_nic", json!("enp0s3"))).patch(lease("10.7.0.23/32", Value::Null)),
        ),
    ] {
        let outcome = dropped(machine);
        assert!(matches!(outcome, Outcome::Unknown { .. }), "{how}: {outcome:?}");
    }
}

/// `UseRoutes=no`, a static address alone: what they take away is a route that a flat network has not.
#[test]
fn the_real_root_loses_nothing_in_a_flat_network() {
    let networkd = |more: Value| {
        let mut config = stanza("enp0s3", json!({"manager": "networkd"}));
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let managers = json!([{"manager": "networkd", "enabled": true, "at": null}]);
        machine("initramfs-tools-root").patch(json!([
            {"op": "replace", "path": "/netconfig/interfaces", "value": [config]},
            {"op": "replace", "path": "/netconfig/managers", "value": managers},
        ]))
    };
    let no = json!({"value": false, "at": {"path": "/etc/systemd/network/san.network", "line": 7}});
    let keep = json!({"value": "dhcp", "at": {"path": "/etc/systemd/network/san.network", "line": 5}});
    let ignores = || networkd(json!({"use_dhcp_routes": no.clone(), "keep": keep.clone()}));
    let alone = || networkd(json!({"method": "static", "addresses": ["192.168.50.23/24"]}));
    for (check, machine) in [
        ("handover-classless-routes-ignored", &ignores as &dyn Fn() -> Machine),
        ("handover-san-route-not-kept", &alone),
    ] {
        let open = machine().says(check);
        assert!(matches!(open, Outcome::Unknown { .. }), "{check}: {open:?}");
        let flat = machine().patch(set("/scope/san_on_link", json!(true))).says(check);
        assert!(matches!(flat, Outcome::Pass(_)), "{check}: {flat:?}");
        let routed = machine().behind_a_gateway().says(check);
        assert!(matches!(routed, Outcome::Fail(_)), "{check}: {routed:?}");
    }
    let lost = networkd(json!({"method": "unset"})).says("handover-san-route-not-kept");
    assert!(matches!(lost, Outcome::Fail(_)), "an address is needed in every network: {lost:?}");
}
