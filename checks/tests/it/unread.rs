//! What was not read is never called missing, and what has nothing to do with it leaves a check alone.
use super::machine::{Machine, machine};
use isctpl_checks::{BootVerdict, Evidence, Outcome, Selection, Severity, judge, unborne_san_nic};
use serde_json::{Value, json};

fn set(path: &str, value: Value) -> Value {
    json!({"op": "add", "path": path, "value": value})
}

fn problem(place: &str, source: &str) -> Value {
    json!({"place": place, "what": "cannot be read", "source": source})
}

/// Nothing more was read of the root.
fn ended() -> Value {
    set("/scope/problems", json!([{"place": "/", "what": "was not read further"}]))
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Pass(_) => "pass",
        Outcome::Fail(_) => "fail",
        Outcome::Unknown { .. } => "unknown",
        Outcome::NotApplicable(_) => "n/a",
    }
}

fn evidence(outcome: &Outcome) -> &[Evidence] {
    match outcome {
        Outcome::Unknown { evidence, .. } => evidence,
        other => panic!("{other:?}"),
    }
}

/// What a check says of a machine with this patch, and with something more.
#[track_caller]
fn assert_says(check: &str, base: &str, patch: &[Value], cases: &[(&[Value], &str)]) {
    for (more, expected) in cases {
        let outcome = machine(base).patch(json!([patch, more].concat())).says(check);
        assert_eq!(word(&outcome), *expected, "{check} with {more:?}: {outcome:?}");
    }
}

#[test]
fn what_was_looked_for_after_the_end_is_not_missing() {
    let kernel = "/kernels/0";
    let no_directory = [
        set(&format!("{kernel}/modules_dir"), Value::Null),
        set(&format!("{kernel}/modules"), json!({})),
        set(&format!("{kernel}/builtin"), json!({"unknown": problem("/lib/modules/6.1.0-50-amd64", "kernel-modules")})),
    ];
    let unread = set(&format!("{kernel}/problems"), json!([problem("/lib/modules", "kernel-modules")]));
    let base = "initramfs-tools-root";
    assert_says(
        "kernel-modules-missing",
        base,
        &no_directory,
        &[(&[], "fail"), (&[ended()], "unknown"), (&[unread], "unknown")],
    );
    let absent = [set(&format!("{kernel}/modules/iscsi_tcp/present"), json!(false))];
    let foreign = set(&format!("{kernel}/modules/libiscsi/vermagic"), json!("5.10.0 SMP mod_unload"));
    assert_says(
        "kernel-modules-missing",
        base,
        &absent,
        &[(&[], "fail"), (&[ended()], "unknown"), (&[ended(), foreign], "fail")],
    );
    let no_fallback = [set("/loader/esp/known/fallback", json!([]))];
    assert_says("loader-efi-fallback-missing", base, &no_fallback, &[(&[], "fail"), (&[ended()], "unknown")]);
    let no_file = [set("/iscsi/initramfs_conf", Value::Null)];
    assert_says("initramfs-stale", base, &no_file, &[(&[], "fail"), (&[ended()], "unknown")]);
    let unclear = set("/iscsi/problems", json!([problem("/etc/iscsi/iscsi.initramfs:2", "iscsi-initramfs")]));
    let inside = set("/images/0/problems", json!([problem("/boot/i!etc/iscsi.initramfs:2", "iscsi-initramfs")]));
    assert_says("initramfs-stale", base, &[], &[(&[], "pass"), (&[unclear], "unknown"), (&[inside], "unknown")]);
    // RESUME= of initramfs-tools costs half a minute at most.
    let of_root = set("/storage/problems", json!([problem("/etc/initramfs-tools/conf.d/a:1", "resume")]));
    let of_image = set("/images/0/problems", json!([problem("/boot/i!conf/conf.d/a:1", "resume")]));
    let none = [set("/images/0/resume", Value::Null), set("/storage/resume", Value::Null)];
    let cases: [(&[Value], &str); 3] = [(&[], "pass"), (&[of_root], "n/a"), (&[of_image], "n/a")];
    assert_says("root-resume-device-missing", base, &none, &cases);
    let wanted = json!([{"what": "snmpd", "found": null, "enabled": null, "looked_for": ["/usr/sbin/snmpd"]}]);
    let no_snmpd = [set("/template/wanted", wanted)];
    assert_says("template-snmpd-missing", base, &no_snmpd, &[(&[], "fail"), (&[ended()], "unknown")]);
}

#[test]
fn a_line_that_was_not_understood_may_list_the_volume() {
    let at = json!({"path": "/etc/lvm/devices/system.devices", "line": 5});
    let other = json!({"id_type": "sys_wwid", "id_name": "x", "pvid": "other", "device": "/dev/sdz"});
    let volume = json!({"lvm_pv": {"uuid": "abc", "vg": "ubuntu-vg", "lvs": ["ubuntu-lv"], "pv_count": 1}});
    let patch = [
        set("/storage/lvm/devices_file", json!([{"value": other, "at": at}])),
        set("/storage/devices", json!({"known": [{"name": "sda3", "signature": {"known": volume}}]})),
    ];
    let unread = set("/storage/problems", json!([problem("/etc/lvm/devices/system.devices:7", "lvm")]));
    assert_says("root-lvm-filtered", "initramfs-tools-root", &patch, &[(&[], "fail"), (&[unread], "unknown")]);
}

#[test]
fn only_the_kernel_that_boots_decides_about_its_modules() {
    let other = json!({"path": "/boot/vmlinuz-5.10", "problems": [problem("/lib/modules/5.10/x", "kernel-modules")]});
    let of_other = set("/kernels/1", other);
    let own = set("/kernels/0/problems", json!([problem("/lib/modules/6.1/modules.dep", "kernel-modules")]));
    let beside = set("/kernels/0/problems", json!([problem("/boot/config-6.1", "other")]));
    let builtin = set("/kernels/0/builtin", json!({"unknown": problem("/x/modules.builtin", "kernel-modules")}));
    assert_says(
        "kernel-modules-missing",
        "initramfs-tools-root",
        &[],
        &[(&[], "pass"), (&[of_other], "pass"), (&[beside], "pass"), (&[own], "unknown"), (&[builtin], "unknown")],
    );
}

#[test]
fn what_does_not_apply_stays_so_beside_a_file_that_was_not_read() {
    let base = "initramfs-tools-root";
    let disk = json!({"name": "sda3", "signature": {"known": {"filesystem": {"kind": "ext4", "uuid": "1"}}}});
    let on_a_partition =
        [set("/storage/root_device", json!({"known": disk})), set("/loader/entries/0/cmdline/words", json!([]))];
    let lvm = set("/storage/problems", json!([problem("/etc/lvm/lvm.conf:3", "lvm")]));
    assert_says("root-lvm-filtered", base, &on_a_partition, &[(&[], "n/a"), (&[lvm], "n/a"), (&[ended()], "unknown")]);

    // What does not apply because nothing was seen is not known where something was not read.
    let fstab = set("/storage/problems", json!([problem("/etc/fstab:3", "fstab")]));
    assert_says(
        "root-mount-not-netdev",
        base,
        &[set("/storage/fstab", json!([]))],
        &[(&[], "n/a"), (&[fstab], "unknown")],
    );
    let target = json!({"target": {"name": "iqn.2020-01.example:a", "portals": [], "initiator": null}});
    let request = json!([{"kind": target, "at": {"path": "/boot/initrd!etc/iscsi.initramfs", "line": 2}}]);
    let unnamed = [set("/images/0/requests", request), set("/iscsi/initiator_name", Value::Null)];
    let name = set("/iscsi/problems", json!([problem("/etc/iscsi/initiatorname.iscsi", "initiator-name")]));
    assert_says("initramfs-initiator-mismatch", base, &unnamed, &[(&[], "n/a"), (&[name], "unknown")]);
}

#[test]
fn a_drift_is_told_from_the_files_that_make_the_entry() {
    let base = "initramfs-tools-root";
    let defaults = "/loader/defaults";
    let grub = || set("/loader/problems", json!([problem("/etc/default/grub.d/x.cfg", "grub-defaults")]));
    let kernel = || set("/loader/problems", json!([problem("/etc/kernel/cmdline", "kernel-cmdline")]));
    let none = [
        set(&format!("{defaults}/cmdline_linux"), Value::Null),
        set(&format!("{defaults}/cmdline_linux_default"), Value::Null),
    ];
    assert_says("loader-cmdline-drift", base, &none, &[(&[], "n/a"), (&[grub()], "unknown"), (&[kernel()], "n/a")]);
    assert_says("loader-cmdline-drift", base, &[], &[(&[], "pass"), (&[grub()], "unknown"), (&[kernel()], "pass")]);
    // A word that no file brings may stand in the one that was not read.
    let unfounded = [set("/loader/entries/0/cmdline/words/-", json!({"key": "rd.neednet", "value": "1"}))];
    assert_says("loader-cmdline-drift", base, &unfounded, &[(&[], "fail"), (&[grub()], "unknown")]);
}

/// A SAN NIC whose address expires, with one configuration that matches it so.
fn expiring(matches: Value, method: &str) -> Machine {
    machine("dracut-live").patch(json!([
        set("/dhcp/leases", json!([])),
        set("/netconfig/interfaces/0/matches", matches),
        set("/netconfig/interfaces/0/method", json!(method)),
    ]))
}

#[test]
fn a_configuration_that_only_may_be_for_the_nic_renews_nothing() {
    const CHECK: &str = "san-address-expires";
    let san = json!({"macs": ["52:54:00:00:00:01"]});
    let maybe = json!({"macs": ["52:54:00:00:00:01"], "other": ["Path=pci-*"]});
    assert_eq!(word(&expiring(san.clone(), "dhcp").says(CHECK)), "pass");
    assert_eq!(word(&expiring(san.clone(), "static").says(CHECK)), "fail");
    let unclear = expiring(maybe.clone(), "dhcp").says(CHECK);
    assert_eq!(evidence(&unclear)[0].source, "/etc/systemd/network/10-san.network:1", "{unclear:?}");
    assert_eq!(word(&expiring(maybe, "static").says(CHECK)), "fail");

    let beside = |source: &str| {
        let problems = set("/netconfig/problems", json!([problem("/etc/x", source)]));
        expiring(san.clone(), "static").patch(json!([problems])).says(CHECK)
    };
    assert_eq!(word(&beside("firewall")), "fail");
    assert_eq!(word(&beside("dhcpcd")), "fail");
    assert_eq!(evidence(&beside("networkd")), [Evidence::new("/etc/x", "cannot be read")]);
}

#[test]
fn what_makes_a_check_unknown_is_its_evidence() {
    let resume = json!({"value": "UUID=gone", "at": {"path": "/boot/initrd!conf/conf.d/resume", "line": 1}});
    let unreadable = json!({"name": "sdb", "signature": {"unknown": {"place": "/dev/sdb", "what": "cannot be read"}}});
    let outcome = machine("initramfs-tools-root")
        .patch(json!([
            set("/images/0/resume", resume),
            set(
                "/images/0/files/usr~1lib~1systemd~1system-generators~1systemd-hibernate-resume-generator",
                json!({"program": 1})
            ),
            set("/images/0/files/usr~1lib~1systemd~1system~1systemd-hibernate-resume.service", json!({"file": 1})),
            set("/storage/devices", json!({"known": [unreadable]})),
            set("/storage/root_device", json!({"known": null})),
        ]))
        .cmdline("root=/dev/mapper/ubuntu--vg-ubuntu--lv iscsi_auto resume=UUID=gone")
        .says("root-resume-device-missing");
    assert_eq!(evidence(&outcome), [Evidence::new("/dev/sdb", "cannot be read")]);

    let special = json!({"place": "/boot/vmlinuz", "what": "is a directory, not a file"});
    let of_kernel = json!([set("/loader/entries/0/kernel/problem", special), set("/kernels", json!([]))]);
    let outcome = machine("initramfs-tools-root").patch(of_kernel).says("kernel-iscsi-unsupported");
    assert_eq!(evidence(&outcome), [Evidence::new("/boot/vmlinuz", "is a directory, not a file")]);

    let cut = json!([
        set("/images/0/incomplete", json!(true)),
        set("/images/0/problems", json!([{"place": "/boot/initrd!init", "what": "is too large"}])),
    ]);
    let outcome = machine("initramfs-tools-root").patch(cut).says("initramfs-library-missing");
    assert_eq!(evidence(&outcome), [Evidence::new("/boot/initrd!init", "is too large")]);

    let vlan = set("/firmware/table/known/nics/0/vlan", json!(5));
    let cut = json!([
        vlan,
        set("/images/0/incomplete", json!(true)),
        set("/images/0/damage", json!([{"place": "/boot/initrd.img", "what": "is too large"}])),
    ]);
    let outcome = machine("dracut-live").patch(cut).says("ibft-vlan-unsupported");
    assert_eq!(evidence(&outcome), [Evidence::new("/boot/initrd.img", "is too large")]);
}

#[test]
fn a_program_of_the_login_that_was_not_examined_may_lack_a_library() {
    let of = |path: &str| {
        let place = format!("/boot/initrd.img-6.1.0-50-amd64!{path}");
        set("/images/0/problems", json!([{"place": place, "what": "is not a sound ELF file"}]))
    };
    let other = set("/images/0/missing_libraries", json!([{"library": "libx.so", "needed_by": "usr/bin/setfont"}]));
    let own = set("/images/0/missing_libraries", json!([{"library": "libx.so", "needed_by": "usr/sbin/iscsistart"}]));
    assert_says(
        "initramfs-library-missing",
        "initramfs-tools-root",
        &[],
        &[
            (&[], "pass"),
            (&[of("usr/bin/setfont")], "pass"),
            (&[of("usr/sbin/iscsistart")], "unknown"),
            (&[of("usr/lib/libopeniscsiusr.so.0")], "unknown"),
            (&[of("usr/sbin/iscsistart"), other], "unknown"),
            (&[of("usr/sbin/iscsid"), own], "fail"),
        ],
    );
}

#[test]
fn a_configuration_that_was_not_read_may_be_the_one_that_matters() {
    let of = |source: &str| set("/netconfig/problems", json!([problem("/etc/x", source)]));
    for check in ["handover-wan-before-san", "san-mtu-mismatch"] {
        assert_says(
            check,
            "dracut-live",
            &[],
            &[(&[], "pass"), (&[of("networkd")], "unknown"), (&[of("firewall")], "pass"), (&[of("dhcpcd")], "pass")],
        );
    }
}

#[test]
fn a_firewall_that_was_not_read_bears_no_nic() {
    let unborne = |problems: Value| {
        let patch = json!([
            set("/scope/san_nic", json!("enp9s9")),
            set("/scope/problems", problems["scope"].clone()),
            set("/netconfig/problems", problems["netconfig"].clone()),
        ]);
        unborne_san_nic(&machine("initramfs-tools-root").patch(patch).facts()).is_some()
    };
    let of = |source: &str| json!({"scope": [], "netconfig": [problem("/etc/x", source)]});
    assert!(unborne(json!({"scope": [], "netconfig": []})));
    assert!(unborne(of("firewall")) && unborne(of("other")));
    for source in ["link-files", "networkd", "netplan", "root", "of a later version"] {
        assert!(!unborne(of(source)), "{source}");
    }
    assert!(!unborne(json!({"scope": [problem("/", "root")], "netconfig": []})));
}

#[test]
fn what_is_ignored_with_one_nic_is_no_pass_with_every_nic() {
    let stanza = |name: &str, method: &str| {
        json!({
            "manager": "ifupdown", "at": {"path": "/etc/network/interfaces", "line": 4}, "also": [],
            "matches": {"names": [name]}, "method": method, "addresses": [], "gateway": null, "routes": [],
            "at_boot": true, "unmanaged": false, "use_dhcp_routes": null, "use_dhcp_gateway": null, "keep": null,
            "metric": null, "commands": [], "mtu": null, "renderer": null, "generated_by": null, "lower": [],
            "vlan": null, "set_name": null, "optional": false,
        })
    };
    const CHECK: &str = "handover-san-nic-reconfigured";
    let judged = |ignore: &[&str]| {
        let facts = machine("initramfs-tools-root")
            .patch(json!([
                set("/scope/san_nic", Value::Null),
                set("/netconfig/interfaces", json!([stanza("enp0s3", "manual"), stanza("enp0s4", "dhcp")])),
            ]))
            .facts();
        let ignore = ignore.iter().map(|&id| id.to_owned()).collect();
        judge(&facts, &Selection { ignore, ..Selection::default() })
    };
    let open = judged(&[]);
    assert_eq!(open.verdict.boot, BootVerdict::Unknown, "{}", open.verdict.because);
    let ignored = judged(&[CHECK]);
    let result = ignored.results.iter().find(|result| result.check.id == CHECK).unwrap();
    assert!(matches!(&result.outcome, Outcome::NotApplicable(why) if why.contains("ignores")), "{:?}", result.outcome);
    let kept = result.ignored.as_ref();
    assert!(matches!(kept, Some(Outcome::Fail(findings)) if findings[0].severity == Severity::Critical), "{kept:?}");
}
