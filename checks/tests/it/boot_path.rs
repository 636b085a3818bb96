//! The boot path: one fault is told once, at its own link, and only as far as it goes.
use super::machine::machine;
use isctpl_checks::{BootVerdict, Judgement, Link, Outcome, Severity};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn findings(judgement: &Judgement) -> Vec<(&'static str, Severity)> {
    judgement.findings().into_iter().map(|(check, finding)| (check.id, finding.severity)).collect()
}

#[test]
fn a_filter_that_the_image_does_not_have_lets_it_boot() {
    let pattern = json!([{"value": "r|.*|", "at": {"path": "/etc/lvm/lvm.conf", "line": 53}}]);
    let patch = json!([{"op": "replace", "path": "/storage/lvm/filter", "value": pattern}]);
    let judgement = machine("initramfs-tools-root").patch(&patch).judged();
    assert_eq!(judgement.verdict.boot, BootVerdict::Boots);
    assert_eq!(findings(&judgement), [("root-lvm-filtered", Severity::Warning)]);
}

/// The machine with this command line, and without anything else that asks for the login.
fn unasked(command_line: &str) -> Judgement {
    let nothing_asks = json!([
        {"op": "replace", "path": "/images/0/requests", "value": []},
        {"op": "replace", "path": "/iscsi/initramfs_conf", "value": null},
        {"op": "replace", "path": "/loader/defaults/cmdline_linux/value/words", "value": []},
    ]);
    machine("initramfs-tools-root").patch(nothing_asks).cmdline(command_line).judged()
}

#[test]
fn a_root_that_nothing_asks_to_log_in_is_told_so_once() {
    let silent = unasked("root=/dev/mapper/ubuntu--vg-ubuntu--lv");
    assert_eq!(findings(&silent), [("login-not-requested", Severity::Critical)]);
    // What only dracut reads, and what would stop the login once it is asked for, go with one remedy.
    let foreign = unasked("root=/dev/mapper/ubuntu--vg-ubuntu--lv iscsi_firmware ip=ibft");
    let critical: Vec<_> =
        foreign.findings().into_iter().filter(|(_, finding)| finding.severity == Severity::Critical).collect();
    assert_eq!(critical.iter().map(|(check, _)| check.id).collect::<Vec<_>>(), ["login-not-requested"]);
    let commands = critical[0].1.remedy.plain_commands();
    assert!(commands[0].contains("ip=ibft") && commands[1].contains("iscsi_auto"), "{commands:?}");
}

/// What the image's iscsi.initramfs says is not known where a line of it is in doubt: then nothing is called silent.
#[test]
fn a_doubtful_setting_in_the_image_is_no_alarm() {
    let doubt =
        json!({"place": "/boot/initrd.img!etc/iscsi.initramfs:1", "what": "is not known", "source": "iscsi-initramfs"});
    let patch = json!([
        {"op": "replace", "path": "/images/0/requests", "value": []},
        {"op": "replace", "path": "/iscsi/initramfs_conf", "value": null},
        {"op": "replace", "path": "/loader/defaults/cmdline_linux/value/words", "value": []},
        {"op": "add", "path": "/images/0/problems", "value": [doubt]},
    ]);
    let of = |command_line: &str| {
        let judgement = machine("initramfs-tools-root").patch(&patch).cmdline(command_line).judged();
        let asked =
            judgement.results.iter().find(|result| result.check.id == "login-not-requested").unwrap().outcome.clone();
        (asked, judgement.verdict.boot)
    };
    let (doubtful, boot) = of("root=/dev/mapper/ubuntu--vg-ubuntu--lv");
    assert!(
        matches!(&doubtful, Outcome::Unknown { reason, .. } if reason.contains("iscsi.initramfs:1")),
        "{doubtful:?}"
    );
    assert_eq!(boot, BootVerdict::Unknown);
    let (asked, _) = of("root=/dev/mapper/ubuntu--vg-ubuntu--lv iscsi_auto");
    assert!(matches!(asked, Outcome::Pass(_)), "{asked:?}");
}

#[test]
fn the_words_of_a_drift_are_one_finding() {
    let words = "root=/dev/mapper/ubuntu--vg-ubuntu--lv ro iscsi_auto";
    let judgement = machine("initramfs-tools-root").cmdline(words).judged();
    assert_eq!(findings(&judgement), [("loader-cmdline-drift", Severity::Warning)]);
    let summary = &judgement.findings()[0].1.summary;
    assert_eq!(summary, "edd=off console=ttyS0 from /etc/default/grub are not in the loader entry that will boot");
}

#[test]
fn an_empty_image_is_told_by_the_loader_alone() {
    let patch = json!([
        {"op": "replace", "path": "/images/0/size", "value": 0},
        {"op": "replace", "path": "/images/0/damage", "value": [{"place": "/boot/initrd.img", "what": "is empty"}]},
        {"op": "replace", "path": "/loader/entries/0/initrds/0/size", "value": 0},
    ]);
    let judgement = machine("initramfs-tools-root").patch(&patch).judged();
    assert_eq!(findings(&judgement), [("loader-initrd-missing", Severity::Critical)]);
}

#[test]
fn what_breaks_after_the_boot_is_told_though_a_later_link_cannot_be() {
    let unread = json!({"place": "/etc/systemd/system/late.service", "what": "cannot be read"});
    let nothing_kept = json!({"op": "replace", "path": "/netconfig/interfaces/0/keep", "value": null});
    let patch = json!([nothing_kept, {"op": "add", "path": "/services/problems/-", "value": unread}]);
    let judgement = machine("dracut-live").patch(&patch).judged();
    assert_eq!(judgement.unknowns().map(|(check, ..)| check.link).collect::<BTreeSet<_>>(), [Link::Shutdown].into());
    assert_eq!((judgement.verdict.boot, judgement.verdict.broken_link), (BootVerdict::AtRisk, Some(Link::Handover)));
}

#[test]
fn an_empty_menu_is_one_finding_and_leaves_nothing_open() {
    let at = json!({"path": "/boot/grub/grub.cfg", "line": 3});
    let patch = json!([
        {"op": "replace", "path": "/loader/entries", "value": []},
        {"op": "replace", "path": "/loader/chosen", "value": {"unknown": {"place": "/boot/grub/grub.cfg", "what": "has no menu entries"}}},
        {"op": "add", "path": "/loader/no_entries", "value": {"value": "ends inside the block that begins on line 3", "at": at}},
    ]);
    let judgement = machine("initramfs-tools-root").patch(&patch).judged();
    assert_eq!(judgement.verdict.boot, BootVerdict::Fails);
    assert_eq!(findings(&judgement), [("loader-kernel-missing", Severity::Critical)]);
    assert_eq!(judgement.unknowns().map(|(check, ..)| check.id).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn a_san_nic_given_by_its_mac_address_settles_what_is_matched_by_one() {
    let wan = json!({
        "manager": "networkd", "at": {"path": "/etc/systemd/network/10-wan.network", "line": 1}, "also": [],
        "matches": {"names": [], "macs": ["52:54:00:00:00:02"], "drivers": [], "types": [], "other": []},
        "method": "dhcp", "addresses": [], "gateway": null, "routes": [], "at_boot": true, "unmanaged": false,
        "use_dhcp_routes": null, "use_dhcp_gateway": null, "keep": null, "metric": null, "commands": [],
        "mtu": null, "renderer": null, "generated_by": null, "lower": [], "vlan": null, "set_name": null,
        "optional": false,
    });
    let start = json!({"manager": "networkd", "enabled": true});
    let patch = |given: Value| {
        json!([
            // By its name enp0s4 could be either.
            {"op": "remove", "path": "/netconfig/interfaces/2"},
            {"op": "add", "path": "/netconfig/interfaces/-", "value": wan},
            {"op": "add", "path": "/netconfig/managers/-", "value": start},
            {"op": "add", "path": "/scope/san_nic", "value": given},
        ])
    };
    for (given, boot) in [
        (json!("52-54-00-00-00-01"), BootVerdict::Boots),
        (json!("52:54:00:00:00:02"), BootVerdict::AtRisk),
        (json!("enp0s3"), BootVerdict::Unknown),
    ] {
        let judgement = machine("initramfs-tools-root").patch(patch(given.clone())).judged();
        assert_eq!(judgement.verdict.boot, boot, "{given}: {}", judgement.verdict.because);
    }
}

/// A running machine whose root is a local disk.
fn local(more: &[Value]) -> Judgement {
    let set = |path: &str, value: Value| json!({"op": "replace", "path": path, "value": value});
    let mut patch = vec![
        set("/firmware/table", json!({"known": null})),
        set("/firmware/sysfs", json!({"known": null})),
        set("/iscsi/sessions", json!({"known": []})),
        set("/iscsi/initramfs_conf", Value::Null),
        set("/cmdline/known/words", json!([])),
        set("/loader/entries/0/cmdline/words", json!([])),
        set("/loader/defaults/cmdline_linux", Value::Null),
        set("/images/0/requests", json!([])),
        set("/images/0/login", json!([])),
    ];
    patch.extend_from_slice(more);
    machine("initramfs-tools-live").patch(Value::Array(patch)).judged()
}

#[test]
fn a_portal_that_is_told_is_no_proof_of_an_iscsi_root() {
    let portal = json!({"op": "add", "path": "/scope/portals/-", "value": "100.97.0.10:3260"});
    for more in [vec![], vec![portal.clone()]] {
        let judgement = local(&more);
        assert_eq!(
            (judgement.verdict.boot, judgement.exit_code()),
            (BootVerdict::Unknown, 3),
            "{}",
            judgement.verdict.because
        );
        assert_eq!(findings(&judgement), [], "{more:?}");
    }
    // It is a fact to reach.
    let lost = json!({"op": "replace", "path": "/network/lookups/known/0", "value": {
        "destination": "100.97.0.10", "answer": {"unreachable": "Network is unreachable"}, "matched": null}});
    let judgement = local(&[portal, lost]);
    assert_eq!(findings(&judgement), [("san-route-missing", Severity::Critical)]);
    assert_eq!((judgement.verdict.boot, judgement.exit_code()), (BootVerdict::Unknown, 2));
    // Nor is a session that carries something else.
    let mut session = machine("initramfs-tools-live").value()["iscsi"]["sessions"]["known"][0].clone();
    session["holds_root"] = json!(false);
    let data = local(&[json!({"op": "replace", "path": "/iscsi/sessions", "value": {"known": [session]}})]);
    assert_eq!((data.verdict.boot, findings(&data)), (BootVerdict::Unknown, vec![]), "{}", data.verdict.because);
}

#[test]
fn a_login_that_is_not_known_does_not_depend_on_an_ibft() {
    let set = |path: &str, value: Value| json!({"op": "replace", "path": path, "value": value});
    let judgement = machine("initramfs-tools-live")
        .patch(json!([
            set("/firmware/table", json!({"known": null})),
            set("/firmware/sysfs", json!({"known": null})),
            set("/images", json!([])),
        ]))
        .judged();
    let missing = judgement.results.iter().find(|result| result.check.id == "ibft-missing").unwrap();
    assert!(matches!(missing.outcome, Outcome::Unknown { .. }), "{:?}", missing.outcome);
    assert_eq!(judgement.verdict.boot, BootVerdict::Unknown);
}

#[test]
fn a_machine_that_is_not_on_iscsi_is_told_what_to_try() {
    let because = local(&[]).verdict.because;
    assert!(because.contains("/boot/initrd.img") && because.contains("--portal"), "{because}");
    let because = local(&[json!({"op": "replace", "path": "/images", "value": []})]).verdict.because;
    assert!(because.contains("mount /boot"), "{because}");
}

#[test]
fn the_sentence_for_a_boot_is_true_of_every_link() {
    let sentence = |patch: Value| machine("initramfs-tools-live").patch(&patch).judged().verdict.because;
    let whole = "every link of the boot chain passes on this instance";
    assert_eq!(sentence(json!([])), whole);
    let warned = sentence(json!([{"op": "replace", "path": "/iscsi/sessions/known/0/recovery_tmo", "value": 5}]));
    assert!(!warned.contains("every link") && warned.contains("warning at uptime"), "{warned}");
    let root = machine("initramfs-tools-root").judged().verdict.because;
    assert!(root.contains("the firmware and the running network were not checked"), "{root}");
}

const VERMAGIC: &str = "/kernels/0/modules/iscsi_tcp/vermagic";

/// What `kernel-modules-missing` says of a machine whose iscsi_tcp states this vermagic.
fn module_of(vermagic: &str) -> Vec<(&'static str, Severity)> {
    findings(
        &machine("initramfs-tools-root")
            .patch(json!([{"op": "replace", "path": VERMAGIC, "value": vermagic}]))
            .judged(),
    )
}

#[test]
fn a_module_of_another_version_is_judged_as_the_kernel_does() {
    assert_eq!(module_of("6.1.0-50-amd64 SMP preempt mod_unload modversions"), []);
    // The checksums of symbols decide where both carry them, and only the version differs.
    let warned = [("kernel-modules-missing", Severity::Warning)];
    assert_eq!(module_of("6.1.0-10-amd64 SMP preempt mod_unload modversions"), warned);
    let refused = [("kernel-modules-missing", Severity::Critical)];
    assert_eq!(module_of("6.1.0-50-rt-amd64 SMP preempt_rt mod_unload modversions"), refused);
    assert_eq!(module_of("6.1.0-10-amd64 SMP preempt mod_unload"), refused);
}

#[test]
fn an_image_with_its_own_modules_outlives_those_on_the_disk() {
    let problem =
        json!({"unknown": {"place": "/lib/modules/6.1.0-50-amd64/modules.builtin", "what": "does not exist"}});
    let judgement = machine("initramfs-tools-root")
        .patch(json!([
            {"op": "replace", "path": "/kernels/0/modules_dir", "value": null},
            {"op": "replace", "path": "/kernels/0/builtin", "value": problem},
            {"op": "replace", "path": "/kernels/0/modules", "value": {}},
        ]))
        .judged();
    assert_eq!(judgement.verdict.boot, BootVerdict::Boots);
    assert_eq!(findings(&judgement), [("kernel-modules-missing", Severity::Warning)]);
}

#[test]
fn a_module_that_no_package_brought_is_missing_on_the_disk() {
    let without = |more: Value| {
        let mut patch = vec![json!({"op": "remove", "path": "/kernels/0/modules/iscsi_tcp"})];
        patch.extend(more.as_array().unwrap().iter().cloned());
        findings(&machine("initramfs-tools-root").patch(json!(patch)).judged())
    };
    assert_eq!(without(json!([])), [("kernel-modules-missing", Severity::Warning)]);
    let found = without(json!([{"op": "remove", "path": "/images/0/modules/iscsi_tcp"}]));
    assert_eq!(found[0], ("kernel-modules-missing", Severity::Critical));
    // Without a configuration that says so, the kernel was built without it.
    let found = without(json!([
        {"op": "remove", "path": "/images/0/modules/iscsi_tcp"},
        {"op": "replace", "path": "/kernels/0/config", "value": null},
    ]));
    assert_eq!(found[0], ("kernel-iscsi-unsupported", Severity::Critical));
}

/// The critical findings where the kernel finds these first programs in the image.
fn started(programs: &Value, command_line: &str) -> Judgement {
    let patch = json!([{"op": "replace", "path": "/images/0/first_programs", "value": programs}]);
    machine("initramfs-tools-root").patch(&patch).cmdline(command_line).judged()
}

#[test]
fn what_the_kernel_starts_instead_of_an_init_that_it_cannot_start_decides() {
    const ROOT: &str = "root=/dev/mapper/ubuntu--vg-ubuntu--lv iscsi_auto";
    let refused = json!({"path": "/init", "program": "/init", "refused": "may not be executed: its mode has no x"});
    let absent = json!({"path": "/init", "refused": "is not in the initramfs"});
    let runner =
        json!({"path": "/sbin/init", "program": "/init2", "hooks": {"by": {"path": "/boot/i!init2", "line": 0}}});
    let shell = json!({"path": "/bin/sh", "program": "/bin/sh", "hooks": {"unclear": "it is a shell"}});
    let found = |programs: Value, words: &str| {
        let judgement = started(&programs, &format!("{ROOT}{words}"));
        let mut findings = findings(&judgement);
        findings.retain(|(check, _)| *check == "initramfs-init-refused");
        (judgement.verdict.boot, findings.first().map(|(_, severity)| *severity))
    };
    assert_eq!(found(json!([refused, runner]), ""), (BootVerdict::Boots, Some(Severity::Warning)));
    assert_eq!(found(json!([refused, shell]), ""), (BootVerdict::Fails, Some(Severity::Critical)));
    assert_eq!(found(json!([refused]), ""), (BootVerdict::Fails, Some(Severity::Critical)));
    // Without any /init the kernel mounts the root by itself, and tries no other.
    assert_eq!(found(json!([absent, runner]), ""), (BootVerdict::Fails, Some(Severity::Critical)));
    // init= is tried before the others, and alone.
    assert_eq!(found(json!([refused, runner, shell]), " init=/bin/sh"), (BootVerdict::Fails, Some(Severity::Critical)));
    assert_eq!(found(json!([refused, runner]), " rdinit=/sbin/init"), (BootVerdict::Boots, None));
    assert_eq!(found(json!([refused, runner]), " rdinit=/linuxrc"), (BootVerdict::Unknown, None));
}
