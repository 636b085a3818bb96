//! What could not be read is neither a pass nor an alarm of the checks that it decides, and is nothing to the others.

use super::machine::{located, machine};
use isctpl_checks::facts::{Facts, Kernel, LeftoverKind, Manager, ManagerState, Problem, Source};
use isctpl_checks::{Outcome, Selection, judge, registry};
use serde_json::{Value, json};

fn outcome(facts: &Facts, check: &str) -> Outcome {
    let only = Selection { only: vec![check.to_owned()], ..Selection::default() };
    judge(facts, &only).results.pop().unwrap().outcome
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Pass(_) => "pass",
        Outcome::Fail(_) => "fail",
        Outcome::Unknown { .. } => "unknown",
        Outcome::NotApplicable(_) => "not applicable",
    }
}

/// Facts in which a file of a source could not be read.
fn without(mut facts: Facts, source: Source) -> Facts {
    let problem = Problem::new("/place", "cannot be read").of(source);
    facts.kernels.iter_mut().for_each(|kernel| kernel.problems.push(problem.clone()));
    for problems in [
        &mut facts.scope.problems,
        &mut facts.loader.problems,
        &mut facts.dhcp.problems,
        &mut facts.netconfig.problems,
        &mut facts.iscsi.problems,
        &mut facts.storage.problems,
        &mut facts.template.problems,
    ] {
        problems.push(problem.clone());
    }
    facts
}

/// A machine on which every manager starts, and that has next to nothing else.
fn bare() -> Facts {
    let mut facts = machine("initramfs-tools-live").facts();
    facts.netconfig.managers = Manager::ALL.map(|manager| ManagerState { manager, enabled: true, at: None }).to_vec();
    facts.iscsi.initramfs_conf = None;
    let python = json!([{"what": "python", "found": null, "enabled": null, "looked_for": ["/usr/bin/python3"]}]);
    facts.template.wanted = serde_json::from_value(python).unwrap();
    facts
}

/// A source that no check asks is one whose files are taken for absent when they cannot be read.
#[test]
fn every_source_decides_a_check() {
    let named = [
        Source::Root,
        Source::Fstab,
        Source::Crypttab,
        Source::Lvm,
        Source::InitiatorName,
        Source::IscsidConf,
        Source::NodeRecords,
        Source::IscsiInitramfs,
        Source::GrubDefaults,
        Source::KernelCmdline,
        Source::KernelModules,
        Source::LinkFiles,
        Source::Dhclient,
        Source::DhclientConf,
        Source::DhclientHooks,
        Source::Leases,
        Source::Firewall,
        Source::Wanted,
    ];
    let leftovers = [
        LeftoverKind::History,
        LeftoverKind::Logs,
        LeftoverKind::NetRules,
        LeftoverKind::HostKeys,
        LeftoverKind::MachineId,
        LeftoverKind::Tmp,
        LeftoverKind::PackageCache,
        LeftoverKind::Credentials,
    ];
    let sources = named.into_iter().chain(Manager::ALL.map(Source::Manager)).chain(leftovers.map(Source::Leftover));
    let machines: Vec<Facts> = ["dracut-live", "initramfs-tools-root"]
        .into_iter()
        .map(|name| machine(name).facts())
        .chain([bare()])
        .chain([("hooks", json!([])), ("dhclient_installed", json!(false))].map(|(key, value)| {
            by_dhclient(&[json!({"op": "replace", "path": format!("/dhcp/{key}"), "value": value})])
        }))
        .collect();
    for source in sources {
        let decides = |facts: &Facts| {
            registry::all().find(|check| {
                let unread = outcome(&without(facts.clone(), source), check.id);
                matches!(unread, Outcome::Unknown { .. }) && unread != outcome(facts, check.id)
            })
        };
        assert!(machines.iter().any(|facts| decides(facts).is_some()), "no check asks for {source:?}");
    }
    for facts in &machines {
        let other = without(facts.clone(), Source::Other);
        for check in registry::all() {
            assert_eq!(word(&outcome(&other, check.id)), word(&outcome(facts, check.id)), "{}", check.id);
        }
    }
}

/// A machine whose SAN NIC is configured by ifupdown and dhclient.
fn by_dhclient(patch: &[Value]) -> Facts {
    let mut all = vec![
        json!({"op": "replace", "path": "/netconfig/interfaces/1/method", "value": "dhcp"}),
        json!({"op": "replace", "path": "/netconfig/interfaces/1/unmanaged", "value": false}),
    ];
    all.extend_from_slice(patch);
    machine("initramfs-tools-live").patch(Value::Array(all)).facts()
}

#[test]
fn what_dhclient_goes_by_is_no_alarm_where_it_was_not_read() {
    let set = |path: &str, value: Value| json!({"op": "replace", "path": path, "value": value});
    let no_hook = set("/dhcp/hooks", json!([]));
    let asks_not = set("/dhcp/dhclient/asks_classless", json!(false));
    let absent = set("/dhcp/dhclient_installed", json!(false));
    let check = "handover-classless-routes-ignored";
    for (patch, source, otherwise, then) in [
        (vec![no_hook.clone()], Source::DhclientHooks, "fail", "unknown"),
        (vec![no_hook.clone()], Source::DhclientConf, "fail", "unknown"),
        (vec![no_hook.clone()], Source::Leases, "fail", "fail"),
        (vec![asks_not.clone()], Source::DhclientConf, "fail", "unknown"),
        (vec![asks_not.clone()], Source::Dhclient, "fail", "unknown"),
        (vec![asks_not], Source::DhclientHooks, "fail", "fail"),
        (vec![], Source::DhclientConf, "pass", "unknown"),
        (vec![], Source::DhclientHooks, "pass", "pass"),
        (vec![absent.clone()], Source::Dhclient, "pass", "unknown"),
        (vec![absent, no_hook], Source::DhclientHooks, "pass", "pass"),
    ] {
        let facts = by_dhclient(&patch);
        let found = (word(&outcome(&facts, check)), word(&outcome(&without(facts, source), check)));
        assert_eq!(found, (otherwise, then), "{source:?} with {patch:?}");
    }
    for source in [Source::Dhclient, Source::DhclientConf, Source::DhclientHooks] {
        let facts = without(machine("dracut-live").facts(), source);
        assert_eq!(word(&outcome(&facts, check)), "pass", "networkd has nothing of {source:?}");
    }
}

#[test]
fn a_guard_that_was_not_read_may_keep_ifupdown_off_the_nic() {
    let check = "handover-san-nic-reconfigured";
    for (started_by, then) in [
        ("/etc/rcS.d/S12networking", "unknown"),
        // It would not be heeded.
        ("/etc/systemd/system/multi-user.target.wants/networking.service", "fail"),
    ] {
        let facts = by_dhclient(&[
            json!({"op": "replace", "path": "/netconfig/iscsi_nic_guard", "value": null}),
            json!({"op": "replace", "path": "/netconfig/managers", "value": [
                {"manager": "ifupdown", "enabled": true, "at": {"path": started_by, "line": 0}}]}),
        ]);
        assert_eq!(word(&outcome(&facts, check)), "fail", "{started_by}");
        assert_eq!(word(&outcome(&without(facts, Source::LinkFiles), check)), then, "{started_by}");
    }
}

#[test]
fn a_name_that_nobody_has_may_be_given_by_what_was_not_read() {
    let check = "handover-interface-renamed";
    let sound = machine("dracut-live").facts();
    let nobody = machine("dracut-live")
        .patch(json!([
            {"op": "replace", "path": "/netconfig/interfaces/1/matches/names", "value": ["enp9s9"]},
            {"op": "replace", "path": "/netconfig/interfaces/1/matches/macs", "value": []},
        ]))
        .facts();
    for (facts, otherwise) in [(sound, "pass"), (nobody, "fail")] {
        assert_eq!(word(&outcome(&facts, check)), otherwise);
        for source in [Source::LinkFiles, Source::Manager(Manager::Networkd)] {
            assert_eq!(word(&outcome(&without(facts.clone(), source), check)), "unknown", "{otherwise} {source:?}");
        }
        assert_eq!(word(&outcome(&without(facts, Source::Manager(Manager::Dhcpcd)), check)), otherwise);
    }
    let renamed = machine("dracut-live")
        .patch(json!([{"op": "add", "path": "/netconfig/interfaces/0/set_name", "value": located(json!("san0"))}]))
        .facts();
    assert_eq!(word(&outcome(&without(renamed, Source::LinkFiles), check)), "fail", "what was read is enough");
}

#[test]
fn modules_that_could_not_be_looked_for_are_not_missing() {
    let modules = "kernel-modules-missing";
    let facts = machine("dracut-live").facts();
    let path = facts.kernels[0].modules["iscsi_tcp"].path.clone();
    let told = |mut facts: Facts, kernel: usize, place: &str| {
        let problem = Problem::new(place, "cannot be read").of(Source::KernelModules);
        facts.kernels[kernel].problems.push(problem);
        facts
    };
    let mut absent = facts.clone();
    absent.kernels[0].modules.get_mut("iscsi_tcp").unwrap().present = false;
    assert_eq!(word(&outcome(&absent, modules)), "fail");
    assert_eq!(word(&outcome(&told(absent, 0, &path), modules)), "unknown");

    let mut no_directory = facts.clone();
    no_directory.kernels[0].modules_dir = None;
    no_directory.kernels[0].modules.clear();
    assert_eq!(word(&outcome(&no_directory, modules)), "fail");
    assert_eq!(word(&outcome(&told(no_directory, 0, "/lib/modules/6.1.0"), modules)), "unknown");

    let mut two = facts.clone();
    two.kernels.push(Kernel { path: "/boot/vmlinuz-old".to_owned(), ..facts.kernels[0].clone() });
    assert_eq!(word(&outcome(&told(two.clone(), 0, &path), modules)), "unknown");
    assert_eq!(word(&outcome(&told(two, 1, &path), modules)), "pass", "another kernel's modules do not count");

    let mut unlisted = facts;
    unlisted.kernels[0].modules.clear();
    for check in ["initramfs-module-missing", "initramfs-filesystem-missing"] {
        let unread = told(unlisted.clone(), 0, "/lib/modules/6.1.0/modules.dep");
        assert_eq!(word(&outcome(&unread, check)), "unknown", "{check}: what it depends on is not known");
    }
}
