//! Which NIC is the SAN NIC: told, proved, read from the disk, or tried one by one.
use super::machine::{gateway_to_target, machine};
use isctpl_checks::facts::Facts;
use isctpl_checks::{BootVerdict, Judgement, Link, Selection, judge, unborne_san_nic};
use serde_json::{Value, json};

/// A stanza of ifupdown, by default `auto` with DHCP.
pub(super) fn stanza(name: &str, more: Value) -> Value {
    let mut stanza = json!({
        "manager": "ifupdown", "at": {"path": "/etc/network/interfaces", "line": 4}, "also": [],
        "matches": {"names": [name]}, "method": "dhcp", "addresses": [], "gateway": null, "routes": [],
        "at_boot": true, "unmanaged": false, "use_dhcp_routes": null, "use_dhcp_gateway": null, "keep": null,
        "metric": null, "commands": [], "mtu": null, "renderer": null, "generated_by": null, "lower": [],
        "vlan": null, "set_name": null, "optional": false,
    });
    stanza.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    stanza
}

/// A disk of which nobody told which NIC is the SAN NIC, with these configurations, all of whose managers start.
fn disk(base: &str, configs: &[Value], more: &[Value]) -> Judgement {
    judge(&disk_facts(base, configs, more), &Selection::default())
}

fn disk_facts(base: &str, configs: &[Value], more: &[Value]) -> Facts {
    let managers: Vec<Value> = ["ifupdown", "networkd", "network-manager"]
        .iter()
        .map(|manager| json!({"manager": manager, "enabled": true, "at": null}))
        .collect();
    let set = |path: &str, value: Value| json!({"op": "replace", "path": path, "value": value});
    let mut patch = vec![
        set("/scope/san_nic", Value::Null),
        set("/netconfig/interfaces", json!(configs)),
        set("/netconfig/managers", json!(managers)),
    ];
    patch.extend_from_slice(more);
    machine(base).patch(Value::Array(patch)).facts()
}

#[test]
fn where_nothing_tells_the_san_nic_every_nic_is_tried() {
    let both = [stanza("enp0s3", json!({})), stanza("enp0s4", json!({}))];
    let open = disk("initramfs-tools-root", &both, &[]);
    assert_eq!(open.verdict.boot, BootVerdict::Unknown, "{}", open.verdict.because);
    assert_eq!(open.verdict.hangs_on.as_deref(), Some("boots unless enp0s3 or enp0s4 is the SAN NIC"));
    assert!(open.verdict.because.contains("boots unless enp0s3"), "{}", open.verdict.because);
    assert!(open.verdict.checks.contains(&"handover-san-nic-reconfigured"), "{:?}", open.verdict.checks);
    assert_eq!(open.exit_code(), 3);
    assert!(open.chain.iter().all(|link| !link.summary.contains("no network manager touches")), "{:?}", open.chain);
    let told = |name: &str| json!({"op": "replace", "path": "/scope/san_nic", "value": name});
    let of = |name: &str| disk("initramfs-tools-root", &both, &[told(name)]).verdict.boot;
    assert_eq!(
        [of("enp0s3"), of("enp0s4"), of("unconfigured")],
        [BootVerdict::AtRisk, BootVerdict::AtRisk, BootVerdict::Boots]
    );

    let wan = disk("initramfs-tools-root", &both[1..], &[]);
    assert_eq!(wan.verdict.hangs_on.as_deref(), Some("boots unless enp0s4 is the SAN NIC"));
    let by_mac = stanza("x", json!({"manager": "networkd", "matches": {"macs": ["52:54:00:00:00:02"]}}));
    let mixed = disk("initramfs-tools-root", &[stanza("enp0s3", json!({})), by_mac], &[]);
    let either = "boots unless enp0s3 or 52:54:00:00:00:02 is the SAN NIC";
    assert_eq!(mixed.verdict.hangs_on.as_deref(), Some(either));
}

#[test]
fn a_file_that_no_hardware_can_match_names_no_candidate() {
    let networkd = |name: &str, mut matches: Value, more: Value| {
        matches["names"] = json!([name]);
        let mut config = stanza(name, json!({"manager": "networkd", "matches": matches}));
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        config
    };
    let quiet = || json!({"method": "unset"});
    let shipped = [
        networkd("6rd-*", json!({"types": ["sit"]}), quiet()),
        networkd("host0", json!({"other": ["Virtualization=container"]}), json!({})),
        networkd("ve-*", json!({"drivers": ["veth"]}), json!({"method": "static"})),
        networkd("vz-*", json!({"drivers": ["bridge"]}), json!({"method": "static"})),
    ];
    let none = disk("initramfs-tools-root", &shipped, &[]);
    assert_eq!((none.verdict.boot, none.verdict.hangs_on), (BootVerdict::Boots, None), "{}", none.verdict.because);
    // A SAN NIC that is told by its MAC address alone is none of these either.
    let wide =
        networkd("en*", json!({}), json!({"use_dhcp_routes": {"value": false, "at": {"path": "/n", "line": 1}}}));
    let all: Vec<Value> = [wide].into_iter().chain(shipped).collect();
    let by_mac = json!({"op": "replace", "path": "/scope/san_nic", "value": "52:54:00:00:00:01"});
    let mut more = vec![by_mac];
    more.extend(gateway_to_target().as_array().unwrap().clone());
    let told = disk("initramfs-tools-root", &all, &more);
    assert_eq!(
        (told.verdict.boot, told.verdict.broken_link),
        (BootVerdict::AtRisk, Some(Link::Handover)),
        "{}",
        told.verdict.because
    );
}

#[test]
fn what_every_nic_leads_to_is_the_verdict() {
    let manual = |name: &str| stanza(name, json!({"method": "manual", "unmanaged": true, "at_boot": false}));
    let harmless = disk("initramfs-tools-root", &[manual("enp0s3"), manual("enp0s4")], &[no_guard()]);
    assert_eq!((harmless.verdict.boot, harmless.exit_code()), (BootVerdict::Boots, 0), "{}", harmless.verdict.because);
    // One pattern takes every NIC, and a bridge takes one of them besides: at risk by one check or the other.
    let all = stanza("en*", json!({}));
    let risk = disk("initramfs-tools-root", &[all, stanza("enp0s3", json!({}))], &[no_guard()]);
    assert_eq!((risk.verdict.boot, risk.verdict.broken_link), (BootVerdict::AtRisk, Some(Link::Handover)));
    assert_eq!(risk.exit_code(), 2);
    assert!(!risk.findings().is_empty());
    // A break that has nothing to do with it stands first, and is the one that is told.
    let both = [stanza("enp0s3", json!({})), stanza("enp0s4", json!({}))];
    let gone = json!({"op": "replace", "path": "/images", "value": []});
    assert_ne!(disk("initramfs-tools-root", &both, &[gone]).verdict.hangs_on.as_deref(), Some(""));
    let logout = json!({"op": "replace", "path": "/loader/entries/0/kernel/path", "value": null});
    let fails = disk("initramfs-tools-root", &both, &[logout]);
    assert_eq!((fails.verdict.boot, fails.verdict.broken_link), (BootVerdict::Fails, Some(Link::Loader)));
}

fn no_guard() -> Value {
    json!({"op": "replace", "path": "/netconfig/iscsi_nic_guard", "value": null})
}

#[test]
fn the_disk_itself_may_tell_the_san_nic() {
    let wan = || stanza("enp0s4", json!({}));
    let of_networkd = |more: Value| {
        let mut config = stanza("enp0s3", json!({"manager": "networkd", "keep": located("yes")}));
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        config
    };
    let word = |key: &str, value: &str| {
        json!({"op": "add", "path": "/loader/entries/0/cmdline/words/-",
            "value": {"key": key, "value": value, "secret": false}})
    };
    let lease = json!({"op": "add", "path": "/dhcp/leases/-", "value": {"client": "dhclient", "interface": "enp0s3",
        "classless": [{"destination": "100.97.0.0/16", "gateway": "100.64.16.49"}]}});
    let record = |key: &str, value: &str| {
        json!({"op": "add", "path": "/iscsi/nodes/-", "value": {"target": "iqn.x", "port": 3260, key: value,
            "startup": {"value": "onboot", "at": {"path": "/etc/iscsi/nodes/x", "line": 3}}}})
    };
    let portal = json!({"op": "add", "path": "/scope/portals/-", "value": "100.97.0.10:3260"});
    let route = located(json!({"destination": "100.97.0.0/16", "gateway": "100.64.16.49", "metric": null}));
    let leads =
        of_networkd(json!({"keep": null, "method": "static", "addresses": ["100.64.16.54/29"], "routes": [route]}));
    for (what, configs, more) in [
        ("KeepConfiguration=", vec![of_networkd(json!({})), wan()], vec![]),
        ("a route to the portal", vec![leads, wan()], vec![portal]),
        ("rd.route=", vec![wan()], vec![word("rd.route", "100.97.0.0/16:100.64.16.49:enp0s3")]),
        ("ip=", vec![wan()], vec![word("ip", ":::::enp0s3:dhcp")]),
        ("no-auto-down", vec![stanza("enp0s3", json!({"method": "manual", "left_up": true})), wan()], vec![]),
        ("a lease with option 121", vec![wan()], vec![lease.clone()]),
        ("a node record's NIC", vec![wan()], vec![record("net_interface", "enp0s3")]),
    ] {
        let judgement = disk("initramfs-tools-root", &configs, &more);
        assert_eq!(judgement.verdict.boot, BootVerdict::Boots, "{what}: {}", judgement.verdict.because);
        let without = disk("initramfs-tools-root", &[wan()], &[]);
        assert_eq!(without.verdict.boot, BootVerdict::Unknown);
    }
    // Two that disagree tell nothing.
    let disagree = disk("initramfs-tools-root", &[wan()], &[lease, record("net_interface", "enp0s4")]);
    assert_eq!(disagree.verdict.boot, BootVerdict::Unknown);
    let risk = disk("initramfs-tools-root", &[wan()], &[record("net_interface", "enp0s4")]);
    assert_eq!(risk.verdict.boot, BootVerdict::AtRisk, "{}", risk.verdict.because);
}

fn located(value: impl Into<Value>) -> Value {
    json!({"value": value.into(), "at": {"path": "/etc/x", "line": 1}})
}

/// The NICs and the iBFT of a rescue on the same machine.
fn same_machine(names: [&str; 2], with_ibft: bool) -> Vec<Value> {
    let live = machine("initramfs-tools-live").value();
    let mut nics = live["nics"].clone();
    for (nic, name) in names.into_iter().enumerate() {
        nics["known"][nic]["name"] = json!(name);
    }
    let set = |path: &str, value: Value| json!({"op": "replace", "path": path, "value": value});
    let mut patch = vec![set("/scope/same_machine", json!(true)), set("/nics", nics)];
    if with_ibft {
        patch.push(set("/firmware", live["firmware"].clone()));
    }
    patch
}

#[test]
fn a_machine_that_is_known_leaves_its_own_nics_alone() {
    let wan = [stanza("enp0s4", json!({}))];
    let names = ["enp0s3", "enp0s4"];
    let known = disk("initramfs-tools-root", &wan, &same_machine(names, true));
    assert_eq!(known.verdict.boot, BootVerdict::Boots, "{}", known.verdict.because);
    let san = disk("initramfs-tools-root", &[stanza("enp0s3", json!({}))], &same_machine(names, true));
    assert_eq!(san.verdict.boot, BootVerdict::AtRisk);
    // Without an iBFT each of the two NICs may be it, and no third one.
    let open = disk("initramfs-tools-root", &wan, &same_machine(names, false));
    assert_eq!(open.verdict.hangs_on.as_deref(), Some("boots unless enp0s4 is the SAN NIC"));
    let both = [stanza("enp0s3", json!({})), stanza("enp0s4", json!({}))];
    let risk = disk("initramfs-tools-root", &both, &same_machine(names, false));
    assert_eq!((risk.verdict.boot, risk.exit_code()), (BootVerdict::AtRisk, 2), "{}", risk.verdict.because);
    // The rescue names its NICs otherwise than the root does.
    let renamed = disk("initramfs-tools-root", &both, &same_machine(["eth0", "eth1"], true));
    let hangs_on = "boots unless enp0s3 or enp0s4 is what the root calls the SAN NIC eth0";
    assert_eq!(renamed.verdict.hangs_on.as_deref(), Some(hangs_on), "{}", renamed.verdict.because);
}

#[test]
fn a_san_nic_that_nothing_bears_is_an_error() {
    let wrong = |given: &str, more: &[Value]| {
        let mut patch = more.to_vec();
        patch.push(json!({"op": "replace", "path": "/scope/san_nic", "value": given}));
        let configs = [
            stanza("ens2f0", json!({})),
            stanza("ens2f1", json!({"matches": {"names": [], "macs": ["52:54:00:00:00:02"]}})),
        ];
        unborne_san_nic(&disk_facts("initramfs-tools-root", &configs, &patch)).map(|problem| problem.to_string())
    };
    for given in ["ens2fO", "no such nic", "52:54:00:00:00:03", ""] {
        let said = wrong(given, &[]).unwrap();
        assert!(said.contains("ens2f0") && said.contains("unconfigured"), "{given}: {said}");
    }
    for given in ["ens2f0", "52-54-00-00-00-02", "unconfigured"] {
        assert_eq!(wrong(given, &[]), None, "{given}");
    }
    let here = same_machine(["enp0s3", "enp0s4"], true);
    assert_eq!(wrong("enp0s3", &here), None);
    assert!(wrong("enp0s5", &here).is_some_and(|said| !said.contains("unconfigured")));
    assert!(wrong("unconfigured", &here).is_some());
    // What could not be read may have it.
    let unread =
        json!({"op": "add", "path": "/netconfig/problems/-", "value": {"place": "/etc/netplan/x.yaml", "what": "x"}});
    assert_eq!(wrong("ens2fO", &[unread]), None);
}

/// Which network the target is in is not known: a route by a gateway within the NIC's own network leads nowhere else.
#[test]
fn a_route_within_the_own_network_is_no_way_to_the_target() {
    let verdict = |destination: &str| {
        let route = json!({"destination": destination, "gateway": "192.0.2.1", "metric": null});
        let config = stanza(
            "enp0s3",
            json!({"manager": "networkd", "method": "static",
            "addresses": ["192.0.2.107/24"], "routes": [located(route)]}),
        );
        let patch = json!({"op": "replace", "path": "/scope/san_nic", "value": "enp0s3"});
        let verdict = disk("initramfs-tools-root", &[config], &[patch]).verdict;
        (verdict.boot, verdict.checks)
    };
    assert_eq!(verdict("198.51.100.0/24").0, BootVerdict::Boots);
    assert_eq!(verdict("192.0.0.0/16").0, BootVerdict::Boots);
    let unknown = (BootVerdict::Unknown, vec!["handover-san-route-not-kept"]);
    assert_eq!(verdict("192.0.2.0/24"), unknown);
    assert_eq!(verdict("192.0.2.64/26"), unknown);
}

/// A pattern for every NIC takes it, whichever name it has; where one is configured by its name, another name may be that
/// one mistyped.
#[test]
fn a_san_nic_that_is_taken_like_every_other_is_borne() {
    let is_borne = |given: &str, configs: &[Value]| {
        let patch = json!({"op": "replace", "path": "/scope/san_nic", "value": given});
        unborne_san_nic(&disk_facts("initramfs-tools-root", configs, &[patch])).is_none()
    };
    let every = || stanza("en*", json!({"manager": "networkd"}));
    for given in ["enp0s3", "52:54:00:00:00:03"] {
        assert!(is_borne(given, &[every()]), "{given}");
        assert!(is_borne(given, &[every(), stanza("eth*", json!({"manager": "networkd"}))]), "{given}");
        assert!(!is_borne(given, &[every(), stanza("enp0s8", json!({"manager": "networkd"}))]), "{given}");
        let by_mac =
            stanza("", json!({"manager": "networkd", "matches": {"names": [], "macs": ["52:54:00:00:00:02"]}}));
        assert!(!is_borne(given, &[every(), by_mac]), "{given}");
        assert!(!is_borne(given, &[]), "{given}");
    }
    assert!(!is_borne("ib0", &[every()]));
    assert!(!is_borne("no such nic", &[every()]));
}

/// A name that goes with another MAC address is not the SAN NIC's; a port is one by its MAC address too.
#[test]
fn what_goes_with_another_mac_address_is_another_nic() {
    let of = |ports: Value| {
        let san = stanza(
            "",
            json!({"manager": "netplan", "renderer": "networkd", "keep": located("true"),
            "matches": {"names": [], "macs": ["52:54:00:00:00:01"]}}),
        );
        let lan = stanza(
            "",
            json!({"manager": "netplan", "renderer": "networkd", "set_name": located("lan0"),
            "matches": {"names": [], "macs": ["52:54:00:00:00:02"]}}),
        );
        let bridge = stanza("br0", json!({"manager": "netplan", "renderer": "networkd", "lower": ports}));
        let patch = json!({"op": "replace", "path": "/scope/san_nic", "value": "52:54:00:00:00:01"});
        let judged = disk("initramfs-tools-root", &[san, lan, bridge], &[patch]);
        (judged.verdict.boot, judged.verdict.broken_link)
    };
    let at_risk = (BootVerdict::AtRisk, Some(Link::Handover));
    assert_eq!(of(json!(["lan0", "52:54:00:00:00:02"])), (BootVerdict::Boots, None));
    assert_eq!(of(json!(["lan0", "52:54:00:00:00:01"])), at_risk);
    assert_eq!(of(json!(["lan1"])).0, BootVerdict::Unknown, "lan1 may be the SAN NIC's name");
}

/// What dhclient asks for on the SAN NIC is said by its block, where the file has one; what was not read of the file is
/// not known.
#[test]
fn dhclient_asks_for_option_121_by_the_block_of_the_san_nic() {
    let outcome = |asks: bool, block: Option<(&str, u32, bool)>, unread: bool| {
        let blocks: Vec<Value> = block
            .into_iter()
            .map(|(name, line, asks)| {
                let at = json!({"path": "/etc/dhcp/dhclient.conf", "line": line});
                json!({"name": name, "at": at, "timeout": null, "requested": null, "asks_classless": asks})
            })
            .collect();
        let problem = json!({"place": "/etc/dhcp/dhclient.conf:9", "what": "is not read", "source": "dhclient-conf"});
        let problems = if unread { json!([problem]) } else { json!([]) };
        let hook = json!({"at": {"path": "/etc/dhcp/h", "line": 1}, "active": true, "installs_classless": true, "reasons": []});
        let facts = machine("initramfs-tools-root").patch(json!([
            {"op": "replace", "path": "/netconfig/interfaces", "value": [stanza("enp0s3", json!({}))]},
            {"op": "add", "path": "/netconfig/iscsi_nic_guard", "value": null},
            {"op": "add", "path": "/dhcp/hooks", "value": [hook]},
            {"op": "add", "path": "/dhcp/problems", "value": problems},
            {"op": "add", "path": "/dhcp/dhclient/asks_classless", "value": asks},
            {"op": "add", "path": "/dhcp/dhclient/interfaces", "value": blocks},
        ]));
        super::machine::alarms(&facts.behind_a_gateway().facts(), &[Link::Handover])
            .into_iter()
            .find(|id| id.starts_with("handover-classless-routes-ignored"))
    };
    let ignored = Some("handover-classless-routes-ignored".to_owned());
    assert_eq!(outcome(false, None, false), ignored);
    assert_eq!(outcome(true, None, false), None);
    assert_eq!(outcome(false, Some(("enp0s3", 7, true)), false), None, "its block asks");
    assert_eq!(outcome(true, Some(("enp0s3", 7, false)), false), ignored, "its block does not");
    assert_eq!(outcome(true, Some(("enp0s4", 7, false)), false), None, "another one's block");
    assert_eq!(outcome(true, Some(("enp0s3", 0, false)), false), None, "a file that ifupdown does not use");
    assert_eq!(outcome(false, None, true), ignored.map(|id| id + "?"), "the rest of the file is not known");
}
