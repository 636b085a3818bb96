//! The SAN NIC as a port of a bond, a bridge, a team or a VRF, from its own configuration and from the port's master.
use super::machine::{located, machine};
use isctpl_checks::facts::Facts;
use isctpl_checks::{BootVerdict, Selection, Severity, judge};
use serde_json::{Value, json};

/// A machine whose SAN NIC has this configuration, read by this manager alone.
fn with(manager: &str, mut config: Value, more: &[Value]) -> Facts {
    let mut base = machine("dracut-live").value()["netconfig"]["interfaces"][0].clone();
    config["manager"] = json!(manager);
    for key in ["keep", "use_dhcp_routes", "use_dhcp_gateway"] {
        base[key] = Value::Null;
    }
    for (key, value) in config.as_object().unwrap() {
        base[key] = value.clone();
    }
    let managers =
        json!([{"manager": if manager == "netplan" { "networkd" } else { manager }, "enabled": true, "at": null}]);
    let mut patch = vec![
        json!({"op": "replace", "path": "/netconfig/interfaces", "value": [base]}),
        json!({"op": "replace", "path": "/netconfig/managers", "value": managers}),
    ];
    patch.extend_from_slice(more);
    machine("dracut-live").patch(Value::Array(patch)).facts()
}

/// How grave it is that the SAN NIC becomes a port, and what the boot comes to; `None` where that is not said.
fn told(facts: &Facts) -> (Option<Severity>, BootVerdict) {
    let judgement = judge(facts, &Selection::default());
    let port = |finding: &&isctpl_checks::Finding| finding.summary.contains("port");
    let found = judgement.findings().into_iter().map(|(_, finding)| finding).find(port).map(|found| found.severity);
    (found, judgement.verdict.boot)
}

const CUT: (Option<Severity>, BootVerdict) = (Some(Severity::Critical), BootVerdict::AtRisk);
const LATER: (Option<Severity>, BootVerdict) = (Some(Severity::Warning), BootVerdict::Boots);

#[test]
fn a_port_is_told_from_its_own_configuration() {
    let port = |upper: &str| json!({"method": "manual", "port_of": located(json!(upper))});
    // networkd enslaves at once, the address kept or not (link_set_master()).
    assert_eq!(told(&with("networkd", port("br0"), &[])), CUT);
    let mut kept = port("bond0");
    kept["keep"] = located(json!("yes"));
    assert_eq!(told(&with("networkd", kept, &[])), CUT);
    // A VRF's port keeps its address; its routes go to the VRF's table (do_vrf_add_slave()).
    assert_eq!(told(&with("networkd", port("san"), &[])), CUT);
    // ifenslave takes the NIC down and adds it to the bond, whatever the method.
    assert_eq!(told(&with("ifupdown", port("bond0"), &[])), CUT);
    // initscripts' ifup-eth takes the NIC down, or flushes its addresses for a bridge.
    assert_eq!(told(&with("ifcfg", port("bond0"), &[])), CUT);
    // NetworkManager gives a NIC that is up no profile (schedule_activate_check()).
    assert_eq!(told(&with("network-manager", port("6c1b3f2e-0000-4000-8000-000000000001"), &[])), LATER);
}

#[test]
fn network_manager_takes_a_port_at_once_where_its_master_brings_its_ports_up() {
    let master = |at_boot: bool| {
        let mut bridge = machine("dracut-live").value()["netconfig"]["interfaces"][1].clone();
        bridge["manager"] = json!("network-manager");
        bridge["matches"] = json!({"names": ["br0"], "types": ["bridge"]});
        bridge["brings_ports_up"] = json!(true);
        bridge["at_boot"] = json!(at_boot);
        json!({"op": "add", "path": "/netconfig/interfaces/-", "value": bridge})
    };
    let port = json!({"method": "disabled", "port_of": located(json!("br0"))});
    assert_eq!(told(&with("network-manager", port.clone(), &[master(true)])), CUT);
    assert_eq!(told(&with("network-manager", port, &[master(false)])), LATER);
}

#[test]
fn a_port_is_told_from_above() {
    let bridge = |ports: Value| json!({"matches": {"names": ["br0"]}, "lower": ports});
    for manager in ["networkd", "netplan", "ifupdown"] {
        assert_eq!(told(&with(manager, bridge(json!(["ibft0"])), &[])), CUT, "{manager}");
        assert_eq!(told(&with(manager, bridge(json!(["ibft*", "eth0"])), &[])), CUT, "{manager}: a glob");
        assert_eq!(told(&with(manager, bridge(json!(["eth0"])), &[])).0, None, "{manager}: another NIC");
        let mut vlan = bridge(json!(["ibft0"]));
        vlan["vlan"] = json!(47);
        assert_eq!(told(&with(manager, vlan, &[])).0, None, "{manager}: a VLAN leaves it as it is");
    }
}
